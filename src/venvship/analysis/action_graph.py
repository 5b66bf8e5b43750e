"""The action graph: which action makes which artifact, over all targets of a build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.errors import Place, SeveralErrors, UserError
from venvship.model.action import Action, LinkArtifact, MakeSymlink, RunTool, WriteFile
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.label import Label
from venvship.model.paths import parent


class ConflictingOutputs(UserError):
    """Two actions make one file, or one makes a file below the file of another."""

    def __init__(
        self,
        path: str,
        first: Action,
        second: Action,
        *,
        below: str | None = None,
        places: Mapping[Label, Place] | None = None,
    ) -> None:
        where = places or {}
        what = f"output `{path}`" if below is None else f"output `{below}` lies below output `{path}`, which"
        twice = "is made by two targets" if first.owner != second.owner else "is made twice, in different ways"
        is_directory = any(one.exec_path == path and one.kind is ArtifactKind.DIRECTORY for one in first.outputs)
        reason = twice if below is None else "one action fills" if is_directory else "is no directory"
        lines = [_told(action, where.get(action.owner)) for action in (first, second)]
        super().__init__(
            f"{what} {reason}:\n" + "\n".join(lines),
            place=where.get(second.owner),
            hint="rename one of the outputs, or remove one of the targets",
        )
        self.owners = (first.owner, second.owner)


def _told(action: Action, place: Place | None) -> str:
    declared = "" if place is None else f", declared at {place}"
    what = "action" if action.mnemonic == "Action" else f"{action.mnemonic} action"
    return f"  {what} of `{action.owner}`{declared}"


def same_action(first: Action, second: Action) -> bool:
    """Whether two actions, perhaps of two targets, make one file in one way; such a file is made once."""
    match first, second:
        case WriteFile(), WriteFile():
            same = first.content == second.content and first.executable == second.executable
        case MakeSymlink(), MakeSymlink():
            same = first.text == second.text
        case LinkArtifact(), LinkArtifact():
            same = first.target == second.target and first.executable == second.executable
        case RunTool(), RunTool():
            requests = ((one.tool, one.request, one.outputs, one.interpreter) for one in (first, second))
            return len(first.outputs) == 1 and next(requests) == next(requests)
        case _:
            return first is second
    return same and first.output == second.output and first.output.kind is second.output.kind


class ActionGraph:
    """Looks up the action that generates an artifact."""

    def __init__(self) -> None:
        self._by_output: dict[str, Action] = {}
        self._places: dict[Label, Place] = {}
        self.conflicts: tuple[ConflictingOutputs, ...] = ()
        """Outputs that are made twice, or lie below others; the first action keeps its output."""

    @classmethod
    def of(cls, targets: Iterable[ConfiguredTarget]) -> ActionGraph:
        """Collect the actions of `targets`; raises SeveralErrors of all conflicts."""
        graph = cls.collected(targets)
        if graph.conflicts:
            raise SeveralErrors(graph.conflicts)
        return graph

    @classmethod
    def collected(cls, targets: Iterable[ConfiguredTarget]) -> ActionGraph:
        """Collect the actions of `targets`, and the conflicts between them."""
        graph = cls()
        conflicts: list[ConflictingOutputs] = []
        seen: set[Action] = set()
        for target in targets:
            if target.actions:
                graph._places[target.label] = target.place
            for action in target.actions:
                if action in seen:
                    continue
                seen.add(action)
                for output in action.outputs:
                    other = graph._by_output.setdefault(output.exec_path, action)
                    if other is not action and not same_action(other, action):
                        conflicts.append(ConflictingOutputs(output.exec_path, other, action, places=graph._places))
        graph.conflicts = (*conflicts, *graph._prefix_conflicts())
        return graph

    def generating(self, artifact: Artifact) -> Action | None:
        """The action that makes `artifact`, or None for a source file."""
        return self._by_output.get(artifact.exec_path)

    def owners(self) -> Iterator[tuple[str, Label]]:
        """Every output, by its exec path, and the target whose action makes it."""
        return ((path, action.owner) for path, action in self._by_output.items())

    def place_of(self, action: Action) -> Place | None:
        """Where the target stands that declared `action`."""
        return self._places.get(action.owner)

    @property
    def conflicting(self) -> frozenset[Label]:
        """The targets whose actions are in conflict with others."""
        return frozenset(owner for conflict in self.conflicts for owner in conflict.owners)

    def _prefix_conflicts(self) -> list[ConflictingOutputs]:
        conflicts: list[ConflictingOutputs] = []
        clear: set[str] = set()
        for path, action in self._by_output.items():
            above = parent(path)
            while above and above not in clear:
                other = self._by_output.get(above)
                if other is not None:
                    conflicts.append(ConflictingOutputs(above, other, action, below=path, places=self._places))
                    break
                clear.add(above)
                above = parent(above)
        return conflicts
