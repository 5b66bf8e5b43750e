"""`py_sbom` and `oci_provenance`: what images are made of and how, as files and as artifacts beside an image."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.images.sbom import CYCLONEDX_TYPE, SPDX_TYPE, SbomComponent, cyclonedx, materials, spdx
from venvship.loading.rule_class import RuleClass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.oci.debian import DebianPackagesInfo
from venvship.rules.oci.image import OciImageInfo, OciIndexInfo
from venvship.rules.python.providers import PyExecutableInfo

STATEMENT_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True, eq=False)
class AttachmentInfo:
    """A file about an image, which a registry keeps beside it."""

    media_type: str
    file: Artifact


def components_of(program: PyExecutableInfo) -> tuple[SbomComponent, ...]:
    """The interpreter and the wheels of a program; the hash of a wheel is the first part of its path in its hub."""
    runtime = program.venv.runtime
    found = [SbomComponent("generic", "python", runtime.full_version)]
    for record in program.wheels.to_tuple():
        sha256 = record.archive.path.partition("/")[0]
        known = len(sha256) == 64 and all(digit in "0123456789abcdef" for digit in sha256)
        found.append(SbomComponent("pypi", record.project, record.version, sha256 if known else ""))
    return tuple(found)


def _components(ctx: RuleContext) -> list[SbomComponent]:
    found = [one for program in ctx.provided("binaries", PyExecutableInfo) for one in components_of(program)]
    return found + [one.component for info in ctx.provided("packages", DebianPackagesInfo) for one in info.packages]


def _attachment(media_type: str, output: Artifact) -> list[object]:
    files = Depset([output])
    return [DefaultInfo(files, Runfiles(files=files)), AttachmentInfo(media_type, output)]


def _py_sbom(ctx: RuleContext) -> list[object]:
    is_spdx = ctx.string("format") == "spdx"
    output = ctx.declare_file(ctx.string("out") or f"{ctx.label.name}.{'spdx' if is_spdx else 'cdx'}.json")
    write = spdx if is_spdx else cyclonedx
    ctx.write(output, write(str(ctx.label), _components(ctx)))
    return _attachment(SPDX_TYPE if is_spdx else CYCLONEDX_TYPE, output)


PY_SBOM = RuleClass(
    "py_sbom",
    (
        attributes.labels("binaries", providers=(PyExecutableInfo,), mandatory=True),
        attributes.labels("packages", providers=(DebianPackagesInfo,)),
        attributes.string("format", "cyclonedx", values=("cyclonedx", "spdx")),
        attributes.string("out"),
    ),
    _py_sbom,
)


def _oci_provenance(ctx: RuleContext) -> list[object]:
    [target] = ctx.targets("image")
    image = target.get(OciImageInfo) or target.get(OciIndexInfo)
    if image is None:
        raise ctx.error(f"`image` is `{target.label}`, a {target.kind}, which is neither an image nor an index")
    output = ctx.declare_file(f"{ctx.label.name}.intoto.json")
    rows: list[RequestValue] = []
    for one in materials(_components(ctx)):
        digest = one.get("digest")
        row: dict[str, RequestValue] = {"uri": str(one["uri"])}
        if isinstance(digest, dict):
            row["digest"] = {str(key): str(text) for key, text in digest.items()}
        rows.append(row)
    ctx.run_tool(
        "provenance",
        {
            "name": ctx.string("subject") or target.label.name,
            "digest": image.digest,
            "target": str(target.label),
            "materials": tuple(rows),
            "output": output,
        },
        inputs=[image.digest],
        outputs=[output],
        mnemonic="Provenance",
        progress=f"Writing provenance {ctx.label}",
    )
    return _attachment(STATEMENT_TYPE, output)


OCI_PROVENANCE = RuleClass(
    "oci_provenance",
    (
        attributes.label("image", mandatory=True),
        attributes.labels("binaries", providers=(PyExecutableInfo,)),
        attributes.labels("packages", providers=(DebianPackagesInfo,)),
        attributes.string("subject"),
    ),
    _oci_provenance,
)
