from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from venvship.execution.test_logs import joined_annotations, junit_report, zip_outputs


@given(st.text(max_size=20), st.none() | st.text(max_size=20), st.binary(max_size=60) | st.just(b"]]>" * 3))
def test_any_log_makes_a_report_that_can_be_read(name: str, problem: str | None, log: bytes) -> None:
    root = ElementTree.fromstring(junit_report(name, problem=problem, seconds=1.5, log=log))
    [suite] = root.iter("testsuite")
    assert suite.get("errors") == ("0" if problem is None else "1")
    assert len(list(root.iter("error"))) == (0 if problem is None else 1)


def test_the_same_outputs_make_the_same_archive(tmp_path: Path) -> None:
    archives: list[bytes] = []
    for name in ("one", "two"):
        directory = tmp_path / name
        (directory / "sub").mkdir(parents=True)
        (directory / "sub" / "b").write_text("b")
        (directory / "a").write_text("a")
        (directory / "a").chmod(0o755)
        (directory / "link").symlink_to("a")
        (directory / "dangling").symlink_to("nowhere")
        manifest = zip_outputs(directory, tmp_path / "out.zip")
        assert manifest is not None and [line.split(b"\t")[0] for line in manifest.splitlines()] == [
            b"a",
            b"link",
            b"sub/b",
        ]
        archives.append((tmp_path / "out.zip").read_bytes())
    assert archives[0] == archives[1]
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.getinfo("a").external_attr >> 16 & 0o111


def test_no_outputs_make_no_archive(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert zip_outputs(tmp_path / "empty", tmp_path / "out.zip") is None
    assert zip_outputs(tmp_path / "missing", tmp_path / "out.zip") is None
    assert joined_annotations(tmp_path / "missing") == b""
