from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.modules.version import ModuleVersion

ORDERED = [
    "0.1",
    "0.9.9",
    "0.10",
    "1.0-alpha",
    "1.0-alpha.1",
    "1.0-beta",
    "1.0",
    "1.0.1",
    "1.0.bcr.1",
    "1.a",
    "20240116.2",
    "r1",
    "",
]


def test_versions_are_in_the_order_of_registries() -> None:
    shuffled = sorted(ORDERED)
    assert sorted(shuffled, key=ModuleVersion.parse) == ORDERED


def test_build_metadata_makes_no_difference() -> None:
    assert ModuleVersion.parse("1.2+a") == ModuleVersion.parse("1.2+b")


@pytest.mark.parametrize("text", ["1..2", ".1", "1.", "1/2", "../1", "1 2", "1-", "é", "1" * 300, "1\n"])
def test_a_malformed_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        ModuleVersion.parse(text)


@given(st.from_regex(r"[0-9a-z]{1,3}(\.[0-9a-z]{1,3}){0,2}(-[0-9a-z]{1,3})?", fullmatch=True))
def test_text_survives_parsing(text: str) -> None:
    assert str(ModuleVersion.parse(text)) == text
