"""Bases of Debian packages: from a mirror that the test makes, and from the one that this machine's apt knows."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from debian_mirror import Mirror
from directory_server import serving
from elf_files import elf
from oci_layouts import read_layout
from real_workspace import DEFS, MODULE, RealWorkspace
from tar_members import extract_all

from venvship.tools.deb_package import merged
from venvship.tools.image_reader import applied, problems, read_image

EXTENSION = """
bazel_dep(name = "venvship", version = "0.1.0")
debian = use_extension("@venvship//debian:extensions.bzl", "debian")
debian.packages(
    name = "debian",
    architectures = ["amd64", "arm64"],
    lock = "//:debian.lock.json",
    packages = ["libc6", "libstdc++6", "tzdata"],
    suites = ["stable"],
    trusted = True,
)
use_repo(debian, "debian")
"""
BUILD = """
load("@rules_oci//oci:defs.bzl", "oci_image_index")
load("@venvship//oci:defs.bzl", "debian_base")
debian_base(name = "base", packages = ["@debian//:packages"], users = {"shop": "1000"})
debian_base(name = "named", packages = ["@debian//libc6", "@debian//libstdc++6", "@debian//tzdata"])
debian_base(name = "few", packages = ["@debian//libstdc++6"], layers = "package")
oci_image_index(name = "index", images = [":base"], platforms = ["//:amd64", "//:arm64"])
platform(name = "amd64", constraint_values = ["@platforms//os:linux", "@platforms//cpu:x86_64"])
platform(name = "arm64", constraint_values = ["@platforms//os:linux", "@platforms//cpu:aarch64"])
"""


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    made = Mirror(tmp_path / "mirror")
    salt = str(tmp_path).encode()
    for architecture in ("amd64", "arm64"):
        made.add("libc6", {"lib/libc.so.6": architecture.encode() + salt}, architecture=architecture)
        made.add("libstdc++6", {"usr/lib/libstdc++.so.6": b"elf" + salt}, architecture=architecture)
    zones = {"usr/share/zoneinfo/Etc/UTC": b"utc" + salt}
    made.add("tzdata", zones, architecture="all", listed_for=("amd64", "arm64"))
    made.publish()
    return made


@pytest.fixture
def shop(workspace: RealWorkspace, mirror: Mirror) -> RealWorkspace:
    workspace.write({"MODULE.bazel": MODULE + EXTENSION, "BUILD": BUILD})
    return workspace


def test_a_base_is_locked_built_and_kept_without_the_mirror(shop: RealWorkspace, mirror: Mirror) -> None:
    flag = f"--debian_mirror={mirror.address}"
    missing = shop.build("//:base", flag)
    assert missing.code != 0 and "there is no lock file" in missing.stderr and "venvship lock" in missing.stderr
    made = shop.run("lock", flag)
    assert (made.code, made.stdout) == (0, "debian.lock.json is made anew\n"), made.stderr
    assert str(mirror.root) not in (shop.root / "debian.lock.json").read_text()
    shop.built("//...", flag)

    base = read_layout(shop.root / "venvship-bin/base")
    assert {"usr/lib/libc.so.6", "var/lib/dpkg/status.d/libstdc++6", "etc/localtime", "home/shop"} <= set(base.entries)
    assert list(problems(read_image(str(shop.root / "venvship-bin/base")))) == []
    few = read_layout(shop.root / "venvship-bin/few")
    assert len(few.layers) == 2 and "usr/lib/libc.so.6" not in few.entries
    architectures = {json.loads(text).get("architecture") for text in _documents(shop.root)}
    assert {"amd64", "arm64"} <= architectures

    shutil.rmtree(mirror.root)
    shop.run("clean", "--expunge")
    shop.built("//:base", flag)
    assert shop.run("lock", "--check", flag).code == 0


def _documents(root: Path) -> list[bytes]:
    """The documents of the index and of its images."""
    blobs = [path.read_bytes() for path in (root / "venvship-bin/index/blobs/sha256").iterdir()]
    return [data for data in blobs if data[:1] == b"{"]


@pytest.mark.parametrize("base", ["//:base", "//:named"])
def test_packages_are_fetched_at_the_same_time_and_only_those_that_are_needed(
    shop: RealWorkspace, mirror: Mirror, base: str
) -> None:
    assert shop.run("lock", f"--debian_mirror={mirror.address}").code == 0
    with serving(mirror.root) as server:
        server.together = threading.Barrier(3)
        done = shop.built(base, f"--debian_mirror={server.url}/")
        assert sorted(server.requests.values()) == [1, 1, 1], server.requests
        assert not any("arm64" in path for path in server.requests)
        assert done.stderr.count(".deb") == 3, done.stderr
        server.broken = 500
        shop.run("clean", "--expunge")
        shop.built(base, f"--debian_mirror={server.url}/")


def test_a_package_that_the_mirror_changed_or_lost_is_an_error(shop: RealWorkspace, mirror: Mirror) -> None:
    flag = f"--debian_mirror={mirror.address}"
    assert shop.run("lock", flag).code == 0
    [package] = mirror.root.glob("pool/main/l/libc6/*_amd64.deb")
    package.write_bytes(b"other")
    changed = shop.build("//:base", flag)
    assert changed.code != 0 and "sha256" in changed.stderr.lower()
    package.unlink()
    lost = shop.build("//:base", flag)
    assert lost.code != 0 and "hint: `venvship lock` takes the version" in lost.stderr
    assert "`libc6` in the version 1.0-1 for amd64, which is locked" in lost.stderr


def test_what_archives_have_no_more_is_locked_anew_and_nothing_else(shop: RealWorkspace, mirror: Mirror) -> None:
    flag = f"--debian_mirror={mirror.address}"
    assert shop.run("lock", flag).code == 0
    before = json.loads((shop.root / "debian.lock.json").read_text())["packages"]["amd64"]
    for architecture in ("amd64", "arm64"):
        mirror.withdraw("libc6", architecture)
        mirror.add("libc6", {"lib/libc.so.6": b"newer"}, version="1.0-2", architecture=architecture)
        mirror.add("libstdc++6", {}, version="1.0-2", architecture=architecture)
    mirror.publish()
    lost = shop.build("//:base", flag)
    assert lost.code != 0 and "its other versions there: 1.0-2" in lost.stderr
    made = shop.run("lock", flag, "debian.lock.json")
    assert made.stdout == "debian.lock.json is made anew\n  libc6 1.0-1 -> 1.0-2 (amd64, arm64)\n", made.stderr
    after = json.loads((shop.root / "debian.lock.json").read_text())["packages"]["amd64"]
    assert [row["version"] for row in after] == ["1.0-2", "1.0-1", "1.0-1"] and after[1:] == before[1:]
    shop.built("//:base", flag)
    assert "libstdc++6 1.0-1 -> 1.0-2" in shop.run("lock", "--upgrade", flag).stdout
    unknown = shop.run("lock", flag, "other.json")
    assert unknown.code == 2 and "is no lock that `venvship lock` makes" in unknown.stderr


def test_a_lock_that_does_not_fit_its_tag_is_found_by_check(shop: RealWorkspace, mirror: Mirror) -> None:
    flag = f"--debian_mirror={mirror.address}"
    assert shop.run("lock", flag).code == 0
    shop.write({"MODULE.bazel": MODULE + EXTENSION.replace('"tzdata"', '"tzdata", "libmissing"')})
    checked = shop.run("lock", "--check", flag)
    assert checked.code != 0 and "does not hold what this tag asks for" in checked.stderr
    refused = shop.run("lock", flag)
    assert refused.code != 0 and "libmissing (amd64)" in refused.stderr and "MODULE.bazel:" in refused.stderr


def test_a_base_on_which_python_can_not_start_is_refused(shop: RealWorkspace, tmp_path: Path) -> None:
    old = Mirror(tmp_path / "old")
    for architecture in ("amd64", "arm64"):
        library = elf((14, "libc.so.6"), has=("libc.so.6", "GLIBC_2.2.5"))
        old.add("libc6", {"lib/libc.so.6": library}, version="0.1", architecture=architecture)
        for name in ("libstdc++6", "tzdata"):
            old.add(name, {}, architecture=architecture)
    old.publish()
    flag = f"--debian_mirror={old.address}"
    image = """
py_binary(name = "app", srcs = ["app.py"])
py_image_layer(name = "layers", binary = ":app")
oci_image(name = "image", base = ":base", tars = [":layers"], entrypoint = ["/app"])
"""
    loads = 'load("@rules_oci//oci:defs.bzl", "oci_image")\n'
    shop.write({"BUILD": DEFS + loads + BUILD + image, "app.py": ""})
    assert shop.run("lock", flag).code == 0
    refused = shop.build("//:image", flag)
    assert refused.code == 1 and "the base of the image lacks what programs in it need" in refused.stderr
    assert "of libc.so.6, which libc6 has up to GLIBC_2.2.5" in refused.stderr


PROGRAM = """
import ctypes, os, pwd, sqlite3, ssl, zoneinfo
assert not os.path.exists("/bin/sh")
assert len(ssl.create_default_context().get_ca_certs()) > 50
assert os.getuid() == 65532 and not os.access("/usr", os.W_OK)
print(pwd.getpwuid(os.getuid()).pw_name, zoneinfo.ZoneInfo("Europe/Berlin"))
"""


@pytest.mark.index
@pytest.mark.slow
def test_a_program_runs_on_real_packages_that_scanners_find(workspace: RealWorkspace, tmp_path: Path) -> None:
    release = Path("/etc/os-release")
    facts = dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line)
    if facts.get("ID") != "debian" or shutil.which("apt-get") is None or shutil.which("bwrap") is None:
        pytest.skip("not a Debian with apt and bwrap")
    suite = facts["VERSION_CODENAME"]
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + f"""
bazel_dep(name = "venvship", version = "0.1.0")
debian = use_extension("@venvship//debian:extensions.bzl", "debian")
debian.packages(name = "debian", lock = "//:debian.lock.json", architectures = ["amd64"],
                suites = ["{suite}", "{suite}-updates", "{suite}-security"])
use_repo(debian, "debian")
""",
            "BUILD": DEFS
            + """
load("@rules_oci//oci:defs.bzl", "oci_image")
load("@venvship//oci:defs.bzl", "debian_base")
py_binary(name = "app", srcs = ["app.py"])
py_image_layer(name = "layers", binary = ":app")
debian_base(name = "base", packages = ["@debian//:packages"])
oci_image(name = "image", base = ":base", tars = [":layers"], entrypoint = ["/app"], user = "65532")
""",
            "app.py": PROGRAM,
        }
    )
    locked = workspace.run("lock")
    assert locked.code == 0, locked.stderr
    workspace.built("//:image")
    layout = workspace.root / "venvship-bin/image"
    assert list(problems(read_image(str(layout)))) == []
    runner = Path(__file__).parents[3] / "tools/run_in_root.py"
    done = subprocess.run(
        ["python3", str(runner), str(layout), "--with", "bwrap"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "nonroot Europe/Berlin\n", done.stderr
    records = status_records(layout, tmp_path)
    lock = json.loads((workspace.root / "debian.lock.json").read_text())["packages"]["amd64"]
    assert dpkg_reads(records, tmp_path) == {row["name"]: (row["version"], row["architecture"]) for row in lock}
    seen = applied(read_image(str(layout)).layers)
    assert "etc/os-release" in seen and "usr/lib/os-release" in seen
    # What a record says of a file that is there, is so.
    compared = 0
    for name, text in records.items():
        for line in text.splitlines() if name.endswith(".md5sums") else ():
            md5, _, path = line.partition("  ")
            file = tmp_path / "status" / merged(path)
            if file.is_file() and not file.is_symlink():
                compared += 1
                assert hashlib.md5(file.read_bytes()).hexdigest() == md5, path
    assert compared > 100


def status_records(layout: Path, directory: Path) -> dict[str, str]:
    """The records of packages in an image that is a layer on top of a base."""
    root = directory / "status"
    for layer in read_manifest(layout)["layers"][:1]:
        with tarfile.open(layout / "blobs" / layer["digest"].replace(":", "/")) as archive:
            extract_all(archive, root)
    return {path.name: path.read_text() for path in sorted((root / "var/lib/dpkg/status.d").iterdir())}


def read_manifest(layout: Path) -> Any:
    index = json.loads((layout / "index.json").read_bytes())
    return json.loads((layout / "blobs" / index["manifests"][0]["digest"].replace(":", "/")).read_bytes())


def dpkg_reads(records: Mapping[str, str], directory: Path) -> dict[str, tuple[str, str]]:
    """What the real dpkg takes from records, as scanners do: a status file, of all that are no lists of checksums."""
    database = directory / "database"
    (database / "info").mkdir(parents=True)
    (database / "updates").mkdir()
    stanzas = [text.strip() for name, text in records.items() if not name.endswith(".md5sums")]
    (database / "status").write_text("".join(f"{one}\nStatus: install ok installed\n\n" for one in stanzas))
    query = ["dpkg-query", f"--admindir={database}", "-W", "-f=${Package} ${Version} ${Architecture}\n"]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    rows = [line.split(" ") for line in done.stdout.splitlines()]
    return {name: (version, architecture) for name, version, architecture in rows}
