"""What the processes of one test have measured, as one report."""

from __future__ import annotations

from pathlib import Path

from venvship.execution.test_environment import TestPlaces
from venvship.model.lcov import lcov_text, summed


def join_reports(places: TestPlaces) -> None:
    """Add what lies in COVERAGE_DIR, files that end in `.dat`, to COVERAGE_OUTPUT_FILE; raises MalformedCoverage."""
    joined = Path(places.coverage_report)
    found = [
        path for path in [joined, *Path(places.coverage).glob("*.dat")] if path.is_file() and not path.is_symlink()
    ]
    if found and found != [joined]:
        texts = [(path.name, path.read_text(encoding="utf-8", errors="surrogateescape")) for path in found]
        joined.write_bytes(lcov_text(summed(texts)).encode("utf-8", "surrogateescape"))
