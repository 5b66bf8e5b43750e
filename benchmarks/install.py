"""Installs many wheels from an index on this machine with empty caches, and compares with `uv pip sync`.

    python benchmarks/install.py WHEELS... [--runs N]

WHEELS are wheel files, or directories that hold some at any depth; one of each distribution is taken. Both sides get
the same files from one server on the loopback interface, in turns, and each run begins with caches of its own. Ours
writes bytecode always; uv is measured without and with `--compile-bytecode`. What is prepared once for a machine (the
interpreter in our store, the empty environment of uv) is not measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from directories import removed
from locked_wheels import MODULE_FILE, ORIGIN, FakeIndex, Wheel, lock_of, running_index

from venvship.model.platform import PythonVersion
from venvship.wheels.filename import WheelFilename
from venvship.wheels.tags import supported_tags
from venvship.wheels.targets import parse_target_platform


def chosen_wheels(places: Iterable[Path]) -> list[Path]:
    """One wheel of each distribution that fits this interpreter, by name."""
    tags = supported_tags(parse_target_platform("linux-x86_64"), PythonVersion(*sys.version_info[:2]))
    found: dict[str, Path] = {}
    for place in places:
        for path in sorted(place.rglob("*.whl")) if place.is_dir() else [place]:
            name = WheelFilename.parse(path.name)
            if tags.rank(name) is not None:
                found.setdefault(name.distribution, path)
    return [found[name] for name in sorted(found)]


def write_workspace(root: Path, wheels: Iterable[Path], index: FakeIndex) -> None:
    chosen = [Wheel.read(path) for path in wheels]
    (root / "MODULE.bazel").write_text(MODULE_FILE)
    (root / "uv.lock").write_text(lock_of(index, chosen))
    pins = [f"{one.name}=={one.version} --hash=sha256:{one.sha256}" for one in chosen]
    (root / "requirements.txt").write_text("\n".join(pins) + "\n")
    (root / "BUILD.bazel").write_text(
        'load("@aspect_rules_py//py:defs.bzl", "py_venv")\nload("@pypi//:requirements.bzl", "all_requirements")\n'
        'py_venv(name = "empty")\npy_venv(name = "full", deps = all_requirements, package_collisions = "ignore")\n'
    )


def timed(command: list[str], cwd: Path, environment: Mapping[str, str]) -> float:
    begin = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=dict(environment), capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} failed:\n{done.stderr[-4000:]}")
    return seconds


def ours(root: Path, scratch: Path, environment: Mapping[str, str]) -> float:
    startup = [sys.executable, "-m", "venvship", f"--output_user_root={scratch}", "build"]
    command = [*startup, f"--index_override={ORIGIN}=@default"]
    timed([*command, "//:empty"], root, environment)
    return timed([*command, "//:full"], root, environment)


def uvs(root: Path, scratch: Path, environment: Mapping[str, str], *, compile_bytecode: bool) -> float:
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
    times: dict[str, list[float]] = {"venvship": [], "uv": [], "uv --compile-bytecode": []}
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
                if name == "venvship":
                    seconds = ours(root, scratch, environment)
                else:
                    seconds = uvs(root, scratch, environment, compile_bytecode="compile" in name)
                times[name].append(seconds)
                removed(scratch)
    for name, taken in times.items():
        print(f"{name:24}  median {statistics.median(taken):6.2f} s   best {min(taken):6.2f} s")
    for name in ("uv", "uv --compile-bytecode"):
        ratio = statistics.median(a / b for a, b in zip(times["venvship"], times[name], strict=True))
        print(f"against {name:24}  {ratio:.2f} times its wall time (median of pairs)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
