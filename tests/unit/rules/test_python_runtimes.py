"""Interpreters as toolchains: those of MODULE.bazel, and those that BUILD files describe."""

from __future__ import annotations

import pytest
from analysis_workspace import AnalysisWorkspace

from venvship.model.action import ForestFile, ForestLink, RunTool
from venvship.model.label import Label, PackageId
from venvship.rules.python.providers import InterpreterVersion, PyExecutableInfo, PyRuntimeInfo, VirtualenvInfo

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
    files = {"BUILD": LOADS + build, "ask.bzl": ASK, "py.sh": "", "lib.txt": "", "two.txt": "", "two.py": ""}
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
    build = 'py_runtime(name = "runtime", interpreter = "py.sh", files = ["lib.txt"], coverage_tool = "two.py")'
    target = workspace(build).one("//:runtime")
    runtime = target[PyRuntimeInfo]
    assert runtime.interpreter is not None and runtime.interpreter.path == "py.sh"
    assert runtime.files is not None and {file.path for file in runtime.files.to_tuple()} == {"py.sh", "lib.txt"}
    assert runtime.coverage_tool is not None and runtime.coverage_tool.path == "two.py"
    assert runtime.interpreter_path is None


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ('py_runtime(name = "x")', "a runtime has either `interpreter` or `interpreter_path`"),
        (
            'py_runtime(name = "x", interpreter = "py.sh", interpreter_path = "/p")',
            "a runtime has either `interpreter` or `interpreter_path`",
        ),
        (
            'py_runtime(name = "x", interpreter_path = "/p", coverage_tool = "lib.txt")',
            "`coverage_tool` is `//:lib.txt`, which is not one file that an interpreter can import",
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


PROGRAM = """
load("@aspect_rules_py//py:defs.bzl", "py_binary", "py_pex_binary")
py_binary(name = "app", srcs = ["app.py"])
py_runtime_pair(name = "pair", py3_runtime = ":runtime")
toolchain(name = "own", toolchain = ":pair", toolchain_type = "@rules_python//python:toolchain_type")
"""


def of_program(build: str) -> AnalysisWorkspace:
    files = {"BUILD": LOADS + build + PROGRAM, "ask.bzl": ASK, "py.sh": "", "lib.txt": "", "app.py": ""}
    return AnalysisWorkspace(files, toolchains=[Label(PackageId("", ""), "own"), *BUILTIN])


def leads_to(info: PyExecutableInfo | VirtualenvInfo, name: str) -> str:
    """What a link of the venv says, or a file of it."""
    venv = info if isinstance(info, VirtualenvInfo) else info.venv
    [entry] = [entry for entry in venv.forest if entry.artifact.path.endswith(f".venv/{name}")]
    match entry:
        case ForestLink():
            return entry.text
        case ForestFile():
            return entry.content.decode()


def test_programs_run_with_a_registered_interpreter_of_the_system() -> None:
    made = of_program(
        'py_runtime(name = "runtime", interpreter_path = "/opt/py/bin/python3", '
        'interpreter_version_info = {"major": "3", "minor": "14"})'
    )
    target = made.one("//:app")
    program = target[PyExecutableInfo]
    assert leads_to(program, "bin/python") == "/opt/py/bin/python3"
    assert leads_to(program, "bin/python3.14") == "python"
    assert "home = /opt/py/bin\n" in leads_to(program, "pyvenv.cfg")
    assert program.interpreter_path == "/opt/py/bin/python3"
    assert program.interpreter_runfiles.entries() == {}
    assert target[PyRuntimeInfo].interpreter_path == "/opt/py/bin/python3"
    assert not any("python_interpreters" in path for path in target.default_info.default_runfiles.entries())


def test_programs_run_with_a_registered_interpreter_of_the_workspace_and_carry_its_files() -> None:
    made = of_program('py_runtime(name = "runtime", interpreter = "py.sh", files = ["lib.txt"])')
    target = made.one("//:app")
    program = target[PyExecutableInfo]
    assert leads_to(program, "bin/python") == "../../py.sh"
    assert "home = \n" in leads_to(program, "pyvenv.cfg")
    assert sorted(program.interpreter_runfiles.entries()) == ["_main/lib.txt", "_main/py.sh"]
    assert {"_main/lib.txt", "_main/py.sh"} <= set(target.default_info.default_runfiles.entries())


@pytest.mark.parametrize(
    ("runtime", "told"),
    [
        ("supports_build_time_venv = False", "`//:pair` has `supports_build_time_venv = False`"),
        ('implementation_name = "pypy"', "the interpreter of `//:pair` is pypy, and virtualenvs are those of CPython"),
    ],
)
def test_interpreters_that_no_venv_can_be_made_for_are_refused(runtime: str, told: str) -> None:
    made = of_program(f'py_runtime(name = "runtime", interpreter_path = "/p", {runtime})')
    assert told in made.problems("//:app")


def test_a_registered_toolchain_without_a_runtime_is_refused() -> None:
    made = of_program("").problems("//:app")
    assert "`//:runtime`" in made
    empty = AnalysisWorkspace(
        {"BUILD": LOADS + PROGRAM.replace(', py3_runtime = ":runtime"', ""), "ask.bzl": ASK, "app.py": ""},
        toolchains=[Label(PackageId("", ""), "own"), *BUILTIN],
    )
    assert "the toolchain `//:pair` has no runtime of Python 3" in empty.problems("//:app")


def test_a_program_for_the_python_that_starts_it_leads_there_and_not_to_a_registered_interpreter() -> None:
    pex = AnalysisWorkspace(
        {
            "BUILD": LOADS
            + 'py_runtime(name = "runtime", interpreter_path = "/p/bin/python3")'
            + PROGRAM
            + 'py_pex_binary(name = "pex", binary = ":app")',
            "ask.bzl": ASK,
            "app.py": "",
        },
        toolchains=[Label(PackageId("", ""), "own"), *BUILTIN],
    )
    [action] = [action for action in pex.one("//:pex").actions if isinstance(action, RunTool)]
    text = str(action.request)
    assert "'relinked': '_main/._app.venv/bin/python'" in text and "'at': '_main/._app.venv/bin/python'" not in text
    assert "{'at': '_main/._app.venv/pyvenv.cfg', 'text': 'home = \\nimplementation" in text
    assert "/p/bin" not in text


def test_a_target_may_name_toolchains_that_are_tried_first() -> None:
    build = """
load("@rules_python//python:defs.bzl", _binary = "py_binary")
py_runtime(name = "runtime", interpreter_path = "/opt/python3")
py_runtime_pair(name = "pair", py3_runtime = ":runtime")
toolchain(name = "own", toolchain = ":pair", toolchain_type = "@rules_python//python:toolchain_type")
_binary(name = "app", srcs = ["app.py"], config_settings = {"//command_line_option:extra_toolchains": "//:own"})
_binary(name = "plain", srcs = ["plain.py"])
"""
    made = AnalysisWorkspace({"BUILD": LOADS + build, "ask.bzl": ASK, "app.py": "", "plain.py": ""}, toolchains=BUILTIN)
    assert made.one("//:app")[PyExecutableInfo].interpreter_path == "/opt/python3"
    assert made.one("//:plain")[PyExecutableInfo].interpreter_path.startswith("python_interpreters/")


MADE = """
load("@rules_python//python:py_runtime_info.bzl", "PyRuntimeInfo")

def _runtime(ctx):
    info = PyRuntimeInfo({given})
    print(info.interpreter_path, info.files, info.stub_shebang, info.interpreter_version_info.minor)
    return [platform_common.ToolchainInfo(py3_runtime = info)]

runtime = rule(_runtime, attrs = {{"file": attr.label(allow_single_file = True)}})
"""
SYSTEM = (
    'interpreter_path = "/p/python3", python_version = "PY3", interpreter_version_info = {"major": 3, "minor": "14"}'
)


def of_bzl(given: str) -> AnalysisWorkspace:
    build = """
load(":runtime.bzl", "runtime")
load("@aspect_rules_py//py:defs.bzl", "py_binary")
runtime(name = "pair", file = "lib.txt")
toolchain(name = "own", toolchain = ":pair", toolchain_type = "@rules_python//python:toolchain_type")
py_binary(name = "app", srcs = ["app.py"])
"""
    files = {"BUILD": build, "runtime.bzl": MADE.format(given=given), "lib.txt": "", "app.py": ""}
    return AnalysisWorkspace(files, toolchains=[Label(PackageId("", ""), "own"), *BUILTIN])


def test_a_rule_of_a_workspace_can_make_the_runtime_that_programs_run_with() -> None:
    made = of_bzl(SYSTEM)
    assert made.one("//:app")[PyExecutableInfo].interpreter_path == "/p/python3"
    assert made.printed == ["/p/python3 None #!/usr/bin/env python3 14"]
    inside = of_bzl(
        'interpreter = ctx.file.file, python_version = "PY3", interpreter_version_info = {"major": 3, "minor": 12}'
    )
    assert list(inside.one("//:app")[PyExecutableInfo].interpreter_runfiles.entries()) == ["_main/lib.txt"]
    with_files = of_bzl(
        'interpreter = ctx.file.file, python_version = "PY3", files = depset([ctx.file.file]), '
        'interpreter_version_info = {"major": 3, "minor": 12}'
    )
    with_files.one("//:app")
    assert "lib.txt" in with_files.printed[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ('python_version = "PY3"', "exactly one of interpreter or interpreter_path must be specified"),
        (f"{SYSTEM}, interpreter = ctx.file.file", "exactly one of interpreter or interpreter_path must be specified"),
        (f"{SYSTEM}, files = depset()", "cannot specify 'files' if 'interpreter_path' is given"),
        (f"{SYSTEM}, coverage_tool = ctx.file.file", "coverage_tool and coverage_files must both be set"),
        ('interpreter_path = "/p", python_version = "3"', "invalid python_version: '3'"),
        ('interpreter_path = "/p"', "python_version"),
        (f"{SYSTEM}, colour = 1", "colour"),
        (f"{SYSTEM}, abi_flags = 1", "abi_flags"),
        (
            'interpreter_path = "/p", python_version = "PY3", interpreter_version_info = {"minor": 3}',
            "interpreter_version_info lacks `major` or `minor`",
        ),
    ],
)
def test_mistaken_values_of_a_runtime_are_refused(given: str, told: str) -> None:
    assert told in of_bzl(given).problems("//:app")
