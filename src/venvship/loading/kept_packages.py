"""Packages that one command evaluated, for the next one.

A package is kept under a key of everything that is known before its BUILD file runs: the file, what its repository
calls others, what holds for the whole repository, and our own code. With it is kept what was asked for while it ran:
the directories that it looked into, the `.bzl` files that it loaded; of files of which it names nothing but rules, what
can be told of these rules before any of their functions runs. It is taken again only where all of these answer the
same; asking them anew also lets the memo know that the package depends on them. A package that printed something, or
that is wrong, is evaluated each time.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import VenvshipError
from venvship.loading.bzl_loader import BzlKey, BzlLoader, BzlModule
from venvship.loading.code_cache import CodeCache
from venvship.loading.files import RecordedFiles
from venvship.loading.repositories import Repository, RepositorySet
from venvship.loading.rule_definition import RuleDefinition
from venvship.memo.keys import AnyKey, DirectoryEntries, EntryState, Key, RealPath
from venvship.model.label import Label, PackageId
from venvship.starlark.program import CACHE_TAG

_FORMAT = 5
"""Changes whenever the same data would be read as another package."""

Answer: TypeAlias = tuple[int, Any, str]
"""What was asked, of which kind, and a fingerprint of the answer."""

_BZL, _ENTRIES, _STATE, _REAL, _RULES, _VERSION = range(6)


@dataclass(frozen=True, slots=True)
class VersionKey(Key[str | None]):
    """The version of the module behind a repository, as BUILD files ask for it."""

    repository: str

    def fingerprint(self, value: str | None) -> str:
        return repr(value)


RuleDigest: TypeAlias = Callable[[RuleDefinition], str | None]
"""Equal for rules whose targets are declared alike; None where it can't be told."""


class KeptPackages:
    """Packages by what they came from; `surroundings` is what all depend on that no repository says."""

    def __init__(self, cache: CodeCache, surroundings: str) -> None:
        self._cache = cache
        self._surroundings = surroundings
        self._repositories: dict[str, bytes] = {}

    def key(
        self, package: PackageId, repository: Repository, build_file: str, source: bytes, *, said: Callable[[], str]
    ) -> str:
        """`said` answers what holds in the whole repository, beside its mapping."""
        known = self._repositories.get(repository.canonical_name)
        if known is None:
            parts = (
                CACHE_TAG,
                _FORMAT,
                self._surroundings,
                repository.root,
                repository.canonical_name,
                repository.is_builtin,
                repository.absent,
                sorted(repository.mapping.items()),
                said(),
            )
            known = self._repositories[repository.canonical_name] = _digest(parts).encode()
        named = repr((package.path, build_file)).encode()
        return hashlib.sha256(b"\0".join((b"package", known, named, source))).hexdigest()

    def find(self, key: str, asked: Asked) -> bytes | None:
        """What was kept, if everything that was asked for answers the same."""
        stored = self._cache.get(key)
        if stored is None:
            return None
        answers, data = marshal.loads(stored)
        return data if all(asked.again(answer) for answer in answers) else None

    def keep(self, key: str, answers: Sequence[Answer], data: bytes) -> None:
        self._cache.put(key, marshal.dumps((tuple(answers), data)))


class Asked:
    """What evaluations of packages ask for, and what was answered, as it can be asked again."""

    def __init__(
        self,
        files: RecordedFiles,
        bzl: BzlLoader,
        repositories: RepositorySet,
        rule_digest: RuleDigest,
        version_of: Callable[[str], str | None],
    ) -> None:
        """`version_of` answers the version of the module behind a repository."""
        self._files = files
        self._bzl = bzl
        self._repositories = repositories
        self._rule_digest = rule_digest
        self._version_of = version_of
        self._identities: dict[Label, str] = {}
        self._rules: dict[tuple[Label, tuple[str, ...]], str | None] = {}

    def answers(self, keys: Iterable[AnyKey], symbols: Mapping[Label, tuple[str, ...]]) -> list[Answer] | None:
        """None where something was asked that is not known here; `symbols` are those that a BUILD file loads."""
        found: list[Answer] = []
        for key in keys:
            match key:
                case BzlKey(label):
                    names = symbols.get(label, ())
                    rules = self._rules_of(label, names)
                    named = (label.package.repository, label.package.path, label.name)
                    if rules is None:
                        found.append((_BZL, named, self._bzl_of(label)))
                    else:
                        found.append((_RULES, (*named, *names), rules))
                case DirectoryEntries(path):
                    found.append((_ENTRIES, path, self._entries_of(path)))
                case EntryState(path):
                    found.append((_STATE, path, str(self._files.kind(path))))
                case RealPath(path):
                    found.append((_REAL, path, self._files.real_path(path)))
                case VersionKey(repository):
                    found.append((_VERSION, repository, repr(self._version_of(repository))))
                case _:
                    return None
        return found

    def again(self, answer: Answer) -> bool:
        """Whether the answer is the same now."""
        kind, asked, answered = answer
        if kind == _ENTRIES:
            return self._entries_of(asked) == answered
        if kind == _STATE:
            return self._files.kind(asked) == answered
        if kind == _REAL:
            return self._files.real_path(asked) == answered
        if kind == _VERSION:
            return repr(self._version_of(asked)) == answered
        repository, path, name, *symbols = asked
        label = Label(PackageId(repository, path), name)
        try:
            # Asked of the memo each time, which thus knows who depends on the file.
            self._bzl.load(label)
            return (self._rules_of(label, tuple(symbols)) if kind == _RULES else self._bzl_of(label)) == answered
        except VenvshipError:
            # Whoever evaluates the package is told, with the place.
            return False

    def _entries_of(self, path: str) -> str:
        return DirectoryEntries(path).fingerprint(self._files.list_directory(path))

    def _bzl_of(self, label: Label) -> str:
        found = self._identities.get(label)
        if found is None:
            module = self._bzl.load(label)
            found = self._identities[label] = _digest((module.digest, *self._meanings(module)))
        return found

    def _rules_of(self, label: Label, symbols: tuple[str, ...]) -> str | None:
        """What declaring targets needs to know of a file of which nothing but rules is named; else None."""
        if (label, symbols) not in self._rules:
            module = self._bzl.load(label)
            rules = [module.exports.get(symbol) for symbol in symbols]
            found = [
                self._rule_digest(rule) if isinstance(rule, RuleDefinition) and rule.runs_nothing else None
                for rule in rules
            ]
            parts = (found, module.loads, module.visibility, *self._meanings(module))
            self._rules[label, symbols] = None if not found or None in found else _digest(parts)
        return self._rules[label, symbols]

    def _meanings(self, module: BzlModule) -> list[tuple[object, ...]]:
        # Functions mean by names of repositories what the file means by them that they stand in.
        return [self._meaning_in(name) for name in sorted({file.repository for file in module.loads})]

    def _meaning_in(self, name: str) -> tuple[object, ...]:
        """What the same text means in the files of one repository, and in others not."""
        repository = self._repositories.get(name)
        return name, sorted(repository.mapping.items()), repository.is_builtin, repository.absent


def _digest(parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
