"""The answer to a query: its expression evaluated over the target graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import assert_never

from venvship.errors import Place, UserError, VenvshipError
from venvship.loading.attributes import labels_in
from venvship.loading.package import Package
from venvship.loading.targets import PackageGroup, RuleTarget, SourceFileTarget, Target
from venvship.loading.visibility import PUBLIC
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.query.attribute_texts import possible_texts
from venvship.query.expression import (
    Argument,
    Call,
    Combination,
    Expression,
    Let,
    Operator,
    Patterns,
    Variable,
    Word,
)
from venvship.query.label_names import LabelNames
from venvship.query.matching import label_of_path, meant, targets_of
from venvship.query.patterns import parse_pattern
from venvship.query.target_graph import Labels, TargetGraph, branches, reachable
from venvship.query.test_suites import is_suite, is_test, tests_of_suite


class QueryError(UserError):
    """A query is well formed, and what it asks can't be computed."""


class Evaluator:
    """Evaluates expressions; problems of targets are collected in the graph, those of the query are raised.

    `relative_to` is the directory that relative patterns start at, `universe` the patterns that `allrdeps` and
    `rbuildfiles` look at.
    """

    def __init__(
        self,
        graph: TargetGraph,
        *,
        relative_to: PackageId,
        mapping: Mapping[str, str],
        universe: Sequence[str] = (),
    ) -> None:
        self._graph = graph
        self._here = relative_to
        self._mapping = mapping
        self._universe = universe
        self._names = LabelNames(mapping)
        self._matched: dict[str, Labels] = {}
        self._functions: Mapping[str, Callable[..., Labels]] = {
            "allpaths": self._allpaths,
            "allrdeps": self._allrdeps,
            "attr": self._attr,
            "buildfiles": self._buildfiles,
            "deps": self._deps,
            "filter": self._filter,
            "kind": self._kind,
            "labels": self._labels,
            "loadfiles": self._loadfiles,
            "rbuildfiles": self._rbuildfiles,
            "rdeps": self._rdeps,
            "same_pkg_direct_rdeps": self._same_package_direct_rdeps,
            "siblings": self._siblings,
            "some": self._some,
            "somepath": self._somepath,
            "tests": self._tests,
            "visible": self._visible,
        }

    def evaluate(self, expression: Expression, variables: Mapping[str, Labels] | None = None) -> Labels:
        """The targets that an expression stands for, in the order in which they were found."""
        known = variables or {}
        match expression:
            case Word(text):
                return self._match(text)
            case Patterns(texts):
                return {label: None for text in texts for label in self._match(text)}
            case Variable(name):
                if name not in known:
                    raise QueryError(f"there is no variable `${name}`", hint=f"write `let {name} = … in …` around it")
                return known[name]
            case Let(name, value, body):
                return self.evaluate(body, {**known, name: self.evaluate(value, known)})
            case Combination(first, rest):
                result = dict(self.evaluate(first, known))
                for operator, one in rest:
                    result = _combine(operator, result, self.evaluate(one, known))
                return result
            case Call(function, arguments):
                return self._functions[function](*(self._argument(one, known) for one in arguments))
            case _:
                assert_never(expression)

    def _argument(self, argument: Argument, variables: Mapping[str, Labels]) -> Labels | str | int:
        if isinstance(argument, str | int):
            return argument
        return self.evaluate(argument, variables)

    def _match(self, text: str) -> Labels:
        if text not in self._matched:
            problems: list[VenvshipError] = []
            found: list[Target] = []
            try:
                pattern = parse_pattern(text, relative_to=self._here, mapping=self._mapping)
                matched = meant(pattern.matched, self._graph.packages)
                found.extend(targets_of(matched, self._graph.packages, text=text, errors=problems))
            except UserError as error:
                problems.append(error)
            self._graph.report(problems)
            self._matched[text] = self._graph.add(found)
        return self._matched[text]

    def _targets(self, labels: Iterable[Label]) -> Iterable[Target]:
        return (target for label in labels if (target := self._graph.target(label)) is not None)

    def _package(self, package: PackageId) -> Package | None:
        try:
            return self._graph.packages.load(package)
        except UserError as error:
            self._graph.report([error])
            return None

    def _packages(self, labels: Iterable[Label]) -> list[Package]:
        ids = dict.fromkeys(label.package for label in labels)
        return [package for one in ids if (package := self._package(one)) is not None]

    # What depends on what

    def _deps(self, targets: Labels, depth: int | None = None) -> Labels:
        return self._graph.closure(targets, depth=depth)

    def _rdeps(self, universe: Labels, targets: Labels, depth: int | None = None) -> Labels:
        within = self._graph.closure(universe)
        before = self._graph.predecessors(within)
        start = [label for label in targets if label in within]
        return reachable(start, lambda label: before.get(label, ()), depth=depth)

    def _allrdeps(self, targets: Labels, depth: int | None = None) -> Labels:
        return self._rdeps(self._universe_targets("allrdeps"), targets, depth)

    def _allpaths(self, start: Labels, end: Labels) -> Labels:
        within = self._graph.closure(start)
        before = self._graph.predecessors(within)
        return reachable([label for label in end if label in within], lambda label: before.get(label, ()))

    def _somepath(self, start: Labels, end: Labels) -> Labels:
        came_from: dict[Label, Label | None] = dict.fromkeys(start)
        border = list(came_from)
        while border:
            following: list[Label] = []
            for label in border:
                if label in end:
                    return _path_to(label, came_from)
                for one in self._graph.successors(label):
                    if one not in came_from:
                        came_from[one] = label
                        following.append(one)
            border = following
        return {}

    def _same_package_direct_rdeps(self, targets: Labels) -> Labels:
        return {
            label: None
            for label in self._siblings(targets)
            if any(one in targets and one.package == label.package for one in self._graph.successors(label))
        }

    # Choosing

    def _some(self, targets: Labels, count: int = 1) -> Labels:
        if not targets:
            raise QueryError("the argument of `some` is empty")
        return dict.fromkeys(list(targets)[:count])

    def _kind(self, pattern: str, targets: Labels) -> Labels:
        expression = _regular_expression("kind", pattern)
        return {target.label: None for target in self._targets(targets) if expression.search(target.kind)}

    def _filter(self, pattern: str, targets: Labels) -> Labels:
        expression = _regular_expression("filter", pattern)
        return {label: None for label in targets if expression.search(self._names.name(label))}

    def _attr(self, name: str, pattern: str, targets: Labels) -> Labels:
        expression = _regular_expression("attr", pattern)
        return {
            target.label: None
            for target in self._targets(targets)
            if any(expression.search(text) for text in possible_texts(target, name, self._names))
        }

    def _tests(self, targets: Labels) -> Labels:
        found: Labels = {}
        for target in self._targets(targets):
            if is_test(target):
                found[target.label] = None
            elif is_suite(target):
                problems: list[VenvshipError] = []
                found.update(self._graph.add(tests_of_suite(target, self._graph.packages, problems)))
                self._graph.report(problems)
        return found

    def _visible(self, viewers: Labels, targets: Labels) -> Labels:
        packages = {label.package for label in viewers}
        return {
            target.label: None
            for target in self._targets(targets)
            if all(self._sees(package, target) for package in packages)
        }

    def _sees(self, package: PackageId, target: Target) -> bool:
        if isinstance(target, PackageGroup) or package == target.label.package or target.visibility.admits(package):
            return True
        groups = reachable(target.visibility.groups, self._graph.successors)
        return any(isinstance(group, PackageGroup) and group.holds(package) for group in self._targets(groups))

    # Neighbours and files

    def _labels(self, name: str, targets: Labels) -> Labels:
        found: Labels = {}
        for target in self._targets(targets):
            if isinstance(target, RuleTarget) and name in target.rule_class.attributes:
                for value in branches(target.value(name)):
                    for label in labels_in(value):
                        if self._graph.target(label) is not None:
                            found[label] = None
        return found

    def _siblings(self, targets: Labels) -> Labels:
        found: Labels = {}
        for package in self._packages(targets):
            found.update(self._graph.add(package.targets.values()))
            if package.own_file is not None:
                found.update(self._graph.add([package.own_file]))
        return found

    def _loadfiles(self, targets: Labels) -> Labels:
        return self._files(label for package in self._packages(targets) for label in package.loads)

    def _buildfiles(self, targets: Labels) -> Labels:
        found: Labels = {}
        for package in self._packages(targets):
            found.update(self._build_file(package))
            for bzl in package.loads:
                found.update(self._files([bzl]))
                # The package that a `.bzl` file lies in counts too; its BUILD file need not be right for that.
                if self._graph.packages.exists(bzl.package):
                    loaded = self._package(bzl.package)
                    found.update({} if loaded is None else self._build_file(loaded))
        return found

    def _rbuildfiles(self, *paths: str) -> Labels:
        wanted = {label_of_path(path, self._graph.packages) for path in paths}
        found: Labels = {}
        for package in self._packages(self._universe_targets("rbuildfiles")):
            build_file = self._build_file(package)
            if wanted & {*build_file, *package.loads}:
                found.update(build_file)
        return found

    def _build_file(self, package: Package) -> Labels:
        name = package.build_file.rpartition("/")[2]
        return self._files([Label(package.id, name)]) if name else {}

    def _files(self, labels: Iterable[Label]) -> Labels:
        """Files of the loading phase are no declared targets; they become known as files here."""
        return self._graph.add(SourceFileTarget(label, _file_place(label), PUBLIC) for label in labels)

    def _universe_targets(self, function: str) -> Labels:
        if not self._universe:
            raise QueryError(f"`{function}` needs `--universe_scope`", hint="try `--universe_scope=//...`")
        return {label: None for text in self._universe for label in self._match(text)}


def _combine(operator: Operator, left: Labels, right: Labels) -> Labels:
    match operator:
        case Operator.UNION:
            return {**left, **right}
        case Operator.EXCEPT:
            return {label: None for label in left if label not in right}
        case Operator.INTERSECT:
            return {label: None for label in left if label in right}
        case _:
            assert_never(operator)


def _path_to(end: Label, came_from: Mapping[Label, Label | None]) -> Labels:
    path: list[Label] = []
    step: Label | None = end
    while step is not None:
        path.append(step)
        step = came_from[step]
    return dict.fromkeys(reversed(path))


def _regular_expression(function: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise QueryError(f"`{function}`: `{pattern}` is not a regular expression: {error}") from error


def _file_place(label: Label) -> Place:
    path = f"{label.package.path}/{label.name}".lstrip("/")
    return Place(path if label.repository == MAIN_REPOSITORY else f"@{label.repository}//{path}", 1, 1)
