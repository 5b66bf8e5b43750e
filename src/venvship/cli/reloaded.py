"""The part of a command that a few BUILD and .bzl files concern: these are loaded, and what they concern made again."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import replace
from typing import TypeAlias

from venvship.cli.fast_path import StampPlace
from venvship.cli.fast_path_note import Said, take_stamp
from venvship.cli.invocation import Invocation
from venvship.cli.surroundings import Session
from venvship.cli.targets import filters, pattern_texts, select
from venvship.cli.test_options import inherited_by_tests
from venvship.events.build_events import Event, EventSink, TestFinished
from venvship.execution.failures import Interrupted
from venvship.execution.unresumable import Unresumable
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.query.only_packages import OnlyPackages
from venvship.query.selection import Filters
from venvship.session.build_record import BuildRecord
from venvship.session.changed_inputs import LookAgain
from venvship.session.loading_record import LoadingRecord, Names, label_of, names_of
from venvship.session.options import TestOptions
from venvship.session.outcomes import BuildOutcome, TestOutcome
from venvship.session.renewal import renewed
from venvship.session.resumption import Resumed
from venvship.session.stamp import Stamp

GoOn: TypeAlias = Callable[[Stamp, BuildRecord, Sequence[TestFinished], Container[str]], Resumed]
"""Makes the rest of what is out of date, by a stamp and a record.

Tests that have results are not run again, and in some directories no output is looked at again.
"""


class HeldResults:
    """Passes events on, but for the results of tests: nobody hears of these before the command is sure to go on."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink
        self._held: list[TestFinished] = []

    def emit(self, event: Event) -> None:
        if isinstance(event, TestFinished):
            self._held.append(event)
        else:
            self._sink.emit(event)

    def release(self) -> None:
        while self._held:
            self._sink.emit(self._held.pop(0))


def reloaded(
    invocation: Invocation,
    place: StampPlace,
    stamp: Stamp,
    record: BuildRecord,
    loading: LoadingRecord,
    again: LookAgain,
    said: Said,
    tests: TestOptions | None,
    exec_root: str,
    go_on: GoOn,
) -> Resumed:
    """Raises Unresumable, and what keeps targets from being built."""
    wanted = invocation.surroundings.stamp
    if wanted is None or loading.wildcards is None:
        raise Unresumable("patterns")
    held = HeldResults(said)
    with invocation.session(held) as session:
        if session.has_waited:
            raise Unresumable("what was looked at may have changed since")
        packages, concerned = session.concerned(loading, again)
        requested = _requested(invocation, session, loading, again, packages, for_tests=tests is not None)
        untouched = {names for number, names in enumerate(loading.labels) if number not in concerned}
        part = [label_of(names) for names in requested if names not in untouched]
        many = invocation.flags.number("show_result")
        if not record.told and len(requested) <= many:
            raise Unresumable("targets that have not been told")
        try:
            outcome, results = _made(session, part, tests)
        except (KeyboardInterrupt, Interrupted):
            held.release()
            raise
        if outcome.skipped and not loading.wildcards:
            # Who names a target wants to know that it fits no platform.
            raise Unresumable(str(outcome.skipped[0].label))
        taken = take_stamp(
            invocation,
            session,
            part,
            wildcards=loading.wildcards,
            variables=inherited_by_tests(invocation.flags) if tests is not None else (),
            known=stamp.input_paths() - {*place.changed},
        )
        if taken is None or taken.record is None:
            raise Unresumable("something changes meanwhile")
        part_record = taken.record
        names = {loading.labels[number] for number in concerned}
        whole = record.renewed(part_record, names)
        part_loading = LoadingRecord.unpacked(part_record.loading)
        whole_loading = loading.renewed(part_loading, concerned, requested)
        whole.loading = whole_loading.packed()
        whole.total = sum(whole_loading.counts.values())
        whole.add_outcome(outcome if record.told else replace(outcome, targets=()))
        if not record.told and len(requested) - len(whole.skipped) <= many:
            raise Unresumable("targets that have not been told")
        whole.add_results(results)
        gone = [path for path in place.changed if not os.path.lexists(path)]
        made = part_loading.made
        unmade = [
            f"{exec_root}/{path}" for path, owner in loading.made.items() if owner in concerned and path not in made
        ]
        fresh = renewed(stamp, taken.stamp, without=gone, unmade=unmade, now=place.started)
        done = go_on(fresh, whole, results, _only_in(taken.stamp, fresh))
        held.release()
        counts = done.outcome
        ran, cached = outcome.actions_run + counts.actions_run, outcome.actions_cached + counts.actions_cached
        return replace(done, outcome=whole.outcome(ran=ran, cached=cached))


def _only_in(part: Stamp, whole: Stamp) -> frozenset[str]:
    """The directories of which a whole stamp knows no more outputs than its newest part."""
    counts = {directory: (len(links), len(names)) for directory, _, links, names, _ in part.outputs}
    return frozenset(
        directory
        for directory, _, links, names, _ in whole.outputs
        if counts.get(directory) == (len(links), len(names))
    )


def _requested(
    invocation: Invocation,
    session: Session,
    loading: LoadingRecord,
    again: LookAgain,
    packages: Collection[str],
    *,
    for_tests: bool,
) -> list[Names]:
    """The targets of the command as they are now."""
    old = [loading.labels[number] for number in loading.requested]
    if not loading.wildcards:
        if filters(invocation.flags) != Filters():
            raise Unresumable("filters of targets that are named")
        return old
    if again.locks and any(repository != MAIN_REPOSITORY for repository, _, _ in old):
        # A hub may have other packages now.
        raise Unresumable(again.locks[0])
    only = OnlyPackages(session.loader, frozenset(PackageId(MAIN_REPOSITORY, path) for path in packages))
    found = select(invocation, session, pattern_texts(invocation), for_tests=for_tests, packages=only)
    if not found.by_wildcards:
        # A suite, or a target that is called as a wildcard would be.
        raise Unresumable("suites")
    wanted = {(MAIN_REPOSITORY, path) for path in packages}
    return sorted([*(names for names in old if names[:2] not in wanted), *map(names_of, found.labels)])


def _made(
    session: Session, labels: Sequence[Label], tests: TestOptions | None
) -> tuple[BuildOutcome, tuple[TestFinished, ...]]:
    tested = TestOutcome(session.build(labels)) if tests is None else session.test(labels, tests)
    outcome = tested.build
    problems = [*tested.failures, *outcome.failures, *outcome.failed]
    if problems:
        raise Unresumable(str(problems[0]))
    return outcome, tested.results
