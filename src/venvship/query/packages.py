"""What patterns and queries ask of loading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from venvship.loading.package import Package
from venvship.loading.targets import Target
from venvship.model.label import Label, PackageId


class Packages(Protocol):
    """Packages of all repositories; each is loaded when it is first asked for. All of these may raise UserError."""

    def load(self, package: PackageId) -> Package: ...

    def target(self, label: Label) -> Target: ...

    def exists(self, package: PackageId) -> bool:
        """Whether there is such a package, whatever may be wrong with it."""
        ...

    def packages_below(self, repository_name: str, directory: str = "") -> Sequence[PackageId]:
        """All packages in a directory and below it, by name; none is loaded."""
        ...
