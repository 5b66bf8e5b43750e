"""`py_binary` and `py_test`: a program started by a native launcher in a virtualenv.

The venv is another target: one of the program's own that the macros make, or a shared one that `external_venv` names
and whose closure is checked to hold the program's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.launchers.config import Argument
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.label import Label
from venvship.model.paths import TreePath, join, parent
from venvship.model.provider import DefaultInfo, OutputGroupInfo, RunEnvironmentInfo
from venvship.model.runfiles import Runfiles, RunfilesLink
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info, test_info
from venvship.rules.python.bytecode import bytecode_place, compiled_for_program, omits_sources, precompile_flag
from venvship.rules.python.coverage import check_coverage
from venvship.rules.python.dialect import RULES_PYTHON, dialect_of
from venvship.rules.python.given_links import check_given_links
from venvship.rules.python.launching import (
    ENVIRONMENT_ATTRIBUTES,
    environment_of,
    inherited_variables,
    isolation_options,
    target_variables,
    write_launcher,
)
from venvship.rules.python.library import (
    DEBUGGER,
    LIBRARY_ATTRIBUTES,
    Closure,
    bytecode_of,
    check_python_3,
    closure_of,
    measured_files,
)
from venvship.rules.python.providers import InterpreterInfo, PyExecutableInfo, VirtualenvInfo
from venvship.rules.python.settings import PYTHON_ZIP, check_settings, rules_python_setting
from venvship.rules.python.transitions import python_transition
from venvship.rules.python.venv import bootstrap_of
from venvship.rules.python.virtual import resolved
from venvship.rules.python.zipapp import write_archive
from venvship.venvs.coverage import CoverageChecker

PROGRAM_ATTRIBUTES = (
    *LIBRARY_ATTRIBUTES,
    *ENVIRONMENT_ATTRIBUTES,
    attributes.label("main", files=True),
    attributes.string("main_name"),
    attributes.string("main_module"),
    # The program's own virtualenv, or a shared one.
    attributes.label("venv", providers=(VirtualenvInfo,)),
    attributes.label("external_venv"),
    DEBUGGER,
    attributes.boolean("isolated", True),
    attributes.boolean("include_user_site_packages"),
    attributes.strings("interpreter_options"),
    attributes.string("python_version"),
    attributes.string("dep_group"),
    attributes.string_dict("config_settings"),
    attributes.tristate("legacy_create_init"),
    attributes.tristate("stamp"),
    attributes.string("pyc_collection", "inherit", values=("inherit", "include_pyc", "disabled")),
)


_EXPLICIT_INIT = "incompatible_default_to_explicit_init_py"


def program_rules() -> tuple[RuleClass, RuleClass]:
    """`py_binary` and `py_test`; programs that share a venv share what is known of it."""
    checker = CoverageChecker()

    def binary(ctx: RuleContext) -> list[object]:
        return _program(ctx, checker)

    def test(ctx: RuleContext) -> list[object]:
        return [*_program(ctx, checker), test_info(ctx)]

    plain = RuleClass(
        "py_binary",
        PROGRAM_ATTRIBUTES,
        binary,
        is_executable=True,
        transition=python_transition,
        is_extendable=True,
    )
    return plain, replace(plain, name="py_test", implementation=test, is_test=True)


def _program(ctx: RuleContext, checker: CoverageChecker) -> list[object]:
    check_python_3(ctx)
    check_settings(ctx)
    venv = _venv(ctx)
    is_shared = ctx.target_or_none("external_venv") is not None
    compiled = bytecode_of(ctx)
    own = closure_of(ctx, compiled)
    # What a shared venv holds is for its own target to say.
    needed = own if is_shared else own.with_targets(ctx.targets(DEBUGGER.name))
    closure, virtuals = resolved(ctx, needed, held=venv.virtuals if is_shared else {})
    code = closure.code
    if is_shared:
        check_coverage(ctx, checker, venv, closure, virtuals)
        check_given_links(ctx, closure, venv)
    main, module = _entry(ctx)
    if main is not None and omits_sources(ctx):
        main = compiled.get(main, main)
    name = ctx.label.name
    is_packed = dialect_of(ctx) is RULES_PYTHON and ctx.configuration.get(PYTHON_ZIP) == "true"
    launcher = ctx.declare_file(f"{name}_zip_start" if is_packed else name)
    environment = {**dict(venv.environment), **environment_of(ctx)}
    inherited = tuple(dict.fromkeys([*venv.environment_inherited, *inherited_variables(ctx)]))
    quiet = () if dialect_of(ctx).writes_bytecode else ("-B",)
    options = [*quiet, *_isolation(ctx, venv), *map(ctx.expand, ctx.strings("interpreter_options"))]
    start = [Argument("-m"), Argument(module)] if main is None else [Argument.runfile(main.runfiles_path)]
    write_launcher(
        ctx,
        launcher,
        venv,
        [*map(Argument, options), *start],
        environment=environment,
        inherited=inherited,
        defaults={"PYTHONSAFEPATH": "1"} if dialect_of(ctx).safe_path and not ctx.boolean("isolated") else {},
    )

    info = _executable_info(ctx, closure, venv, launcher=launcher, main=main, module=module, options=options)
    runfiles = Runfiles.merged([info.runfiles_without_exe], files=[launcher])
    executable, shown = launcher, [launcher]
    groups = {"venv": venv.entries}
    if is_packed:
        executable = ctx.declare_file(name)
        write_archive(ctx, executable, info, runfiles.entries())
        runfiles = Runfiles.merged([runfiles], files=[executable])
        archive = ctx.declare_file(f"{name}.zip")
        ctx.link_artifact(archive, executable)
        shown = [executable, archive]
        groups["python_zip_file"] = Depset([archive])
    shown += [main] if main is not None else []
    kept = Depset(closure.own_sources, [code.direct_pyc_files])
    files = Depset(shown, [kept]) if dialect_of(ctx).outputs_sources else Depset(shown)
    return [
        DefaultInfo(files, runfiles, runfiles, executable),
        info,
        code,
        closure.wheels,
        venv,
        venv.runtime.runtime,
        RunEnvironmentInfo({**environment, **target_variables(ctx.label)}, inherited),
        OutputGroupInfo(groups),
        measured_files(ctx),
        arguments_info(ctx),
    ]


def _venv(ctx: RuleContext) -> VirtualenvInfo:
    target = ctx.target_or_none("external_venv") or ctx.target_or_none("venv")
    if target is None:
        raise ctx.error(
            "`external_venv` is None, by a condition",
            hint="name a py_venv for every condition, or remove external_venv",
        )
    venv = target.get(VirtualenvInfo)
    if venv is None:
        raise ctx.error(
            f"`external_venv` is `{target.label}`, a {target.kind}, and no virtualenv",
            hint="name a py_venv, or remove external_venv",
        )
    return venv


def _executable_info(
    ctx: RuleContext,
    closure: Closure,
    venv: VirtualenvInfo,
    *,
    launcher: Artifact,
    main: Artifact | None,
    module: str,
    options: Iterable[str],
) -> PyExecutableInfo:
    sources = Runfiles(
        files=union([closure.code.transitive_sources, closure.code.transitive_pyc_files]),
        root_symlinks=Depset(_collected_bytecode(ctx, closure)),
        empty_filenames=Depset(_package_files(ctx, closure.code.transitive_sources)),
    )
    first_party = Runfiles.merged([closure.runfiles, sources], files=[main] if main is not None else ())
    stage2 = Runfiles(files=Depset([venv.build_data] if venv.build_data is not None else ()))
    third_party = Runfiles(files=venv.installs)
    links = Runfiles(files=venv.links)
    own = Runfiles(files=venv.bootstrap)
    interpreter = Runfiles(files=venv.runtime.files)
    app = Runfiles.merged([first_party, own, stage2, links, third_party])
    return PyExecutableInfo(
        launcher=launcher,
        main=main,
        venv=venv,
        interpreter_runfiles=interpreter,
        third_party_runfiles=third_party,
        venv_runfiles=links,
        first_party_runfiles=first_party,
        wheels=venv.wheels,
        third_party=venv.third_party,
        bootstrap_runfiles=bootstrap_of(venv, files=[launcher]),
        stage2_runfiles=stage2,
        app_runfiles=app,
        runfiles_without_exe=Runfiles.merged([app, interpreter]),
        interpreter_path=venv.runtime.executable,
        interpreter_args=tuple(options),
        venv_python_exe=venv.bin_python,
        venv_interpreter_runfiles=Runfiles(files=Depset([venv.bin_python])),
        build_data_file=venv.build_data,
        main_module=module,
    )


def _collected_bytecode(ctx: RuleContext, closure: Closure) -> list[RunfilesLink]:
    """Bytecode of the closure that no library has compiled, where the program wants it."""
    flag, collects = precompile_flag(ctx), ctx.string("pyc_collection")
    runtime = ctx.target_or_none("precompiling_runtime")
    if flag == "force_enabled" or (flag == "enabled" and collects == "inherit"):
        collects = "include_pyc"
    if runtime is None or collects != "include_pyc" or flag == "force_disabled":
        return []
    there = {file.runfiles_path for file in closure.code.transitive_pyc_files.to_tuple()}
    interpreter = runtime[InterpreterInfo]
    sources = [
        source
        for source in closure.code.transitive_sources.to_tuple()
        if bytecode_place(source, interpreter) not in there
    ]
    return [RunfilesLink(place, file) for place, file in compiled_for_program(ctx, sources, runtime).items()]


def _isolation(ctx: RuleContext, venv: VirtualenvInfo) -> tuple[str, ...]:
    if ctx.boolean("include_user_site_packages") and not venv.sees_system_sites:
        raise ctx.error(
            f"`include_user_site_packages` needs `include_system_site_packages` of `{venv.label}`: CPython looks at "
            "neither or at both",
            hint="set `include_system_site_packages = True` there",
        )
    if not ctx.boolean("isolated"):
        return ()
    return isolation_options(venv.runtime.version, user_site=ctx.boolean("include_user_site_packages"))


def _entry(ctx: RuleContext) -> tuple[Artifact | None, str]:
    """The file that is started, or the name of the module."""
    module = ctx.string("main_module")
    if not module:
        return _main(ctx), ""
    if ctx.target_or_none("main") is not None or ctx.string("main_name"):
        raise ctx.error("`main` and `main_module` are both set", hint="keep the one that is started")
    if not all(part.isidentifier() for part in module.split(".")):
        raise ctx.error(f"`main_module` is `{module}`, which is no name of a module")
    return None, module


def _main(ctx: RuleContext) -> Artifact:
    """`main`, or the source that the dialect takes for it."""
    dialect = dialect_of(ctx)
    name = ctx.label.name
    if name.endswith(".py") and not dialect.main_outside_sources:
        raise ctx.error(f"a program may not be called `{name}`: that is the name of a source")
    sources = _python_files(ctx.targets("srcs"))
    if ctx.string("main_name"):
        return _named_main(ctx, sources, ctx.string("main_name"))
    main = ctx.target_or_none("main")
    if main is not None:
        files = _python_files([main])
        if len(files) != 1:
            raise ctx.error(f"`main` must be one .py file; `{main.label}` gives {len(files)}")
        if not dialect.main_outside_sources and files[0] not in sources:
            raise ctx.error(f"`main` is `{main.label}`, which is not in `srcs`", hint="add it to `srcs`")
        return files[0]
    if len(sources) == 1 and dialect.main_may_be_alone:
        return sources[0]
    wanted = (name.rpartition("/")[2] if dialect.main_may_be_alone else name) + ".py"
    named = [source for source in sources if source.path == wanted or source.path.endswith(f"/{wanted}")]
    if len(named) != 1:
        reason = f"None is called `{wanted}`" if not named else f"{len(named)} are called `{wanted}`"
        count = "no sources" if not sources else "1 source" if len(sources) == 1 else f"{len(sources)} sources"
        raise ctx.error(
            f"which of the {count} is the program? {reason}",
            hint="set `main` to the file that is started",
        )
    return named[0]


def _named_main(ctx: RuleContext, sources: Sequence[Artifact], name: str) -> Artifact:
    """The source at a path below the package, else the only one whose path ends so."""
    path = join(ctx.label.package.path, name)
    at_path = [source for source in sources if source.path == path]
    found = at_path or [source for source in sources if source.path.endswith(f"/{name}")]
    if len(found) != 1:
        raise ctx.error(
            f"`main` is `{Label(ctx.label.package, name)}`, which is not in `srcs`", hint="add it to `srcs`"
        )
    return found[0]


def _python_files(targets: Iterable[ConfiguredTarget]) -> list[Artifact]:
    files = [file for target in targets for file in target.default_info.files.to_tuple()]
    return [file for file in dict.fromkeys(files) if file.path.endswith((".py", ".py3"))]


def _package_files(ctx: RuleContext, sources: Depset[Artifact]) -> list[TreePath]:
    """The `__init__.py` that directories of sources and those above lack, where the program or the flag wants them."""
    wanted_by_flag = rules_python_setting(ctx.configuration, _EXPLICIT_INIT) == "false"
    if ctx.integer("legacy_create_init") != 1 and not (wanted_by_flag and ctx.integer("legacy_create_init") == -1):
        return []
    present = {source.runfiles_path for source in sources.to_tuple()}
    wanted: dict[TreePath, None] = {}
    for path in sorted(present):
        above = parent(path)
        while "/" in above:
            wanted[TreePath(f"{above}/__init__.py")] = None
            above = parent(above)
    return sorted(path for path in wanted if path not in present)
