"""One report of all that tests have measured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from venvship.execution.test_request import TestResult
from venvship.host.files import write_atomically
from venvship.model.artifact import OUTPUT_DIRECTORY
from venvship.model.lcov import lcov_text, summed

_PLACE: Final = f"{OUTPUT_DIRECTORY}/_coverage/_coverage_report.dat"


def combined_report(results: Iterable[TestResult], exec_root: Path) -> Path:
    """Write the sum of what all parts of tests report, and say where; raises MalformedCoverage."""
    paths = [Path(part.coverage) for result in results for part in result.parts if part.coverage]
    texts = [(str(path), path.read_text(encoding="utf-8", errors="surrogateescape")) for path in paths]
    place = exec_root / _PLACE
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place, lcov_text(summed(texts)).encode("utf-8", "surrogateescape"))
    return place
