"""Interpreters as Make variables, and the settings of rule sets."""

from __future__ import annotations

from venvship.analysis.build_settings import BuildSettingValueInfo
from venvship.analysis.rule_context import RuleContext
from venvship.loading.attributes import AttributeType
from venvship.loading.rule_class import BuildSetting, RuleClass
from venvship.model.configuration import PYTHON_VERSION
from venvship.model.provider import DefaultInfo, TemplateVariableInfo
from venvship.rules import attributes
from venvship.rules.python.providers import PyRuntimeInfo
from venvship.rules.python.runtime import RUNTIME_ATTRIBUTE


def _current_py_toolchain(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.targets(RUNTIME_ATTRIBUTE.name)
    return [runtime.default_info, runtime[PyRuntimeInfo], runtime[TemplateVariableInfo]]


CURRENT_PY_TOOLCHAIN = RuleClass("current_py_toolchain", (RUNTIME_ATTRIBUTE,), _current_py_toolchain)


def _python_flag(ctx: RuleContext) -> list[object]:
    return [DefaultInfo()]


PYTHON_FLAG = RuleClass(
    "python_flag",
    (attributes.string("build_setting_default"),),
    _python_flag,
    build_setting=BuildSetting(AttributeType.STRING, is_flag=True),
)


def _python_version_flag(ctx: RuleContext) -> list[object]:
    return [DefaultInfo(), BuildSettingValueInfo(ctx.label, ctx.configuration.get(PYTHON_VERSION))]


def _python_minor_flag(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.provided(RUNTIME_ATTRIBUTE.name, PyRuntimeInfo)
    return [DefaultInfo(), BuildSettingValueInfo(ctx.label, str(runtime.version))]


# These are one option of the configuration under several names, so they are no settings of their own.
PYTHON_VERSION_FLAG = RuleClass("python_version_flag", (), _python_version_flag)
PYTHON_MINOR_FLAG = RuleClass("python_minor_flag", (RUNTIME_ATTRIBUTE,), _python_minor_flag)


def _refused(ctx: RuleContext) -> list[object]:
    raise ctx.error(
        f"`{ctx.target.rule_class.name}` is not supported: interpreters come from the extensions of MODULE.bazel",
        hint='use `python.toolchain(python_version = "3.12")`, which also takes one that the machine has',
    )


_RUNTIME_ATTRIBUTES = (
    attributes.label("interpreter", files=True),
    attributes.string("interpreter_path"),
    attributes.labels("files", files=True),
    attributes.string("abi_flags"),
    attributes.string("implementation_name"),
    attributes.string("pyc_tag"),
    attributes.string("python_version"),
    attributes.string("stub_shebang"),
    attributes.string_dict("interpreter_version_info"),
    attributes.boolean("supports_build_time_venv", True),
    attributes.label("bootstrap_template", files=True),
    attributes.label("coverage_tool", files=True),
    attributes.label("site_init_template", files=True),
    attributes.label("stage2_bootstrap_template", files=True),
    attributes.label("zip_main_template", files=True),
)
PY_RUNTIME = RuleClass("py_runtime", _RUNTIME_ATTRIBUTES, _refused)
PY_RUNTIME_PAIR = RuleClass(
    "py_runtime_pair", (attributes.label("py2_runtime"), attributes.label("py3_runtime")), _refused
)
