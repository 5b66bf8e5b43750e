"""`--aspects`: aspects that run on every target that the command names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venvship.errors import Place, UserError
from venvship.loading.aspects import AspectDefinition
from venvship.loading.nearest import did_you_mean
from venvship.loading.package_loader import PackageLoader
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId

_FLAG = Place("--aspects")


class NoSuchAspect(UserError):
    """`--aspects` names something that is no aspect."""


def command_aspects(
    texts: Sequence[str], loader: PackageLoader, mapping: Mapping[str, str]
) -> tuple[AspectDefinition, ...]:
    """Read `//pkg:file.bzl%name`; raises NoSuchAspect, and what loading the files fails with."""
    return tuple(_read(text, loader, mapping) for text in texts)


def _read(text: str, loader: PackageLoader, mapping: Mapping[str, str]) -> AspectDefinition:
    file, percent, name = text.partition("%")
    if not percent or not name:
        raise NoSuchAspect(f"`{text}` does not name an aspect", place=_FLAG, hint="write `//package:file.bzl%aspect`")
    label = Label.parse(file, relative_to=PackageId(MAIN_REPOSITORY, ""), repository_mapping=mapping)
    exports = loader.bzl.load(label).exports
    found = exports.get(name)
    if not isinstance(found, AspectDefinition):
        aspects = [key for key, value in exports.items() if isinstance(value, AspectDefinition)]
        raise NoSuchAspect(f"`{label}` defines no aspect `{name}`", place=_FLAG, hint=did_you_mean(name, aspects))
    return found
