"""Pass one of analysis: choices, configurations and edges of one target, or of an aspect on one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeAlias, cast

from venvship.analysis.action_groups import ActionGroups, with_forced_platform, without_forced_platform
from venvship.analysis.aspects import (
    AspectKey,
    Wanted,
    applications,
    going_on,
    going_on_to_toolchain,
)
from venvship.analysis.aspects import wanted as wanted_aspects
from venvship.analysis.build_settings import reaches_tools
from venvship.analysis.conditions import ConditionInfo, resolved
from venvship.analysis.configured_target import TargetKey
from venvship.analysis.execution_platforms import ExecutionPlatform, ExecutionPlatforms
from venvship.analysis.findings import Findings
from venvship.analysis.native_options import FEATURES, HOST_FEATURES
from venvship.analysis.node import FORWARDING_RULES, TOOLCHAIN_EDGES, AspectNode, Node
from venvship.analysis.package_specification import group_problems
from venvship.analysis.platforms import PlatformTargets
from venvship.analysis.propagation import directions
from venvship.analysis.toolchains import CHOICES, Toolchains
from venvship.analysis.transitions import SINGLE, InvalidTransition, carried_out, option_written
from venvship.analysis.visible_targets import VisibleTargets
from venvship.errors import SeveralErrors, VenvshipError
from venvship.loading.aspects import AspectDefinition, MissingParameter
from venvship.loading.attributes import NO_EDGE, AttributeSpec, AttributeValue, PlainValue, Select, labels_in
from venvship.loading.config_module import ExecTransition
from venvship.loading.rule_class import COMMON_ATTRIBUTE_NAMES
from venvship.loading.rule_extension import InTurn
from venvship.loading.targets import OutputFileTarget, RuleTarget, Target
from venvship.loading.transition_module import TransitionDefinition
from venvship.model.configuration import Configuration
from venvship.model.label import Label

SettingOption: TypeAlias = Callable[[str, str], tuple[str, str]]
"""The option behind a build setting, by its label as a target writes it, and a value, as configurations hold them."""
RuleTransition: TypeAlias = Callable[[Mapping[str, PlainValue], Configuration, SettingOption], Configuration]
"""What `RuleClass.transition` holds: the configuration that a target asks to be built under."""

AttributeTransition: TypeAlias = Callable[[Configuration], Configuration]
"""What `AttributeSpec.transition` holds: the configuration of the dependencies of one attribute."""

ComputedValue: TypeAlias = Callable[[Mapping[str, PlainValue]], PlainValue]
"""What `AttributeSpec.computed_default` holds: the default of an attribute out of the values of others."""

ComputedDependencies: TypeAlias = Callable[
    [Label, Mapping[str, PlainValue], Configuration], Mapping[str, Sequence[Label]]
]
"""What `RuleClass.computed_dependencies` holds: further dependencies, which only the configuration tells."""


class NodeBuilder:
    """Makes nodes; what goes wrong is remembered in `findings`."""

    def __init__(
        self,
        target: Callable[[Label], Target],
        findings: Findings,
        *,
        platforms: PlatformTargets,
        execution: ExecutionPlatforms,
        toolchains: Toolchains,
        condition: Callable[[Label, Configuration], ConditionInfo | None],
        before_loading: Callable[[Iterable[str]], None],
    ) -> None:
        """`condition` analyses a condition of a select(), whose turn may not have come.

        `before_loading` is told of the repositories that one attribute names, where these are several.
        """
        self._target = target
        self._findings = findings
        self._platforms = platforms
        self._execution = execution
        self._toolchains = toolchains
        self._condition = condition
        self._before_loading = before_loading
        self._visible = VisibleTargets(target)
        self._of_tools: dict[tuple[Configuration, ExecutionPlatform], Configuration] = {}

    def of_target(self, asked: TargetKey) -> Node | None:
        """The node, under the key that its own transition leads to; None if it fails."""
        try:
            target = self._target(asked.label)
        except VenvshipError as error:
            self._findings.canonical[asked] = asked
            self._findings.fail(asked, error)
            return None
        ungrouped = group_problems(target, self._target)
        if ungrouped:
            self._findings.canonical[asked] = asked
            self._findings.fail(asked, SeveralErrors(ungrouped))
            return None
        if not isinstance(target, RuleTarget) or asked.configuration is None:
            key = asked
            edges: dict[str, tuple[TargetKey, ...]] = {}
            if isinstance(target, OutputFileTarget):
                edges["generating_rule"] = (TargetKey(target.generating_rule, asked.configuration),)
            else:
                key = TargetKey(asked.label, None)
            self._findings.canonical[asked] = key
            return Node(key, target, {}, edges)
        try:
            return self._configured_rule(asked, target, asked.configuration)
        except VenvshipError as error:
            self._findings.canonical.setdefault(asked, asked)
            self._findings.fail(asked, error)
            return None

    def _configured_rule(self, asked: TargetKey, target: RuleTarget, wanted: Configuration) -> Node:
        rule = target.rule_class
        configuration, forced = without_forced_platform(wanted)
        values = self.values(target, configuration)
        if rule.transition is not None:
            changed = self._own_configuration(target, values, configuration)
            if changed != configuration:
                configuration = changed
                values = self.values(target, configuration)
        groups = ActionGroups(target, values, configuration, self._toolchains, forced=forced)
        key = TargetKey(asked.label, configuration)
        if forced is not None and (rule.name in FORWARDING_RULES or not groups.is_as_unforced()):
            key = TargetKey(asked.label, with_forced_platform(configuration, forced))
        self._findings.canonical[asked] = key
        self._findings.canonical[key] = key
        return self._node(key, target, values, groups)

    def of_aspect(self, key: AspectKey, base: Node) -> AspectNode:
        """The aspect on `base`, which may be no more than on a target that is nothing to it; raises what is wrong."""
        configuration = key.target.configuration
        target = base.target
        aspect = key.aspect
        if isinstance(target, OutputFileTarget) and aspect.definition.terms.to_generating_rules:
            [generating] = base.edges["generating_rule"]
            return AspectNode(key, base, Node(key.target, target), forwarded=AspectKey(generating, aspect))
        if not isinstance(target, RuleTarget) or configuration is None:
            return AspectNode(key, base, Node(key.target, target))
        if target.rule_class.name in FORWARDING_RULES:
            [actual] = base.edges["actual"]
            return AspectNode(key, base, Node(key.target, target), forwarded=AspectKey(actual, aspect))
        attributes = aspect.definition.attribute_class
        if not aspect.concerns(target.rule_class):
            return AspectNode(key, base, Node(key.target, target))
        onward = directions(aspect, target, base.values)
        if aspect not in onward:
            return AspectNode(key, base, Node(key.target, target))
        given = dict(aspect.parameters)
        values = {name: given.get(name, spec.default_value) for name, spec in attributes.attributes.items()}
        stand_in = RuleTarget(
            target.label, attributes, given, target.place, target.visibility, target.generator, target.mapping
        )
        seen = {**_common_values(base.values), **values}
        plain, forced = without_forced_platform(configuration)
        groups = ActionGroups(stand_in, seen, plain, self._toolchains, forced=forced)
        node = self._node(key.target, stand_in, seen, groups)
        around: dict[str, tuple[tuple[AspectKey, ...], ...]] = {}
        for name, edges in base.edges.items():
            going = list(going_on(onward, name))
            if not going or name == TOOLCHAIN_EDGES:
                continue
            spec = target.rule_class.attributes.get(name)
            own = [] if spec is None else list(self._wanted_on(spec, target, base.values))
            found = applications([*own, *going])
            around[name] = tuple(tuple(AspectKey(edge, one) for one in found) for edge in edges)
        kinds = (*base.toolchains, *(kind for group in base.exec_groups.values() for kind in group))
        on_toolchains = [applications(going_on_to_toolchain(onward, kind)) for kind in kinds]
        if any(on_toolchains):
            around[TOOLCHAIN_EDGES] = tuple(
                tuple(AspectKey(edge, one) for one in found)
                for edge, found in zip(base.edges[TOOLCHAIN_EDGES], on_toolchains, strict=True)
            )
        if node.problems:
            raise SeveralErrors(node.problems)
        bases = tuple(AspectKey(key.target, one) for one in aspect.bases)
        path = tuple(one.definition for one in onward)
        return AspectNode(key, base, node, {**base.aspects, **around}, bases, path)

    def values(self, target: RuleTarget, configuration: Configuration) -> dict[str, PlainValue]:
        """All attributes, with choices made and defaults computed."""
        rule, label = target.rule_class, target.label
        # In the order of the rule class.
        given: dict[str, AttributeValue] = {**rule.defaults, **target.attributes, "name": label.name}
        values = cast(dict[str, PlainValue], given)
        chosen = [name for name, value in target.attributes.items() if isinstance(value, Select)]
        for name, value in given.items() if chosen else ():
            if not isinstance(value, Select):
                continue
            conditions = self._conditions(value, TargetKey(label, configuration), name, configuration)
            try:
                values[name] = resolved(rule.attributes[name], value, conditions)
            except VenvshipError as error:
                error.place = error.place or target.place
                error.chain = (*error.chain, f"in target `{label}`")
                raise
        for spec in rule.computed_defaults:
            if spec.name not in target.attributes:
                values[spec.name] = cast(ComputedValue, spec.computed_default)(values)
        return values

    def _conditions(
        self, value: Select, of: TargetKey, attribute: str, configuration: Configuration
    ) -> dict[Label, ConditionInfo | None]:
        """What the conditions of a select() come to; raises everything that is wrong with any of them."""
        found: dict[Label, ConditionInfo | None] = {}
        problems: list[VenvshipError] = []
        for label in value.conditions:
            self._findings.requester.setdefault(TargetKey(label, configuration), (of, attribute))
            try:
                found[label] = self._condition(label, configuration)
            except VenvshipError as error:
                problems.append(error)
        if problems:
            raise SeveralErrors(problems)
        return found

    def _node(self, key: TargetKey, target: RuleTarget, values: Mapping[str, PlainValue], groups: ActionGroups) -> Node:
        rule = target.rule_class
        configuration = groups.configuration
        aspects: dict[str, tuple[tuple[AspectKey, ...], ...]] = {}
        edges: dict[str, tuple[TargetKey, ...]] = {}
        splits: dict[str, tuple[str, ...]] = {}
        problems: list[VenvshipError] = []
        for name, spec in rule.dependency_attributes.items():
            value = values[name]
            if not value:
                continue
            labels = labels_in(value)
            if not labels or spec.transition == NO_EDGE:
                continue
            below = self._configurations_below(spec, values, target, groups)
            if len(labels) > 1 and (labels[0].repository or labels[-1].repository):
                self._before_loading(dict.fromkeys(label.repository for label in labels))
                self._before_loading(self._led_to(labels, next(iter(below.values()), configuration)))
            edges[name] = tuple([TargetKey(label, one) for one in below.values() for label in labels])
            if isinstance(spec.transition, TransitionDefinition):
                splits[name] = tuple(below)
            if spec.aspects:
                on_each = applications(self._wanted_on(spec, target, values))
                aspects[name] = tuple(tuple(AspectKey(edge, one) for one in on_each) for edge in edges[name])
            if not spec.is_private:
                problems += self._visible.problems(target, name, labels)
        if rule.computed_dependencies is not None:
            compute = cast(ComputedDependencies, rule.computed_dependencies)
            for name, found in compute(target.label, values, configuration).items():
                edges[name] = tuple(TargetKey(label, configuration) for label in found)
        if rule.name in FORWARDING_RULES and groups.forced is not None:
            edges = {name: tuple(TargetKey(edge.label, key.configuration) for edge in of) for name, of in edges.items()}
        toolchains: dict[Label, TargetKey] = {}
        of_groups: dict[str, Mapping[Label, TargetKey]] = {}
        if not groups.is_plain:
            groups.resolve()
            for name in groups.of_rule:
                toolchains |= self._chosen(groups, name)
            of_groups = {name: self._chosen(groups, name) for name in rule.exec_groups}
            every = (toolchains, *of_groups.values())
            if any(every):
                edges[TOOLCHAIN_EDGES] = tuple(edge for chosen in every for edge in chosen.values())
        conditions = {
            label: name
            for name, value in target.attributes.items()
            if isinstance(value, Select)
            for label in value.conditions
        }
        for label, name in conditions.items():
            if self._is_setting(label):
                problems += self._visible.problems(target, name, [label])
        asked_about = tuple(TargetKey(label, configuration) for label in conditions)
        return Node(key, target, values, edges, asked_about, splits, toolchains, of_groups, aspects, problems, groups)

    def _led_to(self, labels: Iterable[Label], configuration: Configuration) -> Iterable[str]:
        """The repositories that aliases among the targets of other repositories lead to."""
        found: dict[str, None] = {}
        for label in labels:
            # What is wrong with a target is told when it has its turn.
            with contextlib.suppress(VenvshipError):
                target = self._target(label) if label.repository else None
                if isinstance(target, RuleTarget) and target.rule_class.name == "alias":
                    actual = labels_in(self.values(target, configuration)["actual"])
                    found.update(dict.fromkeys(one.repository for one in actual))
        return found

    def _is_setting(self, label: Label) -> bool:
        target = self._target(label)
        return isinstance(target, RuleTarget) and target.rule_class.name == "config_setting"

    def _chosen(self, groups: ActionGroups, name: str) -> dict[Label, TargetKey]:
        """The toolchains of a group of actions; what they run themselves, they run on its platform."""
        resolution = groups[name]
        configuration = groups.configuration
        if len(self._execution.available(configuration)) > 1 and resolution.toolchains:
            configuration = with_forced_platform(configuration, resolution.platform.label)
        return {kind: TargetKey(label, configuration) for kind, label in resolution.toolchains.items()}

    def _own_configuration(
        self, target: RuleTarget, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Configuration:
        return self._after(target.rule_class.transition, target, values, configuration)

    def _after(
        self, transition: object, target: RuleTarget, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Configuration:
        if isinstance(transition, InTurn):
            configuration = self._after(transition.first, target, values, configuration)
            return self._after(transition.then, target, self.values(target, configuration), configuration)
        if isinstance(transition, ExecTransition):
            groups = ActionGroups(target, values, configuration, self._toolchains, forced=None)
            return self._for_tools(configuration, groups[transition.group].platform)
        if not isinstance(transition, TransitionDefinition):
            try:
                return cast(RuleTransition, transition)(values, configuration, partial(self._option_written, target))
            except VenvshipError as error:
                error.place = target.place
                error.chain = (*error.chain, f"in target `{target.label}`")
                raise
        found = self._carried_out(transition, {**values, "name": target.label.name}, configuration)
        if list(found) != [SINGLE]:
            raise InvalidTransition(
                f"the transition of `{target.label}` answers {len(found)} configurations; a target has one",
                place=transition.place,
            )
        return found[SINGLE]

    def _configurations_below(
        self, spec: AttributeSpec, values: Mapping[str, PlainValue], target: RuleTarget, groups: ActionGroups
    ) -> Mapping[str, Configuration]:
        """The configurations of the dependencies of an attribute, by name."""
        configuration = groups.configuration
        if spec.transition is None:
            return {SINGLE: configuration}
        if isinstance(spec.transition, ExecTransition):
            return {SINGLE: self._for_tools(configuration, groups.of_attribute(spec.name, spec.transition.group))}
        if isinstance(spec.transition, TransitionDefinition):
            return self._carried_out(spec.transition, {**values, "name": target.label.name}, configuration)
        return {SINGLE: cast(AttributeTransition, spec.transition)(configuration)}

    def _for_tools(self, configuration: Configuration, platform: ExecutionPlatform) -> Configuration:
        """The configuration of programs that actions run on a platform, with the flags that reach them."""
        found = self._of_tools.get((configuration, platform))
        if found is None:
            reaching = {
                name: value
                for name, value in configuration.options
                if name in CHOICES or reaches_tools(name, self._target)
            }
            for_tools = configuration.get(HOST_FEATURES)
            reaching |= {FEATURES: for_tools, HOST_FEATURES: for_tools}
            found = self._of_tools[configuration, platform] = self._execution.for_tools(platform, reaching)
        return found

    def _carried_out(
        self, transition: TransitionDefinition, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Mapping[str, Configuration]:
        return carried_out(transition, configuration, values, target=self._target, platforms=self._platforms)

    def _option_written(self, target: RuleTarget, setting: str, text: str) -> tuple[str, str]:
        label = Label.parse(setting, relative_to=target.label.package, repository_mapping=target.mapping)
        return option_written(label, text, target=self._target)

    def _wanted_on(self, spec: AttributeSpec, target: RuleTarget, values: Mapping[str, PlainValue]) -> Iterable[Wanted]:
        definitions = cast(tuple[AspectDefinition, ...], spec.aspects)
        try:
            yield from wanted_aspects(definitions, values, f"rule {target.rule_class}")
        except MissingParameter as error:
            error.place = error.place or target.place
            error.chain = (*error.chain, f"in target `{target.label}`")
            raise


def _common_values(values: Mapping[str, PlainValue]) -> dict[str, PlainValue]:
    """What every rule has, as an aspect on a target takes it over."""
    return {name: value for name, value in values.items() if name in COMMON_ATTRIBUTE_NAMES}
