from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.archives.layer import (
    Attributes,
    ConflictingLayerPaths,
    LayerDirectory,
    LayerEntry,
    LayerFile,
    LayerLink,
    LayerText,
    LayerTree,
)
from venvship.images.layers import BadLayerPath, LayerGroup, layer_request, plan_layers
from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.label import Label, PackageId
from venvship.model.paths import TreePath

OWNER = Label(PackageId("", "app"), "app")


def artifact(path: str, kind: ArtifactKind = ArtifactKind.FILE) -> Artifact:
    return Artifact(Root.of_sources(""), path, OWNER, kind)


def file(path: str, source: str = "", origin: str = "//app:app") -> LayerFile:
    return LayerFile(TreePath(path), artifact(source or path), origin=origin)


def tree(path: str, source: str, strip: str = "") -> LayerTree:
    return LayerTree(TreePath(path), artifact(source, ArtifactKind.DIRECTORY), strip=strip)


def link(path: str, text: str, origin: str = "//app:app") -> LayerLink:
    return LayerLink(TreePath(path), text, origin=origin)


def test_a_path_is_stored_in_the_first_layer_that_names_it() -> None:
    db, top = file("wheels/db.py"), link("venv/db.py", "../wheels/db.py")
    wheels, app = plan_layers([LayerGroup("wheels", (db,)), LayerGroup("app", (db, top))])
    assert wheels.entries == (db,)
    assert app.entries == (top,)


def test_a_tree_is_stored_in_the_first_layer_that_names_it() -> None:
    six = tree("wheels/six", "six")
    wheels, app = plan_layers([LayerGroup("wheels", (six,)), LayerGroup("app", (tree("wheels/six", "six"), file("a")))])
    assert wheels.entries == (six,)
    assert app.entries == (file("a"),)


def test_two_parts_of_one_tree_are_two_entries() -> None:
    parts = tree("w", "torch", strip="a"), tree("w", "torch", strip="b")
    [plan] = plan_layers([LayerGroup("torch", parts)])
    assert plan.entries == parts


def test_a_group_without_anything_of_its_own_makes_no_layer() -> None:
    plans = plan_layers([LayerGroup("a", (file("x"),)), LayerGroup("b", (file("x"),)), LayerGroup("c", ())])
    assert [plan.name for plan in plans] == ["a"]


def test_all_conflicts_are_reported_at_once_with_both_origins() -> None:
    groups = [
        LayerGroup("a", (file("x", "x1", "//a:a"), link("y", "1", "//a:a"))),
        LayerGroup("b", (file("x", "x2", "//b:b"), link("y", "2", "//b:b"))),
    ]
    with pytest.raises(ConflictingLayerPaths) as caught:
        plan_layers(groups)
    assert caught.value.paths == ("x", "y")
    assert "x: x1 (//a:a) and x2 (//b:b)" in str(caught.value)
    assert "y: a link to `1` (//a:a) and a link to `2` (//b:b)" in str(caught.value)


@pytest.mark.parametrize("below", [file("a/b/c"), tree("a/b", "t"), tree("a", "t"), link("a/x", "y")])
def test_nothing_lies_below_a_file_or_a_link(below: LayerEntry) -> None:
    blockers: list[LayerEntry] = [file("a"), link("a", "/etc")]
    for blocker in blockers:
        for groups in ((blocker,), (below,)), ((below,), (blocker,)), ((blocker, below),):
            with pytest.raises(ConflictingLayerPaths):
                plan_layers(LayerGroup(str(number), entries) for number, entries in enumerate(groups))


def test_different_attributes_are_different_content() -> None:
    open_directory = LayerDirectory(TreePath("tmp"), attributes=Attributes(mode=0o1777))
    with pytest.raises(ConflictingLayerPaths):
        plan_layers([LayerGroup("a", (open_directory, LayerDirectory(TreePath("tmp"))))])


def test_directories_of_lower_layers_are_not_repeated() -> None:
    low, high = plan_layers([LayerGroup("low", (file("app/lib/a"),)), LayerGroup("high", (file("app/lib/sub/b"),))])
    assert low.skip == frozenset()
    assert high.skip == {"app", "app/lib"}


def test_the_request_names_directories_of_lower_layers_in_order() -> None:
    deep = "/".join("abcdefgh")
    _, high = plan_layers([LayerGroup("low", (file(f"{deep}/x"),)), LayerGroup("high", (file(f"{deep}/y"),))])
    skip = layer_request(high, blob=artifact("blob"), descriptor=None)["skip"]
    assert skip == tuple(deep[: 2 * length + 1] for length in range(8))


def test_a_shared_layer_does_not_depend_on_what_lies_below_it() -> None:
    shared = LayerGroup("six", (tree("app/six", "six"),), shared=True)
    alone, above = plan_layers([shared]), plan_layers([LayerGroup("low", (file("app/x"),)), shared])
    assert alone == above[1:]


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a//b", "a/.", "", "a\0b"])
def test_a_path_that_leaves_the_layer_is_refused(path: str) -> None:
    with pytest.raises(BadLayerPath, match=r"can't be a path of a layer"):
        plan_layers([LayerGroup("a", (LayerText(TreePath(path), b""),))])


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)
ENTRIES = st.lists(PATHS.map(file) | PATHS.map(lambda path: tree(path, "t")), max_size=6).map(tuple)


@given(st.lists(ENTRIES, max_size=4))
def test_every_entry_is_stored_exactly_once_or_the_plan_is_refused(groups: list[tuple[LayerEntry, ...]]) -> None:
    try:
        plans = plan_layers(LayerGroup(str(index), entries) for index, entries in enumerate(groups))
    except ConflictingLayerPaths:
        return
    stored = [entry for plan in plans for entry in plan.entries]
    assert len(stored) == len(set(stored))
    assert set(stored) == {entry for entries in groups for entry in entries}


def test_the_request_says_only_what_matters() -> None:
    [plan] = plan_layers([LayerGroup("a", (link("x", "y", ""),))])
    blob, descriptor = artifact("blob"), artifact("descriptor")
    request = layer_request(
        plan, blob=blob, descriptor=descriptor, compression="none", level=3, annotations={"b": "b", "a": "b"}
    )
    assert json.dumps(request["annotations"]) == '{"a": "b", "b": "b"}'
    assert request == {
        "rows": ({"link": "y", "at": "x"},),
        "output": blob,
        "descriptor": descriptor,
        "compression": "none",
        "level": 3,
        "uid": 0,
        "gid": 0,
        "mtime": 0,
        "annotations": {"a": "b", "b": "b"},
    }
    assert layer_request(plan, blob=blob, descriptor=None)["compressor"] == "isal"
