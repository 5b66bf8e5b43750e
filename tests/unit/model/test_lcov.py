from __future__ import annotations

import pytest

from venvship.model.lcov import MalformedCoverage, lcov_text, summed

FIRST = """TN:
SF:lib/a.py
DA:1,1
DA:2,0
BRDA:2,0,0,-
BRDA:2,0,1,1
LF:2
LH:1
end_of_record
SF:main.c
FN:3,5,main
FNDA:1,main
DA:3,2,checksum
end_of_record
"""
SECOND = """SF:lib/a.py
DA:2,3
DA:4,0
BRDA:2,0,0,2
BRDA:2,0,1,-
end_of_record
"""


def test_counts_of_all_reports_are_added_and_sums_are_computed_anew() -> None:
    assert lcov_text(summed([("one", FIRST), ("two", SECOND)])) == (
        "SF:lib/a.py\nBRDA:2,0,0,2\nBRDA:2,0,1,1\nBRF:2\nBRH:2\nDA:1,1\nDA:2,3\nDA:4,0\nLF:3\nLH:2\nend_of_record\n"
        "SF:main.c\nFN:3,5,main\nFNDA:1,main\nFNF:1\nFNH:1\nDA:3,2\nLF:1\nLH:1\nend_of_record\n"
    )


def test_a_sum_of_one_is_the_same_again() -> None:
    once = lcov_text(summed([("one", FIRST)]))
    assert lcov_text(summed([("one", once)])) == once
    assert lcov_text(summed([])) == ""


@pytest.mark.parametrize(
    "line", ["DA:1", "DA:x,1", "FNDA:many,main", "FN:first,main", "BRDA:1,0,0,maybe", "BRDA:1,0", "colour:red", "hello"]
)
def test_what_is_no_report_is_an_error_with_its_place(line: str) -> None:
    with pytest.raises(MalformedCoverage, match=r"`report\.dat` is no LCOV report: line 2 is") as caught:
        summed([("report.dat", f"SF:a.py\n{line}\n")])
    assert "COVERAGE_OUTPUT_FILE" in str(caught.value.hint)


def test_counts_belong_to_a_source() -> None:
    with pytest.raises(MalformedCoverage, match="line 1 is `DA:1,1`"):
        summed([("report.dat", "DA:1,1\n")])
