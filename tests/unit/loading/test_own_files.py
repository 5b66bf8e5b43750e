"""The BUILD file is a target of the package that it declares."""

from __future__ import annotations

from analysis_workspace import AnalysisWorkspace

from venvship.model.label import Label, PackageId


def test_the_build_file_is_found_by_its_label_and_is_no_declared_target() -> None:
    loader = AnalysisWorkspace({"p/BUILD": 'filegroup(name = "f")\n'}).loader
    found = loader.target(Label(PackageId("", "p"), "BUILD"))
    assert (found.kind, str(found.place)) == ("source file", "p/BUILD:1:1")
    assert list(loader.load(PackageId("", "p")).targets) == ["f"]


def test_only_the_file_that_counts_is_one() -> None:
    workspace = AnalysisWorkspace({"p/BUILD": "", "p/BUILD.bazel": 'filegroup(name = "f")\n'})
    assert "does not export it" in workspace.problems("//p:BUILD")
