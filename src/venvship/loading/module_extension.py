"""`module_extension()` and `tag_class()`: how `.bzl` files turn what modules ask for into repositories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FunctionType

from venvship.loading.attributes import AttributeSpec
from venvship.loading.exporting import Exportable
from venvship.loading.named_values import read_specs
from venvship.loading.repository_rule import make_repository_rule
from venvship.model.label import Label
from venvship.starlark.builtin import builtin
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.values import Dict


class TagClass:
    """What one kind of tag may say."""

    __slots__ = ("specs",)

    def __init__(self, specs: Mapping[str, AttributeSpec]) -> None:
        self.specs = specs


class ModuleExtension(Exportable):
    """A function from tags to repositories."""

    __slots__ = ("environ", "implementation", "name", "tag_classes")

    def __init__(self, implementation: Value, tag_classes: Mapping[str, TagClass], environ: tuple[str, ...]) -> None:
        self.implementation = implementation
        self.tag_classes = tag_classes
        self.environ = environ
        self.name = ""

    def export(self, file: Label, name: str) -> None:
        self.name = self.name or name


@builtin("tag_class")
def make_tag_class(attrs: Mapping[str, Value] | None = None, *, doc: str | None = None) -> TagClass:
    """A kind of tag."""
    return TagClass(read_specs(attrs))


@builtin("module_extension")
def make_module_extension(
    implementation: Value,
    *,
    tag_classes: Mapping[str, Value] | None = None,
    doc: str | None = None,
    environ: Sequence[str] = (),
    os_dependent: bool = False,
    arch_dependent: bool = False,
) -> ModuleExtension:
    """An extension, whose function `implementation` calls repository rules."""
    if type(implementation) is not FunctionType:
        raise EvaluationError(
            f"in call to module_extension(), parameter 'implementation' got value of type "
            f"'{type_name(implementation)}', want 'function'"
        )
    classes: dict[str, TagClass] = {}
    for name, tag_class in entries(Dict(tag_classes or {})):
        if type(name) is not str or not isinstance(tag_class, TagClass):
            raise EvaluationError(f"in tag_classes, got {type_name(tag_class)} for value of {name!r}, want tag_class")
        classes[name] = tag_class
    return ModuleExtension(implementation, classes, tuple(environ))


register(TagClass, HostType(name="tag_class"))
register(ModuleExtension, HostType(name="module_extension"))

REPOSITORY_NAMES: Mapping[str, Value] = {
    function.name: function for function in (make_module_extension, make_repository_rule, make_tag_class)
}
"""What `.bzl` files call to define repositories."""
