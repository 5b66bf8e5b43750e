"""Aspects as loading knows them: what runs beside rules, along the attributes of targets."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import FunctionType

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.loading.attribute_values import LabelReader
from venvship.loading.attributes import AttributeSpec, AttributeType, PlainValue
from venvship.loading.evaluation import Evaluator
from venvship.loading.exporting import Exportable
from venvship.loading.rule_class import NO_WISHES, ExecGroup, RuleClass
from venvship.model.label import Label
from venvship.starlark.host_types import HostType, register
from venvship.starlark.printer import Printer

EVERY_ATTRIBUTE = "*"
"""In `attr_aspects`: along all attributes."""

EVERY_TOOLCHAIN = "toolchain *"
"""What `"*"` in `toolchains_aspects` comes to: to all toolchains."""

PARAMETER_TYPES = (AttributeType.STRING, AttributeType.INT, AttributeType.BOOL)
"""What public attributes of an aspect may be; rules give their values."""

Parameters = tuple[tuple[str, str | int | bool], ...]


class UnnamedAspect(UserError):
    """An aspect is used that no global of a `.bzl` file is bound to."""


class MissingParameter(UserError):
    """A rule does not have the attribute from which an aspect takes a parameter, or has an unfit value in it."""


def along_toolchain(kind: Label) -> str:
    """How `AspectTerms.along` says that an aspect goes to the toolchains of a type."""
    return f"toolchain {kind}"


@dataclass(frozen=True, slots=True, eq=False)
class Propagation:
    """Functions that say where an aspect goes, None where lists say it, or nothing has to be asked.

    `predicate` is asked about targets, the others about attributes and toolchains of a target, in the words that
    `labels` reads.
    """

    evaluator: Evaluator
    labels: LabelReader
    predicate: FunctionType | None
    attributes: FunctionType | None
    toolchains: FunctionType | None


@dataclass(frozen=True, slots=True, eq=False)
class AspectTerms:
    """What `aspect()` was told; `implementation` belongs to analysis and is opaque here.

    `along` has names of attributes, and what `along_toolchain` makes of types of toolchains. `required_providers` and
    `required_aspect_providers` list alternatives, each a set of keys.
    """

    implementation: object
    along: frozenset[str] = frozenset()
    propagation: Propagation | None = None
    attributes: tuple[AttributeSpec, ...] = ()
    required_providers: tuple[frozenset[Hashable], ...] = ()
    required_aspect_providers: tuple[frozenset[Hashable], ...] = ()
    provides: frozenset[Hashable] = frozenset()
    requires: tuple[AspectDefinition, ...] = ()
    actions: ExecGroup = NO_WISHES
    exec_groups: Mapping[str, ExecGroup] | None = None
    to_generating_rules: bool = False
    doc: str = ""


class AspectDefinition(Exportable):
    """`aspect(...)`; two aspects are the same only if they are one object."""

    __slots__ = ("_class", "place", "terms")

    def __init__(self, terms: AspectTerms, place: Place) -> None:
        self.terms = terms
        self.place = place
        self._class: RuleClass | None = None

    def export(self, file: Label, name: str) -> None:
        if self._class is None:
            self._class = RuleClass(
                name,
                self.terms.attributes,
                defined_in=file,
                doc=self.terms.doc,
                provides=self.terms.provides,
                actions=self.terms.actions,
                exec_groups=self.terms.exec_groups or {},
                is_aspect=True,
            )

    @property
    def attribute_class(self) -> RuleClass:
        """The attributes of the aspect, as a rule class that only contexts see."""
        if self._class is None:
            raise UnnamedAspect(
                "an aspect must be bound to a global of a .bzl file before it is used", place=self.place
            )
        return self._class

    @property
    def name(self) -> str:
        return "aspect" if self._class is None else self._class.name

    @property
    def id(self) -> str:
        """How `ctx.aspect_ids` and command lines call the aspect."""
        file = self.attribute_class.defined_in
        return f"{file}%{self.name}"

    def parameters(self, values: Mapping[str, PlainValue] | None, rule: str) -> Parameters:
        """The values of public attributes out of those of the target that asks for the aspect.

        `values` of None means that nobody gives any, and defaults hold.
        """
        found: list[tuple[str, str | int | bool]] = []
        for spec in self.terms.attributes:
            if spec.is_private:
                continue
            value: PlainValue = spec.default_value
            if values is not None and spec.name in values:
                value = values[spec.name]
            elif spec.mandatory:
                raise MissingParameter(
                    f"aspect `{self.name}` requires {rule} to specify attribute '{spec.name}' with type "
                    f"{spec.type.value}",
                    place=self.place,
                )
            if not isinstance(value, str | int | bool) or (spec.values and value not in spec.values):
                allowed = f", allowed are {', '.join(map(repr, spec.values))}" if spec.values else ""
                raise MissingParameter(
                    f"the attribute '{spec.name}' of {rule} is a parameter of aspect `{self.name}`, which does not "
                    f"take {value!r}{allowed}"
                )
            found.append((spec.name, value))
        return tuple(found)


def _repr(aspect: AspectDefinition, printer: Printer) -> None:
    printer.write("<aspect>")


register(AspectDefinition, HostType(name="Aspect", hashable=True, repr=_repr))
