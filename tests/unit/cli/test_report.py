"""What is said of errors that nothing of ours has put into words."""

from __future__ import annotations

import errno
import io
import os

import pytest

from venvship.cli.exit_codes import ExitCode
from venvship.cli.report import exit_code, print_error


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "no space left on a device\n"),
        (OSError(errno.EDQUOT, "x", "/a/b"), "no space left on the device that holds `/a/b`\n"),
    ],
)
def test_a_full_disk_comes_with_a_way_out(error: OSError, shown: str) -> None:
    stream = io.StringIO()
    print_error(error, stream)
    assert shown in stream.getvalue() and "hint: free some space" in stream.getvalue()
    assert exit_code(error) is ExitCode.ENVIRONMENT


def test_other_words_of_the_system_are_passed_on_with_the_file() -> None:
    stream = io.StringIO()
    print_error(OSError(errno.EIO, "Input/output error", "/a/b"), stream)
    assert stream.getvalue() == "ERROR: Input/output error: `/a/b`\n"
