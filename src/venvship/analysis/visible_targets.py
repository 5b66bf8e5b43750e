"""Which targets may depend on which."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from venvship.analysis.package_specification import group_problems, groups_behind
from venvship.errors import UserError, VenvshipError
from venvship.loading.targets import PackageGroup, RuleTarget, SourceFileTarget, Target
from venvship.model.label import Label, PackageId


class NotVisible(UserError):
    """A target depends on one that is not visible to its package; of several targets it is said once."""

    def __init__(self, target: RuleTarget, attribute: str, dependency: Target, spelling: str) -> None:
        user = f"{target.label.package}:__pkg__"
        hint = f'add "{user}" to the visibility of `{dependency.label}`'
        if isinstance(dependency, SourceFileTarget):
            file = dependency.label
            hint = (
                f'say `exports_files(["{file.name}"], visibility = ["{user}"])` in the BUILD file of `{file.package}`'
            )
        super().__init__(
            f"target `{dependency.label}` is not visible from package `{target.label.package}`; "
            f"declared at {dependency.place}: its visibility is {spelling}",
            place=target.place,
            chain=(f"needed by `{target.label}` (attribute `{attribute}`)",),
            hint=hint,
        )


class VisibleTargets:
    """Says of dependencies whether the targets that name them may see them."""

    def __init__(self, target: Callable[[Label], Target]) -> None:
        self._target = target

    def problems(self, target: RuleTarget, attribute: str, labels: Iterable[Label]) -> list[VenvshipError]:
        """One for each of `labels` that neither the target nor a macro that made it may name."""
        problems: list[VenvshipError] = []
        seen_by = (target.label.package, *target.macros)
        for label in labels:
            if label.package in seen_by:
                continue
            try:
                dependency = self._target(label)
            except VenvshipError:
                continue  # reported with its own place when the edge is walked
            if not any(self._admits(dependency, package) for package in seen_by):
                spelling = "private" if isinstance(dependency, PackageGroup) else str(dependency.visibility)
                problems.append(NotVisible(target, attribute, dependency, spelling))
        return problems

    def _admits(self, dependency: Target, package: PackageId) -> bool:
        if isinstance(dependency, PackageGroup) or dependency.visibility.admits(package):
            return True
        if group_problems(dependency, self._target):
            return True  # reported with its own place when the edge is walked
        return any(group.holds(package) for group in groups_behind(dependency.visibility.groups, self._target))
