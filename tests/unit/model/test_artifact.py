from __future__ import annotations

from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.label import Label, PackageId

OWNER = Label(PackageId("", "pkg"), "t")


def test_outputs_lie_as_runfiles_do() -> None:
    main = Artifact(Root.of_outputs("cfg", ""), "pkg/a", OWNER)
    other = Artifact(Root.of_outputs("cfg", "rules+"), "pkg/a", OWNER)
    assert main.exec_path == "venvship-out/cfg/bin/pkg/a"
    assert other.exec_path == "venvship-out/cfg/rules+/pkg/a"
    assert (main.runfiles_path, other.runfiles_path) == ("_main/pkg/a", "rules+/pkg/a")
    assert (main.short_path, other.short_path) == ("pkg/a", "../rules+/pkg/a")


def test_sources_lie_where_the_user_put_them() -> None:
    main = Artifact(Root.of_sources(""), "pkg/a", OWNER)
    other = Artifact(Root.of_sources("rules+"), "pkg/a", OWNER)
    assert (main.exec_path, other.exec_path) == ("pkg/a", "external/rules+/pkg/a")
    assert main.runfiles_path == "_main/pkg/a" and main.is_source and other.is_source


def test_artifacts_are_the_same_when_their_exec_paths_are() -> None:
    one = Artifact(Root.of_sources(""), "a", OWNER)
    two = Artifact(Root.of_sources(""), "a", OWNER.sibling("other"), ArtifactKind.DIRECTORY)
    three = Artifact(Root.of_outputs("cfg", ""), "a", OWNER)
    assert one == two and hash(one) == hash(two) and one != three
    assert sorted([three, one]) == [one, three]
    assert one != "a"
