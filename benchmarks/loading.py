"""Loading a thousand BUILD files of twenty targets: cold, and with their compiled programs in the code cache.

Three levels, each of which does work that the one before it does not. *Programs* are compiled, or restored from the
cache in memory, and run with rules that remember nothing: the language alone. *Packages* are loaded in this process by
the product's loader from the disk: files are found and read, attributes checked, labels parsed, or all of that is taken
from what an earlier command kept; then also with all targets, which are made when somebody asks. *The command* is
`venvship query //...`, a process of its own that also prints all labels. The collector of circles is set as the command
sets it.

    .venv/bin/python benchmarks/loading.py
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from measuring import VENVSHIP, Command, Row, paired, report

from venvship.cli.main import COLLECTOR_THRESHOLDS
from venvship.loading.code_cache import CodeCache, DiskCodeCache, MemoryCodeCache, compiled
from venvship.loading.disk_files import DiskFiles
from venvship.loading.package_loader import PackageLoader
from venvship.loading.repositories import KnownRepositories, Repository
from venvship.memo.computation import Memo
from venvship.rules.catalogue import native_rules
from venvship.starlark.builtin import Builtin
from venvship.starlark.dialect import Dialect
from venvship.starlark.execution import execute
from venvship.starlark.host_types import Value
from venvship.starlark.thread import Thread

TARGETS = 20
COLD_LIMIT = 4000.0
CACHED_LIMIT = 150.0
"""For a thousand files that are in the code cache: their programs, or all that they say."""


def path_of(package: int) -> str:
    return f"pkgs/d{package // 50:02}/p{package:04}"


def build_file(package: int) -> str:
    """Twenty targets with a source, dependencies near and far, and tags, as formatters lay them out."""
    lines = ['package(default_visibility = ["//visibility:public"])']
    for number in range(TARGETS):
        data = [f":t{other}" for other in range(max(0, number - 2), number)]
        data += [f"//{path_of(package - 1)}:t{number}"] if package else []
        shown = ", ".join(f'"{label}"' for label in data)
        lines += ["", "filegroup(", f'    name = "t{number}",', f'    srcs = ["t{number}.py"],']
        lines += [f"    data = [{shown}],", f'    tags = ["unit", "p{package}"],', ")"]
    return "\n".join(lines) + "\n"


def make_workspace(root: Path, packages: int) -> None:
    """The same number gives the same bytes."""
    root.mkdir(parents=True)
    (root / "MODULE.bazel").write_text("")
    for package in range(packages):
        directory = root / path_of(package)
        directory.mkdir(parents=True)
        (directory / "BUILD.bazel").write_text(build_file(package))
        for number in range(TARGETS):
            (directory / f"t{number}.py").write_bytes(b"")


def run_programs(packages: int, cache: CodeCache) -> float:
    """Seconds for the language alone."""

    def remember_nothing(**_attributes: Value) -> None:
        return None

    names = {name: Builtin(name, remember_nothing) for name in ("filegroup", "package")}
    sources = [(f"{path_of(number)}/BUILD.bazel", build_file(number).encode()) for number in range(packages)]

    def run() -> None:
        for filename, source in sources:
            program = compiled(source, filename=filename, dialect=Dialect.BUILD, cache=cache)
            execute(program, predeclared=names, load=lambda _: {}, thread=Thread())

    return timed(run)


def load_packages(workspace: Path, cache: Path, packages: int, *, targets: bool = False) -> float:
    """Seconds for packages, found and read on the disk; with `targets`, each of these is asked for."""
    loader = PackageLoader(
        repositories=KnownRepositories([Repository("", {"": ""}, root=str(workspace))]),
        files=DiskFiles(),
        memo=Memo(),
        rule_classes=native_rules(),
        code_cache=DiskCodeCache(str(cache)),
        surroundings=lambda: "bench",
    )
    loaded: list[object] = []

    def load() -> None:
        for package in loader.packages_below(""):
            found = loader.load(package)
            loaded.append((found, list(found.targets.values()) if targets else None))

    seconds = timed(load)
    assert len(loaded) == packages
    return seconds


def timed(work: Callable[[], object]) -> float:
    gc.collect()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure(packages: int, *, pairs: int) -> Iterator[Row]:
    """Limits hold for a thousand packages."""
    cold_limit, cached_limit = (COLD_LIMIT, CACHED_LIMIT) if packages == 1000 else (None, None)
    what = f"{packages:,} BUILD files"

    memory = MemoryCodeCache()
    run_programs(packages, memory)
    yield paired(
        f"{what}, programs compiled",
        lambda: run_programs(packages, MemoryCodeCache()),
        None,
        pairs=pairs,
        limit=cold_limit,
    )
    yield paired(
        f"{what}, programs restored", lambda: run_programs(packages, memory), None, pairs=pairs, limit=cached_limit
    )

    with tempfile.TemporaryDirectory(prefix="bench") as directory:
        workspace, state, code = Path(directory, "ws"), Path(directory, "state"), Path(directory, "code")
        make_workspace(workspace, packages)
        state.mkdir()
        environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        environment["HOME"] = str(state)
        words = (VENVSHIP, f"--output_user_root={state}/ours", "query", "--noshow_progress", "//...")
        query = Command("venvship", words, workspace, environment)

        def forget(where: Path) -> Callable[[int], object]:
            return lambda _: shutil.rmtree(where, ignore_errors=True)

        for cached in (False, True):
            how = "with the code cache" if cached else "cold"
            before = (lambda _: None) if cached else forget(code)
            yield paired(
                f"{what}, packages {how}",
                lambda: load_packages(workspace, code, packages),
                None,
                pairs=pairs,
                before=before,
                limit=cached_limit if cached else cold_limit,
            )
            yield paired(
                f"{what}, packages and all targets {how}",
                lambda: load_packages(workspace, code, packages, targets=True),
                None,
                pairs=pairs,
                before=before,
                limit=None if cached else cold_limit,
            )
            before = (lambda _: None) if cached else forget(state / "ours")
            yield paired(
                f"{what}, `query //...` {how}",
                query.run,
                None,
                pairs=pairs,
                before=before,
                limit=None if cached else cold_limit,
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    return report(list(measure(options.packages, pairs=options.pairs)), as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
