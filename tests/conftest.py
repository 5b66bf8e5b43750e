"""What holds for all tests."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Shells start what they run in the background without Ctrl-C, which tests send to themselves and to what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes depends on what else the machine does; no test is about that.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def without_collections() -> Iterator[None]:
    """For tests that send signals to themselves: hypothesis looks on while garbage is collected, and what a signal
    raises in such a look is lost."""
    gc.disable()
    yield
    gc.enable()
