"""Loaded targets as a graph: who names whom, before anything is configured.

Choices are open here, so a target depends on what any branch of a `select` names, and on the conditions.
All walks use lists instead of recursion: chains of dependencies outgrow Python's stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from venvship.errors import EnvironmentProblem, Place, UserError, VenvshipError
from venvship.loading.attributes import AttributeSpec, AttributeValue, Choice, PlainValue, Select, labels_in
from venvship.loading.config_module import ExecTransition
from venvship.loading.targets import OutputFileTarget, PackageGroup, RuleTarget, SourceFileTarget, Target
from venvship.loading.visibility import PUBLIC
from venvship.model.label import MAIN_REPOSITORY, Label
from venvship.query.packages import Packages

Labels = dict[Label, None]
"""A set of labels that remembers the order in which they were found."""


class TargetGraph:
    """Targets and the edges between them, loaded as they are asked for.

    What can't be loaded is added to `errors` and left out. A target of another repository that can't be loaded from
    here and now is a leaf, listed in `unknown`: that it is needed is certain, what it needs is not.
    """

    def __init__(self, packages: Packages, *, implicit: bool = True, tools: bool = True) -> None:
        self.packages = packages
        self.errors: dict[str, VenvshipError] = {}
        self.unknown: Labels = {}
        self._implicit = implicit
        self._tools = tools
        self._targets: dict[Label, Target | None] = {}
        self._successors: dict[Label, tuple[Label, ...]] = {}

    def add(self, targets: Iterable[Target]) -> Labels:
        """Make targets known that others have found."""
        labels: Labels = {}
        for target in targets:
            self._targets.setdefault(target.label, target)
            labels[target.label] = None
        return labels

    def report(self, problems: Iterable[VenvshipError]) -> None:
        """Add problems to `errors`, each once."""
        for problem in problems:
            self.errors.setdefault(str(problem), problem)

    def target(self, label: Label) -> Target | None:
        """The target of a label; None when there is none."""
        if label not in self._targets:
            self._targets[label] = self._load(label)
        return self._targets[label]

    def successors(self, label: Label) -> tuple[Label, ...]:
        """The targets that a target depends on directly, in the order of its attributes, each once."""
        found = self._successors.get(label)
        if found is None:
            target = self.target(label)
            wanted = () if target is None else self._edges(target)
            found = tuple(one for one in dict.fromkeys(wanted) if self.target(one) is not None)
            self._successors[label] = found
        return found

    def closure(self, start: Iterable[Label], *, depth: int | None = None) -> Labels:
        """Everything that can be reached from `start` in at most `depth` steps, nearest first."""
        return reachable(start, self.successors, depth=depth)

    def predecessors(self, within: Iterable[Label]) -> Mapping[Label, list[Label]]:
        """For each target those of `within` that depend on it directly."""
        found: dict[Label, list[Label]] = {}
        for label in within:
            for successor in self.successors(label):
                found.setdefault(successor, []).append(label)
        return found

    def _load(self, label: Label) -> Target | None:
        try:
            return self.packages.target(label)
        except UserError as error:
            self.report([error])
        except EnvironmentProblem as error:
            if label.repository == MAIN_REPOSITORY:
                self.report([error])
                return None
            self.unknown[label] = None
            return SourceFileTarget(label, Place(str(label.package)), PUBLIC)
        return None

    def _edges(self, target: Target) -> list[Label]:
        match target:
            case RuleTarget():
                return [
                    label
                    for name, spec in target.rule_class.attributes.items()
                    if spec.type.holds_dependencies and self._follows(target, spec)
                    for label in labels_of(target.value(name))
                ]
            case OutputFileTarget():
                return [target.generating_rule]
            case PackageGroup():
                return list(target.includes)
            case SourceFileTarget():
                return []

    def _follows(self, target: RuleTarget, spec: AttributeSpec) -> bool:
        if not self._implicit and (spec.is_private or target.attributes.get(spec.name) is None):
            return False
        return self._tools or not isinstance(spec.transition, ExecTransition)


def labels_of(value: AttributeValue) -> list[Label]:
    """The labels in every branch of a value, and the conditions that choose."""
    if not isinstance(value, Select):
        return list(labels_in(value))
    return [*(label for one in branches(value) for label in labels_in(one)), *value.conditions]


def branches(value: AttributeValue) -> list[PlainValue]:
    """Every plain value that may become part of a value."""
    if not isinstance(value, Select):
        return [value]
    return [
        one
        for part in value.parts
        for one in (part.branches.values() if isinstance(part, Choice) else (part,))
        if one is not None
    ]


def reachable(
    start: Iterable[Label], neighbours: Callable[[Label], Iterable[Label]], *, depth: int | None = None
) -> Labels:
    """Breadth first: `start`, then what is one step away, and so on."""
    found: Labels = dict.fromkeys(start)
    border = list(found)
    steps = 0
    while border and (depth is None or steps < depth):
        steps += 1
        following: list[Label] = []
        for label in border:
            for one in neighbours(label):
                if one not in found:
                    found[one] = None
                    following.append(one)
        border = following
    return found
