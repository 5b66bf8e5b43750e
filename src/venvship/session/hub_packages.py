"""The packages of a hub: the targets of each distribution, and the files that `load` may name."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Iterable, Sequence

from venvship.errors import UserError
from venvship.loading.repositories import BuildText, TargetsByName, TargetSpec
from venvship.loading.workspace import path_of
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.rules.python.distributions import WHEEL, hub_targets, package_name, project_targets
from venvship.rules.python.hub_parts import alias_targets, library_targets, part_targets, script_by_name
from venvship.rules.python.toolchain import DEP_GROUP_LABEL
from venvship.session.extensions import PackageOverride
from venvship.session.hub_files import defs_bzl, requirements_bzl
from venvship.session.hub_locks import HubLocks
from venvship.session.hub_workspace import HubWorkspace, console_scripts, extras

_EVERY_WHEEL = "gazelle_index_whls"
_GROUPS = ("dep_group", "venv")
"""The package with a condition for each dependency group and project, and its older name."""


class HubPackages:
    """What one hub declares; its locks are read when the first package or file is asked for."""

    def __init__(self, locks: HubLocks, workspace: HubWorkspace) -> None:
        self._locks = locks
        self._workspace = workspace

    def package(self, path: str) -> Sequence[TargetSpec | TargetsByName | BuildText] | None:
        if path == "":
            return [
                TargetSpec(f"locked_group@{self._locks.repository}", "group_deps"),
                TargetSpec("filegroup", _EVERY_WHEEL, {"srcs": self._wheel_labels()}),
            ]
        if path in _GROUPS and path not in self._locks.names:
            groups = sorted(self._locks.group_members())
            conditions = [TargetSpec("config_setting", n, {"flag_values": {DEP_GROUP_LABEL: n}}) for n in groups]
            # Releases of rules_py before 1.9 call it a venv.
            return [TargetSpec("dep_group_flag", path), *(one for one in conditions if one.name != path)]
        name = self._locks.names.get(path)
        if name is None:
            return None
        target = self._workspace.target_of(name)
        if target is not None:
            return alias_targets(name, package_name(name), target.canonical, self._workspace.scripts(target.package))
        directory = self._workspace.code_directory(name)
        if directory is not None:
            specs = [
                TargetSpec(rule, made, {"project": name})
                for rule, made in project_targets(self._locks.repository, name)
            ]
            scripts = self._workspace.scripts(PackageId(MAIN_REPOSITORY, directory))
            return [*specs, *library_targets(name, package_name(name), [name, *scripts])]
        return self._targets(name)

    def _with_wheels(self) -> list[str]:
        """The names of all distributions that have wheels."""
        said = self._workspace
        names = sorted(self._locks.names.values())
        return [name for name in names if said.target_of(name) is None and said.code_directory(name) is None]

    def _wheel_labels(self) -> list[str]:
        return [f"@@{self._locks.repository}//{package_name(name)}:{WHEEL}" for name in self._with_wheels()]

    def _targets(self, name: str) -> Sequence[TargetSpec | TargetsByName | BuildText]:
        overrides = self._workspace.overrides_of_any(name)
        library = package_name(name)
        # Those of all versions; which of them count, the configuration tells.
        added = {name: [label.canonical for label in labels] for name, labels in extras(overrides).items() if labels}
        specs = [
            TargetSpec(rule, target, {"project": name, **(added if target == library else {})})
            for rule, target in hub_targets(self._locks.repository, name)
        ]
        said = console_scripts(overrides)
        scripts = None if said is None else [script.name for script in said]
        written = [text for one in overrides for text in self._written(library, one)][:1]
        by_name = TargetsByName(functools.partial(script_by_name, name, library))
        return [*specs, *part_targets(name, library, scripts), by_name, *written]

    def _written(self, package: str, override: PackageOverride) -> Iterable[BuildText]:
        match override:
            case PackageOverride(build_text=Label() as file):
                shown = posixpath.join(file.package.path, file.name)
                try:
                    yield BuildText(path_of(file, self._workspace.root).read_bytes(), shown)
                except OSError as error:
                    raise UserError(f"can't read `{file}`: {error.strerror}", place=override.place) from error
            case PackageOverride(build_text=str() as text) if text:
                yield BuildText(text.encode(), f"@{self._locks.repository}/{package}/additive_build_content")

    def package_paths(self) -> Iterable[str]:
        return dict.fromkeys(("", *_GROUPS, *self._locks.names))

    def source(self, path: str) -> bytes | None:
        match path:
            case "requirements.bzl":
                names = {name for project in self._locks.projects for name in project.names}
                return requirements_bzl(
                    self._locks.repository, sorted(names), wheels=sorted(names.intersection(self._with_wheels()))
                )
            case "defs.bzl":
                return defs_bzl(self._locks.repository, self._locks.group_members())
            case _:
                return None

    def source_paths(self) -> Iterable[str]:
        return ("defs.bzl", "requirements.bzl")
