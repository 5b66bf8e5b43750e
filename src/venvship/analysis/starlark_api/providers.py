"""Providers that every workspace knows, as `.bzl` files make and read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venvship.analysis.failures import AnalysisFailure, AnalysisFailureInfo
from venvship.analysis.package_specification import PackageSpecificationInfo
from venvship.analysis.starlark_api.targets import files_to_run_of
from venvship.errors import Place
from venvship.loading.depset_values import check_elements
from venvship.loading.label_values import read_label
from venvship.loading.native_providers import NativeProvider, field, native_provider
from venvship.loading.provider_values import StarlarkProvider
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.provider import (
    AnalysisTestResultInfo,
    DefaultInfo,
    ExecutionInfo,
    InstrumentedFilesInfo,
    OutputGroupInfo,
    RunEnvironmentInfo,
    TemplateVariableInfo,
)
from venvship.model.runfiles import EMPTY_RUNFILES, Runfiles
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import MISSING, HostType, Value, register, type_name
from venvship.starlark.iteration import sequence

UNSET_FILES: Depset[Artifact] = Depset()
"""The files of a DefaultInfo whose rule did not say which; told by identity."""


def _make_default_info(
    *,
    files: Depset[Artifact] | None = None,
    runfiles: Runfiles | None = None,
    data_runfiles: Runfiles | None = None,
    default_runfiles: Runfiles | None = None,
    executable: Artifact | None = None,
) -> DefaultInfo:
    if runfiles is not None and (data_runfiles is not None or default_runfiles is not None):
        raise EvaluationError(
            "Cannot specify the provider 'runfiles' together with 'data_runfiles' or 'default_runfiles'"
        )
    return DefaultInfo(
        UNSET_FILES if files is None else _only_files(files, "files"),
        runfiles or default_runfiles or EMPTY_RUNFILES,
        runfiles or data_runfiles or EMPTY_RUNFILES,
        executable,
    )


def _only_files(files: Depset[Artifact], parameter: str) -> Depset[Artifact]:
    check_elements(files, "File", parameter)
    return files


DEFAULT_INFO = native_provider(
    "DefaultInfo",
    DefaultInfo,
    {
        "files": lambda info: None if info.files is UNSET_FILES else info.files,
        "files_to_run": files_to_run_of,
        "default_runfiles": lambda info: info.shown_default_runfiles,
        "data_runfiles": lambda info: info.shown_data_runfiles,
    },
    make=_make_default_info,
)


def _make_output_group_info(**groups: Value) -> OutputGroupInfo:
    made: dict[str, Depset[Artifact]] = {}
    for name, group in groups.items():
        if isinstance(group, Depset):
            made[name] = _only_files(group, name)
            continue
        files = sequence(group)
        for file in files:
            if not isinstance(file, Artifact):
                raise EvaluationError(f"output group '{name}' holds a {type_name(file)}, want File")
        made[name] = Depset(files)
    return OutputGroupInfo(made)


def _group(info: OutputGroupInfo, name: str) -> object:
    return info.groups.get(name, MISSING)


def _group_item(info: OutputGroupInfo, name: Value) -> object:
    if type(name) is not str:
        raise EvaluationError(f"output group names must be strings, got {type_name(name)} instead")
    if name not in info.groups:
        raise EvaluationError(f"output group {name} not present")
    return info.groups[name]


OUTPUT_GROUP_INFO = native_provider(
    "OutputGroupInfo",
    OutputGroupInfo,
    make=_make_output_group_info,
    attribute=_group,
    names=lambda info: info.groups,
    index=_group_item,
    contains=lambda info, name: name in info.groups,
    iterate=lambda info: sorted(info.groups),
)


def _strings(parameter: str, given: Mapping[str, str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for key, value in entries(given):  # type: ignore[arg-type]  # a checked argument: always a Dict
        if type(key) is not str or type(value) is not str:
            raise EvaluationError(
                f"{parameter}: got dict<{type_name(key)}, {type_name(value)}>, want dict<string, string>"
            )
        texts[key] = value
    return texts


def string_dict(parameter: str, given: Mapping[str, str] | None) -> dict[str, str]:
    """A dict argument whose keys and values must be strings."""
    return {} if given is None else _strings(parameter, given)


def _make_run_environment(
    environment: Mapping[str, str] | None = None, inherited_environment: Sequence[str] = ()
) -> RunEnvironmentInfo:
    return RunEnvironmentInfo(string_dict("environment", environment), tuple(inherited_environment))


RUN_ENVIRONMENT_INFO = native_provider(
    "RunEnvironmentInfo",
    RunEnvironmentInfo,
    {"environment": field("environment"), "inherited_environment": field("inherited")},
    make=_make_run_environment,
)


def _make_template_variables(variables: Mapping[str, str], /) -> TemplateVariableInfo:
    return TemplateVariableInfo(string_dict("variables", variables))


TEMPLATE_VARIABLE_INFO = native_provider(
    "TemplateVariableInfo", TemplateVariableInfo, {"variables": field("variables")}, make=_make_template_variables
)


def _make_execution_info(requirements: Mapping[str, str] | None = None, *, exec_group: str = "test") -> ExecutionInfo:
    return ExecutionInfo(string_dict("requirements", requirements), exec_group)


EXECUTION_INFO = native_provider(
    "ExecutionInfo",
    ExecutionInfo,
    {"requirements": field("requirements"), "exec_group": field("exec_group")},
    make=_make_execution_info,
)
INSTRUMENTED_FILES_INFO = native_provider(
    "InstrumentedFilesInfo",
    InstrumentedFilesInfo,
    {
        "instrumented_files": lambda info: info.instrumented_files,
        "metadata_files": lambda info: info.metadata_files,
    },
)


def _make_test_result(*, success: bool, message: str) -> AnalysisTestResultInfo:
    return AnalysisTestResultInfo(success, message)


ANALYSIS_TEST_RESULT_INFO = native_provider(
    "AnalysisTestResultInfo",
    AnalysisTestResultInfo,
    {"success": field("success"), "message": field("message")},
    make=_make_test_result,
)

ANALYSIS_FAILURE_INFO = native_provider("AnalysisFailureInfo", AnalysisFailureInfo, {"causes": field("causes")})
register(
    AnalysisFailure,
    HostType(
        name="AnalysisFailure",
        fields={"label": lambda failure: failure.label, "message": lambda failure: failure.message},
        hashable=True,
    ),
)


def _contains(info: PackageSpecificationInfo, target: str | Label, /) -> bool:
    label = target if isinstance(target, Label) else read_label(target, PackageId(MAIN_REPOSITORY, ""), {"": ""})
    return info.holds(label.package)


PACKAGE_SPECIFICATION_INFO = native_provider(
    "PackageSpecificationInfo", PackageSpecificationInfo, methods={"contains": _contains}
)

_BUILTIN = Label(PackageId("venvship", ""), "builtins")


def builtin_provider(name: str, fields: tuple[str, ...] | None = None) -> StarlarkProvider:
    """A provider as `provider()` makes them, that is there from the start."""
    provider = StarlarkProvider(fields, None, Place("<builtin>"))
    provider.export(_BUILTIN, name)
    return provider


TOOLCHAIN_INFO = builtin_provider("ToolchainInfo")
FEATURE_FLAG_INFO = builtin_provider("FeatureFlagInfo", ("value", "error"))

PROVIDERS: Mapping[str, NativeProvider] = {
    provider.name: provider
    for provider in (
        ANALYSIS_FAILURE_INFO,
        ANALYSIS_TEST_RESULT_INFO,
        DEFAULT_INFO,
        INSTRUMENTED_FILES_INFO,
        OUTPUT_GROUP_INFO,
        PACKAGE_SPECIFICATION_INFO,
        RUN_ENVIRONMENT_INFO,
    )
}
"""Providers that are global names of `.bzl` files."""
