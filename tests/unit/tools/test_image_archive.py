from __future__ import annotations

import base64
import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from venvship.tools import assemble_image, assemble_index, image_archive, write_layer
from venvship.tools.oci_documents import ImageProblem


def layout(directory: Path, architecture: str = "amd64") -> Path:
    blob, descriptor = directory / f"{architecture}.blob", directory / f"{architecture}.json"
    rows = [{"text": base64.b64encode(architecture.encode()).decode(), "at": "a"}]
    write_layer.run({"rows": rows, "output": str(blob), "descriptor": str(descriptor)})
    output = directory / architecture
    assemble_image.run(
        {
            "output": str(output),
            "layers": [{"blob": str(blob), "descriptor": str(descriptor)}],
            "platform": {"os": "linux", "architecture": architecture},
        }
    )
    return output


def archived(directory: Path, **request: Any) -> dict[str, bytes]:
    output = directory / "archive.tar"
    image_archive.run({"output": str(output), **request})
    found = {}
    with tarfile.open(output, "r:") as archive:
        for member in archive:
            body = archive.extractfile(member)
            if body is not None:
                assert member.name not in found
                found[member.name] = body.read()
    return found


def test_an_archive_is_a_layout_and_dockers_manifest_over_the_same_blobs(tmp_path: Path) -> None:
    directory = layout(tmp_path)
    found = archived(tmp_path, layout=str(directory), repo_tags=["app:latest", "app:v1"])
    for path in directory.rglob("*"):
        if path.is_file() and path.name != "index.json":
            assert found[str(path.relative_to(directory))] == path.read_bytes()
    [docker] = json.loads(found["manifest.json"])
    assert docker["RepoTags"] == ["app:latest", "app:v1"]
    config = json.loads(found[docker["Config"]])
    assert config["architecture"] == "amd64"
    [path] = docker["Layers"]
    assert path == "blobs/sha256/" + hashlib.sha256(found[path]).hexdigest()
    [listed] = json.loads(found["index.json"])["manifests"]
    assert listed["annotations"]["io.containerd.image.name"] == "app:latest"


def test_dockers_manifest_names_the_image_of_one_platform(tmp_path: Path) -> None:
    images = [str(layout(tmp_path, name)) for name in ("amd64", "arm64")]
    index = tmp_path / "index"
    assemble_index.run({"output": str(index), "images": images})
    assert "manifest.json" not in archived(tmp_path, layout=str(index))
    found = archived(tmp_path, layout=str(index), platform={"os": "linux", "architecture": "arm64"})
    [docker] = json.loads(found["manifest.json"])
    assert json.loads(found[docker["Config"]])["architecture"] == "arm64"


def test_a_layout_without_an_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text('{"manifests": []}')
    with pytest.raises(ImageProblem, match="holds no image"):
        archived(tmp_path, layout=str(tmp_path))
