"""Rules of a workspace that know of wheels what rules_python says: import roots and files of `PyInfo`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, RealWorkspace, locked

RULES = """
load("@rules_python//python:defs.bzl", "PyInfo")

def _script(ctx):
    infos = [dep[PyInfo] for dep in ctx.attr.deps]
    roots = depset(transitive = [info.imports for info in infos]).to_list()
    out = ctx.actions.declare_file(ctx.label.name)
    path = ":".join(["$R/" + root for root in roots])
    ctx.actions.write(out, \"\"\"#!/bin/sh
R="$0.runfiles"
PYTHONPATH="%s" exec "$PYTHON" "$R/_main/%s" "$@"
\"\"\" % (path, ctx.file.main.short_path), is_executable = True)
    if ctx.attr.by_sources:
        needed = ctx.runfiles(transitive_files = depset(transitive = [info.transitive_sources for info in infos]))
    else:
        needed = ctx.runfiles().merge_all([dep[DefaultInfo].default_runfiles for dep in ctx.attr.deps])
    return [DefaultInfo(executable = out, runfiles = ctx.runfiles([ctx.file.main]).merge(needed))]

script = rule(_script, executable = True, attrs = {
    "main": attr.label(allow_single_file = True),
    "deps": attr.label_list(providers = [PyInfo]),
    "by_sources": attr.bool(),
})
"""
BUILD = """
load("@rules_python//python:defs.bzl", py_library_of_rules_python = "py_library")
load(":rules.bzl", "script")
py_library(name = "lib", srcs = ["lib.py"], deps = ["@pypi//six"])
py_library_of_rules_python(name = "other", srcs = ["lib.py"], deps = ["@pypi//six"])
script(name = "by_sources", main = "app.py", deps = [":lib"], by_sources = True)
script(name = "by_runfiles", main = "app.py", deps = [":other"])
"""


@pytest.fixture
def repository(workspace: RealWorkspace, index: FakeIndex, tmp_path: Path) -> RealWorkspace:
    workspace.write(
        {
            "MODULE.bazel": MODULE + 'bazel_dep(name = "rules_python", version = "1.5.0")\n' + HUB,
            "uv.lock": locked(index, ("six", "1.0"), salt=str(tmp_path)),
            "BUILD.bazel": DEFS + BUILD,
            "rules.bzl": RULES,
            "lib.py": "import six\nVERSION = six.VERSION\n",
            "app.py": "import lib, six\nprint(lib.VERSION, '/pypi/six/1.0/' in six.__file__)\n",
        }
    )
    return workspace


@pytest.mark.parametrize("name", ["by_sources", "by_runfiles"])
def test_a_path_made_of_import_roots_finds_wheels(repository: RealWorkspace, name: str) -> None:
    repository.built(f"//:{name}")
    done = subprocess.run(
        [repository.root / "venvship-bin" / name],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("1.0 True\n", 0), done.stderr
