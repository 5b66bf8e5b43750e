"""Unpacks one wheel into a directory of its own, verified against its RECORD.

The output looks like the part of a virtual environment that belongs to the wheel:

    lib/pythonX.Y/site-packages/...       pure and platform files
    include/site/pythonX.Y/<name>/...     headers
    data-scripts/<name>                   scripts as the wheel has them; whoever plans a venv makes launchers for them
    <path>                                what the wheel wants below the prefix

Nothing in it depends on where the output lies, on the umask, or on the clock: files are 0444, or 0555 when the wheel
marks them executable.

The request is an object with `wheel` and `output` (paths; the output is absent or an empty directory),
`python_version` (`3.12`, or `3.13t` for free-threaded builds) and, when wanted, `exclude_globs` (patterns of paths as
RECORD spells them; `*` stays in one directory, `**` does not), `replaced` (an object with the new content, as base64,
of files by their paths; patches come as that) and `compiled_later` (true or false): then no file may be in the way of
the bytecode of this version of Python, and what the wheel has of it for its own modules is left out.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import csv
import hashlib
import importlib
import io
import json
import os
import posixpath
import re
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from venvship.archives.zip_directory import (
    STORED,
    BadZip,
    ZipMember,
    content_start,
    path_clashes,
    problems_of,
    read_directory,
    shown_path,
)

INSTALLER = b"venvship\n"


def _deflate() -> Any:
    """`isal`, which is twice as fast, where this interpreter can load it; the content is the same."""
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return zlib


_MAX_RECORD = 256 << 20
_CHUNK = 1 << 20  # what is larger is memory that the kernel gives and clears anew each time
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_ALGORITHMS = ("sha256", "sha384", "sha512")
_SEPARATORS = re.compile(r"[-_.]+")
_PYTHON_VERSION = re.compile(r"3\.(\d{1,3})(t?)", re.ASCII)
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SITE_SCHEMES = ("purelib", "platlib")

_DEFLATE = _deflate()
_DAMAGED = (zlib.error, _DEFLATE.error)


class WheelRefused(Exception):
    """A wheel that is broken or would write where it must not, with everything that is wrong with it."""

    user_error = True

    def __init__(self, wheel: str, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        lines = [f"  {problem}" for problem in self.problems[:50]]
        if len(self.problems) > 50:
            lines.append(f"  and {len(self.problems) - 50} more")
        super().__init__("the wheel `" + os.path.basename(wheel) + "` is refused:\n" + "\n".join(lines))


class BadRequest(Exception):
    """A request that cannot be understood or cannot be carried out by this interpreter."""


class Request(NamedTuple):
    wheel: str
    output: str
    python_version: str
    compiled_later: bool
    exclude_globs: tuple[str, ...]
    replaced: Mapping[str, bytes]

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Request:
        known = {"wheel", "output", "python_version", "compiled_later", "exclude_globs", "replaced"}
        unknown = sorted(values.keys() - known)
        if unknown:
            raise BadRequest(f"unknown keys in the request: {', '.join(unknown)}")
        texts = [values.get(key) for key in ("wheel", "output", "python_version")]
        globs = values.get("exclude_globs", [])
        replaced = values.get("replaced", {})
        if (
            not all(isinstance(text, str) and text for text in texts)
            or not isinstance(globs, (list, tuple))
            or not isinstance(replaced, Mapping)
        ):
            raise BadRequest("the request needs `wheel`, `output` and `python_version`")
        wheel, output, python_version = (str(text) for text in texts)
        if _PYTHON_VERSION.fullmatch(python_version) is None:
            raise BadRequest(f"`{python_version}` is not a version of Python 3")
        return cls(
            wheel,
            output,
            python_version,
            bool(values.get("compiled_later", False)),
            tuple(str(pattern) for pattern in globs),
            {str(path): base64.b64decode(str(content), validate=True) for path, content in replaced.items()},
        )

    @property
    def site_packages(self) -> str:
        return f"lib/python{self.python_version}/site-packages"

    @property
    def site_packages_path(self) -> str:
        return f"{self.output}/{self.site_packages}"


class Row(NamedTuple):
    """One line of RECORD; `algorithm` is empty when there is no hash."""

    path: str
    algorithm: str = ""
    digest: str = ""
    size: str = ""


class _Output:
    """Writes files below a directory and remembers what they are; `descriptor` is that of the directory, open.

    Paths are looked up from there: those of an output are long, and the kernel would walk all of them each time.
    """

    def __init__(self, root: str, descriptor: int) -> None:
        self.root = root
        self._descriptor = descriptor
        self.entries: list[tuple[str, str, int, bool]] = []
        self._directories: set[str] = set()
        self._clipped: dict[int, bool] = {}

    def write(self, path: str, pieces: Iterable[bytes], executable: bool = False) -> bytes:
        """Write a new file and return its SHA-256, of what was written."""
        directory = path.rpartition("/")[0]
        if directory not in self._directories:
            self._make_directory(directory)
        mode = 0o555 if executable else 0o444
        sha256 = hashlib.sha256()
        size = 0
        descriptor = os.open(path, _NEW_FILE, mode, dir_fd=self._descriptor)
        try:
            # Whether the umask takes bits away is seen at the first file of each mode: to ask for it is to change it.
            if self._clipped.get(mode, True):
                self._clipped[mode] = stat.S_IMODE(os.fstat(descriptor).st_mode) != mode
                if self._clipped[mode]:
                    os.fchmod(descriptor, mode)
            for piece in pieces:
                sha256.update(piece)
                size += len(piece)
                written = os.write(descriptor, piece)
                while written < len(piece):
                    written += os.write(descriptor, memoryview(piece)[written:])
        finally:
            os.close(descriptor)
        digest = sha256.digest()
        self.entries.append((path, digest.hex(), size, executable))
        return digest

    def _make_directory(self, path: str) -> None:
        missing = []
        while path and path not in self._directories:
            self._directories.add(path)
            missing.append(path)
            path = path.rpartition("/")[0]
        for directory in reversed(missing):
            os.mkdir(directory, dir_fd=self._descriptor)
        self._directories.add("")

    def seal(self) -> None:
        """Make directories read-only."""
        with _opened(self.root) as descriptor:
            for directory in self._directories:
                if directory:
                    os.chmod(directory, 0o555, dir_fd=descriptor)


@contextlib.contextmanager
def _opened(directory: str) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | getattr(os, "O_CLOEXEC", 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def install(request: Mapping[str, object]) -> dict[str, object]:
    """Carry out a request; raises WheelRefused or BadRequest, after which the output must be thrown away.

    The result has `entries`, a sorted list of [path, sha256, size, executable].
    """
    installed = install_wheel(Request.parse(request))
    return {"entries": [list(entry) for entry in sorted(installed.output.entries)]}


def run(request: Mapping[str, object]) -> dict[str, object]:
    """Install as an action: directories get read-only, and the result tells all, so that nobody reads it again."""
    return install_wheel(Request.parse(request)).sealed()


def install_wheel(request: Request) -> Installed:
    if os.path.isdir(request.output) and os.listdir(request.output):
        raise BadRequest(f"`{request.output}` is not empty")
    os.makedirs(request.output, exist_ok=True)
    try:
        with open(request.wheel, "rb") as file, _opened(request.output) as output:
            return _Installation(request, file.fileno(), _Output(request.output, output)).run()
    except (BadZip, *_DAMAGED) as error:
        raise WheelRefused(request.wheel, [f"it is not a readable zip archive: {error}"]) from None


class Installed(NamedTuple):
    """A wheel that was unpacked: what was written, and the files that its directory lists."""

    output: _Output
    members: Mapping[str, ZipMember]

    def sealed(self) -> dict[str, object]:
        """Make directories read-only, and answer what an action answers."""
        self.output.seal()
        rows = [
            (path, "x" if executable else "f", sha256, size)
            for path, sha256, size, executable in sorted(self.output.entries)
        ]
        return {"sealed": {self.output.root: json.dumps(rows, separators=(",", ":"))}}


class _Installation:
    def __init__(self, request: Request, archive: int, output: _Output) -> None:
        """`archive` is the descriptor of the wheel, open."""
        self._request = request
        self._archive = archive
        self._size = os.fstat(archive).st_size
        self._output = output
        if not self._size:
            raise BadZip("it is empty")
        members = read_directory(self._read_at, self._size)
        self._refuse(problems_of(members, self._size))
        self._members = {member.path: member for member in members if not member.is_directory}
        self._dist_info = self._find_dist_info()

    def run(self) -> Installed:
        rows = {row.path: row for row in self._record()}
        self._check_names(rows)
        excluded = Matcher(self._request.exclude_globs)
        ours = {f"{self._dist_info}/RECORD", f"{self._dist_info}/INSTALLER"}
        kept = [path for path in self._members if path not in ours and not excluded(path)]
        self._refuse(
            f"`{shown_path(path)}` has new content and is not in the wheel"
            for path in sorted(self._request.replaced.keys() - kept)
        )
        targets = self._targets(kept)
        bytecode = self._bytecode(targets) if self._request.compiled_later else frozenset()
        others = self._others(bytecode).difference(targets.values())
        self._refuse(path_clashes([*targets.values(), *others]))

        problems: list[str] = []
        shipped = sorted((path for path in kept if targets[path] not in bytecode), key=lambda path: targets[path])
        for path in shipped:
            self._unpack(path, targets[path], rows.get(path), problems)
            if path in self._request.replaced and not problems:
                content = self._replace(path, targets[path])
                rows[path] = Row(path, "sha256", _record_digest(content), str(len(content)))
        self._refuse(problems)

        site = self._request.site_packages
        self._output.write(f"{site}/{self._dist_info}/INSTALLER", [INSTALLER])
        self._output.write(f"{site}/{self._dist_info}/RECORD", [self._new_record(rows, shipped, targets)])
        return Installed(self._output, self._members)

    def _refuse(self, problems: Iterable[str]) -> None:
        found = list(problems)
        if found:
            raise WheelRefused(self._request.wheel, found)

    def _find_dist_info(self) -> str:
        tops = {path.partition("/")[0] for path in self._members if "/" in path}
        found = sorted(top for top in tops if top.endswith(".dist-info"))
        if len(found) != 1 or f"{found[0]}/RECORD" not in self._members:
            self._refuse(["it does not have exactly one `.dist-info` directory with a RECORD"])
        return found[0]

    def _record(self) -> Iterator[Row]:
        path = f"{self._dist_info}/RECORD"
        member = self._members[path]
        if member.size > _MAX_RECORD:
            self._refuse([f"its RECORD has {member.size} bytes"])
        data = b"".join(self._inflated(member))
        if zlib.crc32(data) != member.crc:
            self._refuse(["its RECORD is damaged"])
        try:
            lines = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            self._refuse([f"its RECORD is not readable: {error}"])
        problems = []
        for number, fields in enumerate(lines, 1):
            if fields and (len(fields) != 3 or not fields[0]):
                problems.append(f"line {number} of its RECORD does not have three fields")
            elif fields:
                algorithm, _, digest = fields[1].partition("=")
                yield Row(fields[0], algorithm, digest, fields[2])
        self._refuse(problems)

    def _check_names(self, rows: Mapping[str, Row]) -> None:
        record = f"{self._dist_info}/RECORD"
        without_hash = {record, f"{record}.jws", f"{record}.p7s"}
        problems = [
            f"`{shown_path(path)}` is not listed in RECORD"
            for path in sorted(self._members.keys() - rows.keys() - without_hash)
        ]
        problems += [
            f"`{shown_path(path)}` is listed in RECORD and missing"
            for path in sorted(rows.keys() - self._members.keys() - without_hash)
        ]
        others = [path for path, row in rows.items() if row.algorithm != "sha256" and path not in without_hash]
        for path in sorted(others):
            algorithm = rows[path].algorithm
            if not algorithm:
                problems.append(f"`{shown_path(path)}` has no hash in RECORD")
            elif algorithm not in _ALGORITHMS:
                problems.append(f"`{shown_path(path)}` has a hash of the kind `{algorithm}`, which is not trusted")
        self._refuse(problems)

    def _targets(self, paths: Iterable[str]) -> dict[str, str]:
        """Where each member goes, relative to the output."""
        targets: dict[str, str] = {}
        problems: list[str] = []
        for path in paths:
            target = self._target(path)
            if target is None:
                problems.append(f"`{shown_path(path)}` is in no known scheme of its `.data` directory")
            else:
                targets[path] = target
        self._refuse(problems)
        return targets

    def _others(self, bytecode: frozenset[str]) -> set[str]:
        """What will lie beside the files of the wheel."""
        dist_info = f"{self._request.site_packages}/{self._dist_info}"
        return {*bytecode, f"{dist_info}/INSTALLER", f"{dist_info}/RECORD"}

    def _read_at(self, offset: int, length: int) -> bytes:
        # A mapping costs more: the kernel looks at each page of it, and takes it apart at the end.
        return os.pread(self._archive, length, offset)

    def _target(self, path: str) -> str | None:
        request = self._request
        top, _, below = path.partition("/")
        if not (top.endswith(".data") and below):
            return f"{request.site_packages}/{path}"
        scheme, _, rest = below.partition("/")
        if not rest:
            return None
        if scheme in _SITE_SCHEMES:
            return f"{request.site_packages}/{rest}"
        if scheme == "scripts":
            return None if "/" in rest else f"data-scripts/{rest}"
        if scheme == "headers":
            distribution = self._dist_info[: -len(".dist-info")].partition("-")[0]
            name = _SEPARATORS.sub("-", distribution).lower()
            return f"include/site/python{request.python_version}/{name}/{rest}"
        return rest if scheme == "data" else None

    def _unpack(self, path: str, target: str, row: Row | None, problems: list[str]) -> None:
        """Write one member."""
        member = self._members[path]
        executable = member.executable or target.startswith("data-scripts/")
        other = hashlib.new(row.algorithm) if row is not None and row.algorithm not in ("", "sha256") else None
        try:
            pieces = self._inflated(member) if other is None else _hashed(self._inflated(member), other)
            found = self._output.write(target, pieces, executable)
        except (*_DAMAGED, BadZip) as error:
            problems.append(f"`{shown_path(path)}` is damaged: {error}")
            return
        if row is not None and row.algorithm:
            size = self._output.entries[-1][2]
            if _encoded(found if other is None else other.digest()) != row.digest.rstrip("="):
                problems.append(f"`{shown_path(path)}` does not have the hash that RECORD lists")
            elif row.size and row.size != str(size):
                problems.append(f"`{shown_path(path)}` has {size} bytes, RECORD lists {shown_path(row.size)}")

    def _replace(self, path: str, target: str) -> bytes:
        """Write the new content of a member whose own content has been found to be right."""
        content = self._request.replaced[path]
        _, _, _, executable = self._output.entries.pop()
        os.unlink(f"{self._output.root}/{target}")
        self._output.write(target, [content], executable)
        return content

    def _inflated(self, member: ZipMember) -> Iterable[bytes]:
        """The content of a member in pieces, never more than it declares."""
        start = content_start(member, self._read_at)
        end = start + member.stored_size
        if end > self._size:
            raise BadZip("it is cut off")
        if member.method == STORED:
            return (self._read_at(at, min(_CHUNK, end - at)) for at in range(start, end, _CHUNK))
        if member.size > _CHUNK or member.stored_size > _CHUNK:
            return self._inflated_in_pieces(member.size, start, end)
        inflater = _DEFLATE.decompressobj(-zlib.MAX_WBITS)
        piece = inflater.decompress(self._read_at(start, member.stored_size), member.size + 1)
        if len(piece) > member.size:
            raise BadZip("it is larger than it declares")
        if len(piece) < member.size or inflater.unused_data or not inflater.eof:
            raise BadZip("its size is not what it declares")
        return (piece,)

    def _inflated_in_pieces(self, size: int, start: int, end: int) -> Iterator[bytes]:
        inflater = _DEFLATE.decompressobj(-zlib.MAX_WBITS)
        rest = size
        for position in range(start, end, _CHUNK):
            data = self._read_at(position, min(_CHUNK, end - position))
            while data and not inflater.eof:
                piece = inflater.decompress(data, min(rest + 1, _CHUNK))
                data = inflater.unconsumed_tail
                rest -= len(piece)
                if rest < 0:
                    raise BadZip("it is larger than it declares")
                if piece:
                    yield piece
        while not inflater.eof:
            # What is left is inside the inflater; it ends when nothing more comes out.
            piece = inflater.decompress(b"", min(rest + 1, _CHUNK))
            rest -= len(piece)
            if not piece or rest < 0:
                raise BadZip("its size is not what it declares")
            yield piece
        if rest or inflater.unused_data:
            raise BadZip("its size is not what it declares")

    def _new_record(self, rows: Mapping[str, Row], paths: Iterable[str], targets: Mapping[str, str]) -> bytes:
        """RECORD with the places to which files went.

        Scripts are listed where a venv has them, without a hash, because their first line is the venv's own.
        """
        site = self._request.site_packages
        unlisted = Row("")
        lines = []
        for path in paths:
            target = targets[path]
            if target.startswith("data-scripts/"):
                lines.append((f"../../../bin/{target.partition('/')[2]}", "", ""))
                continue
            _, algorithm, digest, size = rows.get(path, unlisted)
            lines.append((_below(target, site), f"{algorithm}={digest}" if algorithm else "", size))
        lines.append((f"{self._dist_info}/INSTALLER", f"sha256={_record_digest(INSTALLER)}", str(len(INSTALLER))))
        lines.append((f"{self._dist_info}/RECORD", "", ""))
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(sorted(lines))
        return text.getvalue().encode()

    def _bytecode(self, targets: Mapping[str, str]) -> frozenset[str]:
        """Where the bytecode of the modules in site-packages will be."""
        site = self._request.site_packages + "/"
        tag = f"cpython-{self._request.python_version.rstrip('t').replace('.', '')}"
        found = set()
        for target in targets.values():
            if target.endswith(".py") and target.startswith(site):
                directory, _, name = target.rpartition("/")
                found.add(f"{directory}/__pycache__/{name[:-3]}.{tag}.pyc")
        return frozenset(found)


def _below(path: str, directory: str) -> str:
    """`path` relative to a directory, inside of which most paths are."""
    return path[len(directory) + 1 :] if path.startswith(f"{directory}/") else posixpath.relpath(path, directory)


def _record_digest(content: bytes) -> str:
    return _encoded(hashlib.sha256(content).digest())


def _encoded(digest: bytes) -> str:
    """A digest as RECORD has it."""
    return binascii.b2a_base64(digest, newline=False).translate(_URL_SAFE, b"=").decode()


def _hashed(pieces: Iterable[bytes], hasher: Any) -> Iterator[bytes]:
    for piece in pieces:
        hasher.update(piece)
        yield piece


class Matcher:
    """Whether a path is meant by one of several patterns."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._pattern = re.compile("|".join(_pattern(glob) for glob in patterns) or r"(?!)", re.DOTALL)

    def __call__(self, path: str) -> bool:
        return self._pattern.fullmatch(path) is not None


def _pattern(glob: str) -> str:
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "(?:" + "".join(meanings.get(token, re.escape(token)) for token in tokens) + ")"
