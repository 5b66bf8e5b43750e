"""`py_venv`: a virtualenv planned at analysis.

All of its links and small files are made in one step, from values that analysis computed; no wheel is read for it.
Running the target starts the venv's interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from venvship.analysis.rule_context import RuleContext
from venvship.launchers.config import Argument, LauncherConfig, Variable, VariableMode
from venvship.launchers.console_script import console_script_config
from venvship.launchers.template import finalise, template
from venvship.loading.attributes import PlainValue
from venvship.loading.rule_class import RuleClass
from venvship.model.action import ForestFile, ForestLink
from venvship.model.artifact import Artifact
from venvship.model.configuration import DEP_GROUP, PYTHON_VERSION, Configuration
from venvship.model.depset import Depset
from venvship.model.label import MAIN_RUNFILES_DIRECTORY, Label
from venvship.model.paths import TreePath, join, relative_link
from venvship.model.provider import DefaultInfo, RunEnvironmentInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info
from venvship.rules.python.library import LIBRARY_ATTRIBUTES, data_runfiles, imports_of, sources_of, wheels_of
from venvship.rules.python.origins import required_by
from venvship.rules.python.providers import PyInfo, PyRuntimeInfo, PyWheelsInfo, VirtualenvInfo
from venvship.rules.python.runtime import RUNTIME_ATTRIBUTE
from venvship.venvs.collisions import CollisionPolicy, Precedence
from venvship.venvs.plan import VenvFile, VenvLink, VenvLocation, VenvPlan, VenvScript, plan_venv
from venvship.venvs.wheel_layout import InstalledScript, InstalledWheel, ScriptEntryPoint

ENVIRONMENT_ATTRIBUTES = (
    attributes.string_dict("env"),
    attributes.strings("env_inherit"),
)
VENV_ATTRIBUTES = (
    *LIBRARY_ATTRIBUTES,
    *ENVIRONMENT_ATTRIBUTES,
    attributes.strings("interpreter_options"),
    attributes.string("package_collisions", "warning", values=("error", "warning", "ignore")),
    attributes.boolean("include_system_site_packages"),
    attributes.string("python_version"),
    attributes.string("dep_group"),
    RUNTIME_ATTRIBUTE,
)
_RESERVED_VARIABLES = ("VIRTUAL_ENV", "BAZEL_TARGET", "BAZEL_WORKSPACE", "BAZEL_TARGET_NAME")


def python_transition(values: Mapping[str, PlainValue], configuration: Configuration) -> Configuration:
    """Build a target and all below it for its own `python_version` and `dep_group`."""
    asked = {PYTHON_VERSION: values["python_version"], DEP_GROUP: values["dep_group"]}
    return configuration.with_options({name: str(value) for name, value in asked.items() if value})


def _py_venv(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.provided(RUNTIME_ATTRIBUTE.name, PyRuntimeInfo)
    required = wheels_of(ctx)
    wheels = required.wheels
    imports = imports_of(ctx)
    name = ctx.label.name.replace("/", "_")
    directory_name = f".{name}"
    package = ctx.label.package
    directory = TreePath(join(package.runfiles_directory, package.path, directory_name))
    plan = plan_venv(
        [record.layout for record in wheels.to_tuple()],
        location=VenvLocation(directory),
        python=runtime.version,
        interpreter=runtime.prefix,
        first_party=imports.to_tuple(),
        policy=CollisionPolicy(ctx.string("package_collisions")),
        precedence=Precedence.FIRST_WINS if ctx.string("dialect") == "rules_python" else Precedence.LAST_WINS,
        include_system_site_packages=ctx.boolean("include_system_site_packages"),
        environment=target_variables(ctx.label),
        why=lambda wheel: _why(required, wheel),
    )
    forest = _make(ctx, plan, directory, directory_name)
    environment = environment_of(ctx)
    info = VirtualenvInfo(
        ctx.label,
        directory,
        TreePath(f"{directory}/bin/python"),
        forest,
        Depset([entry.artifact for entry in forest]),
        wheels,
        imports,
        runtime,
        tuple(environment.items()),
        ctx.strings("env_inherit"),
    )
    launcher = ctx.declare_file(ctx.label.name)
    options = [Argument("-B"), *(Argument(ctx.expand(option)) for option in ctx.strings("interpreter_options"))]
    write_launcher(ctx, launcher, info, options, environment, ctx.strings("env_inherit"))
    runfiles = Runfiles.merged(
        [data_runfiles(ctx), Runfiles(files=sources_of(ctx)), venv_runfiles(info), third_party_runfiles(info)],
        files=[launcher, runtime.directory],
    )
    return [
        DefaultInfo(Depset([launcher, *info.entries.direct]), runfiles, runfiles, launcher),
        info,
        PyInfo(sources_of(ctx), imports),
        required,
        RunEnvironmentInfo({**environment, **target_variables(ctx.label)}, ctx.strings("env_inherit")),
        arguments_info(ctx),
    ]


def _why(required: PyWheelsInfo, wheel: InstalledWheel) -> str:
    found = required_by(required, lambda record: record.layout is wheel)
    return f"required by {found}" if found else ""


def venv_runfiles(info: VirtualenvInfo) -> Runfiles:
    """The links and small files of a venv, and nothing that they lead to."""
    return Runfiles(files=info.entries)


def third_party_runfiles(info: VirtualenvInfo) -> Runfiles:
    """The directories of the installed wheels of a venv."""
    return Runfiles(files=Depset([record.install for record in info.wheels.to_tuple()]))


def target_variables(label: Label) -> dict[str, str]:
    """What a program may ask about the target that it is."""
    return {
        "BAZEL_TARGET": str(label),
        "BAZEL_WORKSPACE": label.repository or MAIN_RUNFILES_DIRECTORY,
        "BAZEL_TARGET_NAME": label.name,
    }


def environment_of(ctx: RuleContext) -> dict[str, str]:
    """The `env` attribute, expanded; names that the rule sets itself are refused."""
    environment = {name: ctx.expand(value) for name, value in ctx.string_dict("env").items()}
    reserved = sorted(set(environment) & set(_RESERVED_VARIABLES))
    if reserved:
        raise ctx.error(f"`env` may not set {', '.join(reserved)}: the rule sets these itself")
    return environment


def write_launcher(
    ctx: RuleContext,
    output: Artifact,
    venv: VirtualenvInfo,
    arguments: list[Argument],
    environment: Mapping[str, str],
    inherited: tuple[str, ...],
) -> None:
    """Declare `output` to be the native launcher that starts the venv's interpreter with `arguments`.

    The environment is baked in, so that a program that cron or a container starts has what `run` gives it.
    """
    modes = dict.fromkeys(inherited, VariableMode.DEFAULT)
    variables = [
        *(Variable.of(name, value, modes.get(name, VariableMode.SET)) for name, value in environment.items()),
        *(Variable.of(name, value) for name, value in target_variables(ctx.label).items()),
        Variable("VIRTUAL_ENV", Argument.runfile(venv.directory)),
        Variable("PATH", Argument.runfile(f"{venv.directory}/bin"), VariableMode.PREPEND_PATH),
    ]
    config = LauncherConfig((Argument.runfile(venv.python), *arguments), tuple(variables))
    ctx.write(output, finalise(template(ctx.configuration.platform), config), executable=True)


def _make(
    ctx: RuleContext, plan: VenvPlan, directory: TreePath, directory_name: str
) -> tuple[ForestLink | ForestFile, ...]:
    entries: list[ForestLink | ForestFile] = []
    for entry in plan.entries:
        name = f"{directory_name}/{entry.path}"
        if isinstance(entry, VenvLink):
            entries.append(ForestLink(ctx.declare_symlink(name), entry.text))
        else:
            content, executable = _content(ctx, entry, directory)
            entries.append(ForestFile(ctx.declare_file(name), content, executable))
    ctx.make_forest(directory_name, entries)
    for warning in plan.warnings:
        ctx.warn(warning)
    return tuple(entries)


def _content(ctx: RuleContext, entry: VenvFile | VenvScript, directory: TreePath) -> tuple[bytes, bool]:
    if isinstance(entry, VenvFile):
        return entry.content, entry.executable
    match entry.script:
        case ScriptEntryPoint(name, module, attribute):
            config = console_script_config(name, module=module, function=attribute)
        case InstalledScript():
            program = Argument.sibling(relative_link(f"{directory}/{entry.path}", entry.source or ""))
            config = LauncherConfig((Argument.sibling("python"), Argument("-I"), program), export_runfiles=False)
        case _:
            assert_never(entry.script)
    return finalise(template(ctx.configuration.platform), config), True


PY_VENV = RuleClass("py_venv", VENV_ATTRIBUTES, _py_venv, is_executable=True, transition=python_transition)
