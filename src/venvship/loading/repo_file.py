"""`REPO.bazel` and `.bazelignore`: what holds for all packages of one repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.loading.attribute_values import LabelReader
from venvship.loading.features import NO_FEATURES, Features
from venvship.loading.globs import NOTHING_IGNORED, IgnoredDirectories, split_pattern
from venvship.loading.visibility import PRIVATE, Visibility
from venvship.loading.visibility_values import read_visibility
from venvship.model.label import PackageId
from venvship.starlark.builtin import Builtin, builtin
from venvship.starlark.dialect import Dialect
from venvship.starlark.errors import EvaluationError
from venvship.starlark.execution import execute
from venvship.starlark.host_types import Value
from venvship.starlark.program import compile_program
from venvship.starlark.thread import Thread, current_thread

REPO_FILE = "REPO.bazel"
IGNORE_FILE = ".bazelignore"


@dataclass(frozen=True, slots=True)
class RepositoryDefaults:
    """Directories without packages, and what packages are told that do not say otherwise."""

    ignored: IgnoredDirectories = NOTHING_IGNORED
    visibility: Visibility = PRIVATE
    testonly: bool = False
    deprecation: str = ""
    features: Features = NO_FEATURES


@dataclass(slots=True, eq=False)
class _Recorder:
    labels: LabelReader
    repo_place: Place | None = None
    ignore_place: Place | None = None
    patterns: list[tuple[str, ...]] = field(default_factory=list)
    visibility: Visibility = PRIVATE
    testonly: bool = False
    deprecation: str = ""
    features: Features = NO_FEATURES


def read_repository_defaults(
    read: Callable[[str], bytes | None], *, repository: str, mapping: Mapping[str, str], shown: Callable[[str], str]
) -> RepositoryDefaults:
    """What both files say; `read` takes paths below the repository's root, `shown` makes them names for messages."""
    recorder = _Recorder(LabelReader(PackageId(repository, ""), mapping))
    source = read(REPO_FILE)
    if source is not None:
        program = compile_program(source, filename=shown(REPO_FILE), dialect=Dialect.MODULE)
        execute(program, predeclared=_NAMES, load=lambda statement: {}, thread=Thread(context=recorder))
    return RepositoryDefaults(
        IgnoredDirectories(_ignored_paths(read(IGNORE_FILE) or b""), tuple(recorder.patterns)),
        recorder.visibility,
        recorder.testonly,
        recorder.deprecation,
        recorder.features,
    )


def _ignored_paths(text: bytes) -> frozenset[str]:
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    paths = [line.removeprefix("./").strip("/") for line in lines if not line.startswith("#")]
    return frozenset(path for path in paths if path not in ("", "."))


def _recorder() -> _Recorder:
    recorder = current_thread().context
    assert isinstance(recorder, _Recorder)
    return recorder


@builtin("repo")
def _repo(
    *,
    default_visibility: Value = None,
    default_testonly: bool = False,
    default_deprecation: str = "",
    default_applicable_licenses: Value = None,
    default_package_metadata: Value = None,
    features: Sequence[str] = (),
) -> None:
    recorder = _recorder()
    if recorder.repo_place is not None:
        raise EvaluationError("'repo' can only be called once in the REPO.bazel file")
    recorder.repo_place = current_thread().caller_place()
    if default_visibility is not None:
        try:
            recorder.visibility = read_visibility(default_visibility, recorder.labels)
        except UserError as error:
            raise EvaluationError(error.message, hint=error.hint) from error
    recorder.testonly = default_testonly
    recorder.deprecation = default_deprecation
    recorder.features = Features.parse(features)


@builtin("ignore_directories")
def _ignore_directories(dirs: Sequence[str], /) -> None:
    recorder = _recorder()
    if recorder.ignore_place is not None:
        raise EvaluationError("'ignore_directories()' can only be called once")
    recorder.ignore_place = current_thread().caller_place()
    try:
        recorder.patterns.extend(split_pattern(pattern) for pattern in dirs)
    except UserError as error:
        raise EvaluationError(error.message) from error


_NAMES: Mapping[str, Builtin] = {function.name: function for function in (_repo, _ignore_directories)}
