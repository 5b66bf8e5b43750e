"""What a workspace is made of, kept so that another MODULE.bazel may come to the same.

Versions that are asked for decide about versions that are taken, and these about what a build can see. So what came of
the file is compared, and not what it says. A module that was not there before, registers nothing and asks for no
repositories concerns nobody: every name that a build looked for was that of another.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from typing import Any, Self

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.modules.module_file import ModuleFile
from venvship.modules.module_graph import ModuleGraph


@dataclass(slots=True)
class ModuleRecord:
    """Plain values only.

    `modules` are digests of what modules are, by canonical name, and `mappings` what they call others; `asked` are
    digests of what they ask of extensions and of repository rules, in order. `registering` are the modules that
    register toolchains or platforms.
    """

    modules: dict[str, str] = field(default_factory=dict)
    mappings: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    registering: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, graph: ModuleGraph) -> Self:
        return cls(
            {name: _digest((module.source, _alone(module.file))) for name, module in graph.modules.items()},
            {name: dict(module.mapping) for name, module in graph.modules.items()},
            [_digest(one) for one in (*graph.extension_usages, *graph.repo_rule_usages)],
            [name for name, one in graph.modules.items() if one.file.toolchains or one.file.execution_platforms],
        )

    def packed(self) -> list[Any]:
        return [getattr(self, one.name) for one in fields(self)]

    @classmethod
    def unpacked(cls, values: Sequence[Any]) -> Self:
        return cls(*values)

    def allows(self, now: ModuleRecord) -> bool:
        """Whether a build that succeeded with this would come to the same with `now`."""
        if now.asked != self.asked or now.registering != self.registering:
            return False
        kept = {name: digest for name, digest in now.modules.items() if name in self.modules}
        if [*kept.items()] != [*self.modules.items()]:
            return False
        return all(self._still_means(now.mappings[name], known) for name, known in self.mappings.items())

    def _still_means(self, mapping: Mapping[str, str], known: Mapping[str, str]) -> bool:
        if any(mapping.get(apparent) != canonical for apparent, canonical in known.items()):
            return False
        # A second name of a module that was there may be the one by which messages call it.
        return not any(canonical in self.modules for name, canonical in mapping.items() if name not in known)


def _alone(file: ModuleFile) -> ModuleFile:
    """What is not said elsewhere: dependencies and overrides by modules and mappings, the rest by what is asked for."""
    return dataclasses.replace(file, deps=(), overrides={}, extensions=(), repo_rules=())


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
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *map(_placeless, value))
    return value
