"""What a command knew at its end: enough for a later one to go on from there when only files have changed.

A record belongs to a stamp, whose `generation` it has. The stamp says what has changed since; the record says what
that means: which artifact a file is, which actions and tests it concerns, and which changes mean nothing, such as
comments in a BUILD file.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import field, fields, replace
from typing import Any, Self

from venvship.dataclass import dataclass
from venvship.events.build_events import Message, Severity, TestFinished, TestLog, TestStatus
from venvship.execution.graph_absorption import absorbed
from venvship.execution.graph_columns import Record
from venvship.host.marshalled import packed, read_own, unpacked
from venvship.session.loading_record import Names, label_of, names_of
from venvship.session.outcomes import BuildOutcome, BuiltTarget, Places, SkippedTarget
from venvship.session.same_file import PROJECT_FILE

"""A label: repository, package and name."""

_MAGIC = b"venvship-record\n"
_FORMAT = 7


@dataclass(slots=True)
class BuildRecord:
    """Plain values only; paths are of the host.

    `files` and `directories` are the sources that are artifacts, by their numbers in `graph`, and `lazy` the numbers of
    those that may not be here. `programs` are the texts of BUILD and .bzl files, of MODULE.bazel and of projects,
    `listings` the fingerprints of directories that loading listed, and `opened` is what else was opened before anything
    was executed. `loading` is a packed LoadingRecord. `repositories` are the directories of those that have sources
    among the artifacts. Of the tests of `graph` there are the names, the directories of their logs, and whether what
    came of them is kept; a test that is gone has no name. `unread` are artifacts that have changed, and not all that
    reads them was looked at since. Without `told` there are so many targets that none is named. `mapping` is that of
    the main repository, and `total` counts the actions.
    """

    format: int = _FORMAT
    generation: str = ""
    graph: Record = ()
    files: dict[str, int] = field(default_factory=dict)
    directories: dict[str, int] = field(default_factory=dict)
    lazy: list[int] = field(default_factory=list)
    programs: dict[str, bytes] = field(default_factory=dict)
    listings: dict[str, str] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    loading: list[Any] = field(default_factory=list)
    repositories: dict[str, str] = field(default_factory=dict)
    platform: str = ""
    visible: tuple[str, ...] = ()
    total: int = 0
    mapping: dict[str, str] = field(default_factory=dict)
    tests: list[Names | None] = field(default_factory=list)
    test_logs: list[str] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    told: bool = False
    targets: list[Any] = field(default_factory=list)
    skipped: list[Any] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)

    def encode(self) -> bytes:
        return packed(_MAGIC, [getattr(self, one.name) for one in fields(self)])

    @classmethod
    def read(cls, path: str, generation: str) -> Self | None:
        """The record in a file of this user, if it is that of a generation."""
        data = read_own(path)
        values = None if data is None else unpacked(_MAGIC, data)
        if type(values) is not list or len(values) != len(fields(cls)) or values[:2] != [_FORMAT, generation]:
            return None
        return cls(*values)

    def renewed(self, part: BuildRecord, concerned: Collection[Names]) -> BuildRecord:
        """This record with what a command found that looked again at a part of the targets.

        Nothing is kept of the targets that are `concerned`, except the files that they needed.
        """
        graph = absorbed(self.graph, part.graph, is_dropped=lambda names: names in concerned)
        numbers = graph.numbers
        tests = [None if names is None or names in concerned else names for names in self.tests]
        # Every test of the part is concerned, or new.
        return BuildRecord(
            graph=graph.record,
            unread=[*graph.changed],
            files={**self.files, **{path: numbers[number] for path, number in part.files.items()}},
            directories={**self.directories, **{path: numbers[number] for path, number in part.directories.items()}},
            lazy=[*dict.fromkeys([*self.lazy, *(numbers[number] for number in part.lazy)])],
            # Nothing was made of another text of a project than that which is known.
            programs={**self.programs, **part.programs, **self._projects()},
            listings={**self.listings, **part.listings},
            opened=[*dict.fromkeys([*self.opened, *part.opened])],
            repositories={**self.repositories, **part.repositories},
            platform=self.platform,
            visible=tuple(dict.fromkeys([*self.visible, *part.visible])),
            mapping=part.mapping,
            tests=[*tests, *part.tests],
            test_logs=[*self.test_logs, *part.test_logs],
            kept=[*self.kept, *part.kept],
            told=self.told,
            targets=_without(self.targets, concerned),
            skipped=_without(self.skipped, concerned),
            results=_without(self.results, concerned),
        )

    def _projects(self) -> dict[str, bytes]:
        return {path: text for path, text in self.programs.items() if path.endswith(f"/{PROJECT_FILE}")}

    # What commands say

    def note_outcome(self, outcome: BuildOutcome, *, told: bool) -> None:
        self.told = told
        self.targets, self.skipped = [], []
        self.add_outcome(outcome if told else replace(outcome, targets=()))

    def add_outcome(self, outcome: BuildOutcome) -> None:
        """Targets that were made beside those that are known."""
        for one in outcome.targets:
            places = one.places()
            self.targets.append((names_of(one.label), places.outputs, places.paths))
        self.targets.sort()
        self.skipped += [(names_of(one.label), one.reason) for one in outcome.skipped]
        self.skipped.sort()

    def outcome(self, *, ran: int, cached: int) -> BuildOutcome:
        """What the build made, of whose actions some were run and some taken from the cache."""
        return BuildOutcome(
            targets=tuple(
                [BuiltTarget(label_of(names), functools.partial(Places, *places)) for names, *places in self.targets]
            ),
            skipped=tuple([SkippedTarget(label_of(names), reason) for names, reason in self.skipped]),
            actions_run=ran,
            actions_cached=cached,
            up_to_date=self.total - ran - cached,
        )

    def note_messages(self, messages: Sequence[Message]) -> None:
        self.messages = [(message.severity.value, message.text) for message in messages]

    def said(self) -> list[Message]:
        return [Message(Severity(severity), text) for severity, text in self.messages]

    def note_results(self, results: Sequence[TestFinished]) -> None:
        self.results = []
        self.add_results(results)

    def add_results(self, results: Sequence[TestFinished]) -> None:
        """Results of tests beside those that are known."""
        self.results += [
            (
                names_of(result.label),
                result.status.value,
                result.seconds,
                result.log,
                [(log.path, log.name, log.passed, log.seconds) for log in result.logs],
            )
            for result in results
        ]

    def unsettled(self) -> list[int]:
        """The tests that run again though nothing has changed."""
        passed = {names for names, status, *_ in self.results if status == TestStatus.PASSED.value}
        return [
            number
            for number, (names, kept) in enumerate(zip(self.tests, self.kept, strict=True))
            if names is not None and (not kept or names not in passed)
        ]

    def earlier_results(self) -> list[TestFinished]:
        """As they are when nobody runs the tests again."""
        return [
            TestFinished(
                label_of(names), TestStatus(status), True, seconds, log, tuple([TestLog(*one) for one in logs])
            )
            for names, status, seconds, log, logs in self.results
        ]


def _without(rows: list[Any], concerned: Collection[Names]) -> list[Any]:
    return [row for row in rows if row[0] not in concerned]
