from __future__ import annotations

from pathlib import Path

import pytest
from debian_mirror import Content, deb

from venvship.tools import debian_root
from venvship.tools.debian_root import RootProblem

STATUS = "var/lib/dpkg/status.d"


def laid_out(directory: Path, packages: dict[str, dict[str, Content]], **request: str) -> Path:
    """The root of packages; a version may follow the name after `=`."""
    paths = []
    for text, files in packages.items():
        name, _, version = text.partition("=")
        path = directory / f"{text}.deb"
        path.write_bytes(deb(name, files, version=version or "1"))
        paths.append(str(path))
    root = directory / "root"
    debian_root.run({"packages": paths, "output": str(root), **request})
    return root


def found(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}


def test_packages_lose_programs_and_manuals_and_are_known_to_scanners(tmp_path: Path) -> None:
    libc: dict[str, Content] = {
        "lib/x/libc.so.6": b"elf",
        "lib64/ld.so": "../lib/x/libc.so.6",
        "usr/bin/ldd": b"#!/bin/sh",
        "bin/sh": b"elf",
        "usr/share/doc/libc6/copyright": b"(c)",
        "usr/share/doc/libc6/changelog": b"long",
        "usr/share/man/man1/x.1": b"manual",
        "usr/lib/x/gconv/a.so": b"elf",
        "sbin/ldconfig": b"elf",
        "etc/passwd": b"root:x:0:0:root:/root:/bin/bash",
    }
    python: dict[str, Content] = {"usr/bin/python3.11": b"elf", "usr/bin/pdb3.11": b"#!"}
    root = laid_out(tmp_path, {"libc6": libc, "python3.11-minimal": python})
    assert found(root / "libc6") == {
        *("usr/lib/x/libc.so.6", "usr/lib64/ld.so", "usr/share/doc/libc6/copyright"),
        *(f"{STATUS}/libc6", f"{STATUS}/libc6.md5sums"),
    }
    assert "usr/bin/python3.11" in found(root / "python3.11-minimal")
    assert (root / "_system/lib").readlink() == Path("usr/lib")
    assert (root / "libc6/usr/lib/x/libc.so.6").stat().st_mode & 0o777 == 0o755
    assert "Package: libc6\n" in (root / "libc6" / STATUS / "libc6").read_text()


def test_single_certificates_become_the_bundle_that_libraries_look_for(tmp_path: Path) -> None:
    certificates: dict[str, Content] = {
        f"usr/share/ca-certificates/mozilla/{name}.crt": name.encode() for name in ("b", "a")
    }
    root = laid_out(tmp_path, {"ca-certificates": certificates}) / "_system"
    assert (root / "etc/ssl/certs/ca-certificates.crt").read_bytes() == b"a\nb\n"
    assert (root / "usr/lib/ssl/cert.pem").resolve() == (root / "etc/ssl/certs/ca-certificates.crt").resolve()


def test_the_local_time_is_utc_or_a_zone_that_a_package_has(tmp_path: Path) -> None:
    zones: dict[str, Content] = {"usr/share/zoneinfo/Etc/UTC": b"utc", "usr/share/zoneinfo/Europe/Berlin": b"berlin"}
    for zone, shown in (("", "Etc/UTC"), ("Europe/Berlin", "Europe/Berlin")):
        directory = tmp_path / shown.replace("/", "-")
        directory.mkdir()
        root = laid_out(directory, {"tzdata": zones}, timezone=zone) / "_system"
        assert (root / "etc/localtime").readlink() == Path(f"../usr/share/zoneinfo/{shown}")
        assert (root / "etc/timezone").read_text() == f"{shown}\n"
    with pytest.raises(RootProblem, match="no package has the time zone `Mars/Base`"):
        laid_out(tmp_path, {"tzdata": zones}, timezone="Mars/Base")


def test_content_that_is_there_already_is_a_link(tmp_path: Path) -> None:
    text = b"x" * 2000
    root = laid_out(tmp_path, {"a": {"usr/share/doc/a/copyright": text}, "b": {"usr/share/doc/b/copyright": text}})
    assert (root / "b/usr/share/doc/b/copyright").readlink() == Path("../a/copyright")


def test_packages_that_disagree_are_refused_and_equal_files_may_meet(tmp_path: Path) -> None:
    laid_out(tmp_path, {"a": {"etc/x": b"1"}, "b": {"etc/x": b"1"}})
    with pytest.raises(RootProblem, match="a and b both have `etc/x`"):
        laid_out(tmp_path, {"a": {"etc/x": b"1"}, "b": {"etc/x": b"2"}})
    with pytest.raises(RootProblem, match="package a is given in the versions 1 and 2"):
        laid_out(tmp_path, {"a=1": {}, "a=2": {}})


def test_no_file_is_written_through_the_link_of_another_package(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with pytest.raises(RootProblem, match="`etc/x/y` of b lies below the link `etc/x` of a"):
        laid_out(tmp_path, {"a": {"etc/x": str(outside)}, "b": {"etc/x/y": b"2"}})
    assert not list(outside.iterdir())
