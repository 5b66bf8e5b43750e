"""Tags of targets, and choosing by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from venvship.dataclass import dataclass
from venvship.loading.rule_class import TEST_SIZES, TEST_TIMEOUTS
from venvship.loading.targets import RuleTarget, Target

MANUAL = "manual"
"""Wildcards leave targets with this tag out."""

_SWITCHES = ("flaky", "local")


def tags_of(target: Target) -> tuple[str, ...]:
    if not isinstance(target, RuleTarget):
        return ()
    return strings_of(target, "tags")


def filtered_tags(target: Target) -> frozenset[str]:
    """What filters by tag look at: a test's size, timeout, and whether it is flaky or local, beside its tags."""
    if not isinstance(target, RuleTarget) or not target.rule_class.is_test:
        return frozenset(tags_of(target))
    switches = ("" if target.value(name) is True else "no" for name in _SWITCHES)
    words = (prefix + name for prefix, name in zip(switches, _SWITCHES, strict=True))
    return frozenset([*tags_of(target), *size_of(target), timeout_of(target), *words])


def size_of(target: Target) -> tuple[str, ...]:
    """The size of a test; nothing for other targets."""
    return (str(target.value("size")),) if isinstance(target, RuleTarget) and target.rule_class.is_test else ()


def timeout_of(test: RuleTarget) -> str:
    """The word for how long a test may take, by its size if it does not say."""
    return str(test.value("timeout")) or TEST_TIMEOUTS[TEST_SIZES.index(str(test.value("size")))]


def strings_of(target: RuleTarget, attribute: str) -> tuple[str, ...]:
    """The texts of a list attribute that can't be chosen; none if the rule class does not have it."""
    if attribute not in target.rule_class.attributes:
        return ()
    value = target.value(attribute)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, tuple) else ()


@dataclass(frozen=True, slots=True)
class TagFilter:
    """At least one of `wanted`, if there are any, and none of `unwanted`.

    >>> TagFilter.parse(["fast", "-db"]).matches(["fast", "db"])
    False
    """

    wanted: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, words: Iterable[str]) -> Self:
        """`tag` and `+tag` are wanted, `-tag` is not."""
        given = list(words)
        return cls(
            frozenset(word.removeprefix("+") for word in given if not word.startswith("-")),
            frozenset(word[1:] for word in given if word.startswith("-")),
        )

    def matches(self, tags: Iterable[str]) -> bool:
        present = frozenset(tags)
        return not (present & self.unwanted) and (not self.wanted or bool(present & self.wanted))


ANY = TagFilter()
"""Lets everything pass."""
