"""Programs as one file, with their interpreter or for one that is there: `py_zipapp_binary`, `py_pex_binary`, and
every program where the setting `build_python_zip` says so.

The archive holds the runfiles as they are, links included, so nothing is in it twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.action import ForestFile, ForestLink, RequestValue
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.paths import TreePath
from venvship.model.provider import DefaultInfo, InstrumentedFilesInfo, RunEnvironmentInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info, test_info
from venvship.rules.python.launching import ENVIRONMENT_ATTRIBUTES, environment_of, inherited_variables
from venvship.rules.python.providers import PyExecutableInfo
from venvship.rules.python.transitions import python_transition

_ROWS: Final = {ArtifactKind.FILE: "file", ArtifactKind.DIRECTORY: "tree", ArtifactKind.SYMLINK: "link_of"}
SHEBANG: Final = "/usr/bin/env python3"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def _py_zipapp_binary(ctx: RuleContext) -> list[object]:
    compression = ctx.string("compression") or "0"
    if not (len(compression) == 1 and compression.isdigit()):
        raise ctx.error(f"`compression` is a number from 0 to 9, not `{compression}`")
    is_startable = ctx.boolean("is_startable")
    output = ctx.declare_file(f"{ctx.label.name}.{'pyz' if is_startable else 'zip'}")
    shebang = SHEBANG if is_startable else ""
    return _archive(ctx, output, shebang=shebang, compression=compression, environment={}, with_interpreter=True)


def _py_zipapp_test(ctx: RuleContext) -> list[object]:
    if not ctx.boolean("is_startable"):
        raise ctx.error("`executable` is False, and a test is started", hint="remove `executable`")
    environment = RunEnvironmentInfo(environment_of(ctx), inherited_variables(ctx))
    [measured] = ctx.provided("binary", InstrumentedFilesInfo)
    return [*_py_zipapp_binary(ctx), environment, measured, arguments_info(ctx), test_info(ctx)]


def _py_pex_binary(ctx: RuleContext) -> list[object]:
    if ctx.string("inherit_path") not in ("", "false"):
        raise ctx.error(
            f"`inherit_path` is `{ctx.string('inherit_path')}`, and programs here see nothing of their surroundings",
            hint="remove `inherit_path`, and let `isolated = False` of the program admit PYTHONPATH",
        )
    for constraint in ctx.strings("python_interpreter_constraints"):
        if constraint != "CPython=={major}.{minor}.*":
            raise ctx.error(
                f"`python_interpreter_constraints` has `{constraint}`; a program runs with the version that its "
                "wheels are made for",
                hint="set `python_version` of the program",
            )
    output = ctx.declare_file(f"{ctx.label.name}.pex")
    shebang = ctx.string("python_shebang").removeprefix("#!")
    if "\n" in shebang:
        raise ctx.error("`python_shebang` has several lines")
    return _archive(
        ctx,
        output,
        shebang=shebang,
        compression="6",
        environment=dict(ctx.string_dict("inject_env")),
        with_interpreter=False,
    )


def _archive(
    ctx: RuleContext,
    output: Artifact,
    *,
    shebang: str,
    compression: str,
    environment: dict[str, str],
    with_interpreter: bool,
) -> list[object]:
    [binary] = ctx.targets("binary")
    program, info = binary[PyExecutableInfo], binary.default_info
    contents = dict(info.default_runfiles.entries())
    if info.executable is not None and info.executable != program.launcher:
        # The program as one file already, which would be there twice.
        contents.pop(info.executable.runfiles_path, None)
    write_archive(
        ctx,
        output,
        program,
        contents,
        shebang=shebang,
        compression=compression,
        environment=environment,
        with_interpreter=with_interpreter,
    )
    files = Depset([output])
    runfiles = Runfiles(files=files)
    return [DefaultInfo(files, runfiles, runfiles, output if shebang else None)]


def write_archive(
    ctx: RuleContext,
    output: Artifact,
    program: PyExecutableInfo,
    contents: Mapping[TreePath, Artifact | None],
    *,
    shebang: str = SHEBANG,
    compression: str = "6",
    environment: Mapping[str, str] = _NOTHING,
    with_interpreter: bool = True,
) -> None:
    """Declare `output` to be an archive that starts `program`; `contents` are its runfiles, with the launcher."""
    texts = {entry.artifact: entry.text for entry in program.venv.forest if isinstance(entry, ForestLink)}
    runtime = program.venv.runtime
    # A registered interpreter has no prefix that the one which starts the archive could stand for: the venv's link
    # is made to lead to that one instead.
    relinked = program.venv.python if runtime.directory is None and not with_interpreter else None
    left_out = frozenset() if with_interpreter else frozenset(runtime.files.to_tuple())
    configurations = _without_home(program) if relinked else {}
    rows: list[RequestValue] = []
    inputs: list[Artifact] = []
    for path, artifact in sorted(contents.items()):
        if artifact is None:
            rows.append({"at": path, "text": ""})
        elif path == relinked:
            continue
        elif artifact in texts:
            rows.append({"at": path, "link": texts[artifact]})
        elif artifact in configurations:
            rows.append({"at": path, "text": configurations[artifact]})
        elif artifact not in left_out:
            rows.append({"at": path, _ROWS[artifact.kind]: artifact})
            inputs.append(artifact)
    settings: dict[str, RequestValue] = {
        "launcher": program.launcher.runfiles_path,
        "python": "" if with_interpreter else str(runtime.version),
        "prefix": runtime.directory.runfiles_path if runtime.directory is not None else "",
        "relinked": relinked or "",
        "environment": dict(environment),
    }
    ctx.run_tool(
        "zip_program",
        {
            "rows": tuple(rows),
            "output": output,
            "shebang": shebang,
            "compression": compression,
            "settings": settings,
        },
        inputs=inputs,
        outputs=[output],
        mnemonic="PyZipapp",
        progress=f"Packing {output.path}",
    )


def _without_home(program: PyExecutableInfo) -> dict[Artifact, str]:
    """The venv's `pyvenv.cfg` for an interpreter that is wherever the link says."""
    return {
        entry.artifact: re.sub(r"(?m)^home = .*$", "home = ", entry.content.decode())
        for entry in program.venv.forest
        if isinstance(entry, ForestFile) and entry.artifact.runfiles_path == f"{program.venv.directory}/pyvenv.cfg"
    }


_BINARY = attributes.label("binary", providers=(PyExecutableInfo,), mandatory=True)
PY_ZIPAPP_BINARY = RuleClass(
    "py_zipapp_binary",
    (
        _BINARY,
        attributes.string("compression"),
        attributes.boolean("is_startable", True),
        attributes.string_dict("config_settings"),
    ),
    _py_zipapp_binary,
    is_executable=True,
    transition=python_transition,
)
PY_ZIPAPP_TEST = RuleClass(
    "py_zipapp_test",
    (*PY_ZIPAPP_BINARY.own_attributes, *ENVIRONMENT_ATTRIBUTES),
    _py_zipapp_test,
    is_executable=True,
    is_test=True,
    transition=python_transition,
)
PY_PEX_BINARY = RuleClass(
    "py_pex_binary",
    (
        _BINARY,
        attributes.string_dict("inject_env"),
        attributes.string("inherit_path", values=("", "false", "fallback", "prefer")),
        attributes.string("python_shebang", f"#!{SHEBANG}"),
        attributes.strings("python_interpreter_constraints", ("CPython=={major}.{minor}.*",)),
    ),
    _py_pex_binary,
    is_executable=True,
)
