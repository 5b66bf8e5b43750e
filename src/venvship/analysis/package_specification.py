"""What a `package_group` provides: the packages that it and the groups it includes hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from venvship.loading.targets import PackageGroup, Target
from venvship.model.label import Label, PackageId


@dataclass(frozen=True, slots=True)
class PackageSpecificationInfo:
    """Groups of packages; a package is held if any of them holds it."""

    groups: tuple[PackageGroup, ...]

    def holds(self, package: PackageId) -> bool:
        return any(group.holds(package) for group in self.groups)


def groups_behind(labels: Iterable[Label], target: Callable[[Label], Target]) -> Iterator[PackageGroup]:
    """The package groups of these labels and all that they include, each once."""
    seen: set[Label] = set()
    pending = list(labels)
    while pending:
        label = pending.pop()
        if label in seen:
            continue
        seen.add(label)
        group = target(label)
        if isinstance(group, PackageGroup):
            yield group
            pending.extend(group.includes)
