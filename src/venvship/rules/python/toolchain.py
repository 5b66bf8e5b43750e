"""Interpreters as Make variables, and the settings of rule sets."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from venvship.analysis.build_settings import BuildSettingValueInfo
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.providers import TOOLCHAIN_INFO
from venvship.loading.attributes import AttributeType
from venvship.loading.config_module import EXEC
from venvship.loading.provider_values import ProviderInstance
from venvship.loading.rule_class import BuildSetting, ExecGroup, RuleClass
from venvship.model.configuration import DEP_GROUP, PYTHON_VERSION
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo, TemplateVariableInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import InterpreterInfo, PyRuntimeInfo
from venvship.rules.python.registered_runtime import PYTHON_TOOLCHAIN, registered_runtime
from venvship.rules.python.runtime import RUNTIME_ATTRIBUTE, RUNTIME_LABEL
from venvship.rules.python.settings import PYTHON_ZIP
from venvship.starlark.host_types import Value
from venvship.starlark.structs import Struct


def toolchain_info(**fields: Value) -> ProviderInstance:
    """What `ctx.toolchains[...]` answers in `.bzl` files."""
    return ProviderInstance(TOOLCHAIN_INFO, fields)


def _own_py_toolchain(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.targets(RUNTIME_ATTRIBUTE.name)
    info = runtime[PyRuntimeInfo]
    answer = toolchain_info(py2_runtime=None, py3_runtime=info)
    return [replace(runtime.default_info, executable=None), info, runtime[TemplateVariableInfo], answer]


def _current_py_toolchain(ctx: RuleContext) -> list[object]:
    [own] = ctx.targets(RUNTIME_ATTRIBUTE.name)
    info = registered_runtime(ctx)
    if info is None or info is own[PyRuntimeInfo]:
        return _own_py_toolchain(ctx)
    files = Depset([info.interpreter] if info.interpreter is not None else (), [info.files] if info.files else ())
    runfiles = Runfiles(files=files)
    place, root_path = info.interpreter_path or "", info.interpreter_path or ""
    if info.interpreter is not None:
        place, root_path = info.interpreter.exec_path, info.interpreter.short_path
    return [
        DefaultInfo(files, runfiles, runfiles),
        info,
        TemplateVariableInfo({"PYTHON3": place, "PYTHON3_ROOTPATH": root_path}),
        toolchain_info(py2_runtime=None, py3_runtime=info),
    ]


# What is registered when nothing else is, and what of all that is registered fits: the first may not ask for itself.
OWN_PY_TOOLCHAIN = RuleClass("own_py_toolchain", (RUNTIME_ATTRIBUTE,), _own_py_toolchain)
CURRENT_PY_TOOLCHAIN = RuleClass(
    "current_py_toolchain", (RUNTIME_ATTRIBUTE,), _current_py_toolchain, actions=ExecGroup((PYTHON_TOOLCHAIN,))
)


def _exec_tools(ctx: RuleContext) -> list[object]:
    named = ctx.target_or_none("exec_interpreter")
    runtime = named if named is not None else ctx.targets(_EXEC_RUNTIME.name)[0]
    precompiler = ctx.target_or_none("precompiler")
    tools = Struct(
        {"exec_interpreter": runtime, "exec_runtime": runtime.get(PyRuntimeInfo), "precompiler": precompiler}
    )
    return [DefaultInfo(), toolchain_info(exec_tools=tools)]


_EXEC_RUNTIME = attributes.label("_exec_runtime", default=RUNTIME_LABEL, providers=(InterpreterInfo,), transition=EXEC)
PY_EXEC_TOOLS_TOOLCHAIN = RuleClass(
    "py_exec_tools_toolchain",
    (
        attributes.label("exec_interpreter", files=True, transition=EXEC),
        attributes.label("precompiler", files=True, transition=EXEC),
        _EXEC_RUNTIME,
    ),
    _exec_tools,
)


def _python_flag(ctx: RuleContext) -> list[object]:
    return [DefaultInfo()]


PYTHON_FLAG = RuleClass(
    "python_flag",
    (attributes.string("build_setting_default"),),
    _python_flag,
    build_setting=BuildSetting(AttributeType.STRING, is_flag=True),
)
PYTHON_SWITCH = RuleClass(
    "python_switch",
    (attributes.boolean("build_setting_default"),),
    _python_flag,
    build_setting=BuildSetting(AttributeType.BOOL, is_flag=True),
)


# Files name this setting, and others the flag of the command line that it was.
PYTHON_ZIP_FLAG = RuleClass(
    "python_zip_flag",
    PYTHON_SWITCH.own_attributes,
    _python_flag,
    build_setting=BuildSetting(AttributeType.BOOL, is_flag=True, option=PYTHON_ZIP),
)


def _python_minor_flag(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.provided(RUNTIME_ATTRIBUTE.name, InterpreterInfo)
    return [DefaultInfo(), BuildSettingValueInfo(ctx.label, str(runtime.version))]


def _python_full_flag(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.provided(RUNTIME_ATTRIBUTE.name, InterpreterInfo)
    return [DefaultInfo(), BuildSettingValueInfo(ctx.label, runtime.full_version)]


# These are one option of the configuration under several names, so they are no settings of their own.
PYTHON_VERSION_FLAG = RuleClass(
    "python_version_flag",
    PYTHON_FLAG.own_attributes,
    _python_flag,
    build_setting=BuildSetting(AttributeType.STRING, is_flag=True, option=PYTHON_VERSION),
)
DEP_GROUP_LABEL: Final = "@@aspect_rules_py//uv/private/constraints/dep_group:dep_group"
DEP_GROUP_FLAG = RuleClass(
    "dep_group_flag",
    PYTHON_FLAG.own_attributes,
    _python_flag,
    build_setting=BuildSetting(AttributeType.STRING, is_flag=True, option=DEP_GROUP),
)
PYTHON_MINOR_FLAG = RuleClass("python_minor_flag", (RUNTIME_ATTRIBUTE,), _python_minor_flag)
PYTHON_FULL_FLAG = RuleClass("python_full_flag", (RUNTIME_ATTRIBUTE,), _python_full_flag)
