"""What a `package_group` provides: the packages that it and the groups it includes hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.targets import PackageGroup, Target
from venvship.model.label import Label, PackageId


@dataclass(frozen=True, slots=True)
class PackageSpecificationInfo:
    """Groups of packages; a package is held if any of them holds it."""

    groups: tuple[PackageGroup, ...]

    def holds(self, package: PackageId) -> bool:
        return any(group.holds(package) for group in self.groups)


class NoPackageGroup(UserError):
    """A visibility, or a package group that is part of it, names something that is no package group."""

    def __init__(self, target: Target, group: Label, reason: str, hint: str | None) -> None:
        super().__init__(f"`{target.label}` names the package group `{group}`: {reason}", place=target.place, hint=hint)


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


def group_problems(target: Target, target_of: Callable[[Label], Target]) -> list[NoPackageGroup]:
    """What the visibility of a target, or a package group, names as groups, directly or not, and what is none."""
    problems: list[NoPackageGroup] = []
    seen: set[Label] = set()
    pending = [(target, label) for label in _groups_of(target)]
    while pending:
        owner, label = pending.pop(0)
        if label in seen:
            continue
        seen.add(label)
        try:
            group = target_of(label)
        except UserError as error:
            problems.append(NoPackageGroup(owner, label, error.message, error.hint))
            continue
        if isinstance(group, PackageGroup):
            pending += [(group, one) for one in group.includes]
        else:
            hint = f'write "{label.package}:__pkg__" for the package'
            problems.append(NoPackageGroup(owner, label, f"it is a {group.kind}, not a package group", hint))
    return problems


def _groups_of(target: Target) -> tuple[Label, ...]:
    return target.includes if isinstance(target, PackageGroup) else target.visibility.groups
