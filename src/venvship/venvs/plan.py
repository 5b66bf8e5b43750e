"""Decides every entry of a virtual environment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, assert_never

from venvship.dataclass import dataclass
from venvship.errors import SeveralErrors, UserError
from venvship.model.paths import TreePath, basename, join, parent
from venvship.model.platform import PythonVersion
from venvship.venvs.activation import activation_scripts
from venvship.venvs.collisions import (
    CollidingWheels,
    Collision,
    CollisionPolicy,
    Precedence,
    SeveralVersions,
    VersionClash,
    Why,
    bringer_of,
    collisions_in_data,
    collisions_in_metadata,
    collisions_in_scripts,
    collisions_in_site,
    nobody_knows_why,
    owner_of,
)
from venvship.venvs.configuration_file import configuration_file
from venvship.venvs.layout import CONFIGURATION_FILE, VenvLayout
from venvship.venvs.machine_venv import installation_files
from venvship.venvs.metadata import metadata_files
from venvship.venvs.path_file import path_file, wheel_path_lines
from venvship.venvs.scripts import FirstPartyDistribution, ScriptClaim, choose_scripts, interpreter_names
from venvship.venvs.wheel_layout import InstalledScript, InstalledWheel, ScriptEntryPoint


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
    """Where a venv lies: the runfiles path of its directory. `title` is its name, when that does not follow."""

    directory: TreePath
    title: str = ""

    @property
    def name(self) -> str:
        """What a prompt and the venv's path file are called: `server` for `.server.venv`."""
        return self.title or basename(self.directory).removesuffix(".venv").lstrip("._") or "venv"


@dataclass(frozen=True, slots=True)
class VenvPlan:
    """Every entry of a venv by path, sorted, and what a user may want to know.

    `warnings` are collisions that the policy lets pass; `notes` say what of a wheel is not in the venv.
    """

    entries: tuple[VenvEntry, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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

    `interpreter` is the runfiles path of the interpreter itself, or its place on every machine that the venv is for;
    `first_party` are import roots by runfiles path, of which those of wheels that are linked are left out;
    `environment` is what activation exports. Raises CollidingWheels, SeveralVersions, or SeveralErrors with both.
    """
    strongest_first = list(wheels) if precedence is Precedence.FIRST_WINS else list(reversed(wheels))
    builds, versions = _one_build_each(strongest_first, why)
    venv = VenvLayout(location.directory, name=location.name, python=python)

    linked = {wheel.site_packages for wheel in wheels if wheel.top_levels}
    roots = [root for root in first_party if root not in linked]
    described = {member: metadata_files(member) for member in members}
    metadata = {path: content for files in described.values() for path, content in files.items()}
    site = venv.merge_site(builds, members=members, taken={path.partition("/")[0] for path in metadata})
    scripts = choose_scripts(builds, members, reserved=venv.reserved_programs)
    data = venv.merge_data(builds, scripts=scripts.chosen)
    if venv.is_of_a_machine:
        metadata |= installation_files(
            builds,
            described,
            site=site.links,
            data=data.links,
            scripts=scripts.chosen.values(),
            site_packages=venv.site_packages,
        )
    lines = [wheel_path_lines(wheel, python=python, site_packages=venv.site_packages) for wheel in builds]
    warnings = _judged(
        policy,
        versions,
        [
            *collisions_in_site(site.clashes, why),
            *collisions_in_metadata(builds, members, why),
            *collisions_in_scripts(scripts, why),
            *collisions_in_data(data.clashes, why),
        ],
    )

    entries = [
        VenvFile(
            TreePath(CONFIGURATION_FILE),
            configuration_file(
                python,
                location.name,
                include_system_site_packages,
                home=parent(interpreter) if interpreter.startswith("/") else "",
            ),
        ),
        *_interpreter_links(venv, python, interpreter),
        *(
            VenvFile(TreePath(f"bin/{name}"), content, executable=True)
            for name, content in activation_scripts(location.name, environment or {}).items()
        ),
        *(_script(venv, claim) for claim in scripts.chosen.values()),
        *(VenvFile(venv.in_site(path), content) for path, content in metadata.items()),
        VenvFile(
            venv.in_site(venv.path_file_name),
            path_file(
                venv.import_roots(roots),
                site_packages=join(location.directory, venv.site_packages),
                more=[line for wheel_lines in lines for line in wheel_lines.directories],
            ),
        ),
        *(_link(venv, venv.in_site(path), target) for path, target in site.links.items()),
        *(_link(venv, TreePath(path), target) for path, target in data.links.items()),
    ]
    notes = [
        *(note for wheel_lines in lines for note in wheel_lines.notes),
        *(
            f"the script `{claim.script.name}` of {bringer_of(claim.bringer, why)} is left out: it can't have that name"
            for claim in scripts.refused
        ),
        *venv.data_notes(builds, scripts=scripts.chosen),
    ]
    return VenvPlan(
        tuple(sorted(entries, key=lambda entry: entry.path)),
        warnings=tuple(warnings),
        notes=tuple(notes),
    )


def _link(venv: VenvLayout, path: TreePath, target: str) -> VenvLink:
    return VenvLink(path, venv.link_text(path, target))


def _interpreter_links(venv: VenvLayout, python: PythonVersion, interpreter: TreePath) -> Iterable[VenvLink]:
    first, *others = interpreter_names(python)
    yield _link(venv, TreePath(f"bin/{first}"), interpreter)
    for name in others:
        yield VenvLink(TreePath(f"bin/{name}"), first)


def _script(venv: VenvLayout, claim: ScriptClaim) -> VenvEntry:
    path = TreePath(f"bin/{claim.script.name}")
    match claim.script, claim.bringer:
        case InstalledScript(path=source, has_python_shebang=has_shebang) as script, InstalledWheel(prefix=prefix):
            target = TreePath(f"{prefix}/{source}")
            return VenvScript(path, script, target) if has_shebang else _link(venv, path, target)
        case script, _:
            return VenvScript(path, script)


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
