"""Wheels become directories: unpacked by one action, compiled by another one.

To unpack takes a wheel, and a fraction of the time; to compile takes an interpreter of the version that will read the
bytecode. What only looks at files, as an editor or a link in the output tree does, waits for the first alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.platform import PythonVersion
from venvship.rules.python.runtime import PyCompilerInfo


@dataclass(frozen=True, slots=True)
class Installation:
    """The directories of a wheel, which have one place in runfiles: `complete` has the bytecode as well.

    Where no interpreter can compile for the target, they are the same.
    """

    unpacked: Artifact
    complete: Artifact


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
    python_version = version.directory.removeprefix("python")
    request: dict[str, RequestValue] = {
        "wheel": archive,
        "output": directory,
        "python_version": python_version,
        "compiled_later": compiler.directory is not None,
        **(more or {}),
    }
    ctx.run_tool(
        "install_wheel",
        request,
        inputs=[archive],
        outputs=[directory],
        mnemonic="InstallWheel",
        progress=f"Installing {name}",
    )
    if compiler.directory is None:
        return Installation(directory, directory)
    complete = ctx.declare_with_bytecode(directory)
    ctx.run_tool(
        "compile_wheel",
        {"tree": directory, "output": complete, "python_version": python_version},
        inputs=[directory],
        outputs=[complete],
        mnemonic="CompileWheel",
        progress=f"Compiling {name}",
        interpreter=compiler.directory,
    )
    return Installation(directory, complete)
