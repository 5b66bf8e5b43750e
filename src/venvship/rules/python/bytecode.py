"""Bytecode of first-party sources, for those who ask for it; that of wheels is always there.

A library with `precompile = "enabled"` has its own compiled, beside its sources, for all that need it. A program that
collects bytecode compiles what is left in its closure: the places of these files in the runfiles tree are beside their
sources, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.configuration import COMPILATION_MODE
from venvship.model.paths import TreePath, basename, join, parent
from venvship.rules import attributes
from venvship.rules.python.providers import InterpreterInfo
from venvship.rules.python.runtime import PyCompilerInfo
from venvship.rules.python.settings import rules_python_setting

INVALIDATION_MODE: Final = attributes.string(
    "precompile_invalidation_mode", "auto", values=("auto", "checked_hash", "unchecked_hash")
)
_RETENTION: Final = "precompile_source_retention"
OPTIMIZE_LEVEL: Final = attributes.integer("precompile_optimize_level")


def precompile_flag(ctx: RuleContext) -> str:
    """The setting of rules_python: `auto`, `enabled`, `disabled`, or one of these with `force_` before it."""
    return rules_python_setting(ctx.configuration, "precompile") or "auto"


def is_precompiled(ctx: RuleContext) -> bool:
    """Whether a target shall have its own sources compiled for all that need it, unless the flag forces the answer."""
    flag = precompile_flag(ctx)
    return flag == "force_enabled" if flag.startswith("force_") else ctx.string("precompile") == "enabled"


def omits_sources(ctx: RuleContext) -> bool:
    """Whether bytecode stands for the sources that are compiled."""
    own = ctx.string("precompile_source_retention")
    return (rules_python_setting(ctx.configuration, _RETENTION) if own == "inherit" else own) == "omit_source"


def bytecode_place(source: Artifact, interpreter: InterpreterInfo) -> TreePath:
    """Where an import looks for the bytecode of a source, in a runfiles tree."""
    return TreePath(join(parent(source.runfiles_path), _cache_name(source, interpreter)))


def compiled_beside(
    ctx: RuleContext, sources: Iterable[Artifact], runtime: ConfiguredTarget, *, without_sources: bool
) -> dict[Artifact, Artifact]:
    """Compile the sources of this package, each into a file beside it; where there will be no source, in its place."""
    interpreter = runtime[InterpreterInfo]
    here = ctx.label.package.path
    found: dict[Artifact, Artifact] = {}
    for source in sources:
        inside = source.path.removeprefix(f"{here}/") if here else source.path
        if not source.path.endswith(".py") or (here and inside == source.path):
            continue
        name = f"{inside}c" if without_sources else join(parent(TreePath(inside)), _cache_name(source, interpreter))
        found[source] = ctx.declare_file(name)
        # A step for each, as several targets of a package may have one source, and it is compiled once then.
        _compile(ctx, {source: found[source]}, runtime)
    return found


def compiled_for_program(
    ctx: RuleContext, sources: Iterable[Artifact], runtime: ConfiguredTarget
) -> dict[TreePath, Artifact]:
    """Compile sources of any package into files of this target; they belong to these places of its runfiles."""
    interpreter = runtime[InterpreterInfo]
    found: dict[Artifact, Artifact] = {}
    for source in sources:
        if source.path.endswith(".py"):
            found[source] = ctx.declare_file(f"{ctx.label.name}.bytecode/{source.runfiles_path}c")
    _compile(ctx, found, runtime)
    return {bytecode_place(source, interpreter): output for source, output in found.items()}


def _cache_name(source: Artifact, interpreter: InterpreterInfo) -> str:
    stem = basename(source.path).removesuffix(".py")
    return f"__pycache__/{stem}.{interpreter.version.bytecode_tag}.pyc"


def _compile(ctx: RuleContext, files: Mapping[Artifact, Artifact], runtime: ConfiguredTarget) -> None:
    if not files:
        return
    compiler = runtime[PyCompilerInfo].directory
    if compiler is None:
        raise ctx.error(
            f"no interpreter of version {runtime[InterpreterInfo].version} runs on this machine, to precompile with",
            hint='build without `precompile = "enabled"` and `pyc_collection = "include_pyc"`',
        )
    level = ctx.integer(OPTIMIZE_LEVEL.name)
    if level not in (0, 1, 2):
        raise ctx.error(f"`precompile_optimize_level` is 0, 1 or 2, not {level}")
    mode = ctx.string(INVALIDATION_MODE.name)
    is_optimised = ctx.configuration.get(COMPILATION_MODE) == "opt"
    rows: list[RequestValue] = [
        {"source": source, "output": output, "name": source.runfiles_path} for source, output in files.items()
    ]
    ctx.run_tool(
        "compile_sources",
        {
            "files": tuple(rows),
            "optimize": level,
            "is_checked": mode == "checked_hash" or (mode == "auto" and not is_optimised),
        },
        inputs=files,
        outputs=tuple(files.values()),
        mnemonic="PyCompile",
        progress=f"Compiling sources of {ctx.label}",
        interpreter=compiler,
    )
