"""Which modules a workspace is made of, and what each of them calls the others.

A module comes from the workspace itself, from an override, from the set that is built in, or from a registry. Of a
module in registries the highest version counts that any module in the graph asks for, and what only lower versions
ask for does not: minimal version selection. Every module is one repository whose canonical name is the module's name;
that of the root is `""`. Only one version of a module exists, unless the root lets several exist side by side: then
their names are `MODULE+VERSION`.

A repository that an extension makes is called `MODULE++EXTENSION+NAME` (`+EXTENSION+NAME` for extensions of the root),
so that no two things can share a canonical name. The extensions of `READ_DIRECTLY` are not written in Starlark: their
tags are read as they are, and what they make has its short name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.model.label import MAIN_REPOSITORY
from venvship.modules.module_file import (
    ExtensionUsage,
    FlagAlias,
    ModuleFile,
    Override,
    Registration,
    RepoRuleUsage,
    SingleVersionOverride,
)
from venvship.modules.module_sources import AbsentSource, BuiltinSource, ModuleFiles, ModuleSource, RootSource
from venvship.modules.version_selection import ALWAYS_VISIBLE, FoundModule, FoundModules, VersionSelection

READ_DIRECTLY: Final = frozenset({"aspect_rules_py", "rules_python"})
"""Built-in modules whose extensions decide about wheels and interpreters, which is no task for a `.bzl` file."""


REPLACEABLE: Final = frozenset({"bazel_skylib"})
"""Built-in modules that an override may take the place of; the rules of the others are part of what builds."""


class UnknownReplacement(UserError):
    """`override_repo` or `inject_repo` names a repository that the root does not know."""


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
    source: ModuleSource | AbsentSource
    file: ModuleFile
    mapping: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ModuleExtensionUsage:
    """What one module asks of one extension; `extension` is the same text for every spelling of its label.

    `prefix` is what the canonical names of its repositories begin with; None for the extensions of `READ_DIRECTLY`,
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

    `extension_usages` and `repo_rule_usages` name the repositories that others must supply, `warnings` are for users.
    """

    modules: Mapping[str, Module]
    extension_usages: tuple[ModuleExtensionUsage, ...]
    repo_rule_usages: tuple[ModuleRepoRuleUsage, ...]
    warnings: tuple[str, ...] = ()

    @property
    def root(self) -> Module:
        return self.modules[MAIN_REPOSITORY]

    def mapping_of(self, canonical_name: str) -> Mapping[str, str]:
        """The mapping of a module; that of the root for what the extensions of `READ_DIRECTLY` make.

        Those repositories see what the root sees: they are filled in from what the root asked for.
        """
        module = self.modules.get(canonical_name)
        return self.root.mapping if module is None else module.mapping

    def absence(self, canonical_name: str) -> AbsentSource | None:
        """Why a repository can't be had: it is that of an absent module, or one that such a module would make."""
        module = self.modules.get(canonical_name)
        if module is not None:
            return module.source if isinstance(module.source, AbsentSource) else None
        for call in self.repo_rule_usages:
            if call.canonical_name == canonical_name:
                return self.absence(_repository_of(call.label))
        for usage in self.extension_usages:
            if usage.prefix is not None and canonical_name.startswith(usage.prefix):
                return self.absence(_repository_of(usage.label))
        return None

    def extension_repositories(self) -> Mapping[str, tuple[ModuleExtensionUsage, ...]]:
        """For each repository that is imported from an extension of `READ_DIRECTLY`, the usages that import it."""
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

    Dev dependencies count in the root only. `overrides` win over those of the root, which do not count for most of the
    modules that are built in. `allowed_yanked` are withdrawn versions that may be used nevertheless, as `NAME@VERSION`.
    Raises SeveralErrors with all versions that can't be chosen and name clashes.
    """
    said = files.module_file(RootSource(), "")
    root = said.without_dev() if ignore_dev_dependencies else said
    kept = files.builtin_names() - REPLACEABLE
    selection = VersionSelection(
        files,
        root,
        overrides={
            **{name: override for name, override in root.overrides.items() if name not in kept},
            **{override.module_name: override for override in overrides},
        },
        allowed_yanked=frozenset(allowed_yanked),
    )
    found = selection.find()
    warnings = [
        f"{override.place}: the override of `{name}` has no effect: the module is built in"
        for name, override in root.overrides.items()
        if name in kept and name in found and isinstance(found[name].source, BuiltinSource)
        if not isinstance(override, SingleVersionOverride) or override.patches or override.patch_commands
    ]
    return _Builder(root, found, selection.errors, (*warnings, *selection.warnings)).build()


class _Builder:
    def __init__(
        self, root: ModuleFile, found: FoundModules, errors: list[VenvshipError], warnings: tuple[str, ...]
    ) -> None:
        self._root = root
        self._warnings = warnings
        self._found = found
        self._errors = errors

    def build(self) -> ModuleGraph:
        found = self._found
        prefixes = self._prefixes(found)
        extension_usages = self._extension_usages(found, prefixes)
        repo_rules = tuple(
            ModuleRepoRuleUsage(
                name,
                usage,
                _repo_rule_prefix(name, usage.rule) + usage.name,
                self._file_label(name, usage.file),
            )
            for name, one in found.items()
            for usage in one.file.repo_rules
        )
        self._check_made_names(found, extension_usages)
        modules = {
            name: Module(name, one.source, one.file, self._mapping(name, one, found, extension_usages))
            for name, one in found.items()
        }
        if self._errors:
            raise self._errors[0] if len(self._errors) == 1 else SeveralErrors(self._errors)
        return ModuleGraph(modules, extension_usages, repo_rules, self._warnings)

    def _mapping(
        self, name: str, module: FoundModule, found: FoundModules, usages: Iterable[ModuleExtensionUsage]
    ) -> dict[str, str]:
        file = module.file
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
        for dep, canonical in module.deps.items():
            if dep.repo_name is not None:
                version = f" {dep.version}" if canonical != dep.name and canonical else ""
                give(dep.repo_name, canonical, f"module `{dep.name}`{version}", dep.place)
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

    def _extension_usages(self, found: FoundModules, prefixes: Mapping[str, str]) -> tuple[ModuleExtensionUsage, ...]:
        usages = []
        replaced: dict[str, dict[str, str]] = {}
        for name, one in found.items():
            for position, usage in enumerate(one.file.extensions):
                identity = self._extension_identity(name, usage, position)
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
        for dep, canonical in self._found[MAIN_REPOSITORY].deps.items():
            if dep.repo_name == apparent:
                return canonical
        self._errors.append(
            UnknownReplacement(f"no module and no call of a repository rule is called `{apparent}`", place=place)
        )
        return apparent

    def _prefixes(self, found: FoundModules) -> dict[str, str]:
        """What the repositories of each written extension begin with; no two prefixes are equal."""
        identities = {
            self._extension_identity(name, usage, position)
            for name, one in found.items()
            for position, usage in enumerate(one.file.extensions)
        }
        prefixes: dict[str, str] = {}
        for identity in sorted(identities):
            module = _repository_of(identity)
            if module in READ_DIRECTLY and module in found and isinstance(found[module].source, BuiltinSource):
                continue
            extension, _, isolated = identity.partition("%")[2].partition("%")
            start = f"{module}++{extension}" if module else f"+{extension}"
            number = 1
            while (prefix := f"{start}{number if number > 1 else ''}{isolated}+") in prefixes.values():
                number += 1
            prefixes[identity] = prefix
        return prefixes

    def _extension_identity(self, module: str, usage: ExtensionUsage, position: int) -> str:
        identity = f"{self._file_label(module, usage.file)}%{usage.name}"
        # An isolated usage is an extension of its own.
        return f"{identity}%+{module or '_main'}+{position}" if usage.isolate else identity

    def _file_label(self, module: str, text: str) -> str:
        """The canonical label of a `.bzl` file that a module names."""
        repository, slashes, path = text.partition("//")
        if not slashes:
            repository, path = "", f":{text.removeprefix(':')}"
        apparent = repository.lstrip("@")
        canonical = module
        if repository.startswith("@@"):
            canonical = apparent
        elif apparent:
            found = self._found[module]
            known = {dep.repo_name: name for dep, name in found.deps.items() if dep.repo_name is not None}
            known[found.file.repo_name or found.file.name or module] = module
            canonical = known.get(apparent, apparent)
        return f"@@{canonical}//{path}"

    def _check_made_names(self, found: FoundModules, extension_usages: Iterable[ModuleExtensionUsage]) -> None:
        """Short canonical names are for things of which no two share one; say so where they would."""
        owners: dict[str, str] = {name: f"module `{name}`" for name in found if name}
        for one in extension_usages:
            for exported in one.usage.imports.values() if one.prefix is None else ():
                what = f"a repository of extension `{one.extension}`"
                present = owners.setdefault(exported, what)
                if present != what:
                    self._errors.append(NameTaken(exported, present, what, one.usage.place))


def _repository_of(label: str) -> str:
    return label.removeprefix("@@").partition("//")[0]


def _repo_rule_prefix(module: str, rule: str) -> str:
    return f"{module}++{rule}+" if module else f"+{rule}+"
