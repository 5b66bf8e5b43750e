"""Names of distributions and of wheel files (PEP 503 and the binary distribution format)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Self

from venvship.dataclass import dataclass

_SEPARATORS = re.compile(r"[-_.]+")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?", re.IGNORECASE | re.ASCII)
_FILE_PART = re.compile(r"[\w.!+]+", re.ASCII)
_TAG_SET = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*", re.ASCII)
_BUILD = re.compile(r"([0-9]{1,18})([A-Za-z0-9_.]*)", re.ASCII)

# Longer names do not fit a directory entry on the systems we build for.
_MAX_LENGTH = 255


@lru_cache(maxsize=65536)
def normalise_name(name: str) -> str:
    """The one spelling under which a project is looked up: `Foo.Bar_baz` is `foo-bar-baz`.

    Raises ValueError for text that cannot be the name of a project.
    """
    if len(name) > _MAX_LENGTH or _NAME.fullmatch(name) is None:
        raise ValueError(f"`{name[:80]}` is not the name of a project")
    return _SEPARATORS.sub("-", name).lower()


@dataclass(frozen=True, slots=True, order=True)
class WheelFilename:
    """What the name of a wheel file says: distribution, version, build number and compatibility tags."""

    text: str
    distribution: str
    version: str
    build: tuple[int, str]
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]

    def __str__(self) -> str:
        return self.text

    def tags(self) -> Iterator[tuple[str, str, str]]:
        """Every (interpreter, ABI, platform) that the compressed tag sets stand for."""
        return ((p, a, f) for p in self.pythons for a in self.abis for f in self.platforms)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a file name as it stands on disk (no percent signs); raises ValueError for anything else."""
        stem = text.removesuffix(".whl")
        parts = stem.split("-")
        if stem == text or len(text) > _MAX_LENGTH or len(parts) not in (5, 6):
            raise ValueError(f"`{text[:80]}` is not the name of a wheel")
        name, version, *build, pythons, abis, platforms = parts
        if _FILE_PART.fullmatch(name) is None or _FILE_PART.fullmatch(version) is None:
            raise ValueError(f"`{text}` is not the name of a wheel")
        if not all(_TAG_SET.fullmatch(tags) for tags in (pythons, abis, platforms)):
            raise ValueError(f"`{text}` has malformed compatibility tags")
        return cls(
            text,
            normalise_name(name),
            version.replace("_", "-"),
            _build_number(text, build[0]) if build else (-1, ""),
            tuple(pythons.lower().split(".")),
            tuple(abis.lower().split(".")),
            tuple(platforms.lower().split(".")),
        )


def _build_number(text: str, build: str) -> tuple[int, str]:
    match = _BUILD.fullmatch(build)
    if match is None:
        raise ValueError(f"`{text}` has the malformed build number `{build}`")
    return int(match[1]), match[2]
