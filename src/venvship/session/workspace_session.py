"""What commands do with an open workspace: build targets, show what they are, and start programs."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from venvship.analysis.action_graph import ActionGraph
from venvship.analysis.analyzer import IncompatibleTarget
from venvship.analysis.configured_target import ConfiguredTarget
from venvship.errors import SeveralErrors, VenvshipError
from venvship.events.build_events import Message, Severity
from venvship.execution.result import ExecutionResult
from venvship.execution.runfiles_tree import RUNFILES_SUFFIX, lay_out
from venvship.execution.test_request import TestRequest
from venvship.model.action import MakeForest, Program
from venvship.model.artifact import OUTPUT_DIRECTORY, Artifact
from venvship.model.depset import union
from venvship.model.label import Label
from venvship.model.paths import ExecPath
from venvship.model.platform import PythonVersion
from venvship.rules.python.providers import VirtualenvInfo
from venvship.session.command_configuration import command_configuration, without_settings_of
from venvship.session.convenience_links import ConvenienceLinks
from venvship.session.lock_making import CompiledLock, MadeLock
from venvship.session.outcomes import BuildOutcome, BuiltTarget, Places, RunPlan, SkippedTarget
from venvship.session.output_groups import DEFAULT_OUTPUTS, OUTPUTS_TO_RUN, OutputGroups
from venvship.session.run_plan import run_plan
from venvship.session.workspace_execution import WorkspaceExecution
from venvship.session.workspace_loading import OpenedWorkspace


class Session(WorkspaceExecution):
    """An open workspace with what the commands have in common."""

    def __init__(self, opened: OpenedWorkspace) -> None:
        super().__init__(opened)
        self._built: dict[Label, ConfiguredTarget] = {}
        self.test_requests: list[TestRequest] = []
        """The tests that the command has run, or has found to be unchanged."""
        self.has_convenience_links = False
        """Whether the command has made them."""

    def info(self) -> Mapping[str, str]:
        """What `venvship info` prints, by key."""
        prefix = self.options.symlink_prefix.rstrip("-") or "venvship"
        return {
            "workspace": str(self.layout.workspace),
            "output_base": str(self.output_base),
            "output_user_root": str(self.layout.user_root),
            "execution_root": str(self.execution_root),
            "output_path": str(self.execution_root / OUTPUT_DIRECTORY),
            f"{prefix}-bin": str(self.bin_directory),
            f"{prefix}-testlogs": str(self.test_logs),
            "server_pid": "0",
        }

    def lock_environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """`environment` for uv, which looks for a Python behind its own places where we do, before it downloads one."""
        known = self.interpreters.directories()
        return {**environment, "PATH": os.pathsep.join(filter(None, [environment.get("PATH", ""), *known]))}

    def compiled_locks(self) -> Sequence[CompiledLock]:
        """The lock files that targets of the workspace say how to make."""
        from venvship.session.requirement_locks import compiled_locks

        hubs = self.extensions.hubs
        labels = [project.lock for hub in hubs.values() for project in hub]
        # A hub has no settings before its lock is made. They say nothing of the Python version.
        options = without_settings_of(hubs, self.options, self.main_mapping)
        configuration = command_configuration(options, self.loader, self.main_mapping, self.host_platform)
        version = PythonVersion.parse(self.interpreters.full_version(configuration))
        return compiled_locks(labels, self.loader, python_version=str(version))

    def debian_locks(self, *, check: bool, upgrade: bool, only: Callable[[Path], bool]) -> Sequence[MadeLock]:
        """Make the locks of Debian packages, or only look."""
        from venvship.session.debian_locks import make_debian_locks

        return make_debian_locks(
            self.modules,
            lambda: self.loader.bzl,
            root=self.root,
            mirrors=self.sources.debian,
            read=self.sources.files.read_optional,
            now=datetime.now(UTC),
            check=check,
            upgrade=upgrade,
            only=only,
        )

    def build(self, labels: Sequence[Label], *, nobuild: bool = False) -> BuildOutcome:
        """Build targets. What can't be analysed is raised, or part of the outcome with `keep_going`."""
        return self._build(labels, self.output_groups, nobuild=nobuild)

    def build_to_run(self, label: Label) -> BuildOutcome:
        """Build a target, and all that its program shall run with."""
        return self._build([label], dataclasses.replace(self.output_groups, run=True), nobuild=False)

    def _build(self, labels: Sequence[Label], groups: OutputGroups, *, nobuild: bool) -> BuildOutcome:
        targets = self.analyze(labels) if nobuild else self.analyze_to_build(labels)
        failures: list[VenvshipError] = list(self.analyzer.errors)
        failed = tuple(self.analyzer.failed)
        graph = self.action_graph()
        failures += graph.conflicts
        if nobuild:
            return BuildOutcome(failed=failed, skipped=_skipped(targets), failures=tuple(failures))
        refused = graph.conflicting
        failed = (*failed, *(target.label for target in targets if target.label in refused))
        targets = [target for target in targets if target.label not in refused]
        compatible = [target for target in targets if not target.incompatible]
        result = self.execute(requested_artifacts(compatible, groups), graph, if_made=beside_builds(compatible))
        outcome = self.outcome_of(targets, graph, result)
        self.make_convenience_links()
        if len(labels) == 1 and not (failed or outcome.failed or outcome.skipped):
            self._built.update(zip(labels, targets, strict=True))
        return dataclasses.replace(outcome, failed=(*failed, *outcome.failed), failures=(*failures, *result.failures))

    def outcome_of(
        self, targets: Sequence[ConfiguredTarget], graph: ActionGraph, result: ExecutionResult
    ) -> BuildOutcome:
        """Say which of the analysed targets are built, and lay out the runfiles trees of those that are programs."""
        built: list[BuiltTarget] = []
        failed: list[Label] = []
        groups = self.output_groups
        for target in targets:
            if target.incompatible:
                continue
            if not result.failures or all(one in result.outputs for one in groups.requested(target).to_tuple()):
                if groups.with_programs:
                    self.lay_out_runfiles(target, graph, result)
                pythons = self._pythons(target) if groups.with_programs else ()
                built.append(BuiltTarget(target.label, self._places_of(groups.shown(target), graph, pythons)))
            else:
                failed.append(target.label)
        return BuildOutcome(
            targets=tuple(built),
            failed=tuple(failed),
            skipped=_skipped(targets),
            failures=result.failures,
            actions_run=result.ran,
            actions_cached=result.cached,
            up_to_date=result.up_to_date,
        )

    def lay_out_runfiles(self, target: ConfiguredTarget, graph: ActionGraph, result: ExecutionResult) -> None:
        """Make the runfiles tree of an executable target, of what it runs with if that was made."""
        info = target.default_info
        if info.executable is None:
            return
        runfiles = info.default_runfiles
        if info.built_runfiles is not None and any(
            artifact not in result.outputs for artifact in runfiles.artifacts.to_tuple()
        ):
            runfiles = info.built_runfiles
        lay_out(
            Program(info.executable, runfiles),
            self.exec_root,
            generating=graph.generating,
            content=lambda artifact: result.outputs[artifact],
            warn=lambda text: self.events.emit(Message(Severity.WARNING, f"{target.place}: `{target.label}`: {text}")),
        )

    def build_one(self, label: Label) -> ConfiguredTarget:
        """Build a target, its runfiles tree included; raises what keeps it from being built."""
        targets = self.analyze_to_build([label])
        if not targets:
            raise SeveralErrors(self.analyzer.errors)
        target = targets[0]
        if target.incompatible:
            raise IncompatibleTarget("; ".join(target.incompatible), place=target.place)
        graph = ActionGraph.of(self.analyzer.targets)
        result = self.execute(requested_artifacts([target], OUTPUTS_TO_RUN), graph)
        result.raise_failures()
        self.lay_out_runfiles(target, graph, result)
        self.make_convenience_links()
        return target

    def prepare_run(self, label: Label) -> RunPlan:
        """Build a program and say how it is started; raises what keeps it from being built."""
        target = self._built.get(label) or self.build_one(label)
        return run_plan(label, target, path_of=self.exec_root.path_of, root=self.root)

    @property
    def output_groups(self) -> OutputGroups:
        return OutputGroups.parse(self.options.output_groups, validate=self.options.run_validations)

    @functools.cached_property
    def _links(self) -> ConvenienceLinks:
        targets = {
            "bin": self.bin_directory,
            "testlogs": self.test_logs,
            "out": self.execution_root / OUTPUT_DIRECTORY,
        }
        return ConvenienceLinks(self.root, self.options.symlink_prefix, targets, self.events)

    def _places_of(
        self, outputs: Sequence[Artifact], graph: ActionGraph, pythons: tuple[str, ...]
    ) -> Callable[[], Places]:
        def places() -> Places:
            paths = tuple(self.exec_root.path_of(output) for output in outputs)
            return Places((*self._shown_outputs(outputs, graph), *map(self._links.shown, pythons)), paths)

        if any(output.is_source for output in outputs):
            # Those that are obtained by need are obtained now, while the workspace is locked.
            known = places()
            return lambda: known
        return places

    def _pythons(self, target: ConfiguredTarget) -> tuple[str, ...]:
        """The interpreter of a virtualenv that finds sources too: these lie in its runfiles, and not among outputs."""
        venv, program = target.get(VirtualenvInfo), target.default_info.executable
        if venv is None or program is None or venv.label != target.label:
            return ()
        return (f"{self.exec_root.path_of(program)}{RUNFILES_SUFFIX}/{venv.python}",)

    def _shown_outputs(self, outputs: Sequence[Artifact], graph: ActionGraph) -> tuple[str, ...]:
        """The paths of outputs as the user reaches them; a whole virtualenv is told by its directory."""
        wanted = frozenset(outputs)
        shown: dict[str, None] = {}
        is_whole: dict[ExecPath, bool] = {}
        for artifact in outputs:
            action = graph.generating(artifact)
            if isinstance(action, MakeForest):
                if action.directory not in is_whole:
                    is_whole[action.directory] = wanted.issuperset(action.outputs)
                if is_whole[action.directory]:
                    shown[self._links.shown(self.exec_root.output_path(action.directory))] = None
                    continue
            path = artifact.exec_path if artifact.is_source else self._links.shown(self.exec_root.path_of(artifact))
            shown[path] = None
        return tuple(shown)

    def make_convenience_links(self) -> None:
        self._links.make()
        self.has_convenience_links = True


def _skipped(targets: Iterable[ConfiguredTarget]) -> tuple[SkippedTarget, ...]:
    return tuple(SkippedTarget(t.label, "; ".join(t.incompatible)) for t in targets if t.incompatible)


def requested_artifacts(targets: Iterable[ConfiguredTarget], groups: OutputGroups = DEFAULT_OUTPUTS) -> list[Artifact]:
    """Everything that must exist when these targets are built."""
    return list(union(groups.requested(target) for target in targets).to_tuple())


def beside_builds(targets: Iterable[ConfiguredTarget]) -> list[Artifact]:
    """What programs of these targets run with, if it is there, and `build` does not make for them."""
    infos = [target.default_info for target in targets]
    return list(union(info.default_runfiles.artifacts for info in infos if info.built_runfiles is not None).to_tuple())
