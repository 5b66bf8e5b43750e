"""The native launchers of programs and virtualenvs, with their environment baked in.

A program that cron or a container starts has what `run` gives it: nothing of it is left to the command.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.launchers.config import Argument, LauncherConfig, Variable, VariableMode
from venvship.launchers.template import finalise, template
from venvship.model.artifact import Artifact
from venvship.model.label import MAIN_RUNFILES_DIRECTORY, Label
from venvship.model.platform import PythonVersion
from venvship.rules import attributes
from venvship.rules.python.providers import VirtualenvInfo

ENVIRONMENT_ATTRIBUTES = (
    attributes.string_dict("env"),
    attributes.strings("env_inherit"),
)
_RESERVED_VARIABLES: Final = ("VIRTUAL_ENV", "BAZEL_TARGET", "BAZEL_WORKSPACE", "BAZEL_TARGET_NAME")
_SAFE_PATH_SINCE: Final = PythonVersion(3, 11)


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
    wrong = _no_names(environment)
    if wrong:
        raise ctx.error(f"`env` has {wrong}: no variable can be called so")
    reserved = sorted(set(environment) & set(_RESERVED_VARIABLES))
    if reserved:
        raise ctx.error(f"`env` may not set {', '.join(reserved)}: the rule sets these itself")
    return environment


def inherited_variables(ctx: RuleContext) -> tuple[str, ...]:
    """The names of `env_inherit` that the rule does not set itself."""
    wrong = _no_names(ctx.strings("env_inherit"))
    if wrong:
        raise ctx.error(
            f"`env_inherit` has {wrong}: no variable can be called so",
            hint="`env_inherit` takes names; what has a value belongs into `env`",
        )
    return tuple(name for name in dict.fromkeys(ctx.strings("env_inherit")) if name not in _RESERVED_VARIABLES)


def _no_names(names: Iterable[str]) -> str:
    """Those of the names that no variable can have, as errors list them."""
    wrong = sorted({name for name in names if not name or "=" in name or "\0" in name})
    return ", ".join(f"`{name!a}`" for name in wrong)


def isolation_options(python: PythonVersion, *, user_site: bool) -> tuple[str, ...]:
    """The options of an interpreter that is shielded from its surroundings, but for the user's site directory."""
    if not user_site:
        return ("-I",)
    return ("-E", "-P") if python >= _SAFE_PATH_SINCE else ("-E",)


def write_launcher(
    ctx: RuleContext,
    output: Artifact,
    venv: VirtualenvInfo,
    arguments: Iterable[Argument],
    *,
    environment: Mapping[str, str],
    inherited: Sequence[str],
    defaults: Mapping[str, str] | None = None,
) -> None:
    """Declare `output` to be the native launcher that starts the venv's interpreter with `arguments`.

    Values from outside win for the variables that are `inherited` and for those of `defaults`.
    """
    modes = dict.fromkeys(inherited, VariableMode.DEFAULT)
    variables = [
        *(Variable.of(name, value, VariableMode.DEFAULT) for name, value in (defaults or {}).items()),
        *(Variable.of(name, value, modes.get(name, VariableMode.SET)) for name, value in environment.items()),
        *(Variable.of(name, value) for name, value in target_variables(ctx.label).items()),
        Variable("VIRTUAL_ENV", Argument.runfile(venv.directory)),
        Variable("PATH", Argument.runfile(f"{venv.directory}/bin"), VariableMode.PREPEND_PATH),
    ]
    config = LauncherConfig((Argument.runfile(venv.python), *arguments), tuple(variables))
    ctx.write(output, finalise(template(ctx.configuration.platform), config), executable=True)
