"""What the exit code of a command says; the numbers are Bazel's."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    SUCCESS = 0
    BUILD_FAILED = 1  # in build, test and run; a pattern that names nothing is one of the reasons
    BAD_COMMAND_LINE = 2  # flags, patterns, rc files, query syntax, or not in a workspace
    TESTS_FAILED = 3  # everything was built, but a test failed or timed out
    PARTIAL_QUERY = 3  # with --keep_going: some of the answer could not be computed
    NO_TESTS = 4  # a test was asked for and none was found
    QUERY_FAILED = 7
    INTERRUPTED = 8
    LOCK_HELD = 9  # with --noblock_for_lock
    OUT_OF_MEMORY = 33
    ENVIRONMENT = 36  # the machine or the network must change
    INTERNAL_ERROR = 37
