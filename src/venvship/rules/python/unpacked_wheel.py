"""`py_unpacked_wheel`: a wheel file of the workspace, installed.

Analysis reads no files, so what such a wheel holds is known as far as the target says it. Declared names are linked
into venvs as those of locked wheels are; a wheel of which no module is declared is an import root of its own.
"""

from __future__ import annotations

import re
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.paths import TreePath, basename, join
from venvship.model.provider import DefaultInfo, OutputGroupInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.distributions import layer_of_wheel, symlink_entries
from venvship.rules.python.installation import install
from venvship.rules.python.providers import InterpreterInfo, PyInfo, PyWheelsInfo, WheelRecord
from venvship.rules.python.runtime import RUNTIME_ATTRIBUTE, PyCompilerInfo
from venvship.rules.python.transitions import built_for, without_caller
from venvship.venvs.wheel_layout import InstalledWheel, ScriptEntryPoint
from venvship.wheels.filename import WheelFilename

_MODULES = (".py", ".so", ".pth")
_PATHS: Final = ("top_levels", "namespace_top_levels", "namespace_entries", "data_files")
_SCRIPT: Final = re.compile(r"\s*([\w+-][\w.+-]*)\s*=\s*([\w.]+)\s*:\s*([\w.]+)\s*")


def _py_unpacked_wheel(ctx: RuleContext) -> list[object]:
    [runtime] = ctx.provided(RUNTIME_ATTRIBUTE.name, InterpreterInfo)
    [compiler] = ctx.provided(RUNTIME_ATTRIBUTE.name, PyCompilerInfo)
    archive = ctx.file("src")
    directory = ctx.declare_directory(f"{ctx.label.name}.install")
    done = install(ctx, archive, directory, version=runtime.version, compiler=compiler, name=str(ctx.label))
    files, unpacked = Depset([done.complete]), Depset([done.unpacked])
    site_packages = TreePath(join(directory.runfiles_path, "lib", runtime.version.directory, "site-packages"))
    layout = _declared_layout(ctx, archive, directory, site_packages)
    outputs = [
        DefaultInfo(files=files, default_runfiles=Runfiles(files=files), data_runfiles=Runfiles(files=files)),
        OutputGroupInfo({"install_dir": files}),
    ]
    if layout is None:
        code = PyInfo(imports=Depset([str(site_packages)]), wheel_trees=files)
        return [*outputs, code, PyWheelsInfo(installs=files, unpacked=unpacked)]
    record = WheelRecord(
        layout.project,
        layout.version,
        without_caller(ctx.configuration).directory,
        built_for(ctx.configuration, runtime.version),
        label=ctx.label,
        unpacked=done.unpacked,
        install=done.complete,
        archive=archive,
        layout=layout,
        unpacked_size=0,
        layer=layer_of_wheel(ctx, ctx.label.name, done.complete, archive, name=str(ctx.label)),
    )
    symlinks = Depset(symlink_entries(layout, files))
    code = PyInfo(imports=Depset([str(site_packages)]), venv_symlinks=symlinks, wheel_trees=files)
    return [*outputs, code, PyWheelsInfo(Depset([record]), installs=files, unpacked=unpacked)]


def _declared_layout(
    ctx: RuleContext, archive: Artifact, install: Artifact, site_packages: TreePath
) -> InstalledWheel | None:
    if not any(ctx.strings(name) for name in (*_PATHS, "console_scripts")):
        return None
    wrong = [
        f"`{name}` has `{path}`"
        for name in _PATHS
        for path in ctx.strings(name)
        if any(part in ("", ".", "..") for part in path.split("/"))
    ]
    if wrong:
        raise ctx.error(
            f"{', '.join(wrong)}, which is no path below a directory",
            hint="names are relative to site-packages, and those of `data_files` to the root of virtualenvs",
        )
    top_levels = ctx.strings("top_levels")
    namespaces = frozenset(ctx.strings("namespace_top_levels"))
    files = list(ctx.strings("namespace_entries"))
    files = [entry if entry.endswith(_MODULES) else f"{entry}/__init__.py" for entry in files]
    for name in top_levels:
        if name in namespaces:
            continue
        plain = name.endswith(_MODULES)
        described = name.endswith((".dist-info", ".libs"))
        files.append(name if plain else f"{name}/METADATA" if described else f"{name}/__init__.py")
    points: list[ScriptEntryPoint] = []
    for text in ctx.strings("console_scripts"):
        found = _SCRIPT.fullmatch(text)
        if found is None:
            raise ctx.error(
                f"`console_scripts` has `{text}`, which is no console script",
                hint="write it like `name=package.module:function`",
            )
        points.append(ScriptEntryPoint(found[1], found[2], found[3]))
    project, version = _identity(ctx, archive)
    try:
        return InstalledWheel.of_files(
            project,
            version,
            site_packages=site_packages,
            prefix=install.runfiles_path,
            files=files,
            data=ctx.strings("data_files"),
            entry_points=points,
        )
    except ValueError as error:
        raise ctx.error(f"the declared layout is not one: {error}") from error


def _identity(ctx: RuleContext, archive: Artifact) -> tuple[str, str]:
    """Distribution and version, as the file is called; a file of another name is the target's own."""
    try:
        name = WheelFilename.parse(basename(archive.path))
    except ValueError:
        return ctx.label.name, "0"
    return name.distribution, name.version


PY_UNPACKED_WHEEL = RuleClass(
    "py_unpacked_wheel",
    (
        attributes.label("src", files=(".whl",), mandatory=True),
        attributes.strings("top_levels"),
        attributes.strings("namespace_top_levels"),
        attributes.strings("namespace_entries"),
        attributes.strings("console_scripts"),
        attributes.strings("data_files"),
        RUNTIME_ATTRIBUTE,
    ),
    _py_unpacked_wheel,
)
