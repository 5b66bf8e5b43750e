"""Sessions of the HTTP client; whoever imports this module pays for importing the client."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib.metadata import version
from itertools import takewhile
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
    session = _Session()
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


class _Session(requests.Session):
    """Goes on to other hosts with what is known for them."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        asked = response.request.url or ""
        if self.should_strip_auth(asked, prepared_request.url or ""):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop("Authorization", None)
            if isinstance(self.auth, Credentials):
                self.auth(prepared_request)


class Credentials(AuthBase):
    """Those that addresses of the settings hold, for their own host only; then those of netrc and of the keyring.

    `indexes` are addresses with user and password. Where one host has several, that one counts which has most of its
    path in common with what is asked for: files of an index need not lie below it.
    """

    def __init__(self, indexes: Sequence[tuple[str, tuple[str, str]]]) -> None:
        self._indexes = tuple(indexes)
        # The keyring may ask its user something, so it is asked once.
        self._asking = threading.Lock()
        self._kept: dict[tuple[str, str], str] = {}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = request.url or ""
        origin = origin_of(url)
        here = [(address, found) for address, found in self._indexes if origin_of(address) == origin]
        netrc = get_netrc_auth(url)
        if here:
            address, (user, password) = max(here, key=lambda one: _in_common(one[0], url))
        elif netrc is not None:
            address, (user, password) = origin, netrc
        else:
            return request
        # A name without a password: it is kept elsewhere.
        if not password and netrc is not None and netrc[0] == user:
            password = netrc[1]
        password = password or self._password(address, user)
        authorised: requests.PreparedRequest = HTTPBasicAuth(user, password)(request)
        return authorised

    def _password(self, address: str, user: str) -> str:
        with self._asking:
            if (address, user) not in self._kept:
                origin = origin_of(address)
                self._kept[address, user] = password_of(user, [address, origin, urlsplit(origin).netloc]) or ""
            return self._kept[address, user]


def _in_common(left: str, right: str) -> int:
    """How many segments at the beginning of their paths two addresses share."""
    pairs = zip(urlsplit(left).path.split("/"), urlsplit(right).path.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
