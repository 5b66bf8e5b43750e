"""When a server is asked again."""

from __future__ import annotations

import pytest

from venvship.repos.attempts import Attempts


def test_waits_grow_and_end_with_the_limit() -> None:
    waits: list[float] = []
    assert len(list(Attempts(5, sleep=waits.append))) == 5
    assert waits == [0.5, 1.0, 2.0, 4.0]
    assert list(Attempts(0, sleep=waits.append)) == []


NOON = "Fri, 01 Jan 2021 12:00:00 GMT"


@pytest.mark.parametrize(
    ("asked", "date", "wait"),
    [
        ("7", "", 7.0),
        ("0", "", 0.5),
        ("99999", "", 60.0),
        ("Fri, 01 Jan 2021 12:00:09 GMT", NOON, 9.0),
        ("Fri, 01 Jan 2021 11:00:00 GMT", NOON, 0.5),
        ("Fri, 01 Jan 2027 11:00:00 GMT", NOON, 60.0),
        ("Fri, 01 Jan 2021 12:00:09 GMT", "", 0.5),
        ("Fri, 01 Jan 2021 12:00:09", NOON, 9.0),
        ("soon", NOON, 0.5),
        ("-5", NOON, 0.5),
        ("٣", NOON, 0.5),
        ("1e9", NOON, 0.5),
        ("Fri, 99 Jan 99999 99:99:99 +9999", NOON, 0.5),
    ],
)
def test_a_server_says_how_long_to_wait(asked: str, date: str, wait: float) -> None:
    waits: list[float] = []
    attempts = iter(tried := Attempts(3, sleep=waits.append))
    next(attempts)
    tried.postpone({"Retry-After": asked, "Date": date})
    next(attempts)
    next(attempts)
    # What was asked for holds for one wait.
    assert waits == [wait, 1.0]


def test_an_attempt_that_brought_something_is_as_good_as_the_first() -> None:
    waits: list[float] = []
    attempts = Attempts(2, sleep=waits.append)
    for number, _ in enumerate(attempts):
        if number < 6:
            attempts.advance()
    assert waits == [0.5] * 6
