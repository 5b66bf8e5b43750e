"""Rules that BUILD files may name without loading them, though a `.bzl` file defines them.

Older versions of Bazel have `py_library` and its like built in; here a name stands for the symbol of a module, which
is loaded when somebody first calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from venvship.loading.bzl_loader import BzlModule
from venvship.model.label import Label, PackageId
from venvship.starlark.calling import invoke
from venvship.starlark.host_types import HostType, Value, register
from venvship.starlark.printer import Printer

_PYTHON = Label(PackageId("rules_python", "python"), "defs.bzl")

AUTOLOADS: Mapping[str, Label] = {
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
