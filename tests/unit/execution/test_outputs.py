from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.execution.action_cache import ActionResult, DiskActionCache
from venvship.execution.outputs import Output, OutputFile, OutputLink, OutputTree, parse_output
from venvship.model.digest import Digest
from venvship.model.paths import ExecPath

DIGESTS = st.binary(max_size=5).map(Digest.of)
OUTPUTS: st.SearchStrategy[Output] = (
    st.builds(OutputFile, DIGESTS, st.booleans()) | st.builds(OutputLink, st.text()) | st.builds(OutputTree, DIGESTS)
)
RESULTS = st.builds(
    ActionResult, st.dictionaries(st.text().map(ExecPath), OUTPUTS), st.dictionaries(st.text(), st.text())
)


@given(OUTPUTS)
def test_an_output_is_read_back_from_its_text(output: Output) -> None:
    assert parse_output(str(output)) == output


@pytest.mark.parametrize("text", ["", "f", "f ", "f 12", "q abc", "x " + "0" * 64, "l"])
def test_a_malformed_output_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="malformed"):
        parse_output(text)


@given(RESULTS)
def test_a_result_is_read_back_from_its_bytes(result: ActionResult) -> None:
    assert ActionResult.decode(result.encode()) == result


@given(st.binary(max_size=50))
def test_bytes_that_are_no_result_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        ActionResult.decode(data)


def test_a_cache_answers_with_what_was_put(tmp_path: Path) -> None:
    result = ActionResult({ExecPath("a"): OutputLink("x")}, {"status": "PASSED"})
    cache, key = DiskActionCache(tmp_path), "ab" * 32
    assert cache.get(key) is None
    cache.put(key, result)
    cache.put(key, result)
    assert cache.get(key) == result
