"""Reports of which lines ran, in the text format of LCOV ("TRACEFILE FORMAT"), and their sum.

Lines, functions and branches are counted per source. What a report says of sums is computed anew; names of tests and
checksums are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.errors import UserError


class MalformedCoverage(UserError):
    """A test has left a report that is not in the format of LCOV."""

    def __init__(self, path: str, line: int, text: str) -> None:
        super().__init__(
            f"`{path}` is no LCOV report: line {line} is `{text[:80]}`",
            hint="a test must write LCOV to the file that COVERAGE_OUTPUT_FILE names, or nothing",
        )


@dataclass(frozen=True, slots=True)
class CoveredSource:
    """How often what of one source ran. A branch of a line that never ran itself has None."""

    lines: dict[int, int] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    function_lines: dict[str, str] = field(default_factory=dict)
    branches: dict[tuple[int, str, str], int | None] = field(default_factory=dict)


def summed(reports: Iterable[tuple[str, str]]) -> dict[str, CoveredSource]:
    """The counts of all reports by source; each comes with the path that errors name. Raises MalformedCoverage."""
    sources: dict[str, CoveredSource] = {}
    for path, text in reports:
        current: CoveredSource | None = None
        for number, line in enumerate(text.splitlines(), 1):
            kind, _, value = line.partition(":")
            try:
                if kind == "SF" and value:
                    current = sources.setdefault(value, CoveredSource())
                elif kind == "end_of_record":
                    current = None
                elif current is not None:
                    _add(current, kind, value)
                elif line.strip() and kind != "TN":
                    raise ValueError
            except ValueError as error:
                raise MalformedCoverage(path, number, line) from error
    return sources


_COMPUTED = frozenset(("LF", "LH", "FNF", "FNH", "BRF", "BRH", "TN", "VER", ""))


def _add(source: CoveredSource, kind: str, value: str) -> None:
    match kind:
        case "DA":
            line, hits, *_ = value.split(",")
            source.lines[int(line)] = source.lines.get(int(line), 0) + int(hits)
        case "FN":
            lines, _, name = value.rpartition(",")
            source.function_lines[name] = ",".join(str(int(one)) for one in lines.split(","))
        case "FNDA":
            hits, _, name = value.partition(",")
            source.functions[name] = source.functions.get(name, 0) + int(hits)
        case "BRDA":
            line, block, branch, taken = value.split(",")
            key = (int(line), block, branch)
            before = source.branches.get(key)
            source.branches[key] = before if taken == "-" else (before or 0) + int(taken)
        case _ if kind not in _COMPUTED:
            raise ValueError(kind)


def lcov_text(sources: dict[str, CoveredSource]) -> str:
    """The report of these sources, sorted."""
    rows: list[str] = []
    for path in sorted(sources):
        one = sources[path]
        rows.append(f"SF:{path}")
        rows += [f"FN:{line},{name}" for name, line in sorted(one.function_lines.items())]
        rows += [f"FNDA:{hits},{name}" for name, hits in sorted(one.functions.items())]
        if one.functions:
            rows += [f"FNF:{len(one.functions)}", f"FNH:{_positive(one.functions.values())}"]
        for (line, block, branch), taken in sorted(one.branches.items()):
            rows.append(f"BRDA:{line},{block},{branch},{'-' if taken is None else taken}")
        if one.branches:
            rows += [f"BRF:{len(one.branches)}", f"BRH:{_positive(one.branches.values())}"]
        rows += [f"DA:{line},{hits}" for line, hits in sorted(one.lines.items())]
        rows += [f"LF:{len(one.lines)}", f"LH:{_positive(one.lines.values())}", "end_of_record"]
    return "".join(f"{row}\n" for row in rows)


def _positive(counts: Iterable[int | None]) -> int:
    return sum(1 for count in counts if count)
