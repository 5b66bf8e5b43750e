"""What stamped outputs hold, of the machine and of a command."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from venvship.host.processes import Children
from venvship.model.workspace_status import WorkspaceStatus
from venvship.session.workspace_status import StatusCommandFailed, with_volatile_values_of, workspace_status

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def status(command: str, root: Path, environment: dict[str, str] | None = None) -> WorkspaceStatus:
    return workspace_status(
        command,
        embed_label="one\ntwo",
        root=root,
        environment={"PATH": "/usr/bin:/bin", **(environment or {})},
        children=Children(),
        now=NOW,
    )


def test_values_are_sorted_into_those_that_stay_and_those_that_differ(tmp_path: Path) -> None:
    (tmp_path / "commit").write_text("abc")
    command = 'echo STABLE_COMMIT $(cat commit); echo; echo "DIRTY a b "; echo EMPTY; echo BUILD_USER me; echo $X'
    found = status(command, tmp_path, {"X": "FROM the caller"})
    assert dict(found.stable) == {
        "BUILD_EMBED_LABEL": "one two",
        "BUILD_HOST": found.stable["BUILD_HOST"],
        "BUILD_USER": "me",
        "STABLE_COMMIT": "abc",
    }
    assert found.volatile_text == (
        "BUILD_TIMESTAMP 1770091506\nDIRTY a b \nEMPTY \nFORMATTED_DATE 2026 Feb 03 04 05 06 Tue\nFROM the caller\n"
    )


def test_the_time_can_be_given(tmp_path: Path) -> None:
    assert status("", tmp_path, {"SOURCE_DATE_EPOCH": "12"}).volatile["BUILD_TIMESTAMP"] == "12"


def test_what_differs_from_build_to_build_is_kept_until_something_else_does(tmp_path: Path) -> None:
    place = tmp_path / "status.json"

    def kept(time: str, commit: str) -> str:
        found = status(f"echo STABLE_COMMIT {commit}", tmp_path, {"SOURCE_DATE_EPOCH": time})
        return with_volatile_values_of(place, found).volatile["BUILD_TIMESTAMP"]

    assert [kept("1", "a"), kept("2", "a"), kept("3", "b"), kept("4", "b")] == ["1", "1", "3", "3"]
    for broken in (b"{", b"[]", b'{"stable": 1, "volatile": 2}'):
        place.write_bytes(broken)
        assert kept("5", "b") == "5"


def test_a_command_that_fails_is_told_with_what_it_says(tmp_path: Path) -> None:
    with pytest.raises(StatusCommandFailed) as caught:
        status("echo no repository >&2; exit 3", tmp_path)
    assert str(caught.value) == (
        "`--workspace_status_command=echo no repository >&2; exit 3` ended with exit code 3:\n"
        "no repository\n"
        "\n"
        "hint: it is run by /bin/sh at the root of the workspace, and prints lines of a key and a value"
    )


def test_a_command_prints_text(tmp_path: Path) -> None:
    with pytest.raises(StatusCommandFailed, match="printed something that is not UTF-8"):
        status("printf 'KEY \\377'", tmp_path)
