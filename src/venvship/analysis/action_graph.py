"""The action graph: which action makes which artifact, over all targets of a build."""

from __future__ import annotations

from collections.abc import Iterable

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.errors import SeveralErrors, UserError, VenvshipError
from venvship.model.action import Action, LinkArtifact, MakeSymlink, WriteFile
from venvship.model.artifact import Artifact
from venvship.model.paths import parent


class ConflictingOutputs(UserError):
    """Two actions make one file, or one makes a file below the file of another."""

    def __init__(self, path: str, first: Action, second: Action, *, below: str | None = None) -> None:
        what = f"output `{path}`" if below is None else f"output `{below}` lies below output `{path}`, which"
        twice = "is made by two targets" if first.owner != second.owner else "is made twice, in different ways"
        reason = twice if below is None else "is no directory"
        super().__init__(
            f"{what} {reason}:\n  {first.mnemonic} action of `{first.owner}`\n"
            f"  {second.mnemonic} action of `{second.owner}`",
            hint="rename one of the outputs, or remove one of the targets",
        )


def same_action(first: Action, second: Action) -> bool:
    """Whether two actions, perhaps of two targets, make one file in one way; such a file is made once."""
    match first, second:
        case WriteFile(), WriteFile():
            same = first.content == second.content and first.executable == second.executable
        case MakeSymlink(), MakeSymlink():
            same = first.text == second.text
        case LinkArtifact(), LinkArtifact():
            same = first.target == second.target and first.executable == second.executable
        case _:
            return first is second
    return same and first.output == second.output and first.output.kind is second.output.kind


class UndeclaredAction(UserError):
    """A rule promised an output and declared no action that makes it."""


class ActionGraph:
    """Looks up the action that generates an artifact."""

    def __init__(self) -> None:
        self._by_output: dict[str, Action] = {}

    @classmethod
    def of(cls, targets: Iterable[ConfiguredTarget]) -> ActionGraph:
        """Collect the actions of `targets`; raises SeveralErrors of all conflicts."""
        graph = cls()
        conflicts: list[VenvshipError] = []
        seen: set[int] = set()
        for target in targets:
            for action in target.actions:
                if id(action) in seen:
                    continue
                seen.add(id(action))
                for output in action.outputs:
                    other = graph._by_output.setdefault(output.exec_path, action)
                    if other is not action and not same_action(other, action):
                        conflicts.append(ConflictingOutputs(output.exec_path, other, action))
        conflicts += graph._prefix_conflicts()
        if conflicts:
            raise SeveralErrors(conflicts)
        return graph

    def generating(self, artifact: Artifact) -> Action | None:
        """The action that makes `artifact`, or None for a source file."""
        return self._by_output.get(artifact.exec_path)

    def _prefix_conflicts(self) -> list[VenvshipError]:
        conflicts: list[VenvshipError] = []
        clear: set[str] = set()
        for path, action in self._by_output.items():
            above = parent(path)
            while above and above not in clear:
                other = self._by_output.get(above)
                if other is not None:
                    conflicts.append(ConflictingOutputs(above, other, action, below=path))
                    break
                clear.add(above)
                above = parent(above)
        return conflicts
