"""Unpacking an image by hand: what is taken, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import json
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def _load() -> ModuleType:
    specification = importlib.util.spec_from_file_location("run_in_root", ROOT / "tools/run_in_root.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["run_in_root"] = module
    specification.loader.exec_module(module)
    return module


run_in_root = _load()


def file(path: str, content: bytes = b"", *, mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(path)
    member.size, member.mode = len(content), mode
    return member, content


def link(path: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(path)
    member.type, member.linkname = kind, target
    return member, b""


def directory(path: str, *, mode: int = 0o755) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(path)
    member.type, member.mode = tarfile.DIRTYPE, mode
    return member, b""


class Layout:
    """An OCI layout with one image, made of tar members."""

    def __init__(self, path: Path, *layers: list[tuple[tarfile.TarInfo, bytes]], **config: object) -> None:
        self.path = path
        (path / "blobs/sha256").mkdir(parents=True)
        descriptors, diff_ids = [], []
        for members in layers:
            data = io.BytesIO()
            with tarfile.open(fileobj=data, mode="w") as archive:
                for member, content in members:
                    archive.addfile(member, io.BytesIO(content))
            diff_ids.append(f"sha256:{hashlib.sha256(data.getvalue()).hexdigest()}")
            media_type = "application/vnd.oci.image.layer.v1.tar+gzip"
            descriptors.append(self.add(gzip.compress(data.getvalue(), mtime=0), media_type))
        document = {"config": config, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        image = self.add(json.dumps(document).encode(), "application/vnd.oci.image.config.v1+json")
        manifest = {"config": image, "layers": descriptors}
        top = self.add(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
        (path / "index.json").write_text(json.dumps({"manifests": [top]}))

    def add(self, data: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (self.path / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def unpack(self, root: Path) -> Path:
        root.mkdir()
        run_in_root.unpack(run_in_root.read_image(self.path), root)
        return root


def test_layers_are_unpacked_over_each_other_with_links_kept(tmp_path: Path) -> None:
    below = [directory("app", mode=0o555), file("app/x", b"1", mode=0o555), file("app/y", b"old"), link("l", "app/x")]
    above = [file("app/y", b"new"), link("z", "app/x", tarfile.LNKTYPE)]
    root = Layout(tmp_path / "image", below, above).unpack(tmp_path / "root")
    assert (root / "app/y").read_bytes() == b"new"
    assert (root / "l").readlink() == Path("app/x")
    assert (root / "z").stat().st_ino == (root / "app/x").stat().st_ino
    assert [oct((root / path).stat().st_mode & 0o777) for path in ("app", "app/x")] == ["0o555", "0o555"]


def test_what_the_image_says_of_its_start_is_read(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "image", [], Entrypoint=["/app"], Cmd=["-v"], Env=["A=b=c"], User="65532")
    image = run_in_root.read_image(layout.path)
    assert (image.entrypoint, image.command, image.environment) == (("/app",), ("-v",), {"A": "b=c"})
    assert (image.user, image.group, image.working_directory) == (65532, 65532, "/")


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (file("../x"), "leads out of the root directory"),
        (file("a/../../x"), "leads out of the root directory"),
        (file("/x"), "leads out of the root directory"),
        (file("out/x"), "goes through the link `out`"),
        (link("hard", "../../x", tarfile.LNKTYPE), "leads out of the root directory"),
        (link("hard", "out/x", tarfile.LNKTYPE), "goes through the link `out`"),
        (link("hard", "nowhere", tarfile.LNKTYPE), "which is no file before it"),
        (link("null", "", tarfile.CHRTYPE), "is neither a file, a link nor a directory"),
        (file("a/.wh.x"), "is a whiteout"),
    ],
)
def test_entries_that_lead_elsewhere_are_refused(
    tmp_path: Path, member: tuple[tarfile.TarInfo, bytes], reason: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"kept")
    layout = Layout(tmp_path / "image", [link("out", str(outside)), member])
    with pytest.raises(run_in_root.BadImage, match=reason):
        layout.unpack(tmp_path / "root")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image", "outside", "root"]
    assert (outside / "x").read_bytes() == b"kept"


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"kept")
    layout = Layout(tmp_path / "image", [link("x", str(tmp_path / "outside"))], [file("x", b"new")])
    root = layout.unpack(tmp_path / "root")
    assert ((tmp_path / "outside").read_bytes(), (root / "x").read_bytes()) == (b"kept", b"new")


def test_a_changed_blob_is_noticed(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "image", [file("a", b"1" * 100)])
    for blob in (layout.path / "blobs/sha256").iterdir():
        if blob.read_bytes()[:2] == b"\x1f\x8b":
            changed = gzip.compress(gzip.decompress(blob.read_bytes()).replace(b"1", b"2"), mtime=0)
            blob.write_bytes(changed)
    with pytest.raises(run_in_root.BadImage, match=r"bad checksum|does not hold"):
        layout.unpack(tmp_path / "root")


def test_shells_are_found_where_they_would_lie(tmp_path: Path) -> None:
    root = Layout(tmp_path / "image", [file("usr/bin/busybox"), link("bin/sh", "/usr/bin/busybox")]).unpack(
        tmp_path / "root"
    )
    assert run_in_root.shells(root) == ["bin/sh", "usr/bin/busybox"]


def test_a_directory_without_an_index_is_no_layout(tmp_path: Path) -> None:
    with pytest.raises(run_in_root.BadImage, match="is no OCI layout"):
        run_in_root.read_image(tmp_path)
