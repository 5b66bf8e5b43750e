from __future__ import annotations

import hashlib
import io
import lzma
import shutil
import tarfile
from pathlib import Path

import pytest

from venvship.errors import UserError
from venvship.repos.debian import (
    AptFailed,
    LockedPackage,
    OverlappingPackages,
    fetch_packages,
    lock_packages,
    write_debian_base,
)


def tar(files: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size, info.mode = len(content), 0o755 if ".so" in name else 0o644
                archive.addfile(info, io.BytesIO(content))
    return lzma.compress(buffer.getvalue())


def package(directory: Path, name: str, **files: bytes | str) -> Path:
    """A package file; `__` in a keyword stands for a slash."""
    members = {
        "control.tar.xz": tar({"control": f"Package: {name}\nVersion: 1\n".encode()}),
        "data.tar.xz": tar({path.replace("__", "/"): content for path, content in files.items()}),
    }
    data = b"!<arch>\n"
    for member, content in members.items():
        data += f"{member:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        data += b"\n" * (len(content) % 2)
    path = directory / f"{name}.deb"
    path.write_bytes(data)
    return path


def test_packages_become_a_root_without_programs_and_manuals(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "lib__x__libc.so.6": b"elf",
        "lib64__ld.so": "../lib/x/libc.so.6",
        "usr__bin__ldd": b"#!/bin/sh",
        "usr__share__doc__libc6__copyright": b"(c)",
        "usr__share__doc__libc6__changelog": b"long",
        "usr__share__man__man1__x.1": b"manual",
        "usr__lib__x__gconv__a.so": b"elf",
        "sbin__ldconfig": b"elf",
    }
    libc = package(tmp_path, "libc6", **files)
    python = package(tmp_path, "python3.11-minimal", **{"usr__bin__python3.11": b"elf", "usr__bin__pdb3.11": b"#!"})
    root = tmp_path / "root"
    directories = write_debian_base([libc, python], root)
    found = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}
    status = "var/lib/dpkg/status.d"
    assert found == {
        *("bin", "lib", "lib64", "etc/group", "etc/nsswitch.conf", "etc/passwd", "usr/bin/python3.11"),
        *("usr/lib/x/libc.so.6", "usr/lib64/ld.so", "usr/share/doc/libc6/copyright"),
        *(f"{status}/libc6", f"{status}/python3.11-minimal"),
    }
    assert (root / "lib").readlink() == Path("usr/lib")
    assert (root / "usr/lib/x/libc.so.6").stat().st_mode & 0o777 == 0o755
    assert "tmp" in {directory.path for directory in directories}


def test_single_certificates_become_the_bundle_that_libraries_look_for(tmp_path: Path) -> None:
    certificates = {f"usr__share__ca-certificates__mozilla__{name}.crt": name.encode() for name in ("b", "a")}
    write_debian_base([package(tmp_path, "ca-certificates", **certificates)], tmp_path / "root")
    assert (tmp_path / "root/etc/ssl/certs/ca-certificates.crt").read_bytes() == b"a\nb\n"
    assert (tmp_path / "root/usr/lib/ssl/cert.pem").resolve() == tmp_path / "root/etc/ssl/certs/ca-certificates.crt"


def test_the_order_of_packages_changes_nothing_and_equal_files_may_meet(tmp_path: Path) -> None:
    packages = [package(tmp_path, name, etc__same=b"1") for name in ("a", "b")]
    for name, order in (("one", packages), ("two", packages[::-1])):
        write_debian_base(order, tmp_path / name)
    assert sorted(p.name for p in (tmp_path / "one").rglob("*")) == sorted(
        p.name for p in (tmp_path / "two").rglob("*")
    )


def test_packages_that_disagree_are_refused(tmp_path: Path) -> None:
    packages = [package(tmp_path, "a", etc__x=b"1"), package(tmp_path, "b", etc__x=b"2")]
    with pytest.raises(OverlappingPackages, match="a and b both have `etc/x`"):
        write_debian_base(packages, tmp_path / "root")


def test_no_file_is_written_through_the_link_of_another_package(tmp_path: Path) -> None:
    packages = [package(tmp_path, "a", etc__x="/tmp"), package(tmp_path, "b", etc__x__y=b"2")]
    with pytest.raises(OverlappingPackages):
        write_debian_base(packages, tmp_path / "root")


@pytest.mark.parametrize("name", ["", "-o=x", "a b", "A", "../x"])
def test_a_name_that_apt_would_take_for_something_else_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="name of a Debian package"):
        lock_packages([name])
    with pytest.raises(UserError, match="name of a Debian package"):
        fetch_packages([LockedPackage(name, "1", "0" * 64, 1)], tmp_path)


def test_a_package_that_is_here_is_not_downloaded(tmp_path: Path) -> None:
    data = package(tmp_path, "a").read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    (tmp_path / f"{sha256}.deb").write_bytes(data)
    assert fetch_packages([LockedPackage("a", "1", sha256, len(data))], tmp_path) == (tmp_path / f"{sha256}.deb",)


@pytest.fixture
def locked() -> tuple[LockedPackage, ...]:
    """A package of the archive that this machine's apt is set up for."""
    if shutil.which("apt-get") is None:
        pytest.skip("apt-get is not installed")
    try:
        return lock_packages(["zlib1g"])
    except AptFailed as error:
        pytest.skip(str(error))


@pytest.mark.peers
@pytest.mark.slow
def test_packages_come_from_the_archive_of_apt_and_are_held_against_their_lock(
    locked: tuple[LockedPackage, ...], tmp_path: Path
) -> None:
    [path] = fetch_packages(locked, tmp_path / "cache")
    write_debian_base([path], tmp_path / "root")
    assert list((tmp_path / "root").rglob("libz.so.1"))
    forged = LockedPackage(locked[0].name, locked[0].version, "0" * 64, 1)
    with pytest.raises(UserError, match=f"not {'0' * 64}"):
        fetch_packages([forged], tmp_path / "cache")
