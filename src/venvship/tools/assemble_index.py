"""Assembles an image index: one OCI layout that holds images for several platforms.

The request holds `output` (a layout directory, which does not exist yet), `images` (layout directories), `annotations`,
`reference` (`latest` by default) and `digest` (a file for the index's digest, or absent). The result lists the files.
"""

from __future__ import annotations

from typing import Any

from venvship.tools import oci_documents
from venvship.tools.oci_documents import ImageProblem
from venvship.tools.oci_layout import Layout, LayoutWriter


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the layout; raises ImageProblem."""
    writer = LayoutWriter(request["output"])
    listed: list[dict[str, Any]] = []
    taken: dict[str, str] = {}
    for directory in request["images"]:
        layout = Layout(directory)
        manifest, found = layout.manifest({})
        config, _ = layout.document(manifest["config"])
        platform = oci_documents.platform_of(config)
        name = "/".join(platform[key] for key in ("os", "architecture", "variant") if key in platform)
        if name in taken:
            raise ImageProblem(f"`{taken[name]}` and `{directory}` are both for {name}")
        taken[name] = directory
        blobs = [found, manifest["config"], *(manifest.get("layers") or [])]
        writer.add_all(layout, [oci_documents.descriptor(blob) for blob in blobs])
        listed.append({**{key: found[key] for key in ("mediaType", "digest", "size")}, "platform": platform})
    index = oci_documents.encode(oci_documents.image_index(listed, request.get("annotations")))
    writer.add_bytes(index)
    top = {
        **oci_documents.descriptor_of(oci_documents.INDEX, index),
        "annotations": {oci_documents.REFERENCE_NAME: str(request.get("reference") or "latest")},
    }
    rows = writer.finish(oci_documents.image_index([top]))
    if request.get("digest"):
        with open(request["digest"], "w", encoding="utf-8", newline="\n") as file:
            file.write(str(top["digest"]))
    return {"trees": {request["output"]: rows}, "digest": top["digest"]}
