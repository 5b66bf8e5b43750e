"""The packages of a Debian lock as files that are fetched, by mirrors and hash."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from venvship.loading.repository_rule import RepositoryCall
from venvship.repos.debian_mirrors import SCHEME
from venvship.repos.integrity import Checksum
from venvship.repos.web_files import CheckedFile

DEBIAN_EXTENSION: Final = "@@venvship//debian:extensions.bzl%debian"
"""The module extension that makes a repository for each package."""


def package_file(mirrors: Iterable[str], path: str, sha256: str) -> CheckedFile:
    """A package from the mirrors, or else from those of the machine; raises InvalidChecksum."""
    urls = (*(f"{mirror.rstrip('/')}/{path}" for mirror in mirrors), SCHEME + path)
    return CheckedFile(urls, Checksum.of_sha256(sha256))


def package_of(call: RepositoryCall) -> CheckedFile | None:
    """What a repository of the extension will fetch; None for those that fetch nothing. Raises InvalidChecksum."""
    path, sha256, mirrors = (call.attributes.get(name) for name in ("path", "sha256", "mirrors"))
    if not isinstance(path, str) or not isinstance(sha256, str) or not isinstance(mirrors, tuple):
        return None
    return package_file(map(str, mirrors), path, sha256)
