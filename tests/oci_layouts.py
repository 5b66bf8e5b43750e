"""Reads OCI layouts as a stranger would: with the standard library's tar reader."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One path of a layer; `content` is the digest of a regular file."""

    path: str
    kind: str
    text: str
    mode: int
    size: int
    content: str


@dataclass(frozen=True)
class Layout:
    """An image for one platform."""

    digest: str
    config: dict[str, Any]
    layers: list[list[Entry]]
    layer_digests: list[str]

    @property
    def entries(self) -> dict[str, Entry]:
        """What a container sees: the highest layer that names a path decides."""
        return {entry.path: entry for layer in self.layers for entry in layer}


def read_layout(directory: Path) -> Layout:
    [listed] = json.loads((directory / "index.json").read_bytes())["manifests"]
    manifest = json.loads(_blob(directory, listed["digest"]))
    config = json.loads(_blob(directory, manifest["config"]["digest"]))
    layers = []
    for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
        data = _blob(directory, layer["digest"])
        assert len(data) == layer["size"]
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
            layers.append([_entry(archive, member) for member in archive])
        assert diff_id.startswith("sha256:")
    return Layout(listed["digest"], config, layers, [layer["digest"] for layer in manifest["layers"]])


def _blob(directory: Path, digest: str) -> bytes:
    data = (directory / "blobs" / digest.replace(":", "/")).read_bytes()
    assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    return data


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    path = member.name.rstrip("/").removeprefix("./")
    if member.isreg():
        file = archive.extractfile(member)
        assert file is not None
        content = hashlib.sha256(file.read()).hexdigest()
        return Entry(path, "file", "", member.mode, member.size, content)
    if member.issym():
        return Entry(path, "link", member.linkname, member.mode, 0, "")
    assert member.isdir(), f"{path} is of an odd kind"
    return Entry(path, "directory", "", member.mode, 0, "")
