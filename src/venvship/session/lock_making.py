"""Makes and checks lock files, through uv."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem, SeveralErrors, UserError
from venvship.host.files import write_atomically

_SHOWN_LINES = 30


class NoUv(EnvironmentProblem):
    """The program that resolves is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "`uv` is not installed beside venvship", hint=f"install it with `{sys.executable} -m pip install uv`"
        )


class NotLocked(UserError):
    """uv could not make a lock, or says that one is not up to date."""

    def __init__(self, shown: str, output: str, *, check: bool) -> None:
        lines = [f"  {line}" for line in output.strip().splitlines()[-_SHOWN_LINES:]]
        what = "is not up to date" if check else "can't be made"
        hint = "make it again with `venvship lock`" if check else "uv's words above say what it could not resolve"
        super().__init__("\n".join([f"`{shown}` {what}:", *lines]), hint=hint)


@dataclass(frozen=True, slots=True)
class MadeLock:
    """A lock that is as its project wants it; `changed` when it was not so before, and `notes` say in what."""

    shown: str
    changed: bool
    notes: tuple[str, ...] = ()


def uv_program() -> str:
    """The program that comes with the package `uv`; raises NoUv."""
    try:
        import uv

        return str(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        raise NoUv from None


@dataclass(frozen=True, slots=True)
class CompiledLock:
    """A lock below the workspace's root that uv makes, called with `words` there."""

    path: str
    words: tuple[str, ...]


def make_locks(
    paths: Iterable[Path],
    compiled: Iterable[CompiledLock] = (),
    *,
    root: Path,
    environment: Mapping[str, str],
    check: bool = False,
    upgrade: bool = False,
) -> tuple[MadeLock, ...]:
    """Bring each lock in line with its project, or only look; raises everything that is wrong.

    Of `paths` those count that uv makes from a project; of `compiled` all do.
    """
    done: list[MadeLock] = []
    errors: list[NotLocked] = []
    own = [path for path in dict.fromkeys(paths) if path.name == "uv.lock"]
    others = tuple(compiled)
    program = uv_program() if own or others else ""
    for path in own:
        before = path.read_bytes() if path.is_file() else None
        words = [
            "lock",
            "--color=never",
            *(["--quiet", "--check"] if check else []),
            *(["--upgrade"] if upgrade else []),
        ]
        shown = os.path.relpath(path, root)
        try:
            told = _call([program, *words], path.parent, environment, shown=shown, check=check)
        except NotLocked as error:
            errors.append(error)
            continue
        changed = path.is_file() and path.read_bytes() != before
        done.append(MadeLock(shown, changed, _changes(told) if changed and before is not None else ()))
    for one in others:
        try:
            changed = _compile(program, one, root, environment, check=check, upgrade=upgrade)
        except NotLocked as error:
            errors.append(error)
            continue
        done.append(MadeLock(one.path, changed))
    if errors:
        raise errors[0] if len(errors) == 1 else SeveralErrors(errors)
    return tuple(done)


def _call(command: list[str], directory: Path, environment: Mapping[str, str], *, shown: str, check: bool) -> str:
    """What uv tells beside its answer; raises NotLocked."""
    result = subprocess.run(command, cwd=directory, env=dict(environment), capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise NotLocked(shown, result.stderr or result.stdout, check=check)
    return result.stderr


def _changes(told: str) -> tuple[str, ...]:
    """The lines of uv's that say what is another version than before: `Updated idna v3.10 -> v3.20`."""
    return tuple(line for line in told.splitlines() if line.startswith(("Added ", "Removed ", "Updated ")))


def _compile(
    program: str, lock: CompiledLock, root: Path, environment: Mapping[str, str], *, check: bool, upgrade: bool
) -> bool:
    """Make a lock beside, where uv sees the versions that are to be kept; whether it is another one than before."""
    path = root / lock.path
    before = path.read_bytes() if path.is_file() else None
    with tempfile.TemporaryDirectory(prefix="venvship-lock-") as scratch:
        made = Path(scratch, path.name)
        if before is not None:
            made.write_bytes(before)
        words = [*lock.words, *(["--upgrade"] if upgrade else []), "--output-file", str(made)]
        _call([program, *words], root, environment, shown=lock.path, check=False)
        content = made.read_bytes()
    if content == before:
        return False
    if check:
        raise NotLocked(lock.path, _difference(before or b"", content), check=True)
    write_atomically(path, content)
    return True


def _difference(locked: bytes, asked_for: bytes) -> str:
    """What another resolution has changed in a requirements file: its versions if it can be told by these."""
    old, new = (content.decode(errors="replace").splitlines() for content in (locked, asked_for))
    pins = [[line.removesuffix("\\").rstrip() for line in lines if line[:1].strip(" \t#-")] for lines in (old, new)]
    if pins[0] != pins[1]:
        old, new = pins
    return "\n".join(difflib.unified_diff(old, new, "locked", "asked for", lineterm="", n=0))
