"""A few packages, as if there were no others."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from venvship.loading.package import NoSuchTarget, Package
from venvship.loading.targets import Target
from venvship.loading.visibility import PRIVATE
from venvship.model.label import Label, PackageId
from venvship.model.paths import is_inside
from venvship.query.packages import Packages


class OnlyPackages:
    """Wildcards match in `wanted`, and nowhere else; no other package is loaded."""

    def __init__(self, packages: Packages, wanted: Collection[PackageId]) -> None:
        self._packages = packages
        self._wanted = wanted

    def load(self, package: PackageId) -> Package:
        return self._packages.load(package) if package in self._wanted else Package(package, "", {}, PRIVATE)

    def target(self, label: Label) -> Target:
        if label.package not in self._wanted:
            raise NoSuchTarget(label, self.load(label.package))
        return self._packages.target(label)

    def exists(self, package: PackageId) -> bool:
        return package in self._wanted and self._packages.exists(package)

    def packages_below(self, repository_name: str, directory: str = "") -> Sequence[PackageId]:
        return [
            package
            for package in sorted(self._wanted)
            if package.repository == repository_name and is_inside(package.path, directory)
        ]
