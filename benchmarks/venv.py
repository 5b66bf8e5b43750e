"""A virtualenv of many wheels, beside `uv venv` with `uv pip sync` from a warm cache, and beside pip.

Makes wheels of its own and serves them on this machine. Measured are: the first command with nothing there; laying out
the planned virtualenv, which is what a build does for it after planning; the whole command, started when the virtualenv
is gone and everything else is there; and what one and many virtualenvs of the same wheels take on the disk, stores and
caches included, among which ours has an interpreter. The peers read the wheels from a directory and write no bytecode;
ours come from an index and have it.

    .venv/bin/python benchmarks/venv.py --wheels 50,150,300 --pairs 5 --copies 50
    TMPDIR=/dev/shm .venv/bin/python benchmarks/venv.py --real DIRECTORY_OF_WHEELS --wheels 150 --link-modes hardlink
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from directories import Space, removed, settle, space_of
from locked_wheels import MODULE_FILE, FakeIndex, Wheel, chosen_wheels, lock_of, running_index
from measuring import PROJECT, Peer, Row, compared, counted, report
from venv_installers import MODULES, Installer, Ours, Pip, Uv, wheel, write_requirements

sys.path.insert(0, str(PROJECT / "tests"))

from build_bench import OUTPUTS, PACKAGE, Bench

from venvship.execution.making import make_directly
from venvship.model.action import ForestFile, ForestLink, MakeForest
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.label import Label
from venvship.model.paths import ExecPath

LINK_MODES = ("hardlink", "copy", "symlink")


def make_workspace(root: Path, stored: Path, index: FakeIndex, wheels: list[Wheel], *, copies: int) -> None:
    """A workspace with venvs of all wheels, which lie in the directory `stored`, too."""
    root.mkdir()
    stored.mkdir()
    for one in wheels:
        one.write(stored)
    deps = ", ".join(f'"@pypi//{one.name.replace("-", "_")}"' for one in wheels)
    (root / "MODULE.bazel").write_text(MODULE_FILE)
    (root / "uv.lock").write_text(lock_of(index, wheels))
    (root / "pyproject.toml").write_text("")
    (root / "BUILD.bazel").write_text(
        'load("@aspect_rules_py//py:defs.bzl", "py_venv")\n'
        + "".join(
            f'py_venv(name = "venv{number}", deps = [{deps}], package_collisions = "ignore")\n'
            for number in range(copies)
        )
    )
    write_requirements(root, wheels)


class Layout:
    """Only the step that lays out a planned venv, with everything that it takes in this process."""

    def __init__(self, venv: Path, state: Path) -> None:
        label = Label(PACKAGE, "venv")
        entries: list[ForestLink | ForestFile] = []
        for path in sorted(venv.rglob("*")):
            name = str(path.relative_to(venv))
            if path.is_symlink():
                artifact = Artifact(OUTPUTS, f"venv/{name}", label, ArtifactKind.SYMLINK)
                entries.append(ForestLink(artifact, os.readlink(path)))
            elif path.is_file():
                entries.append(ForestFile(Artifact(OUTPUTS, f"venv/{name}", label), path.read_bytes()))
        self._bench = Bench(state / "bench")
        self._exec_root = self._bench.machinery().exec_root
        self._action = MakeForest(label, ExecPath(f"{OUTPUTS.exec_path}/venv"), tuple(entries))

    def run(self) -> float:
        self._exec_root.remove(self._action.directory)
        settle()
        begin = time.perf_counter()
        make_directly(self._action, self._exec_root)
        return time.perf_counter() - begin


def measure(made: list[Wheel], *, pairs: int, link_modes: tuple[str, ...] = LINK_MODES) -> Iterator[Row]:
    wheels = len(made)
    with tempfile.TemporaryDirectory(prefix="bench") as directory, running_index() as index:
        state = Path(directory)
        root, stored = state / "ws", state / "wheels"
        make_workspace(root, stored, index, made, copies=1)
        ours = Ours(root, state, index.simple_url, "//:venv0")
        uvs = [Uv(root, stored, state, mode) for mode in link_modes]
        # pip takes seconds, and one of several link modes is as cold as the others.
        pip = Pip(root, stored, state)
        few, fewest = min(pairs, 3), min(pairs, 2)
        installers: list[Installer] = [*uvs, pip]
        peers = [Peer(one.name, one.run) for one in installers]

        def cold(_number: int) -> None:
            ours.forget()
            for one in installers:
                one.forget()

        what = f"{wheels} wheels, nothing there"
        yield from compared(what, ours.run, [peers[0], peers[-1]], pairs=fewest, before=cold)
        for uv in uvs:
            uv.run()
        layout = Layout(ours.venv, state)
        limit = 1 / 4 if link_modes[0] == "hardlink" and wheels >= 150 else None
        first = replace(peers[0], ratio_limit=limit)
        yield from compared(f"{wheels} wheels, laying out alone", layout.run, [first], pairs=pairs)
        # Each peer in pairs of its own, those that copy last: ours is not measured in the wake of them all.
        for peer, number in ((first, pairs), *((other, few) for other in peers[1:])):
            yield from compared(f"{wheels} wheels, whole command", ours.run, [peer], pairs=number)


def measure_space(made: list[Wheel], *, copies: int, link_modes: tuple[str, ...] = LINK_MODES) -> Iterator[Row]:
    """One virtualenv and `copies` of the same wheels, with all that both sides keep for them."""
    wheels = len(made)
    with tempfile.TemporaryDirectory(prefix="bench") as directory, running_index() as index:
        state = Path(directory)
        root, stored = state / "ws", state / "wheels"
        make_workspace(root, stored, index, made, copies=copies)
        ours: dict[int, Space] = {}
        for number in (1, copies):
            command = Ours(root, state, index.simple_url, *(f"//:venv{one}" for one in range(number)))
            command.run()
            ours[number] = space_of(command.kept)
        for mode in link_modes:
            uv = Uv(root, stored, state, mode)
            venvs: list[Path] = []
            for number in range(1, copies + 1):
                uv.run()
                venvs.append(uv.venv.rename(uv.venv.with_name(f"{uv.venv.name}-{number}")))
                if number in ours:
                    what = f"{number} venv{'s' if number > 1 else ''} of {wheels} wheels with what is kept"
                    yield from _compared(what, ours[number], space_of(uv.cache, *venvs), uv.name)
            # The next one needs the room.
            for venv in venvs:
                removed(venv)


def _compared(what: str, ours: Space, theirs: Space, peer: str) -> Iterator[Row]:
    yield counted(f"{what}, inodes", ours.inodes, theirs.inodes, unit="inodes", peer_name=peer)
    yield counted(f"{what}, bytes", ours.megabytes, theirs.megabytes, unit="MB", peer_name=peer)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", default="50,150,300", help="how many")
    parser.add_argument("--modules", type=int, default=MODULES, help="of each wheel; real ones have 180 on average")
    parser.add_argument("--real", type=Path, action="append", help="wheels, or directories of wheels, to take instead")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--copies", type=int, default=50, help="virtualenvs whose inodes and bytes are counted")
    parser.add_argument("--link-modes", default=",".join(LINK_MODES), help="of uv")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sizes = [int(text) for text in options.wheels.split(",")]
    modes = tuple(options.link_modes.split(","))
    if options.real:
        found = chosen_wheels(options.real)[: max(sizes)]
        every = few = [Wheel.read(path) for path in found]
    else:
        every = [wheel(f"wheel{number}", modules=options.modules) for number in range(max(sizes))]
        few = [wheel(f"wheel{number}") for number in range(sizes[0])]
    rows = [row for size in sizes for row in measure(every[:size], pairs=options.pairs, link_modes=modes)]
    rows += measure_space(few[: sizes[0]], copies=options.copies, link_modes=modes)
    return report(rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
