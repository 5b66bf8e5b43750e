"""Repositories: where packages come from, and what a repository calls the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.nearest import did_you_mean
from venvship.modules.module_sources import AbsentSource


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A target of a package that no BUILD file declares.

    `rule` names a built-in rule class. `attributes` are what a BUILD file would say: texts, numbers, lists and
    dictionaries, labels as text. Visibility is public unless they say otherwise.
    """

    rule: str
    name: str
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuildText:
    """What somebody wrote for a package that no BUILD file declares; messages call it `shown`."""

    source: bytes
    shown: str


@dataclass(frozen=True, slots=True)
class TargetsByName:
    """Targets of a package that are made when somebody asks for one, and that no list of targets has.

    `made` answers with the target of a name, and nothing for a name that can't be.
    """

    made: Callable[[str], Sequence[TargetSpec]]


class GeneratedPackages(Protocol):
    """Packages of a repository that has no files, such as a hub of wheels."""

    def package(self, path: str) -> Sequence[TargetSpec | TargetsByName | BuildText] | None:
        """The targets of a package, and one text at most, at the end; None when there is no such package."""
        ...

    def package_paths(self) -> Iterable[str]:
        """Every path for which `package` has an answer."""
        ...

    def source(self, path: str) -> bytes | None:
        """The text of a `.bzl` file at a path of the repository; None when there is none."""
        ...

    def source_paths(self) -> Iterable[str]:
        """Every path for which `source` has an answer."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Repository:
    """A tree of packages: a directory of the host, or packages made up by another layer.

    `mapping` gives the canonical name of each repository that this one can name. Files of a repository that
    `is_builtin` may use the built-in rules by `_venvship`. `shown_root` is what stands before a path of this
    repository in messages: nothing for the main repository. Of what is not there in one that is `absent`, wholly or in
    part, `.bzl` files export whatever is asked of them; `lacking` tells the same of a path in one that is there
    otherwise. `locks` are the lock files that say which packages a generated one has, as messages name them.
    """

    canonical_name: str
    mapping: Mapping[str, str]
    root: str | None = None
    generated: GeneratedPackages | None = None
    locks: tuple[str, ...] = ()
    is_builtin: bool = False
    absent: AbsentSource | None = None
    lacking: Callable[[str], AbsentSource] | None = None

    @property
    def shown_root(self) -> str:
        return f"@{self.canonical_name}" if self.canonical_name else ""

    def shown(self, path: str) -> str:
        """How messages name the file at `path` of this repository."""
        return f"{self.shown_root}/{path}" if self.canonical_name else path


class NoSuchRepository(UserError):
    """A canonical name that no module and no extension gives to a repository."""

    def __init__(self, canonical_name: str, known: Iterable[str]) -> None:
        names = [name for name in known if name]
        super().__init__(
            f"there is no repository `@@{canonical_name}`",
            hint=did_you_mean(canonical_name, names)
            or (f"known repositories: {', '.join(sorted(names))}" if names else None),
        )
        self.canonical_name = canonical_name


class RepositorySet(Protocol):
    """All repositories of a build."""

    def get(self, canonical_name: str) -> Repository:
        """Raises NoSuchRepository; may obtain the repository first."""
        ...


class KnownRepositories:
    """A fixed set of repositories."""

    def __init__(self, repositories: Iterable[Repository]) -> None:
        self._by_name = {repository.canonical_name: repository for repository in repositories}

    def get(self, canonical_name: str) -> Repository:
        repository = self._by_name.get(canonical_name)
        if repository is None:
            raise NoSuchRepository(canonical_name, self._by_name)
        return repository
