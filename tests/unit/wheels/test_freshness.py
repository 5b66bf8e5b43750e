from __future__ import annotations

import tomllib

import pytest

from venvship.wheels.freshness import differences
from venvship.wheels.uv_lock import parse_uv_lock

PYPROJECT = """
[project]
name = "shop"
dependencies = ["Attrs>=24,<25", "lib", "httpx[http2]; sys_platform == 'linux'"]
[project.optional-dependencies]
fast = ["orjson>=3"]
all = ["shop[fast]"]
[dependency-groups]
test = ["pytest>=8", { include-group = "more" }]
more = ["typing-extensions"]
"""
LOCK = """
version = 1
[[package]]
name = "shop"
source = { virtual = "." }
[package.metadata]
requires-dist = [
    { name = "attrs", specifier = "<25,>=24" },
    { name = "httpx", extras = ["http2"], marker = "sys_platform == 'linux'" },
    { name = "lib", editable = "libs/lib" },
    { name = "orjson", marker = "extra == 'fast'", specifier = ">=3" },
    { name = "shop", extras = ["fast"], marker = "extra == 'all'" },
]
[package.metadata.requires-dev]
more = [{ name = "typing-extensions" }]
test = [{ name = "pytest", specifier = ">=8" }, { name = "typing-extensions" }]
"""


def found(pyproject: str, lock: str = LOCK) -> tuple[str, ...]:
    [package] = parse_uv_lock(lock.encode(), filename="uv.lock").packages
    return differences(tomllib.loads(pyproject), package)


def test_an_unchanged_project_differs_in_nothing() -> None:
    assert found(PYPROJECT) == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"lib"', '"lib", "six"', "`six` is asked for and not locked"),
        ('"lib", ', "", "`lib` is locked and not asked for any more"),
        (">=24,<25", ">=24,<26", "`attrs` is asked for as <26,>=24 and locked as <25,>=24"),
        ("orjson>=3", "orjson", "`orjson` is asked for as any version and locked as >=3"),
        ('"pytest>=8"', '"pytest>=8", "tox"', "`tox` is asked for in group `test` and not locked"),
        ('more = ["typing', 'lint = ["ruff"]\nmore = ["typing', "group `lint` is new"),
    ],
)
def test_every_change_is_told(old: str, new: str, reason: str) -> None:
    assert found(PYPROJECT.replace(old, new)) == (reason,)


def test_nothing_is_known_of_dynamic_projects_and_of_locks_without_metadata() -> None:
    dynamic = '[project]\nname = "shop"\ndynamic = ["dependencies"]\n'
    assert found(dynamic, LOCK.partition("[package.metadata.requires-dev]")[0]) == ()
    assert found('[project]\nname = "shop"\n', LOCK.partition("[package.metadata]")[0]) == ()
