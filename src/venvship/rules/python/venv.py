"""`py_venv`: a virtualenv planned at analysis.

All of its links and small files are made in one step, from values that analysis computed; no wheel is read for it.
Running the target starts the venv's interpreter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from venvship.analysis.rule_context import RuleContext
from venvship.launchers.config import Argument, LauncherConfig
from venvship.launchers.console_script import console_script_config
from venvship.launchers.template import finalise, template
from venvship.loading.rule_class import ExecGroup, RuleClass
from venvship.model.action import ForestFile, ForestLink
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.paths import TreePath, basename, join, relative_link
from venvship.model.platform import Platform
from venvship.model.provider import DefaultInfo, OutputGroupInfo, RunEnvironmentInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info
from venvship.rules.python.build_data import MODULE_FILE, module_text, write_build_data
from venvship.rules.python.dialect import RULES_PYTHON, dialect_of
from venvship.rules.python.given_links import given_links
from venvship.rules.python.launching import (
    ENVIRONMENT_ATTRIBUTES,
    environment_of,
    inherited_variables,
    target_variables,
    write_launcher,
)
from venvship.rules.python.library import DEBUGGER, LIBRARY_ATTRIBUTES, closure_of, measured_files
from venvship.rules.python.measuring import measuring_files
from venvship.rules.python.origins import required_by
from venvship.rules.python.providers import PyWheelsInfo, VenvInterpreter, VirtualenvInfo
from venvship.rules.python.registered_runtime import PYTHON_TOOLCHAIN, check_wheels_fit, interpreter_of_venvs
from venvship.rules.python.runtime import RUNTIME_ATTRIBUTE
from venvship.rules.python.settings import check_settings
from venvship.rules.python.transitions import python_transition
from venvship.rules.python.virtual import resolved
from venvship.venvs.collisions import CollisionPolicy
from venvship.venvs.layout import site_packages_of
from venvship.venvs.plan import VenvFile, VenvLink, VenvLocation, VenvPlan, VenvScript, plan_venv
from venvship.venvs.wheel_layout import InstalledScript, InstalledWheel, ScriptEntryPoint

VENV_ATTRIBUTES = (
    *LIBRARY_ATTRIBUTES,
    *ENVIRONMENT_ATTRIBUTES,
    attributes.strings("interpreter_options"),
    attributes.string("package_collisions", "warning", values=("error", "warning", "ignore")),
    attributes.boolean("include_system_site_packages"),
    attributes.boolean("include_user_site_packages"),
    attributes.string("python_version"),
    attributes.string("dep_group"),
    attributes.string_dict("config_settings"),
    attributes.boolean("debug"),
    DEBUGGER,
    # The program that a venv is made for, by name: it tells the program about its build.
    attributes.string("program"),
    attributes.tristate("stamp"),
    # A file that the interpreter starts with.
    attributes.label("started", files=True),
    RUNTIME_ATTRIBUTE,
)


def _py_venv(ctx: RuleContext) -> list[object]:
    runtime = interpreter_of_venvs(ctx)
    _check_sites(ctx)
    if ctx.boolean("debug"):
        raise ctx.error(
            "`debug` can't be True: no shell starts a virtualenv, whose commands could be shown", hint="remove `debug`"
        )
    if not ctx.string("program"):
        check_settings(ctx)
    program = ctx.string("program")
    asker = ctx.label.sibling(program) if program else None
    needed = closure_of(ctx, program=asker).with_targets(ctx.targets(DEBUGGER.name))
    closure, virtuals = resolved(ctx, needed, program=asker)
    code = closure.code
    name = ctx.label.name
    directory_name = name if dialect_of(ctx) is RULES_PYTHON else "." + name.replace("/", "_")
    package = ctx.label.package
    directory = TreePath(join(package.runfiles_directory, package.path, directory_name))
    wheels = closure.wheels.wheels.to_tuple()
    if wheels:
        check_wheels_fit(ctx, runtime)
    plan = plan_venv(
        [record.layout for record in wheels],
        location=VenvLocation(directory),
        python=runtime.version,
        interpreter=TreePath(runtime.executable),
        first_party=code.imports.to_tuple(),
        members=code.distributions.to_tuple(),
        policy=CollisionPolicy(ctx.string("package_collisions")),
        precedence=dialect_of(ctx).precedence,
        include_system_site_packages=ctx.boolean("include_system_site_packages"),
        environment=target_variables(ctx.label),
        why=lambda wheel: _why(closure.wheels, wheel),
    )
    if closure.code.made_symlinks:
        taken = [entry.path for entry in plan.entries]
        given = given_links(ctx, closure, taken=taken, directory=directory, python=runtime.version)
        plan = replace(plan, entries=tuple(sorted((*plan.entries, *given), key=lambda entry: entry.path)))
    build_data = write_build_data(ctx, program) if program else None
    forest = _make(ctx, plan, directory, directory_name, build_data, runtime)
    links = [entry.artifact for entry in forest if isinstance(entry, ForestLink)]
    interpreters = [link for link in links if _is_interpreter(link, directory)]
    files = [entry.artifact for entry in forest if isinstance(entry, ForestFile)]
    environment = environment_of(ctx)
    inherited = inherited_variables(ctx)
    info = VirtualenvInfo(
        ctx.label,
        directory,
        TreePath(f"{directory}/bin/python"),
        forest,
        Depset([entry.artifact for entry in forest]),
        closure.wheels.wheels,
        code.imports,
        runtime,
        tuple(environment.items()),
        inherited,
        bin_python=next(link for link in interpreters if basename(link.path) == "python"),
        bootstrap=Depset([*interpreters, *files]),
        links=Depset([link for link in links if link not in interpreters]),
        installs=closure.wheels.installs,
        third_party={record.project: Depset([record.install]) for record in wheels},
        transitive_sources=code.transitive_sources,
        distributions=code.distributions,
        virtuals=virtuals,
        build_data=build_data,
        notes=plan.notes,
        sees_system_sites=ctx.boolean("include_system_site_packages"),
    )
    launcher = ctx.declare_file(f"{name}_start" if directory_name == name else name)
    options = [Argument("-B"), *(Argument(ctx.expand(option)) for option in ctx.strings("interpreter_options"))]
    started = ctx.files("started")
    options += [Argument.runfile(file.runfiles_path) for file in started]
    write_launcher(ctx, launcher, info, options, environment=environment, inherited=inherited)
    parts = [
        closure.runfiles,
        Runfiles(files=code.transitive_sources),
        Runfiles(files=info.entries),
        Runfiles(files=runtime.files),
    ]
    own = [launcher, *([build_data] if build_data else []), *started]
    runfiles = Runfiles.merged([*parts, Runfiles(files=info.installs)], files=own)
    # Who builds a venv wants to look at it, or to have it in an editor, and need not wait for bytecode.
    built = Runfiles.merged([*parts, Runfiles(files=closure.wheels.unpacked)], files=own)
    return [
        DefaultInfo(Depset([launcher, *info.entries.direct]), runfiles, runfiles, launcher, built_runfiles=built),
        info,
        code,
        closure.wheels,
        OutputGroupInfo({"venv": info.entries}),
        measured_files(ctx),
        RunEnvironmentInfo({**environment, **target_variables(ctx.label)}, inherited),
        arguments_info(ctx),
    ]


def _check_sites(ctx: RuleContext) -> None:
    if ctx.boolean("include_user_site_packages") and not ctx.boolean("include_system_site_packages"):
        raise ctx.error(
            "`include_user_site_packages` needs `include_system_site_packages`: CPython looks at neither or at both",
            hint="set `include_system_site_packages = True` as well",
        )


def _is_interpreter(link: Artifact, directory: TreePath) -> bool:
    inside = link.runfiles_path.removeprefix(directory + "/")
    return inside.startswith("bin/python") and "/" not in inside.removeprefix("bin/")


def _why(required: PyWheelsInfo, wheel: InstalledWheel) -> str:
    return required_by(required, lambda record: record.layout is wheel) or ""


def _make(
    ctx: RuleContext,
    plan: VenvPlan,
    directory: TreePath,
    directory_name: str,
    build_data: Artifact | None,
    runtime: VenvInterpreter,
) -> tuple[ForestLink | ForestFile, ...]:
    entries: list[ForestLink | ForestFile] = []
    for entry in plan.entries:
        name = f"{directory_name}/{entry.path}"
        if isinstance(entry, VenvLink):
            entries.append(ForestLink(ctx.declare_symlink(name), entry.text))
        else:
            content, executable = entry_content(entry, directory, ctx.configuration.platform)
            entries.append(ForestFile(ctx.declare_file(name), content, executable))
    if build_data is not None:
        inside = f"{site_packages_of(runtime.version)}/{MODULE_FILE}"
        if all(entry.path != inside for entry in plan.entries):
            module = module_text(relative_link(f"{directory}/{inside}", build_data.runfiles_path))
            entries.append(ForestFile(ctx.declare_file(f"{directory_name}/{inside}"), module))
    site_packages = site_packages_of(runtime.version)
    for path, content in measuring_files(ctx, runtime.runtime, TreePath(f"{directory}/{site_packages}")):
        entries.append(ForestFile(ctx.declare_file(f"{directory_name}/{site_packages}/{path}"), content))
    program = ctx.string("program")
    ctx.make_forest(directory_name, entries, program=ctx.label.sibling(program) if program else None)
    for warning in plan.warnings:
        ctx.warn(warning)
    return tuple(entries)


def entry_content(
    entry: VenvFile | VenvScript, directory: TreePath, platform: Platform, *, python: Argument | None = None
) -> tuple[bytes, bool]:
    """The bytes of an entry that is no link, and whether it can be executed; scripts are launchers."""
    if isinstance(entry, VenvFile):
        return entry.content, entry.executable
    match entry.script:
        case ScriptEntryPoint(name, module, attribute):
            config = console_script_config(name, module=module, function=attribute, python=python)
        case InstalledScript():
            interpreter = python or Argument.sibling("python")
            config = LauncherConfig((interpreter, Argument("-I"), _program(entry, directory)), export_runfiles=False)
        case _:
            assert_never(entry.script)
    return finalise(template(platform), config), True


def _program(entry: VenvScript, directory: TreePath) -> Argument:
    source = entry.source or TreePath("")
    if source.startswith("/"):
        return Argument(source)
    return Argument.sibling(relative_link(f"{directory}/{entry.path}", source))


def bootstrap_of(info: VirtualenvInfo, *, files: Iterable[Artifact] = ()) -> Runfiles:
    """What every start from a venv reads, and `files`."""
    return Runfiles.merged([Runfiles(files=info.bootstrap)], files=files)


PY_VENV = RuleClass(
    "py_venv",
    VENV_ATTRIBUTES,
    _py_venv,
    is_executable=True,
    transition=python_transition,
    actions=ExecGroup((PYTHON_TOOLCHAIN,)),
)
