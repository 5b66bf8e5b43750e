"""Our command is asked what the real Bazel was asked, and must say the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from differential import real_bazel
from differential.case import Answers, Case, all_cases
from differential.own_command import OwnCommand
from differential.real_bazel import RealBazel

CASES = all_cases()
KNOWN = {
    "argument_quoting": "parameter files for shells leave `=` unquoted",
    "collected_runfiles": "source files in `srcs` are collected with their runfiles",
    "filegroups": "the files of a filegroup are among its default runfiles, not among those of data only",
    "load_plain_after_renamed": "a plain name after a renamed one in `load` is a syntax error of Python",
    "output_group_names": "the names of output groups can't be iterated over",
    "output_groups_of_every_target": "a target that names no output groups has none",
    "setting_errors": "bad values of settings end with 1, and settings that are no flags may be set",
    "target_named_all": "`:all` is the pattern even where a target has that name",
    "test_suite_by_size": "the size of a test is not among its tags",
    "transition_without_its_output": "a transition may leave out settings that it says it sets",
    "visibility_of_missing_group": "nobody looks whether the groups of a visibility are there",
}
"""Cases in which we answer otherwise today, and why. One that agrees after all must be taken out."""


@pytest.fixture(scope="module")
def own_command(tmp_path_factory: pytest.TempPathFactory) -> OwnCommand:
    own = OwnCommand(tmp_path_factory.mktemp("own"))
    own.prepare()
    return own


@pytest.fixture(scope="module")
def bazel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBazel]:
    if not real_bazel.installed():
        pytest.skip(f"{real_bazel.PROGRAM} is not installed")
    with real_bazel.running(tmp_path_factory.mktemp("bazel")) as bazel:
        yield bazel


def _each_case() -> list[object]:
    return [
        pytest.param(
            case,
            id=case.name,
            marks=[pytest.mark.xfail(reason=KNOWN[case.name], strict=True)] if case.name in KNOWN else [],
        )
        for case in CASES
    ]


@pytest.mark.parametrize("case", _each_case())
def test_what_bazel_answered_is_what_we_answer(case: Case, own_command: OwnCommand) -> None:
    assert _in_any_order(own_command.answers(case)) == _in_any_order(case.answers)


@pytest.mark.peers
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_stored_answers_are_those_of_the_installed_bazel(case: Case, bazel: RealBazel) -> None:
    if case.modern == "same":
        assert _in_any_order(bazel.answers(case)) == _in_any_order(case.answers)


def test_every_known_difference_is_one_of_a_case() -> None:
    assert set(KNOWN) <= {case.name for case in CASES}


def _in_any_order(answers: Answers) -> Answers:
    """With the lines of queries sorted: their order is theirs to choose."""
    return replace(answers, runs=tuple(replace(run, stdout=tuple(sorted(run.stdout))) for run in answers.runs))
