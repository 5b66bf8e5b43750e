"""`macro()`: functions of `.bzl` files that declare targets and check what they are given as rules do.

A macro is called in BUILD files and in other macros. Its implementation gets the name, the visibility and every
attribute by name: labels resolved, defaults filled in. Attributes that it inherits and is not given are None. What its
targets depend on may be visible to the package of its `.bzl` file instead of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FunctionType

from venvship.loading.attribute_values import AttributeProblem, AttributeReader
from venvship.loading.attributes import AttributeSpec, Select
from venvship.loading.evaluation import Evaluator
from venvship.loading.exporting import Exportable
from venvship.loading.native_providers import shown_value
from venvship.loading.nearest import did_you_mean
from venvship.loading.package_builder import PackageBuilder
from venvship.loading.rule_class import COMMON_ATTRIBUTE_NAMES, RuleClass
from venvship.loading.rule_definition import RuleDefinition, read_attributes
from venvship.loading.rule_functions import package_in_progress, rule_class_behind
from venvship.model.label import Label, PackageId, target_name_problem
from venvship.starlark.builtin import Builtin
from venvship.starlark.calling import invoke
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.printer import Printer
from venvship.starlark.values import List

_COMMON = "common"
_GIVEN_ALWAYS = frozenset({"name", "visibility"})


class MacroDefinition(Exportable):
    """A macro: has a name once it is bound to a global, and runs when it is called."""

    __slots__ = ("_implementation", "_inherited", "_is_finalizer", "_own", "home", "name")

    def __init__(
        self,
        implementation: Value,
        own: Sequence[AttributeSpec],
        inherited: Mapping[str, AttributeSpec],
        *,
        is_finalizer: bool = False,
    ) -> None:
        """A finalizer runs when the rest of the BUILD file is done."""
        self.name = ""
        self.home: PackageId | None = None
        self._is_finalizer = is_finalizer
        self._implementation = implementation
        self._own = {spec.name: spec for spec in own}
        self._inherited = {name: spec for name, spec in inherited.items() if name not in self._own}

    def export(self, file: Label, name: str) -> None:
        if not self.name:
            self.name, self.home = name, file.package

    @property
    def attributes(self) -> Mapping[str, AttributeSpec]:
        """The attributes that callers may set."""
        every = {**self._inherited, **self._own}
        return {name: spec for name, spec in every.items() if not spec.is_private}

    def run(self, args: tuple[Value, ...], given: Mapping[str, Value]) -> None:
        """Declare what the macro declares in the package that is being read."""
        if not self.name:
            raise EvaluationError("a macro must be bound to a global of a .bzl file before it is called")
        if args:
            raise EvaluationError("unexpected positional arguments; attributes are given by name")
        builder = package_in_progress(self.name)
        name = given.get("name")
        if type(name) is not str:
            raise EvaluationError(f"missing value for mandatory attribute 'name' in '{self.name}' macro")
        reason = target_name_problem(name)
        if reason is not None:
            raise EvaluationError(f"invalid name '{name}' in '{self.name}' macro: {reason}")
        visibility = given.get("visibility")
        if visibility is None:
            visibility = List(builder.default_visibility.spelling)
        values = {"name": name, "visibility": visibility, **self._values(given, builder)}
        if self._is_finalizer:
            if builder.is_finishing:
                raise EvaluationError(f"finalizer macro '{self.name}' can't be called by another one")
            builder.finalizers.append(Builtin(self.name, lambda: self._declare(values, builder)))
        else:
            self._declare(values, builder)

    def _declare(self, values: Mapping[str, Value], builder: PackageBuilder) -> None:
        with builder.inside_macro_of(self.home):
            returned = invoke(self._implementation, **values)
        if returned is not None:
            raise EvaluationError(f"macro '{self.name}' returned a {type_name(returned)}; macros return nothing")

    def _values(self, given: Mapping[str, Value], builder: PackageBuilder) -> dict[str, Value]:
        public = self.attributes
        reader = AttributeReader(f"'{self.name}' macro", builder.labels)
        values: dict[str, Value] = {}
        for name, value in given.items():
            if value is None or name in _GIVEN_ALWAYS:
                continue
            spec = public.get(name)
            if spec is None:
                hint = did_you_mean(name, public)
                raise EvaluationError(f"no such attribute '{name}' in '{self.name}' macro", hint=hint)
            try:
                read = reader.read(spec, value)
            except AttributeProblem as error:
                raise EvaluationError(error.message, hint=error.hint) from error
            values[name] = value if isinstance(read, Select) else shown_value(read)
        for name, spec in self._own.items():
            if name in values:
                continue
            if spec.mandatory:
                raise EvaluationError(f"missing value for mandatory attribute '{name}' in '{self.name}' macro")
            values[name] = shown_value(spec.default_value)
        for name, spec in self._inherited.items():
            if spec.mandatory and name not in values:
                raise EvaluationError(f"missing value for mandatory attribute '{name}' in '{self.name}' macro")
            values.setdefault(name, None)
        return values


def macro_builtin(evaluator: Evaluator) -> Builtin:
    """`macro`."""

    def macro(
        *,
        implementation: Value,
        attrs: Mapping[str, Value] | None = None,
        inherit_attrs: Value = None,
        finalizer: bool = False,
        doc: str | None = None,
    ) -> MacroDefinition:
        if type(implementation) is not FunctionType:
            raise EvaluationError(
                f"in call to macro(), parameter 'implementation' got value of type '{type_name(implementation)}', "
                "want 'function'"
            )
        inherited = _inherited(inherit_attrs)
        removed = {name for name, value in (attrs or {}).items() if value is None}
        own = read_attributes(attrs, evaluator)
        kept = {name: spec for name, spec in inherited.items() if name not in removed}
        return MacroDefinition(implementation, own, kept, is_finalizer=finalizer)

    return Builtin("macro", macro)


def _inherited(source: Value) -> Mapping[str, AttributeSpec]:
    if source is None:
        return {}
    if isinstance(source, MacroDefinition):
        return source.attributes
    if isinstance(source, RuleDefinition):
        return _public(source.unnamed)
    if isinstance(source, Builtin) and (behind := rule_class_behind(source)) is not None:
        return _public(behind)
    if source == _COMMON:
        every = RuleClass(_COMMON).attributes
        return {name: spec for name, spec in every.items() if name in COMMON_ATTRIBUTE_NAMES - _GIVEN_ALWAYS}
    raise EvaluationError(
        f"inherit_attrs takes 'common', a macro or a rule, not {type_name(source)}",
    )


def _public(rule_class: RuleClass) -> Mapping[str, AttributeSpec]:
    every = rule_class.attributes
    return {name: spec for name, spec in every.items() if not spec.is_private and name not in _GIVEN_ALWAYS}


def _call(definition: MacroDefinition, /, *args: Value, **kwargs: Value) -> None:
    definition.run(args, kwargs)


def _repr(definition: MacroDefinition, printer: Printer) -> None:
    printer.write(f"<macro {definition.name}>" if definition.name else "<macro>")


register(MacroDefinition, HostType(name="macro", call=_call, hashable=True, repr=_repr))
