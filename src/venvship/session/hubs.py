"""The hubs of a workspace, wired from what MODULE.bazel asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.errors import Place, SeveralErrors, UserError
from venvship.events.build_events import EventSink, Message, Severity
from venvship.execution.trees import TreeStore
from venvship.host.arrivals import results
from venvship.host.processes import Children
from venvship.host.sandbox import Isolation
from venvship.loading.repositories import TargetSpec
from venvship.loading.workspace import path_of
from venvship.model.label import Label
from venvship.model.paths import join
from venvship.model.platform import Platform
from venvship.repos.download import Downloads, FileNotOnIndex, WantedFile
from venvship.repos.lock_indexes import LockIndexes
from venvship.repos.package_index import Indexes, IndexUnreachable
from venvship.repos.remote_file import NoRanges
from venvship.repos.sdist_reader import metadata_of_sdist
from venvship.repos.wheel_store import WheelStore, metadata_of
from venvship.rules.python.members import Members
from venvship.rules.python.runtime import Interpreters
from venvship.session.annotations import BuildAnnotations, read_annotations
from venvship.session.extensions import Extensions, LockProject, PackageOverride
from venvship.session.hub_locks import HubLocks
from venvship.session.hub_workspace import HubWorkspace
from venvship.session.locked_project import LockedFile, LockedProject
from venvship.session.source_builds import SourceBuilds
from venvship.session.wheel_hub import LockHub
from venvship.wheels.archive import MalformedWheel, WheelArchive
from venvship.wheels.flat import RequiresDist, parse_metadata
from venvship.wheels.lock import LockedSdist

_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class HubSurroundings:
    """What hubs need of the session; `user_root` holds what all workspaces of a user share."""

    root: Path
    user_root: Path
    indexes: Indexes
    said_of: Callable[[LockProject], LockIndexes]
    offline: bool
    events: EventSink
    interpreters: Interpreters
    trees: TreeStore
    children: Children
    isolation: Callable[[], Isolation]
    host: Platform
    has_target: Callable[[Label], bool]
    members: Members
    read_file: Callable[[str], bytes | None]


def make_hubs(extensions: Extensions, around: HubSurroundings) -> Mapping[str, LockHub]:
    """All hubs by name; nothing is read before one is asked."""
    store = WheelStore(around.user_root)
    downloads = Downloads(
        store, indexes=around.indexes, events=around.events, offline=around.offline, children=around.children
    )

    def annotations(project: LockedProject) -> BuildAnnotations:
        found: dict[tuple[str, str | None], tuple[str, ...]] = {}
        for one in extensions.annotations:
            if one.lock == project.project.lock:
                shown = join(one.source.package.path, one.source.name)
                found.update(read_annotations(path_of(one.source, around.root), shown=shown).by_release)
        return BuildAnnotations(found)

    builds = SourceBuilds(
        root=around.user_root,
        workspace=around.root,
        store=store,
        downloads=downloads,
        interpreters=around.interpreters,
        trees=around.trees,
        children=around.children,
        isolation=around.isolation,
        host=around.host,
        events=around.events,
        annotations=annotations,
    )

    warned: set[str] = set()

    def warn(text: str) -> None:
        # Hubs for several versions of Python may have one lock.
        if text not in warned:
            warned.add(text)
            around.events.emit(Message(Severity.WARNING, text, repeated=False))

    locks = {project.lock for projects in extensions.hubs.values() for project in projects}
    tags = Counter(override.place for override in extensions.overrides)

    def only_for(lock: Label) -> Iterable[PackageOverride]:
        """The overrides that are for this lock alone: by its name, or because there is no other."""
        wanted = (lock, None) if len(locks) == 1 else (lock,)
        return (one for one in extensions.overrides if one.lock in wanted and tags[one.place] == 1)

    def locked(project: LockProject) -> LockedProject:
        path = path_of(project.lock, around.root)
        return LockedProject(
            project,
            path,
            shown=join(project.lock.package.path, project.lock.name),
            cache=around.user_root / "locks",
            interpreters=around.interpreters,
            indexes=around.indexes,
            said=lambda: around.said_of(project),
            read_metadata=lambda files: _metadata(files, path, store, downloads, around.user_root / "builds"),
            read_file=around.read_file,
            warn=warn,
            overrides=only_for(project.lock),
        )

    def hub(name: str, projects: Iterable[LockProject]) -> LockHub:
        locks = HubLocks(name, [locked(project) for project in projects], around.interpreters)
        workspace = HubWorkspace(
            around.root,
            locks,
            members=around.members,
            overrides=extensions.overrides,
            has_target=around.has_target,
        )
        return LockHub(
            locks,
            workspace,
            interpreters=around.interpreters,
            store=store,
            downloads=downloads,
            builds=builds,
        )

    return {name: hub(name, projects) for name, projects in extensions.hubs.items()}


def _metadata(
    files: Iterable[LockedFile], lock: Path, store: WheelStore, downloads: Downloads, scratch: Path
) -> Mapping[str, tuple[RequiresDist, ...]]:
    """What the files of a flat lock need, from themselves; only parts of wheels are fetched where possible."""
    hashed = [(package, file) for package, file in files if file.sha256 is not None]

    def brief(one: LockedFile) -> bytes | None:
        package, file = one
        if isinstance(file, LockedSdist):
            return store.kept_description(file.sha256 or "")
        return store.kept_metadata(file.sha256 or "", file.filename.text) or _remote_metadata(
            WantedFile.of(package, file, lock=lock), store, downloads
        )

    with ThreadPoolExecutor(_PARALLEL, "metadata") as pool:
        found = dict(zip((package.name for package, _ in hashed), results(pool, brief, hashed), strict=True))
    missing = [(package, file) for package, file in hashed if found[package.name] is None]
    wanted = {package.name: WantedFile.of(package, file, lock=lock) for package, file in missing}
    paths = downloads.fetch(wanted.values())
    for package, file in missing:
        if isinstance(file, LockedSdist):
            content = metadata_of_sdist(paths[wanted[package.name]], file.filename, scratch=scratch)
            store.keep_metadata(file.sha256 or "", content)
        else:
            content = store.metadata(file.sha256 or "", file.filename.text)
        found[package.name] = content
    read: dict[str, tuple[RequiresDist, ...]] = {}
    problems: list[UnreadableMetadata] = []
    for package, file in hashed:
        try:
            read[package.name] = parse_metadata(found[package.name] or b"")
        except ValueError as error:
            problems.append(UnreadableMetadata(str(file.filename), str(error), lock))
    if problems:
        raise problems[0] if len(problems) == 1 else SeveralErrors(problems)
    return read


class UnreadableMetadata(UserError):
    """A file of a flat lock says of what it needs something that can't be understood."""

    def __init__(self, filename: str, reason: str, lock: Path) -> None:
        super().__init__(
            f"`{filename}` does not tell what it needs: {reason}",
            place=Place(str(lock)),
            hint="lock another release of it; a `uv.lock` tells what is needed by itself",
        )


def _remote_metadata(file: WantedFile, store: WheelStore, downloads: Downloads) -> bytes | None:
    """METADATA of a wheel on a server; None where only the whole file can tell."""
    try:
        content = metadata_of(WheelArchive(downloads.remote(file), name=file.filename))
    except (NoRanges, MalformedWheel, FileNotOnIndex, IndexUnreachable):
        return None
    store.keep_metadata(file.sha256 or "", content)
    return content


@dataclass(frozen=True, slots=True)
class OneDistribution:
    """A repository for a single distribution of a hub: `@pypi_numpy//:pkg`, as older files call it."""

    hub: str
    package_name: str

    def package(self, path: str) -> Sequence[TargetSpec] | None:
        if path:
            return None
        inside = f"@@{self.hub}//{self.package_name}"
        names = {"pkg": self.package_name, **{name: name for name in ("whl", "data", "dist_info", self.package_name)}}
        return [TargetSpec("alias", name, {"actual": f"{inside}:{target}"}) for name, target in names.items()]

    def package_paths(self) -> Iterable[str]:
        return ("",)

    def source(self, path: str) -> bytes | None:
        return None

    def source_paths(self) -> Iterable[str]:
        return ()


def single_distributions(extensions: Extensions) -> Mapping[str, OneDistribution]:
    """Repositories that `use_repo` imports and that are named after a hub and a distribution of it."""
    found = {}
    for name in extensions.repositories - extensions.hubs.keys():
        hubs = [hub for hub in extensions.hubs if name.startswith(f"{hub}_")]
        if hubs:
            hub = max(hubs, key=len)
            found[name] = OneDistribution(hub, name[len(hub) + 1 :])
    return found
