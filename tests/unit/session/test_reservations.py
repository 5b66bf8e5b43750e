"""What builds from source reserve of a machine."""

from __future__ import annotations

import threading

import pytest

from venvship.session.reservations import RESOURCE_SETS, Reservations, Resources, needed

GIGABYTE = 1 << 30
MACHINE = Resources(4, 8 * GIGABYTE)


@pytest.mark.parametrize(
    ("running", "next_one", "begins"),
    [
        ([], "mem_32g", True),  # more than there is: alone
        (["default"], "mem_32g", False),
        (["mem_4g"], "mem_2g", True),
        (["mem_4g"], "mem_4g", True),
        (["mem_4g", "mem_4g"], "default", False),
        (["mem_32g"], "default", False),
        (["cpu_2"], "cpu_2", True),
        (["cpu_2"], "cpu_4", False),
        (["default"] * 4, "default", False),
    ],
)
def test_a_build_begins_when_what_it_needs_is_free(running: list[str], next_one: str, begins: bool) -> None:
    reservations = Reservations(MACHINE)
    release = threading.Event()
    ready = threading.Barrier(len(running) + 1)

    def hold(name: str) -> None:
        with reservations.reserved(RESOURCE_SETS[name]):
            ready.wait(600)
            release.wait(600)

    holders = [threading.Thread(target=hold, args=(name,)) for name in running]
    for holder in holders:
        holder.start()
    ready.wait(600)
    begun = threading.Event()

    def begin() -> None:
        with reservations.reserved(RESOURCE_SETS[next_one]):
            begun.set()

    late = threading.Thread(target=begin)
    late.start()
    assert begun.wait(600 if begins else 0.1) is begins
    release.set()
    assert begun.wait(600)
    for thread in (*holders, late):
        thread.join()


def test_the_largest_of_several_sets_counts() -> None:
    assert needed([]) == RESOURCE_SETS["default"]
    assert needed(["mem_2g", "", "cpu_4", "mem_1g"]) == Resources(4, 2 * GIGABYTE)
