"""Labels as a user of the main repository would write them."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.model.label import MAIN_REPOSITORY, Label, PackageId


class LabelNames:
    """`//a:b` in the main repository, `@pypi//a:b` where it has a name there, `@@canonical//a:b` elsewhere."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._apparent: dict[str, str] = {}
        for apparent in sorted(mapping):
            self._apparent.setdefault(mapping[apparent], apparent)

    def repository(self, canonical: str) -> str:
        if canonical == MAIN_REPOSITORY:
            return ""
        apparent = self._apparent.get(canonical)
        return f"@@{canonical}" if apparent is None else f"@{apparent}"

    def name(self, label: Label) -> str:
        return f"{self.repository(label.repository)}//{label.package.path}:{label.name}"

    def package(self, package: PackageId) -> str:
        """What `--output=package` prints: `a/b`, `@pypi//a`."""
        repository = self.repository(package.repository)
        return f"{repository}//{package.path}" if repository else package.path
