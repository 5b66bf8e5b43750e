"""A workspace as far as analysis: what the command asks for becomes a configuration, and targets are analysed in it."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from venvship.analysis.analyzer import Analyzer
from venvship.analysis.configured_target import ConfiguredTarget, TargetKey
from venvship.analysis.node import Node
from venvship.analysis.toolchains import Debugging
from venvship.errors import UserError, VenvshipError
from venvship.events.build_events import Message, PhaseStarted, Severity
from venvship.loading.targets import RuleTarget
from venvship.model.configuration import Configuration
from venvship.model.label import MAIN_REPOSITORY, Label
from venvship.model.workspace_status import WorkspaceStatus
from venvship.rules.python.distributions import TOOLCHAINS, WHEEL_RULE
from venvship.rules.python.providers import VirtualenvInfo
from venvship.session.command_aspects import command_aspects, command_parameters
from venvship.session.command_configuration import command_configuration, label_of_host
from venvship.session.registrations import registered
from venvship.session.unpacking_ahead import UnpackingAhead
from venvship.session.workspace_loading import WorkspaceLoading
from venvship.session.workspace_status import with_volatile_values_of, workspace_status

if TYPE_CHECKING:
    from venvship.session.build_tools import BuildTools


class WorkspaceAnalysis(WorkspaceLoading):
    """What it takes to analyse targets."""

    @functools.cached_property
    def configuration(self) -> Configuration:
        """The configuration of the targets that the command names."""
        return command_configuration(self.options, self.loader, self.main_mapping, self.host_platform)

    def _registered_toolchains(self) -> Sequence[Label]:
        """Those of the command line, then those of the modules, each pattern spelled out."""
        patterns = [(MAIN_REPOSITORY, text) for text in self.options.extra_toolchains]
        patterns += [(module, one.pattern) for module, one in self.modules.toolchains()]
        return registered("toolchain", patterns, self.loader, self.modules)

    def _registered_execution_platforms(self) -> Sequence[Label]:
        """Those of the command line, then those of the modules, each pattern spelled out."""
        patterns = [(MAIN_REPOSITORY, text) for text in self.options.extra_execution_platforms]
        patterns += [(module, one.pattern) for module, one in self.modules.execution_platforms()]
        return registered("platform", patterns, self.loader, self.modules)

    @functools.cached_property
    def status(self) -> WorkspaceStatus:
        """What stamped outputs tell about the build."""
        found = workspace_status(
            self.options.workspace_status_command,
            embed_label=self.options.embed_label,
            root=self.root,
            environment=os.environ,
            children=self._children,
            now=datetime.now(UTC),
        )
        return found if self.options.stamp else with_volatile_values_of(self.output_base / "status.json", found)

    @property
    def has_asked_a_command(self) -> bool:
        """Whether outputs hold what a command printed, which nobody can tell to be the same still."""
        return "status" in self.__dict__ and bool(self.options.workspace_status_command)

    @functools.cached_property
    def analyzer(self) -> Analyzer:
        return Analyzer(
            self.loader,
            memo=self._memo,
            host=Configuration(self.host_platform),
            before_loading=self.repositories.expect,
            before_rules=self._fetch,
            toolchains=self._registered_toolchains,
            execution_platforms=self._registered_execution_platforms,
            debugging=self._debugging(),
            host_platform=label_of_host(self.options, self.loader, self.main_mapping, self.host_platform),
            status=lambda: self.status,
        )

    def _debugging(self) -> Debugging | None:
        text = self.options.toolchain_resolution_debug
        if not text:
            return None
        return Debugging(re.compile(text), lambda said: self.events.emit(Message(Severity.INFO, said)))

    def _fetch(self, nodes: Sequence[Node]) -> Mapping[TargetKey, VenvshipError]:
        """Bring the wheels that the rule functions of `nodes` will look into; answers which can't be had and why."""
        wanted: dict[str, dict[TargetKey, str]] = {}
        for node in nodes:
            if _is_wheel(node):
                wanted.setdefault(node.key.label.repository, {})[node.key] = str(node.values["project"])
        refused: dict[TargetKey, VenvshipError] = {}
        tools: dict[TargetKey, BuildTools] = {}
        for node in nodes:
            if node.key in wanted.get(node.key.label.repository, {}) and node.edges.get(TOOLCHAINS):
                try:
                    tools[node.key] = self._build_tools(node)
                except VenvshipError as error:
                    refused[node.key] = error
                    del wanted[node.key.label.repository][node.key]
        ahead = self._unpacking_ahead(nodes) if wanted else None
        for hub, projects in wanted.items():
            self.events.emit(PhaseStarted("fetching"))
            refused.update(self.hubs[hub].fetch(projects, ahead=ahead, tools=tools))
        return refused

    def _build_tools(self, node: Node) -> BuildTools:
        """What the toolchains of a wheel bring to its build; they are analysed first."""
        edges = node.edges[TOOLCHAINS]
        wheels = [below.key.label for _, below in self.analyzer.below([node.key]) if _is_wheel(below)]
        if wheels:
            raise UserError(
                f"`{edges[0].label}` is a toolchain for the build of `{node.values['project']}` from source, and needs "
                f"`{wheels[0]}`",
                hint="what brings toolchains to builds from source can't be made with distributions of a lock",
            )
        configuration = node.key.configuration
        assert configuration is not None
        from venvship.session.build_tools import build_tools

        return build_tools(
            [self.analyzer.evaluated(edge) for edge in edges],
            directory_of=lambda repository: self.directory_of(repository) if repository else self.root,
            trees=self.trees,
            interpreter=lambda: self.interpreters.interpreter(configuration),
        )

    def _unpacking_ahead(self, nodes: Sequence[Node]) -> UnpackingAhead | None:
        """Unpacks wheels that `nodes` are made of; None where nothing will be built."""
        return None

    def analyze(self, labels: Sequence[Label]) -> list[ConfiguredTarget]:
        """Analyse targets; warnings go to the events. Raises SeveralErrors unless `keep_going`."""
        self.events.emit(PhaseStarted("analysis", len(labels)))
        aspects = command_aspects(self.options.aspects, self.loader, self.main_mapping)
        keep_going = self.options.keep_going
        parameters = command_parameters(aspects, self.options.aspect_parameters)
        targets = self.analyzer.analyze(
            labels, self.configuration, keep_going=keep_going, aspects=aspects, parameters=parameters
        )
        for target in self.analyzer.targets:
            for warning in target.warnings:
                self.events.emit(Message(Severity.WARNING, warning))
            venv = target.get(VirtualenvInfo) if self.options.verbose_failures else None
            for note in venv.notes if venv is not None and venv.label == target.label else ():
                self.events.emit(Message(Severity.INFO, f"{target.place}: `{target.label}`: {note}"))
        return targets


def _is_wheel(node: Node) -> bool:
    return isinstance(node.target, RuleTarget) and node.target.rule_class.name == WHEEL_RULE
