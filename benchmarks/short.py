"""The benchmarks in a form that takes a few minutes: start-up, no-op and edits, a virtualenv.

Prints a table and keeps the figures as JSON in `build/benchmarks.json`. With `--document` the part of
`docs/benchmarks.md` below its marker is written anew, with machine, versions and commands.

    make bench
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from dataclasses import asdict

import noop
import venv_installers
from measuring import PROJECT, Row, machine, table, version_of

MARKER = "<!-- What follows is written by `make bench DOCUMENT=1`. -->"
DOCUMENT = PROJECT / "docs" / "benchmarks.md"
FIGURES = PROJECT / "build" / "benchmarks.json"


def start_up(runs: int) -> Iterator[Row]:
    """Programs of the example through their launchers, and by bare Python in the same virtualenv."""
    argv = [sys.executable, str(PROJECT / "benchmarks" / "startup.py"), f"--runs={runs}", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    try:
        measured = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"`{' '.join(argv)}` failed:\n{done.stderr}") from None
    for one in measured:
        what = f"start of `{one['program']}` through its launcher"
        yield Row(
            what,
            one["runs"],
            one["launcher"],
            "python -B -I",
            one["bare"],
            round(one["ratio"], 3),
            ratio_limit=one["limit"],
        )


def rows(targets: list[int], wheels: list[int], *, pairs: int, starts: int) -> Iterator[Row]:
    if starts:
        yield from start_up(starts)
    for number in targets:
        yield from noop.measure(number, pairs=pairs)
    for number in wheels:
        yield from venv.measure(number, pairs=max(pairs // 2, 1), link_modes=("hardlink",))


def document(measured: list[Row], *, command: str, seconds: float) -> str:
    """The generated part of the page."""
    versions = [version_of("bazel-4", "--version"), version_of(venv_installers.UV, "--version")]
    lines = [
        MARKER,
        "",
        "## The latest run",
        "",
        f"`{command}` on {machine()}; beside {', '.join(text for text in versions if text) or 'no peers'}. It took "
        f"{seconds:.0f} seconds.",
        "",
        "Times are medians. A ratio is the median of the ratios of pairs that ran one after the other, so it says more",
        "than the times do when the machine has other work, as its load tells.",
        "",
        table(measured),
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", default="1000,5000", help="sizes of workspaces")
    parser.add_argument("--wheels", default="50", help="sizes of virtualenvs")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--starts", type=int, default=20, help="of each program of the example; 0 for none")
    parser.add_argument("--document", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    begin = time.monotonic()
    targets = [int(text) for text in options.targets.split(",") if text]
    wheels = [int(text) for text in options.wheels.split(",") if text]
    measured: list[Row] = []
    for row in rows(targets, wheels, pairs=options.pairs, starts=options.starts):
        measured.append(row)
        print(f"{row.what}: {row.ours} ms", file=sys.stderr, flush=True)
    print(table(measured))
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps({"machine": machine(), "rows": [asdict(row) for row in measured]}, indent=4) + "\n")
    if options.document:
        command = f"python benchmarks/short.py --targets {options.targets} --wheels {options.wheels}"
        command += f" --starts {options.starts}"
        text = document(measured, command=f"{command} --pairs {options.pairs}", seconds=time.monotonic() - begin)
        DOCUMENT.write_text(DOCUMENT.read_text().partition(MARKER)[0].rstrip("\n") + "\n\n" + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
