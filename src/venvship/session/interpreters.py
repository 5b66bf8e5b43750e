"""The interpreters of a workspace: found on this machine or unpacked from archives, when one is needed.

What is built for this machine takes an interpreter of the machine, or else one of Debian packages that a lock names, or
an archive. What is built for another kind of machine takes one of the latter always.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem, UserError
from venvship.events.build_events import EventSink, PhaseProgress
from venvship.execution.trees import TreeStore
from venvship.host.files import write_atomically
from venvship.host.machine import this_machine
from venvship.interpreters.archives import (
    CUSTOMARY_BASE,
    RuntimeArchive,
    choose_archive,
    known_archives,
    parse_archives,
    triple_of,
)
from venvship.model.configuration import PYTHON_VERSION, Configuration
from venvship.model.digest import Digest
from venvship.model.platform import Libc, Platform, PythonVersion
from venvship.repos.host_interpreters import HostInterpreter, NoInterpreter, choose_interpreter, find_interpreters
from venvship.repos.urls import local_path, shown_url
from venvship.rules.python.runtime import ImportedInterpreter
from venvship.rules.python.settings import target_platform
from venvship.rules.python.transitions import NoPythonVersion
from venvship.session.debian_interpreters import DebianInterpreter, DebianInterpreters
from venvship.session.extensions import Extensions, RuntimePatch
from venvship.session.extensions import RuntimeArchive as NamedArchive

if TYPE_CHECKING:
    from venvship.repos.download import Downloads

_IMPORT_FORMAT = 4
"""Raised when an import of the same installation would give other bytes."""
_ARCHIVE_FORMAT = 2
_MIRROR_VARIABLE = "UV_PYTHON_INSTALL_MIRROR"


class NoRuntime(UserError):
    """No archive has an interpreter of a version for a platform."""

    def __init__(self, version: str, platform: Platform) -> None:
        super().__init__(
            f"no archive of CPython {version} for {triple_of(platform)} is known",
            hint="choose another version, name an archive with `python.single_version_platform_override`, or lock "
            "Debian packages with `python_version`",
        )


class UnknownReleases(UserError):
    """No archive fits, and of releases that the workspace names no hashes are known."""

    def __init__(self, version: str, platform: Platform, releases: Sequence[str], known: Iterable[str]) -> None:
        named = ", ".join(f"`{release}`" for release in releases)
        newest = ", ".join(f"`{release}`" for release in sorted(known, reverse=True)[:3])
        super().__init__(
            f"no archive of CPython {version} for {triple_of(platform)} is known: no hashes are known of "
            f"{'release' if len(releases) == 1 else 'releases'} {named}, which MODULE.bazel names",
            hint=f"leave `releases` of `python_interpreters.configure` out, name known ones, such as {newest}, or a "
            f"directory as `base_url` in which `{releases[0]}/SHA256SUMS` is",
        )


class NoArchive(EnvironmentProblem):
    """An interpreter that the machine does not have comes from an archive, which can't be fetched."""

    def __init__(self, version: str, triple: str, reason: str) -> None:
        super().__init__(
            f"CPython {version} for {triple} comes from an archive that can't be fetched: {reason}",
            hint=f"check the network, name a mirror with `base_url` of `python_interpreters.configure` or with "
            f"`{_MIRROR_VARIABLE}`, or install what this machine runs, for example with `uv python install {version}`",
        )


@dataclass(frozen=True, slots=True)
class _Located:
    """An archive with the addresses that it is fetched from, the first that answers."""

    archive: RuntimeArchive
    urls: tuple[str, ...]
    strip_prefix: str = "python"
    patches: tuple[RuntimePatch, ...] = ()

    @property
    def identity(self) -> str:
        patches = "".join(f" {patch.strip} {hashlib.sha256(patch.content).hexdigest()}" for patch in self.patches)
        return f"{self.archive.sha256} {self.archive.triple} {self.strip_prefix}{patches}"


class RuntimeArchives:
    """The archives that a workspace may use; `bases` stand before their paths."""

    def __init__(self, extensions: Extensions, downloads: Callable[[], Downloads]) -> None:
        mirrors = extensions.archive_bases or (os.environ.get(_MIRROR_VARIABLE) or CUSTOMARY_BASE,)
        self._bases = tuple(mirror.rstrip("/") for mirror in mirrors)
        self._build = extensions.archive_build or "install_only"
        self._releases = extensions.archive_releases
        self._named = extensions.archives
        self._downloads = downloads

    @functools.cached_property
    def _known(self) -> tuple[RuntimeArchive, ...]:
        """Those of the named releases, or of the table that comes with the product."""
        if not self._releases:
            return known_archives()
        known = [archive for archive in known_archives() if archive.date in self._releases]
        missing = sorted(set(self._releases) - {archive.date for archive in known})
        for release in missing:
            tables = (local_path(f"{base}/{release}/SHA256SUMS") for base in self._bases)
            table = next((one for one in tables if one is not None and one.is_file()), None)
            if table is not None:
                known += parse_archives(table.read_text(), release=release)
        return tuple(known)

    def find(self, version: str, platform: Platform) -> _Located | None:
        """What the workspace names itself is taken before what is known."""
        named = (_named_archive(named, version, platform) for named in self._named)
        located = next((one for one in named if one is not None), None)
        if located is None:
            archive = choose_archive(self._known, version, platform, build=self._build)
            if archive is None:
                dates = {one.date for one in self._known}
                unknown = sorted(set(self._releases) - dates)
                if unknown:
                    raise UnknownReleases(version, platform, unknown, {one.date for one in known_archives()})
                return None
            located = _Located(archive, tuple(f"{base}/{archive.path}" for base in self._bases))
        return replace(located, patches=self.patches(_shown(located.archive), platform))

    def patches(self, full_version: str, platform: Platform) -> tuple[RuntimePatch, ...]:
        """What the workspace changes of a release, those for every platform first."""
        triple = triple_of(platform)
        found = [one for key in ("", triple) for one in self._named if key in one.sha256s]
        return tuple(patch for one in found if one.version == full_version for patch in one.patches)

    def fetch(self, located: _Located) -> Path:
        from venvship.repos.download import FileNotOnIndex, WantedFile
        from venvship.repos.package_index import IndexUnreachable

        archive = located.archive
        failures = []
        for url in located.urls:
            wanted = WantedFile("CPython", archive.filename, url, archive.sha256)
            try:
                return self._downloads().fetch([wanted])[wanted]
            except IndexUnreachable as error:
                failures.append(f"`{error.url}` {error.reason}")
            except FileNotOnIndex:
                failures.append(f"`{shown_url(url)}` is not there")
        raise NoArchive(_shown(archive), archive.triple, "; ".join(failures))


def _named_archive(named: NamedArchive, version: str, platform: Platform) -> _Located | None:
    wanted = PythonVersion.parse(version)
    exact = version.removesuffix("t")
    if PythonVersion.parse(named.version) != wanted or not f"{named.version}.".startswith(f"{exact}."):
        return None
    triple = triple_of(platform)
    sha256 = named.sha256s.get(triple) or named.sha256s.get("")
    if not sha256 or not named.urls:
        return None
    urls = tuple(url.replace("{platform}", triple).replace("{python_version}", named.version) for url in named.urls)
    numbers = tuple(int(part) for part in named.version.removesuffix("t").split("."))
    archive = RuntimeArchive(numbers, "", triple, wanted.freethreaded, "", urls[0].rpartition("/")[2], sha256)
    return _Located(archive, urls, named.strip_prefix)


class MachineInterpreters:
    """Chooses among the interpreters of this machine, and among archives.

    Without a version in the configuration, the version that runs this command is taken if the workspace registered
    it (or registered none), and the highest registered one that the machine has otherwise.
    """

    def __init__(
        self,
        registered: tuple[PythonVersion, ...],
        default: PythonVersion | None,
        *,
        state: Path,
        trees: TreeStore,
        events: EventSink,
        archives: RuntimeArchives | None = None,
        debian: DebianInterpreters | None = None,
        exact: Iterable[str] = (),
    ) -> None:
        self._registered = registered
        self._default = default
        self._state = state
        self._trees = trees
        self._events = events
        self._archives = archives
        self._debian = debian
        self._exact: Mapping[PythonVersion, str] = {PythonVersion.parse(text): text for text in exact}
        self._imported: dict[str, ImportedInterpreter] = {}
        self._versions: dict[Configuration, str] = {}

    def full_version(self, configuration: Configuration) -> str:
        # Asked several times for each distribution.
        if configuration not in self._versions:
            self._versions[configuration] = self._full_version(configuration)
        return self._versions[configuration]

    def _full_version(self, configuration: Configuration) -> str:
        match self._chosen(configuration):
            case HostInterpreter() as host:
                return _full_version(host)
            case DebianInterpreter(full_version):
                return full_version
            case _Located(archive):
                return _shown(archive)
            case never:
                assert_never(never)

    def interpreter(self, configuration: Configuration) -> ImportedInterpreter:
        chosen = self._chosen(configuration)
        if isinstance(chosen, HostInterpreter):
            key = str(chosen.path)
            if key not in self._imported:
                self._imported[key] = ImportedInterpreter(_full_version(chosen), self._tree(chosen))
            return self._imported[key]
        key = chosen.identity
        if key not in self._imported:
            full_version = self.full_version(configuration)
            foreign = not self._is_here(target_platform(configuration))
            compiler = self._compiler(PythonVersion.parse(full_version)) if foreign else None
            tree, starts = self._unpacked(chosen, full_version, foreign=foreign, compiler=compiler)
            if not foreign and not starts:
                # It was made for a newer system than this machine has, such as that of an image.
                foreign, compiler = True, self._compiler(PythonVersion.parse(full_version))
                if compiler is not None:
                    tree, _ = self._unpacked(chosen, full_version, foreign=foreign, compiler=compiler)
            self._imported[key] = ImportedInterpreter(full_version, tree, foreign, compiler)
        return self._imported[key]

    def directories(self) -> tuple[str, ...]:
        """Where the programs of all interpreters are that this machine has."""
        return tuple(dict.fromkeys(str(one.path.parent) for one in self._found))

    @functools.cached_property
    def _found(self) -> tuple[HostInterpreter, ...]:
        self._state.mkdir(parents=True, exist_ok=True)
        return find_interpreters(self._state / "found.json")

    @functools.cached_property
    def _here(self) -> Platform:
        machine = this_machine()
        plain = Platform.parse(f"{machine.system}_{machine.processor}")
        return Platform(plain.os, plain.cpu, Libc(machine.libc), machine.libc_version)

    def _is_here(self, platform: Platform) -> bool:
        here = self._here
        return (platform.os, platform.cpu, platform.libc) == (here.os, here.cpu, here.libc)

    def _elsewhere(self, wanted: str, platform: Platform) -> DebianInterpreter | _Located | None:
        """What the workspace locks comes before what is known."""
        debian = self._debian.find(wanted, platform) if self._debian is not None else None
        if self._archives is None or (debian is not None and not self._archives.patches(debian.full_version, platform)):
            return debian
        return self._archives.find(wanted, platform)

    def _changed(self, full_version: str, platform: Platform) -> _Located | None:
        """The archive of a release that the workspace patches, which an installation of the machine can't stand for."""
        if self._archives is None or not self._archives.patches(full_version, platform):
            return None
        located = self._archives.find(full_version, platform)
        if located is None:
            raise NoRuntime(full_version, platform)
        return located

    def _chosen(self, configuration: Configuration) -> HostInterpreter | DebianInterpreter | _Located:
        version = configuration.get(PYTHON_VERSION)
        wanted = self._wanted(version)
        if not self._is_here(target_platform(configuration)):
            located = self._elsewhere(wanted, target_platform(configuration))
            if located is None:
                raise NoRuntime(wanted, target_platform(configuration))
            return located
        try:
            here = choose_interpreter(self._found, wanted, freethreaded=wanted.endswith("t"))
            changed = self._changed(_full_version(here), target_platform(configuration))
            return here if changed is None else changed
        except NoInterpreter:
            located = self._elsewhere(wanted, target_platform(configuration))
            if located is None:
                raise
            return located

    def _wanted(self, version: str) -> str:
        """The version that is built with, as exactly as the workspace says it."""
        if not version and self._default is not None:
            version = _spelled(self._default)
        if version:
            try:
                parsed = PythonVersion.parse(version)
            except ValueError:
                raise NoPythonVersion(version) from None
            return version if version.count(".") > 1 else self._exact.get(parsed, version)
        ours = PythonVersion(*sys.version_info[:2])
        if not self._registered or ours in self._registered:
            return self._exact.get(ours, str(ours))
        spelled = [self._exact.get(v, _spelled(v)) for v in sorted(self._registered, reverse=True)]
        for candidate in spelled:
            try:
                choose_interpreter(self._found, candidate, freethreaded=candidate.endswith("t"))
            except NoInterpreter:
                continue
            return candidate
        return spelled[0]

    def _compiler(self, version: PythonVersion) -> Digest | None:
        """An interpreter of this machine that writes the same bytecode; None when it has none."""
        try:
            host = choose_interpreter(self._found, str(version), freethreaded=False)
        except NoInterpreter:
            return None
        return self._tree(host)

    def _unpacked(
        self, chosen: DebianInterpreter | _Located, full_version: str, *, foreign: bool, compiler: Digest | None
    ) -> tuple[Digest, bool]:
        """Unpack an interpreter unless this very one was unpacked before; also whether it compiled its own modules."""
        version = PythonVersion.parse(full_version)
        identity = f"{_ARCHIVE_FORMAT} {chosen.identity} {compiler}"
        note = self._state / f"{hashlib.sha256(identity.encode()).hexdigest()}.json"
        kept = self._kept(note)
        if kept is not None:
            return kept
        from venvship.repos.interpreter import compile_modules, remove_interpreter, starts

        directory = Path(tempfile.mkdtemp(dir=self._trees.temporary))
        program = None if compiler is None else self._trees.path_of(compiler) / "bin" / f"python{version}"
        try:
            target = directory / "interpreter"
            self._unpack(chosen, target, version=version)
            own = target / "bin" / version.directory
            runs = not foreign and starts(own)
            program = own if runs else program
            if program is not None:
                compile_modules(program, target, f"lib/{version.directory}")
            tree = self._trees.adopt(target)
        finally:
            remove_interpreter(directory)
        self._state.mkdir(parents=True, exist_ok=True)
        write_atomically(note, json.dumps({"tree": str(tree), "runs": runs}).encode())
        return tree, runs

    def _unpack(self, chosen: DebianInterpreter | _Located, target: Path, *, version: PythonVersion) -> None:
        """Fetch an interpreter, and fill the new directory `target` with it."""
        match chosen:
            case DebianInterpreter():
                from venvship.repos.debian_interpreter import unpack_debian_interpreter

                assert self._debian is not None
                files = self._debian.fetch(chosen)
                self._emit_unpacking(chosen.full_version, chosen.architecture)
                unpack_debian_interpreter(files, target, version=version)
            case _Located(archive):
                from venvship.repos.archived_interpreter import unpack_interpreter

                assert self._archives is not None
                file = self._archives.fetch(chosen)
                self._emit_unpacking(archive.full_version, archive.triple)
                unpack_interpreter(
                    file,
                    target,
                    version=version,
                    shown=archive.filename,
                    strip_prefix=chosen.strip_prefix,
                    patches=chosen.patches,
                )
            case _:
                assert_never(chosen)

    def _emit_unpacking(self, version: str, machine: str) -> None:
        self._events.emit(PhaseProgress(0, None, f"Unpacking Python {version} for {machine}"))

    def _kept(self, note: Path) -> tuple[Digest, bool] | None:
        """A tree, and whether its interpreter was seen to run here."""
        try:
            kept = json.loads(note.read_bytes())
            tree = Digest.parse(kept["tree"])
            runs = kept.get("runs") is True
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            return None  # not imported yet, or a note that was cut off: import it again
        return (tree, runs) if self._trees.has(tree) else None

    def _tree(self, chosen: HostInterpreter) -> Digest:
        """Import an interpreter unless this very installation was imported before."""
        status = chosen.path.stat()
        identity = f"{_IMPORT_FORMAT} {chosen.path} {status.st_size} {status.st_mtime_ns} {chosen.facts.version}"
        note = self._state / f"{hashlib.sha256(identity.encode()).hexdigest()}.json"
        kept = self._kept(note)
        if kept is not None:
            return kept[0]
        from venvship.repos.interpreter import import_interpreter, remove_interpreter

        self._events.emit(PhaseProgress(0, None, f"Importing Python {chosen.facts.version} from {chosen.path}"))
        directory = Path(tempfile.mkdtemp(dir=self._trees.temporary))
        try:
            import_interpreter(chosen, directory / "interpreter")
            tree = self._trees.adopt(directory / "interpreter")
        finally:
            remove_interpreter(directory)
        write_atomically(note, json.dumps({"tree": str(tree)}).encode())
        return tree


def _spelled(version: PythonVersion) -> str:
    return f"{version}{'t' if version.freethreaded else ''}"


def _shown(archive: RuntimeArchive) -> str:
    return f"{archive.full_version}{'t' if archive.freethreaded else ''}"


def _full_version(host: HostInterpreter) -> str:
    return f"{host.facts.version}{'t' if host.facts.freethreaded else ''}"
