"""A base for images without a shell: what an interpreter and its wheels need of this machine, and nothing else.

The loader's own search is repeated: DT_NEEDED names of every ELF file, looked up in the directories of
`/etc/ld.so.conf` and the built-in ones, until nothing new turns up. Beside the libraries an image needs a few small
files: users, name service, certificates, UTC. Machines with the same packages give the same bytes.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from venvship.archives.elf import MAGIC, ElfFacts, MalformedElf, read_elf
from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem
from venvship.images.root_system import DIRECTORIES, RootDirectory, system_texts
from venvship.model.paths import TreePath, parent, relative_link

_ALWAYS = (
    # Loaded by name at run time, or needed by nearly every wheel with compiled code.
    "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libresolv.so.2",
    "libnss_files.so.2", "libnss_dns.so.2", "libgcc_s.so.1", "libstdc++.so.6",
)  # fmt: skip

# Brings half of a desktop along; whoever wants it can name the libraries.
_NOT_FOLLOWED = re.compile(r"_tkinter\.|_turtle\.")

_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
_CERTIFICATES_IN_IMAGE = TreePath("etc/ssl/certs/ca-certificates.crt")
_OPENSSL_DIRECTORY = re.compile(rb'OPENSSLDIR: "(/[^"\0]{1,200})"')


@dataclass(frozen=True, slots=True)
class BaseFile:
    path: TreePath
    source: Path
    executable: bool = False


@dataclass(frozen=True, slots=True)
class BaseText:
    path: TreePath
    text: str


@dataclass(frozen=True, slots=True)
class BaseLink:
    path: TreePath
    text: str


BaseEntry: TypeAlias = BaseFile | BaseText | BaseLink


@dataclass(frozen=True, slots=True)
class RuntimeBase:
    """The lowest layer of an image: files and links of a tree, and directories that a tree can't describe.

    `missing` are names that nothing on this machine provides, with the file that needs them; extension modules that
    nobody imports do no harm.
    """

    entries: tuple[BaseEntry, ...]
    directories: tuple[RootDirectory, ...] = DIRECTORIES
    missing: tuple[tuple[str, str], ...] = ()


class FileReader:
    """Reads an open file at any offset."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read_at(self, offset: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, offset)


def elf_facts(path: Path) -> ElfFacts | None:
    """The facts of an ELF file, reading little of it; None for every other file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
            return None
        return read_elf(FileReader(descriptor))
    except MalformedElf:
        # Wheels carry test data of this kind.
        return None
    finally:
        os.close(descriptor)


def loader_directories(configuration: Path = Path("/etc/ld.so.conf")) -> tuple[Path, ...]:
    """Where the loader looks for a library without a path, first to last, each real directory once."""
    names = [*_configured(configuration, set()), *builtin_directories()]
    return tuple(path for path in dict.fromkeys(Path(os.path.realpath(name)) for name in names) if path.is_dir())


def builtin_directories() -> tuple[str, ...]:
    """Where the loader looks without a cache and without configuration, as in an image."""
    triple = f"{os.uname().machine}-linux-gnu"
    return (f"/lib/{triple}", f"/usr/lib/{triple}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")


def _configured(configuration: Path, seen: set[Path]) -> Iterator[str]:
    if configuration in seen or len(seen) > 100:
        return
    seen.add(configuration)
    try:
        lines = configuration.read_text(errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        words = line.partition("#")[0].split()
        if not words:
            continue
        if words[0] == "include":
            for pattern in words[1:]:
                for name in sorted(glob.glob(os.path.join(configuration.parent, pattern))):
                    yield from _configured(Path(name), seen)
        elif words[0].startswith("/"):
            yield words[0].partition("=")[0]


def runtime_base(trees: Iterable[Path]) -> RuntimeBase:
    """The base for programs in `trees` (interpreters, unpacked wheels); what those provide themselves is left out."""
    found = _Closure(loader_directories())
    programs: list[tuple[Path, ElfFacts]] = []
    provided: set[str] = set()
    for tree in trees:
        for path in _regular_files(tree):
            facts = elf_facts(path)
            if facts is not None:
                programs.append((path, facts))
                provided.update({path.name, facts.soname or path.name})
    machine = next((facts.machine for _, facts in programs if facts.interpreter), os.uname().machine)
    for name in _ALWAYS:
        found.want(name, needed_by="", machine=machine, optional=True)
    for path, facts in programs:
        if not _NOT_FOLLOWED.search(path.name) and facts.machine == machine:
            found.follow(facts, path.name, provided)
    entries = [*found.entries(), *_certificates(found.sources()), *_time_zone(), *_system_name()]
    entries += [BaseText(path, text) for path, text in system_texts().items()]
    unique = {entry.path: entry for entry in entries}
    return RuntimeBase(tuple(unique[path] for path in sorted(unique)), missing=tuple(sorted(found.missing)))


def _regular_files(tree: Path) -> Iterator[Path]:
    if tree.is_file():
        yield tree
        return
    for directory, names, files in os.walk(tree):
        names.sort()
        for name in sorted(files):
            path = Path(directory, name)
            if not path.is_symlink() and path.is_file() and (".so" in name or os.access(path, os.X_OK)):
                yield path


class _Closure:
    """Libraries found so far, and the files and links of an image that hold them."""

    def __init__(self, directories: tuple[Path, ...]) -> None:
        self._directories = directories
        self._builtin = {os.path.realpath(name) for name in builtin_directories()}
        self._home = next((path for path in directories if (path / "libc.so.6").exists()), directories[0])
        self._entries: dict[TreePath, BaseEntry] = {}
        self._known: set[str] = set()
        self.missing: set[tuple[str, str]] = set()

    def entries(self) -> list[BaseEntry]:
        return list(self._entries.values())

    def sources(self) -> list[Path]:
        return [entry.source for entry in self._entries.values() if isinstance(entry, BaseFile)]

    def follow(self, facts: ElfFacts, name: str, provided: frozenset[str] | set[str] = frozenset()) -> None:
        """Want all that `facts` names; an explicit stack, because libraries form long chains."""
        pending = [(facts, name)]
        while pending:
            facts, name = pending.pop()
            if facts.interpreter:
                self._loader(facts.interpreter, name)
            for needed in facts.needed:
                if needed not in provided and "/" not in needed:
                    pending += self._take(needed, name, facts.machine, optional=False)

    def want(self, library: str, *, needed_by: str, machine: str, optional: bool = False) -> None:
        for facts, name in self._take(library, needed_by, machine, optional=optional):
            self.follow(facts, name)

    def _take(self, library: str, needed_by: str, machine: str, *, optional: bool) -> list[tuple[ElfFacts, str]]:
        if library in self._known:
            return []
        for directory in self._directories:
            path = directory / library
            facts = elf_facts(path) if path.is_file() else None
            if facts is not None and facts.machine == machine:
                self._known.add(library)
                if str(directory) in self._builtin:
                    self._place(path)
                else:
                    # An image has no loader configuration: the library moves to where it is found without.
                    here = TreePath(str(self._home / library).lstrip("/"))
                    self._entries[here] = BaseFile(here, Path(os.path.realpath(path)))
                return [(facts, library)]
        if not optional:
            self.missing.add((library, needed_by))
        return []

    def _loader(self, interpreter: str, needed_by: str) -> None:
        path = Path(interpreter)
        if interpreter in self._known or not path.is_absolute():
            return
        if not path.is_file():
            self.missing.add((interpreter, needed_by))
            return
        self._known.add(interpreter)
        # `/lib64` is a link on systems with a merged /usr; programs name the loader through it.
        top = Path("/", path.parts[1])
        if top.is_symlink():
            text = os.readlink(top).lstrip("/")
            self._entries[TreePath(top.name)] = BaseLink(TreePath(top.name), text)
        self._place(Path(os.path.realpath(path.parent)) / path.name, executable=True)

    def _place(self, path: Path, *, executable: bool = False) -> None:
        """Put a library where it is on this machine, with the links that lead to it, as links."""
        for _ in range(16):
            here = TreePath(str(path).lstrip("/"))
            if not path.is_symlink():
                self._entries[here] = BaseFile(here, path, executable or os.access(path, os.X_OK))
                return
            text = os.readlink(path)
            target = Path(os.path.realpath(os.path.join(path.parent, os.path.dirname(text)))) / os.path.basename(text)
            self._entries[here] = BaseLink(here, relative_link(here, str(target).lstrip("/")))
            path = target
        raise EnvironmentProblem(f"`{path}` is a link in a circle")


def _certificates(libraries: Iterable[Path]) -> list[BaseEntry]:
    source = next((Path(path) for path in _CERTIFICATES if os.path.isfile(path)), None)
    if source is None:
        return []
    entries: list[BaseEntry] = [BaseFile(_CERTIFICATES_IN_IMAGE, Path(os.path.realpath(source)))]
    for library in libraries:
        if library.name.startswith("libcrypto."):
            # The library looks below the directory it was built for, whatever the system calls its bundle.
            for directory in _OPENSSL_DIRECTORY.findall(library.read_bytes()):
                link = TreePath(directory.decode().lstrip("/") + "/cert.pem")
                entries.append(BaseLink(link, relative_link(link, _CERTIFICATES_IN_IMAGE)))
    return entries


def _time_zone() -> list[BaseEntry]:
    path = Path("/usr/share/zoneinfo/Etc/UTC")
    if not path.is_file():
        return []
    utc = TreePath("usr/share/zoneinfo/UTC")
    etc = TreePath("usr/share/zoneinfo/Etc/UTC")
    return [BaseFile(etc, Path(os.path.realpath(path))), BaseLink(utc, relative_link(utc, etc))]


def _system_name() -> list[BaseEntry]:
    """Scanners read which distribution the libraries are of."""
    path = Path("/etc/os-release")
    return [BaseFile(TreePath("etc/os-release"), Path(os.path.realpath(path)))] if path.is_file() else []


def write_base(base: RuntimeBase, into: Path) -> None:
    """Make the entries of `base` below the directory `into`; its directories are for the layer to describe."""
    for entry in base.entries:
        target = into / entry.path
        (into / parent(entry.path)).mkdir(parents=True, exist_ok=True)
        match entry:
            case BaseFile():
                shutil.copyfile(entry.source, target)
                target.chmod(0o755 if entry.executable else 0o644)
            case BaseText():
                target.write_text(entry.text, newline="\n")
            case BaseLink():
                target.symlink_to(entry.text)
