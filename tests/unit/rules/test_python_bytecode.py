"""Bytecode of first-party sources, where somebody asks for it."""

from __future__ import annotations

import pytest
from analysis_workspace import LINUX, AnalysisWorkspace, outputs

from venvship.errors import SeveralErrors
from venvship.model.action import RunTool
from venvship.model.configuration import Configuration
from venvship.model.provider import DefaultInfo
from venvship.rules.python.providers import PyExecutableInfo, PyInfo

FLAG = "@@rules_python//python/config_settings:precompile"
LOADS = 'load("@rules_python//python:defs.bzl", "py_binary", "py_library")\n'
LIBRARY = """
py_library(
    name = "lib", srcs = ["lib.py", "sub/deep.py"], precompile = "enabled", precompile_optimize_level = 2,
    precompile_invalidation_mode = "unchecked_hash")
"""
PLAIN = 'py_library(name = "plain", srcs = ["plain.py"])\n'


def workspace(build: str) -> AnalysisWorkspace:
    names = ("lib.py", "sub/deep.py", "plain.py", "app.py")
    return AnalysisWorkspace({"app/BUILD": LOADS + build, **{f"app/{name}": "" for name in names}})


def runfiles(made: AnalysisWorkspace, label: str = "//app:app", configuration: Configuration = LINUX) -> set[str]:
    """Sources and bytecode beside a program, by their places below its package."""
    entries = made.one(label, configuration)[DefaultInfo].default_runfiles.entries()
    inside = {str(path).removeprefix("_main/app/") for path in entries}
    return {path for path in inside if path.endswith((".py", ".pyc")) and ".venv/" not in path}


def bytecode(made: AnalysisWorkspace, label: str = "//app:app", configuration: Configuration = LINUX) -> set[str]:
    return {path for path in runfiles(made, label, configuration) if path.endswith(".pyc")}


def test_a_library_has_its_sources_compiled_for_all_that_need_it() -> None:
    made = workspace(LIBRARY + 'py_binary(name = "app", srcs = ["app.py"], deps = [":lib"])')
    library = made.one("//app:lib")
    files = ["app/__pycache__/lib.cpython-312.pyc", "app/sub/__pycache__/deep.cpython-312.pyc"]
    assert [file.path for file in library[PyInfo].direct_pyc_files.to_tuple()] == files
    for action in library.actions:
        assert isinstance(action, RunTool) and action.tool == "compile_sources"
        assert (action.request["optimize"], action.request["is_checked"]) == (2, False)
    assert [output.path for action in library.actions for output in action.outputs] == files
    wanted = {"app.py", "lib.py", "sub/deep.py", *(name.removeprefix("app/") for name in files)}
    assert runfiles(made) == wanted


def test_targets_that_share_a_source_share_its_bytecode() -> None:
    compiled = 'srcs = ["lib.py"], precompile = "enabled"'
    build = f"""
py_library(name = "lib", {compiled})
py_binary(name = "app", main = "lib.py", {compiled}, deps = [":lib"])
py_library(name = "other", {compiled}, precompile_optimize_level = 1)
"""
    made = workspace(build)
    made.analyze("//app:lib", "//app:app")
    assert "app/__pycache__/lib.cpython-312.pyc" in str(list(outputs(made.one("//app:app").actions)))
    made.graph()
    made.one("//app:other")
    with pytest.raises(SeveralErrors, match="is made by two targets"):
        made.graph()


def test_bytecode_may_take_the_place_of_sources() -> None:
    build = """
py_library(name = "lib", srcs = ["lib.py"], precompile = "enabled", precompile_source_retention = "omit_source")
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"])
"""
    made = workspace(build)
    info = made.one("//app:lib")[PyInfo]
    assert [file.path for file in info.transitive_sources.to_tuple()] == []
    assert [file.path for file in info.transitive_original_sources.to_tuple()] == ["app/lib.py"]
    assert [file.path for file in made.one("//app:lib")[DefaultInfo].files.to_tuple()] == ["app/lib.pyc"]
    assert runfiles(made) == {"app.py", "lib.pyc"}


def test_a_program_compiles_what_is_left_of_its_closure_if_it_collects_bytecode() -> None:
    deps = 'deps = [":lib", ":plain"]'
    build = f"""
py_binary(name = "app", srcs = ["app.py"], {deps}, pyc_collection = "include_pyc")
py_binary(name = "unsaid", srcs = ["app.py"], main = "app.py", {deps})
py_binary(name = "never", srcs = ["app.py"], main = "app.py", {deps}, pyc_collection = "disabled")
"""
    made = workspace(LIBRARY + PLAIN + build)
    mandatory = {"__pycache__/lib.cpython-312.pyc", "sub/__pycache__/deep.cpython-312.pyc"}
    every = mandatory | {f"__pycache__/{name}.cpython-312.pyc" for name in ("plain", "app")}
    assert bytecode(made) == every
    assert bytecode(made, "//app:unsaid") == mandatory
    flagged = LINUX.with_options({FLAG: '"enabled"'})
    assert bytecode(made, "//app:unsaid", flagged) == every
    assert bytecode(made, "//app:never", flagged) == mandatory
    forced = LINUX.with_options({FLAG: '"force_enabled"'})
    assert bytecode(made, "//app:never", forced) == every
    forbidden = LINUX.with_options({FLAG: '"force_disabled"'})
    assert bytecode(made, "//app:app", forbidden) == set()


def test_a_program_may_start_from_bytecode() -> None:
    build = """
py_binary(
    name = "app", srcs = ["app.py", "lib.py"], precompile = "enabled", precompile_source_retention = "omit_source")
py_binary(name = "other", srcs = ["plain.py"], main = "plain.py", precompile = "enabled")
"""
    made = workspace(build)
    assert runfiles(made) == {"app.pyc", "lib.pyc"}
    main = made.one("//app:app")[PyExecutableInfo].main
    assert main is not None and main.path == "app/app.pyc"
    outputs_of_app = made.one("//app:app")[DefaultInfo].files.to_tuple()
    assert {file.path for file in outputs_of_app} == {"app/app", "app/app.pyc", "app/lib.pyc"}
    assert "plain.py" in runfiles(made, "//app:other")
    flagged = LINUX.with_options({f"{FLAG}_source_retention": '"omit_source"'})
    assert runfiles(made, "//app:other", flagged) == {"plain.pyc"}


def test_sources_are_compared_unless_the_build_is_optimised() -> None:
    made = workspace('py_library(name = "lib", srcs = ["lib.py"], precompile = "enabled")')
    for mode, is_checked in (("", True), ("opt", False)):
        configuration = LINUX.with_options({"compilation_mode": mode})
        [action] = made.one("//app:lib", configuration).actions
        assert isinstance(action, RunTool) and action.request["is_checked"] is is_checked


def test_mistakes_are_told() -> None:
    level = LIBRARY.replace("optimize_level = 2", "optimize_level = 3")
    assert "`precompile_optimize_level` is 0, 1 or 2, not 3" in workspace(level).problems("//app:lib")
    aspect = AnalysisWorkspace(
        {"BUILD": 'load("@aspect_rules_py//py:defs.bzl", "py_library")\npy_library(name = "l", precompile = "enabled")'}
    )
    assert "load py_library from @rules_python//python:defs.bzl, or remove `precompile`" in aspect.problems("//:l")
