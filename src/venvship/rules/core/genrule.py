"""`genrule`: outputs made by a shell command."""

from __future__ import annotations

import re

from venvship.analysis.rule_context import RuleContext
from venvship.analysis.status_files import stable_status, volatile_status
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.config_module import EXEC
from venvship.loading.rule_class import RuleClass
from venvship.model.action import Program, Spawn
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.paths import join, parent
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import EMPTY_RUNFILES, Runfiles
from venvship.rules import attributes

_SHELL = "/bin/bash"
_DOLLAR = re.compile(r"\$(.?)", re.DOTALL)
_AFTER_DOLLAR = frozenset("$@<(")
_SETUP = "set -euo pipefail; "
# Where commands that ask for a stamp read it.
_STABLE = "bazel-out/stable-status.txt"
_VOLATILE = "bazel-out/volatile-status.txt"


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
    _refuse_lone_dollars(ctx, command)
    status = {_STABLE: stable_status(ctx), _VOLATILE: volatile_status(ctx)} if ctx.is_stamped else {}
    for path, file in status.items():
        command = command.replace(path, file.exec_path)
    command = _with_automatic_variables(command, srcs, outputs)
    if "$(" in command:
        command = ctx.expand(command, ("srcs", "tools"), location="execpath")
    else:
        command = command.replace("$$", "$")
    ctx.spawn(
        Spawn(
            ctx.label,
            (_SHELL, "-c", _SETUP + command),
            # Variables name files of the configuration of the target, `tools` those of another.
            Depset(
                [*srcs, *ctx.files("tools"), *status.values()],
                [target.default_info.files for target in ctx.targets("toolchains")],
            ),
            outputs,
            "Genrule",
            ctx.string("message") or f"Executing genrule {ctx.label}",
            {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
            frozenset(tag for tag in ctx.strings("tags") if tag),
            programs,
        )
    )
    files = Depset(outputs)
    executable = outputs[0] if ctx.boolean("executable") else None
    # Only who uses the outputs as data has them beside it.
    own = EMPTY_RUNFILES if executable is None else Runfiles(files=Depset([executable]))
    return [DefaultInfo(files, own, Runfiles(files=files), executable)]


def _refuse_lone_dollars(ctx: RuleContext, command: str) -> None:
    for match in _DOLLAR.finditer(command):
        if match[1] not in _AFTER_DOLLAR:
            raise ctx.error(
                f"`${match[1]}` in the command is not a variable of genrules",
                hint="write `$$` where the shell is to see `$`",
            )


def _with_automatic_variables(command: str, srcs: tuple[Artifact, ...], outputs: tuple[Artifact, ...]) -> str:
    """Replace `$@`, `$<`, `$(SRCS)`, `$(OUTS)`, `$(@D)` and `$(RULEDIR)`; `$$` is kept for later."""
    package = join(outputs[0].root.exec_path, outputs[0].owner.package.path)
    variables = {
        "$(SRCS)": " ".join(src.exec_path for src in srcs),
        "$(OUTS)": " ".join(output.exec_path for output in outputs),
        "$(@D)": parent(outputs[0].exec_path) if len(outputs) == 1 else package,
        "$(RULEDIR)": package,
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
        # What other systems would run.
        attributes.string("cmd_bat"),
        attributes.string("cmd_ps"),
        attributes.integer("stamp"),
        attributes.boolean("heuristic_label_expansion"),
        attributes.labels("tools", files=True, transition=EXEC),
        attributes.boolean("executable"),
        attributes.string("message"),
        attributes.boolean("local"),
        attributes.boolean("output_to_bindir"),
    ),
    _genrule,
)
