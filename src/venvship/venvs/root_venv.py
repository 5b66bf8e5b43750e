"""Plans the virtualenv at the root of a workspace, which editors find by themselves.

It is like any other planned venv, but belongs to one machine: it lies outside of every runfiles tree, so its links
and import roots are absolute, and first-party code is reached where it is edited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from venvship.dataclass import dataclass
from venvship.model.paths import TreePath
from venvship.model.platform import PythonVersion
from venvship.venvs.collisions import CollisionPolicy, Why, nobody_knows_why
from venvship.venvs.layout import CONFIGURATION_FILE
from venvship.venvs.plan import VenvFile, VenvLocation, VenvPlan, plan_venv
from venvship.venvs.scripts import FirstPartyDistribution
from venvship.venvs.wheel_layout import InstalledWheel


@dataclass(frozen=True, slots=True)
class RootVenv:
    """What the venv is made of.

    `interpreter` is a program of the machine, `title` what prompts show. `place` gives the absolute path of an
    installed wheel's prefix by runfiles path.
    """

    directory: TreePath
    title: str
    python: PythonVersion
    full_version: str
    interpreter: TreePath
    wheels: Sequence[InstalledWheel]
    place: Callable[[TreePath], str]
    import_roots: Iterable[str]
    members: Sequence[FirstPartyDistribution] = ()
    why: Why = nobody_knows_why


def plan_root_venv(venv: RootVenv) -> VenvPlan:
    """The plan; colliding names are warnings, since the programs of a workspace need not fit into one venv."""
    layouts = [_placed(wheel, venv.place(wheel.prefix)) for wheel in venv.wheels]
    originals = dict(zip(map(id, layouts), venv.wheels, strict=True))
    plan = plan_venv(
        layouts,
        location=VenvLocation(venv.directory, venv.title),
        python=venv.python,
        interpreter=venv.interpreter,
        first_party=venv.import_roots,
        members=venv.members,
        policy=CollisionPolicy.WARNING,
        why=lambda wheel: venv.why(originals[id(wheel)]),
    )
    entries = tuple(
        replace(entry, content=_configuration(venv, entry.content))
        if isinstance(entry, VenvFile) and entry.path == CONFIGURATION_FILE
        else entry
        for entry in plan.entries
    )
    return replace(plan, entries=entries)


def _placed(wheel: InstalledWheel, prefix: str) -> InstalledWheel:
    inside = wheel.site_packages.removeprefix(wheel.prefix)
    return replace(wheel, prefix=TreePath(prefix), site_packages=TreePath(prefix + inside))


def _configuration(venv: RootVenv, content: bytes) -> bytes:
    """With the whole version, for editors: this venv never moves."""
    return content.replace(b"relocatable = true", f"version = {venv.full_version}".encode())
