"""A virtualenv of many wheels, beside `uv venv` and `uv pip sync` from a warm cache.

Makes wheels of its own and serves them on this machine. Three things are measured: the whole command, started when
the virtualenv is gone and everything else is there; laying out the planned virtualenv, which is what a build does
for it after planning; and the first command with nothing there. The inodes of one virtualenv are counted on both sides.

    .venv/bin/python benchmarks/venv.py --wheels 50,150 --pairs 5
"""

from __future__ import annotations

import argparse
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from measuring import PROJECT, VENVSHIP, Command, Row, paired, report

sys.path.insert(0, str(PROJECT / "tests"))

from build_bench import OUTPUTS, PACKAGE, Bench
from fake_index import FakeIndex, running_index
from real_workspace import HUB, MODULE, ORIGIN
from wheel_building import wheel_bytes

from venvship.execution.making import make_directly
from venvship.model.action import ForestFile, ForestLink, MakeForest
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.label import Label
from venvship.model.paths import ExecPath

UV = str(Path(sys.executable).parent / "uv")
MODULES = 40
LINK_MODES = ("hardlink", "copy", "symlink")


def make_workspace(root: Path, wheels: Path, index: FakeIndex, names: list[str]) -> None:
    """A workspace with one venv of all wheels, which lie in the directory `wheels`, too."""
    root.mkdir()
    wheels.mkdir()
    lines = ["version = 1", "revision = 3", 'requires-python = ">=3.11"', "", "[[package]]", 'name = "shop"']
    lines += ['version = "0"', 'source = { virtual = "." }']
    lines.append("dependencies = [" + ", ".join(f'{{ name = "{name}" }}' for name in names) + "]")
    for name in names:
        files: dict[str, str | bytes] = {f"{name}/__init__.py": f"NAME = '{name}'\n"}
        for number in range(MODULES):
            files[f"{name}/part{number % 4}/module{number}.py"] = f"VALUE = {number}\n" * 40
        filename = f"{name}-1.0-py3-none-any.whl"
        content = wheel_bytes(name, "1.0", files)
        (wheels / filename).write_bytes(content)
        lines += ["", "[[package]]", f'name = "{name}"', 'version = "1.0"', f'source = {{ registry = "{ORIGIN}" }}']
        lines.append(
            f'wheels = [{{ url = "{ORIGIN}/{name}/{filename}", hash = "sha256:{index.add(name, filename, content)}" }}]'
        )
    deps = ", ".join(f'"@pypi//{name}"' for name in names)
    (root / "MODULE.bazel").write_text(MODULE + HUB)
    (root / "uv.lock").write_text("\n".join(lines) + "\n")
    (root / "pyproject.toml").write_text("")
    (root / "BUILD.bazel").write_text(
        f'load("@aspect_rules_py//py:defs.bzl", "py_venv")\npy_venv(name = "venv", deps = [{deps}])\n'
    )
    (root / "requirements.txt").write_text("".join(f"{name}==1.0\n" for name in names))


class Peer:
    """`uv venv` and `uv pip sync`, one after the other; the cache is warm after the first run."""

    def __init__(self, root: Path, wheels: Path, state: Path, link_mode: str) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(state), "UV_CACHE_DIR": str(state / "uv")}
        environment |= {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_OFFLINE": "1"}
        self.venv = state / f"venv-{link_mode}"
        python = str(self.venv / "bin" / "python")
        sync = (UV, "pip", "sync", "--quiet", "--no-index", f"--find-links={wheels}", f"--link-mode={link_mode}")
        self._make = Command(
            "uv", (UV, "venv", "--quiet", "--python", sys.executable, str(self.venv)), root, environment
        )
        self._sync = Command("uv", (*sync, f"--python={python}", "requirements.txt"), root, environment)

    def run(self) -> float:
        shutil.rmtree(self.venv, ignore_errors=True)
        return self._make.run() + self._sync.run()


class Ours:
    """The real command; the interpreter and the wheels are in the store after the first run."""

    def __init__(self, root: Path, state: Path, index: str) -> None:
        environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        environment |= {"HOME": str(state), "PIP_INDEX_URL": index, "UV_NO_CONFIG": "1"}
        words = (
            f"--output_user_root={state}/ours",
            "build",
            "--noshow_progress",
            f"--index_override={ORIGIN}=@default",
        )
        self._command = Command("venvship", (VENVSHIP, *words, "//:venv"), root, environment)
        self.venv = root / "venvship-bin" / ".venv"

    def run(self) -> float:
        if self.venv.exists():
            shutil.rmtree(self.venv)
        return self._command.run()


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


def inodes(directory: Path) -> int:
    """Inodes that belong to a tree alone: its directories and links, and files with one name."""
    count = 0
    for where, directories, files in os.walk(directory):
        count += 1
        for name in (*directories, *files):
            status = os.lstat(os.path.join(where, name))
            count += stat.S_ISLNK(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1)
    return count


def measure(wheels: int, *, pairs: int, link_modes: tuple[str, ...] = LINK_MODES) -> Iterator[Row]:
    names = [f"wheel{number}" for number in range(wheels)]
    with tempfile.TemporaryDirectory(prefix="bench") as directory, running_index() as index:
        state = Path(directory)
        root, stored = state / "ws", state / "wheels"
        make_workspace(root, stored, index, names)
        ours = Ours(root, state, index.simple_url)
        peers = {mode: Peer(root, stored, state, mode) for mode in link_modes}
        first = peers[link_modes[0]]
        name = f"uv, {link_modes[0]}"
        yield paired(f"{wheels} wheels, nothing there", ours.run, first.run, pairs=1, peer_name=name)
        for peer in peers.values():
            peer.run()
        layout = Layout(ours.venv, state)
        for mode, peer in peers.items():
            limit = 1 / 4 if mode == "hardlink" and wheels >= 150 else None
            name = f"uv, {mode}"
            what = f"{wheels} wheels, laying out alone"
            yield paired(
                what,
                layout.run,
                peer.run,
                pairs=pairs,
                peer_name=name,
                ratio_limit=limit,
            )
            yield paired(f"{wheels} wheels, whole command", ours.run, peer.run, pairs=pairs, peer_name=name)
        print(
            f"inodes of a venv of {wheels} wheels: {inodes(ours.venv)} ours, "
            + ", ".join(f"{inodes(peer.venv)} uv {mode}" for mode, peer in peers.items()),
            file=sys.stderr,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", default="50,150", help="how many")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [row for text in options.wheels.split(",") for row in measure(int(text), pairs=options.pairs)]
    return report(rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
