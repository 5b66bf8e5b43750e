from __future__ import annotations

from pathlib import Path

import pytest

from venvship.session.annotations import MalformedAnnotations, read_annotations


def test_what_builds_a_distribution_is_read_by_name_and_version(tmp_path: Path) -> None:
    path = tmp_path / "ann.toml"
    path.write_text(
        '[[package]]\nname = "A.b"\nnative = true\nbuild-dependencies = ["Cython", { name = "numpy" }]\n'
        '[[package]]\nname = "a-b"\nversion = "2"\nbuild-dependencies = ["ninja"]\n'
    )
    found = read_annotations(path, shown="ann.toml")
    assert found.build_dependencies("a-b", "1") == ("cython", "numpy")
    assert found.build_dependencies("a-b", "2") == ("cython", "numpy", "ninja")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[package]]\n", "needs a `name`"),
        ("package = 3\n", "needs a `name`"),
        ('[[package]]\nname = "a"\nversion = 2\n', "the `version` of `a` is not a text"),
        ('[[package]]\nname = "a"\nnative = "yes"\n', "`native` of `a` is neither true nor false"),
        ("[[package\n", "malformed annotations"),
    ],
)
def test_mistaken_annotations_are_refused_with_their_file(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "ann.toml"
    path.write_text(text)
    with pytest.raises(MalformedAnnotations, match=told) as caught:
        read_annotations(path, shown="ann.toml")
    assert str(caught.value).startswith("ann.toml: ")
