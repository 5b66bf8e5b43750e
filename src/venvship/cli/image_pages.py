"""What `image` prints: tables of layers, of distributions and of differences."""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from venvship.session.image_summary import ExplainedImage
from venvship.session.outcomes import ImageSummary
from venvship.tools.image_reader import FILE, Image, applied
from venvship.ui.messages import size

_DISTRIBUTION = re.compile(r"app\.runfiles/(?!_main/|python_interpreters/)[^/]+/([^/]+)/([^/]+)/")
_LEAST_DUPLICATE = 1024
_MOST_ROWS = 20


def image_page(summary: ImageSummary) -> str:
    """The layers as a table, then what a container runs."""
    rows = [("layer", "entries", "size", "unpacked", "digest")]
    rows += [
        (
            layer.name,
            "?" if layer.entries is None else f"{layer.entries:,}",
            size(layer.compressed_bytes),
            "?" if layer.uncompressed_bytes is None else size(layer.uncompressed_bytes),
            layer.digest,
        )
        for layer in summary.layers
    ]
    lines = [f"digest      {summary.digest}", f"layout      {summary.layout}"]
    lines += _facts(summary)
    lines.append("")
    total = size(sum(layer.compressed_bytes for layer in summary.layers))
    unpacked_total = size(sum(layer.uncompressed_bytes or 0 for layer in summary.layers))
    return "\n".join(lines) + "\n" + table([*rows, ("total", "", total, unpacked_total, "")], right=(1, 2, 3))


def _facts(summary: ImageSummary) -> list[str]:
    """What a container runs, a line for each setting."""
    rows = [("entrypoint", shlex.join(summary.entrypoint)), ("user", summary.user)]
    rows += [("env", f"{name}={summary.environment[name]}") for name in sorted(summary.environment)]
    return [f"{name:10}  {_printable(value)}" for name, value in (*rows, *summary.settings) if value]


def _printable(text: str) -> str:
    """A value of a base that others made, on one line."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Rows in columns; those of `right` end at one place."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        cells = [
            f"{cell:>{widths[column]}}" if column in right else f"{cell:{widths[column]}}"
            for column, cell in enumerate(row[:-1])
        ]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return "\n".join(lines) + "\n"


def contents_page(image: Image) -> str:
    """Distributions by size, and content that is stored more than once."""
    sizes: Counter[str] = Counter()
    copies: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for layer in image.layers:
        for entry in layer.entries:
            if entry.kind != FILE:
                continue
            found = _DISTRIBUTION.match(entry.path)
            if found:
                sizes[f"{found[1]} {found[2]}"] += entry.size
            if entry.size > _LEAST_DUPLICATE:
                copies[entry.sha256].append((entry.path, entry.size))
    lines = ""
    if sizes:
        rows = [("distribution", "unpacked", "")]
        rows += [(name, size(count), "") for name, count in sizes.most_common(_MOST_ROWS)]
        lines += "\n" + table(rows, right=(1,))
        if len(sizes) > _MOST_ROWS:
            lines += f"and {len(sizes) - _MOST_ROWS} more\n"
    twice = [same for same in copies.values() if len(same) > 1]
    twice.sort(key=lambda same: (-same[0][1] * (len(same) - 1), same))
    wasted = sum(same[0][1] * (len(same) - 1) for same in twice)
    lines += f"\nstored more than once: {size(wasted)}\n"
    for same in twice[:_MOST_ROWS]:
        lines += f"  {size(same[0][1])}, {len(same)} times: {same[0][0]}\n"
    return lines


def explanation_page(summary: ImageSummary) -> str:
    """Why each layer is what it is."""
    reasons = {row.layer: row for row in summary.reasons} if isinstance(summary, ExplainedImage) else {}
    lines = []
    for layer in summary.layers:
        row = reasons.get(layer.name)
        why = row.reason if row is not None else "it came with the base, or is an archive that `tars` names"
        lines.append(f"{layer.name} ({size(layer.compressed_bytes)}): {why}")
        if row is not None and row.holds:
            lines.append("  " + ", ".join(row.holds))
    return "\n".join(lines) + "\n"


def difference_page(first: ImageSummary, second: ImageSummary) -> str:
    """What a machine that has `first` pulls for `second`, and settings that are not the same."""
    have = {layer.digest for layer in first.layers}
    wanted = {layer.digest for layer in second.layers}
    rows = [("", "layer", "size", "digest")]
    rows += [
        ("-", layer.name, size(layer.compressed_bytes), layer.digest)
        for layer in first.layers
        if layer.digest not in wanted
    ]
    for layer in second.layers:
        mark = "=" if layer.digest in have else "+"
        rows.append((mark, layer.name, size(layer.compressed_bytes), layer.digest))
    pulled = [layer for layer in second.layers if layer.digest not in have]
    total = size(sum(layer.compressed_bytes for layer in pulled))
    before, after = _facts(first), _facts(second)
    changed = [f"- {line}" for line in before if line not in after]
    changed += [f"+ {line}" for line in after if line not in before]
    lines = [f"pull: {total} in {len(pulled)} of {len(second.layers)} layers", *changed]
    return table(rows, right=(2,)) + "".join(f"{line}\n" for line in lines)


def changed_paths_page(first: Image, second: Image) -> str:
    """Paths that a container of `second` sees differently than one of `first`."""
    before, after = ({path: entry for path, (entry, _) in applied(image.layers).items()} for image in (first, second))
    lines = [f"- {path}" for path in before if path not in after]
    for path, entry in after.items():
        known = before.get(path)
        if known is None:
            lines.append(f"+ {path}")
        elif known != entry:
            lines.append(f"~ {path}")
    lines.sort(key=lambda line: (line[2:], line))
    shown = lines[: 5 * _MOST_ROWS]
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown)} more paths")
    return "".join(line + "\n" for line in shown)


def why_page(summary: ImageSummary, image: Image, paths: Iterable[str]) -> str | None:
    """In which layer a path lies, and why; None if the image does not have it."""
    reasons = {row.layer: row for row in summary.reasons} if isinstance(summary, ExplainedImage) else {}
    names = {layer.digest: layer.name for layer in summary.layers}
    seen = applied(image.layers)
    lines = []
    for text in paths:
        path = text.strip("/")
        if path not in seen:
            return None
        entry, layer = seen[path]
        what = {"link": f"a link to `{entry.link}`", "directory": "a directory"}.get(entry.kind, size(entry.size))
        if entry.kind == FILE and entry.link:
            what = f"the file of `/{entry.link}`, as a hard link"
        name = names.get(layer.digest, layer.name)
        lines.append(f"/{path}: {what}, mode {entry.mode:04o}, owner {entry.uid}:{entry.gid}")
        lines.append(f"layer `{name}` {layer.digest}")
        if name in reasons:
            lines.append(f"because: {reasons[name].reason}")
            found = _DISTRIBUTION.match(path + "/")
            if found:
                lines.append(f"it belongs to {found[1]} {found[2]}")
    return "\n".join(lines) + "\n"
