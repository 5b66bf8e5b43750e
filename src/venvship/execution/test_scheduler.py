"""Runs many tests at once, shards and runs of one test beside each other, exclusive ones alone and last."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from venvship.dataclass import dataclass
from venvship.events.build_events import EventSink, TestStatus
from venvship.execution.failures import Interrupted
from venvship.execution.test_request import PartResult, TestPart, TestRequest, TestResult, joined, test_log_directory
from venvship.execution.test_runner import TestRunner, parts_of
from venvship.host.arrivals import Arrivals
from venvship.host.processes import Children

EXCLUSIVE = frozenset({"exclusive", "exclusive-if-local"})


@dataclass(frozen=True, slots=True)
class _Ended:
    """One part is done, or could not be run at all."""

    number: int
    result: PartResult | None
    error: BaseException | None = None


def run_tests(
    runner: TestRunner,
    requests: Sequence[TestRequest],
    *,
    jobs: int,
    children: Children,
    events: EventSink,
    keep_going: bool = True,
) -> tuple[TestResult, ...]:
    """Results in the order of `requests`; each is emitted as TestFinished when its last part ends.

    Without `keep_going` nothing starts after the first test that did not pass. Raises Interrupted when the user stops
    it; tests that were not done then have been emitted with NO_STATUS.
    """
    run = _Run(runner, requests, events, keep_going)
    ordinary = [number for number, request in enumerate(requests) if not request.tags & EXCLUSIVE]
    alone = [number for number, request in enumerate(requests) if request.tags & EXCLUSIVE]
    try:
        run.run(ordinary, jobs)
        for number in alone:
            run.run([number], 1)
    except KeyboardInterrupt:
        children.kill_all()
        run.finish()
        raise Interrupted from None
    except BaseException:
        children.kill_all()
        raise
    return run.finish()


class _Run:
    def __init__(
        self, runner: TestRunner, requests: Sequence[TestRequest], events: EventSink, keep_going: bool
    ) -> None:
        self._runner = runner
        self._requests = requests
        self._events = events
        self._keep_going = keep_going
        self._stopped = False
        self._arrived: Arrivals[_Ended] = Arrivals()
        self._parts: list[list[PartResult]] = [[] for _ in requests]
        self._results: list[TestResult | None] = [None for _ in requests]

    def run(self, numbers: Iterable[int], jobs: int) -> None:
        waiting = [(number, part) for number in numbers for part in parts_of(self._requests[number])]
        waiting.reverse()
        running = 0
        pool = ThreadPoolExecutor(max(1, jobs), thread_name_prefix="test")
        try:
            while running or (waiting and not self._stopped):
                while waiting and running < max(1, jobs) and not self._stopped:
                    number, part = waiting.pop()
                    pool.submit(self._run_part, number, part)
                    running += 1
                ended = self._arrived.take()
                running -= 1
                self._take(ended)
        finally:
            # Only an interrupt comes here with parts still running; their processes are killed by who catches it.
            pool.shutdown(wait=False, cancel_futures=True)

    def finish(self) -> tuple[TestResult, ...]:
        """All results; what was not run to its end has no status."""
        for number, request in enumerate(self._requests):
            if self._results[number] is None:
                self._end(number, TestResult(request.label, TestStatus.NO_STATUS, False, 0.0, ()))
        return tuple(result for result in self._results if result is not None)

    def _run_part(self, number: int, part: TestPart) -> None:
        try:
            result = self._runner.run_part(self._requests[number], part)
        except BaseException as error:
            # Carried to the calling thread, which raises it.
            self._arrived.put(_Ended(number, None, error))
        else:
            self._arrived.put(_Ended(number, result))

    def _take(self, ended: _Ended) -> None:
        if ended.error is not None:
            raise ended.error
        if ended.result is None or ended.result.status is TestStatus.NO_STATUS:
            return
        parts = self._parts[ended.number]
        parts.append(ended.result)
        request = self._requests[ended.number]
        if len(parts) == len(parts_of(request)):
            ordered = sorted(parts, key=lambda part: (part.part.run, part.part.shard))
            self._end(ended.number, joined(request, tuple(ordered)))

    def _end(self, number: int, result: TestResult) -> None:
        self._results[number] = result
        if result.status not in (TestStatus.PASSED, TestStatus.FLAKY) and not self._keep_going:
            self._stopped = True
        finished = result.finished(self._requests[number])
        log = finished.log or f"{test_log_directory(self._requests[number])}/test.log"
        self._events.emit(dataclasses.replace(finished, log=log))
