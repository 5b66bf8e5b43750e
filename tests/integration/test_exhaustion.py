"""Files that try to use up time, memory or the stack end in a clear error, with a gibibyte of address space."""

from __future__ import annotations

import pytest
from real_workspace import RealWorkspace

LIMITED = ("/bin/sh", "-c", 'ulimit -v 1048576 && exec "$@"', "sh")

IN_BUILD_FILES = {
    "nested brackets": ("x = " + "[" * 5000, "syntax error"),
    "nested signs": ("x = " + "-" * 100_000 + "1", "nested too deeply"),
    "escaped quotes": ("x = " + "\\'" * 400_000, "unclosed string literal"),
    "a long range": ("x = list(range(2147483647))", "too many steps"),
    "repeated text": ("x = 'a' * 2147483647", "excessive repeat"),
    "many small lists": ("x = [[0] * 256 for _ in range(100000000)]", "too much memory"),
    "a sum of many digits": ("x = int('9' * 10000000)", "integer overflow"),
    "an attribute path": ("x = ().__class__", "no field or method '__class__'"),
    "an attribute in a format": ("x = '{0.__class__}'.format(1)", "Invalid character '.' inside replacement field"),
}
IN_FUNCTIONS = {
    "a deep key": ("t = ()\n    for _ in range(1000000): t = (t,)\n    return {t: 1}", "nested this deeply"),
    "a deep list as attribute": (
        "t = []\n    for _ in range(1000000): t = [t]\n    native.filegroup(name = 'f', srcs = [t])",
        "nested too deeply",
    ),
    "doubled text": ("t = 'a'\n    for _ in range(60): t = t + t", "too large"),
    "doubled selects": (
        "t = select({'//conditions:default': ['a']})\n    for _ in range(60): t = t + t",
        "values are joined to a select",
    ),
    "squared numbers": ("t = 3\n    for _ in range(60): t = t * t", "integer overflow"),
    "dear turns": (
        "t = [1] * 255\n    for _ in range(100000000): x = [" + ", ".join(["t[1:]"] * 300) + "]",
        "too many steps",
    ),
    "targets": ("for i in range(100000000): native.filegroup(name = 'f%d' % i)", "cancelled: too m"),
    "printing": ("for _ in range(100000000): print('a' * 1000000)", "too much memory"),
}


def fails(workspace: RealWorkspace, message: str) -> None:
    workspace.prefix = LIMITED
    done = workspace.run("build", "//p:all")
    assert done.code == 1, done.stderr[-2000:]
    assert message in done.stderr, done.stderr[:2000]
    assert "p/BUILD.bazel" in done.stderr
    # Of the language's functions only, never of ours.
    assert 'File "/' not in done.stderr and "internal error" not in done.stderr.lower(), done.stderr[:2000]


@pytest.mark.parametrize("name", IN_BUILD_FILES)
def test_a_build_file_cannot_break_the_process(workspace: RealWorkspace, name: str) -> None:
    source, message = IN_BUILD_FILES[name]
    workspace.write({"MODULE.bazel": "", "p/BUILD.bazel": source + "\n"})
    fails(workspace, message)


@pytest.mark.parametrize("name", IN_FUNCTIONS)
def test_a_macro_cannot_break_the_process(workspace: RealWorkspace, name: str) -> None:
    body, message = IN_FUNCTIONS[name]
    build = 'load(":defs.bzl", "go")\ngo()\n'
    workspace.write({"MODULE.bazel": "", "p/BUILD.bazel": build, "p/defs.bzl": f"def go():\n    {body}\n"})
    fails(workspace, message)
