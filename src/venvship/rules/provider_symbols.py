"""The providers of built-in rules, as `.bzl` files name them."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.loading.native_providers import NativeProvider, dataclass_provider, opaque
from venvship.rules.core.conditions import ConstraintSettingInfo, ConstraintValueInfo, PlatformInfo
from venvship.rules.oci.image import OciImageInfo, OciIndexInfo
from venvship.rules.oci.layers import ImageLayersInfo
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

_SYMBOLS = (
    dataclass_provider("ConstraintSettingInfo", ConstraintSettingInfo),
    dataclass_provider("ConstraintValueInfo", ConstraintValueInfo),
    dataclass_provider("ImageLayersInfo", ImageLayersInfo),
    dataclass_provider("OciImageInfo", OciImageInfo),
    dataclass_provider("OciIndexInfo", OciIndexInfo),
    dataclass_provider("PlatformInfo", PlatformInfo),
    dataclass_provider("PyExecutableInfo", PyExecutableInfo),
    dataclass_provider("PyInfo", PyInfo, makeable=True),
    dataclass_provider("PyRuntimeInfo", PyRuntimeInfo, make=made_runtime),
    dataclass_provider("PyWheelInfo", PyWheelInfo),
    dataclass_provider("PyWheelsInfo", PyWheelsInfo),
    dataclass_provider("VenvSymlinkEntry", VenvSymlinkEntry, makeable=True),
    dataclass_provider("VirtualenvInfo", VirtualenvInfo),
)

opaque("FirstPartyDistribution", FirstPartyDistribution)
opaque("InterpreterInfo", InterpreterInfo)
opaque("InterpreterVersion", InterpreterVersion)
opaque("VirtualResolution", VirtualResolution)
opaque("WheelRecord", WheelRecord)
opaque("WheelOrigin", WheelOrigin)


def provider_symbols() -> Mapping[str, NativeProvider]:
    """All of them by name."""
    return {symbol.name: symbol for symbol in _SYMBOLS}
