"""How this machine speaks to indexes: certificates, credentials, time limits."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from venvship.repos.index_settings import IndexSettings
from venvship.repos.urls import credentials_of, shown_url, without_credentials

if TYPE_CHECKING:
    import requests

    from venvship.repos.http_session import Credentials


class Network:
    """Sessions with the user's settings, one for each thread."""

    def __init__(self, settings: IndexSettings, *, addresses: Iterable[str] = ()) -> None:
        """`addresses` may hold credentials beyond those of the settings."""
        self._settings = settings
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

    def get(self, url: str, *, headers: dict[str, str] | None = None, stream: bool = False) -> requests.Response:
        """Ask for an address, which may hold credentials; raises what `requests` raises when there is no answer."""
        session = self.session()
        # What an address holds itself is for this address; a name alone is completed like those of the settings.
        found = credentials_of(url)
        auth = None if found is None else found if found[1] else self._completed(url, found)
        url = without_credentials(url)
        verify = None if self._verified(url) else False
        proxies = self._proxies(url)
        return session.get(
            url, headers=headers, stream=stream, timeout=self.timeout, verify=verify, proxies=proxies, auth=auth
        )

    def _completed(self, url: str, found: tuple[str, str]) -> Credentials:
        from venvship.repos.http_session import Credentials

        return Credentials([(without_credentials(url), found)])

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
                self._credentials = self._credentials or Credentials(self._indexes)
            session = http_session(self._settings, self._credentials)
            self._local.session = session
        return session

    def _verified(self, url: str) -> bool:
        parts = urlsplit(url)
        return not self._settings.trusted_hosts & {parts.hostname, parts.netloc.rpartition("@")[2]}
