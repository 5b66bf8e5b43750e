from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from fake_index import FakeIndex, running_index
from wheel_building import wheel_bytes

from venvship.repos.index_settings import IndexSettings
from venvship.repos.network import Network
from venvship.repos.remote_file import NoRanges, RemoteFile
from venvship.repos.wheel_store import metadata_of
from venvship.wheels.archive import WheelArchive

WHEEL = "big-1.0-py3-none-any.whl"


@pytest.fixture
def server() -> Iterator[FakeIndex]:
    with running_index() as index:
        yield index


def remote(server: FakeIndex) -> RemoteFile:
    return RemoteFile(Network(IndexSettings(())), server.file_url(WHEEL))


def test_metadata_of_a_large_wheel_takes_a_small_part_of_it(server: FakeIndex) -> None:
    noise = random.Random(1).randbytes(3 << 20)
    content = wheel_bytes("big", "1.0", {"big/data.bin": noise}, requires=["six>=1"])
    server.add("big", WHEEL, content)
    metadata = metadata_of(WheelArchive(remote(server), name=WHEEL))
    assert b"Requires-Dist: six>=1" in metadata
    assert sum(size for _, size in server.parts) < len(content) / 10


@pytest.mark.parametrize("size", [1, 1000, 64 << 10, (64 << 10) + 1, 300_000])
def test_every_part_is_the_one_that_was_asked_for(server: FakeIndex, size: int) -> None:
    content = random.Random(size).randbytes(size)
    server.add("big", WHEEL, content)
    file = remote(server)
    assert file.size == size
    chance = random.Random(2)
    for _ in range(30):
        offset, length = chance.randrange(size + 1), chance.randrange(1, 150_000)
        assert file.read_at(offset, length) == content[offset : offset + length]


def test_a_server_without_ranges_says_so(server: FakeIndex) -> None:
    server.add("big", WHEEL, b"x" * 1000)
    server.ranges = False
    with pytest.raises(NoRanges):
        remote(server)
