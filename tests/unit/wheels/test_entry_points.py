from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.wheels.entry_points import EntryPoint, MalformedEntryPoints, parse_entry_points


def test_scripts_are_read_and_other_groups_are_not() -> None:
    found = parse_entry_points(
        b"# comment\n[console_scripts]\nb = pkg.mod:main.run [x, y]\na-1.2=pkg:f\n; comment\n"
        b"[gui_scripts]\ng = pkg.gui : start\n[pytest11]\nplugin = not_a_function\n"
    )
    assert found.console_scripts == (
        EntryPoint("a-1.2", "pkg", "f"),
        EntryPoint("b", "pkg.mod", "main.run", ("x", "y")),
    )
    assert found.gui_scripts == (EntryPoint("g", "pkg.gui", "start"),)
    assert str(found.console_scripts[1]) == "b = pkg.mod:main.run [x,y]"


@pytest.mark.parametrize(
    "line",
    [
        "a",
        "a = ",
        "a = pkg",
        "a = pkg:",
        "a = pkg:f; import os",
        "../a = pkg:f",
        "a/b = pkg:f",
        ".. = pkg:f",
        "-a = pkg:f",
        "a = pkg:f\x00",
        "a = 1pkg:f",
    ],
)
def test_a_script_that_cannot_be_made_is_refused(line: str) -> None:
    with pytest.raises(MalformedEntryPoints, match="line 2"):
        parse_entry_points(f"[console_scripts]\n{line}\n".encode())


@given(st.binary(max_size=80))
def test_any_bytes_are_entry_points_or_refused(data: bytes) -> None:
    try:
        parse_entry_points(b"[console_scripts]\n" + data)
    except MalformedEntryPoints:
        return
