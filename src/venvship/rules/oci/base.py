"""`runtime_base`: a base image without a shell that holds the shared libraries which Python programs need.

The libraries are those of the machine that builds, found by reading what the interpreter is linked against; with
them come the few files that the C library and TLS expect (users, certificates, a temporary directory).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.images.root_system import RootDirectory
from venvship.loading.attributes import PlainValue
from venvship.loading.rule_class import RuleClass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.configuration import Configuration
from venvship.model.depset import Depset
from venvship.model.digest import Digest
from venvship.model.label import Label, PackageId
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules.oci.compression import GZIP_COMPRESSOR
from venvship.rules.oci.image import OciImageInfo, image_providers
from venvship.rules.oci.layers import LayerReason
from venvship.rules.python.providers import LayerRecord

LIBRARIES = "runtime_libraries"
LIBRARIES_LABEL = Label(PackageId(LIBRARIES, ""), "libraries")


@dataclass(frozen=True, slots=True)
class ImportedLibraries:
    """A tree of a root file system, and its directories that are not 0755 and root's."""

    tree: Digest
    directories: tuple[RootDirectory, ...]


class RuntimeLibraries(Protocol):
    """The shared libraries that the interpreter of a configuration needs from the machine."""

    def libraries(self, configuration: Configuration) -> ImportedLibraries: ...


@dataclass(frozen=True, slots=True, eq=False)
class RootTreeInfo:
    """The start of a root file system: a directory artifact, and its directories that are not 0755 and root's."""

    tree: Artifact
    directories: tuple[RootDirectory, ...]


def libraries_rule(libraries: RuntimeLibraries) -> RuleClass:
    """The rule class of `@runtime_libraries//:libraries`."""

    def implementation(ctx: RuleContext) -> list[object]:
        found = libraries.libraries(ctx.configuration)
        directory = ctx.declare_directory("root")
        ctx.import_tree(directory, found.tree)
        files = Depset([directory])
        return [DefaultInfo(files, Runfiles(files=files)), RootTreeInfo(directory, found.directories)]

    return RuleClass("runtime_libraries", (), implementation)


def _dependencies(
    label: Label, values: Mapping[str, PlainValue], configuration: Configuration
) -> Mapping[str, Sequence[Label]]:
    return {"libraries": [LIBRARIES_LABEL]}


_REASON = LayerReason("runtime libraries", "what the interpreter is linked against, and files that the C library reads")


def _runtime_base(ctx: RuleContext) -> list[object]:
    [root] = ctx.provided("libraries", RootTreeInfo)
    rows: list[RequestValue] = [{"tree": root.tree, "at": "", "origin": "runtime libraries"}]
    rows += directory_rows(root.directories)
    record = root_layer(ctx, "runtime libraries", rows, inputs=[root.tree])
    return base_image(ctx, [record], [_REASON])


def directory_rows(directories: Iterable[RootDirectory]) -> list[RequestValue]:
    return [{"directory": d.path, "mode": d.mode, "uid": d.uid, "gid": d.gid} for d in directories]


def root_layer(
    ctx: RuleContext, name: str, rows: Sequence[RequestValue], *, inputs: Sequence[Artifact], suffix: str = ""
) -> LayerRecord:
    """A layer of a root file system; `suffix` tells the files of several apart."""
    blob = ctx.declare_file(f"{ctx.label.name}{suffix}.tar.gz")
    descriptor = ctx.declare_file(f"{ctx.label.name}{suffix}.json")
    ctx.run_tool(
        "write_layer",
        {"rows": tuple(rows), "output": blob, "descriptor": descriptor, "compressor": GZIP_COMPRESSOR},
        inputs=inputs,
        outputs=[blob, descriptor],
        mnemonic="ImageLayer",
        progress=f"Writing layer {name} of {ctx.label}",
        placeless=True,
    )
    return LayerRecord(name, blob, descriptor)


def base_image(
    ctx: RuleContext, layers: Sequence[LayerRecord], reasons: Sequence[LayerReason], *, root: Artifact | None = None
) -> list[object]:
    """An image of nothing but `layers`, lowest first; `root` is the tree of packages that they are made of."""
    layout = ctx.declare_directory(ctx.label.name)
    digest = ctx.declare_file(f"{ctx.label.name}.digest")
    ctx.run_tool(
        "assemble_image",
        {
            "output": layout,
            "digest": digest,
            "layers": tuple(
                {"blob": layer.blob, "descriptor": layer.descriptor, "comment": layer.name} for layer in layers
            ),
            "platform": {"os": "linux", "architecture": ctx.configuration.platform.oci_architecture},
            "config": {"env": {"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}},
            "created_by": f"venvship build ({ctx.label})",
        },
        inputs=[file for layer in layers for file in (layer.blob, layer.descriptor)],
        outputs=[layout, digest],
        mnemonic="OciImage",
        progress=f"Assembling image {ctx.label}",
    )
    return [*image_providers(layout, digest), OciImageInfo(layout, digest, tuple(layers), tuple(reasons), root=root)]


RUNTIME_BASE = RuleClass("runtime_base", (), _runtime_base, computed_dependencies=_dependencies)
