"""The mappings of rules_pkg: what lies where in an archive, apart from the archive's format.

Entries are found by destination, so one source may have several.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.archives.layer import Attributes, LayerEntry, LayerLink, LayerPlan, LayerTree
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.paths import TreePath, join
from venvship.model.provider import DefaultInfo
from venvship.rules import attributes
from venvship.rules.archive.contents import (
    PackageContentsInfo,
    archive_path,
    checked_path,
    directory,
    moved,
    parsed_attributes,
    program_entries,
)
from venvship.rules.oci.runfiles_entries import artifact_entry

FILES_ONLY = "."
"""The `strip_prefix` that leaves the name of a file only."""

REMOVE_BASE_DIRECTORY = "\0"
"""The new name of a directory whose content is wanted without it."""


def stripped(ctx: RuleContext, artifact: Artifact, strip_prefix: str) -> str:
    """Where a file lies after `strip_prefix`: files only, below the package, or (`/…`) below the repository."""
    if strip_prefix == FILES_ONLY:
        return artifact.path.rpartition("/")[2]
    if strip_prefix.startswith("/"):
        prefix = strip_prefix.strip("/")
        path = archive_path(artifact)
    else:
        prefix = strip_prefix.strip("/")
        package = artifact.owner.package.path
        path = artifact.path.removeprefix(package + "/") if package else artifact.path
    if not prefix:
        return path
    if not path.startswith(prefix + "/"):
        raise ctx.error(f"`strip_prefix` is `{strip_prefix}`, and `{path}` does not lie there")
    return path[len(prefix) + 1 :]


def _pkg_files(ctx: RuleContext) -> list[object]:
    wanted = parsed_attributes(ctx, ctx.string("attributes"), mode="0644")
    prefix = checked_path(ctx, ctx.string("prefix"), "prefix")
    renames: dict[Artifact, str] = {}
    for target, name in zip(ctx.targets("renames"), ctx.label_dict("renames").values(), strict=True):
        files = target.default_info.files.to_tuple()
        if len(files) != 1:
            raise ctx.error(f"`renames` entry `{target.label}` gives {len(files)} files; exactly one can be renamed")
        renames[files[0]] = name
    excluded = {file for target in ctx.targets("excludes") for file in target.default_info.files.to_tuple()}
    entries: list[LayerEntry] = []
    seen: set[Artifact] = set()
    for target in ctx.targets("srcs"):
        for file in target.default_info.files.to_tuple():
            if file in excluded:
                continue
            seen.add(file)
            entries += _file_entries(ctx, target, file, renames.get(file), prefix, wanted)
    unused = sorted(file.short_path for file in renames if file not in seen)
    if unused:
        raise ctx.error(f"`renames` names what is not in `srcs`: {', '.join(unused)}")
    return contents_providers(ctx, entries)


def _file_entries(
    ctx: RuleContext, target: ConfiguredTarget, file: Artifact, name: str | None, prefix: str, wanted: Attributes
) -> list[LayerEntry]:
    origin = f"{target.label} in {ctx.label}"
    if name == REMOVE_BASE_DIRECTORY:
        if file.kind is not ArtifactKind.DIRECTORY:
            raise ctx.error(f"`{file.short_path}` is no directory, so it has no content to take without it")
        return [LayerTree(TreePath(prefix), file, origin=origin, attributes=wanted)]
    inner = stripped(ctx, file, ctx.string("strip_prefix")) if name is None else checked_path(ctx, name, "renames")
    at = join(prefix, inner)
    executable = target.default_info.executable
    # A program that can't be executed is of no use to anyone.
    own = replace(wanted, mode=0o755) if file == executable and not ctx.string("attributes") else wanted
    entries = [artifact_entry(file, at, origin=origin, attributes=own)]
    if ctx.boolean("include_runfiles") and file == executable:
        plain = replace(wanted, mode=None)
        entries += program_entries(target, at, attributes=plain)
    return entries


def contents_providers(ctx: RuleContext, entries: Iterable[LayerEntry]) -> list[object]:
    found = tuple(entries)
    sources = LayerPlan("contents", found).artifacts
    return [DefaultInfo(files=Depset(sources)), PackageContentsInfo(found)]


PKG_FILES = RuleClass(
    "pkg_files",
    (
        attributes.labels("srcs", files=True),
        attributes.string("prefix"),
        attributes.string("strip_prefix", FILES_ONLY),
        AttributeSpec("renames", AttributeType.LABEL_KEYED_STRING_DICT, allow_files=True),
        attributes.labels("excludes", files=True),
        attributes.string("attributes"),
        attributes.boolean("include_runfiles"),
    ),
    _pkg_files,
)


def _pkg_mkdirs(ctx: RuleContext) -> list[object]:
    wanted = parsed_attributes(ctx, ctx.string("attributes"), mode="0755")
    entries = [
        directory(checked_path(ctx, path, "dirs"), origin=str(ctx.label), attributes=wanted)
        for path in ctx.strings("dirs")
    ]
    return contents_providers(ctx, entries)


PKG_MKDIRS = RuleClass("pkg_mkdirs", (attributes.strings("dirs"), attributes.string("attributes")), _pkg_mkdirs)


def _pkg_mklink(ctx: RuleContext) -> list[object]:
    wanted = replace(parsed_attributes(ctx, ctx.string("attributes")), mode=None)
    name = checked_path(ctx, ctx.string("link_name"), "link_name")
    text = ctx.string("target")
    if not name or not text or "\0" in text:
        raise ctx.error("`link_name` and `target` must say where the link lies and what its text is")
    link = LayerLink(TreePath(name), text, origin=str(ctx.label), attributes=wanted)
    return contents_providers(ctx, [link])


PKG_MKLINK = RuleClass(
    "pkg_mklink",
    (
        attributes.string("link_name", mandatory=True),
        attributes.string("target", mandatory=True),
        attributes.string("attributes"),
    ),
    _pkg_mklink,
)


def _pkg_filegroup(ctx: RuleContext) -> list[object]:
    prefix = checked_path(ctx, ctx.string("prefix"), "prefix")
    entries = [entry for info in ctx.provided("srcs", PackageContentsInfo) for entry in info.entries]
    return contents_providers(ctx, moved(entries, prefix))


PKG_FILEGROUP = RuleClass(
    "pkg_filegroup",
    (attributes.labels("srcs", providers=(PackageContentsInfo,)), attributes.string("prefix")),
    _pkg_filegroup,
)
