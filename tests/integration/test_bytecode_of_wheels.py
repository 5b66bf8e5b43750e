"""Bytecode of wheels: made for what runs and is shipped, and waited for by nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, RealWorkspace, locked

from venvship.execution.trees import scan_tree

LOADS = DEFS + 'load("@aspect_rules_py//py:defs.bzl", "py_venv_link")\n'
BUILD = """
py_venv(name = "venv", deps = ["@pypi//six"], package_collisions = "error")
py_venv_link(name = "link", venv = ":venv")
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//six"], data = ["@pypi//six"])
py_test(name = "app_test", srcs = ["app_test.py"], deps = ["@pypi//six"])
py_image_layer(name = "layers", binary = ":app")
"""
# Whether six came from bytecode that is there.
ASK = "import os, six; print(six.VERSION, os.path.exists(six.__cached__))"


@pytest.fixture
def repository(workspace: RealWorkspace, index: FakeIndex, tmp_path: Path) -> RealWorkspace:
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB,
            "uv.lock": locked(index, ("six", "1.0"), salt=str(tmp_path)),
            "BUILD.bazel": LOADS + BUILD,
            "app.py": f"{ASK}\n",
            "app_test.py": "import os, six\nassert os.path.exists(six.__cached__)\n",
        }
    )
    return workspace


def unpacked(repository: RealWorkspace) -> Path:
    """Where six lies in the output tree."""
    return repository.root / "venvship-out" / _configuration(repository) / "pypi/six/1.0"


def compiled(repository: RealWorkspace) -> Path:
    return repository.root / "venvship-out" / _configuration(repository) / ".bytecode/pypi/six/1.0"


def _configuration(repository: RealWorkspace) -> str:
    return (repository.root / "venvship-bin").resolve().parent.name


def bytecode_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.rglob("*.pyc"))


def said_by(*command: str | Path) -> str:
    """What a program prints that keeps no bytecode: root may write into the store."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def test_a_venv_is_built_without_bytecode_and_run_with_it(repository: RealWorkspace) -> None:
    repository.built("//:venv")
    assert bytecode_in(unpacked(repository)) == [] and not os.path.lexists(compiled(repository))
    binaries = repository.root / "venvship-bin"
    for python in (binaries / ".venv/bin/python", binaries / "venv"):
        assert said_by(python, "-c", ASK) == "1.0 False"

    ran = repository.run("run", "//:venv", "--", "-c", ASK)
    assert (ran.code, ran.stdout) == (0, "1.0 True\n"), ran.stderr
    [name] = bytecode_in(compiled(repository))
    assert name.startswith("__init__.") and bytecode_in(unpacked(repository)) == []
    again = repository.run("run", "//:venv", "--", "-c", ASK)
    assert again.stdout == "1.0 True\n"

    # The venv in the output tree, whose wheels have no bytecode, is made of the same files.
    site = next(compiled(repository).glob("lib/python*/site-packages/six"))
    plain = unpacked(repository) / site.relative_to(compiled(repository))
    assert (site / "__init__.py").samefile(plain / "__init__.py")
    # What is there is not taken away.
    done = repository.built("//:venv")
    assert done.actions()[:2] == (0, 0)
    assert said_by(binaries / "venv", "-c", ASK) == "1.0 True"

    # What is not there is not made.
    compiled(repository).unlink()
    done = repository.built("//:venv")
    assert done.actions()[:2] == (0, 0) and not os.path.lexists(compiled(repository))
    assert said_by(binaries / "venv", "-c", ASK) == "1.0 False"


def test_programs_tests_and_links_of_a_venv_have_bytecode(repository: RealWorkspace) -> None:
    ran = repository.run("run", "--index_override=https://packages.example/simple=@default", "//:app")
    assert (ran.code, ran.stdout) == (0, "1.0 True\n"), ran.stderr
    assert "WARNING" not in ran.stderr
    done = repository.test("//:app_test")
    assert done.code == 0, done.stderr
    assert repository.test("//:app_test").actions()[0] == 0
    linked = repository.run("run", "//:link")
    assert linked.code == 0, linked.stderr
    assert said_by(Path(linked.stdout.strip()) / "bin/python", "-c", ASK) == "1.0 True"


def test_the_venv_of_editors_has_bytecode(repository: RealWorkspace) -> None:
    done = repository.run("sync", "--index_override=https://packages.example/simple=@default")
    assert done.code == 0, done.stderr
    assert said_by(repository.root / ".venv/bin/python", "-c", ASK) == "1.0 True"


def test_a_venv_that_is_built_beside_programs_has_their_bytecode(repository: RealWorkspace) -> None:
    repository.built("//...")
    assert said_by(repository.root / "venvship-bin/venv", "-c", ASK) == "1.0 True"
    assert repository.run("run", "//:venv", "--", "-c", ASK).stdout == "1.0 True\n"
    assert repository.built("//...").actions()[:2] == (0, 0)


def test_layers_are_the_same_whether_or_not_a_venv_was_built_before(repository: RealWorkspace, tmp_path: Path) -> None:
    def layers() -> dict[str, bytes]:
        found = (repository.root / "venvship-bin").glob("layers_*.json")
        every = [*found, *unpacked(repository).parent.glob("*.layer.json")]
        return {path.name: path.read_bytes() for path in every}

    repository.built("//:venv")
    repository.built("//:layers")
    first = layers()
    assert "1.0.layer.json" in first and len(first) > 2
    repository.cache = tmp_path / "cache"
    repository.built("//:layers")
    repository.built("//:venv")
    assert layers() == first


def test_what_the_store_has_forgotten_of_an_unpacked_wheel_is_read_again(repository: RealWorkspace) -> None:
    repository.built("//:venv")
    name = scan_tree(unpacked(repository).resolve()).digest.sha256
    blob = repository.cache / "venvship/blobs" / name[:2] / name
    before = blob.read_bytes()
    blob.unlink()
    ran = repository.run("run", "//:venv", "--", "-c", ASK)
    assert (ran.code, ran.stdout) == (0, "1.0 True\n"), ran.stderr
    done = repository.run("clean", "--verify")
    assert done.code == 0 and ", 0 of them damaged" in done.stderr
    assert not blob.exists() or blob.read_bytes() == before
