"""`.bzl` files: each is evaluated once, and what it exports never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from venvship.errors import InternalError, Place, SeveralErrors, UserError
from venvship.loading.code_cache import CodeCache, compiled
from venvship.loading.files import EntryKind, SourceFiles
from venvship.loading.label_values import read_label
from venvship.loading.nearest import did_you_mean
from venvship.loading.provider_values import StarlarkProvider
from venvship.loading.repositories import NoSuchRepository, Repository, RepositorySet
from venvship.loading.workspace import BUILD_FILES, join_host
from venvship.memo.computation import Cycle, Memo
from venvship.memo.keys import Key
from venvship.model.label import InvalidLabel, Label, PackageId, UnknownRepository
from venvship.model.paths import join
from venvship.starlark.builtin import builtin
from venvship.starlark.dialect import Dialect
from venvship.starlark.errors import EvaluationError
from venvship.starlark.execution import execute
from venvship.starlark.host_types import Value
from venvship.starlark.program import LoadStatement, Program
from venvship.starlark.thread import Thread, current_thread

PrintHandler = Callable[[str, Place], None]

MAX_LOAD_DEPTH = 60
"""Files that load files that load files: each level takes some of Python's stack."""

_SUFFIXES = (".bzl", ".scl")


class CannotLoad(UserError):
    """A load statement names a file that can't be loaded."""


@dataclass(frozen=True, slots=True)
class BzlKey(Key["BzlModule"]):
    """The evaluation of one `.bzl` file."""

    label: Label

    def __str__(self) -> str:
        return str(self.label)


@dataclass(frozen=True, slots=True, eq=False)
class BzlModule:
    """An evaluated `.bzl` file. `loads` are the files it loads, directly or not, itself last."""

    label: Label
    exports: Mapping[str, Value]
    loads: tuple[Label, ...]


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
    ) -> None:
        """`names` is what every file sees beside the language, `builtin_names` what built-in modules see beyond."""
        self._repositories = repositories
        self._files = files
        self._memo = memo
        self._names = {**names, "Label": self._label_builtin()}
        self._builtin_names = {**self._names, **builtin_names}
        self._print_handler = print_handler
        self._cache = cache
        # By the name that positions show: a function knows the file it stands in, not who calls it.
        self._origins: dict[str, tuple[PackageId, Repository]] = {}
        self._depth = 0

    def load(self, label: Label) -> BzlModule:
        """Raises whatever is wrong with the file or one that it loads."""
        return self._memo.compute(BzlKey(label), lambda: self._evaluate(label))

    def load_for(
        self, program: Program, package: PackageId, repository: Repository
    ) -> tuple[dict[str, BzlModule], tuple[Label, ...]]:
        """The modules that a program loads by the text that names them, and every file behind them in order.

        Raises everything that is wrong with any of them.
        """
        modules: dict[str, BzlModule] = {}
        behind: dict[Label, None] = {}
        problems: dict[UserError, None] = {}
        for statement in program.loads:
            if statement.module in modules:
                continue
            try:
                module = self.load(_loaded_label(statement, package, repository))
            except Cycle:
                raise
            except UserError as error:
                if error.place is None and isinstance(error, CannotLoad | NoSuchRepository):
                    problems[CannotLoad(error.message, place=statement.place, hint=error.hint)] = None
                else:
                    problems[error] = None
                continue
            modules[statement.module] = module
            behind.update(dict.fromkeys(module.loads))
        if problems:
            errors = list(problems)
            raise errors[0] if len(errors) == 1 else SeveralErrors(errors)
        return modules, tuple(behind)

    def origin_of(self, filename: str) -> tuple[PackageId, Repository] | None:
        """The package and repository of a `.bzl` file by the name that positions show."""
        return self._origins.get(filename)

    def _evaluate(self, label: Label) -> BzlModule:
        if self._depth >= MAX_LOAD_DEPTH:
            raise CannotLoad(f"cannot load `{label}`: files load each other more than {MAX_LOAD_DEPTH} deep")
        repository = self._repositories.get(label.repository)
        path = join(label.package.path, label.name)
        source = self._source(label, repository, path)
        filename = repository.shown(path)
        self._origins[filename] = (label.package, repository)
        program = compiled(source, filename=filename, dialect=Dialect.BZL, cache=self._cache)
        self._depth += 1
        try:
            modules, behind = self.load_for(program, label.package, repository)
        finally:
            self._depth -= 1
        thread = Thread(print_handler=self._print_handler, context=label, source_line=self.source_line)
        module = execute(
            program,
            predeclared=self._builtin_names if repository.is_builtin else self._names,
            load=lambda statement: modules[statement.module].exports,
            thread=thread,
            label=str(label),
        )
        for name, value in module.globals.items():
            if type(value) is StarlarkProvider and not value.name:
                value.name = name
        return BzlModule(label, module.exports, (*behind, label))

    def source_line(self, filename: str, line: int) -> str | None:
        """The text of a line of a `.bzl` file, for tracebacks."""
        origin = self._origins.get(filename)
        if origin is None:
            return None
        _, repository = origin
        path = filename.removeprefix(repository.shown("")) if repository.canonical_name else filename
        return line_of(self._read(repository, path), line)

    def _source(self, label: Label, repository: Repository, path: str) -> bytes:
        source = self._read(repository, path)
        if source is None:
            directory = path.rpartition("/")[0]
            names: list[str] = []
            if repository.root is not None:
                listed = self._files.list_directory(join_host(repository.root, directory))
                names = [entry.name for entry in listed if entry.name.endswith(_SUFFIXES)]
            raise CannotLoad(
                f"cannot load `{label}`: no such file `{repository.shown(path)}`",
                hint=did_you_mean(path.rpartition("/")[2], names),
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
