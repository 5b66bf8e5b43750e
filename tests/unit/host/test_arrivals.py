from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from venvship.host.arrivals import Arrivals, awaited, results


class Noticed(Exception):
    pass


def test_what_arrives_is_taken_in_order() -> None:
    arrivals: Arrivals[int] = Arrivals()
    assert arrivals.is_empty
    sender = threading.Thread(target=lambda: arrivals.put(1))
    arrivals.put(0)
    sender.start()
    assert [arrivals.take(), arrivals.take()] == [0, 1]
    sender.join()
    assert arrivals.is_empty


def test_results_come_in_the_order_of_the_arguments() -> None:
    second_is_done = threading.Event()

    def length(text: str) -> int:
        if text == "first":
            assert second_is_done.wait(600)
        else:
            second_is_done.set()
        return len(text)

    with ThreadPoolExecutor(2) as pool:
        assert results(pool, length, ["first", "second"]) == [5, 6]


def test_after_one_has_raised_no_other_begins() -> None:
    begun: list[int] = []
    has_raised = threading.Event()

    def refuse(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ValueError(number)
        assert has_raised.wait(600)

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ValueError, match="0"):
            results(pool, refuse, range(10))
        has_raised.set()
    assert begun in ([0], [0, 1])


def _take_from(arrivals: Arrivals[str], _: Future[str]) -> None:
    arrivals.take()


def _await(_: Arrivals[str], future: Future[str]) -> None:
    awaited(future)


@pytest.mark.usefixtures("without_collections")
@pytest.mark.parametrize("waiting", [_take_from, _await])
def test_a_signal_ends_the_wait_even_when_it_does_not_wake_the_thread_that_waits(
    waiting: Callable[[Arrivals[str], Future[str]], None],
) -> None:
    arrivals: Arrivals[str] = Arrivals()
    future: Future[str] = Future()
    noticed = threading.Event()
    too_late: list[bool] = []

    def notice(*_: object) -> None:
        noticed.set()
        raise Noticed

    def send() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        time.sleep(0.1)  # by now the other thread waits
        os.kill(os.getpid(), signal.SIGUSR1)
        if not noticed.wait(600):
            too_late.append(True)
            arrivals.put("something")
            future.set_result("something")

    before = signal.signal(signal.SIGUSR1, notice)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    sender = threading.Thread(target=send)
    try:
        with pytest.raises(Noticed):
            sender.start()
            waiting(arrivals, future)
    finally:
        sender.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGUSR1, before)
    assert not too_late
