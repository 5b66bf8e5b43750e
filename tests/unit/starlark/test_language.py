"""The language, tested in the language.

Every file of `testdata` holds programs separated by `---`. A line with `### "text"` is where the program fails, with
an error that contains the text; a program without such a line runs to its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from venvship.errors import SeveralErrors, UserError
from venvship.starlark.execution import Module
from venvship.starlark.program import Dialect
from venvship.starlark.thread import Thread

TESTDATA = Path(__file__).parent / "testdata"
EXPECTED = re.compile(r'### "(.*)"\s*$')


def chunks() -> list[object]:
    found: list[object] = []
    for path in sorted(TESTDATA.glob("*.star")):
        line = 1
        for text in re.split(r"(?m)^---\n", path.read_text(encoding="utf-8")):
            found.append(pytest.param(path.stem, "\n" * (line - 1) + text, id=f"{path.stem}:{line}"))
            line += text.count("\n") + 1
    return found


def dialect_of(stem: str) -> Dialect:
    return {"build": Dialect.BUILD, "module": Dialect.MODULE}.get(stem.partition("_")[0], Dialect.BZL)


def failures(error: UserError) -> set[tuple[int, str]]:
    errors = error.errors if isinstance(error, SeveralErrors) else (error,)
    return {(each.place.line if each.place else 0, each.message) for each in errors}


@pytest.mark.parametrize(("stem", "source"), chunks())
def test_a_program_does_what_it_says(stem: str, source: str, run: Callable[..., Module]) -> None:
    expected: dict[int, str] = {}
    for number, line in enumerate(source.split("\n"), 1):
        match = EXPECTED.search(line)
        if match:
            expected[number] = match[1].replace('\\"', '"')
    found: set[tuple[int, str]] = set()
    try:
        run(source, filename=f"{stem}.star", dialect=dialect_of(stem), thread=Thread(output_budget=1_000_000))
    except UserError as error:
        found = failures(error)
        if not expected:
            raise
    assert {at for at, _ in found} == set(expected), found
    for at, message in found:
        assert expected[at] in message
