"""`Target`: configured targets as values of the language."""

from __future__ import annotations

from collections.abc import Hashable

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.starlark_api.action_values import actions_of
from venvship.dataclass import dataclass
from venvship.loading.native_providers import provider_key, provider_name
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo, OutputGroupInfo
from venvship.model.runfiles import Runfiles
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import MISSING, HostType, Value, register, type_name
from venvship.starlark.printer import Printer


@dataclass(frozen=True, slots=True, eq=False)
class FilesToRun:
    """What running a target takes."""

    executable: Artifact | None
    runfiles: Runfiles
    files: Depset[Artifact]


def files_to_run_of(info: DefaultInfo) -> FilesToRun:
    return FilesToRun(info.program, info.default_runfiles, info.files)


def _key(symbol: Value) -> Hashable:
    key = provider_key(symbol)
    if key is None:
        raise EvaluationError(f"type Target only supports indexing by providers, got {type_name(symbol)} instead")
    return key


def _index(target: ConfiguredTarget, symbol: Value) -> object:
    key = _key(symbol)
    found = target.providers.get(key)
    if found is None:
        raise EvaluationError(f"{_shown(target)} doesn't contain declared provider '{provider_name(key)}'")
    return found


def _contains(target: ConfiguredTarget, symbol: Value) -> bool:
    return _key(symbol) in target.providers


def _attribute(target: ConfiguredTarget, name: str) -> object:
    if name == "output_groups":
        return target.providers.get(OutputGroupInfo, MISSING)
    return actions_of(target) if name == "actions" and not target.is_file else MISSING


def _names(target: ConfiguredTarget) -> list[str]:
    # Files have neither.
    groups = ["output_groups"] if OutputGroupInfo in target.providers else []
    return groups if target.is_file else ["actions", *groups]


def _shown(target: ConfiguredTarget) -> str:
    match target.kind:
        case "source file":
            return f"<input file target {target.label}>"
        case "generated file":
            return f"<output file target {target.label}>"
        case kind:
            return f"<target {target.label}> (rule '{kind.removesuffix(' rule')}')"


def _repr(target: ConfiguredTarget, printer: Printer) -> None:
    printer.write(_shown(target).partition(" (rule ")[0])


register(
    ConfiguredTarget,
    HostType(
        name="Target",
        fields={
            "data_runfiles": lambda target: target.default_info.shown_data_runfiles,
            "default_runfiles": lambda target: target.default_info.shown_default_runfiles,
            "files": lambda target: target.default_info.files,
            "files_to_run": lambda target: files_to_run_of(target.default_info),
            "label": lambda target: target.label,
        },
        dynamic_attr=_attribute,
        dynamic_dir=_names,
        index=_index,
        contains=_contains,
        hashable=True,
        repr=_repr,
    ),
)
register(
    FilesToRun,
    HostType(
        name="FilesToRunProvider",
        fields={
            "executable": lambda files: files.executable,
            "repo_mapping_manifest": lambda files: None,
            "runfiles_manifest": lambda files: None,
        },
        hashable=True,
    ),
)
