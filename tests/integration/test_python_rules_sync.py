"""The virtualenv at the root of a workspace, as `venvship sync` writes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, ORIGIN, Ran, RealWorkspace, locked
from wheel_building import wheel_bytes


@pytest.fixture
def repository(workspace: RealWorkspace, index: FakeIndex) -> RealWorkspace:
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB,
            "uv.lock": locked(index, ("six", "1.0"), ("idna", "3.0")),
            "lib/BUILD.bazel": DEFS
            + 'py_library(name = "lib", srcs = ["src/ours/__init__.py", ":made"], imports = ["src"], '
            + 'deps = ["@pypi//six"], visibility = ["//visibility:public"])\n'
            + 'genrule(name = "made", outs = ["src/generated.py"], cmd = "echo VALUE = 7 > $@")\n',
            "lib/src/ours/__init__.py": "VALUE = 1\n",
            "app/BUILD.bazel": DEFS
            + 'py_binary(name = "app", srcs = ["app.py"], deps = ["//lib"])\n'
            + 'py_binary(name = "more", srcs = ["app.py"], deps = ["@pypi//idna"])\n'
            + 'py_binary(name = "hidden", srcs = ["nothing.py"], deps = ["@pypi//idna"], tags = ["manual"])\n',
            "app/app.py": "import ours\n",
        }
    )
    return workspace


def sync(repository: RealWorkspace, *argv: str) -> Ran:
    return repository.run("sync", "--index_override=https://packages.example/simple=@default", *argv)


def says(repository: RealWorkspace, code: str) -> str:
    python = repository.root / ".venv" / "bin" / "python"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_editors_find_a_real_directory_with_an_interpreter_and_live_sources(repository: RealWorkspace) -> None:
    done = sync(repository)
    assert done.code == 0, done.stderr
    venv = repository.root / ".venv"
    assert venv.is_dir() and not venv.is_symlink()
    assert says(repository, "import ours, six, idna; print(ours.VALUE, six.VERSION, idna.VERSION)") == "1 1.0 3.0"
    repository.write({"lib/src/ours/__init__.py": "VALUE = 2\n"})
    assert says(repository, "import ours; print(ours.VALUE)") == "2"
    assert says(repository, "import generated; print(generated.VALUE)") == "7"
    home = (venv / "pyvenv.cfg").read_text().splitlines()[0].removeprefix("home = ")
    assert (Path(home) / "python3").exists()
    assert says(repository, "import sys; print(sys.prefix)") == str(venv)
    assert "work-space" in (venv / "pyvenv.cfg").read_text()


def test_uv_lists_what_is_in_it_and_finds_it_complete(repository: RealWorkspace, tmp_path: Path) -> None:
    sync(repository)
    venv = repository.root / ".venv"
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}

    def uv(*words: str) -> str:
        program = str(Path(sys.executable).with_name("uv"))
        command = [program, "pip", *words, "--python", str(venv), "--no-config", "--offline"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert uv("list", "--format=freeze").splitlines() == ["idna==3.0", "six==1.0"]
    uv("check")
    everything = "all(f.locate().exists() for f in m.files('six')) and m.packages_distributions()['six'] == ['six']"
    assert says(repository, f"import importlib.metadata as m; print({everything})") == "True"


PACKAGE: Final = """
[[package]]
name = "{name}"
version = "1.0"
source = {{ registry = "{origin}" }}
wheels = [{{ url = "{origin}/{name}/{filename}", hash = "sha256:{sha256}" }}]
"""
DECLARED: Final = """
load("@aspect_rules_py//py:defs.bzl", "py_unpacked_wheel")
py_unpacked_wheel(
    name = "declared",
    src = "declared-1.0-py3-none-any.whl",
    top_levels = ["declared.py", "declared-1.0.dist-info"],
)
"""


@pytest.fixture
def shared_names(repository: RealWorkspace, index: FakeIndex) -> RealWorkspace:
    """With a distribution whose directories others may share, one whose files are declared, and others to be had."""
    files = {"space/one/__init__.py": "VALUE = 1\n", "space-1.0.data/data/share/space/one.txt": "1"}
    filename = "space-1.0-py3-none-any.whl"
    sha256 = index.add("space", filename, wheel_bytes("space", "1.0", files))
    lock = locked(index, ("six", "1.0"), ("idna", "3.0"), needs=["space"])
    more = {"space/two.py": "VALUE = 2\n", "space_more-1.0.data/data/share/space/two.txt": "2"}
    index.add("space-more", "space_more-1.0-py3-none-any.whl", wheel_bytes("space_more", "1.0", more))
    index.add("six", "six-2.0-py3-none-any.whl", wheel_bytes("six", "2.0", {"six/__init__.py": "VERSION = '2.0'\n"}))
    repository.write({"uv.lock": lock + PACKAGE.format(name="space", origin=ORIGIN, filename=filename, sha256=sha256)})
    (repository.root / "app/declared-1.0-py3-none-any.whl").write_bytes(wheel_bytes("declared"))
    build = (repository.root / "app/BUILD.bazel").read_text()
    build = build.replace('deps = ["//lib"]', 'deps = ["//lib", ":declared", "@pypi//space"]')
    repository.write({"app/BUILD.bazel": build + DECLARED})
    return repository


def linked_trees(repository: RealWorkspace) -> set[Path]:
    trees = (repository.cache / "venvship" / "trees").resolve()
    links = [path.readlink() for path in (repository.root / ".venv").rglob("*") if path.is_symlink()]
    found = {trees / link.relative_to(trees).parts[0] for link in links if link.is_relative_to(trees)}
    assert len(found) > 2
    return found


def stored(repository: RealWorkspace) -> dict[Path, tuple[int, int]]:
    """What of the store the virtualenv leads to, by size and time."""
    files = [path for tree in linked_trees(repository) for path in tree.rglob("*") if not path.is_dir()]
    return {path: (path.lstat().st_size, path.lstat().st_mtime_ns) for path in files}


@pytest.mark.parametrize("program", ["uv", "pip"])
def test_other_installers_change_what_is_in_it_and_nothing_of_the_store(
    program: str, shared_names: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    repository = shared_names
    python = repository.root / ".venv" / "bin" / "python"
    surroundings = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}

    def change(*words: str) -> None:
        chosen = ["--no-config", "--python", str(python)]
        command = [str(Path(sys.executable).with_name("uv")), "pip", words[0], *chosen, *words[1:]]
        if program == "pip":
            yes = ["--yes"] if words[0] == "uninstall" else []
            command = [sys.executable, "-m", "pip", "--python", str(python), words[0], *yes, *words[1:]]
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    assert sync(repository).code == 0
    before = stored(repository)
    offered = ["--index-url", index.simple_url]
    assert says(repository, "import six, space.one as s; print(six.VERSION, s.VALUE)") == "1.0 1"
    change("install", "--upgrade", "six==2.0", "space-more", *offered)
    assert says(repository, "import six, space.one, space.two as s; print(six.VERSION, s.VALUE)") == "2.0 2"
    change("uninstall", "space", "idna", "declared")
    code = "import importlib.util as u; print(*map(u.find_spec, ['idna', 'declared', 'space.one']))"
    assert says(repository, code) == "None None None"
    assert says(repository, "import space.two as s; print(s.VALUE)") == "2"
    assert sync(repository, "--check").code == 1
    assert sync(repository).code == 0
    assert stored(repository) == before
    metadata = "import importlib.metadata as m, six, space.two; print(six.VERSION, m.version('six'))"
    assert says(repository, metadata) == "1.0 1.0"
    assert sync(repository, "--check").code == 0


def test_nothing_is_touched_that_has_not_changed(repository: RealWorkspace) -> None:
    sync(repository)
    venv = repository.root / ".venv"
    before = {path: path.lstat().st_mtime_ns for path in venv.rglob("*")}
    again = sync(repository)
    assert again.code == 0 and "up to date" in again.stderr
    assert {path: path.lstat().st_mtime_ns for path in venv.rglob("*")} == before


def test_check_fails_when_something_is_stale_and_says_what(repository: RealWorkspace) -> None:
    missing = sync(repository, "--check")
    assert missing.code == 1 and "is stale" in missing.stderr and not (repository.root / ".venv").exists()
    sync(repository)
    assert sync(repository, "--check").code == 0
    (repository.root / ".venv" / "bin" / "activate").write_text("")
    stale = sync(repository, "--check")
    assert stale.code == 1 and "~ bin/activate" in stale.stderr and "run `venvship sync`" in stale.stderr
    assert (repository.root / ".venv" / "bin" / "activate").read_text() == ""
    sync(repository)
    assert sync(repository, "--check").code == 0


def test_named_targets_are_all_that_is_in_it(repository: RealWorkspace) -> None:
    sync(repository)
    assert says(repository, "import idna; print(idna.VERSION)") == "3.0"
    assert sync(repository, "--target", "//app:app").code == 0
    assert says(repository, "import importlib.util as u; print(u.find_spec('idna'))") == "None"
    assert sync(repository, "--target=//app:app", "--target=//app:more").code == 0
    assert says(repository, "import idna, six; print(idna.VERSION)") == "3.0"


def test_what_others_install_stays(repository: RealWorkspace) -> None:
    sync(repository)
    [site] = (repository.root / ".venv" / "lib").glob("*/site-packages")
    (site / "own.py").write_text("X = 1\n")
    sync(repository, "--target=//app:app")
    assert (site / "own.py").exists() and says(repository, "import own; print(own.X)") == "1"


def test_somebody_elses_venv_is_left_alone(repository: RealWorkspace) -> None:
    (repository.root / ".venv").mkdir()
    (repository.root / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    done = sync(repository)
    assert done.code == 1
    assert f"`{repository.root / '.venv'}` is there already, and was not made by `venvship sync`" in done.stderr
    assert os.listdir(repository.root / ".venv") == ["pyvenv.cfg"]


def test_a_workspace_that_is_moved_is_told_so_and_synced_again(repository: RealWorkspace) -> None:
    assert sync(repository).code == 0
    repository.root = repository.root.rename(repository.root.with_name("moved work space"))
    assert says(repository, "import six, importlib.util as u; print(six.VERSION, u.find_spec('ours'))") == "1.0 None"
    stale = sync(repository, "--check")
    assert stale.code == 1 and "~ pyvenv.cfg" in stale.stderr and "work-space.pth" in stale.stderr
    assert sync(repository).code == 0
    assert says(repository, "import ours; print(ours.__file__)") == f"{repository.root}/lib/src/ours/__init__.py"
    assert sync(repository, "--check").code == 0


def test_a_type_checker_finds_typed_wheels_namespaces_and_stubs(repository: RealWorkspace, index: FakeIndex) -> None:
    wheels = {
        "typed": {"typed/__init__.py": "def number() -> int: return 1\n", "typed/py.typed": ""},
        "spaced": {"space/one/__init__.py": "def text() -> str: return ''\n", "space/one/py.typed": ""},
        "plain": {"plain.py": "def answer(): return 1\n"},
        "types_plain": {"plain-stubs/__init__.pyi": "def answer() -> bytes: ...\n"},
    }
    names = [name.replace("_", "-") for name in wheels]
    lock = locked(None, needs=names)
    for name, files in wheels.items():
        filename = f"{name}-1.0-py3-none-any.whl"
        project = name.replace("_", "-")
        sha256 = index.add(project, filename, wheel_bytes(project, "1.0", files))
        lock += PACKAGE.format(name=project, origin=ORIGIN, filename=filename, sha256=sha256)
    deps = ", ".join(f'"@pypi//{name}"' for name in wheels)
    repository.write(
        {
            "uv.lock": lock,
            "app/BUILD.bazel": DEFS + f'py_library(name = "app", srcs = ["app.py"], deps = [{deps}])\n',
            "lib/BUILD.bazel": "",
            "app/app.py": "import plain, space.one, typed\n"
            "reveal_type((typed.number(), space.one.text(), plain.answer()))\n",
        }
    )
    assert sync(repository).code == 0
    python = repository.root / ".venv" / "bin" / "python"
    command = [sys.executable, "-m", "mypy", "--python-executable", str(python), "--config-file=", "app/app.py"]
    done = subprocess.run(command, cwd=repository.root, capture_output=True, text=True, check=False)
    assert 'note: Revealed type is "tuple[int, str, bytes]"' in done.stdout.replace("builtins.", ""), done.stdout
    assert done.returncode == 0


def test_clean_leaves_the_interpreter(repository: RealWorkspace) -> None:
    sync(repository)
    assert repository.run("clean", "--expunge").code == 0
    for tree in linked_trees(repository):
        os.utime(tree, (0, 0))
    assert repository.run("clean", "--unused").code == 0
    assert says(repository, "import six; print(six.VERSION)") == "1.0"


REGISTERED = """
load("@rules_python//python:defs.bzl", "py_runtime", "py_runtime_pair")
py_runtime(name = "system_runtime", interpreter_path = "{python}")
py_runtime(name = "source_runtime", interpreter = "python")
[
    (
        py_runtime_pair(name = name + "_pair", py3_runtime = name + "_runtime"),
        toolchain(
            name = name,
            toolchain = name + "_pair",
            toolchain_type = "@rules_python//python:toolchain_type",
        ),
    )
    for name in ["system", "source"]
]
"""


def test_the_interpreter_is_the_one_that_the_workspace_registers(repository: RealWorkspace) -> None:
    python = os.path.realpath(sys.executable)
    module = (repository.root / "MODULE.bazel").read_text() + 'bazel_dep(name = "rules_python", version = "2.2.0")\n'
    repository.write({"MODULE.bazel": module, "own/BUILD.bazel": REGISTERED.format(python=python)})
    (repository.root / "own/python").symlink_to(python)
    for name, place in [("system", Path(python)), ("source", repository.root / "own/python")]:
        done = sync(repository, f"--extra_toolchains=//own:{name}")
        assert done.code == 0, done.stderr
        assert (repository.root / ".venv/bin/python").readlink() == place
        assert says(repository, "import ours, six, sys; print(ours.VALUE, sys.base_prefix)") == f"1 {sys.base_prefix}"
    sync(repository)
    assert (repository.root / ".venv/bin/python").readlink().is_relative_to(repository.cache)
