"""Which package index to use: the one that the user's ordinary clients, pip and uv, are configured for.

pip: variables `PIP_*`, then `pip.conf` of the environment, the user and the machine, in this order, or only the file
that `PIP_CONFIG_FILE` names last and first. uv: variables `UV_*`, then `uv.toml` of the user and the machine. Where
both name an index, uv's is asked first; a file is accepted by its hash in the lock, so the order cannot change what
is installed.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, urlsplit, urlunsplit

import tomli

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem, Place, UserError

DEFAULT_TARGET: Final = "@default"
_MAX_CONFIG: Final = 1 << 20
_TRUE: Final = frozenset({"1", "true", "yes", "on", "t", "y"})


class MalformedIndexOverride(UserError):
    """An `--index_override` that cannot be read."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"`--index_override={text}` is not of the form ORIGIN=TARGET",
            hint="ORIGIN is the index that the lock file names; TARGET is an index or `@default`",
        )


class UnreadableIndexSettings(EnvironmentProblem):
    """A configuration file of pip or uv that cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the index settings can't be read: {reason}", place=Place(str(path)), hint="correct or remove the file"
        )


@dataclass(frozen=True, slots=True)
class IndexOverride:
    """Files of the index `origin` are fetched from `target`; None stands for the configured index."""

    origin: str
    target: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ORIGIN=TARGET`; raises MalformedIndexOverride."""
        origin, equals, target = text.partition("=")
        if not equals or not origin or not target or (target.startswith("@") and target != DEFAULT_TARGET):
            raise MalformedIndexOverride(text)
        return cls(origin, None if target == DEFAULT_TARGET else target)

    def __str__(self) -> str:
        return f"{self.origin}={self.target or DEFAULT_TARGET}"


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Indexes in the order in which they are asked, with credentials in their addresses as the user wrote them."""

    indexes: tuple[str, ...]
    find_links: tuple[str, ...] = ()
    certificates: str | None = None
    client_certificate: str | None = None
    trusted_hosts: frozenset[str] = frozenset()
    timeout: float = 60.0
    proxy: str | None = None
    """The one of pip's settings; those of the environment are the HTTP client's business."""
    netrc: tuple[str, ...] = ()
    """Files of passwords beside the customary one."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """How user and password are sent, by host, where it is not the usual way."""


@dataclass(frozen=True, slots=True)
class ConfigurationPlaces:
    """Where configuration files may lie, each list with the strongest file first."""

    pip: tuple[Path, ...]
    uv: tuple[Path, ...]

    @classmethod
    def of_machine(cls, environ: Mapping[str, str], *, home: Path, prefix: Path, root: Path = Path("/")) -> Self:
        """The customary places; `prefix` is the active Python environment, `root` the root of the file system."""
        config_home = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        config_dirs = [Path(text) for text in environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep) if text]
        config_dirs = config_dirs or [root / "etc/xdg"]
        pip = [prefix / "pip.conf", config_home / "pip/pip.conf", home / ".pip/pip.conf"]
        pip += [root / "etc/pip.conf", *(directory / "pip/pip.conf" for directory in config_dirs)]
        uv = [config_home / "uv/uv.toml", *(directory / "uv/uv.toml" for directory in config_dirs)]
        uv.append(root / "etc/uv/uv.toml")
        if sys.platform == "darwin":
            pip.insert(1, home / "Library/Application Support/pip/pip.conf")
            pip.append(root / "Library/Application Support/pip/pip.conf")
        if (chosen := environ.get("PIP_CONFIG_FILE")) is not None:
            pip = [] if chosen == os.devnull else [Path(chosen), *pip]
        if chosen := environ.get("UV_CONFIG_FILE"):
            uv = [Path(chosen)]
        if environ.get("UV_NO_CONFIG"):
            uv = []
        return cls(tuple(pip), tuple(uv))


def read_index_settings(environ: Mapping[str, str], places: ConfigurationPlaces) -> IndexSettings:
    """What pip and uv would use; raises UnreadableIndexSettings."""
    pip = _Pip(environ, places.pip)
    uv = _Uv(environ, places.uv)
    # One client that was told to use no index is one that only `find-links` serves.
    without_index = pip.flag("no-index") or uv.no_index
    default = uv.default_index or pip.last("index-url") or _customary_index()
    indexes = [] if without_index else [*uv.extra_indexes, default, *pip.words("extra-index-url")]
    certificates = pip.last("cert") or environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")
    if not certificates and uv.system_certificates:
        certificates = _system_certificates()
    insecure = environ.get("UV_INSECURE_HOST", "").replace(",", " ").split()
    return IndexSettings(
        indexes=tuple(dict.fromkeys(indexes)),
        find_links=tuple(dict.fromkeys([*uv.find_links, *pip.words("find-links")])),
        certificates=certificates if certificates and os.path.exists(certificates) else None,
        client_certificate=pip.last("client-cert") or environ.get("SSL_CLIENT_CERT") or None,
        trusted_hosts=frozenset([*pip.words("trusted-host"), *insecure, *uv.insecure_hosts]),
        timeout=_positive(pip.last("timeout") or pip.last("default-timeout") or environ.get("UV_HTTP_TIMEOUT"), 60.0),
        proxy=pip.last("proxy"),
    )


def project_indexes(environ: Mapping[str, str], directory: Path) -> tuple[str, ...]:
    """Addresses of the indexes that a project of uv names itself, with the credentials that its user has for them."""
    uv = _Uv(environ, ())
    tables: list[object] = []
    # Files that uv can't read either are its business: nothing but credentials is looked for here.
    with contextlib.suppress(UnreadableIndexSettings):
        pyproject = _document(directory / "pyproject.toml")
        tool = pyproject.get("tool")
        tables += [tool.get("uv") if isinstance(tool, dict) else None]
    with contextlib.suppress(UnreadableIndexSettings):
        tables += [_document(directory / "uv.toml")]
    return tuple(url for table in tables if isinstance(table, dict) for url, _ in uv.indexes(table))


def _system_certificates() -> str | None:
    """Where OpenSSL, as this interpreter has it, looks for the certificates of the machine."""
    import ssl  # Loaded by need: few ask for it.

    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath


def _customary_index() -> str:
    """The index of all clients that are not configured, which only a client library may name."""
    # Loaded by need: it brings a validation library and an HTML parser, 200 ms of imports.
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return PYPI_SIMPLE_ENDPOINT


def _positive(text: str | None, default: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return default
    return value if 0 < value < 86400 else default


class _Pip:
    """pip's options by their long names: the strongest source that names an option decides."""

    def __init__(self, environ: Mapping[str, str], files: Iterable[Path]) -> None:
        self._sources: list[Mapping[str, str]] = [
            {
                name.removeprefix("PIP_").lower().replace("_", "-"): value
                for name, value in environ.items()
                if name.startswith("PIP_") and value
            }
        ]
        for path in files:
            self._sources.extend(_pip_sections(path))

    def last(self, option: str) -> str | None:
        return next((source[option] for source in self._sources if option in source), None)

    def words(self, option: str) -> list[str]:
        return (self.last(option) or "").split()

    def flag(self, option: str) -> bool:
        return (self.last(option) or "").lower() in _TRUE


def _pip_sections(path: Path) -> Iterator[Mapping[str, str]]:
    data = _content(path)
    if data is None:
        return
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(data.decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        raise UnreadableIndexSettings(path, str(error).replace("\n", " ")) from None
    # pip lets the section of a command win over the general one.
    for section in ("install", "download", "global"):
        if parser.has_section(section):
            yield {name.lower().replace("_", "-"): value for name, value in parser.items(section) if value}


class _Uv:
    """uv's index options; variables win over files, and a stronger file over a weaker one."""

    def __init__(self, environ: Mapping[str, str], files: Iterable[Path]) -> None:
        self._environ = environ
        self.default_index = self._named(environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL"))
        extra = [*environ.get("UV_INDEX", "").split(), *environ.get("UV_EXTRA_INDEX_URL", "").split()]
        self.extra_indexes = [url for text in extra if (url := self._named(text)) is not None]
        self.find_links = [text for text in re.split(r"[,\s]+", environ.get("UV_FIND_LINKS", "")) if text]
        self.no_index = environ.get("UV_NO_INDEX", "").lower() in _TRUE
        named = environ.get("UV_SYSTEM_CERTS") or environ.get("UV_NATIVE_TLS") or ""
        self.system_certificates = named.lower() in _TRUE
        self.insecure_hosts: list[str] = []
        for path in files:
            self._read(path)

    def _read(self, path: Path) -> None:
        document = _document(path)
        for url, is_default in self.indexes(document):
            if not is_default:
                self.extra_indexes.append(url)
            elif self.default_index is None:
                self.default_index = url
        self.find_links += _texts(document.get("find-links"))
        self.insecure_hosts += _texts(document.get("allow-insecure-host"))
        self.system_certificates |= True in (document.get("system-certs"), document.get("native-tls"))
        self.no_index = self.no_index or document.get("no-index") is True

    def indexes(self, document: Mapping[str, object]) -> Iterator[tuple[str, bool]]:
        """The addresses that a table of settings has, and whether each is the default index."""
        tables = document.get("index")
        for table in tables if isinstance(tables, list) else []:
            if isinstance(table, dict) and isinstance(table.get("url"), str):
                name = table.get("name")
                url = self._with_credentials(table["url"], name if isinstance(name, str) else None)
                yield url, table.get("default") is True
        if isinstance(default := document.get("index-url"), str):
            yield default, True
        yield from ((url, False) for url in _texts(document.get("extra-index-url")))

    def _named(self, text: str | None) -> str | None:
        """Variables may write `name=address`."""
        if not text:
            return None
        match = re.fullmatch(r"([A-Za-z0-9._-]+)=(.+)", text)
        return text if match is None else self._with_credentials(match[2], match[1])

    def _with_credentials(self, url: str, name: str | None) -> str:
        variable = f"UV_INDEX_{re.sub(r'[^A-Z0-9]', '_', (name or '').upper())}"
        user = self._environ.get(f"{variable}_USERNAME", "")
        password = self._environ.get(f"{variable}_PASSWORD", "")
        parts = urlsplit(url)
        if not name or not (user or password) or parts.username is not None or not parts.netloc:
            return url
        return urlunsplit(parts._replace(netloc=f"{quote(user, '')}:{quote(password, '')}@{parts.netloc}"))


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _document(path: Path) -> Mapping[str, object]:
    """A TOML file; one that is not there is empty."""
    try:
        return tomli.loads((_content(path) or b"").decode())
    except (ValueError, RecursionError) as error:
        raise UnreadableIndexSettings(path, str(error)) from None


def _content(path: Path) -> bytes | None:
    """The file, or None where there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_CONFIG + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise UnreadableIndexSettings(path, error.strerror or type(error).__name__) from None
    if len(data) > _MAX_CONFIG:
        raise UnreadableIndexSettings(path, f"it has more than {_MAX_CONFIG} bytes")
    return data
