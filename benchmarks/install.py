"""Installs many wheels from an index on this machine with empty caches, and compares with `uv pip sync`.

    python benchmarks/install.py WHEELS... [--runs N]

WHEELS are wheel files, or directories that hold some at any depth; one of each distribution is taken. Both sides get
the same files from one server on the loopback interface, in turns, and each run begins with caches of its own. To build
a virtualenv is measured beside uv, neither of which writes bytecode; the first `run` of a program over the same wheels,
which has all of it, beside uv with `--compile-bytecode`. What is prepared once for a machine (the interpreter in our
store, the empty environment of uv) is not measured.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from directories import removed
from locked_wheels import MODULE_FILE, ORIGIN, FakeIndex, Wheel, chosen_wheels, lock_of, running_index

_BUILD, _RUN, _UV, _UV_COMPILED = "venvship build", "venvship run", "uv", "uv --compile-bytecode"
_PAIRS = ((_BUILD, _UV), (_RUN, _UV_COMPILED))


def write_workspace(root: Path, wheels: Iterable[Path], index: FakeIndex) -> None:
    chosen = [Wheel.read(path) for path in wheels]
    (root / "MODULE.bazel").write_text(MODULE_FILE)
    (root / "uv.lock").write_text(lock_of(index, chosen))
    pins = [f"{one.name}=={one.version} --hash=sha256:{one.sha256}" for one in chosen]
    (root / "requirements.txt").write_text("\n".join(pins) + "\n")
    (root / "BUILD.bazel").write_text(
        'load("@aspect_rules_py//py:defs.bzl", "py_venv")\nload("@pypi//:requirements.bzl", "all_requirements")\n'
        'load("@aspect_rules_py//py:defs.bzl", "py_binary")\npy_venv(name = "empty")\n'
        'py_venv(name = "full", deps = all_requirements, package_collisions = "ignore")\n'
        'py_binary(name = "program", srcs = ["program.py"], deps = all_requirements, package_collisions = "ignore")\n'
    )
    (root / "program.py").write_text("")


class Taken(NamedTuple):
    """Seconds: of the wall clock, and of all processors."""

    wall: float
    processor: float


def timed(command: list[str], cwd: Path, environment: Mapping[str, str]) -> Taken:
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=dict(environment), capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} failed:\n{done.stderr[-4000:]}")
    return Taken(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def ours(root: Path, scratch: Path, environment: Mapping[str, str], verb: str, target: str) -> Taken:
    def command(*words: str) -> list[str]:
        startup = [sys.executable, "-m", "venvship", f"--output_user_root={scratch}"]
        return [*startup, words[0], f"--index_override={ORIGIN}=@default", *words[1:]]

    timed(command("build", "//:empty"), root, environment)
    return timed(command(verb, target), root, environment)


def uvs(root: Path, scratch: Path, environment: Mapping[str, str], *, compile_bytecode: bool) -> Taken:
    uv = str(Path(sys.prefix) / "bin" / "uv")
    variables = {**environment, "UV_CACHE_DIR": str(scratch / "cache")}
    timed([uv, "venv", "--quiet", "--python", sys.executable, str(scratch / "venv")], root, variables)
    command = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(scratch / "venv/bin/python")]
    extra = ["--compile-bytecode"] if compile_bytecode else []
    return timed([*command, *extra, "requirements.txt"], root, variables)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Compare cold installs.")
    parser.add_argument("wheels", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=int, default=150)
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args(arguments)
    wheels = chosen_wheels(options.wheels)[: options.limit]
    total = sum(path.stat().st_size for path in wheels)
    print(f"{len(wheels)} wheels, {total / 1e6:.0f} MB")
    times: dict[str, list[Taken]] = {name: [] for pair in _PAIRS for name in pair}
    with running_index() as index, tempfile.TemporaryDirectory(dir=options.scratch) as directory:
        root = Path(directory, "workspace")
        root.mkdir()
        write_workspace(root, wheels, index)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": directory,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": index.simple_url,
            "UV_DEFAULT_INDEX": index.simple_url,
            "UV_NO_CONFIG": "1",
        }
        for number in range(options.runs):
            for name in times:
                scratch = Path(directory, f"{number}-{name.replace(' ', '')}")
                scratch.mkdir()
                if name == _BUILD:
                    taken = ours(root, scratch, environment, "build", "//:full")
                elif name == _RUN:
                    taken = ours(root, scratch, environment, "run", "//:program")
                else:
                    taken = uvs(root, scratch, environment, compile_bytecode=name == _UV_COMPILED)
                times[name].append(taken)
                removed(scratch)
    for name, every in times.items():
        walls, processors = zip(*every, strict=True)
        print(
            f"{name:24}  median {statistics.median(walls):6.2f} s   best {min(walls):6.2f} s   "
            f"processors {statistics.median(processors):6.2f} s"
        )
    for name, peer in _PAIRS:
        pairs = list(zip(times[name], times[peer], strict=True))
        wall = statistics.median(a.wall / b.wall for a, b in pairs)
        processor = statistics.median(a.processor / b.processor for a, b in pairs)
        print(f"{name} against {peer}: {wall:.2f} times its wall time, {processor:.2f} of processors (median of pairs)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
