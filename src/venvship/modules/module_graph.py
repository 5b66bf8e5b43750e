"""Which modules a workspace is made of, and what each of them calls the others.

A module comes from the workspace itself, from an override, or from the set that is built in. Every module is one
repository whose canonical name is the module's name; that of the root is `""`. Only one version of a module exists.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

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
    Registration,
    RepoRuleUsage,
    SourceOverride,
)

ALWAYS_VISIBLE = ("venvship", "bazel_tools")
"""Built-in modules that every module sees without asking for them."""


@dataclass(frozen=True, slots=True)
class RootSource:
    """The workspace."""


@dataclass(frozen=True, slots=True)
class BuiltinSource:
    """A module that comes with venvship."""

    name: str


ModuleSource: TypeAlias = RootSource | BuiltinSource | SourceOverride


class ModuleFiles(Protocol):
    """Where the text of modules comes from."""

    def builtin_names(self) -> frozenset[str]: ...

    def module_file(self, source: ModuleSource, name: str) -> ModuleFile:
        """The evaluated `MODULE.bazel` of a module; an empty value when it has none."""
        ...


class UnknownModule(UserError):
    """A `bazel_dep` names a module that is neither built in nor overridden."""

    def __init__(self, dep: BazelDep, builtins: Iterable[str]) -> None:
        super().__init__(
            f"module `{dep.name}` is neither built in nor overridden",
            place=dep.place,
            hint=f"built in are {', '.join(sorted(builtins))}; for another one, check it out and add "
            f'`local_path_override(module_name = "{dep.name}", path = "...")` to MODULE.bazel',
        )
        self.module_name = dep.name


class MismatchedModule(UserError):
    """An override leads to a module with another name."""

    def __init__(self, override: SourceOverride, found: str) -> None:
        super().__init__(
            f"the override of `{override.module_name}` leads to a module that calls itself `{found}`",
            place=override.place,
        )


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
    """What one module asks of one extension; `extension` is the same text for every spelling of its label."""

    module: str
    extension: str
    usage: ExtensionUsage


@dataclass(frozen=True, slots=True)
class ModuleRepoRuleUsage:
    """A repository that one module makes by calling a repository rule."""

    module: str
    usage: RepoRuleUsage


@dataclass(frozen=True, slots=True, eq=False)
class ModuleGraph:
    """All modules by canonical name, the root first.

    `extension_usages` and `repo_rule_usages` name the repositories that others must supply: their canonical names
    are those in `imports` and the names of the calls.
    """

    modules: Mapping[str, Module]
    extension_usages: tuple[ModuleExtensionUsage, ...]
    repo_rule_usages: tuple[ModuleRepoRuleUsage, ...]

    @property
    def root(self) -> Module:
        return self.modules[MAIN_REPOSITORY]

    def mapping_of(self, canonical_name: str) -> Mapping[str, str]:
        """The mapping of a module; that of the root for repositories that extensions make.

        Made repositories see what the root sees: they are filled in from what the root asked for.
        """
        module = self.modules.get(canonical_name)
        return self.root.mapping if module is None else module.mapping

    def extension_repositories(self) -> Mapping[str, tuple[ModuleExtensionUsage, ...]]:
        """For each repository that is imported from an extension, the usages that import it."""
        found: dict[str, list[ModuleExtensionUsage]] = {}
        for usage in self.extension_usages:
            for name in dict.fromkeys(usage.usage.imports.values()):
                found.setdefault(name, []).append(usage)
        return {name: tuple(usages) for name, usages in found.items()}

    def toolchains(self) -> tuple[tuple[str, Registration], ...]:
        """Registered toolchain patterns with the module that registers them, the root's first."""
        return tuple((module.canonical_name, one) for module in self.modules.values() for one in module.file.toolchains)

    def execution_platforms(self) -> tuple[tuple[str, Registration], ...]:
        return tuple(
            (module.canonical_name, one) for module in self.modules.values() for one in module.file.execution_platforms
        )

    def flag_aliases(self) -> tuple[FlagAlias, ...]:
        return self.root.file.flag_aliases


def build_module_graph(files: ModuleFiles, *, ignore_dev_dependencies: bool = False) -> ModuleGraph:
    """Find every module that the root needs, directly or not, and what each of them can name.

    Dev dependencies count in the root only. Raises SeveralErrors with all unknown modules and name clashes.
    """
    return _Builder(files, ignore_dev_dependencies).build()


class _Builder:
    def __init__(self, files: ModuleFiles, ignore_dev_dependencies: bool) -> None:
        self._files = files
        self._builtins = files.builtin_names()
        self._errors: list[VenvshipError] = []
        self._root = (
            _without_dev(files.module_file(RootSource(), ""))
            if ignore_dev_dependencies
            else (files.module_file(RootSource(), ""))
        )

    def build(self) -> ModuleGraph:
        found = self._find()
        extension_usages = self._extension_usages(found)
        repo_rules = tuple(
            ModuleRepoRuleUsage(name, usage) for name, (_, file) in found.items() for usage in file.repo_rules
        )
        self._check_made_names(found, extension_usages, repo_rules)
        modules = {
            name: Module(name, source, file, self._mapping(name, file, found)) for name, (source, file) in found.items()
        }
        if self._errors:
            raise self._errors[0] if len(self._errors) == 1 else SeveralErrors(self._errors)
        return ModuleGraph(modules, extension_usages, repo_rules)

    def _find(self) -> dict[str, tuple[ModuleSource, ModuleFile]]:
        found: dict[str, tuple[ModuleSource, ModuleFile]] = {MAIN_REPOSITORY: (RootSource(), self._root)}
        unknown: set[str] = set()
        waiting = deque(self._root.deps)
        for name in ALWAYS_VISIBLE:
            if name in self._builtins and name != self._root.name:
                self._add(name, BuiltinSource(name), found, waiting)
        while waiting:
            dep = waiting.popleft()
            # Without a name it is a wish about the version, should somebody else need the module.
            if dep.name in found or dep.name in unknown or dep.name == self._root.name or dep.repo_name is None:
                continue
            source = self._source(dep)
            if source is None:
                unknown.add(dep.name)
                self._errors.append(UnknownModule(dep, self._builtins))
            else:
                self._add(dep.name, source, found, waiting)
        return found

    def _source(self, dep: BazelDep) -> ModuleSource | None:
        override = self._root.overrides.get(dep.name)
        if isinstance(override, LocalPathOverride | ArchiveOverride | GitOverride):
            return override
        return BuiltinSource(dep.name) if dep.name in self._builtins else None

    def _add(
        self,
        name: str,
        source: ModuleSource,
        found: dict[str, tuple[ModuleSource, ModuleFile]],
        waiting: deque[BazelDep],
    ) -> None:
        file = _without_dev(self._files.module_file(source, name))
        if file.name not in ("", name) and isinstance(source, LocalPathOverride | ArchiveOverride | GitOverride):
            self._errors.append(MismatchedModule(source, file.name))
        found[name] = (source, file)
        waiting.extend(file.deps)

    def _canonical(self, module_name: str) -> str:
        return MAIN_REPOSITORY if module_name == self._root.name and module_name else module_name

    def _mapping(
        self, name: str, file: ModuleFile, found: Mapping[str, tuple[ModuleSource, ModuleFile]]
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
        for usage in file.extensions:
            for apparent, exported in usage.imports.items():
                give(apparent, exported, f"`{exported}` of extension `{usage.name}`", usage.place)
        for call in file.repo_rules:
            give(call.name, call.name, f"`{call.name}` of rule `{call.rule}`", call.place)
        for always in ALWAYS_VISIBLE:
            if always in found and always not in mapping:
                mapping[always] = always
        return mapping

    def _extension_usages(
        self, found: Mapping[str, tuple[ModuleSource, ModuleFile]]
    ) -> tuple[ModuleExtensionUsage, ...]:
        return tuple(
            ModuleExtensionUsage(name, self._extension_identity(name, file, usage), usage)
            for name, (_, file) in found.items()
            for usage in file.extensions
        )

    def _extension_identity(self, module: str, file: ModuleFile, usage: ExtensionUsage) -> str:
        repository, slashes, path = usage.file.partition("//")
        if not slashes:
            repository, path = "", f":{usage.file.removeprefix(':')}"
        apparent = repository.lstrip("@")
        canonical = module
        if apparent:
            known = {dep.repo_name: dep.name for dep in file.deps if dep.repo_name is not None}
            known[file.repo_name or file.name or module] = module
            canonical = self._canonical(known.get(apparent, apparent))
        return f"@@{canonical}//{path}%{usage.name}"

    def _check_made_names(
        self,
        found: Mapping[str, tuple[ModuleSource, ModuleFile]],
        extension_usages: Iterable[ModuleExtensionUsage],
        repo_rules: Iterable[ModuleRepoRuleUsage],
    ) -> None:
        """Canonical names are short because no two things share one; say so where they would."""
        owners: dict[str, str] = {name: f"module `{name}`" for name in found if name}

        def claim(name: str, what: str, place: Place) -> None:
            present = owners.setdefault(name, what)
            if present != what:
                self._errors.append(NameTaken(name, present, what, place))

        for one in extension_usages:
            for exported in one.usage.imports.values():
                claim(exported, f"a repository of extension `{one.extension}`", one.usage.place)
        for call in repo_rules:
            claim(call.usage.name, f"the call of `{call.usage.rule}` at {call.usage.place}", call.usage.place)


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
