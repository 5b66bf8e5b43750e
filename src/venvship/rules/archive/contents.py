"""What targets put into an archive, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.archives.layer import PLAIN, Attributes, LayerDirectory, LayerEntry, LayerTree
from venvship.dataclass import dataclass
from venvship.model.artifact import Artifact
from venvship.model.paths import TreePath, join, normalise
from venvship.rules.oci.runfiles_entries import artifact_entry, runfiles_entries

_OWNER: Final = re.compile(r"[^\s/:\x00-\x1f\x7f]{1,128}\Z")


@dataclass(frozen=True, slots=True, eq=False)
class PackageContentsInfo:
    """Entries for an archive, with paths relative to where it is used."""

    entries: tuple[LayerEntry, ...]


def archive_path(artifact: Artifact) -> str:
    """Where an archive has a default output: its path in its repository, below the name of a foreign one."""
    return artifact.short_path.removeprefix("../")


def program_entries(target: ConfiguredTarget, at: str, *, attributes: Attributes = PLAIN) -> list[LayerEntry]:
    """The runfiles tree of an executable target whose program lies at `at`; nothing for other targets."""
    info = target.default_info
    if info.executable is None:
        return []
    return runfiles_entries(
        info.default_runfiles, f"{at}.runfiles", origin=f"runfiles of {target.label}", attributes=attributes
    )


def target_entries(target: ConfiguredTarget, *, include_runfiles: bool) -> list[LayerEntry]:
    """The default outputs of a target at their own paths and, below the program, its runfiles."""
    entries = [
        artifact_entry(file, archive_path(file), origin=str(target.label))
        for file in target.default_info.files.to_tuple()
    ]
    executable = target.default_info.executable
    if include_runfiles and executable is not None:
        entries += program_entries(target, archive_path(executable))
    return entries


def moved(entries: Iterable[LayerEntry], prefix: str) -> tuple[LayerEntry, ...]:
    """The entries below `prefix`."""
    below = prefix.strip("/")
    if not below:
        return tuple(entries)
    return tuple(replace(entry, path=TreePath(join(below, entry.path))) for entry in entries)


def directory(path: str, *, origin: str = "", attributes: Attributes = PLAIN) -> LayerDirectory:
    return LayerDirectory(TreePath(path.strip("/")), origin=origin, attributes=attributes)


def checked_path(ctx: RuleContext, text: str, attribute: str) -> str:
    """`text` as a path inside of an archive, where a leading slash means nothing."""
    try:
        path = normalise(text.strip("/"))
    except ValueError as error:
        raise ctx.error(f"`{attribute}`: {error}") from error
    if "\0" in path:
        raise ctx.error(f"`{attribute}` names {text!r}, which no archive can hold")
    return path


def parsed_attributes(ctx: RuleContext, text: str, *, mode: str = "") -> Attributes:
    """Read what `pkg_attributes` wrote; `mode` is the default."""
    try:
        values = json.loads(text) if text else {}
    except ValueError as error:
        raise ctx.error(f"`attributes` is not what pkg_attributes gives: {error}") from error
    if not isinstance(values, dict):
        raise ctx.error("`attributes` is not what pkg_attributes gives")
    unknown = sorted(set(values) - {"mode", "user", "group", "uid", "gid"})
    if unknown:
        raise ctx.error(f"`pkg_attributes` does not support {', '.join(unknown)}")
    return Attributes(
        mode=octal(ctx, str(values.get("mode") or mode), "mode"),
        uid=_number(ctx, values, "uid"),
        gid=_number(ctx, values, "gid"),
        uname=owner_name(ctx, str(values.get("user") or ""), "user") or None,
        gname=owner_name(ctx, str(values.get("group") or ""), "group") or None,
    )


def octal(ctx: RuleContext, text: str, attribute: str) -> int | None:
    """A mode such as `0644`; None for an empty text."""
    if not text:
        return None
    try:
        mode = int(text, 8)
    except ValueError as error:
        raise ctx.error(f"`{attribute}` must be octal digits such as 0644, and is `{text}`") from error
    if not 0 <= mode <= 0o7777:
        raise ctx.error(f"`{attribute}` must be octal digits such as 0644, and is `{text}`")
    return mode


def _number(ctx: RuleContext, values: Mapping[str, object], name: str) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ctx.error(f"`{name}` must be a number, and is `{value}`")


def owner_name(ctx: RuleContext, text: str, attribute: str) -> str:
    """The name of a user or group, which programs that unpack may prefer to its number."""
    if text and not _OWNER.match(text):
        raise ctx.error(f"`{attribute}` is `{text}`, which can't be the name of an owner")
    return text


def with_default_mode(entry: LayerEntry, mode: int | None) -> LayerEntry:
    """`entry` with `mode`, unless it has one of its own or is no file."""
    if mode is None or entry.attributes.mode is not None or isinstance(entry, LayerDirectory):
        return entry
    if isinstance(entry, LayerTree) or hasattr(entry, "executable"):
        return replace(entry, attributes=replace(entry.attributes, mode=mode))
    return entry
