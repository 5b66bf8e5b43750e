"""What a hub offers of a distribution besides its library: parts of its files, and programs that start its scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.loading.repositories import TargetSpec
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import PyWheelsInfo

_SITE: Final = "lib/python*/site-packages/"
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "dist_info": (f"{_SITE}*.dist-info/**",),
    "data": ("**", "!**/*.py", "!**/*.pyc", "!**/*.pyi", f"!{_SITE}*.dist-info/**", "!data-scripts/**"),
    "srcs": (f"{_SITE}**/*.py",),
}

_MAIN = '''"""Starts a script that a distribution brings."""

import os
import sys

program = os.path.join(sys.prefix, "bin", {script!r})
if not os.path.exists(program):
    sys.exit({missing!r})
os.execv(program, [program, *sys.argv[1:]])
'''


def part_targets(project: str, library: str, scripts: Iterable[str]) -> tuple[TargetSpec, ...]:
    """The targets beside the library `library`; `scripts` are names of programs that are declared."""
    return (
        TargetSpec("filegroup", "extracted_whl_files", {"srcs": [":whl"], "output_group": "install_dir"}),
        *(TargetSpec("wheel_part", name, {"wheel": ":whl", "globs": list(globs)}) for name, globs in _PARTS.items()),
        *library_targets(project, library, scripts),
    )


def library_targets(project: str, library: str, scripts: Iterable[str] = ()) -> tuple[TargetSpec, ...]:
    """The targets that need nothing of a wheel: another name of the library, and programs that start scripts."""
    names = dict.fromkeys((project, *scripts))
    return (
        *([TargetSpec("alias", "pkg", {"actual": f":{library}"})] if library != "pkg" else []),
        *(
            TargetSpec("script_main", f"bin/{name}.py", {"script": name, "project": project, "tags": ["manual"]})
            for name in names
        ),
        *(TargetSpec("py_venv", f"bin/{name}.venv", {"deps": [f":{library}"], "tags": ["manual"]}) for name in names),
        *(
            TargetSpec(
                "py_binary",
                f"bin/{name}",
                {
                    "srcs": [f":bin/{name}.py"],
                    "main": f":bin/{name}.py",
                    "deps": [f":{library}"],
                    "venv": f":bin/{name}.venv",
                    "tags": ["manual"],
                },
            )
            for name in names
        ),
    )


def _wheel_part(ctx: RuleContext) -> list[object]:
    trees: list[Artifact] = []
    for number, info in enumerate(ctx.provided("wheel", PyWheelsInfo)):
        for record in info.wheels.direct:
            name, globs = f"{ctx.label.name}.{number}.{record.version}", ctx.strings("globs")
            if record.is_site_only:
                name += record.layout.site_packages.removeprefix(record.layout.prefix)
                globs = tuple(glob.replace(_SITE, "") for glob in globs)
            output = ctx.declare_directory(name)
            ctx.run_tool(
                "pick_files",
                {"tree": record.unpacked, "output": output, "globs": globs},
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
        (attributes.string("script", mandatory=True), attributes.string("project", mandatory=True)),
        _script_main,
    ),
}
