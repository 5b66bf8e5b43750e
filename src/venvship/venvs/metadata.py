"""The `.dist-info` directory of a first-party distribution, as far as `importlib.metadata` reads it."""

from __future__ import annotations

import re
from typing import Final

from venvship.errors import UserError
from venvship.venvs.scripts import FirstPartyDistribution

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION: Final = re.compile(r"[A-Za-z0-9.!+_-]+")


class UnnamableDistribution(UserError):
    """A member of the workspace whose name or version can't be part of a file name."""

    def __init__(self, member: FirstPartyDistribution) -> None:
        super().__init__(
            f"a distribution can't have the name {member.name!a} and the version {member.version!a}",
            hint="use letters, digits, `.`, `-` and `_`",
        )
        self.member = member


def normalised_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def metadata_files(member: FirstPartyDistribution) -> dict[str, bytes]:
    """Files by path relative to site-packages."""
    if not _NAME.fullmatch(member.name) or not _VERSION.fullmatch(member.version):
        raise UnnamableDistribution(member)
    directory = f"{normalised_name(member.name).replace('-', '_')}-{member.version.replace('-', '_')}.dist-info"
    files = {
        f"{directory}/METADATA": f"Metadata-Version: 2.1\nName: {member.name}\nVersion: {member.version}\n",
        f"{directory}/INSTALLER": "venvship\n",
    }
    if member.entry_points:
        sections = [
            "\n".join([f"[{group}]", *(f"{name} = {reference}" for name, reference in points), ""])
            for group, points in member.entry_points
        ]
        files[f"{directory}/entry_points.txt"] = "\n".join(sections)
    return {path: text.encode() for path, text in files.items()}
