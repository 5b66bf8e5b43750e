"""What Python targets tell each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from venvship.model.action import ForestFile, ForestLink
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.paths import TreePath
from venvship.model.platform import PythonVersion
from venvship.model.runfiles import Runfiles
from venvship.venvs.coverage import WheelKey
from venvship.venvs.wheel_layout import InstalledWheel


@dataclass(frozen=True, slots=True, eq=False)
class PyInfo:
    """First-party code: sources in postorder, and the runfiles paths of import roots."""

    transitive_sources: Depset[Artifact] = field(default_factory=Depset)
    imports: Depset[str] = field(default_factory=Depset)


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """A layer that some target can make: the compressed tar, and a JSON description of it."""

    name: str
    blob: Artifact
    descriptor: Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelRecord(WheelKey):
    """One installed wheel. Two records are the same when distribution, version and configuration are.

    `label` is the distribution in its hub, `install` the directory artifact of the unpacked wheel, `archive` the
    wheel file, and `layer` its image layer.
    """

    label: Label = field(compare=False)
    install: Artifact = field(compare=False)
    archive: Artifact = field(compare=False)
    layout: InstalledWheel = field(compare=False)
    unpacked_size: int = field(compare=False)
    layer: LayerRecord = field(compare=False)


class WheelOrigin(NamedTuple):
    """A first-party target that names a distribution in its deps, and all wheels that this brings."""

    target: Label
    distribution: Label
    wheels: Depset[WheelRecord]


@dataclass(frozen=True, slots=True, eq=False)
class PyWheelsInfo:
    """The installed wheels that a target needs, dependencies first, and who asked for them."""

    wheels: Depset[WheelRecord] = field(default_factory=Depset)
    origins: Depset[WheelOrigin] = field(default_factory=Depset)


@dataclass(frozen=True, slots=True, eq=False)
class PyRuntimeInfo:
    """An interpreter: `directory` is the artifact of its prefix, `bin/python3.X` lies inside."""

    directory: Artifact
    version: PythonVersion
    full_version: str
    layer: LayerRecord

    @property
    def prefix(self) -> TreePath:
        return self.directory.runfiles_path


@dataclass(frozen=True, slots=True, eq=False)
class VirtualenvInfo:
    """A planned virtualenv. `directory` is its runfiles path; `forest` are its links and small files.

    `entries` are the artifacts of the forest.
    """

    label: Label
    directory: TreePath
    python: TreePath
    forest: tuple[ForestLink | ForestFile, ...]
    entries: Depset[Artifact]
    wheels: Depset[WheelRecord]
    imports: Depset[str]
    runtime: PyRuntimeInfo
    environment: tuple[tuple[str, str], ...]
    environment_inherited: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PyExecutableInfo:
    """A program, with everything that it needs at run time kept apart, so that images can split it unflattened.

    `launcher` starts `main` in the venv. `venv_runfiles` holds links and small files only.
    """

    launcher: Artifact
    main: Artifact | None
    venv: VirtualenvInfo
    interpreter_runfiles: Runfiles
    third_party_runfiles: Runfiles
    venv_runfiles: Runfiles
    first_party_runfiles: Runfiles
    wheels: Depset[WheelRecord]
