"""The programs of `bin`: who brings which, and who is left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from venvship.dataclass import dataclass
from venvship.model.platform import PythonVersion
from venvship.venvs.wheel_layout import InstalledScript, InstalledWheel, ScriptEntryPoint

ACTIVATION_SCRIPTS: Final = ("activate", "activate.csh", "activate.fish", "Activate.ps1")


def interpreter_names(python: PythonVersion) -> tuple[str, ...]:
    """The names of the interpreter in `bin`; the first is the link that leads out of the venv."""
    names = ["python", "python3", f"python{python}"]
    if python.freethreaded:
        names.append(f"python{python}t")
    return tuple(names)


@dataclass(frozen=True, slots=True)
class FirstPartyDistribution:
    """A member of the workspace that shall be found by its metadata, with entry points by group."""

    name: str
    version: str
    entry_points: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()

    def scripts(self) -> Iterable[ScriptEntryPoint]:
        """The programs among the entry points; one that names a bare module is none."""
        for group, points in self.entry_points:
            if group in ("console_scripts", "gui_scripts"):
                for name, reference in points:
                    module, _, attribute = reference.partition("[")[0].strip().partition(":")
                    if attribute.strip():
                        yield ScriptEntryPoint(name, module.strip(), attribute.strip())


Bringer: TypeAlias = InstalledWheel | FirstPartyDistribution
Script: TypeAlias = ScriptEntryPoint | InstalledScript


@dataclass(frozen=True, slots=True)
class ScriptClaim:
    """A script and the distribution that brings it."""

    script: Script
    bringer: Bringer


@dataclass(slots=True)
class Scripts:
    """The scripts of a venv by name, names that several distributions compete for, and those refused."""

    chosen: dict[str, ScriptClaim]
    clashes: list[tuple[str, tuple[ScriptClaim, ...]]]
    refused: list[ScriptClaim]


def choose_scripts(
    wheels: Sequence[InstalledWheel], members: Sequence[FirstPartyDistribution], *, reserved: Iterable[str]
) -> Scripts:
    """Give each name to its strongest claimant: members first, then wheels in the order given."""
    claims: defaultdict[str, list[ScriptClaim]] = defaultdict(list)
    for member in members:
        for script in member.scripts():
            claims[script.name].append(ScriptClaim(script, member))
    for wheel in wheels:
        for entry_point in wheel.entry_points:
            claims[entry_point.name].append(ScriptClaim(entry_point, wheel))
        for installed in wheel.scripts:
            # The same name twice in one wheel: the entry point is what installers keep.
            if not any(claim.bringer is wheel for claim in claims.get(installed.name, ())):
                claims[installed.name].append(ScriptClaim(installed, wheel))
    taken = {name.casefold() for name in reserved}
    scripts = Scripts({}, [], [])
    for name, claimants in claims.items():
        if name.casefold() in taken or "/" in name or "\0" in name or name in ("", ".", ".."):
            scripts.refused += claimants
            continue
        scripts.chosen[name] = claimants[0]
        if any(isinstance(c.script, InstalledScript) or c.script != claimants[0].script for c in claimants[1:]):
            scripts.clashes.append((name, tuple(claimants)))
    return scripts
