"""Through whom a wheel came to be needed."""

from __future__ import annotations

from collections.abc import Callable

from venvship.model.label import Label
from venvship.rules.python.providers import PyWheelsInfo, WheelOrigin, WheelRecord


def origin_of(required: PyWheelsInfo, matches: Callable[[WheelRecord], bool]) -> tuple[WheelOrigin, WheelRecord] | None:
    """Who names a distribution which brings the wheel, and the wheel itself."""
    for origin in required.origins.to_tuple():
        for record in origin.wheels.to_tuple():
            if matches(record):
                return origin, record
    return None


def required_by(required: PyWheelsInfo, matches: Callable[[WheelRecord], bool]) -> str | None:
    """The first-party target that names a distribution which brings the wheel, and that distribution.

    `//libs/cache:cache (through @pypi//celery)`; the part in brackets is left out for the distribution itself.
    """
    found = origin_of(required, matches)
    if found is None:
        return None
    origin, record = found
    through = "" if record.label == origin.distribution else f" (through {spelled(origin.distribution)})"
    return f"{origin.target}{through}"


def spelled(label: Label) -> str:
    """The label of a distribution as BUILD files write it: `@pypi//numpy`, or that of a wheel in the workspace."""
    return f"@{label.repository}//{label.package.path}" if label.repository else str(label)
