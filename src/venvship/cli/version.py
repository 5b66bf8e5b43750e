"""`version`: which venvship this is."""

from __future__ import annotations

VERSION = "0.1.0"


def version_text() -> str:
    return f"venvship {VERSION}"
