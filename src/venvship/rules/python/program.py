"""The interpreter of a version as a program, and its files, for rules that are not about Python."""

from __future__ import annotations

from dataclasses import replace

from venvship.analysis.rule_context import RuleContext
from venvship.launchers.config import Argument, LauncherConfig
from venvship.launchers.template import finalise, template
from venvship.loading.rule_class import RuleClass
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo, TemplateVariableInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import PyRuntimeInfo
from venvship.rules.python.runtime import RUNTIME_ATTRIBUTE
from venvship.rules.python.transitions import python_transition

_ATTRIBUTES = (attributes.string("python_version"), RUNTIME_ATTRIBUTE)


def _python_program(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.targets(RUNTIME_ATTRIBUTE.name)
    program = runtime.default_info.executable
    files = Depset([program] if program is not None else ())
    return [replace(runtime.default_info, files=files), runtime[PyRuntimeInfo], runtime[TemplateVariableInfo]]


def _python_files(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.targets(RUNTIME_ATTRIBUTE.name)
    info = runtime[PyRuntimeInfo]
    runfiles = runtime.default_info.default_runfiles
    return [DefaultInfo(info.files or Depset(), runfiles, runfiles), info, runtime[TemplateVariableInfo]]


def _python_interpreter(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.provided("src", PyRuntimeInfo)
    program = runtime.interpreter
    if program is None:
        program = ctx.declare_file(ctx.label.name)
        config = LauncherConfig((Argument(runtime.interpreter_path or ""),), export_runfiles=False)
        ctx.write(program, finalise(template(ctx.configuration.platform), config), executable=True)
    runfiles = Runfiles(files=Depset([program], [runtime.files] if runtime.files is not None else []))
    return [DefaultInfo(Depset([program]), runfiles, runfiles, program), runtime]


PYTHON_INTERPRETER = RuleClass(
    "python_interpreter",
    (attributes.label("src", providers=(PyRuntimeInfo,), mandatory=True),),
    _python_interpreter,
    is_executable=True,
)
PYTHON_PROGRAM = RuleClass(
    "python_program", _ATTRIBUTES, _python_program, is_executable=True, transition=python_transition
)
PYTHON_FILES = RuleClass("python_files", _ATTRIBUTES, _python_files, transition=python_transition)
