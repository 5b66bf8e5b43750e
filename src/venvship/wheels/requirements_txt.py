"""Reads `requirements.txt` files that pin everything, as `uv pip compile --generate-hashes` writes them.

Such a file names versions and hashes, but neither files nor who needs whom; both come from the index.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.wheels.filename import WheelFilename, normalise_name
from venvship.wheels.lock import (
    Edge,
    Lock,
    LockedPackage,
    LockedSdist,
    LockedWheel,
    MalformedLock,
    RegistrySource,
    Source,
    UrlSource,
    index_by_name,
)
from venvship.wheels.lock_table import file_name_of
from venvship.wheels.markers import Marker, MarkerSyntaxError, parse_marker

_MAX_BYTES: Final = 64 << 20
_HASH: Final = re.compile(r"\s--hash[= ]\s*([a-z0-9]+):([0-9a-f]+)", re.ASCII)
_NAME: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*", re.ASCII)
_PIN: Final = re.compile(r"\(?\s*={2,3}\s*([0-9A-Za-z.!+_-]{1,128})\s*\)?", re.ASCII)
_URL_HASH: Final = re.compile(r"#(?:.*&)?sha256=([0-9a-f]{64})(?:&|$)", re.ASCII)
_OPTION: Final = re.compile(r"\s(--[a-z-]+)", re.ASCII)
_HINT: Final = "make the file again with `uv pip compile --generate-hashes`, or with `uv export --no-emit-local`"
_SETTINGS: Final = ("-i", "--index-url", "--extra-index-url", "--find-links", "-f", "--trusted-host", "--no-binary")
_CONSTRAINTS: Final = ("-c", "--constraint")
_FLAGS: Final = ("--only-binary", "--prefer-binary", "--pre", "--require-hashes", "--no-index", "--use-feature")


@dataclass(frozen=True, slots=True)
class PinnedRequirement:
    """One line: exactly one version, or one address."""

    name: str
    version: str | None
    url: str | None
    extras: tuple[str, ...]
    marker: Marker | None
    sha256s: frozenset[str]
    line: int


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file that an index has for a project, with the hash by which it is accepted."""

    filename: str
    location: str
    sha256: str
    size: int | None = None


def parse_requirements(data: bytes, *, filename: str) -> tuple[PinnedRequirement, ...]:
    """Read a requirements file; `filename` is for messages. Raises MalformedLock."""
    if len(data) > _MAX_BYTES:
        raise MalformedLock(filename, f"it has {len(data)} bytes, more than {_MAX_BYTES}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedLock(filename, f"byte {error.start} is not UTF-8") from None
    found: list[PinnedRequirement] = []
    for number, line in _logical_lines(text):
        try:
            requirement = _requirement(line, number)
        except ValueError as error:
            raise MalformedLock(filename, str(error), line=number, hint=_HINT) from None
        if requirement is not None:
            found.append(requirement)
    return tuple(found)


def option_words(data: bytes) -> tuple[str, ...]:
    """The options of a requirements file, word by word; what is wrong with it `parse_requirements` says."""
    lines = _logical_lines(data[:_MAX_BYTES].decode("utf-8-sig", "replace"))
    return tuple(word for _, line in lines if line.startswith("-") for word in line.split())


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, each with those that continue it."""
    parts: list[str] = []
    start = 1
    for number, line in enumerate(text.splitlines(), 1):
        if not parts:
            start = number
        stripped = re.sub(r"(^|\s)#.*$", "", line).strip()
        if stripped.endswith("\\"):
            parts.append(stripped[:-1].strip())
            continue
        parts.append(stripped)
        joined = " ".join(part for part in parts if part)
        if joined:
            yield start, joined
        parts = []
    if any(parts):
        yield start, " ".join(part for part in parts if part)


def _requirement(line: str, number: int) -> PinnedRequirement | None:
    if line.startswith("-"):
        option = re.split(r"[= ]", line, maxsplit=1)[0]
        if option in _SETTINGS or option in _FLAGS:
            # Where files come from is for those who fetch them.
            return None
        if option in _CONSTRAINTS:
            # What is pinned and has hashes can't be constrained any further.
            return None
        raise ValueError(f"`{option}` is not supported here; write one file that pins everything")
    hashes = {digits for algorithm, digits in _HASH.findall(line) if algorithm == "sha256" and len(digits) == 64}
    text = _HASH.sub("", line).strip()
    more = _OPTION.search(text)
    if more is not None:
        what = "malformed" if more[1] == "--hash" else "not supported for one requirement"
        raise ValueError(f"`{more[1]}` is {what}")
    match = _NAME.match(text)
    if match is None:
        raise ValueError(f"`{text[:80]}` is not a requirement")
    extras = tuple(sorted({normalise_name(extra.strip()) for extra in (match[2] or "").split(",") if extra.strip()}))
    rest = text[match.end() :]
    url: str | None = None
    version: str | None = None
    if rest.startswith("@"):
        address, _, condition = rest[1:].strip().partition(" ;")
        url, _, fragment = address.strip().partition("#")
        if "subdirectory=" in fragment:
            raise ValueError(f"`{match[1]}` is a part of an archive, which is not supported here")
        hashes.update(_URL_HASH.findall(address.strip()))
    else:
        pin, _, condition = rest.partition(";")
        exact = _PIN.fullmatch(pin.strip())
        if exact is None:
            raise ValueError(f"`{match[1]}` is not pinned to one version with `==`")
        version = exact[1]
    try:
        marker = parse_marker(condition.strip()) if condition.strip() else None
    except MarkerSyntaxError as error:
        raise ValueError(f"`{match[1]}` has a {error}") from None
    return PinnedRequirement(normalise_name(match[1]), version, url, extras, marker, frozenset(hashes), number)


class UnhashedRequirement(UserError):
    """A line that does not say by which hash its files are accepted."""

    def __init__(self, filename: str, requirement: PinnedRequirement) -> None:
        super().__init__(
            f"`{requirement.name}` has no SHA-256",
            place=Place(filename, requirement.line),
            hint="make the file again with `uv pip compile --generate-hashes`",
        )


def lock_of(
    requirements: Collection[PinnedRequirement],
    offered: Mapping[str, Iterable[OfferedFile]],
    *,
    filename: str,
    index: str,
) -> Lock:
    """A flat lock of the files that the index offers under the hashes of the requirements."""
    packages: dict[tuple[str, str | None, Source], LockedPackage] = {}
    # One version may stand on several lines, for several markers, with the hashes of other files on each.
    accepted: defaultdict[tuple[str, str | None, str | None], set[str]] = defaultdict(set)
    for requirement in requirements:
        accepted[requirement.name, requirement.version, requirement.url] |= requirement.sha256s
    edges: list[Edge] = []
    for requirement in requirements:
        if not requirement.sha256s:
            raise UnhashedRequirement(filename, requirement)
        source: Source = RegistrySource(index) if requirement.url is None else UrlSource(requirement.url)
        hashes = accepted[requirement.name, requirement.version, requirement.url]
        files = [file for file in offered.get(requirement.name, ()) if file.sha256 in hashes]
        if requirement.url is not None:
            digest = min(requirement.sha256s)
            files = [OfferedFile(file_name_of(requirement.url), requirement.url, digest)]
        version = requirement.version
        package = _package(requirement, version, source, files)
        packages[(package.name, version, source)] = package
        edges.append(Edge(package.name, version, source, requirement.extras, requirement.marker))
    found = tuple(packages.values())
    return Lock(
        filename=filename,
        requires_python="",
        supported_markers=(),
        members=(),
        requirements=tuple(edges),
        groups={},
        build_constraints=(),
        conflicts=(),
        packages=found,
        by_name=index_by_name(found),
        flat=True,
    )


def _package(
    requirement: PinnedRequirement, version: str | None, source: Source, files: Iterable[OfferedFile]
) -> LockedPackage:
    wheels: list[LockedWheel] = []
    sdist: LockedSdist | None = None
    for file in files:
        url, path = (file.location, None) if "://" in file.location else (None, file.location)
        if file.filename.endswith(".whl"):
            try:
                name = WheelFilename.parse(file.filename)
            except ValueError:
                continue  # an index may offer files that no installer takes
            wheels.append(LockedWheel(name, url, path, file.sha256, file.size))
        elif file.filename.endswith((".tar.gz", ".zip")):
            sdist = sdist or LockedSdist(file.filename, url, path, file.sha256, file.size)
    return LockedPackage(requirement.name, version, source, wheels=tuple(wheels), sdist=sdist)
