"""Many pytest targets: cold, with nothing changed, and after an edit, beside pytest and pytest-xdist.

A package has ten modules, each with a test module and a target of its own. Cold is without any output or remembered
action; distributions are downloaded and the interpreter is imported. The peers run the same files in a virtualenv with
the same wheels, and everything each time, since they remember nothing. pytest comes from the configured index.

    .venv/bin/python benchmarks/pytest_targets.py --targets 500 --pairs 3
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from locked_wheels import MODULE_FILE, ORIGIN, FakeIndex, Wheel, downloaded, lock_of, running_index
from measuring import VENVSHIP, Command, Peer, Row, compared, report

PER_PACKAGE = 10
LOADS = 'load("@aspect_rules_py//py:defs.bzl", "py_library", "py_pytest_test")\n\n'


def make_workspace(root: Path, index: FakeIndex, wheels: list[Wheel], targets: int) -> None:
    files = {"MODULE.bazel": MODULE_FILE, "pyproject.toml": "", "uv.lock": lock_of(index, wheels), "BUILD.bazel": ""}
    for package in range((targets + PER_PACKAGE - 1) // PER_PACKAGE):
        lines = [LOADS]
        for number in range(min(PER_PACKAGE, targets - package * PER_PACKAGE)):
            unit, test = f"unit{number}", f"test_p{package:03}_{number}"
            files[f"{_package(package)}/{unit}.py"] = f"def value(x: int) -> int:\n    return x + {number}\n"
            files[f"{_package(package)}/{test}.py"] = _test_module(f"pkgs.p{package:03}.{unit}", number)
            lines.append(f'py_library(name = "{unit}", srcs = ["{unit}.py"])')
            deps = f'":{unit}", "@pypi//pytest"'
            lines.append(f'py_pytest_test(name = "{test}", size = "small", srcs = ["{test}.py"], deps = [{deps}])')
        files[f"{_package(package)}/BUILD.bazel"] = "\n".join(lines) + "\n"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _package(number: int) -> str:
    return f"pkgs/p{number:03}"


def _test_module(unit: str, number: int) -> str:
    return (
        f"import pytest\n\nfrom {unit} import value\n\n\n"
        '@pytest.mark.parametrize("x", range(3))\n'
        f"def test_value(x: int) -> None:\n    assert value(x) == x + {number}\n"
    )


class Ours:
    """`venvship test //...`, with a store of its own."""

    def __init__(self, root: Path, state: Path, index: str) -> None:
        self._state = state
        environment = {"PATH": os.environ["PATH"], "HOME": str(state), "PIP_INDEX_URL": index, "UV_NO_CONFIG": "1"}
        words = (f"--output_user_root={state}", "test", "--noshow_progress", f"--index_override={ORIGIN}=@default")
        self._command = Command("venvship", (VENVSHIP, *words, "//..."), root, environment)

    def run(self) -> float:
        return self._command.run()

    def forget(self) -> None:
        """Let the next run make and test everything; downloads stay.

        What was made is set aside: ext4 passes over the inodes of what was removed a short while ago, one by one,
        whenever it makes a file.
        """
        aside = Path(tempfile.mkdtemp(dir=self._state.parent))
        for name in ("workspaces", "actions"):
            (self._state / name).rename(aside / name)


def peers(root: Path, state: Path, wheels: list[Path]) -> list[Peer]:
    """pytest alone and with as many processes as there are CPUs, in one virtualenv."""
    python = state / "peers" / "bin" / "python"
    environment = {"PATH": os.environ["PATH"], "HOME": str(state)}
    Command("venv", (sys.executable, "-m", "venv", "--without-pip", str(state / "peers")), root, environment).run()
    pip = (sys.executable, "-m", "pip", f"--python={python}", "--disable-pip-version-check")
    install = (*pip, "install", "--quiet", "--no-deps", "--no-index", *(str(wheel) for wheel in wheels))
    Command("pip", install, root, environment).run()
    pytest = (str(python), "-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider")
    alone = Command("pytest", (*pytest, "-p", "no:xdist", "pkgs"), root, environment)
    together = Command("pytest-xdist", (*pytest, "-n", "auto", "pkgs"), root, environment)
    return [Peer(one.name, one.run) for one in (alone, together)]


def measure(targets: int, *, pairs: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="bench") as directory, running_index() as index:
        state = Path(directory)
        root = state / "ws"
        paths = downloaded(state / "wheels", "pytest", "pytest-xdist")
        names = [Wheel.read(path).name for path in paths]
        others = tuple(name for name in names if name not in ("pytest", "pytest-xdist", "execnet"))
        wheels = [Wheel.read(path, others if name == "pytest" else ()) for path, name in zip(paths, names, strict=True)]
        make_workspace(root, index, [one for one in wheels if one.name in ("pytest", *others)], targets)
        ours = Ours(root, state / "ours", index.simple_url)
        against = peers(root, state, paths)
        source = root / _package(0) / "unit0.py"

        def edit(number: int) -> None:
            source.write_text(f"{source.read_text()}# {number}\n")

        cases: tuple[tuple[str, Callable[[int], object]], ...] = (
            ("cold", lambda _: ours.forget()),
            ("nothing changed", lambda _: None),
            ("one source", edit),
        )
        ours.run()
        for what, before in cases:
            yield from compared(f"{targets} pytest targets, {what}", ours.run, against, pairs=pairs, before=before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=500)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return report(list(measure(options.targets, pairs=options.pairs)), as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
