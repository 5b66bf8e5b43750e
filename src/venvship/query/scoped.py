"""Queries that see a few targets and what those need: what `genquery` asks.

The answer depends on nothing but the packages of the scope, so a build may keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from venvship.dataclass import dataclass
from venvship.errors import SeveralErrors, UserError, VenvshipError
from venvship.loading.package import Package
from venvship.loading.targets import Target
from venvship.model.label import Label, PackageId
from venvship.query.expression import Call, parse_query
from venvship.query.functions import Evaluator, QueryError
from venvship.query.label_names import LabelNames
from venvship.query.outputs import OutputOptions, printed
from venvship.query.packages import Packages
from venvship.query.target_graph import Labels, TargetGraph

_FORMS = frozenset({"build", "graph", "json", "label", "label_kind", "location", "maxrank", "minrank", "package"})
_WORDS = frozenset({"implicit_deps", "tool_deps"})


class OutsideScope(UserError):
    """A query of a build leads to a target that its scope does not hold."""

    def __init__(self, label: Label) -> None:
        super().__init__(
            f"the query leads to `{label}`, which is not in its scope",
            hint="add the target to `scope`, or set `strict = False` to leave it out",
        )


@dataclass(frozen=True, slots=True)
class ScopedAnswer:
    """The lines of an answer; `skipped` tells what was left out of it."""

    lines: tuple[str, ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Options:
    output: OutputOptions = field(default_factory=OutputOptions)
    implicit: bool = True
    tools: bool = True


class ScopedQueries:
    """Answers queries over the packages that `packages` gives."""

    def __init__(self, packages: Callable[[], Packages]) -> None:
        self._packages = packages

    def answer(
        self,
        expression: str,
        scope: Sequence[Label],
        *,
        home: PackageId,
        mapping: Mapping[str, str],
        options: Sequence[str],
        strict: bool,
    ) -> ScopedAnswer:
        """Evaluate `expression` as the package `home` writes it; raises all that is wrong with it or the scope."""
        parsed = parse_query(expression)
        read = _read(options)
        packages = self._packages()
        whole = TargetGraph(packages)
        inside = whole.closure(scope)
        _raise(list(whole.errors.values()))
        graph = TargetGraph(_Scoped(packages, inside), implicit=read.implicit, tools=read.tools)
        found = Evaluator(graph, relative_to=home, mapping=mapping).evaluate(parsed)
        # Wildcards list whole packages.
        graph.report([OutsideScope(label) for label in found if label not in inside])
        problems = list(graph.errors.values())
        if strict:
            _raise(problems)
        _raise([problem for problem in problems if not isinstance(problem, OutsideScope)])
        # The answer of `somepath` is a way, not a set.
        keep_order = isinstance(parsed, Call) and parsed.function == "somepath"
        known = [label for label in found if label in inside]
        lines = printed(known, graph, LabelNames(mapping), replace(read.output, keep_order=keep_order))
        return ScopedAnswer(tuple(lines), tuple(problem.message for problem in problems))


class _Scoped:
    """Packages, of which no other target than those `inside` is seen."""

    def __init__(self, packages: Packages, inside: Labels) -> None:
        self._packages = packages
        self._inside = inside

    def load(self, package: PackageId) -> Package:
        return self._packages.load(package)

    def target(self, label: Label) -> Target:
        if label not in self._inside:
            raise OutsideScope(label)
        return self._packages.target(label)

    def exists(self, package: PackageId) -> bool:
        return self._packages.exists(package)

    def packages_below(self, repository_name: str, directory: str = "") -> Sequence[PackageId]:
        raise QueryError(
            "patterns with `...` can't be used in queries of a build", hint="name targets, and ask for their `deps()`"
        )


def _raise(problems: Sequence[VenvshipError]) -> None:
    if problems:
        raise problems[0] if len(problems) == 1 else SeveralErrors(problems)


def _read(options: Sequence[str]) -> _Options:
    read = _Options()
    for text in options:
        name, equals, value = text.removeprefix("--").partition("=")
        positive = name.removeprefix("no")
        if name == "output" and value in _FORMS:
            read = replace(read, output=replace(read.output, form=value))
        elif name in ("graph:factored", "nograph:factored") and not equals:
            read = replace(read, output=replace(read.output, factored=not name.startswith("no")))
        elif positive in _WORDS and not equals:
            wanted = positive == name
            read = replace(read, implicit=wanted) if positive == "implicit_deps" else replace(read, tools=wanted)
        else:
            raise QueryError(
                f"`{text}` is no option of queries of a build",
                hint="there are `--output=FORM`, `--noimplicit_deps`, `--notool_deps` and `--nograph:factored`",
            )
    return read
