"""Failures of analysis as values, for tests that expect them.

Under a configuration with the option `allow_analysis_failures` a target whose rule fails becomes a target that says
so, and whatever stands on it says the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.dataclass import dataclass
from venvship.errors import SeveralErrors, VenvshipError
from venvship.model.configuration import Configuration
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.provider import DefaultInfo

ALLOW_FAILURES = "allow_analysis_failures"
_YES = frozenset({"1", "true", '"1"', '"true"', '"True"', "True"})


@dataclass(frozen=True, slots=True)
class AnalysisFailure:
    """What went wrong with one target."""

    label: Label
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisFailureInfo:
    """Everything that keeps a target from being analysed."""

    causes: Depset[AnalysisFailure]


def are_allowed(configuration: Configuration | None) -> bool:
    """Whether failures become values."""
    return configuration is not None and configuration.get(ALLOW_FAILURES) in _YES


def failed_target(target: ConfiguredTarget, error: VenvshipError) -> ConfiguredTarget:
    """`target`, which could not be analysed because of `error`."""
    every = error.errors if isinstance(error, SeveralErrors) else (error,)
    info = AnalysisFailureInfo(Depset([AnalysisFailure(target.label, one.message) for one in every]))
    return ConfiguredTarget(target.key, target.kind, target.place, {**target.providers, AnalysisFailureInfo: info})


def standing_on_failures(target: ConfiguredTarget, dependencies: Iterable[ConfiguredTarget]) -> ConfiguredTarget | None:
    """`target` with the failures of what it stands on; None when there are none."""
    causes = [info.causes for one in dependencies if (info := one.get(AnalysisFailureInfo)) is not None]
    if not causes:
        return None
    info = AnalysisFailureInfo(Depset((), causes))
    providers: dict[object, object] = {DefaultInfo: DefaultInfo(), AnalysisFailureInfo: info}
    return ConfiguredTarget(target.key, target.kind, target.place, providers)
