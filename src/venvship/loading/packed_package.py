"""Packages as plain data, whose targets are made again when they are asked for.

Labels, visibilities and rule classes stand in tables, and targets name them by number, because a package names few of
them often.
Plain data can't hold everything that a package may: a rule that no global of its file is bound to has no name by which
another process would find it.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, cast, overload

from venvship.errors import Place
from venvship.loading.attributes import AttributeValue, Choice, PlainValue, Select
from venvship.loading.features import Features
from venvship.loading.package import Package, Sketch, SketchedTargets, target_fingerprint
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import Generator, OutputFileTarget, PackageGroup, RuleTarget, SourceFileTarget, Target
from venvship.loading.visibility import PRIVATE, PUBLIC, PackagePattern, Visibility
from venvship.model.label import Label, PackageId

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

_Packed: TypeAlias = Any
"""Plain data of the shape that the other half of this file knows."""

RuleName: TypeAlias = tuple[Label | None, str]
"""A rule class by the file and the global that it is bound to; built-in ones have no file."""

_RULE, _SOURCE, _OUTPUT, _GROUP = range(4)
_PLAIN, _LABEL, _LABELS, _NESTED = range(4)


class Unpackable(Exception):
    """Something in a package is no plain data."""


class _Table(dict[H, int]):
    """Numbers of things, in the order they came."""

    def __missing__(self, thing: H) -> int:
        number = self[thing] = len(self)
        return number


class _Packer:
    def __init__(self, package: Package, mapping: Mapping[str, str]) -> None:
        self._package = package
        self._mapping = mapping
        self.packages: _Table[PackageId] = _Table()
        self.labels: _Table[Label] = _Table()
        self.visibilities: _Table[Visibility] = _Table()
        self.classes: _Table[RuleClass] = _Table()
        self.files: _Table[str] = _Table()

    def target(self, name: str, target: Target) -> _Packed:
        if target.label.package != self._package.id or target.label.name != name:
            raise Unpackable(name)
        place = self.place(target.place)
        match target:
            case RuleTarget():
                if target.mapping is not self._mapping or target.package_features != self._package.features:
                    raise Unpackable(name)
                made_by = target.generator
                return (
                    _RULE,
                    place,
                    self.visibilities[target.visibility],
                    self.classes[target.rule_class],
                    tuple((given, *self._attribute(value)) for given, value in target.attributes.items()),
                    None if made_by is None else (made_by.function, self.place(made_by.place)),
                    tuple(self.packages[one] for one in target.macros),
                )
            case SourceFileTarget():
                return (_SOURCE, place, self.visibilities[target.visibility])
            case OutputFileTarget():
                return (_OUTPUT, place, self.visibilities[target.visibility], self.labels[target.generating_rule])
            case PackageGroup():
                return (
                    _GROUP,
                    place,
                    self._patterns(target.packages),
                    self._patterns(target.excluded),
                    tuple(self.labels[one] for one in target.includes),
                    target.is_public,
                )

    def place(self, place: Place) -> _Packed:
        return (self.files[place.path], place.line, place.column)

    def tables(self, name_of: Callable[[RuleClass], RuleName]) -> _Packed:
        """Everything that was named by number; nothing may be packed afterwards."""
        named = [name_of(rule_class) for rule_class in self.classes]
        classes = tuple((None if file is None else self.labels[file], name) for file, name in named)
        visibilities = tuple(
            (one.is_public, self._patterns(one.packages), tuple(self.labels[group] for group in one.groups))
            for one in self.visibilities
        )
        labels = tuple((self.packages[label.package], label.name) for label in self.labels)
        return (
            tuple((package.repository, package.path) for package in self.packages),
            labels,
            visibilities,
            classes,
            tuple(self.files),
        )

    def _patterns(self, patterns: Sequence[PackagePattern]) -> _Packed:
        return tuple((self.packages[pattern.package], pattern.subpackages) for pattern in patterns)

    def _attribute(self, value: AttributeValue) -> tuple[int, _Packed]:
        kind = type(value)
        if kind is str or kind is bool or kind is int:
            return _PLAIN, value
        if kind is Label:
            return _LABEL, self.labels[cast(Label, value)]
        if kind is tuple:
            held = {type(one) for one in cast(tuple[object, ...], value)}
            if held == {Label}:
                return _LABELS, tuple([self.labels[one] for one in cast(tuple[Label, ...], value)])
            if held <= {str, int}:
                return _PLAIN, value
        return _NESTED, self._nested(value)

    def _nested(self, value: object) -> _Packed:
        match value:
            case Label():
                return ("label", self.labels[value])
            case tuple():
                return ("tuple", tuple(self._nested(one) for one in value))
            case Select():
                return ("select", tuple(self._nested(part) for part in value.parts))
            case Choice():
                return ("choice", self._pairs(value.branches), value.no_match_error)
            case Mapping():
                return ("mapping", self._pairs(value))
            case None | bool() | int() | str():
                return ("plain", value)
            case _:
                raise Unpackable(repr(type(value)))

    def _pairs(self, value: Mapping[Any, object]) -> _Packed:
        return tuple((self._nested(key), self._nested(item)) for key, item in value.items())


class _Tables:
    """What targets name by number, made when it is asked for."""

    def __init__(self, packed: _Packed, package: PackageId) -> None:
        packages, self._labels, self._visibilities, self.classes, self.files = packed
        self._packages = tuple(
            package if (repository, path) == (package.repository, package.path) else PackageId(repository, path)
            for repository, path in packages
        )
        self._made_labels: list[Label | None] = [None] * len(self._labels)
        self._made_visibilities: list[Visibility | None] = [None] * len(self._visibilities)

    def package(self, number: int) -> PackageId:
        return self._packages[number]

    def label(self, number: int) -> Label:
        label = self._made_labels[number]
        if label is None:
            package, name = self._labels[number]
            label = self._made_labels[number] = Label(self._packages[package], name)
        return label

    def visibility(self, number: int) -> Visibility:
        visibility = self._made_visibilities[number]
        if visibility is None:
            is_public, packages, groups = self._visibilities[number]
            visibility = Visibility(is_public, self.patterns(packages), tuple(self.label(one) for one in groups))
            visibility = next((one for one in (PUBLIC, PRIVATE) if one == visibility), visibility)
            self._made_visibilities[number] = visibility
        return visibility

    def patterns(self, packed: _Packed) -> tuple[PackagePattern, ...]:
        return tuple(PackagePattern(self._packages[package], below) for package, below in packed)

    def place(self, packed: _Packed) -> Place:
        file, line, column = packed
        return Place(self.files[file], line, column)

    def value(self, kind: int, packed: _Packed) -> AttributeValue:
        if kind == _PLAIN:
            return cast(PlainValue, packed)
        if kind == _LABEL:
            return self.label(packed)
        if kind == _LABELS:
            return tuple([self.label(one) for one in packed])
        return cast(AttributeValue, self._nested(packed))

    def _nested(self, packed: _Packed) -> object:
        kind, content, *more = packed
        match kind:
            case "label":
                return self.label(content)
            case "tuple":
                return tuple(self._nested(one) for one in content)
            case "select":
                return Select(tuple(cast(Any, self._nested(part)) for part in content))
            case "choice":
                return Choice(self._pairs(content), more[0])
            case "mapping":
                return self._pairs(content)
            case _:
                return content

    def _pairs(self, packed: _Packed) -> dict[Any, Any]:
        return {self._nested(key): self._nested(item) for key, item in packed}


class PackedTargets(SketchedTargets):
    """The targets of a package that was not evaluated; each is one object, made when it is first asked for."""

    def __init__(
        self,
        package: PackageId,
        packed: Mapping[str, _Packed],
        fingerprints: Mapping[str, str],
        tables: _Tables,
        classes: Sequence[RuleClass],
        mapping: Mapping[str, str],
        features: Features,
    ) -> None:
        self._package = package
        self._packed = packed
        self._fingerprints = fingerprints
        self._tables = tables
        self._classes = classes
        self._mapping = mapping
        self._features = features
        self._made: dict[str, Target] = {}

    def __getitem__(self, name: str) -> Target:
        found = self._made.get(name)
        return self._made.setdefault(name, self._target(name, self._packed[name])) if found is None else found

    @overload
    def get(self, name: str, default: None = None, /) -> Target | None: ...
    @overload
    def get(self, name: str, default: T, /) -> Target | T: ...
    def get(self, name: str, default: object = None, /) -> object:
        found = self._made.get(name)
        if found is not None:
            return found
        return self[name] if name in self._packed else default

    def __contains__(self, name: object) -> bool:
        return name in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def sketch(self, name: str) -> Sketch:
        packed = self._packed[name]
        rule = self._classes[packed[3]] if packed[0] == _RULE else None
        return Sketch(self._fingerprints[name], rule, packed[0] == _GROUP)

    def _target(self, name: str, packed: _Packed) -> Target:
        tables = self._tables
        label = Label(self._package, name)
        kind, place = packed[0], tables.place(packed[1])
        if kind == _RULE:
            _, _, visibility, rule_class, attributes, made_by, macros = packed
            return RuleTarget(
                label,
                self._classes[rule_class],
                {given: tables.value(how, value) for given, how, value in attributes},
                place,
                tables.visibility(visibility),
                None if made_by is None else Generator(made_by[0], tables.place(made_by[1])),
                self._mapping,
                tuple(tables.package(one) for one in macros),
                self._features,
            )
        if kind == _SOURCE:
            return SourceFileTarget(label, place, tables.visibility(packed[2]))
        if kind == _OUTPUT:
            return OutputFileTarget(label, place, tables.visibility(packed[2]), tables.label(packed[3]))
        _, _, packages, excluded, includes, is_public = packed
        included = tuple(tables.label(one) for one in includes)
        return PackageGroup(label, place, tables.patterns(packages), tables.patterns(excluded), included, is_public)


def packed_package(package: Package, mapping: Mapping[str, str], name_of: Callable[[RuleClass], RuleName]) -> bytes:
    """A package that was evaluated; raises Unpackable, also when `name_of` does.

    `mapping` is that of its repository.
    """
    packer = _Packer(package, mapping)
    targets = {name: packer.target(name, target) for name, target in package.targets.items()}
    fingerprints = {name: target_fingerprint(target) for name, target in package.targets.items()}
    visibility = packer.visibilities[package.default_visibility]
    loads = tuple(packer.labels[label] for label in package.loads)
    defining = tuple(packer.labels[label] for label in package.rule_digests)
    symbols = tuple((packer.labels[label], names) for label, names in package.symbols.items())
    features = (package.features.asked, package.features.refused)
    tables = packer.tables(name_of)
    try:
        said = (package.build_file, visibility, loads, features, defining, symbols)
        return marshal.dumps((tables, targets, fingerprints, *said))
    except ValueError as error:
        raise Unpackable(str(error)) from error


def unpacked_package(
    data: bytes,
    package: PackageId,
    mapping: Mapping[str, str],
    *,
    rule_class: Callable[[RuleName], RuleClass],
    digest_of: Callable[[Label], str],
) -> Package:
    """The package that `packed_package` packed, with rule classes and digests of this process."""
    packed, targets, fingerprints, build_file, visibility, loads, features, defining, symbols = marshal.loads(data)
    tables = _Tables(packed, package)
    classes = [rule_class((None if file is None else tables.label(file), name)) for file, name in tables.classes]
    said = Features(*features)
    return Package(
        package,
        build_file,
        PackedTargets(package, targets, fingerprints, tables, classes, mapping, said),
        tables.visibility(visibility),
        tuple(tables.label(label) for label in loads),
        said,
        {label: digest_of(label) for label in map(tables.label, defining)},
        {tables.label(label): names for label, names in symbols},
    )
