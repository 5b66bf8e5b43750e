from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest
from analysis_workspace import DEFS, LINUX, AnalysisWorkspace, Dist, ValueHub, outputs

from venvship.errors import VenvshipError
from venvship.model.action import RunTool
from venvship.model.artifact import Artifact
from venvship.model.provider import OutputGroupInfo
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
    assert [layer.name for layer in layers] == ["Python 3.12.4", "large 1.0", "wheels", "venv", "launcher", "app"]


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


def test_first_party_code_is_the_last_layer_and_the_launcher_the_one_below() -> None:
    rows = {str(row["at"]): row for row in rows_of(workspace(), "//:layers", "app")}
    assert set(rows) == {"app.runfiles/_main/app.py", "app.runfiles/_main/seed.json"}
    [launcher, build_data] = rows_of(workspace(), "//:layers", "launcher")
    assert build_data["at"] == "app.runfiles/_main/app.build_data.txt"
    assert isinstance(launcher["file"], Artifact) and launcher["at"] == "app" and launcher["executable"] is True


def test_an_image_is_assembled_from_its_base_and_its_layers() -> None:
    made = workspace()
    target = made.one("//:image")
    info = target[OciImageInfo]
    action = outputs(target.actions)[info.layout.exec_path]
    assert isinstance(action, RunTool)
    config = cast(Mapping[str, object], action.request["config"])
    assert (config["entrypoint"], config["user"], config["cmd"]) == (("/app",), "65532", None)
    assert next(layer.name for layer in info.layers if layer) == "runtime libraries"
    assert len(cast(tuple[object, ...], action.request["layers"])) == 6


def test_an_entrypoint_where_the_program_is_not_is_told_of() -> None:
    text = 'oci_image(name = "{}", tars = [":layers"], entrypoint = ["{}"])\n'
    entrypoints = {"right": "/app", "older": "/services/app", "own": "/bin/sh"}
    build = BUILD + "".join(text.format(name, path) for name, path in entrypoints.items())
    files = {"BUILD": build, "app.py": "", "other.py": "", "seed.json": "", "extra.tar": ""}
    made = AnalysisWorkspace(files, hub=ValueHub([LARGE, SMALL]))
    assert [len(made.one(f"//:{name}").warnings) for name in entrypoints] == [0, 1, 0]
    [warning] = made.one("//:older").warnings
    assert warning.endswith("`entrypoint` is `/services/app`, and the program `app` is `/app` in its layers")


def test_plain_archives_are_layers_too() -> None:
    layers = workspace().one("//:plain")[OciImageInfo].layers
    assert layers[-1] is None and len(layers) == 7


def test_a_base_must_be_an_image() -> None:
    build = 'load("@rules_oci//oci:defs.bzl", "oci_image")\nfilegroup(name = "f")\noci_image(name = "i", base = ":f")'
    assert "must give exactly one file" in AnalysisWorkspace({"BUILD": build}).problems("//:i")


def test_os_and_architecture_come_from_the_base() -> None:
    build = BUILD + 'oci_image(name = "twice", base = ":base", os = "linux")\n'
    made = AnalysisWorkspace({"BUILD": build, "app.py": "", "other.py": "", "seed.json": "", "extra.tar": ""})
    assert "takes os, architecture and variant from it" in made.problems("//:twice")


TIERS = (
    DEFS
    + 'load("@venvship//oci:defs.bzl", "py_layer_tier")\n'
    + """
py_library(name = "lib", srcs = ["lib.py"], data = ["lib.json"])
py_binary(name = "app", srcs = ["app.py"], deps = [":lib", "@pypi//large", "@pypi//small", "@pypi//tiny"])
py_binary(name = "job", srcs = ["job.py"], deps = [":lib", "@pypi//small"])
"""
)
TINY = Dist("tiny", "0.3", files={"tiny/__init__.py": ""})


def tiers(text: str) -> AnalysisWorkspace:
    files = dict.fromkeys(("app.py", "job.py", "lib.py", "lib.json"), "")
    return AnalysisWorkspace({**files, "BUILD": TIERS + text}, hub=ValueHub([LARGE, SMALL, TINY]))


def names(made: AnalysisWorkspace, label: str = "//:l") -> list[str]:
    return [layer.name for layer in made.one(label)[ImageLayersInfo].layers]


def test_wheels_that_nobody_groups_are_grouped_by_size_and_by_how_often_they_change() -> None:
    made = tiers('py_image_layer(name = "l", binary = ":app")')
    assert names(made) == ["Python 3.12.4", "large 1.0", "wheels", "young wheels", "venv", "launcher", "app"]
    reasons = {row.layer: row for row in made.one("//:l")[ImageLayersInfo].reasons}
    assert reasons["young wheels"].holds == ("tiny 0.3",)
    assert "before version 1" in reasons["young wheels"].reason
    assert "9 MiB" in reasons["large 1.0"].reason


def test_groups_name_distributions_files_of_them_and_first_party_targets() -> None:
    made = tiers(
        """
py_layer_tier(name = "t", interpreter_group = "base", groups = {
    "@pypi//small": "base", "@pypi//large:*.bin": "data", "@pypi//tiny": "tiny", "//:lib": "ours"})
py_image_layer(name = "l", binary = ":app", layer_tier = ":t")
"""
    )
    assert names(made) == ["ours", "base", "data", "tiny", "large 1.0", "venv", "launcher", "app"]
    assert [row["at"] for row in rows_of(made, "//:l", "ours")] == [
        "app.runfiles/_main/lib.py",
        "app.runfiles/_main/lib.json",
    ]
    assert [row["at"] for row in rows_of(made, "//:l", "app")] == ["app.runfiles/_main/app.py"]
    [data] = rows_of(made, "//:l", "data")
    [rest] = rows_of(made, "//:l", "large 1.0")
    assert (data["include"], rest["exclude"]) == (("**/*.bin",), ("**/*.bin",))
    assert len(rows_of(made, "//:l", "base")) == 2


ASK = """
load("@aspect_rules_py//py:defs.bzl", "PyLayerTierInfo")

def _ask(ctx):
    tier = ctx.attr.tier[PyLayerTierInfo]
    print(tier.whole_groups, tier.subpath_groups, tier.compression, tier.multi_member_groups)
    print(tier.interpreter_group, tier.root, tier.owner, tier.group, repr(tier.strip_prefix))

ask = rule(_ask, attrs = {"tier": attr.label(providers = [PyLayerTierInfo])})
"""


def test_rules_of_a_workspace_may_read_a_tier() -> None:
    text = """
load(":ask.bzl", "ask")
py_layer_tier(name = "t", interpreter_group = "base", owner = "7", compression = {"data": ["gzip", "9"]}, groups = {
    "@pypi//small": "data", "@pypi//large:*.bin": "data", "@pypi//tiny": "tiny"})
ask(name = "asks", tier = ":t")
"""
    made = AnalysisWorkspace({"BUILD": TIERS + text, "ask.bzl": ASK})
    made.one("//:asks")
    assert made.printed == [
        '{"@pypi//small": "data", "@pypi//tiny": "tiny"} {"@pypi//large": [["*.bin", "data"]]} '
        '{"data": ["gzip", "9"]} ["data"]',
        'base /app 7 0 ""',
    ]


def test_the_command_line_may_name_a_tier_for_images_that_name_none() -> None:
    made = tiers(
        """
py_layer_tier(name = "t", groups = {"@pypi//small": "little"})
py_layer_tier(name = "own", groups = {"@pypi//small": "own"})
py_image_layer(name = "l", binary = ":job")
py_image_layer(name = "m", binary = ":job", layer_tier = ":own")
"""
    )
    flagged = LINUX.with_options({"@@aspect_rules_py//py:layer_tier": "@@//:t"})
    for label, group in (("//:l", "little"), ("//:m", "own")):
        layers = made.one(label, flagged)[ImageLayersInfo].layers
        assert [layer.name for layer in layers] == ["Python 3.12.4", group, "venv", "launcher", "app"]


def test_a_group_of_one_whole_wheel_is_the_layer_that_the_wheel_makes() -> None:
    made = tiers(
        """
py_layer_tier(name = "t", groups = {"@pypi//small": "little"})
py_image_layer(name = "l", binary = ":app", layer_tier = ":t")
py_image_layer(name = "m", binary = ":job", layer_tier = ":t")
"""
    )
    blobs = [
        {layer.name: layer.blob for layer in made.one(label)[ImageLayersInfo].layers}["little"]
        for label in ("//:l", "//:m")
    ]
    assert blobs[0] is blobs[1]


def test_owner_and_compression_make_layers_of_the_images_own() -> None:
    made = tiers(
        """
py_layer_tier(name = "t", owner = "65532", group = "7", compression = {"wheels": ["zstd", "9"], "app": ["gzip"]})
py_image_layer(name = "l", binary = ":app", layer_tier = ":t", group_compress_levels = {"venv": "9"})
"""
    )
    asked = {}
    for layer in made.one("//:l")[ImageLayersInfo].layers:
        action = made.graph().generating(layer.blob)
        assert isinstance(action, RunTool)
        request = action.request
        asked[layer.name] = (request["uid"], request["gid"], request["compression"], request.get("level"))
        assert action.owner.name == "l"
    assert set(asked.values()) == {(65532, 7, "gzip", None), (65532, 7, "zstd", 9), (65532, 7, "gzip", 9)}
    assert asked["wheels"][2] == "zstd" and asked["venv"][3] == 9


@pytest.mark.parametrize(("level", "is_good"), [("0", False), ("1", True), ("9", True), ("10", False), ("-1", False)])
def test_levels_of_compression_are_those_of_gzip(level: str, is_good: bool) -> None:
    text = f'py_image_layer(name = "l", binary = ":app", group_compress_levels = {{"venv": "{level}"}})'
    if is_good:
        tiers(text).one("//:l")
    else:
        with pytest.raises(VenvshipError, match=f"`venv` must be 1 to 9, and is `{level}`"):
            tiers(text).one("//:l")


def test_a_group_holds_what_the_program_needs_of_what_it_names() -> None:
    made = tiers(
        """
py_layer_tier(name = "t", groups = {"//:lib": "ours", "//:job": "theirs"})
py_image_layer(name = "l", binary = ":app", layer_tier = ":t")
"""
    )
    assert "theirs" not in names(made) and "ours" in names(made)


def test_several_binaries_share_everything_and_each_finds_its_runfiles() -> None:
    made = tiers('py_image_layer(name = "l", binaries = [":app", ":job"])')
    launchers = {str(row["at"]): row for row in rows_of(made, "//:l", "launcher")}
    build_data = {f"app.runfiles/_main/{name}.build_data.txt" for name in ("app", "job")}
    programs = {"app/bin/app", "app/bin/app.runfiles", "app/bin/job", "app/bin/job.runfiles"}
    assert set(launchers) == programs | build_data
    assert launchers["app/bin/job.runfiles"]["link"] == "../../app.runfiles"
    every = [str(row["at"]) for row in rows_of(made, "//:l", "app")]
    assert sorted(every) == [f"app.runfiles/_main/{name}" for name in ("app.py", "job.py", "lib.json", "lib.py")]


def test_a_program_that_carries_another_one_of_another_python_shares_an_image_with_it() -> None:
    build = (
        DEFS
        + """
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//small"], data = [":tool"])
py_binary(name = "tool", srcs = ["tool.py"], deps = ["@pypi//small"], python_version = "3.11")
py_image_layer(name = "layers", binaries = [":app", ":tool"])
filegroup(name = "sources", srcs = [":layers_only_src"])
filegroup(name = "below", srcs = [":layers_no_src"])
"""
    )
    made = AnalysisWorkspace({"BUILD": build, "app.py": "", "tool.py": ""}, hub=ValueHub([SMALL]))
    rows = rows_of(made, "//:layers", "wheels")
    assert {str(row["at"]) for row in rows} == {"app.runfiles/pypi/small/1.0", "app.runfiles/pypi/small/1.0-python3.11"}
    venv = {str(row["at"]): row for row in rows_of(made, "//:layers", "venv")}
    link = venv["app.runfiles/_main/._tool.venv/lib/python3.11/site-packages/small"]["link"]
    assert link == "../../../../../pypi/small/1.0-python3.11/lib/python3.11/site-packages/small"
    places = [str(row["at"]) for name in ("venv", "launcher", "app") for row in rows_of(made, "//:layers", name)]
    assert len(places) == len(set(places))
    files = [made.one(label).default_info.files.to_tuple() for label in ("//:sources", "//:below")]
    assert [len(one) for one in files] == [1, len(made.one("//:layers")[ImageLayersInfo].layers) - 1]


def test_groups_may_name_a_distribution_of_any_hub() -> None:
    build = (
        DEFS
        + """
load("@aspect_rules_py//py:defs.bzl", "py_layer_tier")
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//small"])
py_layer_tier(name = "tier", groups = {"@pip//small": "mine"})
py_image_layer(name = "layers", binary = ":app", layer_tier = ":tier")
"""
    )
    made = AnalysisWorkspace({"BUILD": build, "app.py": ""}, hub=ValueHub([SMALL]))
    assert "mine" in [layer.name for layer in made.one("//:layers")[ImageLayersInfo].layers]


def test_another_root_moves_the_program_and_not_what_images_share() -> None:
    made = tiers(
        """
py_layer_tier(name = "t", root = "/srv/shop")
py_image_layer(name = "l", binary = ":app", layer_tier = ":t")
"""
    )
    launchers = {str(row["at"]): row.get("link") for row in rows_of(made, "//:l", "launcher")}
    data = "app.runfiles/_main/app.build_data.txt"
    assert launchers == {"srv/shop": None, "srv/shop.runfiles": "../app.runfiles", data: None}


def test_a_prefix_that_is_stripped_moves_programs_and_gives_files_a_second_name_below_the_root() -> None:
    build = """
load("@aspect_rules_py//py:defs.bzl", "py_binary", "py_image_layer", "py_layer_tier")
py_binary(name = "app", srcs = ["app.py"], data = ["more/one.txt", "apples.txt"])
py_layer_tier(name = "t", root = "/srv", strip_prefix = "shop")
py_image_layer(name = "l", binary = ":app", layer_tier = ":t")
py_layer_tier(name = "whole", root = "/srv/it", strip_prefix = "shop/app")
py_image_layer(name = "w", binary = ":app", layer_tier = ":whole")
"""
    files = {"shop/BUILD": build, "shop/app.py": "", "shop/more/one.txt": "", "shop/apples.txt": ""}
    made = AnalysisWorkspace(files, hub=ValueHub([LARGE]))
    launchers = {str(row["at"]) for row in rows_of(made, "//shop:l", "launcher")}
    assert launchers == {"srv/app", "srv/app.runfiles", "app.runfiles/_main/shop/app.build_data.txt"}
    app = {str(row["at"]): row.get("link") for row in rows_of(made, "//shop:l", "app")}
    assert app == {
        **dict.fromkeys(f"app.runfiles/_main/shop/{name}" for name in ("app.py", "more/one.txt", "apples.txt")),
        "srv/app.py": "../app.runfiles/_main/shop/app.py",
        "srv/more/one.txt": "../../app.runfiles/_main/shop/more/one.txt",
        "srv/apples.txt": "../app.runfiles/_main/shop/apples.txt",
    }
    assert "srv/it" in {str(row["at"]) for row in rows_of(made, "//shop:w", "launcher")}
    assert all(row.get("link") is None for row in rows_of(made, "//shop:w", "app"))


def test_the_platform_of_an_image_is_that_of_its_layers() -> None:
    made = tiers('py_image_layer(name = "l", binary = ":app", platform = "//platforms:linux_arm64")')
    layers = made.one("//:l")[ImageLayersInfo].layers
    assert {layer.blob.exec_path.split("/")[1] for layer in layers} == {"linux_aarch64-fastbuild"}


def test_layers_by_kind_are_output_groups_and_the_explanation_is_a_validation() -> None:
    made = tiers('py_image_layer(name = "l", binary = ":app")')
    groups = made.one("//:l")[OutputGroupInfo].groups
    assert [blob.path for blob in groups["sources"].to_tuple()] == ["l_app.tar.gz"]
    assert len(groups["deps"].to_tuple()) == 6
    assert [file.path for file in groups["_validation"].to_tuple()] == ["l_layers.json"]


def test_limits_are_told() -> None:
    made = tiers(
        'py_image_layer(name = "l", binary = ":app", warn_layer_count = 3, group_compress_levels = {"vnv": "6"})'
    )
    warnings = "\n".join(made.one("//:l").warnings)
    assert "7 layers, and container engines take 127" in warnings
    assert "no layer is called `vnv`; there are" in warnings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('py_image_layer(name = "l")', "give either `binary` or `binaries`"),
        ('py_image_layer(name = "l", binary = ":app", platform = "//p:macos_arm64")', "which platform it is"),
        ('py_image_layer(name = "l", binary = ":app", platform = "//p:mine")', "which platform it is"),
        ('py_image_layer(name = "l", binary = ":app", group_compress_levels = {"a": "12"})', "must be 1 to 9"),
        ('py_layer_tier(name = "l", groups = {"numpy": "a"})', "no distribution and no target"),
        ('py_layer_tier(name = "l", owner = "root")', "images know users by number only"),
        ('py_layer_tier(name = "l", compression = {"a": ["lzma"]})', "known are gzip, none, zstd"),
        ('py_layer_tier(name = "l", compression = {"a": ["zstd", "99"]})', "not one of 1 to 22"),
    ],
)
def test_settings_that_mean_nothing_are_refused(text: str, message: str) -> None:
    assert message in tiers(text).problems("//:l")
