"""`tar`, `mtree_spec` and `mtree_mutate`, as tar.bzl has them, written by our own program.

Execute bits and links are kept as they are: nothing is guessed from what a link leads to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from venvship.analysis.rule_context import RuleContext
from venvship.archives.layer import LayerEntry, LayerPlan
from venvship.images.layers import LayerGroup, layer_request, plan_layers
from venvship.loading.rule_class import RuleClass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.configuration import COMPILATION_MODE
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.archive.contents import PackageContentsInfo, owner_name, target_entries
from venvship.rules.oci.compression import GZIP_COMPRESSOR

SUFFIXES = {"": ".tar", "gzip": ".tar.gz", "zstd": ".tar.zst", "xz": ".tar.xz", "bzip2": ".tar.bz2"}
MTIME = 1672560000
"""What tar.bzl writes: 2023, because some programs refuse files without a time."""

_REFUSED = ("compress", "lrzip", "lz4", "lzma", "lzop")


def planned(entries: Iterable[LayerEntry]) -> LayerPlan:
    """One archive of `entries`; raises ConflictingLayerPaths."""
    plans = plan_layers([LayerGroup("archive", tuple(entries))])
    return plans[0] if plans else LayerPlan("archive", ())


def compression_of(ctx: RuleContext, name: str) -> str:
    if name in _REFUSED:
        raise ctx.error(f"compression `{name}` is not supported", hint="choose gzip, zstd, xz or bzip2")
    return name or "none"


def archive_providers(ctx: RuleContext, output: Artifact) -> list[object]:
    files = Depset([output])
    return [DefaultInfo(files=files, default_runfiles=Runfiles(files=files))]


def _source_entries(ctx: RuleContext) -> list[LayerEntry]:
    entries: list[LayerEntry] = []
    for target in ctx.targets("srcs"):
        contents = target.get(PackageContentsInfo)
        if contents is not None:
            entries += contents.entries
        else:
            entries += target_entries(target, include_runfiles=ctx.boolean("include_runfiles"))
    return entries


def _inputs(ctx: RuleContext) -> list[Artifact]:
    """Everything that a specification may name: sources, and what their programs need."""
    found: dict[Artifact, None] = {}
    for target in ctx.targets("srcs"):
        info = target.default_info
        found.update(dict.fromkeys([*info.files.to_tuple(), *info.default_runfiles.artifacts.to_tuple()]))
    return list(found)


def _tar(ctx: RuleContext) -> list[object]:
    asked = ctx.string("compress")
    if ctx.boolean("compress_by_mode") and ctx.configuration.get(COMPILATION_MODE) == "opt":
        asked = "gzip"
    compression = compression_of(ctx, asked)
    output = ctx.declare_file(ctx.string("out") or ctx.label.name + SUFFIXES[asked])
    specification = [ctx.file("mtree_file")] if ctx.targets("mtree_file") else []
    lines = ctx.strings("mtree_lines")
    inputs: Sequence[Artifact]
    if specification or lines:
        inputs = [*_inputs(ctx), *specification]
        row: dict[str, RequestValue] = {"contents": {file.exec_path: file for file in inputs}}
        if specification:
            row["mtree"] = specification[0]
        else:
            row["lines"] = tuple(ctx.expand(line, ("srcs",)) for line in lines)
        row["origin"] = str(ctx.label)
        request: dict[str, RequestValue] = {"rows": (row,), "output": output, "compression": compression}
        if compression == "gzip":
            request["compressor"] = GZIP_COMPRESSOR
    else:
        plan = planned(_source_entries(ctx))
        inputs = plan.artifacts
        request = dict(
            layer_request(
                plan, blob=output, descriptor=None, compression=compression, compressor=GZIP_COMPRESSOR, mtime=MTIME
            )
        )
    ctx.run_tool(
        "write_layer", request, inputs=inputs, outputs=[output], mnemonic="Tar", progress=f"Writing {output.short_path}"
    )
    return archive_providers(ctx, output)


TAR = RuleClass(
    "tar",
    (
        attributes.labels("srcs", files=True),
        attributes.label("mtree_file", files=True),
        attributes.strings("mtree_lines"),
        attributes.boolean("include_runfiles", True),
        attributes.string("compress", values=(*SUFFIXES, *_REFUSED)),
        # Without `compress`, archives are small in optimised builds and quick in others.
        attributes.boolean("compress_by_mode"),
        attributes.string("out"),
    ),
    _tar,
)


def _mtree_spec(ctx: RuleContext) -> list[object]:
    output = ctx.declare_file(ctx.string("out") or f"{ctx.label.name}.mtree")
    plan = planned(_source_entries(ctx))
    _write_specification(
        ctx,
        output,
        {
            "rows": plan.rows(),
            "names": tuple({"host": file, "exec": file.exec_path} for file in plan.artifacts),
            "uid": 0,
            "gid": 0,
            "mtime": MTIME,
        },
        plan.artifacts,
    )
    return archive_providers(ctx, output)


def _write_specification(
    ctx: RuleContext, output: Artifact, request: dict[str, RequestValue], inputs: Sequence[Artifact]
) -> None:
    ctx.run_tool(
        "mtree_file",
        {**request, "output": output},
        inputs=inputs,
        outputs=[output],
        mnemonic="MtreeSpec",
        progress=f"Writing {output.short_path}",
    )


MTREE_SPEC = RuleClass(
    "mtree_spec",
    (
        attributes.labels("srcs", files=True),
        attributes.boolean("include_runfiles", True),
        attributes.string("out"),
    ),
    _mtree_spec,
)


def _mtree_mutate(ctx: RuleContext) -> list[object]:
    output = ctx.declare_file(ctx.string("out") or f"{ctx.label.name}.mtree")
    source = ctx.file("mtree")
    changes: dict[str, RequestValue] = {}
    for name in ("strip_prefix", "package_dir"):
        if ctx.string(name):
            changes[name] = ctx.string(name)
    for name, attribute in (("mtime", "mtime"), ("uid", "owner"), ("gid", "group")):
        text = ctx.string(attribute)
        if text:
            if not text.isascii() or not text.isdigit():
                raise ctx.error(f"`{attribute}` must be a number, and is `{text}`")
            changes[name] = int(text)
    for name, attribute in (("uname", "ownername"), ("gname", "groupname")):
        if ctx.string(attribute):
            changes[name] = owner_name(ctx, ctx.string(attribute), attribute)
    _write_specification(ctx, output, {"mtree": source, "mutate": changes, "origin": str(ctx.label)}, [source])
    return archive_providers(ctx, output)


MTREE_MUTATE = RuleClass(
    "mtree_mutate",
    (
        attributes.label("mtree", files=True, mandatory=True),
        attributes.labels("srcs", files=True),
        attributes.string("strip_prefix"),
        attributes.string("package_dir"),
        attributes.string("mtime"),
        attributes.string("owner"),
        attributes.string("ownername"),
        attributes.string("group"),
        attributes.string("groupname"),
        attributes.string("out"),
    ),
    _mtree_mutate,
)
