"""Sessions of the HTTP client; whoever imports this module pays for importing the client."""

from __future__ import annotations

import netrc
import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_netrc_auth

from venvship.repos.index_settings import IndexSettings, UnreadableIndexSettings
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
    if settings.trusted_hosts:
        # The user has said so; pip does not repeat it either.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    unverified = _Unverified(pool_maxsize=_CONNECTIONS)
    for host in settings.trusted_hosts:
        session.mount(f"https://{host}/", unverified)
        if not urlsplit(f"//{host}").port:
            session.mount(f"https://{host}:", unverified)
    return session


class _Unverified(HTTPAdapter):
    """Believes every certificate. It is for single hosts: where they lead elsewhere, certificates count again."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        return super().send(request, stream=stream, timeout=timeout, verify=False, cert=cert, proxies=proxies)


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
    path in common with what is asked for: files of an index need not lie below it. The settings may name more files
    like netrc, which come after the customary one, and say for a host how both are sent.
    """

    def __init__(self, indexes: Sequence[tuple[str, tuple[str, str]]], settings: IndexSettings) -> None:
        self._indexes = tuple(indexes)
        self._patterns = settings.patterns
        self._files = tuple(_netrc(Path(path)) for path in settings.netrc)
        # The keyring may ask its user something, so it is asked once.
        self._asking = threading.Lock()
        self._kept: dict[tuple[str, str], str] = {}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = request.url or ""
        origin = origin_of(url)
        here = [(address, found) for address, found in self._indexes if origin_of(address) == origin]
        host = urlsplit(url).hostname or ""
        kept = get_netrc_auth(url) or self._of_files(host)
        if here:
            address, (user, password) = max(here, key=lambda one: _in_common(one[0], url))
        elif kept is not None:
            address, (user, password) = origin, kept
        else:
            return request
        # A name without a password: it is kept elsewhere.
        if not password and kept is not None and kept[0] == user:
            password = kept[1]
        password = password or self._password(address, user)
        if host in self._patterns:
            pattern = self._patterns[host]
            request.headers["Authorization"] = pattern.replace("<login>", user).replace("<password>", password)
            return request
        authorised: requests.PreparedRequest = HTTPBasicAuth(user, password)(request)
        return authorised

    def _of_files(self, host: str) -> tuple[str, str] | None:
        for file in self._files:
            found = file.authenticators(host)
            if found is not None:
                return found[0], found[2] or ""
        return None

    def _password(self, address: str, user: str) -> str:
        with self._asking:
            if (address, user) not in self._kept:
                origin = origin_of(address)
                self._kept[address, user] = password_of(user, [address, origin, urlsplit(origin).netloc]) or ""
            return self._kept[address, user]


def _netrc(path: Path) -> netrc.netrc:
    try:
        return netrc.netrc(path)
    except OSError as error:
        raise UnreadableIndexSettings(path, error.strerror or type(error).__name__) from None
    except (netrc.NetrcParseError, UnicodeDecodeError):
        # What the error says may be a password.
        raise UnreadableIndexSettings(path, "it is not of the form of netrc") from None


def _in_common(left: str, right: str) -> int:
    """How many segments at the beginning of their paths two addresses share."""
    pairs = zip(urlsplit(left).path.split("/"), urlsplit(right).path.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
