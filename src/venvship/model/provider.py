"""Providers: what a target tells the targets that depend on it.

A provider is found by its key: the class for providers of built-in rules, the provider object for those that
`.bzl` files make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.other_machine import OtherMachine
from venvship.model.runfiles import EMPTY_RUNFILES, Runfiles

HIDDEN_OUTPUTS = "_hidden_top_level_INTERNAL_"
"""The output group of what a target needs at run time, by Bazel's name."""


@dataclass(frozen=True, slots=True, eq=False)
class DefaultInfo:
    """What every target has: the files it builds, what they need at run time, and what `run` starts.

    `lone_file` is what stands for the program of targets that have none: a file itself, the only file of a filegroup.
    `built_runfiles` are what `build` makes and lays out, where that is less than what the program shall run with.
    `apart` is what belongs into the runfiles, and is not in them because those who know of it keep it apart.
    """

    files: Depset[Artifact] = field(default_factory=Depset)
    default_runfiles: Runfiles = EMPTY_RUNFILES
    data_runfiles: Runfiles = EMPTY_RUNFILES
    executable: Artifact | None = None
    lone_file: Artifact | None = None
    built_runfiles: Runfiles | None = None
    apart: Depset[Artifact] = field(default_factory=Depset)

    @property
    def shown_default_runfiles(self) -> Runfiles:
        """The default runfiles with what is kept apart."""
        return self._with_apart(self.default_runfiles)

    @property
    def shown_data_runfiles(self) -> Runfiles:
        """The data runfiles with what is kept apart."""
        return self._with_apart(self.data_runfiles)

    def _with_apart(self, runfiles: Runfiles) -> Runfiles:
        return Runfiles.merged([runfiles, Runfiles(files=self.apart)]) if self.apart else runfiles

    @property
    def program(self) -> Artifact | None:
        """What actions may run as this target, whether or not it was made to be run."""
        return self.executable or self.lone_file


@dataclass(frozen=True, slots=True, eq=False)
class RunEnvironmentInfo:
    """Environment for `run` and `test`: variables with values, and names taken from the client's environment."""

    environment: Mapping[str, str]
    inherited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class OutputGroupInfo:
    """Named sets of outputs beside the default ones; every target of a rule has it."""

    groups: Mapping[str, Depset[Artifact]]

    def joined(self, other: OutputGroupInfo) -> OutputGroupInfo:
        """The groups of both; those of one name become one."""
        groups = dict(self.groups)
        for name, files in other.groups.items():
            present = groups.get(name)
            groups[name] = files if present is None else union([present, files])
        return OutputGroupInfo(groups)


@dataclass(frozen=True, slots=True, eq=False)
class TemplateVariableInfo:
    """Make variables that a target lends to those that name it in `toolchains`."""

    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class ArgumentsInfo:
    """The `args` of a program: what `run` and `test` pass before the user's own arguments."""

    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TestInfo:
    """How a test wants to be run; `timeout` is in seconds, and `elsewhere` says that this machine may not run it."""

    size: str
    timeout: int
    shard_count: int
    flaky: bool
    elsewhere: OtherMachine | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ExecutionInfo:
    """What a test asks of whoever runs it, such as `requires-network`."""

    requirements: Mapping[str, str]
    exec_group: str = "test"


@dataclass(frozen=True, slots=True, eq=False)
class InstrumentedFilesInfo:
    """The sources whose coverage a target wants measured."""

    instrumented_files: Depset[Artifact] = field(default_factory=Depset)
    metadata_files: Depset[Artifact] = field(default_factory=Depset)


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisTestResultInfo:
    """The verdict of a test that analysis alone decides."""

    success: bool
    message: str
