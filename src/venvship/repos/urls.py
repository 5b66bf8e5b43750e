"""Addresses of indexes and files, and the part of them that may be shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit


def shown_url(url: str) -> str:
    """An address without user, password, query and fragment, any of which may hold a secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(an address that can't be read)"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def without_credentials(url: str) -> str:
    """The same address for use in requests, whose credentials travel apart from it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def credentials_of(url: str) -> tuple[str, str] | None:
    """User and password that are written in an address."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def origin_of(url: str) -> str:
    """Scheme, host and port: whom credentials are meant for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def local_path(location: str) -> Path | None:
    """The path that a `file:` address or a plain path means; None for an address on a network."""
    if location.startswith("file:"):
        return Path(unquote(urlsplit(location).path))
    return None if "://" in location else Path(location)


def same_index(left: str, right: str) -> bool:
    """Whether two addresses mean one index; a slash at the end makes no difference."""
    return without_credentials(left).rstrip("/") == without_credentials(right).rstrip("/")
