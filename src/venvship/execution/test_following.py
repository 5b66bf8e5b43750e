"""Shows the logs of tests while they grow."""

from __future__ import annotations

import codecs
import contextlib
import threading
from collections.abc import Iterator

from venvship.events.build_events import EventSink, TestPrinted
from venvship.execution.test_request import TestRequest

_PAUSE = 0.05
_CHUNK = 1 << 16


class FollowedLogs:
    """Tells, as TestPrinted, what a test writes, soon after it does."""

    def __init__(self, events: EventSink) -> None:
        self._events = events

    @contextlib.contextmanager
    def follow(self, request: TestRequest, name: str, log: str) -> Iterator[None]:
        """While this lasts, tell what is written to `log`; everything that was, when it ends."""
        ended = threading.Event()
        follower = threading.Thread(target=self._tell, args=(request, name, log, ended), name="follow", daemon=True)
        # The file must be there before anyone looks at it.
        open(log, "ab").close()
        follower.start()
        try:
            yield
        finally:
            ended.set()
            follower.join()

    def _tell(self, request: TestRequest, name: str, log: str, ended: threading.Event) -> None:
        # A character may be cut where the test has not written all of it yet.
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with open(log, "rb") as file:
            last = False
            while not last:
                last = ended.wait(_PAUSE)
                while data := file.read(_CHUNK):
                    self._emit(request, name, decoder.decode(data))
            self._emit(request, name, decoder.decode(b"", final=True))

    def _emit(self, request: TestRequest, name: str, text: str) -> None:
        if text:
            self._events.emit(TestPrinted(request.label, name, text))
