"""What starting a program through its launcher costs, beside bare Python.

Builds the example's command line, then starts it in turns in two ways: through its launcher, and as
`python -B -I main.py` with the interpreter of the same virtualenv on the same file. Prints the medians, and the median
of the ratios of the pairs; the exit code is 1 when that is above `--limit`.

    .venv/bin/python benchmarks/startup.py --runs 100
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLE = PROJECT / "examples" / "shopfront"
VENVSHIP = PROJECT / ".venv" / "bin" / "venvship"
LAUNCHER = EXAMPLE / "venvship-bin" / "apps" / "cli" / "shop"
RUNFILES = LAUNCHER.with_name("shop.runfiles") / "_main"
ARGUMENTS = ("price", "MUG-001=2")


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians in milliseconds; `ratio` is the median over pairs of launcher to bare."""

    machine: str
    python: str
    runs: int
    launcher: float
    bare: float
    added: float
    ratio: float


def milliseconds(command: list[str], environment: dict[str, str], output: int) -> float:
    """How long a process lives. `posix_spawn` costs the same however large this process is."""
    actions = [(os.POSIX_SPAWN_DUP2, output, 1)]
    begin = time.perf_counter_ns()
    process = os.posix_spawn(command[0], command, environment, file_actions=actions)
    _, status = os.waitpid(process, 0)
    end = time.perf_counter_ns()
    if status != 0:
        raise SystemExit(f"`{' '.join(command)}` ended with {os.waitstatus_to_exitcode(status)}")
    return (end - begin) / 1e6


def measure(runs: int) -> Figures:
    python = str(RUNFILES / ".venv" / "bin" / "python")
    launcher = [str(LAUNCHER), *ARGUMENTS]
    bare = [python, "-B", "-I", str(RUNFILES / "apps" / "cli" / "main.py"), *ARGUMENTS]
    environment = dict(os.environ)
    with open(os.devnull, "wb") as nothing:
        output = nothing.fileno()
        for command in (launcher, bare, launcher, bare):
            milliseconds(command, environment, output)
        pairs: list[tuple[float, float]] = []
        for number in range(runs):
            # Whoever goes second finds warmer caches, so they take turns at that, too.
            if number % 2:
                second = milliseconds(bare, environment, output)
                first = milliseconds(launcher, environment, output)
            else:
                first = milliseconds(launcher, environment, output)
                second = milliseconds(bare, environment, output)
            pairs.append((first, second))
    version = subprocess.run([python, "-V"], check=True, capture_output=True, text=True).stdout.split()[1]
    return Figures(
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        python=version,
        runs=runs,
        launcher=round(statistics.median(first for first, _ in pairs), 2),
        bare=round(statistics.median(second for _, second in pairs), 2),
        added=round(statistics.median(first - second for first, second in pairs), 2),
        ratio=round(statistics.median(first / second for first, second in pairs), 4),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="how many pairs")
    parser.add_argument("--limit", type=float, default=1.05, help="the largest ratio that is no failure")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()

    build = [str(VENVSHIP), "build", "--noshow_progress", "//apps/cli:shop"]
    built = subprocess.run(build, cwd=EXAMPLE, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    if built.returncode != 0:
        print("the example cannot be built; see `make quickstart`", file=sys.stderr)
        return built.returncode
    figures = measure(options.runs)
    if options.json:
        print(json.dumps(asdict(figures), indent=4))
    else:
        print(f"{figures.machine}, Python {figures.python}, {figures.runs} pairs of `shop {' '.join(ARGUMENTS)}`")
        print(f"launcher     {figures.launcher:8.2f} ms")
        print(f"python -B -I {figures.bare:8.2f} ms")
        print(f"added        {figures.added:8.2f} ms, ratio {figures.ratio:.4f} (limit {options.limit})")
    return int(figures.ratio > options.limit)


if __name__ == "__main__":
    sys.exit(main())
