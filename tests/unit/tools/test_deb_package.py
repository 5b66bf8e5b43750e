from __future__ import annotations

import gzip
import io
import lzma
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tar_members import sparse_without_map

from venvship.model.paths import TreePath
from venvship.tools.deb_package import DebFile, DebLink, MalformedPackage, merged, read_control, read_files

CONTROL = b"Package: demo\nVersion: 1-2\nDescription: short\n long text\n"


def tar(*members: tuple[str, bytes | str, int, bytes]) -> bytes:
    """An archive of (name, content or link text, mode, type)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content, mode, kind in members:
            info = tarfile.TarInfo(name)
            info.mode, info.type = mode, kind
            if isinstance(content, str):
                info.linkname = content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def file(name: str, content: bytes = b"", mode: int = 0o644) -> tuple[str, bytes, int, bytes]:
    return name, content, mode, tarfile.REGTYPE


def link(name: str, text: str, kind: bytes = tarfile.SYMTYPE) -> tuple[str, str, int, bytes]:
    return name, text, 0o777, kind


def ar(*members: tuple[str, bytes]) -> bytes:
    data = b"!<arch>\n"
    for name, content in members:
        data += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        data += b"\n" * (len(content) % 2)
    return data


def package(*members: tuple[str, bytes | str, int, bytes], control: bytes = CONTROL) -> bytes:
    return ar(
        ("debian-binary", b"2.0\n"),
        ("control.tar.xz", lzma.compress(tar(file("./control", control), file("./md5sums", b"0  x\n")))),
        ("data.tar.xz", lzma.compress(tar(*members))),
    )


def test_a_package_says_what_it_is() -> None:
    control = read_control(package())
    assert (control.name, control.fields["Version"], control.md5sums) == ("demo", "1-2", "0  x\n")
    assert control.text.encode() == CONTROL


def test_files_and_links_come_out_with_a_merged_usr() -> None:
    found = list(
        read_files(
            package(
                ("./", b"", 0o755, tarfile.DIRTYPE),
                file("./lib/x/libc.so.6", b"elf", 0o755),
                file("./etc/conf", b"text"),
                link("./usr/lib/libc.so", "/lib/x/libc.so.6"),
                link("./usr/lib/again", "./lib/x/libc.so.6", tarfile.LNKTYPE),
            )
        )
    )
    assert found == [
        DebFile(TreePath("usr/lib/x/libc.so.6"), b"elf", True),
        DebFile(TreePath("etc/conf"), b"text", False),
        DebLink(TreePath("usr/lib/libc.so"), "/lib/x/libc.so.6"),
        DebFile(TreePath("usr/lib/again"), b"elf", True),
    ]


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)])
def test_every_usual_compression_is_read(suffix: str, pack: Callable[[bytes], bytes]) -> None:
    data = ar((f"data.tar{suffix}", pack(tar(file("./a", b"1")))))
    assert list(read_files(data)) == [DebFile(TreePath("a"), b"1", False)]


def test_only_top_directories_are_merged() -> None:
    assert merged("./lib64/ld.so") == "usr/lib64/ld.so"
    assert merged("opt/lib/x") == "opt/lib/x"
    assert merged("./lib") == "lib"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no ar archive"),
        (b"!<arch>\n", "has no data.tar"),
        (ar(("data.tar.lz9", b"")), "compressed in an unknown way"),
        (ar(("data.tar.xz", b"no xz")), "can't be unpacked"),
        (ar(("data.tar", b"x" * 512))[:-9], "cut off"),
        (b"!<arch>\n" + b"x" * 60, "damaged"),
        (package(file("../outside")), "path '"),
        (package(file("a/../../b")), "path '"),
        (package(file("/absolute/../../x")), "path"),
        (package(link("a", "never", tarfile.LNKTYPE)), "does not come before it"),
        (package(("dev/null", b"", 0o666, tarfile.CHRTYPE)), "neither file, link nor directory"),
    ],
)
def test_what_is_no_package_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedPackage, match=reason):
        list(read_files(data))


@pytest.mark.parametrize("control", [b"", b"Version: 1\n", b"Package: ../x\n"])
def test_a_package_without_a_name_is_refused(control: bytes) -> None:
    with pytest.raises(MalformedPackage, match="names no package"):
        read_control(package(control=control))


GOOD = package(file("a", b"1" * 50), link("b", "a"))


@given(st.data())
def test_no_damage_leads_to_anything_but_entries_or_a_refusal(data: st.DataObject) -> None:
    damaged = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    try:
        assert all(not entry.path.startswith(("/", "..")) for entry in read_files(bytes(damaged[:cut])))
    except MalformedPackage as error:
        assert "malformed Debian package" in str(error)


def test_a_sparse_file_without_a_map_is_refused() -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(sparse_without_map(), io.BytesIO(b"x" * 512))
    with pytest.raises(MalformedPackage, match=r"`data\.tar` can't be unpacked"):
        list(read_files(ar(("debian-binary", b"2.0\n"), ("data.tar", data.getvalue()))))
