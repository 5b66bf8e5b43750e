"""Assembles an image: an OCI layout of a base and layers on top. No layer that we wrote is read, only linked.

The request holds

    output       host path of the layout directory, which does not exist yet
    base         host path of an OCI layout, or absent
    layers       [{"blob": host path, "descriptor": host path, "comment": text}], lowest first;
                 without a descriptor, the blob is a tar archive of anybody's, read once to describe it
    platform     {"os": ..., "architecture": ..., "variant": ...}; what is absent comes from the base
    any_platform whether a base of one image decides the platform: nothing in the layers is for another
    config       entrypoint, cmd, env, user, workdir, stop_signal, labels, exposed_ports, volumes
    config_files the same names and `annotations`, `created`: host paths of text files, one item a line
    annotations  of the manifest
    created      RFC 3339 time, the epoch by default
    created_by   for the history
    reference    name of the image in the index, `latest` by default
    digest       host path of a file for the manifest's digest, or absent

and the result lists the files of the layout, so that nobody needs to hash them again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from venvship.tools import oci_documents
from venvship.tools.foreign_layer import describe_archive
from venvship.tools.oci_documents import ImageProblem
from venvship.tools.oci_layout import Layout, LayoutWriter

_PAIRS = ("env", "labels", "annotations")
_LISTS = ("entrypoint", "cmd", "exposed_ports", "volumes")


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the layout; raises ImageProblem or MissingCompressor."""
    settings = {**(request.get("config") or {}), "annotations": dict(request.get("annotations") or {})}
    settings["created"] = request.get("created")
    for name, path in sorted((request.get("config_files") or {}).items()):
        _read_setting(settings, name, path)
    created = settings["created"] or oci_documents.EPOCH
    platform = {key: str(value) for key, value in (request.get("platform") or {}).items() if value}

    writer = LayoutWriter(request["output"])
    base_config: dict[str, Any] = {}
    base_manifest: dict[str, Any] = {}
    if request.get("base"):
        base = Layout(request["base"])
        any_platform = bool(request.get("any_platform"))
        base_manifest, _ = base.manifest(platform, or_sole=any_platform)
        base_config, _ = base.document(base_manifest["config"])
        if any_platform:
            platform = {key: value for key, value in platform.items() if not base_config.get(key)}
        writer.add_all(base, [oci_documents.descriptor(layer) for layer in base_manifest.get("layers") or []])
    elif not (platform.get("os") and platform.get("architecture")):
        raise ImageProblem("an image without a base needs `os` and `architecture`")

    layers = [_layer(writer, layer) for layer in request.get("layers") or []]
    config = oci_documents.encode(
        oci_documents.image_config(
            base_config,
            platform=platform,
            settings=settings,
            layers=layers,
            created=created,
            created_by=str(request.get("created_by") or "venvship"),
        )
    )
    manifest = oci_documents.encode(
        oci_documents.image_manifest(
            base_manifest.get("layers") or [],
            config=config,
            layers=layers,
            annotations={**(base_manifest.get("annotations") or {}), **settings["annotations"]},
        )
    )
    writer.add_bytes(config)
    writer.add_bytes(manifest)
    listed = {
        **oci_documents.descriptor_of(oci_documents.MANIFEST, manifest),
        "platform": oci_documents.platform_of(json.loads(config)),
        "annotations": {oci_documents.REFERENCE_NAME: str(request.get("reference") or "latest")},
    }
    rows = writer.finish(oci_documents.image_index([listed]))
    if request.get("digest"):
        with open(request["digest"], "w", encoding="utf-8", newline="\n") as file:
            file.write(str(listed["digest"]))
    return {"trees": {request["output"]: rows}, "digest": listed["digest"]}


def _layer(writer: LayoutWriter, layer: Mapping[str, Any]) -> dict[str, Any]:
    if not layer.get("descriptor"):
        document = describe_archive(layer["blob"])
        writer.add_file(layer["blob"], document)
        return {**document, "comment": layer.get("comment") or ""}
    with open(layer["descriptor"], "rb") as file:
        document = oci_documents.decode(file.read(), f"`{layer['descriptor']}`")
    blob = oci_documents.descriptor(document)
    if not str(document.get("diff_id", "")).startswith("sha256:"):
        raise ImageProblem(f"`{layer['descriptor']}` has no diff_id")
    writer.add_file(layer["blob"], blob)
    return {**document, "comment": layer.get("comment") or ""}


def _read_setting(settings: dict[str, Any], name: str, path: str) -> None:
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if line]
    if name in _PAIRS:
        bad = [line for line in lines if "=" not in line]
        if bad:
            raise ImageProblem(f"`{path}`: `{bad[0]}` is not `name=value`")
        pairs = dict(line.split("=", 1) for line in lines)
        settings[name] = {**(settings.get(name) or {}), **pairs}
    elif name in _LISTS:
        settings[name] = lines
    elif name in ("created", "user", "workdir"):
        settings[name] = "".join(lines).strip()
    else:
        raise ImageProblem(f"no setting `{name}` can be read from a file")
