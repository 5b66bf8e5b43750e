from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from tar_members import sparse_without_map

from venvship.tools.layer_entries import LayerProblem, expand
from venvship.tools.unpack_tar import run


def taken_apart(tmp_path: Path, *members: tuple[str, bytes, str], mode: str = "w") -> dict[str, tuple[str, object]]:
    """What a merged archive holds: kind and content of each path. Members are name, type, and link or text."""
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, mode) as opened:  # type: ignore[call-overload]
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(text)
                opened.addfile(info, io.BytesIO(text.encode()))
            else:
                info.linkname = text
                opened.addfile(info)
    return expanded(tmp_path, archive)


def expanded(tmp_path: Path, archive: Path) -> dict[str, tuple[str, object]]:
    output, listing = tmp_path / "members", tmp_path / "listing"
    run({"archive": str(archive), "output": str(output), "listing": str(listing)})
    row = {"mtree": str(listing), "contents": {"members": str(output)}, "merged": True}
    found: dict[str, tuple[str, object]] = {}
    for entry in expand([row], defaults={}):
        content = Path(str(entry.source)).read_bytes() if entry.kind == "file" else entry.source
        found[entry.path] = (entry.kind, content)
    return found


FILE, LINK, HARD, DIRECTORY = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_members_come_back_in_every_compression(tmp_path: Path, mode: str) -> None:
    members = [
        ("./d", DIRECTORY, ""),
        ("d/a b", FILE, "x"),
        ("d/l", LINK, "../../up"),
        ("h", HARD, "d/a b"),
        ("e", FILE, ""),
    ]
    assert taken_apart(tmp_path, *members, mode=mode) == {
        "d": ("directory", ""),
        "d/a b": ("file", b"x"),
        "d/l": ("link", "../../up"),
        "e": ("text", b""),
        "h": ("file", b"x"),
    }


def test_the_last_member_of_a_path_counts(tmp_path: Path) -> None:
    assert taken_apart(tmp_path, ("a", FILE, "old"), ("a", LINK, "b"), ("b", FILE, "1"), ("b", FILE, "2")) == {
        "a": ("link", "b"),
        "b": ("file", b"2"),
    }


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("../up", FILE, "x")], "segment"),
        ([("a/../../up", FILE, "x")], "segment"),
        ([("dev", tarfile.CHRTYPE, "")], "neither file, link nor directory"),
        ([("pipe", tarfile.FIFOTYPE, "")], "neither file, link nor directory"),
        ([("h", HARD, "later"), ("later", FILE, "x")], "does not come before it"),
        ([("h", HARD, "../../etc/passwd")], "does not come before it"),
        ([("l", LINK, "/etc"), ("l/x", FILE, "x")], "filled twice"),
    ],
)
def test_a_hostile_archive_is_refused(tmp_path: Path, members: list[tuple[str, bytes, str]], reason: str) -> None:
    with pytest.raises(LayerProblem, match=reason):
        taken_apart(tmp_path, *members)


@pytest.mark.parametrize("data", [b"", b"x", b"\x1f\x8b\x08broken", b"\x28\xb5\x2f\xfdbroken", b"a" * 1024])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(data)
    with pytest.raises(LayerProblem, match="can't be read as a tar archive"):
        expanded(tmp_path, archive)


def test_a_sparse_file_without_a_map_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(sparse_without_map(), io.BytesIO(b"x" * 512))
    with pytest.raises(LayerProblem, match="can't be read as a tar archive"):
        expanded(tmp_path, tmp_path / "a.tar")
