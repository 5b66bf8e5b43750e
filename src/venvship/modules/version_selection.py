"""Which versions of which modules a workspace uses.

All versions that can be reached from the root take part; of each module the highest one counts that anybody asks for,
and then only what the chosen ones need: minimal version selection. Overridden and built-in modules have one version
that serves every wish. Of a module with several versions side by side, a wish gets the lowest of these that is no lower
and of the same compatibility level.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from venvship.errors import EnvironmentProblem, Place, UserError, VenvshipError, without_passwords
from venvship.model.label import MAIN_REPOSITORY
from venvship.modules.module_file import (
    ArchiveOverride,
    BazelDep,
    GitOverride,
    LocalPathOverride,
    ModuleFile,
    MultipleVersionOverride,
    Override,
    SingleVersionOverride,
)
from venvship.modules.module_sources import (
    AbsentSource,
    BuiltinSource,
    ModuleFiles,
    ModuleSource,
    RegistrySource,
    RootSource,
    UnknownModule,
)
from venvship.modules.version import ModuleVersion

ALWAYS_VISIBLE = ("venvship", "bazel_tools", "platforms")
"""Built-in modules that every module sees without asking for them."""

ANY_YANKED = "all"
"""Stands for every version where withdrawn versions are allowed by name."""


class UnsuitableVersion(UserError):
    """The version of a module is malformed, missing or withdrawn."""


class IncompatibleVersions(UserError):
    """Modules need versions of one module that declare to be incompatible."""

    def __init__(self, name: str, needs: Iterable[tuple[str, str, int]], place: Place | None) -> None:
        lines = [f"  {who} needs {version} (compatibility level {level})" for who, version, level in needs]
        super().__init__(
            f"versions of module `{name}` that exclude each other are needed:\n" + "\n".join(lines),
            place=place,
            hint="update the modules that need the older one, or choose one with single_version_override",
        )


class UnsupportedOverride(UserError):
    """A kind of override that does not exist for this module."""


class MismatchedModule(UserError):
    """An override or a registry leads to a module with another name or version."""

    def __init__(self, named: str, found: str, place: Place | None) -> None:
        super().__init__(f"{named} leads to a module that calls itself `{found}`", place=place)


class _Node(NamedTuple):
    """A version of a module; "" is that of modules of which there is only one."""

    name: str
    version: str


_ROOT = _Node(MAIN_REPOSITORY, "")


class FoundModule(NamedTuple):
    """A chosen version of a module; `deps` are the canonical names of what its dependencies lead to."""

    source: ModuleSource | AbsentSource
    file: ModuleFile
    deps: Mapping[BazelDep, str]


FoundModules: TypeAlias = dict[str, FoundModule]
"""The chosen modules by canonical name, the root first."""


_BY_GRPCIO_TOOLS: Final = "make the modules in a genrule, with `protoc` of the distribution `grpcio-tools`"
_INSTEAD: Final = {
    "aspect_rules_lint": "run linters with `venvship run` or as a py_test",
    "container_structure_test": "test images with a py_test or sh_test that has them in `data`",
    "gazelle": "keep BUILD files as they are, or update them with a gazelle of your own",
    "grpc": _BY_GRPCIO_TOOLS,
    "nanobind_bazel": "depend on a wheel of the extension, which may be built from its source distribution",
    "protobuf": _BY_GRPCIO_TOOLS,
    "pybind11_bazel": "depend on a wheel of the extension, which may be built from its source distribution",
    "rules_distroless": "make bases of Debian packages with `debian_base` of `@venvship//oci:defs.bzl`",
    "rules_docker": "use `rules_oci`",
    "rules_mypy": "run mypy with `venvship run` or as a py_test",
    "rules_proto_grpc": _BY_GRPCIO_TOOLS,
    "rules_proto_grpc_python": _BY_GRPCIO_TOOLS,
    "rules_pycross": "make hubs of uv.lock files with the extension `uv` of `@aspect_rules_py//uv:extensions.bzl`",
    "rules_python_gazelle_plugin": "list modules with `gazelle_python_manifest` of `@aspect_rules_py//uv:defs.bzl`",
    "rules_uv": "make requirements files with `lock` of `@rules_python//python/uv:lock.bzl`, and a venv with `sync`",
}
"""What does the same without modules that many workspaces have."""


def _in_no_registry(dep: BazelDep, builtins: Iterable[str], registries: Iterable[str]) -> AbsentSource:
    asked = "".join(f"\n  {without_passwords(registry)}" for registry in registries)
    version = f" {dep.version}" if dep.version else ""
    return AbsentSource(
        dep.name,
        f"module `{dep.name}{version}` is neither built in nor overridden, and in none of these registries:{asked}"
        if asked
        else f"module `{dep.name}` is neither built in nor overridden, and no registry is given",
        dep.place,
        (f"{_INSTEAD[dep.name]}; " if dep.name in _INSTEAD else "")
        + f"built in are {', '.join(sorted(builtins))}; for another one, "
        + ("" if asked else "name a registry with `--registry=`, or ")
        + f'check it out and add `local_path_override(module_name = "{dep.name}", path = "...")` to MODULE.bazel',
    )


def _unreachable(dep: BazelDep, error: EnvironmentProblem) -> AbsentSource:
    return AbsentSource(
        dep.name,
        f"module `{' '.join(filter(None, (dep.name, dep.version)))}` can't be obtained: {error.message}",
        dep.place,
        f"{error.hint or 'check the network'}, or check the module out and add `local_path_override(module_name = "
        f'"{dep.name}", path = "...")` to MODULE.bazel',
        was_tried=True,
    )


class VersionSelection:
    """One choice of versions; `errors` is what was wrong on the way, `warnings` what the user should know."""

    def __init__(
        self,
        files: ModuleFiles,
        root: ModuleFile,
        *,
        overrides: Mapping[str, Override],
        allowed_yanked: frozenset[str],
    ) -> None:
        self.errors: list[VenvshipError] = []
        self.warnings: list[str] = []
        self._files = files
        self._builtins = files.builtin_names()
        self._root = root
        self._overrides = overrides
        self._allowed_yanked = allowed_yanked
        self._nodes: dict[_Node, tuple[ModuleSource | AbsentSource, ModuleFile]] = {_ROOT: (RootSource(), root)}
        self._unknown: set[_Node] = set()
        # Asked once each: without a network every question takes long to fail.
        self._silent: dict[str, EnvironmentProblem] = {}

    def find(self) -> FoundModules:
        """Look at every version that anybody asks for, choose, and keep what the chosen ones need."""
        wishes = self._explore([_ROOT, *self._always()], ())
        while True:
            # A dependency without a name counts once somebody else needs the module.
            names = {node.name for node in self._nodes}
            granted = [dep for dep in wishes if dep.name in names]
            known = len(self._nodes)
            wishes = {**wishes, **self._explore([], granted)}
            if len(self._nodes) == known:
                break
        chosen = self._choose()
        self._check_side_by_side()
        found = self._reached(chosen)
        self._check_yanked(found)
        return found

    def _side_by_side(self, name: str) -> MultipleVersionOverride | None:
        """The override that lets several versions of a module exist."""
        override = self._overrides.get(name)
        return override if isinstance(override, MultipleVersionOverride) and name not in self._builtins else None

    def _canonical(self, node: _Node) -> str:
        # `+` stands in no name of a module.
        return node.name if self._side_by_side(node.name) is None else f"{node.name}+{node.version}"

    def _check_side_by_side(self) -> None:
        for name, override in self._overrides.items():
            if self._side_by_side(name) is None or not isinstance(override, MultipleVersionOverride):
                continue
            if len(set(override.versions)) < 2:
                reason = f"multiple_version_override of module `{name}` must name at least two versions"
                self.errors.append(UnsuitableVersion(reason, place=override.place))
            for version in override.versions:
                if _Node(name, version) not in self._nodes:
                    self.errors.append(
                        UnsuitableVersion(
                            f"multiple_version_override of module `{name}` names version {version}, which nobody needs",
                            place=override.place,
                            hint=f'add `bazel_dep(name = "{name}", version = "{version}", repo_name = "...")`',
                        )
                    )

    def _always(self) -> list[_Node]:
        return [_Node(name, "") for name in ALWAYS_VISIBLE if name in self._builtins and name != self._root.name]

    def _explore(self, nodes: list[_Node], deps: Iterable[BazelDep]) -> dict[BazelDep, None]:
        """Load modules and what they depend on, in any version; answers the dependencies without a name."""
        wishes: dict[BazelDep, None] = {}
        waiting = deque(deps)
        for node in nodes:
            if node not in self._nodes:
                self._load(node, BuiltinSource(node.name), None)
            waiting.extend(self._nodes[node][1].deps)
        while waiting:
            dep = waiting.popleft()
            if dep.repo_name is None and dep not in deps:
                wishes[dep] = None
                continue
            node = self._node(dep)
            if node in self._nodes or node in self._unknown:
                continue
            source = self._source(dep, node)
            if source is None:
                self._unknown.add(node)
            else:
                self._load(node, source, dep)
                waiting.extend(self._nodes[node][1].deps)
        return wishes

    def _node(self, dep: BazelDep) -> _Node:
        """The version of a module that a dependency means, with overrides considered."""
        if self._root.name and dep.name == self._root.name:
            return _ROOT
        override = self._overrides.get(dep.name)
        if isinstance(override, LocalPathOverride | ArchiveOverride | GitOverride) or dep.name in self._builtins:
            return _Node(dep.name, "")
        if isinstance(override, SingleVersionOverride) and override.version:
            return _Node(dep.name, override.version)
        return _Node(dep.name, dep.version)

    def _source(self, dep: BazelDep, node: _Node) -> ModuleSource | AbsentSource | None:
        override = self._overrides.get(dep.name)
        if isinstance(override, LocalPathOverride | ArchiveOverride | GitOverride):
            return override
        if dep.name in self._builtins:
            if isinstance(override, SingleVersionOverride) and (override.patches or override.patch_commands):
                self.errors.append(
                    UnsupportedOverride(
                        f"module `{dep.name}` is built in, so patches don't apply to it", place=override.place
                    )
                )
            return BuiltinSource(dep.name)
        changes = override if isinstance(override, SingleVersionOverride) else None
        registries = self._files.registries()
        if isinstance(override, SingleVersionOverride | MultipleVersionOverride) and override.registry:
            registries = (override.registry,)
        if not node.version and registries:
            self.errors.append(
                UnsuitableVersion(
                    f"module `{dep.name}` is needed without a version, and is not overridden", place=dep.place
                )
            )
            return None
        try:
            ModuleVersion.parse(node.version)
        except ValueError as error:
            self.errors.append(UnsuitableVersion(str(error), place=dep.place))
            return None
        needed = replace(dep, version=node.version)
        for registry in registries:
            if registry not in self._silent:
                try:
                    if self._files.holds(registry, dep.name, node.version):
                        return RegistrySource(dep.name, node.version, registry, changes)
                except EnvironmentProblem as error:
                    self._silent[registry] = error
                    self.warnings.append(
                        f"{dep.place}: registry `{without_passwords(registry)}` gives no answer, and modules that "
                        f"only it may have are left out, with what they depend on: {error.message}"
                    )
            if registry in self._silent:
                # Whatever the next registries hold, the answer of this one would count before theirs.
                return _unreachable(needed, self._silent[registry])
        absent = _in_no_registry(needed, self._builtins, registries)
        if registries:
            self.errors.append(UnknownModule(absent))
        return absent

    def _load(self, node: _Node, source: ModuleSource | AbsentSource, dep: BazelDep | None) -> None:
        if isinstance(source, AbsentSource):
            self._nodes[node] = (source, ModuleFile(name=node.name, version=node.version))
            return
        try:
            file = self._files.module_file(source, node.name).without_dev()
        except EnvironmentProblem as error:
            if dep is None:
                raise
            absent = _unreachable(dep, error)
            self._nodes[node] = (absent, ModuleFile(name=node.name, version=node.version))
            self.warnings.append(f"{dep.place}: {absent.message}; it is left out, with what it depends on")
            return
        match source:
            case LocalPathOverride() | ArchiveOverride() | GitOverride():
                if file.name not in ("", node.name):
                    named = f"the override of `{node.name}`"
                    self.errors.append(MismatchedModule(named, file.name, source.place))
            case RegistrySource():
                version = ModuleVersion.parse(source.version)
                said = f"{file.name} {file.version}"
                if file.name != node.name or (file.version and file.version != version.text):
                    named = f"version {source.version} of module `{node.name}` in registry `{source.registry}`"
                    self.errors.append(MismatchedModule(named, said, dep.place if dep is not None else None))
            case _:
                pass
        self._nodes[node] = (source, file)

    def _choose(self) -> dict[tuple[str, int], _Node]:
        """The highest version of each module, for each compatibility level that occurs."""
        chosen: dict[tuple[str, int], _Node] = {}
        for node, (_, file) in self._nodes.items():
            key = (node.name, file.compatibility_level)
            present = chosen.get(key)
            if present is None or ModuleVersion.parse(node.version) > ModuleVersion.parse(present.version):
                chosen[key] = node
        return chosen

    def _reached(self, chosen: Mapping[tuple[str, int], _Node]) -> FoundModules:
        found: FoundModules = {}
        levels: dict[str, dict[int, tuple[str, str, Place | None]]] = {}
        waiting: deque[tuple[_Node, str, Place | None]] = deque([(_ROOT, "", None)])
        waiting.extend((node, "", None) for node in self._always())
        seen: set[_Node] = set()
        while waiting:
            node, needed_by, place = waiting.popleft()
            if node in seen:
                continue
            seen.add(node)
            source, file = self._nodes[node]
            if self._side_by_side(node.name) is None:
                levels.setdefault(node.name, {})[file.compatibility_level] = (needed_by, node.version, place)
            who = f"module `{node.name}`" if node.name else "the root module"
            deps: dict[BazelDep, str] = {}
            for dep in file.deps:
                wanted = self._node(dep)
                if dep.repo_name is None or wanted not in self._nodes:
                    continue
                target = self._chosen_for(wanted, dep, chosen)
                if target is not None:
                    deps[dep] = self._canonical(target)
                    waiting.append((target, who, dep.place))
            found.setdefault(self._canonical(node), FoundModule(source, file, deps))
        for name, known in levels.items():
            if len(known) > 1:
                needs = [(who, version, level) for level, (who, version, _) in sorted(known.items())]
                last = list(known.values())[-1]
                self.errors.append(IncompatibleVersions(name, needs, last[2]))
        return found

    def _chosen_for(self, wanted: _Node, dep: BazelDep, chosen: Mapping[tuple[str, int], _Node]) -> _Node | None:
        level = self._nodes[wanted][1].compatibility_level
        levels = range(level, max(level, dep.max_compatibility_level) + 1)
        override = self._side_by_side(wanted.name)
        if override is not None:
            return self._lowest_allowed(wanted, levels, override, dep)
        allowed = [node for (name, other), node in chosen.items() if name == wanted.name and other in levels]
        return max(allowed, key=lambda node: self._nodes[node][1].compatibility_level)

    def _lowest_allowed(
        self, wanted: _Node, levels: range, override: MultipleVersionOverride, dep: BazelDep
    ) -> _Node | None:
        least = ModuleVersion.parse(wanted.version)
        nodes = [node for version in override.versions if (node := _Node(wanted.name, version)) in self._nodes]
        fitting = [
            node
            for node in nodes
            if self._nodes[node][1].compatibility_level in levels and ModuleVersion.parse(node.version) >= least
        ]
        if fitting:
            return min(fitting, key=lambda node: ModuleVersion.parse(node.version))
        self.errors.append(
            UnsuitableVersion(
                f"module `{wanted.name}` is needed in version {wanted.version} (compatibility level {levels[0]}), and "
                f"multiple_version_override allows only {', '.join(override.versions)}",
                place=dep.place,
                hint="add this version or a higher one of the same level to the override",
            )
        )
        return None

    def _check_yanked(self, found: FoundModules) -> None:
        if ANY_YANKED in self._allowed_yanked:
            return
        for source, _, _ in found.values():
            if not isinstance(source, RegistrySource):
                continue
            name = source.name
            if f"{name}@{source.version}" in self._allowed_yanked:
                continue
            reason = self._files.yanked(source)
            if reason is not None:
                place = next((dep.place for one in found.values() for dep in one.file.deps if dep.name == name), None)
                self.errors.append(
                    UnsuitableVersion(
                        f"version {source.version} of module `{name}` was withdrawn: {reason}",
                        place=place,
                        hint="need another version, or allow this one with "
                        f"`--allow_yanked_versions={name}@{source.version}`",
                    )
                )
