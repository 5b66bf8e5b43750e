from __future__ import annotations

from pathlib import Path

import pytest

from venvship.errors import UserError
from venvship.repos.requirements_files import with_included


def names(root: Path, text: str) -> list[str]:
    path = root / "locks/main.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return [file.shown for file in with_included(path, path.read_bytes(), shown="locks/main.txt")]


def test_included_files_are_read_once_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/a.txt").write_text("-r ../b.txt\n-r main.txt\n")
    (tmp_path / "b.txt").write_text("-r locks/a.txt\n")
    assert names(tmp_path, "-r a.txt\n-r ../b.txt\n") == ["locks/main.txt", "locks/a.txt", "b.txt"]


@pytest.mark.parametrize(("text", "told"), [("-r none.txt", "No such file"), ("-r .", "it is no file")])
def test_what_can_not_be_read_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match="begin at the directory of the file") as caught:
        names(tmp_path, f"\n{text}\n")
    assert str(caught.value).startswith("locks/main.txt:2: can't read `") and told in str(caught.value)


def test_files_that_never_end_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it is no file"):
        names(tmp_path, "-r /dev/zero")


def test_no_more_than_a_thousand_files_are_included(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    for number in range(1001):
        (tmp_path / f"locks/{number}.txt").write_text(f"-r {number + 1}.txt\n")
    with pytest.raises(UserError, match="more than 1000 files are included"):
        names(tmp_path, "-r 0.txt")
