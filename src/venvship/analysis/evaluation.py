"""Pass two of analysis: rule functions and those of aspects are called."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, cast

from venvship.analysis.aspects import (
    AspectKey,
    with_aspects,
)
from venvship.analysis.build_settings import BuildSettingValueInfo, value_info
from venvship.analysis.conditions import ConditionInfo
from venvship.analysis.configured_target import ConfiguredTarget, TargetKey
from venvship.analysis.dependency_fit import dependency_problems
from venvship.analysis.failures import AnalysisFailureInfo, are_allowed, failed_target, standing_on_failures
from venvship.analysis.findings import Findings
from venvship.analysis.node import FORWARDING_RULES, TOOLCHAIN_EDGES, AspectNode, AspectsOfEdges, Node
from venvship.analysis.package_specification import PackageSpecificationInfo, groups_behind
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.providers import TOOLCHAIN_INFO
from venvship.analysis.toolchains import NotAToolchain
from venvship.dataclass import dataclass
from venvship.errors import InternalError, SeveralErrors, UserError, VenvshipError
from venvship.loading.attributes import labels_in
from venvship.loading.native_providers import key_of_instance
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import OutputFileTarget, PackageGroup, RuleTarget, SourceFileTarget, Target
from venvship.memo.computation import Memo
from venvship.memo.keys import Key
from venvship.model.artifact import Artifact, Root
from venvship.model.configuration import Configuration
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.paths import join
from venvship.model.provider import HIDDEN_OUTPUTS, DefaultInfo, OutputGroupInfo
from venvship.model.workspace_status import WorkspaceStatus

RuleFunction: TypeAlias = Callable[[RuleContext], Iterable[object]]
"""What `RuleClass.implementation` holds: providers out of a context, each known by its class."""

AspectFunction: TypeAlias = Callable[[RuleContext, RuleContext, ConfiguredTarget, tuple[str, ...]], Iterable[object]]
"""What `AspectTerms.implementation` holds: providers out of the aspect's context, that of the rule, and the target."""


@dataclass(frozen=True, slots=True)
class RuleFunctionsKey(Key[None]):
    """The memo key of what rule functions and aspects read: who reads it need not be told apart further."""

    def __str__(self) -> str:
        return "rule functions"


class Evaluation:
    """Makes configured targets out of nodes."""

    def __init__(
        self,
        target: Callable[[Label], Target],
        findings: Findings,
        *,
        memo: Memo,
        status: Callable[[], WorkspaceStatus],
    ) -> None:
        self._target = target
        self._findings = findings
        self._memo = memo
        self._status = status

    def evaluate(self, keys: Iterable[TargetKey | AspectKey]) -> None:
        """Make a result of each node or aspect, all of whose needs had their turn or are before it."""
        with self._memo.noting(RuleFunctionsKey()):
            for key in keys:
                if isinstance(key, AspectKey):
                    self._evaluate_aspect(key)
                else:
                    self._evaluate_target(key)

    def _evaluate_target(self, key: TargetKey) -> None:
        findings = self._findings
        if key in findings.results or (findings.errors and key in findings.errors):
            return
        node = findings.nodes[key]
        if findings.fails_with(key, node.needs):
            return
        try:
            findings.results[key] = self._made_or_failed(node)
        except VenvshipError as error:
            findings.fail(key, error.with_traceback(None))
            if not isinstance(error, SeveralErrors):
                # Nobody asked for it but the command.
                error.place = error.place or node.target.place

    def _evaluate_aspect(self, asked: AspectKey) -> None:
        key = self._findings.canonical_aspect(asked)
        if key in self._findings.results or key in self._findings.errors:
            return
        node = self._findings.aspects[key]
        if self._findings.fails_with(key, node.needs):
            return
        try:
            self._findings.results[key] = self._aspect(node)
        except VenvshipError as error:
            self._findings.fail_aspect(key, error.with_traceback(None))

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
        if TOOLCHAIN_EDGES in node.aspects:
            # The toolchains of groups of actions come after those of the rule.
            reached = zip(
                node.base.toolchains, dependencies[TOOLCHAIN_EDGES], node.aspects[TOOLCHAIN_EDGES], strict=False
            )
            beneath.toolchains_with_aspects = {kind: one for kind, one, aspects in reached if aspects}
        run = cast(AspectFunction, definition.terms.implementation)
        ids = tuple(one.id for one in node.path)
        providers = {key_of_instance(one): one for one in run(context, beneath, seen, ids)}
        return dataclasses.replace(
            nothing, providers=providers, actions=tuple(context.actions), warnings=tuple(context.warnings)
        )

    def _aspect_result(self, key: AspectKey) -> ConfiguredTarget:
        return self._evaluated(self._findings.canonical_aspect(key))

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
        found = {kind: self._evaluated(self._findings.canonical[edge]) for kind, edge in toolchains.items()}
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
        target = node.target
        for condition in node.conditions:
            self._evaluated(self._findings.canonical[condition])
        match target:
            case SourceFileTarget():
                return _source_file(node.key, target)
            case PackageGroup():
                held = PackageSpecificationInfo(tuple(groups_behind([target.label], self._target)))
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
        problems = dependency_problems(target, rule, dependencies, testonly=facts[1])
        if problems:
            raise SeveralErrors(problems)
        context = self._context(target, node, node.key.configuration, dependencies)
        if any(target.label in labels_in(node.values[name]) for name in rule.output_attributes):
            context.warn("is both a rule and a file, and means the rule; choose another name for one of them")
        providers: dict[object, object] = {}
        for provider in cast(RuleFunction, rule.implementation)(context):
            providers[key_of_instance(provider)] = provider
        default_info = cast(DefaultInfo, providers.setdefault(DefaultInfo, DefaultInfo()))
        groups = providers.get(OutputGroupInfo)
        built = default_info.built_runfiles or default_info.default_runfiles
        hidden = OutputGroupInfo({HIDDEN_OUTPUTS: built.artifacts})
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
            targets = tuple([self._evaluated(self._findings.canonical[edge]) for edge in edges])
            on_each = every.get(attribute)
            if on_each is not None:
                targets = tuple(
                    with_aspects(target, [self._aspect_result(one) for one in aspects_of_one])
                    for target, aspects_of_one in zip(targets, on_each, strict=True)
                )
            found[attribute] = targets
        return found

    def _evaluated(self, key: TargetKey | AspectKey) -> ConfiguredTarget:
        """A result of pass two. The memo need not know who reads it: nodes have all edges."""
        found = self._findings.results.get(key)
        if found is None:
            raise InternalError(f"`{key}` was read before it was analysed")
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


def _source_file(key: TargetKey, target: SourceFileTarget) -> ConfiguredTarget:
    root = Root.of_sources(target.label.repository)
    artifact = Artifact(root, join(target.label.package.path, target.label.name), target.label)
    info = DefaultInfo(Depset([artifact]), lone_file=artifact)
    return ConfiguredTarget(key, target.kind, target.place, {DefaultInfo: info})
