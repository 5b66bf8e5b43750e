from __future__ import annotations

import pytest

from venvship.starlark.dialect import Dialect
from venvship.starlark.meaning import same_meaning

PROGRAM = b'x = 1\nrule(\n    name = "a",\n    srcs = ["b"],\n)\n'


@pytest.mark.parametrize(
    "text",
    [
        PROGRAM,
        b"# a comment\n\n" + PROGRAM + b"# another",
        b'x = 0x1  # one\nrule(name = "a", srcs = ["b"])',
        b'x = 1; rule(name = \'a\', srcs = ["""b"""])',
        b'x = (1)\nrule(\n  name = "a",\n  srcs = ["b",],\n)\n',
    ],
)
def test_comments_and_layout_mean_nothing(text: bytes) -> None:
    assert same_meaning(PROGRAM, text, dialect=Dialect.BUILD)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        PROGRAM.replace(b"x = 1", b"x = 1.0"),
        PROGRAM.replace(b"x = 1", b"x = True"),
        PROGRAM.replace(b"x = 1", b"y = 1"),
        PROGRAM.replace(b'["b"]', b'["b", "c"]'),
        PROGRAM.replace(b'["b"]', b'("b",)'),
        PROGRAM.replace(b"x = 1", b'"""text"""\nx = 1'),
        PROGRAM + b"rule()",
        PROGRAM + b"(",
        PROGRAM + b"\xff",
        PROGRAM.replace(b"    name", b"\tname") + b"\0",
    ],
)
def test_everything_else_does(text: bytes) -> None:
    assert not same_meaning(PROGRAM, text, dialect=Dialect.BUILD)


def test_what_python_takes_and_starlark_does_not_is_another_program() -> None:
    assert not same_meaning(b"x = 8", b"x = 0_8", dialect=Dialect.BZL)
    assert not same_meaning(b"x = 'a'", b"x = u'a'", dialect=Dialect.BZL)
    assert not same_meaning(b"x = 1", b"\tx = 1", dialect=Dialect.BZL)
