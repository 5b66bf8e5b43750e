"""Providers of Python targets, to be exported under the names that rule sets have for them."""

providers = struct(
    PyExecutableInfo = PyExecutableInfo,
    PyInfo = PyInfo,
    PyLayerTierInfo = PyLayerTierInfo,
    PyRuntimeInfo = PyRuntimeInfo,
    PyWheelInfo = PyWheelInfo,
    PyWheelsInfo = PyWheelsInfo,
    VenvSymlinkEntry = VenvSymlinkEntry,
    VirtualenvInfo = VirtualenvInfo,
)

kinds = struct(
    BIN = "BIN",
    DATA = "DATA",
    INCLUDE = "INCLUDE",
    LIB = "LIB",
)
