"""`py_image_layer`: a program as image layers, from what changes least to what changes most.

The interpreter and every large wheel are layers that their own targets make, with the same bytes in every image. The
other wheels share a layer; then come the venv's links, the first-party code, and the launcher with it.
Which path lies in which layer follows from `PyExecutableInfo`, whose parts are never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.action import ForestLink, RequestValue
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.paths import join
from venvship.model.provider import DefaultInfo, OutputGroupInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.oci.compression import GZIP_COMPRESSOR
from venvship.rules.oci.placement import PROGRAM_IN_IMAGE, RUNFILES_IN_IMAGE
from venvship.rules.python.providers import LayerRecord, PyExecutableInfo, VirtualenvInfo, WheelRecord

_OWN_LAYER_FROM = 8 << 20
"""Unpacked size in bytes from which a wheel is a layer of its own."""

_MOST_WHEEL_LAYERS = 60
"""Container engines stop at 127 layers; a base and the user's own layers need room as well."""


# Whatever a file artifact leads to, the tree of a directory, and a link as it is.
_ROW_OF_KIND = {ArtifactKind.FILE: "path", ArtifactKind.DIRECTORY: "tree", ArtifactKind.SYMLINK: "link_of"}


@dataclass(frozen=True, slots=True, eq=False)
class ImageLayersInfo:
    """Layers for an image, lowest first."""

    layers: tuple[LayerRecord, ...]


def _py_image_layer(ctx: RuleContext) -> list[object]:
    [program] = ctx.provided("binary", PyExecutableInfo)
    wheels = program.wheels.to_tuple()
    large = _largest(wheels)
    small = [record for record in wheels if record not in large]
    layers = [program.venv.runtime.layer, *(record.layer for record in wheels if record in large)]
    if small:
        rows = [_tree_row(record) for record in small]
        layers.append(_write(ctx, "wheels", rows, [file for r in small for file in (r.install, r.archive)]))
    layers.append(_venv_layer(ctx, program.venv))
    layers.append(_first_party_layer(ctx, program))
    blobs = Depset([layer.blob for layer in layers])
    own = Depset([layers[-1].blob])
    below = Depset([layer.blob for layer in layers[:-1]])
    return [
        DefaultInfo(files=blobs, default_runfiles=Runfiles(files=blobs)),
        OutputGroupInfo({"deps": below, "sources": own}),
        ImageLayersInfo(tuple(layers)),
    ]


def _largest(wheels: Iterable[WheelRecord]) -> frozenset[WheelRecord]:
    """The wheels that are layers of their own."""
    large = [record for record in wheels if record.unpacked_size >= _OWN_LAYER_FROM]
    large.sort(key=lambda record: (-record.unpacked_size, record))
    return frozenset(large[:_MOST_WHEEL_LAYERS])


def _tree_row(record: WheelRecord) -> RequestValue:
    return {
        "tree": record.install,
        "at": join(RUNFILES_IN_IMAGE, record.install.runfiles_path),
        "wheel": record.archive,
        "origin": f"{record.project} {record.version}",
    }


def _venv_layer(ctx: RuleContext, venv: VirtualenvInfo) -> LayerRecord:
    """The venv itself: link texts are known from the plan, so nothing is read to find them."""
    rows: list[RequestValue] = []
    inputs: list[Artifact] = []
    for entry in venv.forest:
        at = join(RUNFILES_IN_IMAGE, entry.artifact.runfiles_path)
        if isinstance(entry, ForestLink):
            rows.append({"link": entry.text, "at": at})
        else:
            rows.append({"file": entry.artifact, "at": at, "executable": entry.executable})
            inputs.append(entry.artifact)
    return _write(ctx, "venv", rows, inputs)


def _first_party_layer(ctx: RuleContext, program: PyExecutableInfo) -> LayerRecord:
    taken = {*program.venv.entries.to_tuple(), *(record.install for record in program.wheels.to_tuple())}
    taken.add(program.venv.runtime.directory)
    rows, inputs = _runfiles_rows(program.first_party_runfiles, without=taken)
    rows.append({"file": program.launcher, "at": PROGRAM_IN_IMAGE, "executable": True})
    return _write(ctx, "app", rows, [*inputs, program.launcher])


def _runfiles_rows(
    runfiles: Runfiles, *, without: Iterable[Artifact] = ()
) -> tuple[list[RequestValue], list[Artifact]]:
    left_out = frozenset(without)
    rows: list[RequestValue] = []
    inputs: list[Artifact] = []
    for path, artifact in sorted(runfiles.entries().items()):
        at = join(RUNFILES_IN_IMAGE, path)
        if artifact is None:
            rows.append({"text": "", "at": at})
        elif artifact not in left_out:
            rows.append({_ROW_OF_KIND[artifact.kind]: artifact, "at": at})
            inputs.append(artifact)
    return rows, inputs


def _write(ctx: RuleContext, name: str, rows: list[RequestValue], inputs: Iterable[Artifact]) -> LayerRecord:
    blob = ctx.declare_file(f"{ctx.label.name}_{name}.tar.gz")
    descriptor = ctx.declare_file(f"{ctx.label.name}_{name}.json")
    ctx.run_tool(
        "write_layer",
        {"rows": tuple(rows), "output": blob, "descriptor": descriptor, "compressor": GZIP_COMPRESSOR},
        inputs=inputs,
        outputs=[blob, descriptor],
        mnemonic="ImageLayer",
        progress=f"Writing layer `{name}` of {ctx.label}",
    )
    return LayerRecord(name, blob, descriptor)


PY_IMAGE_LAYER = RuleClass(
    "py_image_layer",
    (attributes.label("binary", providers=(PyExecutableInfo,), mandatory=True),),
    _py_image_layer,
)
