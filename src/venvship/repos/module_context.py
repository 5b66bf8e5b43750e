"""`module_ctx`: what the implementation of a module extension is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from venvship.errors import SeveralErrors, UserError, VenvshipError
from venvship.loading.attribute_values import LabelReader
from venvship.loading.module_extension import ModuleExtension
from venvship.loading.named_values import read_values, shown_value, stable_text
from venvship.loading.nearest import did_you_mean
from venvship.modules.module_file import Tag
from venvship.repos.extension_facts import facts_text
from venvship.repos.external_store import Input
from venvship.repos.host_operations import COMMON_METHODS, HostOperations, Services, os_value
from venvship.starlark.host_types import MISSING, HostType, Value, register
from venvship.starlark.structs import Struct
from venvship.starlark.values import Dict, List


class UnknownTag(UserError):
    """A module uses a tag that its extension does not have."""


class TagValue:
    """One tag, as the extension sees it."""

    __slots__ = ("fields", "is_dev_dependency")

    def __init__(self, fields: Mapping[str, Value], *, is_dev_dependency: bool) -> None:
        self.fields = dict(fields)
        self.is_dev_dependency = is_dev_dependency


class ModuleContext(HostOperations):
    """One extension while it runs."""

    def __init__(
        self,
        directory: Path,
        services: Services,
        note: Callable[[Input], None],
        modules: Iterable[Struct],
        *,
        is_isolated: bool,
        root_has_non_dev: bool,
        facts: Dict,
    ) -> None:
        """`facts` are those that the last run returned."""
        super().__init__(directory, services, note)
        self.modules = List(modules)
        self.is_isolated = is_isolated
        self.root_has_non_dev = root_has_non_dev
        self.facts = facts


class ExtensionMetadata:
    """What `extension_metadata` answers; what it tells of `use_repo` lines is left out, as nothing rewrites them."""

    __slots__ = ("facts",)

    def __init__(self, facts: str) -> None:
        self.facts = facts


def tags_of(extension: ModuleExtension, shown: str, tags: Iterable[Tag], labels: LabelReader) -> tuple[Struct, str]:
    """The value of `tags` for one module, and a text that is equal for equal tags; raises all that is wrong."""
    found: dict[str, list[TagValue]] = {name: [] for name in extension.tag_classes}
    problems: list[VenvshipError] = []
    texts: list[str] = []
    for tag in tags:
        tag_class = extension.tag_classes.get(tag.name)
        if tag_class is None:
            hint = did_you_mean(tag.name, extension.tag_classes)
            problems.append(UnknownTag(f"extension `{shown}` has no tag `{tag.name}`", place=tag.place, hint=hint))
            continue
        given = {name: shown_value(value) for name, value in tag.arguments.items()}
        try:
            values = read_values(f"tag `{tag.name}` of `{shown}`", tag_class.specs, given, labels, tag.place)
        except UserError as error:
            problems.append(error)
            continue
        fields = {name: shown_value(value) for name, value in values.items()}
        found[tag.name].append(TagValue(fields, is_dev_dependency=tag.dev_dependency))
        texts.append(f"{tag.name}{stable_text(values)}{tag.dev_dependency}")
    if problems:
        raise problems[0] if len(problems) == 1 else SeveralErrors(problems)
    return Struct({name: List(values) for name, values in found.items()}), "\n".join(texts)


def _is_dev_dependency(it: ModuleContext, tag: TagValue, /) -> bool:
    return tag.is_dev_dependency


def _extension_metadata(
    it: ModuleContext,
    *,
    root_module_direct_deps: Value = None,
    root_module_direct_dev_deps: Value = None,
    reproducible: bool = False,
    facts: Value = None,
) -> ExtensionMetadata:
    return ExtensionMetadata(facts_text(facts))


def _tag_field(value: TagValue, name: str) -> object:
    return value.fields.get(name, MISSING)


register(ExtensionMetadata, HostType(name="extension_metadata"))
register(
    TagValue,
    HostType(name="bazel_module_tag", dynamic_attr=_tag_field, dynamic_dir=lambda value: value.fields, hashable=True),
)
register(
    ModuleContext,
    HostType(
        name="module_ctx",
        fields={
            "facts": lambda it: it.facts,
            "is_isolated": lambda it: it.is_isolated,
            "modules": lambda it: it.modules,
            "os": lambda it: os_value(it.services.observer.environment),
            "root_module_has_non_dev_dependency": lambda it: it.root_has_non_dev,
        },
        methods={
            **COMMON_METHODS,
            "extension_metadata": _extension_metadata,
            "is_dev_dependency": _is_dev_dependency,
        },
    ),
)
