"""Loading and analysis of generated Python workspaces, beside half of the same workspace and another revision.

Bazel 4.2.3 can't load such workspaces, so the peers are our own: twice the workspace should take no more than twice the
time, and no more than it took at `--against`, a tag or a commit that is checked out and installed for the time of the
benchmark. Measured is `venvship build --nobuild //...`: with nothing kept of the workspace, and after a comment in one
BUILD file. Wheels are in the store in both.

    .venv/bin/python benchmarks/analysis.py --pairs 5 --against HEAD~50
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from directories import removed
from locked_wheels import ORIGIN, running_index
from measuring import VENVSHIP, Command, Peer, Row, compared, left_out, report
from python_workspace import Shape, make_workspace, package_of
from revisions import described, installed

SHAPES = (Shape(50, 0, 200), Shape(30, 10, 200))
LINEAR = 2.2
"""How much longer twice as much may take."""
NO_SLOWER = 1.1
"""How much longer it may take than at another revision."""


class Analysis:
    """The command of one revision in a workspace; its store `state` has the wheels after the first run."""

    def __init__(self, name: str, venvship: str, workspace: Path, state: Path, index: str) -> None:
        self.name = name
        self._state = state
        environment = {"PATH": os.environ["PATH"], "HOME": str(state), "PIP_INDEX_URL": index, "UV_NO_CONFIG": "1"}
        words = (f"--output_user_root={state}", "build", "--nobuild", "--noshow_progress")
        argv = (venvship, *words, f"--index_override={ORIGIN}=@default", "//...")
        self._command = Command(name, argv, workspace, environment)
        self.run()

    def run(self) -> float:
        return self._command.run()

    def forget(self) -> None:
        """Let the next run load and analyse everything; wheels stay."""
        removed(self._state / "workspaces")


def measure(shape: Shape, *, pairs: int, peers: dict[str, str]) -> Iterator[Row]:
    """`peers` are commands of other revisions by the names of these."""
    with tempfile.TemporaryDirectory(prefix="bench") as directory, running_index() as index:
        state = Path(directory)
        whole, half = state / "whole", state / "half"
        make_workspace(whole, index, shape)
        make_workspace(half, index, shape.scaled(0.5))
        ours = Analysis("ours", VENVSHIP, whole, state / "ours", index.simple_url)
        others = [(Analysis("half of it", VENVSHIP, half, state / "ours", index.simple_url), LINEAR)]
        for name, venvship in peers.items():
            try:
                others.append((Analysis(name, venvship, whole, state / "other", index.simple_url), NO_SLOWER))
            except SystemExit as error:
                print(error, file=sys.stderr)
                yield left_out(str(shape), peer_name=name, why="can't analyse it")

        def cold(_number: int) -> None:
            for one in (ours, *(other for other, _ in others)):
                one.forget()

        def comment(number: int) -> None:
            for workspace in (whole, half):
                file = workspace / package_of(0) / "BUILD.bazel"
                file.write_text(f"{file.read_text()}# {number}\n")

        cases: tuple[tuple[str, Callable[[int], object]], ...] = (
            ("nothing kept", cold),
            ("comment in one BUILD file", comment),
        )
        for what, before in cases:
            against = [Peer(other.name, other.run, limit) for other, limit in others]
            yield from compared(f"{shape}: {what}", ours.run, against, pairs=pairs, before=before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the workspaces")
    parser.add_argument("--against", metavar="REV", help="another revision of this project")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows: list[Row] = []
    with contextlib.ExitStack() as stack:
        peers: dict[str, str] = {}
        if options.against:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="revision")))
            peers[described(options.against)] = stack.enter_context(installed(options.against, directory))
        for shape in SHAPES:
            rows += measure(shape.scaled(options.scale), pairs=options.pairs, peers=peers)
    return report(rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
