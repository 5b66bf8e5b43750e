from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field
from typing import ClassVar

import pytest

from venvship.dataclass import HashedOnce, dataclass


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A value with all there is to compare."""

    unit: ClassVar[str] = "mm"
    x: int
    y: int = 2
    note: str = field(default="", compare=False, repr=False)
    seen: list[int] = field(default_factory=list, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Point):
    name: str


@dataclass(slots=True)
class Counter:
    count: int = 0
    doubled: int = field(init=False)

    def __post_init__(self) -> None:
        self.doubled = self.count * 2


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    text: str


@dataclass(frozen=True, slots=True)
class Caseless:
    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Caseless) and self.text.lower() == other.text.lower()

    def __hash__(self) -> int:
        return hash(self.text.lower())

    def __repr__(self) -> str:
        return f"<{self.text}>"


@dataclass(frozen=True)
class Open:
    inner: object


def test_fields_are_given_by_place_by_name_or_by_default() -> None:
    assert (Point(1).x, Point(1).y, Point(x=1, y=3).y, Point(1, note="n").note) == (1, 2, 3, "n")
    assert Point(1).seen is not Point(1).seen
    assert Named(1, name="n").name == "n"


@pytest.mark.parametrize("wrong", [lambda: Point(), lambda: Point(1, z=2), lambda: Named(1, 2, "", [], "n")])  # type: ignore[call-arg]
def test_arguments_that_do_not_fit_are_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        wrong()


def test_values_are_equal_by_the_fields_that_count_and_by_class() -> None:
    assert Point(1, note="a") == Point(1, note="b")
    assert Point(1) != Point(2)
    assert Point(1) != Named(1, name="n")
    assert hash(Point(1, note="a")) == hash(Point(1, note="b"))
    assert {Point(1): "one"}[Point(1)] == "one"
    assert Counter(1) == Counter(1)


def test_values_have_an_order_if_they_ask_for_one() -> None:
    assert sorted([Point(2), Point(1, 5), Point(1)]) == [Point(1), Point(1, 5), Point(2)]
    assert Point(1) <= Point(1) and Point(2) > Point(1) and Point(1) >= Point(1)
    with pytest.raises(TypeError):
        Point(1) < Named(1, name="n")  # noqa: B015
    with pytest.raises(TypeError):
        Counter(1) < Counter(2)  # type: ignore[operator]  # noqa: B015


def test_what_is_frozen_stays_as_it_is() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    counter = Counter(1)
    counter.count = 5
    assert (counter.count, counter.doubled) == (5, 2)
    with pytest.raises(TypeError):
        hash(counter)


def test_without_equality_things_are_themselves() -> None:
    token = Token("t")
    assert token == token
    assert token != Token("t")
    assert hash(token) == object.__hash__(token)


def test_a_hash_is_computed_once_where_that_is_asked_for() -> None:
    asked: list[str] = []

    class Text(str):
        def __hash__(self) -> int:
            asked.append(self)
            return super().__hash__()

    @dataclass(frozen=True, slots=True)
    class Name(HashedOnce):
        text: str

    name = Name(Text("a"))
    assert {name: 1}[name] == {Name("a"): 1}[name] == 1
    assert asked == ["a"]
    assert hash(dataclasses.replace(name, text="b")) == hash(Name("b")) != hash(name)
    assert [one.name for one in dataclasses.fields(Name)] == ["text"]
    assert dataclasses.astuple(name) == ("a",)


def test_what_a_class_defines_itself_is_kept() -> None:
    assert Caseless("A") == Caseless("a")
    assert hash(Caseless("A")) == hash(Caseless("a"))
    assert repr(Caseless("A")) == "<A>"


def test_representations_name_fields_and_end_in_circles() -> None:
    assert repr(Point(1)) == "Point(x=1, y=2, seen=[])"
    around: list[object] = []
    around.append(Open(around))
    assert repr(around[0]) == "Open(inner=[...])"
    assert repr(Open(Token("t"))) == "Open(inner=Token(text='t'))"


def test_the_standard_library_knows_them() -> None:
    assert dataclasses.replace(Point(1), y=9) == Point(1, 9)
    assert [one.name for one in dataclasses.fields(Named)] == ["x", "y", "note", "seen", "name"]
    assert dataclasses.astuple(Open(1)) == (1,)
    match Point(3, 4):
        case Point(x, y):
            assert (x, y) == (3, 4)
