from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from venvship.tools.wheel_files import NothingFound, UnsafeMember, run


def wheel(path: Path, *names: str) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return str(path)


def test_files_are_taken_out_by_a_pattern(tmp_path: Path) -> None:
    source = wheel(tmp_path / "a.whl", "pkg/include/a.h", "pkg/a.py")
    run({"wheel": source, "output": str(tmp_path / "out"), "pattern": r"\.h$"})
    assert [p.name for p in (tmp_path / "out").rglob("*") if p.is_file()] == ["a.h"]


def test_a_wheel_gets_its_own_name(tmp_path: Path) -> None:
    source = wheel(tmp_path / "a", "x")
    run({"wheel": source, "output": str(tmp_path / "out"), "name": "a-1-py3-none-any.whl"})
    assert (tmp_path / "out" / "a-1-py3-none-any.whl").read_bytes() == Path(source).read_bytes()


def test_a_pattern_that_fits_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match=r"fits the pattern `z`"):
        run({"wheel": wheel(tmp_path / "a", "x"), "output": str(tmp_path / "out"), "pattern": "z"})


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x"])
def test_members_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafeMember, match="leads out of it"):
        run({"wheel": wheel(tmp_path / "a", name), "output": str(tmp_path / "out"), "pattern": ""})
