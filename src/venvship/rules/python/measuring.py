"""What a virtualenv has in its site-packages so that programs started from it are measured.

A path file that runs code costs every start, so it is there only where coverage is collected. It is what reaches all
processes: workers and programs that a test starts know nothing of how the test itself was started.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from typing import Final

from venvship.analysis.instrumented_files import collects_coverage
from venvship.analysis.rule_context import RuleContext
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.paths import TreePath, join, relative_link
from venvship.rules.python.providers import PyRuntimeInfo

_MODULE: Final = "_venvship_measurement"


def measuring_files(
    ctx: RuleContext, runtime: PyRuntimeInfo, site_packages: TreePath
) -> Iterator[tuple[TreePath, bytes]]:
    """Names and contents of files for a directory of a runfiles tree; none unless coverage is collected."""
    if not collects_coverage(ctx.configuration):
        return
    module = TreePath(join(site_packages, f"{_MODULE}.py"))
    runfiles = "/".join(".." for _ in site_packages.split("/"))
    tool = runtime.coverage_tool
    arguments = [runfiles, *([relative_link(module, tool.runfiles_path)] if tool is not None else [])]
    begin = f"import {_MODULE}; {_MODULE}.begin({', '.join(map(repr, arguments))})\n"
    yield TreePath(f"{_MODULE}.pth"), begin.encode()
    yield TreePath(f"{_MODULE}.py"), importlib.resources.files("venvship.tools").joinpath("measurement.py").read_bytes()


def tool_files(ctx: RuleContext, runtime: PyRuntimeInfo) -> Depset[Artifact]:
    """What the coverage tool of a runtime needs beside a program, if it measures."""
    if not collects_coverage(ctx.configuration) or runtime.coverage_tool is None:
        return Depset()
    return Depset([runtime.coverage_tool], [runtime.coverage_files] if runtime.coverage_files is not None else [])
