"""What Python targets tell each other, and whoever packages them.

The fields of two rule sets are in one provider each, so that rules written for either find theirs. Nothing in here is
listed at analysis: what travels to different places lies in different depsets from the start, and whoever ships a
program picks fields instead of looking at paths.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, fields
from typing import Final, NamedTuple, Self

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.dataclass import dataclass
from venvship.model.action import ForestFile, ForestLink
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.label import Label
from venvship.model.paths import TreePath
from venvship.model.platform import PythonVersion
from venvship.model.runfiles import Runfiles
from venvship.venvs.coverage import WheelKey
from venvship.venvs.scripts import FirstPartyDistribution
from venvship.venvs.wheel_layout import InstalledWheel


class VenvSymlinkKind(enum.StrEnum):
    """Which directory of a venv an entry is relative to."""

    LIB = "LIB"  # site-packages
    BIN = "BIN"
    INCLUDE = "INCLUDE"
    DATA = "DATA"  # the venv itself


@dataclass(frozen=True, slots=True, eq=False)
class VenvSymlinkEntry:
    """A name that a distribution brings into the venvs of those that need it.

    `kind` is a value of `VenvSymlinkKind`. `link_to_path` is a runfiles path, and `files` holds what lies below it.
    """

    kind: str = ""
    venv_path: str = ""
    link_to_path: str | None = None
    package: str | None = None
    version: str | None = None
    files: Depset[Artifact] = field(default_factory=Depset)
    link_to_file: Artifact | None = None


class VirtualResolution(NamedTuple):
    """A distribution that is named abstractly, and the target that stands for it."""

    virtual: str
    target: ConfiguredTarget


@dataclass(frozen=True, slots=True, eq=False)
class PyInfo:
    """First-party code: sources in postorder, and the runfiles paths of import roots, among them those of wheels.

    `wheel_trees` are the directories of these wheels. Programs take wheels from PyWheelsInfo; rules of others, which
    know import roots and files only, find the directories in what they see as `transitive_sources`.

    `virtual_dependencies` are distributions that are needed by name only, until a program says what they are;
    `virtual_resolutions` are what targets below say. `distributions` are members of the workspace with metadata.
    `made_symlinks` are those of `venv_symlinks` that rules of a workspace name, and maybe others.
    """

    transitive_sources: Depset[Artifact] = field(default_factory=Depset)
    imports: Depset[str] = field(default_factory=Depset)
    virtual_dependencies: Depset[str] = field(default_factory=Depset)
    virtual_resolutions: Depset[VirtualResolution] = field(default_factory=Depset)
    distributions: Depset[FirstPartyDistribution] = field(default_factory=Depset)
    venv_symlinks: Depset[VenvSymlinkEntry] = field(default_factory=Depset)
    direct_original_sources: Depset[Artifact] = field(default_factory=Depset)
    transitive_original_sources: Depset[Artifact] = field(default_factory=Depset)
    direct_pyi_files: Depset[Artifact] = field(default_factory=Depset)
    transitive_pyi_files: Depset[Artifact] = field(default_factory=Depset)
    direct_pyc_files: Depset[Artifact] = field(default_factory=Depset)
    transitive_pyc_files: Depset[Artifact] = field(default_factory=Depset)
    transitive_implicit_pyc_files: Depset[Artifact] = field(default_factory=Depset)
    transitive_implicit_pyc_source_files: Depset[Artifact] = field(default_factory=Depset)
    wheel_trees: Depset[Artifact] = field(default_factory=Depset)
    made_symlinks: Depset[VenvSymlinkEntry] = field(default_factory=Depset)
    uses_shared_libraries: bool = False
    has_py2_only_sources: bool = False
    has_py3_only_sources: bool = False

    @property
    def every_source(self) -> Depset[Artifact]:
        """First-party sources, and the directories of wheels."""
        return union([self.transitive_sources, self.wheel_trees])


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """A layer that some target can make: the compressed tar, and a JSON description of it."""

    name: str
    blob: Artifact
    descriptor: Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelRecord(WheelKey):
    """One installed wheel. Two records are the same when distribution, version and configuration are.

    `label` is the distribution in its hub, `unpacked` the directory artifact of the unpacked wheel, `install` the same
    with bytecode, which is what runs and is shipped, `archive` the wheel file, and `layer` its image layer.
    """

    label: Label = field(compare=False)
    unpacked: Artifact = field(compare=False)
    install: Artifact = field(compare=False)
    archive: Artifact = field(compare=False)
    layout: InstalledWheel = field(compare=False)
    unpacked_size: int = field(compare=False)
    layer: LayerRecord = field(compare=False)

    @property
    def import_root(self) -> str:
        return self.layout.site_packages


class WheelOrigin(NamedTuple):
    """A first-party target that names a distribution in its deps, and all wheels that this brings."""

    target: Label
    distribution: Label
    wheels: Depset[WheelRecord]


@dataclass(frozen=True, slots=True, eq=False)
class PyWheelsInfo:
    """The installed wheels that a target needs, dependencies first, and who asked for them.

    `installs` are their directories as programs have them, `unpacked` the same without bytecode.
    """

    wheels: Depset[WheelRecord] = field(default_factory=Depset)
    origins: Depset[WheelOrigin] = field(default_factory=Depset)
    installs: Depset[Artifact] = field(default_factory=Depset)
    unpacked: Depset[Artifact] = field(default_factory=Depset)

    @classmethod
    def merged(cls, parts: Sequence[PyWheelsInfo], *, asked: Iterable[WheelOrigin] = ()) -> Self:
        """Join `parts`; `asked` are further origins."""
        return cls(
            union(info.wheels for info in parts),
            union((info.origins for info in parts), direct=asked),
            union(info.installs for info in parts),
            union(info.unpacked for info in parts),
        )


@dataclass(frozen=True, slots=True, eq=False)
class WheelsOfAspects:
    """The wheels that aspects met at a target and below, for rules that make something for Python of what they say."""

    wheels: PyWheelsInfo

    def joined(self, other: WheelsOfAspects) -> WheelsOfAspects:
        """What several aspects met."""
        return WheelsOfAspects(PyWheelsInfo.merged([self.wheels, other.wheels]))


@dataclass(frozen=True, slots=True)
class InterpreterVersion:
    """As `sys.version_info` has it."""

    major: int
    minor: int
    micro: int
    releaselevel: str = "final"
    serial: int = 0

    @classmethod
    def parse(cls, given: Mapping[str, object]) -> Self:
        """Read what rules say by name, numbers or their digits; raises ValueError with the mistake."""
        unknown = sorted(set(given) - {one.name for one in fields(cls)})
        if unknown:
            raise ValueError(f"has `{unknown[0]}`; it takes {', '.join(_VERSION_PARTS)}, releaselevel")
        if "major" not in given or "minor" not in given:
            raise ValueError("lacks `major` or `minor`")
        for name in _VERSION_PARTS:
            if not str(given.get(name, "0")).isdecimal():
                raise ValueError(f"has `{given[name]}` for `{name}`, which is no number")
        major, minor, micro, serial = (int(str(given.get(name, "0"))) for name in _VERSION_PARTS)
        return cls(major, minor, micro, str(given.get("releaselevel", "final")), serial)


_VERSION_PARTS: Final = ("major", "minor", "micro", "serial")


@dataclass(frozen=True, slots=True, eq=False)
class PyRuntimeInfo:
    """An interpreter, as rules that ask for one know it.

    One that comes with the build has `interpreter`, a program that actions may run with `files` among their inputs;
    one of the system has `interpreter_path` instead, and no files.
    """

    files: Depset[Artifact] | None = None
    interpreter_path: str | None = None
    interpreter: Artifact | None = None
    interpreter_version_info: InterpreterVersion | None = None
    implementation_name: str = "cpython"
    abi_flags: str = ""
    pyc_tag: str = ""
    python_version: str = "PY3"
    stub_shebang: str = "#!/usr/bin/env python3"
    supports_build_time_venv: bool = True
    bootstrap_template: Artifact | None = None
    stage2_bootstrap_template: Artifact | None = None
    site_init_template: Artifact | None = None
    zip_main_template: Artifact | None = None
    coverage_tool: Artifact | None = None
    coverage_files: Depset[Artifact] | None = None
    venv_bin_files: tuple[Artifact, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class VenvInterpreter:
    """The interpreter that a venv leads to.

    `executable` is its runfiles path, or an absolute one where each machine has its own. `files` is what belongs to it
    in a runfiles tree. One of MODULE.bazel has its prefix as `directory`, and a `layer`; one that BUILD files describe
    has neither. `runtime` is what rules of others see of it.
    """

    executable: str
    version: PythonVersion
    full_version: str
    files: Depset[Artifact]
    runtime: PyRuntimeInfo
    directory: Artifact | None = None
    layer: LayerRecord | None = None


@dataclass(frozen=True, slots=True, eq=False)
class InterpreterInfo:
    """An interpreter of MODULE.bazel: `directory` is the artifact of its prefix, `bin/python3.X` lies inside.

    `runtime` is what rules of others see of it.
    """

    directory: Artifact
    version: PythonVersion
    full_version: str
    layer: LayerRecord
    runtime: PyRuntimeInfo

    @property
    def prefix(self) -> TreePath:
        return self.directory.runfiles_path

    @property
    def executable(self) -> str:
        """The runfiles path of the interpreter itself."""
        return f"{self.prefix}/bin/{self.version.directory}"

    def for_venv(self) -> VenvInterpreter:
        return VenvInterpreter(
            self.executable,
            self.version,
            self.full_version,
            Depset([self.directory]),
            self.runtime,
            self.directory,
            self.layer,
        )


@dataclass(frozen=True, slots=True, eq=False)
class VirtualenvInfo:
    """A planned virtualenv. `directory` is its runfiles path; `forest` are its links and small files.

    `entries` are the artifacts of the forest: `bootstrap` those that every start reads (`pyvenv.cfg`, the path file,
    the interpreter's links and what else is a file of the venv's own), `links` those that lead to installed wheels.
    `sees_system_sites` says whether the interpreter's own site-packages can be imported from.
    `installs` are the wheels' directories, `third_party` the same by distribution. `virtuals` has the targets in it
    that stand for abstract distributions. `notes` say what of a wheel is not in it.
    """

    label: Label
    directory: TreePath
    python: TreePath
    forest: tuple[ForestLink | ForestFile, ...]
    entries: Depset[Artifact]
    wheels: Depset[WheelRecord]
    imports: Depset[str]
    runtime: VenvInterpreter
    environment: tuple[tuple[str, str], ...]
    environment_inherited: tuple[str, ...]
    bin_python: Artifact
    bootstrap: Depset[Artifact]
    links: Depset[Artifact]
    installs: Depset[Artifact]
    third_party: Mapping[str, Depset[Artifact]]
    transitive_sources: Depset[Artifact] = field(default_factory=Depset)
    distributions: Depset[FirstPartyDistribution] = field(default_factory=Depset)
    virtuals: Mapping[str, ConfiguredTarget] = field(default_factory=dict)
    build_data: Artifact | None = None
    notes: tuple[str, ...] = ()
    sees_system_sites: bool = False

    @property
    def runtime_files(self) -> Depset[Artifact]:
        return self.entries


@dataclass(frozen=True, slots=True, eq=False)
class PyExecutableInfo:
    """A program, with everything that it needs at run time kept apart, so that images can split it unflattened.

    `launcher` starts `main`, or the module `main_module`, in the venv. The runfiles are disjoint and together what
    the program needs: `bootstrap_runfiles` (launcher, interpreter links and the venv's own files),
    `stage2_runfiles` (what the program may ask about its build), `venv_runfiles` (links to wheels and nothing else),
    `interpreter_runfiles`, `third_party_runfiles` (directories of wheels, which `third_party` has by distribution)
    and `first_party_runfiles` (sources and data).

    The rest has the names and meanings of rules_python's provider: `app_runfiles` is everything without launcher and
    interpreter, `runfiles_without_exe` everything without the launcher.
    """

    launcher: Artifact
    main: Artifact | None
    venv: VirtualenvInfo
    interpreter_runfiles: Runfiles
    third_party_runfiles: Runfiles
    venv_runfiles: Runfiles
    first_party_runfiles: Runfiles
    wheels: Depset[WheelRecord]
    third_party: Mapping[str, Depset[Artifact]]
    bootstrap_runfiles: Runfiles
    stage2_runfiles: Runfiles
    app_runfiles: Runfiles
    runfiles_without_exe: Runfiles
    interpreter_path: str
    interpreter_args: tuple[str, ...]
    venv_python_exe: Artifact
    venv_interpreter_runfiles: Runfiles
    build_data_file: Artifact | None = None
    main_module: str = ""
    stage2_bootstrap: Artifact | None = None
    venv_interpreter_symlinks: Depset[Artifact] | None = None
    venv_app_symlinks: Depset[Artifact] | None = None
