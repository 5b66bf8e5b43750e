from __future__ import annotations

import json
import subprocess
import sys

import pytest

from venvship.interpreters.facts import PROBE, InterpreterFacts, UnreadableFacts


def answer() -> dict[str, object]:
    done = subprocess.run([sys.executable, "-I", "-S", "-c", PROBE], capture_output=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_the_running_interpreter_answers_the_probe() -> None:
    facts = InterpreterFacts.of(answer())
    assert facts.full_version == sys.version_info[:3]
    assert facts.prefix == sys.base_prefix
    assert facts.cache_tag == sys.implementation.cache_tag
    assert str(facts.python) == f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_facts_survive_being_written_and_read() -> None:
    facts = InterpreterFacts.of(answer())
    assert InterpreterFacts.decode(facts.encode()) == facts


@pytest.mark.parametrize("change", [{"version": "three"}, {"version": 3}, {"prefix": None}, {"freethreaded": "no"}])
def test_another_answer_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UnreadableFacts):
        InterpreterFacts.of({**answer(), **change})


@pytest.mark.parametrize("data", [b"", b"Python 2.7", b"[]"])
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFacts, match="answered"):
        InterpreterFacts.decode(data)
