"""What an image that was built consists of, read from its OCI layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from venvship.errors import InternalError, UserError
from venvship.model.label import Label
from venvship.rules.oci.image import OciImageInfo
from venvship.session.outcomes import ImageLayer, ImageSummary
from venvship.session.workspace_session import Session


class NotAnImage(UserError):
    """A target that is no image was asked about as one."""


def image_summary(session: Session, label: Label) -> ImageSummary:
    """Build an image and describe it; raises what keeps it from being built."""
    target = session.build_one(label)
    info = target.get(OciImageInfo)
    if info is None:
        raise NotAnImage(f"`{label}` is a {target.kind}, not an image", hint="name an oci_image target")
    layout = Path(session.exec_root.path_of(info.layout))
    [listed] = _read(layout / "index.json")["manifests"]
    manifest = _read(_blob(layout, listed["digest"]))
    config = _read(_blob(layout, manifest["config"]["digest"]))
    history = [step for step in config.get("history", []) if not step.get("empty_layer")]
    layers = []
    for number, layer in enumerate(manifest["layers"]):
        facts: Mapping[str, str] = layer.get("annotations") or {}
        comment = history[number].get("comment", "") if number < len(history) else ""
        layers.append(
            ImageLayer(
                name=comment or f"layer {number + 1}",
                media_type=layer["mediaType"],
                compressed_bytes=layer["size"],
                uncompressed_bytes=int(facts.get("venvship.uncompressed-size", 0)),
                digest=layer["digest"],
                entries=int(facts.get("venvship.entries", 0)),
            )
        )
    started = config.get("config", {})
    return ImageSummary(
        digest=listed["digest"],
        layers=tuple(layers),
        entrypoint=tuple(started.get("Entrypoint") or ()),
        environment=dict(text.partition("=")[::2] for text in started.get("Env") or ()),
        user=started.get("User", ""),
        layout=layout,
    )


def _blob(layout: Path, digest: str) -> Path:
    algorithm, _, value = digest.partition(":")
    return layout / "blobs" / algorithm / value


def _read(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict):
        raise InternalError(f"`{path}` holds no JSON object")
    return document
