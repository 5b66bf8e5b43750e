"""Images built by the real command, and what registries and container engines make of them."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_building import engines_can_unpack
from real_registry import real_registry
from real_workspace import DEFS, MODULE, RealWorkspace

pytestmark = pytest.mark.peers

BUILD = (
    DEFS
    + """
load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index", "oci_load", "oci_push")
load("@rules_oci//oci:pull.bzl", "oci_pull")
load("@venvship//oci:defs.bzl", "oci_provenance", "py_sbom", "runtime_base")

py_binary(name = "app", srcs = ["app.py"], data = ["greeting.txt"])
py_image_layer(name = "layers", binary = ":app")
runtime_base(name = "base")
oci_image(
    name = "image",
    base = ":base",
    tars = [":layers"],
    entrypoint = ["/app"],
    env = {"PATH": "/opt:$PATH", "GREETED": "${NOBODY}you"},
    labels = "labels.txt",
    user = "65532",
)
oci_image_index(name = "index", images = [":image"])
oci_load(name = "load", image = ":image", repo_tags = ["shop/app:test"])
oci_push(name = "push", image = ":image", remote_tags = ["v1", "latest"])
py_sbom(name = "sbom", binaries = [":app"])
oci_provenance(name = "provenance", image = ":image", binaries = [":app"])
oci_push(name = "push_all", image = ":image", attachments = [":sbom", ":provenance"])
filegroup(name = "tarball", srcs = [":load"], output_group = "tarball")
"""
)
PULL = 'oci = use_extension("@rules_oci//oci:extensions.bzl", "oci")\n'
APP = """
import os, pathlib, sys
text = pathlib.Path(__file__).with_name("greeting.txt").read_text().strip()
print(text, os.environ.get("GREETED", ""), *sys.argv[1:], os.getuid())
"""


@pytest.fixture
def shop(workspace: RealWorkspace) -> RealWorkspace:
    workspace.write(
        {
            "MODULE.bazel": MODULE + 'bazel_dep(name = "venvship", version = "0.1.0")\n',
            "BUILD": BUILD,
            "app.py": APP,
            "greeting.txt": "hello",
            "labels.txt": "org.opencontainers.image.title=shop\n",
        }
    )
    return workspace


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if "podman" in programs and not engines_can_unpack():
        pytest.skip("podman has no ids for the users of an image")


def ran(*command: str | Path) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The address of a real registry on this machine."""
    needs("docker-registry")
    with real_registry(tmp_path) as address:
        yield address


def test_a_real_registry_takes_an_image_and_gives_it_back(shop: RealWorkspace, registry: str, tmp_path: Path) -> None:
    needs("skopeo")
    done = shop.run("run", "//:push", "--", "-r", f"{registry}/team/app", "-t", "extra")
    assert done.code == 0, done.stderr
    digest = (shop.root / "venvship-bin/image.digest").read_text()
    assert done.stdout.splitlines()[-1] == f"{registry}/team/app@{digest}"
    tags = json.loads(ran("skopeo", "list-tags", "--tls-verify=false", f"docker://{registry}/team/app"))["Tags"]
    assert sorted(tags) == ["extra", "latest", "v1"]
    seen = ran("skopeo", "inspect", "--tls-verify=false", f"docker://{registry}/team/app:v1")
    assert json.loads(seen)["Digest"] == digest

    again = shop.run("run", "//:push", "--", "-r", f"{registry}/team/app")
    assert "0 blobs uploaded (0 bytes)" in again.stderr

    attached = shop.run("run", "//:push_all", "--", "-r", f"{registry}/team/app")
    assert attached.code == 0, attached.stderr
    listing = f"docker://{registry}/team/app:{digest.replace(':', '-')}"
    listed = ran("skopeo", "inspect", "--raw", "--tls-verify=false", listing)
    kinds = {row["artifactType"] for row in json.loads(listed)["manifests"]}
    assert kinds == {"application/vnd.cyclonedx+json", "application/vnd.in-toto+json"}

    pulled = BUILD + f'oci_pull(name = "pulled", image = "{registry}/team/app", digest = "{digest}")\n'
    pulled += 'oci_image(name = "derived", base = ":pulled", cmd = ["--again"])\n'
    pulled += 'oci_push(name = "push_derived", image = ":derived")\n'
    shop.write({"BUILD": pulled})
    shop.built("//:pulled", "//:derived")
    assert json.loads((shop.root / "venvship-bin/pulled/index.json").read_bytes())["manifests"][0]["digest"] == digest
    mounted = shop.run("run", "//:push_derived", "--", "-r", f"{registry}/other/app")
    assert "1 blobs uploaded" in mounted.stderr, mounted.stderr

    pull = (
        PULL
        + f'oci.pull(name = "base", image = "{registry}/team/app", digest = "{digest}", platforms = ["linux/amd64"])\n'
    )
    shop.write(
        {
            "MODULE.bazel": MODULE + pull + 'use_repo(oci, "base", "base_linux_amd64")\n',
            "BUILD": 'load("@rules_oci//oci:defs.bzl", "oci_image")\n'
            + "".join(
                f'oci_image(name = "on_{name}", base = "@{name}", cmd = ["--again"])\n'
                for name in ("base", "base_linux_amd64")
            ),
        }
    )
    shop.built("//:on_base", "//:on_base_linux_amd64")
    derived = json.loads(ran("skopeo", "inspect", f"oci:{shop.root}/venvship-bin/on_base"))
    assert derived["Layers"] == json.loads(seen)["Layers"]
    digests = [(shop.root / f"venvship-bin/on_{name}.digest").read_text() for name in ("base", "base_linux_amd64")]
    assert len(set(digests)) == 1


ZSTD = """
load("@venvship//oci:defs.bzl", "py_layer_tier")
py_layer_tier(
    name = "tier",
    compression = {name: ["zstd", "3"] for name in ["interpreter", "venv", "launcher", "app"]},
    interpreter_group = "interpreter",
)
py_image_layer(name = "small", binary = ":app", layer_tier = ":tier")
oci_image(name = "zstd", base = ":base", tars = [":small"], entrypoint = ["/app"], user = "65532")
oci_push(name = "push_zstd", image = ":zstd")
"""
RUN_IN_ROOT = Path(__file__).resolve().parents[3] / "tools/run_in_root.py"


def test_layers_in_zstd_go_to_a_registry_and_back_and_run(shop: RealWorkspace, registry: str, tmp_path: Path) -> None:
    needs("skopeo")
    if importlib.util.find_spec("backports.zstd") is None and sys.version_info < (3, 14):
        pytest.skip("backports.zstd is not installed")
    shop.write({"BUILD": BUILD + ZSTD})
    done = shop.run("run", "//:push_zstd", "--", "-r", f"{registry}/team/zstd", "-t", "v1")
    assert done.code == 0, done.stderr
    digest = (shop.root / "venvship-bin/zstd.digest").read_text()
    again = shop.run("run", "//:push_zstd", "--", "-r", f"{registry}/team/zstd")
    assert "0 blobs uploaded (0 bytes)" in again.stderr

    copy = tmp_path / "copy"
    source = f"docker://{registry}/team/zstd@{digest}"
    ran("skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", source, f"oci:{copy}:latest")
    manifest = json.loads(ran("skopeo", "inspect", "--raw", f"oci:{copy}:latest"))
    types = [layer["mediaType"].rpartition(".")[2] for layer in manifest["layers"]]
    assert types == ["tar+gzip", *["tar+zstd"] * 4]
    for engine in ("bwrap", "podman"):
        podman_works = shutil.which("runc") is not None and engines_can_unpack()
        if shutil.which(engine) is not None and (engine != "podman" or podman_works):
            words = [sys.executable, str(RUN_IN_ROOT), "--with", engine, str(copy), "--", "again"]
            started = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
            assert started.stdout.splitlines()[-1:] == ["hello  again 65532"], started.stderr

    pulled = f'oci_pull(name = "pulled", image = "{registry}/team/zstd", digest = "{digest}")\n'
    shop.write({"BUILD": BUILD + pulled + 'oci_image(name = "derived", base = ":pulled", cmd = ["x"])\n'})
    shop.built("//:derived")
    layers = json.loads(ran("skopeo", "inspect", f"oci:{shop.root}/venvship-bin/derived"))["Layers"]
    assert layers == [layer["digest"] for layer in manifest["layers"]]
    assert "layer" in shop.run("image", "show", "//:derived").stdout


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ('image = "registry.example/app:1"', "`skopeo inspect docker://registry.example/app:1` prints"),
        ('image = "registry.example/app", registry = "registry.example", repository = "app"', "give either `image`"),
        (f'image = "registry.example/app@sha256:{"0" * 64}", digest = "sha256:{"1" * 64}"', "names another digest"),
    ],
)
def test_a_pull_that_does_not_say_which_image_is_refused(workspace: RealWorkspace, tag: str, said: str) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE + PULL + f'oci.pull(name = "base", {tag})\nuse_repo(oci, "base")\n',
            "BUILD": 'load("@rules_oci//oci:defs.bzl", "oci_image")\noci_image(name = "image", base = "@base")\n',
        }
    )
    done = workspace.run("build", "//:image")
    assert done.code == 1
    assert said in done.stderr and "used at MODULE.bazel:" in done.stderr and "needed by `//:image`" in done.stderr


def test_an_archive_is_read_in_both_formats_and_loaded(shop: RealWorkspace, tmp_path: Path) -> None:
    needs("skopeo")
    shop.built("//:tarball", "//:index", "//:image")
    archive = shop.root / "venvship-bin/load.tar"
    with tarfile.open(archive) as opened:
        names = opened.getnames()
    assert len(names) == len(set(names)) and {"manifest.json", "index.json", "oci-layout"} <= set(names)
    for transport in ("oci-archive", "docker-archive"):
        config = json.loads(ran("skopeo", "inspect", "--config", f"{transport}:{archive}"))["config"]
        assert (config["Entrypoint"], config["User"]) == (["/app"], "65532")
        assert {"PATH=/opt:/usr/bin:/bin", "GREETED=you"} <= set(config["Env"])
        assert config["Labels"] == {"org.opencontainers.image.title": "shop"}
    ran("skopeo", "inspect", "--raw", f"oci:{shop.root}/venvship-bin/index")
    shown = shop.run("image", "show", "//:index").stdout
    assert shown.count("platform    linux/") == 1 and shown == shop.run("image", "show", "//:image").stdout


def test_podman_loads_what_the_command_pipes(shop: RealWorkspace, tmp_path: Path, short_path: Path) -> None:
    needs("podman")
    wrapper = tmp_path / "engine"
    storage = f"--root {short_path}/root --runroot {short_path}/run --storage-driver vfs"
    wrapper.write_text(f'#!/bin/sh\nexec podman {storage} "$@"\n')
    wrapper.chmod(0o755)
    done = shop.run("run", "//:load", "--", f"--loader={wrapper}")
    assert done.code == 0, done.stderr
    names = json.loads(ran(wrapper, "images", "--format", "json"))[0]["Names"]
    assert names == ["localhost/shop/app:test"]
    again = shop.run("run", "//:load", "--", f"--loader={wrapper}")
    assert again.code == 0, again.stderr
    [listed] = json.loads(ran(wrapper, "images", "--format", "json"))
    assert listed["Names"] == names


def test_an_unpacked_image_runs_without_anything_of_this_machine(shop: RealWorkspace, tmp_path: Path) -> None:
    needs("umoci", "bwrap")
    shop.built("//:image")
    ran("umoci", "unpack", "--image", f"{shop.root}/venvship-bin/image:latest", tmp_path / "bundle")
    root = tmp_path / "bundle/rootfs"
    isolated = ("--proc", "/proc", "--dev", "/dev", "--unshare-all", "--uid", "65532", "--gid", "65532", "--clearenv")
    printed = ran("bwrap", "--ro-bind", root, "/", *isolated, "--die-with-parent", "/app", "world")
    assert printed == "hello  world 65532\n"
    assert not (root / "bin/sh").exists()


def test_the_digest_does_not_depend_on_the_machine(shop: RealWorkspace, tmp_path: Path) -> None:
    shop.built("//:image")
    digest = (shop.root / "venvship-bin/image.digest").read_text()
    other = tmp_path / "other place"
    shutil.copytree(shop.root, other, ignore=lambda _, names: [n for n in names if n.startswith("venvship-")])
    for number, path in enumerate(sorted(other.rglob("*"))):
        import os

        os.utime(path, (1_500_000_000 + number, 1_500_000_000 + number))
    moved = RealWorkspace(other, tmp_path / "other cache", shop.index)
    moved.environment.update({"TZ": "Asia/Kathmandu", "LC_ALL": "C", "USER": "somebody", "SOURCE_DATE_EPOCH": "5"})
    import os

    mask = os.umask(0o077)
    try:
        moved.built("//:image")
    finally:
        os.umask(mask)
    assert (other / "venvship-bin/image.digest").read_text() == digest
