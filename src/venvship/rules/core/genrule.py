"""`genrule`: outputs made by a shell command."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.rule_class import RuleClass
from venvship.model.action import Program, Spawn
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.paths import parent
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes

_SHELL = "/bin/bash"
_SETUP = "set -euo pipefail; "


def _genrule(ctx: RuleContext) -> list[object]:
    outputs = tuple(ctx.declare_file(label.name) for label in ctx.labels("outs"))
    if not outputs:
        raise ctx.error("a genrule must name at least one output in `outs`")
    srcs = ctx.files("srcs")
    command = ctx.string("cmd_bash") or ctx.string("cmd")
    programs = tuple(
        Program(target.default_info.executable, target.default_info.default_runfiles)
        for target in ctx.targets("tools")
        if target.default_info.executable is not None
    )
    command = _with_automatic_variables(command, srcs, outputs)
    if "$(" in command:
        command = ctx.expand(command, ("srcs", "tools"), location="execpath")
    else:
        command = command.replace("$$", "$")
    ctx.spawn(
        Spawn(
            ctx.label,
            (_SHELL, "-c", _SETUP + command),
            Depset([*srcs, *ctx.files("tools")]),
            outputs,
            "Genrule",
            ctx.string("message") or f"Executing genrule {ctx.label}",
            {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
            frozenset(tag for tag in ctx.strings("tags") if tag),
            programs,
        )
    )
    files = Depset(outputs)
    runfiles = Runfiles(files=files)
    executable = outputs[0] if ctx.boolean("executable") else None
    return [DefaultInfo(files, runfiles, runfiles, executable)]


def _with_automatic_variables(command: str, srcs: tuple[Artifact, ...], outputs: tuple[Artifact, ...]) -> str:
    """Replace `$@`, `$<`, `$(SRCS)`, `$(OUTS)`, `$(@D)` and `$(RULEDIR)`; `$$` is kept for later."""
    first_directory = parent(outputs[0].exec_path)
    variables = {
        "$(SRCS)": " ".join(src.exec_path for src in srcs),
        "$(OUTS)": " ".join(output.exec_path for output in outputs),
        "$(@D)": first_directory,
        "$(RULEDIR)": first_directory,
        "$@": outputs[0].exec_path if len(outputs) == 1 else "$@",
        "$<": srcs[0].exec_path if len(srcs) == 1 else "$<",
    }
    pieces = command.split("$$")
    for index, piece in enumerate(pieces):
        for name, value in variables.items():
            piece = piece.replace(name, value)
        pieces[index] = piece
    return "$$".join(pieces)


GENRULE = RuleClass(
    "genrule",
    (
        attributes.labels("srcs", files=True),
        AttributeSpec("outs", AttributeType.OUTPUT_LIST, mandatory=True, configurable=False),
        attributes.string("cmd"),
        attributes.string("cmd_bash"),
        attributes.labels("tools", files=True, transition="exec"),
        attributes.boolean("executable"),
        attributes.string("message"),
        attributes.boolean("local"),
        attributes.boolean("output_to_bindir"),
    ),
    _genrule,
)
