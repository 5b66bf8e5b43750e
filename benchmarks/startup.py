"""What starting a program through its launcher costs, beside bare Python.

Builds three programs of the example's workspace: its command line, one that does nothing, and one that imports what
its servers and reports import. Each is started in turns in two ways: through its launcher, and as
`python -B -I main.py` (with `--copied`, in a virtualenv that uv has made of the same versions by copying and
compiling in the workspace's `.venv`, as most people have it; otherwise in the same virtualenv). Prints medians, and the
median of the ratios of the pairs, of time and of processor time, which other work of the machine disturbs less; the
exit code is 1 when a ratio of times is above its limit.

    .venv/bin/python benchmarks/startup.py --runs 100 --copied
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import PROJECT, Row, report

EXAMPLE = PROJECT / "examples" / "shopfront"
VENVSHIP = PROJECT / ".venv" / "bin" / "venvship"
IMPORTS = (
    "pandas", "numpy", "fastapi", "sqlalchemy.orm", "pydantic", "grpc", "lxml.etree", "cryptography.x509", "httpx",
    "opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.grpc.trace_exporter", "rich.console", "typer",
    "openpyxl", "jinja2", "yaml", "orjson", "uvicorn", "structlog", "prometheus_client",
)  # fmt: skip
BUILD = """
load("@aspect_rules_py//py:defs.bzl", "py_binary")

[
    py_binary(
        name = name,
        srcs = [name + ".py"],
        deps = ["//apps/api:shop_api", "//apps/worker:shop_worker", "//apps/cli:shop_cli"],
    )
    for name in ["nothing", "imports"]
]
"""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A program of the workspace: its package and name, its main, and how it is called; `limit` is for the ratio."""

    package: str
    name: str
    main: str
    limit: float
    arguments: tuple[str, ...] = ()


SCENARIOS = (
    Scenario("apps/cli", "shop", "main.py", 1.05, ("price", "MUG-001=2")),
    Scenario("startup", "nothing", "nothing.py", 1.02),
    Scenario("startup", "imports", "imports.py", 1.01),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians in milliseconds; `ratio` and `cpu_ratio` are medians over pairs of launcher to bare."""

    program: str
    machine: str
    python: str
    runs: int
    launcher: float
    bare: float
    added: float
    ratio: float
    cpu_ratio: float
    limit: float


@dataclass(frozen=True, slots=True)
class Life:
    """How long a process lived and how long it computed, in milliseconds."""

    wall: float
    cpu: float


def life_of(command: Sequence[str], environment: dict[str, str], output: int) -> Life:
    """Start a process and wait for its end. `posix_spawn` costs the same however large this process is."""
    actions = [(os.POSIX_SPAWN_DUP2, output, 1)]
    begin = time.perf_counter_ns()
    process = os.posix_spawn(command[0], list(command), environment, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    end = time.perf_counter_ns()
    if status != 0:
        raise SystemExit(f"`{' '.join(command)}` ended with {os.waitstatus_to_exitcode(status)}")
    return Life((end - begin) / 1e6, (usage.ru_utime + usage.ru_stime) * 1e3)


def measure(workspace: Path, scenario: Scenario, runs: int, copied: Path | None) -> Figures:
    program = workspace / "venvship-bin" / scenario.package / scenario.name
    runfiles = Path(f"{program}.runfiles") / "_main"
    python = str(copied / "bin" / "python") if copied is not None else str(python_of(runfiles, scenario))
    launcher = [str(program), *scenario.arguments]
    bare = [python, "-B", "-I", str(runfiles / scenario.package / scenario.main), *scenario.arguments]
    environment = dict(os.environ)
    with open(os.devnull, "wb") as nothing:
        output = nothing.fileno()
        for command in (launcher, bare, launcher, bare):
            life_of(command, environment, output)
        pairs: list[tuple[Life, Life]] = []
        for number in range(runs):
            # Whoever goes second finds warmer caches, so they take turns at that, too.
            if number % 2:
                second = life_of(bare, environment, output)
                first = life_of(launcher, environment, output)
            else:
                first = life_of(launcher, environment, output)
                second = life_of(bare, environment, output)
            pairs.append((first, second))
    version = subprocess.run([python, "-V"], check=True, capture_output=True, text=True).stdout.split()[1]
    return Figures(
        program=" ".join([scenario.name, *scenario.arguments]),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        python=version,
        runs=runs,
        launcher=round(statistics.median(first.wall for first, _ in pairs), 2),
        bare=round(statistics.median(second.wall for _, second in pairs), 2),
        added=round(statistics.median(first.wall - second.wall for first, second in pairs), 2),
        ratio=round(statistics.median(first.wall / second.wall for first, second in pairs), 4),
        cpu_ratio=round(statistics.median(first.cpu / second.cpu for first, second in pairs), 4),
        limit=scenario.limit,
    )


def rows_of(figures: Figures, peer: str) -> tuple[Row, Row]:
    """The figures as other benchmarks have them: of time, and of processor time."""
    what = f"start of `{figures.program}`"
    times = Row(what, figures.runs, figures.launcher, peer, figures.bare, figures.ratio, ratio_limit=figures.limit)
    return times, Row(f"{what}, processor time", figures.runs, None, peer, ratio=figures.cpu_ratio)


def python_of(runfiles: Path, scenario: Scenario) -> Path:
    own = runfiles / scenario.package / f"._{scenario.name}.venv"
    return (own if own.exists() else runfiles / ".venv") / "bin" / "python"


def copied_workspace(directory: Path) -> Path:
    """The example with two more programs."""
    workspace = directory / "shopfront"
    shutil.copytree(EXAMPLE, workspace, symlinks=True, ignore=shutil.ignore_patterns("venvship-*", ".venv"))
    (workspace / "startup").mkdir()
    (workspace / "startup" / "BUILD.bazel").write_text(BUILD)
    (workspace / "startup" / "nothing.py").write_text("pass\n")
    (workspace / "startup" / "imports.py").write_text("".join(f"import {name}\n" for name in IMPORTS))
    for package in ("api", "cli", "worker"):
        file = workspace / "apps" / package / "BUILD.bazel"
        text = file.read_text().replace("//visibility:private", "//visibility:public")
        file.write_text(text.replace('"//:__pkg__"', '"//visibility:public"'))
    return workspace


def copied_venv(workspace: Path) -> Path:
    """A virtualenv that uv makes of the versions that the planned one has, copied and compiled."""
    planned = workspace / "venvship-bin" / "startup" / "._imports.venv" / "bin" / "python"
    code = (
        "import importlib.metadata as m\n"
        "for d in m.distributions():\n"
        "    if d.read_text('RECORD'): print(d.metadata['Name'] + '==' + d.version)\n"
    )
    wanted = subprocess.run([planned, "-I", "-c", code], check=True, capture_output=True, text=True).stdout.split()
    venv = workspace / ".venv"
    uv: list[str | Path] = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, venv], check=True)
    options: list[str | Path] = [
        "--quiet",
        "--no-deps",
        "--link-mode",
        "copy",
        "--compile-bytecode",
        "--python",
        venv / "bin" / "python",
    ]
    subprocess.run([*uv, "pip", "install", *options, *wanted], check=True)
    # First-party code is found the same way in both: by what members call a root, and from the root of the workspace.
    [site] = (venv / "lib").glob("*/site-packages")
    roots = [workspace, *sorted(workspace.glob("*/*/src"))]
    (site / "workspace.pth").write_text("".join(f"{root}\n" for root in roots))
    return venv


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="how many pairs of each program")
    parser.add_argument("--limit", type=float, help="the largest ratio that is no failure, instead of each program's")
    parser.add_argument("--copied", action="store_true", help="compare with a copied virtualenv; needs an index")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="startup-") as name:
        workspace = copied_workspace(Path(name))
        labels = [f"//{scenario.package}:{scenario.name}" for scenario in SCENARIOS]
        build = [str(VENVSHIP), "build", "--noshow_progress", *labels]
        built = subprocess.run(build, cwd=workspace, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        if built.returncode != 0:
            print("the example cannot be built; see `make quickstart`", file=sys.stderr)
            return built.returncode
        copied = copied_venv(workspace) if options.copied else None
        figures = [measure(workspace, scenario, options.runs, copied) for scenario in SCENARIOS]
    if options.json:
        peer = "python -B -I of a copied virtualenv" if options.copied else "python -B -I"
        return report([row for one in figures for row in rows_of(one, peer)], as_json=True)
    for one in figures:
        limit = options.limit or one.limit
        print(f"{one.machine}, Python {one.python}, {one.runs} pairs of `{one.program}`")
        print(f"launcher     {one.launcher:8.2f} ms")
        print(f"python -B -I {one.bare:8.2f} ms")
        print(f"added        {one.added:8.2f} ms, ratio {one.ratio:.4f} (limit {limit}), of CPU {one.cpu_ratio:.4f}")
    return int(any(one.ratio > (options.limit or one.limit) for one in figures))


if __name__ == "__main__":
    sys.exit(main())
