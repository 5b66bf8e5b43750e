"""How often a server that fails is asked again, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

OVERLOADED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""What servers answer that may answer otherwise in a moment."""

_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 60.0


class Attempts:
    """Iterating waits before each attempt but the first, longer each time; `limit` fruitless ones in a row end it."""

    def __init__(self, limit: int, *, sleep: Callable[[float], object]) -> None:
        self._limit = limit
        self._sleep = sleep
        self._fruitless = 0
        self._wanted = 0.0

    def __iter__(self) -> Iterator[None]:
        while self._fruitless < self._limit:
            if self._fruitless:
                self._sleep(max(min(_FIRST_WAIT * 2**self._fruitless, _LONGEST_WAIT), self._wanted))
                self._wanted = 0.0
            self._fruitless += 1
            yield

    def postpone(self, headers: Mapping[str, str]) -> None:
        """Wait before the next attempt for as long as the server asks."""
        self._wanted = _retry_after(headers)

    def advance(self) -> None:
        """The attempt has failed, but brought something: it is as good as the first one."""
        self._fruitless = 1


def is_distrusted(error: Exception) -> bool:
    """Whether a server is not asked because its certificate is none that we know, which no second attempt changes."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, or a moment by the server's own clock, which `Date` tells."""
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit() and len(text) < 9:
        return min(float(text), _LONGEST_WAIT)
    then, now = _moment(text), _moment(headers.get("Date", ""))
    if then is None or now is None:
        return 0.0
    return min(max((then - now) / timedelta(seconds=1), 0.0), _LONGEST_WAIT)


def _moment(text: str) -> datetime | None:
    """Dates of HTTP are in UTC."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
