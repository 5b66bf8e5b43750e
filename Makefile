# Everything that a fresh machine needs is Python 3.11 or newer and make. `make help` lists the targets.

# Any other interpreter: make quickstart PYTHON=/path/to/python3
PYTHON ?= python3
# What `make test` selects: without tests that need other tools (podman, skopeo, umoci, bwrap, ...) of the machine.
# `make test TESTS=""` runs them all; a test whose tool is missing then fails or is skipped.
TESTS ?= not peers
# More words for pytest, such as PYTEST_ARGS="-x tests/unit/venvs"
PYTEST_ARGS ?=
# `make bench DOCUMENT=1` writes what it measured into docs/benchmarks.md.
DOCUMENT ?=
# Some of the benchmarks, such as `make bench BENCHMARKS="noop tests"`; all of them otherwise.
BENCHMARKS ?=
# `make quickstart STRICT=1` takes it for a failure when this machine cannot start the image, with podman or without.
STRICT ?=

IN_VENV = .venv/bin
PIP = $(IN_VENV)/python -m pip --disable-pip-version-check --require-virtualenv

.PHONY: help quickstart test lint bench clean venv dev
.DEFAULT_GOAL := help

help:
	@echo "make quickstart  install into .venv; build, test, run and ship examples/shopfront"
	@echo "make test        install into .venv with development tools; run the tests"
	@echo "make lint        ruff, mypy and import contracts"
	@echo "make bench       the benchmarks in a few minutes; DOCUMENT=1 also writes docs/benchmarks.md"
	@echo "make clean       remove .venv, caches of tools and the example's output links"
	@echo
	@echo "PYTHON=...  the interpreter that makes .venv (3.11 or newer; now: $(PYTHON))"

quickstart: venv
	@$(IN_VENV)/python tools/quickstart.py $(if $(STRICT),--strict)

test: dev
	$(IN_VENV)/python -m pytest -q -n auto -m "$(TESTS)" $(PYTEST_ARGS)

lint: dev
	$(IN_VENV)/ruff check .
	$(IN_VENV)/ruff format --check .
	$(IN_VENV)/mypy src tests
	$(IN_VENV)/mypy tools benchmarks
	$(IN_VENV)/lint-imports

bench: dev
	@$(IN_VENV)/python benchmarks/all.py --short $(if $(DOCUMENT),--document) $(BENCHMARKS)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	rm -f examples/shopfront/venvship-*

# A virtualenv with this project in it, editable. It is made again when its interpreter is gone or when the directory
# was moved or copied; one that was made by other means is used as it is.
venv:
	@made_in=`cat .venv/made-in 2>/dev/null || echo "$$PWD"`; \
	if $(IN_VENV)/python -c "" 2>/dev/null && test "$$made_in" = "$$PWD"; then :; else \
		set -e; \
		$(find-python); \
		echo "Creating .venv with $$python"; \
		rm -rf .venv; \
		"$$python" -m venv .venv; \
		printf '%s\n' "$$PWD" > .venv/made-in; \
	fi
	@if cmp -s pyproject.toml .venv/installed.toml; then :; else \
		set -e; \
		echo "Installing venvship into .venv"; \
		$(PIP) --version >/dev/null 2>&1 || $(IN_VENV)/python -m ensurepip; \
		$(PIP) install --quiet --editable .; \
		cp pyproject.toml .venv/installed.toml; \
	fi

dev: venv
	@if cmp -s pyproject.toml .venv/installed-dev.toml; then :; else \
		set -e; \
		echo "Installing development tools into .venv"; \
		$(PIP) install --quiet --upgrade "pip>=25.1"; \
		$(PIP) install --quiet --group dev; \
		cp pyproject.toml .venv/installed-dev.toml; \
	fi

# Sets $$python. The command line's and the environment's choice is taken or refused; without one, PATH is looked
# through. Names that version managers put on PATH for versions that are not there fail to start and are passed over.
define find-python
python=; \
case "$(origin PYTHON)" in \
	file) set -- python3 python3.14 python3.13 python3.12 python3.11 python;; \
	*) set -- "$(PYTHON)";; \
esac; \
for candidate in "$$@"; do \
	if "$$candidate" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then python=$$candidate; break; fi; \
done; \
if test -z "$$python"; then \
	echo "venvship needs Python 3.11 or newer; looked for: $$*" >&2; \
	for candidate in "$$@"; do \
		"$$candidate" -c "import sys; print('  $$candidate is', sys.version.split()[0])" 2>/dev/null >&2 || :; \
	done; \
	echo "hint: install one, then make PYTHON=/path/to/python3" >&2; \
	exit 1; \
fi; \
if "$$python" -c "import ensurepip, venv" 2>/dev/null; then :; else \
	echo "$$python cannot make virtual environments: its modules venv and ensurepip are not installed" >&2; \
	echo "hint: on Debian and Ubuntu, apt-get install python3-venv" >&2; \
	exit 1; \
fi
endef
