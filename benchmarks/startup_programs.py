"""The programs whose start is measured, and the virtualenvs that others would start them in.

A pair is a workspace of its own, built into stores of its own, and beside it what a user of uv has: an interpreter, a
virtualenv with copies of the same distributions, compiled. How fast a file can be mapped depends on when and how it
was written, by as much as 8 percent for the same bytes, so no single pair says what the difference is.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import PROJECT

from venvship.archives.elf import is_elf, read_elf
from venvship.interpreters.contents import belongs_to_stdlib
from venvship.interpreters.relocation import origin_of_libraries
from venvship.model.paths import TreePath

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
    """A program of the workspace: its package and name, its main, and how it is called; `limit` is for the ratio.

    `weight` is how often it is started where the slowest is started once.
    """

    package: str
    name: str
    main: str
    limit: float
    arguments: tuple[str, ...] = ()
    weight: int = 1

    @property
    def label(self) -> str:
        return f"//{self.package}:{self.name}"

    def __str__(self) -> str:
        return " ".join([self.name, *self.arguments])


SCENARIOS = (
    Scenario("apps/cli", "shop", "main.py", 1.05, ("price", "MUG-001=2")),
    Scenario("startup", "nothing", "nothing.py", 1.02, weight=10),
    Scenario("startup", "imports", "imports.py", 1.01),
)


def environment() -> dict[str, str]:
    """That of this process without what an isolated interpreter does not read, so that bytecode is written too."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


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


def build(workspace: Path, scenarios: Iterable[Scenario], *, user_root: Path | None = None) -> None:
    """Build the programs, into stores of their own where `user_root` names a place for them."""
    startup = [] if user_root is None else [f"--output_user_root={user_root}"]
    labels = [scenario.label for scenario in scenarios]
    words = [str(VENVSHIP), *startup, "build", "--noshow_progress", *labels]
    done = subprocess.run(words, cwd=workspace, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment())
    if done.returncode != 0:
        raise SystemExit("the example can't be built; see `make quickstart`")


def python_of(workspace: Path, scenario: Scenario) -> Path:
    """The interpreter that the launcher starts, by the path in the virtualenv of the program."""
    runfiles = Path(f"{workspace / 'venvship-bin' / scenario.package / scenario.name}.runfiles") / "_main"
    own = runfiles / scenario.package / f"._{scenario.name}.venv"
    return (own if own.exists() else runfiles / ".venv") / "bin" / "python"


def distributions_of(workspace: Path) -> tuple[str, ...]:
    """The third-party distributions that the program with imports has, as requirements."""
    code = (
        "import importlib.metadata as m\n"
        "for d in m.distributions():\n"
        "    if d.read_text('RECORD'): print(d.metadata['Name'] + '==' + d.version)\n"
    )
    python = python_of(workspace, SCENARIOS[2])
    done = subprocess.run([python, "-I", "-c", code], check=True, capture_output=True, text=True)
    return tuple(sorted(done.stdout.split()))


def copied_interpreter(into: Path) -> Path:
    """The interpreter of this process as it is on the machine, written anew, so that it is no older than others."""
    program = Path(os.path.realpath(sys.executable))
    prefix, name = program.parent.parent, program.name
    stdlib = Path("lib", f"python{sys.version_info.major}.{sys.version_info.minor}")

    def left_out(directory: str, names: list[str]) -> list[str]:
        if Path(directory).name == "__pycache__":
            return []
        paths = {name: Path(directory, name).relative_to(prefix / stdlib).as_posix() for name in names}
        belonging = {name for name, path in paths.items() if belongs_to_stdlib(path) and belongs_to_stdlib(f"{path}/")}
        return sorted(set(names) - belonging - {"__pycache__"})

    shutil.copytree(prefix / stdlib, into / stdlib, symlinks=True, ignore=left_out)
    for path in (Path("bin", name), *(one.relative_to(prefix) for one in sorted(prefix.glob("lib/libpython*.so.*")))):
        data = (prefix / path).read_bytes()
        (into / path).parent.mkdir(exist_ok=True)
        (into / path).write_bytes(_at_home(data, path) if is_elf(data) else data)
        (into / path).chmod(0o755)
    return into / "bin" / name


def _at_home(data: bytes, path: Path) -> bytes:
    """`data` with libraries looked for in its own tree; else they would be those of the machine, which are older."""
    edited = bytearray(data)
    for string in read_elf(data).runpath_strings:
        text = origin_of_libraries(TreePath(path.as_posix()))
        edited[string.offset : string.offset + len(string.text)] = text.encode().ljust(len(string.text), b"\0")
    return bytes(edited)


def copied_venv(workspace: Path, venv: Path, distributions: Sequence[str], *, python: Path) -> Path:
    """A virtualenv that uv makes of `distributions`, copied and compiled; gives its interpreter."""
    uv: list[str | Path] = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", python, venv], check=True, env=environment())
    options: list[str | Path] = ["--quiet", "--no-deps", "--link-mode=copy", "--compile-bytecode", "--python"]
    install = [*uv, "pip", "install", *options, venv / "bin" / "python", *distributions]
    subprocess.run(install, check=True, env=environment())
    # First-party code is found the same way in both: by what members call a root, and from the root of the workspace.
    [site] = (venv / "lib").glob("*/site-packages")
    roots = [workspace, *sorted(workspace.glob("*/*/src"))]
    (site / "workspace.pth").write_text("".join(f"{root}\n" for root in roots))
    return venv / "bin" / "python"


def with_files_of(program_venv: Path, venv: Path, directory: Path) -> Path:
    """`venv` once more, with files of `program_venv` by other names where both have the same; gives the interpreter.

    Bytecode counts as the same: it differs in paths of sources, which cost nothing.
    """
    copied, planned = next((venv / "lib").glob("*/site-packages")), next((program_venv / "lib").glob("*/site-packages"))

    def same(path: Path) -> Path:
        ours = planned / path.relative_to(copied) if path.is_relative_to(copied) else path
        if ours.is_file() and (path.suffix == ".pyc" or filecmp.cmp(ours, path, shallow=False)):
            return Path(os.path.realpath(ours))
        return path

    def link(source: str, into: str) -> None:
        os.link(same(Path(source)), into)

    shutil.copytree(venv, directory, symlinks=True, copy_function=link)
    return directory / "bin" / "python"


def with_interpreter(tree: Path, venv: Path, directory: Path) -> Path:
    """`venv` once more, with the interpreter of `tree`, all by hard links; gives the interpreter."""
    shutil.copytree(tree, directory / "python", symlinks=True, copy_function=os.link)
    shutil.copytree(venv, directory / "venv", symlinks=True, copy_function=os.link)
    [program] = (directory / "python" / "bin").glob("python3.[0-9]*")
    settings = (directory / "venv" / "pyvenv.cfg").read_text().splitlines()
    home = [f"home = {program.parent}" if line.startswith("home ") else line for line in settings]
    (directory / "venv" / "pyvenv.cfg").unlink()
    (directory / "venv" / "pyvenv.cfg").write_text("\n".join(home) + "\n")
    python = directory / "venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(program)
    return python
