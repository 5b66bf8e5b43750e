"""Which packages of a Debian archive go together: those that are asked for, and all that these depend on.

Alternatives are taken in the order in which a package names them, unless one of them is there already; of the versions
of a package the kept one, else the newest. Where a later dependency rules that choice out, all is chosen again without
it, so that the answer does not depend on which of the two was met first. `Recommends` are not followed, and nothing is
there because it is essential: an image without a shell has no use for that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Final, Protocol, TypeAlias

from venvship.dataclass import dataclass
from venvship.repos.debian_archive import OfferedPackage
from venvship.repos.debian_relations import Relation
from venvship.repos.debian_version import version_key

Clause: TypeAlias = tuple[Relation, ...]
"""Relations one of which must hold."""

_MOST_RETRIES: Final = 500


class Offers(Protocol):
    """The packages for one architecture."""

    def named(self, name: str) -> Sequence[OfferedPackage]: ...

    def providing(self, name: str) -> Sequence[OfferedPackage]: ...


@dataclass(frozen=True, slots=True)
class Unmet:
    """A clause that nothing meets. `chain` leads to it from what was asked for, and is empty for that itself."""

    clause: Clause
    chain: tuple[str, ...]
    offered: tuple[str, ...]

    def __str__(self) -> str:
        wanted = " | ".join(map(str, self.clause))
        has = f"; there is {', '.join(self.offered)}" if self.offered else ""
        return f"{' -> '.join(self.chain)} needs {wanted}{has}"


@dataclass(frozen=True, slots=True)
class Clash:
    """Two packages that can't be there together, each with the chain that led to it."""

    one: tuple[str, ...]
    relation: Relation
    other: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' -> '.join(self.one)} does not go together with {self.relation}: {' -> '.join(self.other)}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was chosen, by name, and what is wrong with it."""

    packages: tuple[OfferedPackage, ...]
    unmet: tuple[Unmet, ...] = ()
    clashes: tuple[Clash, ...] = ()


def resolve(
    wanted: Iterable[Clause],
    offers: Offers,
    *,
    architecture: str,
    excluded: Collection[str] = (),
    kept: Mapping[str, str] | None = None,
) -> Resolution:
    """Choose packages. What is `excluded` counts as present and is not taken; `kept` are versions to stay with."""
    attempt = _Attempt(tuple(wanted), offers, architecture, frozenset(excluded), kept or {}, frozenset())
    for _ in range(_MOST_RETRIES):
        blamed = attempt.run()
        if blamed is None:
            break
        attempt = attempt.without(blamed)
    return Resolution(
        tuple(attempt.chosen[name] for name in sorted(attempt.chosen)),
        tuple(attempt.unmet),
        tuple(clash for clash, _, _ in attempt.clashes()),
    )


@dataclass(slots=True)
class _Attempt:
    """One way through; `ruled_out` are names with versions that did not work out."""

    wanted: tuple[Clause, ...]
    offers: Offers
    architecture: str
    excluded: frozenset[str]
    kept: Mapping[str, str]
    ruled_out: frozenset[tuple[str, str]]
    chosen: dict[str, OfferedPackage] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    providers: dict[str, list[OfferedPackage]] = field(default_factory=dict)
    unmet: list[Unmet] = field(default_factory=list)

    def without(self, blamed: OfferedPackage) -> _Attempt:
        ruled_out = self.ruled_out | {(blamed.name, blamed.version)}
        return _Attempt(self.wanted, self.offers, self.architecture, self.excluded, self.kept, ruled_out)

    def run(self) -> OfferedPackage | None:
        """The package that stands in the way of another choice of itself; None when there is nothing more to try."""
        pending = deque((clause, "") for clause in self.wanted)
        while pending:
            clause, parent = pending.popleft()
            concerned = tuple(one for one in clause if one.concerns(self.architecture))
            if not concerned or any(self._is_met(relation) for relation in concerned):
                continue
            found = self._choice(concerned)
            if found is not None:
                self._take(found, parent)
                pending.extend((one, found.name) for one in found.depends)
            elif not any(relation.name in self.excluded for relation in concerned):
                blamed = next((b for relation in concerned if (b := self._in_the_way(relation)) is not None), None)
                if blamed is not None:
                    return blamed
                self.unmet.append(Unmet(concerned, self._chain(parent), self._near(concerned)))
        for _, relation, other in self.clashes():
            if any(not one.answers(relation) for one in self._versions(other.name)):
                return other
        return None

    def clashes(self) -> list[tuple[Clash, Relation, OfferedPackage]]:
        """Pairs of chosen packages of which one says that it conflicts with, or breaks, the other."""
        found = []
        for name in sorted(self.chosen):
            package = self.chosen[name]
            for relation in package.conflicts:
                if relation.concerns(self.architecture):
                    for other in self._answering(relation):
                        if other is not package:
                            clash = Clash(self._chain(name), relation, self._chain(other.name))
                            found.append((clash, relation, other))
        return found

    def _answering(self, relation: Relation) -> list[OfferedPackage]:
        named = self.chosen.get(relation.name)
        candidates = [*([named] if named is not None else []), *self.providers.get(relation.name, ())]
        return [one for one in dict.fromkeys(candidates) if one.answers(relation)]

    def _is_met(self, relation: Relation) -> bool:
        return bool(self._answering(relation))

    def _choice(self, clause: Clause) -> OfferedPackage | None:
        """The first package that meets the clause; None too where something that is left out comes before it."""
        for relation in clause:
            if relation.name in self.excluded:
                return None
            if relation.name not in self.chosen:
                fitting = [one for one in self._versions(relation.name) if one.answers(relation)]
                if fitting:
                    return fitting[0]
            for name in sorted({one.name for one in self.offers.providing(relation.name)}):
                if name not in self.chosen and name not in self.excluded:
                    fitting = [one for one in self._versions(name) if one.answers(relation)]
                    if fitting:
                        return fitting[0]
        return None

    def _in_the_way(self, relation: Relation) -> OfferedPackage | None:
        """A chosen package of which another version would do."""
        names = {relation.name, *(one.name for one in self.offers.providing(relation.name))} & self.chosen.keys()
        for name in sorted(names):
            if any(one.answers(relation) for one in self._versions(name)):
                return self.chosen[name]
        return None

    def _versions(self, name: str) -> list[OfferedPackage]:
        """What there is of a package, the best first; of equal versions the one of the first suite."""
        offered = [
            one
            for one in self.offers.named(name)
            if one.package.architecture in (self.architecture, "all") and (name, one.version) not in self.ruled_out
        ]
        offered.sort(key=lambda one: version_key(one.version), reverse=True)
        offered.sort(key=lambda one: self.kept.get(name) != one.version)
        return offered

    def _take(self, package: OfferedPackage, parent: str) -> None:
        self.chosen[package.name] = package
        self.parents[package.name] = parent
        for relation in package.provides:
            self.providers.setdefault(relation.name, []).append(package)

    def _chain(self, name: str) -> tuple[str, ...]:
        found: list[str] = []
        while name:
            found.append(str(self.chosen[name]))
            name = self.parents[name]
        return tuple(reversed(found))

    def _near(self, clause: Clause) -> tuple[str, ...]:
        """Other versions of what a clause names."""
        return tuple(dict.fromkeys(str(one) for relation in clause for one in self.offers.named(relation.name)))
