"""What builds from source are told of their surroundings: Make variables, and the files that toolchains bring.

Sources are built before anything else is, so these files must be there already: sources of the workspace, what
repository rules have made, and the interpreter. A build finds them below a directory that it knows as `$(EXECROOT)`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.location import BadExpansion, expand_variables
from venvship.analysis.starlark_api.providers import TOOLCHAIN_INFO
from venvship.blobs.disk import digest_of_file
from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.execution.trees import TreeStore, scan_tree
from venvship.loading.provider_values import ProviderInstance
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.provider import TemplateVariableInfo
from venvship.repos.source_build import EXECUTION_ROOT, SEARCH_PATH
from venvship.rules.python.runtime import RUNTIME_LABEL, ImportedInterpreter
from venvship.session.extensions import PackageOverride
from venvship.session.tag_attributes import MistakenTag

_MACHINE_TOOLS: Final = {"AR": "ar", "CC": "cc", "CXX": "c++", "LD": "ld", "STRIP": "strip"}
_PASSED_ON: Final = ("ANT_BIN_DIR", "ANT_HOME", "CARGO", "JAVA", "JAVABASE", "RUSTC", "RUST_HOST_SYSROOT")
"""Variables of toolchains that reach the environment of a build by themselves, as rules_py has it."""


class MissingToolFile(UserError):
    """A build from source would use a file of a toolchain that is not there."""


@dataclass(frozen=True, slots=True)
class BuildTools:
    """What toolchains bring: Make variables, and files by their path below the execution root.

    `absent` are paths of what only a build makes; `roots` are the directories that hold the others.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    roots: tuple[str, ...] = ()

    @property
    def identity(self) -> list[list[str]]:
        """What tells whether the files are those that they were; raises MissingToolFile."""
        return [[path, _identity(place, path)] for path, place in sorted(self.files.items())]

    def environment(self, overrides: Iterable[PackageOverride], variables: Mapping[str, str]) -> dict[str, str]:
        """The variables that overrides set, with Make variables replaced: those of toolchains, and `variables`.

        Paths that begin at the execution root begin with `EXECUTION_ROOT`. Raises MistakenTag and MissingToolFile.
        """
        known = {**_machine_tools(), **variables, **self.variables, "EXECROOT": EXECUTION_ROOT}
        found = {
            name: os.path.join(EXECUTION_ROOT, self.variables[name]) for name in _PASSED_ON if name in self.variables
        }
        for one in overrides:
            for name, text in one.environment.items():
                found[name] = self._expanded(text, name, one, known)
        return found

    def _expanded(self, text: str, name: str, override: PackageOverride, known: Mapping[str, str]) -> str:
        what = f"`{name}` in `env` of the override of `{override.name}`"
        try:
            value = expand_variables(text, known)
        except BadExpansion as error:
            there = ", ".join(f"`{one}`" for one in sorted(known))
            hint = f"there are {there}; `toolchains` bring more, and `$$` is a dollar"
            raise MistakenTag(f"{what}: {error.message}", place=override.place, hint=hint) from error
        absent = sorted(path for path in self.absent if path in value)
        if absent:
            raise MissingToolFile(
                f"{what} means `{absent[0]}`, which a build makes",
                place=override.place,
                hint="distributions are built before anything else is: name files that are there already, of the "
                "workspace or of a repository",
            )
        return value


NO_TOOLS: Final = BuildTools()


def _machine_tools() -> dict[str, str]:
    """The compiler of this machine and what belongs to it."""
    found = {name: shutil.which(program, path=SEARCH_PATH) for name, program in _MACHINE_TOOLS.items()}
    return {name: place for name, place in found.items() if place is not None}


def _identity(place: str, path: str) -> str:
    try:
        return str(scan_tree(Path(place)).digest) if os.path.isdir(place) else str(digest_of_file(place))
    except OSError as error:
        raise MissingToolFile(f"can't read `{path}`, which a build from source is to use: {error.strerror}") from error


def build_tools(
    targets: Iterable[ConfiguredTarget],
    *,
    directory_of: Callable[[str], Path],
    trees: TreeStore,
    interpreter: Callable[[], ImportedInterpreter],
) -> BuildTools:
    """What the targets bring; `directory_of` says where the sources of a repository are."""
    variables: dict[str, str] = {}
    artifacts: dict[Artifact, None] = {}
    for target in targets:
        info = target.get(TemplateVariableInfo)
        variables.update({} if info is None else info.variables)
        artifacts.update(dict.fromkeys(_files(target)))
    files: dict[str, str] = {}
    roots: dict[str, None] = {}
    absent: set[str] = set()
    for artifact in artifacts:
        if artifact.is_source:
            root = directory_of(artifact.root.repository)
            roots[str(root)] = None
            files[artifact.exec_path] = str(root / artifact.path)
        elif artifact.owner == RUNTIME_LABEL and artifact.path == interpreter().full_version:
            files[artifact.exec_path] = str(trees.path_of(interpreter().tree))
        elif artifact.kind is not ArtifactKind.SYMLINK:
            absent.add(artifact.exec_path)
    return BuildTools(variables, files, frozenset(absent), tuple(roots))


def _files(target: ConfiguredTarget) -> Iterable[Artifact]:
    yield from target.default_info.files.to_tuple()
    yield from target.default_info.default_runfiles.files.to_tuple()
    toolchain = target.providers.get(TOOLCHAIN_INFO)
    every = toolchain.fields.get("all_files") if isinstance(toolchain, ProviderInstance) else None
    found = every.to_tuple() if isinstance(every, Depset) else every if isinstance(every, list | tuple) else ()
    yield from (file for file in found if isinstance(file, Artifact))
