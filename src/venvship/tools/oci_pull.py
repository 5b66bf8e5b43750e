"""Pulls an image by digest into an OCI layout.

The request holds `repository` (registry.example/team/app), `digest`, `platforms` (["linux/amd64", ...], all when
empty), `output` (a layout directory, which does not exist yet) and `lazy` (whether layers stay where they are until
something reads them). Credentials are those that the user's container
engines have; they are read here, and go to the registry and nowhere else.
The result lists the files of the layout. Documents stay byte for byte what the registry has, whatever their format.
"""

from __future__ import annotations

import concurrent.futures
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from venvship.tools import oci_documents
from venvship.tools.oci_credentials import find_credential
from venvship.tools.oci_documents import INDEX, ImageProblem
from venvship.tools.oci_layout import LayoutWriter
from venvship.tools.oci_registry import Registry, Repository

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_MAX_LAYER = 64 << 30
_JOBS = 4


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the layout; raises RegistryProblem or ImageProblem."""
    digest = str(request["digest"])
    if not _DIGEST.match(digest):
        raise ImageProblem(f"`{digest}` is no digest; images are pulled by sha256 only, because tags move")
    repository = Repository.parse(str(request["repository"]))
    registry = Registry(repository, find_credential(repository.registry, os.environ))
    rows = pull(
        registry, digest, str(request["output"]), request.get("platforms") or (), lazy=bool(request.get("lazy"))
    )
    return {"trees": {request["output"]: rows}, "digest": digest}


def pull(
    registry: Registry, digest: str, output: str, platforms: Sequence[str] = (), *, lazy: bool = False
) -> list[Any]:
    """Write the image with `digest` as a layout; of an index, the images for `platforms` only."""
    writer = LayoutWriter(output)
    media_type, data = registry.manifest(digest)
    document = oci_documents.decode(data, f"the manifest {digest}")
    blobs: dict[str, dict[str, Any]] = {}
    listed = {"mediaType": oci_documents.oci_media_type(media_type), "digest": digest, "size": len(data)}
    if listed["mediaType"] == INDEX:
        chosen = _chosen(document, platforms)
        if len(chosen) == len(document["manifests"]):
            writer.add_bytes(data)
            tops = [listed]
        else:
            tops = [
                {key: one[key] for key in ("mediaType", "digest", "size", "platform") if key in one} for one in chosen
            ]
        for one in chosen:
            _image(registry, writer, str(one["digest"]), blobs)
    else:
        _image(registry, writer, digest, blobs)
        tops = [listed]
    if lazy:
        for blob in blobs.values():
            if str(blob["mediaType"]).startswith(oci_documents.LAYER_PREFIX):
                writer.add_absent(blob, str(registry.repository))
        blobs = {digest: blob for digest, blob in blobs.items() if not writer.is_absent(digest)}
    with tempfile.TemporaryDirectory(dir=os.path.dirname(output)) as temporary:

        def fetch(blob: Mapping[str, Any]) -> None:
            path = os.path.join(temporary, str(blob["digest"])[7:])
            with open(path, "wb") as file:
                registry.blob(str(blob["digest"]), int(blob["size"]), file)

        with concurrent.futures.ThreadPoolExecutor(_JOBS) as pool:
            running = [pool.submit(fetch, blob) for blob in blobs.values()]
            for transfer in running:
                transfer.result()
        for blob in blobs.values():
            writer.add_file(os.path.join(temporary, str(blob["digest"])[7:]), blob)
    annotated = [{**one, "annotations": {oci_documents.REFERENCE_NAME: "latest"}} for one in tops]
    return writer.finish(oci_documents.image_index(annotated))


def _chosen(index: Mapping[str, Any], platforms: Sequence[str]) -> list[dict[str, Any]]:
    listed = index.get("manifests")
    if not isinstance(listed, list) or not listed:
        raise ImageProblem("the index names no images")
    found = [oci_documents.descriptor(one) for one in listed if isinstance(one, dict)]
    if not platforms:
        return found
    chosen = []
    for wanted in platforms:
        fitting = [one for one in found if _platform(one) in (wanted, *_with_default_variant(wanted))]
        if not fitting:
            have = ", ".join(sorted(_platform(one) or "none" for one in found))
            raise ImageProblem(f"the index has nothing for {wanted}; it has {have}")
        chosen.append(fitting[0])
    return chosen


def _with_default_variant(platform: str) -> tuple[str, ...]:
    return (f"{platform}/v8",) if platform.endswith("/arm64") else ()


def _platform(listed: Mapping[str, Any]) -> str:
    stated = listed.get("platform")
    if not isinstance(stated, dict):
        return ""
    return "/".join(str(stated[key]) for key in ("os", "architecture", "variant") if stated.get(key))


def _image(registry: Registry, writer: LayoutWriter, digest: str, blobs: dict[str, dict[str, Any]]) -> None:
    media_type, data = registry.manifest(digest)
    if oci_documents.oci_media_type(media_type) == INDEX:
        raise ImageProblem(f"{digest} is an index inside of an index")
    document = oci_documents.decode(data, f"the manifest {digest}")
    config = document.get("config")
    layers = document.get("layers")
    if not isinstance(config, dict) or not isinstance(layers, list) or not all(isinstance(x, dict) for x in layers):
        raise ImageProblem(f"the manifest {digest} has no config or no layers")
    if len(layers) > oci_documents.MAX_LAYERS:
        raise ImageProblem(f"the manifest {digest} has {len(layers)} layers")
    for one in [config, *layers]:
        blob = oci_documents.descriptor(one)
        if blob["size"] > _MAX_LAYER:
            raise ImageProblem(f"the manifest {digest} names a blob of {blob['size']} bytes")
        blobs[blob["digest"]] = blob
    writer.add_bytes(data)
