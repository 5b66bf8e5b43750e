"""What fifty programs cost that share one virtualenv, beside fifty virtualenvs that an installer copies together.

Makes wheels of its own (`--wheels` of them, with `--modules` modules each), serves them on this machine, and builds a
workspace of programs with one `external_venv`. Prints how many inodes outputs, runfiles and unpacked wheels take
together, how many one more program takes, and how long analysis of all programs takes in a session that has loaded
them; then installs the same wheels once by copying, with bytecode as our wheels have it, and multiplies. What the
copies would be without bytecode is beside it. The exit code is 1 when a limit is missed.

    .venv/bin/python benchmarks/shared_venv.py
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from directories import removed, space_of
from locked_wheels import MODULE_FILE, Wheel, lock_of, running_index
from measuring import PROJECT, Row, counted, report

sys.path.insert(0, str(PROJECT / "tests"))

from analysis_workspace import AnalysisWorkspace, Dist, ValueHub
from real_workspace import RealWorkspace

LOAD = 'load("@aspect_rules_py//py:defs.bzl", "py_binary", "py_venv")\n'
INODE_RATIO_LIMIT = 1 / 20
ANALYSIS_LIMIT = 1000.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Inodes of everything, of the last program but one and of the last, of a copied venv; seconds of analysis."""

    wheels: int
    modules: int
    programs: int
    shared: int
    before: int
    last: int
    copied: int
    copied_without_bytecode: int
    analysis: float


def files_of(name: str, modules: int) -> dict[str, str | bytes]:
    """Modules in ten packages, as wheels have them."""
    files: dict[str, str | bytes] = {f"{name}/__init__.py": f"NAME = '{name}'\n"}
    for number in range(modules):
        files[f"{name}/part{number % 10}/__init__.py"] = ""
        files[f"{name}/part{number % 10}/module{number}.py"] = f"VALUE = {number}\n"
    return files


def build_file(names: list[str], programs: int) -> str:
    deps = ", ".join(f'"@pypi//{name}"' for name in names)
    lines = [f'py_venv(name = "venv", deps = [{deps}])']
    for number in range(programs):
        dep = names[number % len(names)]
        lines.append(
            f'py_binary(name = "program{number}", srcs = ["main.py"], deps = ["@pypi//{dep}"], external_venv = ":venv")'
        )
    return LOAD + "\n".join(lines) + "\n"


def analysis_seconds(names: list[str], modules: int, programs: int) -> float:
    """From loaded packages and known wheels to configured programs, without any of them before."""
    hub = ValueHub([Dist(name, "1.0", files_of(name, modules)) for name in names])
    made = AnalysisWorkspace({"app/BUILD": build_file(names, programs), "app/main.py": ""}, hub=hub)
    made.one("//app:venv")
    begin = time.perf_counter()
    made.analyze(*(f"//app:program{number}" for number in range(programs)))
    return time.perf_counter() - begin


def measure(wheels: int, modules: int, programs: int, directory: Path) -> Figures:
    names = [f"wheel{number}" for number in range(wheels)]
    made = [Wheel.made(name, files=files_of(name, modules)) for name in names]
    stored = directory / "wheels"
    stored.mkdir()
    for wheel in made:
        wheel.write(stored)
    with running_index() as index:
        workspace = RealWorkspace(directory / "workspace", directory / "cache", index.simple_url)
        workspace.root.mkdir()
        workspace.write(
            {
                "MODULE.bazel": MODULE_FILE,
                "uv.lock": lock_of(index, made),
                "app/main.py": "print('started')\n",
            }
        )
        counts: list[int] = []
        for count in (programs - 2, programs - 1, programs):
            workspace.write({"app/BUILD.bazel": build_file(names, count)})
            workspace.built("//app:all")
            started = subprocess.run(
                [workspace.root / "venvship-bin" / "app" / f"program{count - 1}"], check=True, capture_output=True
            )
            assert started.stdout == b"started\n"
            bin_directory = Path(os.path.realpath(workspace.root / "venvship-bin")).parent
            output_base = bin_directory.parents[3]
            trees = (output_base / "r", output_base / "links", directory / "cache" / "venvship" / "trees")
            counts.append(space_of(bin_directory, *trees).inodes)
    copied = directory / "copied"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--no-config", "--python", sys.executable, copied], check=True)
    install = [*uv, "pip", "install", "--quiet", "--no-config", "--offline", "--no-deps", "--link-mode", "copy"]
    subprocess.run([*install, "--python", copied / "bin" / "python", *sorted(stored.glob("*.whl"))], check=True)
    plain = space_of(copied).inodes
    subprocess.run([copied / "bin" / "python", "-m", "compileall", "-q", copied / "lib"], check=True)
    return Figures(
        wheels=wheels,
        modules=modules,
        programs=programs,
        shared=counts[2],
        before=counts[1] - counts[0],
        last=counts[2] - counts[1],
        copied=space_of(copied).inodes,
        copied_without_bytecode=plain,
        analysis=analysis_seconds(names, modules, programs),
    )


def rows_of(figures: Figures) -> Iterator[Row]:
    """Inodes of everything to those of copies, of the last program to the one before it, and the time of analysis."""
    what = f"{figures.programs} programs, {figures.wheels} wheels of {figures.modules} modules"
    for peer, copied, limit in (
        ("copies with bytecode", figures.copied, INODE_RATIO_LIMIT),
        ("copies without bytecode", figures.copied_without_bytecode, None),
    ):
        total = copied * figures.programs
        yield counted(what, figures.shared, total, unit="inodes", peer_name=peer, ratio_limit=limit)
    yield counted(
        f"{what}, one more",
        figures.last,
        figures.before,
        unit="inodes",
        peer_name="the one before it",
        ratio_limit=1.0,
    )
    yield Row(f"{what}, analysis", 1, round(figures.analysis * 1000, 1), limit=ANALYSIS_LIMIT)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=int, default=150)
    parser.add_argument("--modules", type=int, default=60, help="modules of each wheel")
    parser.add_argument("--programs", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="shared-venv-"))
    try:
        figures = measure(options.wheels, options.modules, options.programs, directory)
    finally:
        removed(directory)
    return report(list(rows_of(figures)), as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
