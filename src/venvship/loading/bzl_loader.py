"""`.bzl` files: each is evaluated once, and what it exports never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import InternalError, Place, SeveralErrors, UserError, VenvshipError
from venvship.loading.attribute_values import LabelReader
from venvship.loading.code_cache import CodeCache, compiled
from venvship.loading.exporting import Exportable
from venvship.loading.files import EntryKind, SourceFiles
from venvship.loading.label_values import read_label
from venvship.loading.nearest import did_you_mean, nearest
from venvship.loading.repositories import NoSuchRepository, Repository, RepositorySet
from venvship.loading.visibility import PUBLIC, Visibility
from venvship.loading.visibility_values import read_package_patterns
from venvship.loading.workspace import BUILD_FILES, join_host
from venvship.memo.computation import Cycle, Memo
from venvship.memo.keys import Key
from venvship.model.label import InvalidLabel, Label, PackageId, UnknownRepository
from venvship.model.paths import join
from venvship.modules.module_sources import AbsentSource
from venvship.starlark.builtin import builtin
from venvship.starlark.dialect import Dialect
from venvship.starlark.errors import EvaluationError, MissingSymbol
from venvship.starlark.execution import execute, undefined_names
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.iteration import sequence
from venvship.starlark.program import LoadStatement, Program
from venvship.starlark.thread import Thread, current_thread

PrintHandler = Callable[[str, Place], None]

MAX_LOAD_DEPTH = 60
"""Files that load files that load files: each level takes some of Python's stack."""

_SUFFIXES = (".bzl", ".scl")


class CannotLoad(UserError):
    """A load statement names a file that can't be loaded."""


class NotVisibleForLoading(UserError):
    """A `.bzl` file does not want to be loaded from there."""

    def __init__(self, label: Label, package: PackageId, place: Place) -> None:
        super().__init__(
            f"`{label}` may not be loaded from package `{package}`",
            place=place,
            hint="check the `visibility()` that the loaded file declares",
        )


@dataclass(frozen=True, slots=True)
class BzlKey(Key["BzlModule"]):
    """The evaluation of one `.bzl` file."""

    label: Label

    def fingerprint(self, value: BzlModule) -> str:
        return value.digest

    def __str__(self) -> str:
        return str(self.label)


@dataclass(frozen=True, slots=True, eq=False)
class BzlModule:
    """An evaluated `.bzl` file. `loads` are the files it loads, directly or not, itself last.

    `digest` changes whenever the text of any of these files does. `globals` are what the file itself bound, private
    names included.
    """

    label: Label
    exports: Mapping[str, Value]
    loads: tuple[Label, ...]
    visibility: Visibility
    digest: str
    globals: Mapping[str, Value]


@dataclass(slots=True, eq=False)
class BzlFile:
    """A `.bzl` file while it runs: the context of its thread."""

    label: Label
    repository: Repository
    visibility: Visibility = PUBLIC
    visibility_place: Place | None = None


_MISSPELT: Final = 0.9
"""How alike two names are of which one is meant for the other, and not for a file that we lack."""
_PUBLIC_ONLY: Final = "the module comes with venvship, with what is public of it: load the rule from a public file"


class BzlLoader:
    """Evaluates `.bzl` files for packages and for each other."""

    def __init__(
        self,
        *,
        repositories: RepositorySet,
        files: SourceFiles,
        memo: Memo,
        names: Mapping[str, Value],
        builtin_names: Mapping[str, Value],
        print_handler: PrintHandler | None = None,
        cache: CodeCache | None = None,
        exports_of_absent: Callable[[AbsentSource, Mapping[str, Value]], Mapping[str, Value]],
    ) -> None:
        """`names` is what every file sees beside the language, `builtin_names` what built-in modules see beyond.

        `exports_of_absent` answers what stands for all symbols of a file, given those that there are.
        """
        self._repositories = repositories
        self._files = files
        self._memo = memo
        self._names = {"visibility": declare_visibility, **names, "Label": self._label_builtin()}
        self._builtin_names = {**self._names, **builtin_names}
        self._print_handler = print_handler
        self._cache = cache
        self._exports_of_absent = exports_of_absent
        # By the name that positions show: a function knows the file it stands in, not who calls it.
        self._origins: dict[str, tuple[PackageId, Repository]] = {}
        self._depth = 0

    def load(self, label: Label) -> BzlModule:
        """Raises whatever is wrong with the file or one that it loads."""
        return self._memo.compute(BzlKey(label), lambda: self._evaluate(label))

    def load_for(
        self, program: Program, package: PackageId, repository: Repository, names: Mapping[str, Value]
    ) -> tuple[dict[str, BzlModule], tuple[Label, ...]]:
        """The modules that a program loads by the text that names them, and every file behind them in order.

        `names` are those that it will run with.

        Raises everything that is wrong with any of them.
        """
        modules: dict[str, BzlModule] = {}
        behind: dict[Label, None] = {}
        problems: list[VenvshipError] = []
        for statement in program.loads:
            if statement.module in modules:
                problems += _missing_symbols(statement, modules[statement.module])
                continue
            try:
                label = _loaded_label(statement, package, repository)
            except UserError as error:
                problems.append(error)
                continue
            try:
                module = self.load(label)
            except Cycle as error:
                # The innermost statement closes the circle.
                error.place = error.place or statement.place
                raise
            except UserError as error:
                problems.extend(_seen_from(error, statement.place))
                continue
            if not module.visibility.admits(package) and label.package != package:
                problems.append(NotVisibleForLoading(label, package, statement.place))
            modules[statement.module] = module
            problems += _missing_symbols(statement, module)
            behind.update(dict.fromkeys(module.loads))
        if problems:
            problems += undefined_names(program, names)
            unique = list({(str(problem.place), problem.message): problem for problem in reversed(problems)}.values())
            raise unique[0] if len(unique) == 1 else SeveralErrors(reversed(unique))
        return modules, tuple(behind)

    def _evaluate(self, label: Label) -> BzlModule:
        if self._depth >= MAX_LOAD_DEPTH:
            raise CannotLoad(f"cannot load `{label}`: files load each other more than {MAX_LOAD_DEPTH} deep")
        repository = self._repositories.get(label.repository)
        path = join(label.package.path, label.name)
        missing = self._missing(repository, path)
        if missing is not None:
            exports = self._exports_of_absent(missing, {})
            return BzlModule(label, exports, (label,), PUBLIC, repr(missing), exports)
        absent = repository.absent
        source = self._source(label, repository, path)
        filename = repository.shown(path)
        self._origins[filename] = (label.package, repository)
        program = compiled(source, filename=filename, dialect=Dialect.BZL, cache=self._cache)
        names = self._builtin_names if repository.is_builtin else self._names
        self._depth += 1
        try:
            modules, behind = self.load_for(program, label.package, repository, names)
        finally:
            self._depth -= 1
        context = BzlFile(label, repository)
        thread = Thread(print_handler=self._print_handler, context=context, source_line=self.source_line)
        module = execute(
            program,
            predeclared=names,
            load=lambda statement: modules[statement.module].exports,
            thread=thread,
            label=str(label),
        )
        for name, value in module.globals.items():
            if isinstance(value, Exportable):
                value.export(label, name)
        digest = hashlib.sha256(source)
        for loaded in modules.values():
            digest.update(loaded.digest.encode())
        exports = module.exports if absent is None else self._exports_of_absent(absent, module.exports)
        return BzlModule(label, exports, (*behind, label), context.visibility, digest.hexdigest(), module.globals)

    def source_line(self, filename: str, line: int) -> str | None:
        """The text of a line of a `.bzl` file, for tracebacks."""
        origin = self._origins.get(filename)
        if origin is None:
            return None
        _, repository = origin
        path = filename.removeprefix(repository.shown("")) if repository.canonical_name else filename
        return line_of(self._read(repository, path), line)

    def _missing(self, repository: Repository, path: str) -> AbsentSource | None:
        """Why a file is not there; None for one that is, or whose name is most likely misspelt."""
        if repository.absent is None and repository.lacking is None:
            return None
        if repository.root is not None and self._read(repository, path) is not None:
            return None
        if repository.lacking is None or repository.absent is not None:
            return repository.absent
        directory, _, name = path.rpartition("/")
        if nearest(name, self._names_in(repository, directory), limit=1, cutoff=_MISSPELT):
            return None
        return repository.lacking(path)

    def _names_in(self, repository: Repository, directory: str) -> list[str]:
        """The `.bzl` files that there are."""
        if repository.generated is not None:
            paths = (path.rpartition("/") for path in repository.generated.source_paths())
            return [name for above, _, name in paths if above == directory]
        if repository.root is None:
            return []
        listed = self._files.list_directory(join_host(repository.root, directory))
        return [entry.name for entry in listed if entry.name.endswith(_SUFFIXES)]

    def _source(self, label: Label, repository: Repository, path: str) -> bytes:
        source = self._read(repository, path)
        if source is None:
            directory, _, name = path.rpartition("/")
            names = self._names_in(repository, directory)
            raise CannotLoad(
                f"cannot load `{label}`: no such file `{repository.shown(path)}`",
                hint=did_you_mean(name, names) or (_PUBLIC_ONLY if repository.is_builtin else None),
            )
        if repository.root is not None:
            self._check_package(label, repository)
        return source

    def _check_package(self, label: Label, repository: Repository) -> None:
        """A `.bzl` file belongs to the nearest directory upward with a BUILD file, and its label must say so."""
        parts = label.name.split("/")[:-1]
        for count in range(len(parts), -1, -1):
            directory = join(label.package.path, *parts[:count])
            if self._is_package(repository, directory):
                if count == 0:
                    return
                right = Label(PackageId(label.repository, directory), "/".join(label.name.split("/")[count:]))
                raise CannotLoad(
                    f"cannot load `{label}`: it crosses the boundary of a package", hint=f"did you mean `{right}`?"
                )
        raise CannotLoad(
            f"cannot load `{label}`: `{repository.shown(label.package.path) or '.'}` is not a package",
            hint=f"create an empty BUILD.bazel in `{repository.shown(label.package.path) or 'the root'}`",
        )

    def _is_package(self, repository: Repository, directory: str) -> bool:
        assert repository.root is not None
        return any(
            self._files.kind(join_host(repository.root, join(directory, name))) is EntryKind.FILE
            for name in BUILD_FILES
        )

    def _read(self, repository: Repository, path: str) -> bytes | None:
        if repository.generated is not None:
            return repository.generated.source(path)
        if repository.root is None:
            raise InternalError(f"repository `{repository.canonical_name}` has neither files nor made packages")
        return self._files.read(join_host(repository.root, path))

    def _label_builtin(self) -> Value:
        @builtin("Label")
        def make_label(input: str | Label, /) -> Label:  # noqa: A002
            if isinstance(input, Label):
                return input
            origin = self._origins.get(current_thread().caller_place().path)
            if origin is None:
                raise EvaluationError("Label() can only be used in .bzl files")
            package, repository = origin
            return read_label(input, package, repository.mapping)

        return make_label


def line_of(source: bytes | None, line: int) -> str | None:
    """The text of one line, counted from 1."""
    lines = (source or b"").decode("utf-8", "replace").splitlines()
    return lines[line - 1] if 1 <= line <= len(lines) else None


@builtin("visibility")
def declare_visibility(value: Value, /) -> None:
    """Says which packages may load the file that runs."""
    file = current_thread().context
    place = current_thread().caller_place()
    if not isinstance(file, BzlFile):
        raise EvaluationError("visibility() can only be used at the top level of a .bzl file")
    if file.visibility_place is not None:
        raise EvaluationError(f"visibility() may be used only once, first at {file.visibility_place}")
    texts = (value,) if isinstance(value, str) else tuple(sequence(value))
    for text in texts:
        if not isinstance(text, str):
            raise EvaluationError(f"visibility() takes strings, not {type_name(text)}")
    try:
        is_public, packages, excluded = read_package_patterns(
            texts, LabelReader(file.label.package, file.repository.mapping)
        )
    except UserError as error:
        raise EvaluationError(error.message, hint=error.hint) from error
    if excluded:
        raise EvaluationError("visibility() does not take negative package specifications")
    file.visibility = PUBLIC if is_public else Visibility(packages=packages)
    file.visibility_place = place


def _missing_symbols(statement: LoadStatement, module: BzlModule) -> list[VenvshipError]:
    exports = module.exports
    missing = [name for _, name in statement.bindings if name not in exports]
    return [MissingSymbol(statement.module, name, exports, place=statement.place) for name in missing]


def _seen_from(error: UserError, place: Place) -> list[VenvshipError]:
    """The problems of a loaded file as whoever loads it reports them; the memo keeps the original."""
    if isinstance(error, SeveralErrors):
        return [_loaded_from(one, place) for one in error.errors]
    if error.place is None and isinstance(error, CannotLoad | NoSuchRepository):
        return [CannotLoad(error.message, place=place, hint=error.hint)]
    return [_loaded_from(error, place)]


def _loaded_from(error: VenvshipError, place: Place) -> VenvshipError:
    seen = error.__class__.__new__(error.__class__, *error.args)
    seen.__dict__.update(error.__dict__)
    seen.chain = (*error.chain, f"loaded from {place}")
    return seen


def _loaded_label(statement: LoadStatement, package: PackageId, repository: Repository) -> Label:
    text = statement.module
    try:
        label = Label.parse(text, relative_to=package, repository_mapping=repository.mapping)
    except (InvalidLabel, UnknownRepository) as error:
        error.place = statement.place
        raise
    if not text.startswith(("//", ":", "@")):
        raise CannotLoad(
            f"invalid load label `{text}`: it must start with `//`, `:` or `@`",
            place=statement.place,
            hint=f"did you mean `:{text}`?",
        )
    if not label.name.endswith(_SUFFIXES):
        raise CannotLoad(f"cannot load `{text}`: the file must have the extension .bzl or .scl", place=statement.place)
    return label
