"""The one `.pth` file of a venv: plain lines only, each a directory relative to site-packages.

A line that starts with `import` is a program that every interpreter of the venv would run before its own, so those of
wheels are left out and named in the plan's notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.model.paths import join, normalise
from venvship.model.platform import PythonVersion
from venvship.venvs.wheel_layout import InstalledWheel


class UnwritableImportRoot(UserError):
    """An import root that a line of a `.pth` file can't hold."""

    def __init__(self, root: str) -> None:
        super().__init__(
            f"the import root {root!a} can't be a line of a path file",
            hint="rename the directory: line breaks, and spaces at its end, have a meaning there",
        )
        self.root = root


_NAMESPACE_FILE: Final = "-nspkg.pth"
"""Programs that declare a namespace; in a merged directory it is one without them."""

_SAID_PLAINLY: Final = {"import cmeel_pth": "cmeel.prefix/lib/{python}/site-packages"}
"""Programs that do no more than add a directory."""


@dataclass(frozen=True, slots=True)
class WheelPathLines:
    """What of a wheel's `.pth` files is carried over, and which files hold more than that."""

    directories: tuple[str, ...]
    notes: tuple[str, ...]


def path_file(roots: Sequence[str], *, site_packages: str, more: Iterable[str] = ()) -> bytes:
    """The text for import `roots`, in order, then `more` lines that are relative to site-packages already.

    `roots` and `site_packages` are relative to one directory, or absolute.
    """
    lines = [_line(root, site_packages) for root in roots]
    return "".join(f"{line}\n" for line in dict.fromkeys([*lines, *more])).encode()


def _line(root: str, site_packages: str) -> str:
    if any(character in root for character in "\n\r\0") or root != root.rstrip():
        raise UnwritableImportRoot(root)
    return root if root.startswith("/") else relative_directory(site_packages, root)


def relative_directory(start: str, target: str) -> str:
    """The way from one directory to another.

    >>> relative_directory("_main/app/venv/lib", "_main/libs")
    '../../../libs'
    >>> relative_directory("_main/app/venv/lib", "")
    '../../../..'
    """
    here = start.split("/") if start else []
    there = target.split("/") if target else []
    common = 0
    while common < min(len(here), len(there)) and here[common] == there[common]:
        common += 1
    return "/".join([".."] * (len(here) - common) + there[common:]) or "."


def wheel_path_lines(wheel: InstalledWheel, *, python: PythonVersion, site_packages: str) -> WheelPathLines:
    """Sort the lines of a wheel's `.pth` files; `site_packages` is relative to the venv."""
    directories: list[str] = []
    notes: list[str] = []
    for name in wheel.path_file_names:
        if name.endswith(_NAMESPACE_FILE):
            continue
        text = wheel.path_files.get(name)
        if text is None:
            notes.append(f"`{name}` of {wheel} is left out: its lines are not known")
            continue
        left_out = 0
        for raw in text.splitlines():
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            line = _SAID_PLAINLY.get(line, line).replace("{python}", python.directory)
            if line.startswith(("import ", "import\t")) or not _stays_in_venv(line, site_packages):
                left_out += 1
            else:
                directories.append(line)
        if left_out:
            notes.append(
                f"`{name}` of {wheel} is not carried over: {left_out} of its lines would run code in every start "
                "of Python or lead out of the venv"
            )
    return WheelPathLines(tuple(directories), tuple(notes))


def _stays_in_venv(line: str, site_packages: str) -> bool:
    if line.startswith("/"):
        return False
    try:
        normalise(join(site_packages, line))
    except ValueError:
        return False
    return True
