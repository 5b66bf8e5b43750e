"""Short names that a workspace gives to its settings: `--mode=x` for `--//flags:mode=x`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from venvship.errors import VenvshipError
from venvship.loading.disk_files import DiskFiles
from venvship.loading.workspace import MODULE_FILE, join_host


def flag_aliases(workspace: Path | None) -> Mapping[str, str]:
    """The labels of settings by the names that MODULE.bazel of a workspace gives them.

    What is wrong with the file is left to the command, which reads it again.
    """
    # Loaded by need: only flags that are in no table lead here.
    from venvship.modules.module_evaluation import evaluate_module_file

    if workspace is None:
        return {}
    files = DiskFiles()
    try:
        source = files.read(str(workspace / MODULE_FILE)) or b""
        module = evaluate_module_file(
            source,
            filename=MODULE_FILE,
            read_include=lambda path: files.read(join_host(str(workspace), path)),
        )
    except VenvshipError:
        return {}
    return {alias.name: alias.target for alias in module.flag_aliases}
