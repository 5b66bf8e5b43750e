"""How this machine speaks to indexes: certificates, credentials, time limits."""

from __future__ import annotations

import functools
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from venvship.dataclass import dataclass
from venvship.repos.attempts import OVERLOADED, Attempts, CutOff, Headers, is_distrusted
from venvship.repos.index_settings import IndexSettings
from venvship.repos.urls import credentials_of, origin_of, shown_url, without_credentials

if TYPE_CHECKING:
    import requests

    from venvship.repos.http_session import Credentials
    from venvship.repos.plain_http import PlainAnswer, PlainHttp

_ATTEMPTS: Final = 3
_CHUNK: Final = 1 << 20
_GZIP: Final = 16 + zlib.MAX_WBITS


class Unanswered(Exception):
    """No answer in the end; its cause is what the HTTP client says."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class TooLarge(Exception):
    """An answer with more bytes than anybody wants."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `url` is where it came from in the end."""

    status: int
    content: bytes
    content_type: str
    url: str


class Network:
    """Sessions with the user's settings, one for each thread."""

    def __init__(
        self,
        settings: IndexSettings,
        *,
        addresses: Iterable[str] = (),
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """`addresses` may hold credentials beyond those of the settings."""
        self._settings = settings
        self._sleep = sleep
        # Servers that did not answer at all: to wait for them again with each file would only take time.
        self._silent: set[str] = set()
        self._indexes: list[tuple[str, tuple[str, str]]] = []
        for address in (*settings.indexes, *settings.find_links, *addresses):
            if "://" in address and (found := credentials_of(address)) is not None:
                self._indexes.append((without_credentials(address), found))
        # Made for the first session and shared by all: a keyring is asked once.
        self._credentials: Credentials | None = None
        self._guard = threading.Lock()
        self._local = threading.local()

    @property
    def timeout(self) -> tuple[float, float]:
        """For connecting and for waiting between two bytes."""
        return min(self._settings.timeout, 15.0), self._settings.timeout

    def attempts(self, url: str, *, sleep: Callable[[float], object] | None = None) -> Attempts:
        """How often to ask for an address: where nobody answered before, once."""
        return Attempts(1 if origin_of(url) in self._silent else _ATTEMPTS, sleep=sleep or self._sleep)

    def given_up(self, url: str) -> None:
        """Remember of an address that nobody answered there."""
        self._silent.add(origin_of(url))

    def answer(self, url: str, *, headers: Mapping[str, str], most: int) -> Answer:
        """A whole answer of at most so many bytes, asked for again where a server is overloaded or breaks off.

        Raises Unanswered when there is none in the end, and TooLarge.
        """
        attempts = self.attempts(url)
        found: Answer | None = None
        failure: Exception | None = None
        for _ in attempts:
            try:
                found, answered = self._plain_answer(url, headers, most) or self._client_answer(url, headers, most)
                if found.status not in OVERLOADED:
                    return found
                attempts.postpone(answered)
            except _passing() as error:
                found, failure = None, error
                if is_distrusted(error):
                    break
            except _any_failure() as error:
                raise Unanswered(error) from None
        if found is not None:
            return found
        assert failure is not None
        if isinstance(failure, _unreached()):
            self.given_up(url)
        raise Unanswered(failure) from None

    def _client_answer(self, url: str, headers: Mapping[str, str], most: int) -> tuple[Answer, Headers]:
        with self.get(url, headers=dict(headers), stream=True) as response:
            content_type = response.headers.get("Content-Type", "text/html")
            content = _content(response, most)
            return Answer(response.status_code, content, content_type, response.url), response.headers

    def plainly(self, url: str, *, headers: Mapping[str, str]) -> AbstractContextManager[PlainAnswer | None]:
        """An answer that is had without the HTTP client; None where the client has to ask."""
        return self._plain_http.answer(url, headers={"User-Agent": user_agent(), **headers})

    @functools.cached_property
    def _plain_http(self) -> PlainHttp:
        from venvship.repos.plain_http import PlainHttp

        private = [origin_of(address) for address, _ in self._indexes]
        return PlainHttp(self._settings, timeout=self.timeout, private=private)

    def _plain_answer(self, url: str, headers: Mapping[str, str], most: int) -> tuple[Answer, Headers] | None:
        content = bytearray()
        try:
            with self.plainly(url, headers={"Accept-Encoding": "gzip", **headers}) as answer:
                if answer is None:
                    return None
                for piece in answer.pieces:
                    content += piece
                    if len(content) > most:
                        raise TooLarge
        except CutOff:
            return None
        coding = answer.headers.get("Content-Encoding", "identity").lower()
        whole = _unzipped(content, most) if coding == "gzip" else bytes(content) if coding == "identity" else None
        if whole is None:
            return None
        content_type = answer.headers.get("Content-Type", "text/html")
        return Answer(answer.status, whole, content_type, url), answer.headers

    def get(self, url: str, *, headers: dict[str, str] | None = None, stream: bool = False) -> requests.Response:
        """Ask for an address, which may hold credentials; raises what `requests` raises when there is no answer."""
        session = self.session()
        # What an address holds itself is for this address; a name alone is completed like those of the settings.
        found = credentials_of(url)
        auth = None if found is None else found if found[1] else self._completed(url, found)
        url = without_credentials(url)
        proxies = self._proxies(url)
        return session.get(url, headers=headers, stream=stream, timeout=self.timeout, proxies=proxies, auth=auth)

    def _completed(self, url: str, found: tuple[str, str]) -> Credentials:
        from venvship.repos.http_session import Credentials

        return Credentials([(without_credentials(url), found)], self._settings)

    def proxy_for(self, url: str) -> str | None:
        """The proxy through which an address is asked, as it may be shown."""
        from requests.utils import get_environ_proxies, select_proxy

        found = select_proxy(url, self._proxies(url) or get_environ_proxies(url))
        return None if found is None else shown_url(found if "://" in found else f"http://{found}")

    def _proxies(self, url: str) -> dict[str, str] | None:
        """Those of pip's settings, which win over the environment; `NO_PROXY` holds for both."""
        from requests.utils import should_bypass_proxies

        proxy = self._settings.proxy
        if proxy is None or should_bypass_proxies(url, no_proxy=None):
            return None
        return {"http": proxy, "https": proxy}

    def session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            # Loaded by need: a build that downloads nothing would pay 90 ms for it.
            from venvship.repos.http_session import Credentials, http_session

            with self._guard:
                self._credentials = self._credentials or Credentials(self._indexes, self._settings)
            session = http_session(self._settings, self._credentials)
            self._local.session = session
        return session


# The exceptions of the HTTP client, which is loaded by then; `except` asks for them when there is one to catch.


def _unreached() -> tuple[type[Exception], ...]:
    import requests

    return (requests.ConnectionError,)


def _passing() -> tuple[type[Exception], ...]:
    import requests

    return (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


def _any_failure() -> tuple[type[Exception], ...]:
    import requests

    return (requests.RequestException,)


def _content(response: requests.Response, most: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if len(content) > most:
            raise TooLarge
    return bytes(content)


def _unzipped(content: bytes | bytearray, most: int) -> bytes | None:
    """What was compressed for the way; None when that can't be told."""
    inflater = zlib.decompressobj(_GZIP)
    try:
        found = inflater.decompress(content, most + 1)
    except zlib.error:
        return None
    if len(found) > most:
        raise TooLarge
    return found if inflater.eof and not inflater.unused_data else None


@functools.cache
def user_agent() -> str:
    from importlib.metadata import version

    return f"venvship/{version('venvship')}"
