"""What a hub offers of a distribution besides its library: parts of its files, and programs that start its scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.loading.nearest import did_you_mean
from venvship.loading.repositories import TargetSpec
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import PyWheelsInfo

_SITE: Final = "lib/python*/site-packages"
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "dist_info": (f"{_SITE}/*.dist-info/**",),
    "data": ("**", "!**/*.py", "!**/*.pyc", "!**/*.pyi", f"!{_SITE}/*.dist-info/**", "!data-scripts/**"),
    "srcs": (f"{_SITE}/**/*.py",),
}

_SUFFIXES: Final = (".start.py", ".venv")
"""What comes after the name of a script in those of the main file and the venv of its program."""

_MAIN = '''"""Starts a script that a distribution brings."""

import os
import sys

program = os.path.join(sys.prefix, "bin", {script!r})
if not os.path.exists(program):
    sys.exit({missing!r})
os.execv(program, [program, *sys.argv[1:]])
'''


def part_targets(project: str, library: str, said: Iterable[str] | None) -> tuple[TargetSpec, ...]:
    """The targets beside the library `library`; `said` are the scripts that it has, if the workspace says so.

    Else there is a program that is called like the distribution, whose script may come from one that it leads to.
    """
    return (
        TargetSpec("filegroup", "extracted_whl_files", {"srcs": [":whl"], "output_group": "install_dir"}),
        *(TargetSpec("wheel_part", name, {"wheel": ":whl", "globs": list(globs)}) for name, globs in _PARTS.items()),
        *library_targets(project, library, [project] if said is None else []),
        *(spec for name in said or () for spec in _script_targets(project, library, name, wheel=":whl")),
    )


def library_targets(project: str, library: str, scripts: Iterable[str]) -> tuple[TargetSpec, ...]:
    """The targets that need nothing of a wheel: another name of the library, and programs that start scripts."""
    return (
        *([TargetSpec("alias", "pkg", {"actual": f":{library}"})] if library != "pkg" else []),
        *(spec for name in dict.fromkeys(scripts) for spec in _script_targets(project, library, name)),
    )


def alias_targets(project: str, library: str, actual: str, scripts: Iterable[str]) -> tuple[TargetSpec, ...]:
    """The targets of a distribution that another target stands for."""
    return (
        *(TargetSpec("alias", name, {"actual": actual}) for name in dict.fromkeys((library, "pkg"))),
        *(spec for name in dict.fromkeys(scripts) for spec in _script_targets(project, library, name)),
    )


def script_by_name(project: str, library: str, target: str) -> Sequence[TargetSpec]:
    """The target of that name which belongs to a script that the wheel of the distribution brings, if it may be one."""
    script = target.removeprefix("bin/")
    if script == target:
        return ()
    for suffix in _SUFFIXES:
        script = script.removesuffix(suffix)
    if not script or "/" in script:
        return ()
    specs = _script_targets(project, library, script, wheel=":whl")
    return [spec for spec in specs if spec.name == target]


def _script_targets(project: str, library: str, name: str, *, wheel: str = "") -> tuple[TargetSpec, ...]:
    """A program that starts a script, with what it consists of; with a `wheel`, only if that has the script."""
    main, venv = (f"bin/{name}{suffix}" for suffix in _SUFFIXES)
    checked = {"wheel": wheel} if wheel else {}
    manual = {"tags": ["manual"]}
    parts = {"srcs": [f":{main}"], "main": f":{main}", "deps": [f":{library}"], "venv": f":{venv}"}
    return (
        TargetSpec("script_main", main, {"script": name, "project": project, **checked, **manual}),
        TargetSpec("py_venv", venv, {"deps": [f":{library}"], **manual}),
        TargetSpec("py_binary", f"bin/{name}", {**parts, **manual}),
    )


def _wheel_part(ctx: RuleContext) -> list[object]:
    trees: list[Artifact] = []
    for number, info in enumerate(ctx.provided("wheel", PyWheelsInfo)):
        for record in info.wheels.direct:
            output = ctx.declare_directory(f"{ctx.label.name}.{number}.{record.version}")
            ctx.run_tool(
                "pick_files",
                {"tree": record.unpacked, "output": output, "globs": ctx.strings("globs")},
                inputs=[record.unpacked],
                outputs=[output],
                mnemonic="PickFiles",
                progress=f"Picking files of {record.project} {record.version}",
            )
            trees.append(output)
    files = Depset(trees)
    return [DefaultInfo(files, Runfiles(files=files), Runfiles(files=files))]


def _script_main(ctx: RuleContext) -> list[object]:
    script, project = ctx.string("script"), ctx.string("project")
    output = ctx.declare_file(ctx.label.name)
    missing = f"`{project}` brings no script `{script}`"
    layouts = [record.layout for info in ctx.provided("wheel", PyWheelsInfo) for record in info.wheels.direct]
    brought = {one.name for layout in layouts for one in layout.entry_points}
    brought |= {one.name for layout in layouts for one in layout.scripts}
    if layouts and script not in brought:
        listed = ", ".join(f"`bin/{name}`" for name in sorted(brought))
        there = f"there are {listed}" if listed else "its wheel has none"
        raise ctx.error(
            missing,
            hint=f"{did_you_mean(script, brought) or there}; `console_scripts` of `uv.override_package` may add some",
        )
    ctx.write(output, _MAIN.format(script=script, missing=missing).encode())
    return [DefaultInfo(Depset([output]))]


PART_RULES: Final[Mapping[str, RuleClass]] = {
    "wheel_part": RuleClass(
        "wheel_part",
        (attributes.label("wheel", providers=(PyWheelsInfo,), mandatory=True), attributes.strings("globs")),
        _wheel_part,
    ),
    "script_main": RuleClass(
        "script_main",
        (
            attributes.string("script", mandatory=True),
            attributes.string("project", mandatory=True),
            attributes.label("wheel", providers=(PyWheelsInfo,)),
        ),
        _script_main,
    ),
}
