"""Single files from addresses: `file:`, `http:` and `https:`, checked and kept by their checksums."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem, UserError, VenvshipError
from venvship.events.build_events import EventSink, TransferFailed, TransferFinished, TransferProgress, TransferStarted
from venvship.host.arrivals import results
from venvship.host.files import disk_problems, temporary_name
from venvship.repos.attempts import OVERLOADED, is_distrusted
from venvship.repos.debian_mirrors import SCHEME, DebianMirrors
from venvship.repos.debian_pool import PoolFile
from venvship.repos.integrity import Checksum, WrongChecksum
from venvship.repos.urls import shown_url

if TYPE_CHECKING:
    import requests

    from venvship.repos.network import Network

_CHUNK = 1 << 20
_LARGEST = 1 << 37
_PARALLEL = 8
_GONE = (404, 410)


class NotFetched(EnvironmentProblem):
    """A file that none of its addresses gave."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        lines = "".join(f"\n  {url}: {reason}" for url, reason in reasons.items())
        super().__init__(f"can't download:{lines}", hint="check the network and the addresses")
        self.reasons = dict(reasons)


class PackageGone(EnvironmentProblem):
    """A locked version of a Debian package that no archive has. Archives keep the newest version only."""

    def __init__(self, package: PoolFile, reasons: Mapping[str, str], others: Sequence[str]) -> None:
        lines = "".join(f"\n  {url}: {reason}" for url, reason in reasons.items())
        instead = f"\nits other versions there: {', '.join(others)}" if others else ""
        super().__init__(
            f"no archive has the Debian package `{package.name}` in the version {package.version} for "
            f"{package.architecture}, which is locked:{lines}{instead}",
            hint="`venvship lock` takes the version that archives have now; `--debian_mirror=URL` names one that keeps "
            "old ones",
        )


class BadAddress(UserError):
    """A text is no address of a file."""


class Offline(EnvironmentProblem):
    """A file would have to be downloaded, and the command forbids it."""

    def __init__(self, url: str) -> None:
        super().__init__(f"`{shown_url(url)}` is not here yet, and `--nofetch` forbids to download it")


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file by its addresses, of which the first that answers will do, and its checksum."""

    urls: tuple[str, ...]
    checksum: Checksum


@dataclass(frozen=True, slots=True)
class _Absent:
    """An address that answers that nothing is there."""

    reason: str


class WebFiles:
    """Files by address. What has a checksum is downloaded once and kept in `directory` for all workspaces."""

    def __init__(
        self,
        directory: Path,
        *,
        network: Callable[[], Network],
        events: EventSink,
        offline: bool = False,
        debian: DebianMirrors | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._directory = directory
        self._make_network = network
        self._network_made: Network | None = None
        self._events = events
        self._offline = offline
        self._debian = debian or DebianMirrors()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait

    def fetch_all(self, files: Iterable[CheckedFile]) -> list[Path]:
        """The files in order, many fetched at a time.

        Once one can't be had, no other is begun; raises what the first such raises.
        """
        has_failed = threading.Event()

        def outcome(file: CheckedFile) -> Path | VenvshipError | None:
            if has_failed.is_set():
                return None
            try:
                return self.fetch(file.urls, file.checksum)
            except VenvshipError as error:
                has_failed.set()
                return error

        with ThreadPoolExecutor(_PARALLEL, "download") as pool:
            try:
                outcomes = results(pool, outcome, files)
            except BaseException:
                # The user interrupts us: leaving the block waits for the threads, so they must end soon.
                self._stopped.set()
                pool.shutdown(cancel_futures=True)
                raise
        for one in outcomes:
            if isinstance(one, VenvshipError):
                raise one
        return [path for path in outcomes if isinstance(path, Path)]

    def fetch(
        self, urls: Sequence[str], expected: Checksum | None, *, headers: Mapping[str, str] | None = None
    ) -> Path:
        """A file that holds what the first address gives that answers; not to be changed or moved.

        Raises NotFetched, and WrongChecksum when an address gives something else.
        """
        if not urls:
            raise BadAddress("a download needs at least one address")
        if expected is not None:
            kept = self._kept(expected)
            if kept.is_file():
                return kept
        reasons: dict[str, str] = {}
        absent: set[str] = set()
        wrong: WrongChecksum | None = None
        for url in (spelled for one in urls for spelled in self._debian.spelled(one)):
            try:
                found = self._get(url, headers or {})
                if isinstance(found, _Absent):
                    reasons[shown_url(url)] = found.reason
                    absent.add(shown_url(url))
                    continue
                return self._keep(found, expected, shown_url(url))
            except NotFetched as error:
                reasons.update(error.reasons)
            except WrongChecksum as error:
                wrong = wrong or error
        if wrong is not None:
            raise wrong
        package = PoolFile.parse(urls[-1]) if urls[-1].startswith(SCHEME) else None
        if package is not None and absent == reasons.keys():
            raise PackageGone(package, reasons, self._other_versions(package, urls[-1]))
        raise NotFetched(reasons)

    def _other_versions(self, package: PoolFile, url: str) -> tuple[str, ...]:
        """The versions of a package that lie where the one of `url` should, in archives that list their directories."""
        for spelled in self._debian.spelled(url.rpartition("/")[0] + "/"):
            parts = urlsplit(spelled)
            try:
                if parts.scheme == "file":
                    listing: bytes | None = os.fsencode("\n".join(os.listdir(unquote(parts.path))))
                else:
                    listing = self.read_optional(spelled)
            except (NotFetched, OSError):
                continue
            if listing is not None and (found := package.others(listing.decode("utf-8", "replace"))):
                return found
        return ()

    def read_optional(self, url: str) -> bytes | None:
        """The content of a small file; None when the address says that there is none. Raises NotFetched."""
        found = self._get(url, {}, quiet=True)
        if isinstance(found, _Absent):
            return None
        data = found.read_bytes()
        self._drop(found)
        return data

    def _kept(self, checksum: Checksum) -> Path:
        return self._directory / checksum.algorithm / checksum.hexadecimal

    def _keep(self, found: Path, expected: Checksum | None, shown: str) -> Path:
        """Check a fresh file and give it the name of its checksum."""
        try:
            checksum = expected or Checksum.of_file(found)
            if expected is not None:
                expected.check(found, shown)
            kept = self._kept(checksum)
            with disk_problems(kept):
                kept.parent.mkdir(parents=True, exist_ok=True)
                os.chmod(found, 0o444)
                os.replace(found, kept)
            return kept
        finally:
            self._drop(found)

    def _drop(self, path: Path) -> None:
        if path.is_relative_to(self._directory):
            path.unlink(missing_ok=True)

    def _get(self, url: str, headers: Mapping[str, str], *, quiet: bool = False) -> Path | _Absent:
        """A fresh copy of what an address gives."""
        parts = urlsplit(url)
        with disk_problems(self._directory):
            self._directory.mkdir(parents=True, exist_ok=True)
        target = Path(temporary_name(self._directory))
        if parts.scheme == "file":
            return self._copy(Path(unquote(parts.path)), url, target)
        if parts.scheme not in ("http", "https"):
            raise BadAddress(
                f"`{shown_url(url)}` is no address to download from", hint="use file://, http:// or https://"
            )
        if self._offline:
            raise Offline(url)
        return self._download(url, headers, target, quiet=quiet)

    def _copy(self, source: Path, url: str, target: Path) -> Path | _Absent:
        try:
            if not stat.S_ISREG(source.stat().st_mode):
                return _Absent("it is not a file")
            with disk_problems(target):
                shutil.copyfile(source, target)
        except (FileNotFoundError, NotADirectoryError):
            return _Absent("there is no such file")
        except OSError as error:
            raise NotFetched({url: error.strerror or str(error)}) from error
        return target

    def _download(self, url: str, headers: Mapping[str, str], target: Path, *, quiet: bool) -> Path | _Absent:
        """Try until the file is whole, going on where the connection broke if it is still the same file."""
        import requests  # Loaded by need: most commands download nothing.
        import urllib3.exceptions

        shown = shown_url(url)
        arriving = _Arriving(shown, target, None if quiet else self._events, self._stopped)
        attempts = self._network.attempts(url, sleep=self._sleep)
        reason, is_silent = "", False
        try:
            for _ in attempts:
                before, is_silent = arriving.done, False
                try:
                    asked = {"Accept-Encoding": "identity", **headers, **arriving.rest_header()}
                    with self._network.get(url, headers=asked, stream=True) as response:
                        if response.status_code in _GONE:
                            target.unlink(missing_ok=True)
                            return _Absent(f"{response.status_code} {response.reason}")
                        if response.ok:
                            arriving.receive(response)
                            return target
                        reason = f"{response.status_code} {response.reason}"
                        if response.status_code not in OVERLOADED:
                            break
                        attempts.postpone(response.headers)
                except requests.ConnectionError as error:
                    reason, is_silent = type(error).__name__, True
                    if is_distrusted(error):
                        reason += ", its certificate is not trusted here"
                        break
                except (requests.RequestException, urllib3.exceptions.HTTPError, _CutOff, ValueError) as error:
                    reason = type(error).__name__.strip("_")
                    if arriving.done - before >= _CHUNK:
                        attempts.advance()
                if self._stopped.is_set():
                    break
            if is_silent:
                self._network.given_up(url)
            raise NotFetched({shown: reason})
        except BaseException:
            target.unlink(missing_ok=True)
            arriving.give_up()
            raise

    @property
    def _network(self) -> Network:
        """Connections that all files have in common."""
        with self._lock:
            if self._network_made is None:
                self._network_made = self._make_network()
            return self._network_made


class _CutOff(Exception):
    """Fewer bytes than announced, or another part than asked for."""


class _Arriving:
    """A file that grows in `target`, and what its server says of it."""

    def __init__(self, shown: str, target: Path, events: EventSink | None, stopped: threading.Event) -> None:
        """Without `events` nobody is told."""
        self._shown = shown
        self._name = shown.rpartition("/")[2] or shown
        self._target = target
        self._events = events
        self._stopped = stopped
        self._is_told = False
        self._validator = ""
        self.done = 0

    def rest_header(self) -> Mapping[str, str]:
        """How to ask for the rest of the very file that has begun to arrive, or for the whole of another one."""
        if not self.done or not self._validator:
            return {}
        return {"Range": f"bytes={self.done}-", "If-Range": self._validator}

    def receive(self, response: requests.Response) -> None:
        """Append an answer, or start again when it is a whole file."""
        if response.status_code == 206:
            if not response.headers.get("Content-Range", "").startswith(f"bytes {self.done}-"):
                self._validator = ""
                raise _CutOff
        else:
            self.done = 0
            self._validator = _validator(response.headers)
        length = response.headers.get("Content-Length", "")
        rest = int(length) if length.isascii() and length.isdigit() else None
        expected = None if rest is None else self.done + rest
        if self._events is not None and not self._is_told:
            self._is_told = True
            self._events.emit(TransferStarted(self._name, expected))
        # Archives are wanted as they lie there, even where a server takes their compression for the transfer's.
        is_encoded = "Content-Encoding" in response.headers
        decode = is_encoded and not urlsplit(response.url).path.endswith((".gz", ".tgz"))
        with disk_problems(self._target), open(self._target, "ab") as file:
            file.truncate(self.done)
            for chunk in response.raw.stream(_CHUNK, decode_content=decode):
                self._append(file.write, chunk)
        # Of what was decoded nobody knows the length.
        if not is_encoded and expected is not None and self.done < expected:
            raise _CutOff
        if self._events is not None:
            self._events.emit(TransferFinished(self._name, self.done))

    def _append(self, write: Callable[[bytes], int], chunk: bytes) -> None:
        if self._stopped.is_set():
            raise NotFetched({self._shown: "it was interrupted"})
        if self.done + len(chunk) > _LARGEST:
            raise NotFetched({self._shown: f"it is larger than {_LARGEST} bytes"})
        write(chunk)
        self.done += len(chunk)
        if self._events is not None:
            self._events.emit(TransferProgress(self._name, self.done))

    def give_up(self) -> None:
        """Nothing more will come."""
        if self._events is not None:
            self._events.emit(TransferFailed(self._name))


def _validator(headers: Mapping[str, str]) -> str:
    """What tells a server which file is meant; empty where only the whole file can be asked for."""
    if headers.get("Accept-Ranges", "").lower() == "none" or "Content-Encoding" in headers:
        return ""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")
