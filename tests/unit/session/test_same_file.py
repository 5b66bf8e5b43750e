from __future__ import annotations

import pytest

from venvship.session.same_file import differs_as_installed, says_the_same

PROJECT = b'[project]\nname = "a"\n[tool.ruff]\nline-length = 100\n'


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("/w/pyproject.toml", PROJECT, b'project = {name = "a"}'),
        ("/w/pyproject.toml", PROJECT, PROJECT + b"[tool.mypy]\nstrict = true # so\n"),
        ("/w/pyproject.toml", PROJECT, PROJECT.replace(b"[tool", b'description = "d"\nurls = {a = "b"}\n[tool', 1)),
        ("/w/MODULE.bazel", b"module(name = 'a')", b'# so\nmodule(\n  name = "a")'),
        ("/w/a.bzl", b"def f(): return 1", b"def f():\n    return 1"),
        ("/w/BUILD", b"a()", b"a(  )"),
    ],
)
def test_what_nobody_reads_does_not_count(path: str, old: bytes, new: bytes) -> None:
    assert says_the_same(path, old, new)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("/w/pyproject.toml", PROJECT, PROJECT.replace(b'"a"', b'"b"')),
        ("/w/pyproject.toml", PROJECT, b""),
        ("/w/pyproject.toml", b"project = 1", b"project = 2"),
        ("/w/pyproject.toml", PROJECT, PROJECT + b"[tool.uv]\n"),
        ("/w/pyproject.toml", PROJECT, PROJECT + b"[tool.setuptools]\n"),
        ("/w/pyproject.toml", PROJECT, PROJECT + b"[dependency-groups]\n"),
        ("/w/pyproject.toml", PROJECT, PROJECT + b"["),
        ("/w/pyproject.toml", b"[", b"[["),
        ("/w/pyproject.toml", b"", b"tool = 1"),
        ("/w/MODULE.bazel", b"module()", b"module(name = 'a')"),
        ("/w/MODULE.bazel", b"x = 8", b"x = 0_8"),
        ("/w/BUILD", b"a()", b"a(\n"),
    ],
)
def test_what_is_read_counts(path: str, old: bytes, new: bytes) -> None:
    assert not says_the_same(path, old, new)


def test_what_a_project_is_installed_as_is_told_from_what_locks_say() -> None:
    bumped = PROJECT.replace(b"[tool", b'version = "2"\nscripts = {a = "b"}\n[tool', 1)
    assert differs_as_installed("/w/pyproject.toml", PROJECT, bumped)
    assert differs_as_installed("/w/pyproject.toml", bumped, bumped.replace(b'"2"', b'"3"'))
    assert not differs_as_installed("/w/other.toml", PROJECT, bumped)
    for other in (bumped.replace(b'"a"', b'"c"', 1), bumped + b"[tool.uv]\n", b"", b"[", b"project = 1"):
        assert not differs_as_installed("/w/pyproject.toml", PROJECT, other)
