"""Wheels become directories: unpacked by one action, compiled by another one.

To unpack takes a wheel, and a fraction of the time; to compile takes an interpreter of the version that will read the
bytecode. What only looks at files, as an editor or a link in the output tree does, waits for the first alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.model.action import RequestValue, RunTool
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.platform import PythonVersion
from venvship.rules.python.runtime import PyCompilerInfo


@dataclass(frozen=True, slots=True)
class Installation:
    """The directories of a wheel, which have one place in runfiles: `complete` has the bytecode as well.

    Where no interpreter can compile for the target, they are the same.
    """

    unpacked: Artifact
    complete: Artifact


def unpacking(
    owner: Label,
    archive: Artifact,
    directory: Artifact,
    *,
    version: PythonVersion,
    compiled_later: bool,
    name: str,
    more: Mapping[str, RequestValue] | None = None,
) -> RunTool:
    """The action that unpacks `archive` into `directory`; where that lies is no part of its key."""
    request: dict[str, RequestValue] = {
        "wheel": archive,
        "output": directory,
        "python_version": _spelled(version),
        "compiled_later": compiled_later,
        **(more or {}),
    }
    return RunTool(
        owner,
        "install_wheel",
        request,
        Depset([archive]),
        (directory,),
        "InstallWheel",
        f"Installing {name}",
        placeless=True,
    )


def install(
    ctx: RuleContext,
    archive: Artifact,
    directory: Artifact,
    *,
    version: PythonVersion,
    compiler: PyCompilerInfo,
    name: str,
    more: Mapping[str, RequestValue] | None = None,
) -> Installation:
    """Unpack `archive` into `directory`, and compile it; `more` is for the request to unpack."""
    compiled_later = compiler.directory is not None
    ctx.actions.append(
        unpacking(ctx.label, archive, directory, version=version, compiled_later=compiled_later, name=name, more=more)
    )
    if compiler.directory is None:
        return Installation(directory, directory)
    complete = ctx.declare_with_bytecode(directory)
    ctx.run_tool(
        "compile_wheel",
        {"tree": directory, "output": complete, "python_version": _spelled(version)},
        inputs=[directory],
        outputs=[complete],
        mnemonic="CompileWheel",
        progress=f"Compiling {name}",
        interpreter=compiler.directory,
    )
    return Installation(directory, complete)


def _spelled(version: PythonVersion) -> str:
    return version.directory.removeprefix("python")
