"""Planned venvs, put on a disk and started with the interpreters of this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from venv_building import apply_plan, installed_wheel

from venvship.model.paths import TreePath
from venvship.model.platform import PythonVersion
from venvship.venvs.plan import VenvLocation, plan_venv
from venvship.venvs.scripts import FirstPartyDistribution
from venvship.venvs.wheel_layout import InstalledWheel, ScriptEntryPoint

VENV: Final = TreePath("_main/app/.server.venv")
REAL_REQUIREMENTS: Final = (
    "numpy",
    "pandas",
    "google-cloud-storage",
    "google-api-core",
    "azure-core",
    "azure-identity",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
    "jaraco.text",
    "jaraco.functools",
    "zope.interface",
    "zope.event",
    "ruamel.yaml",
    "protobuf",
    "cryptography",
    "lxml",
)
REAL_MODULES: Final = (
    "numpy.linalg",
    "pandas",
    "google.cloud.storage",
    "google.api_core.retry",
    "google.protobuf.message",
    "azure.core",
    "azure.identity",
    "opentelemetry.sdk.trace",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "jaraco.text",
    "jaraco.functools",
    "zope.interface",
    "zope.event",
    "ruamel.yaml",
    "cryptography.hazmat.primitives.ciphers.aead",
    "lxml.etree",
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter of this machine, at `<prefix>/bin/pythonX.Y`."""

    prefix: Path
    python: PythonVersion

    @property
    def executable(self) -> Path:
        return self.prefix / "bin" / self.python.directory

    def __str__(self) -> str:
        return f"{self.python}-{'system' if self.prefix == Path('/usr') else 'own'}"


def interpreters() -> list[Interpreter]:
    """Each interpreter from 3.11 on that PATH holds or that is installed beside the tests' own, once."""
    places = [Path(place) for place in os.environ.get("PATH", "").split(os.pathsep)]
    # Version managers install one interpreter beside the other.
    places += sorted(Path(sys.base_prefix).parent.glob("*/bin"))
    names = [f"python3.{minor}" for minor in range(11, 16)]
    candidates = [sys.executable, *(str(place / name) for place in places for name in names)]
    found: dict[Path, Interpreter] = {}
    for candidate in candidates:
        if not shutil.which(candidate):
            continue
        done = subprocess.run(
            [candidate, "-I", "-c", "import sys; print(sys.base_prefix, *sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            prefix, major, minor = done.stdout.split()
            interpreter = Interpreter(Path(prefix), PythonVersion(int(major), int(minor)))
            found.setdefault(interpreter.executable.resolve(), interpreter)
    return list(found.values())


INTERPRETERS: Final = interpreters()


@dataclass(frozen=True, slots=True)
class Tree:
    """A runfiles tree with an interpreter, wheels and a venv."""

    root: Path
    interpreter: Interpreter

    @property
    def venv(self) -> Path:
        return self.root / VENV

    @property
    def site_packages(self) -> Path:
        return self.venv / "lib" / self.interpreter.python.directory / "site-packages"

    def run(
        self, *arguments: str, cwd: Path = Path("/"), environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.venv / "bin/python"), *arguments],
            capture_output=True,
            text=True,
            check=True,
            cwd=cwd,
            env={"HOME": str(self.root), "PATH": os.defpath, **(environment or {})},
        )

    def evaluate(self, expression: str, *, cwd: Path = Path("/"), options: Sequence[str] = ("-I",)) -> object:
        code = f"import json, sys, importlib.metadata; print(json.dumps({expression}))"
        return json.loads(self.run(*options, "-c", code, cwd=cwd).stdout)


def make_tree(
    root: Path,
    interpreter: Interpreter,
    wheels: Sequence[InstalledWheel],
    *,
    members: Sequence[FirstPartyDistribution] = (),
) -> Tree:
    plan = plan_venv(
        wheels,
        location=VenvLocation(VENV),
        python=interpreter.python,
        interpreter=TreePath(f"the_python/install/bin/{interpreter.python.directory}"),
        first_party=("_main", "_main/libs/first/src"),
        members=members,
    )
    (root / "the_python").mkdir(parents=True)
    (root / "the_python/install").symlink_to(interpreter.prefix)
    source = root / "_main/libs/first/src"
    source.mkdir(parents=True)
    (source / "first.py").write_text("NAME = 'first'\n")
    apply_plan(plan, root / VENV)
    return Tree(root, interpreter)


def write_wheel(root: Path, python: PythonVersion, project: str, files: Mapping[str, str]) -> InstalledWheel:
    prefix = f"pypi/{project}"
    site = f"{prefix}/lib/{python.directory}/site-packages"
    metadata = f"{project}-1.0.dist-info/METADATA"
    for path, text in {**files, metadata: f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n"}.items():
        place = root / site / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return InstalledWheel.of_files(
        project,
        "1.0",
        site_packages=TreePath(site),
        prefix=TreePath(prefix),
        files=[*files, metadata],
        entry_points=[ScriptEntryPoint(f"{project}-tool", project, "main")] if f"{project}.py" in files else (),
    )


@pytest.fixture(params=INTERPRETERS, ids=str)
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    interpreter: Interpreter = request.param
    root = tmp_path / "server.runfiles"
    wheels = [
        write_wheel(root, interpreter.python, "tool", {"tool.py": "def main():\n    print('tool runs')\n"}),
        write_wheel(root, interpreter.python, "ns_one", {"ns/one/__init__.py": "", "ns/one/data.txt": "one"}),
        write_wheel(root, interpreter.python, "ns_two", {"ns/two.py": ""}),
    ]
    member = FirstPartyDistribution("first", "3.0", (("plugins", (("here", "first:NAME"),)),))
    return make_tree(root, interpreter, wheels, members=[member])


def test_the_interpreter_takes_the_venv_for_its_own(tree: Tree) -> None:
    expected = {
        "prefix": str(tree.venv),
        "base": str(tree.root / "the_python/install"),
        "executable": str(tree.venv / "bin/python"),
    }
    expression = '{"prefix": sys.prefix, "base": sys.base_prefix, "executable": sys.executable}'
    for cwd in (Path("/"), tree.root, tree.venv, tree.venv / "bin"):
        assert tree.evaluate(expression, cwd=cwd) == expected


def test_the_path_holds_the_standard_library_the_venv_and_the_import_roots(tree: Tree) -> None:
    path = tree.evaluate("sys.path")
    assert isinstance(path, list)
    libraries = [entry for entry in path if entry.startswith(str(tree.root / "the_python/install/lib"))]
    assert len(libraries) == 3
    assert path[3:] == [
        str(tree.site_packages),
        str(tree.root),
        str(tree.root / "_main"),
        str(tree.root / "_main/libs/first/src"),
    ]


def test_wheels_namespaces_and_first_party_code_are_imported(tree: Tree) -> None:
    found = tree.evaluate(
        "[m.__name__ for m in (__import__('tool'), __import__('ns.one').one, __import__('ns.two').two)]"
        " + [__import__('first').NAME, list(__import__('ns').__path__),"
        " __import__('importlib.resources').resources.files('ns.one').joinpath('data.txt').read_text()]"
    )
    assert found == ["tool", "ns.one", "ns.two", "first", [str(tree.site_packages / "ns")], "one"]


def test_metadata_names_each_distribution_once(tree: Tree) -> None:
    names = tree.evaluate("sorted((d.metadata['Name'], d.version) for d in importlib.metadata.distributions())")
    assert names == [["first", "3.0"], ["ns_one", "1.0"], ["ns_two", "1.0"], ["tool", "1.0"]]
    assert tree.evaluate("[e.load() for e in importlib.metadata.entry_points(group='plugins')]") == ["first"]


def test_nothing_leaks_in_from_user_and_system(tree: Tree) -> None:
    user = tree.root / ".local/lib" / tree.interpreter.python.directory / "site-packages"
    user.mkdir(parents=True)
    report = tree.run("-m", "site").stdout
    assert "ENABLE_USER_SITE: False" in report
    assert str(user) not in re.findall(r"^    '(.*)',$", report, re.MULTILINE)


def test_a_venv_can_be_made_from_inside(tree: Tree, tmp_path: Path) -> None:
    nested = tmp_path / "nested"
    tree.run("-I", "-m", "venv", "--without-pip", str(nested))
    done = subprocess.run(
        [str(nested / "bin/python"), "-I", "-c", "import sys; print(sys.prefix, sys.base_prefix)"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    assert done.stdout.split() == [str(nested), str(tree.root / "the_python/install")]


def test_a_tree_works_where_it_is_moved_to(tree: Tree, tmp_path: Path) -> None:
    moved = tmp_path / "else where" / "there"
    moved.parent.mkdir()
    tree.root.rename(moved)
    again = Tree(moved, tree.interpreter)
    assert again.evaluate("[sys.prefix, __import__('ns.one').__name__, __import__('first').NAME]") == [
        str(again.venv),
        "ns",
        "first",
    ]


def test_programs_that_an_interpreter_starts_stay_in_the_venv(tree: Tree) -> None:
    child = "[sys.executable, '-c', 'import sys, tool; print(sys.prefix)']"
    assert tree.evaluate(f"__import__('subprocess').check_output({child}, text=True)") == f"{tree.venv}\n"


def test_a_library_finds_those_of_another_wheel(tmp_path: Path) -> None:
    interpreter = INTERPRETERS[0]
    root = tmp_path / "server.runfiles"
    site = f"lib/{interpreter.python.directory}/site-packages"
    supplier, user = root / "pypi/supplier" / site / "supplier/lib", root / "pypi/user" / site / "user/lib"
    for directory, text in (
        (supplier, "int f(void) { return 42; }"),
        (user, "int f(void); int g(void) { return f(); }"),
    ):
        directory.mkdir(parents=True)
        (directory / "x.c").write_text(text)
    compiler = [sys.executable, "-m", "ziglang", "cc", "-shared", "-nostdlib"]
    subprocess.run([*compiler, "-o", "libf.so", "x.c", "-Wl,-soname,libf.so"], cwd=supplier, check=True)
    origin = "-Wl,-rpath,$ORIGIN/../../supplier/lib"
    subprocess.run([*compiler, "-o", "libg.so", "x.c", f"-L{supplier}", "-lf", origin], cwd=user, check=True)
    for project in ("supplier", "user"):
        write_wheel(root, interpreter.python, project, {f"{project}/__init__.py": ""})
    wheels = [
        installed_wheel(root / "pypi" / project, f"pypi/{project}", python=interpreter.python.directory)
        for project in ("supplier", "user")
    ]
    tree = make_tree(root, interpreter, wheels)
    assert (tree.site_packages / "supplier").is_symlink()
    assert not (tree.site_packages / "user").is_symlink()
    assert tree.evaluate("__import__('ctypes').CDLL(__import__('user').__path__[0] + '/lib/libg.so').g()") == 42


def test_compiled_files_are_found_beside_the_links_to_modules(tmp_path: Path) -> None:
    interpreter = INTERPRETERS[0]
    root = tmp_path / "server.runfiles"
    plain = write_wheel(root, interpreter.python, "single", {"single.py": "VALUE = 'compiled'\n"})
    compile_all = ["-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(root / "pypi")]
    subprocess.run([str(interpreter.executable), *compile_all], check=True)
    (root / plain.site_packages / "single.py").write_text("VALUE = 'source'\n")
    wheel = dataclasses.replace(plain, bytecode_tag=interpreter.python.bytecode_tag)
    tree = make_tree(root, interpreter, [wheel])
    assert tree.evaluate("__import__('single').VALUE") == "compiled"


@dataclass(frozen=True, slots=True)
class Installed:
    """Wheels of the index, each installed into a directory of its own, and all of them into one ordinary venv."""

    wheels: Path
    reference: Path
    interpreter: Interpreter


@pytest.fixture(scope="module", params={each.python: each for each in INTERPRETERS}.values(), ids=str)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    interpreter: Interpreter = request.param
    directory = tmp_path_factory.mktemp("real")
    uv = str(Path(sys.executable).parent / "uv")
    reference = directory / "reference"
    subprocess.run([uv, "venv", "-q", "--python", str(interpreter.executable), str(reference)], check=True)
    target = ["--python", str(reference / "bin/python"), "--only-binary", ":all:"]
    subprocess.run([uv, "pip", "install", "-q", *target, *REAL_REQUIREMENTS], check=True)
    frozen = subprocess.run(
        [uv, "pip", "freeze", "--python", str(reference / "bin/python")], check=True, capture_output=True, text=True
    )
    for requirement in frozen.stdout.split():
        prefix = directory / "pypi" / requirement.partition("==")[0]
        # From uv's cache: a release that has just come out may be on one server of an index and not yet on the next.
        alone = [uv, "pip", "install", "-q", "--offline", "--no-deps", *target, "--prefix", str(prefix), requirement]
        subprocess.run(alone, check=True)
    return Installed(directory / "pypi", reference, interpreter)


@pytest.mark.index
@pytest.mark.slow
def test_real_wheels_behave_as_in_an_ordinary_venv(installed: Installed, tmp_path: Path) -> None:
    root = tmp_path / "server.runfiles"
    root.mkdir()
    (root / "pypi").symlink_to(installed.wheels)
    wheels = [
        installed_wheel(prefix, f"pypi/{prefix.name}", python=installed.interpreter.python.directory)
        for prefix in sorted(installed.wheels.iterdir())
    ]
    tree = make_tree(root, installed.interpreter, wheels)
    code = (
        "import importlib, importlib.metadata as metadata, json, sys\n"
        f"for name in {REAL_MODULES!r}: importlib.import_module(name)\n"
        "found = list(metadata.distributions())\n"
        "print(json.dumps([sorted([d.metadata['Name'], d.version] for d in found),\n"
        "    sorted([d.name, e.group, e.name, e.value] for d in found for e in d.entry_points),\n"
        "    sorted(name for name in sys.modules)]))\n"
    )
    ours = json.loads(tree.run("-I", "-c", code).stdout)
    reference = subprocess.run(
        [str(installed.reference / "bin/python"), "-I", "-c", code], check=True, capture_output=True, text=True, cwd="/"
    )
    distributions, entry_points, modules = json.loads(reference.stdout)
    assert ours[0] == distributions
    assert ours[1] == entry_points
    # What the two read at start differs: path files with a mark of their encoding, and a program of uv's venv.
    assert set(ours[2]) ^ set(modules) <= {"_virtualenv", "encodings.utf_8_sig"}
    assert not [path for path in tree.venv.rglob("*") if not path.exists()]
