"""How this machine speaks to indexes: certificates, credentials, time limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from venvship.dataclass import dataclass
from venvship.repos.attempts import OVERLOADED, Attempts, is_distrusted
from venvship.repos.index_settings import IndexSettings
from venvship.repos.urls import credentials_of, origin_of, shown_url, without_credentials

if TYPE_CHECKING:
    import requests

    from venvship.repos.http_session import Credentials


_ATTEMPTS: Final = 3
_CHUNK: Final = 1 << 20


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

        Raises what `requests` raises when there is none in the end, and TooLarge.
        """
        import requests  # Loaded by need, as below.

        attempts = self.attempts(url)
        found: Answer | None = None
        failure: requests.RequestException | None = None
        for _ in attempts:
            try:
                with self.get(url, headers=dict(headers), stream=True) as response:
                    found = Answer(
                        response.status_code,
                        _content(response, most),
                        response.headers.get("Content-Type", "text/html"),
                        response.url,
                    )
                    if found.status not in OVERLOADED:
                        return found
                    attempts.postpone(response.headers)
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                found, failure = None, error
                if is_distrusted(error):
                    break
        if found is not None:
            return found
        assert failure is not None
        if isinstance(failure, requests.ConnectionError):
            self.given_up(url)
        raise failure

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


def _content(response: requests.Response, most: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if len(content) > most:
            raise TooLarge
    return bytes(content)
