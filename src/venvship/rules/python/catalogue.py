"""The rules that Python programs are made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from venvship.loading.rule_class import RuleClass
from venvship.rules.python.binary import program_rules
from venvship.rules.python.console_script import PY_CONSOLE_SCRIPT_MAIN
from venvship.rules.python.described_runtime import PY_RUNTIME, PY_RUNTIME_PAIR
from venvship.rules.python.gazelle import GAZELLE_RULES
from venvship.rules.python.library import NO_PYTHON, library_rule
from venvship.rules.python.members import Members
from venvship.rules.python.program import PYTHON_FILES, PYTHON_INTERPRETER, PYTHON_PROGRAM
from venvship.rules.python.pytest_main import PY_PYTEST_MAIN
from venvship.rules.python.requirements_lock import requirements_lock_rules
from venvship.rules.python.runfiles_library import runfiles_library_rule
from venvship.rules.python.toolchain import (
    CURRENT_PY_TOOLCHAIN,
    DEP_GROUP_FLAG,
    OWN_PY_TOOLCHAIN,
    PY_EXEC_TOOLS_TOOLCHAIN,
    PYTHON_FLAG,
    PYTHON_FULL_FLAG,
    PYTHON_MINOR_FLAG,
    PYTHON_SWITCH,
    PYTHON_VERSION_FLAG,
    PYTHON_ZIP_FLAG,
)
from venvship.rules.python.unpacked_wheel import PY_UNPACKED_WHEEL
from venvship.rules.python.venv import PY_VENV
from venvship.rules.python.venv_link import PY_VENV_LINK
from venvship.rules.python.wheel_building import PY_PACKAGE, PY_WHEEL, PY_WHEEL_DIST, WHL_FILEGROUP
from venvship.rules.python.zipapp import PY_PEX_BINARY, PY_ZIPAPP_BINARY, PY_ZIPAPP_TEST


def python_rules(
    members: Members, uv_program: Callable[[], str], repositories: Callable[[], Mapping[str, str]]
) -> tuple[RuleClass, ...]:
    return (
        *program_rules(),
        library_rule(members),
        NO_PYTHON,
        runfiles_library_rule(repositories),
        *requirements_lock_rules(uv_program),
        *GAZELLE_RULES,
        PY_VENV,
        PY_VENV_LINK,
        PY_PYTEST_MAIN,
        PY_CONSOLE_SCRIPT_MAIN,
        PY_UNPACKED_WHEEL,
        PY_WHEEL,
        PY_WHEEL_DIST,
        PY_PACKAGE,
        WHL_FILEGROUP,
        PY_ZIPAPP_BINARY,
        PY_ZIPAPP_TEST,
        PY_PEX_BINARY,
        PY_RUNTIME,
        PY_RUNTIME_PAIR,
        PY_EXEC_TOOLS_TOOLCHAIN,
        CURRENT_PY_TOOLCHAIN,
        OWN_PY_TOOLCHAIN,
        PYTHON_PROGRAM,
        PYTHON_INTERPRETER,
        PYTHON_FILES,
        PYTHON_FLAG,
        PYTHON_SWITCH,
        PYTHON_ZIP_FLAG,
        PYTHON_VERSION_FLAG,
        PYTHON_MINOR_FLAG,
        PYTHON_FULL_FLAG,
        DEP_GROUP_FLAG,
    )
