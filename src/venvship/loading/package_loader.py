"""Packages on demand: each BUILD file is evaluated once, and only when somebody asks for it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence

from venvship.dataclass import dataclass
from venvship.errors import InternalError, Place, UserError
from venvship.loading.absent_symbols import FOREIGN_KINDS, AbsentSymbols
from venvship.loading.autoloads import autoloads
from venvship.loading.build_functions import build_names, native_module
from venvship.loading.bzl_loader import BzlLoader, BzlModule, PrintHandler, line_of
from venvship.loading.code_cache import CodeCache, compiled
from venvship.loading.depset_values import make_depset
from venvship.loading.files import EntryKind, RecordedFiles, SourceFiles
from venvship.loading.globs import PackageFiles
from venvship.loading.kept_packages import Asked, KeptPackages, RuleDigest, VersionKey
from venvship.loading.label_values import InvisibleRepository, invisible_repository
from venvship.loading.nearest import did_you_mean, nearest
from venvship.loading.package import NoSuchTarget, Package
from venvship.loading.package_builder import CrossesPackageBoundary, PackageBuilder
from venvship.loading.packed_package import RuleName, Unpackable, packed_package, unpacked_package
from venvship.loading.pants_files import refuse_file_of_pants
from venvship.loading.provider_values import make_provider
from venvship.loading.repo_file import IGNORE_FILE, REPO_FILE, RepositoryDefaults, read_repository_defaults
from venvship.loading.repositories import BuildText, Repository, RepositorySet, TargetsByName, TargetSpec
from venvship.loading.rule_class import RuleClass
from venvship.loading.rule_definition import RuleDefinition
from venvship.loading.rule_functions import Unsupported, rule_function
from venvship.loading.select_values import make_select
from venvship.loading.targets import RuleTarget, Target
from venvship.loading.visibility import PUBLIC
from venvship.loading.workspace import BUILD_FILES, join_host
from venvship.memo.computation import Memo
from venvship.memo.keys import Key
from venvship.model.label import Label, PackageId
from venvship.model.paths import is_inside, join
from venvship.modules.module_sources import UnknownModule
from venvship.starlark.conversion import from_host
from venvship.starlark.dialect import Dialect
from venvship.starlark.execution import call, execute
from venvship.starlark.host_types import Value
from venvship.starlark.program import Program
from venvship.starlark.structs import Struct
from venvship.starlark.thread import Thread
from venvship.starlark.values import FrozenList

BUILTIN_RULES = "_venvship"
_FOREIGN_RULES = Label(PackageId("venvship", "foreign"), "rules.bzl")

UNSUPPORTED_BZL_NAMES = (
    "analysis_test_transition",
    "apple_common",
    "aspect",
    "attr",
    "cc_common",
    "config",
    "config_common",
    "configuration_field",
    "coverage_common",
    "exec_group",
    "exec_transition",
    "java_common",
    "macro",
    "materializer_rule",
    "module_extension",
    "platform_common",
    "proto",
    "repository_rule",
    "rule",
    "tag_class",
    "testing",
    "transition",
)
"""Names of `.bzl` files that are refused when they are used; whoever implements one passes it as an extra name."""


_CONDITIONS = "conditions"
_NOT_LOCKED = "add it to what the lock is made from, and lock again with `venvship lock`"
"""The package of `//conditions:default`, which no label but that one needs."""


class NoSuchPackage(UserError):
    """A label names a package that does not exist."""

    def __init__(self, package: PackageId, reason: str, hint: str | None = None) -> None:
        super().__init__(f"no such package `{package}`: {reason}", hint=hint)
        self.package = package


@dataclass(frozen=True, slots=True)
class PackageKey(Key[Package]):
    """The evaluation of one BUILD file."""

    package: PackageId

    def fingerprint(self, value: Package) -> str:
        return value.fingerprint()

    def __str__(self) -> str:
        return str(self.package)


@dataclass(frozen=True, slots=True)
class DefaultsKey(Key[RepositoryDefaults]):
    """What holds for all packages of a repository."""

    repository: str

    def fingerprint(self, value: RepositoryDefaults) -> str:
        return repr((sorted(value.ignored.paths), value.ignored.patterns, *dataclasses.astuple(value)[1:]))

    def __str__(self) -> str:
        return f"@@{self.repository}//:{REPO_FILE}"


class PackageLoader:
    """Loads packages of all repositories."""

    def __init__(
        self,
        *,
        repositories: RepositorySet,
        files: SourceFiles,
        memo: Memo,
        rule_classes: Mapping[str, RuleClass],
        native_rules: Iterable[str] | None = None,
        bzl_names: Mapping[str, Value] | None = None,
        own_names: Mapping[str, Value] | None = None,
        print_handler: PrintHandler | None = None,
        code_cache: CodeCache | None = None,
        modules: Mapping[str, tuple[str, str]] | None = None,
        host_constraints: Sequence[str] = (),
        surroundings: Callable[[], str] | None = None,
        rule_digest: RuleDigest = lambda rule: None,
    ) -> None:
        """`native_rules` are the rule classes that BUILD files and `native` know, all of them by default.

        `bzl_names` are further names of `.bzl` files, `own_names` those that only built-in ones have. `modules` gives
        name and version of the module behind a canonical repository name, `host_constraints` are the constraint values
        of the machine that builds.
        With `surroundings`, which answers what all packages depend on that neither they nor their repositories say,
        packages are kept in the code cache.
        """
        self._repositories = repositories
        self._files = RecordedFiles(files, memo)
        self._memo = memo
        # One of each: asked for with each edge between targets.
        self._keys: dict[PackageId, PackageKey] = {}
        self._by_name: dict[Label, Target | None] = {}
        self._rule_classes = dict(rule_classes)
        self._print_handler = print_handler
        self._cache = code_cache
        self._modules = dict(modules or {})
        functions = {name: rule_function(rule_class) for name, rule_class in rule_classes.items()}
        native: dict[str, Value] = {
            **autoloads(lambda label: self.bzl.load(label)),
            **{name: functions[name] for name in (functions if native_rules is None else native_rules)},
        }
        self._build_names: dict[str, Value] = {"depset": make_depset, **build_names(native)}
        shared = dict(bzl_names or {})
        rules = {**shared, **(own_names or {}), **functions, "host_constraints": FrozenList(host_constraints)}
        self.bzl = BzlLoader(
            repositories=repositories,
            files=self._files,
            memo=memo,
            names={**_names_of_bzl_files(native), **shared},
            builtin_names={BUILTIN_RULES: Struct(rules)},
            print_handler=print_handler,
            cache=code_cache,
            exports_of_absent=lambda absent, known: AbsentSymbols(
                absent, lambda: self.bzl.load(_FOREIGN_RULES).exports["foreign_target"], known
            ),
        )
        self._asked = Asked(self._files, self.bzl, repositories, rule_digest, self._version_of)
        self._kept: KeptPackages | None = None
        if code_cache is not None and surroundings is not None:
            self._kept = KeptPackages(code_cache, f"{surroundings()} {sorted(host_constraints)}")

    def load(self, package: PackageId) -> Package:
        """The package; raises NoSuchPackage, or everything that is wrong with its BUILD file."""
        key = self._keys.get(package)
        if key is None:
            key = self._keys[package] = PackageKey(package)
        return self._memo.compute(key, lambda: self._evaluate(package))

    def target(self, label: Label) -> Target:
        """The target of a label; raises NoSuchTarget, and what `load` raises."""
        package = self.load(label.package)
        target = package.targets.get(label.name)
        if target is not None:
            return target
        own_file = package.own_file
        if own_file is not None and own_file.label == label:
            return own_file
        made = _made_by_absent(label, package) or self._made_by_name(label)
        if made is not None:
            return made
        raise self._missing(label, package)

    def _made_by_name(self, label: Label) -> Target | None:
        """A target of a generated package that is there because somebody asks for it."""
        generated = self._repository(label.repository).generated
        if generated is None:
            return None
        if label not in self._by_name:
            specs = generated.package(label.package.path) or ()
            builder = self._builder(label.package, self._repository(label.repository), "", None)
            for by_name in specs:
                for spec in by_name.made(label.name) if isinstance(by_name, TargetsByName) else ():
                    self._add(builder, spec)
            self._by_name[label] = builder.finish().targets.get(label.name)
        return self._by_name[label]

    def exists(self, package: PackageId) -> bool:
        """Whether there is such a package, whatever may be wrong with it."""
        repository = self._repository(package.repository)
        if repository.generated is not None:
            return repository.generated.package(package.path) is not None
        return self._build_file(package, repository) is not None

    def packages_below(self, repository_name: str, directory: str = "") -> list[PackageId]:
        """Every package at or below a directory, sorted by path.

        Links are followed, except those that builds leave in the root and those that lead back to where they are.
        """
        repository = self._repository(repository_name)
        if repository.generated is not None:
            paths = [path for path in repository.generated.package_paths() if is_inside(path, directory)]
            return [PackageId(repository_name, path) for path in sorted(paths)]
        found: list[PackageId] = []
        ignored = self._defaults(repository).ignored
        tree = PackageFiles(self._files, _root_of(repository), "", ignored)
        waiting = [directory]
        while waiting:
            path = waiting.pop()
            if ignored.holding(path) is not None:
                continue
            if tree.has_build_file(path):
                found.append(PackageId(repository_name, path))
            waiting.extend(tree.directories(path))
        return sorted(found)

    def is_absent(self, repository_name: str) -> bool:
        """Whether a repository may lack what others expect of it."""
        return (
            invisible_repository(repository_name) is None and self._repositories.get(repository_name).absent is not None
        )

    def source_line(self, filename: str, line: int) -> str | None:
        """The text of a line of a file that was loaded, for tracebacks."""
        return self.bzl.source_line(filename, line)

    def _repository(self, canonical_name: str) -> Repository:
        invisible = invisible_repository(canonical_name)
        if invisible is not None:
            apparent, seen_from = invisible
            raise InvisibleRepository(apparent, seen_from, self._repositories.get(seen_from).mapping)
        repository = self._repositories.get(canonical_name)
        if repository.absent is not None and repository.root is None:
            raise UnknownModule(repository.absent)
        return repository

    def _evaluate(self, package: PackageId) -> Package:
        repository = self._repository(package.repository)
        if repository.generated is not None:
            return self._generate(package, repository)
        build_file = self._build_file(package, repository)
        if build_file is None:
            raise self._no_such_package(package, repository)
        shown = repository.shown(build_file)
        source = self._files.read(join_host(_root_of(repository), build_file))
        if source is None:
            raise NoSuchPackage(package, f"`{shown}` disappeared while it was read")
        if self._kept is None:
            return self._read(package, repository, shown, source)[0]
        key = self._kept.key(package, repository, shown, source, said=lambda: self._said(repository))
        before = len(self._memo.asked_so_far())
        data = self._kept.find(key, self._asked)
        if data is not None:
            return unpacked_package(
                data,
                package,
                repository.mapping,
                rule_class=self._rule_class,
                digest_of=lambda file: self.bzl.load(file).digest,
            )
        evaluated, has_printed = self._read(package, repository, shown, source)
        answers = None if has_printed else self._asked.answers(self._memo.asked_so_far()[before:], evaluated.symbols)
        if answers is not None:
            with contextlib.suppress(Unpackable):
                self._kept.keep(key, answers, packed_package(evaluated, repository.mapping, self._rule_name))
        return evaluated

    def _said(self, repository: Repository) -> str:
        """What holds for all packages of a repository."""
        defaults = DefaultsKey(repository.canonical_name).fingerprint(self._defaults(repository))
        return f"{self._modules.get(repository.canonical_name, (None, None))[0]!r} {defaults}"

    def _rule_name(self, rule_class: RuleClass) -> RuleName:
        """How a rule class is found by another process; raises Unpackable."""
        file, name = rule_class.defined_in, rule_class.name
        if (self._rule_classes.get(name) if file is None else self._global_rule(file, name)) is not rule_class:
            raise Unpackable(name)
        return file, name

    def _rule_class(self, rule: RuleName) -> RuleClass:
        file, name = rule
        found = self._rule_classes.get(name) if file is None else self._global_rule(file, name)
        if found is None:
            raise InternalError(f"the rule `{name}` of a kept package is not in `{file}`")
        return found

    def _global_rule(self, file: Label, name: str) -> RuleClass | None:
        value = self.bzl.load(file).globals.get(name)
        return value.rule_class if isinstance(value, RuleDefinition) and value.is_named else None

    def _read(self, package: PackageId, repository: Repository, shown: str, source: bytes) -> tuple[Package, bool]:
        """Evaluate a BUILD file; also whether it printed something."""
        files = PackageFiles(self._files, _root_of(repository), package.path, self._defaults(repository).ignored)
        builder = self._builder(package, repository, shown, files)
        return self._executed(builder, package, repository, source), builder.has_printed

    def _executed(self, builder: PackageBuilder, package: PackageId, repository: Repository, source: bytes) -> Package:
        """The package with what a text declares."""
        program = compiled(source, filename=builder.build_file, dialect=Dialect.BUILD, cache=self._cache)
        refuse_file_of_pants(program, self._build_names)
        modules, behind = self.bzl.load_for(program, package, repository, self._build_names)
        self._run(builder, modules, source, program)
        symbols: dict[Label, tuple[str, ...]] = {}
        for statement in program.loads:
            label = modules[statement.module].label
            symbols[label] = (*symbols.get(label, ()), *(exported for _, exported in statement.bindings))
        return builder.finish(behind, lambda file: self.bzl.load(file).digest, symbols)

    def _run(
        self,
        builder: PackageBuilder,
        modules: Mapping[str, BzlModule],
        source: bytes,
        program: Program,
    ) -> None:
        """Evaluate a BUILD file; what goes wrong is added to what the builder found before it did."""

        def source_line(filename: str, line: int) -> str | None:
            return line_of(source, line) if filename == builder.build_file else self.source_line(filename, line)

        def show(text: str, place: Place) -> None:
            builder.has_printed = True
            if self._print_handler is not None:
                self._print_handler(text, place)

        thread = Thread(print_handler=show, context=builder, source_line=source_line)
        try:
            execute(
                program,
                predeclared=self._build_names,
                load=lambda statement: modules[statement.module].exports,
                thread=thread,
            )
            builder.is_finishing = True
            for finalizer in builder.finalizers:
                call(thread, finalizer)
        except UserError as error:
            builder.report(error, Place(builder.build_file))

    def _generate(self, package: PackageId, repository: Repository) -> Package:
        assert repository.generated is not None
        specs = repository.generated.package(package.path)
        if specs is None:
            hint = did_you_mean(package.path, list(repository.generated.package_paths()))
            if not repository.locks:
                raise NoSuchPackage(package, f"repository `@{repository.canonical_name}` has none", hint)
            listed = ", ".join(f"`{lock}`" for lock in repository.locks)
            raise NoSuchPackage(package, f"it is not locked in {listed}", hint or _NOT_LOCKED)
        text = next((spec for spec in specs if isinstance(spec, BuildText)), None)
        builder = self._builder(package, repository, "" if text is None else text.shown, None)
        for spec in specs:
            if isinstance(spec, TargetSpec):
                self._add(builder, spec)
        return builder.finish() if text is None else self._executed(builder, package, repository, text.source)

    def _add(self, builder: PackageBuilder, spec: TargetSpec) -> None:
        rule_class = self._rule_classes.get(spec.rule)
        if rule_class is None:
            raise InternalError(f"`{builder.id}:{spec.name}` is made with an unknown rule `{spec.rule}`")
        given = {name: from_host(value) for name, value in spec.attributes.items()}
        builder.add_rule(rule_class, {"name": spec.name, **given}, Place(str(builder.id)))

    def _builder(
        self, package: PackageId, repository: Repository, build_file: str, files: PackageFiles | None
    ) -> PackageBuilder:
        name, _ = self._modules.get(package.repository, (None, None))
        defaults = self._defaults(repository) if files is not None else RepositoryDefaults(visibility=PUBLIC)
        version = functools.partial(self._version_of, package.repository)
        return PackageBuilder(
            package, repository, build_file, files, defaults, module_name=name, module_version=version
        )

    def _version_of(self, repository: str) -> str | None:
        """The version of the module behind a repository: few packages depend on it."""
        return self._memo.compute(VersionKey(repository), lambda: self._modules.get(repository, (None, None))[1])

    def _build_file(self, package: PackageId, repository: Repository) -> str | None:
        """The path of a package's BUILD file in its repository."""
        if self._defaults(repository).ignored.holding(package.path) is not None:
            return None
        for name in BUILD_FILES:
            path = join(package.path, name)
            if self._files.kind(join_host(_root_of(repository), path)) is EntryKind.FILE:
                return path
        return None

    def _no_such_package(self, package: PackageId, repository: Repository) -> NoSuchPackage:
        where = repository.shown(package.path) or "the root of the workspace"
        ignored = self._defaults(repository).ignored.holding(package.path)
        if ignored is not None:
            return NoSuchPackage(
                package,
                f"`{ignored}` is ignored by {repository.shown(IGNORE_FILE)} or {repository.shown(REPO_FILE)}",
            )
        directory = join_host(_root_of(repository), package.path)
        if self._files.kind(directory) is EntryKind.DIRECTORY:
            return NoSuchPackage(package, f"there is no BUILD.bazel or BUILD file in `{where}`")
        if package.path == _CONDITIONS:
            hint: str | None = f"did you mean `//{_CONDITIONS}:default`?"
            return NoSuchPackage(package, f"there is no directory `{where}`", hint)
        meant = self._meant_directory(package.path, repository)
        hint = f"did you mean `{PackageId(package.repository, meant)}`?" if meant else None
        if hint is None and repository.is_builtin:
            hint = "the module comes with venvship, with what is public of it"
        return NoSuchPackage(package, f"there is no directory `{where}`", hint)

    def _meant_directory(self, path: str, repository: Repository) -> str | None:
        """The directory that is there when each part that is not is taken for the one most like it."""
        found = ""
        for part in path.split("/"):
            above = join_host(_root_of(repository), found)
            there = [one.name for one in self._files.list_directory(above) if one.kind is EntryKind.DIRECTORY]
            near = [part] if part in there else nearest(part, there, limit=1)
            if not near:
                return None
            found = join(found, near[0])
        return found

    def _missing(self, label: Label, package: Package) -> UserError:
        repository = self._repository(label.repository)
        if repository.root is None:
            return NoSuchTarget(label, package)
        files = PackageFiles(self._files, repository.root, label.package.path, self._defaults(repository).ignored)
        boundary = files.boundary_in(label.name)
        if boundary is not None:
            return CrossesPackageBoundary(label, PackageId(label.repository, join(label.package.path, boundary)), None)
        if files.exists(label.name):
            return NoSuchTarget(label, package, file_exists=True)
        directory = label.name.rpartition("/")[0]
        listed = self._files.list_directory(join_host(repository.root, join(label.package.path, directory)))
        names = [join(directory, entry.name) for entry in listed if entry.kind is EntryKind.FILE]
        return NoSuchTarget(label, package, files=names)

    def _defaults(self, repository: Repository) -> RepositoryDefaults:
        root = repository.root
        if root is None:
            return RepositoryDefaults()
        return self._memo.compute(
            DefaultsKey(repository.canonical_name),
            lambda: read_repository_defaults(
                lambda path: self._files.read(join_host(root, path)),
                repository=repository.canonical_name,
                mapping=repository.mapping,
                shown=repository.shown,
            ),
        )


def _names_of_bzl_files(native: Mapping[str, Value]) -> dict[str, Value]:
    """What `.bzl` files know without a load, apart from what whoever loads them adds."""
    return {
        **{name: Unsupported(name) for name in UNSUPPORTED_BZL_NAMES},
        "depset": make_depset,
        "native": native_module(native),
        "provider": make_provider,
        "select": make_select,
    }


def _root_of(repository: Repository) -> str:
    if repository.root is None:
        raise InternalError(f"repository `{repository.canonical_name}` has no files")
    return repository.root


def _made_by_absent(label: Label, package: Package) -> Target | None:
    """The target as a macro that can't be had may make it beside its own: one that can't be built either.

    Macros call their targets after their name: `NAME.update`, `NAME_test`, `NAME/part`.
    """
    ends = [end for end, character in enumerate(label.name) if character in "._-/"]
    for end in reversed(ends):
        target = package.targets.get(label.name[:end])
        if isinstance(target, RuleTarget) and target.rule_class.name in FOREIGN_KINDS:
            return dataclasses.replace(target, label=label)
    return None
