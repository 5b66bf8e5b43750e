from __future__ import annotations

import tomllib

import pytest

from venvship.wheels.member_layout import code_root, declared_root, installed_entries


@pytest.mark.parametrize(
    ("pyproject", "root"),
    [
        ("", None),
        ('[tool.uv.build-backend]\nmodule-root = ""', "."),
        ('[tool.setuptools.package-dir]\n"" = "lib"', "lib"),
        ('[tool.setuptools.packages.find]\nwhere = ["python"]', "python"),
        ('[tool.setuptools.packages.find]\nwhere = ["one", "two"]', None),
        ('[tool.uv.build-backend]\nmodule-root = "../other"', None),
        ("tool = 3", None),
    ],
)
def test_the_root_of_code_is_what_the_settings_of_a_backend_say(pyproject: str, root: str | None) -> None:
    assert declared_root(tomllib.loads(pyproject)) == root


def test_without_settings_code_is_below_src_or_beside_the_settings() -> None:
    assert code_root(None, has_source_directory=True) == "src"
    assert code_root(None, has_source_directory=False) == "."
    assert code_root("lib", has_source_directory=True) == "lib"


@pytest.mark.parametrize(
    ("root", "taken"),
    [
        ("src", ("data", "my_app", "other.py", "tests")),
        (".", ("my_app",)),
    ],
)
def test_a_root_of_its_own_holds_nothing_but_code(root: str, taken: tuple[str, ...]) -> None:
    names = ["my_app", "other.py", "tests", "data", ".git", "__pycache__", "my_app.egg-info"]
    assert installed_entries("my-app", root, names, lambda name: name in ("my_app", "tests")) == taken


def test_without_a_module_of_its_name_all_modules_are_code_but_those_about_the_project() -> None:
    names = ["one", "two.py", "tests", "setup.py", "README.md", "data"]
    assert installed_entries("shop", ".", names, lambda name: name in ("one", "tests")) == ("one", "two.py")
