"""Files and links where there were none; only the interpreter's own modules are imported for it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

READ_ONLY = 0o444
READ_ONLY_EXECUTABLE = 0o555


def write_new(path: str, data: bytes, mode: int) -> None:
    """Write a file where there is none; whatever the umask, it has the permission bits `mode`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def lay_forest(
    directory: str,
    links: Iterable[tuple[str, str]],
    files: Iterable[tuple[str, bytes, bool]],
    *,
    make_link: Callable[[str, str], None],
) -> None:
    """Fill an empty directory: links with their texts, read-only files with their content and whether they can run.

    Paths are relative to the directory and stay in it, for which the caller answers. `make_link` is given a text and
    a path.
    """
    made = {directory}

    def place(path: str) -> str:
        full = f"{directory}/{path}"
        above = full.rpartition("/")[0]
        if above not in made:
            os.makedirs(above, exist_ok=True)
            made.add(above)
        return full

    for path, text in links:
        make_link(text, place(path))
    for path, data, executable in files:
        write_new(place(path), data, READ_ONLY_EXECUTABLE if executable else READ_ONLY)
