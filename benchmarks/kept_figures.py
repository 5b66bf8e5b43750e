"""What benchmarks measured, kept as JSON between runs, and the page that shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from measuring import PROJECT, Row, table

FIGURES = PROJECT / "build" / "benchmarks.json"
DOCUMENT = PROJECT / "docs" / "benchmarks.md"
MARKER = "<!-- What follows is written by `make bench DOCUMENT=1`. -->"


@dataclass(frozen=True, slots=True)
class Measured:
    """One program's results: rows, or the text of a program that has no rows; where, when and of what they are."""

    command: str
    machine: str
    revision: str
    seconds: int
    rows: tuple[Row, ...] = ()
    text: str = ""

    def __str__(self) -> str:
        return "\n\n".join(part for part in (table(self.rows) if self.rows else "", _block(self.text)) if part)


def load(path: Path = FIGURES) -> dict[str, list[Measured]]:
    """What earlier runs kept, by benchmark; nothing where there were none."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text())["benchmarks"]
    return {
        name: [Measured(**{**one, "rows": tuple(Row(**row) for row in one["rows"])}) for one in parts]
        for name, parts in kept.items()
    }


def save(figures: Mapping[str, Iterable[Measured]], path: Path = FIGURES) -> None:
    shown = {name: [asdict(one) for one in parts] for name, parts in figures.items()}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"benchmarks": shown}, indent=4) + "\n")


def write_document(figures: Mapping[str, Iterable[Measured]], versions: Iterable[str]) -> None:
    """Write the generated part of the page anew; what stands above the marker stays."""
    lines = [
        MARKER,
        "",
        "## The latest runs",
        "",
        f"Beside {', '.join(versions)}.",
        "",
        "Times are medians. A ratio is the median of the ratios of runs that followed one another, so it says more",
        "than the times do when the machine has other work, as its load tells.",
    ]
    for name, parts in figures.items():
        lines += ["", f"### {name}"]
        for one in parts:
            where = f"`{one.command}` at {one.revision} on {one.machine}. It took {one.seconds} seconds."
            lines += ["", where, "", str(one)]
    above = DOCUMENT.read_text().partition(MARKER)[0].rstrip("\n")
    DOCUMENT.write_text("\n".join([above, "", *lines]) + "\n")


def _block(text: str) -> str:
    return f"```\n{text.strip()}\n```" if text.strip() else ""
