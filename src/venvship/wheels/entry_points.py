"""The `entry_points.txt` file of a distribution, as far as scripts are concerned."""

from __future__ import annotations

import re
from typing import Final

from venvship.dataclass import dataclass

_REFERENCE: Final = re.compile(
    r"(?P<module>[A-Za-z_][\w.]*)\s*(?::\s*(?P<attribute>[A-Za-z_][\w.]*))?\s*(?:\[(?P<extras>[^\]]*)\])?", re.UNICODE
)
_SCRIPT_NAME: Final = re.compile(r"[\w.+ @~-]{1,128}", re.UNICODE)
_SCRIPT_GROUPS: Final = ("console_scripts", "gui_scripts")


class MalformedEntryPoints(ValueError):
    """Text that is not an entry points file, or a script that cannot be made."""


@dataclass(frozen=True, slots=True, order=True)
class EntryPoint:
    """A script `name` that calls `attribute` of `module`."""

    name: str
    module: str
    attribute: str
    extras: tuple[str, ...] = ()

    def __str__(self) -> str:
        extras = f" [{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name} = {self.module}:{self.attribute}{extras}"


@dataclass(frozen=True, slots=True)
class EntryPoints:
    """The scripts of a distribution, sorted by name."""

    console_scripts: tuple[EntryPoint, ...] = ()
    gui_scripts: tuple[EntryPoint, ...] = ()


def parse_entry_points(data: bytes) -> EntryPoints:
    """Read the scripts; other groups are for the program, not for us. Raises MalformedEntryPoints."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise MalformedEntryPoints(f"byte {error.start} is not UTF-8") from None
    found: dict[str, dict[str, EntryPoint]] = {group: {} for group in _SCRIPT_GROUPS}
    group: dict[str, EntryPoint] | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            group = found.get(line[1:-1].strip())
            continue
        if group is None:
            continue
        name, _, reference = (part.strip() for part in line.partition("="))
        entry = parse_script(name, reference, where=f"line {number}")
        group[entry.name] = entry
    return EntryPoints(*(tuple(sorted(found[name].values())) for name in _SCRIPT_GROUPS))


def parse_script(name: str, reference: str, *, where: str) -> EntryPoint:
    """The script `name` that calls `reference`; `where` is the subject of messages. Raises MalformedEntryPoints."""
    match = _REFERENCE.fullmatch(reference)
    if match is None or match["attribute"] is None:
        raise MalformedEntryPoints(f"{where} is not of the form `name = module:function`")
    if not _SCRIPT_NAME.fullmatch(name) or name.startswith(("-", ".")):
        raise MalformedEntryPoints(f"{where} names the script `{ascii(name)[1:-1]}`, which can't be a file name")
    extras = (extra.strip() for extra in (match["extras"] or "").split(","))
    return EntryPoint(name, match["module"], match["attribute"], tuple(sorted(extra for extra in extras if extra)))
