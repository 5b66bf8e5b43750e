"""`oci_image_index`: one image for several platforms."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.rules import attributes
from venvship.rules.oci.image import OciImageInfo, OciIndexInfo, image_providers
from venvship.rules.oci.platforms import platform_transition


def _oci_image_index(ctx: RuleContext) -> list[object]:
    images: list[OciImageInfo] = []
    layouts: list[Artifact] = []
    for target in ctx.targets("images"):
        image = target.get(OciImageInfo)
        if image is not None:
            images.append(image)
            layouts.append(image.layout)
            continue
        # Rules of others answer with files only, such as one that builds an image for several platforms.
        files = target.default_info.files.to_tuple()
        if not files or any(file.kind is not ArtifactKind.DIRECTORY for file in files):
            raise ctx.error(
                f"`images` names `{target.label}`, which gives neither an image nor directories with layouts"
            )
        layouts += files
    if not layouts:
        raise ctx.error("`images` must name at least one image")
    layout = ctx.declare_directory(ctx.label.name)
    digest = ctx.declare_file(f"{ctx.label.name}.digest")
    ctx.run_tool(
        "assemble_index",
        {
            "output": layout,
            "digest": digest,
            "images": tuple(layouts),
            "annotations": dict(ctx.string_dict("annotations")),
        },
        inputs=layouts,
        outputs=[layout, digest],
        mnemonic="OciImageIndex",
        progress=f"Assembling index {ctx.label}",
    )
    return [*image_providers(layout, digest), OciIndexInfo(layout, digest, tuple(images))]


OCI_IMAGE_INDEX = RuleClass(
    "oci_image_index",
    (attributes.labels("images", mandatory=True), attributes.string_dict("annotations")),
    _oci_image_index,
)


def _image_for_platform(ctx: RuleContext) -> list[object]:
    [image] = ctx.provided("image", OciImageInfo)
    return [*image_providers(image.layout, image.digest), image]


IMAGE_FOR_PLATFORM = RuleClass(
    "image_for_platform",
    (
        attributes.label("image", providers=(OciImageInfo,), mandatory=True),
        attributes.string("platform", mandatory=True),
    ),
    _image_for_platform,
    transition=platform_transition,
    doc="`image`, built for `platform`.",
)
