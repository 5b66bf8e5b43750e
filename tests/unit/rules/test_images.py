from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from analysis_workspace import DEFS, AnalysisWorkspace, Dist, ValueHub, outputs

from venvship.model.action import RunTool
from venvship.model.artifact import Artifact
from venvship.rules.oci.image import OciImageInfo
from venvship.rules.oci.layers import ImageLayersInfo

LARGE = Dist("large", files={"large/__init__.py": "", "large/data.bin": bytes(9 << 20)})
SMALL = Dist("small", files={"small/__init__.py": ""})
BUILD = (
    DEFS
    + 'load("@rules_oci//oci:defs.bzl", "oci_image")\nload("@venvship//oci:defs.bzl", "runtime_base")\n'
    + """
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//large", "@pypi//small"], data = ["seed.json"])
py_binary(name = "other", srcs = ["other.py"], deps = ["@pypi//large"])
py_image_layer(name = "layers", binary = ":app")
py_image_layer(name = "other_layers", binary = ":other")
runtime_base(name = "base")
oci_image(name = "image", base = ":base", tars = [":layers"], entrypoint = ["/app"], user = "65532")
oci_image(name = "plain", tars = [":layers", "extra.tar"])
"""
)


def workspace() -> AnalysisWorkspace:
    files = {"BUILD": BUILD, "app.py": "", "other.py": "", "seed.json": "", "extra.tar": ""}
    return AnalysisWorkspace(files, hub=ValueHub([LARGE, SMALL]))


def rows_of(made: AnalysisWorkspace, label: str, name: str) -> list[Mapping[str, object]]:
    """The rows of the request that writes a layer."""
    [layer] = [layer for layer in made.one(label)[ImageLayersInfo].layers if layer.name == name]
    action = made.graph().generating(layer.blob)
    assert isinstance(action, RunTool)
    return list(cast(tuple[Mapping[str, object], ...], action.request["rows"]))


def test_layers_go_from_what_changes_least_to_what_changes_most() -> None:
    layers = workspace().one("//:layers")[ImageLayersInfo].layers
    assert [layer.name for layer in layers] == ["Python 3.12.4", "large 1.0", "wheels", "venv", "app"]


def test_a_large_wheel_is_one_layer_in_all_images() -> None:
    made = workspace()
    blobs = [
        {layer.name: layer.blob for layer in made.one(label)[ImageLayersInfo].layers}
        for label in ("//:layers", "//:other_layers")
    ]
    assert blobs[0]["large 1.0"] is blobs[1]["large 1.0"]
    assert blobs[0]["Python 3.12.4"] is blobs[1]["Python 3.12.4"]


def test_links_of_the_venv_are_texts_and_no_path_is_in_two_layers() -> None:
    made = workspace()
    names = ("wheels", "venv", "app")
    destinations = [str(row["at"]) for name in names for row in rows_of(made, "//:layers", name)]
    assert len(destinations) == len(set(destinations))
    venv = {str(row["at"]): row for row in rows_of(made, "//:layers", "venv")}
    link = venv["app.runfiles/_main/._app.venv/lib/python3.12/site-packages/large"]
    assert link["link"] == "../../../../../pypi/large/1.0/lib/python3.12/site-packages/large"


def test_first_party_code_and_the_launcher_share_the_last_layer() -> None:
    rows = {str(row["at"]): row for row in rows_of(workspace(), "//:layers", "app")}
    assert set(rows) == {"app", "app.runfiles/_main/app.py", "app.runfiles/_main/seed.json"}
    assert isinstance(rows["app"]["file"], Artifact) and rows["app"]["executable"] is True


def test_an_image_is_assembled_from_its_base_and_its_layers() -> None:
    made = workspace()
    target = made.one("//:image")
    info = target[OciImageInfo]
    action = outputs(target.actions)[info.layout.exec_path]
    assert isinstance(action, RunTool)
    config = cast(Mapping[str, object], action.request["config"])
    assert (config["entrypoint"], config["user"], config["cmd"]) == (("/app",), "65532", None)
    assert next(layer.name for layer in info.layers if layer) == "runtime libraries"
    assert len(cast(tuple[object, ...], action.request["layers"])) == 5


def test_plain_archives_are_layers_too() -> None:
    layers = workspace().one("//:plain")[OciImageInfo].layers
    assert layers[-1] is None and len(layers) == 6


def test_a_base_must_be_an_image() -> None:
    build = 'load("@rules_oci//oci:defs.bzl", "oci_image")\nfilegroup(name = "f")\noci_image(name = "i", base = ":f")'
    assert "does not have the provider OciImageInfo" in AnalysisWorkspace({"BUILD": build}).problems("//:i")


def test_os_and_architecture_come_from_the_base() -> None:
    build = BUILD + 'oci_image(name = "twice", base = ":base", os = "linux")\n'
    made = AnalysisWorkspace({"BUILD": build, "app.py": "", "other.py": "", "seed.json": "", "extra.tar": ""})
    assert "takes os, architecture and variant from it" in made.problems("//:twice")
