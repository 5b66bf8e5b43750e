"""The hubs that tags of several extensions declare and fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.errors import Place, VenvshipError
from venvship.session.extensions import Annotations, LockProject, PackageOverride
from venvship.session.tag_attributes import MistakenTag


@dataclass(slots=True)
class DeclaredHubs:
    """Hubs by name with where they are declared, locks that fill them, and what is said of distributions."""

    declared: dict[str, Place] = field(default_factory=dict)
    projects: list[LockProject] = field(default_factory=list)
    overrides: list[PackageOverride] = field(default_factory=list)
    annotations: list[Annotations] = field(default_factory=list)

    def filled(self, problems: list[VenvshipError]) -> Mapping[str, tuple[LockProject, ...]]:
        """The locks of each hub; hubs that are not declared or have no lock are added to the problems.

        A hub whose tag has a problem already is not said to be empty.
        """
        hubs: dict[str, list[LockProject]] = {}
        for project in self.projects:
            if project.hub not in self.declared:
                hint = f'add `uv.declare_hub(hub_name = "{project.hub}")`'
                message = f"hub `{project.hub}` is not declared"
                problems.append(MistakenTag(message, place=project.place, hint=hint))
            hubs.setdefault(project.hub, []).append(project)
        locks = {project.lock: None for project in self.projects}
        named = [
            *((one.lock, one.place) for one in self.overrides),
            *((one.lock, one.place) for one in self.annotations),
        ]
        for lock, place in named:
            if locks and lock is not None and lock not in locks:
                hint = f"the locks of hubs are {', '.join(f'`{known}`' for known in locks)}"
                problems.append(MistakenTag(f"no hub has the lock `{lock}`", place=place, hint=hint))
        mentioned = {problem.place for problem in problems}
        for name, place in self.declared.items():
            if name not in hubs and place not in mentioned:
                hint = "add a `uv.project` tag"
                problems.append(MistakenTag(f"hub `{name}` has no lock file", place=place, hint=hint))
        return {name: tuple(projects) for name, projects in hubs.items()}
