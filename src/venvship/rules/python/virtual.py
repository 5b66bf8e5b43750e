"""Dependencies that are named abstractly (`virtual_deps`), and what a program says they are (`resolutions`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.errors import Place, UserError
from venvship.model.label import Label
from venvship.rules.python.library import Closure
from venvship.rules.python.providers import PyInfo, VirtualResolution

_NOTHING: Final[Mapping[str, ConfiguredTarget]] = MappingProxyType({})


class UnresolvedVirtualDependencies(UserError):
    """A program reaches libraries that need distributions by name, and nobody says which targets these are."""

    def __init__(self, label: Label, missing: Iterable[tuple[str, str]], *, place: Place) -> None:
        lines = [f"  {name}, required by {by}" for name, by in missing]
        names = [name for name, _ in missing]
        entries = "\n".join(f'        "{name}": "@pypi//{name.replace("-", "_")}",' for name in names)
        super().__init__(
            f"`{label}` needs virtual dependencies that nothing stands for:\n" + "\n".join(lines),
            place=place,
            hint=f"say what they are:\n    resolutions = {{\n{entries}\n    }},",
        )
        self.names = tuple(names)


def resolved(
    ctx: RuleContext,
    closure: Closure,
    *,
    program: Label | None = None,
    held: Mapping[str, ConfiguredTarget] = _NOTHING,
) -> tuple[Closure, Mapping[str, ConfiguredTarget]]:
    """The closure with the targets that stand for virtual dependencies, and these by name.

    The target's own `resolutions` win over those of libraries, and of these the one nearest to the leaves; what a
    shared venv has for a name (`held`) counts where nobody says anything. `program` is for whom this target is made.
    Raises UnresolvedVirtualDependencies.
    """
    if not closure.code.virtual_dependencies:
        return closure, _NOTHING
    chosen: dict[str, ConfiguredTarget] = {}
    missing: dict[str, None] = {}
    while True:
        own = ctx.targets("resolutions")
        named = {**held, **_by_name(closure.code.virtual_resolutions.to_tuple(), own=own)}
        wanted = [name for name in closure.code.virtual_dependencies.to_tuple() if name not in chosen]
        wanted = [name for name in wanted if name not in missing]
        if not wanted:
            break
        found = {name: named[name] for name in wanted if name in named}
        missing.update(dict.fromkeys(name for name in wanted if name not in found))
        chosen.update(found)
        closure = closure.with_targets(found.values())
        if not found:
            break
    if missing:
        asker = program or ctx.label
        raise UnresolvedVirtualDependencies(
            asker, [(name, str(virtual_bringer(ctx, name) or asker)) for name in missing], place=ctx.place
        )
    return closure, chosen


def _by_name(
    resolutions: Iterable[VirtualResolution], *, own: Iterable[ConfiguredTarget]
) -> dict[str, ConfiguredTarget]:
    ours = {id(target) for target in own}
    named: dict[str, ConfiguredTarget] = {}
    for resolution in resolutions:
        if resolution.virtual not in named or id(resolution.target) in ours:
            named[resolution.virtual] = resolution.target
    return named


def virtual_bringer(ctx: RuleContext, name: str) -> Label | None:
    """The dependency through which a virtual one came, if not the target itself names it."""
    for target in ctx.targets("deps"):
        info = target.get(PyInfo)
        if info is not None and name in info.virtual_dependencies.to_tuple():
            return target.label
    return None
