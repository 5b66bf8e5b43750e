"""What a command read and left, looked at once more when it is done, as a stamp.

Between reading a file and looking at it here the file may have changed. Nothing is taken for granted that was not
compared: contents with the digests that the build used, listings with those that loading saw, and of files that were
opened without a word what they looked like before. Any difference means that there is no stamp, and that the next
command looks for itself.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from venvship.execution.exec_root import ExecRoot
from venvship.execution.output_state import Trace as OutputTrace
from venvship.execution.output_state import trace_of
from venvship.execution.outputs import OutputFile, OutputLink, OutputTree, is_file, parse_output
from venvship.execution.runfiles_tree import MANIFEST_SUFFIX, RUNFILES_SUFFIX, STAMP_SUFFIX
from venvship.execution.source_state import SourceState
from venvship.execution.trees import scan_tree
from venvship.loading.disk_files import DiskFiles
from venvship.loading.files import DirectoryEntry
from venvship.memo.computation import Memo, Record
from venvship.memo.keys import AnyObservation, DirectoryEntries, EntryState, EnvironmentVariable, FileContent, RealPath
from venvship.model.artifact import Artifact
from venvship.model.digest import Digest
from venvship.model.paths import ExecPath
from venvship.repos.runtime_libraries import loader_directories
from venvship.session.listing import is_same
from venvship.session.opened_paths import OpenedPath
from venvship.session.stamp import (
    Signature,
    Stamp,
    Trace,
    entries_of,
    exists,
    grouped,
    is_racy,
    process_facts,
    sha256_of,
    signature,
    trace,
)

_LOADER_CONFIGURATION = "/etc/ld.so.conf"
_PACKAGE = Path(__file__).resolve().parent.parent


class Changed(Exception):
    """Something is not as the command saw it, or can't be compared."""


class Footprint:
    """Collects what a stamp must hold. Every method raises Changed, or OSError for what is gone."""

    def __init__(self, *, now: int | None = None, looked: int | None = None) -> None:
        """Some outputs were looked at since `looked`, before `now`."""
        self._now = time.time_ns() if now is None else now
        self._looked = self._now if looked is None else looked
        self._files = DiskFiles()
        self._inputs: dict[str, Signature] = {}
        self._absent: dict[str, None] = {}
        self._kinds: dict[str, int] = {}
        self._real_paths: dict[str, str] = {}
        self._racy_files: dict[str, str] = {}
        self._racy_directories: dict[str, list[tuple[str, str]]] = {}
        self._variables: dict[str, str | None] = {}
        self._links: dict[str, dict[str, str]] = {}
        self._traces: dict[str, dict[str, Trace]] = {}

    def stamp(self, environment: Mapping[str, str]) -> Stamp:
        """Everything that was added."""
        stamp = Stamp()
        stamp.facts = process_facts(environment)
        stamp.variables = list(self._variables.items())
        by_directory: dict[str, tuple[list[str], list[Signature]]] = {}
        for path, found in self._inputs.items():
            directory, _, name = path.rpartition("/")
            names, signatures = by_directory.setdefault(directory, ([], []))
            names.append(name or ".")
            signatures.append(found)
        stamp.inputs = [(directory or "/", *lists) for directory, lists in by_directory.items()]
        stamp.absent = list(self._absent)
        stamp.kinds = grouped({path: kind for path, kind in self._kinds.items() if path not in self._inputs})
        stamp.real_paths = list(self._real_paths.items())
        stamp.racy_files = list(self._racy_files.items())
        stamp.racy_directories = list(self._racy_directories.items())
        for directory in {**self._links, **self._traces}:
            links = list(self._links.get(directory, {}).items())
            traces = self._traces.get(directory, {})
            found = signature(os.lstat(directory))
            if links and is_racy(found, self._looked):
                # A link may have been replaced since it was looked at.
                for name, text in links:
                    if os.readlink(f"{directory}/{name}") != text:
                        raise Changed(f"{directory}/{name}")
            known = None if is_racy(found, self._now) else found
            stamp.outputs.append((directory, known, links, list(traces), list(traces.values())))
        return stamp

    # What was read

    def add_file(self, path: str, sha256: str) -> None:
        """A file that had this content."""
        if path in self._inputs:
            return
        before = signature(os.stat(path))
        if sha256_of(path) != sha256 or signature(os.stat(path)) != before:
            raise Changed(path)
        self._add_input(path, before, sha256)

    def add_directory(self, path: str) -> None:
        """A directory whose entries the caller compares after this."""
        if path not in self._inputs:
            found = signature(os.stat(path))
            self._inputs[path] = found
            if is_racy(found, self._now):
                self._racy_directories[path] = entries_of(path)

    def add_absent(self, path: str) -> None:
        if exists(path):
            raise Changed(path)
        self._absent[path] = None

    def add_kind(self, path: str) -> None:
        """Something of which only the kind counts, links followed; it may be missing."""
        try:
            self._kinds[path] = stat.S_IFMT(os.stat(path).st_mode)
        except (OSError, ValueError):
            self.add_absent(path)

    def add_variable(self, name: str, value: str | None) -> None:
        self._variables[name] = value

    def add_observations(self, memo: Memo) -> None:
        """All that loading looked at."""
        for key, record in list(memo.observations()):
            self._add_observation(key, record)

    def add_source_tree(self, path: str, digest: Digest) -> None:
        """A directory that is a source."""
        before = dict(_walk(path))
        tree = scan_tree(path)
        if tree.digest != digest or dict(_walk(path)) != before:
            raise Changed(path)
        for below, found in before.items():
            if stat.S_ISDIR(found[4]):
                self.add_directory(below)
            else:
                self._add_input(below, found, sha256_of(below) if is_racy(found, self._now) else "")

    def add_opened(self, opened: Mapping[str, OpenedPath], *, workspace: str, started: int) -> None:
        """What was opened or listed and is not known by other means; comes after these."""
        for path, seen in list(opened.items()):
            if path in self._inputs or path in self._absent or path in self._kinds:
                continue
            if seen.signature is None:
                self.add_absent(path)
            elif not path.startswith(f"{workspace}/") and seen.signature[1] >= started and not exists(path):
                # Outside the workspace, came after the command and went before its end: a temporary file of its own.
                continue
            elif signature(os.stat(path)) != seen.signature or is_racy(seen.signature, seen.seen):
                raise Changed(path)
            else:
                self._inputs[path] = seen.signature
            if path == _LOADER_CONFIGURATION:
                # A library that turns up in an earlier directory is taken instead of the one that was.
                for directory in loader_directories():
                    self.add_directory(str(directory))

    def add_external(self, directory: str) -> None:
        """External repositories. Those that every command makes anew leave no marker, and there is no stamp then."""
        for name in os.listdir(directory) if exists(directory) else ():
            if not name.startswith("@") and not exists(f"{directory}/@markers/{name}.json"):
                raise Changed(name)

    def add_program(self, *, started: int) -> None:
        """Our own code and its libraries; it may not have changed since it was loaded."""
        for directory, names, files in os.walk(_PACKAGE):
            names[:] = [name for name in names if name != "__pycache__"]
            for name in files:
                path = f"{directory}/{name}"
                found = signature(os.stat(path))
                if max(found[0], found[1]) >= started:
                    raise Changed(path)
                self._add_input(path, found, None)
        for path in sys.path:
            if path.endswith(("/site-packages", "/dist-packages")):
                self.add_directory(path)
        for path in (sys.executable, os.path.realpath(sys.executable)):
            self._add_input(path, signature(os.stat(path)), None)

    # What was left

    def add_outputs(
        self, outputs: Iterable[tuple[Artifact, str]], exec_root: ExecRoot, traces: Mapping[ExecPath, OutputTrace]
    ) -> None:
        """Sources that actions read, and everything that they made, each with the text of what it holds.

        `traces` are of outputs that were looked at before. What changes after that look is noticed by them.
        """
        made: list[tuple[Artifact, str]] = []
        for artifact, text in outputs:
            if artifact.is_source:
                self._add_source(artifact, text, exec_root.sources)
            else:
                made.append((artifact, text))
        for artifact, text in made:
            path = exec_root.output_path(artifact.exec_path)
            self._add_output(path, text, traces.get(artifact.exec_path) or trace_of(path))
            if artifact.root.without_bytecode is not None:
                # A command may have it only because it was there; without it, what to make is to be decided anew.
                self.add_kind(path)

    def add_runfiles(self, program: str) -> None:
        """The runfiles tree of a program, by its path on this machine."""
        place = os.readlink(program + RUNFILES_SUFFIX)
        self.add_link(program + RUNFILES_SUFFIX, place)
        for path in (place, program + MANIFEST_SUFFIX, program + STAMP_SUFFIX):
            self._add_trace(path, os.lstat(path))

    def add_shared(self, directory: str) -> None:
        """A directory that several runfiles trees link: whatever is taken out or replaced changes one below it."""
        for path, found in _walk(directory):
            if stat.S_ISDIR(found[4]):
                self._add_trace(path, os.lstat(path))

    def add_link(self, path: str, text: str) -> None:
        if os.readlink(path) != text:
            raise Changed(path)
        directory, _, name = path.rpartition("/")
        self._links.setdefault(directory, {})[name] = text

    def add_left(self, path: str) -> None:
        """A file or link outside of the outputs, which the user may change."""
        found = signature(os.lstat(path))
        if stat.S_ISLNK(found[4]):
            self.add_link(path, os.readlink(path))
        else:
            self._add_input(path, found, None)

    def add_files_below(self, directory: str) -> None:
        """Every file and link in a directory of outputs that is there now."""
        for below, found in _walk(directory):
            if stat.S_ISLNK(found[4]):
                self.add_link(below, os.readlink(below))
            elif not stat.S_ISDIR(found[4]):
                self._add_trace(below, os.lstat(below))

    def _add_output(self, path: str, text: str, seen: OutputTrace | None) -> None:
        directory, _, name = path.rpartition("/")
        if isinstance(seen, str):
            if text[:2] == "l ":
                if seen != text[2:]:
                    raise Changed(path)
            elif seen not in self._inputs:
                # The link has to lead there as well, and from here it is the shorter way.
                end = os.path.join(directory, seen)
                self.add_kind(end)
                if end in self._absent:
                    raise Changed(path)
            self._links.setdefault(directory, {})[name] = seen
        elif seen is not None and is_file(text) and text.endswith(f"/{seen[1]}"):
            self._traces.setdefault(directory, {})[name] = seen
        else:
            raise Changed(path)

    def _add_trace(self, path: str, status: os.stat_result) -> None:
        directory, _, name = path.rpartition("/")
        self._traces.setdefault(directory, {})[name] = trace(status)

    def _add_source(self, artifact: Artifact, text: str, sources: SourceState) -> None:
        path = sources.path_of(artifact)
        if sources.is_lazy(artifact):
            self.add_kind(path)
            return
        match parse_output(text):
            case OutputFile(digest, executable):
                status = os.stat(path)
                if bool(status.st_mode & 0o111) != executable:
                    raise Changed(path)
                found = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
                if sources.knows(path, found, digest):
                    self._add_input(path, signature(status), digest.sha256)
                else:
                    self.add_file(path, digest.sha256)
            case OutputTree(digest):
                self.add_source_tree(path, digest)
            case OutputLink():
                raise Changed(path)

    def _add_input(self, path: str, found: Signature, sha256: str | None) -> None:
        self._inputs[path] = found
        if is_racy(found, self._now):
            self._racy_files[path] = sha256 or sha256_of(path)

    def _add_observation(self, key: AnyObservation, record: Record) -> None:
        match key:
            case FileContent(path) if record.fingerprint != "absent" and record.fingerprint is not None:
                self.add_file(path, record.fingerprint)
            case FileContent(path):
                self.add_kind(path)
                if stat.S_ISREG(self._kinds.get(path, 0)):
                    raise Changed(path)
            case EntryState(path):
                if self._files.kind(path).value != record.fingerprint:
                    raise Changed(path)
                self.add_kind(path)
            case RealPath(path):
                if os.path.realpath(path) != record.fingerprint:
                    raise Changed(path)
                self._real_paths[path] = record.fingerprint
            case DirectoryEntries(path):
                self._add_listing(key, record)
            case EnvironmentVariable(name):
                value = os.environ.get(name)
                if key.fingerprint(value) != record.fingerprint:
                    raise Changed(name)
                self._variables[name] = value
            case _:
                raise Changed(str(key))

    def _add_listing(self, key: DirectoryEntries, record: Record) -> None:
        path = key.path
        if not os.path.isdir(path):
            self.add_kind(path)
        else:
            self.add_directory(path)
        for entry in self.add_listing(path, record.fingerprint):
            if entry.is_link:
                self.add_kind(f"{path.rstrip('/')}/{entry.name}")

    def add_listing(self, path: str, fingerprint: str | None) -> tuple[DirectoryEntry, ...]:
        """Compare the entries of a directory, which is known, with those that loading saw."""
        entries = self._files.list_directory(path)
        if not is_same(path, entries, fingerprint):
            raise Changed(path)
        return entries


def _walk(directory: str) -> Iterator[tuple[str, Signature]]:
    """Everything at and below a directory, links not followed."""
    yield directory, signature(os.lstat(directory))
    pending = [directory]
    while pending:
        with os.scandir(pending.pop()) as found:
            for entry in sorted(found, key=lambda entry: entry.name):
                yield entry.path, signature(entry.stat(follow_symlinks=False))
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
