from __future__ import annotations

from collections.abc import Mapping

import pytest

from venvship.wheels.formats import ANY_FORMAT, formats_of_uv

NAMES = ("pyyaml", "six")


@pytest.mark.parametrize(
    ("table", "wheels", "built"),
    [
        ({"no-binary-package": ["PyYAML"]}, ["six"], ["pyyaml", "six"]),
        ({"no-binary": True}, [], ["pyyaml", "six"]),
        ({"no-build": True}, ["pyyaml", "six"], []),
        ({"no-build-package": ["six", "a/b"]}, ["pyyaml", "six"], ["pyyaml"]),
        ({"no-binary": "x", "no-build-package": 3}, ["pyyaml", "six"], ["pyyaml", "six"]),
    ],
)
def test_tables_of_uv_say_what_is_built(table: Mapping[str, object], wheels: list[str], built: list[str]) -> None:
    formats = formats_of_uv({"tool": {"uv": table}}, shown="pyproject.toml")
    assert [name for name in NAMES if formats.may_be_wheel(name)] == wheels
    assert [name for name in NAMES if formats.may_be_built(name)] == built


def test_a_project_that_says_nothing_allows_everything() -> None:
    documents: tuple[Mapping[str, object], ...] = ({}, {"tool": 1}, {"tool": {"uv": []}})
    assert {formats_of_uv(document, shown="pyproject.toml") for document in documents} == {ANY_FORMAT}
