"""`aspect()`: what `.bzl` files run along the attributes of targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import FunctionType

from venvship.loading.aspects import (
    EVERY_ATTRIBUTE,
    EVERY_TOOLCHAIN,
    PARAMETER_TYPES,
    AspectDefinition,
    AspectTerms,
    Propagation,
    along_toolchain,
)
from venvship.loading.attr_module import label_reader, provider_alternatives
from venvship.loading.evaluation import Evaluator
from venvship.loading.native_providers import provided_keys
from venvship.loading.rule_class import ExecGroup
from venvship.loading.rule_definition import read_attributes, read_constraints, read_exec_groups, read_requirements
from venvship.loading.subrule_definition import SubruleDefinition, attributes_of, read_subrules, toolchains_of
from venvship.starlark.builtin import Builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.thread import current_thread
from venvship.starlark.values import LISTS

MakeImplementation = Callable[[Value, tuple[SubruleDefinition, ...]], object]
"""What `AspectTerms.implementation` holds for an implementation function and its subrules; analysis knows."""


def aspect_builtin(make_implementation: MakeImplementation, evaluator: Evaluator) -> Builtin:
    """`aspect`, whose implementations are wrapped so that analysis can call them."""

    def aspect(
        implementation: Value,
        attr_aspects: Value = (),
        toolchains_aspects: Value = (),
        attrs: Mapping[str, Value] | None = None,
        required_providers: Sequence[Value] = (),
        required_aspect_providers: Sequence[Value] = (),
        provides: Sequence[Value] = (),
        requires: Sequence[Value] = (),
        propagation_predicate: Value = None,
        fragments: Sequence[str] = (),
        host_fragments: Sequence[str] = (),
        toolchains: Sequence[Value] = (),
        doc: str | None = None,
        *,
        apply_to_generating_rules: bool = False,
        exec_compatible_with: Sequence[Value] = (),
        exec_groups: Value = None,
        subrules: Sequence[Value] = (),
        incompatible_use_toolchain_transition: bool = False,
    ) -> AspectDefinition:
        if type(implementation) is not FunctionType:
            raise _mistaken("implementation", implementation, "function")
        if propagation_predicate is not None and type(propagation_predicate) is not FunctionType:
            raise _mistaken("propagation_predicate", propagation_predicate, "function or NoneType")
        used = read_subrules(subrules)
        specs = (*read_attributes(attrs, evaluator), *attributes_of(used))
        for spec in specs:
            if not spec.is_private and spec.type not in PARAMETER_TYPES:
                raise EvaluationError(
                    f"aspect parameter attribute '{spec.name}' must be of type string, int or bool; attributes that "
                    "hold labels must start with '_'"
                )
            if spec.is_private and spec.default is None and spec.type.holds_dependencies and not spec.computed_default:
                raise EvaluationError(f"aspect attribute '{spec.name}' has no default value")
        required = []
        for element in requires:
            if not isinstance(element, AspectDefinition):
                raise EvaluationError(f"requires holds a {type_name(element)}, want Aspect")
            required.append(element)
        terms = AspectTerms(
            make_implementation(implementation, used),
            _along_attributes(attr_aspects) | _along_toolchains(toolchains_aspects),
            _propagation(evaluator, propagation_predicate, attr_aspects, toolchains_aspects),
            specs,
            provider_alternatives(required_providers),
            provider_alternatives(required_aspect_providers),
            provided_keys(provides),
            tuple(required),
            ExecGroup(read_requirements([*toolchains, *toolchains_of(used)]), read_constraints(exec_compatible_with)),
            read_exec_groups(exec_groups),
            apply_to_generating_rules,
            doc or "",
        )
        return AspectDefinition(terms, current_thread().caller_place())

    return Builtin("aspect", aspect)


def _mistaken(parameter: str, value: Value, wanted: str) -> EvaluationError:
    return EvaluationError(
        f"in call to aspect(), parameter '{parameter}' got value of type '{type_name(value)}', want '{wanted}'"
    )


def _along_attributes(attr_aspects: Value) -> frozenset[str]:
    """The names in a list; none for a function."""
    if type(attr_aspects) is FunctionType:
        return frozenset()
    names = _listed("attr_aspects", attr_aspects)
    for position, name in enumerate(names):
        if type(name) is not str:
            raise EvaluationError(
                f"at index {position} of attr_aspects, got element of type {type_name(name)}, want string"
            )
    return frozenset(names)


def _along_toolchains(toolchains_aspects: Value) -> frozenset[str]:
    """What the types in a list come to; nothing for a function."""
    if type(toolchains_aspects) is FunctionType:
        return frozenset()
    types = _listed("toolchains_aspects", toolchains_aspects)
    if list(types) == [EVERY_ATTRIBUTE]:
        return frozenset([EVERY_TOOLCHAIN])
    return frozenset(along_toolchain(one.type) for one in read_requirements(types))


def _listed(parameter: str, value: Value) -> Sequence[Value]:
    if type(value) in LISTS or type(value) is tuple:
        listed: Sequence[Value] = value
        return listed
    raise _mistaken(parameter, value, "sequence or function")


def _propagation(evaluator: Evaluator, *functions: Value) -> Propagation | None:
    asked = [one if type(one) is FunctionType else None for one in functions]
    if not any(asked):
        return None
    predicate, attributes, toolchains = asked
    return Propagation(evaluator, label_reader(), predicate, attributes, toolchains)
