"""Names of Python rules that BUILD files and macros may use without loading them."""

from __future__ import annotations

from analysis_workspace import AnalysisWorkspace

from venvship.loading.package_loader import PackageLoader
from venvship.model.label import Label, PackageId


def kinds(loader: PackageLoader) -> dict[str, str]:
    package = loader.load(PackageId("", ""))
    return {rule.label.name: rule.rule_class.name for rule in package.rules()}


def test_python_rules_need_no_load() -> None:
    files = {"BUILD": 'py_library(name = "l", srcs = ["a.py"])\npy_binary(name = "a", srcs = ["a.py"])\n', "a.py": ""}
    assert kinds(AnalysisWorkspace(files).loader)["l"] == "py_library"
    assert AnalysisWorkspace(files).problems("//:a") == ""


def test_macros_find_them_in_native() -> None:
    files = {
        "x.bzl": 'def m():\n    native.py_library(name = "l", srcs = [])\n',
        "BUILD": 'load(":x.bzl", "m")\nm()\n',
    }
    assert kinds(AnalysisWorkspace(files).loader) == {"l": "py_library"}


def test_a_name_that_is_loaded_is_the_loaded_one() -> None:
    files = {
        "x.bzl": 'def py_library(name):\n    native.filegroup(name = name + "_other")\n',
        "BUILD": 'load(":x.bzl", "py_library")\npy_library(name = "l")\n',
    }
    assert kinds(AnalysisWorkspace(files).loader) == {"l_other": "filegroup"}


def test_nothing_is_loaded_before_somebody_calls() -> None:
    workspace = AnalysisWorkspace({"BUILD": 'filegroup(name = "f")\n'})
    workspace.loader.target(Label(PackageId("", ""), "f"))
    assert workspace.loader.source_line("external/rules_python/python/defs.bzl", 1) is None


def test_what_is_wrong_with_a_call_is_told_where_it_stands() -> None:
    problem = AnalysisWorkspace({"BUILD": 'py_library(name = "l", nope = 1)\n'}).problems("//:l")
    assert problem.startswith("BUILD:1")
    assert "no such attribute 'nope'" in problem


def test_rules_of_other_languages_can_be_declared_and_not_built() -> None:
    files = {
        "x.bzl": 'def m():\n    native.java_library(name = "j", srcs = ["J.java"], nope = select({"//a": 1}))\n',
        "BUILD": 'load(":x.bzl", "m")\nm()\ncc_test(name = "c_test")\nfilegroup(name = "f", srcs = [":j"])\n',
    }
    made = AnalysisWorkspace(files)
    assert set(kinds(made.loader)) == {"j", "c_test", "f"}
    problem = made.problems("//:f")
    assert "BUILD:2:2: `java_library` can't be built: it is for a language that is not built here" in problem
    assert "needed by `//:f` (attribute `srcs`)" in problem
