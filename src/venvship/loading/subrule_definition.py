"""`subrule()`: parts of rule implementations that bring the tools they need.

The attributes of a subrule become private attributes of every rule that may call it, under names that no rule can
spell.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType

from venvship.errors import Place
from venvship.loading.attr_module import AttributeDescriptor
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.exporting import Exportable
from venvship.loading.rule_class import ToolchainRequirement
from venvship.model.label import Label
from venvship.starlark.builtin import Builtin
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.printer import Printer
from venvship.starlark.thread import current_thread
from venvship.starlark.values import Dict

CallSubrule = Callable[["SubruleDefinition", tuple[Value, ...], Mapping[str, Value]], Value]
"""Calls a subrule for the implementation that is running; analysis knows."""


class SubruleDefinition(Exportable):
    """`subrule(...)`; `attributes` are by the names that the implementation gives them."""

    __slots__ = ("attributes", "function", "name", "place", "run", "subrules", "toolchains")

    def __init__(
        self,
        function: FunctionType,
        attributes: Mapping[str, AttributeSpec],
        toolchains: tuple[ToolchainRequirement, ...],
        subrules: tuple[SubruleDefinition, ...],
        place: Place,
        run: CallSubrule,
    ) -> None:
        self.function = function
        self.attributes = attributes
        self.toolchains = toolchains
        self.subrules = subrules
        self.place = place
        self.run = run
        self.name = ""

    def export(self, file: Label, name: str) -> None:
        self.name = self.name or name

    @property
    def shown(self) -> str:
        return f"subrule `{self.name}`" if self.name else "an unnamed subrule"


def subrule_builtin(
    run: CallSubrule, read_toolchains: Callable[[Sequence[Value]], tuple[ToolchainRequirement, ...]]
) -> Builtin:
    """`subrule`, whose definitions are called by `run`."""

    def subrule(
        implementation: Value,
        attrs: Mapping[str, Value] | None = None,
        toolchains: Sequence[Value] = (),
        fragments: Sequence[str] = (),
        subrules: Sequence[Value] = (),
    ) -> SubruleDefinition:
        if type(implementation) is not FunctionType:
            raise EvaluationError(
                f"in call to subrule(), parameter 'implementation' got value of type '{type_name(implementation)}', "
                "want 'function'"
            )
        place = current_thread().caller_place()
        return SubruleDefinition(
            implementation,
            _read_attributes(attrs, place),
            read_toolchains(toolchains),
            read_subrules(subrules),
            place,
            run,
        )

    return Builtin("subrule", subrule)


def read_subrules(given: Sequence[Value]) -> tuple[SubruleDefinition, ...]:
    """The argument `subrules` of rules, aspects and subrules."""
    for position, one in enumerate(given):
        if not isinstance(one, SubruleDefinition):
            raise EvaluationError(
                f"at index {position} of subrules, got element of type {type_name(one)}, want Subrule"
            )
    return tuple(given)


def all_of(subrules: Iterable[SubruleDefinition]) -> tuple[SubruleDefinition, ...]:
    """These subrules and those that they call in turn, each once."""
    found: dict[SubruleDefinition, None] = {}
    pending = list(subrules)
    while pending:
        one = pending.pop(0)
        if one not in found:
            found[one] = None
            pending.extend(one.subrules)
    return tuple(found)


def attributes_of(subrules: Iterable[SubruleDefinition]) -> list[AttributeSpec]:
    """What rules that may call these subrules have for them."""
    return [spec for one in all_of(subrules) for spec in one.attributes.values()]


def toolchains_of(subrules: Iterable[SubruleDefinition]) -> list[ToolchainRequirement]:
    """The toolchains that these subrules need."""
    return [requirement for one in all_of(subrules) for requirement in one.toolchains]


def _read_attributes(attrs: Mapping[str, Value] | None, place: Place) -> dict[str, AttributeSpec]:
    specs: dict[str, AttributeSpec] = {}
    for name, descriptor in entries(Dict(attrs or {})):
        if not isinstance(descriptor, AttributeDescriptor):
            raise EvaluationError(f"in attrs, got {type_name(descriptor)} for value of '{name}', want Attribute")
        if type(name) is not str or not name.startswith("_"):
            raise EvaluationError(
                f"illegal attribute name '{name}': attributes of subrules must be private (start with '_')"
            )
        spec = descriptor.spec
        if spec.type not in (AttributeType.LABEL, AttributeType.LABEL_LIST):
            raise EvaluationError(
                f"bad type for attribute '{name}': subrule attributes may only be label or label_list"
            )
        if spec.default is None and spec.computed_default is None:
            raise EvaluationError(f"for attribute '{name}': no default value specified")
        specs[name] = dataclasses.replace(spec, name=f"_subrule {place}{name}")
    return specs


def _call(definition: SubruleDefinition, /, *args: Value, **kwargs: Value) -> Value:
    return definition.run(definition, args, kwargs)


def _repr(definition: SubruleDefinition, printer: Printer) -> None:
    printer.write(f"<subrule {definition.name}>" if definition.name else "<unnamed subrule>")


register(SubruleDefinition, HostType(name="Subrule", call=_call, hashable=True, repr=_repr))
