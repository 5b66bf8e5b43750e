"""Makes and checks lock files, through uv."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from venvship.errors import EnvironmentProblem, SeveralErrors, UserError

_SHOWN_LINES = 30


class NoUv(EnvironmentProblem):
    """The program that resolves is not installed."""

    def __init__(self) -> None:
        super().__init__("`uv` is not installed beside venvship", hint="install it with `pip install uv`")


class NotLocked(UserError):
    """uv could not make a lock, or says that one is not up to date."""

    def __init__(self, shown: str, output: str, *, check: bool) -> None:
        lines = [f"  {line}" for line in output.strip().splitlines()[-_SHOWN_LINES:]]
        what = "is not up to date" if check else "cannot be made"
        hint = "make it again with `venvship lock`" if check else "uv's words above say what it could not resolve"
        super().__init__("\n".join([f"`{shown}` {what}:", *lines]), hint=hint)


@dataclass(frozen=True, slots=True)
class MadeLock:
    """A lock that is as its project wants it; `changed` when it was not so before."""

    shown: str
    changed: bool


def uv_program() -> str:
    """The program that comes with the package `uv`; raises NoUv."""
    try:
        import uv

        return str(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        raise NoUv from None


def make_locks(
    paths: Iterable[Path], *, root: Path, environment: Mapping[str, str], check: bool = False, upgrade: bool = False
) -> tuple[MadeLock, ...]:
    """Bring each lock in line with its project, or only look; raises everything that is wrong."""
    done: list[MadeLock] = []
    errors: list[NotLocked] = []
    # What pins requirements is made by the rules that name its sources.
    own = [path for path in dict.fromkeys(paths) if path.name == "uv.lock"]
    program = uv_program() if own else ""
    for path in own:
        shown = os.path.relpath(path, root)
        before = path.read_bytes() if path.is_file() else None
        command = [program, "lock", "--quiet", *(["--check"] if check else []), *(["--upgrade"] if upgrade else [])]
        result = subprocess.run(
            command, cwd=path.parent, env=dict(environment), capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            errors.append(NotLocked(shown, result.stderr or result.stdout, check=check))
            continue
        done.append(MadeLock(shown, path.is_file() and path.read_bytes() != before))
    if errors:
        raise errors[0] if len(errors) == 1 else SeveralErrors(errors)
    return tuple(done)
