"""Which sources a target wants measured when coverage is collected."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.errors import UserError
from venvship.model.configuration import Configuration
from venvship.model.depset import union
from venvship.model.label import Label
from venvship.model.provider import InstrumentedFilesInfo

COVERAGE: Final = "collect_code_coverage"
"""The option of a configuration in which coverage is collected."""

INSTRUMENTATION_FILTER: Final = "instrumentation_filter"
"""The option with the expressions that say of which labels."""

INSTRUMENT_TESTS: Final = "instrument_test_targets"
"""The option in which the sources of tests themselves are measured, too."""

_NOTHING: Final = InstrumentedFilesInfo()


class MalformedFilter(UserError):
    """A value of `--instrumentation_filter` that holds no regular expressions."""


def collects_coverage(configuration: Configuration) -> bool:
    return configuration.get(COVERAGE) == "true"


def checked_filter(text: str) -> str:
    """The value of `--instrumentation_filter`, if its expressions can be read; raises MalformedFilter."""
    for one in _expressions(text):
        try:
            re.compile(one.removeprefix("-"))
        except re.error as error:
            raise MalformedFilter(f"`{one}` of --instrumentation_filter is no regular expression: {error}") from error
    return text


def is_measured(label: Label, configuration: Configuration, *, is_test: bool) -> bool:
    """Whether coverage is collected of a target's sources: some expression must match its label, and no `-` one.

    Tests themselves are measured where an option says so.
    """
    if not collects_coverage(configuration) or (is_test and configuration.get(INSTRUMENT_TESTS) != "true"):
        return False
    expressions = _expressions(configuration.get(INSTRUMENTATION_FILTER))
    wanted = [one for one in expressions if not one.startswith("-")]
    refused = [one[1:] for one in expressions if one.startswith("-")]
    text = str(label)
    return (not wanted or any(re.search(one, text) for one in wanted)) and not any(
        re.search(one, text) for one in refused
    )


def _expressions(text: str) -> list[str]:
    return [one for one in text.split(",") if one.removeprefix("-")]


def instrumented_files(
    ctx: RuleContext,
    *,
    source_attributes: Iterable[str],
    dependency_attributes: Iterable[str],
    extensions: Iterable[str] | None = None,
) -> InstrumentedFilesInfo:
    """The files of some attributes, of all or of certain kinds, and what some dependencies want measured.

    Nothing is collected unless the configuration asks for coverage.
    """
    if not collects_coverage(ctx.configuration):
        return _NOTHING
    endings = None if extensions is None else tuple(f".{extension.lstrip('.')}" for extension in extensions)
    measured = is_measured(ctx.label, ctx.configuration, is_test=ctx.target.rule_class.is_test)
    names = source_attributes if measured else ()
    own = [file for name in names for file in ctx.files(name) if endings is None or file.path.endswith(endings)]
    below = [info for name in dependency_attributes for info in ctx.provided(name, InstrumentedFilesInfo)]
    return InstrumentedFilesInfo(
        union((info.instrumented_files for info in below), direct=own), union(info.metadata_files for info in below)
    )
