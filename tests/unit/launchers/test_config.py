from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.launchers.config import Argument, ArgumentKind, LauncherConfig, Variable, VariableMode
from venvship.launchers.errors import LauncherTooLarge, MalformedLauncherConfig

BYTES = st.binary(max_size=30).map(lambda b: b.replace(b"\0", b"0").decode("utf-8", "surrogateescape"))
NAMES = BYTES.map(lambda text: text.replace("=", "_")).filter(bool)
VARIABLES = st.builds(Variable.of, NAMES, BYTES, st.sampled_from(VariableMode))


def encoded(*argv: Argument, environment: tuple[Variable, ...] = ()) -> bytes:
    return LauncherConfig(argv or (Argument("/bin/true"),), environment).encode()


@given(st.lists(BYTES, max_size=5), st.lists(VARIABLES, max_size=5), st.booleans())
def test_everything_that_was_said_can_be_read_back(texts: list[str], variables: list[Variable], export: bool) -> None:
    argv = [Argument.runfile("_main/python"), *map(Argument, texts)]
    data = LauncherConfig(tuple(argv), tuple(variables), export).encode()

    magic, size, flags, arguments, changes = struct.unpack_from("<8sIIII", data)
    *records, rest = data[24:].split(b"\0")
    assert (magic, size, flags, rest) == (b"VSLAUNC1", len(data), int(export), b"")
    assert (arguments, changes, len(records)) == (len(argv), len(variables), len(argv) + len(variables))
    read = [Argument(r[1:].decode("utf-8", "surrogateescape"), ArgumentKind(r[:1])) for r in records[:arguments]]
    assert read == argv
    for record, variable in zip(records[arguments:], variables, strict=True):
        name, _, value = record[2:].decode("utf-8", "surrogateescape").partition("=")
        assert (name, value) == (variable.name, variable.value.text)
        assert (record[:1], record[1:2]) == (variable.mode.value, b"l")


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(MalformedLauncherConfig) as caught:
        encoded(
            Argument("python"),
            Argument("a\0b"),
            Argument("\ud800"),
            Argument.runfile("/absolute"),
            Argument.runfile("_main/../up"),
            Argument.runfile("_main//double"),
            Argument.runfile(""),
            Argument.sibling("/absolute"),
            Argument.sibling(""),
            environment=(
                Variable.of("", "x"),
                Variable.of("A=B", "x"),
                Variable.of("C\0", "x"),
                Variable.of("D", "\0"),
            ),
        )
    assert str(caught.value).splitlines() == [
        "a launcher can't be made for this command line:",
        "  the program to execute, `python`, is no absolute path",
        "  argument 'a\\x00b' holds a NUL or a character that is not text",
        "  argument '\\ud800' holds a NUL or a character that is not text",
        "  argument '/absolute' is no path below the runfiles directory",
        "  argument '_main/../up' is no path below the runfiles directory",
        "  argument '_main//double' is no path below the runfiles directory",
        "  argument '' is no path below the runfiles directory",
        "  argument '/absolute' is no path seen from the program's directory",
        "  argument '' is no path seen from the program's directory",
        "  '' is no name of an environment variable",
        "  'A=B' is no name of an environment variable",
        "  'C\\x00' is no name of an environment variable",
        "  the value '\\x00' of 'D' holds a NUL or a character that is not text",
    ]


def test_an_empty_command_line_is_refused() -> None:
    with pytest.raises(MalformedLauncherConfig, match="it is empty"):
        LauncherConfig(()).encode()


def test_one_text_may_be_as_long_as_the_kernel_takes() -> None:
    encoded(Argument("/bin/true"), Argument("x" * (128 * 1024 - 2)))
    with pytest.raises(LauncherTooLarge) as caught:
        encoded(Argument("/bin/true"), Argument("x" * (128 * 1024 - 1)))
    assert str(caught.value) == (
        "an argument or variable of the launcher takes 131073 bytes, and 131072 is the most that fits\n"
        "\n"
        "hint: move long values into a file of the program's data"
    )


def test_all_texts_together_leave_room_for_those_of_the_user() -> None:
    with pytest.raises(LauncherTooLarge, match="command line and environment takes"):
        encoded(Argument("/bin/true"), *[Argument("x" * 100_000)] * 11)
