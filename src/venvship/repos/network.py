"""How this machine speaks to indexes: certificates, credentials, time limits."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from importlib.metadata import version
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_netrc_auth

from venvship.repos.index_settings import IndexSettings
from venvship.repos.urls import credentials_of, origin_of

_CONNECTIONS = 16


class Network:
    """Sessions with the user's settings, one for each thread."""

    def __init__(self, settings: IndexSettings, *, addresses: Iterable[str] = ()) -> None:
        """`addresses` may hold credentials beyond those of the settings."""
        self._settings = settings
        self._credentials: dict[str, tuple[str, str]] = {}
        for address in (*settings.indexes, *settings.find_links, *addresses):
            if "://" in address and (found := credentials_of(address)) is not None:
                self._credentials.setdefault(origin_of(address), found)
        self._local = threading.local()

    @property
    def timeout(self) -> tuple[float, float]:
        """For connecting and for waiting between two bytes."""
        return min(self._settings.timeout, 15.0), self._settings.timeout

    def get(self, url: str, *, headers: dict[str, str] | None = None, stream: bool = False) -> requests.Response:
        """Ask for an address; raises what `requests` raises when there is no answer."""
        session = self.session()
        verify = None if self._verified(url) else False
        return session.get(url, headers=headers, stream=stream, timeout=self.timeout, verify=verify)

    def session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._new_session()
            self._local.session = session
        return session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.headers["User-Agent"] = f"venvship/{version('venvship')}"
        session.auth = _Credentials(self._credentials)
        if self._settings.client_certificate is not None:
            session.cert = self._settings.client_certificate
        if self._settings.certificates is not None:
            session.verify = self._settings.certificates
        adapter = HTTPAdapter(pool_maxsize=_CONNECTIONS)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def _verified(self, url: str) -> bool:
        parts = urlsplit(url)
        return not self._settings.trusted_hosts & {parts.hostname, parts.netloc.rpartition("@")[2]}


class _Credentials(AuthBase):
    """Those that addresses of the settings hold, for their own host only; then those of netrc."""

    def __init__(self, by_origin: dict[str, tuple[str, str]]) -> None:
        self._by_origin = by_origin

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = request.url or ""
        found = self._by_origin.get(origin_of(url)) or get_netrc_auth(url)
        if found is None:
            return request
        authorised: requests.PreparedRequest = HTTPBasicAuth(*found)(request)
        return authorised
