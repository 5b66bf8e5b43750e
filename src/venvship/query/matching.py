"""Which targets a pattern names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from venvship.errors import UserError, VenvshipError
from venvship.loading.targets import RuleTarget, Target
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.paths import is_inside
from venvship.query.packages import Packages
from venvship.query.patterns import Matched, OneTarget, PathInWorkspace, TargetsBelow, TargetsIn


class NothingMatched(UserError):
    """A pattern is well formed, and there is nothing below the directory that it names."""

    def __init__(self, text: str, hint: str | None) -> None:
        super().__init__(
            f"`{text}` matches nothing: there is no package below it",
            hint=hint or "a package is a directory with a file `BUILD.bazel` in it",
        )


def targets_of(
    matched: Matched,
    packages: Packages,
    *,
    text: str,
    errors: list[VenvshipError],
    without: Sequence[TargetsIn | TargetsBelow] = (),
) -> Iterator[Target]:
    """The targets in the order of packages and of declarations; what is wrong is added to `errors`.

    Packages that `without` takes away whole are not loaded: what is wrong with them does not matter.
    """
    match matched:
        case OneTarget(label):
            try:
                yield packages.target(label)
            except UserError as error:
                errors.append(error)
        case PathInWorkspace(path):
            yield from targets_of(OneTarget(label_of_path(path, packages)), packages, text=text, errors=errors)
        case TargetsIn(package):
            yield from _targets_in(package, matched.rules_only, packages, errors)
        case TargetsBelow(repository, directory, rules_only):
            try:
                found = packages.packages_below(repository, directory)
            except UserError as error:
                errors.append(error)
                return
            if not found:
                errors.append(NothingMatched(text, _meant_package(PackageId(repository, directory), packages)))
            for package in found:
                if any(_takes_all(one, package, rules_only) for one in without):
                    continue
                yield from _targets_in(package, rules_only, packages, errors)
        case _:
            assert_never(matched)


def meant(matched: Matched, packages: Packages) -> Matched:
    """`matched`, or the target that is called what would be a wildcard."""
    if not isinstance(matched, TargetsIn):
        return matched
    try:
        names_one = matched.word in packages.load(matched.package).targets
    except UserError:
        return matched  # reported when its targets are asked for
    return OneTarget(Label(matched.package, matched.word)) if names_one else matched


def label_of_path(path: str, packages: Packages) -> Label:
    """The target that a path means: a package's main target, else a name in the nearest package above.

    `a/b/c` is `//a/b/c:c` if that is a package, or else `//a/b:c`, `//a:b/c` or `//:a/b/c`.
    """
    parts = path.split("/") if path else []
    if path and packages.exists(PackageId(MAIN_REPOSITORY, path)):
        return Label(PackageId(MAIN_REPOSITORY, path), parts[-1])
    for cut in range(len(parts) - 1, -1, -1):
        package = PackageId(MAIN_REPOSITORY, "/".join(parts[:cut]))
        if packages.exists(package):
            return Label(package, "/".join(parts[cut:]))
    return Label(PackageId(MAIN_REPOSITORY, path), parts[-1] if parts else "")


def _meant_package(package: PackageId, packages: Packages) -> str | None:
    """The hint of the error that says why there is no such package."""
    try:
        packages.load(package)
    except UserError as error:
        return error.hint
    return None


def _takes_all(pattern: TargetsIn | TargetsBelow, package: PackageId, rules_only: bool) -> bool:
    if pattern.rules_only and not rules_only:
        return False
    if isinstance(pattern, TargetsIn):
        return pattern.package == package
    return pattern.repository == package.repository and is_inside(package.path, pattern.directory)


def _targets_in(
    package: PackageId, rules_only: bool, packages: Packages, errors: list[VenvshipError]
) -> Iterator[Target]:
    try:
        loaded = packages.load(package)
    except UserError as error:
        errors.append(error)
        return
    for target in loaded.targets.values():
        if not rules_only or isinstance(target, RuleTarget):
            yield target
    if not rules_only and loaded.own_file is not None and loaded.own_file.label.name not in loaded.targets:
        yield loaded.own_file
