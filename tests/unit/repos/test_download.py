from __future__ import annotations

import hashlib
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from traceback import walk_stack

import pytest
from fake_index import FakeIndex, refusing_address, running_index
from fake_proxy import behind_tls

from venvship.errors import Place, SeveralErrors
from venvship.events.build_events import Event, TransferFailed, TransferFinished, TransferProgress, TransferStarted
from venvship.host.arrivals import awaited
from venvship.host.machine import cpu_count
from venvship.repos.download import Downloads, FileNotOnIndex, HashMismatch, MissingHash, WantedFile
from venvship.repos.index_settings import IndexOverride, IndexSettings
from venvship.repos.package_index import Indexes, IndexUnreachable
from venvship.repos.wheel_store import WheelStore
from venvship.wheels.filename import WheelFilename
from venvship.wheels.lock import LockedPackage, LockedWheel, RegistrySource
from venvship.wheels.uv_lock import parse_uv_lock

ORIGIN = "https://packages.example/simple"
NAME = "a-1.0-py3-none-any.whl"
CONTENT = bytes(range(256)) * 12_000
SHA = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Events:
    seen: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.seen.append(event)


@dataclass
class Setting:
    """A store, an index that overrides ORIGIN, and what happened."""

    server: FakeIndex
    store: WheelStore
    root: Path
    events: Events = field(default_factory=Events)
    waits: list[float] = field(default_factory=list)

    def downloads(self, *overrides: str, url: str | None = None, parallel: int = 4) -> Downloads:
        chosen = overrides or (f"{ORIGIN}={url or self.server.simple_url}",)
        settings = IndexSettings((self.server.simple_url,), timeout=600)
        indexes = Indexes(settings, [IndexOverride.parse(text) for text in chosen])
        return Downloads(
            self.store, indexes=indexes, events=self.events, parallel=parallel, attempts=3, sleep=self.waits.append
        )

    def left(self) -> list[Path]:
        """Partial files, which a failure may leave for the next attempt."""
        return [path for path in (self.root / "partial").glob("*") if path.suffix != ".lock"]


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with running_index() as server:
        server.add("a", NAME, CONTENT)
        yield Setting(server, WheelStore(tmp_path), tmp_path)


def wanted(
    name: str = NAME,
    sha256: str | None = SHA,
    *,
    size: int | None = None,
    location: str = f"https://packages.example/files/{NAME}",
) -> WantedFile:
    project = name.partition("-")[0]
    return WantedFile(project, name, location, sha256, size, ORIGIN, Place("uv.lock"), ("required by app",))


def test_a_file_of_a_lock_is_fetched_from_the_mapped_index_and_verified(setting: Setting) -> None:
    file = wanted()
    assert setting.downloads().fetch([file, file]) == {file: setting.store.path_of(SHA, NAME)}
    path = setting.store.path_of(SHA, NAME)
    assert path is not None
    assert path.read_bytes() == CONTENT
    assert setting.left() == []


def test_a_file_that_arrives_is_worked_on_and_one_that_is_here_is_not(setting: Setting) -> None:
    seen: list[tuple[WantedFile, bytes]] = []

    def then(file: WantedFile) -> None:
        path = setting.store.path_of(SHA, NAME)
        assert path is not None
        seen.append((file, path.read_bytes()))

    for _ in range(2):
        setting.downloads().fetch([wanted()], then=then)
    assert seen == [(wanted(), CONTENT)]


def test_who_works_on_a_file_keeps_no_other_from_arriving(setting: Setting) -> None:
    names = [f"x{n}-1-py3-none-any.whl" for n in range(6)]
    files = [wanted(name, setting.server.add(name.partition("-")[0], name, name.encode())) for name in names]

    def then(file: WantedFile) -> None:
        deadline = time.monotonic() + 600
        while not all(setting.store.path_of(str(other.sha256), other.filename) for other in files):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    assert len(setting.downloads(parallel=1).fetch(files, then=then)) == len(files)


def test_a_file_that_is_here_is_not_asked_for(setting: Setting) -> None:
    setting.downloads().fetch([wanted()])
    before = setting.server.requests.total()
    setting.downloads().fetch([wanted()])
    assert setting.server.requests.total() == before


def test_without_an_override_the_address_of_the_lock_is_used(setting: Setting) -> None:
    file = wanted(location=setting.server.file_url(NAME))
    assert setting.downloads("https://other.example=@default").fetch([file])
    assert list(setting.server.requests) == [f"/files/{NAME}"]


def test_the_default_index_can_stand_in_for_an_origin(setting: Setting) -> None:
    assert setting.downloads(f"{ORIGIN}=@default").fetch([wanted()])


def test_progress_is_told(setting: Setting) -> None:
    setting.downloads().fetch([wanted(size=len(CONTENT))])
    events = setting.events.seen
    assert events[0] == TransferStarted(NAME, len(CONTENT))
    assert events[-1] == TransferFinished(NAME, len(CONTENT))
    done = [event.done_bytes for event in events if isinstance(event, TransferProgress)]
    assert done == sorted(done)
    assert done[-1] == len(CONTENT)


def test_large_files_come_first_as_far_as_the_lock_tells_and_small_ones_between_them(setting: Setting) -> None:
    sizes: dict[str, int | None] = {"b": 1, "c": 100, "d": 30, "e": 7, "a": None}
    files = [
        wanted(name, setting.server.add(project, name, bytes(size or 500)), size=size)
        for project, size in sizes.items()
        for name in [f"{project}-1.0-py3-none-any.whl"]
    ]
    found = setting.downloads(parallel=1).fetch(files)
    assert [path.name[0] for path in found.values()] == list(sizes)
    started = [event.name[0] for event in setting.events.seen if isinstance(event, TransferStarted)]
    assert started == ["c", "b", "d", "a", "e"]


def test_of_the_files_that_have_arrived_the_largest_are_worked_on_first(setting: Setting) -> None:
    at_once = cpu_count() + 2
    sizes = [*range(10, 9 + 3 * at_once), 1]
    names = [f"f{number}-1.0-py3-none-any.whl" for number in range(len(sizes))]
    files = [
        wanted(name, setting.server.add(name.partition("-")[0], name, bytes([number % 256]) * size))
        for number, (name, size) in enumerate(zip(names, sizes, strict=True))
    ]
    begun: list[WantedFile] = []
    round_of_all = threading.Barrier(at_once)

    def then(file: WantedFile) -> None:
        begun.append(file)
        round_of_all.wait(600)
        while sum(isinstance(event, TransferFinished) for event in setting.events.seen) < len(files):
            time.sleep(0.01)

    setting.downloads(parallel=1).fetch(files, then=then)
    # What is begun while files arrive is by chance; the smallest is the last to arrive.
    rest = sorted(set(files) - set(begun[:at_once]), key=files.index)
    assert set(begun[at_once : 2 * at_once]) == set(rest[-1 - at_once : -1])


def test_a_download_that_fails_is_not_told_as_finished(setting: Setting) -> None:
    setting.server.replaced[NAME] = b"something else"
    with pytest.raises(HashMismatch):
        setting.downloads().fetch([wanted()])
    told = setting.events.seen
    assert TransferFailed(NAME) in told
    assert not any(isinstance(event, TransferFinished) for event in told)


def test_a_connection_that_breaks_is_taken_up_where_it_broke(setting: Setting) -> None:
    setting.server.cut[NAME] = 1_000_000
    assert setting.downloads().fetch([wanted()])
    assert setting.server.range_starts == [(NAME, 1_000_000)]
    assert len(setting.waits) == 1


def test_a_connection_may_break_often_as_long_as_something_comes(setting: Setting) -> None:
    setting.server.pieces[NAME] = 1 << 20
    large = "large-1-py3-none-any.whl"
    content = CONTENT * 3
    file = wanted(large, setting.server.add("large", large, content))
    setting.server.pieces = {large: 1 << 20, NAME: 1000}
    assert setting.downloads().fetch([file])[file].read_bytes() == content
    assert len(setting.waits) > 3
    with pytest.raises(IndexUnreachable, match="breaks off"):
        setting.downloads().fetch([wanted()])


def test_pieces_of_several_files_are_thrown_away(setting: Setting) -> None:
    """As when one of the servers behind an address has something else."""
    setting.server.replaced[NAME] = bytes(len(CONTENT))
    setting.server.cut[NAME] = 1_000_000

    class Repairing(Events):
        def emit(self, event: Event) -> None:
            if isinstance(event, TransferProgress):
                setting.server.replaced.clear()

    setting.events = Repairing()
    assert setting.downloads().fetch([wanted(size=len(CONTENT))])
    assert setting.server.range_starts == [(NAME, 1_000_000)]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with openssl")
def test_a_certificate_that_is_not_trusted_is_told_at_once(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    with behind_tls(setting.server.url, tmp_path) as (url, _):
        for downloads, file in (
            (setting.downloads(url=f"{url}/simple/"), wanted()),
            (setting.downloads("x=@default"), wanted(location=f"{url}/files/{NAME}")),
        ):
            with pytest.raises(IndexUnreachable, match="has a certificate that is not trusted here") as caught:
                downloads.fetch([file])
            assert "`SSL_CERT_FILE`" in str(caught.value) and "`UV_SYSTEM_CERTS=1`" in str(caught.value)
    assert setting.waits == []


def test_a_server_without_ranges_is_asked_for_the_whole_again(setting: Setting) -> None:
    setting.server.cut[NAME] = 1_000_000
    setting.server.ranges = False
    assert setting.downloads().fetch([wanted()])


def test_an_interrupted_run_is_taken_up_by_the_next(setting: Setting) -> None:
    with setting.store.partial(SHA) as partial:
        partial.write_bytes(CONTENT[:500_000])
    assert setting.downloads().fetch([wanted()])
    assert setting.server.range_starts == [(NAME, 500_000)]


@pytest.mark.parametrize("rest", [b"of another file", CONTENT + b"and more", CONTENT])
def test_what_an_earlier_run_left_cannot_spoil_a_file(setting: Setting, rest: bytes) -> None:
    with setting.store.partial(SHA) as partial:
        partial.write_bytes(rest)
    assert setting.downloads().fetch([wanted()])
    assert setting.downloads().fetch([wanted(size=len(CONTENT))])


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_overloaded_server_is_asked_again_after_longer_and_longer_waits(setting: Setting, status: int) -> None:
    setting.server.failures[NAME] = (status, 2)
    assert setting.downloads().fetch([wanted()])
    assert setting.waits == [0.5, 1.0]


def test_a_server_that_stays_broken_is_reported(setting: Setting) -> None:
    setting.server.failures[NAME] = (502, 99)
    with pytest.raises(IndexUnreachable, match="answers with HTTP 502"):
        setting.downloads().fetch([wanted()])
    assert len(setting.waits) == 2


def test_other_bytes_than_the_locked_ones_never_become_visible(setting: Setting) -> None:
    setting.server.replaced[NAME] = b"something else"
    with pytest.raises(HashMismatch) as caught:
        setting.downloads().fetch([wanted(size=len(CONTENT))])
    got = hashlib.sha256(b"something else").hexdigest()
    assert str(caught.value) == (
        f"uv.lock: `{NAME}` from `{setting.server.file_url(NAME)}` is not the file that was locked:\n"
        f"  locked   sha256 {SHA}, {len(CONTENT)} bytes\n"
        f"  received sha256 {got}, 14 bytes\n"
        "  required by app\n"
        "\n"
        "hint: if the index has replaced the file on purpose, lock again; if not, do not use this index"
    )
    assert setting.store.path_of(SHA, NAME) is None
    assert setting.left() == []


def test_an_index_that_offers_another_hash_is_refused_before_the_download(setting: Setting) -> None:
    other = hashlib.sha256(b"locked").hexdigest()
    with pytest.raises(HashMismatch, match="as the index says"):
        setting.downloads().fetch([wanted(sha256=other)])
    assert setting.server.requests[f"/files/{NAME}"] == 0


def test_more_bytes_than_locked_are_not_read_to_the_end(setting: Setting) -> None:
    setting.server.replaced[NAME] = bytes(64 << 20)
    with pytest.raises(HashMismatch, match="received more bytes than that"):
        setting.downloads().fetch([wanted(size=1000)])
    received = [event.done_bytes for event in setting.events.seen if isinstance(event, TransferProgress)]
    assert max(received) <= 2 << 20


def test_all_failures_of_a_batch_are_reported_at_once(setting: Setting) -> None:
    setting.server.add("b", "b-1.0-py3-none-any.whl", b"b")
    files = [
        wanted(),
        wanted("b-1.0-py3-none-any.whl", hashlib.sha256(b"!").hexdigest()),
        wanted("c-1.0-py3-none-any.whl", "c" * 64),
    ]
    with pytest.raises(SeveralErrors) as caught:
        setting.downloads().fetch(files)
    assert [type(error) for error in caught.value.errors] == [HashMismatch, FileNotOnIndex]
    assert setting.store.path_of(SHA, NAME) is not None


def test_a_file_without_a_hash_is_refused_before_anything_is_fetched(setting: Setting) -> None:
    with pytest.raises(MissingHash, match=f"no SHA-256 for `{NAME}`"):
        setting.downloads().fetch([wanted(sha256=None)])
    assert setting.server.requests.total() == 0


def test_a_file_that_is_gone_names_who_was_asked(setting: Setting) -> None:
    secret = setting.server.simple_url.replace("//", "//me:secret@")
    with pytest.raises(FileNotOnIndex) as caught:
        setting.downloads(url=secret).fetch([wanted("b-1.0-py3-none-any.whl")])
    assert setting.server.simple_url in str(caught.value)
    assert "secret" not in str(caught.value)
    with pytest.raises(FileNotOnIndex):
        setting.downloads("x=y").fetch([wanted(location=f"{setting.server.url}/files/none.whl")])


def test_credentials_of_an_index_are_used_for_its_files(setting: Setting) -> None:
    setting.server.credentials = ("me", "secret")
    secret = setting.server.simple_url.replace("//", "//me:secret@")
    assert setting.downloads(url=secret).fetch([wanted()])
    with pytest.raises(IndexUnreachable, match="refuses us: HTTP 401"):
        Setting(setting.server, WheelStore(setting.root / "other"), setting.root).downloads().fetch([wanted()])


def test_a_server_that_is_down_is_reported_once_for_all_its_files(setting: Setting) -> None:
    with refusing_address() as url:
        files = [wanted(f"x{n}-1-py3-none-any.whl", f"{n:064}", location=f"{url}/x{n}") for n in range(12)]
        with pytest.raises(IndexUnreachable) as caught:
            setting.downloads("x=y").fetch(files)
    assert str(caught.value).startswith(f"`{url}` does not answer: ConnectionError")
    assert "--index_override=ORIGIN=TARGET" in str(caught.value)


@pytest.mark.usefixtures("without_collections")
def test_an_interrupt_ends_a_batch_early(setting: Setting) -> None:
    noticed = threading.Event()

    class Interrupting(Events):
        interrupted = False

        def emit(self, event: Event) -> None:
            super().emit(event)
            # Several transfers may begin before the first of them gets here.
            if not self.interrupted:
                self.interrupted = True
                # To the thread that waits for the batch, once it does, as from a terminal.
                main = threading.main_thread().ident or 0
                while awaited.__code__ not in [frame.f_code for frame, _ in walk_stack(sys._current_frames()[main])]:
                    time.sleep(0.001)
                signal.pthread_kill(main, signal.SIGINT)
            noticed.wait(600)

    def interrupt(*_: object) -> None:
        noticed.set()
        raise KeyboardInterrupt

    setting.events = Interrupting()
    files = []
    for n in range(200):
        name, content = f"x{n}-1-py3-none-any.whl", f"{n}".encode()
        files.append(wanted(name, setting.server.add(f"x{n}", name, content)))
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            setting.downloads().fetch(files)
    finally:
        signal.signal(signal.SIGINT, before)
    assert any(setting.store.path_of(str(file.sha256), file.filename) is None for file in files)


def test_files_of_a_directory_are_copied_and_verified(setting: Setting, tmp_path: Path) -> None:
    source = tmp_path / "links" / NAME
    source.parent.mkdir()
    source.write_bytes(CONTENT)
    lock = parse_uv_lock(
        f"""version = 1
        [[package]]
        name = "a"
        version = "1.0"
        source = {{ registry = "links" }}
        wheels = [{{ path = "{NAME}", hash = "sha256:{SHA}" }}]""".encode(),
        filename="uv.lock",
    )
    [package] = lock.packages
    [wheel] = package.wheels
    assert isinstance(wheel, LockedWheel)
    file = WantedFile.of(package, wheel, lock=tmp_path / "uv.lock")
    path = setting.downloads().fetch([file])[file]
    assert path.read_bytes() == CONTENT
    source.unlink()
    with pytest.raises(FileNotOnIndex, match=str(tmp_path / "links")):
        other = Setting(setting.server, WheelStore(tmp_path / "other"), tmp_path)
        other.downloads().fetch([file])


def test_a_file_of_this_machine_without_a_hash_is_what_it_is(setting: Setting, tmp_path: Path) -> None:
    lock = tmp_path / "project/uv.lock"
    lock.parent.mkdir()
    directory = tmp_path / "flat"
    directory.mkdir()
    name = "local-1.0-py3-none-any.whl"
    package = LockedPackage("local", "1.0", RegistrySource("../flat"))
    locked = LockedWheel(WheelFilename.parse(name), None, f"../flat/{name}", None, None)
    missing = WantedFile.of(package, locked, lock=lock)
    with pytest.raises(FileNotOnIndex, match=r"flat"):
        setting.downloads().fetch([missing])
    (directory / name).write_bytes(b"first")
    first = WantedFile.of(package, locked, lock=lock)
    (directory / name).write_bytes(b"second one")
    second = WantedFile.of(package, locked, lock=lock)
    assert [one.sha256 for one in (first, second)] == [
        hashlib.sha256(text).hexdigest() for text in (b"first", b"second one")
    ]
    assert setting.downloads().fetch([second])[second].read_bytes() == b"second one"
