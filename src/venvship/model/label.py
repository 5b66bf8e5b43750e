"""Labels: the absolute names of packages and targets.

Repositories are named canonically here; the main repository is `""`. What a name means inside one repository (its
repository mapping) is decided before a `Label` exists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self

from venvship.dataclass import dataclass
from venvship.errors import UserError

MAIN_REPOSITORY = ""
MAIN_RUNFILES_DIRECTORY = "_main"

# Bytes of a directory name that are no UTF-8 arrive as surrogates, which no file can spell.
# What may not be in it, because the set of what may takes 30 times longer to compile.
_PACKAGE = re.compile(r"[^\x00-\x1f:\\`\x7f-\x9f\u2028\u2029\ud800-\udfff]*\Z")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.+~-]*\Z")
_TARGET = re.compile(r"[^\x00-\x1f\x7f:\\]+\Z")
_VALID_TARGET = re.compile(r"(?!\.{1,2}(?:/|\Z))[^\x00-\x1f\x7f:\\/]+(?:/(?!\.{1,2}(?:/|\Z))[^\x00-\x1f\x7f:\\/]+)*\Z")


class InvalidLabel(UserError):
    """A text that should be a label is not one."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"invalid label `{text}`: {reason}", hint="labels look like `//package:target` or `:target`")
        self.text = text
        self.reason = reason


class UnknownRepository(UserError):
    """A label names a repository that the file it stands in cannot see."""

    def __init__(self, text: str, apparent: str, visible: Mapping[str, str]) -> None:
        near = sorted(name for name in visible if name)
        super().__init__(
            f"no repository `@{apparent}` is visible here, needed by label `{text}`",
            hint="add a `bazel_dep` or `use_repo` to MODULE.bazel"
            + (f"; visible are: {', '.join('@' + name for name in near)}" if near else ""),
        )


# Equal packages and equal labels are one object: they are keys in most dictionaries of a build, and what is equal to
# itself only is hashed and compared without a call of a function in Python.
_PACKAGE_IDS: dict[tuple[str, str], Any] = {}
_LABELS: dict[tuple[PackageId, str], Any] = {}


@dataclass(frozen=True, slots=True, order=True)
class PackageId:
    """A directory with a BUILD file, in a repository; equal ones are one object."""

    repository: str
    path: str

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __new__(cls, repository: str, path: str) -> Self:
        key = (repository, path)
        known: Self | None = _PACKAGE_IDS.get(key)
        return _PACKAGE_IDS.setdefault(key, object.__new__(cls)) if known is None else known

    def __str__(self) -> str:
        return f"@@{self.repository}//{self.path}" if self.repository else f"//{self.path}"

    @property
    def runfiles_directory(self) -> str:
        """The first segment of the runfiles paths of everything in this repository."""
        return self.repository or MAIN_RUNFILES_DIRECTORY


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """The absolute name of a target; relative spellings end at `parse`. Equal ones are one object."""

    package: PackageId
    name: str

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __new__(cls, package: PackageId, name: str) -> Self:
        key = (package, name)
        known: Self | None = _LABELS.get(key)
        return _LABELS.setdefault(key, object.__new__(cls)) if known is None else known

    def __str__(self) -> str:
        return f"{self.package}:{self.name}"

    def __repr__(self) -> str:
        # That of dataclasses is costly, and fingerprints are made of very many.
        return f"Label({self.package.repository!r}, {self.package.path!r}, {self.name!r})"

    @property
    def canonical(self) -> str:
        """The unambiguous form that Starlark's `str` gives: `@@//a/b:c`."""
        return f"@@{self.package.repository}//{self.package.path}:{self.name}"

    @property
    def repository(self) -> str:
        return self.package.repository

    def sibling(self, name: str) -> Label:
        return Label(self.package, name)

    @classmethod
    def parse(cls, text: str, *, relative_to: PackageId, repository_mapping: Mapping[str, str] | None = None) -> Self:
        """Read `//pkg:name`, `//pkg`, `:name`, `name`, `@repo//pkg:name`, `@@canonical//pkg:name` or `@repo`.

        `repository_mapping` maps apparent to canonical repository names as seen from `relative_to`; without one,
        apparent names are taken as canonical. Raises InvalidLabel or UnknownRepository.
        """
        rest = text
        repository = relative_to.repository
        absolute = False
        if rest.startswith("@"):
            absolute = True
            repository_text, slashes, after = rest.partition("//")
            rest = slashes + after
            canonical = repository_text.startswith("@@")
            named = repository_text.lstrip("@")
            if not _REPOSITORY.match(named) or len(repository_text) - len(named) > 2:
                raise InvalidLabel(text, "malformed repository name")
            if not slashes:
                rest = f"//:{named}"
            if canonical or repository_mapping is None:
                repository = named
            elif named in repository_mapping:
                repository = repository_mapping[named]
            elif not named:
                repository = MAIN_REPOSITORY
            else:
                raise UnknownRepository(text, named, repository_mapping)
        if rest.startswith("//"):
            absolute = True
            package_path, colon, name = rest[2:].partition(":")
            if not colon:
                name = package_path.rpartition("/")[2]
                if not name:
                    raise InvalidLabel(text, "empty target name")
        elif absolute:
            raise InvalidLabel(text, "expected `//` after the repository name")
        else:
            package_path = relative_to.path
            name = rest[1:] if rest.startswith(":") else rest
        cls._check(text, package_path, name)
        return cls(PackageId(repository, package_path), name)

    @staticmethod
    def _check(text: str, package_path: str, name: str) -> None:
        if not _PACKAGE.match(package_path) or package_path.startswith("/") or package_path.endswith("/"):
            raise InvalidLabel(text, f"malformed package name `{package_path}`")
        if package_path and any(set(part) <= {"."} for part in package_path.split("/")):
            raise InvalidLabel(text, "package names may not contain empty, `.` or `..` segments")
        reason = target_name_problem(name)
        if reason is not None:
            raise InvalidLabel(text, reason)


def target_name_problem(name: str) -> str | None:
    """Why `name` can't be the name of a target, or None when it can."""
    # Almost all names are good ones, and every label has one.
    if _VALID_TARGET.match(name):
        return None
    if not name:
        return "empty target name"
    if not _TARGET.match(name):
        return f"target name `{name}` contains a character that is not allowed"
    if name.startswith("/") or name.endswith("/"):
        return "target names may not start or end with `/`"
    if name != "." and any(part in ("", ".", "..") for part in name.split("/")):
        return "target names may not contain empty, `.` or `..` segments"
    return None
