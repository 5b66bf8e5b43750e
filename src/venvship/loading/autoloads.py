"""Rules that BUILD files may name without loading them, though a `.bzl` file defines them.

Older versions of Bazel have `py_library`, `cc_library` and their like built in; here a name stands for the symbol of a
module, which is loaded when somebody first calls it. Targets of languages that are not built here can be declared; a
build that needs one fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from venvship.loading.bzl_loader import BzlModule
from venvship.model.label import Label, PackageId
from venvship.starlark.calling import invoke
from venvship.starlark.host_types import HostType, Value, register
from venvship.starlark.printer import Printer

_PYTHON = Label(PackageId("rules_python", "python"), "defs.bzl")
_FOREIGN = Label(PackageId("venvship", "foreign"), "native.bzl")

AUTOLOADS: Mapping[str, Label] = {
    **dict.fromkeys(
        (
            "cc_binary",
            "cc_import",
            "cc_library",
            "cc_proto_library",
            "cc_shared_library",
            "cc_static_library",
            "cc_test",
            "cc_toolchain",
            "cc_toolchain_alias",
            "cc_toolchain_suite",
            "fdo_prefetch_hints",
            "fdo_profile",
            "java_binary",
            "java_import",
            "java_library",
            "java_lite_proto_library",
            "java_package_configuration",
            "java_plugin",
            "java_proto_library",
            "java_runtime",
            "java_test",
            "java_toolchain",
            "objc_import",
            "objc_library",
            "propeller_optimize",
            "proto_lang_toolchain",
            "proto_library",
        ),
        _FOREIGN,
    ),
    "py_binary": _PYTHON,
    "py_library": _PYTHON,
    "py_runtime": _PYTHON,
    "py_test": _PYTHON,
}
"""The files that define the names."""


class Autoloaded:
    """A name whose file is loaded, by `load`, when it is called."""

    __slots__ = ("_file", "_load", "name")

    def __init__(self, name: str, file: Label, load: Callable[[Label], BzlModule]) -> None:
        self.name = name
        self._file = file
        self._load = load

    @property
    def function(self) -> Value:
        """The symbol itself; raises what loading its file fails with."""
        return self._load(self._file).exports[self.name]


def autoloads(load: Callable[[Label], BzlModule]) -> dict[str, Value]:
    """The names with what stands for them."""
    return {name: Autoloaded(name, file, load) for name, file in AUTOLOADS.items()}


def _call(autoloaded: Autoloaded, /, *args: Value, **kwargs: Value) -> Value:
    return invoke(autoloaded.function, *args, **kwargs)


def _repr(autoloaded: Autoloaded, printer: Printer) -> None:
    printer.write(f"<rule {autoloaded.name}>")


register(Autoloaded, HostType(name="rule", call=_call, hashable=True, repr=_repr))
