"""What packages take from `.bzl` files of the workspace, kept so that an edit concerns those whose values it changes.

Files that load an edited one, directly or not, are evaluated again. A package is loaded again when a symbol that its
BUILD file names has another digest than before; whatever else is in these files it can't see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, fields
from typing import Any, Self, TypeAlias

from venvship.dataclass import dataclass
from venvship.execution.unresumable import Unresumable
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId

Row: TypeAlias = tuple[str, str, list[str], str, dict[str, str | None]]
"""A module: its package and name, the paths of what it loads itself, its visibility, the digests of its symbols."""


@dataclass(slots=True)
class BzlRecord:
    """Plain values only; modules are host paths, packages are paths in the main repository.

    `symbols` are those that the BUILD file of a package loads, by module. `elsewhere` are modules that something else
    than packages and modules of the main repository asked for, such as an extension.
    """

    modules: dict[str, Row] = field(default_factory=dict)
    symbols: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)

    def packed(self) -> list[Any]:
        return [getattr(self, one.name) for one in fields(self)]

    @classmethod
    def unpacked(cls, values: Sequence[Any]) -> Self:
        return cls(*values)

    def renewed(self, part: BzlRecord) -> BzlRecord:
        """This record with what a command found that looked again at a part of the packages."""
        return BzlRecord(
            {**self.modules, **part.modules},
            {**self.symbols, **part.symbols},
            [*dict.fromkeys([*self.elsewhere, *part.elsewhere])],
        )

    def affected(self, paths: Iterable[str]) -> list[str]:
        """These modules and all that load them; raises Unresumable where something else than a package does."""
        loaders: dict[str, list[str]] = {}
        for path, (_, _, loads, _, _) in self.modules.items():
            for one in loads:
                loaders.setdefault(one, []).append(path)
        found = dict.fromkeys(paths)
        pending = list(found)
        while pending:
            for loader in loaders.get(pending.pop(), ()):
                if loader not in found:
                    found[loader] = None
                    pending.append(loader)
        for path in self.elsewhere:
            if path in found:
                raise Unresumable(path)
        return list(found)

    def label(self, path: str) -> Label:
        package, name, *_ = self.modules[path]
        return Label(PackageId(MAIN_REPOSITORY, package), name)
