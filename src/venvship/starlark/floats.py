"""The text of floating-point numbers."""

from __future__ import annotations

import math


def format_shortest(value: float) -> str:
    """The shortest text that reads back as `value`; an exponent from 1e17 up and below 1e-4.

    >>> format_shortest(1.0), format_shortest(1e16), format_shortest(1e17), format_shortest(-1.5e-7)
    ('1.0', '10000000000000000.0', '1e+17', '-1.5e-07')
    """
    if not math.isfinite(value):
        return non_finite(value)
    text = repr(value)
    if text.endswith("e+16"):
        return f"{value:.1f}"
    return text


def non_finite(value: float) -> str:
    """`nan`, `+inf` or `-inf`."""
    if value != value:
        return "nan"
    return "+inf" if value > 0 else "-inf"
