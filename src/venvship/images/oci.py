"""OCI documents as values: what a push, a pull or a load must know of an image.

Reading only. Documents come from registries and from base images, so their size is limited, their digests are checked
before they are read, and what is not understood is refused by name. Images are written by
`venvship.tools.assemble_image`, which runs where the base is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Self

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.model.digest import Digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
REFERENCE_NAME = "org.opencontainers.image.ref.name"

MANIFESTS = frozenset({MANIFEST, DOCKER_MANIFEST})
INDEXES = frozenset({INDEX, DOCKER_INDEX})
ACCEPTED = (MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
"""What a registry may answer with, most welcome first."""

MAX_DOCUMENT = 4 << 20
_MAX_DESCRIPTORS = 1024
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")


class MalformedImage(UserError):
    """A document of an image can't be read, or is not the one that was asked for."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"malformed image: {reason}")


@dataclass(frozen=True, slots=True)
class ImagePlatform:
    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `linux/arm64/v8`; raises ValueError."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise ValueError(f"not a platform: {text!r}")
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The name, size and kind of a blob or a document."""

    media_type: str
    digest: Digest
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: ImagePlatform | None = None

    @property
    def oci_digest(self) -> str:
        return f"sha256:{self.digest.sha256}"

    def verify(self, data: bytes) -> None:
        """Raise MalformedImage unless `data` is what this names."""
        if len(data) != self.digest.size_bytes or hashlib.sha256(data).hexdigest() != self.digest.sha256:
            raise MalformedImage(f"{self.oci_digest} has other bytes than its digest says")

    @classmethod
    def parse(cls, document: object) -> Self:
        """Read a descriptor; raises MalformedImage."""
        match document:
            case {"mediaType": str(media_type), "digest": str(text), "size": int(size), **rest} if size >= 0:
                found = _DIGEST.match(text)
                if found is None:
                    raise MalformedImage(f"digest `{text[:80]}`; only sha256 is known")
                platform = rest.get("platform")
                return cls(
                    media_type,
                    Digest(found[1], size),
                    _strings(rest.get("annotations") or {}),
                    None if platform is None else _platform(platform),
                )
        raise MalformedImage(f"descriptor {str(document)[:200]}")


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """One image: its configuration and its layers, lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Everything a registry must hold before it takes the manifest, each once."""
        return tuple({blob.digest: blob for blob in (self.config, *self.layers)}.values())

    @classmethod
    def decode(cls, data: bytes) -> Self:
        document = _document(data)
        match document:
            case {"config": config, "layers": list(layers)} if len(layers) <= _MAX_DESCRIPTORS:
                annotations = _strings(document.get("annotations") or {})
                return cls(Descriptor.parse(config), tuple(map(Descriptor.parse, layers)), annotations)
        raise MalformedImage("a manifest without config or layers")


@dataclass(frozen=True, slots=True)
class ImageIndex:
    """Images for several platforms, or the one index of a layout."""

    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        document = _document(data)
        match document:
            case {"manifests": list(manifests)} if len(manifests) <= _MAX_DESCRIPTORS:
                return cls(tuple(map(Descriptor.parse, manifests)), _strings(document.get("annotations") or {}))
        raise MalformedImage("an index without manifests")

    def for_platform(self, wanted: ImagePlatform) -> Descriptor:
        """The one manifest for `wanted`; a stated variant must fit only where both sides state one."""
        fitting = [one for one in self.manifests if one.platform is None or _fits(one.platform, wanted)]
        if len(fitting) == 1:
            return fitting[0]
        have = ", ".join(sorted(str(one.platform or "any") for one in self.manifests))
        raise MalformedImage(f"{len(fitting)} manifests for {wanted}, among: {have or 'none'}")


def _fits(stated: ImagePlatform, wanted: ImagePlatform) -> bool:
    if (stated.os, stated.architecture) != (wanted.os, wanted.architecture):
        return False
    return not stated.variant or not wanted.variant or stated.variant == wanted.variant


def _document(data: bytes) -> dict[str, object]:
    if len(data) > MAX_DOCUMENT:
        raise MalformedImage(f"a document of {len(data)} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedImage(f"a document that is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedImage("a document that is no JSON object")
    return document


def _strings(document: object) -> Mapping[str, str]:
    if not isinstance(document, dict) or not all(isinstance(text, str) for text in document.values()):
        raise MalformedImage("annotations that are no texts")
    return document


def _platform(document: object) -> ImagePlatform:
    match document:
        case {"os": str(os), "architecture": str(architecture), **rest}:
            variant = rest.get("variant")
            return ImagePlatform(os, architecture, variant if isinstance(variant, str) else "")
    raise MalformedImage(f"platform {str(document)[:200]}")
