"""Names that a misspelt name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MANY = 5000


def nearest(name: str, candidates: Iterable[str], *, limit: int = 3, cutoff: float = 0.6) -> list[str]:
    """Candidates that look like `name`, the likest first; the search stays cheap however many there are."""
    some = [candidate for candidate, _ in zip(candidates, range(_MANY), strict=False)]
    return difflib.get_close_matches(name, some, n=limit, cutoff=cutoff)


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A hint that names the nearest candidates, or None when none is near."""
    near = nearest(name, candidates)
    if not near:
        return None
    return f"did you mean {' or '.join(f'`{candidate}`' for candidate in near)}?"
