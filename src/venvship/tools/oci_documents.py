"""The JSON documents of an OCI image: configuration, manifest and index, with canonical bytes.

Pure functions over dictionaries, because a base image brings fields that are nobody's business here and must be kept.
Documents of the older Docker formats are read, and written as OCI: the blobs they name are the same (image-spec,
"Compatibility matrix").
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER_PREFIX = "application/vnd.oci.image.layer.v1.tar"

REFERENCE_NAME = "org.opencontainers.image.ref.name"
EPOCH = "1970-01-01T00:00:00Z"
MAX_LAYERS = 127
MAX_DOCUMENT = 4 << 20

_FROM_DOCKER = {
    "application/vnd.docker.distribution.manifest.v2+json": MANIFEST,
    "application/vnd.docker.distribution.manifest.list.v2+json": INDEX,
    "application/vnd.docker.container.image.v1+json": CONFIG,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": LAYER_PREFIX + "+gzip",
    "application/vnd.docker.image.rootfs.diff.tar": LAYER_PREFIX,
}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_VARIABLE = re.compile(r"\$(?:([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})")


class ImageProblem(ValueError):
    """An image can't be made of what was asked for."""

    user_error = True


def encode(document: Mapping[str, Any] | list[Any]) -> bytes:
    """The canonical bytes of a document."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def decode(data: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object; `what` names it in the error."""
    if len(data) > MAX_DOCUMENT:
        raise ImageProblem(f"{what} has {len(data)} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImageProblem(f"{what} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ImageProblem(f"{what} is no JSON object")
    return document


def oci_media_type(media_type: str) -> str:
    return _FROM_DOCKER.get(media_type, media_type)


def descriptor(document: Mapping[str, Any]) -> dict[str, Any]:
    """A descriptor of another document, checked; annotations, platform and URLs are kept."""
    media_type, digest, size = document.get("mediaType"), document.get("digest"), document.get("size")
    if not isinstance(media_type, str) or not isinstance(size, int) or size < 0:
        raise ImageProblem(f"malformed descriptor {dict(document)!r}")
    if not isinstance(digest, str) or not _DIGEST.match(digest):
        raise ImageProblem(f"malformed digest {digest!r} of a descriptor; only sha256 is known")
    return {**document, "mediaType": oci_media_type(media_type)}


def descriptor_of(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def choose(index: Mapping[str, Any], platform: Mapping[str, str], *, or_sole: bool = False) -> dict[str, Any]:
    """The one descriptor of `index` that fits `platform`, or its only one with `or_sole`; raises ImageProblem."""
    listed = [descriptor(one) for one in index.get("manifests") or [] if isinstance(one, dict)]
    # Attestations lie beside images, for a platform that nobody has.
    images = [one for one in listed if "unknown" not in _names(one.get("platform"))]
    fitting = [one for one in images if _fits(one.get("platform"), platform)]
    if or_sole and len(images) == 1:
        return images[0]
    if len(fitting) == 1:
        return fitting[0]
    wanted = "/".join(platform[key] for key in ("os", "architecture", "variant") if platform.get(key)) or "any platform"
    have = ", ".join(sorted({"/".join(_names(one.get("platform"))) for one in images})) or "nothing"
    if not fitting:
        raise ImageProblem(f"the base image has nothing for {wanted}; it has {have}")
    raise ImageProblem(f"the base image has {len(fitting)} manifests for {wanted}: {have}")


def _names(platform: Any) -> list[str]:
    stated = platform if isinstance(platform, dict) else {}
    return [str(stated[key]) for key in ("os", "architecture", "variant") if stated.get(key)] or ["no platform"]


def _fits(stated: Any, wanted: Mapping[str, str]) -> bool:
    if not isinstance(stated, dict):
        return True
    keys = ["os", "architecture"] + (["variant"] if wanted.get("variant") and stated.get("variant") else [])
    return all(not wanted.get(key) or stated.get(key) == wanted[key] for key in keys)


def merge_environment(base: Sequence[str], added: Mapping[str, str]) -> list[str]:
    """`NAME=value` rows; `$NAME` and `${NAME}` in `added` stand for values of `base` and of what is added before.

    What has no value by then stands for nothing.
    """
    values: dict[str, str] = {}
    for row in base:
        name, _, value = row.partition("=")
        values[name] = value
    for name, value in added.items():
        if not name or "=" in name or "\0" in name + value:
            raise ImageProblem(f"{name!r} can't be the name of an environment variable")
        values[name] = _VARIABLE.sub(lambda match: values.get(match[1] or match[2], ""), value)
    return [f"{name}={value}" for name, value in values.items()]


def image_config(
    base: Mapping[str, Any],
    *,
    platform: Mapping[str, str],
    settings: Mapping[str, Any],
    layers: Sequence[Mapping[str, Any]],
    created: str,
    created_by: str,
) -> dict[str, Any]:
    """The image's configuration: `base` (empty for none) with `settings` on top and `layers` appended.

    Settings that are absent or None are inherited. An entrypoint clears the command, as a Dockerfile's does.
    """
    config = dict(base)
    for key in ("os", "architecture", "variant"):
        if platform.get(key):
            if config.get(key) not in (None, "", platform[key]):
                raise ImageProblem(f"the base image is for {key} `{config[key]}`, the image for `{platform[key]}`")
            config[key] = platform[key]
    config["created"] = created
    runtime = dict(config.get("config") or {})
    if settings.get("env"):
        runtime["Env"] = merge_environment(runtime.get("Env") or [], settings["env"])
    if settings.get("entrypoint") is not None:
        runtime["Entrypoint"] = list(settings["entrypoint"])
        runtime.pop("Cmd", None)
    if settings.get("cmd") is not None:
        runtime["Cmd"] = list(settings["cmd"])
    for key, field in (("user", "User"), ("workdir", "WorkingDir"), ("stop_signal", "StopSignal")):
        if settings.get(key):
            runtime[field] = settings[key]
    for key, field in (("exposed_ports", "ExposedPorts"), ("volumes", "Volumes")):
        if settings.get(key):
            runtime[field] = {**(runtime.get(field) or {}), **{name: {} for name in settings[key]}}
    if settings.get("labels"):
        runtime["Labels"] = {**(runtime.get("Labels") or {}), **settings["labels"]}
    config["config"] = runtime
    rootfs = config.get("rootfs") or {}
    diff_ids = [*(rootfs.get("diff_ids") or []), *(layer["diff_id"] for layer in layers)]
    if len(diff_ids) > MAX_LAYERS:
        raise ImageProblem(f"the image has {len(diff_ids)} layers; container engines take {MAX_LAYERS}")
    config["rootfs"] = {"type": "layers", "diff_ids": diff_ids}
    history = list(config.get("history") or [])
    for layer in layers:
        row = {"created": created, "created_by": created_by}
        if layer.get("comment"):
            row["comment"] = layer["comment"]
        history.append(row)
    config["history"] = history
    return config


def image_manifest(
    base_layers: Iterable[Mapping[str, Any]],
    *,
    config: bytes,
    layers: Iterable[Mapping[str, Any]],
    annotations: Mapping[str, str],
) -> dict[str, Any]:
    """The manifest: the base's layers and then `layers`, which are descriptors as `write_layer` makes them."""
    rows = [descriptor(layer) for layer in base_layers]
    for layer in layers:
        row = {key: layer[key] for key in ("mediaType", "digest", "size")}
        if layer.get("annotations"):
            row["annotations"] = dict(layer["annotations"])
        rows.append(descriptor(row))
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor_of(CONFIG, config),
        "layers": rows,
    }
    if annotations:
        document["annotations"] = dict(annotations)
    return document


def image_index(manifests: Sequence[Mapping[str, Any]], annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(manifests)}
    if annotations:
        document["annotations"] = dict(annotations)
    return document


def platform_of(config: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(config[key]) for key in ("architecture", "os", "variant") if config.get(key)}
