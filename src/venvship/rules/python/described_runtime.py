"""`py_runtime` and `py_runtime_pair`: interpreters that BUILD files describe.

Where a toolchain of one is registered, programs run with it, and rules that ask for the toolchain get it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import InterpreterVersion, PyRuntimeInfo
from venvship.rules.python.toolchain import toolchain_info


def _py_runtime(ctx: RuleContext) -> list[object]:
    program = ctx.target_or_none("interpreter")
    path = ctx.string("interpreter_path")
    if (program is None) == (not path):
        raise ctx.error("a runtime has either `interpreter` or `interpreter_path`")
    if path and not path.startswith("/"):
        raise ctx.error(f"`interpreter_path` is `{path}`, which is no absolute path")
    if path and ctx.targets("files"):
        raise ctx.error("`files` are those of `interpreter`; an interpreter of the system has none")
    if ctx.string("python_version") not in ("", "PY3"):
        raise ctx.error(f"`python_version` of a runtime is PY3, not `{ctx.string('python_version')}`")
    files = union(target.default_info.files for target in ctx.targets("files"))
    interpreter: Artifact | None = None
    runfiles = Runfiles(files=files)
    if program is not None:
        interpreter = program.default_info.program
        if interpreter is None:
            raise ctx.error(f"`interpreter` is `{program.label}`, which is no program and not one file")
        runfiles = Runfiles.merged([runfiles, program.default_info.default_runfiles], files=[interpreter])
    tool, tool_runfiles = _coverage_tool(ctx)
    version = _version(ctx)
    tag = ctx.string("pyc_tag") or (f"cpython-{version.major}{version.minor}" if version is not None else "")
    return [
        DefaultInfo(runfiles.files, runfiles, runfiles),
        PyRuntimeInfo(
            files=None if path else runfiles.files,
            interpreter_path=path or None,
            interpreter=interpreter,
            interpreter_version_info=version,
            implementation_name=ctx.string("implementation_name"),
            abi_flags="" if ctx.string("abi_flags") == _AUTO else ctx.string("abi_flags"),
            pyc_tag=tag,
            stub_shebang=ctx.string("stub_shebang"),
            supports_build_time_venv=ctx.boolean("supports_build_time_venv"),
            bootstrap_template=_template(ctx, "bootstrap_template"),
            stage2_bootstrap_template=_template(ctx, "stage2_bootstrap_template"),
            site_init_template=_template(ctx, "site_init_template"),
            zip_main_template=_template(ctx, "zip_main_template"),
            coverage_tool=tool,
            coverage_files=tool_runfiles,
            venv_bin_files=ctx.files("venv_bin_files"),
        ),
    ]


def _coverage_tool(ctx: RuleContext) -> tuple[Artifact | None, Depset[Artifact] | None]:
    """Where the tool starts, and what it needs with that."""
    tool = ctx.target_or_none("coverage_tool")
    if tool is None:
        return None, None
    entry = tool.default_info.program
    if entry is None or not entry.path.endswith((".py", ".pyc")):
        raise ctx.error(
            f"`coverage_tool` is `{tool.label}`, which is not one file that an interpreter can import",
            hint="name a filegroup of `coverage/__main__.py` that has the rest of the package as `data`",
        )
    return entry, Depset([entry], [tool.default_info.files, tool.default_info.default_runfiles.files])


def _template(ctx: RuleContext, name: str) -> Artifact | None:
    return ctx.file(name) if ctx.target_or_none(name) is not None else None


def _version(ctx: RuleContext) -> InterpreterVersion | None:
    given: Mapping[str, str] = ctx.string_dict("interpreter_version_info")
    if not given:
        return None
    try:
        return InterpreterVersion.parse(given)
    except ValueError as error:
        raise ctx.error(f"`interpreter_version_info` {error}") from error


def _py_runtime_pair(ctx: RuleContext) -> list[object]:
    if ctx.target_or_none("py2_runtime") is not None:
        raise ctx.error("`py2_runtime` is set, and Python 2 is not supported", hint="remove `py2_runtime`")
    found = ctx.provided("py3_runtime", PyRuntimeInfo)
    return [DefaultInfo(), toolchain_info(py2_runtime=None, py3_runtime=found[0] if found else None)]


_AUTO: Final = "<AUTO>"
_TEMPLATES: Final = ("bootstrap_template", "site_init_template", "stage2_bootstrap_template", "zip_main_template")
PY_RUNTIME = RuleClass(
    "py_runtime",
    (
        attributes.label("interpreter", files=True),
        attributes.string("interpreter_path"),
        attributes.labels("files", files=True),
        attributes.labels("venv_bin_files", files=True),
        attributes.string("abi_flags", _AUTO),
        attributes.string("implementation_name", "cpython"),
        attributes.string("pyc_tag"),
        attributes.string("python_version", "PY3"),
        attributes.string("stub_shebang", "#!/usr/bin/env python3"),
        attributes.string_dict("interpreter_version_info"),
        attributes.boolean("supports_build_time_venv", True),
        attributes.label("coverage_tool", files=True),
        *(attributes.label(name, files=True) for name in _TEMPLATES),
    ),
    _py_runtime,
)
PY_RUNTIME_PAIR = RuleClass(
    "py_runtime_pair",
    (
        attributes.label("py2_runtime", providers=(PyRuntimeInfo,)),
        attributes.label("py3_runtime", providers=(PyRuntimeInfo,)),
    ),
    _py_runtime_pair,
)
