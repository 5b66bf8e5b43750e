"""The files of a Debian archive's pool, whose names say what they are: `libc6_2.36-9+deb12u14_amd64.deb`."""

from __future__ import annotations

import re
from urllib.parse import unquote

from venvship.dataclass import dataclass
from venvship.repos.debian_version import version_key

_FILE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]+)_(?P<version>[A-Za-z0-9.+~-]{1,200})_(?P<architecture>[a-z0-9-]+)\.deb"
)
_LARGEST_LISTING = 4 << 20


@dataclass(frozen=True, slots=True)
class PoolFile:
    """A package; the version is without its epoch, which file names do not tell."""

    name: str
    version: str
    architecture: str

    @classmethod
    def parse(cls, path: str) -> PoolFile | None:
        """What a path or address of a pool names; None when it is no package."""
        found = _FILE.fullmatch(unquote(path.rpartition("/")[2]))
        return cls(found["name"], found["version"], found["architecture"]) if found is not None else None

    def others(self, listing: str) -> tuple[str, ...]:
        """Versions of the same package that a listing of its directory names, oldest first, as a page or as lines.

        >>> PoolFile("libc6", "1", "amd64").others('<a href="libc6_2%2bb1_amd64.deb">x</a> libc6-dev_3_amd64.deb')
        ('2+b1',)
        """
        found = {
            one["version"]
            for one in _FILE.finditer(unquote(listing[:_LARGEST_LISTING]))
            if (one["name"], one["architecture"]) == (self.name, self.architecture)
        }
        return tuple(sorted(found - {self.version}, key=version_key))
