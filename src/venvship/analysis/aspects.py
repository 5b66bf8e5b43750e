"""Which aspects run on which target, in what order, and what becomes of a target that aspects ran on.

An aspect runs once for each target and for each set of aspects whose results it sees. It goes on along the attributes
it names, together with the aspects it sees; attributes that carry aspects of their own add them on the way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, Self, TypeAlias, runtime_checkable

from venvship.analysis.configured_target import ConfiguredTarget, TargetKey
from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.aspects import (
    EVERY_ATTRIBUTE,
    EVERY_TOOLCHAIN,
    AspectDefinition,
    Parameters,
    Propagation,
    along_toolchain,
)
from venvship.loading.attributes import PlainValue
from venvship.loading.native_providers import provider_name
from venvship.loading.rule_class import RuleClass
from venvship.model.label import Label
from venvship.model.provider import OutputGroupInfo


class ProvidedTwice(UserError):
    """A target and an aspect that ran on it, or two such aspects, have the same provider."""

    def __init__(self, target: ConfiguredTarget, provider: str) -> None:
        super().__init__(f"Provider {provider} provided twice, on `{target.label}`", place=target.place)


@runtime_checkable
class Joining(Protocol):
    """A provider that a target and its aspects may all have, and that becomes one."""

    def joined(self, other: Self) -> Self: ...


class Guide(NamedTuple):
    """Functions that are asked at each target where an aspect goes, and the parameters they are asked with."""

    propagation: Propagation
    parameters: Parameters


Ways: TypeAlias = frozenset[str | Guide]
"""Where an aspect goes: what `AspectTerms.along` has, and whom to ask."""


@dataclass(frozen=True, slots=True)
class AspectApplication:
    """An aspect with its parameters, the ways it goes, and the aspects whose results it sees."""

    definition: AspectDefinition
    parameters: Parameters
    along: Ways
    bases: tuple[AspectApplication, ...] = ()

    @property
    def guide(self) -> Guide | None:
        """The functions of the aspect itself."""
        propagation = self.definition.terms.propagation
        return None if propagation is None else Guide(propagation, self.parameters)

    @property
    def path(self) -> tuple[AspectApplication, ...]:
        """The aspects that travel together, this one last."""
        return (*(one for base in self.bases for one in base.path), self)

    def concerns(self, rule: RuleClass) -> bool:
        """Whether the aspect runs on targets of a rule, by what the rule promises to provide.

        Built-in rules promise nothing; what their targets have is looked at when they have it.
        """
        wanted = self.definition.terms.required_providers
        return not wanted or rule.defined_in is None or any(one <= rule.provides for one in wanted)


class AspectKey(NamedTuple):
    """An aspect on a configured target."""

    target: TargetKey
    aspect: AspectApplication

    @property
    def label(self) -> Label:
        return self.target.label

    def __str__(self) -> str:
        return f"{self.aspect.definition.name} of {self.target}"


class Wanted(NamedTuple):
    """An aspect that somebody asks for, before it is known which others it will see."""

    definition: AspectDefinition
    parameters: Parameters
    along: Ways


Directions: TypeAlias = Mapping[AspectApplication, frozenset[str]]
"""The aspects that go on from a target, each with what `AspectTerms.along` would say of this target."""


def wanted(
    definitions: Iterable[AspectDefinition], values: Mapping[str, PlainValue] | None, rule: str
) -> Iterable[Wanted]:
    """Aspects, each after those that it requires, which go where it goes."""
    for definition in definitions:
        yield from _with_required(definition, frozenset(), values, rule)


def _with_required(
    definition: AspectDefinition, inherited: Ways, values: Mapping[str, PlainValue] | None, rule: str
) -> Iterable[Wanted]:
    terms = definition.terms
    parameters = definition.parameters(values, rule)
    asked = () if terms.propagation is None else (Guide(terms.propagation, parameters),)
    along = inherited | terms.along | frozenset(asked)
    for one in terms.requires:
        yield from _with_required(one, along, values, rule)
    yield Wanted(definition, parameters, along)


def applications(every: Iterable[Wanted]) -> tuple[AspectApplication, ...]:
    """The aspects in order, each once, and each seeing those before it that it asks for."""
    along: dict[tuple[AspectDefinition, Parameters], Ways] = {}
    for one in every:
        key = (one.definition, one.parameters)
        along[key] = along.get(key, frozenset()) | one.along
    found: list[AspectApplication] = []
    for (definition, parameters), attributes in along.items():
        bases = tuple(base for base in found if _sees(definition, base.definition))
        found.append(AspectApplication(definition, parameters, attributes, bases))
    return tuple(found)


def _sees(definition: AspectDefinition, other: AspectDefinition) -> bool:
    if other in definition.terms.requires:
        return True
    return any(one <= other.terms.provides for one in definition.terms.required_aspect_providers)


def going_on(directions: Directions, attribute: str) -> Iterable[Wanted]:
    """The aspects that go on from a target along one of its attributes."""
    return _going(directions, {attribute, EVERY_ATTRIBUTE})


def going_on_to_toolchain(directions: Directions, kind: Label) -> Iterable[Wanted]:
    """The aspects that go on from a target to its toolchain of a type."""
    return _going(directions, {along_toolchain(kind), EVERY_TOOLCHAIN})


def _going(directions: Directions, ways: set[str]) -> Iterable[Wanted]:
    return [Wanted(one.definition, one.parameters, one.along) for one, names in directions.items() if names & ways]


def with_aspects(target: ConfiguredTarget, results: Sequence[ConfiguredTarget]) -> ConfiguredTarget:
    """A target as those see it who asked for aspects; raises ProvidedTwice."""
    if not any(result.providers for result in results):
        return target
    providers = dict(target.providers)
    for result in results:
        for key, provider in result.providers.items():
            present = providers.get(key)
            if isinstance(present, Joining) and type(provider) is type(present):
                providers[key] = present.joined(provider)
            elif present is not None:
                raise ProvidedTwice(target, provider_name(key))
            else:
                providers[key] = provider
    return dataclasses.replace(target, providers=providers)


def with_output_groups(target: ConfiguredTarget, results: Sequence[ConfiguredTarget]) -> ConfiguredTarget:
    """A target that is built with the output groups of aspects that the command line names."""
    groups = [one for result in results if (one := result.get(OutputGroupInfo)) is not None]
    if not groups:
        return target
    present = target.get(OutputGroupInfo)
    info = present or OutputGroupInfo({})
    for one in groups:
        info = info.joined(one)
    return dataclasses.replace(target, providers={**target.providers, OutputGroupInfo: info})
