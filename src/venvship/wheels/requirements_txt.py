"""Reads `requirements.txt` files that pin everything, as `uv pip compile --generate-hashes` writes them.

Such a file names versions and hashes, but neither files nor who needs whom; both come from the index.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from packaging.version import InvalidVersion, Version

from venvship.dataclass import dataclass
from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.wheels.filename import WheelFilename, normalise_name
from venvship.wheels.formats import ANY_FORMAT, Formats
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

MAX_BYTES: Final = 64 << 20
_HASH: Final = re.compile(r"\s--hash[= ]\s*([a-z0-9]+):([0-9a-f]+)", re.ASCII)
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_NAME: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*", re.ASCII)
_PIN: Final = re.compile(r"\(?\s*={2,3}\s*([0-9A-Za-z.!+_-]{1,128})\s*\)?", re.ASCII)
_URL_HASH: Final = re.compile(r"#(?:.*&)?sha256=([0-9a-f]{64})(?:&|$)", re.ASCII)
_OPTION: Final = re.compile(r"\s(--[a-z-]+)", re.ASCII)
_HINT: Final = "make the file again with `uv pip compile --generate-hashes`, or with `uv export --no-emit-local`"
_INCLUDED: Final = ("-r", "--requirement")
# Where files come from is for those who fetch them, and what is pinned can't be constrained any further.
_NOT_HERE: Final = frozenset(
    {
        *("-i", "--index-url", "--extra-index-url", "--find-links", "-f", "--trusted-host", "-c", "--constraint"),
        *("--prefer-binary", "--pre", "--require-hashes", "--no-index", "--use-feature"),
    }
)


@dataclass(frozen=True, slots=True)
class PinnedRequirement:
    """One line: exactly one version, or one address."""

    name: str
    version: str | None
    url: str | None
    extras: tuple[str, ...]
    marker: Marker | None
    sha256s: frozenset[str]
    place: Place


@dataclass(frozen=True, slots=True)
class Included:
    """Another file whose requirements count too; `path` begins at the file that names it."""

    path: str
    place: Place


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """What a file says."""

    requirements: tuple[PinnedRequirement, ...]
    formats: Formats = ANY_FORMAT


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file that an index has for a project, with the hash by which it is accepted."""

    filename: str
    location: str
    sha256: str
    size: int | None = None


def parse_requirements(data: bytes, *, filename: str, formats: Formats = ANY_FORMAT) -> RequirementsFile:
    """Read a requirements file; `filename` is for messages. Raises MalformedLock.

    `formats` is what options of files before this one have said.
    """
    if len(data) > MAX_BYTES:
        raise MalformedLock(filename, f"it has {len(data)} bytes, more than {MAX_BYTES}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedLock(filename, f"byte {error.start} is not UTF-8") from None
    found: list[PinnedRequirement] = []
    problems: list[VenvshipError] = []
    for number, line in _logical_lines(text):
        place = Place(filename, number)
        try:
            if not line.startswith("-"):
                found.append(_requirement(line, place))
                continue
            option, value = _option(line)
            formats = _with_option(formats, option, value, filename)
        except ValueError as error:
            problems.append(MalformedLock(filename, str(error), line=number, hint=_HINT))
    if problems:
        raise problems[0] if len(problems) == 1 else SeveralErrors(problems)
    return RequirementsFile(tuple(found), formats)


def option_words(data: bytes) -> tuple[str, ...]:
    """The options of a requirements file, word by word; what is wrong with it `parse_requirements` says."""
    lines = _logical_lines(data[:MAX_BYTES].decode("utf-8-sig", "replace"))
    return tuple(word for _, line in lines if line.startswith("-") for word in line.split())


def included_files(data: bytes, *, filename: str) -> tuple[Included, ...]:
    """The files that a file includes; what is wrong with it `parse_requirements` says."""
    found = []
    for number, line in _logical_lines(data[:MAX_BYTES].decode("utf-8-sig", "replace")):
        option, value = _option(line) if line.startswith("-") else ("", "")
        if option in _INCLUDED and _is_path(value):
            found.append(Included(value, Place(filename, number)))
    return tuple(found)


def _is_path(value: str) -> bool:
    return bool(value) and "\0" not in value and "://" not in value and not value.startswith("file:")


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


def _option(line: str) -> tuple[str, str]:
    """An option of a line of its own, and its value: `--name=value`, `--name value`, `-n value` or `-nvalue`."""
    option, _, value = line.replace("=", " ", 1).partition(" ") if line.startswith("--") else line.partition(" ")
    if not line.startswith("--") and len(option) > 2:
        option, value = line[:2], line[2:].removeprefix("=")
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return option, value[1:-1] if quoted else value


def _with_option(formats: Formats, option: str, value: str, filename: str) -> Formats:
    if option == "--no-binary":
        return replace(formats.with_no_binary(value), said_by=f"`{filename}`")
    if option == "--only-binary":
        return replace(formats.with_only_binary(value), said_by=f"`{filename}`")
    if option in _INCLUDED and not _is_path(value):
        raise ValueError(f"`{option} {value}` is not supported here: only files that are there are included")
    if option not in _NOT_HERE and option not in _INCLUDED:
        raise ValueError(f"`{option}` is not supported here; write files that pin everything")
    return formats


def _requirement(line: str, place: Place) -> PinnedRequirement:
    hashes = {digits for algorithm, digits in _HASH.findall(line) if algorithm == "sha256" and len(digits) == 64}
    text = _HASH.sub("", line).strip()
    more = _OPTION.search(text)
    if more is not None:
        what = "malformed" if more[1] == "--hash" else "not supported for one requirement"
        raise ValueError(f"`{more[1]}` is {what}")
    if _ADDRESS.match(text):
        raise ValueError("an address has no name; write `NAME @ ADDRESS`")
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
        if url.startswith("git+"):
            raise ValueError(f"`{match[1]}` is from git, which only a `uv.lock` pins")
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
    return PinnedRequirement(normalise_name(match[1]), version, url, extras, marker, frozenset(hashes), place)


class UnhashedRequirement(UserError):
    """A line that does not say by which hash its files are accepted."""

    def __init__(self, requirement: PinnedRequirement) -> None:
        super().__init__(
            f"`{requirement.name}` has no SHA-256",
            place=requirement.place,
            hint="make the file again with `uv pip compile --generate-hashes`",
        )


class HashesOfAnotherVersion(UserError):
    """A line whose hashes are those of a file of another version than it names."""

    def __init__(self, requirement: PinnedRequirement, filename: str) -> None:
        super().__init__(
            f"`{requirement.name}` is pinned to {requirement.version}, and its hashes to `{filename}`",
            place=requirement.place,
            hint="make the file again, for example with `venvship lock`, or take back what was edited",
        )


def lock_of(
    requirements: Collection[PinnedRequirement],
    offered: Mapping[str, Iterable[OfferedFile]],
    *,
    filename: str,
    index: str,
    formats: Formats = ANY_FORMAT,
    expand: Callable[[str], str] = str,
) -> Lock:
    """A flat lock of the files that the index offers under the hashes of the requirements.

    `expand` puts values of the environment into the addresses of files.
    """
    unhashed = [UnhashedRequirement(requirement) for requirement in requirements if not requirement.sha256s]
    if unhashed:
        raise unhashed[0] if len(unhashed) == 1 else SeveralErrors(unhashed)
    packages: dict[tuple[str, str | None, Source], LockedPackage] = {}
    # One version may stand on several lines, for several markers, with the hashes of other files on each.
    accepted: defaultdict[tuple[str, str | None, str | None], set[str]] = defaultdict(set)
    for requirement in requirements:
        accepted[requirement.name, requirement.version, requirement.url] |= requirement.sha256s
    edges: list[Edge] = []
    others: list[HashesOfAnotherVersion] = []
    for requirement in requirements:
        source: Source = RegistrySource(index) if requirement.url is None else UrlSource(requirement.url)
        hashes = accepted[requirement.name, requirement.version, requirement.url]
        files = [file for file in offered.get(requirement.name, ()) if file.sha256 in hashes]
        if requirement.url is not None:
            digest = min(requirement.sha256s)
            files = [OfferedFile(file_name_of(requirement.url), expand(requirement.url), digest)]
        version = requirement.version
        package = _package(requirement, version, source, files)
        if requirement.url is None:
            wrong = [wheel for wheel in package.wheels if not _is_version(wheel.filename.version, version or "")]
            others += [HashesOfAnotherVersion(requirement, wheel.filename.text) for wheel in wrong[:1]]
        packages[(package.name, version, source)] = package
        edges.append(Edge(package.name, version, source, requirement.extras, requirement.marker))
    if others:
        raise others[0] if len(others) == 1 else SeveralErrors(others)
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
        formats=formats,
    )


def _is_version(found: str, pinned: str) -> bool:
    """Whether a pin is for a version of a file; one without a local part is for those with one as well."""
    if found == pinned:
        return True
    try:
        wanted, version = Version(pinned), Version(found)
    except InvalidVersion:
        return True  # of before versions had a form: the hash alone tells
    return wanted in (version, Version(version.public))


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
