"""Archives of others, friendly and hostile."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from venvship.errors import UserError
from venvship.repos.unpacking import BadArchive, UnpackLimits, UnsafeArchive, archive_kind, unpack


def tar(path: Path, *members: tuple[str, str, str], mode: str = "w:gz", executable: bool = False) -> Path:
    """An archive of (kind, name, content or target); kinds are file, dir, link, same and pipe."""
    kinds = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "same": tarfile.LNKTYPE}
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for kind, name, text in members:
            info = tarfile.TarInfo(name)
            info.type = kinds.get(kind, tarfile.FIFOTYPE)
            info.mode = 0o755 if executable else 0o600
            if kind in ("link", "same"):
                info.linkname = text
            data = text.encode() if kind == "file" else b""
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def unpacked(tmp_path: Path, archive: Path, strip_prefix: str = "", limits: UnpackLimits | None = None) -> Path:
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    unpack(
        archive,
        out,
        kind=archive_kind(archive.name),
        shown=archive.name,
        strip_prefix=strip_prefix,
        limits=limits or UnpackLimits(),
    )
    return out


@pytest.mark.parametrize(
    ("name", "mode"), [("a.tar", "w"), ("a.tgz", "w:gz"), ("a.tar.xz", "w:xz"), ("a.tbz", "w:bz2")]
)
def test_tar_archives_keep_files_links_and_permissions(tmp_path: Path, name: str, mode: str) -> None:
    archive = tar(
        tmp_path / name,
        ("file", "p/bin/tool", "x"),
        ("link", "p/tool", "bin/tool"),
        ("same", "p/again", "p/bin/tool"),
        mode=mode,
        executable=True,
    )
    out = unpacked(tmp_path, archive, "p")
    assert (out / "tool").is_symlink() and (out / "tool").read_text() == "x"
    assert (out / "again").read_text() == "x"
    assert stat.S_IMODE((out / "bin/tool").stat().st_mode) & 0o111


def test_zip_archives_keep_files_links_and_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        tool = zipfile.ZipInfo("p/tool")
        tool.external_attr = 0o100755 << 16
        archive.writestr(tool, "x")
        link = zipfile.ZipInfo("p/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "tool")
        archive.writestr("p/d/", "")
    out = unpacked(tmp_path, path, "p/")
    assert (out / "link").readlink() == Path("tool")
    assert (out / "d").is_dir()
    assert stat.S_IMODE((out / "tool").stat().st_mode) & 0o111


@pytest.mark.parametrize(
    "members",
    [
        [("file", "../x", "")],
        [("file", "a/../../x", "")],
        [("file", "/etc/x", "")],
        [("link", "a", "../../etc")],
        [("link", "a", "/etc/passwd")],
        [("link", "a", "b"), ("link", "b", "../..")],
        [("dir", "z", ""), ("link", "x/y", "../z"), ("link", "w", "x/y/../..")],
        [("link", "a", "."), ("file", "a/b", "")],
        [("same", "a", "../out/../secret")],
        [("same", "a", "nothing")],
        [("pipe", "a", "")],
        [("file", "a", ""), ("file", "a/b", "")],
        [("dir", "a/b", ""), ("file", "a", "")],
        [("file", "/".join("a" * 300), "")],
    ],
)
def test_nothing_is_written_outside_or_through_links(tmp_path: Path, members: list[tuple[str, str, str]]) -> None:
    (tmp_path / "secret").write_text("s")
    with pytest.raises(UnsafeArchive):
        unpacked(tmp_path, tar(tmp_path / "a.tgz", *members))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tgz", "out", "secret"]
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))


def test_links_that_are_there_already_are_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/a").symlink_to("../elsewhere")
    with pytest.raises(UnsafeArchive, match="needs a directory where `a` is none"):
        unpacked(tmp_path, tar(tmp_path / "a.tgz", ("file", "a/b", "")))
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_bomb_stops_early(tmp_path: Path) -> None:
    bomb = tar(tmp_path / "a.tgz", ("file", "a", "0" * 100_000))
    with pytest.raises(UnsafeArchive, match="more than 1000 bytes"):
        unpacked(tmp_path, bomb, limits=UnpackLimits(total_bytes=1000))
    many = tar(tmp_path / "b.tgz", *[("file", f"f{number}", "") for number in range(20)])
    with pytest.raises(UnsafeArchive, match="more than 10 entries"):
        unpacked(tmp_path, many, limits=UnpackLimits(entries=10))


def test_a_prefix_that_is_not_there_is_told_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(BadArchive) as caught:
        unpacked(tmp_path, tar(tmp_path / "a.tgz", ("file", "lib-1.0/a", "")), "lib-1.1")
    assert str(caught.value) == (
        "archive `a.tgz` holds nothing below `lib-1.1`\n\nhint: at its top are `lib-1.0`; correct `strip_prefix`"
    )


def test_a_later_entry_replaces_an_earlier_one(tmp_path: Path) -> None:
    out = unpacked(tmp_path, tar(tmp_path / "a.tgz", ("file", "a", "1"), ("file", "a", "2"), ("link", "b", "a")))
    assert (out / "b").read_text() == "2"


@pytest.mark.parametrize("name", ["a.zip", "a.tgz", "a.tar.xz", "a.tar.bz2", "a.tar"])
def test_damaged_archives_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not an archive at all" * 100)
    with pytest.raises(UserError, match="can't be unpacked"):
        unpacked(tmp_path, tmp_path / name)


def test_the_kind_is_told_by_the_name_or_by_declaration() -> None:
    assert archive_kind("https://h/x/a.tar.gz?download=1") == "gz"
    assert archive_kind("https://h/download", "tar.zst") == "zst"
    with pytest.raises(BadArchive, match="can't tell how"):
        archive_kind("https://h/a.rar")
