"""What a workspace is made of, kept so that another MODULE.bazel may come to the same.

Versions that are asked for decide about versions that are taken, and these about what a build can see. So what came of
the file is compared, and not what it says. A module that was not there before, registers nothing and asks for no
repositories concerns nobody: every name that a build looked for was that of another. So does another hub. The version
of the main module concerns the packages that ask for it, and an override of a distribution those who need this one.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from typing import Any, Self, TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.execution.unresumable import Unresumable
from venvship.model.label import MAIN_REPOSITORY
from venvship.modules.module_file import ModuleFile
from venvship.modules.module_graph import ModuleGraph
from venvship.session.extensions import Extensions, PackageOverride

Override: TypeAlias = tuple[str, bool]
"""What is different about a distribution: a digest, and whether a target takes its place."""


@dataclass(slots=True)
class ModuleRecord:
    """Plain values only.

    `modules` are digests of what modules are, by canonical name, and `mappings` what they call others; `asked` are
    digests of what they ask of repository rules and of extensions that are written in `.bzl` files, in order.
    `registering` are the modules that register toolchains or platforms. `version` is that of the main module, and
    `is_told` whether extensions may see it. Of the other extensions there are the digests of hubs by name, what is
    different about distributions, the names that modules use of them, and a digest of all the rest.
    """

    modules: dict[str, str] = field(default_factory=dict)
    mappings: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    registering: list[str] = field(default_factory=list)
    version: str = ""
    is_told: bool = False
    hubs: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)
    repositories: list[str] = field(default_factory=list)
    others: str = ""

    @classmethod
    def of(cls, graph: ModuleGraph, extensions: Extensions) -> Self:
        written = [one for one in graph.extension_usages if one.prefix is not None]
        others = dataclasses.replace(extensions, hubs={}, overrides=(), repositories=frozenset(), warnings=())
        different: dict[str, list[PackageOverride]] = {}
        for one in extensions.overrides:
            different.setdefault(one.name, []).append(one)
        return cls(
            {name: _digest((module.source, _alone(name, module.file))) for name, module in graph.modules.items()},
            {name: dict(module.mapping) for name, module in graph.modules.items()},
            [_digest(one) for one in (*written, *graph.repo_rule_usages)],
            [name for name, one in graph.modules.items() if one.file.toolchains or one.file.execution_platforms],
            graph.root.file.version,
            bool(written),
            {name: _digest(projects) for name, projects in extensions.hubs.items()},
            {name: (_digest(some), any(one.target is not None for one in some)) for name, some in different.items()},
            sorted(extensions.repositories),
            _digest(others),
        )

    def packed(self) -> list[Any]:
        return [getattr(self, one.name) for one in fields(self)]

    @classmethod
    def unpacked(cls, values: Sequence[Any]) -> Self:
        return cls(*values)

    def allows(self, now: ModuleRecord) -> bool:
        """Whether a build that succeeded with this would come to the same with `now`.

        What asks for the version of the main module, and what needs a distribution that is `overridden`, may not.
        """
        if now.asked != self.asked or now.registering != self.registering or now.others != self.others:
            return False
        if now.version != self.version and (self.is_told or now.is_told):
            return False
        if not self._has_room_for(now.hubs):
            return False
        kept = {name: digest for name, digest in now.modules.items() if name in self.modules}
        if [*kept.items()] != [*self.modules.items()]:
            return False
        return all(self._still_means(now.mappings[name], known) for name, known in self.mappings.items())

    def overridden(self, now: ModuleRecord) -> list[str]:
        """The distributions that something else is different about; raises Unresumable where others may lead elsewhere.

        Where a target takes the place of a distribution, others need the target and not the distribution.
        """
        found: list[str] = []
        for name in sorted(self.overrides.keys() | now.overrides.keys()):
            both = (self.overrides.get(name), now.overrides.get(name))
            if both[0] != both[1]:
                if any(one is not None and one[1] for one in both):
                    raise Unresumable(name)
                found.append(name)
        return found

    def _has_room_for(self, hubs: Mapping[str, str]) -> bool:
        """Whether these are the known hubs, and others that give no known name another meaning."""
        if any(hubs.get(name) != digest for name, digest in self.hubs.items()):
            return False
        added = [name for name in hubs if name not in self.hubs]
        return not any(one == name or one.startswith(f"{name}_") for name in added for one in self.repositories)

    def _still_means(self, mapping: Mapping[str, str], known: Mapping[str, str]) -> bool:
        if any(mapping.get(apparent) != canonical for apparent, canonical in known.items()):
            return False
        # A second name of a module that was there may be the one by which messages call it.
        return not any(canonical in self.modules for name, canonical in mapping.items() if name not in known)


def _alone(name: str, file: ModuleFile) -> ModuleFile:
    """What is not said elsewhere: dependencies and overrides by modules and mappings, the rest by what is asked for."""
    version = file.version if name != MAIN_REPOSITORY else ""
    return dataclasses.replace(file, version=version, deps=(), overrides={}, extensions=(), repo_rules=())


def _digest(value: object) -> str:
    return hashlib.blake2b(repr(_placeless(value)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _placeless(value: Any) -> Any:
    """A value of frozen classes and containers as plain tuples, without where it stands."""
    if isinstance(value, Place):
        return None
    if dataclasses.is_dataclass(value):
        return (type(value).__name__, *(_placeless(getattr(value, one.name)) for one in dataclasses.fields(value)))
    if isinstance(value, Mapping):
        return ("mapping", *((_placeless(key), _placeless(one)) for key, one in value.items()))
    if isinstance(value, frozenset):
        return ("set", *sorted(value))
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *map(_placeless, value))
    return value
