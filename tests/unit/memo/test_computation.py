from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.errors import UserError
from venvship.memo.computation import Cycle, Memo, Record
from venvship.memo.keys import DirectoryEntries, EntryState, EnvironmentVariable, FileContent, Key


@dataclass(frozen=True, slots=True)
class Number(Key[int]):
    name: str

    def fingerprint(self, value: int) -> str:
        return str(value)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Opaque(Key[object]):
    name: str


class Numbers:
    """Sums of other numbers, counting how often each is computed."""

    def __init__(self, parts: dict[str, list[str]], leaves: dict[str, int]) -> None:
        self.memo = Memo()
        self.parts = parts
        self.leaves = leaves
        self.runs: list[str] = []

    def get(self, name: str) -> int:
        return self.memo.compute(Number(name), self._computation(name))

    def _computation(self, name: str) -> Callable[[], int]:
        def run() -> int:
            self.runs.append(name)
            if name in self.leaves:
                return self.leaves[name]
            if name not in self.parts:
                raise UserError(f"no number {name}")
            return sum(self.get(part) for part in self.parts[name])

        return run


def test_a_key_is_computed_once() -> None:
    numbers = Numbers({"top": ["a", "b"], "a": ["x"], "b": ["x"]}, {"x": 2})
    assert numbers.get("top") == 4
    assert numbers.get("top") == 4
    assert sorted(numbers.runs) == ["a", "b", "top", "x"]


def test_a_record_names_what_was_read_directly_and_the_fingerprint() -> None:
    numbers = Numbers({"top": ["a", "x", "a"], "a": ["x"]}, {"x": 2})
    numbers.get("x")
    numbers.get("top")
    assert numbers.memo.record_of(Number("top")) == Record("6", (Number("a"), Number("x")))
    assert numbers.memo.record_of(Number("a")) == Record("2", (Number("x"),))
    assert numbers.memo.record_of(Number("x")) == Record("2", ())


def test_who_asked_for_a_key_is_known() -> None:
    numbers = Numbers({"top": ["a", "x"], "a": ["x"]}, {"x": 2})
    numbers.get("top")
    readers = {key: set(asking) for key, asking in numbers.memo.readers().items()}
    assert readers == {Number("a"): {Number("top")}, Number("x"): {Number("top"), Number("a")}}
    assert numbers.memo.was_asked_outside(Number("top"))
    assert not numbers.memo.was_asked_outside(Number("x"))
    numbers.get("x")
    assert numbers.memo.was_asked_outside(Number("x"))


def test_what_is_asked_for_meanwhile_is_noted_for_a_key_without_a_value() -> None:
    numbers = Numbers({"top": ["a"], "a": ["x"]}, {"x": 2, "y": 3})
    for name in ("top", "y"):
        with numbers.memo.noting(Number("somebody")):
            numbers.get(name)
    readers = numbers.memo.readers()
    assert readers[Number("top")] == readers[Number("y")] == [Number("somebody")]
    assert readers[Number("a")] == [Number("top")]
    assert not numbers.memo.was_asked_outside(Number("y"))
    with pytest.raises(KeyError):
        numbers.memo.value_of(Number("somebody"))
    numbers.get("y")
    assert numbers.memo.was_asked_outside(Number("y"))


def test_a_computation_in_progress_knows_what_it_has_asked_for() -> None:
    numbers, seen = Numbers({"a": ["x"]}, {"x": 2}), []

    def run() -> int:
        for name in ("a", "x", "a"):
            numbers.get(name)
            seen.append(numbers.memo.asked_so_far())
        return 0

    numbers.memo.compute(Number("top"), run)
    assert seen == [(Number("a"),), (Number("a"), Number("x")), (Number("a"), Number("x"))]
    assert numbers.memo.asked_so_far() == ()


def test_what_failed_or_was_not_computed_has_no_value() -> None:
    numbers = Numbers({"top": ["x", "gone"]}, {"x": 2})
    with pytest.raises(UserError):
        numbers.get("top")
    assert numbers.memo.value_of(Number("x")) == 2
    for name in ("top", "gone", "never"):
        with pytest.raises(KeyError):
            numbers.memo.value_of(Number(name))


def test_a_failure_is_kept_with_what_led_to_it() -> None:
    numbers = Numbers({"top": ["x", "gone"]}, {"x": 2})
    for _ in range(2):
        with pytest.raises(UserError, match="no number gone"):
            numbers.get("top")
    assert numbers.runs == ["top", "x", "gone"]
    assert numbers.memo.record_of(Number("top")) == Record(None, (Number("x"), Number("gone")))


def test_an_unexpected_exception_is_not_kept() -> None:
    memo = Memo()

    def broken() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        memo.compute(Number("a"), broken)
    assert memo.compute(Number("a"), lambda: 1) == 1


def test_a_cycle_is_reported_with_the_way_into_it() -> None:
    numbers = Numbers({"top": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}, {})
    with pytest.raises(Cycle) as caught:
        numbers.get("top")
    assert caught.value.path == tuple(Number(name) for name in ("top", "a", "b", "c", "a"))
    assert str(caught.value).splitlines() == [
        "these depend on each other in a cycle:",
        "    top",
        ".-> a",
        "|   b",
        "|   c",
        "`-- a",
    ]


def test_a_key_that_needs_itself_is_a_cycle() -> None:
    numbers = Numbers({"a": ["a"]}, {})
    with pytest.raises(Cycle) as caught:
        numbers.get("a")
    assert str(caught.value).splitlines()[1:] == [".-> a", "`-- a"]


def test_computations_work_again_after_a_cycle() -> None:
    numbers = Numbers({"a": ["a"], "top": ["x"]}, {"x": 1})
    with pytest.raises(Cycle):
        numbers.get("a")
    assert numbers.get("top") == 1
    assert numbers.memo.record_of(Number("top")).dependencies == (Number("x"),)


def test_values_that_cannot_be_compared_have_no_fingerprint() -> None:
    memo = Memo()
    memo.compute(Opaque("a"), object)
    assert memo.record_of(Opaque("a")) == Record(None, ())


def test_observations_are_listed_with_fingerprints() -> None:
    memo = Memo()

    def run() -> int:
        memo.compute(FileContent("/w/a"), lambda: b"a")
        memo.compute(FileContent("/w/b"), lambda: None)
        memo.compute(EnvironmentVariable("HOME"), lambda: None)
        memo.compute(EntryState("/w/c"), lambda: "directory")
        memo.compute(DirectoryEntries("/w"), lambda: (("a", "file", False),))
        return 1

    memo.compute(Number("top"), run)
    observed = dict(memo.observations())
    assert set(observed) == set(memo.record_of(Number("top")).dependencies)
    assert observed[FileContent("/w/b")].fingerprint == "absent"
    assert observed[EnvironmentVariable("HOME")].fingerprint == "unset"
    assert all(record.fingerprint for record in observed.values())


def test_an_empty_file_differs_from_an_absent_one() -> None:
    assert FileContent("a").fingerprint(b"") != FileContent("a").fingerprint(None)
    assert EnvironmentVariable("A").fingerprint("unset") != EnvironmentVariable("A").fingerprint(None)


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=30))
def test_any_graph_without_cycles_is_computed_once_per_key(edges: list[list[int]]) -> None:
    parts = {str(n): [str(m) for m in below if m < n] for n, below in enumerate(edges)}
    leaves = {str(n): 1 for n in range(31) if str(n) not in parts}
    numbers = Numbers(parts, leaves)
    for name in parts:
        numbers.get(name)
    assert len(numbers.runs) == len(set(numbers.runs))
    for name, below in parts.items():
        assert numbers.memo.record_of(Number(name)).dependencies == tuple(dict.fromkeys(Number(n) for n in below))
