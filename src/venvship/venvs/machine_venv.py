"""What keeps other installers from the unpacked wheels that a virtualenv of one machine leads to.

Programs like pip and uv come to such a virtualenv, and delete and write through its links as far as the file system
lets them, which is everywhere for root. They delete what RECORD lists, so each distribution has one that lists its
links and no file behind them; and they add to directories that distributions share, so these are no links.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from venvship.model.paths import parent
from venvship.venvs.file_tree import FileTree
from venvship.venvs.metadata import INSTALLER
from venvship.venvs.path_file import relative_directory
from venvship.venvs.scripts import Bringer, FirstPartyDistribution, ScriptClaim
from venvship.venvs.wheel_layout import InstalledWheel

_MODULES: Final = (".py", ".pyi", ".so")


def directories_opened(wheel: InstalledWheel) -> set[str]:
    """Directories of site-packages that are not linked whole: metadata, and namespaces.

    What can't be imported from, like `numpy.libs`, is its wheel's alone, and may be linked.
    """
    opened: set[str] = set()
    namespaces: list[str] = []
    for name, is_directory in wheel.top_levels:
        if is_directory and _may_be_namespace(wheel, name):
            namespaces.append(name)
    for directory in namespaces:  # It grows meanwhile.
        for name, is_directory in wheel.site.children(directory):
            path = f"{directory}/{name}"
            if is_directory and _may_be_namespace(wheel, path):
                namespaces.append(path)
            elif wheel.is_package(path) if is_directory else name.endswith(_MODULES):
                opened.add(directory)
    for directory in reversed(namespaces):
        if directory in opened and "/" in directory:
            opened.add(parent(directory))
    opened.update(below for name in _described(wheel) for below in _with_those_below(wheel.site, name))
    return opened


def data_directories(wheel: InstalledWheel) -> Iterator[str]:
    for name, is_directory in wheel.data.children():
        if is_directory:
            yield from _with_those_below(wheel.data, name)


def installation_file_names(wheel: InstalledWheel) -> Iterator[str]:
    """Files of its metadata that are not linked, because `installation_files` has others in their place."""
    for metadata in _described(wheel):
        yield f"{metadata}/INSTALLER"
        yield f"{metadata}/RECORD"


def installation_files(
    builds: Sequence[InstalledWheel],
    members: Mapping[FirstPartyDistribution, Iterable[str]],
    *,
    site: Mapping[str, str],
    data: Mapping[str, str],
    scripts: Iterable[ScriptClaim],
    site_packages: str,
) -> dict[str, bytes]:
    """RECORD, INSTALLER and top_level.txt for each directory of metadata, by path in `site_packages`.

    `members` have the paths of their metadata there; `site` and `data` are the links of the wheels `builds` in
    `site_packages` and in the virtualenv, with what they lead to. Lines have no hashes: nothing that uninstalls asks
    for them, and links have none.
    """
    up = relative_directory(site_packages, "")
    owned: defaultdict[Bringer, list[str]] = defaultdict(list, {member: [*paths] for member, paths in members.items()})
    places = {root: wheel for wheel in builds for root in (str(wheel.site_packages), str(wheel.prefix))}
    for path, target in site.items():
        owned[places[target.removesuffix(f"/{path}")]].append(path)
    for path, target in data.items():
        owned[places[target.removesuffix(f"/{path}")]].append(f"{up}/{path}")
    for claim in scripts:
        owned[claim.bringer].append(f"{up}/bin/{claim.script.name}")
    files: dict[str, bytes] = {}
    for wheel in builds:
        for metadata in _described(wheel):
            if site.get(f"{metadata}/METADATA") == f"{wheel.site_packages}/{metadata}/METADATA":
                files[f"{metadata}/INSTALLER"] = INSTALLER
                tops = f"{metadata}/top_level.txt"
                if tops not in site:
                    # Python 3.11 looks for modules among the files of RECORD, and takes no directory for one.
                    files[tops] = "".join(f"{name}\n" for name in _top_level_modules(wheel)).encode()
                    owned[wheel].append(tops)
                files |= _record(metadata, owned[wheel])
    for member, paths in members.items():
        for path in paths:
            if path.endswith("/METADATA"):
                files |= _record(parent(path), owned[member])
    return files


def _record(metadata: str, owned: Iterable[str]) -> dict[str, bytes]:
    record = f"{metadata}/RECORD"
    return {record: "".join(map(_line, sorted({*owned, f"{metadata}/INSTALLER", record}))).encode()}


def _top_level_modules(wheel: InstalledWheel) -> list[str]:
    names = [
        name if is_directory else name.partition(".")[0]
        for name, is_directory in wheel.top_levels
        if is_directory or name.endswith(_MODULES)
    ]
    return sorted({name for name in names if name.isidentifier() and name != "__pycache__"})


def _described(wheel: InstalledWheel) -> Iterator[str]:
    """Directories of metadata of which all files are known."""
    return (name for name in wheel.metadata_directories if wheel.site.has_file(f"{name}/RECORD"))


def _line(path: str) -> str:
    field = '"' + path.replace('"', '""') + '"' if any(mark in path for mark in ',"\r\n') else path
    return f"{field},,\n"


def _may_be_namespace(wheel: InstalledWheel, directory: str) -> bool:
    name = directory.rpartition("/")[2]
    return name.isidentifier() and name != "__pycache__" and not wheel.is_package(directory)


def _with_those_below(tree: FileTree, directory: str) -> list[str]:
    found = [directory]
    for above in found:  # It grows meanwhile.
        found += [f"{above}/{name}" for name, is_directory in tree.children(above) if is_directory]
    return found
