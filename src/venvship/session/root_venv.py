"""`venvship sync`: the virtualenv at the root of the workspace.

It is a directory of its own and leads into the machine's tree store, not into the output tree, so neither `clean` nor
a build for another platform takes the interpreter away that an editor has started.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from venvship.analysis.action_graph import ActionGraph
from venvship.analysis.configured_target import ConfiguredTarget
from venvship.errors import InternalError, UserError
from venvship.execution.outputs import Output, OutputTree
from venvship.execution.trees import TreeStore
from venvship.host.owned_tree import ForeignDirectory, OwnedEntry, OwnedFile, OwnedLink, OwnedTree
from venvship.model.artifact import Artifact
from venvship.model.depset import union
from venvship.model.label import Label
from venvship.model.paths import TreePath
from venvship.model.platform import Platform
from venvship.rules.python.origins import required_by
from venvship.rules.python.providers import (
    InterpreterInfo,
    PyInfo,
    PyWheelsInfo,
    VenvInterpreter,
    VirtualenvInfo,
    WheelRecord,
)
from venvship.rules.python.runtime import RUNTIME_LABEL
from venvship.rules.python.venv import entry_content
from venvship.session.known_venvs import note_venv
from venvship.session.outcomes import SyncOutcome
from venvship.session.workspace_session import Session
from venvship.venvs.file_tree import FileTree
from venvship.venvs.layout import site_packages_of
from venvship.venvs.metadata import normalised_name
from venvship.venvs.plan import VenvLink, VenvPlan
from venvship.venvs.root_venv import RootVenv, plan_root_venv
from venvship.venvs.wheel_layout import InstalledWheel

P = TypeVar("P")

ROOT_VENV: Final = ".venv"
_RECORD: Final = ".venvship.json"
_METADATA: Final = ".dist-info"


class NotOurVenv(UserError):
    """There is a `.venv` already that somebody else has made."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"`{path}` is there already, and was not made by `venvship sync`",
            hint="remove it, or move it out of the way, and run the command again",
        )


def sync_root_venv(session: Session, labels: Sequence[Label], *, check: bool) -> SyncOutcome:
    """Bring the venv up to date with the closures of `labels`, or with `check` say how it differs."""
    targets = [target for target in session.analyze_to_build(labels) if not target.incompatible]
    [runtime_target] = session.analyze([RUNTIME_LABEL])
    runtime = _interpreter(_provided(targets, VirtualenvInfo), runtime_target[InterpreterInfo].for_venv())
    needed = PyWheelsInfo(
        union(info.wheels for info in _provided(targets, PyWheelsInfo)),
        union(info.origins for info in _provided(targets, PyWheelsInfo)),
        union(info.installs for info in _provided(targets, PyWheelsInfo)),
    )
    code = _provided(targets, PyInfo)
    sources = union(info.transitive_sources for info in code).to_tuple()
    site = f"lib/{runtime.version.directory}/"
    records = [record for record in needed.wheels.to_tuple() if f"/{site}" in record.layout.site_packages]
    generated = [source for source in sources if not source.is_source]
    wanted = [*runtime.files.to_tuple(), *needed.installs.to_tuple(), *generated]
    linked = {record.import_root for record in needed.wheels.to_tuple()}
    roots = [root for root in union(info.imports for info in code).to_tuple() if root not in linked]
    result = session.execute(wanted, ActionGraph.of(session.analyzer.targets))
    result.raise_failures()

    directory = session.root / ROOT_VENV
    places = _Places(session.trees, result.outputs, session.layout.exec_root, session.directory_of)
    plan = plan_root_venv(
        RootVenv(
            TreePath(str(directory)),
            _title(session.root),
            runtime.version,
            runtime.full_version,
            TreePath(places.interpreter(runtime)),
            [_with_metadata(record.layout, places.tree(record.install)) for record in records],
            _prefixes(records, places),
            places.import_roots(roots, needed.installs.to_tuple(), generated),
            union(info.distributions for info in code).to_tuple(),
            lambda wheel: _why(needed, wheel),
        )
    )
    tree = OwnedTree(directory, record=_RECORD)
    entries = _entries(plan, directory, session.host_platform)
    left_out = sorted({f"{record.project} {record.version}" for record in needed.wheels.to_tuple()} - _names(records))
    warnings = list(plan.warnings)
    if left_out:
        warnings.append(f"not for Python {runtime.version}, so not in `{ROOT_VENV}`: {', '.join(left_out)}")
    displaced = _displaced(directory, site_packages_of(runtime.version), entries)
    try:
        bring = tree.compare if check else tree.update
        changes = bring(entries, displaced=displaced)
    except ForeignDirectory as error:
        raise NotOurVenv(directory) from error
    if not check:
        note_venv(session.layout.user_root, directory)
    left = tuple(f"{directory}/{path}" for path in (*entries, _RECORD))
    return SyncOutcome(directory, changes, tuple(warnings), left)


def _interpreter(venvs: Iterable[VirtualenvInfo], own: VenvInterpreter) -> VenvInterpreter:
    """The registered one that all virtualenvs of the configuration's version have, or the configuration's own."""
    found = {venv.runtime.executable: venv.runtime for venv in venvs if venv.runtime.version == own.version}
    return next(iter(found.values())) if len(found) == 1 else own


def _provided(targets: Iterable[ConfiguredTarget], provider: type[P]) -> list[P]:
    return [info for target in targets if (info := target.get(provider)) is not None]


def _title(root: Path) -> str:
    """The name of the workspace's directory, as far as a prompt and a file name can have it."""
    return re.sub(r"[^\w.+-]+", "-", root.name).strip("-.") or "venv"


def _names(records: Iterable[WheelRecord]) -> set[str]:
    return {f"{record.project} {record.version}" for record in records}


def _why(needed: PyWheelsInfo, wheel: InstalledWheel) -> str:
    return required_by(needed, lambda record: record.layout.site_packages == wheel.site_packages) or ""


def _with_metadata(layout: InstalledWheel, tree: str) -> InstalledWheel:
    """With all files of its metadata, where a target has declared no more than that there is some."""
    site = Path(tree + layout.site_packages[len(layout.prefix) :])
    missing = [name for name in layout.metadata_directories if not layout.site.has_file(f"{name}/RECORD")]
    files = [
        path.relative_to(site).as_posix() for name in missing for path in (site / name).rglob("*") if path.is_file()
    ]
    return replace(layout, site=FileTree.of({*layout.site.paths, *files})) if files else layout


def _displaced(directory: Path, site_packages: str, entries: Mapping[str, OwnedEntry]) -> list[str]:
    """Metadata of other versions of what is in the venv, which somebody has installed over it."""
    below = f"{site_packages}/"
    ours = {path[len(below) :].partition("/")[0] for path in entries if path.startswith(below)}
    projects = {_project(name) for name in ours if name.endswith(_METADATA)}
    try:
        found = os.listdir(directory / site_packages)
    except OSError:
        return []
    theirs = [name for name in found if name.endswith(_METADATA) and name not in ours]
    return [below + name for name in theirs if _project(name) in projects]


def _project(metadata: str) -> str:
    return normalised_name(metadata.partition("-")[0])


def _prefixes(records: Iterable[WheelRecord], places: _Places) -> Callable[[TreePath], str]:
    installs = {record.layout.prefix: record.install for record in records}
    return lambda prefix: places.tree(installs[prefix])


def _entries(plan: VenvPlan, directory: Path, platform: Platform) -> dict[str, OwnedEntry]:
    entries: dict[str, OwnedEntry] = {".gitignore": OwnedFile(b"*\n")}
    for entry in plan.entries:
        if isinstance(entry, VenvLink):
            entries[entry.path] = OwnedLink(entry.text)
        else:
            entries[entry.path] = OwnedFile(*entry_content(entry, TreePath(str(directory)), platform))
    return entries


class _Places:
    """Where things are on this machine."""

    def __init__(
        self,
        trees: TreeStore,
        outputs: Mapping[Artifact, Output],
        exec_root: Path,
        directory_of: Callable[[str], Path],
    ) -> None:
        self._trees = trees
        self._outputs = outputs
        self._exec_root = exec_root
        self._directory_of = directory_of

    def tree(self, artifact: Artifact) -> str:
        """The directory of the store that holds what a directory artifact does."""
        output = self._outputs[artifact]
        if not isinstance(output, OutputTree):
            raise InternalError(f"`{artifact.exec_path}` is no directory")
        return str(self._trees.path_of(output.digest))

    def interpreter(self, runtime: VenvInterpreter) -> str:
        """The program of an interpreter."""
        if runtime.directory is not None:
            return f"{self.tree(runtime.directory)}/bin/{runtime.version.directory}"
        program = runtime.runtime.interpreter
        if program is None:
            return runtime.executable
        if not program.is_source:
            return str(self._exec_root / program.exec_path)
        repository, _, inside = program.runfiles_path.partition("/")
        return str(self._directory_of("" if repository == "_main" else repository) / inside)

    def import_roots(
        self, roots: Iterable[str], installs: Sequence[Artifact], generated: Sequence[Artifact]
    ) -> list[str]:
        """Absolute directories: sources where they are edited, then outputs where something is generated."""
        sources: dict[str, None] = {}
        outputs: dict[str, None] = {}
        for root in roots:
            install = next((one for one in installs if root.startswith(f"{one.runfiles_path}/")), None)
            if install is not None:
                sources[self.tree(install) + root[len(install.runfiles_path) :]] = None
                continue
            repository, _, inside = root.partition("/")
            known = "" if repository == "_main" else repository
            sources[str(self._directory_of(known) / inside)] = None
            for artifact in generated:
                if artifact.runfiles_path.startswith(f"{root}/"):
                    outputs[str(self._exec_root / artifact.root.exec_path / inside)] = None
        return [*sources, *outputs]
