"""Runs tools before analysis has declared their actions, for those who know early what will be asked for.

What a tool makes goes to the action cache, under the key that its action will have, and the scheduler finds it there.
So whoever was wrong about an action has lost time, and nothing else.
"""

from __future__ import annotations

from venvship.errors import InternalError
from venvship.execution.action_key import Fingerprint, action_key, result_of
from venvship.execution.failures import ActionFailed
from venvship.execution.machinery import Machinery
from venvship.execution.making import ToolRunner, run_tool
from venvship.execution.outputs import Output
from venvship.model.action import RunTool
from venvship.model.artifact import Artifact
from venvship.model.paths import TreePath


def run_ahead(action: RunTool, machinery: Machinery, runner: ToolRunner, fingerprint: Fingerprint) -> None:
    """Run a placeless tool, unless its result is known; a failure is left to the action, which will fail again."""
    key = action_key(action, fingerprint, platform=machinery.platform, files_in=_files_in)
    if machinery.cache.get(key) is not None:
        return
    try:
        outputs, _ = run_tool(action, machinery.exec_root, runner, _content)
    except ActionFailed:
        return
    machinery.cache.put(key, result_of(action, outputs))
    machinery.made_ahead.add(key)


def _files_in(artifact: Artifact) -> tuple[TreePath, ...]:
    raise InternalError(f"`{artifact.exec_path}` is listed before it is known")


def _content(artifact: Artifact) -> Output:
    raise InternalError(f"`{artifact.exec_path}` is asked for before it is known")
