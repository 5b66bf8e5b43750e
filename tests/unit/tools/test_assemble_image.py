from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from venvship.tools import assemble_image, assemble_index, write_layer
from venvship.tools.oci_documents import ImageProblem, merge_environment

LINUX = {"os": "linux", "architecture": "amd64"}


class Images:
    """Makes layers and images below one directory and reads their documents."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0

    def path(self, name: str) -> Path:
        self._count += 1
        return self._directory / f"{self._count}-{name}"

    def layer(self, **files: str) -> dict[str, str]:
        blob, descriptor = self.path("blob"), self.path("descriptor.json")
        rows = [{"text": base64.b64encode(text.encode()).decode(), "at": name} for name, text in files.items()]
        write_layer.run({"rows": rows, "output": str(blob), "descriptor": str(descriptor)})
        return {"blob": str(blob), "descriptor": str(descriptor)}

    def image(self, **request: Any) -> Path:
        output = self.path("image")
        result = assemble_image.run({"output": str(output), "platform": LINUX, **request})
        assert result["trees"][str(output)] == rows_of(output)
        return output


@pytest.fixture
def images(tmp_path: Path) -> Images:
    return Images(tmp_path)


def rows_of(directory: Path) -> list[list[object]]:
    rows: list[list[object]] = []
    for path in directory.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            rows.append([str(path.relative_to(directory)), hashlib.sha256(data).hexdigest(), len(data), False])
    return sorted(rows, key=lambda row: str(row[0]))


def blob(layout: Path, descriptor: dict[str, Any]) -> Any:
    return json.loads((layout / "blobs/sha256" / descriptor["digest"][7:]).read_bytes())


def documents(layout: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Manifest and configuration of the only image of a layout."""
    [listed] = json.loads((layout / "index.json").read_bytes())["manifests"]
    manifest = blob(layout, listed)
    return manifest, blob(layout, manifest["config"])


def test_an_image_without_a_base_has_all_settings(images: Images) -> None:
    layer = images.layer(a="1")
    layout = images.image(
        layers=[{**layer, "comment": "app"}],
        config={
            "entrypoint": ["/app/server"],
            "cmd": ["--port=80"],
            "env": {"A": "1"},
            "user": "65532",
            "workdir": "/app",
            "labels": {"team": "x"},
            "exposed_ports": ["80/tcp"],
            "volumes": ["/data"],
        },
        annotations={"source": "here"},
        created_by="//app:image",
    )
    manifest, config = documents(layout)
    assert config["config"] == {
        "Entrypoint": ["/app/server"],
        "Cmd": ["--port=80"],
        "Env": ["A=1"],
        "User": "65532",
        "WorkingDir": "/app",
        "Labels": {"team": "x"},
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
    }
    descriptor = json.loads(Path(layer["descriptor"]).read_bytes())
    assert config["rootfs"] == {"type": "layers", "diff_ids": [descriptor["diff_id"]]}
    assert config["history"] == [{"created": "1970-01-01T00:00:00Z", "created_by": "//app:image", "comment": "app"}]
    assert (config["created"], config["os"], config["architecture"]) == ("1970-01-01T00:00:00Z", "linux", "amd64")
    assert manifest["layers"][0]["digest"] == descriptor["digest"]
    assert manifest["annotations"] == {"source": "here"}


def test_layers_are_hard_links_of_the_blobs_they_are_made_of(images: Images) -> None:
    layer = images.layer(a="1")
    layout = images.image(layers=[layer])
    manifest, _ = documents(layout)
    stored = layout / "blobs/sha256" / manifest["layers"][0]["digest"][7:]
    assert os.path.samefile(stored, layer["blob"])


def test_settings_are_laid_over_those_of_the_base(images: Images) -> None:
    base = images.image(
        layers=[images.layer(a="1")],
        config={"entrypoint": ["/old"], "cmd": ["x"], "env": {"PATH": "/bin", "KEEP": "1"}, "labels": {"a": "1"}},
    )
    layout = images.image(
        base=str(base),
        platform={},
        layers=[images.layer(b="2")],
        config={
            "entrypoint": ["/new"],
            "env": {"PATH": "/app/bin:$PATH", "NEW": "${KEEP}$KEEP$NONE$"},
            "labels": {"b": "2"},
        },
    )
    manifest, config = documents(layout)
    assert config["config"]["Entrypoint"] == ["/new"]
    assert "Cmd" not in config["config"]
    assert config["config"]["Env"] == ["PATH=/app/bin:/bin", "KEEP=1", "NEW=11$"]
    assert config["config"]["Labels"] == {"a": "1", "b": "2"}
    assert len(manifest["layers"]) == len(config["rootfs"]["diff_ids"]) == len(config["history"]) == 2


def test_an_archive_without_a_descriptor_is_described_first(images: Images) -> None:
    layer = images.layer(a="1")
    described, plain = images.image(layers=[layer]), images.image(layers=[{"blob": layer["blob"]}])
    assert rows_of(described) == rows_of(plain)


def test_a_docker_base_becomes_an_oci_image(images: Images) -> None:
    base = images.image(layers=[images.layer(a="1")])
    manifest, _ = documents(base)
    manifest["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"
    manifest["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
    manifest["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    data = json.dumps(manifest).encode()
    digest = hashlib.sha256(data).hexdigest()
    (base / "blobs/sha256" / digest).write_bytes(data)
    listed = {"mediaType": manifest["mediaType"], "digest": f"sha256:{digest}", "size": len(data)}
    (base / "index.json").write_text(json.dumps({"manifests": [listed]}))
    made, _ = documents(images.image(base=str(base)))
    assert made["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert made["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    assert made["layers"][0]["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"


def test_the_platform_chooses_among_the_images_of_a_base(images: Images, tmp_path: Path) -> None:
    amd, arm = (
        images.image(platform={"os": "linux", "architecture": name}, layers=[images.layer(a=name)])
        for name in ("amd64", "arm64")
    )
    index = tmp_path / "index"
    result = assemble_index.run({"output": str(index), "images": [str(amd), str(arm)]})
    assert result["trees"][str(index)] == rows_of(index)
    layout = images.image(base=str(index), platform={"os": "linux", "architecture": "arm64"})
    assert documents(layout)[0]["layers"] == documents(arm)[0]["layers"]
    with pytest.raises(ImageProblem, match="nothing for linux/s390x; it has linux/amd64, linux/arm64"):
        images.image(base=str(index), platform={"os": "linux", "architecture": "s390x"})
    with pytest.raises(ImageProblem, match="both for linux/amd64"):
        assemble_index.run({"output": str(tmp_path / "twice"), "images": [str(amd), str(amd)]})


def test_attestations_of_a_base_are_no_images(images: Images) -> None:
    base = images.image(layers=[images.layer(a="1")])
    index = json.loads((base / "index.json").read_bytes())
    [image] = index["manifests"]
    index["manifests"].append({**image, "platform": {"os": "unknown", "architecture": "unknown"}})
    (base / "index.json").write_text(json.dumps(index))
    assert documents(images.image(base=str(base), platform={}))[0]["layers"]
    index["manifests"].append({**image, "platform": {"os": "linux", "architecture": "arm64"}})
    (base / "index.json").write_text(json.dumps(index))
    with pytest.raises(ImageProblem, match="2 manifests for any platform: linux/amd64, linux/arm64"):
        images.image(base=str(base), platform={})


def test_a_base_without_its_layers_is_refused(images: Images) -> None:
    base = images.image(layers=[images.layer(a="1")])
    manifest, _ = documents(base)
    (base / "blobs/sha256" / manifest["layers"][0]["digest"][7:]).unlink()
    with pytest.raises(ImageProblem, match="there is no blob sha256:"):
        images.image(base=str(base))


def test_settings_may_come_from_files(images: Images, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("A=1\nB=x=y\n")
    (tmp_path / "cmd").write_text("serve\n--fast\n")
    (tmp_path / "created").write_text("2024-01-01T00:00:00Z\n")
    _, config = documents(images.image(config_files={n: str(tmp_path / n) for n in ("env", "cmd", "created")}))
    assert config["config"] == {"Env": ["A=1", "B=x=y"], "Cmd": ["serve", "--fast"]}
    assert config["created"] == "2024-01-01T00:00:00Z"
    (tmp_path / "env").write_text("no pair\n")
    with pytest.raises(ImageProblem, match="`no pair` is not `name=value`"):
        images.image(config_files={"env": str(tmp_path / "env")})


def test_the_same_request_gives_the_same_bytes(images: Images) -> None:
    layer = images.layer(a="1")
    assert rows_of(images.image(layers=[layer])) == rows_of(images.image(layers=[layer]))


def test_a_changed_base_document_is_refused(images: Images) -> None:
    base = images.image(layers=[images.layer(a="1")])
    [listed] = json.loads((base / "index.json").read_bytes())["manifests"]
    (base / "blobs/sha256" / listed["digest"][7:]).write_bytes(b"{}")
    with pytest.raises(ImageProblem, match="not what its name says"):
        images.image(base=str(base))


@pytest.mark.parametrize("digest", ["sha256:../../../etc/passwd", "sha512:" + "0" * 128, "", None])
def test_a_hostile_digest_of_a_base_is_refused(images: Images, tmp_path: Path, digest: str | None) -> None:
    (tmp_path / "base").mkdir()
    listed = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 2}
    (tmp_path / "base/index.json").write_text(json.dumps({"manifests": [listed]}))
    with pytest.raises(ImageProblem, match="malformed digest"):
        images.image(base=str(tmp_path / "base"))


def test_a_layer_that_is_not_as_big_as_its_descriptor_says_is_refused(images: Images) -> None:
    layer = images.layer(a="1")
    with open(layer["blob"], "ab") as file:
        file.write(b"x")
    with pytest.raises(ImageProblem, match="its descriptor says"):
        images.image(layers=[layer])


def test_too_many_layers_are_refused(images: Images) -> None:
    layer = images.layer(a="1")
    with pytest.raises(ImageProblem, match="128 layers"):
        images.image(layers=[layer] * 128)


def test_a_base_of_one_image_decides_the_platform_where_no_layer_is_for_another(images: Images) -> None:
    base = images.image(platform={"os": "linux", "architecture": "arm64"}, layers=[images.layer(a="x")])
    with pytest.raises(ImageProblem, match="has nothing for linux/amd64"):
        images.image(base=str(base))
    layout = images.image(base=str(base), any_platform=True, layers=[images.layer(b="y")])
    assert documents(layout)[1]["architecture"] == "arm64"


def test_a_missing_platform_and_a_missing_base_are_refused(images: Images, tmp_path: Path) -> None:
    with pytest.raises(ImageProblem, match="needs `os` and `architecture`"):
        images.image(platform={})
    with pytest.raises(ImageProblem, match="no OCI layout"):
        images.image(base=str(tmp_path))


def test_variables_of_the_environment_refer_to_the_base_and_to_those_before() -> None:
    added = {"A": "${A}2", "B": "$A$C", "C": "3", "1": "=$C$$", "D": "${1}"}
    assert merge_environment(["A=1"], added) == ["A=12", "B=12", "C=3", "1==3$$", "D==3$$"]
    with pytest.raises(ImageProblem, match="name of an environment variable"):
        merge_environment([], {"A=B": "1"})
