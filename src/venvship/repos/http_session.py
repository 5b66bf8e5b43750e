"""Sessions of the HTTP client; whoever imports this module pays for importing the client."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_netrc_auth

from venvship.repos.index_settings import IndexSettings
from venvship.repos.keyring import password_of
from venvship.repos.urls import origin_of

_CONNECTIONS = 16


def http_session(settings: IndexSettings, credentials: Credentials) -> requests.Session:
    """A session with the user's settings; several sessions may share credentials."""
    session = requests.Session()
    session.headers["User-Agent"] = f"venvship/{version('venvship')}"
    session.auth = credentials
    if settings.client_certificate is not None:
        session.cert = settings.client_certificate
    if settings.certificates is not None:
        session.verify = settings.certificates
    adapter = HTTPAdapter(pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class Credentials(AuthBase):
    """Those that addresses of the settings hold, for their own host only; then those of netrc and of the keyring.

    `by_origin` are users and passwords, `indexes` the addresses of the indexes of an origin, under each of which the
    keyring may have a password.
    """

    def __init__(
        self, by_origin: Mapping[str, tuple[str, str]], *, indexes: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._by_origin = dict(by_origin)
        self._indexes = indexes or {}
        # The keyring may ask its user something, so it is asked once.
        self._asking = threading.Lock()
        self._completions: dict[str, tuple[str, str]] = {}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = request.url or ""
        origin = origin_of(url)
        found = self._by_origin.get(origin) or get_netrc_auth(url)
        if found is not None and not found[1]:
            # A name without a password: it is kept elsewhere.
            found = self._completed(origin, found[0])
        if found is None:
            return request
        authorised: requests.PreparedRequest = HTTPBasicAuth(*found)(request)
        return authorised

    def _completed(self, origin: str, user: str) -> tuple[str, str]:
        with self._asking:
            if origin not in self._completions:
                services = [*self._indexes.get(origin, ()), origin, urlsplit(origin).netloc]
                self._completions[origin] = (user, password_of(user, services) or "")
            return self._completions[origin]
