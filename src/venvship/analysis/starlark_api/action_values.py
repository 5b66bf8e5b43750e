"""Actions as tests of analysis look at them: what `target.actions` lists in aspects."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.model.action import (
    Action,
    ImportTree,
    LinkArtifact,
    MakeForest,
    MakeSymlink,
    RunTool,
    Spawn,
    WriteFile,
    inputs_of,
)
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.paths import TreePath
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import HostType, Value, register
from venvship.starlark.printer import Printer
from venvship.starlark.values import Dict, FrozenList


def actions_of(target: ConfiguredTarget) -> Value:
    """What a target declared, in order."""
    return FrozenList(target.actions)


def _no_files(directory: Artifact) -> tuple[TreePath, ...]:
    return ()


def _argv(action: Action) -> Value:
    if not isinstance(action, Spawn):
        return None
    argv = action.argv if isinstance(action.argv, tuple) else action.argv.expand(_no_files).argv
    return FrozenList(argv)


def _content(action: Action) -> Value:
    if not isinstance(action, WriteFile):
        return None
    if isinstance(action.content, bytes):
        return action.content.decode("utf-8", "surrogateescape")
    if action.content.directories:
        return None
    return action.content.expand(_no_files).decode("utf-8", "surrogateescape")


def _substitutions(action: Action) -> Value:
    found = action.request.get("substitutions") if isinstance(action, RunTool) else None
    return _dict(found) if isinstance(found, Mapping) else None


def _dict(values: Mapping[str, object]) -> Value:
    made = Dict(values)
    freeze(made)
    return made


def _outputs(action: Action) -> Depset[Artifact]:
    return Depset(action.outputs)


def _repr(action: Action, printer: Printer) -> None:
    printer.write(f"<{action.mnemonic} action of {action.owner}>")


_TYPE = HostType(
    name="Action",
    fields={
        "args": lambda action: None,
        "argv": _argv,
        "content": _content,
        "env": lambda action: _dict(action.environment if isinstance(action, Spawn) else {}),
        "inputs": inputs_of,
        "mnemonic": lambda action: action.mnemonic,
        "outputs": _outputs,
        "substitutions": _substitutions,
    },
    hashable=True,
    repr=_repr,
)
for _kind in (ImportTree, LinkArtifact, MakeForest, MakeSymlink, RunTool, Spawn, WriteFile):
    register(_kind, _TYPE)
