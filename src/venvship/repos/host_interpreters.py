"""Finds the CPython installations of this machine.

Every candidate is asked once and the answer kept, by path, size and time of the program. Scripts that stand for
interpreters (shims of version managers) are not asked: what they start depends on settings that change.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.host.arrivals import results
from venvship.host.files import write_atomically
from venvship.interpreters.facts import PROBE, InterpreterFacts, UnreadableFacts
from venvship.model.platform import PythonVersion

_EXECUTABLE = re.compile(r"python3\.[0-9]+t?\Z")
_TIMEOUT_SECONDS = 60.0
_CACHE_FORMAT = 1


class NoInterpreter(UserError):
    """No interpreter of the machine has the version that is asked for."""

    def __init__(self, wanted: str, found: Iterable[HostInterpreter]) -> None:
        have = [f"  {one.facts.version}{'t' if one.facts.freethreaded else ''}  {one.path}" for one in found]
        super().__init__(
            f"no CPython {wanted} on this machine" + ("; it has\n" + "\n".join(have) if have else ""),
            hint=f"install one, for example with `uv python install {wanted}`, or name an archive that holds it with "
            "`python.single_version_platform_override` in MODULE.bazel",
        )


@dataclass(frozen=True, slots=True)
class HostInterpreter:
    """One installation: its real executable, and what it says of itself."""

    path: Path
    facts: InterpreterFacts


def candidates(environment: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Executables that may be CPythons, the most likely wanted first: ours, PATH, pyenv, uv, the system."""
    yield Path(getattr(sys, "_base_executable", None) or sys.executable)
    for directory in environment.get("PATH", "").split(os.pathsep):
        if os.path.isabs(directory):
            yield from _named_like_interpreters(Path(directory))
    home = Path(environment.get("HOME") or os.path.expanduser("~"))
    roots = [
        Path(environment.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(
            environment.get("UV_PYTHON_INSTALL_DIR")
            or Path(environment.get("XDG_DATA_HOME") or home / ".local/share") / "uv/python"
        ),
    ]
    for root in roots:
        for version in _listed(root):
            yield from _named_like_interpreters(root / version / "bin")
    for system in ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"):
        yield from _named_like_interpreters(Path(system))


def _listed(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory), reverse=True)
    except OSError:
        return []


def _named_like_interpreters(directory: Path) -> Iterator[Path]:
    for name in _listed(directory):
        if _EXECUTABLE.match(name):
            yield directory / name


def find_interpreters(
    cache: Path | None, environment: Mapping[str, str] = os.environ, *, timeout: float = _TIMEOUT_SECONDS
) -> tuple[HostInterpreter, ...]:
    """Every CPython 3.9 or newer, each installation once, in the order of `candidates`.

    `cache` is a JSON file that keeps answers between runs. Who gives none in time is asked again by the next one.
    """
    kept = _read_cache(cache)
    programs: dict[str, Path] = {}
    for candidate in candidates(environment):
        real = Path(os.path.realpath(candidate))
        key = _key(real)
        if key is not None and key not in programs:
            programs[key] = real
    answers: dict[str, dict[str, object] | None] = {}

    def ask(key: str) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            answers[key] = _ask(programs[key], timeout)

    with ThreadPoolExecutor(4) as pool:
        results(pool, ask, [key for key in programs if key not in kept])
    every = kept | answers
    asked = {key: every[key] for key in programs if key in every}
    if answers and cache is not None:
        write_atomically(cache, json.dumps({"format": _CACHE_FORMAT, "programs": asked}).encode())
    found: dict[str, HostInterpreter] = {}
    for answer in asked.values():
        if answer is not None:
            facts = InterpreterFacts.of(answer)
            if facts.implementation == "cpython" and facts.full_version >= (3, 9):
                found.setdefault(facts.executable, HostInterpreter(Path(facts.executable), facts))
    return tuple(found.values())


def choose_interpreter(
    interpreters: Iterable[HostInterpreter], version: str, *, freethreaded: bool = False
) -> HostInterpreter:
    """The first of the newest that `version` (`3.12` or `3.12.4`) names; raises NoInterpreter."""
    every = list(interpreters)
    wanted = PythonVersion.parse(version)
    exact = tuple(int(part) for part in version.removesuffix("t").split("."))
    fitting = [
        one
        for one in every
        if one.facts.full_version[: len(exact)] == exact
        and one.facts.freethreaded == (freethreaded or wanted.freethreaded)
        and one.facts.release == "final"
    ]
    if not fitting:
        raise NoInterpreter(version, every)
    return max(fitting, key=lambda one: one.facts.full_version)


def _key(program: Path) -> str | None:
    """What an answer is kept by; None for what is no binary program."""
    try:
        with open(program, "rb") as file:
            if file.read(2) == b"#!":
                return None
            status = os.fstat(file.fileno())
    except OSError:
        return None
    if not os.access(program, os.X_OK):
        return None
    return f"{program}\0{status.st_size}\0{status.st_mtime_ns}"


def _ask(program: Path, timeout: float) -> dict[str, object] | None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [program, "-I", "-S", "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env=environment,
            check=True,
        )
        facts = InterpreterFacts.decode(done.stdout)
    except (OSError, subprocess.CalledProcessError, UnreadableFacts):
        # What does not answer is no interpreter for us, whatever else it is.
        return None
    found: dict[str, object] = json.loads(facts.encode())
    return found


def _read_cache(cache: Path | None) -> dict[str, dict[str, object] | None]:
    if cache is None:
        return {}
    try:
        document = json.loads(cache.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict) or document.get("format") != _CACHE_FORMAT:
        return {}
    programs = document.get("programs")
    kept: dict[str, dict[str, object] | None] = {}
    for program, answer in programs.items() if isinstance(programs, dict) else ():
        try:
            if answer is not None:
                InterpreterFacts.of(answer)
        except (UnreadableFacts, AttributeError):
            continue
        kept[program] = answer
    return kept
