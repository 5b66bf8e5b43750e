"""The benchmarks, all or some, one after the other.

Each is a program of its own beside this one, with more options. Prints tables, and keeps the figures as JSON in
`build/benchmarks.json`, where those of other benchmarks stay. With `--document` the part of `docs/benchmarks.md` below
its marker is written anew from all figures that are kept, with machines, versions and commands. The exit code is 1 when
a benchmark could not run; a missed limit is in its table.

    .venv/bin/python benchmarks/all.py --short
    .venv/bin/python benchmarks/all.py analysis tests --against HEAD~50
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import kept_figures
from kept_figures import Measured
from measuring import PROJECT, Row, machine, version_of
from revisions import described


@dataclass(frozen=True, slots=True)
class Program:
    """A file of this directory and its words; without words for the short form it is left out of that."""

    name: str
    full: tuple[str, ...]
    short: tuple[str, ...] | None
    takes_revision: bool = False


BENCHMARKS: Mapping[str, tuple[Program, ...]] = {
    "startup": (
        Program("startup.py", ("--runs=96", "--pairs=4", "--places=8", "--copied", "--json"), ("--runs=5", "--json")),
        Program("startup_peers.py", ("--pairs=20", "--json"), ("--pairs=3", "--no-pex", "--json")),
    ),
    "venv": (
        Program(
            "venv.py",
            ("--wheels=50,150,300", "--modules=180", "--pairs=5", "--copies=50", "--json"),
            ("--wheels=50", "--pairs=2", "--copies=5", "--link-modes=hardlink", "--json"),
        ),
        Program("shared_venv.py", ("--json",), None),
    ),
    "noop": (
        Program(
            "noop.py",
            ("--targets=10,100,1000,5000", "--pairs=3", "--json"),
            ("--targets=1000", "--pairs=2", "--no-cold", "--json"),
        ),
        # Bazel without a server takes minutes for so many.
        Program("noop.py", ("--targets=20000", "--pairs=2", "--no-cold", "--json"), None),
    ),
    "loading": (
        Program("loading.py", ("--packages=1000", "--pairs=5", "--json"), ("--packages=100", "--pairs=2", "--json")),
    ),
    "analysis": (
        Program("analysis.py", ("--pairs=5", "--json"), ("--pairs=2", "--scale=0.4", "--json"), takes_revision=True),
    ),
    "layers": (Program("images.py", ("--runs=3",), ("--runs=1",)),),
    "tests": (
        Program("pytest_targets.py", ("--targets=500", "--pairs=3", "--json"), ("--targets=20", "--pairs=1", "--json")),
    ),
}


def run(program: Program, *, short: bool, against: str | None) -> Measured | None:
    """Run it as a process of its own, so that it starts others as fast as it can alone; None when it fails."""
    words = program.short if short else program.full
    if words is None:
        print(f"{program.name}: not in the short form", file=sys.stderr)
        return None
    if against and program.takes_revision:
        words = (*words, f"--against={against}")
    shown = shlex.join(["python", f"benchmarks/{program.name}", *words])
    print(shown, file=sys.stderr, flush=True)
    begin, on = time.monotonic(), machine()
    argv = [sys.executable, str(PROJECT / "benchmarks" / program.name), *words]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, check=False)
    rows, text = _read(done.stdout)
    # Missed limits give 1, too, but after everything was measured.
    if done.returncode not in (0, 1) or not (rows or text):
        raise CouldNotRun(shown)
    return Measured(shown, on, described("HEAD"), round(time.monotonic() - begin), rows, text)


class CouldNotRun(Exception):
    """A benchmark ended without figures; it has said why."""


def _read(output: str) -> tuple[tuple[Row, ...], str]:
    """Rows where they are printed as JSON, otherwise the text."""
    try:
        return tuple(Row(**row) for row in json.loads(output)["rows"]), ""
    except ValueError:
        return (), output


def versions() -> list[str]:
    """What the peers say they are, where they are installed."""
    debian = version_of("dpkg-query", "-W", "-f=Bazel ${Version}", "bazel-bootstrap")
    python_tools = [version_of(sys.executable, "-m", name, "--version") for name in ("uv", "pip", "pytest")]
    tools = [version_of(name, "--version") for name in ("tar", "gzip", "pigz", "zstd", "bsdtar", "umoci", "buildah")]
    every = [debian or version_of("bazel-4", "--version"), *python_tools, *tools]
    return [text.partition(" from ")[0].partition(" - ")[0].strip("* ") for text in every if text]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, or some of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--short", action="store_true", help="in a form that takes a few minutes together")
    parser.add_argument("--against", metavar="REV", help="another revision of this project, where one is compared with")
    parser.add_argument("--document", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    kept = kept_figures.load()
    failed: list[str] = []
    for name in options.names or BENCHMARKS:
        measured: list[Measured] = []
        for program in BENCHMARKS[name]:
            try:
                one = run(program, short=options.short, against=options.against)
            except CouldNotRun as error:
                failed.append(str(error))
                continue
            if one is not None:
                measured.append(one)
                print(f"\n## {name}: `{one.command}`, {one.seconds} s\n\n{one}", flush=True)
        if measured:
            kept[name] = measured
            kept_figures.save(kept)
    if options.document:
        kept_figures.write_document({name: kept[name] for name in BENCHMARKS if name in kept}, versions())
    for command in failed:
        print(f"`{command}` could not run", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
