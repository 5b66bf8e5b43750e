"""Members of the workspace that are distributions of their own: a `pyproject.toml` beside a BUILD file.

Such a member is found by `importlib.metadata` in every venv that its libraries are in, and its scripts are programs
there, as if it had been installed.
"""

from __future__ import annotations

from typing import Protocol

from venvship.model.label import PackageId
from venvship.venvs.scripts import FirstPartyDistribution


class Members(Protocol):
    """The distributions of a workspace's own code."""

    def distribution(self, package: PackageId) -> FirstPartyDistribution | None:
        """The one that a package's directory is the root of; raises a UserError for a file that can't be read."""
        ...


class NoMembers:
    """A workspace whose code is no distribution."""

    def distribution(self, package: PackageId) -> FirstPartyDistribution | None:
        return None
