from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from venvship.host.scripts import BASH, starting


@pytest.mark.parametrize(
    ("content", "takes_bash"),
    [
        (b"echo $1\n", True),
        (b"", True),
        (b"#!/bin/sh\necho $1\n", False),
        (b"\x7fELF\0\0", False),
        (b"echo $1\n" + b"#" * 200 + b"\0", True),
    ],
)
def test_only_text_without_an_interpreter_is_started_by_a_shell(
    tmp_path: Path, content: bytes, takes_bash: bool
) -> None:
    file = tmp_path / "program"
    file.write_bytes(content)
    words = [str(file), "one"]
    assert starting(words, str(file)) == ([BASH, *words] if takes_bash else words)


def test_a_script_without_an_interpreter_runs(tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_text("echo $1 and $2\n")
    done = subprocess.run(starting([str(file), "one", "two"], str(file)), capture_output=True, text=True, check=True)
    assert done.stdout == "one and two\n"


def test_what_is_missing_is_for_the_system_to_tell(tmp_path: Path) -> None:
    assert starting(["program"], str(tmp_path / "program")) == ["program"]
