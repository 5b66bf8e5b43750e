"""Analysis of a set of targets: configure everything that they need, then call rule functions, dependencies first.

The two passes are apart so that whatever the rule functions will ask for (the manifests of wheels, an interpreter)
can be obtained between them, in parallel, by the owner of the network; analysis itself does no IO.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, cast

from venvship.analysis.build_settings import BuildSettingValueInfo, value_of
from venvship.analysis.conditions import ConditionInfo, resolved
from venvship.analysis.configured_target import ConfiguredTarget, TargetKey
from venvship.analysis.platforms import PlatformTargets
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.toolchains import Toolchains
from venvship.analysis.transitions import SINGLE, InvalidTransition, carried_out
from venvship.errors import InternalError, SeveralErrors, UserError, VenvshipError
from venvship.loading.attributes import AttributeSpec, PlainValue, Select, labels_in
from venvship.loading.config_module import EXEC
from venvship.loading.native_providers import key_of_instance, provider_name
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import OutputFileTarget, PackageGroup, RuleTarget, SourceFileTarget, Target
from venvship.loading.transition_module import TransitionDefinition
from venvship.memo.computation import Memo
from venvship.memo.keys import Key
from venvship.model.artifact import Artifact, Root
from venvship.model.configuration import Configuration
from venvship.model.depset import Depset
from venvship.model.label import Label, PackageId
from venvship.model.paths import join
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles

RuleFunction: TypeAlias = Callable[[RuleContext], Iterable[object]]
"""What `RuleClass.implementation` holds: providers out of a context, each known by its class."""

RuleTransition: TypeAlias = Callable[[Mapping[str, PlainValue], Configuration], Configuration]
"""What `RuleClass.transition` holds: the configuration that a target asks to be built under."""

AttributeTransition: TypeAlias = Callable[[Configuration], Configuration]
"""What `AttributeSpec.transition` holds: the configuration of the dependencies of one attribute."""

ComputedValue: TypeAlias = Callable[[Mapping[str, PlainValue]], PlainValue]
"""What `AttributeSpec.computed_default` holds: the default of an attribute out of the values of others."""

FORWARDING_RULES = frozenset({"alias", "label_flag", "label_setting"})
"""Rules whose targets stand for another one, that of their edge `actual`."""

_TOOLCHAIN_EDGES = "toolchains of the rule"

NO_EDGE = "none"
"""What `AttributeSpec.transition` holds for labels that only name a target and need nothing of it."""

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
            f"its visibility is {spelling}",
            place=target.place,
            hint=f'add "{target.label.package}:__pkg__" to the visibility of `{dependency.label}`',
        )


class DependencyCycle(UserError):
    """Targets depend on each other in a circle."""

    def __init__(self, path: Sequence[Label]) -> None:
        shown = [f".-> {path[0]}", *(f"|   {label}" for label in path[1:]), f"`-- {path[0]}"]
        super().__init__("cycle in the dependency graph:\n" + "\n".join(shown), hint="remove one of these edges")


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


@dataclass(slots=True, eq=False)
class Node:
    """A target whose choices are made and whose dependencies are known, before its rule function has run.

    `splits` names the configurations of attributes with a split transition, whose edges are those of the first
    configuration, then those of the next. `toolchains` are implementations by type.
    """

    key: TargetKey
    target: Target
    values: Mapping[str, PlainValue] = field(default_factory=dict)
    edges: Mapping[str, tuple[TargetKey, ...]] = field(default_factory=dict)
    conditions: tuple[TargetKey, ...] = ()
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    toolchains: Mapping[Label, TargetKey] = field(default_factory=dict)


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
    ) -> None:
        """`before_rules` obtains what the rule functions of new nodes will ask for; it answers what it can't obtain.

        `toolchains` are the registered toolchains in order.
        """
        self._platforms = PlatformTargets(packages.target, host.platform)
        self._toolchains = Toolchains(packages.target, toolchains)
        self._packages = packages
        self._memo = memo
        self._host = host
        self._before_rules = before_rules
        self._canonical: dict[TargetKey, TargetKey] = {}
        self._nodes: dict[TargetKey, Node] = {}
        self._requester: dict[TargetKey, tuple[TargetKey, str]] = {}
        self._results: dict[TargetKey, ConfiguredTarget | None] = {}
        self._errors: dict[TargetKey, VenvshipError] = {}
        self._chained: set[int] = set()
        self.errors: list[VenvshipError] = []
        """What went wrong in the last call of `analyze`, each problem once."""
        self.failed: list[Label] = []
        """The labels of the last call of `analyze` that could not be analysed."""

    def analyze(
        self, labels: Iterable[Label], configuration: Configuration, *, keep_going: bool = False
    ) -> list[ConfiguredTarget]:
        """Analyse `labels` and all that they need; results are in the order of `labels`.

        Raises SeveralErrors with everything that is wrong; with `keep_going` the targets that can be analysed are
        returned, and `errors` tells the rest.
        """
        known = len(self._errors)
        wanted = [TargetKey(label, configuration) for label in labels]
        order = self._configure(wanted)
        unobtained = self._before_rules([node for key in order if (node := self._nodes.get(key)) is not None])
        for key, error in unobtained.items():
            self._fail(key, error)
        for key in order:
            self._evaluate(key)
        failed = [self._errors.get(self._canonical.get(key, key)) for key in wanted]
        self.errors = _distinct([*list(self._errors.values())[known:], *failed])
        if self.errors and not keep_going:
            raise SeveralErrors(self.errors)
        found = [self._result(key) for key in wanted]
        self.failed = [key.label for key, target in zip(wanted, found, strict=True) if target is None]
        return [target for target in found if target is not None]

    @property
    def targets(self) -> Iterable[ConfiguredTarget]:
        """Every target that was analysed so far."""
        return (target for target in self._results.values() if target is not None)

    # Pass one: choices and edges

    def _configure(self, wanted: Sequence[TargetKey]) -> list[TargetKey]:
        """Configure everything reachable from `wanted`; returns new nodes, dependencies first."""
        order: list[TargetKey] = []
        on_path: dict[TargetKey, None] = {}
        # An explicit stack: dependency chains in real workspaces outgrow Python's.
        stack: list[tuple[TargetKey, bool]] = [(key, False) for key in reversed(wanted)]
        while stack:
            asked, leaving = stack.pop()
            if leaving:
                on_path.pop(asked, None)
                if asked in self._nodes:
                    order.append(asked)
                continue
            if asked in self._canonical:
                key = self._canonical[asked]
                if key in on_path:
                    self._fail(key, DependencyCycle(_cycle(on_path, key)))
                continue
            node = self._configured(asked)
            if node is None:
                continue
            key = node.key
            if key in on_path:
                self._fail(key, DependencyCycle(_cycle(on_path, key)))
                continue
            if key in self._nodes:
                continue
            self._nodes[key] = node
            on_path[key] = None
            stack.append((key, True))
            for attribute, edges in reversed(list(node.edges.items())):
                for edge in reversed(edges):
                    self._requester.setdefault(edge, (key, attribute))
                    stack.append((edge, False))
        return order

    def _configured(self, asked: TargetKey) -> Node | None:
        try:
            target = self._packages.target(asked.label)
        except VenvshipError as error:
            self._canonical[asked] = asked
            self._fail(asked, error)
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

    def _configured_rule(self, asked: TargetKey, target: RuleTarget, configuration: Configuration) -> Node:
        rule = target.rule_class
        values = self._values(target, configuration)
        if rule.transition is not None:
            changed = self._own_configuration(target, values, configuration)
            if changed != configuration:
                configuration = changed
                values = self._values(target, configuration)
        key = TargetKey(asked.label, configuration)
        self._canonical[asked] = key
        self._canonical[key] = key
        edges: dict[str, tuple[TargetKey, ...]] = {}
        splits: dict[str, tuple[str, ...]] = {}
        problems: list[VenvshipError] = []
        for name, spec in rule.attributes.items():
            if not spec.type.holds_dependencies:
                continue
            labels = labels_in(values[name])
            if not labels or spec.transition == NO_EDGE:
                continue
            below = self._configurations_below(spec, {**values, "name": target.label.name}, configuration)
            edges[name] = tuple(TargetKey(label, one) for one in below.values() for label in labels)
            if SINGLE not in below:
                splits[name] = tuple(below)
            if not spec.is_private:
                problems += self._invisible(target, name, labels)
        if rule.computed_dependencies is not None:
            compute = cast(ComputedDependencies, rule.computed_dependencies)
            for name, found in compute(target.label, values, configuration).items():
                edges[name] = tuple(TargetKey(label, configuration) for label in found)
        toolchains: dict[Label, TargetKey] = {}
        if rule.toolchains:
            chosen = self._toolchains.chosen(target, rule.toolchains, configuration, host=self._host, holds=self._holds)
            toolchains = {kind: TargetKey(label, configuration) for kind, label in chosen.items()}
            edges[_TOOLCHAIN_EDGES] = tuple(toolchains.values())
        if problems:
            raise SeveralErrors(problems)
        conditions = {
            label: None
            for value in target.attributes.values()
            if isinstance(value, Select)
            for label in value.conditions
        }
        asked_about = tuple(TargetKey(label, configuration) for label in conditions)
        return Node(key, target, values, edges, asked_about, splits, toolchains)

    def _own_configuration(
        self, target: RuleTarget, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Configuration:
        transition = target.rule_class.transition
        if transition == EXEC:
            return self._host
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
        self, spec: AttributeSpec, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Mapping[str, Configuration]:
        """The configurations of the dependencies of an attribute, by name."""
        if spec.transition is None:
            return {SINGLE: configuration}
        if spec.transition == EXEC:
            return {SINGLE: self._host}
        if isinstance(spec.transition, TransitionDefinition):
            return self._carried_out(spec.transition, values, configuration)
        return {SINGLE: cast(AttributeTransition, spec.transition)(configuration)}

    def _carried_out(
        self, transition: TransitionDefinition, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Mapping[str, Configuration]:
        target, platforms = self._packages.target, self._platforms
        return carried_out(transition, configuration, values, target=target, platforms=platforms)

    def _holds(self, label: Label, configuration: Configuration) -> bool:
        info = self._condition(label, configuration)
        return info is not None and info.matches

    def _values(self, target: RuleTarget, configuration: Configuration) -> dict[str, PlainValue]:
        values: dict[str, PlainValue] = {}
        for name, spec in target.rule_class.attributes.items():
            value = target.value(name)
            if isinstance(value, Select):
                conditions = {label: self._condition(label, configuration) for label in value.conditions}
                try:
                    value = resolved(spec, value, conditions)
                except VenvshipError as error:
                    error.place = error.place or target.place
                    error.chain = (*error.chain, f"in target `{target.label}`")
                    raise
            values[name] = value
        for spec in target.rule_class.computed_defaults:
            if spec.name not in target.attributes:
                values[spec.name] = cast(ComputedValue, spec.computed_default)(values)
        return values

    def _condition(self, label: Label, configuration: Configuration) -> ConditionInfo | None:
        key = TargetKey(label, configuration)
        self._evaluate_ahead(key)
        found = self._result(key)
        if found is None:
            raise self._errors[self._canonical.get(key, key)]
        return found.get(ConditionInfo)

    def _evaluate_ahead(self, asked: TargetKey) -> None:
        """Evaluate a target and all that it needs, though its turn is not yet: it may wait on the way already."""
        stack = [(asked, False)]
        entered: dict[TargetKey, None] = {}
        while stack:
            asked, leaving = stack.pop()
            for new in self._configure([asked]):
                self._evaluate(new)
            key = self._canonical.get(asked, asked)
            if key in self._results or key in self._errors:
                continue
            if leaving:
                self._evaluate(key)
                continue
            if key in entered:
                self._fail(key, DependencyCycle(_cycle((one for one in entered if one not in self._results), key)))
                continue
            entered[key] = None
            stack.append((asked, True))
            stack.extend((edge, False) for edges in self._nodes[key].edges.values() for edge in edges)

    def _invisible(self, target: RuleTarget, attribute: str, labels: Iterable[Label]) -> list[VenvshipError]:
        problems: list[VenvshipError] = []
        for label in labels:
            if label.package == target.label.package:
                continue
            try:
                dependency = self._packages.target(label)
            except VenvshipError:
                continue  # reported with its own place when the edge is walked
            if not self._admits(dependency, target.label.package):
                spelling = "private" if isinstance(dependency, PackageGroup) else str(dependency.visibility)
                problems.append(NotVisible(target, attribute, dependency, spelling))
        return problems

    def _admits(self, dependency: Target, package: PackageId) -> bool:
        if isinstance(dependency, PackageGroup) or dependency.visibility.admits(package):
            return True
        seen: set[Label] = set()
        pending = list(dependency.visibility.groups)
        while pending:
            label = pending.pop()
            if label in seen:
                continue
            seen.add(label)
            group = self._packages.target(label)
            if isinstance(group, PackageGroup):
                if group.holds(package):
                    return True
                pending.extend(group.includes)
        return False

    # Pass two: rule functions

    def _evaluate(self, key: TargetKey) -> None:
        if key in self._results or key in self._errors:
            return
        node = self._nodes[key]
        for edges in node.edges.values():
            for edge in edges:
                broken = self._errors.get(self._canonical.get(edge, edge))
                if broken is not None:
                    self._errors[key] = broken
                    return
        try:
            self._results[key] = self._memo.compute(ConfiguredTargetKey(key), lambda: self._made(node))
        except VenvshipError as error:
            self._fail(key, error)

    def _made(self, node: Node) -> ConfiguredTarget:
        target = self._packages.target(node.key.label)
        for condition in node.conditions:
            self._evaluated(self._canonical[condition])
        match target:
            case SourceFileTarget():
                return _source_file(node.key, target)
            case PackageGroup():
                return ConfiguredTarget(node.key, target.kind, target.place, {DefaultInfo: DefaultInfo()})
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
                    info = DefaultInfo(files=Depset([output]))
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
        context = RuleContext(target, node.key.configuration, node.values, dependencies)
        context.splits = node.splits
        context.toolchains = {kind: self._evaluated(self._canonical[edge]) for kind, edge in node.toolchains.items()}
        providers: dict[object, object] = {}
        for provider in cast(RuleFunction, rule.implementation)(context):
            providers[key_of_instance(provider)] = provider
        providers.setdefault(DefaultInfo, DefaultInfo())
        if rule.build_setting is not None:
            value = value_of(target, node.key.configuration)
            providers[BuildSettingValueInfo] = BuildSettingValueInfo(target.label, value)
        return ConfiguredTarget(
            node.key,
            target.kind,
            target.place,
            providers,
            tuple(context.actions),
            *facts,
            warnings=tuple(context.warnings),
        )

    def _dependencies(self, node: Node) -> dict[str, tuple[ConfiguredTarget, ...]]:
        found: dict[str, tuple[ConfiguredTarget, ...]] = {}
        for attribute, edges in node.edges.items():
            found[attribute] = tuple(self._evaluated(self._canonical[edge]) for edge in edges)
        return found

    def _evaluated(self, key: TargetKey) -> ConfiguredTarget:
        """A result of pass two, read through the memo so that whoever reads it is known to depend on it."""

        def missing() -> ConfiguredTarget:
            raise InternalError(f"`{key}` was read before it was analysed")

        return self._memo.compute(ConfiguredTargetKey(key), missing)

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

    def _result(self, key: TargetKey) -> ConfiguredTarget | None:
        return self._results.get(self._canonical.get(key, key))

    def _fail(self, key: TargetKey, error: VenvshipError) -> None:
        """Remember `error` for `key`, with the place and the chain of targets that led there."""
        if key in self._errors:
            return
        self._errors[key] = error
        if isinstance(error, SeveralErrors) or id(error) in self._chained:
            return
        self._chained.add(id(error))
        chain: list[str] = []
        seen: set[TargetKey] = set()
        step = self._requester.get(key)
        while step is not None and step[0] not in seen and len(chain) < _LONGEST_CHAIN:
            requester, attribute = step
            seen.add(requester)
            chain.append(f"needed by `{requester.label}` (attribute `{attribute}`)")
            node = self._nodes.get(requester)
            if error.place is None and node is not None:
                error.place = node.target.place
            step = self._requester.get(requester)
        error.chain = (*error.chain, *chain)


def _distinct(errors: Iterable[VenvshipError | None]) -> list[VenvshipError]:
    return list({id(error): error for error in errors if error is not None}.values())


def _cycle(on_path: Iterable[TargetKey], key: TargetKey) -> list[Label]:
    path = list(on_path)
    return [step.label for step in path[path.index(key) :]]


def _source_file(key: TargetKey, target: SourceFileTarget) -> ConfiguredTarget:
    root = Root.of_sources(target.label.repository)
    artifact = Artifact(root, join(target.label.package.path, target.label.name), target.label)
    files = Depset([artifact])
    runfiles = Runfiles(files=files)
    return ConfiguredTarget(key, target.kind, target.place, {DefaultInfo: DefaultInfo(files, runfiles, runfiles)})


def _dependency_problems(
    target: RuleTarget,
    rule: RuleClass,
    dependencies: Mapping[str, Sequence[ConfiguredTarget]],
    *,
    testonly: bool,
) -> list[VenvshipError]:
    problems: list[VenvshipError] = []
    for name, spec in rule.attributes.items():
        for dependency in dependencies.get(name, ()):
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
    is_file = dependency.kind in ("source file", "generated file")
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
