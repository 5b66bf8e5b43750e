"""Our command is asked what the real Bazel was asked, and must say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from differential import real_bazel
from differential.case import CASES as CASES_ROOT
from differential.case import Answers, Case, all_cases
from differential.own_command import OwnCommand
from differential.real_bazel import RealBazel

CASES = all_cases()
PAGE = Path(__file__).resolve().parents[2] / "docs" / "bazel-differences.md"


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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_bazel_answered_is_what_we_answer(case: Case, own_command: OwnCommand) -> None:
    assert _in_any_order(own_command.answers(case)) == _in_any_order(case.answers)


@pytest.mark.peers
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_stored_answers_are_those_of_the_installed_bazel(case: Case, bazel: RealBazel) -> None:
    if case.modern == "same":
        assert _in_any_order(bazel.answers(case)) == _in_any_order(case.answers)


def test_the_page_about_differences_names_the_cases_that_follow_another_bazel() -> None:
    named = {name for name in re.findall(r"`(\w+)`", PAGE.read_text()) if (CASES_ROOT / name).is_dir()}
    assert named == {case.name for case in CASES if case.modern != "same"}


def _in_any_order(answers: Answers) -> Answers:
    """With the lines of queries sorted: their order is theirs to choose."""
    return replace(answers, runs=tuple(replace(run, stdout=tuple(sorted(run.stdout))) for run in answers.runs))
