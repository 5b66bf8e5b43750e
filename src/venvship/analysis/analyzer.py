"""Analysis of a set of targets: configure everything that they need, then call rule functions, dependencies first.

The two passes are apart so that whatever the rule functions will ask for (the manifests of wheels, an interpreter)
can be obtained between them, in parallel, by the owner of the network; analysis itself does no IO.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Protocol, TypeAlias, cast

from venvship.analysis.action_groups import UNNAMED, ActionGroups, with_forced_platform, without_forced_platform
from venvship.analysis.aspects import (
    AspectKey,
    Wanted,
    applications,
    going_on,
    going_on_to_toolchain,
    with_aspects,
    with_output_groups,
)
from venvship.analysis.aspects import wanted as wanted_aspects
from venvship.analysis.build_settings import LABEL_SETTINGS, BuildSettingValueInfo, reaches_tools, value_info
from venvship.analysis.conditions import ConditionInfo, resolved
from venvship.analysis.configured_target import ConfiguredTarget, TargetKey
from venvship.analysis.execution_platforms import ExecutionPlatform, ExecutionPlatforms
from venvship.analysis.failures import AnalysisFailureInfo, are_allowed, failed_target, standing_on_failures
from venvship.analysis.native_options import FEATURES, HOST_FEATURES
from venvship.analysis.package_specification import PackageSpecificationInfo, group_problems, groups_behind
from venvship.analysis.platforms import HOST, PlatformTargets
from venvship.analysis.propagation import directions
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.providers import TOOLCHAIN_INFO
from venvship.analysis.toolchains import CHOICES, Debugging, NotAToolchain, Toolchains
from venvship.analysis.transitions import SINGLE, InvalidTransition, carried_out
from venvship.dataclass import dataclass
from venvship.errors import InternalError, Place, SeveralErrors, UserError, VenvshipError
from venvship.loading.aspects import AspectDefinition, MissingParameter
from venvship.loading.attributes import NO_EDGE, AttributeSpec, AttributeValue, PlainValue, Select, labels_in
from venvship.loading.config_module import ExecTransition
from venvship.loading.native_providers import key_of_instance, provider_name
from venvship.loading.rule_class import COMMON_ATTRIBUTE_NAMES, RuleClass
from venvship.loading.targets import OutputFileTarget, PackageGroup, RuleTarget, SourceFileTarget, Target
from venvship.loading.transition_module import TransitionDefinition
from venvship.memo.computation import Memo
from venvship.memo.keys import Key
from venvship.model.artifact import Artifact, Root
from venvship.model.configuration import Configuration
from venvship.model.depset import Depset
from venvship.model.label import Label, PackageId
from venvship.model.paths import join
from venvship.model.provider import HIDDEN_OUTPUTS, DefaultInfo, OutputGroupInfo
from venvship.model.workspace_status import UNSTAMPED, WorkspaceStatus

RuleFunction: TypeAlias = Callable[[RuleContext], Iterable[object]]
"""What `RuleClass.implementation` holds: providers out of a context, each known by its class."""

AspectFunction: TypeAlias = Callable[[RuleContext, RuleContext, ConfiguredTarget, tuple[str, ...]], Iterable[object]]
"""What `AspectTerms.implementation` holds: providers out of the aspect's context, that of the rule, and the target."""

RuleTransition: TypeAlias = Callable[[Mapping[str, PlainValue], Configuration], Configuration]
"""What `RuleClass.transition` holds: the configuration that a target asks to be built under."""

AttributeTransition: TypeAlias = Callable[[Configuration], Configuration]
"""What `AttributeSpec.transition` holds: the configuration of the dependencies of one attribute."""

ComputedValue: TypeAlias = Callable[[Mapping[str, PlainValue]], PlainValue]
"""What `AttributeSpec.computed_default` holds: the default of an attribute out of the values of others."""

FORWARDING_RULES = frozenset({"alias", *LABEL_SETTINGS})
"""Rules whose targets stand for another one, that of their edge `actual`."""

_TOOLCHAIN_EDGES = "toolchains of the rule"

ComputedDependencies: TypeAlias = Callable[
    [Label, Mapping[str, PlainValue], Configuration], Mapping[str, Sequence[Label]]
]
"""What `RuleClass.computed_dependencies` holds: further dependencies, which only the configuration tells."""

_LONGEST_CHAIN = 20


class Packages(Protocol):
    """Loaded targets by label; raises a UserError for one that does not exist."""

    def target(self, label: Label) -> Target: ...


class NotVisible(UserError):
    """A target depends on one that is not visible to it."""

    def __init__(self, target: RuleTarget, attribute: str, dependency: Target, spelling: str) -> None:
        super().__init__(
            f"target `{dependency.label}` is not visible from `{target.label}` (attribute `{attribute}`); "
            f"declared at {dependency.place}: its visibility is {spelling}",
            place=target.place,
            hint=f'add "{target.label.package}:__pkg__" to the visibility of `{dependency.label}`',
        )


class DependencyCycle(UserError):
    """Targets depend on each other in a circle."""

    def __init__(self, path: Sequence[Label], place: Place) -> None:
        shown = [f".-> {path[0]}", *(f"|   {label}" for label in path[1:]), f"`-- {path[0]}"]
        message = "cycle in the dependency graph:\n" + "\n".join(shown)
        super().__init__(message, place=place, hint="remove one of these edges")
        self.path = tuple(path)


class WrongDependency(UserError):
    """A dependency does not provide what its attribute asks for, or is a file of the wrong kind."""


class IncompatibleTarget(UserError):
    """A target was asked for by name that does not fit the target platform."""


@dataclass(frozen=True, slots=True)
class ConfiguredTargetKey(Key[ConfiguredTarget]):
    """The memo key of a configured target."""

    target: TargetKey

    def __str__(self) -> str:
        return str(self.target)


@dataclass(frozen=True, slots=True)
class AspectResultKey(Key[ConfiguredTarget]):
    """The memo key of what an aspect makes of a target."""

    aspect: AspectKey

    def __str__(self) -> str:
        return str(self.aspect)


AspectsOfEdges: TypeAlias = Mapping[str, tuple[tuple[AspectKey, ...], ...]]
"""The aspects on the dependencies of attributes, for each edge in order."""


@dataclass(slots=True, eq=False)
class Node:
    """A target whose choices are made and whose dependencies are known, before its rule function has run.

    `splits` names the configurations of attributes with a transition of a `.bzl` file, whose edges are those of the
    first configuration, then those of the next. `toolchains` are implementations by type, `exec_groups` the same for
    each group of actions, and `groups` know where actions run.
    """

    key: TargetKey
    target: Target
    values: Mapping[str, PlainValue] = field(default_factory=dict)
    edges: Mapping[str, tuple[TargetKey, ...]] = field(default_factory=dict)
    conditions: tuple[TargetKey, ...] = ()
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    toolchains: Mapping[Label, TargetKey] = field(default_factory=dict)
    exec_groups: Mapping[str, Mapping[Label, TargetKey]] = field(default_factory=dict)
    aspects: AspectsOfEdges = field(default_factory=dict)
    problems: Sequence[VenvshipError] = ()
    groups: ActionGroups | None = None

    @property
    def needs(self) -> Iterable[TargetKey | AspectKey]:
        """Everything that is analysed before this, in order."""
        for attribute, edges in self.edges.items():
            aspects = self.aspects.get(attribute)
            for position, edge in enumerate(edges):
                yield edge
                if aspects is not None:
                    yield from aspects[position]


@dataclass(slots=True, eq=False)
class AspectNode:
    """An aspect on a target: `base` is the target's node, `node` has the aspect's own attributes.

    `aspects` are those on the dependencies of the target as this aspect sees them, `bases` those on the target itself
    whose results it sees, `path` those that travel together and run here, this one last. On a target that stands for
    another one, `forwarded` is the aspect on that one.
    """

    key: AspectKey
    base: Node
    node: Node
    aspects: AspectsOfEdges = field(default_factory=dict)
    bases: tuple[AspectKey, ...] = ()
    path: tuple[AspectDefinition, ...] = ()
    forwarded: AspectKey | None = None

    @property
    def needs(self) -> Iterable[TargetKey | AspectKey]:
        """Everything that is analysed before this, in order."""
        yield self.base.key
        yield from self.node.needs
        yield from self.bases
        for groups in self.aspects.values():
            for aspects in groups:
                yield from aspects
        if self.forwarded is not None:
            yield self.forwarded


class Analyzer:
    """Analyses targets, each once for each configuration; results are kept as long as the analyzer is."""

    def __init__(
        self,
        packages: Packages,
        *,
        memo: Memo,
        host: Configuration,
        before_rules: Callable[[Sequence[Node]], Mapping[TargetKey, VenvshipError]] = lambda nodes: {},
        toolchains: Callable[[], Sequence[Label]] = tuple,
        execution_platforms: Callable[[], Sequence[Label]] = tuple,
        host_platform: Label = HOST,
        debugging: Debugging | None = None,
        status: Callable[[], WorkspaceStatus] = lambda: UNSTAMPED,
    ) -> None:
        """`before_rules` obtains what the rule functions of new nodes will ask for; it answers what it can't obtain.

        `toolchains` and `execution_platforms` are those that are registered, in order; `host_platform` is what this
        machine is called, `debugging` says which choices among them to explain. `status` is what stamped outputs hold.
        """
        self._platforms = PlatformTargets(packages.target, host.platform)
        self._execution = ExecutionPlatforms(self._platforms, host, host_platform, execution_platforms)
        self._toolchains = Toolchains(
            packages.target,
            toolchains,
            platforms=self._platforms,
            execution=self._execution,
            holds=self._holds,
            choose=lambda target, name, configuration: self._values(target, configuration)[name],
            debugging=debugging,
        )
        self._packages = packages
        self._status = status
        self._memo = memo
        self._host = host
        self._before_rules = before_rules
        self._canonical: dict[TargetKey, TargetKey] = {}
        self._nodes: dict[TargetKey, Node] = {}
        self._memo_keys: dict[TargetKey, ConfiguredTargetKey] = {}
        self._aspects: dict[AspectKey, AspectNode] = {}
        self._requester: dict[TargetKey, tuple[TargetKey, str]] = {}
        self._results: dict[TargetKey | AspectKey, ConfiguredTarget | None] = {}
        self._errors: dict[TargetKey | AspectKey, VenvshipError] = {}
        self._chained: set[int] = set()
        # Conditions that are looked into, each because of the one before: to find out where its actions run, say.
        self._asked_ahead: dict[TargetKey, None] = {}
        self._of_tools: dict[tuple[Configuration, ExecutionPlatform], Configuration] = {}
        self.errors: list[VenvshipError] = []
        """What went wrong in the last call of `analyze`, each problem once."""
        self.failed: list[Label] = []
        """The labels of the last call of `analyze` that could not be analysed."""

    def analyze(
        self,
        labels: Iterable[Label],
        configuration: Configuration,
        *,
        keep_going: bool = False,
        aspects: Sequence[AspectDefinition] = (),
        parameters: Mapping[str, PlainValue] | None = None,
    ) -> list[ConfiguredTarget]:
        """Analyse `labels` and all that they need; results are in the order of `labels`.

        `aspects` run on each of them, with `parameters`; their output groups become those of the results. Raises
        SeveralErrors with everything that is wrong; with `keep_going` the targets that can be analysed are returned,
        and `errors` tells the rest.
        """
        known = len(self._errors)
        wanted = [TargetKey(label, configuration) for label in labels]
        asked = applications(wanted_aspects(aspects, parameters, "the command line"))
        on_top = {key: [AspectKey(key, aspect) for aspect in asked] for key in wanted}
        every: list[TargetKey | AspectKey] = []
        for key in wanted:
            every += [key, *on_top[key]]
        order = self._configure(every)
        targets = [key for key in order if isinstance(key, TargetKey)]
        unobtained = self._before_rules([node for key in targets if (node := self._nodes.get(key)) is not None])
        for unfit, error in unobtained.items():
            self._fail(unfit, error)
        for one in order:
            self._evaluate(one)
        failed = [self._error(one) for one in every]
        self.errors = _distinct([*list(self._errors.values())[known:], *failed])
        if self.errors and not keep_going:
            raise SeveralErrors(self.errors)
        found = [self._top(key, on_top[key]) for key in wanted]
        self.failed = [key.label for key, target in zip(wanted, found, strict=True) if target is None]
        return [target for target in found if target is not None]

    def _top(self, key: TargetKey, aspects: Sequence[AspectKey]) -> ConfiguredTarget | None:
        target = self._result(key)
        if target is None or not aspects:
            return target
        results = [self._result(aspect) for aspect in aspects]
        if None in results:
            return None
        return with_output_groups(target, [result for result in results if result is not None])

    @property
    def targets(self) -> Iterable[ConfiguredTarget]:
        """Every target that was analysed so far, and what aspects made of them."""
        return (target for target in self._results.values() if target is not None)

    def references(self) -> Iterator[tuple[Label, Iterator[Label]]]:
        """Each target that was looked at, and those that it was looked at with: a label may come more than once."""
        for key, node in self._nodes.items():
            yield key.label, (one.label for one in (*_targets_of(node.needs), *node.conditions))
        for aspect, on_target in self._aspects.items():
            yield (
                aspect.target.label,
                (one.label for one in (*_targets_of(on_target.needs), *on_target.node.conditions)),
            )

    def aspect_steps(self) -> Iterator[tuple[Label, bool, Iterator[Label]]]:
        """Where aspects go: from a target that asks for them, or on from one that they are on, which the flag says."""
        for key, node in self._nodes.items():
            if node.aspects:
                yield key.label, False, _targets_below(node.aspects)
        for aspect, on_target in self._aspects.items():
            forwarded = () if on_target.forwarded is None else (on_target.forwarded.target.label,)
            yield aspect.target.label, True, iter((*forwarded, *_targets_below(on_target.aspects)))

    # Pass one: choices and edges

    def _configure(self, wanted: Sequence[TargetKey | AspectKey]) -> list[TargetKey | AspectKey]:
        """Configure everything reachable from `wanted`; returns new nodes, dependencies first."""
        order: list[TargetKey | AspectKey] = []
        on_path: dict[TargetKey, None] = {}
        # An explicit stack: dependency chains in real workspaces outgrow Python's.
        stack: list[tuple[TargetKey | AspectKey, bool]] = [(key, False) for key in reversed(wanted)]
        while stack:
            asked, leaving = stack.pop()
            if isinstance(asked, AspectKey):
                if leaving:
                    order.append(asked)
                else:
                    self._enter_aspect(asked, stack)
                continue
            if leaving:
                on_path.pop(asked, None)
                if asked in self._nodes:
                    order.append(asked)
                continue
            if asked in self._canonical:
                key = self._canonical[asked]
                if key in on_path:
                    self._fail(key, self._cycle_on(on_path, key))
                continue
            node = self._configured(asked)
            if node is None:
                continue
            key = node.key
            if key in on_path:
                self._fail(key, self._cycle_on(on_path, key))
                continue
            if key in self._nodes:
                continue
            self._nodes[key] = node
            if node.problems:
                self._fail(key, SeveralErrors(node.problems))
            on_path[key] = None
            stack.append((key, True))
            for attribute, edges in reversed(list(node.edges.items())):
                aspects = node.aspects.get(attribute)
                for position in range(len(edges) - 1, -1, -1):
                    edge = edges[position]
                    self._requester.setdefault(edge, (key, attribute))
                    # Above the target on the stack: aspects come when their target is done.
                    if aspects is not None:
                        stack.extend((aspect, False) for aspect in reversed(aspects[position]))
                    stack.append((edge, False))
        return order

    def _enter_aspect(self, asked: AspectKey, stack: list[tuple[TargetKey | AspectKey, bool]]) -> None:
        key = self._canonical_aspect(asked)
        if key in self._aspects or key in self._errors:
            return
        base = self._nodes.get(key.target)
        if base is None:
            self._errors[key] = self._errors[key.target]
            return
        try:
            node = self._configured_aspect(key, base)
        except VenvshipError as error:
            self._fail_aspect(key, error)
            return
        self._aspects[key] = node
        stack.append((key, True))
        for edge in reversed(list(node.needs)):
            if isinstance(edge, TargetKey):
                self._requester.setdefault(edge, (key.target, f"aspect {key.aspect.definition.name}"))
            if edge != key.target:
                stack.append((edge, False))

    def _canonical_aspect(self, key: AspectKey) -> AspectKey:
        canonical = self._canonical.get(key.target, key.target)
        return key if canonical is key.target else AspectKey(canonical, key.aspect)

    def _configured_aspect(self, key: AspectKey, base: Node) -> AspectNode:
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
            if not going or name == _TOOLCHAIN_EDGES:
                continue
            spec = target.rule_class.attributes.get(name)
            own = [] if spec is None else list(self._wanted_on(spec, target, base.values))
            found = applications([*own, *going])
            around[name] = tuple(tuple(AspectKey(edge, one) for one in found) for edge in edges)
        kinds = (*base.toolchains, *(kind for group in base.exec_groups.values() for kind in group))
        on_toolchains = [applications(going_on_to_toolchain(onward, kind)) for kind in kinds]
        if any(on_toolchains):
            around[_TOOLCHAIN_EDGES] = tuple(
                tuple(AspectKey(edge, one) for one in found)
                for edge, found in zip(base.edges[_TOOLCHAIN_EDGES], on_toolchains, strict=True)
            )
        if node.problems:
            raise SeveralErrors(node.problems)
        bases = tuple(AspectKey(key.target, one) for one in aspect.bases)
        path = tuple(one.definition for one in onward)
        return AspectNode(key, base, node, {**base.aspects, **around}, bases, path)

    def _wanted_on(self, spec: AttributeSpec, target: RuleTarget, values: Mapping[str, PlainValue]) -> Iterable[Wanted]:
        definitions = cast(tuple[AspectDefinition, ...], spec.aspects)
        try:
            yield from wanted_aspects(definitions, values, f"rule {target.rule_class}")
        except MissingParameter as error:
            error.place = error.place or target.place
            error.chain = (*error.chain, f"in target `{target.label}`")
            raise

    def _configured(self, asked: TargetKey) -> Node | None:
        try:
            target = self._packages.target(asked.label)
        except VenvshipError as error:
            self._canonical[asked] = asked
            self._fail(asked, error)
            return None
        ungrouped = group_problems(target, self._packages.target)
        if ungrouped:
            self._canonical[asked] = asked
            self._fail(asked, SeveralErrors(ungrouped))
            return None
        if not isinstance(target, RuleTarget) or asked.configuration is None:
            key = asked
            edges: dict[str, tuple[TargetKey, ...]] = {}
            if isinstance(target, OutputFileTarget):
                edges["generating_rule"] = (TargetKey(target.generating_rule, asked.configuration),)
            else:
                key = TargetKey(asked.label, None)
            self._canonical[asked] = key
            return Node(key, target, {}, edges)
        try:
            return self._configured_rule(asked, target, asked.configuration)
        except VenvshipError as error:
            self._canonical.setdefault(asked, asked)
            self._fail(asked, error)
            return None

    def _configured_rule(self, asked: TargetKey, target: RuleTarget, wanted: Configuration) -> Node:
        rule = target.rule_class
        configuration, forced = without_forced_platform(wanted)
        values = self._values(target, configuration)
        if rule.transition is not None:
            changed = self._own_configuration(target, values, configuration)
            if changed != configuration:
                configuration = changed
                values = self._values(target, configuration)
        groups = ActionGroups(target, values, configuration, self._toolchains, forced=forced)
        key = TargetKey(asked.label, configuration)
        if forced is not None and (rule.name in FORWARDING_RULES or not groups.is_as_unforced()):
            key = TargetKey(asked.label, with_forced_platform(configuration, forced))
        self._canonical[asked] = key
        self._canonical[key] = key
        return self._node(key, target, values, groups)

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
            edges[name] = tuple([TargetKey(label, one) for one in below.values() for label in labels])
            if isinstance(spec.transition, TransitionDefinition):
                splits[name] = tuple(below)
            if spec.aspects:
                on_each = applications(self._wanted_on(spec, target, values))
                aspects[name] = tuple(tuple(AspectKey(edge, one) for one in on_each) for edge in edges[name])
            if not spec.is_private:
                problems += self._invisible(target, name, labels)
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
            toolchains = self._chosen(groups, UNNAMED)
            of_groups = {name: self._chosen(groups, name) for name in rule.exec_groups}
            every = (toolchains, *of_groups.values())
            if any(every):
                edges[_TOOLCHAIN_EDGES] = tuple(edge for chosen in every for edge in chosen.values())
        conditions = {
            label: name
            for name, value in target.attributes.items()
            if isinstance(value, Select)
            for label in value.conditions
        }
        for label, name in conditions.items():
            if self._is_setting(label):
                problems += self._invisible(target, name, [label])
        asked_about = tuple(TargetKey(label, configuration) for label in conditions)
        return Node(key, target, values, edges, asked_about, splits, toolchains, of_groups, aspects, problems, groups)

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
        transition = target.rule_class.transition
        if isinstance(transition, ExecTransition):
            groups = ActionGroups(target, values, configuration, self._toolchains, forced=None)
            return self._for_tools(configuration, groups[transition.group].platform)
        if not isinstance(transition, TransitionDefinition):
            return cast(RuleTransition, transition)(values, configuration)
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
                if name in CHOICES or reaches_tools(name, self._packages.target)
            }
            for_tools = configuration.get(HOST_FEATURES)
            reaching |= {FEATURES: for_tools, HOST_FEATURES: for_tools}
            found = self._of_tools[configuration, platform] = self._execution.for_tools(platform, reaching)
        return found

    def _carried_out(
        self, transition: TransitionDefinition, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Mapping[str, Configuration]:
        target, platforms = self._packages.target, self._platforms
        return carried_out(transition, configuration, values, target=target, platforms=platforms)

    def _holds(self, label: Label, configuration: Configuration) -> bool:
        """Whether a condition of a platform or toolchain holds, of which the choice among them depends."""
        try:
            info = self._condition(label, configuration)
        except DependencyCycle as error:
            asked = f"asked about `{label}` to choose where actions run, and with which toolchains"
            error.chain = error.chain if asked in error.chain else (*error.chain, asked)
            raise
        return info is not None and info.matches

    def _values(self, target: RuleTarget, configuration: Configuration) -> dict[str, PlainValue]:
        rule, label = target.rule_class, target.label
        # In the order of the rule class.
        given: dict[str, AttributeValue] = {**rule.defaults, **target.attributes, "name": label.name}
        values = cast(dict[str, PlainValue], given)
        for name, value in given.items():
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
            self._requester.setdefault(TargetKey(label, configuration), (of, attribute))
            try:
                found[label] = self._condition(label, configuration)
            except VenvshipError as error:
                problems.append(error)
        if problems:
            raise SeveralErrors(problems)
        return found

    def _condition(self, label: Label, configuration: Configuration) -> ConditionInfo | None:
        key = TargetKey(label, configuration)
        found = self._result(key)
        if found is None and self._error(key) is None:
            if key in self._asked_ahead:
                raise self._cycle_on(self._asked_ahead, key)
            self._asked_ahead[key] = None
            try:
                self._evaluate_ahead(key)
            finally:
                del self._asked_ahead[key]
            found = self._result(key)
        if found is None:
            raise self._errors[self._canonical.get(key, key)]
        return found.get(ConditionInfo)

    def _evaluate_ahead(self, asked: TargetKey) -> None:
        """Evaluate a target and all that it needs, though its turn is not yet: it may wait on the way already."""
        stack: list[tuple[TargetKey | AspectKey, bool]] = [(asked, False)]
        entered: dict[TargetKey | AspectKey, None] = {}
        while stack:
            one, leaving = stack.pop()
            # What is new may need what was configured before and has had no turn yet, so all goes through the stack.
            self._configure([one])
            key = self._known(one)
            if key in self._results or key in self._errors:
                continue
            if leaving:
                self._evaluate(key)
                continue
            if key in entered:
                cycle = self._cycle_on((step for step in entered if step not in self._results), key)
                self._fail(key if isinstance(key, TargetKey) else key.target, cycle)
                continue
            if isinstance(key, TargetKey) and key not in self._nodes:
                # What it needs is being found out, and that leads back to it.
                self._fail(key, self._cycle_on([key], key))
                continue
            entered[key] = None
            stack.append((one, True))
            needs = self._aspects[key].needs if isinstance(key, AspectKey) else self._nodes[key].needs
            stack.extend((edge, False) for edge in needs)

    def _is_setting(self, label: Label) -> bool:
        target = self._packages.target(label)
        return isinstance(target, RuleTarget) and target.rule_class.name == "config_setting"

    def _invisible(self, target: RuleTarget, attribute: str, labels: Iterable[Label]) -> list[VenvshipError]:
        problems: list[VenvshipError] = []
        seen_by = (target.label.package, *target.macros)
        for label in labels:
            if label.package in seen_by:
                continue
            try:
                dependency = self._packages.target(label)
            except VenvshipError:
                continue  # reported with its own place when the edge is walked
            if not any(self._admits(dependency, package) for package in seen_by):
                spelling = "private" if isinstance(dependency, PackageGroup) else str(dependency.visibility)
                problems.append(NotVisible(target, attribute, dependency, spelling))
        return problems

    def _admits(self, dependency: Target, package: PackageId) -> bool:
        if isinstance(dependency, PackageGroup) or dependency.visibility.admits(package):
            return True
        if group_problems(dependency, self._packages.target):
            return True  # reported with its own place when the edge is walked
        return any(group.holds(package) for group in groups_behind(dependency.visibility.groups, self._packages.target))

    # Pass two: rule functions

    def _evaluate(self, key: TargetKey | AspectKey) -> None:
        if isinstance(key, AspectKey):
            self._evaluate_aspect(key)
            return
        if key in self._results or key in self._errors:
            return
        node = self._nodes[key]
        if self._errors:
            for edge in node.needs:
                broken = self._error(edge)
                if broken is not None:
                    self._errors[key] = broken
                    return
        try:
            self._results[key] = self._memo.compute(self._memo_key(key), lambda: self._made_or_failed(node))
        except VenvshipError as error:
            self._fail(key, error)

    def _evaluate_aspect(self, asked: AspectKey) -> None:
        key = self._canonical_aspect(asked)
        if key in self._results or key in self._errors:
            return
        node = self._aspects[key]
        for edge in node.needs:
            broken = self._error(edge)
            if broken is not None:
                self._errors[key] = broken
                return
        try:
            self._results[key] = self._memo.compute(AspectResultKey(key), lambda: self._aspect(node))
        except VenvshipError as error:
            self._fail_aspect(key, error)

    def _aspect(self, node: AspectNode) -> ConfiguredTarget:
        """What an aspect makes of its target: its own providers and actions, under the key of the target."""
        if node.forwarded is not None:
            return self._aspect_result(node.forwarded)
        definition = node.key.aspect.definition
        target = self._evaluated(node.base.key)
        nothing = ConfiguredTarget(target.key, target.kind, target.place, {})
        own, base = node.node.target, node.base.target
        if AnalysisFailureInfo in target.providers:
            return nothing
        if own is base or target.incompatible or not isinstance(own, RuleTarget) or not isinstance(base, RuleTarget):
            return nothing
        required = definition.terms.required_providers
        if required and not any(one <= target.providers.keys() for one in required):
            return nothing
        configuration = node.base.key.configuration
        assert configuration is not None
        seen = with_aspects(target, [self._aspect_result(one) for one in node.bases])
        context = self._context(own, node.node, configuration, self._dependencies(node.node))
        dependencies = self._dependencies(node.base, node.aspects)
        beneath = self._context(base, node.base, configuration, dependencies)
        if _TOOLCHAIN_EDGES in node.aspects:
            # The toolchains of groups of actions come after those of the rule.
            reached = zip(
                node.base.toolchains, dependencies[_TOOLCHAIN_EDGES], node.aspects[_TOOLCHAIN_EDGES], strict=False
            )
            beneath.toolchains_with_aspects = {kind: one for kind, one, aspects in reached if aspects}
        run = cast(AspectFunction, definition.terms.implementation)
        ids = tuple(one.id for one in node.path)
        providers = {key_of_instance(one): one for one in run(context, beneath, seen, ids)}
        return dataclasses.replace(
            nothing, providers=providers, actions=tuple(context.actions), warnings=tuple(context.warnings)
        )

    def _aspect_result(self, key: AspectKey) -> ConfiguredTarget:
        def missing() -> ConfiguredTarget:
            raise InternalError(f"`{key}` was read before it was analysed")

        return self._memo.compute(AspectResultKey(self._canonical_aspect(key)), missing)

    def _context(
        self,
        target: RuleTarget,
        node: Node,
        configuration: Configuration,
        dependencies: Mapping[str, Sequence[ConfiguredTarget]],
    ) -> RuleContext:
        context = RuleContext(target, configuration, node.values, dependencies, status=self._status)
        context.splits = node.splits
        context.groups = node.groups
        context.toolchains = self._implementations(target, node.toolchains)
        context.exec_groups = {name: self._implementations(target, found) for name, found in node.exec_groups.items()}
        return context

    def _implementations(
        self, target: RuleTarget, toolchains: Mapping[Label, TargetKey]
    ) -> dict[Label, ConfiguredTarget]:
        found = {kind: self._evaluated(self._canonical[edge]) for kind, edge in toolchains.items()}
        for kind, one in found.items():
            if TOOLCHAIN_INFO not in one.providers and AnalysisFailureInfo not in one.providers:
                raise NotAToolchain(
                    f"the toolchain of type `{kind}` for `{target.label}` is `{one.label}`, which does not provide "
                    "platform_common.ToolchainInfo",
                    place=target.place,
                )
        return found

    def _made_or_failed(self, node: Node) -> ConfiguredTarget:
        if not are_allowed(node.key.configuration):
            return self._made(node)
        target = node.target
        plain = ConfiguredTarget(node.key, target.kind, target.place, {DefaultInfo: DefaultInfo()})
        failed = standing_on_failures(plain, [one for every in self._dependencies(node).values() for one in every])
        if failed is not None:
            return failed
        try:
            return self._made(node)
        except UserError as error:
            return failed_target(plain, error)

    def _made(self, node: Node) -> ConfiguredTarget:
        target = self._packages.target(node.key.label)
        for condition in node.conditions:
            self._evaluated(self._canonical[condition])
        match target:
            case SourceFileTarget():
                return _source_file(node.key, target)
            case PackageGroup():
                held = PackageSpecificationInfo(tuple(groups_behind([target.label], self._packages.target)))
                providers: dict[object, object] = {DefaultInfo: DefaultInfo(), PackageSpecificationInfo: held}
                return ConfiguredTarget(node.key, target.kind, target.place, providers)
            case OutputFileTarget():
                return self._output_file(node, target)
            case RuleTarget():
                return self._rule(node, target, target.rule_class)

    def _output_file(self, node: Node, target: OutputFileTarget) -> ConfiguredTarget:
        [generating] = self._dependencies(node)["generating_rule"]
        path = join(target.label.package.path, target.label.name)
        for action in generating.actions:
            for output in action.outputs:
                if output.path == path:
                    info = DefaultInfo(Depset([output]), lone_file=output)
                    return ConfiguredTarget(node.key, target.kind, target.place, {DefaultInfo: info})
        raise InternalError(f"`{generating.label}` promised the output `{target.label}` and does not make it")

    def _rule(self, node: Node, target: RuleTarget, rule: RuleClass) -> ConfiguredTarget:
        if node.key.configuration is None:
            raise InternalError(f"`{target.label}` was analysed without a configuration")
        dependencies = self._dependencies(node)
        if rule.name in FORWARDING_RULES:
            [actual] = dependencies["actual"]
            return actual
        tags = target.value("tags")
        facts = (
            tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, tuple) else (),
            target.value("testonly") is True or rule.is_test,
        )
        missing = self._unmet_constraints(node, dependencies)
        if missing:
            return ConfiguredTarget(
                node.key, target.kind, target.place, {DefaultInfo: DefaultInfo()}, (), *facts, tuple(missing)
            )
        problems = _dependency_problems(target, rule, dependencies, testonly=facts[1])
        if problems:
            raise SeveralErrors(problems)
        context = self._context(target, node, node.key.configuration, dependencies)
        if any(target.label in labels_in(node.values[name]) for name in rule.output_attributes):
            context.warn("is both a rule and a file, and means the rule; choose another name for one of them")
        providers: dict[object, object] = {}
        for provider in cast(RuleFunction, rule.implementation)(context):
            providers[key_of_instance(provider)] = provider
        default_info = providers.setdefault(DefaultInfo, DefaultInfo())
        groups = providers.get(OutputGroupInfo)
        hidden = OutputGroupInfo({HIDDEN_OUTPUTS: cast(DefaultInfo, default_info).default_runfiles.artifacts})
        providers[OutputGroupInfo] = hidden.joined(groups) if isinstance(groups, OutputGroupInfo) else hidden
        if rule.build_setting is not None:
            providers[BuildSettingValueInfo] = value_info(target, node.key.configuration)
        return ConfiguredTarget(
            node.key,
            target.kind,
            target.place,
            providers,
            tuple(context.actions),
            *facts,
            warnings=tuple(context.warnings),
        )

    def _dependencies(
        self, node: Node, aspects: AspectsOfEdges | None = None
    ) -> dict[str, tuple[ConfiguredTarget, ...]]:
        """What a target stands on, with what aspects made of it: those that the target asks for, or `aspects`."""
        found: dict[str, tuple[ConfiguredTarget, ...]] = {}
        every = node.aspects if aspects is None else aspects
        for attribute, edges in node.edges.items():
            targets = tuple([self._evaluated(self._canonical[edge]) for edge in edges])
            on_each = every.get(attribute)
            if on_each is not None:
                targets = tuple(
                    with_aspects(target, [self._aspect_result(one) for one in aspects_of_one])
                    for target, aspects_of_one in zip(targets, on_each, strict=True)
                )
            found[attribute] = targets
        return found

    def _evaluated(self, key: TargetKey) -> ConfiguredTarget:
        """A result of pass two, read through the memo so that whoever reads it is known to depend on it."""

        def missing() -> ConfiguredTarget:
            raise InternalError(f"`{key}` was read before it was analysed")

        return self._memo.compute(self._memo_key(key), missing)

    def _memo_key(self, key: TargetKey) -> ConfiguredTargetKey:
        """One of each, because it is asked for with each edge."""
        found = self._memo_keys.get(key)
        if found is None:
            found = self._memo_keys[key] = ConfiguredTargetKey(key)
        return found

    def _unmet_constraints(self, node: Node, dependencies: Mapping[str, Sequence[ConfiguredTarget]]) -> list[str]:
        unmet: list[str] = []
        for constraint in dependencies.get("target_compatible_with", ()):
            info = constraint.get(ConditionInfo)
            if info is None or not info.matches:
                unmet.append(f"`{node.target.label}` is only compatible with `{constraint.label}`")
        for attribute, targets in dependencies.items():
            if attribute != "target_compatible_with":
                unmet += [reason for target in targets for reason in target.incompatible]
        return unmet

    def _known(self, key: TargetKey | AspectKey) -> TargetKey | AspectKey:
        return self._canonical_aspect(key) if isinstance(key, AspectKey) else self._canonical.get(key, key)

    def _result(self, key: TargetKey | AspectKey) -> ConfiguredTarget | None:
        return self._results.get(self._known(key))

    def _error(self, key: TargetKey | AspectKey) -> VenvshipError | None:
        return self._errors.get(self._known(key))

    def _fail_aspect(self, key: AspectKey, error: VenvshipError) -> None:
        """Remember `error` for an aspect on a target; the chain is that of the target."""
        self._errors[key] = error
        if not isinstance(error, SeveralErrors) and id(error) not in self._chained:
            self._chained.add(id(error))
            error.chain = (*error.chain, *self._requests(key.target, error))

    def _fail(self, key: TargetKey, error: VenvshipError) -> None:
        """Remember `error` for `key`, with the place and the chain of targets that led there."""
        if key in self._errors:
            return
        self._errors[key] = error
        for one in error.errors if isinstance(error, SeveralErrors) else (error,):
            if id(one) not in self._chained:
                self._chained.add(id(one))
                one.chain = (*one.chain, *self._requests(key, one))

    def _cycle_on(self, on_path: Iterable[TargetKey | AspectKey], key: TargetKey | AspectKey) -> DependencyCycle:
        steps = list(on_path)
        path = [step.label for step in steps[steps.index(key) :]]
        return DependencyCycle(path, self._packages.target(path[0]).place)

    def _requests(self, key: TargetKey, error: VenvshipError) -> list[str]:
        """Who asked for a target, innermost first; an error without a place gets that of the first."""
        chain: list[str] = []
        seen: set[TargetKey] = set()
        shown = error.path if isinstance(error, DependencyCycle) else ()
        step = self._requester.get(key)
        while step is not None and step[0] not in seen and len(chain) < _LONGEST_CHAIN:
            requester, attribute = step
            seen.add(requester)
            if requester.label not in shown:
                chain.append(f"needed by `{requester.label}` (attribute `{attribute}`)")
            if error.place is None:
                error.place = self._packages.target(requester.label).place
            step = self._requester.get(requester)
        return chain


def _targets_of(keys: Iterable[TargetKey | AspectKey]) -> Iterator[TargetKey]:
    return (key.target if isinstance(key, AspectKey) else key for key in keys)


def _targets_below(aspects: AspectsOfEdges) -> Iterator[Label]:
    return (one.target.label for groups in aspects.values() for group in groups for one in group)


def _distinct(errors: Iterable[VenvshipError | None]) -> list[VenvshipError]:
    """Each problem once, whoever failed of it."""
    found: dict[int, VenvshipError] = {}
    for error in errors:
        for one in error.errors if isinstance(error, SeveralErrors) else (error,):
            if one is not None:
                found[id(one)] = one
    return list(found.values())


def _common_values(values: Mapping[str, PlainValue]) -> dict[str, PlainValue]:
    """What every rule has, as an aspect on a target takes it over."""
    return {name: value for name, value in values.items() if name in COMMON_ATTRIBUTE_NAMES}


def _source_file(key: TargetKey, target: SourceFileTarget) -> ConfiguredTarget:
    root = Root.of_sources(target.label.repository)
    artifact = Artifact(root, join(target.label.package.path, target.label.name), target.label)
    info = DefaultInfo(Depset([artifact]), lone_file=artifact)
    return ConfiguredTarget(key, target.kind, target.place, {DefaultInfo: info})


def _dependency_problems(
    target: RuleTarget,
    rule: RuleClass,
    dependencies: Mapping[str, Sequence[ConfiguredTarget]],
    *,
    testonly: bool,
) -> list[VenvshipError]:
    problems: list[VenvshipError] = []
    for name, on_attribute in dependencies.items():
        spec = rule.attributes.get(name)
        if spec is None:
            continue
        for dependency in on_attribute:
            if AnalysisFailureInfo in dependency.providers:
                continue
            reason = _unfit(spec, dependency, strict=rule.defined_in is not None)
            if reason is None and dependency.testonly and not testonly and not spec.is_private:
                reason = "is testonly, and this target is not"
            if reason is not None:
                problems.append(
                    WrongDependency(
                        f"in attribute `{name}` of `{target.label}`: `{dependency.label}` {reason}",
                        place=target.place,
                    )
                )
    return problems


def _unfit(spec: AttributeSpec, dependency: ConfiguredTarget, *, strict: bool) -> str | None:
    """Why `dependency` can't stand in the attribute, or None; `strict` as rules of `.bzl` files are used to."""
    is_file = dependency.is_file
    if is_file and spec.allow_files is not False:
        if not spec.allows_file(dependency.label.name):
            suffixes = ", ".join(spec.allow_files) if isinstance(spec.allow_files, tuple) else ""
            return f"is a file of the wrong kind (expected {suffixes})"
        return None
    if is_file and not spec.providers and spec.name in ("target_compatible_with", "toolchains"):
        return "is a file"
    if is_file:
        return "is a file, and files are not allowed here"
    if spec.executable and not strict and dependency.default_info.executable is None:
        return "is not executable"
    if strict and (spec.allow_single_file or isinstance(spec.allow_files, tuple)):
        files = dependency.default_info.files.to_tuple()
        if spec.allow_single_file and len(files) != 1:
            return f"must produce a single file, and produces {len(files)}"
        wanted_suffixes = spec.allow_files if isinstance(spec.allow_files, tuple) and not spec.providers else ("",)
        if not any(file.path.endswith(wanted_suffixes) for file in files):
            return f"does not produce any files of the right kind (expected {', '.join(wanted_suffixes)})"
    if spec.providers and not any(wanted <= dependency.providers.keys() for wanted in spec.providers):
        names = " or ".join(
            " and ".join(sorted(provider_name(provider) for provider in wanted)) for wanted in spec.providers
        )
        if not strict and spec.allow_files is not False and dependency.default_info.files:
            return None
        return f"does not have the provider {names}"
    return None
