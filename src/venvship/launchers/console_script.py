"""Console scripts of wheels as launchers, which start without a shell and wherever their virtualenv lies."""

from __future__ import annotations

from venvship.errors import UserError
from venvship.launchers.config import Argument, LauncherConfig


class MalformedEntryPoint(UserError):
    """A console script that a wheel declares cannot be called."""

    def __init__(self, name: str, reference: str) -> None:
        self.name = name
        self.reference = reference
        super().__init__(f"the console script `{name}` refers to `{reference}`, which is no `module:function`")


def console_script_config(name: str, *, module: str, function: str, python: Argument | None = None) -> LauncherConfig:
    """The launcher `<venv>/bin/<name>` that calls `function` of `module`; both may be dotted.

    `python` is beside the script unless something else is said. It runs isolated: without the user's site directory,
    the `PYTHON*` variables and the working directory.
    """
    identifiers = [*module.split("."), *function.split(".")]
    if not all(part.isidentifier() for part in identifiers) or "/" in name or name in ("", ".", ".."):
        raise MalformedEntryPoint(name, f"{module}:{function}")
    return LauncherConfig(
        argv=(
            python or Argument.sibling("python"),
            Argument("-I"),
            Argument("-c"),
            Argument(_code(module, function)),
            Argument.sibling(name),
        ),
        export_runfiles=False,
    )


def _code(module: str, function: str) -> str:
    # With -c, argv[0] is "-c", followed by the path of the script, which programs expect in its place.
    first = function.partition(".")[0]
    return f"import sys; del sys.argv[0]; from {module} import {first}; sys.exit({function}())"
