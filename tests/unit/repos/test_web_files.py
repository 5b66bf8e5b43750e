"""Files from addresses."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from directory_server import DirectoryServer, serving

from venvship.events.build_events import Event, TransferFinished, TransferProgress, TransferStarted
from venvship.repos.index_settings import IndexSettings
from venvship.repos.integrity import Checksum, WrongChecksum
from venvship.repos.network import Network
from venvship.repos.web_files import BadAddress, CheckedFile, NotFetched, Offline, WebFiles

DATA = b"content"
SHA256 = Checksum.of_sha256(hashlib.sha256(DATA).hexdigest())


class Events:
    def __init__(self) -> None:
        self.seen: list[Event] = []

    def emit(self, event: Event) -> None:
        self.seen.append(event)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DirectoryServer]:
    (tmp_path / "served").mkdir()
    (tmp_path / "served/f").write_bytes(DATA)
    with serving(tmp_path / "served") as state:
        yield state


def web_files(
    tmp_path: Path, events: Events | None = None, *, offline: bool = False, waits: list[float] | None = None
) -> WebFiles:
    return WebFiles(
        tmp_path / "cache",
        network=lambda: Network(IndexSettings(())),
        events=events or Events(),
        offline=offline,
        sleep=([] if waits is None else waits).append,
    )


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").iterdir() if path.is_file())


def test_a_file_with_a_checksum_is_downloaded_once(tmp_path: Path, server: DirectoryServer) -> None:
    events = Events()
    for _ in range(2):
        assert web_files(tmp_path, events).fetch([f"{server.url}/f"], SHA256).read_bytes() == DATA
    assert server.requests["f"] == 1
    assert TransferStarted("f", len(DATA)) in events.seen and TransferFinished("f", len(DATA)) in events.seen
    assert web_files(tmp_path, offline=True).fetch([f"{server.url}/f"], SHA256).read_bytes() == DATA
    assert left(tmp_path) == []


def test_a_file_without_a_checksum_is_downloaded_each_time(tmp_path: Path, server: DirectoryServer) -> None:
    for _ in range(2):
        web_files(tmp_path).fetch([f"{server.url}/f"], None)
    assert server.requests["f"] == 2


def test_mirrors_are_asked_in_order(tmp_path: Path, server: DirectoryServer) -> None:
    urls = ["file:///nowhere/f", f"{server.url}/gone", f"{server.url}/f", f"{server.url}/never"]
    assert web_files(tmp_path).fetch(urls, SHA256).read_bytes() == DATA
    assert server.requests["gone"] == 1 and server.requests["never"] == 0


def test_a_mirror_with_another_file_is_passed_over(tmp_path: Path, server: DirectoryServer) -> None:
    (server.root / "evil").write_bytes(b"evil")
    assert web_files(tmp_path).fetch([f"{server.url}/evil", f"{server.url}/f"], SHA256).read_bytes() == DATA
    with pytest.raises(WrongChecksum, match="evil` is not the file that was asked for"):
        web_files(tmp_path / "b").fetch([f"{server.url}/evil"], SHA256)
    assert left(tmp_path / "b") == []


def test_every_address_that_failed_is_told(tmp_path: Path, server: DirectoryServer) -> None:
    with pytest.raises(NotFetched) as caught:
        web_files(tmp_path).fetch([f"{server.url}/gone", "file:///nowhere/f", "http://127.0.0.1:9/x"], SHA256)
    assert list(caught.value.reasons) == [f"{server.url}/gone", "file:///nowhere/f", "http://127.0.0.1:9/x"]
    assert "404" in caught.value.message


def test_nothing_is_downloaded_offline(tmp_path: Path, server: DirectoryServer) -> None:
    with pytest.raises(Offline, match="`--nofetch` forbids"):
        web_files(tmp_path, offline=True).fetch([f"{server.url}/f"], SHA256)


@pytest.mark.parametrize("url", ["ftp://h/f", "f", "/etc/passwd", "javascript:x"])
def test_other_schemes_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadAddress):
        web_files(tmp_path).fetch([url], None)


def test_secrets_of_addresses_are_not_shown(tmp_path: Path) -> None:
    with pytest.raises(NotFetched) as caught:
        web_files(tmp_path).fetch(["http://user:secret@127.0.0.1:9/f?token=secret"], None)
    assert "secret" not in str(caught.value)


def test_headers_are_sent(tmp_path: Path, server: DirectoryServer) -> None:
    web_files(tmp_path).fetch([f"{server.url}/f"], SHA256, headers={"Authorization": "Bearer t"})
    assert server.headers["f"]["authorization"] == "Bearer t"


def checked(server: DirectoryServer, name: str, data: bytes) -> CheckedFile:
    (server.root / name).write_bytes(data)
    return CheckedFile((f"{server.url}/{name}",), Checksum.of_sha256(hashlib.sha256(data).hexdigest()))


def test_several_files_are_fetched_at_a_time_and_come_in_order(tmp_path: Path, server: DirectoryServer) -> None:
    server.together = threading.Barrier(3)
    files = [checked(server, name, name.encode()) for name in ("c", "a", "b")]
    events = Events()
    found = web_files(tmp_path, events).fetch_all(files)
    assert [path.read_bytes() for path in found] == [b"c", b"a", b"b"]
    assert {event.name for event in events.seen if isinstance(event, TransferFinished)} == {"a", "b", "c"}
    server.together = None
    assert web_files(tmp_path, offline=True).fetch_all([*files, files[0]]) == [*found, found[0]]


def test_after_a_file_that_can_not_be_had_no_other_is_begun(tmp_path: Path, server: DirectoryServer) -> None:
    files = [checked(server, f"f{number}", b"%d" % number) for number in range(40)]
    (server.root / "f0").write_bytes(b"other")
    (server.root / "f1").unlink()
    with pytest.raises(WrongChecksum, match="f0` is not the file"):
        web_files(tmp_path).fetch_all(files[:1] * 8 + files)
    assert server.requests["f39"] == 0


def test_an_interruption_ends_the_transfers(tmp_path: Path, server: DirectoryServer) -> None:
    class Interrupting(Events):
        def emit(self, event: Event) -> None:
            super().emit(event)
            if isinstance(event, TransferProgress):
                raise KeyboardInterrupt

    files = [checked(server, name, name.encode() * (3 << 20)) for name in "ab"]
    with pytest.raises(KeyboardInterrupt):
        web_files(tmp_path, Interrupting()).fetch_all(files)
    assert left(tmp_path) == []


def test_an_overloaded_server_is_asked_again(tmp_path: Path, server: DirectoryServer) -> None:
    waits: list[float] = []
    server.busy["f"] = 2
    assert web_files(tmp_path, waits=waits).fetch([f"{server.url}/f"], SHA256).read_bytes() == DATA
    assert waits == [0.5, 1.0]
    server.broken = 503
    with pytest.raises(NotFetched, match="503"):
        web_files(tmp_path).fetch([f"{server.url}/f"], None)
    assert server.requests["f"] == 6
    server.broken = 403
    with pytest.raises(NotFetched, match="403"):
        web_files(tmp_path).fetch([f"{server.url}/f"], None)
    assert server.requests["f"] == 7


def test_a_server_that_nobody_reaches_is_waited_for_once(tmp_path: Path) -> None:
    waits: list[float] = []
    files = web_files(tmp_path, waits=waits)
    for _ in range(3):
        with pytest.raises(NotFetched, match="ConnectionError"):
            files.fetch(["http://127.0.0.1:9/x"], None)
    assert len(waits) == 2


def test_a_transfer_that_breaks_is_taken_up_where_it_broke(tmp_path: Path, server: DirectoryServer) -> None:
    data = bytes(range(256)) * 30_000
    file = checked(server, "large", data)
    server.tags = True
    # More often than a server may fail that brings nothing.
    server.cuts["large"] = [1_500_000, 1_200_000, 1_100_000, 1_300_000]
    events = Events()
    assert web_files(tmp_path, events).fetch(file.urls, file.checksum).read_bytes() == data
    assert server.headers["large"]["range"] == "bytes=5100000-"
    done = [event.done_bytes for event in events.seen if isinstance(event, TransferProgress)]
    assert done == sorted(done) and done[-1] == len(data)


def test_a_transfer_begins_anew_where_nothing_tells_that_the_file_is_the_same(
    tmp_path: Path, server: DirectoryServer
) -> None:
    file = checked(server, "f", bytes(range(256)) * 4000)
    server.cuts["f"] = [300_000]
    web_files(tmp_path).fetch(file.urls, file.checksum)
    assert "range" not in server.headers["f"]


def test_a_file_that_changes_meanwhile_is_had_as_it_is_now(tmp_path: Path, server: DirectoryServer) -> None:
    server.tags = True
    (server.root / "f").write_bytes(b"old" * 100_000)
    server.cuts["f"] = [100_000]

    class Changing(Events):
        def emit(self, event: Event) -> None:
            (server.root / "f").write_bytes(b"new" * 90_000)

    found = web_files(tmp_path, Changing()).fetch([f"{server.url}/f"], None)
    assert found.read_bytes() == b"new" * 90_000
    assert server.headers["f"]["if-range"] == f'"{hashlib.sha256(b"old" * 100_000).hexdigest()}"'


def test_a_packed_archive_comes_as_it_lies_there(tmp_path: Path, server: DirectoryServer) -> None:
    packed = gzip.compress(DATA)
    file = checked(server, "a.tar.gz", packed)
    server.encoding = "gzip"
    assert web_files(tmp_path).fetch(file.urls, file.checksum).read_bytes() == packed
    (server.root / "plain").write_bytes(packed)
    assert web_files(tmp_path).fetch([f"{server.url}/plain"], SHA256).read_bytes() == DATA
