from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from venvship.wheels.filename import WheelFilename, normalise_name


@pytest.mark.parametrize("spelling", ["Foo.Bar_baz", "foo-bar-baz", "FOO__bar.-baz"])
def test_all_spellings_of_a_name_are_one(spelling: str) -> None:
    assert normalise_name(spelling) == "foo-bar-baz"


@given(st.from_regex(r"\A[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?\Z"))
def test_names_are_normalised_as_the_specification_says(name: str) -> None:
    assert normalise_name(name) == canonicalize_name(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "a/b", "a b", "ä", "a" * 300, "a\n"])
def test_what_cannot_be_a_project_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a project"):
        normalise_name(name)


def test_a_file_name_tells_distribution_version_build_and_tags() -> None:
    name = WheelFilename.parse("Py_Arrow-1.0+cu128-3b-cp311.cp312-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl")
    assert (name.distribution, name.version, name.build) == ("py-arrow", "1.0+cu128", (3, "b"))
    assert len(list(name.tags())) == 4
    assert ("cp312", "abi3", "manylinux2014_x86_64") in set(name.tags())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.whl",
        "a-1.tar.gz",
        "a-1-py3-none.whl",
        "../a-1-py3-none-any.whl",
        "a-1-b-py3-none-any.whl",
        "a-1-py3-none-an/y.whl",
        "a-1-py3--any.whl",
        "a-1-1-1-py3-none-any.whl",
        "a-1-py3-none-any.whl\n",
    ],
)
def test_what_is_not_a_wheel_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"wheel|malformed|project"):
        WheelFilename.parse(text)


@given(st.text(max_size=60))
def test_any_text_is_either_a_wheel_name_or_a_value_error(text: str) -> None:
    try:
        parsed = WheelFilename.parse(text + "-1-py3-none-any.whl")
    except ValueError:
        return
    assert "/" not in parsed.text
