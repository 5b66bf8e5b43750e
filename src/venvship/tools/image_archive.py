"""Writes an OCI layout as one tar archive that every container engine loads.

Beside the layout lies the `manifest.json` of Docker's own format, which names the same blobs: engines that know only
one of the two formats find theirs, and nothing is stored twice.

The request holds `layout` (a layout directory), `output` (host path), `repo_tags` (names like `app:latest`),
`repo_tags_file` (a file with more of them, one a line) and
`platform` (which image of an index Docker's manifest names; absent where there is only one).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import IO, Any

from venvship.tools import oci_documents
from venvship.tools.absent_blobs import readable
from venvship.tools.oci_documents import INDEX, ImageProblem
from venvship.tools.oci_layout import Layout, blob_path
from venvship.tools.tar_format import DIRECTORY, END, FILE, header, padding

_CHUNK = 1 << 20


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the archive; raises ImageProblem."""
    tags = list(request.get("repo_tags") or ())
    if request.get("repo_tags_file"):
        with open(request["repo_tags_file"], encoding="utf-8") as file:
            tags += [line.strip() for line in file if line.strip()]
    with open(request["output"], "wb") as output:
        platform = request.get("platform") or {}
        write_archive(request["layout"], output, repo_tags=tags, platform=platform, environment=os.environ)
    return {}


def write_archive(
    directory: str,
    output: IO[bytes],
    *,
    repo_tags: Sequence[str] = (),
    platform: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    held: Sequence[Sequence[str]] = (),
) -> None:
    """Stream the archive to `output`, which may be the stdin of an engine; raises ImageProblem.

    `held` are the layers of images that a Docker has, by diff id: those that the image begins with as one of them does
    are left out, and with them the index of the OCI format, which must be complete.
    Layers that the layout only names are fetched, with what `environment` tells of caches and credentials.
    """
    layout = Layout(directory)
    index = layout.index()
    blobs: dict[str, dict[str, Any]] = {}
    images = _collect(layout, index, blobs)
    if not images:
        raise ImageProblem(f"`{directory}` holds no image")
    chosen = images[0] if len(images) == 1 else layout.manifest(platform or {})[0] if platform else None
    omitted = _omitted(layout, chosen, held) if chosen is not None else frozenset()
    if not omitted:
        _text(output, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _text(output, "index.json", oci_documents.encode(_named(index, repo_tags)))
    if chosen is not None:
        docker = {
            "Config": blob_path(chosen["config"]["digest"]),
            "Layers": [blob_path(layer["digest"]) for layer in chosen.get("layers") or []],
            "RepoTags": list(repo_tags),
        }
        _text(output, "manifest.json", oci_documents.encode([docker]))
    for path in ("blobs", "blobs/sha256"):
        output.write(header(DIRECTORY, path, mode=0o755))
    for path, blob in sorted(blobs.items()):
        if path in omitted:
            continue
        _file(output, path, readable(layout, blob, environment or {}))
    output.write(END)


def _omitted(layout: Layout, manifest: Mapping[str, Any], held: Sequence[Sequence[str]]) -> frozenset[str]:
    """Paths of layers that an engine has: it knows a layer by all that lie below it."""
    config, _ = layout.document(manifest["config"])
    diff_ids = list((config.get("rootfs") or {}).get("diff_ids") or [])
    known = max((_common(diff_ids, one) for one in held), default=0)
    paths = [blob_path(str(layer["digest"])) for layer in manifest.get("layers") or []]
    return frozenset(paths[:known]) - frozenset(paths[known:])


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    return next((n for n, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))  # noqa: B905


def _named(index: Mapping[str, Any], repo_tags: Sequence[str]) -> dict[str, Any]:
    """The index with the first of `repo_tags` as the name under which engines list what they load from it."""
    document = dict(index)
    manifests = [dict(one) for one in document.get("manifests") or []]
    if repo_tags and len(manifests) == 1:
        annotations = dict(manifests[0].get("annotations") or {})
        annotations["io.containerd.image.name"] = repo_tags[0]
        manifests[0]["annotations"] = annotations
    document["manifests"] = manifests
    return document


def _collect(
    layout: Layout, index: Mapping[str, Any], blobs: dict[str, dict[str, Any]], depth: int = 0
) -> list[dict[str, Any]]:
    """The manifests of every image, with all blobs they need noted by path."""
    if depth > 4:
        raise ImageProblem("indexes are nested too deeply")
    images = []
    for listed in index.get("manifests") or []:
        chosen = oci_documents.descriptor(listed)
        document, _ = layout.document(chosen)
        blobs[blob_path(chosen["digest"])] = chosen
        if chosen["mediaType"] == INDEX:
            images += _collect(layout, document, blobs, depth + 1)
            continue
        for blob in [document["config"], *(document.get("layers") or [])]:
            checked = oci_documents.descriptor(blob)
            blobs[blob_path(checked["digest"])] = checked
        images.append(document)
    return images


def _text(output: IO[bytes], path: str, data: bytes) -> None:
    output.write(header(FILE, path, mode=0o644, size=len(data)) + data + padding(len(data)))


def _file(output: IO[bytes], path: str, host: str) -> None:
    with open(host, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        output.write(header(FILE, path, mode=0o644, size=size))
        left = size
        while left:
            chunk = file.read(min(_CHUNK, left))
            if not chunk:
                raise ImageProblem(f"`{host}` got shorter while it was read")
            output.write(chunk)
            left -= len(chunk)
        output.write(padding(size))
