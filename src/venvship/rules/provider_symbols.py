"""The providers of built-in rules, as `.bzl` files name them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from venvship.analysis.starlark_api.targets import FilesToRun
from venvship.loading.native_providers import (
    NativeProvider,
    dataclass_provider,
    field,
    native_provider,
    opaque,
    shown_value,
)
from venvship.model.depset import Depset
from venvship.model.runfiles import Runfiles
from venvship.rules.core.conditions import ConstraintSettingInfo, ConstraintValueInfo, PlatformInfo
from venvship.rules.oci.image import OciImageInfo, OciIndexInfo
from venvship.rules.oci.layers import ImageLayersInfo
from venvship.rules.oci.tier import LayerTierInfo
from venvship.rules.python.made_runtime import made_runtime
from venvship.rules.python.providers import (
    InterpreterInfo,
    InterpreterVersion,
    PyExecutableInfo,
    PyInfo,
    PyRuntimeInfo,
    PyWheelsInfo,
    VenvSymlinkEntry,
    VirtualenvInfo,
    VirtualResolution,
    WheelOrigin,
    WheelRecord,
)
from venvship.rules.python.wheel_building import PyWheelInfo
from venvship.venvs.scripts import FirstPartyDistribution
from venvship.venvs.wheel_layout import ScriptEntryPoint


def _interpreter_to_run(info: PyRuntimeInfo) -> FilesToRun | None:
    if info.interpreter is None:
        return None
    return FilesToRun(info.interpreter, Runfiles(files=info.files or Depset()), Depset([info.interpreter]))


def _script(entry: ScriptEntryPoint) -> str:
    return f"{entry.name}={entry.module}:{entry.attribute}"


_SYMBOLS = (
    dataclass_provider("ConstraintSettingInfo", ConstraintSettingInfo),
    dataclass_provider("ConstraintValueInfo", ConstraintValueInfo),
    dataclass_provider("ImageLayersInfo", ImageLayersInfo),
    dataclass_provider("OciImageInfo", OciImageInfo),
    dataclass_provider("OciIndexInfo", OciIndexInfo),
    dataclass_provider("PlatformInfo", PlatformInfo),
    dataclass_provider("PyExecutableInfo", PyExecutableInfo),
    dataclass_provider(
        "PyInfo",
        PyInfo,
        makeable=True,
        more={"transitive_sources": field("every_source")},
        also={"made_symlinks": "venv_symlinks"},
        elements={
            "imports": "string",
            "made_symlinks": "VenvSymlinkEntry",
            "venv_symlinks": "VenvSymlinkEntry",
            **{one.name: "File" for one in dataclasses.fields(PyInfo) if one.type == "Depset[Artifact]"},
        },
    ),
    dataclass_provider(
        "PyRuntimeInfo", PyRuntimeInfo, make=made_runtime, more={"interpreter_files_to_run": _interpreter_to_run}
    ),
    native_provider(
        "PyLayerTierInfo",
        LayerTierInfo,
        {
            "whole_groups": lambda tier: shown_value(tier.keys.wheels),
            "subpath_groups": lambda tier: shown_value({key: tuple(parts) for key, parts in tier.keys.globs.items()}),
            "compression": lambda tier: shown_value(
                {group: (one.algorithm, str(one.level or "")) for group, one in tier.compression.items()}
            ),
            "multi_member_groups": lambda tier: shown_value(tier.multi_member_groups),
            "interpreter_group": field("interpreter_group"),
            "root": field("root"),
            "strip_prefix": field("strip_prefix"),
            "owner": lambda tier: str(tier.uid),
            "group": lambda tier: str(tier.gid),
        },
    ),
    dataclass_provider("PyWheelInfo", PyWheelInfo),
    dataclass_provider("PyWheelsInfo", PyWheelsInfo),
    dataclass_provider("VenvSymlinkEntry", VenvSymlinkEntry, makeable=True, elements={"files": "File"}),
    dataclass_provider("VirtualenvInfo", VirtualenvInfo, more={"runtime_files": field("runtime_files")}),
)

opaque("FirstPartyDistribution", FirstPartyDistribution)
opaque("InterpreterInfo", InterpreterInfo)
opaque("InterpreterVersion", InterpreterVersion)
opaque("VirtualResolution", VirtualResolution)
opaque(
    "WheelRecord",
    WheelRecord,
    {
        "site_packages_rfpath": lambda record: record.layout.site_packages,
        "install_tree": field("install"),
        "top_levels": lambda record: shown_value(tuple(name for name, _ in record.layout.top_levels)),
        "top_level_dirs": lambda record: shown_value(
            tuple(name for name, is_dir in record.layout.top_levels if is_dir)
        ),
        "console_scripts": lambda record: shown_value(tuple(map(_script, record.layout.entry_points))),
    },
)
opaque("WheelOrigin", WheelOrigin)


def provider_symbols() -> Mapping[str, NativeProvider]:
    """All of them by name."""
    return {symbol.name: symbol for symbol in _SYMBOLS}
