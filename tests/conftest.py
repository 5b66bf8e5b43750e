"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Shells start what they run in the background without Ctrl-C, which tests send to themselves and to what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Terminals of tests are what these make of them, whatever that one is like in which the tests run.
for variable in ("COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(variable, None)
os.environ["TERM"] = "xterm-256color"

# How long an example takes depends on what else the machine does; no test is about that. Which examples are tried does
# not change from run to run; who looks for more calls pytest with `--hypothesis-profile=searching`.
settings.register_profile("searching", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("certain", settings.get_profile("searching"), derandomize=True)
settings.load_profile("certain")


@pytest.fixture
def without_collections() -> Iterator[None]:
    """For tests that send signals to themselves: hypothesis looks on while garbage is collected, and what a signal
    raises in such a look is lost."""
    gc.disable()
    yield
    gc.enable()
