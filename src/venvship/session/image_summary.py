"""What an image that was built consists of, read from its OCI layout."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from venvship.dataclass import dataclass
from venvship.errors import InternalError, UserError
from venvship.model.label import Label
from venvship.rules.oci.image import OciImageInfo, OciIndexInfo
from venvship.rules.oci.layers import LayerReason
from venvship.session.outcomes import ImageLayer, ImageSummary
from venvship.session.workspace_session import Session
from venvship.tools.image_reader import layer_names


class NotAnImage(UserError):
    """A target that is no image was asked about as one."""


@dataclass(frozen=True, slots=True)
class ExplainedImage(ImageSummary):
    """An image, and why its layers are what they are: reasons by the names of layers."""

    reasons: tuple[LayerReason, ...] = ()


def image_summaries(session: Session, label: Label) -> tuple[ExplainedImage, ...]:
    """Build an image, or an index of several, and describe them; raises what keeps it from being built."""
    target = session.build_one(label)
    index, image = target.get(OciIndexInfo), target.get(OciImageInfo)
    if index is not None:
        return tuple(_summary(session, label, one) for one in index.images)
    if image is None:
        raise NotAnImage(f"`{label}` is no image; its rule is {target.kind}", hint="name an oci_image target")
    return (_summary(session, label, image),)


def _summary(session: Session, label: Label, info: OciImageInfo) -> ExplainedImage:
    layout = Path(session.exec_root.path_of(info.layout))
    listed = _read(layout / "index.json")["manifests"]
    if len(listed) != 1:
        raise NotAnImage(f"`{label}` holds {len(listed)} images", hint="name an image for one platform")
    manifest = _read(_blob(layout, listed[0]["digest"]))
    config = _read(_blob(layout, manifest["config"]["digest"]))
    # Layers of a base that is no image of ours come first, and nobody describes them.
    undescribed = max(len(manifest["layers"]) - len(info.layers), 0)
    layers = []
    names = layer_names(config, len(manifest["layers"]))
    for number, layer in enumerate(manifest["layers"]):
        place = number - undescribed
        record = info.layers[place] if 0 <= place < len(info.layers) else None
        facts = _read(Path(session.exec_root.path_of(record.descriptor))) if record is not None else {}
        layers.append(
            ImageLayer(
                name=record.name if record is not None else names[number],
                media_type=layer["mediaType"],
                compressed_bytes=layer["size"],
                uncompressed_bytes=int(facts["uncompressed_size"]) if facts else None,
                digest=layer["digest"],
                entries=int(facts["entries"]) if facts else None,
            )
        )
    started = config.get("config", {})
    return ExplainedImage(
        digest=listed[0]["digest"],
        layers=tuple(layers),
        entrypoint=tuple(started.get("Entrypoint") or ()),
        environment=dict(text.partition("=")[::2] for text in started.get("Env") or ()),
        user=started.get("User", ""),
        layout=layout,
        settings=tuple(_settings(config, manifest)),
        reasons=info.reasons,
    )


def _settings(config: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the configuration says beside entrypoint, environment and user; of several values each is a row."""
    started = config.get("config") or {}
    yield "platform", "/".join(str(config[key]) for key in ("os", "architecture", "variant") if config.get(key))
    if started.get("Cmd"):
        yield "cmd", shlex.join(map(str, started["Cmd"]))
    for name, field in (("workdir", "WorkingDir"), ("stop", "StopSignal")):
        if started.get(field):
            yield name, str(started[field])
    for name, field in (("port", "ExposedPorts"), ("volume", "Volumes")):
        yield from ((name, str(one)) for one in sorted(started.get(field) or {}))
    for name, pairs in (("label", started.get("Labels")), ("annotation", manifest.get("annotations"))):
        yield from ((name, f"{key}={value}") for key, value in sorted((pairs or {}).items()))
    yield "created", str(config.get("created") or "")


def _blob(layout: Path, digest: str) -> Path:
    algorithm, _, value = digest.partition(":")
    return layout / "blobs" / algorithm / value


def _read(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict):
        raise InternalError(f"`{path}` holds no JSON object")
    return document
