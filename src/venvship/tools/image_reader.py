"""What lies in an image, read from its OCI layout: every path of every layer, and what a container sees of them."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple

from venvship.tools import oci_documents
from venvship.tools.absent_blobs import readable
from venvship.tools.layer_stream import tar_errors, zstd_module
from venvship.tools.oci_documents import ImageProblem
from venvship.tools.oci_layout import Layout

FILE, LINK, DIRECTORY = "file", "link", "directory"
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_CHUNK = 1 << 20
_MAX_UNPACKED = 64 << 30
_MAX_ENTRIES = 5_000_000


class ImageEntry(NamedTuple):
    """One path of one layer; `sha256` of a file's bytes, `link` of a link's text.

    A file that is a hard link has size 0, and in `link` the path that holds its bytes.
    """

    path: str
    kind: str
    size: int
    mode: int
    uid: int
    gid: int
    sha256: str
    link: str


class ImageLayer(NamedTuple):
    digest: str
    size: int
    name: str
    entries: Sequence[ImageEntry]


class Image(NamedTuple):
    """An image; `layers` lowest first."""

    digest: str
    config: Mapping[str, Any]
    layers: Sequence[ImageLayer]


def read_image(
    directory: str, platform: Mapping[str, str] | None = None, *, environment: Mapping[str, str] | None = None
) -> Image:
    """Read a layout; raises ImageProblem for what is damaged, hostile or unknown.

    Layers that the layout only names are fetched, with what `environment` tells of caches and credentials.
    """
    layout = Layout(directory)
    manifest, chosen = layout.manifest(platform or {})
    config, _ = layout.document(_object(manifest.get("config"), "config"))
    rows = manifest.get("layers")
    if not isinstance(rows, list):
        raise ImageProblem("the manifest has no layers")
    names = layer_names(config, len(rows))
    layers = []
    for row, name in zip(rows, names):  # noqa: B905
        blob = oci_documents.descriptor(_object(row, "layer"))
        entries = tuple(read_layer(readable(layout, blob, environment or {}), blob))
        layers.append(ImageLayer(blob["digest"], blob["size"], name, entries))
    return Image(str(chosen["digest"]), config, layers)


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ImageProblem(f"the manifest has a malformed {what}")
    return value


def layer_names(config: Mapping[str, Any], count: int) -> list[str]:
    """What the history calls the layers, which somebody else may have written."""
    history = config.get("history")
    made = [row for row in history if isinstance(row, dict) and not row.get("empty_layer")] if history else []
    said = [str(row.get("comment") or "") for row in made[:count]]
    names = ["".join(letter if letter.isprintable() else "\ufffd" for letter in name) for name in said]
    names += [""] * (count - len(names))
    return [name or f"layer {number + 1}" for number, name in enumerate(names)]


def read_layer(path: str, blob: Mapping[str, Any]) -> Iterator[ImageEntry]:
    """The entries of a layer, whose bytes are held against its digest while they are read."""
    sums = hashlib.sha256()
    try:
        with open(path, "rb") as raw:
            hashed = _Hashed(raw, sums)
            kind = str(blob["mediaType"])
            if kind.endswith("gzip"):
                readable: Any = hashed
                stream: Any = gzip.GzipFile(fileobj=readable)
            elif kind.endswith("zstd"):
                stream = zstd_module().open(hashed)
            elif kind.endswith("tar"):
                stream = hashed
            else:
                raise ImageProblem(f"a layer of the kind `{kind}` can't be read here")
            yield from _entries(stream, str(blob["digest"]))
            # Whatever follows the archive belongs to the blob as well.
            while stream.read(_CHUNK):
                pass
            while hashed.read(_CHUNK):
                pass
    except ImageProblem:
        raise
    except tar_errors() as error:
        raise ImageProblem(f"the layer {blob['digest']} can't be unpacked: {error}") from error
    if "sha256:" + sums.hexdigest() != blob["digest"]:
        raise ImageProblem(f"the layer {blob['digest']} has other bytes than its digest says")


class _Hashed:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: IO[bytes], sums: Any) -> None:
        self._file = file
        self._sums = sums

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size if size >= 0 else _CHUNK)
        self._sums.update(data)
        return data


def _entries(stream: Any, digest: str) -> Iterator[ImageEntry]:
    total = count = 0
    hard: dict[str, ImageEntry] = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            count += 1
            total += member.size
            if count > _MAX_ENTRIES or total > _MAX_UNPACKED:
                raise ImageProblem(f"the layer {digest} unpacks to more than an image may have")
            path = member.name.strip("/").removeprefix("./")
            if path in ("", "."):
                continue
            if any(part in ("", ".", "..") for part in path.split("/")) or "\0" in path or member.name.startswith("/"):
                raise ImageProblem(f"the layer {digest} has the path {member.name!r}")
            owner = (member.mode & 0o7777, member.uid, member.gid)
            if member.isdir():
                yield ImageEntry(path, DIRECTORY, 0, *owner, "", "")
            elif member.issym():
                yield ImageEntry(path, LINK, 0, *owner, "", member.linkname)
            elif member.islnk():
                source = hard.get(member.linkname.strip("/").replace("./", "", 1))
                if source is None:
                    raise ImageProblem(f"the layer {digest} has `{path}` as a hard link to nothing that is there yet")
                yield source._replace(path=path, size=0, link=source.path)
            elif member.isreg():
                body = archive.extractfile(member)
                found = hashlib.sha256()
                while body is not None:
                    data = body.read(_CHUNK)
                    if not data:
                        break
                    found.update(data)
                entry = ImageEntry(path, FILE, member.size, *owner, found.hexdigest(), "")
                hard[path] = entry
                yield entry
            else:
                raise ImageProblem(f"the layer {digest} has `{path}`, which is neither file, link nor directory")


def applied(layers: Iterable[ImageLayer]) -> dict[str, tuple[ImageEntry, ImageLayer]]:
    """What a container sees: entries by path, with the layers they come from."""
    seen: dict[str, tuple[ImageEntry, ImageLayer]] = {}
    for layer in layers:
        for entry in layer.entries:
            above, _, name = entry.path.rpartition("/")
            if name == _OPAQUE:
                _remove_below(seen, above)
            elif name.startswith(_WHITEOUT):
                hidden = os.path.join(above, name[len(_WHITEOUT) :])
                seen.pop(hidden, None)
                _remove_below(seen, hidden)
            else:
                present = seen.get(entry.path)
                if present is not None and present[0].kind == DIRECTORY != entry.kind:
                    _remove_below(seen, entry.path)
                seen[entry.path] = (entry, layer)
    return seen


def _remove_below(seen: dict[str, Any], directory: str) -> None:
    for path in [path for path in seen if path.startswith(directory + "/")]:
        del seen[path]


def problems(image: Image, *, least: int = 1024) -> Iterator[str]:
    """What an image should not have, each in a sentence: content stored twice, dangling links, links that leave it,
    parents that only paths imply."""
    owners: dict[str, str] = {}
    placed: dict[str, ImageEntry] = {}
    for layer in image.layers:
        directories = {entry.path for entry in layer.entries if entry.kind == DIRECTORY}
        for entry in layer.entries:
            known = placed.get(entry.path)
            if known is not None and (known.kind, known.sha256, known.link) != (entry.kind, entry.sha256, entry.link):
                yield f"`{entry.path}` is in several layers with different content"
            if known is not None and entry.kind == FILE:
                yield f"`{entry.path}` is in several layers"
            placed[entry.path] = entry
            if entry.kind == FILE and entry.size > least:
                first = owners.setdefault(entry.sha256, entry.path)
                if first != entry.path:
                    yield f"`{entry.path}` has the {entry.size} bytes of `{first}` again"
            above = entry.path.rpartition("/")[0]
            if above and above not in directories and above not in placed:
                yield f"the parent of `{entry.path}` has no entry"
    for entry in placed.values():
        if entry.kind == LINK:
            problem = _link_problem(entry, placed)
            if problem:
                yield problem


def _link_problem(entry: ImageEntry, placed: Mapping[str, ImageEntry]) -> str:
    found = follow(entry.path, placed)
    if found is None:
        return f"the link `{entry.path}` -> `{entry.link}` leaves the image or runs in circles"
    if found and found not in placed:
        return f"the link `{entry.path}` -> `{entry.link}` leads to nothing"
    return ""


def follow(path: str, placed: Mapping[str, ImageEntry]) -> str | None:
    """Where a path leads when every link of it is followed; None if that leaves the image or never ends."""
    pending = path.split("/")[::-1]
    here: list[str] = []
    steps = 0
    while pending:
        part = pending.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return None
            here.pop()
            continue
        here.append(part)
        entry = placed.get("/".join(here))
        if entry is not None and entry.kind == LINK:
            steps += 1
            if steps > 40:
                return None
            here.pop()
            if entry.link.startswith("/"):
                here = []
            pending += entry.link.split("/")[::-1]
    return "/".join(here)
