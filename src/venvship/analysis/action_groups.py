"""The groups of actions of a target: where each runs, and with which toolchains.

The actions of a target belong to the exec groups of its rule, or to the group without a name. Every test has one group
more, for the action that runs it. A rule may have a group made for each of its toolchain types; then the group without
a name has none, and the platform of an action is chosen for the toolchain that it uses, whatever others there are.
"""

from __future__ import annotations

from collections.abc import Mapping

from venvship.analysis.execution_platforms import ExecutionPlatform
from venvship.analysis.native_options import AUTO_EXEC_GROUPS, value_of
from venvship.analysis.toolchains import Resolution, Toolchains, Wish
from venvship.errors import UserError, VenvshipError
from venvship.loading.attributes import NO_EDGE, PlainValue, labels_in
from venvship.loading.nearest import did_you_mean
from venvship.loading.rule_class import (
    EXEC_COMPATIBLE_WITH,
    EXEC_GROUP_COMPATIBLE_WITH,
    NO_WISHES,
    TEST_GROUP,
    ExecGroup,
)
from venvship.loading.targets import RuleTarget
from venvship.model.configuration import Configuration
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.other_machine import OtherMachine

UNNAMED = ""
"""The group of actions that name none."""

_AUTOMATIC_ATTRIBUTE = "_use_auto_exec_groups"
_PROPERTIES = "exec_properties"
_FORCED = "execution_platform"
"""The option of toolchains that are analysed for actions on another platform than they would choose."""
_ROOT = PackageId(MAIN_REPOSITORY, "")


def with_forced_platform(configuration: Configuration, platform: Label) -> Configuration:
    """The configuration of the toolchains of actions that run on a platform."""
    return configuration.with_options({_FORCED: platform.canonical})


def without_forced_platform(configuration: Configuration) -> tuple[Configuration, Label | None]:
    """The configuration of what a toolchain stands on, and the platform where it is to run its actions."""
    forced = configuration.get(_FORCED)
    if not forced:
        return configuration, None
    return configuration.with_options({_FORCED: ""}), Label.parse(forced, relative_to=_ROOT)


class UnknownGroup(UserError):
    """An attribute of a target speaks of a group of actions that its rule does not have."""

    def __init__(self, target: RuleTarget, attribute: str, group: str, known: Mapping[str, ExecGroup]) -> None:
        names = [name for name in known if name]
        has = f"has {', '.join(f'`{name}`' for name in names)}" if names else "has none"
        super().__init__(
            f"`{attribute}` of `{target.label}` speaks of exec group `{group}`; the rule {target.rule_class} {has}",
            place=target.place,
            hint=did_you_mean(group, names),
        )


def automatic_group(kind: Label) -> str:
    """The name of the group that is made for a toolchain type; no group that a rule declares is called like it."""
    return kind.canonical


class ActionGroups:
    """The groups of one target; where a group runs is found out when it is first asked for."""

    __slots__ = ("_found", "_groups", "_target", "_toolchains", "_values", "configuration", "forced")

    def __init__(
        self,
        target: RuleTarget,
        values: Mapping[str, PlainValue],
        configuration: Configuration,
        toolchains: Toolchains,
        *,
        forced: Label | None,
    ) -> None:
        """`forced` is the platform of whoever uses the target as a toolchain."""
        self._target = target
        self._values = values
        self.configuration = configuration
        self._toolchains = toolchains
        # Most targets never ask, so there is room for the answers only once there is one.
        self._found: dict[str, Resolution] | None = None
        self._groups: Mapping[str, ExecGroup] | None = None
        self.forced = forced

    @property
    def groups(self) -> Mapping[str, ExecGroup]:
        """All groups by name."""
        if self._groups is None:
            rule = self._target.rule_class
            test = {TEST_GROUP: NO_WISHES} if rule.is_test else {}
            self._groups = {**test, **rule.exec_groups, UNNAMED: rule.actions}
            if self.is_automatic:
                platform = rule.actions.exec_compatible_with
                for one in rule.toolchains:
                    self._groups[automatic_group(one.type)] = ExecGroup((one,), platform)
                self._groups[UNNAMED] = ExecGroup((), platform)
        return self._groups

    @property
    def is_automatic(self) -> bool:
        """Whether each toolchain type of the rule has a group of its own."""
        said = self._target.rule_class.defaults.get(_AUTOMATIC_ATTRIBUTE)
        return bool(value_of(AUTO_EXEC_GROUPS, self.configuration) if said is None else said)

    @property
    def of_rule(self) -> tuple[str, ...]:
        """The groups whose toolchains are those of the rule."""
        if not self.is_automatic:
            return (UNNAMED,)
        return tuple(automatic_group(one.type) for one in self._target.rule_class.toolchains)

    def of_attribute(self, attribute: str, name: str) -> ExecutionPlatform:
        """The platform that programs of an attribute run on, which says whose group's they are; raises UnknownGroup."""
        if name not in self.groups:
            raise UnknownGroup(self._target, attribute, name, self.groups)
        return self[name].platform

    @property
    def is_plain(self) -> bool:
        """Whether nothing has a say in where actions run but the order of platforms."""
        rule = self._target.rule_class
        return not (
            rule.actions.toolchains
            or rule.actions.exec_compatible_with
            or rule.exec_groups
            or self._said(EXEC_COMPATIBLE_WITH)
            or self._said(EXEC_GROUP_COMPATIBLE_WITH)
        )

    def resolve(self) -> None:
        """Find out where each group runs; raises UnknownGroup, NoMatchingToolchain or NoExecutionPlatform."""
        for name in self._by_group():
            if name not in self.groups:
                raise UnknownGroup(self._target, EXEC_GROUP_COMPATIBLE_WITH, name, self.groups)
        for name in self.groups:
            self[name]

    def __getitem__(self, name: str) -> Resolution:
        """Where a group runs; raises NoMatchingToolchain or NoExecutionPlatform."""
        known = self._found
        if known is None:
            known = self._found = {}
        found = known.get(name)
        if found is None:
            wish, target = self._wish(name), self._target
            of_test = name == TEST_GROUP and name not in target.rule_class.exec_groups
            resolved = self._toolchains.resolved_for_test if of_test else self._toolchains.resolved
            found = known[name] = resolved(target, name, wish)
        return found

    def is_as_unforced(self) -> bool:
        """Whether all actions run where they would if the target were no toolchain of anybody."""
        free = ActionGroups(self._target, self._values, self.configuration, self._toolchains, forced=None)
        return all(self[name].platform is free[name].platform for name in self.groups)

    def elsewhere(self, name: str) -> OtherMachine | None:
        """Why actions of a group can't run on this machine, or None where they can."""
        resolution = self[name]
        platform = resolution.platform
        if not platform.contradictions:
            return None
        reason = self._toolchains.reason(self._wish(name), resolution)
        return OtherMachine(platform.label, platform.contradictions, reason)

    def properties(self, name: str) -> dict[str, str]:
        """The `exec_properties` of the actions of a group: those of the platform, and those of the target over them.

        Raises UnknownGroup.
        """
        said = self._values.get(_PROPERTIES)
        own = {str(key): str(value) for key, value in said.items()} if isinstance(said, Mapping) else {}
        from_platform = self[name].platform.properties
        if not own and not from_platform:
            return {}
        is_rule_of_ours = self._target.rule_class.defined_in is None
        for key in own:
            group, dot, _ = key.partition(".")
            # Rules that ours stand for have groups that ours do not need.
            if dot and group not in self.groups and not is_rule_of_ours:
                raise UnknownGroup(self._target, _PROPERTIES, group, self.groups)
        found: dict[str, str] = {}
        for group in dict.fromkeys((UNNAMED, name)):
            found.update(_of_group(from_platform, group))
            found.update(_of_group(own, group))
        return found

    def _wish(self, name: str) -> Wish:
        group = self.groups[name]
        is_of_rule = name == UNNAMED or name in self.of_rule
        by_rule = "the rule" if is_of_rule else "the exec group"
        constraints = [(label, by_rule) for label in group.exec_compatible_with]
        asked = labels_in(self._said(EXEC_COMPATIBLE_WITH)) if is_of_rule else ()
        constraints += [(label, "the target") for label in (*asked, *self._by_group().get(name, ()))]
        return Wish(group, tuple(constraints), self.configuration, self.forced)

    def _by_group(self) -> Mapping[str, tuple[Label, ...]]:
        said = self._said(EXEC_GROUP_COMPATIBLE_WITH)
        if not isinstance(said, Mapping):
            return {}
        return {self._named(str(name)): labels for name, labels in said.items() if isinstance(labels, tuple)}  # type: ignore[misc]

    def _named(self, name: str) -> str:
        """A group as a target names it: those of toolchain types by label."""
        if name.isidentifier() or not self.is_automatic:
            return name
        try:
            package, mapping = self._target.label.package, self._target.mapping
            return automatic_group(Label.parse(name, relative_to=package, repository_mapping=mapping))
        except VenvshipError:
            return name

    def _said(self, attribute: str) -> PlainValue:
        """What the target says of its actions; aspects say nothing, and toolchains speak of those of others."""
        spec = self._target.rule_class.attributes.get(attribute)
        return None if spec is None or spec.transition == NO_EDGE else self._values[attribute]


def _of_group(properties: Mapping[str, str], group: str) -> dict[str, str]:
    if group == UNNAMED:
        return {key: value for key, value in properties.items() if "." not in key}
    return {key[len(group) + 1 :]: value for key, value in properties.items() if key.startswith(f"{group}.")}
