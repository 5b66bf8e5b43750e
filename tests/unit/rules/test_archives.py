from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest
from analysis_workspace import DEFS, Dist, ValueHub
from archive_workspace import ArchiveWorkspace

from venvship.model.action import RunTool
from venvship.model.artifact import Artifact

LOADS = (
    DEFS
    + """
load("@tar.bzl//tar:tar.bzl", "mtree_spec", "mutate", "tar")
load("@rules_pkg//pkg:mappings.bzl", "REMOVE_BASE_DIRECTORY", "pkg_attributes", "pkg_filegroup", "pkg_files",
     "pkg_mkdirs", "pkg_mklink", "strip_prefix")
load("@rules_pkg//pkg:pkg.bzl", "pkg_tar", "pkg_zip")
"""
)
NATIVE = Dist("native", files={"native/__init__.py": "", "native/core.so": bytes(1000)})
FILES = dict.fromkeys(("app.py", "seed.json", "sub/BUILD", "sub/deep/x.txt"), "")


def workspace(text: str) -> ArchiveWorkspace:
    files = {**FILES, "sub/BUILD": 'exports_files(["deep/x.txt"], visibility = ["//visibility:public"])'}
    program = 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//native"], data = ["seed.json"])\n'
    return ArchiveWorkspace({**files, "BUILD": LOADS + program + text}, hub=ValueHub([NATIVE]))


def request(made: ArchiveWorkspace, label: str = "//:a") -> Mapping[str, object]:
    [output] = made.one(label).default_info.files.to_tuple()
    action = made.graph().generating(output)
    assert isinstance(action, RunTool)
    return action.request


def rows(text: str, label: str = "//:a") -> dict[str, Mapping[str, object]]:
    found = cast("tuple[Mapping[str, object], ...]", request(workspace(text), label)["rows"])
    return {str(row.get("at") or row.get("directory")): row for row in found}


def test_a_program_is_packed_with_its_runfiles_and_every_wheel_once() -> None:
    found = rows('tar(name = "a", srcs = [":app"])')
    assert {"app", "app.py", "app.runfiles/_main/app.py", "app.runfiles/_main/seed.json"} <= set(found)
    trees = [path for path, row in found.items() if "tree" in row]
    assert [path for path in trees if "native" in path] == ["app.runfiles/pypi/native/1.0"]
    venv = "app.runfiles/_main/._app.venv/lib/python3.12/site-packages/native"
    assert set(found[venv]) >= {"link_of"}


def test_without_runfiles_a_program_is_its_files() -> None:
    assert set(rows('tar(name = "a", srcs = [":app"], include_runfiles = False)')) == {"app", "app.py"}


@pytest.mark.parametrize(
    ("compress", "name"), [("", "a.tar"), ("gzip", "a.tar.gz"), ("xz", "a.tar.xz"), ("bzip2", "a.tar.bz2")]
)
def test_the_extension_says_how_an_archive_is_compressed(compress: str, name: str) -> None:
    made = workspace(f'tar(name = "a", srcs = ["app.py"], compress = "{compress}")')
    assert [file.path for file in made.one("//:a").default_info.files.to_tuple()] == [name]
    assert request(made)["compression"] == (compress or "none")


def test_a_specification_of_lines_names_its_sources_by_location() -> None:
    found = request(
        workspace('tar(name = "a", srcs = ["app.py"], mtree = ["bin/x type=file content=$(location app.py)"])')
    )
    [row] = cast("tuple[Mapping[str, object], ...]", found["rows"])
    assert row["lines"] == ("bin/x type=file content=app.py",)
    assert list(cast("Mapping[str, object]", row["contents"])) == ["app.py"]


def test_changes_are_made_to_the_specification_of_the_sources() -> None:
    made = workspace('tar(name = "a", srcs = [":app"], mutate = mutate(package_dir = "opt", mtime = 5, owner = 7))')
    [output] = made.one("//:a_mutated").default_info.files.to_tuple()
    action = made.graph().generating(output)
    assert isinstance(action, RunTool)
    assert action.request["mutate"] == {"package_dir": "opt", "mtime": 5, "uid": 7}
    [row] = cast("tuple[Mapping[str, object], ...]", request(made)["rows"])
    assert isinstance(row["mtree"], Artifact)


def test_one_source_lies_at_two_places() -> None:
    found = rows(
        """
pkg_files(name = "one", srcs = ["seed.json"], prefix = "etc")
pkg_files(name = "two", srcs = ["seed.json"], prefix = "usr/share", renames = {"seed.json": "other.json"})
pkg_filegroup(name = "both", srcs = [":one", ":two"], prefix = "root")
pkg_tar(name = "a", srcs = [":both"], package_dir = "/top")
"""
    )
    assert set(found) == {"top/root/etc/seed.json", "top/root/usr/share/other.json"}


def test_prefixes_are_stripped_as_asked() -> None:
    text = """
pkg_files(name = "flat", srcs = ["//sub:deep/x.txt"], prefix = "flat")
pkg_files(name = "pkg", srcs = ["//sub:deep/x.txt"], prefix = "pkg", strip_prefix = strip_prefix.from_pkg())
pkg_files(name = "cut", srcs = ["//sub:deep/x.txt"], prefix = "cut", strip_prefix = strip_prefix.from_pkg("deep"))
pkg_files(name = "root", srcs = ["//sub:deep/x.txt"], prefix = "root", strip_prefix = strip_prefix.from_root())
pkg_tar(name = "a", srcs = [":flat", ":pkg", ":cut", ":root"])
"""
    assert set(rows(text)) == {"flat/x.txt", "pkg/deep/x.txt", "cut/x.txt", "root/sub/deep/x.txt"}


def test_files_of_an_archive_are_flat_unless_the_prefix_says_otherwise() -> None:
    assert set(rows('pkg_tar(name = "a", srcs = ["//sub:deep/x.txt"])')) == {"x.txt"}
    assert set(rows('pkg_tar(name = "a", srcs = ["//sub:deep/x.txt"], strip_prefix = ".")')) == {"deep/x.txt"}


def test_links_directories_and_attributes_are_what_was_asked_for() -> None:
    found = rows(
        """
pkg_mklink(name = "link", link_name = "bin/app", target = "../nowhere/app")
pkg_mkdirs(name = "dirs", dirs = ["var/empty"], attributes = pkg_attributes(mode = "0700", uid = 5, gid = 6))
pkg_files(name = "files", srcs = ["seed.json"], attributes = pkg_attributes(mode = "0600", user = "www", group = "d"))
pkg_tar(name = "a", srcs = [":link", ":dirs", ":files", "app.py"], owner = "1.2", symlinks = {"l": "/abs"},
        ownername = "www.data", ownernames = {"e": "me.us"},
        empty_files = ["e"], modes = {"e": "0444"}, owners = {"app.py": "3.4"})
"""
    )
    assert found["bin/app"]["link"] == "../nowhere/app" and found["l"]["link"] == "/abs"
    assert {key: found["var/empty"][key] for key in ("mode", "uid", "gid")} == {"mode": 0o700, "uid": 5, "gid": 6}
    assert (found["seed.json"]["mode"], found["seed.json"]["uname"], found["seed.json"]["gname"]) == (0o600, "www", "d")
    assert (found["e"]["uname"], found["e"]["gname"]) == ("me", "us")
    assert (found["e"]["mode"], found["app.py"]["mode"], found["app.py"]["uid"]) == (0o444, 0o555, 3)


def test_archives_of_mappings_are_merged_by_what_they_are_made_of() -> None:
    found = rows(
        """
pkg_tar(name = "below", srcs = ["seed.json"], package_dir = "b")
pkg_tar(name = "a", srcs = ["app.py"], deps = [":below"], package_dir = "/opt")
"""
    )
    assert set(found) == {"opt/app.py", "opt/b/seed.json"}


def test_a_path_that_names_the_directory_of_the_package_lies_in_it() -> None:
    found = rows('pkg_tar(name = "a", symlinks = {"/opt/x": "y", "z": "y", "optional": "y"}, package_dir = "/opt")')
    assert set(found) == {"opt/x", "opt/z", "opt/optional"}


def test_a_program_in_a_package_has_its_runfiles_beside_it() -> None:
    for text in (
        'pkg_tar(name = "a", srcs = [":app"], include_runfiles = True, package_dir = "opt")',
        'pkg_files(name = "f", srcs = [":app"], include_runfiles = True, prefix = "opt")\n'
        'pkg_tar(name = "a", srcs = [":f"])',
        'pkg_zip(name = "a", srcs = [":app"], include_runfiles = True, package_dir = "opt")',
    ):
        found = rows(text)
        assert {"opt/app", "opt/app.runfiles/_main/app.py", "opt/app.runfiles/pypi/native/1.0"} <= set(found)
        assert "mode" not in found["opt/app.runfiles/pypi/native/1.0"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('tar(name = "a", srcs = ["app.py"], compress = "lz4")', "compression `lz4` is not supported"),
        ('tar(name = "a", srcs = ["app.py"], args = ["-x"])', "no bsdtar is used"),
        ('tar(name = "a", srcs = ["app.py"], mutate = mutate(ownername = "a b"))', "can't be the name of an owner"),
        ('tar(name = "a", srcs = ["app.py"], mutate = mutate(awk_script = "x"))', "`awk_script` is not supported"),
        ('tar(name = "a", srcs = ["app.py"], mutate = mutate(owner = "me"))', "`owner` must be a number"),
        ('pkg_tar(name = "a", srcs = ["app.py"], mode = "rwx")', "must be octal digits"),
        ('pkg_tar(name = "a", srcs = ["app.py"], extension = "rar")', "`extension` is `rar`"),
        ('pkg_tar(name = "a", srcs = ["app.py"], modes = {"nothing": "0644"})', "what is not in the archive: nothing"),
        ('pkg_tar(name = "a", srcs = ["app.py"], package_dir = "../up")', "`package_dir`"),
        ('pkg_tar(name = "a", srcs = ["app.py"], strip_prefix = "lib")', "does not lie there"),
        ('pkg_tar(name = "a", deps = ["app.py"])', "which is no tar archive"),
        ('pkg_tar(name = "a", srcs = ["app.py"], stamp = 1)', "`stamp` = 1 is not supported"),
        ('pkg_tar(name = "a", srcs = ["app.py"], owner = "root.root")', "an owner is `user.group` as numbers"),
        ('pkg_files(name = "a", srcs = ["app.py"], renames = {"seed.json": "x"})', "not in `srcs`: seed.json"),
        ('pkg_files(name = "a", srcs = ["app.py"], attributes = pkg_attributes(user = "a:b"))', "name of an owner"),
        ('pkg_files(name = "a", srcs = ["app.py"], renames = {"app.py": REMOVE_BASE_DIRECTORY})', "is no directory"),
        ('pkg_mklink(name = "a", link_name = "../x", target = "y")', "`link_name`"),
    ],
)
def test_what_no_archive_can_be_made_of_is_refused(text: str, message: str) -> None:
    assert message in workspace(text).problems("//:a")


def test_one_place_with_two_contents_names_both() -> None:
    text = """
pkg_files(name = "one", srcs = ["seed.json"], renames = {"seed.json": "x"})
pkg_files(name = "two", srcs = ["app.py"], renames = {"app.py": "x"})
pkg_tar(name = "a", srcs = [":one", ":two"])
"""
    problem = workspace(text).problems("//:a")
    assert "x: seed.json (//:seed.json in //:one) and app.py (//:app.py in //:two)" in problem
