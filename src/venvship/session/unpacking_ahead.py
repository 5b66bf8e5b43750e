"""Wheels that programs and virtualenvs will need are unpacked as they arrive, before analysis has said so.

Between configuring targets and calling rule functions it is known which wheels lie below a program, and not yet what
the program asks of them. That they get installed is as good as certain; the few actions that analysis declares
differently run as ever. What is not for this machine is left alone: whether it can be compiled here is not known yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from venvship.analysis.analyzer import Analyzer
from venvship.analysis.configured_target import TargetKey
from venvship.analysis.node import Node
from venvship.execution.machinery import Machinery
from venvship.execution.making import ToolRunner
from venvship.execution.outputs import OutputFile
from venvship.execution.tools_ahead import run_ahead
from venvship.loading.targets import RuleTarget, Target
from venvship.model.action import RunTool
from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.platform import Platform, PythonVersion
from venvship.rules.python.distributions import WHEEL_RULE
from venvship.rules.python.installation import unpacking
from venvship.rules.python.library import DISTRIBUTION_RULE
from venvship.rules.python.runtime import Interpreters
from venvship.rules.python.settings import target_platform


class UnpackingAhead:
    """Says which wheels to unpack, and does it; `wheels` are those that will be installed."""

    def __init__(
        self, machinery: Machinery, *, interpreters: Interpreters, host: Platform, wheels: Collection[TargetKey]
    ) -> None:
        self._machinery = machinery
        self._interpreters = interpreters
        self._host = host
        self._wheels = wheels

    def action(self, key: TargetKey, archive: Artifact, *, name: str) -> RunTool | None:
        """What will unpack the wheel `archive` of a target; None when that is not known."""
        if key not in self._wheels or key.configuration is None:
            return None
        if target_platform(key.configuration) != self._host:
            return None
        version = PythonVersion.parse(self._interpreters.full_version(key.configuration))
        root = Root.of_outputs(key.configuration.directory, key.label.repository)
        directory = Artifact(root, f"{key.label.package.path}/unpacked", key.label, ArtifactKind.DIRECTORY)
        return unpacking(key.label, archive, directory, version=version, compiled_later=True, name=name)

    def run(self, action: RunTool, content: OutputFile, runner: ToolRunner) -> None:
        """Unpack a wheel of known content; nothing is said of what is wrong with it."""
        run_ahead(action, self._machinery, runner, lambda archive: str(content))


def wheels_to_install(nodes: Iterable[Node], analyzer: Analyzer) -> frozenset[TargetKey]:
    """The wheels that a program or a virtualenv among `nodes`, or one below it, is made of."""
    programs = [
        node.key for node in nodes if isinstance(node.target, RuleTarget) and node.target.rule_class.is_executable
    ]
    return frozenset(
        node.key
        for above, node in analyzer.below(programs)
        # Who names the file of a wheel may only want to look into it.
        if _is(node.target, WHEEL_RULE) and _is(above.target, DISTRIBUTION_RULE)
    )


def _is(target: Target, rule: str) -> bool:
    return isinstance(target, RuleTarget) and target.rule_class.name == rule
