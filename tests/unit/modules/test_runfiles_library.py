"""The library with which programs find their data."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from venvship.session.repositories import builtin_modules_root


@pytest.fixture(scope="module")
def library() -> ModuleType:
    """The module as programs import it."""
    path = builtin_modules_root() / "rules_python" / "python" / "runfiles" / "runfiles.py"
    spec = importlib.util.spec_from_file_location("runfiles_of_programs", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_files_lie_in_the_directory_that_the_environment_names(library: ModuleType) -> None:
    found = library.Create({"RUNFILES_DIR": "/there/app.runfiles"})
    assert found.Rlocation("_main/app/data.txt") == "/there/app.runfiles/_main/app/data.txt"
    assert found.Rlocation("/absolute") == "/absolute"
    assert found.EnvVars() == dict.fromkeys(("RUNFILES_DIR", "JAVA_RUNFILES"), "/there/app.runfiles")


def test_without_runfiles_there_is_nothing_or_an_error(library: ModuleType) -> None:
    assert library.Create({}) is None
    with pytest.raises(ValueError, match="neither RUNFILES_DIR nor RUNFILES_MANIFEST_FILE is set"):
        library.CreateOrRaise({})


def test_a_manifest_tells_where_files_and_those_in_directories_are(library: ModuleType, tmp_path: Path) -> None:
    manifest = tmp_path / "app.runfiles_manifest"
    manifest.write_text(
        "_main/a.txt /real/a.txt\n_main/dir /real/dir\n _main/with\\sspace /real/with space\n_main/empty \n"
    )
    found = library.Create({"RUNFILES_MANIFEST_FILE": str(manifest), "RUNFILES_DIR": "/not/this"})
    assert found.Rlocation("_main/a.txt") == "/real/a.txt"
    assert found.Rlocation("_main/dir/deep/b.txt") == "/real/dir/deep/b.txt"
    assert found.Rlocation("_main/with space") == "/real/with space"
    assert found.Rlocation("_main/empty") == ""
    assert found.Rlocation("_main/nothing") is None
    assert found.EnvVars()["RUNFILES_DIR"] == str(tmp_path / "app.runfiles")


def test_repositories_have_the_names_that_the_caller_has_for_them(library: ModuleType, tmp_path: Path) -> None:
    tree = tmp_path / "app.runfiles"
    tree.mkdir()
    (tree / "_repo_mapping").write_text(",shop,_main\n,dep,dep+1\ndep+1,dep,other\next+*,dep,third\n")
    found = library.CreateDirectoryBased(str(tree))
    assert found.Rlocation("shop/a") == f"{tree}/_main/a"
    assert found.Rlocation("dep/a") == f"{tree}/dep+1/a"
    assert found.Rlocation("dep/a", source_repo="dep+1") == f"{tree}/other/a"
    assert found.Rlocation("dep/a", "ext+x") == f"{tree}/third/a"
    assert found.Rlocation("_main/a", "ext+x") == f"{tree}/_main/a"


@pytest.mark.parametrize("path", ["", "..", "../a", "a/../b", "./a", "a//b", "a/.", "\\a"])
def test_paths_that_are_not_plain_are_refused(library: ModuleType, path: str) -> None:
    with pytest.raises(ValueError):
        library.CreateDirectoryBased("/r").Rlocation(path)
    with pytest.raises(TypeError):
        library.CreateDirectoryBased("/r").Rlocation(Path("a"))


def test_a_path_begins_at_the_root_and_does_what_paths_do(library: ModuleType, tmp_path: Path) -> None:
    tree = tmp_path / "app.runfiles"
    (tree / "_main" / "app").mkdir(parents=True)
    (tree / "_main" / "app" / "data.txt").write_text("said")
    (tree / "_repo_mapping").write_text(",shop,_main\n")
    found = library.CreateDirectoryBased(str(tree))
    file = found.root() / "shop" / "app/data.txt"
    assert str(file) == f"{tree}/_main/app/data.txt" and file.name == "data.txt"
    assert file.read_text() == "said" and file == found.root().joinpath("shop", "app", "data.txt")
    with open(file) as opened:
        assert opened.read() == "said"
    assert str(found.root()) == str(tree)
    manifest = tmp_path / "MANIFEST"
    manifest.write_text("_main/a.txt /real/a.txt\n")
    root = library.CreateManifestBased(str(manifest)).root(source_repo="")
    assert str(root / "_main/a.txt") == "/real/a.txt"
    with pytest.raises(FileNotFoundError, match=r"`_main/b\.txt` is not among the runfiles"):
        (root / "_main/b.txt").exists()
