"""What starting a program costs in other wrappings: a launcher written in Bash, pex, and zipapp.

Builds the two programs that `startup.py` adds to the example: one that does nothing, and one that imports what the
servers and reports of the example import. Their launchers are started in turns with the same programs and the same
distributions wrapped otherwise. The Bash launcher starts the same interpreter in the same virtualenv, found the way
such scripts do: from runfiles, by functions and a few processes. The others hold copies of the distributions; a pex
has unpacked itself before it is measured. pex comes from the configured index.

    .venv/bin/python benchmarks/startup_peers.py --pairs 20
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipapp
from collections.abc import Callable, Iterator
from pathlib import Path

from measuring import Peer, Row, compared, left_out, report
from startup import life_of
from startup_programs import (
    SCENARIOS,
    Scenario,
    build,
    copied_venv,
    copied_workspace,
    distributions_of,
    environment,
    python_of,
)

BASH_LAUNCHER = """#!/usr/bin/env bash
set -o errexit -o nounset -o pipefail

own_path="${BASH_SOURCE[0]}"
while [[ -L "$own_path" ]]; do
  linked="$(readlink "$own_path")"
  case "$linked" in
    /*) own_path="$linked" ;;
    *) own_path="$(dirname "$own_path")/$linked" ;;
  esac
done
own_path="$(cd "$(dirname "$own_path")" && pwd)/$(basename "$own_path")"

if [[ -z "${RUNFILES_DIR:-}" && -z "${RUNFILES_MANIFEST_FILE:-}" ]]; then
  if [[ -d "@RUNFILES@" ]]; then
    export RUNFILES_DIR="@RUNFILES@"
  elif [[ -f "${own_path}.runfiles_manifest" ]]; then
    export RUNFILES_MANIFEST_FILE="${own_path}.runfiles_manifest"
  fi
fi

find_runfile() {
  if [[ -n "${RUNFILES_DIR:-}" && -e "${RUNFILES_DIR}/$1" ]]; then
    printf '%s\\n' "${RUNFILES_DIR}/$1"
  elif [[ -n "${RUNFILES_MANIFEST_FILE:-}" ]]; then
    grep -m 1 "^$1 " "$RUNFILES_MANIFEST_FILE" | cut -d ' ' -f 2-
  else
    printf 'no runfile %s\\n' "$1" >&2
    return 1
  fi
}

python="$(find_runfile "@PYTHON@")"
main="$(find_runfile "@MAIN@")"
VIRTUAL_ENV="$(dirname "$(dirname "$python")")"
export VIRTUAL_ENV PATH="${VIRTUAL_ENV}/bin:${PATH}"
export BAZEL_TARGET="@LABEL@" BAZEL_WORKSPACE="_main" BAZEL_TARGET_NAME="@NAME@"
exec "$python" -B -I "$main" "$@"
"""
NO_COMPILED_MODULES = "can't import compiled modules from an archive"


def bash_launcher(workspace: Path, scenario: Scenario, directory: Path) -> Path:
    runfiles = Path(f"{workspace / 'venvship-bin' / scenario.package / scenario.name}.runfiles")
    values = {
        "RUNFILES": str(runfiles),
        "PYTHON": str(python_of(workspace, scenario).relative_to(runfiles)),
        "MAIN": f"_main/{scenario.package}/{scenario.main}",
        "LABEL": f"//{scenario.package}:{scenario.name}",
        "NAME": scenario.name,
    }
    text = BASH_LAUNCHER
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    launcher = directory / f"{scenario.name}.sh"
    launcher.write_text(text)
    launcher.chmod(0o755)
    return launcher


def pex_command(directory: Path) -> Path | None:
    """pex in a virtualenv of its own; None where the configured index has none."""
    venv = directory / "pex-venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip = [sys.executable, "-m", "pip", f"--python={venv}", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", "--quiet", "pex"], capture_output=True, check=False)
    return None if done.returncode else venv / "bin" / "pex"


def pex_file(pex: Path, copied: Path, scenario: Scenario, main: Path, *options: str) -> Path:
    """The program and everything that its virtualenv holds."""
    output = main.parent / f"{scenario.name}{''.join(options)}.pex"
    root = main.parent / "pex-root"
    words: list[str | Path] = [
        pex,
        f"--venv-repository={copied}",
        f"--exe={main}",
        f"--pex-root={root}",
        f"--runtime-pex-root={root}",
    ]
    subprocess.run([*words, *options, f"--output-file={output}"], check=True, stdout=sys.stderr)
    return output


def zipapp_file(copied: Path, scenario: Scenario, main: Path) -> Path:
    """The program and all distributions, as `zipapp` of the standard library packs them."""
    staged = main.parent / "zipapp"
    if not staged.exists():
        [site] = (copied / "lib").glob("*/site-packages")
        shutil.copytree(site, staged, ignore=shutil.ignore_patterns("*.pth", "__pycache__"))
    shutil.copyfile(main, staged / "__main__.py")
    output = main.parent / f"{scenario.name}.pyz"
    zipapp.create_archive(staged, output, interpreter=str(copied / "bin" / "python"))
    return output


def measure(scenarios: list[Scenario], *, pairs: int, pex_too: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="startup-") as name, open(os.devnull, "wb") as nothing:
        directory = Path(name)
        workspace = copied_workspace(directory)
        # The program with imports says which distributions there are.
        build(workspace, {SCENARIOS[2], *scenarios})
        distributions = distributions_of(workspace)
        python = copied_venv(workspace, workspace / ".venv", distributions, python=Path(sys.executable))
        copied = python.parent.parent
        pex = pex_command(directory) if pex_too else None

        def start(program: Path) -> Callable[[], float]:
            return lambda: life_of([str(program)], environment(), nothing.fileno()).wall / 1000

        for scenario in scenarios:
            what = f"start of `{scenario.name}`"
            packed = directory / f"packed-{scenario.name}"
            packed.mkdir()
            main = packed / scenario.main
            shutil.copyfile(workspace / scenario.package / scenario.main, main)
            peers = [Peer("launcher in Bash", start(bash_launcher(workspace, scenario, packed)))]
            if pex is not None:
                peers.append(Peer("pex", start(pex_file(pex, copied, scenario, main))))
                peers.append(Peer("pex, --venv", start(pex_file(pex, copied, scenario, main, "--venv"))))
            elif pex_too:
                yield left_out(what, peer_name="pex", why="not to be had from the configured index")
            if scenario.name == "nothing":
                peers.append(Peer("zipapp", start(zipapp_file(copied, scenario, main))))
            else:
                yield left_out(what, peer_name="zipapp", why=NO_COMPILED_MODULES)
            ours = start(workspace / "venvship-bin" / scenario.package / scenario.name)
            for run in (ours, *(peer.run for peer in peers)):
                run()
            yield from compared(what, ours, peers, pairs=pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--only", choices=("nothing", "imports"), help="one of the programs")
    parser.add_argument("--no-pex", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    names = (options.only,) if options.only else ("nothing", "imports")
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in names]
    rows = list(measure(scenarios, pairs=options.pairs, pex_too=not options.no_pex))
    return report(rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
