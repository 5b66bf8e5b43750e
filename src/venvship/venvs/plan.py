"""Decides every entry of a virtual environment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from venvship.errors import SeveralErrors, UserError
from venvship.model.paths import TreePath, basename, join, parent, relative_link
from venvship.model.platform import PythonVersion
from venvship.venvs.activation import activation_scripts
from venvship.venvs.collisions import (
    CollidingWheels,
    Collision,
    CollisionKind,
    CollisionPolicy,
    Owner,
    Precedence,
    SeveralVersions,
    VersionClash,
    Why,
    collisions_in_site,
    nobody_knows_why,
    owner_of,
)
from venvship.venvs.configuration_file import configuration_file
from venvship.venvs.merge import Clash, Merged, Overlay, merge
from venvship.venvs.metadata import metadata_files, normalised_name
from venvship.venvs.path_file import path_file, wheel_path_lines
from venvship.venvs.real_directories import directories_kept_real
from venvship.venvs.scripts import (
    ACTIVATION_SCRIPTS,
    Bringer,
    FirstPartyDistribution,
    ScriptClaim,
    Scripts,
    choose_scripts,
    interpreter_names,
)
from venvship.venvs.wheel_layout import InstalledScript, InstalledWheel, ScriptEntryPoint

CONFIGURATION_FILE: Final = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class VenvLink:
    """A symlink; `text` is relative to the link's own directory, and holds wherever venv and wheels move together."""

    path: TreePath
    text: str


@dataclass(frozen=True, slots=True)
class VenvFile:
    """A small file."""

    path: TreePath
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class VenvScript:
    """A program whose bytes somebody else makes: an entry point, or a file at `source` with a Python shebang.

    `source` is a runfiles path.
    """

    path: TreePath
    script: ScriptEntryPoint | InstalledScript
    source: TreePath | None = None


VenvEntry: TypeAlias = VenvLink | VenvFile | VenvScript


@dataclass(frozen=True, slots=True)
class VenvLocation:
    """Where a venv lies: the runfiles path of its directory."""

    directory: TreePath

    @property
    def name(self) -> str:
        """What a prompt and the venv's path file are called: `server` for `.server.venv`."""
        return basename(self.directory).removesuffix(".venv").lstrip("._") or "venv"


@dataclass(frozen=True, slots=True)
class VenvPlan:
    """Every entry of a venv by path, sorted, and what a user may want to know.

    `warnings` are collisions that the policy lets pass; `notes` say what of a wheel is not in the venv.
    """

    entries: tuple[VenvEntry, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def site_packages_of(python: PythonVersion) -> str:
    """The path of site-packages in a venv."""
    return f"lib/{python.directory}/site-packages"


def plan_venv(
    wheels: Sequence[InstalledWheel],
    *,
    location: VenvLocation,
    python: PythonVersion,
    interpreter: TreePath,
    first_party: Iterable[str] = (),
    members: Sequence[FirstPartyDistribution] = (),
    policy: CollisionPolicy = CollisionPolicy.ERROR,
    precedence: Precedence = Precedence.LAST_WINS,
    include_system_site_packages: bool = False,
    environment: Mapping[str, str] | None = None,
    why: Why = nobody_knows_why,
) -> VenvPlan:
    """Plan the venv of `wheels`, given in dependency order.

    `interpreter` is the runfiles path of the interpreter's prefix; `first_party` are import roots by runfiles path;
    `environment` is what activation exports. Raises CollidingWheels, SeveralVersions, or SeveralErrors with both.
    """
    strongest_first = list(wheels) if precedence is Precedence.FIRST_WINS else list(reversed(wheels))
    builds, versions = _one_build_each(strongest_first, why)
    venv = _Venv(location, python)

    site = venv.merge_site(builds)
    scripts = choose_scripts(builds, members, reserved=venv.reserved_programs)
    data = venv.merge_data(builds, scripts=scripts.chosen)
    lines = [wheel_path_lines(wheel, python=python, site_packages=venv.site_packages) for wheel in builds]
    warnings = _judged(
        policy,
        versions,
        [
            *collisions_in_site(site.clashes, why),
            *_metadata_collisions(builds, members, why),
            *_script_collisions(scripts, why),
            *_data_collisions(data.clashes, why),
        ],
    )

    entries = [
        VenvFile(TreePath("pyvenv.cfg"), configuration_file(python, location.name, include_system_site_packages)),
        *venv.interpreter_links(interpreter),
        *(
            VenvFile(TreePath(f"bin/{name}"), content, executable=True)
            for name, content in activation_scripts(location.name, environment or {}).items()
        ),
        *(venv.script(claim) for claim in scripts.chosen.values()),
        *(
            VenvFile(venv.in_site(path), content)
            for member in members
            for path, content in metadata_files(member).items()
        ),
        VenvFile(
            venv.in_site(f"{location.name}.pth"),
            path_file(
                venv.import_roots(first_party),
                site_packages=join(location.directory, venv.site_packages),
                more=[line for wheel_lines in lines for line in wheel_lines.directories],
            ),
        ),
        *(venv.link(venv.in_site(path), target) for path, target in site.links.items()),
        *(venv.link(TreePath(path), target) for path, target in data.links.items()),
    ]
    notes = [
        *(note for wheel_lines in lines for note in wheel_lines.notes),
        *(
            f"the script `{claim.script.name}` of {_owner(claim.bringer, why)} is left out: `bin` can't hold the name"
            for claim in scripts.refused
        ),
        *venv.data_notes(builds),
    ]
    return VenvPlan(
        tuple(sorted(entries, key=lambda entry: entry.path)),
        warnings=tuple(warnings),
        notes=tuple(notes),
    )


class _Venv:
    """The paths of one venv, and the link texts that follow from where it lies."""

    def __init__(self, location: VenvLocation, python: PythonVersion) -> None:
        self.directory = location.directory
        self.python = python
        self.site_packages = site_packages_of(python)
        self.reserved_programs = (*interpreter_names(python), *ACTIVATION_SCRIPTS)
        self._texts: dict[tuple[str, str], str] = {}

    def in_site(self, path: str) -> TreePath:
        return TreePath(f"{self.site_packages}/{path}")

    def merge_site(self, builds: Sequence[InstalledWheel]) -> Merged:
        return merge(
            [Overlay.of_site(wheel) for wheel in builds],
            real=directories_kept_real(builds, site_packages=self.site_packages),
            reserved={name for wheel in builds for name in wheel.path_file_names},
        )

    def merge_data(self, builds: Sequence[InstalledWheel], *, scripts: Iterable[str]) -> Merged:
        programs = [f"bin/{name}" for name in (*self.reserved_programs, *scripts)]
        return merge(
            [Overlay.of_data(wheel) for wheel in builds if wheel.data],
            real=self._own_directories,
            reserved={CONFIGURATION_FILE, self.site_packages, *programs},
        )

    @property
    def _own_directories(self) -> set[str]:
        return {"bin", "lib", parent(self.site_packages)}

    def data_notes(self, builds: Sequence[InstalledWheel]) -> Iterable[str]:
        places = [CONFIGURATION_FILE, self.site_packages, *(f"bin/{name}" for name in self.reserved_programs)]
        for wheel in builds:
            if not wheel.data:
                continue
            for place in places:
                if wheel.data.has_file(place) or wheel.data.has_directory(place):
                    yield f"the data file `{place}` of {wheel} is left out: the venv has its own"
            for place in sorted(self._own_directories):
                if wheel.data.has_file(place):
                    yield f"the data file `{place}` of {wheel} is left out: it is a directory of the venv"

    def interpreter_links(self, prefix: TreePath) -> Iterable[VenvLink]:
        first, *others = interpreter_names(self.python)
        yield self.link(TreePath(f"bin/{first}"), f"{prefix}/bin/{self.python.directory}")
        for name in others:
            yield VenvLink(TreePath(f"bin/{name}"), first)

    def script(self, claim: ScriptClaim) -> VenvEntry:
        path = TreePath(f"bin/{claim.script.name}")
        match claim.script, claim.bringer:
            case InstalledScript(path=source, has_python_shebang=has_shebang) as script, InstalledWheel(prefix=prefix):
                target = TreePath(f"{prefix}/{source}")
                return VenvScript(path, script, target) if has_shebang else self.link(path, target)
            case script, _:
                return VenvScript(path, script)

    def import_roots(self, first_party: Iterable[str]) -> list[str]:
        """The root of the runfiles tree first, so that every repository can be imported from by its name."""
        return list(first_party) if self.directory.startswith("/") else ["", *first_party]

    def link(self, path: TreePath, target: str) -> VenvLink:
        """A target that starts with `/` is a place of the machine, and linked as it is."""
        if target.startswith("/"):
            return VenvLink(path, target)
        return VenvLink(path, relative_link(f"{self.directory}/{path}", target))


def _one_build_each(
    strongest_first: Iterable[InstalledWheel], why: Why
) -> tuple[list[InstalledWheel], list[VersionClash]]:
    """Keep the first of each distribution; an edge to the same wheel may be repeated."""
    builds: defaultdict[str, dict[tuple[str, str], InstalledWheel]] = defaultdict(dict)
    for wheel in strongest_first:
        builds[wheel.project].setdefault((wheel.version, wheel.site_packages), wheel)
    clashes = [
        VersionClash(project, tuple(owner_of(wheel, why) for wheel in several.values()))
        for project, several in sorted(builds.items())
        if len(several) > 1
    ]
    return [next(iter(several.values())) for several in builds.values()], clashes


def _owner(bringer: Bringer, why: Why) -> Owner:
    if isinstance(bringer, InstalledWheel):
        return owner_of(bringer, why)
    return Owner(f"{bringer.name} {bringer.version}", "first-party")


def _metadata_collisions(
    builds: Sequence[InstalledWheel], members: Sequence[FirstPartyDistribution], why: Why
) -> Iterable[Collision]:
    by_project = {wheel.project: wheel for wheel in builds}
    for member in members:
        wheel = by_project.get(normalised_name(member.name))
        if wheel is not None:
            yield Collision(CollisionKind.METADATA, wheel.project, (_owner(member, why), owner_of(wheel, why)))


def _script_collisions(scripts: Scripts, why: Why) -> Iterable[Collision]:
    for name, claims in scripts.clashes:
        yield Collision(CollisionKind.SCRIPT, name, tuple(_owner(claim.bringer, why) for claim in claims))


def _data_collisions(clashes: Iterable[Clash], why: Why) -> Iterable[Collision]:
    for clash in clashes:
        yield Collision(CollisionKind.DATA_FILE, clash.path, tuple(owner_of(wheel, why) for wheel in clash.wheels))


def _judged(
    policy: CollisionPolicy, versions: Sequence[VersionClash], collisions: Iterable[Collision]
) -> tuple[str, ...]:
    """What to warn of; raises what the policy doesn't let pass."""
    ordered = sorted(collisions, key=lambda collision: (collision.kind.value, collision.name))
    match policy:
        case CollisionPolicy.IGNORE:
            return ()
        case CollisionPolicy.WARNING:
            return (
                *(f"several versions of a distribution, of which the first is kept: {clash}" for clash in versions),
                *(f"several distributions install one name, and the first keeps it: {each}" for each in ordered),
            )
        case CollisionPolicy.ERROR:
            errors: list[UserError] = []
            if versions:
                errors.append(SeveralVersions(versions))
            if ordered:
                errors.append(CollidingWheels(ordered))
            if len(errors) > 1:
                raise SeveralErrors(errors)
            if errors:
                raise errors[0]
            return ()
        case _:
            assert_never(policy)
