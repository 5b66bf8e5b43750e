from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.images.oci import (
    CONFIG,
    MANIFEST,
    Descriptor,
    ImageIndex,
    ImageManifest,
    ImagePlatform,
    MalformedImage,
)
from venvship.model.digest import Digest

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def described(media_type: str, data: bytes, **more: object) -> dict[str, object]:
    digest = Digest.of(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest.sha256}", "size": digest.size_bytes, **more}


def index(*platforms: dict[str, str] | None) -> ImageIndex:
    manifests = [
        described(MANIFEST, str(number).encode(), **({"platform": platform} if platform else {}))
        for number, platform in enumerate(platforms)
    ]
    return ImageIndex.decode(json.dumps({"manifests": manifests}).encode())


def test_a_manifest_names_each_blob_once() -> None:
    layer = described(LAYER, b"layer", annotations={"a": "b"})
    manifest = ImageManifest.decode(json.dumps({"config": described(CONFIG, b"{}"), "layers": [layer, layer]}).encode())
    assert [blob.media_type for blob in manifest.blobs] == [CONFIG, LAYER]
    assert len(manifest.layers) == 2
    assert manifest.layers[0].annotations == {"a": "b"}
    assert manifest.layers[0].oci_digest == f"sha256:{Digest.of(b'layer').sha256}"


def test_bytes_are_held_against_their_descriptor() -> None:
    descriptor = Descriptor(MANIFEST, Digest.of(b"right"))
    descriptor.verify(b"right")
    for wrong in (b"wrong", b"right and more"):
        with pytest.raises(MalformedImage, match="other bytes than its digest says"):
            descriptor.verify(wrong)


def test_the_manifest_for_a_platform_is_found() -> None:
    arm, amd = {"os": "linux", "architecture": "arm64", "variant": "v8"}, {"os": "linux", "architecture": "amd64"}
    assert index(amd, arm).for_platform(ImagePlatform("linux", "arm64")).digest == Digest.of(b"1")
    assert index(None).for_platform(ImagePlatform("linux", "s390x")).digest == Digest.of(b"0")
    with pytest.raises(MalformedImage, match=r"0 manifests for linux/s390x, among: linux/amd64, linux/arm64/v8"):
        index(amd, arm).for_platform(ImagePlatform("linux", "s390x"))
    with pytest.raises(MalformedImage, match="0 manifests"):
        index(arm).for_platform(ImagePlatform("linux", "arm64", "v7"))


def test_a_platform_is_read_as_it_is_written() -> None:
    for text in ("linux/amd64", "linux/arm64/v8"):
        assert str(ImagePlatform.parse(text)) == text
    for text in ("linux", "linux/", "a/b/c/d", ""):
        with pytest.raises(ValueError, match="not a platform"):
            ImagePlatform.parse(text)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no JSON"),
        (b"[]", "no JSON object"),
        (b"[" * 100_000, "no JSON"),
        (b"{}", "without"),
        (b" " * (5 << 20), "a document of"),
        (json.dumps({"config": {}, "layers": [], "manifests": [{}]}).encode(), "descriptor"),
        (
            json.dumps(
                {
                    "config": {"mediaType": "x", "digest": "sha256:../..", "size": 1},
                    "layers": [],
                    "manifests": [{"mediaType": "x", "digest": "md5:1", "size": 1}],
                }
            ).encode(),
            "digest `",
        ),
    ],
)
def test_malformed_documents_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    for kind in (ImageManifest, ImageIndex):
        with pytest.raises(MalformedImage, match=reason):
            kind.decode(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(["mediaType", "digest", "size", "platform", "annotations"]), JSON))
def test_no_document_leads_to_anything_but_a_descriptor_or_a_refusal(document: dict[str, object]) -> None:
    complete = {**described(MANIFEST, b""), **document}
    for candidate in (document, complete):
        try:
            assert isinstance(Descriptor.parse(candidate), Descriptor)
        except MalformedImage as error:
            assert error.hint is None
