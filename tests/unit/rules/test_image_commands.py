"""Images for several platforms, and what is done with images: by what targets provide and declare."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from analysis_workspace import DEFS, AnalysisWorkspace, Dist, ValueHub, outputs

from venvship.model.action import RunTool, WriteFile
from venvship.model.provider import OutputGroupInfo
from venvship.rules.oci.commands import command_archive
from venvship.rules.oci.image import OciImageInfo, OciIndexInfo

DIGEST = "sha256:" + "1" * 64
LOADS = (
    DEFS
    + """
load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index", "oci_load", "oci_push")
load("@rules_oci//oci:pull.bzl", "oci_pull")
load("@venvship//oci:defs.bzl", "oci_provenance", "py_sbom")
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//small"])
py_image_layer(name = "layers", binary = ":app")
oci_image(name = "image", tars = [":layers"], entrypoint = ["/app"])
"""
)
SMALL = Dist("small", files={"small/__init__.py": ""})


def workspace(text: str, more: Mapping[str, str] = {}) -> AnalysisWorkspace:
    files = {"BUILD": LOADS + text, "app.py": "", "env.txt": "", "tags.txt": "", "where.txt": "", **more}
    return AnalysisWorkspace(files, hub=ValueHub([SMALL]))


def launcher(made: AnalysisWorkspace, label: str) -> bytes:
    target = made.one(label)
    assert target.default_info.executable is not None
    action = outputs(target.actions)[target.default_info.executable.exec_path]
    assert isinstance(action, WriteFile) and isinstance(action.content, bytes) and action.executable
    return action.content


def request(made: AnalysisWorkspace, label: str, number: int = 0) -> dict[str, object]:
    [*tools] = [action for action in made.one(label).actions if isinstance(action, RunTool)]
    return cast("dict[str, object]", tools[number].request)


def test_one_image_is_built_for_each_platform() -> None:
    made = workspace(
        'oci_image_index(name = "index", images = [":image"], platforms = ["//p:linux_amd64", "//p:linux_arm64"])'
    )
    images = made.one("//:index")[OciIndexInfo].images
    assert [image.layout.exec_path.split("/")[1] for image in images] == [
        "linux_x86_64-fastbuild",
        "linux_aarch64-fastbuild",
    ]
    assert len({layer.blob for image in images for layer in image.layers if layer is not None}) == 10


def test_an_image_stays_one_when_another_platform_is_asked_for() -> None:
    made = workspace(
        """
load("@bazel_lib//lib:transitions.bzl", "platform_transition_filegroup")
load("@rules_oci//oci:defs.bzl", "oci_tarball")
platform(name = "arm", constraint_values = ["@platforms//os:linux", "@platforms//cpu:aarch64"])
platform_transition_filegroup(name = "moved", srcs = [":image"], target_platform = ":arm")
oci_tarball(name = "load", image = ":moved", repo_tags = ["a:1"])
oci_image(name = "named", tars = py_image_layer(name = "own", binary = ":app"), entrypoint = ["/app"])
"""
    )
    [image] = [made.one("//:moved").get(OciImageInfo)]
    assert image is not None and "aarch64" in image.layout.exec_path
    assert made.one("//:moved").get(OutputGroupInfo) is not None
    assert image.layout.exec_path in str(request(made, "//:load"))
    named, plain = made.one("//:named").get(OciImageInfo), made.one("//:image").get(OciImageInfo)
    assert named is not None and plain is not None and len(named.layers) == len(plain.layers)


def test_attributes_of_older_layers_are_refused_with_what_does_it_now() -> None:
    own = 'py_image_layer(name = "own", binary = ":app", root = "/opt", owner = "", layer_groups = {"a": "b"})'
    problem = workspace(own).problems("//:own")
    assert "py_image_layer has no `root` any more: a program is `/app` in its image" in problem
    assert "py_image_layer has no `layer_groups` any more: " in problem
    assert "`owner`" not in problem


def test_an_index_takes_images_of_a_rule_that_gives_files_only() -> None:
    made = workspace(
        """
load(":each.bzl", "each")
platform(name = "arm", constraint_values = ["@platforms//os:linux", "@platforms//cpu:aarch64"])
platform(name = "intel", constraint_values = ["@platforms//os:linux", "@platforms//cpu:x86_64"])
each(name = "images", image = ":image", platforms = [":arm", ":intel"])
oci_image_index(name = "index", images = [":images"])
oci_image_index(name = "wrong", images = [":app"])
""",
        {
            "each.bzl": """
def _to(settings, attr):
    return [{"//command_line_option:platforms": str(platform)} for platform in attr.platforms]
to = transition(implementation = _to, inputs = [], outputs = ["//command_line_option:platforms"])
each = rule(
    lambda ctx: DefaultInfo(files = depset(ctx.files.image)),
    attrs = {"image": attr.label(cfg = to), "platforms": attr.label_list()},
)
"""
        },
    )
    layouts = request(made, "//:index")["images"]
    assert isinstance(layouts, tuple) and len({layout.exec_path for layout in layouts}) == 2
    assert "`images` names `//:app`, which gives neither an image nor directories" in made.problems("//:wrong")


def test_a_platform_for_several_images_is_refused() -> None:
    text = 'oci_image_index(name = "i", images = [":image", ":layers"], platforms = ["//p:linux_amd64"])'
    assert "give exactly one image" in workspace(text).problems("//:i")


def test_settings_are_values_or_files_of_them() -> None:
    made = workspace(
        """
oci_image(name = "values", tars = [":layers"], env = {"A": "$A:1"}, cmd = ["x"], created = "2024-01-01T00:00:00Z")
oci_image(name = "files", tars = [":layers"], env = "env.txt", labels = "tags.txt", created = "where.txt")
"""
    )
    values, files = request(made, "//:values"), request(made, "//:files")
    assert values["created"] == "2024-01-01T00:00:00Z" and values["config_files"] == {}
    assert sorted(cast("dict[str, object]", files["config_files"])) == ["created", "env", "labels"]


def test_a_load_is_a_command_without_a_shell_and_its_archive_an_output_group() -> None:
    made = workspace('oci_load(name = "load", image = ":image", repo_tags = ["shop/app:v1"], loader = "podman")')
    program = launcher(made, "//:load")
    assert all(word in program for word in (b"oci_load", b"--repo_tag=shop/app:v1", b"--loader=podman", b"_main/image"))
    assert b"/bin/sh" not in program
    [tarball] = made.one("//:load")[OutputGroupInfo].groups["tarball"].to_tuple()
    assert tarball.path == "load.tar"
    assert tarball not in made.one("//:load").default_info.files.to_tuple()


def test_an_index_is_no_docker_image() -> None:
    text = 'oci_image_index(name = "i", images = [":image"])\noci_load(name = "l", image = ":i", format = "docker")'
    assert "an index can't be loaded" in workspace(text).problems("//:l")


def test_a_push_knows_where_and_what_may_be_mounted() -> None:
    made = workspace(
        f"""
oci_pull(name = "python", image = "registry.example/base/python", digest = "{DIGEST}")
oci_image(name = "derived", base = ":python", tars = [":layers"])
py_sbom(name = "sbom", binaries = [":app"])
oci_push(name = "push", image = ":derived", repository = "registry.example/shop/app", remote_tags = ["v1"],
         attachments = [":sbom"])
oci_push(name = "by_file", image = ":image", repository_file = "where.txt", remote_tags = "tags.txt")
oci_push(name = "chosen", image = ":image", repository = "registry.example/shop/app",
         remote_tags = select({{"//conditions:default": "tags.txt"}}))
oci_push(name = "listed", image = ":image", repository = "registry.example/shop/app",
         remote_tags = select({{"//conditions:default": ["v2"]}}))
"""
    )
    program = launcher(made, "//:push")
    wanted = (
        b"--repository=registry.example/shop/app",
        b"--tag=v1",
        b"--mount=registry.example/base/python",
        b"--attach",
    )
    assert all(word in program for word in wanted)
    assert all(word in launcher(made, "//:by_file") for word in (b"--tags_file", b"_main/tags.txt", b"_main/where.txt"))
    assert b"--tags_file" in launcher(made, "//:chosen") and b"_main/tags.txt" in launcher(made, "//:chosen")
    assert b"--tag=v2" in launcher(made, "//:listed")
    assert made.one("//:derived")[OciImageInfo].sources == ("registry.example/base/python",)


def test_a_base_is_pulled_for_the_platform_that_is_built_for() -> None:
    made = workspace(f'oci_pull(name = "p", registry = "r.example", repository = "a/b", digest = "{DIGEST}")')
    asked = request(made, "//:p")
    assert (asked["repository"], asked["digest"], asked["platforms"]) == ("r.example/a/b", DIGEST, ("linux/amd64",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('oci_pull(name = "a", image = "r.example/a", digest = "latest")', "must be `sha256:` and 64 digits"),
        (f'oci_pull(name = "a", digest = "{DIGEST}")', "give either `image`, or `registry` and `repository`"),
        ('oci_push(name = "a", image = ":app")', "which is neither an image nor an index"),
        ('oci_push(name = "a", image = ":image", repository = "x.y/z", repository_file = "env.txt")', "give either"),
        ('oci_provenance(name = "a", image = ":layers")', "which is neither an image nor an index"),
        ('oci_image(name = "a", tars = ["app.py"])', "app.py"),
    ],
)
def test_what_can_not_be_meant_is_refused(text: str, message: str) -> None:
    assert message in workspace(text).problems("//:a")


def test_a_bill_of_materials_names_interpreter_and_wheels() -> None:
    made = workspace(
        'py_sbom(name = "c", binaries = [":app"])\npy_sbom(name = "s", binaries = [":app"], format = "spdx")'
    )
    documents = []
    for label in ("//:c", "//:s"):
        [action] = [action for action in made.one(label).actions if isinstance(action, WriteFile)]
        assert isinstance(action.content, bytes)
        documents.append(json.loads(action.content))
    assert {row["name"] for row in documents[0]["components"]} == {"python", "small"}
    assert {row["name"] for row in documents[1]["packages"]} == {"//:app", "//:s", "python", "small"} - {"//:app"}


@pytest.mark.parametrize("command", ["oci_load", "oci_push"])
def test_commands_are_one_archive_that_holds_all_they_import(tmp_path: Path, command: str) -> None:
    (tmp_path / "commands.pyz").write_bytes(command_archive())
    words = [sys.executable, "-I", "-S", "-B", str(tmp_path / "commands.pyz"), command, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert f"usage: {command}" in done.stdout
