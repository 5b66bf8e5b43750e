"""Fetches files of lock files: many at a time, resumable, and visible only once their hash is verified."""

from __future__ import annotations

import functools
import hashlib
import os
import queue
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

from venvship.blobs.disk import digest_of_file
from venvship.dataclass import dataclass
from venvship.errors import InternalError, Place, SeveralErrors, UserError, VenvshipError
from venvship.events.build_events import EventSink, TransferFailed, TransferFinished, TransferProgress, TransferStarted
from venvship.host.arrivals import awaited, results
from venvship.host.machine import cpu_count
from venvship.host.processes import Children
from venvship.repos.attempts import OVERLOADED, Attempts, is_distrusted
from venvship.repos.committed_file import CommittedFile
from venvship.repos.package_index import Indexes, IndexUnreachable, refused, unanswered
from venvship.repos.remote_file import NoRanges, RemoteFile
from venvship.repos.urls import local_path, origin_of, shown_url
from venvship.wheels.lock import GitSource, LockedPackage, LockedSdist, LockedWheel, RegistrySource

if TYPE_CHECKING:
    import requests

_CHUNK: Final = 1 << 20
_MAX_SIZE: Final = 1 << 40
_ANSWERS: Final = frozenset({200, 206, 416})
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-", re.ASCII)


class HashMismatch(UserError):
    """A file that is not the one that was locked."""

    def __init__(self, file: WantedFile, url: str, *, got: str) -> None:
        super().__init__(
            f"`{file.filename}` from `{shown_url(url)}` is not the file that was locked:\n"
            f"  locked   {file.expected}\n"
            f"  received {got}",
            place=file.place,
            chain=file.chain,
            hint="if the index has replaced the file on purpose, lock again; if not, do not use this index",
        )
        self.expected = file.expected
        self.got = got


class MissingHash(UserError):
    """A file that the lock names without its SHA-256, so that nothing could tell whether it is the right one."""

    def __init__(self, file: WantedFile) -> None:
        super().__init__(
            f"the lock file has no SHA-256 for `{file.filename}`",
            place=file.place,
            chain=file.chain,
            hint="lock against an index that publishes SHA-256 hashes",
        )


class FileNotOnIndex(UserError):
    """A locked file that no index offers any more."""

    def __init__(self, file: WantedFile, places: Iterable[str]) -> None:
        self.places = tuple(places)
        lines = "".join(f"\n  {place}" for place in self.places)
        super().__init__(
            f"`{file.filename}` of `{file.project}` is not offered by:{lines}",
            place=file.place,
            chain=file.chain,
            hint="map its index with `--index_override=ORIGIN=TARGET`, or lock again",
        )


class NothingFetched(UserError):
    """Files that are not here, where nothing may be fetched."""

    def __init__(self, files: Iterable[WantedFile]) -> None:
        self.files = tuple(sorted(files, key=lambda file: file.filename))
        lines = "".join(f"\n  {file.filename}" for file in self.files)
        super().__init__(
            f"these files are not here, and nothing may be fetched:{lines}",
            place=self.files[0].place,
            hint="run the command once without `--nofetch`",
        )


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file of a lock. `location` is an address or an absolute path; `origin` the index that the lock names."""

    project: str
    filename: str
    location: str
    sha256: str | None
    size: int | None = None
    origin: str | None = None
    place: Place | None = None
    chain: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        size = "" if self.size is None else f", {self.size} bytes"
        return f"sha256 {self.sha256}{size}"

    @classmethod
    def of(
        cls, package: LockedPackage, file: LockedWheel | LockedSdist, *, lock: Path, chain: Iterable[str] = ()
    ) -> Self:
        """`lock` is the lock file, to whose directory paths are relative.

        Locks have no hashes of files in directories that are indexes; such a file is what it is when it is looked at.
        """
        match package.source:
            case GitSource(url, commit, path=str(path), large_files=large_files):
                location = str(CommittedFile(url, commit, path, large_files))
            case _:
                location = file.url if file.url is not None else str(lock.parent / (file.path or ""))
        origin = package.source.location if isinstance(package.source, RegistrySource) else None
        filename = str(file.filename)
        sha256 = file.sha256 or _hash_here(location)
        return cls(package.name, filename, location, sha256, file.size, origin, Place(str(lock)), tuple(chain))


def _hash_here(location: str) -> str | None:
    """The SHA-256 of a file of this machine; None for others, and where there is none."""
    path = local_path(location)
    if path is None:
        return None
    try:
        status = path.stat()
        return _hash_of(str(path), status.st_size, status.st_mtime_ns)
    except OSError:
        return None


@functools.cache
def _hash_of(path: str, size: int, mtime_ns: int) -> str:
    return digest_of_file(path).sha256


def _unidentified(file: WantedFile) -> UserError:
    path = local_path(file.location)
    return MissingHash(file) if path is None else FileNotOnIndex(file, [str(path.parent)])


class WheelFiles(Protocol):
    """Where verified files are kept."""

    def path_of(self, sha256: str, filename: str) -> Path | None: ...

    def partial(self, sha256: str) -> AbstractContextManager[Path]: ...

    def adopt(self, partial: Path, sha256: str, filename: str) -> Path: ...


class Downloads:
    """Brings files into a store."""

    def __init__(
        self,
        store: WheelFiles,
        *,
        indexes: Indexes,
        events: EventSink,
        parallel: int = 16,
        attempts: int = 5,
        sleep: Callable[[float], object] | None = None,
        offline: bool = False,
        children: Children | None = None,
    ) -> None:
        """`children` are processes of git, for files that are locked in a repository."""
        self._store = store
        self._indexes = indexes
        self._events = events
        self._parallel = parallel
        self._attempts = attempts
        self._offline = offline
        self._children = children
        # Servers that did not answer at all: asking them again for each file would only take time.
        self._silent: dict[str, IndexUnreachable] = {}
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait

    def fetch(
        self, files: Iterable[WantedFile], *, then: Callable[[WantedFile], object] = lambda file: None
    ) -> dict[WantedFile, Path]:
        """The verified path of each file; raises the one error, or SeveralErrors with all of them.

        `then` is called for each file that had to be brought, on several threads, while others are on their way.
        """
        wanted = list(dict.fromkeys(files))
        found: dict[WantedFile, Path] = {}
        missing: list[WantedFile] = []
        errors: list[VenvshipError] = []
        for file in wanted:
            if file.sha256 is None:
                errors.append(_unidentified(file))
            elif (path := self._store.path_of(file.sha256, file.filename)) is not None:
                found[file] = path
            else:
                missing.append(file)
        if missing and self._offline:
            local = [file for file in missing if self._is_local(file)]
            if len(local) < len(missing):
                raise NothingFetched(file for file in missing if file not in local)
        if missing and not errors:
            for file, result in zip(missing, self._outcomes(missing, then), strict=True):
                if isinstance(result, VenvshipError):
                    errors.append(result)
                else:
                    found[file] = result
        distinct = list({str(error): error for error in errors}.values())
        if len(distinct) == 1:
            raise distinct[0]
        if distinct:
            raise SeveralErrors(distinct)
        return found

    def _outcomes(
        self, files: Sequence[WantedFile], then: Callable[[WantedFile], object]
    ) -> list[Path | VenvshipError]:
        ordered = _in_turns(files)
        arrived: queue.PriorityQueue[tuple[int, int, Path]] = queue.PriorityQueue()
        with (
            # Who works on a file that has arrived should not keep another one from being asked for. Two are more than
            # can work: they have the next files ready.
            ThreadPoolExecutor(min(cpu_count() + 2, len(files)), "arrived") as working,
            ThreadPoolExecutor(min(self._parallel, len(files)), "download") as pool,
        ):

            def bring(number: int) -> Future[tuple[int, Path | VenvshipError]] | VenvshipError:
                try:
                    path = self._fetch_one(ordered[number])
                except VenvshipError as error:
                    return error
                arrived.put((-path.stat().st_size, number, path))
                return working.submit(work_on_largest)

            def work_on_largest() -> tuple[int, Path | VenvshipError]:
                # Of what is here the largest first, so that all end their work at about the same time.
                _, number, path = arrived.get_nowait()
                return number, _worked_on(path, ordered[number], then)

            try:
                begun = list(results(pool, bring, range(len(ordered))))
                worked_on = dict(awaited(one) for one in begun if isinstance(one, Future))
                outcomes = {
                    file: worked_on[number] if isinstance(one, Future) else one
                    for number, (file, one) in enumerate(zip(ordered, begun, strict=True))
                }
                return [outcomes[file] for file in files]
            except BaseException:
                # The user interrupts us: leaving the block waits for the threads, so they must end soon.
                self._stopped.set()
                self._indexes.stop()
                pool.shutdown(cancel_futures=True)
                working.shutdown(cancel_futures=True)
                raise

    def _fetch_one(self, file: WantedFile) -> Path:
        if file.sha256 is None:
            raise _unidentified(file)
        with self._store.partial(file.sha256) as partial:
            # Another process may have fetched it while we waited for our turn.
            if (path := self._store.path_of(file.sha256, file.filename)) is not None:
                return path
            location = self._located(file)
            self._events.emit(TransferStarted(file.filename, file.size))
            transfer = _Transfer(file, partial, self._events, self._stopped)
            try:
                self._transfer(transfer, location)
            except BaseException:
                self._events.emit(TransferFailed(file.filename))
                raise
            self._events.emit(TransferFinished(file.filename, transfer.received))
            return self._store.adopt(partial, file.sha256, file.filename)

    def remote(self, file: WantedFile) -> RemoteFile:
        """A file that is read in parts where it is; raises NoRanges where that can't be done."""
        location = self._located(file)
        if self._offline or local_path(location) is not None or CommittedFile.parse(location) is not None:
            raise NoRanges("no server")
        return RemoteFile(self._indexes.network, location)

    def _is_local(self, file: WantedFile) -> bool:
        """Whether a file is had without a network."""
        linked = self._indexes.linked(file.project, file.filename, sha256=file.sha256 or "")
        return local_path(file.location if linked is None else linked.location) is not None

    def _located(self, file: WantedFile) -> str:
        linked = self._indexes.linked(file.project, file.filename, sha256=file.sha256 or "")
        if linked is not None:
            return linked.location
        index = None if file.origin is None else self._indexes.override_of(file.origin)
        if index is None:
            return file.location
        offered = index.find(file.project, file.filename, sha256=file.sha256)
        if offered is None:
            raise FileNotOnIndex(file, index.locations)
        if offered.sha256 is not None and offered.sha256 != file.sha256:
            raise HashMismatch(file, offered.location, got=f"sha256 {offered.sha256}, as the index says")
        return offered.location

    def _transfer(self, transfer: _Transfer, location: str) -> None:
        if (path := local_path(location)) is not None:
            transfer.copy(path)
        elif (committed := CommittedFile.parse(location)) is not None:
            self._check_out(transfer, committed)
        else:
            self._download(transfer, location)
            if transfer.is_pieced and not transfer.is_right():
                # The pieces were of several files: of what an earlier run left, or what servers behind one address
                # have. Only a whole answer can tell.
                transfer.restart()
                self._download(transfer, location)
        transfer.verify(location)

    def _check_out(self, transfer: _Transfer, file: CommittedFile) -> None:
        if self._children is None:
            raise InternalError(f"nobody may start git for `{transfer.file.filename}`")
        with file.checked_out(transfer.partial.parent, children=self._children) as path:
            if not path.is_file():
                raise FileNotOnIndex(transfer.file, [f"{shown_url(file.remote)}@{file.commit}"])
            transfer.copy(path)

    def _download(self, transfer: _Transfer, url: str) -> None:
        """Try until the file is whole, going on where the connection broke."""
        import requests  # Loaded by need, as in `network`.
        import urllib3.exceptions

        permanent = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.TooManyRedirects)
        failure = self._silent.get(origin_of(url))
        attempts = Attempts(self._attempts if failure is None else 0, sleep=self._sleep)
        for _ in attempts:
            transfer.check()
            before = transfer.received
            try:
                headers = {"Accept-Encoding": "identity"} | transfer.range_header()
                with self._indexes.network.get(url, headers=headers, stream=True) as response:
                    if response.status_code == 404:
                        raise FileNotOnIndex(transfer.file, [shown_url(url)])
                    if response.status_code in _ANSWERS:
                        transfer.receive(response)
                        return
                    if response.status_code not in OVERLOADED:
                        raise refused(self._indexes.network, url, response.status_code)
                    failure = refused(self._indexes.network, url, response.status_code)
                    attempts.postpone(response.headers)
            except (requests.ConnectTimeout, requests.ConnectionError) as error:
                failure = self._silence(url, error)
                if is_distrusted(error):
                    break
            except permanent as error:
                raise IndexUnreachable(url, f"can't be asked: {type(error).__name__}") from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, _CutOff) as error:
                failure = IndexUnreachable(url, f"breaks off: {type(error).__name__.strip('_')}")
                if transfer.received - before >= _CHUNK:
                    attempts.advance()
        if failure is None:
            raise InternalError("a download needs at least one attempt")
        if failure.url == origin_of(url):
            self._silent.setdefault(failure.url, failure)
        raise failure

    def _silence(self, url: str, error: Exception) -> IndexUnreachable:
        return unanswered(
            self._indexes.network,
            origin_of(url),
            error,
            hint="check the network, or fetch the files of this index from another one with "
            "`--index_override=ORIGIN=TARGET`, for example `@default`",
        )


def _in_turns(files: Sequence[WantedFile]) -> list[WantedFile]:
    """The order in which to ask for files: the largest first, as far as locks tell, and the smaller half between them.

    What is left for the end should not take long, and whoever works on files should not wait for a large one first.
    """
    ordered = sorted(files, key=lambda file: file.size or 0, reverse=True)
    half = (len(ordered) + 1) // 2
    pairs = zip_longest(ordered[:half], ordered[half:])
    return [file for pair in pairs for file in pair if file is not None]


def _worked_on(path: Path, file: WantedFile, then: Callable[[WantedFile], object]) -> Path | VenvshipError:
    try:
        then(file)
    except VenvshipError as error:
        return error
    return path


class _CutOff(Exception):
    """Fewer bytes than announced, or an answer to another range; worth another attempt."""


class _Stopped(Exception):
    """Nobody waits for the file any more."""


class _Transfer:
    """The file that grows in `partial`, and the hash of what is there."""

    def __init__(self, file: WantedFile, partial: Path, events: EventSink, stopped: threading.Event) -> None:
        self.file = file
        self.partial = partial
        self._events = events
        self._stopped = stopped
        self._hash = hashlib.sha256()
        self.received = 0
        self.is_pieced = False
        """Whether what is here came in several answers."""
        if partial.is_file():
            with partial.open("rb") as left:
                while chunk := left.read(_CHUNK):
                    self._count(chunk)
        if self.file.size is not None and self.received > self.file.size:
            self.restart()

    def range_header(self) -> dict[str, str]:
        return {"Range": f"bytes={self.received}-"} if self.received else {}

    def receive(self, response: requests.Response) -> None:
        """Append an answer, or start again when the server sends the whole file."""
        self.is_pieced = self.received > 0
        if response.status_code == 416:
            # Nothing lies behind what we have: it is whole, or it is wrong, which `verify` tells.
            return
        if response.status_code == 206:
            match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
            if match is None or int(match[1]) != self.received:
                self.restart()
                raise _CutOff
        else:
            self.restart()
        length = response.headers.get("Content-Length", "")
        expected = self.received + int(length) if length.isascii() and length.isdigit() else None
        with self.partial.open("ab") as target:
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                self._append(target.write, chunk)
                if self.received > (self.file.size if self.file.size is not None else _MAX_SIZE):
                    return
        if expected is not None and self.received < expected:
            raise _CutOff

    def copy(self, source: Path) -> None:
        self.restart()
        try:
            with source.open("rb") as content, self.partial.open("ab") as target:
                while chunk := content.read(_CHUNK):
                    self._append(target.write, chunk)
        except FileNotFoundError:
            raise FileNotOnIndex(self.file, [str(source.parent)]) from None

    def is_right(self) -> bool:
        return self._hash.hexdigest() == self.file.sha256 and self.file.size in (None, self.received)

    def verify(self, url: str) -> None:
        """Raises HashMismatch, and forgets what is there."""
        if self.is_right():
            return
        self.partial.unlink(missing_ok=True)
        if self.file.size is not None and self.received > self.file.size:
            raise HashMismatch(self.file, url, got="more bytes than that")
        size = "" if self.file.size is None else f", {self.received} bytes"
        raise HashMismatch(self.file, url, got=f"sha256 {self._hash.hexdigest()}{size}")

    def check(self) -> None:
        """Raises _Stopped once nobody waits any more."""
        if self._stopped.is_set():
            raise _Stopped

    def _append(self, write: Callable[[bytes], int], chunk: bytes) -> None:
        self.check()
        write(chunk)
        self._count(chunk)
        self._events.emit(TransferProgress(self.file.filename, self.received))

    def _count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.received += len(chunk)

    def restart(self) -> None:
        self.is_pieced = False
        self._hash = hashlib.sha256()
        self.received = 0
        with open(self.partial, "wb") as file:
            os.ftruncate(file.fileno(), 0)
