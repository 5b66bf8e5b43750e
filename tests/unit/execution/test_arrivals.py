from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from venvship.execution.arrivals import Arrivals


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


def test_a_signal_ends_the_wait_even_when_it_does_not_wake_the_thread_that_waits() -> None:
    arrivals: Arrivals[str] = Arrivals()
    noticed = threading.Event()
    too_late: list[bool] = []

    def notice(*_: object) -> None:
        noticed.set()
        raise Noticed

    def send() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        time.sleep(0.1)  # by now the other thread waits
        os.kill(os.getpid(), signal.SIGUSR1)
        if not noticed.wait(20):
            too_late.append(True)
            arrivals.put("something")

    before = signal.signal(signal.SIGUSR1, notice)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    sender = threading.Thread(target=send)
    try:
        with pytest.raises(Noticed):
            sender.start()
            arrivals.take()
    finally:
        sender.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGUSR1, before)
    assert not too_late
