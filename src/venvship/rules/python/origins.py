"""Through whom a wheel came to be needed."""

from __future__ import annotations

from collections.abc import Callable

from venvship.model.label import Label
from venvship.rules.python.providers import PyWheelsInfo, WheelRecord


def required_by(required: PyWheelsInfo, matches: Callable[[WheelRecord], bool]) -> str | None:
    """The first-party target that names a distribution which brings the wheel, and that distribution.

    `//libs/cache:cache (through @pypi//celery)`; the part in brackets is left out for the distribution itself.
    """
    for origin in required.origins.to_tuple():
        found = next((record for record in origin.wheels.to_tuple() if matches(record)), None)
        if found is not None:
            through = "" if found.label == origin.distribution else f" (through {spelled(origin.distribution)})"
            return f"{origin.target}{through}"
    return None


def spelled(label: Label) -> str:
    """The label of a distribution as BUILD files write it: `@pypi//numpy`, or that of a wheel in the workspace."""
    return f"@{label.repository}//{label.package.path}" if label.repository else str(label)
