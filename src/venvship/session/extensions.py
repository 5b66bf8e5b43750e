"""What MODULE.bazel asks of the module extensions that are built in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Final

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.model.label import Label
from venvship.model.platform import PythonVersion
from venvship.repos.lock_indexes import LockIndexes

if TYPE_CHECKING:
    from venvship.wheels.entry_points import EntryPoint
    from venvship.wheels.lock import LockedPackage

DEFAULT_BUILD_DEPENDENCIES: Final = ("build",)


@dataclass(frozen=True, slots=True)
class LockProject:
    """A lock file that fills a hub, alone or with others.

    `name` is what `dep_group` calls the project itself; `python_version` is the only one that the lock is for, when
    it is for one. `platforms` are patterns such as `linux_*` of those that it is for; a lock without any is for all
    others.
    """

    hub: str
    lock: Label
    place: Place
    name: str = ""
    pyproject: Label | None = None
    python_version: PythonVersion | None = None
    build_dependencies: tuple[str, ...] = DEFAULT_BUILD_DEPENDENCIES
    platforms: tuple[str, ...] = ()
    version: str = ""
    """That of the project, says the tag."""
    indexes: LockIndexes = LockIndexes()
    variables: tuple[str, ...] = ()
    """Of the environment, whose values take the place of their names in addresses of indexes."""

    @property
    def meant_for(self) -> str:
        """What it may be built for, as messages say it; empty when that is everything."""
        python = [f"Python {self.python_version}"] if self.python_version else []
        return " on ".join([*python, *([", ".join(self.platforms)] if self.platforms else [])])


@dataclass(frozen=True, slots=True)
class Patches:
    """Unified diffs, and how many components are taken off their paths, where that is said."""

    files: tuple[Label, ...] = ()
    strip: int | None = None


@dataclass(frozen=True, slots=True)
class PackageOverride:
    """What is different about one distribution; without `lock` and `version`, in all locks and versions."""

    name: str
    place: Place
    lock: Label | None = None
    version: str | None = None
    file: str | None = None
    target: Label | None = None
    console_scripts: tuple[EntryPoint, ...] | None = None
    """All that it has, in place of its own; None for its own."""
    pre_build: Patches = Patches()
    post_install: Patches = Patches()
    exclude_globs: tuple[str, ...] = ()
    extra_deps: tuple[Label, ...] = ()
    extra_data: tuple[Label, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    toolchains: tuple[Label, ...] = ()
    config_settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    monitors_memory: bool = False
    resources: str = ""
    build_text: str | Label = ""
    """More targets of its package, as a text or a file of the workspace."""

    @property
    def of_builds(self) -> tuple[str, ...]:
        """The attributes that it gives and that only builds from source heed."""
        found = {
            "pre_build_patches": self.pre_build.files,
            "env": self.environment,
            "toolchains": self.toolchains,
            "config_settings": self.config_settings,
            "monitor_memory": self.monitors_memory,
            "resource_set": self.resources,
        }
        return tuple(name for name, value in found.items() if value)

    @property
    def shown(self) -> str:
        """What it changes, for a reader."""
        return self.file or (f"{self.name} {self.version}" if self.version else self.name)

    def is_for(self, package: LockedPackage) -> bool:
        """Whether a distribution of that name is one that it changes, by its version and its files."""
        return self.version in (None, package.version) and (
            self.file is None or any(wheel.filename.text == self.file for wheel in package.wheels)
        )


@dataclass(frozen=True, slots=True)
class Annotations:
    """A file that says what distributions of a lock need in order to be built."""

    lock: Label
    source: Label
    place: Place


@dataclass(frozen=True, slots=True)
class RuntimePatch:
    """A unified diff for an unpacked interpreter; `shown` is its name."""

    content: bytes
    strip: int
    shown: str


@dataclass(frozen=True, slots=True)
class RuntimeArchive:
    """What the workspace itself says of the archive of an interpreter; addresses only where it is another one.

    Hashes are by platform; the empty name is for all.
    """

    version: str
    urls: tuple[str, ...]
    sha256s: Mapping[str, str]
    strip_prefix: str = "python"
    patches: tuple[RuntimePatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Extensions:
    """Everything that is asked of extensions: hubs by name with their locks, and Python versions in order.

    `repositories` are the names that modules use. Those of `modification_hubs` and `tools` are there and hold nothing.
    """

    hubs: Mapping[str, tuple[LockProject, ...]] = field(default_factory=dict)
    overrides: tuple[PackageOverride, ...] = ()
    annotations: tuple[Annotations, ...] = ()
    python_versions: tuple[PythonVersion, ...] = ()
    exact_versions: tuple[str, ...] = ()
    default_python: PythonVersion | None = None
    archives: tuple[RuntimeArchive, ...] = ()
    archive_bases: tuple[str, ...] = ()
    archive_build: str = ""
    archive_releases: tuple[str, ...] = ()
    repositories: frozenset[str] = frozenset()
    modification_hubs: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
