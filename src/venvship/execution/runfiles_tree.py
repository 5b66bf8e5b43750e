"""Runfiles trees: what a program needs, found beside it as `<executable>.runfiles`.

That is a link: the tree lies where paths are short, because an interpreter looks for each module by such paths, and the
kernel walks all of them each time. A launcher follows the link once, for all that comes after it.

The tree is made of absolute links to sources and outputs. Links that are artifacts keep their own text, but for those
of virtual environments (`straight_links`). What programs have in common is linked whole.

The directories of a tree have a time that nobody else gives them, so that a look at each tells whether something was
taken out or replaced since. What programs leave in their trees does no harm.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from venvship.execution.exec_root import ExecRoot
from venvship.execution.graph import Generating
from venvship.execution.outputs import Output, OutputFile, OutputLink, OutputTree
from venvship.execution.straight_links import LinkDirectory, tree_links
from venvship.host.files import disk_problems, remove, replace, write_atomically
from venvship.host.links import KnownLinks, link_text
from venvship.model.action import Program
from venvship.model.artifact import Artifact
from venvship.model.label import MAIN_RUNFILES_DIRECTORY
from venvship.model.paths import ExecPath, TreePath, parent
from venvship.model.runfiles import RunfilesConflict, told

RUNFILES_SUFFIX = ".runfiles"
MANIFEST_SUFFIX = ".runfiles_manifest"
STAMP_SUFFIX = ".runfiles_stamp"
_FORMAT = "venvship runfiles 2"
_UNTOUCHED = 1_000_000_000 * 1_000_000_000
"""The time of modification of a directory that is as it was made."""


def lay_out(
    program: Program,
    exec_root: ExecRoot,
    *,
    generating: Generating,
    content: Callable[[Artifact], Output],
    warn: Callable[[str], None] = lambda text: None,
) -> Path:
    """Make the runfiles tree of `program`, whose artifacts all exist, and say where it lies.

    Nothing is touched when it is as it should be. `warn` is told of every path that two artifacts wanted. Beside the
    program come `<executable>.runfiles`, the link to the tree, and `<executable>.runfiles_manifest`, which maps every
    path of it to a host path.
    """
    executable = program.executable
    directory = ExecPath(executable.exec_path + RUNFILES_SUFFIX)
    # Within one command artifacts stay as they are, so a tree that was looked at need not be looked at again.
    place = Path(exec_root.runfiles_place(directory))
    if exec_root.is_laid_out(program):
        return place
    entries, conflicts = program.runfiles.settled()
    for text in told([conflict for conflict in conflicts if not _is_harmless(conflict, content)]):
        warn(text)
    links = _links(entries, exec_root, content)
    manifest = _manifest(entries, links, exec_root)
    made_of = tree_links(entries, links, program=executable.owner, generating=generating, names_in=os.listdir)
    shared = [(exec_root.shared_directory(common.name), common) for _, common in made_of.shared]
    common_links = [(path, target) for (path, _), (target, _) in zip(made_of.shared, shared, strict=True)]
    own = sorted([*made_of.own, *common_links], key=lambda item: item[0])
    stamp = _stamp(manifest, own)
    # Two programs that find the tree stale at once must not both replace it: the first may already run from it.
    with exec_root.layout_lock:
        for target, common in shared:
            _share(exec_root, target, common)
        _replace(exec_root, executable.exec_path, own, manifest, stamp)
        exec_root.laid_out[executable.exec_path] = program
    return place


def _is_harmless(conflict: RunfilesConflict, content: Callable[[Artifact], Output]) -> bool:
    """Whether both are what one target made, for two configurations and equal."""
    kept, hidden = conflict.kept, conflict.hidden
    if kept is None or hidden is None or conflict.path != conflict.hidden_path or kept.owner != hidden.owner:
        return False
    made = content(kept)
    return isinstance(made, OutputFile | OutputTree) and made == content(hidden)


def _share(exec_root: ExecRoot, place: str, directory: LinkDirectory) -> None:
    """Make a directory that several trees link; its name says what it holds, so it is never changed."""
    exec_root.shared.add(place)
    if _is_whole(place, directory.links):
        return
    temporary = exec_root.temporary_directory()
    try:
        _make_links(temporary, directory.links, exec_root.known_links)
        with disk_problems(place):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            replace(temporary, place, trash=exec_root.temporary)
        exec_root.known_links.note(place, directory.links)
    except BaseException:
        remove(temporary)
        raise


def _replace(
    exec_root: ExecRoot, base: ExecPath, links: list[tuple[TreePath, str | None]], manifest: bytes, stamp: bytes
) -> None:
    """Replace the tree of the program `base` in one step, unless its stamp says that it is as it should be."""
    directory = ExecPath(base + RUNFILES_SUFFIX)
    place = exec_root.runfiles_place(directory)
    stamp_path = exec_root.output_path(ExecPath(base + STAMP_SUFFIX))
    manifest_path = exec_root.output_path(ExecPath(base + MANIFEST_SUFFIX))
    is_linked = link_text(exec_root.output_path(directory)) == place
    if _read(stamp_path) == stamp and is_linked and _is_whole(place, links):
        return
    temporary = exec_root.temporary_directory()
    try:
        _build(temporary, links, manifest_path, exec_root.known_links)
        exec_root.prepare_parent(directory)
        remove(stamp_path)
        write_atomically(manifest_path, manifest)
        exec_root.place_runfiles(temporary, directory)
        exec_root.known_links.note(place, links)
    except BaseException:
        remove(temporary)
        raise
    write_atomically(stamp_path, stamp)


def _links(
    entries: Mapping[TreePath, Artifact | None], exec_root: ExecRoot, content: Callable[[Artifact], Output]
) -> dict[TreePath, str | None]:
    """The text of the link at each path; None for an empty file."""
    links: dict[TreePath, str | None] = {}
    for path, artifact in entries.items():
        if artifact is None:
            links[path] = None
            continue
        match content(artifact):
            case OutputLink(text):
                links[path] = text
            case OutputTree(digest) if not artifact.is_source:
                links[path] = str(exec_root.trees.path_of(digest))
            case _:
                links[path] = exec_root.path_of(artifact)
    return links


def _build(directory: str, links: Iterable[tuple[TreePath, str | None]], manifest_path: str, known: KnownLinks) -> None:
    # The working directory of tests and of `run`, whether or not something lies in it.
    main = f"{directory}/{MAIN_RUNFILES_DIRECTORY}"
    os.mkdir(main)
    _make_links(directory, links, known)
    if not os.path.lexists(f"{directory}/MANIFEST"):
        os.symlink(manifest_path, f"{directory}/MANIFEST")
        os.utime(directory, ns=(_UNTOUCHED, _UNTOUCHED))


def _is_whole(directory: str, links: Iterable[tuple[TreePath, str | None]]) -> bool:
    """Whether a tree is there and holds the links and, where the text is None, empty files that it was made of."""
    holding = {directory, *(f"{directory}/{parent(path)}".rstrip("/") for path, _ in links)}
    try:
        seen = [os.lstat(path) for path in holding]
        if not all(stat.S_ISDIR(status.st_mode) for status in seen):
            return False
        if all(status.st_mtime_ns == _UNTOUCHED for status in seen):
            return True
        for path, text in links:
            full = f"{directory}/{path}"
            if link_text(full) != text or (text is None and not _is_empty_file(os.lstat(full))):
                return False
        for inside in holding:
            os.utime(inside, ns=(_UNTOUCHED, _UNTOUCHED))
    except OSError:
        return False
    return True


def found_stamp(program: str) -> bytes | None:
    """What the stamp of a program's tree would be by what lies in the tree now; None where no tree is."""
    try:
        place = os.readlink(program + RUNFILES_SUFFIX)
        with open(program + MANIFEST_SUFFIX, "rb") as file:
            manifest = file.read()
        rows = found_links(place)
    except OSError:
        return None
    added = (TreePath("MANIFEST"), program + MANIFEST_SUFFIX)
    return _stamp(manifest, [row for row in rows if row != added])


def found_links(directory: str) -> tuple[tuple[TreePath, str | None], ...]:
    """What a tree that was made of links and empty files holds of these, sorted; raises OSError."""
    rows: list[tuple[TreePath, str | None]] = []
    pending = [""]
    while pending:
        inside = pending.pop()
        with os.scandir(f"{directory}/{inside}") as entries:
            for entry in entries:
                path = TreePath(inside + entry.name)
                if entry.is_symlink():
                    rows.append((path, os.readlink(entry.path)))
                elif entry.is_dir():
                    pending.append(f"{path}/")
                elif _is_empty_file(entry.stat()):
                    rows.append((path, None))
    return tuple(sorted(rows, key=lambda row: row[0]))


def _is_empty_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and not status.st_size


def _make_links(directory: str, links: Iterable[tuple[TreePath, str | None]], known: KnownLinks) -> None:
    made = {directory}
    for path, text in links:
        full = f"{directory}/{path}"
        above = full.rpartition("/")[0]
        if above not in made:
            os.makedirs(above, exist_ok=True)
            made.add(above)
        if text is None:
            os.close(os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
        else:
            known.make(text, full)
    for inside in made:
        os.utime(inside, ns=(_UNTOUCHED, _UNTOUCHED))


def _manifest(
    entries: Mapping[TreePath, Artifact | None], links: Mapping[TreePath, str | None], exec_root: ExecRoot
) -> bytes:
    """One line for each path, sorted: the path, a space, and the host path of what is there."""
    lines: list[str] = []
    for path, artifact in sorted(entries.items(), key=lambda item: item[0]):
        text = links[path]
        target = text or ""
        if artifact is not None and text is not None and not text.startswith("/"):
            target = exec_root.path_of(artifact)
        if any(character in path for character in " \n\\") or any(character in target for character in "\n\\"):
            # A leading space announces escapes, as in the runfiles libraries.
            path_text = path.replace("\\", "\\b").replace("\n", "\\n").replace(" ", "\\s")
            target_text = target.replace("\\", "\\b").replace("\n", "\\n")
            lines.append(f" {path_text} {target_text}\n")
        else:
            lines.append(f"{path} {target}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


def _stamp(manifest: bytes, links: Iterable[tuple[TreePath, str | None]]) -> bytes:
    hasher = hashlib.sha256(_FORMAT.encode() + hashlib.sha256(manifest).digest())
    for path, text in links:
        row = f"{path}\0{'f' if text is None else 'l' + text}\0"
        hasher.update(row.encode("utf-8", "surrogateescape"))
    return hasher.hexdigest().encode() + b"\n"


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 10)
    except OSError:
        return b""
