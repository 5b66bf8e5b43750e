from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_index import FakeIndex, running_index
from real_workspace import RealWorkspace


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's cache directory of a whole run: an interpreter is imported once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    with running_index() as index:
        yield index


@pytest.fixture
def workspace(tmp_path: Path, shared_cache: Path, index: FakeIndex) -> RealWorkspace:
    """An empty workspace, whose configured index is `index`."""
    root = tmp_path / "work space"
    root.mkdir()
    return RealWorkspace(root, shared_cache, index.simple_url)
