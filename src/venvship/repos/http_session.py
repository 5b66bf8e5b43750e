"""Sessions of the HTTP client; whoever imports this module pays for importing the client."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_netrc_auth

from venvship.repos.index_settings import IndexSettings
from venvship.repos.keyring import password_of
from venvship.repos.urls import origin_of

_CONNECTIONS = 16


def http_session(settings: IndexSettings, credentials: Mapping[str, tuple[str, str]]) -> requests.Session:
    """A session with the user's settings. `credentials` are user and password by origin."""
    session = requests.Session()
    session.headers["User-Agent"] = f"venvship/{version('venvship')}"
    session.auth = _Credentials(credentials)
    if settings.client_certificate is not None:
        session.cert = settings.client_certificate
    if settings.certificates is not None:
        session.verify = settings.certificates
    adapter = HTTPAdapter(pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _Credentials(AuthBase):
    """Those that addresses of the settings hold, for their own host only; then those of netrc and of the keyring."""

    def __init__(self, by_origin: Mapping[str, tuple[str, str]]) -> None:
        self._by_origin = dict(by_origin)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = request.url or ""
        origin = origin_of(url)
        found = self._by_origin.get(origin) or get_netrc_auth(url)
        if found is not None and not found[1]:
            # A name without a password: it is kept elsewhere.
            password = password_of(origin, found[0])
            found = self._by_origin[origin] = (found[0], password or "")
        if found is None:
            return request
        authorised: requests.PreparedRequest = HTTPBasicAuth(*found)(request)
        return authorised
