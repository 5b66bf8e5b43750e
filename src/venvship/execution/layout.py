"""Where state lies: what a user's workspaces share, and what each has for itself.

Everything below the user root is on one file system, so that things move between a workspace's temporary directory
and the shared stores by renames and links.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.model.label import MAIN_RUNFILES_DIRECTORY


def default_user_root(environment: Mapping[str, str]) -> Path:
    """The user's cache directory for this product, by the XDG base directory specification."""
    cache = environment.get("XDG_CACHE_HOME", "")
    # "All paths must be absolute. If an implementation encounters a relative path it should ignore it."
    base = Path(cache) if os.path.isabs(cache) else Path(environment.get("HOME") or Path.home()) / ".cache"
    return base / "venvship"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one workspace's state. `workspace` has no links in it; nothing exists before it is needed."""

    user_root: Path
    workspace: Path

    @classmethod
    def of(cls, workspace: Path, user_root: Path) -> Layout:
        return cls(Path(os.path.abspath(user_root)), Path(os.path.realpath(workspace)))

    @property
    def blobs(self) -> Path:
        return self.user_root / "blobs"

    @property
    def trees(self) -> Path:
        return self.user_root / "trees"

    @property
    def actions(self) -> Path:
        return self.user_root / "actions"

    @property
    def output_base(self) -> Path:
        name = hashlib.sha256(os.fsencode(self.workspace)).hexdigest()[:32]
        return self.user_root / "workspaces" / name

    @property
    def exec_root(self) -> Path:
        return self.output_base / "execroot" / MAIN_RUNFILES_DIRECTORY

    @property
    def temporary(self) -> Path:
        return self.output_base / "tmp"

    @property
    def links(self) -> Path:
        """Directories of links that several runfiles trees have in common."""
        return self.output_base / "links"

    @property
    def runfiles(self) -> Path:
        """The runfiles trees of programs; every byte of this path is walked at every import."""
        return self.output_base / "r"

    @property
    def lock(self) -> Path:
        return self.output_base / "lock"

    @property
    def output_state(self) -> Path:
        return self.output_base / "outputs"

    @property
    def test_logs(self) -> Path:
        return self.output_base / "testlogs"
