"""Images as other implementations see them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from venvship.tools import assemble_image, image_archive, write_layer

pytestmark = pytest.mark.peers

Peer = Callable[..., str]


def bulky(size: int) -> bytes:
    source = random.Random(size)
    return bytes(source.choice(b"0123456789abcdef") for _ in range(size))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An installed wheel with big and small files, beside links of every kind."""
    directory = tmp_path / "tree"
    files = {"pkg/big.bin": bulky(200_000), "pkg/empty": b"", "pkg/" + "n" * 120: b"long", "pkg/snow-☃": b"x"}
    files |= {f"pkg/m{number}.py": bulky(number * 7) for number in range(100)}
    with zipfile.ZipFile(tmp_path / "wheel.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)
            (directory / name).chmod(0o644)
    (directory / "bin").mkdir()
    (directory / "bin/run").write_bytes(b"#!/pkg/big.bin\n")
    (directory / "bin/run").chmod(0o755)
    (directory / "link").symlink_to("pkg/big.bin")
    (directory / "dangling").symlink_to("../outside/" + "x" * 120)
    (directory / "nothing").mkdir()
    return directory


@pytest.fixture(params=["gzip", "none"])
def image(request: pytest.FixtureRequest, tmp_path: Path, tree: Path) -> Path:
    blob, descriptor = tmp_path / "blob", tmp_path / "descriptor.json"
    write_layer.run(
        {
            "rows": [{"tree": str(tree), "at": "app", "wheel": str(tmp_path / "wheel.whl")}],
            "output": str(blob),
            "descriptor": str(descriptor),
            "compression": request.param,
        }
    )
    top, top_descriptor = tmp_path / "top", tmp_path / "top.json"
    write_layer.run(
        {
            "rows": [{"text": base64.b64encode(b"1").decode(), "at": "app/pkg/config"}],
            "output": str(top),
            "descriptor": str(top_descriptor),
            "compression": request.param,
        }
    )
    layers = [
        {"blob": str(blob), "descriptor": str(descriptor)},
        {"blob": str(top), "descriptor": str(top_descriptor)},
    ]
    assemble_image.run(
        {
            "output": str(tmp_path / "image"),
            "layers": layers,
            "platform": {"os": "linux", "architecture": "amd64"},
            "config": {"entrypoint": ["/app/bin/run"], "env": {"A": "1"}, "user": "65532"},
        }
    )
    return tmp_path / "image"


def listing(directory: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for parent, directories, files in os.walk(directory):
        for name in [*directories, *files]:
            path = Path(parent, name)
            key = str(path.relative_to(directory))
            if path.is_symlink():
                found[key] = ("link", os.readlink(path))
            elif path.is_dir():
                found[key] = ("directory",)
            else:
                mode = oct(path.stat().st_mode & 0o777)
                found[key] = ("file", hashlib.sha256(path.read_bytes()).hexdigest(), mode)
    return found


def test_skopeo_reads_and_copies_the_layout(image: Path, tmp_path: Path, peer: Peer) -> None:
    facts: dict[str, Any] = json.loads(peer("skopeo", "inspect", f"oci:{image}:latest"))
    assert (facts["Architecture"], facts["Os"], facts["Env"]) == ("amd64", "linux", ["A=1"])
    keep = "--dest-oci-accept-uncompressed-layers"
    peer("skopeo", "--insecure-policy", "copy", keep, f"oci:{image}:latest", f"oci:{tmp_path / 'copy'}:latest")
    names = {path.name for path in (image / "blobs/sha256").iterdir()}
    assert {path.name for path in (tmp_path / "copy/blobs/sha256").iterdir()} == names


def test_umoci_unpacks_what_was_put_in(image: Path, tree: Path, tmp_path: Path, peer: Peer) -> None:
    bundle = tmp_path / "bundle"
    peer("umoci", "unpack", "--rootless", "--image", f"{image}:latest", bundle)
    expected = {f"app/{path}": entry for path, entry in listing(tree).items()}
    expected["app"] = ("directory",)
    expected["app/pkg/config"] = ("file", hashlib.sha256(b"1").hexdigest(), "0o644")
    assert listing(bundle / "rootfs") == expected


def test_gzip_unpacks_a_layer_to_its_diff_id(image: Path, tmp_path: Path, peer: Peer) -> None:
    descriptor = json.loads((tmp_path / "descriptor.json").read_bytes())
    if descriptor["mediaType"].endswith("gzip"):
        peer("gzip", "--version")
        with open(tmp_path / "blob", "rb") as blob:
            unpacked = subprocess.run(["gzip", "-dc"], stdin=blob, capture_output=True, check=True)
        assert "sha256:" + hashlib.sha256(unpacked.stdout).hexdigest() == descriptor["diff_id"]
        assert descriptor["reused"] == 1


def test_tar_lists_a_layer_without_a_word_of_complaint(image: Path, tmp_path: Path, peer: Peer) -> None:
    names = peer("tar", "--quoting-style=literal", "-tf", tmp_path / "blob").splitlines()
    assert names == sorted(names, key=lambda name: name.rstrip("/").encode())


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_skopeo_reads_an_archive_in_both_formats(image: Path, tmp_path: Path, peer: Peer, transport: str) -> None:
    archive = tmp_path / "archive.tar"
    image_archive.run({"layout": str(image), "output": str(archive), "repo_tags": ["app:latest"]})
    facts: dict[str, Any] = json.loads(peer("skopeo", "inspect", f"{transport}:{archive}"))
    assert facts["Env"] == ["A=1"]
    peer("skopeo", "--insecure-policy", "copy", f"{transport}:{archive}", f"oci:{tmp_path / 'copy'}:latest")
