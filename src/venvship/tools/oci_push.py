"""Pushes an OCI layout to a registry: blobs that are there already stay, manifests come last.

    oci_push LAYOUT --repository=registry.example/team/app [-t TAG ...] [--mount=REPOSITORY ...] [--attach TYPE FILE]

Options that stand later win, so that a target's own settings can be changed where it is run.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from venvship.tools import oci_documents
from venvship.tools.absent_blobs import readable
from venvship.tools.oci_credentials import CredentialProblem, find_credential
from venvship.tools.oci_documents import INDEX, ImageProblem
from venvship.tools.oci_layout import Layout
from venvship.tools.oci_registry import Registry, RegistryProblem, Repository, check_tag

EMPTY = b"{}"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_JOBS = 4
_MAX_LIST = 1 << 20


class Pushed(NamedTuple):
    """What a push did: the digest that others pull by, and how its blobs got there."""

    digest: str
    uploaded: int
    uploaded_bytes: int
    mounted: int
    present: int


class _Document(NamedTuple):
    media_type: str
    digest: str
    data: bytes


def push(
    layout: Layout,
    registry: Registry,
    *,
    tags: Sequence[str] = (),
    mount_from: Sequence[str] = (),
    attachments: Sequence[tuple[str, bytes]] = (),
    jobs: int = _JOBS,
    environment: Mapping[str, str] | None = None,
) -> Pushed:
    """Push everything that `layout` names; raises RegistryProblem or ImageProblem.

    `mount_from` are repositories of the same registry that may have blobs already. `attachments` are artifacts about
    the image, by media type. Blobs that the layout only names are fetched if the registry can't take them over, with
    what `environment` tells of caches and credentials.
    """
    listed = layout.index().get("manifests") or []
    if len(listed) != 1:
        raise ImageProblem(f"the layout holds {len(listed)} images where one can be pushed")
    documents: list[_Document] = []
    blobs: dict[str, dict[str, Any]] = {}
    _collect(layout, oci_documents.descriptor(listed[0]), documents, blobs)
    top = documents[-1]
    if tags and not attachments and all(registry.digest_of_tag(tag) == top.digest for tag in tags):
        return Pushed(top.digest, 0, 0, 0, len(blobs))

    def transfer(blob: Mapping[str, Any]) -> str:
        digest, size = str(blob["digest"]), int(blob["size"])
        if registry.has_blob(digest):
            return "present"
        if any(registry.mount(digest, source) for source in mount_from):
            return "mounted"
        try:
            with open(readable(layout, blob, environment or {}), "rb") as file:
                registry.upload(digest, size, file)
        except FileNotFoundError as error:
            raise ImageProblem(f"neither the layout nor {registry.repository} has the blob {digest}") from error
        return "uploaded"

    done = _parallel(transfer, list(blobs.values()), jobs)
    for document in documents[:-1]:
        registry.put_manifest(document.digest, document.media_type, document.data)
    for reference in (top.digest, *tags):
        registry.put_manifest(reference, top.media_type, top.data)
    for media_type, data in attachments:
        _attach(registry, top, media_type, data)
    sizes = [int(blob["size"]) for blob, how in zip(blobs.values(), done) if how == "uploaded"]  # noqa: B905
    return Pushed(top.digest, len(sizes), sum(sizes), done.count("mounted"), done.count("present"))


def _collect(
    layout: Layout,
    chosen: Mapping[str, Any],
    documents: list[_Document],
    blobs: dict[str, dict[str, Any]],
    depth: int = 0,
) -> None:
    """Manifests, each after what it names, and all blobs by digest."""
    if depth > 4:
        raise ImageProblem("indexes are nested too deeply")
    document, data = layout.document(chosen)
    if chosen["mediaType"] == INDEX:
        for one in document.get("manifests") or []:
            _collect(layout, oci_documents.descriptor(one), documents, blobs, depth + 1)
    else:
        for blob in [document["config"], *(document.get("layers") or [])]:
            checked = oci_documents.descriptor(blob)
            blobs[checked["digest"]] = checked
    media_type = str(document.get("mediaType") or chosen["mediaType"])
    if all(one.digest != chosen["digest"] for one in documents):
        documents.append(_Document(media_type, str(chosen["digest"]), data))


def _parallel(transfer: Callable[[Mapping[str, Any]], str], blobs: Sequence[Mapping[str, Any]], jobs: int) -> list[str]:
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(transfer, blob) for blob in blobs]
        try:
            return [one.result() for one in running]
        except BaseException:
            for one in running:
                one.cancel()
            raise


def _attach(registry: Registry, subject: _Document, media_type: str, data: bytes) -> None:
    for blob in (EMPTY, data):
        digest = oci_documents.digest_of(blob)
        if not registry.has_blob(digest):
            registry.upload(digest, len(blob), io.BytesIO(blob))
    manifest = {
        "schemaVersion": 2,
        "mediaType": oci_documents.MANIFEST,
        "artifactType": media_type,
        "config": {**oci_documents.descriptor_of(EMPTY_TYPE, EMPTY), "data": "e30="},
        "layers": [oci_documents.descriptor_of(media_type, data)],
        "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": len(subject.data)},
    }
    registry.put_referrer(subject.digest, oci_documents.encode(manifest))


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The command that `oci_push` targets run."""
    parser = argparse.ArgumentParser(prog="oci_push", allow_abbrev=False)
    parser.add_argument("layout")
    parser.add_argument("-r", "--repository", default="", help="where to push: registry.example/team/app")
    parser.add_argument("--repository_file", default="", help="a file that holds it")
    parser.add_argument("-t", "--tag", action="append", default=[], help="a tag for the image; may be repeated")
    parser.add_argument("--tags_file", default="", help="a file of tags, one a line")
    parser.add_argument("--mount", action="append", default=[], help="a repository whose blobs may be taken over")
    parser.add_argument("--attach", nargs=2, action="append", default=[], help="media type and file of an artifact")
    options = parser.parse_args(list(arguments))
    try:
        text = options.repository or "".join(_lines(options.repository_file))
        if not text:
            raise RegistryProblem("it is not said where to push; give `--repository`")
        # `registry.example/app:v1` is how images are named elsewhere.
        plain, tag = _split_tag(text)
        repository = Repository.parse(plain)
        tags = [*options.tag, *_lines(options.tags_file), *([tag] if tag else [])]
        for one in tags:
            check_tag(one)
        sources = [Repository.parse(source) for source in options.mount]
        registry = Registry(repository, find_credential(repository.registry, environment))
        pushed = push(
            Layout(options.layout),
            registry,
            tags=list(dict.fromkeys(tags)),
            mount_from=[source.name for source in sources if source.registry == repository.registry],
            environment=environment,
            attachments=[_attachment(media_type, path) for media_type, path in options.attach],
        )
    except (RegistryProblem, CredentialProblem, ImageProblem, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stderr.write(
        f"{pushed.uploaded} blobs uploaded ({pushed.uploaded_bytes} bytes), {pushed.mounted} mounted, "
        f"{pushed.present} there already\n"
    )
    sys.stdout.write(f"{repository}@{pushed.digest}\n")
    return 0


def _split_tag(text: str) -> tuple[str, str]:
    head, colon, tail = text.strip().rpartition(":")
    return (head, tail) if colon and "/" not in tail and "/" in head else (text.strip(), "")


def _attachment(media_type: str, path: str) -> tuple[str, bytes]:
    with open(path, "rb") as file:
        return media_type, file.read()


def _lines(path: str) -> Iterable[str]:
    if not path:
        return []
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file.read(_MAX_LIST).splitlines() if line.strip()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
