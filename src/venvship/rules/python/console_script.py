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
from venvship.tools.console_script_main import program_text

_WHICH = "say which one is meant with `script`"
_UNKNOWN = (
    "say what it calls, with `top_levels` and `console_scripts` of `py_unpacked_wheel`, or "
    '`py_entrypoint_binary(entrypoint = "MODULE:FUNCTION")` of @aspect_rules_py//uv:defs.bzl'
)


def _main(ctx: RuleContext) -> list[object]:
    script, shebang = ctx.string("script"), ctx.string("shebang")
    if "\n" in shebang:
        raise ctx.error("`shebang` has several lines")
    output = ctx.declare_file(ctx.string("file") or f"{ctx.label.name}.py")
    if ctx.target_or_none("entry_points_txt") is not None:
        files = ctx.files("entry_points_txt")
        ctx.run_tool(
            "console_script_main",
            {"entry_points": files, "script": script, "shebang": shebang, "output": output},
            inputs=files,
            outputs=[output],
            mnemonic="PyConsoleScriptMain",
            progress=f"Looking for the console script {script}",
        )
    else:
        module, function = _called(ctx, script)
        ctx.write(output, program_text(module, function, shebang=shebang))
    made = Depset([output])
    return [DefaultInfo(made, Runfiles(files=made), Runfiles(files=made)), PyInfo(made)]


def _called(ctx: RuleContext, script: str) -> tuple[str, str]:
    """The module and the function that the script calls."""
    said = ctx.string("entrypoint")
    reference = said or _reference(ctx, script)
    module, _, function = reference.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *function.split("."))):
        if said:
            raise ctx.error(f"`entrypoint` is `{said}`, which is no `module:function`")
        raise MalformedEntryPoint(script, reference)
    return module, function


def _reference(ctx: RuleContext, script: str) -> str:
    """What the script calls, as the distribution's metadata has it."""
    package = ctx.target_or_none("pkg")
    if package is None:
        raise ctx.error("neither `pkg` nor `entrypoint` is set")
    found: dict[str, str] = {}
    programs: set[str] = set()
    wheels = package.get(PyWheelsInfo)
    for record in wheels.wheels.direct or wheels.wheels.to_tuple() if wheels is not None else ():
        for point in record.layout.entry_points:
            found.setdefault(point.name, f"{point.module}:{point.attribute}")
        programs.update(one.name for one in record.layout.scripts)
    for member in package[PyInfo].distributions.to_tuple():
        for point in member.scripts():
            found.setdefault(point.name, f"{point.module}:{point.attribute}")
    if script not in found:
        if script in programs:
            raise ctx.error(
                f"`{script}` of `{package.label}` is a program of its own, and no console script",
                hint=f"name `{package.label.package}:bin/{script}` in place of this target, or as `actual` of an alias",
            )
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
        attributes.label("entry_points_txt", files=True),
        attributes.string("shebang"),
        # How the program is called, which a stack trace and argv[0] show.
        attributes.string("file"),
    ),
    _main,
)
