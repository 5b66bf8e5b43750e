"""Makes interpreter trees from Debian packages of CPython, which find their modules from where the program lies."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from venvship.model.platform import PythonVersion
from venvship.repos.archived_interpreter import MalformedRuntime, belongs, finish_interpreter
from venvship.tools.deb_package import DebLink, read_files

_PREFIX = "usr/"


def unpack_debian_interpreter(packages: Iterable[Path], into: Path, *, version: PythonVersion) -> None:
    """Fill the new directory `into` with the prefix that the packages hold below `/usr`."""
    into.mkdir()
    for package in packages:
        for entry in read_files(package.read_bytes()):
            inner = entry.path.removeprefix(_PREFIX)
            if inner == entry.path or not belongs(inner) or (into / inner).exists():
                continue
            target = into / inner
            # A link of one package may not lead the file of another elsewhere.
            if any(above.is_symlink() for above in target.parents if above.is_relative_to(into)):
                raise MalformedRuntime(f"`{entry.path}` of `{package.name}` lies below a link")
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(entry, DebLink):
                if "/" not in entry.text:
                    target.symlink_to(entry.text)
                continue
            target.write_bytes(entry.content)
            target.chmod(0o755 if entry.executable else 0o644)
    finish_interpreter(into, version=version, shown="Debian packages")
