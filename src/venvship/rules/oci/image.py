"""`oci_image`: a base, layers, and how the container starts, as an OCI layout directory."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.loading.rule_class import RuleClass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo, OutputGroupInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.oci.layers import ImageLayersInfo, LayerReason
from venvship.rules.python.providers import LayerRecord

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst")
SETTING_FILES = ("entrypoint", "cmd", "env", "exposed_ports", "volumes", "labels", "annotations", "created")
"""Settings that a file may hold, one item a line; the attribute of the file is `<setting>_file`."""


@dataclass(frozen=True, slots=True, eq=False)
class OciImageInfo:
    """An image: `layout` is the directory artifact of its OCI layout.

    `layers` are those with a description of their own, lowest first, with the base's; None stands for other tars.
    `reasons` say why layers are what they are, by name. `sources` are repositories that may hold blobs of its base.
    `root` is the tree of a base of packages, a directory for each.
    """

    layout: Artifact
    digest: Artifact
    layers: tuple[LayerRecord | None, ...]
    reasons: tuple[LayerReason, ...] = ()
    sources: tuple[str, ...] = ()
    root: Artifact | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OciIndexInfo:
    """Images for several platforms in one layout; `images` are those of which more is known than their layout."""

    layout: Artifact
    digest: Artifact
    images: tuple[OciImageInfo, ...]


def _oci_image(ctx: RuleContext) -> list[object]:
    bases = ctx.provided("base", OciImageInfo)
    base_layout = bases[0].layout if bases else _layout_of_base(ctx)
    records: list[LayerRecord | None] = list(bases[0].layers) if bases else []
    reasons: list[LayerReason] = list(bases[0].reasons) if bases else []
    layers: list[RequestValue] = []
    inputs: list[Artifact] = [base_layout] if base_layout is not None else []
    programs: dict[Artifact, str] = {}
    for target in ctx.targets("tars"):
        found = target.get(ImageLayersInfo)
        if found is not None:
            records += found.layers
            reasons += found.reasons
            programs.update((tree, name) for name, tree in found.programs)
            _check_entrypoint(ctx, found)
            for layer in found.layers:
                layers.append({"blob": layer.blob, "descriptor": layer.descriptor, "comment": layer.name})
                inputs += [layer.blob, layer.descriptor]
            continue
        for file in target.default_info.files.to_tuple():
            if not file.path.endswith(TAR_SUFFIXES):
                raise ctx.error(f"`tars` entry `{target.label}` gives `{file.short_path}`, which is no tar archive")
            layers.append({"blob": file, "comment": str(target.label)})
            inputs.append(file)
            records.append(None)
    files = {name: ctx.file(f"{name}_file") for name in SETTING_FILES if ctx.targets(f"{name}_file")}
    if bases and bases[0].root is not None and programs:
        inputs.append(_checked(ctx, bases[0].root, programs))
    layout = ctx.declare_directory(ctx.label.name)
    digest = ctx.declare_file(f"{ctx.label.name}.digest")
    ctx.run_tool(
        "assemble_image",
        {
            "output": layout,
            "digest": digest,
            "base": base_layout,
            "layers": tuple(layers),
            "platform": _platform(ctx, has_base=base_layout is not None),
            "any_platform": base_layout is not None and not programs,
            "config": _config(ctx),
            "config_files": dict(files),
            "annotations": dict(ctx.string_dict("annotations")),
            "created": ctx.string("created") or None,
            "created_by": f"venvship build ({ctx.label})",
        },
        inputs=[*inputs, *files.values()],
        outputs=[layout, digest],
        mnemonic="OciImage",
        progress=f"Assembling image {ctx.label}",
    )
    return [*image_providers(layout, digest), _info(layout, digest, records, reasons, bases)]


def _check_entrypoint(ctx: RuleContext, layers: ImageLayersInfo) -> None:
    """Tell where a program is whose path is said as older layers had it, by package and name."""
    said = next(iter(ctx.strings("entrypoint")), "")
    for name, place in layers.launchers:
        if said.startswith("/") and said != f"/{place}" and said.rpartition("/")[2] == name:
            ctx.warn(f"`entrypoint` is `{said}`, and the program `{name}` is `/{place}` in its layers")


def _info(
    layout: Artifact,
    digest: Artifact,
    records: list[LayerRecord | None],
    reasons: list[LayerReason],
    bases: tuple[OciImageInfo, ...],
) -> OciImageInfo:
    sources, root = (bases[0].sources, bases[0].root) if bases else ((), None)
    return OciImageInfo(layout, digest, tuple(records), tuple(reasons), sources, root)


def _checked(ctx: RuleContext, root: Artifact, programs: Mapping[Artifact, str]) -> Artifact:
    """A file that is there when the base has what the programs need; the image is made after it."""
    marker = ctx.declare_file(f"{ctx.label.name}.libraries")
    ctx.run_tool(
        "check_libraries",
        {
            "base": root,
            "programs": tuple({"tree": tree, "name": programs[tree]} for tree in programs),
            "output": marker,
        },
        inputs=[root, *programs],
        outputs=[marker],
        mnemonic="CheckLibraries",
        progress=f"Comparing programs of {ctx.label} with its base",
        placeless=True,
    )
    return marker


def image_providers(layout: Artifact, digest: Artifact) -> list[object]:
    """What every target with a layout has: the layout, and its digest as an output group."""
    files = Depset([layout])
    return [
        DefaultInfo(files=files, default_runfiles=Runfiles(files=files)),
        OutputGroupInfo({"digest": Depset([digest])}),
    ]


def _layout_of_base(ctx: RuleContext) -> Artifact | None:
    """A base that is no image of ours: a directory that some rule says is a layout."""
    if not ctx.targets("base"):
        return None
    layout = ctx.file("base")
    if layout.kind is not ArtifactKind.DIRECTORY:
        raise ctx.error(f"`base` gives `{layout.short_path}`, which is neither an image nor a directory with a layout")
    return layout


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
        attributes.label("base"),
        attributes.labels("tars", files=TAR_SUFFIXES),
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
        *(attributes.label(f"{name}_file", files=True) for name in SETTING_FILES),
        attributes.string("os"),
        attributes.string("architecture"),
        attributes.string("variant"),
        attributes.string("resource_set"),
    ),
    _oci_image,
)
