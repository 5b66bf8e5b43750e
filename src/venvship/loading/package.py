"""Packages: what one BUILD file says."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import NamedTuple, assert_never

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.loading.features import NO_FEATURES, Features
from venvship.loading.nearest import did_you_mean
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import OutputFileTarget, PackageGroup, RuleTarget, SourceFileTarget, Target
from venvship.loading.visibility import Visibility
from venvship.model.label import Label, PackageId
from venvship.model.paths import join


class NoSuchTarget(UserError):
    """A label names a target that its package does not have."""

    def __init__(self, label: Label, package: Package, *, file_exists: bool = False, files: Iterable[str] = ()) -> None:
        """`files` are names of files that could be named as well."""
        if file_exists:
            message = f"no such target `{label}`: a source file of this name exists, but the package does not export it"
            hint: str | None = f'add `exports_files(["{label.name}"])` to {package.build_file or "its BUILD file"}'
        else:
            looked_for = join(label.package.path, label.name)
            message = f"no such target `{label}`: no rule or file `{looked_for}` of this name"
            if package.build_file:
                message += f", declared in {package.build_file}"
            # Names that begin so are of what macros make for themselves.
            names = [name for name in package.targets if label.name.startswith("_") or not name.startswith("_")]
            hint = did_you_mean(label.name, dict.fromkeys([*names, *files]))
            if hint is None and package.build_file and names:
                hint = f"`venvship query {label.package}:all` lists what there is"
        super().__init__(message, hint=hint)
        self.label = label


class Sketch(NamedTuple):
    """A target in short: `fingerprint` is equal for targets that say the same, if `rule` is the same."""

    fingerprint: str
    rule: RuleClass | None
    is_group: bool


class SketchedTargets(Mapping[str, Target]):
    """Targets that are known in short before they are made."""

    @abstractmethod
    def sketch(self, name: str) -> Sketch: ...


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """The targets of one package, in the order they were declared.

    `build_file` is the path of the BUILD file for messages, empty for a generated package. `loads` are the `.bzl`
    files that it loaded, directly or not, each once. `targets` has a source file only if it is exported or named by
    a rule of this package. `rule_digests` are the digests of the `.bzl` files that define rules which it uses.
    `symbols` are the names that the BUILD file itself loads, by file.
    """

    id: PackageId
    build_file: str
    targets: Mapping[str, Target]
    default_visibility: Visibility
    loads: tuple[Label, ...] = ()
    features: Features = NO_FEATURES
    rule_digests: Mapping[Label, str] = field(default_factory=dict)
    symbols: Mapping[Label, tuple[str, ...]] = field(default_factory=dict)

    @property
    def own_file(self) -> SourceFileTarget | None:
        """The BUILD file as a target, which every package has; None for a generated package."""
        if not self.build_file:
            return None
        label = Label(self.id, self.build_file.rpartition("/")[2])
        return SourceFileTarget(label, Place(self.build_file, 1, 1), self.default_visibility)

    def fingerprint(self) -> str:
        """Equal for packages that say the same, wherever in their files they say it."""
        targets = ((name, one.fingerprint) for name, one in self.sketches())
        return _digest((self.common_fingerprint(), sorted(self.rule_digests.items()), *targets))

    def common_fingerprint(self) -> str:
        """Of what the BUILD file says for all targets of the package."""
        return _digest((self.default_visibility, self.features))

    def sketches(self) -> Iterator[tuple[str, Sketch]]:
        """Each target in short, by name; none is made for that."""
        targets = self.targets
        if isinstance(targets, SketchedTargets):
            return ((name, targets.sketch(name)) for name in targets)
        return ((name, sketch_of(target)) for name, target in targets.items())

    def rules(self) -> Iterator[RuleTarget]:
        return (target for target in self.targets.values() if isinstance(target, RuleTarget))


def sketch_of(target: Target) -> Sketch:
    rule = target.rule_class if isinstance(target, RuleTarget) else None
    return Sketch(target_fingerprint(target), rule, isinstance(target, PackageGroup))


def target_fingerprint(target: Target) -> str:
    """Equal for targets that say the same, if the `.bzl` files that define their rules are the same."""
    parts: list[object] = [target.kind]
    match target:
        case RuleTarget():
            parts += [target.rule_class.defined_in, sorted(target.attributes.items()), target.visibility]
        case OutputFileTarget():
            parts += [target.generating_rule, target.visibility]
        case SourceFileTarget():
            parts.append(target.visibility)
        case PackageGroup():
            parts += [target.packages, target.excluded, target.includes, target.is_public]
        case _:
            assert_never(target)
    return _digest(parts)


def _digest(parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
