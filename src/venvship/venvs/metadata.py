"""The `.dist-info` directory of a first-party distribution, as far as `importlib.metadata` reads it."""

from __future__ import annotations

import re
from typing import Final

from venvship.errors import UserError
from venvship.venvs.scripts import FirstPartyDistribution

INSTALLER: Final = b"venvship\n"
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION: Final = re.compile(r"[A-Za-z0-9.!+_-]+")


class UnwritableMetadata(UserError):
    """A member of the workspace whose name, version or entry points its metadata can't hold."""

    def __init__(self, member: FirstPartyDistribution, what: str, value: str) -> None:
        super().__init__(
            f"the distribution {member.name!a} can't have the {what} {value!a}",
            hint="names and versions are made of letters, digits, `.`, `-` and `_`; entry points are single lines",
        )
        self.member = member


def normalised_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def metadata_files(member: FirstPartyDistribution) -> dict[str, bytes]:
    """Files by path relative to site-packages."""
    _check(member)
    directory = f"{normalised_name(member.name).replace('-', '_')}-{member.version.replace('-', '_')}.dist-info"
    files = {
        f"{directory}/METADATA": f"Metadata-Version: 2.1\nName: {member.name}\nVersion: {member.version}\n",
        f"{directory}/WHEEL": "Wheel-Version: 1.0\nGenerator: venvship\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if member.entry_points:
        sections = [
            "\n".join([f"[{group}]", *(f"{name} = {reference}" for name, reference in points), ""])
            for group, points in member.entry_points
        ]
        files[f"{directory}/entry_points.txt"] = "\n".join(sections)
    return {f"{directory}/INSTALLER": INSTALLER, **{path: text.encode() for path, text in files.items()}}


def _check(member: FirstPartyDistribution) -> None:
    if not _NAME.fullmatch(member.name):
        raise UnwritableMetadata(member, "name", member.name)
    if not _VERSION.fullmatch(member.version):
        raise UnwritableMetadata(member, "version", member.version)
    for group, points in member.entry_points:
        for text in (group, *(part for point in points for part in point)):
            if not text.isprintable() or not text.strip():
                raise UnwritableMetadata(member, "entry point", text)
