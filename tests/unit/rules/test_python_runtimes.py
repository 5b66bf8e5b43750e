"""Interpreters as toolchains: those of MODULE.bazel, and those that BUILD files describe."""

from __future__ import annotations

import pytest
from analysis_workspace import AnalysisWorkspace

from venvship.model.label import Label, PackageId
from venvship.rules.python.providers import InterpreterVersion, PyRuntimeInfo

LOADS = """
load(":ask.bzl", "ask")
load("@rules_python//python:defs.bzl", "py_runtime", "py_runtime_pair")
load("@rules_python//python:py_exec_tools_toolchain.bzl", "py_exec_tools_toolchain")
ask(name = "asks")
"""
ASK = """
TYPE = "@rules_python//python:toolchain_type"
TOOLS = "@rules_python//python:exec_tools_toolchain_type"

def _ask(ctx):
    runtime = ctx.toolchains[TYPE].py3_runtime
    version = runtime.interpreter_version_info
    print(runtime.interpreter.short_path if runtime.interpreter else runtime.interpreter_path, version.minor)
    print(ctx.toolchains[TYPE].py2_runtime, [file.short_path for file in (runtime.files or depset()).to_list()])
    tools = ctx.toolchains[TOOLS].exec_tools
    print(tools.exec_interpreter[DefaultInfo].files_to_run.executable.short_path, tools.precompiler)
    print(tools.exec_runtime.interpreter.short_path)

ask = rule(_ask, toolchains = [TYPE, TOOLS])
"""
BUILTIN = [Label(PackageId("rules_python", "python/toolchains"), name) for name in ("python", "exec_tools")]


def workspace(build: str = "", *, first: str = "") -> AnalysisWorkspace:
    own = [Label(PackageId("", ""), first)] if first else []
    files = {"BUILD": LOADS + build, "ask.bzl": ASK, "py.sh": "", "lib.txt": "", "two.txt": ""}
    return AnalysisWorkspace(files, toolchains=[*own, *BUILTIN])


def test_rules_get_an_interpreter_that_actions_can_run_by_asking_for_its_type() -> None:
    made = workspace()
    made.one("//:asks")
    inside = "../python_interpreters"
    assert made.printed == [
        f"{inside}/start-3.12.4/python3 12",
        f'None ["{inside}/3.12.4", "{inside}/start-3.12.4/python3"]',
        f"{inside}/start-3.12.4/python3 None",
        f"{inside}/start-3.12.4/python3",
    ]


def test_a_described_runtime_comes_before_those_of_the_build() -> None:
    build = """
py_runtime(name = "runtime", interpreter_path = "/opt/python3", interpreter_version_info = {
    "major": "3", "minor": "14", "micro": "2", "releaselevel": "beta", "serial": "1"})
py_runtime_pair(name = "pair", py3_runtime = ":runtime")
toolchain(name = "own", toolchain = ":pair", toolchain_type = "@rules_python//python:toolchain_type")
"""
    made = workspace(build, first="own")
    made.one("//:asks")
    assert made.printed[:2] == ["/opt/python3 14", "None []"]
    runtime = made.one("//:runtime")[PyRuntimeInfo]
    assert runtime.interpreter_version_info == InterpreterVersion(3, 14, 2, "beta", 1)
    assert (runtime.pyc_tag, runtime.files, runtime.interpreter) == ("cpython-314", None, None)


def test_a_described_runtime_may_be_a_program_with_files() -> None:
    build = 'py_runtime(name = "runtime", interpreter = "py.sh", files = ["lib.txt"], coverage_tool = "two.txt")'
    target = workspace(build).one("//:runtime")
    runtime = target[PyRuntimeInfo]
    assert runtime.interpreter is not None and runtime.interpreter.path == "py.sh"
    assert runtime.files is not None and {file.path for file in runtime.files.to_tuple()} == {"py.sh", "lib.txt"}
    assert runtime.coverage_tool is not None and runtime.coverage_tool.path == "two.txt"
    assert runtime.interpreter_path is None


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ('py_runtime(name = "x")', "a runtime has either `interpreter` or `interpreter_path`"),
        (
            'py_runtime(name = "x", interpreter = "py.sh", interpreter_path = "/p")',
            "a runtime has either `interpreter` or `interpreter_path`",
        ),
        ('py_runtime(name = "x", interpreter_path = "bin/python")', "`bin/python`, which is no absolute path"),
        (
            'py_runtime(name = "x", interpreter_path = "/p", files = ["lib.txt"])',
            "an interpreter of the system has none",
        ),
        ('py_runtime(name = "x", interpreter_path = "/p", python_version = "PY2")', "a runtime is PY3, not `PY2`"),
        (
            'py_runtime(name = "x", interpreter_path = "/p", interpreter_version_info = {"major": "3"})',
            "`interpreter_version_info` lacks `major` or `minor`",
        ),
        (
            'py_runtime(name = "x", interpreter_path = "/p", interpreter_version_info = {"patch": "3"})',
            "has `patch`; it takes major, minor, micro, serial, releaselevel",
        ),
        (
            'py_runtime(name = "x", interpreter_path = "/p", interpreter_version_info = {"major": "3", "minor": "x"})',
            "has `x` for `minor`, which is no number",
        ),
        (
            'py_runtime(name = "y", interpreter_path = "/p")\npy_runtime_pair(name = "x", py2_runtime = ":y")',
            "`py2_runtime` is set, and Python 2 is not supported",
        ),
        (
            'filegroup(name = "y", srcs = ["lib.txt", "two.txt"])\npy_runtime(name = "x", interpreter = ":y")',
            "`interpreter`",
        ),
    ],
)
def test_mistaken_runtimes_are_refused(build: str, told: str) -> None:
    assert told in workspace(build).problems("//:x")
