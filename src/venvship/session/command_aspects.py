"""`--aspects`: aspects that run on every target that the command names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venvship.errors import Place, UserError
from venvship.loading.absent_values import AbsentSymbol
from venvship.loading.aspects import AspectDefinition
from venvship.loading.attributes import AttributeSpec, AttributeType, PlainValue
from venvship.loading.nearest import did_you_mean
from venvship.loading.package_loader import PackageLoader
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId

_FLAG = Place("--aspects")
_PARAMETERS = Place("--aspects_parameters")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class NoSuchAspect(UserError):
    """`--aspects` names something that is no aspect."""


class NoSuchParameter(UserError):
    """`--aspects_parameters` sets what no aspect takes."""


def command_aspects(
    texts: Sequence[str], loader: PackageLoader, mapping: Mapping[str, str]
) -> tuple[AspectDefinition, ...]:
    """Read `//pkg:file.bzl%name`; raises NoSuchAspect, and what loading the files fails with.

    Those of modules that can't be had are left out.
    """
    return tuple(found for text in texts if (found := _read(text, loader, mapping)) is not None)


def command_parameters(aspects: Sequence[AspectDefinition], texts: Mapping[str, str]) -> Mapping[str, PlainValue]:
    """The values of `--aspects_parameters`, as the aspects and those they require take them; raises NoSuchParameter."""
    specs: dict[str, AttributeSpec] = {}
    waiting = list(aspects)
    while waiting:
        terms = waiting.pop().terms
        specs.update((spec.name, spec) for spec in terms.attributes if not spec.is_private)
        waiting.extend(terms.requires)
    return {name: _value(name, text, specs) for name, text in texts.items()}


def _value(name: str, text: str, specs: Mapping[str, AttributeSpec]) -> PlainValue:
    spec = specs.get(name)
    if spec is None:
        hint = did_you_mean(name, specs)
        raise NoSuchParameter(f"no aspect of `--aspects` has a parameter `{name}`", place=_PARAMETERS, hint=hint)
    if spec.type is AttributeType.INT and text.removeprefix("-").isdecimal():
        return int(text)
    if spec.type is AttributeType.BOOL and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if spec.type in (AttributeType.INT, AttributeType.BOOL):
        reason = f"the parameter `{name}` is of type {spec.type.value} and can't be `{text}`"
        raise NoSuchParameter(reason, place=_PARAMETERS)
    return text


def _read(text: str, loader: PackageLoader, mapping: Mapping[str, str]) -> AspectDefinition | None:
    file, percent, name = text.partition("%")
    if not percent or not name:
        raise NoSuchAspect(f"`{text}` does not name an aspect", place=_FLAG, hint="write `//package:file.bzl%aspect`")
    label = Label.parse(file, relative_to=PackageId(MAIN_REPOSITORY, ""), repository_mapping=mapping)
    exports = loader.bzl.load(label).exports
    found = exports.get(name)
    if isinstance(found, AbsentSymbol):
        return None
    if not isinstance(found, AspectDefinition):
        aspects = [key for key, value in exports.items() if isinstance(value, AspectDefinition)]
        raise NoSuchAspect(f"`{label}` defines no aspect `{name}`", place=_FLAG, hint=did_you_mean(name, aspects))
    return found
