from __future__ import annotations

import pytest
from loading_workspace import LoadingWorkspace, package

from venvship.errors import SeveralErrors
from venvship.loading.pants_files import FileOfPants

PANTS = """
python_sources(
    name = "lib",
)
pex_binary(name = "app", tags = parametrize("a", "b"))
"""


def test_a_build_file_of_pants_is_refused_once() -> None:
    with pytest.raises(FileOfPants) as caught:
        package(PANTS).load("p")
    said = str(caught.value)
    assert said.startswith("p/BUILD.bazel:2:1: this BUILD file is for Pants\n")
    assert "it calls `python_sources`, `pex_binary`, `parametrize`" in said
    assert "write a `BUILD.bazel` beside it" in said


def test_a_build_file_of_bazel_beside_it_counts() -> None:
    workspace = LoadingWorkspace({"p/BUILD": PANTS, "p/BUILD.bazel": 'files(name = "new")'})
    assert list(workspace.load("p").targets) == ["new"]


def test_names_of_pants_that_a_file_defines_or_misspells_are_its_own() -> None:
    assert package("resources = []\nfiles(name = 'a', srcs = resources)").load("p").targets.keys() == {"a"}
    workspace = LoadingWorkspace(
        {"p/BUILD": 'load("//:d.bzl", "docker_image")\ndocker_image("x")', "BUILD": "", "d.bzl": "docker_image = len"}
    )
    assert not workspace.load("p").targets
    with pytest.raises(SeveralErrors, match="name 'python_srcs' is not defined"):
        package("python_srcs()").load("p")
