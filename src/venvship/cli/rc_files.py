"""Which rc files a command reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from venvship.cli.flag_values import FlagValues
from venvship.loading.bazelrc import RcFiles, default_rc_files, read_rc_files
from venvship.loading.disk_files import DiskFiles
from venvship.loading.workspace import join_host

_NOTHING = "/dev/null"


def rc_files(startup: FlagValues, environment: Mapping[str, str], *, workspace: Path | None, cwd: Path) -> RcFiles:
    """The system's, the workspace's, the user's, those of the variable BAZELRC, and those of `--bazelrc`."""
    if startup.boolean("ignore_all_rc_files"):
        return RcFiles()
    root = None if workspace is None else str(workspace)
    home = environment.get("HOME") or None
    wanted = list(default_rc_files(root, home))
    unwanted = [
        path
        for path, flag in (
            (None if home is None else join_host(home, ".bazelrc"), "home_rc"),
            (None if root is None else join_host(root, ".bazelrc"), "workspace_rc"),
        )
        if path is not None and not startup.boolean(flag)
    ]
    system = default_rc_files(None, None) if not startup.boolean("system_rc") else ()
    optional = [path for path in wanted if path not in unwanted and path not in system]
    named = [path for path in environment.get("BAZELRC", "").split(",") if path]
    for path in startup.texts("bazelrc"):
        if path == _NOTHING:
            break
        named.append(path)
    required = [os.path.normpath(cwd / os.path.expanduser(path)) for path in named]
    return read_rc_files([*optional, *required], DiskFiles(), workspace=root, optional=optional)


def host_config() -> str:
    """The `--config` that `--enable_platform_specific_config` stands for."""
    return {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
