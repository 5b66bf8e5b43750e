"""The names of `.bzl` files that analysis gives a meaning: `rule`, `attr`, `DefaultInfo` and their like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venvship.analysis.instrumented_files import instrumented_files
from venvship.analysis.starlark_api.actions import Actions
from venvship.analysis.starlark_api.aspect_function import StarlarkAspect
from venvship.analysis.starlark_api.context import StarlarkContext, register_context
from venvship.analysis.starlark_api.providers import (
    EXECUTION_INFO,
    FEATURE_FLAG_INFO,
    PROVIDERS,
    TEMPLATE_VARIABLE_INFO,
    TOOLCHAIN_INFO,
)
from venvship.analysis.starlark_api.rule_function import Environment, OurImplementation, StarlarkImplementation
from venvship.analysis.starlark_api.subrules import call_subrule
from venvship.loading.analysis_tests import analysis_test_builtin, analysis_test_transition_builtin
from venvship.loading.aspect_module import aspect_builtin
from venvship.loading.attr_module import ATTR
from venvship.loading.config_module import CONFIG, configuration_field
from venvship.loading.macro_definition import macro_builtin
from venvship.loading.native_providers import ForeignProvider, NativeProvider
from venvship.loading.rule_definition import exec_group, read_requirements, rule_builtin, toolchain_type
from venvship.loading.subrule_definition import SubruleDefinition, subrule_builtin
from venvship.loading.transition_module import transition_builtin
from venvship.model.provider import InstrumentedFilesInfo
from venvship.starlark.builtin import builtin
from venvship.starlark.host_types import Value
from venvship.starlark.structs import Struct

FOREIGN_PROVIDERS = (
    "CcInfo",
    "CcToolchainConfigInfo",
    "DebugPackageInfo",
    "JavaInfo",
    "JavaPluginInfo",
    "ProtoInfo",
)
"""Providers of languages that are not built here; files may mention them, and nothing has them."""


def bzl_names(environment: Environment, rule_providers: Mapping[str, NativeProvider]) -> dict[str, Value]:
    """What `.bzl` files see beside the names that loading gives them.

    `rule_providers` are providers of built-in rules: global names, or members of `platform_common` for its own.
    """
    platform = {name: provider for name, provider in rule_providers.items() if name in _OF_PLATFORM}
    others = {name: provider for name, provider in rule_providers.items() if name not in _OF_PLATFORM}

    def implementation(function: Value, subrules: tuple[SubruleDefinition, ...], parent: object) -> object:
        extended = parent if parent is None or isinstance(parent, StarlarkImplementation) else OurImplementation(parent)
        return StarlarkImplementation(function, environment, subrules, extended)

    def aspect(function: Value, subrules: tuple[SubruleDefinition, ...]) -> object:
        return StarlarkAspect(function, environment, subrules)

    rule = rule_builtin(implementation, environment.evaluator)
    return {
        **{name: ForeignProvider(name) for name in FOREIGN_PROVIDERS},
        **PROVIDERS,
        **others,
        "analysis_test_transition": analysis_test_transition_builtin(environment.evaluator),
        "aspect": aspect_builtin(aspect, environment.evaluator),
        "attr": ATTR,
        "config": CONFIG,
        "config_common": Struct({"FeatureFlagInfo": FEATURE_FLAG_INFO, "toolchain_type": toolchain_type}),
        "configuration_field": configuration_field,
        "coverage_common": Struct({"instrumented_files_info": _instrumented_files_info}),
        "exec_group": exec_group,
        "macro": macro_builtin(environment.evaluator),
        "platform_common": Struct(
            {"TemplateVariableInfo": TEMPLATE_VARIABLE_INFO, "ToolchainInfo": TOOLCHAIN_INFO, **platform}
        ),
        "rule": rule,
        "subrule": subrule_builtin(call_subrule, read_requirements),
        "transition": transition_builtin(environment.evaluator),
        "testing": Struct(
            {
                "ExecutionInfo": EXECUTION_INFO,
                "TestEnvironment": PROVIDERS["RunEnvironmentInfo"],
                "analysis_test": analysis_test_builtin(rule),
            }
        ),
    }


_OF_PLATFORM = frozenset({"ConstraintSettingInfo", "ConstraintValueInfo", "PlatformInfo"})


@builtin("instrumented_files_info")
def _instrumented_files_info(
    ctx: StarlarkContext,
    *,
    coverage_support_files: Value = (),
    coverage_environment: Value = None,
    source_attributes: Sequence[str] = (),
    dependency_attributes: Sequence[str] = (),
    extensions: Sequence[str] | None = None,
    metadata_files: Value = (),
    baseline_coverage_files: Value = None,
) -> InstrumentedFilesInfo:
    return instrumented_files(
        ctx.rule,
        source_attributes=source_attributes,
        dependency_attributes=dependency_attributes,
        extensions=extensions,
    )


register_context(Actions)
