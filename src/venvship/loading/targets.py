"""Targets as loading leaves them: not configured, choices still open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.loading.attributes import AttributeValue
from venvship.loading.features import NO_FEATURES, Features
from venvship.loading.implicit_outputs import implicit_outputs
from venvship.loading.rule_class import RuleClass
from venvship.loading.visibility import PackagePattern, Visibility
from venvship.model.label import Label, PackageId


@dataclass(frozen=True, slots=True)
class Generator:
    """The macro called by a BUILD file that made a target, and where the innermost call stands that did."""

    function: str
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class RuleTarget:
    """A target made by calling a rule. `attributes` holds only what was set and is not None.

    `mapping` gives the canonical name of each repository that texts of the target can name; None if all are canonical.
    `macros` are the packages of the symbolic macros that declared the target: it may depend on what they see.
    """

    label: Label
    rule_class: RuleClass
    attributes: Mapping[str, AttributeValue]
    place: Place
    visibility: Visibility
    generator: Generator | None = None
    mapping: Mapping[str, str] | None = None
    macros: tuple[PackageId, ...] = ()
    package_features: Features = NO_FEATURES

    def value(self, name: str) -> AttributeValue:
        """The value of an attribute, or its default; raises KeyError for an attribute the rule class lacks."""
        if name == "name":
            return self.label.name
        value = self.attributes.get(name)
        return self.rule_class.defaults[name] if value is None else value

    def implicit_outputs(self) -> dict[str, str]:
        """The files that the rule class promises for every target: names below the package, by their name in it."""
        return implicit_outputs(self.rule_class.implicit_outputs, self, self.rule_class.attributes)

    @property
    def kind(self) -> str:
        return self.rule_class.kind


@dataclass(frozen=True, slots=True, eq=False)
class SourceFileTarget:
    """A file on the disk: exported by name, or named by a rule of its own package."""

    label: Label
    place: Place
    visibility: Visibility

    @property
    def kind(self) -> str:
        return "source file"


@dataclass(frozen=True, slots=True, eq=False)
class OutputFileTarget:
    """A file that a rule promises by name; `generating_rule` is in the same package."""

    label: Label
    place: Place
    visibility: Visibility
    generating_rule: Label

    @property
    def kind(self) -> str:
        return "generated file"


@dataclass(frozen=True, slots=True, eq=False)
class PackageGroup:
    """A named set of packages, for visibility: those that match `packages`, without those that match `excluded`."""

    label: Label
    place: Place
    packages: tuple[PackagePattern, ...] = ()
    excluded: tuple[PackagePattern, ...] = ()
    includes: tuple[Label, ...] = ()
    is_public: bool = False

    @property
    def kind(self) -> str:
        return "package group"

    def holds(self, package: PackageId) -> bool:
        """Whether this group, without those it includes, holds `package`."""
        if any(pattern.matches(package) for pattern in self.excluded):
            return False
        return self.is_public or any(pattern.matches(package) for pattern in self.packages)


Target: TypeAlias = RuleTarget | SourceFileTarget | OutputFileTarget | PackageGroup
