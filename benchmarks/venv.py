"""A virtualenv of many wheels, beside `uv venv` with `uv pip sync` from a warm cache, and beside pip.

Makes wheels of its own and serves them on this machine. Measured are: the first command with nothing there; laying out
the planned virtualenv, which is what a build does for it after planning; the whole command, started when the virtualenv
is gone and everything else is there; and what one and many virtualenvs of the same wheels take on the disk, stores and
caches included, among which ours has an interpreter. The peers read the wheels from a directory and write no bytecode;
ours come from an index and have it.

    .venv/bin/python benchmarks/venv.py --wheels 50,150,300 --pairs 5 --copies 50
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, Protocol

from directories import Space, removed, space_of
from locked_wheels import MODULE_FILE, ORIGIN, FakeIndex, Wheel, lock_of, running_index
from measuring import PROJECT, VENVSHIP, Command, Row, counted, paired, report

sys.path.insert(0, str(PROJECT / "tests"))

from build_bench import OUTPUTS, PACKAGE, Bench

from venvship.execution.making import make_directly
from venvship.model.action import ForestFile, ForestLink, MakeForest
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.label import Label
from venvship.model.paths import ExecPath

UV = str(Path(sys.executable).parent / "uv")
MODULES = 40
LINK_MODES = ("hardlink", "copy", "symlink")


def wheel(name: str, version: str = "1.0") -> Wheel:
    files: dict[str, str | bytes] = {f"{name}/__init__.py": f"NAME = '{name}'\n# {version}\n"}
    for number in range(MODULES):
        files[f"{name}/part{number % 4}/module{number}.py"] = f"VALUE = {number}\n" * 40
    return Wheel.made(name, version, files=files)


def make_workspace(root: Path, stored: Path, index: FakeIndex, wheels: list[Wheel], *, copies: int) -> None:
    """A workspace with venvs of all wheels, which lie in the directory `stored`, too."""
    root.mkdir()
    stored.mkdir()
    for one in wheels:
        one.write(stored)
    deps = ", ".join(f'"@pypi//{one.name}"' for one in wheels)
    (root / "MODULE.bazel").write_text(MODULE_FILE)
    (root / "uv.lock").write_text(lock_of(index, wheels))
    (root / "pyproject.toml").write_text("")
    (root / "BUILD.bazel").write_text(
        'load("@aspect_rules_py//py:defs.bzl", "py_venv")\n'
        + "".join(f'py_venv(name = "venv{number}", deps = [{deps}])\n' for number in range(copies))
    )
    write_requirements(root, wheels)


def write_requirements(root: Path, wheels: list[Wheel]) -> None:
    (root / "requirements.txt").write_text("".join(f"{one.name}=={one.version}\n" for one in wheels))


class Peer(Protocol):
    """Another installer."""

    name: str

    def run(self) -> float:
        """Seconds for a new virtualenv."""

    def forget(self) -> None:
        """Let the next run find nothing."""


class Uv:
    """`uv venv` and `uv pip sync`, one after the other; the cache is warm after the first run."""

    def __init__(self, root: Path, stored: Path, state: Path, link_mode: str) -> None:
        self.name = f"uv, {link_mode}"
        self.cache = state / f"uv-{link_mode}"
        environment = {"PATH": os.environ["PATH"], "HOME": str(state), "UV_CACHE_DIR": str(self.cache)}
        environment |= {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_OFFLINE": "1"}
        self.venv = state / f"venv-{link_mode}"
        sync = (UV, "pip", "sync", "--quiet", "--no-index", f"--find-links={stored}", f"--link-mode={link_mode}")
        make = (UV, "venv", "--quiet", "--python", sys.executable, str(self.venv))
        self._make = Command("uv", make, root, environment)
        self._sync = Command("uv", (*sync, f"--python={self.venv}/bin/python", "requirements.txt"), root, environment)

    def run(self) -> float:
        removed(self.venv)
        return self._make.run() + self.sync()

    def sync(self) -> float:
        """Bring the virtualenv that is there to what is required now."""
        return self._sync.run()

    def forget(self) -> None:
        removed(self.cache)


class Pip:
    """`python -m venv` and one `pip install`, which has nothing that it could keep."""

    name = "pip"

    def __init__(self, root: Path, stored: Path, state: Path) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(state), "PIP_CONFIG_FILE": os.devnull}
        self.venv = state / "venv-pip"
        make = (sys.executable, "-m", "venv", "--without-pip", str(self.venv))
        words = ("install", "--quiet", "--no-deps", "--no-compile", "--no-index", f"--find-links={stored}")
        pip = (sys.executable, "-m", "pip", f"--python={self.venv}", "--disable-pip-version-check", *words)
        self._make = Command("pip", make, root, environment)
        self._install = Command("pip", (*pip, "-r", "requirements.txt"), root, environment)

    def run(self) -> float:
        removed(self.venv)
        return self._make.run() + self._install.run()

    def forget(self) -> None:
        return None


class Ours:
    """The real command; the interpreter and the wheels are in the store after the first run."""

    def __init__(self, root: Path, state: Path, index: str, *targets: str) -> None:
        environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        environment |= {"HOME": str(state), "PIP_INDEX_URL": index, "UV_NO_CONFIG": "1"}
        self.kept = state / "ours"
        words = (f"--output_user_root={self.kept}", "build", "--noshow_progress", f"--index_override={ORIGIN}=@default")
        self._command = Command("venvship", (VENVSHIP, *words, *targets), root, environment)
        self.venv = root / "venvship-bin" / ".venv0"

    def run(self) -> float:
        if self.venv.exists():
            shutil.rmtree(self.venv)
        return self._command.run()

    def forget(self) -> None:
        removed(self.kept)


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
        begin = time.perf_counter()
        make_directly(self._action, self._exec_root, self._nothing, self._nothing)
        return time.perf_counter() - begin

    def _nothing(self, artifact: Artifact) -> NoReturn:
        raise AssertionError(f"{artifact} is read")


def measure(wheels: int, *, pairs: int, link_modes: tuple[str, ...] = LINK_MODES) -> Iterator[Row]:
    made = [wheel(f"wheel{number}") for number in range(wheels)]
    with tempfile.TemporaryDirectory(prefix="bench") as directory, running_index() as index:
        state = Path(directory)
        root, stored = state / "ws", state / "wheels"
        make_workspace(root, stored, index, made, copies=1)
        ours = Ours(root, state, index.simple_url, "//:venv0")
        uvs = [Uv(root, stored, state, mode) for mode in link_modes]
        # pip takes seconds, and one of several link modes is as cold as the others.
        pip = Pip(root, stored, state)
        few = min(pairs, 3)
        everybody: list[Ours | Peer] = [ours, *uvs, pip]

        def cold(_number: int) -> None:
            for one in everybody:
                one.forget()

        what = f"{wheels} wheels, nothing there"
        cold_peers: list[Peer] = [uvs[0], pip]
        for peer in cold_peers:
            yield paired(what, ours.run, peer.run, pairs=few, peer_name=peer.name, before=cold)
        for uv in uvs:
            uv.run()
        layout = Layout(ours.venv, state)
        for mode, uv in zip(link_modes, uvs, strict=True):
            limit = 1 / 4 if mode == "hardlink" and wheels >= 150 else None
            what = f"{wheels} wheels, laying out alone"
            yield paired(what, layout.run, uv.run, pairs=pairs, peer_name=uv.name, ratio_limit=limit)
        warm_peers: list[tuple[Peer, int]] = [*((uv, pairs) for uv in uvs), (pip, few)]
        for peer, number in warm_peers:
            yield paired(f"{wheels} wheels, whole command", ours.run, peer.run, pairs=number, peer_name=peer.name)


def measure_space(wheels: int, *, copies: int, link_modes: tuple[str, ...] = LINK_MODES) -> Iterator[Row]:
    """One virtualenv and `copies` of the same wheels, with all that both sides keep for them."""
    made = [wheel(f"wheel{number}") for number in range(wheels)]
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
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--copies", type=int, default=50, help="virtualenvs whose inodes and bytes are counted")
    parser.add_argument("--link-modes", default=",".join(LINK_MODES), help="of uv")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sizes = [int(text) for text in options.wheels.split(",")]
    modes = tuple(options.link_modes.split(","))
    rows = [row for size in sizes for row in measure(size, pairs=options.pairs, link_modes=modes)]
    rows += measure_space(sizes[0], copies=options.copies, link_modes=modes)
    return report(rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
