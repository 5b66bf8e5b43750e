"""`ctx.configuration` and `ctx.fragments`: what a target is built for, as far as rules may know."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.analysis.instrumented_files import collects_coverage
from venvship.analysis.native_options import PLATFORMS
from venvship.analysis.platforms import HOST
from venvship.model.configuration import Configuration
from venvship.model.label import Label
from venvship.model.workspace_status import is_stamped
from venvship.starlark.errors import EvaluationError
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import HostType, Value, register
from venvship.starlark.structs import Struct
from venvship.starlark.values import Dict

DEFAULT_SHELL_ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
"""What actions get with `use_default_shell_env`; it is the same on every machine."""


class ConfigurationValue:
    __slots__ = ("configuration",)

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration


class FragmentsValue:
    __slots__ = ("configuration",)

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration


def _frozen_dict(values: Mapping[str, str]) -> Value:
    made = Dict(values)
    freeze(made)
    return made


def _fragment(fragments: FragmentsValue, name: str) -> object:
    configuration = fragments.configuration
    match name:
        case "platform":
            label = configuration.get(PLATFORMS)
            platform = Label.parse(label, relative_to=HOST.package) if label else HOST
            return Struct({"host_platform": HOST, "platform": platform})
        case "py":
            is_packed = configuration.get("build_python_zip") == "true"
            return Struct({"default_python_version": "PY3", "build_python_zip": is_packed, "use_toolchains": True})
        case "coverage":
            return Struct({"output_generator": None})
        case "cpp":
            return Struct({"compilation_mode": _compilation_mode(configuration)})
        case _:
            raise EvaluationError(f"configuration fragment '{name}' is not supported")


def _compilation_mode(configuration: Configuration) -> str:
    return configuration.get("compilation_mode", "fastbuild")


def _false(value: ConfigurationValue) -> bool:
    return False


def _stamp_binaries(value: ConfigurationValue) -> bool:
    return is_stamped(value.configuration)


register(
    ConfigurationValue,
    HostType(
        name="configuration",
        fields={
            "coverage_enabled": lambda value: collects_coverage(value.configuration),
            "default_shell_env": lambda value: _frozen_dict(DEFAULT_SHELL_ENVIRONMENT),
            "host_path_separator": lambda value: ":",
            "short_id": lambda value: value.configuration.directory,
            "test_env": lambda value: _frozen_dict({}),
        },
        methods={
            "has_separate_genfiles_directory": _false,
            "is_sibling_repository_layout": _false,
            "is_tool_configuration": _false,
            "stamp_binaries": _stamp_binaries,
        },
    ),
)
register(FragmentsValue, HostType(name="fragments", dynamic_attr=_fragment))
