"""`@pypi` of rules_python: another name of the default hub, where no hub is called so."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from venvship.modules.module_file import Tag
from venvship.modules.module_graph import ModuleExtensionUsage, ModuleGraph
from venvship.session.extension_tags import PIP
from venvship.session.tag_attributes import MistakenTag

_UNIFIED: Final = "pypi"


def with_unified_hub(graph: ModuleGraph) -> ModuleGraph:
    """The graph in which `use_repo(pip, "pypi")` means the default hub; raises MistakenTag where there is none."""
    usages = [one for one in graph.extension_usages if one.extension == PIP and one.prefix is None]
    if not any(_UNIFIED in one.usage.imports.values() for one in usages):
        return graph
    tags = [tag for one in graph.extension_usages if one.prefix is None for tag in one.usage.tags]
    if any(tag.name in ("parse", "declare_hub") and tag.arguments.get("hub_name") == _UNIFIED for tag in tags):
        return graph
    hub = _default_hub(usages)

    def renamed(imports: Mapping[str, str]) -> dict[str, str]:
        return {apparent: hub if exported == _UNIFIED else exported for apparent, exported in imports.items()}

    modules = dict(graph.modules)
    for one in usages:
        module = modules[one.module]
        names = {apparent: hub for apparent, exported in one.usage.imports.items() if exported == _UNIFIED}
        modules[one.module] = dataclasses.replace(module, mapping={**module.mapping, **names})
    return dataclasses.replace(
        graph,
        modules=modules,
        extension_usages=tuple(
            dataclasses.replace(one, usage=dataclasses.replace(one.usage, imports=renamed(one.usage.imports)))
            if one in usages
            else one
            for one in graph.extension_usages
        ),
    )


def _default_hub(usages: list[ModuleExtensionUsage]) -> str:
    tags = [tag for one in usages for tag in one.usage.tags]
    hubs = dict.fromkeys(str(tag.arguments.get("hub_name")) for tag in tags if tag.name == "parse")
    known = ", ".join(f"`{hub}`" for hub in hubs) or "none"
    named = next((tag for tag in tags if tag.name == "default" and tag.arguments.get("default_hub")), None)
    if named is not None:
        return _known(named, hubs, known)
    if len(hubs) == 1:
        return next(iter(hubs))
    place = next(one.usage.place for one in usages if _UNIFIED in one.usage.imports.values())
    raise MistakenTag(
        f"`{_UNIFIED}` stands for the default hub, and the hubs are {known}",
        place=place,
        hint=f'add `pip.default(default_hub = "NAME")`, or name one: `use_repo(pip, {_UNIFIED} = "NAME")`',
    )


def _known(tag: Tag, hubs: Mapping[str, object], known: str) -> str:
    hub = str(tag.arguments["default_hub"])
    if hub not in hubs:
        raise MistakenTag(f"`default_hub` is `{hub}`, and the hubs are {known}", place=tag.place)
    return hub
