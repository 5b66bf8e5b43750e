"""`py_venv_link`: a program that links a virtualenv into the directory where it is run."""

from __future__ import annotations

import importlib.resources
import json

from venvship.analysis.rule_context import RuleContext
from venvship.launchers.config import Argument
from venvship.loading.rule_class import RuleClass
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info
from venvship.rules.python.launching import write_launcher
from venvship.rules.python.providers import VirtualenvInfo


def _py_venv_link(ctx: RuleContext) -> list[object]:
    venv_target = ctx.targets("venv")[0]
    venv = venv_target[VirtualenvInfo]
    settings = {"venv": venv.directory, "link": ctx.string("link_name") or _link_name(venv)}
    driver = importlib.resources.files("venvship.tools").joinpath("venv_link_driver.py").read_bytes()
    main = ctx.declare_file(f"{ctx.label.name}_main.py")
    ctx.write(main, driver + f'\n\nif __name__ == "__main__":\n    sys.exit(main({json.dumps(settings)!r}))\n'.encode())
    launcher = ctx.declare_file(ctx.label.name)
    arguments = [Argument("-B"), Argument("-I"), Argument.runfile(main.runfiles_path)]
    write_launcher(ctx, launcher, venv, arguments, environment={}, inherited=())
    runfiles = Runfiles.merged([venv_target.default_info.default_runfiles], files=[launcher, main])
    return [DefaultInfo(Depset([launcher]), runfiles, runfiles, launcher), arguments_info(ctx)]


def _link_name(venv: VirtualenvInfo) -> str:
    """`.app+server.venv` for `//app:server.venv`: packages that are links apart need names apart."""
    package = venv.label.package.path.replace("/", "+")
    return "." + "+".join(part for part in (package, venv.label.name.replace("/", "+").lstrip("._")) if part)


PY_VENV_LINK = RuleClass(
    "py_venv_link",
    (
        attributes.label("venv", providers=(VirtualenvInfo,), mandatory=True),
        attributes.string("link_name"),
    ),
    _py_venv_link,
    is_executable=True,
)
