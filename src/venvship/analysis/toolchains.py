"""Toolchain resolution: on which platform actions run, and which registered toolchains serve them there.

For each toolchain type and each execution platform the first toolchain counts whose `target_settings` and
`target_compatible_with` hold for the target, and whose `exec_compatible_with` holds for the platform. Toolchains are
tried in the order of registration, after those that a transition has set. A platform serves that has what the actions
ask for and a toolchain of every mandatory type; of several, the first with the most toolchains is chosen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Final

from venvship.analysis.execution_platforms import EXTRA_EXECUTION_PLATFORMS, ExecutionPlatform, ExecutionPlatforms
from venvship.analysis.native_options import AUTO_EXEC_GROUPS, PLATFORMS
from venvship.analysis.platforms import HOST, PlatformTargets
from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.absent_symbols import FOREIGN_KINDS
from venvship.loading.attributes import PlainValue, Select, labels_in
from venvship.loading.package import NoSuchTarget
from venvship.loading.package_loader import NoSuchPackage
from venvship.loading.rule_class import ExecGroup
from venvship.loading.targets import RuleTarget, Target
from venvship.model.configuration import Configuration
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.modules.module_sources import UnknownModule

EXTRA_TOOLCHAINS: Final = "extra_toolchains"
"""The option that transitions set to have toolchains tried first."""

CHOICES: Final = frozenset({AUTO_EXEC_GROUPS, EXTRA_TOOLCHAINS, EXTRA_EXECUTION_PLATFORMS})
"""The options that have a say in what is chosen, for programs that actions run, too."""

Holds = Callable[[Label, Configuration], bool]
"""Whether a `config_setting` or `constraint_value` holds in a configuration."""

Choose = Callable[[RuleTarget, str, Configuration], PlainValue]
"""The value of an attribute with a `select()` in a configuration."""


class NotAToolchain(UserError):
    """A registered label is no `toolchain` target, or one that contradicts itself."""


class NoMatchingToolchain(UserError):
    """No registered toolchain of a mandatory type serves a target, wherever its actions run."""

    def __init__(self, target: RuleTarget, missing: Mapping[Label, Sequence[str]], tried: int, said: str = "") -> None:
        """`missing` has the reasons against the toolchains of each type, `said` is what the types say themselves."""
        lines = [f"\n  {line}" for reasons in missing.values() for line in reasons]
        super().__init__(
            f"no matching toolchains found for {', '.join(f'`{label}`' for label in missing)}, "
            f"which `{target.label}` needs; {tried} toolchains are registered{''.join(lines)}",
            place=target.place,
            hint=said or "register one in MODULE.bazel with register_toolchains(), or pass `--extra_toolchains`",
        )


class NoExecutionPlatform(UserError):
    """No execution platform has all that actions of a target ask for."""

    def __init__(self, target: RuleTarget, group: str, reasons: Mapping[Label, Sequence[str]]) -> None:
        """`reasons` are those against each execution platform."""
        actions = f"the actions of exec group `{group}`" if group else "the actions"
        lines = [f"  `{platform}`: {'; '.join(against)}" for platform, against in reasons.items()]
        super().__init__(
            f"no execution platform is fit for {actions} of `{target.label}`:\n" + "\n".join(lines),
            place=target.place,
            hint="register a platform that is with register_execution_platforms() in MODULE.bazel, "
            "or pass `--extra_execution_platforms`",
        )


@dataclass(frozen=True, slots=True)
class Debugging:
    """Which targets and toolchain types to explain the resolution of, by their labels, and who hears of it."""

    pattern: re.Pattern[str]
    say: Callable[[str], None]

    def concerns(self, target: RuleTarget, wish: Wish) -> bool:
        labels = (target.label, *(one.type for one in wish.group.toolchains))
        return any(self.pattern.search(str(label)) for label in labels)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the actions of one group ask for: toolchains, and constraint values with who asks for each.

    `forced` is the platform of whoever uses the target as a toolchain, which is taken before others.
    """

    group: ExecGroup
    constraints: tuple[tuple[Label, str], ...]
    configuration: Configuration
    forced: Label | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where actions run, and the toolchain implementations by type, as the rule spells it; optional ones may miss."""

    platform: ExecutionPlatform
    toolchains: Mapping[Label, Label] = field(default_factory=dict)


@dataclass(slots=True)
class _Search:
    """Platforms in order that have what a wish asks for, and the toolchains that each has, by type."""

    platforms: list[ExecutionPlatform]
    toolchains: dict[Label, dict[ExecutionPlatform, RuleTarget]]


class Toolchains:
    """Chooses platforms and toolchains, whose labels `registered` gives when they are first needed."""

    def __init__(
        self,
        target: Callable[[Label], Target],
        registered: Callable[[], Sequence[Label]],
        *,
        platforms: PlatformTargets,
        execution: ExecutionPlatforms,
        holds: Holds,
        choose: Choose,
        debugging: Debugging | None = None,
    ) -> None:
        self._target = target
        self._registered = registered
        self._platforms = platforms
        self._execution = execution
        self._holds = holds
        self._choose = choose
        self._debugging = debugging
        self._known: tuple[RuleTarget, ...] | None = None
        self._resolved: dict[Wish, Resolution] = {}
        self._kinds: dict[Label, Label] = {}

    def resolved(self, target: RuleTarget, group: str, wish: Wish) -> Resolution:
        """Where the actions of a group of `target` run, and with what.

        Raises NoMatchingToolchain with all mandatory types that nothing serves, or NoExecutionPlatform.
        """
        if self._debugging is not None and self._debugging.concerns(target, wish):
            self._debugging.say("\n".join(self._explained(target, group, wish)))
        found = self._resolved.get(wish)
        if found is None:
            found = self._resolved[wish] = self._resolve(target, group, wish)
        return found

    def resolved_for_test(self, target: RuleTarget, group: str, wish: Wish) -> Resolution:
        """Where a test runs: on a platform like the one that it is built for, as long as there is such a one."""
        configuration = wish.configuration
        if len(self._execution.available(configuration)) > 1:
            like = self._platforms.constraints_of(configuration).values()
            constraints = (*wish.constraints, *((value, "the target platform") for value in like))
            try:
                return self.resolved(target, group, replace(wish, constraints=constraints))
            except NoExecutionPlatform:
                pass
        return self.resolved(target, group, wish)

    def _resolve(self, target: RuleTarget, group: str, wish: Wish) -> Resolution:
        search = self._search(wish)
        types = wish.group.toolchains
        for one in types:
            if one.mandatory and not self._is_type(self._kind(one.type)):
                raise NotAToolchain(
                    f"`{target.label}` needs a toolchain of type `{one.type}`, which is no toolchain_type",
                    place=target.place,
                )
        missing = [one.type for one in types if one.mandatory and not search.toolchains[one.type]]
        if missing and search.platforms:
            candidates = self._candidates(wish.configuration)
            reasons = {kind: self._against_toolchains(kind, wish, search.platforms) for kind in missing}
            said = [self._said(missing), self._platforms.missing_toolchain_error(wish.configuration)]
            raise NoMatchingToolchain(target, reasons, len(candidates), "; ".join(filter(None, said)))
        mandatory = [one.type for one in types if one.mandatory]
        fit = [one for one in search.platforms if all(one in search.toolchains[kind] for kind in mandatory)]
        forced = [one for one in fit if one.label == wish.forced]
        # A platform with a list of its own of types is not there for actions that ask for none.
        free = [one for one in fit if types or one.allowed_types is None]
        if not forced and not free:
            raise NoExecutionPlatform(target, group, self._against_platforms(wish, search))
        chosen = forced[0] if forced else max(free, key=lambda one: sum(one in of for of in search.toolchains.values()))
        toolchains: dict[Label, Label] = {}
        for kind, of in search.toolchains.items():
            if chosen in of:
                [toolchains[kind]] = self._chosen(of[chosen], "toolchain", wish.configuration)
        return Resolution(chosen, toolchains)

    def _search(self, wish: Wish) -> _Search:
        configuration = wish.configuration
        platforms = [one for one in self._execution.available(configuration) if not self._unmet(one, wish)]
        toolchains: dict[Label, dict[ExecutionPlatform, RuleTarget]] = {}
        candidates = self._candidates(configuration) if wish.group.toolchains and platforms else ()
        for requirement in wish.group.toolchains:
            serving = toolchains[requirement.type] = {}
            kind = self._kind(requirement.type)
            for candidate in candidates:
                if len(serving) == len(platforms):
                    break
                if not self._is(candidate, kind) or self._against_target(candidate, configuration):
                    continue
                for platform in platforms:
                    if platform in serving or not _allows(platform, kind):
                        continue
                    if not self._against_machine(candidate, configuration, platform):
                        serving[platform] = candidate
        return _Search(platforms, toolchains)

    def _unmet(self, platform: ExecutionPlatform, wish: Wish) -> list[str]:
        """What a platform has not that actions ask for."""
        unmet = [
            f"requires `{label}`, which does not hold for the target"
            for label in platform.required_settings
            if not self._holds(label, wish.configuration)
        ]
        return unmet + [
            f"has not `{label}`, which {asking} asks for"
            for label, asking in wish.constraints
            if not self._holds(label, platform.configuration)
        ]

    def _against_target(self, candidate: RuleTarget, configuration: Configuration) -> list[Label]:
        """What a toolchain asks of the target and its configuration that is not so."""
        names = ("target_compatible_with", "target_settings")
        asked = [label for name in names for label in self._chosen(candidate, name, configuration)]
        return [label for label in asked if not self._holds(label, configuration)]

    def _against_machine(
        self, candidate: RuleTarget, configuration: Configuration, platform: ExecutionPlatform
    ) -> list[Label]:
        """What a toolchain asks of the platform that its actions run on, and is not so."""
        asked: Iterable[Label] = self._chosen(candidate, "exec_compatible_with", configuration)
        if candidate.value("use_target_platform_constraints") is True:
            if asked or candidate.value("target_compatible_with"):
                raise NotAToolchain(
                    f"`{candidate.label}` takes its constraints from the target platform and has some of its own",
                    place=candidate.place,
                    hint="remove `exec_compatible_with` and `target_compatible_with`, or "
                    "`use_target_platform_constraints`",
                )
            asked = self._platforms.constraints_of(configuration).values()
        return [label for label in asked if not self._holds(label, platform.configuration)]

    def _candidates(self, configuration: Configuration) -> tuple[RuleTarget, ...]:
        if self._known is None:
            self._known = self._toolchains(self._registered())
        texts = json.loads(configuration.get(EXTRA_TOOLCHAINS) or "[]")
        root = PackageId(MAIN_REPOSITORY, "")
        every = [texts] if isinstance(texts, str) else texts
        first = self._toolchains(Label.parse(text, relative_to=root) for text in every)
        return first + self._known

    def _toolchains(self, labels: Iterable[Label]) -> tuple[RuleTarget, ...]:
        return tuple(one for label in labels if (one := self._toolchain(label)) is not None)

    def _toolchain(self, label: Label) -> RuleTarget | None:
        """None where an absent module would make it, or other repositories lack its type: nobody can ask for it."""
        try:
            target = self._target(self._platforms.unaliased(label))
        except UnknownModule:
            return None
        if isinstance(target, RuleTarget) and target.rule_class.name in FOREIGN_KINDS:
            return None
        if not isinstance(target, RuleTarget) or target.rule_class.name != "toolchain":
            raise NotAToolchain(f"`{label}` is registered as a toolchain, and is a {target.kind}")
        [kind] = _labels(target, "toolchain_type")
        try:
            is_type = self._is_type(self._kind(kind))
        except (NoSuchPackage, NoSuchTarget, UnknownModule):
            if kind.repository == target.label.repository:
                raise
            return None
        if not is_type:
            raise NotAToolchain(
                f"the type of the toolchain `{label}` is `{kind}`, which is no toolchain_type", place=target.place
            )
        return target

    def _chosen(self, candidate: RuleTarget, name: str, configuration: Configuration) -> tuple[Label, ...]:
        """The labels in an attribute of a toolchain, for targets of a configuration."""
        value = candidate.value(name)
        return labels_in(self._choose(candidate, name, configuration) if isinstance(value, Select) else value)

    def _is(self, candidate: RuleTarget, kind: Label) -> bool:
        [own] = _labels(candidate, "toolchain_type")
        return self._kind(own) == kind

    def _is_type(self, kind: Label) -> bool:
        found = self._target(kind)
        return isinstance(found, RuleTarget) and found.rule_class.name == "toolchain_type"

    def _kind(self, label: Label) -> Label:
        """The toolchain type behind aliases."""
        found = self._kinds.get(label)
        if found is None:
            found = self._kinds[label] = self._platforms.unaliased(label)
        return found

    # What to say

    def reason(self, wish: Wish, resolution: Resolution) -> str:
        """Why a platform was chosen."""
        if wish.forced == resolution.platform.label:
            return "who uses the toolchain runs there"
        asked = [f"`{label}`" for label, _ in wish.constraints]
        asked += [f"a toolchain of type `{kind}`" for kind in resolution.toolchains]
        if not asked:
            return "it is the first execution platform"
        return f"it is the first execution platform with {' and '.join(asked)}"

    def _explained(self, target: RuleTarget, group: str, wish: Wish) -> list[str]:
        """How the resolution goes, line by line."""
        platform = wish.configuration.get(PLATFORMS) or str(HOST)
        title = f"`{target.label}`" + (f", exec group `{group}`" if group else "")
        lines = [f"ToolchainResolution: {title} for target platform `{platform}`:"]
        search = self._search(wish)
        for rejected, reasons in self._against_platforms(wish, search).items():
            lines.append(f"  execution platform `{rejected}` is not fit: {'; '.join(reasons)}")
        for kind, serving in search.toolchains.items():
            lines += [f"  {line}" for line in self._against_toolchains(kind, wish, search.platforms)]
            lines += [f"  `{one.label}` serves `{kind}` on `{place.label}`" for place, one in serving.items()]
        try:
            lines.append(f"  chosen: `{self._resolve(target, group, wish).platform.label}`")
        except UserError as error:
            lines.append(f"  nothing chosen: {error.message.splitlines()[0]}")
        return lines

    def _against_platforms(self, wish: Wish, search: _Search) -> dict[Label, list[str]]:
        """The reasons against each execution platform that can't be chosen."""
        reasons: dict[Label, list[str]] = {}
        for platform in self._execution.available(wish.configuration):
            against = self._unmet(platform, wish)
            for one in wish.group.toolchains:
                if not against and one.mandatory and platform not in search.toolchains[one.type]:
                    said = self._against_toolchains(one.type, wish, [platform])
                    against.append(f"has no toolchain of type `{one.type}`" + (f" ({', '.join(said)})" if said else ""))
            if not against and platform.allowed_types is not None and not wish.group.toolchains:
                against.append("is there for toolchains only, and none is asked for")
            if against:
                reasons[platform.label] = against
        return reasons

    def _against_toolchains(self, requirement: Label, wish: Wish, platforms: Sequence[ExecutionPlatform]) -> list[str]:
        """Why toolchains of a type don't serve on any of some platforms."""
        kind = self._kind(requirement)
        lines: list[str] = []
        for candidate in self._candidates(wish.configuration):
            if not self._is(candidate, kind):
                continue
            unmet = self._against_target(candidate, wish.configuration)
            if unmet:
                lines.append(f"`{candidate.label}` is for targets with {_listed(unmet)}")
                continue
            for platform in platforms:
                against = self._against_machine(candidate, wish.configuration, platform)
                if against:
                    lines.append(f"`{candidate.label}` needs {_listed(against)}, which `{platform.label}` has not")
                elif not _allows(platform, kind):
                    lines.append(f"`{platform.label}` does not allow toolchains of type `{kind}`")
        return lines

    def _said(self, types: Sequence[Label]) -> str:
        found = [self._target(self._kind(label)) for label in types]
        texts = [one.value("no_match_error") for one in found if isinstance(one, RuleTarget)]
        return "; ".join(text for text in texts if isinstance(text, str) and text)


def _allows(platform: ExecutionPlatform, kind: Label) -> bool:
    return platform.allowed_types is None or kind in platform.allowed_types


def _listed(labels: Iterable[Label]) -> str:
    return ", ".join(f"`{label}`" for label in labels)


def _labels(target: RuleTarget, name: str) -> tuple[Label, ...]:
    value = target.value(name)
    if isinstance(value, Select):
        raise NotAToolchain(f"`{name}` of `{target.label}` can't be a select()", place=target.place)
    plain: PlainValue = value
    return labels_in(plain)
