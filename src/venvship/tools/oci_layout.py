"""Directories in the OCI image layout: blobs by digest below one index.

Blobs are hard links of what they were made from wherever the file system allows it, so an image costs no space
beside its layers. A layout may name layers of its base that it does not hold, with the repository that has them
(`ABSENT`): whoever needs their bytes asks `absent_blobs`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from typing import Any

from venvship.tools.oci_documents import (
    INDEX,
    MAX_DOCUMENT,
    ImageProblem,
    choose,
    decode,
    descriptor,
    digest_of,
    encode,
)

ABSENT = "absent-blobs.json"
_MARKER = b'{"imageLayoutVersion":"1.0.0"}'

TreeRow = list[Any]
"""path, sha256, size, executable: what the engine needs to know a file without reading it."""


class LayoutWriter:
    """Fills one new layout directory and remembers what lies in it."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._rows: dict[str, TreeRow] = {}
        self._absent: dict[str, str] = {}
        os.makedirs(os.path.join(directory, "blobs", "sha256"))

    def add_bytes(self, data: bytes) -> None:
        path = blob_path(digest_of(data))
        if path not in self._rows:
            self._write(path, data)

    def add_file(self, host: str, blob: Mapping[str, Any]) -> None:
        """Take the file `host` as the blob that the descriptor `blob` names, trusting its digest."""
        path = blob_path(blob["digest"])
        if path in self._rows:
            return
        try:
            size = os.stat(host).st_size
        except FileNotFoundError as error:
            raise ImageProblem(f"there is no blob {blob['digest']} at `{host}`") from error
        if size != blob["size"]:
            raise ImageProblem(f"`{host}` has {size} bytes, its descriptor says {blob['size']}")
        target = os.path.join(self._directory, path)
        # The host path may be a link into a store; the layout must hold the file.
        source = os.path.realpath(host)
        try:
            os.link(source, target)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(target)
            shutil.copyfile(source, target)
        self._rows[path] = [path, blob["digest"][7:], size, False]

    def add_all(self, layout: Layout, blobs: list[dict[str, Any]]) -> None:
        absent = layout.absent()
        for blob in blobs:
            if blob["digest"] in absent:
                self.add_absent(blob, absent[blob["digest"]])
            else:
                self.add_file(layout.blob_file(blob), blob)

    def add_absent(self, blob: Mapping[str, Any], repository: str) -> None:
        """Name a blob that `repository` has, and that the layout does without."""
        self._absent[str(blob["digest"])] = repository

    def is_absent(self, digest: str) -> bool:
        return digest in self._absent

    def finish(self, index: Mapping[str, Any]) -> list[TreeRow]:
        """Write the index and the marker; every file of the layout, sorted."""
        if self._absent:
            self._write(ABSENT, encode({"blobs": self._absent}))
        self._write("index.json", encode(index))
        self._write("oci-layout", _MARKER)
        return [self._rows[path] for path in sorted(self._rows)]

    def _write(self, path: str, data: bytes) -> None:
        with open(os.path.join(self._directory, path), "wb") as file:
            file.write(data)
        self._rows[path] = [path, digest_of(data)[7:], len(data), False]


class Layout:
    """An existing layout directory; documents read from it are verified by digest."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def index(self) -> dict[str, Any]:
        path = os.path.join(self._directory, "index.json")
        try:
            with open(path, "rb") as file:
                return decode(file.read(MAX_DOCUMENT + 1), f"`{path}`")
        except FileNotFoundError as error:
            raise ImageProblem(f"`{self._directory}` is no OCI layout: it has no index.json") from error

    def absent(self) -> Mapping[str, str]:
        """Repositories by the digests of blobs that they have and the layout does not."""
        path = os.path.join(self._directory, ABSENT)
        try:
            with open(path, "rb") as file:
                blobs = decode(file.read(MAX_DOCUMENT + 1), f"`{path}`").get("blobs")
        except FileNotFoundError:
            return {}
        if not isinstance(blobs, dict) or not all(isinstance(source, str) for source in blobs.values()):
            raise ImageProblem(f"`{path}` does not say where blobs are")
        return blobs

    def blob_file(self, blob: Mapping[str, Any]) -> str:
        return os.path.join(self._directory, blob_path(str(blob["digest"])))

    def document(self, blob: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The JSON document that a descriptor names, and its bytes."""
        checked = descriptor(blob)
        path = self.blob_file(checked)
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_DOCUMENT + 1)
        except FileNotFoundError as error:
            raise ImageProblem(f"`{self._directory}` lacks the blob {checked['digest']}") from error
        if digest_of(data) != checked["digest"]:
            raise ImageProblem(f"`{path}` is not what its name says")
        return decode(data, f"`{path}`"), data

    def manifest(self, platform: Mapping[str, str], *, or_sole: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
        """The manifest for `platform` and its descriptor; an index may hold another one.

        With `or_sole` it is the only image that there is, whatever its platform.
        """
        index = self.index()
        for _ in range(4):
            chosen = choose(index, platform, or_sole=or_sole)
            document, _ = self.document(chosen)
            if chosen["mediaType"] != INDEX:
                return document, chosen
            index = document
        raise ImageProblem(f"the indexes of `{self._directory}` are nested too deeply")


def blob_path(digest: str) -> str:
    return "blobs/sha256/" + digest[len("sha256:") :]
