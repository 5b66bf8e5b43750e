"""Unified diffs, applied without guessing.

A hunk may have moved by any number of lines, but all of its lines must be there: context that differs is a conflict
and not a matter of degree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import Protocol

from venvship.dataclass import dataclass
from venvship.errors import UserError

_HUNK = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_NO_NEWLINE = b"\\ No newline"
_NOWHERE = "/dev/null"


class BadPatch(UserError):
    """A patch is malformed, or does not fit the files."""


class Patch(Protocol):
    """A unified diff; `strip` is how many segments of its paths go, `shown` what messages call it.

    A `strip` of None means one, as tools write `a/` and `b/` before paths, or none where only then the files are there.
    """

    @property
    def content(self) -> bytes: ...

    @property
    def strip(self) -> int | None: ...

    @property
    def shown(self) -> str: ...


class PatchedFiles(Protocol):
    """The files that a patch changes, by path below their root."""

    def read(self, path: str) -> bytes | None: ...

    def write(self, path: str, content: bytes, *, executable: bool | None) -> None:
        """`executable` of None leaves the permission as it is."""
        ...

    def remove(self, path: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that are to be found, and those that take their place; each with its line ending."""

    line: int
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]
    patch_line: int


@dataclass(slots=True)
class FilePatch:
    """What happens to one file; `old` of None makes it, `new` of None removes it."""

    old: str | None
    new: str | None
    hunks: list[Hunk] = field(default_factory=list)
    executable: bool | None = None
    is_copy: bool = False


def apply_patch(text: bytes, files: PatchedFiles, *, strip: int | None, shown: str) -> None:
    """Apply everything or, raising BadPatch, nothing."""
    results: dict[str, tuple[bytes | None, bool | None]] = {}
    if strip is None:
        strip = 0 if not _is_about(text, files, 1, shown) and _is_about(text, files, 0, shown) else 1
    patches = parse_patch(text, strip=strip, shown=shown)
    if not patches:
        raise BadPatch(f"patch `{shown}` holds no change")

    def current(path: str) -> bytes | None:
        return results[path][0] if path in results else files.read(path)

    for patch in patches:
        if patch.old is None:
            before: bytes | None = b""
            if patch.new is not None and current(patch.new):
                raise BadPatch(f"patch `{shown}` makes `{patch.new}`, which exists")
        else:
            before = current(patch.old)
            if before is None:
                raise BadPatch(f"patch `{shown}` changes `{patch.old}`, which does not exist", hint=_STRIP_HINT)
        assert before is not None
        after = _apply_hunks(before, patch, shown)
        if patch.old is not None and patch.old != patch.new and not patch.is_copy:
            results[patch.old] = (None, None)
        if patch.new is not None:
            results[patch.new] = (after, patch.executable)
        elif after:
            raise BadPatch(f"patch `{shown}` removes `{patch.old}`, but not all of its lines")
    for path, (content, executable) in results.items():
        if content is None:
            files.remove(path)
        else:
            files.write(path, content, executable=executable)


def _is_about(text: bytes, files: PatchedFiles, strip: int, shown: str) -> bool:
    """Whether all files that a patch changes are there when so many segments of its paths go."""
    try:
        patches = parse_patch(text, strip=strip, shown=shown)
    except BadPatch:
        return False
    return all(patch.old is None or files.read(patch.old) is not None for patch in patches)


_STRIP_HINT = "check how many leading directories the patch wants stripped (`patch_strip`, or `-p1` in `patch_args`)"


def parse_patch(text: bytes, *, strip: int, shown: str) -> list[FilePatch]:
    """The changes of a patch in order; text around them is passed over."""
    return list(_Parser(text, strip, shown).run())


class _Parser:
    def __init__(self, text: bytes, strip: int, shown: str) -> None:
        self._lines = text.splitlines(keepends=True)
        self._position = 0
        self._strip = strip
        self._shown = shown

    def run(self) -> Iterator[FilePatch]:
        pending: FilePatch | None = None
        while self._position < len(self._lines):
            line = self._lines[self._position]
            if line.startswith(b"diff --git "):
                if pending is not None:
                    yield pending
                self._position += 1
                pending = self._git_headers(line)
            elif line.startswith(b"--- ") and self._peek(1).startswith(b"+++ "):
                patch = self._file(pending)
                pending = None
                yield patch
            else:
                self._position += 1
        if pending is not None:
            yield pending

    def _peek(self, distance: int) -> bytes:
        position = self._position + distance
        return self._lines[position] if position < len(self._lines) else b""

    def _git_headers(self, first: bytes) -> FilePatch | None:
        """What git says beyond the hunks; None when the `---` line says all."""
        old: str | None = None
        new: str | None = None
        executable: bool | None = None
        made = removed = moved = copied = False
        while self._position < len(self._lines):
            line = self._lines[self._position].rstrip(b"\r\n")
            if line.startswith((b"GIT binary patch", b"Binary files ")):
                raise BadPatch(f"{self._shown}:{self._position + 1}: binary patches are not supported")
            key = line.partition(b" ")[0]
            if line.startswith((b"rename from ", b"copy from ")):
                old, moved, copied = self._path(line.split(b" ", 2)[2], strip=self._strip - 1), True, key == b"copy"
            elif line.startswith((b"rename to ", b"copy to ")):
                new = self._path(line.split(b" ", 2)[2], strip=self._strip - 1)
            elif line.startswith(b"new file mode "):
                made, executable = True, line.endswith(b"755")
            elif line.startswith(b"deleted file mode "):
                removed = True
            elif line.startswith(b"new mode "):
                executable = line.endswith(b"755")
            elif not (
                line.startswith((b"old mode ", b"similarity index ", b"dissimilarity index ")) or key == b"index"
            ):
                break
            self._position += 1
        if moved:
            return FilePatch(old, new, executable=executable, is_copy=copied)
        if made or removed or executable is not None:
            name = self._git_name(first)
            return FilePatch(None if made else name, None if removed else name, executable=executable)
        return None

    def _git_name(self, line: bytes) -> str | None:
        """The name in `diff --git a/NAME b/NAME`, which need not be told apart when both are the same."""
        rest = line.removeprefix(b"diff --git ").rstrip(b"\r\n")
        half = rest[len(rest) // 2 + 1 :]
        return self._path(half)

    def _file(self, pending: FilePatch | None) -> FilePatch:
        old = self._path(self._lines[self._position][4:])
        new = self._path(self._lines[self._position + 1][4:])
        self._position += 2
        patch = FilePatch(old, new)
        if pending is not None:
            patch.executable, patch.is_copy = pending.executable, pending.is_copy
            if pending.old != pending.new:
                patch.old, patch.new = pending.old, pending.new
        while (match := _HUNK.match(self._peek(0))) is not None:
            old_count = int(match[2]) if match[2] is not None else 1
            new_count = int(match[4]) if match[4] is not None else 1
            patch.hunks.append(self._hunk(int(match[1]), old_count, new_count))
        # An empty old side at line 0 is a new file in plain diffs, which have no other way to say so.
        if patch.hunks and patch.old is not None and patch.hunks[0].line == 0 and not patch.hunks[0].old:
            patch.old = None if len(patch.hunks) == 1 else patch.old
        return patch

    def _hunk(self, line: int, old_count: int, new_count: int) -> Hunk:
        start = self._position + 1
        self._position += 1
        old: list[bytes] = []
        new: list[bytes] = []
        last: list[list[bytes]] = []
        while len(old) < old_count or len(new) < new_count or self._peek(0).startswith(_NO_NEWLINE):
            text = self._peek(0)
            if text.startswith(_NO_NEWLINE):
                for side in last:
                    side[-1] = side[-1].removesuffix(b"\n").removesuffix(b"\r")
                self._position += 1
                continue
            mark, content = text[:1], text[1:]
            match mark:
                case b" ":
                    last = [old, new]
                case b"\n" | b"\r":
                    # Editors drop the blank that stands for an empty line of context.
                    last, content = [old, new], text
                case b"-":
                    last = [old]
                case b"+":
                    last = [new]
                case _:
                    raise BadPatch(
                        f"{self._shown}:{self._position + 1}: the hunk that begins in line {start} is cut off"
                    )
            for side in last:
                side.append(content)
            self._position += 1
        if len(old) != old_count or len(new) != new_count:
            raise BadPatch(f"{self._shown}:{start}: the hunk does not have as many lines as it says")
        return Hunk(line, tuple(old), tuple(new), start)

    def _path(self, raw: bytes, strip: int | None = None) -> str | None:
        text = raw.rstrip(b"\r\n").partition(b"\t")[0].decode("utf-8", "surrogateescape").strip()
        if text.startswith('"'):
            raise BadPatch(f"{self._shown}:{self._position + 1}: quoted names are not supported")
        if text == _NOWHERE:
            return None
        parts = [part for part in text.split("/") if part not in ("", ".")]
        kept = parts[max(0, self._strip if strip is None else strip) :]
        if not kept or ".." in kept or (text.startswith("/") and len(kept) == len(parts)):
            raise BadPatch(f"{self._shown}:{self._position + 1}: `{text}` is no file to patch", hint=_STRIP_HINT)
        return "/".join(kept)


def _apply_hunks(before: bytes, patch: FilePatch, shown: str) -> bytes:
    lines = before.splitlines(keepends=True)
    result: list[bytes] = []
    done = 0
    drift = 0
    for hunk in patch.hunks:
        wanted = hunk.line - 1 + drift if hunk.old else hunk.line + drift
        found = _find(lines, hunk.old, wanted, done)
        if found is None:
            raise BadPatch(
                f"{shown}:{hunk.patch_line}: a change of `{patch.old}` near line {hunk.line} does not fit its text",
                hint="make the patch anew against the files that are there",
            )
        drift += found - wanted
        result += lines[done:found]
        result += hunk.new
        done = found + len(hunk.old)
    result += lines[done:]
    return b"".join(result)


def _find(lines: list[bytes], old: tuple[bytes, ...], wanted: int, least: int) -> int | None:
    """The position nearest to `wanted` where all lines of `old` stand."""
    last = len(lines) - len(old)
    for distance in range(max(abs(wanted - least), abs(last - wanted), 0) + 1):
        for position in dict.fromkeys((wanted - distance, wanted + distance)):
            if least <= position <= last and tuple(lines[position : position + len(old)]) == old:
                return position
    return None
