"""Images are read without trust: layouts and archives of others may hold anything."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import pytest
from image_building import image, noise

from venvship.tools.image_reader import ImageEntry, applied, follow, layer_names, problems, read_image
from venvship.tools.oci_documents import ImageProblem

LAYER = "application/vnd.oci.image.layer.v1.tar"


Member: TypeAlias = tuple[tarfile.TarInfo, bytes]


def member(name: str, data: bytes = b"", *, kind: bytes = tarfile.REGTYPE, link: str = "") -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(data)
    return info, data


def directory(name: str) -> Member:
    return member(name, kind=tarfile.DIRTYPE)


def symlink(name: str, text: str) -> Member:
    return member(name, kind=tarfile.SYMTYPE, link=text)


def archive(members: Iterable[Member]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as opened:
        for info, data in members:
            opened.addfile(info, io.BytesIO(data))
    return output.getvalue()


def layout(root: Path, layers: Iterable[tuple[str, bytes]]) -> Path:
    """A layout whose documents are in order and whose layers are whatever they are."""
    blobs = root / "blobs/sha256"
    blobs.mkdir(parents=True)

    def kept(media_type: str, data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    rows = [kept(media_type, data) for media_type, data in layers]
    config = kept("application/vnd.oci.image.config.v1+json", b'{"os": "linux", "architecture": "amd64"}')
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
    data = json.dumps({**manifest, "config": config, "layers": rows}).encode()
    listed = kept("application/vnd.oci.image.manifest.v1+json", data)
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [listed]}))
    return root


def of(root: Path, *layers: Iterable[Member]) -> list[str]:
    made = layout(root, [(LAYER, archive(members)) for members in layers])
    return list(problems(read_image(str(made))))


def test_an_image_of_ours_is_without_fault(tmp_path: Path) -> None:
    read = read_image(str(image(tmp_path, [{"base/a": noise(5000)}, {"app/b": noise(6000)}])))
    assert list(problems(read)) == []
    assert [layer.name for layer in read.layers] == ["image0", "image1"]
    assert sorted(applied(read.layers)) == ["app", "app/b", "base", "base/a"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([member("a", noise(2000)), member("b", noise(2000))], "has the 2000 bytes of `a` again"),
        ([symlink("a", "nothing")], "the link `a` -> `nothing` leads to nothing"),
        ([symlink("a", "/nothing")], "leads to nothing"),
        ([symlink("a", "../etc/passwd")], "leaves the image"),
        ([directory("d"), symlink("d/a", "../../x")], "leaves the image"),
        ([symlink("a", "b"), symlink("b", "a")], "runs in circles"),
        ([member("d/a", b"x")], "the parent of `d/a` has no entry"),
    ],
)
def test_faults_are_told(tmp_path: Path, members: list[Member], said: str) -> None:
    assert any(said in problem for problem in of(tmp_path, members))


def test_a_path_in_two_layers_is_a_fault(tmp_path: Path) -> None:
    assert of(tmp_path, [member("a", b"1")], [member("a", b"2")]) == [
        "`a` is in several layers with different content",
        "`a` is in several layers",
    ]


def test_links_to_what_links_lead_to_are_followed() -> None:
    def link(path: str, text: str) -> ImageEntry:
        return ImageEntry(path, "link", 0, 0o777, 0, 0, "", text)

    placed = {
        "lib": link("lib", "usr/lib"),
        "usr/lib/x": link("usr/lib/x", "../share/./x"),
        "abs": link("abs", "/lib/x"),
    }
    assert follow("lib/x", placed) == "usr/share/x"
    assert follow("abs", placed) == "usr/share/x"
    assert follow("a/../../b", placed) is None


def test_layers_are_called_what_the_history_says_of_them() -> None:
    rows = [{"comment": "a\x1b[31m\nb"}, {"comment": "no layer", "empty_layer": True}, {}]
    assert layer_names({"history": rows}, 3) == ["a\ufffd[31m\ufffdb", "layer 2", "layer 3"]


def test_whiteouts_hide_what_lies_below(tmp_path: Path) -> None:
    lower = [directory("d"), member("d/a", b"1"), member("d/b", b"2"), directory("e"), member("e/c", b"3"), member("f")]
    upper = [
        directory("d"),
        member("d/.wh.a"),
        directory("e"),
        member("e/.wh..wh..opq"),
        member("e/n"),
        member(".wh.f"),
    ]
    read = read_image(str(layout(tmp_path, [(LAYER, archive(lower)), (LAYER, archive(upper))])))
    assert sorted(applied(read.layers)) == ["d", "d/b", "e", "e/n"]


GOOD = archive([member("a", noise(3000))])
HOSTILE: list[tuple[str, str, bytes, str]] = [
    ("an absolute path", LAYER, archive([member("/etc/passwd", b"x")]), "has the path"),
    ("a path that leaves", LAYER, archive([member("../x", b"x")]), "has the path"),
    ("a path that leaves inside", LAYER, archive([member("a/../../x", b"x")]), "has the path"),
    ("an empty segment", LAYER, archive([member("a//x", b"x")]), "has the path"),
    ("a device", LAYER, archive([member("sda", kind=tarfile.BLKTYPE)]), "neither file, link nor directory"),
    ("a terminal", LAYER, archive([member("tty", kind=tarfile.CHRTYPE)]), "neither file, link nor directory"),
    ("a pipe", LAYER, archive([member("p", kind=tarfile.FIFOTYPE)]), "neither file, link nor directory"),
    ("a hard link to nothing", LAYER, archive([member("h", kind=tarfile.LNKTYPE, link="n")]), "a hard link to nothing"),
    ("a hard link outside", LAYER, archive([member("h", kind=tarfile.LNKTYPE, link="../n")]), "a hard link to nothing"),
    ("no tar", LAYER, b"x" * 2000, "can't be unpacked"),
    ("nothing", LAYER, b"", "can't be unpacked"),
    ("a cut tar", LAYER, GOOD[:1500], "can't be unpacked"),
    ("a broken header", LAYER, GOOD[:100] + b"zzzzzzz" + GOOD[107:], "can't be unpacked"),
    ("no gzip", LAYER + "+gzip", GOOD, "can't be unpacked"),
    ("a cut gzip", LAYER + "+gzip", gzip.compress(GOOD)[:-20], "can't be unpacked"),
    ("a changed gzip", LAYER + "+gzip", gzip.compress(GOOD)[:-8] + b"\0" * 8, "can't be unpacked"),
    ("an unknown kind", LAYER + "+lzma", GOOD, "can't be read here"),
]


@pytest.mark.parametrize(("media_type", "data", "said"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_a_hostile_layer_is_refused(tmp_path: Path, media_type: str, data: bytes, said: str) -> None:
    with pytest.raises(ImageProblem, match=said):
        read_image(str(layout(tmp_path, [(media_type, data)])))


def spoil(made: Path, change: Callable[[bytes], bytes], name: str) -> None:
    """Change the file of a layout that holds `name`."""
    for path in [made / "index.json", *(made / "blobs/sha256").iterdir()]:
        if name.encode() in path.read_bytes():
            path.write_bytes(change(path.read_bytes()))
            return


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("manifests", lambda data: b"", "is no JSON"),
        ("manifests", lambda data: b"[]", "is no JSON object"),
        ("manifests", lambda data: b"{}", "nothing|manifests"),
        ("manifests", lambda data: data.replace(b"sha256:", b"sha999:"), "malformed digest"),
        ("manifests", lambda data: data.replace(b'"size"', b'"sise"'), "malformed descriptor"),
        ('"layers"', lambda data: data + b" ", "is not what its name says"),
        ('"architecture"', lambda data: data + b" ", "is not what its name says"),
        ("ustar", lambda data: data + b"\0", "other bytes than its digest says"),
    ],
)
def test_a_spoilt_layout_is_refused(tmp_path: Path, name: str, change: Callable[[bytes], bytes], said: str) -> None:
    made = layout(tmp_path, [(LAYER, GOOD)])
    spoil(made, change, name)
    with pytest.raises(ImageProblem, match=said):
        read_image(str(made))


def test_a_missing_layer_and_a_missing_layout_are_told(tmp_path: Path) -> None:
    made = layout(tmp_path / "made", [(LAYER, GOOD)])
    (made / "blobs/sha256" / hashlib.sha256(GOOD).hexdigest()).unlink()
    with pytest.raises(ImageProblem, match="lacks the blob"):
        read_image(str(made))
    with pytest.raises(ImageProblem, match="is no OCI layout"):
        read_image(str(tmp_path / "nowhere"))
