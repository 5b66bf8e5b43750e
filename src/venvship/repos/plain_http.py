"""Asks servers about which nothing is special: no proxy, no password, no certificates of the environment's.

The client that knows what all may be special takes longer over itself than it takes to receive a small wheel. Whatever
does not go well here is not told: the client asks again, as for everything on that server from then on, and finds the
words.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import ssl
import threading
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from venvship.dataclass import dataclass
from venvship.repos.attempts import OVERLOADED, CutOff, Headers
from venvship.repos.index_settings import IndexSettings
from venvship.repos.urls import credentials_of, origin_of

_PIECE: Final = 1 << 20
_ANSWERS: Final = frozenset({200, 206, 404, 416}) | OVERLOADED
_NETRC: Final = ("~/.netrc", "~/_netrc")
_CERTIFICATES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that the client reads."""

_FAILURES: Final = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """The beginning of an answer, and its content in pieces, each of which is gone when the next one is asked for."""

    status: int
    headers: Headers
    pieces: Iterable[memoryview]


class PlainHttp:
    """Connections that stay open, for each thread its own."""

    def __init__(self, settings: IndexSettings, *, timeout: tuple[float, float], private: Iterable[str]) -> None:
        """`timeout` is for connecting and for waiting between two bytes; `private` are origins that have passwords."""
        self._certificates = settings.certificates
        self._timeout = timeout
        self._special = set(private)
        self._schemes = _plain_schemes(settings)
        self._local = threading.local()
        self._guard = threading.Lock()
        self._context: ssl.SSLContext | None = None

    @contextlib.contextmanager
    def answer(self, url: str, *, headers: Mapping[str, str]) -> Iterator[PlainAnswer | None]:
        """None where the client has to ask. To read the pieces of an answer may raise CutOff."""
        connection = self._connection(url)
        if connection is None:
            yield None
            return
        is_whole = False
        try:
            response = self._asked(connection, url, headers)
            if response is None or response.status not in _ANSWERS:
                yield None
            else:
                yield PlainAnswer(response.status, response.headers, _pieces(response))
                is_whole = response.isclosed()
        finally:
            if not is_whole:
                connection.close()
                self._special.add(origin_of(url))

    def _connection(self, url: str) -> http.client.HTTPConnection | None:
        """The connection of this thread to a server; None where something may be special."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            return None
        origin = origin_of(url)
        if not host or parts.scheme not in self._schemes or origin in self._special:
            return None
        if not (url.isascii() and url.isprintable()) or credentials_of(url) is not None:
            return None
        connections: dict[str, http.client.HTTPConnection] = self._local.__dict__.setdefault("connections", {})
        if origin not in connections:
            wait = self._timeout[0]
            if parts.scheme == "http":
                connections[origin] = http.client.HTTPConnection(host, port, timeout=wait)
            else:
                try:
                    context = self._verifying()
                except OSError:
                    return None
                connections[origin] = http.client.HTTPSConnection(host, port, timeout=wait, context=context)
        return connections[origin]

    def _asked(
        self, connection: http.client.HTTPConnection, url: str, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse | None:
        parts = urlsplit(url)
        try:
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(self._timeout[1])
            connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=headers)
            return connection.getresponse()
        except _FAILURES:
            return None

    def _verifying(self) -> ssl.SSLContext:
        """Believes those whom the client believes, by the same file."""
        with self._guard:
            if self._context is None:
                place = self._certificates or _customary_certificates()
                is_directory = os.path.isdir(place)
                self._context = ssl.create_default_context(
                    cafile=None if is_directory else place, capath=place if is_directory else None
                )
            return self._context


def _plain_schemes(settings: IndexSettings) -> tuple[str, ...]:
    """With which schemes nothing is special on the way to any server."""
    if settings.proxy or settings.netrc or settings.patterns or urllib.request.getproxies().keys() - {"no"}:
        return ()
    if os.environ.get("NETRC") or any(os.path.exists(os.path.expanduser(name)) for name in _NETRC):
        return ()
    if settings.client_certificate or settings.trusted_hosts or any(os.environ.get(name) for name in _CERTIFICATES):
        return ("http",)
    return ("http", "https")


def _customary_certificates() -> str:
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    return DEFAULT_CA_BUNDLE_PATH


def _pieces(response: http.client.HTTPResponse) -> Iterator[memoryview]:
    piece = memoryview(bytearray(min(_PIECE, response.length or _PIECE)))
    try:
        while length := response.readinto(piece):
            yield piece[:length]
    except _FAILURES as error:
        raise CutOff from error
    if response.length:
        raise CutOff
