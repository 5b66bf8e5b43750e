"""Flags as the options of a test run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from venvship.cli.command_line import BadFlagValue
from venvship.cli.flag_values import FlagValues
from venvship.cli.session_options import count, whole_number
from venvship.session.options import TestOptions


def test_options(flags: FlagValues, environment: Mapping[str, str]) -> TestOptions:
    output = flags.text("test_output")
    return TestOptions(
        arguments=flags.texts("test_arg"),
        environment=_environment(flags.texts("test_env"), environment),
        filter=flags.text("test_filter"),
        output=output,
        # `auto` and `yes` differ only for tests that are marked as external, which are never cached.
        cache_results=flags.tristate("cache_test_results") is not False,
        runs_per_test=_runs(flags.text("runs_per_test")),
        flaky_attempts=_attempts(flags.text("flaky_test_attempts")),
        timeout=_timeout(flags.text("test_timeout")),
        jobs=1 if output == "streamed" else count(flags, "local_test_jobs"),
        keep_going=flags.boolean("test_keep_going"),
        combined_report=flags.text("combined_report") != "none",
    )


def _environment(texts: tuple[str, ...], inherited: Mapping[str, str]) -> dict[str, str]:
    """`NAME=VALUE` as it stands, `NAME` with the caller's value if it has one."""
    result: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name:
            raise BadFlagValue("test_env", f"names no variable: `{text}`")
        if equals:
            result[name] = value
        elif name in inherited:
            result[name] = inherited[name]
        else:
            result.pop(name, None)
    return result


def _runs(text: str) -> int:
    if "@" in text:
        raise BadFlagValue("runs_per_test", "is one number for all tests; name the tests on the command line")
    return max(whole_number(text, "runs_per_test"), 1)


def _attempts(text: str) -> int:
    """0 leaves it to the targets: three attempts for those marked as flaky, one for the others."""
    if "@" in text:
        raise BadFlagValue("flaky_test_attempts", "is one number for all tests; name the tests on the command line")
    return 0 if text == "default" else whole_number(text, "flaky_test_attempts")


def _timeout(text: str) -> int:
    """0 leaves it to the targets, as `-1` does."""
    if text in ("", "-1"):
        return 0
    if "," in text:
        raise BadFlagValue("test_timeout", "is one number for all tests; `timeout` of a target says another one")
    return whole_number(text, "test_timeout")


def inherited_by_tests(flags: FlagValues) -> Iterator[str]:
    """The variables of the environment that `--test_env` passes on."""
    return (text for text in flags.texts("test_env") if "=" not in text)
