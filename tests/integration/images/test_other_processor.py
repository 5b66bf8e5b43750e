"""A whole image for another processor, of real Debian packages, started under emulation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from real_workspace import DEFS, MODULE, RealWorkspace

from venvship.tools.image_reader import problems, read_image

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/shopfront"

pytestmark = [pytest.mark.index, pytest.mark.peers, pytest.mark.slow]

EXTENSION = """
bazel_dep(name = "venvship", version = "0.1.0")
debian = use_extension("@venvship//debian:extensions.bzl", "debian")
debian.packages(
    name = "debian",
    architectures = ["arm64"],
    lock = "//:debian.lock.json",
    python_version = "{minor}",
    suites = ["{suite}"],
)
use_repo(debian, "debian")
"""
BUILD = (
    DEFS
    + """
load("@rules_oci//oci:defs.bzl", "oci_image")
load("@venvship//oci:defs.bzl", "debian_base")
debian_base(name = "base", packages = ["@debian//:packages"])
py_binary(name = "app", srcs = ["app.py"], data = ["greeting.txt"])
py_image_layer(name = "layers", binary = ":app")
oci_image(name = "image", base = ":base", tars = [":layers"], entrypoint = ["/app"], user = "65532")
"""
)
PROGRAM = """
import pathlib, platform, sqlite3, ssl, sys, zoneinfo
print(platform.machine(), pathlib.Path(__file__).with_name("greeting.txt").read_text(), zoneinfo.ZoneInfo("Etc/UTC"))
"""
# A user namespace may have formats of its own, which nobody else on the machine sees.
STARTED = r"""
set -e
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf '%s' ':arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'"$1"':F' > /proc/sys/fs/binfmt_misc/register
mount -t proc none "$2/proc" 2>/dev/null || true
root="$2"
shift 2
exec chroot "$root" /app "$@"
"""  # noqa: E501


def minor_of(suite: str) -> str:
    return {"bookworm": "3.11", "trixie": "3.13"}.get(suite, "")


def test_an_image_for_arm64_runs_under_emulation(workspace: RealWorkspace, tmp_path: Path) -> None:
    emulator = shutil.which("qemu-aarch64-static")
    facts = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    suite = facts.get("VERSION_CODENAME", "")
    minor = minor_of(suite)
    if emulator is None or not minor or shutil.which("apt-get") is None or shutil.which("umoci") is None:
        pytest.skip("needs a Debian with apt, umoci and qemu-aarch64-static")
    # Tests that share a cache take the interpreters in it for those of this machine.
    workspace.cache = tmp_path / "cache"
    workspace.write(
        {
            "MODULE.bazel": MODULE + EXTENSION.format(suite=suite, minor=minor),
            "BUILD": BUILD,
            "app.py": PROGRAM,
            "greeting.txt": "hello",
        }
    )
    locked = workspace.run("lock")
    assert locked.code == 0, locked.stderr
    workspace.built("--platforms=linux_aarch64", f"--@aspect_rules_py//py:python_version={minor}", "//:image")

    [layout] = (workspace.root / "venvship-out").resolve().glob("linux_aarch64*/bin/image")
    image = read_image(str(layout))
    assert image.config["architecture"] == "arm64"
    assert list(problems(image)) == []
    done = started(layout, emulator, tmp_path)
    assert done.stdout == "aarch64 hello Etc/UTC\n", done.stderr


def test_the_example_has_images_for_two_processors_of_one_build(tmp_path: Path) -> None:
    emulator = shutil.which("qemu-aarch64-static")
    if emulator is None or shutil.which("umoci") is None:
        pytest.skip("needs umoci and qemu-aarch64-static")
    root = tmp_path / "shopfront"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("venvship-*", ".venv"), symlinks=True)
    version = "--@aspect_rules_py//py:python_version=3.11"
    command = [sys.executable, "-m", "venvship", "build", version, "//apps/api:api_index"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outputs = (root / "venvship-out").resolve()
    images = {layout: read_image(str(layout)) for layout in outputs.glob("*/bin/apps/api/api_image")}
    assert sorted(image.config["architecture"] for image in images.values()) == ["amd64", "arm64"]
    [layout] = [layout for layout, image in images.items() if image.config["architecture"] == "arm64"]
    ran = started(layout, emulator, tmp_path, "--check")
    assert "200 GET  /metrics" in ran.stdout, ran.stderr


def started(layout: Path, emulator: str, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the program of an image says that is unpacked and started under emulation."""
    bundle = directory / "bundle"
    subprocess.run(["umoci", "unpack", "--rootless", "--image", f"{layout}:latest", str(bundle)], check=True)
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", STARTED, "sh", emulator]
    done = subprocess.run([*command, str(bundle / "rootfs"), *arguments], capture_output=True, text=True, check=False)
    if "binfmt_misc" in done.stderr:
        pytest.skip(f"the kernel has no formats for a user namespace: {done.stderr}")
    return done
