"""Finds files by project and file name, on indexes and in directories."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from venvship.errors import EnvironmentProblem
from venvship.repos.attempts import is_distrusted
from venvship.repos.index_settings import IndexOverride, IndexSettings
from venvship.repos.lock_indexes import LockIndexes
from venvship.repos.network import Network, TooLarge
from venvship.repos.simple_page import ACCEPT, IndexFile, MalformedPage, SimplePage, parse_html, parse_page
from venvship.repos.urls import local_path, same_index, shown_url, without_credentials

_MAX_PAGE = 256 << 20
_PROXY_HINT = (
    "proxies are named by `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY`, or by `proxy` in the settings of pip, with user "
    "and password in the address; `NO_PROXY` lists hosts that need none"
)
_CERTIFICATE_HINT = (
    "the certificates of who signs for it are named by `SSL_CERT_FILE`, or by `cert` in the settings of pip; those of "
    "the machine are taken with `UV_SYSTEM_CERTS=1`"
)


class IndexUnreachable(EnvironmentProblem):
    """An index or a file server that does not answer, or answers nonsense."""

    def __init__(self, url: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"`{shown_url(url)}` {reason}",
            hint=hint or "check the network, the index settings of pip and uv, and `--index_override`",
        )
        self.url = shown_url(url)
        self.reason = reason


class PackageIndex:
    """Several indexes asked one after the other; the pages of projects are read once."""

    def __init__(
        self,
        network: Network,
        *,
        indexes: Iterable[str],
        find_links: Iterable[str] = (),
        by_project: Mapping[str, str] = {},
        offline: bool = False,
    ) -> None:
        """Those that are not on this machine are left out with `offline`; `by_project` are asked first for theirs."""
        self._network = network
        self._by_project = {name: one for name, one in by_project.items() if not offline or local_path(one) is not None}
        self._indexes = tuple(one for one in indexes if not offline or local_path(one) is not None)
        self._find_links = tuple(one for one in find_links if not offline or local_path(one) is not None)
        self.offline = offline
        self._pages: dict[tuple[str, str], _Listing] = {}
        self._guards: dict[tuple[str, str], threading.Lock] = {}
        self._guard = threading.Lock()

    @property
    def locations(self) -> tuple[str, ...]:
        """What is asked, as it may be shown."""
        return tuple(shown_url(location) for location in (*self._find_links, *self._indexes))

    def find(self, project: str, filename: str, *, sha256: str | None = None) -> IndexFile | None:
        """The first file of that name, those with the wanted hash first; None when nobody has it.

        An index that does not answer is passed over as long as another one has the file; raises IndexUnreachable.
        """
        others: list[IndexFile] = []
        failure: IndexUnreachable | None = None
        for location, key in self._places(project):
            try:
                candidates = self._page(location, key).files(filename)
            except IndexUnreachable as error:
                failure = failure or error
                continue
            for file in candidates:
                if sha256 is None or file.sha256 is None or file.sha256 == sha256:
                    return file
                others.append(file)
        if others:
            return others[0]
        if failure is not None:
            raise failure
        return None

    def offered(self, project: str) -> list[tuple[str, IndexFile]]:
        """All files of a project with their names; raises IndexUnreachable when nobody answers."""
        found: list[tuple[str, IndexFile]] = []
        failure: IndexUnreachable | None = None
        for location, key in self._places(project):
            try:
                page = self._page(location, key)
            except IndexUnreachable as error:
                failure = failure or error
                continue
            found += [(name, file) for name in page.names() for file in page.files(name)]
        if not found and failure is not None:
            raise failure
        return found

    def _places(self, project: str) -> Iterator[tuple[str, str]]:
        yield from ((location, "") for location in self._find_links)
        if project in self._by_project:
            yield self._by_project[project], project
        yield from ((location, project) for location in self._indexes)

    def _page(self, location: str, project: str) -> _Listing:
        key = (location, project)
        with self._guard:
            guard = self._guards.setdefault(key, threading.Lock())
        with guard:
            if key not in self._pages:
                self._pages[key] = self._read_page(location, project)
            return self._pages[key]

    def _read_page(self, location: str, project: str) -> _Listing:
        directory = local_path(location)
        if directory is not None:
            return _directory_listing(directory, project)
        import requests  # Loaded by need, as in `network`.

        url = without_credentials(location)
        if project:
            url = f"{url.rstrip('/')}/{quote(project)}/"
        try:
            answer = self._network.answer(url, headers={"Accept": ACCEPT}, most=_MAX_PAGE)
        except requests.RequestException as error:
            raise unanswered(self._network, url, error) from None
        except TooLarge:
            raise IndexUnreachable(url, f"answers with more than {_MAX_PAGE} bytes for one project") from None
        if answer.status == 404:
            return _Files({})
        if answer.status != 200:
            raise refused(self._network, url, answer.status)
        try:
            return parse_page(answer.content, content_type=answer.content_type, url=answer.url)
        except MalformedPage as error:
            raise IndexUnreachable(url, f"does not answer like an index: {error}") from None


def unanswered(network: Network, url: str, error: Exception, *, hint: str | None = None) -> IndexUnreachable:
    """What it means that an address gave no answer."""
    proxy = network.proxy_for(url)
    if is_distrusted(error):
        return IndexUnreachable(url, "has a certificate that is not trusted here", hint=_CERTIFICATE_HINT)
    if proxy is None:
        return IndexUnreachable(url, f"does not answer: {type(error).__name__}", hint=hint)
    # Other words tell of what the tunnel was asked, with its headers.
    reason = "refuses us: HTTP 407" if " 407 " in f"{error} " else f"gives no answer: {type(error).__name__}"
    return IndexUnreachable(url, f"is asked through the proxy `{proxy}`, which {reason}", hint=_PROXY_HINT)


def refused(network: Network, url: str, status: int) -> IndexUnreachable:
    """What an HTTP status other than success means."""
    if status == 407:
        proxy = network.proxy_for(url)
        return IndexUnreachable(
            url, f"is asked through the proxy `{proxy}`, which refuses us: HTTP {status}", hint=_PROXY_HINT
        )
    if status in (401, 403):
        return IndexUnreachable(
            url,
            f"refuses us: HTTP {status}",
            hint="put user and password into the index settings of pip or uv, into netrc or the keyring, or, for an "
            "index that the project names, into `UV_INDEX_<NAME>_USERNAME` and `UV_INDEX_<NAME>_PASSWORD`",
        )
    return IndexUnreachable(url, f"answers with HTTP {status}")


class _Files:
    """Files that lie in directories."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def names(self) -> list[str]:
        return sorted(self._paths)

    def files(self, filename: str) -> list[IndexFile]:
        path = self._paths.get(filename)
        return [] if path is None else [IndexFile(str(path), None, path.stat().st_size)]


_Listing: TypeAlias = SimplePage | _Files


def _directory_listing(directory: Path, project: str) -> _Listing:
    """An index on disk, a page of links, or a plain directory of files; one that does not exist has none."""
    below = directory / project if project else directory
    page = below if below.is_file() else below / "index.html"
    if page.is_file():
        if page.stat().st_size > _MAX_PAGE:
            raise IndexUnreachable(str(page), f"has more than {_MAX_PAGE} bytes")
        try:
            return parse_html(page.read_text("utf-8", "replace"), url=page.absolute().as_uri())
        except MalformedPage as error:
            raise IndexUnreachable(str(page), f"is not the page of an index: {error}") from None
    folders = [folder for folder in dict.fromkeys((directory, below)) if folder.is_dir()]
    return _Files({path.name: path.absolute() for folder in folders for path in folder.iterdir() if path.is_file()})


class Indexes:
    """The index for each origin that a lock file names. Settings may be read only when an index is needed."""

    def __init__(
        self,
        settings: IndexSettings | Callable[[], IndexSettings],
        overrides: Iterable[IndexOverride] = (),
        *,
        links: Iterable[str] = (),
        addresses: Callable[[], Iterable[str]] = tuple,
        of_locks: Callable[[], Iterable[LockIndexes]] = tuple,
        offline: bool = False,
    ) -> None:
        """`links` are directories and pages of files that come before every index.

        `addresses` answers those of indexes that only lend their credentials: locks name the same without them.
        `of_locks` answers what is said of the indexes of single locks.
        """
        self._of_locks = of_locks
        self._links = tuple(links)
        self._addresses = addresses
        self._offline = offline
        self._settings = settings
        self._overrides = tuple(overrides)
        self._by_origin: dict[str, PackageIndex] = {}
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Nobody waits any more for what is asked."""
        self._stopped.set()

    @functools.cached_property
    def network(self) -> Network:
        targets = [override.target for override in self._overrides if override.target is not None]
        said = tuple(self._of_locks())
        settings = dataclasses.replace(
            self._read_settings,
            trusted_hosts=self._read_settings.trusted_hosts.union(*(one.trusted_hosts for one in said)),
            netrc=tuple(dict.fromkeys(one.netrc for one in said if one.netrc)),
            patterns={host: pattern for one in said for host, pattern in one.patterns.items()},
        )
        addresses = [*targets, *self._links, *self._addresses(), *(url for one in said for url in one.addresses)]
        return Network(settings, addresses=addresses, sleep=self._stopped.wait)

    @functools.cached_property
    def default(self) -> PackageIndex:
        settings = self._read_settings
        links = (*self._links, *settings.find_links)
        return PackageIndex(self.network, indexes=settings.indexes, find_links=links, offline=self._offline)

    def of_lock(self, origin: str) -> PackageIndex:
        """The index of locks of which that is said which has this origin, or the one for all others."""
        said = self._said.get(origin)
        if said is None:
            return self.default
        if origin not in self._by_origin:
            self._by_origin[origin] = self._made(said)
        return self._by_origin[origin]

    @functools.cached_property
    def _said(self) -> Mapping[str, LockIndexes]:
        return {one.origin: one for one in self._of_locks() if one.origin}

    def _made(self, said: LockIndexes) -> PackageIndex:
        settings = self._read_settings
        usual = () if said.without_index else settings.indexes
        return PackageIndex(
            self.network,
            indexes=dict.fromkeys([*(place for one in said.indexes for place in self._mapped(one)), *usual]),
            find_links=dict.fromkeys([*self._links, *said.links, *settings.find_links]),
            by_project={name: place for name, one in said.by_project.items() for place in self._mapped(one)[:1]},
            offline=self._offline,
        )

    def _mapped(self, index: str) -> tuple[str, ...]:
        """Where an index is that a lock names."""
        for override in self._overrides:
            if same_index(override.origin, index):
                return self._read_settings.indexes if override.target is None else (override.target,)
        return (index,)

    def linked(self, project: str, filename: str, *, sha256: str) -> IndexFile | None:
        """The file among the links, if it is the one with this hash; None when it is not there."""
        if not self._links:
            return None
        found = self._linked.find(project, filename, sha256=sha256)
        return found if found is not None and found.sha256 in (None, sha256) else None

    @functools.cached_property
    def _linked(self) -> PackageIndex:
        return PackageIndex(self.network, indexes=(), find_links=self._links, offline=self._offline)

    def override_of(self, origin: str) -> PackageIndex | None:
        """Where files of `origin` are looked up by name, or None when their own addresses are used.

        Files of an origin without a name are always looked up.
        """
        if not origin or origin in self._said:
            return self.of_lock(origin)
        for override in self._overrides:
            if same_index(override.origin, origin):
                return self.default if override.target is None else self._targets[override.target]
        return None

    @functools.cached_property
    def _read_settings(self) -> IndexSettings:
        return self._settings if isinstance(self._settings, IndexSettings) else self._settings()

    @functools.cached_property
    def _targets(self) -> Mapping[str, PackageIndex]:
        targets = [override.target for override in self._overrides if override.target is not None]
        return {target: PackageIndex(self.network, indexes=[target]) for target in targets}
