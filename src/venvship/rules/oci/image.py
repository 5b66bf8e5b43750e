"""`oci_image`: a base, layers, and how the container starts, as an OCI layout directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo, OutputGroupInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.oci.layers import ImageLayersInfo
from venvship.rules.python.providers import LayerRecord

_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst")


@dataclass(frozen=True, slots=True, eq=False)
class OciImageInfo:
    """An image: `layout` is the directory artifact of its OCI layout.

    `layers` are those with a description of their own, lowest first, with the base's; None stands for other tars.
    """

    layout: Artifact
    digest: Artifact
    layers: tuple[LayerRecord | None, ...]


def _oci_image(ctx: RuleContext) -> list[object]:
    bases = ctx.provided("base", OciImageInfo)
    base_layout = bases[0].layout if bases else None
    records: list[LayerRecord | None] = list(bases[0].layers) if bases else []
    platform = _platform(ctx, has_base=base_layout is not None)
    layers: list[RequestValue] = []
    inputs: list[Artifact] = [base_layout] if base_layout is not None else []
    for target in ctx.targets("tars"):
        found = target.get(ImageLayersInfo)
        if found is not None:
            records += found.layers
            for layer in found.layers:
                layers.append({"blob": layer.blob, "descriptor": layer.descriptor, "comment": layer.name})
                inputs += [layer.blob, layer.descriptor]
            continue
        for file in target.default_info.files.to_tuple():
            if not file.path.endswith(_TAR_SUFFIXES):
                raise ctx.error(f"`tars` entry `{target.label}` gives `{file.short_path}`, which is no tar archive")
            layers.append({"blob": file, "comment": str(target.label)})
            inputs.append(file)
            records.append(None)
    layout = ctx.declare_directory(ctx.label.name)
    digest = ctx.declare_file(f"{ctx.label.name}.digest")
    ctx.run_tool(
        "assemble_image",
        {
            "output": layout,
            "digest": digest,
            "base": base_layout,
            "layers": tuple(layers),
            "platform": platform,
            "config": _config(ctx),
            "annotations": dict(ctx.string_dict("annotations")),
            "created": ctx.string("created") or None,
            "created_by": f"venvship build ({ctx.label})",
        },
        inputs=inputs,
        outputs=[layout, digest],
        mnemonic="OciImage",
        progress=f"Assembling image {ctx.label}",
    )
    files = Depset([layout])
    return [
        DefaultInfo(files=files, default_runfiles=Runfiles(files=files)),
        OutputGroupInfo({"digest": Depset([digest])}),
        OciImageInfo(layout, digest, tuple(records)),
    ]


def _platform(ctx: RuleContext, *, has_base: bool) -> Mapping[str, RequestValue]:
    given = {"os": ctx.string("os"), "architecture": ctx.string("architecture"), "variant": ctx.string("variant")}
    if has_base and any(given.values()):
        raise ctx.error("an image with a `base` takes os, architecture and variant from it")
    defaults = {"os": "linux", "architecture": ctx.configuration.platform.oci_architecture, "variant": ""}
    return {name: given[name] or defaults[name] for name in given}


def _config(ctx: RuleContext) -> Mapping[str, RequestValue]:
    return {
        "entrypoint": ctx.strings("entrypoint") or None,
        "cmd": ctx.strings("cmd") or None,
        "env": dict(ctx.string_dict("env")),
        "user": ctx.string("user") or None,
        "workdir": ctx.string("workdir") or None,
        "labels": dict(ctx.string_dict("labels")),
        "exposed_ports": ctx.strings("exposed_ports") or None,
        "volumes": ctx.strings("volumes") or None,
    }


OCI_IMAGE = RuleClass(
    "oci_image",
    (
        attributes.label("base", providers=(OciImageInfo,)),
        attributes.labels("tars", files=_TAR_SUFFIXES),
        attributes.strings("entrypoint"),
        attributes.strings("cmd"),
        attributes.string_dict("env"),
        attributes.string("user"),
        attributes.string("workdir"),
        attributes.strings("exposed_ports"),
        attributes.strings("volumes"),
        attributes.string_dict("labels"),
        attributes.string_dict("annotations"),
        attributes.string("created"),
        attributes.string("os"),
        attributes.string("architecture"),
        attributes.string("variant"),
    ),
    _oci_image,
)
