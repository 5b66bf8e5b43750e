"""What loading and analysis found, kept so that a later command looks again only at what an edited file concerns.

Targets are compared by fingerprints, and known to concern those that were looked at with them. Where that is not all
that a target has effect on — a platform, a toolchain, a setting, a group of packages — a change of it is
`Unresumable`, and so is whatever could add or remove a package.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, fields
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from venvship.dataclass import dataclass
from venvship.execution.unresumable import Unresumable
from venvship.loading.package import Package, Sketch, sketch_of
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.paths import parent
from venvship.session.bzl_record import BzlRecord
from venvship.session.listing import Entry
from venvship.session.lock_record import LockRecord

if TYPE_CHECKING:
    from venvship.session.value_digests import ValueDigests

Names: TypeAlias = tuple[str, str, str]
"""A label: its repository, its package and its name."""

Described: TypeAlias = tuple[str, bool, str | None]
"""A target: its fingerprint, whether it has effect on others than those that are looked at with it, and the digest of
its rule, which is None where there is none; the rules of this release have the empty one."""

_OF_EFFECT_ON_OTHERS = frozenset(
    {
        "alias",
        "config_setting",
        "constraint_setting",
        "constraint_value",
        "genquery",
        "label_flag",
        "label_setting",
        "platform",
        "test_suite",
        "toolchain",
        "toolchain_type",
    }
)
"""Rules of which configuration, selection and queries read more than edges tell."""

_BOUNDARIES = frozenset(
    {".bazelignore", "BUILD", "BUILD.bazel", "MODULE.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel"}
)
_FILE = "file"


@dataclass(slots=True)
class LoadingRecord:
    """Plain values only; labels are numbers, packages are paths in the main repository.

    `packages` have the fingerprint of what concerns all of their targets, and each target described. `readers` say for
    BUILD files and directories which packages are made of them; `listings` are the entries of these directories.
    `edges` are the targets that a target was looked at with. `aspects` are the targets that aspects go to which a
    target asks for, and `onward` where aspects on a target go on to. `requested` are the targets of the command,
    `wildcards` says whether they were found by wildcards alone, None where it can't be told. `made` has the owner of
    each output, by exec path, and `counts` how many actions of a target were executed. `asked` are packages in which
    something else than targets looked for some, `versioned` those that ask for the version of their module. `bzl` is a
    packed BzlRecord, `locks` a packed LockRecord, `graph` a packed ModuleRecord.
    """

    packages: dict[str, tuple[str, dict[str, Described]]] = field(default_factory=dict)
    readers: dict[str, list[str]] = field(default_factory=dict)
    listings: dict[str, list[Entry]] = field(default_factory=dict)
    labels: list[Names] = field(default_factory=list)
    edges: dict[int, list[int]] = field(default_factory=dict)
    aspects: dict[int, list[int]] = field(default_factory=dict)
    onward: dict[int, list[int]] = field(default_factory=dict)
    requested: list[int] = field(default_factory=list)
    wildcards: bool | None = None
    made: dict[str, int] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    versioned: list[str] = field(default_factory=list)
    bzl: list[Any] = field(default_factory=list)
    locks: list[Any] = field(default_factory=list)
    graph: list[Any] = field(default_factory=list)

    def packed(self) -> list[Any]:
        return [getattr(self, one.name) for one in fields(self)]

    @classmethod
    def unpacked(cls, values: Sequence[Any]) -> Self:
        return cls(*values)

    def label(self, number: int) -> Label:
        return label_of(self.labels[number])

    def labels_in(self, packages: Container[tuple[str, str]]) -> Iterator[Label]:
        """The targets of packages, which are given by repository and path."""
        for names in self.labels:
            if names[:2] in packages:
                yield label_of(names)

    # Which packages files concern

    def packages_of(self, path: str, entries: Iterable[Entry] | None) -> list[str]:
        """The packages that a changed BUILD file, or a directory with these entries, is part of; raises Unresumable."""
        packages = self.readers.get(path)
        if packages is None:
            raise Unresumable(path)
        if entries is not None:
            for name, kind, _ in set(entries) ^ {tuple(entry) for entry in self.listings[path]}:
                if kind != _FILE or name in _BOUNDARIES:
                    raise Unresumable(f"{path}/{name}")
        return packages

    # Which targets packages concern

    def changed_in(self, package: Package, digests: ValueDigests) -> set[str]:
        """The names of targets that are new, gone, or not what they were; raises Unresumable."""
        if package.id.path in self.asked:
            raise Unresumable(str(package.id))
        common, old = self.packages[package.id.path]
        new = described(package, digests)
        if common != package.common_fingerprint():
            changed = set(old) | set(new)
        else:
            changed = {name for name in old.keys() | new.keys() if not _is_same(old.get(name), new.get(name))}
        for name in changed:
            if any(known[1] for known in (old.get(name), new.get(name)) if known is not None):
                raise Unresumable(f"{package.id}:{name}")
        return changed

    def concerned(self, labels: Iterable[Label]) -> set[int]:
        """The numbers of targets that were looked at with some of these, those included that are known.

        What aspects make of a target belongs to it, so it is looked at again where one of these asks for aspects.
        """
        readers: dict[int, list[int]] = {}
        for number, edges in self.edges.items():
            for edge in edges:
                readers.setdefault(edge, []).append(number)
        wanted = {(label.repository, label.package.path, label.name) for label in labels}
        changed = [number for number, names in enumerate(self.labels) if names in wanted]
        found = {*changed, *self._under_aspects_of(changed)}
        pending = list(found)
        while pending:
            for reader in readers.get(pending.pop(), ()):
                if reader not in found:
                    found.add(reader)
                    pending.append(reader)
        return found

    def _under_aspects_of(self, numbers: Iterable[int]) -> set[int]:
        pending = [target for number in numbers for target in self.aspects.get(number, ())]
        found = set(pending)
        while pending:
            for target in self.onward.get(pending.pop(), ()):
                if target not in found:
                    found.add(target)
                    pending.append(target)
        return found

    # What a command that looked again at a part found

    def renewed(self, part: LoadingRecord, concerned: set[int], requested: Iterable[Names]) -> LoadingRecord:
        """This record with what `part` says; `requested` are now all targets of the command.

        Raises Unresumable where an output of a target that was not looked at again is in conflict with the new ones,
        and where nothing needs such a target any more.
        """
        needed = self._needed()
        labels = list(self.labels)
        numbers = {names: number for number, names in enumerate(labels)}
        for names in part.labels:
            if names not in numbers:
                numbers[names] = len(labels)
                labels.append(names)
        moved = [numbers[names] for names in part.labels]
        kept = {path: owner for path, owner in self.made.items() if owner not in concerned}
        new = {path: moved[owner] for path, owner in part.made.items()}
        _refuse_conflicts(kept, new)
        counts = {number: count for number, count in self.counts.items() if number not in concerned}
        for number, count in part.counts.items():
            # Of what is not concerned the command may have executed more than was needed here.
            counts[moved[number]] = max(count, counts.get(moved[number], 0))
        renewed = LoadingRecord(
            packages={**self.packages, **part.packages},
            readers={**self.readers, **part.readers},
            listings={**self.listings, **part.listings},
            labels=labels,
            edges={
                **{number: edges for number, edges in self.edges.items() if number not in concerned},
                **{moved[number]: [moved[edge] for edge in edges] for number, edges in part.edges.items()},
            },
            aspects=_joined(self.aspects, part.aspects, moved, without=concerned),
            onward=_joined(self.onward, part.onward, moved),
            requested=[numbers[names] for names in requested],
            wildcards=None if part.wildcards is None else self.wildcards,
            made=kept | new,
            counts=counts,
            asked=[*dict.fromkeys([*self.asked, *part.asked])],
            versioned=[*dict.fromkeys([*self.versioned, *part.versioned])],
            bzl=BzlRecord.unpacked(self.bzl).renewed(BzlRecord.unpacked(part.bzl)).packed(),
            locks=LockRecord.unpacked(self.locks).renewed(LockRecord.unpacked(part.locks)).packed(),
            graph=part.graph,
        )
        for number in (needed & counts.keys()) - concerned - renewed._needed():
            # Its actions belong to the build no more.
            raise Unresumable(str(self.label(number)))
        return renewed

    def _needed(self) -> set[int]:
        """The targets of the command and all that they were looked at with."""
        found = set(self.requested)
        pending = list(found)
        while pending:
            for edge in self.edges.get(pending.pop(), ()):
                if edge not in found:
                    found.add(edge)
                    pending.append(edge)
        return found


class LoadingWriter:
    """Takes in what `LoadingRecord` holds."""

    def __init__(self, digests: ValueDigests) -> None:
        self.record = LoadingRecord()
        self._digests = digests
        self._numbers: dict[Label, int] = {}

    def number(self, label: Label) -> int:
        number = self._numbers.get(label)
        if number is None:
            number = self._numbers[label] = len(self.record.labels)
            self.record.labels.append(names_of(label))
        return number

    def add_package(self, package: Package) -> None:
        if package.id.repository == MAIN_REPOSITORY:
            self.record.packages[package.id.path] = (
                package.common_fingerprint(),
                described(package, self._digests),
            )

    def add_references(self, label: Label, others: Iterable[Label]) -> None:
        edges = self.record.edges.setdefault(self.number(label), [])
        edges += dict.fromkeys(self.number(other) for other in others)

    def add_aspects(self, label: Label, others: Iterable[Label], *, onward: bool) -> None:
        """Where aspects go from a target: those that it asks for, or `onward` those that are on it."""
        steps = self.record.onward if onward else self.record.aspects
        number = self.number(label)
        steps[number] = [*dict.fromkeys([*steps.get(number, ()), *map(self.number, others)])]

    def add_outputs(self, owners: Iterable[tuple[str, Label]]) -> None:
        self.record.made.update((path, self.number(owner)) for path, owner in owners)

    def add_executed(self, owners: Iterable[Label]) -> None:
        counts = self.record.counts
        for owner in owners:
            number = self.number(owner)
            counts[number] = counts.get(number, 0) + 1


def described(package: Package, digests: ValueDigests) -> dict[str, Described]:
    """The targets of a package by name, its BUILD file among them."""
    found = {name: (one.fingerprint, _has_effect(one), _rule(one, digests)) for name, one in package.sketches()}
    own = package.own_file
    if own is not None:
        found.setdefault(own.label.name, (sketch_of(own).fingerprint, False, ""))
    return found


def _is_same(old: Described | None, new: Described | None) -> bool:
    return old is not None and old == new and old[2] is not None


def _rule(target: Sketch, digests: ValueDigests) -> str | None:
    if target.rule is not None and target.rule.defined_in is not None:
        return digests.of(target.rule)
    return ""


def _has_effect(target: Sketch) -> bool:
    rule = target.rule
    if rule is None:
        return target.is_group
    return rule.name in _OF_EFFECT_ON_OTHERS or rule.build_setting is not None


def _joined(
    old: Mapping[int, list[int]],
    new: Mapping[int, list[int]],
    moved: Sequence[int],
    *,
    without: Container[int] = (),
) -> dict[int, list[int]]:
    joined = {number: others for number, others in old.items() if number not in without}
    for number, others in new.items():
        known = joined.get(moved[number], [])
        joined[moved[number]] = [*dict.fromkeys([*known, *(moved[one] for one in others)])]
    return joined


def label_of(names: Names) -> Label:
    repository, package, name = names
    return Label(PackageId(repository, package), name)


def names_of(label: Label) -> Names:
    """As records have it."""
    return (label.repository, label.package.path, label.name)


def _refuse_conflicts(old: Mapping[str, int], new: Mapping[str, int]) -> None:
    """Raise Unresumable unless each output is made by one target, and none lies below another."""
    added: list[str] = []
    for path, owner in new.items():
        other = old.get(path)
        if other is None:
            added.append(path)
        elif other != owner:
            raise Unresumable(path)
    if not added:
        return
    for directory in _above(added):
        if directory in old or directory in new:
            raise Unresumable(directory)
    for directory in _above(old).intersection(added):
        raise Unresumable(directory)


def _above(paths: Iterable[str]) -> set[str]:
    """Every directory above one of the paths."""
    found: set[str] = set()
    for path in paths:
        directory = parent(path)
        while directory and directory not in found:
            found.add(directory)
            directory = parent(directory)
    return found
