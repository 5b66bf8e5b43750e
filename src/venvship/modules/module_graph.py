"""Which modules a workspace is made of, and what each of them calls the others.

A module comes from the workspace itself, from an override, from the set that is built in, or from a registry. Of a
module in registries the highest version counts that any module in the graph asks for, and what only lower versions
ask for does not: minimal version selection. Every module is one repository whose canonical name is the module's name;
that of the root is `""`. Only one version of a module exists.

A repository that an extension makes is called `MODULE++EXTENSION+NAME` (`+EXTENSION+NAME` for extensions of the root),
so that no two things can share a canonical name. What the extensions of built-in modules make has its short name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, TypeAlias

from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.model.label import MAIN_REPOSITORY
from venvship.modules.module_file import (
    ArchiveOverride,
    BazelDep,
    ExtensionUsage,
    FlagAlias,
    GitOverride,
    LocalPathOverride,
    ModuleFile,
    MultipleVersionOverride,
    Override,
    Registration,
    RepoRuleUsage,
    SingleVersionOverride,
    SourceOverride,
)
from venvship.modules.version import ModuleVersion

ALWAYS_VISIBLE = ("venvship", "bazel_tools", "platforms")
"""Built-in modules that every module sees without asking for them."""

ANY_YANKED = "all"
"""Stands for every version where withdrawn versions are allowed by name."""


@dataclass(frozen=True, slots=True)
class RootSource:
    """The workspace."""


@dataclass(frozen=True, slots=True)
class BuiltinSource:
    """A module that comes with venvship."""

    name: str


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """A version of a module, in the registry at an address; `changes` patches it further."""

    name: str
    version: str
    registry: str
    changes: SingleVersionOverride | None = None


ModuleSource: TypeAlias = RootSource | BuiltinSource | RegistrySource | SourceOverride


class ModuleFiles(Protocol):
    """Where the text of modules comes from."""

    def builtin_names(self) -> frozenset[str]: ...

    def module_file(self, source: ModuleSource, name: str) -> ModuleFile:
        """The evaluated `MODULE.bazel` of a module; an empty value when it has none."""
        ...

    def registries(self) -> tuple[str, ...]:
        """The addresses of the registries, in the order in which they are asked."""
        ...

    def holds(self, registry: str, name: str, version: str) -> bool:
        """Whether a registry has a version of a module."""
        ...

    def yanked(self, source: RegistrySource) -> str | None:
        """Why the version was withdrawn; None when it was not."""
        ...


class UnknownModule(UserError):
    """A `bazel_dep` names a module that is neither built in nor overridden nor in a registry."""

    def __init__(self, dep: BazelDep, builtins: Iterable[str], registries: Iterable[str] = ()) -> None:
        asked = "".join(f"\n  {registry}" for registry in registries)
        version = f" {dep.version}" if dep.version else ""
        super().__init__(
            f"module `{dep.name}{version}` is neither built in nor overridden, and in none of these registries:{asked}"
            if asked
            else f"module `{dep.name}` is neither built in nor overridden, and no registry is given",
            place=dep.place,
            hint=f"built in are {', '.join(sorted(builtins))}; for another one, "
            + ("" if asked else "name a registry with `--registry=`, or ")
            + f'check it out and add `local_path_override(module_name = "{dep.name}", path = "...")` to MODULE.bazel',
        )
        self.module_name = dep.name


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


class UnknownReplacement(UserError):
    """`override_repo` or `inject_repo` names a repository that the root does not know."""


class MismatchedModule(UserError):
    """An override or a registry leads to a module with another name or version."""

    def __init__(self, named: str, found: str, place: Place | None) -> None:
        super().__init__(f"{named} leads to a module that calls itself `{found}`", place=place)


class NameTaken(UserError):
    """Two repositories want one name in one module, or one canonical name for different things."""

    def __init__(self, name: str, first: str, second: str, place: Place | None) -> None:
        super().__init__(
            f"repository name `{name}` is used for {second}, but it already means {first}",
            place=place,
            hint="give one of them another name with `repo_name` or a keyword argument of `use_repo`",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """A module of the graph: `mapping` leads from the names it uses to canonical repository names."""

    canonical_name: str
    source: ModuleSource
    file: ModuleFile
    mapping: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ModuleExtensionUsage:
    """What one module asks of one extension; `extension` is the same text for every spelling of its label.

    `prefix` is what the canonical names of its repositories begin with; None for the extensions of built-in modules,
    whose repositories have short names. `replaced` gives the canonical names of what stands for, or beside, some of
    its repositories.
    """

    module: str
    extension: str
    usage: ExtensionUsage
    prefix: str | None = None
    replaced: Mapping[str, str] = field(default_factory=dict)

    def canonical(self, exported: str) -> str:
        """The canonical name of a repository of the extension."""
        if self.prefix is None:
            return exported
        return self.replaced.get(exported) or self.prefix + exported

    @property
    def label(self) -> str:
        """The canonical label of the `.bzl` file."""
        return self.extension.partition("%")[0]


@dataclass(frozen=True, slots=True)
class ModuleRepoRuleUsage:
    """A repository that one module makes by calling a repository rule; `label` is that of the `.bzl` file."""

    module: str
    usage: RepoRuleUsage
    canonical_name: str
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class ModuleGraph:
    """All modules by canonical name, the root first.

    `extension_usages` and `repo_rule_usages` name the repositories that others must supply.
    """

    modules: Mapping[str, Module]
    extension_usages: tuple[ModuleExtensionUsage, ...]
    repo_rule_usages: tuple[ModuleRepoRuleUsage, ...]

    @property
    def root(self) -> Module:
        return self.modules[MAIN_REPOSITORY]

    def mapping_of(self, canonical_name: str) -> Mapping[str, str]:
        """The mapping of a module; that of the root for what the extensions of built-in modules make.

        Those repositories see what the root sees: they are filled in from what the root asked for.
        """
        module = self.modules.get(canonical_name)
        return self.root.mapping if module is None else module.mapping

    def extension_repositories(self) -> Mapping[str, tuple[ModuleExtensionUsage, ...]]:
        """For each repository that is imported from an extension of a built-in module, the usages that import it."""
        found: dict[str, list[ModuleExtensionUsage]] = {}
        for usage in self.extension_usages:
            if usage.prefix is None:
                for name in dict.fromkeys(usage.usage.imports.values()):
                    found.setdefault(name, []).append(usage)
        return {name: tuple(usages) for name, usages in found.items()}

    def of_builtin_extensions(self) -> ModuleGraph:
        """The same graph without the extensions that are written in `.bzl` files."""
        return replace(self, extension_usages=tuple(one for one in self.extension_usages if one.prefix is None))

    def written_extensions(self) -> Mapping[str, tuple[ModuleExtensionUsage, ...]]:
        """The usages of each extension that is written in a `.bzl` file, by its prefix."""
        found: dict[str, list[ModuleExtensionUsage]] = {}
        for usage in self.extension_usages:
            if usage.prefix is not None:
                found.setdefault(usage.prefix, []).append(usage)
        return {prefix: tuple(usages) for prefix, usages in found.items()}

    def toolchains(self) -> tuple[tuple[str, Registration], ...]:
        """Registered toolchain patterns with the module that registers them, the root's first."""
        return tuple((module.canonical_name, one) for module in self.modules.values() for one in module.file.toolchains)

    def execution_platforms(self) -> tuple[tuple[str, Registration], ...]:
        return tuple(
            (module.canonical_name, one) for module in self.modules.values() for one in module.file.execution_platforms
        )

    def flag_aliases(self) -> tuple[FlagAlias, ...]:
        return self.root.file.flag_aliases


def build_module_graph(
    files: ModuleFiles,
    *,
    ignore_dev_dependencies: bool = False,
    overrides: Iterable[Override] = (),
    allowed_yanked: Iterable[str] = (),
) -> ModuleGraph:
    """Find every module that the root needs, directly or not, and what each of them can name.

    Dev dependencies count in the root only. `overrides` win over those of the root. `allowed_yanked` are withdrawn
    versions that may be used nevertheless, as `NAME@VERSION`. Raises SeveralErrors with all unknown modules and name
    clashes.
    """
    return _Builder(files, ignore_dev_dependencies, tuple(overrides), frozenset(allowed_yanked)).build()


class _Node(NamedTuple):
    """A version of a module; "" is that of modules of which there is only one."""

    name: str
    version: str


_ROOT = _Node(MAIN_REPOSITORY, "")
_Found: TypeAlias = dict[str, tuple[ModuleSource, ModuleFile]]


class _Builder:
    def __init__(
        self,
        files: ModuleFiles,
        ignore_dev_dependencies: bool,
        overrides: tuple[Override, ...],
        allowed_yanked: frozenset[str],
    ) -> None:
        self._files = files
        self._builtins = files.builtin_names()
        self._errors: list[VenvshipError] = []
        root = files.module_file(RootSource(), "")
        self._root = _without_dev(root) if ignore_dev_dependencies else root
        self._overrides = {**root.overrides, **{override.module_name: override for override in overrides}}
        self._allowed_yanked = allowed_yanked
        self._nodes: dict[_Node, tuple[ModuleSource, ModuleFile]] = {_ROOT: (RootSource(), self._root)}
        self._unknown: set[_Node] = set()

    def build(self) -> ModuleGraph:
        found = self._find()
        prefixes = self._prefixes(found)
        extension_usages = self._extension_usages(found, prefixes)
        repo_rules = tuple(
            ModuleRepoRuleUsage(
                name,
                usage,
                _repo_rule_prefix(name, usage.rule) + usage.name,
                self._file_label(name, file, usage.file),
            )
            for name, (_, file) in found.items()
            for usage in file.repo_rules
        )
        self._check_made_names(found, extension_usages)
        modules = {
            name: Module(name, source, file, self._mapping(name, file, found, extension_usages))
            for name, (source, file) in found.items()
        }
        if self._errors:
            raise self._errors[0] if len(self._errors) == 1 else SeveralErrors(self._errors)
        return ModuleGraph(modules, extension_usages, repo_rules)

    def _find(self) -> _Found:
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
        found = self._reached(chosen)
        self._check_yanked(found)
        return found

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

    def _source(self, dep: BazelDep, node: _Node) -> ModuleSource | None:
        override = self._overrides.get(dep.name)
        if isinstance(override, LocalPathOverride | ArchiveOverride | GitOverride):
            return override
        if dep.name in self._builtins:
            if isinstance(override, SingleVersionOverride) and (override.patches or override.patch_commands):
                self._errors.append(
                    UnsupportedOverride(
                        f"module `{dep.name}` is built in, so patches don't apply to it", place=override.place
                    )
                )
            return BuiltinSource(dep.name)
        if isinstance(override, MultipleVersionOverride):
            self._errors.append(
                UnsupportedOverride(
                    f"several versions of module `{dep.name}` side by side are not supported",
                    place=override.place,
                    hint="choose one of them with single_version_override",
                )
            )
            return None
        changes = override if isinstance(override, SingleVersionOverride) else None
        registries = (changes.registry,) if changes is not None and changes.registry else self._files.registries()
        if not node.version and registries:
            self._errors.append(
                UnsuitableVersion(
                    f"module `{dep.name}` is needed without a version, and is not overridden", place=dep.place
                )
            )
            return None
        try:
            ModuleVersion.parse(node.version)
        except ValueError as error:
            self._errors.append(UnsuitableVersion(str(error), place=dep.place))
            return None
        for registry in registries:
            if self._files.holds(registry, dep.name, node.version):
                return RegistrySource(dep.name, node.version, registry, changes)
        self._errors.append(UnknownModule(replace(dep, version=node.version), self._builtins, registries))
        return None

    def _load(self, node: _Node, source: ModuleSource, dep: BazelDep | None) -> None:
        file = _without_dev(self._files.module_file(source, node.name))
        match source:
            case LocalPathOverride() | ArchiveOverride() | GitOverride():
                if file.name not in ("", node.name):
                    named = f"the override of `{node.name}`"
                    self._errors.append(MismatchedModule(named, file.name, source.place))
            case RegistrySource():
                version = ModuleVersion.parse(source.version)
                said = f"{file.name} {file.version}"
                if file.name != node.name or (file.version and file.version != version.text):
                    named = f"version {source.version} of module `{node.name}` in registry `{source.registry}`"
                    self._errors.append(MismatchedModule(named, said, dep.place if dep is not None else None))
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

    def _reached(self, chosen: Mapping[tuple[str, int], _Node]) -> _Found:
        found: _Found = {}
        levels: dict[str, dict[int, tuple[str, str, Place | None]]] = {}
        waiting: deque[tuple[_Node, str, Place | None]] = deque([(_ROOT, "", None)])
        waiting.extend((node, "", None) for node in self._always())
        while waiting:
            node, needed_by, place = waiting.popleft()
            source, file = self._nodes[node]
            seen = levels.setdefault(node.name, {})
            if file.compatibility_level in seen:
                continue
            seen[file.compatibility_level] = (needed_by, node.version, place)
            found.setdefault(node.name, (source, file))
            who = f"module `{node.name}`" if node.name else "the root module"
            for dep in file.deps:
                if dep.repo_name is None:
                    continue
                wanted = self._node(dep)
                if wanted in self._nodes:
                    waiting.append((self._chosen_for(wanted, dep, chosen), who, dep.place))
        for name, seen in levels.items():
            if len(seen) > 1:
                needs = [(who, version, level) for level, (who, version, _) in sorted(seen.items())]
                last = list(seen.values())[-1]
                self._errors.append(IncompatibleVersions(name, needs, last[2]))
        return found

    def _chosen_for(self, wanted: _Node, dep: BazelDep, chosen: Mapping[tuple[str, int], _Node]) -> _Node:
        level = self._nodes[wanted][1].compatibility_level
        allowed = [
            node
            for (name, other), node in chosen.items()
            if name == wanted.name and level <= other <= max(level, dep.max_compatibility_level)
        ]
        return max(allowed, key=lambda node: self._nodes[node][1].compatibility_level)

    def _check_yanked(self, found: _Found) -> None:
        if ANY_YANKED in self._allowed_yanked:
            return
        for name, (source, _) in found.items():
            if not isinstance(source, RegistrySource) or f"{name}@{source.version}" in self._allowed_yanked:
                continue
            reason = self._files.yanked(source)
            if reason is not None:
                place = next((dep.place for _, file in found.values() for dep in file.deps if dep.name == name), None)
                self._errors.append(
                    UnsuitableVersion(
                        f"version {source.version} of module `{name}` was withdrawn: {reason}",
                        place=place,
                        hint="need another version, or allow this one with "
                        f"`--allow_yanked_versions={name}@{source.version}`",
                    )
                )

    def _canonical(self, module_name: str) -> str:
        return MAIN_REPOSITORY if module_name == self._root.name and module_name else module_name

    def _mapping(
        self, name: str, file: ModuleFile, found: _Found, usages: Iterable[ModuleExtensionUsage]
    ) -> dict[str, str]:
        mapping: dict[str, str] = {}
        meaning: dict[str, str] = {}

        def give(apparent: str, canonical: str, what: str, place: Place | None) -> None:
            present = meaning.setdefault(apparent, what)
            if present != what:
                self._errors.append(NameTaken(apparent, present, what, place))
                return
            mapping[apparent] = canonical

        if name == MAIN_REPOSITORY:
            give("", MAIN_REPOSITORY, "the main repository", None)
        own = file.repo_name or file.name or name
        if own:
            give(own, name, "the module itself", None)
        for dep in file.deps:
            if dep.repo_name is not None and (dep.name in found or dep.name == self._root.name):
                give(dep.repo_name, self._canonical(dep.name), f"module `{dep.name}`", dep.place)
        for call in file.repo_rules:
            canonical = _repo_rule_prefix(name, call.rule) + call.name
            give(call.name, canonical, f"`{call.name}` of rule `{call.rule}`", call.place)
        for one in usages:
            if one.module == name:
                for apparent, exported in one.usage.imports.items():
                    what = f"`{exported}` of extension `{one.usage.name}`"
                    give(apparent, one.canonical(exported), what, one.usage.place)
        for always in ALWAYS_VISIBLE:
            if always in found and always not in mapping:
                mapping[always] = always
        return mapping

    def _extension_usages(self, found: _Found, prefixes: Mapping[str, str]) -> tuple[ModuleExtensionUsage, ...]:
        usages = []
        replaced: dict[str, dict[str, str]] = {}
        for name, (_, file) in found.items():
            for position, usage in enumerate(file.extensions):
                identity = self._extension_identity(name, file, usage, position)
                standing_in = replaced.setdefault(identity, {})
                # Only the root decides about repositories of others.
                for exported, apparent in usage.replaced.items() if name == MAIN_REPOSITORY else ():
                    standing_in[exported] = self._named_by_root(apparent, usage.place)
                usages.append(ModuleExtensionUsage(name, identity, usage, prefixes.get(identity), standing_in))
        return tuple(usages)

    def _named_by_root(self, apparent: str, place: Place) -> str:
        """The canonical name of a module or of a repository of a rule, as the root calls it."""
        for call in self._root.repo_rules:
            if call.name == apparent:
                return _repo_rule_prefix(MAIN_REPOSITORY, call.rule) + call.name
        for dep in self._root.deps:
            if dep.repo_name == apparent:
                return self._canonical(dep.name)
        self._errors.append(
            UnknownReplacement(f"no module and no call of a repository rule is called `{apparent}`", place=place)
        )
        return apparent

    def _prefixes(self, found: _Found) -> dict[str, str]:
        """What the repositories of each written extension begin with; no two prefixes are equal."""
        identities = {
            self._extension_identity(name, file, usage, position)
            for name, (_, file) in found.items()
            for position, usage in enumerate(file.extensions)
        }
        prefixes: dict[str, str] = {}
        for identity in sorted(identities):
            module = identity.removeprefix("@@").partition("//")[0]
            if isinstance(found.get(module, (None,))[0], BuiltinSource):
                continue
            extension, _, isolated = identity.partition("%")[2].partition("%")
            start = f"{module}++{extension}" if module else f"+{extension}"
            number = 1
            while (prefix := f"{start}{number if number > 1 else ''}{isolated}+") in prefixes.values():
                number += 1
            prefixes[identity] = prefix
        return prefixes

    def _extension_identity(self, module: str, file: ModuleFile, usage: ExtensionUsage, position: int) -> str:
        identity = f"{self._file_label(module, file, usage.file)}%{usage.name}"
        # An isolated usage is an extension of its own.
        return f"{identity}%+{module or '_main'}+{position}" if usage.isolate else identity

    def _file_label(self, module: str, file: ModuleFile, text: str) -> str:
        """The canonical label of a `.bzl` file that a module names."""
        repository, slashes, path = text.partition("//")
        if not slashes:
            repository, path = "", f":{text.removeprefix(':')}"
        apparent = repository.lstrip("@")
        canonical = module
        if repository.startswith("@@"):
            canonical = apparent
        elif apparent:
            known = {dep.repo_name: dep.name for dep in file.deps if dep.repo_name is not None}
            known[file.repo_name or file.name or module] = module
            canonical = self._canonical(known.get(apparent, apparent))
        return f"@@{canonical}//{path}"

    def _check_made_names(self, found: _Found, extension_usages: Iterable[ModuleExtensionUsage]) -> None:
        """Short canonical names are for things of which no two share one; say so where they would."""
        owners: dict[str, str] = {name: f"module `{name}`" for name in found if name}
        for one in extension_usages:
            for exported in one.usage.imports.values() if one.prefix is None else ():
                what = f"a repository of extension `{one.extension}`"
                present = owners.setdefault(exported, what)
                if present != what:
                    self._errors.append(NameTaken(exported, present, what, one.usage.place))


def _repo_rule_prefix(module: str, rule: str) -> str:
    return f"{module}++{rule}+" if module else f"+{rule}+"


def _without_dev(file: ModuleFile) -> ModuleFile:
    """What a module says to those that depend on it, or to a build that is told to ignore dev dependencies."""
    return ModuleFile(
        name=file.name,
        version=file.version,
        repo_name=file.repo_name,
        compatibility_level=file.compatibility_level,
        deps=tuple(dep for dep in file.deps if not dep.dev_dependency),
        extensions=tuple(
            ExtensionUsage(
                usage.file,
                usage.name,
                tuple(tag for tag in usage.tags if not tag.dev_dependency),
                usage.imports,
                usage.place,
                usage.dev_dependency,
                usage.isolate,
                usage.replaced,
            )
            for usage in file.extensions
            if not usage.dev_dependency
        ),
        repo_rules=tuple(call for call in file.repo_rules if not call.dev_dependency),
        overrides=file.overrides,
        toolchains=tuple(one for one in file.toolchains if not one.dev_dependency),
        execution_platforms=tuple(one for one in file.execution_platforms if not one.dev_dependency),
        flag_aliases=file.flag_aliases,
    )
