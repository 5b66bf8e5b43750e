"""`sh_binary`, `sh_test` and `sh_library`: programs that are scripts already."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.depset import Depset, union
from venvship.model.provider import DefaultInfo, RunEnvironmentInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info, test_info

_ATTRIBUTES = (
    attributes.labels("srcs", files=True),
    attributes.labels("deps", files=True),
    attributes.labels("data", files=True),
)
_PROGRAM_ATTRIBUTES = (
    *_ATTRIBUTES,
    attributes.string_dict("env"),
    attributes.strings("env_inherit"),
    # Scripts are started by their first line everywhere.
    attributes.boolean("use_bash_launcher"),
)


def _beside(ctx: RuleContext) -> Runfiles:
    """What the script needs when it runs, without itself."""
    infos = [target.default_info for name in ("srcs", "deps") for target in ctx.targets(name)]
    files = union(info.files for info in infos)
    return Runfiles.merged([ctx.runfiles_of_data(), *(info.default_runfiles for info in infos), Runfiles(files=files)])


def _sh_library(ctx: RuleContext) -> list[object]:
    runfiles = _beside(ctx)
    return [DefaultInfo(union(t.default_info.files for t in ctx.targets("srcs")), runfiles, runfiles)]


def _sh_binary(ctx: RuleContext) -> list[object]:
    scripts = ctx.files("srcs")
    if len(scripts) != 1:
        raise ctx.error(f"`srcs` must be one script, and gives {len(scripts)} files")
    executable = ctx.declare_file(ctx.label.name)
    ctx.link_artifact(executable, scripts[0], executable=True)
    runfiles = Runfiles.merged([_beside(ctx)], files=[executable])
    environment = {name: ctx.expand(value) for name, value in ctx.string_dict("env").items()}
    return [
        DefaultInfo(Depset([executable]), runfiles, runfiles, executable),
        RunEnvironmentInfo(environment, ctx.strings("env_inherit")),
        arguments_info(ctx),
    ]


def _sh_test(ctx: RuleContext) -> list[object]:
    return [*_sh_binary(ctx), test_info(ctx)]


SH_LIBRARY = RuleClass("sh_library", _ATTRIBUTES, _sh_library)
SH_BINARY = RuleClass("sh_binary", _PROGRAM_ATTRIBUTES, _sh_binary, is_executable=True)
SH_TEST = RuleClass("sh_test", _PROGRAM_ATTRIBUTES, _sh_test, is_executable=True, is_test=True)
