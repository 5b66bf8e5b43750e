"""`test_suite`: a name for several tests, replaced by them before anything is built."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from venvship.errors import UserError, VenvshipError
from venvship.loading.attributes import Choice, Select, labels_in
from venvship.loading.targets import RuleTarget, Target
from venvship.model.label import Label
from venvship.query.packages import Packages
from venvship.query.tags import MANUAL, TagFilter, size_of, tags_of

SUITE = "test_suite"


def is_suite(target: Target) -> bool:
    return isinstance(target, RuleTarget) and target.rule_class.name == SUITE


def is_test(target: Target) -> bool:
    return isinstance(target, RuleTarget) and target.rule_class.is_test


def expand_suites(targets: Iterable[Target], packages: Packages, errors: list[VenvshipError]) -> dict[Label, Target]:
    """The targets with each suite replaced by its tests, each once; what is wrong is added to `errors`."""
    expanded: dict[Label, Target] = {}
    for target in targets:
        if is_suite(target):
            for one in tests_of_suite(target, packages, errors):
                expanded.setdefault(one.label, one)
        else:
            expanded.setdefault(target.label, target)
    return expanded


class SuiteCycle(UserError):
    """Test suites hold each other in a circle."""

    def __init__(self, path: Sequence[Target]) -> None:
        start = path.index(min(path, key=lambda suite: suite.label))
        path = [*path[start:], *path[:start]]
        first, *others = (str(suite.label) for suite in path)
        shown = [f".-> {first}", *(f"|   {label}" for label in others), f"`-- {first}"]
        super().__init__("test suites hold each other:\n" + "\n".join(shown), place=path[0].place)


def tests_of_suite(suite: Target, packages: Packages, errors: list[VenvshipError]) -> list[Target]:
    """The tests that a suite stands for, through suites in it.

    Without `tests` it holds all tests of its package but manual ones. `tags` choose among them, and by their sizes.
    """
    seen: set[Label] = set()
    on_path: dict[Label, Target] = {}
    waiting = [(suite, False)]
    tests: dict[Label, Target] = {}
    while waiting:
        current, leaving = waiting.pop()
        if leaving:
            del on_path[current.label]
            continue
        if current.label in on_path:
            path = list(on_path.values())
            errors.append(SuiteCycle(path[path.index(current) :]))
        if current.label in seen or not isinstance(current, RuleTarget):
            continue
        seen.add(current.label)
        on_path[current.label] = current
        waiting.append((current, True))
        # In a suite, `manual` says that wildcards leave the suite out; it chooses nothing.
        chosen = TagFilter.parse(tag for tag in tags_of(current) if tag != MANUAL)
        for target in _members(current, packages, errors):
            if is_suite(target):
                waiting.append((target, False))
            elif is_test(target) and chosen.matches([*tags_of(target), *size_of(target)]):
                tests[target.label] = target
    return [tests[label] for label in sorted(tests)]


def _members(suite: RuleTarget, packages: Packages, errors: list[VenvshipError]) -> list[Target]:
    value = suite.value("tests")
    parts = value.parts if isinstance(value, Select) else (value,)
    labels: dict[Label, None] = {}
    for part in parts:
        for branch in part.branches.values() if isinstance(part, Choice) else (part,):
            labels.update(dict.fromkeys(labels_in(branch)))
    if not labels:
        package = packages.load(suite.label.package)
        return [target for target in package.rules() if is_test(target) and MANUAL not in tags_of(target)]
    members: list[Target] = []
    for label in labels:
        try:
            members.append(packages.target(label))
        except UserError as error:
            errors.append(error)
    return members
