"""`py_console_script_main`: the program that calls a console script of a distribution."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.launchers.console_script import MalformedEntryPoint
from venvship.loading.nearest import did_you_mean
from venvship.loading.rule_class import RuleClass
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import PyInfo, PyWheelsInfo

_PROGRAM = """\
import sys

from {module} import {first}

if __name__ == "__main__":
    sys.exit({function}())
"""
_WHICH = "say which one is meant with `script`"
_UNKNOWN = (
    "say what it calls, with `top_levels` and `console_scripts` of `py_unpacked_wheel`, or "
    '`py_entrypoint_binary(entrypoint = "MODULE:FUNCTION")` of @aspect_rules_py//uv:defs.bzl'
)


def _main(ctx: RuleContext) -> list[object]:
    script = ctx.string("script")
    reference = ctx.string("entrypoint") or _reference(ctx, script)
    module, _, function = reference.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *function.split("."))):
        raise MalformedEntryPoint(script, reference)
    first = function.partition(".")[0]
    output = ctx.declare_file(ctx.string("file") or f"{ctx.label.name}.py")
    ctx.write(output, _PROGRAM.format(module=module, first=first, function=function).encode())
    files = Depset([output])
    return [DefaultInfo(files, Runfiles(files=files), Runfiles(files=files)), PyInfo(files)]


def _reference(ctx: RuleContext, script: str) -> str:
    """What the script calls, as the distribution's metadata has it."""
    package = ctx.target_or_none("pkg")
    if package is None:
        raise ctx.error("neither `pkg` nor `entrypoint` is set")
    found: dict[str, str] = {}
    wheels = package.get(PyWheelsInfo)
    for record in wheels.wheels.direct or wheels.wheels.to_tuple() if wheels is not None else ():
        for point in record.layout.entry_points:
            found.setdefault(point.name, f"{point.module}:{point.attribute}")
    for member in package[PyInfo].distributions.to_tuple():
        for point in member.scripts():
            found.setdefault(point.name, f"{point.module}:{point.attribute}")
    if script not in found:
        known = ", ".join(f"`{name}`" for name in sorted(found)) or "none"
        raise ctx.error(
            f"`{package.label}` has no console script `{script}`; it has {known}",
            hint=did_you_mean(script, sorted(found)) or (_WHICH if found else _UNKNOWN),
        )
    return found[script]


PY_CONSOLE_SCRIPT_MAIN = RuleClass(
    "py_console_script_main",
    (
        attributes.label("pkg", providers=(PyInfo,)),
        attributes.string("script", mandatory=True),
        attributes.string("entrypoint"),
        # How the program is called, which a stack trace and argv[0] show.
        attributes.string("file"),
    ),
    _main,
)
