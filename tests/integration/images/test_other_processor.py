"""A whole image for another processor, of real Debian packages, started under emulation."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest
from interpreter_archives import archive, interpreters
from real_workspace import DEFS, MODULE, RealWorkspace

from venvship.repos.debian_lock import decode_lock
from venvship.repos.debian_mirrors import DebianMirrors
from venvship.tools.deb_package import DebFile, DebLink, read_files
from venvship.tools.image_reader import problems, read_image

pytestmark = [pytest.mark.index, pytest.mark.peers, pytest.mark.slow]

EXTENSION = """
bazel_dep(name = "venvship", version = "0.1.0")
debian = use_extension("@venvship//debian:extensions.bzl", "debian")
debian.packages(name = "debian", lock = "//:debian.lock.json", suites = ["{suite}"], architectures = ["arm64"])
debian.packages(
    name = "python",
    architectures = ["arm64"],
    lock = "//:python.lock.json",
    packages = ["libpython{minor}-minimal", "libpython{minor}-stdlib", "python{minor}-minimal"],
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
exec chroot "$2" /app
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
    version = release_of_python(workspace.root / "python.lock.json", minor, tmp_path)
    base = tmp_path / "releases"
    archive(base / "20990101", "aarch64-unknown-linux-gnu", version=version, tree=tmp_path / "python")
    module = (workspace.root / "MODULE.bazel").read_text()
    workspace.write({"MODULE.bazel": module + interpreters(base, minor)})
    workspace.built("--platforms=linux_aarch64", "//:image")

    [layout] = (workspace.root / "venvship-out").resolve().glob("linux_aarch64*/bin/image")
    image = read_image(str(layout))
    assert image.config["architecture"] == "arm64"
    assert list(problems(image)) == []
    bundle = tmp_path / "bundle"
    subprocess.run(["umoci", "unpack", "--rootless", "--image", f"{layout}:latest", str(bundle)], check=True)
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", STARTED, "sh", emulator]
    done = subprocess.run([*command, str(bundle / "rootfs")], capture_output=True, text=True, check=False)
    if "binfmt_misc" in done.stderr:
        pytest.skip(f"the kernel has no formats for a user namespace: {done.stderr}")
    assert done.stdout == "aarch64 hello Etc/UTC\n", done.stderr


def release_of_python(lock: Path, minor: str, directory: Path) -> str:
    """Lay the Python of Debian out as a relocatable one is; its version."""
    prefix = directory / "python"
    version = ""
    for package in decode_lock(lock.read_text(), "lock").packages["arm64"]:
        version = package.version.partition("-")[0]
        addresses = DebianMirrors(environment=dict(os.environ)).spelled(f"debian:{package.path}")
        for entry in read_files(fetched(addresses)):
            if not entry.path.startswith((f"usr/lib/python{minor}/", f"usr/bin/python{minor}")):
                continue
            target = prefix / entry.path.removeprefix("usr/")
            target.parent.mkdir(parents=True, exist_ok=True)
            match entry:
                case DebFile(_, content, executable):
                    target.write_bytes(content)
                    target.chmod(0o755 if executable else 0o644)
                case DebLink(_, text) if not text.startswith("/"):
                    target.symlink_to(text)
    return version.partition("~")[0]


def fetched(addresses: Sequence[str]) -> bytes:
    for address in addresses:
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                data: bytes = answer.read()
                return data
        except OSError:
            continue
    raise AssertionError(addresses)
