from __future__ import annotations

import pytest

from venvship.repos.committed_file import CommittedFile


@pytest.mark.parametrize("path", ["dist/a-1.tar.gz", "a b/c#d&lfs=true", "é.whl"])
def test_addresses_and_files_are_inverses(path: str) -> None:
    for large_files in (False, True):
        file = CommittedFile("https://git.example/a", "0" * 40, path, large_files)
        assert CommittedFile.parse(str(file)) == file


@pytest.mark.parametrize("text", ["https://git.example/a", "git+https://git.example/a@main#path=x"])
def test_other_addresses_are_of_no_commit(text: str) -> None:
    assert CommittedFile.parse(text) is None
