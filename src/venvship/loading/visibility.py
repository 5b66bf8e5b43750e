"""Who may depend on a target."""

from __future__ import annotations

from venvship.dataclass import dataclass
from venvship.model.label import Label, PackageId
from venvship.model.paths import is_inside


@dataclass(frozen=True, slots=True, order=True)
class PackagePattern:
    """One package, or a package and everything below it, in one repository."""

    package: PackageId
    subpackages: bool = False

    def matches(self, package: PackageId) -> bool:
        if self.subpackages:
            return package.repository == self.package.repository and is_inside(package.path, self.package.path)
        return package == self.package

    def __str__(self) -> str:
        return f"{self.package}:{'__subpackages__' if self.subpackages else '__pkg__'}"


@dataclass(frozen=True, slots=True)
class Visibility:
    """Everybody, or the packages that `packages` match and those of the `groups`.

    A target's own package may always use it; `groups` name `package_group` targets.
    """

    is_public: bool = False
    packages: tuple[PackagePattern, ...] = ()
    groups: tuple[Label, ...] = ()

    def __str__(self) -> str:
        return f"[{', '.join(self.spelling)}]"

    @property
    def spelling(self) -> tuple[str, ...]:
        """The elements of a `visibility` attribute that mean the same."""
        if self.is_public:
            return ("//visibility:public",)
        elements = (*(str(pattern) for pattern in self.packages), *(str(group) for group in self.groups))
        return elements or ("//visibility:private",)

    def admits(self, package: PackageId) -> bool:
        """Whether `package` is let in without asking any package group."""
        return self.is_public or any(pattern.matches(package) for pattern in self.packages)


PUBLIC = Visibility(is_public=True)
PRIVATE = Visibility()
