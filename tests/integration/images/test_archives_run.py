"""Programs in archives: they run after unpacking anywhere, and nothing is stored twice or followed."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, ORIGIN, RealWorkspace
from tar_members import extract_all
from wheel_building import wheel_bytes

ARCHIVES = """
bazel_dep(name = "tar.bzl", version = "0.10.1")
bazel_dep(name = "rules_pkg", version = "1.2.0")
"""
LOADS = (
    DEFS
    + """
load("@tar.bzl", "mtree_spec", "mutate", "tar")
load("@rules_pkg//pkg:mappings.bzl", "pkg_filegroup", "pkg_files", "pkg_mkdirs", "pkg_mklink", "strip_prefix")
load("@rules_pkg//pkg:pkg.bzl", "pkg_tar", "pkg_zip")
"""
)
# What users of rules_python report: a program whose venv has links, packed by every rule there is.
BUILD = (
    LOADS
    + """
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//native"], data = ["seed.txt"])
tar(name = "plain", srcs = [":app"])
tar(name = "small", srcs = [":app"], compress = "gzip")
tar(name = "xz", srcs = [":app"], compress = "xz")
tar(name = "bz", srcs = [":app"], compress = "bzip2")
mtree_spec(name = "spec", srcs = [":app"])
tar(name = "by_spec", srcs = [":app"], mtree = ":spec")
tar(name = "moved", srcs = [":app"], mutate = mutate(package_dir = "opt/it", mtime = 86400, owner = 0))
pkg_tar(name = "pkg", srcs = [":app"], include_runfiles = True, package_dir = "opt/it")
pkg_files(name = "files", srcs = [":app"], include_runfiles = True, prefix = "opt/it")
pkg_mklink(name = "link", link_name = "app", target = "opt/it/app")
pkg_filegroup(name = "all", srcs = [":files", ":link"])
pkg_tar(name = "mapped", srcs = [":all"], extension = "tar.gz")
pkg_zip(name = "zipped", srcs = [":all"])
pkg_files(name = "here", srcs = ["seed.txt"], prefix = "etc")
pkg_files(name = "there", srcs = ["seed.txt"], prefix = "usr/share")
pkg_tar(name = "twice", srcs = [":here", ":there"])
"""
)
APP = """
import native, pathlib, sys
print(native.VALUE, pathlib.Path(__file__).with_name("seed.txt").read_text().strip(), *sys.argv[1:])
"""
SHARED_LIBRARY = b"\x7fELF" + hashlib.sha256(b"library").digest() * 4000


@pytest.fixture
def shop(workspace: RealWorkspace, index: FakeIndex) -> RealWorkspace:
    files: dict[str, str | bytes] = {"native/__init__.py": "VALUE = 'native'\n", "native/core.so": SHARED_LIBRARY}
    wheel = wheel_bytes("native", "1.0", files)
    filename = "native-1.0-py3-none-any.whl"
    sha256 = index.add("native", filename, wheel)
    lock = f"""version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "shop"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "native" }}]

[[package]]
name = "native"
version = "1.0"
source = {{ registry = "{ORIGIN}" }}
wheels = [{{ url = "{ORIGIN}/native/{filename}", hash = "sha256:{sha256}" }}]
"""
    workspace.write(
        {"MODULE.bazel": MODULE + ARCHIVES + HUB, "uv.lock": lock, "BUILD": BUILD, "app.py": APP, "seed.txt": "seed\n"}
    )
    return workspace


def printed(program: Path) -> str:
    done = subprocess.run(
        [program, "here"], env={"PATH": "/nowhere"}, cwd="/", capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def unpacked(archive: Path, into: Path) -> Path:
    into.mkdir()
    with tarfile.open(archive) as opened:
        members = opened.getmembers()
        names = [member.name for member in members]
        assert len(names) == len(set(names))
        above = set(names)
        assert all(os.path.dirname(name) in above for name in names if "/" in name), "a parent is implied"
        extract_all(opened, into)
    return into


def no_content_twice(root: Path) -> None:
    seen: dict[str, Path] = {}
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size > 1024:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            # The program lies beside its runfiles and in them: rules_pkg and tar.bzl promise both places.
            if path.name != "app":
                assert digest not in seen, f"{path} and {seen[digest]}"
                seen[digest] = path


PLACES = {
    "plain.tar": "app",
    "small.tar.gz": "app",
    "xz.tar.xz": "app",
    "bz.tar.bz2": "app",
    "by_spec.tar": "app",
    "moved.tar": "opt/it/app",
    "pkg.tar": "opt/it/app",
    "mapped.tar.gz": "opt/it/app",
}


def test_a_program_runs_from_every_kind_of_archive(shop: RealWorkspace, tmp_path: Path) -> None:
    shop.built("//...")
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in PLACES:
        shutil.copy(shop.root / "venvship-bin" / name, kept / name)
    shutil.copy(shop.root / "venvship-bin/zipped.zip", kept)
    # Nothing of the build may be needed: it is out of the way while the programs run.
    outputs = (shop.root / "venvship-out").resolve()
    outputs.rename(outputs.with_name("moved away"))
    try:
        for number, (name, program) in enumerate(PLACES.items()):
            root = unpacked(kept / name, tmp_path / f"any where {number}")
            assert printed(root / program) == "native seed here\n", name
            no_content_twice(root)
            libraries = [path for path in root.rglob("core.so") if not path.is_symlink()]
            real = {path.resolve() for path in libraries}
            assert len(real) == 1, name
        into = tmp_path / "zip"
        into.mkdir()
        with zipfile.ZipFile(kept / "zipped.zip") as opened:
            for info in opened.infolist():
                target = into / info.filename
                mode = info.external_attr >> 16
                if info.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                elif stat.S_ISLNK(mode):
                    target.symlink_to(opened.read(info).decode())
                else:
                    target.write_bytes(opened.read(info))
                    target.chmod(mode & 0o777)
        assert os.readlink(into / "app") == "opt/it/app"
        assert printed(into / "opt/it/app") == "native seed here\n"
    finally:
        outputs.with_name("moved away").rename(outputs)


def test_one_source_lies_at_two_places(shop: RealWorkspace) -> None:
    shop.built("//:twice")
    with tarfile.open(shop.root / "venvship-bin/twice.tar") as opened:
        assert {"etc/seed.txt", "usr/share/seed.txt"} <= set(opened.getnames())


def test_changes_of_a_specification_reach_the_archive(shop: RealWorkspace) -> None:
    shop.built("//:moved", "//:spec")
    with tarfile.open(shop.root / "venvship-bin/moved.tar") as opened:
        rows = [member for member in opened.getmembers() if member.name.startswith("opt/it/")]
    assert rows and {member.mtime for member in rows} == {86400}
    spec = (shop.root / "venvship-bin/spec.mtree").read_text()
    assert "type=link" in spec and "link=../../../../../pypi/native/1.0/" in spec


def test_an_optimised_build_compresses_what_does_not_say_how(workspace: RealWorkspace) -> None:
    build = 'load("@tar.bzl", "tar")\ntar(name = "a", srcs = ["x.txt"])\n'
    module = MODULE + 'bazel_dep(name = "tar.bzl", version = "0.10.1")\n'
    workspace.write({"MODULE.bazel": module, "BUILD": build, "x.txt": "x"})
    workspace.built("-c", "opt", "//:a")
    with tarfile.open(workspace.root / "venvship-bin/a.tar.gz", "r:gz") as opened:
        assert opened.getnames() == ["x.txt"]
    workspace.built("//:a")
    with tarfile.open(workspace.root / "venvship-bin/a.tar", "r:") as opened:
        assert opened.getnames() == ["x.txt"]


def test_the_same_archive_is_made_on_every_run(shop: RealWorkspace) -> None:
    shop.built("//...")
    names = (*PLACES, "zipped.zip")
    before = {name: (shop.root / "venvship-bin" / name).read_bytes() for name in names}
    shop.run("clean")
    shutil.rmtree(next((shop.cache / "venvship/workspaces").iterdir()) / "actions", ignore_errors=True)
    shop.built("//...")
    assert {name: (shop.root / "venvship-bin" / name).read_bytes() for name in names} == before


def test_an_archive_of_others_is_merged_below_the_directory_of_the_package(
    workspace: RealWorkspace, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "theirs.tar.gz", "w:gz") as opened:
        for name, kind, link in (
            ("./", tarfile.DIRTYPE, ""),
            ("./etc/", tarfile.DIRTYPE, ""),
            ("./etc/a", tarfile.REGTYPE, ""),
            ("./etc/b", tarfile.SYMTYPE, "a"),
            ("./etc/c", tarfile.LNKTYPE, "./etc/a"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.uid, info.uname, info.mtime, info.mode = kind, link, 7, "me", 99, 0o750
            info.size = 3 if kind == tarfile.REGTYPE else 0
            opened.addfile(info, io.BytesIO(b"abc") if info.size else None)
    build = """
load("@rules_pkg//pkg:tar.bzl", "pkg_tar")
pkg_tar(name = "own", srcs = ["x.txt"], package_dir = "etc")
pkg_tar(name = "all", srcs = ["y.txt"], package_dir = "/opt", deps = [":own", "theirs.tar.gz"])
"""
    module = MODULE + 'bazel_dep(name = "rules_pkg", version = "1.0.1")\n'
    workspace.write({"MODULE.bazel": module, "BUILD": build, "x.txt": "x", "y.txt": "y"})
    shutil.copy(tmp_path / "theirs.tar.gz", workspace.root / "theirs.tar.gz")
    workspace.built("//:all")
    with tarfile.open(workspace.root / "venvship-bin/all.tar") as opened:
        rows = {row.name: (row.uid, row.uname, row.mtime, row.mode, row.linkname) for row in opened.getmembers()}
        assert opened.extractfile("opt/etc/c").read() == b"abc"  # type: ignore[union-attr]
    assert rows["opt/etc/a"] == rows["opt/etc/c"] == (7, "me", 99, 0o750, "")
    assert rows["opt/etc/b"][-1] == "a" and {"opt/etc/x.txt", "opt/y.txt"} <= rows.keys()

    (workspace.root / "theirs.tar.gz").write_bytes(b"no archive")
    refused = workspace.build("//:all")
    assert refused.code == 1 and "can't be read as a tar archive" in refused.stderr
