"""`pkg_tar` and `pkg_zip`: archives of mappings, files and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.archives.layer import PLAIN, Attributes, LayerEntry, LayerLink, LayerText, LayerTree
from venvship.images.layers import layer_request
from venvship.loading.rule_class import RuleClass
from venvship.model.paths import TreePath
from venvship.rules import attributes
from venvship.rules.archive.contents import (
    PackageContentsInfo,
    checked_path,
    directory,
    moved,
    octal,
    owner_name,
    program_entries,
    with_default_mode,
)
from venvship.rules.archive.pkg import FILES_ONLY, contents_providers, stripped
from venvship.rules.archive.tar import archive_providers, compression_of, planned
from venvship.rules.oci.compression import GZIP_COMPRESSOR
from venvship.rules.oci.runfiles_entries import artifact_entry

PORTABLE_MTIME = 946684800
"""The time that rules_pkg gives to files: 2000."""

ZIP_EPOCH = 315532800
"""The earliest time that a zip file can hold: 1980."""

_EXTENSIONS = {
    "tar": "",
    "tar.gz": "gzip",
    "tgz": "gzip",
    "tar.xz": "xz",
    "txz": "xz",
    "tar.bz2": "bzip2",
    "tar.zst": "zstd",
    "tzst": "zstd",
}
_ARCHIVES = (*(f".{extension}" for extension in _EXTENSIONS), ".tbz2")


def _entries(ctx: RuleContext) -> list[LayerEntry]:
    """What `srcs` puts into the archive, before `package_dir`."""
    mode = None if ctx.boolean("preserve_mode") else octal(ctx, ctx.string("mode"), "mode")
    # An empty text means the names of files only, and `.` the path below the package: pkg_files has it the other way.
    given = ctx.string("strip_prefix")
    strip = FILES_ONLY if not given else "" if given == "." else given.removeprefix("./")
    entries: list[LayerEntry] = []
    for target in ctx.targets("srcs"):
        contents = target.get(PackageContentsInfo)
        if contents is not None:
            entries += contents.entries
            continue
        executable = target.default_info.executable
        for file in target.default_info.files.to_tuple():
            at = stripped(ctx, file, strip)
            entries.append(with_default_mode(artifact_entry(file, at, origin=str(target.label)), mode))
            if ctx.boolean("include_runfiles") and file == executable:
                entries += program_entries(target, at)
    return entries


def _pkg_tar(ctx: RuleContext) -> list[object]:
    entries = _entries(ctx)
    for path, text in ctx.string_dict("symlinks").items():
        at = TreePath(checked_path(ctx, path, "symlinks"))
        entries.append(LayerLink(at, text, origin=str(ctx.label)))
    mode = octal(ctx, ctx.string("mode"), "mode")
    for path in ctx.strings("empty_files"):
        at = TreePath(checked_path(ctx, path, "empty_files"))
        entries.append(LayerText(at, b"", origin=str(ctx.label), attributes=Attributes(mode=mode)))
    for path in ctx.strings("empty_dirs"):
        entries.append(directory(checked_path(ctx, path, "empty_dirs"), origin=str(ctx.label)))
    entries = _remapped(ctx, entries)
    entries = _special(ctx, entries)
    below = checked_path(ctx, ctx.string("package_dir"), "package_dir")
    # As in rules_pkg, a path that says `package_dir` itself does not get it a second time; what is merged always does.
    placed = [entry for one in entries for entry in ([one] if _lies_in(one, below) else moved([one], below))]
    for target in ctx.targets("deps"):
        contents = target.get(PackageContentsInfo)
        placed += moved(contents.entries if contents is not None else _unpacked(ctx, target), below)
    extension = ctx.string("extension").strip(".")
    if extension not in _EXTENSIONS:
        raise ctx.error(f"`extension` is `{extension}`", hint=f"known are {', '.join(_EXTENSIONS)}")
    compression = compression_of(ctx, _EXTENSIONS[extension])
    output = ctx.declare_file(ctx.string("out") or ctx.string("package_file_name") or f"{ctx.label.name}.{extension}")
    plan = planned(placed)
    uid, gid = _pair(ctx, ctx.string("owner"))
    uname, gname = _names(ctx, ctx.string("ownername"), "ownername")
    level = ctx.integer("compression_level")
    ctx.run_tool(
        "write_layer",
        layer_request(
            plan,
            blob=output,
            descriptor=None,
            compression=compression,
            compressor=GZIP_COMPRESSOR if level < 0 else "zlib",
            level=None if level < 0 else level,
            uid=uid,
            gid=gid,
            mtime=_mtime(ctx),
            uname=uname,
            gname=gname,
        ),
        inputs=plan.artifacts,
        outputs=[output],
        mnemonic="PackageTar",
        progress=f"Writing {output.short_path}",
    )
    [_, info] = contents_providers(ctx, plan.entries)
    return [*archive_providers(ctx, output), info]


def _lies_in(entry: LayerEntry, directory: str) -> bool:
    return not isinstance(entry, LayerTree) and entry.path.startswith(f"{directory}/")


def _unpacked(ctx: RuleContext, target: ConfiguredTarget) -> list[LayerEntry]:
    """What is in archives that others have made."""
    entries: list[LayerEntry] = []
    for file in target.default_info.files.to_tuple():
        if not file.path.endswith(_ARCHIVES):
            raise ctx.error(f"`deps` entry `{target.label}` gives `{file.short_path}`, which is no tar archive")
        name = f"{ctx.label.name}_merged/{file.short_path.replace('/', '_')}"
        members, listing = ctx.declare_directory(name), ctx.declare_file(f"{name}.mtree")
        ctx.run_tool(
            "unpack_tar",
            {"archive": file, "output": members, "listing": listing},
            inputs=[file],
            outputs=[members, listing],
            mnemonic="UnpackTar",
            progress=f"Taking {file.short_path} apart for {ctx.label}",
            placeless=True,
        )
        entries.append(LayerTree(TreePath(""), members, origin=str(target.label), listing=listing))
    return entries


def _mtime(ctx: RuleContext) -> int:
    if ctx.integer("mtime") >= 0:
        return ctx.integer("mtime")
    return PORTABLE_MTIME if ctx.boolean("portable_mtime") else 0


def _pair(ctx: RuleContext, text: str) -> tuple[int, int]:
    user, dot, group = text.partition(".")
    if not dot or not user.isdigit() or not group.isdigit():
        raise ctx.error(f"an owner is `user.group` as numbers, and not `{text}`")
    return int(user), int(group)


def _names(ctx: RuleContext, text: str, attribute: str) -> tuple[str, str]:
    user, _, group = text.partition(".")
    return owner_name(ctx, user, attribute), owner_name(ctx, group, attribute)


def _remapped(ctx: RuleContext, entries: list[LayerEntry]) -> list[LayerEntry]:
    remaps: Mapping[str, str] = ctx.string_dict("remap_paths")
    if not remaps:
        return entries
    found = []
    for entry in entries:
        path: str = entry.path
        for old, new in remaps.items():
            if path.startswith(old.strip("/")):
                path = checked_path(ctx, new.strip("/") + path[len(old.strip("/")) :], "remap_paths")
                break
        found.append(replace(entry, path=TreePath(path)))
    return found


def _special(ctx: RuleContext, entries: list[LayerEntry]) -> list[LayerEntry]:
    """Modes and owners of single paths."""
    modes = {path.strip("/"): octal(ctx, mode, "modes") for path, mode in ctx.string_dict("modes").items()}
    owners = {path.strip("/"): _pair(ctx, owner) for path, owner in ctx.string_dict("owners").items()}
    names = {path.strip("/"): _names(ctx, text, "ownernames") for path, text in ctx.string_dict("ownernames").items()}
    unknown = sorted(({*modes, *owners, *names}) - {str(entry.path) for entry in entries})
    if unknown:
        raise ctx.error(f"`modes`, `owners` or `ownernames` name what is not in the archive: {', '.join(unknown)}")
    found = []
    for entry in entries:
        own = entry.attributes
        if entry.path in modes:
            own = replace(own, mode=modes[entry.path])
        if entry.path in owners:
            own = replace(own, uid=owners[entry.path][0], gid=owners[entry.path][1])
        if entry.path in names:
            own = replace(own, uname=names[entry.path][0], gname=names[entry.path][1])
        found.append(entry if own == PLAIN else replace(entry, attributes=own))
    return found


_COMMON = (
    attributes.labels("srcs", files=True),
    attributes.string("mode", "0555"),
    attributes.string("package_dir"),
    attributes.string("strip_prefix"),
    attributes.boolean("include_runfiles"),
    attributes.boolean("preserve_mode"),
    attributes.string("package_file_name"),
    attributes.string("out"),
)

PKG_TAR = RuleClass(
    "pkg_tar",
    (
        *_COMMON,
        attributes.labels("deps", files=True),
        attributes.string_dict("modes"),
        attributes.string("owner", "0.0"),
        attributes.string_dict("owners"),
        attributes.string("ownername", "."),
        attributes.string_dict("ownernames"),
        attributes.integer("mtime", -1),
        attributes.boolean("portable_mtime", True),
        attributes.string("extension", "tar"),
        attributes.integer("compression_level", -1),
        attributes.boolean("create_parents", True),
        attributes.string_dict("symlinks"),
        attributes.strings("empty_files"),
        attributes.strings("empty_dirs"),
        attributes.string_dict("remap_paths"),
    ),
    _pkg_tar,
)


def _pkg_zip(ctx: RuleContext) -> list[object]:
    output = ctx.declare_file(ctx.string("out") or ctx.string("package_file_name") or f"{ctx.label.name}.zip")
    plan = planned(moved(_entries(ctx), checked_path(ctx, ctx.string("package_dir"), "package_dir")))
    ctx.run_tool(
        "write_zip",
        {
            "rows": plan.rows(),
            "output": output,
            "mtime": max(ctx.integer("timestamp"), ZIP_EPOCH),
            "compression": ctx.string("compression_type"),
            "level": ctx.integer("compression_level"),
        },
        inputs=plan.artifacts,
        outputs=[output],
        mnemonic="PackageZip",
        progress=f"Writing {output.short_path}",
    )
    return archive_providers(ctx, output)


PKG_ZIP = RuleClass(
    "pkg_zip",
    (
        *_COMMON,
        attributes.integer("timestamp", ZIP_EPOCH),
        attributes.integer("compression_level", 6),
        attributes.string("compression_type", "deflated", values=("deflated", "stored", "lzma", "bzip2")),
    ),
    _pkg_zip,
)
