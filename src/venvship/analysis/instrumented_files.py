"""Which sources a target wants measured when coverage is collected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.model.configuration import Configuration
from venvship.model.depset import union
from venvship.model.provider import InstrumentedFilesInfo

COVERAGE: Final = "collect_code_coverage"
"""The option of a configuration in which coverage is collected."""

_NOTHING: Final = InstrumentedFilesInfo()


def collects_coverage(configuration: Configuration) -> bool:
    return configuration.get(COVERAGE) == "true"


def instrumented_files(
    ctx: RuleContext,
    *,
    source_attributes: Iterable[str],
    dependency_attributes: Iterable[str],
    extensions: Iterable[str] | None = None,
) -> InstrumentedFilesInfo:
    """The files of some attributes, of all or of certain kinds, and what some dependencies want measured.

    Nothing is collected unless the configuration asks for coverage; tests themselves are not measured.
    """
    if not collects_coverage(ctx.configuration):
        return _NOTHING
    endings = None if extensions is None else tuple(f".{extension.lstrip('.')}" for extension in extensions)
    names = () if ctx.target.rule_class.is_test else source_attributes
    own = [file for name in names for file in ctx.files(name) if endings is None or file.path.endswith(endings)]
    below = [info for name in dependency_attributes for info in ctx.provided(name, InstrumentedFilesInfo)]
    return InstrumentedFilesInfo(
        union((info.instrumented_files for info in below), direct=own), union(info.metadata_files for info in below)
    )
