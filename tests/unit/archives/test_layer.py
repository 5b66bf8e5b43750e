from __future__ import annotations

from venvship.archives.layer import (
    Attributes,
    LayerDirectory,
    LayerFile,
    LayerLink,
    LayerPlan,
    LayerText,
    LayerTree,
    parents,
)
from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.label import Label, PackageId
from venvship.model.paths import TreePath

OWNER = Label(PackageId("", "app"), "app")


def artifact(path: str, kind: ArtifactKind = ArtifactKind.FILE) -> Artifact:
    return Artifact(Root.of_sources(""), path, OWNER, kind)


def test_every_entry_becomes_the_row_that_the_tool_reads() -> None:
    tree, wheel, file = artifact("six", ArtifactKind.DIRECTORY), artifact("six.whl"), artifact("server")
    plan = LayerPlan(
        "app",
        (
            LayerTree(TreePath("w/six"), tree, wheel=wheel, strip="lib", include=("**",), exclude=("*.pyc",)),
            LayerFile(TreePath("bin/server"), file, executable=True, origin="//app:app"),
            LayerText(TreePath("etc/x"), b"1", attributes=Attributes(mode=0o600, uid=0)),
            LayerLink(TreePath("bin/python"), "../python"),
            LayerDirectory(TreePath("tmp"), attributes=Attributes(mode=0o1777)),
        ),
    )
    assert plan.rows() == (
        {"tree": tree, "at": "w/six", "wheel": wheel, "strip": "lib", "include": ("**",), "exclude": ("*.pyc",)},
        {"file": file, "at": "bin/server", "executable": True, "origin": "//app:app"},
        {"text": "MQ==", "at": "etc/x", "executable": False, "mode": 0o600, "uid": 0},
        {"link": "../python", "at": "bin/python"},
        {"directory": "tmp", "mode": 0o1777},
    )
    assert plan.artifacts == (tree, wheel, file)


def test_parents_come_nearest_first_and_without_the_root() -> None:
    assert list(parents("a/b/c")) == ["a/b", "a"]
    assert list(parents("a")) == []
