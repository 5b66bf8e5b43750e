"""Runfiles trees: what a program needs, laid out beside it as `<executable>.runfiles`.

The tree is made of absolute links to sources and outputs. Links that are artifacts keep their own text. A directory
of links that one action made (a virtual environment) is linked whole, so that its price is one link — provided that
the tree holds all of it, nothing else below it, and every link in it leads to an output: outputs lie in the output
tree as they lie in a runfiles tree, sources do not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from venvship.execution.exec_root import ExecRoot
from venvship.execution.graph import Generating
from venvship.execution.outputs import Output, OutputLink, OutputTree
from venvship.host.files import remove, write_atomically
from venvship.model.action import ForestLink, MakeForest, Program
from venvship.model.artifact import Artifact
from venvship.model.label import MAIN_RUNFILES_DIRECTORY
from venvship.model.paths import ExecPath, TreePath, join, normalise, parent

RUNFILES_SUFFIX = ".runfiles"
MANIFEST_SUFFIX = ".runfiles_manifest"
_STAMP_SUFFIX = ".runfiles_stamp"
_FORMAT = "venvship runfiles 1"


def lay_out(
    program: Program,
    exec_root: ExecRoot,
    *,
    generating: Generating,
    content: Callable[[Artifact], Output],
    warn: Callable[[str], None] = lambda text: None,
) -> Path:
    """Make the runfiles tree of `program`, whose artifacts all exist; nothing is touched when it is as it should be.

    `warn` is told of every path that two artifacts wanted. Beside the tree comes `<executable>.runfiles_manifest`,
    which maps every path of it to a host path.
    """
    executable = program.executable
    directory = ExecPath(executable.exec_path + RUNFILES_SUFFIX)
    # Within one command artifacts stay as they are, so a tree that was looked at need not be looked at again.
    if exec_root.laid_out.get(executable.exec_path) is program.runfiles:
        return Path(exec_root.output_path(directory))
    entries, conflicts = program.runfiles.settled()
    for conflict in conflicts:
        warn(str(conflict))
    links = _links(entries, exec_root, content)
    manifest = _manifest(entries, links, exec_root)
    whole = _whole_forests(entries, generating)
    tree_links = _tree_links(links, whole, exec_root)
    stamp = _stamp(manifest, tree_links)
    # Two programs that find the tree stale at once must not both replace it: the first may already run from it.
    with exec_root.layout_lock:
        _replace(exec_root, executable.exec_path, tree_links, manifest, stamp)
        exec_root.laid_out[executable.exec_path] = program.runfiles
    return Path(exec_root.output_path(directory))


def _replace(
    exec_root: ExecRoot, base: ExecPath, links: list[tuple[TreePath, str | None]], manifest: bytes, stamp: bytes
) -> None:
    """Replace the tree of the program `base` in one step, unless its stamp says that it is as it should be."""
    directory = ExecPath(base + RUNFILES_SUFFIX)
    host_directory = exec_root.output_path(directory)
    stamp_path = exec_root.output_path(ExecPath(base + _STAMP_SUFFIX))
    if _read(stamp_path) == stamp and os.path.isdir(host_directory) and not os.path.islink(host_directory):
        return
    temporary = exec_root.temporary_directory()
    try:
        _build(temporary, links, os.path.basename(base) + MANIFEST_SUFFIX)
        exec_root.prepare_parent(directory)
        remove(stamp_path)
        write_atomically(exec_root.output_path(ExecPath(base + MANIFEST_SUFFIX)), manifest)
        exec_root.move_in(temporary, directory)
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


def _whole_forests(entries: Mapping[TreePath, Artifact | None], generating: Generating) -> dict[TreePath, ExecPath]:
    """Directories that are linked whole: their runfiles path and their exec path."""
    forests: dict[int, MakeForest] = {}
    for artifact in entries.values():
        if artifact is not None and not artifact.is_source:
            action = generating(artifact)
            if isinstance(action, MakeForest):
                forests[id(action)] = action
    below: dict[TreePath, int] = {}
    roots = {_runfiles_path(forest): forest for forest in forests.values()}
    for path in entries:
        above = parent(path)
        while above:
            if above in roots:
                below[TreePath(above)] = below.get(TreePath(above), 0) + 1
            above = parent(above)
    return {
        path: forest.directory
        for path, forest in roots.items()
        if path not in entries and below.get(path, 0) == len(forest.entries) and _stands_alone(forest, entries)
    }


def _runfiles_path(forest: MakeForest) -> TreePath:
    root = forest.entries[0].artifact.root
    return TreePath(join(root.runfiles_directory, forest.directory[len(root.exec_path) :].lstrip("/")))


def _stands_alone(forest: MakeForest, entries: Mapping[TreePath, Artifact | None]) -> bool:
    """Whether every entry is in the tree at its own path and leads to an output or to nothing at all.

    Outputs of another configuration lie elsewhere in the output tree, so a link to one of these must be in the tree.
    """
    for entry in forest.entries:
        path = entry.artifact.runfiles_path
        if entries.get(path) != entry.artifact:
            return False
        if not isinstance(entry, ForestLink) or entry.text.startswith("/"):
            continue
        try:
            target = normalise(join(parent(path), entry.text))
        except ValueError:
            continue
        while target:
            if target in entries:
                artifact = entries[TreePath(target)]
                if artifact is None or artifact.is_source or not _lie_together(artifact, entry.artifact):
                    return False
                break
            target = parent(target)
    return True


def _lie_together(left: Artifact, right: Artifact) -> bool:
    """Whether two outputs are of one configuration."""
    return parent(left.root.exec_path) == parent(right.root.exec_path)


def _tree_links(
    links: Mapping[TreePath, str | None], whole: Mapping[TreePath, ExecPath], exec_root: ExecRoot
) -> list[tuple[TreePath, str | None]]:
    kept: list[tuple[TreePath, str | None]] = [(path, exec_root.output_path(source)) for path, source in whole.items()]
    for path, text in links.items():
        above = parent(path)
        while above and above not in whole:
            above = parent(above)
        if not above:
            kept.append((path, text))
    return sorted(kept, key=lambda item: item[0])


def _build(directory: str, links: Iterable[tuple[TreePath, str | None]], manifest_name: str) -> None:
    # The working directory of tests and of `run`, whether or not something lies in it.
    main = f"{directory}/{MAIN_RUNFILES_DIRECTORY}"
    os.mkdir(main)
    made = {directory, main}
    for path, text in links:
        full = f"{directory}/{path}"
        above = full.rpartition("/")[0]
        if above not in made:
            os.makedirs(above, exist_ok=True)
            made.add(above)
        if text is None:
            os.close(os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
        else:
            os.symlink(text, full)
    if not os.path.lexists(f"{directory}/MANIFEST"):
        os.symlink(f"../{manifest_name}", f"{directory}/MANIFEST")


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
