"""The targets that `build` and `test` work on: patterns in order, suites replaced, filters applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import UserError, VenvshipError
from venvship.loading.absent_symbols import FOREIGN_KINDS
from venvship.loading.attributes import Select, labels_in
from venvship.loading.targets import RuleTarget, Target
from venvship.model.label import Label, PackageId
from venvship.modules.module_sources import UnknownModule
from venvship.query.matching import meant, targets_of
from venvship.query.packages import Packages
from venvship.query.patterns import TargetPattern, TargetsBelow, TargetsIn, parse_pattern
from venvship.query.tags import ANY, MANUAL, TagFilter, filtered_tags, size_of, tags_of, timeout_of
from venvship.query.test_suites import expand_suites, is_suite, is_test


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the matched targets counts; `test_*` concern tests only."""

    build_tags: TagFilter = ANY
    test_tags: TagFilter = ANY
    test_sizes: TagFilter = ANY
    test_timeouts: TagFilter = ANY
    test_languages: TagFilter = ANY
    manual_tests: bool = False
    tests_only: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen targets in order of their labels, and everything that is wrong with the patterns.

    `named` are those whose names somebody wrote, instead of a wildcard or a suite that holds them. `by_wildcards`
    says whether only wildcards matched, or none; None where it is neither, or where suites were replaced.
    """

    targets: Mapping[Label, Target] = field(default_factory=dict)
    errors: tuple[VenvshipError, ...] = ()
    named: frozenset[Label] = frozenset()
    by_wildcards: bool | None = None

    @property
    def labels(self) -> tuple[Label, ...]:
        return tuple(self.targets)

    @property
    def tests(self) -> tuple[Label, ...]:
        return tuple(label for label, target in self.targets.items() if is_test(target))


def select_targets(
    texts: Sequence[str],
    packages: Packages,
    *,
    relative_to: PackageId,
    mapping: Mapping[str, str],
    filters: Filters | None = None,
    for_tests: bool = False,
) -> Selection:
    """The targets that patterns name, all problems at once.

    Wildcards leave manual targets out. `for_tests` applies the filters of tests to targets named in full, too.
    """
    filters = filters or Filters()
    errors: list[VenvshipError] = []
    chosen: dict[Label, Target] = {}
    named: set[Label] = set()
    ways: set[bool | None] = set()
    patterns = parse_patterns(texts, relative_to=relative_to, mapping=mapping, errors=errors)
    for position, written in enumerate(patterns):
        pattern = written if written.is_negative else replace(written, matched=meant(written.matched, packages))
        found = targets_of(
            pattern.matched,
            packages,
            text=pattern.text,
            # What a subtracted pattern does not find is not missed.
            errors=[] if pattern.is_negative else errors,
            without=_subtracted(patterns[position + 1 :]),
        )
        if pattern.is_wildcard and not pattern.is_negative:
            found = (
                target for target in found if _wildcard_counts(target, filters) and not _is_absent(target, packages)
            )
        matched = list(found)
        ways.add(pattern.is_wildcard if not any(map(is_suite, matched)) else None)
        expanded = expand_suites(matched, packages, errors)
        if not pattern.is_wildcard and not pattern.is_negative:
            named.update(target.label for target in matched)
        if pattern.is_negative:
            for label in expanded:
                chosen.pop(label, None)
        else:
            chosen.update(expanded)
    kept = {label: chosen[label] for label in sorted(chosen) if _passes(chosen[label], filters, for_tests)}
    return Selection(
        kept, tuple(_each_once(errors)), frozenset(kept.keys() & named), ways.pop() if len(ways) == 1 else None
    )


def parse_patterns(
    texts: Iterable[str], *, relative_to: PackageId, mapping: Mapping[str, str], errors: list[VenvshipError]
) -> list[TargetPattern]:
    """All patterns that can be read; why the others can't is added to `errors`."""
    patterns: list[TargetPattern] = []
    for text in texts:
        try:
            patterns.append(parse_pattern(text, relative_to=relative_to, mapping=mapping))
        except UserError as error:
            errors.append(error)
    return patterns


def _subtracted(patterns: Iterable[TargetPattern]) -> list[TargetsIn | TargetsBelow]:
    """Whole packages that the first of these patterns take away, before another one may bring them back."""
    subtracted: list[TargetsIn | TargetsBelow] = []
    for pattern in patterns:
        if not pattern.is_negative:
            break
        if isinstance(pattern.matched, TargetsIn | TargetsBelow):
            subtracted.append(pattern.matched)
    return subtracted


def _wildcard_counts(target: Target, filters: Filters) -> bool:
    if MANUAL in tags_of(target):
        return filters.manual_tests and is_test(target)
    return not filters.tests_only or is_test(target) or is_suite(target)


def _is_absent(target: Target, packages: Packages) -> bool:
    """Whether a target is only another name of something that can't be had, tells about it, or makes it choosable."""
    seen: set[Label] = set()
    waiting = [target]
    while waiting:
        target = waiting.pop()
        if not isinstance(target, RuleTarget) or target.label in seen:
            continue
        seen.add(target.label)
        if target.rule_class.defined_in is None and target.rule_class.name in FOREIGN_KINDS:
            return True
        for label in _told_of(target):
            try:
                waiting.append(packages.target(label))
            except UnknownModule:
                return True
            except UserError:
                # Modules that come along lack types of toolchains that nobody here asks for.
                if target.rule_class.name == "toolchain" and label.repository != target.label.repository:
                    return True
    return False


def _told_of(target: RuleTarget) -> Iterable[Label]:
    """What a target stands for, has the documentation of, or offers."""
    values = [target.attributes.get(name) for name in _TELLING.get(target.rule_class.name, ())]
    return [label for value in values if not isinstance(value, Select) for label in labels_in(value)]


_TELLING: Final[Mapping[str, tuple[str, ...]]] = {
    "alias": ("actual",),
    "bzl_library": ("deps",),
    "toolchain": ("toolchain_type", "toolchain"),
}
"""The attributes that say what a target of a rule is nothing without."""


def _passes(target: Target, filters: Filters, for_tests: bool) -> bool:
    if not isinstance(target, RuleTarget):
        return True
    tags = filtered_tags(target)
    if not filters.build_tags.matches(tags):
        return False
    if not for_tests or not is_test(target):
        return True
    language = target.rule_class.name.rpartition("_")[0]
    return (
        filters.test_tags.matches(tags)
        and filters.test_sizes.matches(size_of(target))
        and filters.test_timeouts.matches([timeout_of(target)])
        and filters.test_languages.matches([language, language.partition("_")[0]])
    )


def _each_once(errors: Iterable[VenvshipError]) -> Iterable[VenvshipError]:
    return {str(error): error for error in errors}.values()
