"""`py_binary` and `py_test`: a program started by a native launcher in a virtualenv.

The venv is another target: one of the program's own that the macros make, or a shared one that `external_venv` names
and whose closure is checked to hold the program's.
"""

from __future__ import annotations

from collections.abc import Iterable

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.launchers.config import Argument
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo, OutputGroupInfo, RunEnvironmentInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info, test_info
from venvship.rules.python.coverage import check_coverage
from venvship.rules.python.library import LIBRARY_ATTRIBUTES, data_runfiles, imports_of, sources_of, wheels_of
from venvship.rules.python.providers import PyExecutableInfo, PyInfo, VirtualenvInfo
from venvship.rules.python.venv import (
    ENVIRONMENT_ATTRIBUTES,
    environment_of,
    python_transition,
    target_variables,
    third_party_runfiles,
    venv_runfiles,
    write_launcher,
)
from venvship.venvs.coverage import CoverageChecker

PROGRAM_ATTRIBUTES = (
    *LIBRARY_ATTRIBUTES,
    *ENVIRONMENT_ATTRIBUTES,
    attributes.label("main", files=(".py",)),
    attributes.label("venv", providers=(VirtualenvInfo,), mandatory=True),
    attributes.boolean("is_external_venv"),
    attributes.boolean("isolated", True),
    attributes.strings("interpreter_options"),
    attributes.string("python_version"),
    attributes.string("dep_group"),
)


def program_rules() -> tuple[RuleClass, RuleClass]:
    """`py_binary` and `py_test`; programs that share a venv share what is known of it."""
    checker = CoverageChecker()

    def binary(ctx: RuleContext) -> list[object]:
        return _program(ctx, checker)

    def test(ctx: RuleContext) -> list[object]:
        return [*_program(ctx, checker), test_info(ctx)]

    return (
        RuleClass("py_binary", PROGRAM_ATTRIBUTES, binary, is_executable=True, transition=python_transition),
        RuleClass("py_test", PROGRAM_ATTRIBUTES, test, is_executable=True, is_test=True, transition=python_transition),
    )


def _program(ctx: RuleContext, checker: CoverageChecker) -> list[object]:
    [venv] = ctx.provided("venv", VirtualenvInfo)
    required = wheels_of(ctx)
    imports = imports_of(ctx)
    if ctx.boolean("is_external_venv"):
        check_coverage(ctx, checker, venv, wheels=required, imports=imports)
    main = _main(ctx)
    launcher = ctx.declare_file(ctx.label.name)
    environment = {**dict(venv.environment), **environment_of(ctx)}
    inherited = tuple(dict.fromkeys([*venv.environment_inherited, *ctx.strings("env_inherit")]))
    options = ["-B", *(["-I"] if ctx.boolean("isolated") else []), *map(ctx.expand, ctx.strings("interpreter_options"))]
    arguments = [*map(Argument, options), Argument.runfile(main.runfiles_path)]
    write_launcher(ctx, launcher, venv, arguments, environment, inherited)

    sources = sources_of(ctx)
    first_party = Runfiles.merged([data_runfiles(ctx), Runfiles(files=sources)], files=[main])
    info = PyExecutableInfo(
        launcher=launcher,
        main=main,
        venv=venv,
        interpreter_runfiles=Runfiles(files=Depset([venv.runtime.directory])),
        third_party_runfiles=third_party_runfiles(venv),
        venv_runfiles=venv_runfiles(venv),
        first_party_runfiles=first_party,
        wheels=venv.wheels,
    )
    runfiles = Runfiles.merged(
        [first_party, info.venv_runfiles, info.third_party_runfiles, info.interpreter_runfiles], files=[launcher]
    )
    return [
        DefaultInfo(Depset([launcher, main]), runfiles, runfiles, launcher),
        info,
        PyInfo(sources, imports),
        required,
        RunEnvironmentInfo({**environment, **target_variables(ctx.label)}, inherited),
        OutputGroupInfo({"venv": venv.entries}),
        arguments_info(ctx),
    ]


def _main(ctx: RuleContext) -> Artifact:
    """`main`, or the only source, or the source named like the target."""
    main = ctx.target_or_none("main")
    if main is not None:
        files = _python_files([main])
        if len(files) != 1:
            raise ctx.error(f"`main` must be one .py file; `{main.label}` gives {len(files)}")
        return files[0]
    sources = _python_files(ctx.targets("srcs"))
    if len(sources) == 1:
        return sources[0]
    wanted = ctx.label.name.rpartition("/")[2] + ".py"
    named = [source for source in sources if source.path.rpartition("/")[2] == wanted]
    if len(named) != 1:
        raise ctx.error(
            f"which of the {len(sources)} sources is the program? None is called `{wanted}`",
            hint="set `main` to the file that is started",
        )
    return named[0]


def _python_files(targets: Iterable[ConfiguredTarget]) -> list[Artifact]:
    files = [file for target in targets for file in target.default_info.files.to_tuple()]
    return [file for file in dict.fromkeys(files) if file.path.endswith(".py")]
