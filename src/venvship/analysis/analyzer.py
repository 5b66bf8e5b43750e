"""Analysis of a set of targets: configure everything that they need, then call rule functions, dependencies first.

The two passes are apart so that whatever the rule functions will ask for (the manifests of wheels, an interpreter)
can be obtained between them, in parallel, by the owner of the network; analysis itself does no IO.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from venvship.analysis.aspects import (
    AspectKey,
    applications,
    with_output_groups,
)
from venvship.analysis.aspects import wanted as wanted_aspects
from venvship.analysis.conditions import ConditionInfo
from venvship.analysis.configured_target import ConfiguredTarget, TargetKey
from venvship.analysis.evaluation import Evaluation
from venvship.analysis.execution_platforms import ExecutionPlatforms
from venvship.analysis.findings import DependencyCycle, Findings
from venvship.analysis.node import AspectsOfEdges, Node, targets_of
from venvship.analysis.node_builder import NodeBuilder
from venvship.analysis.platforms import HOST, PlatformTargets
from venvship.analysis.toolchains import Debugging, Toolchains
from venvship.errors import SeveralErrors, UserError, VenvshipError
from venvship.loading.aspects import AspectDefinition
from venvship.loading.attributes import PlainValue
from venvship.loading.targets import Target
from venvship.memo.computation import Memo
from venvship.model.configuration import Configuration
from venvship.model.label import Label
from venvship.model.workspace_status import UNSTAMPED, WorkspaceStatus


class Packages(Protocol):
    """Loaded targets by label; raises a UserError for one that does not exist."""

    def target(self, label: Label) -> Target: ...


class IncompatibleTarget(UserError):
    """A target was asked for by name that does not fit the target platform."""


class Analyzer:
    """Analyses targets, each once for each configuration; results are kept as long as the analyzer is."""

    def __init__(
        self,
        packages: Packages,
        *,
        memo: Memo,
        host: Configuration,
        before_loading: Callable[[Iterable[str]], None] = lambda repositories: None,
        before_rules: Callable[[Sequence[Node]], Mapping[TargetKey, VenvshipError]] = lambda nodes: {},
        toolchains: Callable[[], Sequence[Label]] = tuple,
        execution_platforms: Callable[[], Sequence[Label]] = tuple,
        host_platform: Label = HOST,
        debugging: Debugging | None = None,
        status: Callable[[], WorkspaceStatus] = lambda: UNSTAMPED,
    ) -> None:
        """`before_loading` is told of repositories of which several will be needed at once.

        `before_rules` obtains what the rule functions of new nodes will ask for; it answers what it can't obtain.

        `toolchains` and `execution_platforms` are those that are registered, in order; `host_platform` is what this
        machine is called, `debugging` says which choices among them to explain. `status` is what stamped outputs hold.
        """
        self._target = packages.target
        self._before_rules = before_rules
        self._findings = Findings(packages.target)
        platforms = PlatformTargets(packages.target, host.platform)
        execution = ExecutionPlatforms(platforms, host, host_platform, execution_platforms)
        chosen = Toolchains(
            packages.target,
            toolchains,
            platforms=platforms,
            execution=execution,
            holds=self._holds,
            choose=lambda target, name, configuration: self._builder.values(target, configuration)[name],
            debugging=debugging,
        )
        self._builder = NodeBuilder(
            packages.target,
            self._findings,
            platforms=platforms,
            execution=execution,
            toolchains=chosen,
            condition=self._condition,
            before_loading=before_loading,
        )
        self._evaluation = Evaluation(packages.target, self._findings, memo=memo, status=status)
        # Conditions that are looked into, each because of the one before: to find out where its actions run, say.
        self._asked_ahead: dict[TargetKey, None] = {}
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
        known = len(self._findings.errors)
        wanted = [TargetKey(label, configuration) for label in labels]
        asked = applications(wanted_aspects(aspects, parameters, "the command line"))
        on_top = {key: [AspectKey(key, aspect) for aspect in asked] for key in wanted}
        every: list[TargetKey | AspectKey] = []
        for key in wanted:
            every += [key, *on_top[key]]
        order = self._configure(every)
        targets = [key for key in order if isinstance(key, TargetKey)]
        unobtained = self._before_rules(
            [node for key in targets if (node := self._findings.nodes.get(key)) is not None]
        )
        for unfit, error in unobtained.items():
            self._findings.fail(unfit, error)
        self._evaluation.evaluate(order)
        failed = [self._findings.error(one) for one in every]
        self.errors = _distinct([*list(self._findings.errors.values())[known:], *failed])
        if self.errors and not keep_going:
            raise SeveralErrors(self.errors)
        found = [self._top(key, on_top[key]) for key in wanted]
        self.failed = [key.label for key, target in zip(wanted, found, strict=True) if target is None]
        return [target for target in found if target is not None]

    def _top(self, key: TargetKey, aspects: Sequence[AspectKey]) -> ConfiguredTarget | None:
        target = self._findings.result(key)
        if target is None or not aspects:
            return target
        results = [self._findings.result(aspect) for aspect in aspects]
        if None in results:
            return None
        return with_output_groups(target, [result for result in results if result is not None])

    @property
    def targets(self) -> Iterable[ConfiguredTarget]:
        """Every target that was analysed so far, and what aspects made of them."""
        return (target for target in self._findings.results.values() if target is not None)

    def below(self, keys: Iterable[TargetKey]) -> Iterator[tuple[Node, Node]]:
        """What targets that are configured need, at any depth, each with one that needs it; a pair comes once."""
        nodes = self._findings.nodes
        pending = [node for key in keys if (node := nodes.get(key)) is not None]
        seen = dict.fromkeys(node.key for node in pending)
        while pending:
            node = pending.pop()
            for edge in dict.fromkeys(key for edges in node.edges.values() for key in edges):
                found = nodes.get(self._findings.canonical.get(edge, edge))
                if found is None:
                    continue
                yield node, found
                if found.key not in seen:
                    seen[found.key] = None
                    pending.append(found)

    def references(self) -> Iterator[tuple[Label, Iterator[Label]]]:
        """Each target that was looked at, and those that it was looked at with: a label may come more than once."""
        for key, node in self._findings.nodes.items():
            yield key.label, (one.label for one in (*targets_of(node.needs), *node.conditions))
        for aspect, on_target in self._findings.aspects.items():
            yield (
                aspect.target.label,
                (one.label for one in (*targets_of(on_target.needs), *on_target.node.conditions)),
            )

    def aspect_steps(self) -> Iterator[tuple[Label, bool, Iterator[Label]]]:
        """Where aspects go: from a target that asks for them, or on from one that they are on, which the flag says."""
        for key, node in self._findings.nodes.items():
            if node.aspects:
                yield key.label, False, _targets_below(node.aspects)
        for aspect, on_target in self._findings.aspects.items():
            forwarded = () if on_target.forwarded is None else (on_target.forwarded.target.label,)
            yield aspect.target.label, True, iter((*forwarded, *_targets_below(on_target.aspects)))

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
                if asked in self._findings.nodes:
                    order.append(asked)
                continue
            known = self._findings.canonical.get(asked)
            if known is not None:
                if known in on_path:
                    self._findings.fail(known, self._findings.cycle_on(on_path, known))
                continue
            node = self._builder.of_target(asked)
            if node is None:
                continue
            key = node.key
            if key in on_path:
                self._findings.fail(key, self._findings.cycle_on(on_path, key))
                continue
            if key in self._findings.nodes:
                continue
            self._findings.nodes[key] = node
            if node.problems:
                self._findings.fail(key, SeveralErrors(node.problems))
            on_path[key] = None
            stack.append((key, True))
            for attribute, edges in reversed(list(node.edges.items())):
                aspects = node.aspects.get(attribute)
                for position in range(len(edges) - 1, -1, -1):
                    edge = edges[position]
                    self._findings.requester.setdefault(edge, (key, attribute))
                    # Above the target on the stack: aspects come when their target is done.
                    if aspects is not None:
                        stack.extend((aspect, False) for aspect in reversed(aspects[position]))
                    stack.append((edge, False))
        return order

    def _enter_aspect(self, asked: AspectKey, stack: list[tuple[TargetKey | AspectKey, bool]]) -> None:
        key = self._findings.canonical_aspect(asked)
        if key in self._findings.aspects or key in self._findings.errors:
            return
        base = self._findings.nodes.get(key.target)
        if base is None:
            self._findings.errors[key] = self._findings.errors[key.target]
            return
        try:
            node = self._builder.of_aspect(key, base)
        except VenvshipError as error:
            self._findings.fail_aspect(key, error)
            return
        self._findings.aspects[key] = node
        stack.append((key, True))
        for edge in reversed(list(node.needs)):
            if isinstance(edge, TargetKey):
                self._findings.requester.setdefault(edge, (key.target, f"aspect {key.aspect.definition.name}"))
            if edge != key.target:
                stack.append((edge, False))

    def _holds(self, label: Label, configuration: Configuration) -> bool:
        """Whether a condition of a platform or toolchain holds, of which the choice among them depends."""
        try:
            info = self._condition(label, configuration)
        except DependencyCycle as error:
            asked = f"asked about `{label}` to choose where actions run, and with which toolchains"
            error.chain = error.chain if asked in error.chain else (*error.chain, asked)
            raise
        return info is not None and info.matches

    def _condition(self, label: Label, configuration: Configuration) -> ConditionInfo | None:
        return self.evaluated(TargetKey(label, configuration)).get(ConditionInfo)

    def evaluated(self, key: TargetKey) -> ConfiguredTarget:
        """A target whose turn may not have come yet; raises what is wrong with it."""
        found = self._findings.result(key)
        if found is None and self._findings.error(key) is None:
            if key in self._asked_ahead:
                raise self._findings.cycle_on(self._asked_ahead, key)
            self._asked_ahead[key] = None
            try:
                self._evaluate_ahead(key)
            finally:
                del self._asked_ahead[key]
            found = self._findings.result(key)
        if found is None:
            raise self._findings.errors[self._findings.canonical.get(key, key)]
        return found

    def _evaluate_ahead(self, asked: TargetKey) -> None:
        """Evaluate a target and all that it needs, though its turn is not yet: it may wait on the way already."""
        stack: list[tuple[TargetKey | AspectKey, bool]] = [(asked, False)]
        entered: dict[TargetKey | AspectKey, None] = {}
        while stack:
            one, leaving = stack.pop()
            # What is new may need what was configured before and has had no turn yet, so all goes through the stack.
            self._configure([one])
            key = self._findings.known(one)
            if key in self._findings.results or key in self._findings.errors:
                continue
            if leaving:
                self._evaluation.evaluate([key])
                continue
            if key in entered:
                cycle = self._findings.cycle_on((step for step in entered if step not in self._findings.results), key)
                self._findings.fail(key if isinstance(key, TargetKey) else key.target, cycle)
                continue
            if isinstance(key, TargetKey) and key not in self._findings.nodes:
                # What it needs is being found out, and that leads back to it.
                self._findings.fail(key, self._findings.cycle_on([key], key))
                continue
            entered[key] = None
            stack.append((one, True))
            needs = self._findings.aspects[key].needs if isinstance(key, AspectKey) else self._findings.nodes[key].needs
            stack.extend((edge, False) for edge in needs)


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
