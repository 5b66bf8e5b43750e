"""Builds wheels from source trees, confined: no network, and nothing to write but a directory of the build's own.

Source, tools and result lie in one directory, which the build sees as `/tmp`. It has the same path each time, so the
same inputs give the same wheel even where a compiler notes where it worked.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import tomli

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.host.files import read_tail, remove
from venvship.host.processes import Children
from venvship.host.sandbox import Confinement, Isolation, confined
from venvship.repos.patches import apply_patch
from venvship.wheels.entry_points import EntryPoint, MalformedEntryPoints, parse_entry_points
from venvship.wheels.filename import WheelFilename
from venvship.wheels.flat import RequiresDist, parse_requires_dist

EXECUTION_ROOT: Final = "\0execroot\0"
"""Stands in values of the environment for a directory whose place only the build knows."""
SEARCH_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_LEGACY_BACKEND: Final = "setuptools.build_meta:__legacy__"
_LEGACY_REQUIRES: Final = ("setuptools",)
_MAX_PYPROJECT: Final = 4 << 20
_LOG_TAIL: Final = 1 << 20
_SHOWN_LINES: Final = 40
# The first moment that a zip archive can tell.
_EPOCH: Final = "315532800"
_BACKEND: Final = re.compile(r"[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*)?")
_SYMPTOMS: Final = (
    (re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'"), "lock what builds it: `uv add --group build {0}`"),
    (re.compile(r"fatal error: ([\w./+-]+\.h): No such file"), "install the development files that bring `{0}`"),
    (re.compile(r"error: command '([\w./+-]+)' failed: No such file"), "install a compiler: `{0}` is not there"),
    (re.compile(r"(?:([\w+-]+): not found|No such file or directory: '([\w+-]+)')"), "install the program `{0}`"),
    (
        re.compile(r"(name resolution|Network is unreachable|Could not resolve host)"),
        "builds see no network ({0}): lock what it wants to download, or lock a version that has a wheel",
    ),
)


class BuildFailed(UserError):
    """A build from source that did not make a wheel."""

    def __init__(self, project: str, reason: str, *, log: str, chain: Iterable[str] = ()) -> None:
        lines = log.rstrip().splitlines()
        shown = [f"  {line}" for line in lines[-_SHOWN_LINES:]]
        if len(lines) > _SHOWN_LINES:
            shown.insert(0, f"  … {len(lines) - _SHOWN_LINES} lines before")
        super().__init__(
            "\n".join([f"`{project}` can't be built from source: {reason}", *shown]), chain=chain, hint=_advice(log)
        )
        self.log = log


class MalformedSource(UserError):
    """A source tree whose `pyproject.toml` cannot be used."""


def _advice(log: str) -> str:
    for pattern, advice in _SYMPTOMS:
        found = pattern.findall(log)
        if found:
            last = found[-1] if isinstance(found[-1], str) else next(text for text in found[-1] if text)
            return advice.format(last)
    return (
        "lock a version that has a wheel, or change the build with `pre_build_patches` or `env` of "
        "`uv.override_package`"
    )


@dataclass(frozen=True, slots=True)
class BuildSystem:
    """How a source tree says that it is built."""

    requires: tuple[RequiresDist, ...]
    backend: str
    backend_path: tuple[str, ...] = ()

    @classmethod
    def of(cls, content: bytes | None, *, project: str) -> BuildSystem:
        """Read a `pyproject.toml`; None, or one without the table, means setuptools. Raises MalformedSource."""
        try:
            document = tomli.loads((content or b"").decode())
        except (ValueError, RecursionError) as error:
            raise MalformedSource(f"the pyproject.toml of `{project}` can't be read: {error}") from None
        table = document.get("build-system")
        if table is None:
            return cls(tuple(parse_requires_dist(text) for text in _LEGACY_REQUIRES), _LEGACY_BACKEND)
        requires = table.get("requires", []) if isinstance(table, dict) else None
        backend = table.get("build-backend", _LEGACY_BACKEND) if isinstance(table, dict) else None
        path = table.get("backend-path", []) if isinstance(table, dict) else None
        texts = (*requires, *path) if isinstance(requires, list) and isinstance(path, list) else (None,)
        if not isinstance(backend, str) or not all(isinstance(text, str) for text in texts):
            raise MalformedSource(f"the `build-system` table of `{project}` is malformed")
        if not _BACKEND.fullmatch(backend):
            raise MalformedSource(f"`{backend[:80]}` is no build backend, says the pyproject.toml of `{project}`")
        inside = [os.path.normpath(text) for text in path or []]
        if any(text.startswith(("/", "..")) for text in inside):
            raise MalformedSource(f"the backend path of `{project}` leads out of its source")
        try:
            return cls(tuple(parse_requires_dist(text) for text in requires or []), backend, tuple(inside))
        except ValueError as error:
            raise MalformedSource(f"the pyproject.toml of `{project}` is wrong: {error}") from None


@dataclass(frozen=True, slots=True)
class BuildPatch:
    """A unified diff for the source, before it is built."""

    content: bytes
    strip: int | None
    shown: str


class SourceBuild:
    """One build: a directory of its own from `prepare` to `close`."""

    def __init__(
        self,
        project: str,
        *,
        python: Path,
        python_version: str,
        children: Children,
        isolation: Isolation,
        visible: Sequence[str],
        environment: Mapping[str, str],
        directory: Path,
        files: Mapping[str, str] = {},
        monitors_memory: bool = False,
        settings: Mapping[str, Sequence[str]] = {},
    ) -> None:
        """`files` of this machine are found below the directory that `EXECUTION_ROOT` stands for, by their paths there.

        `settings` are for the backend; `monitors_memory` has the build tell how much memory it takes.
        """
        self._project = project
        self._python = python
        self._python_version = python_version
        self._children = children
        self._isolation = isolation
        self._visible = tuple(visible)
        self._environment = dict(environment)
        self._monitors_memory = monitors_memory
        self._settings = {name: list(values) for name, values in settings.items()}
        self.peak_memory: int | None = None
        """The most that the processes of the build had together, in bytes; None where nobody knows."""
        self._base = Path(tempfile.mkdtemp(prefix="build-", dir=directory))
        self._work = self._base / "work"
        self.source = self._work / "source"
        self._tools = 0
        for directory in (self.source, self._work / "tools", self._work / "bin", self._work / "out"):
            directory.mkdir(parents=True)
        (self._work / "home").mkdir()
        for path, place in files.items():
            link = self._work / "execroot" / path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(place)

    def close(self) -> None:
        remove(self._base)

    def build_system(self) -> BuildSystem:
        """What the tree says of its build; its source must be there."""
        root = self._root
        path = root / "pyproject.toml"
        content: bytes | None = None
        if path.is_file():
            if path.stat().st_size > _MAX_PYPROJECT:
                raise MalformedSource(f"the pyproject.toml of `{self._project}` has {path.stat().st_size} bytes")
            content = path.read_bytes()
        elif not (root / "setup.py").is_file():
            raise MalformedSource(f"the source of `{self._project}` has neither pyproject.toml nor setup.py")
        return BuildSystem.of(content, project=self._project)

    @property
    def _root(self) -> Path:
        """The directory that is built: the only one of an archive, or what its lock calls the subdirectory."""
        root = self.source
        names = list(root.iterdir())
        if len(names) == 1 and names[0].is_dir() and not names[0].is_symlink():
            root = names[0]
        return root / self._subdirectory

    _subdirectory = "."

    def use_subdirectory(self, path: str) -> None:
        normal = os.path.normpath(path)
        if normal.startswith(("/", "..")) or not (self._root / normal).is_dir():
            raise MalformedSource(f"the source of `{self._project}` has no directory `{path}`")
        self._subdirectory = normal

    def patch(self, patches: Iterable[BuildPatch]) -> None:
        for patch in patches:
            apply_patch(patch.content, _TreeFiles(self._root), strip=patch.strip, shown=patch.shown)

    def install(self, wheel: Path) -> None:
        """Put a wheel among the tools; its scripts are found by name."""
        prefix = self._work / "tools" / str(self._tools)
        self._tools += 1
        # Most commands build no distribution, and every command loads this module.
        from venvship.tools import install_wheel

        try:
            install_wheel.install({"wheel": str(wheel), "output": str(prefix), "python_version": self._python_version})
        except install_wheel.WheelRefused as error:
            raise UserError(str(error)) from error
        site = prefix / f"lib/python{self._python_version}/site-packages"
        for file in site.glob("*.dist-info/entry_points.txt"):
            try:
                points = parse_entry_points(file.read_bytes())
            except MalformedEntryPoints:
                continue
            for point in points.console_scripts:
                self._script(point)
        for script in sorted((prefix / "data-scripts").glob("*")):
            target = self._work / "bin" / script.name
            content = script.read_bytes()
            if content.startswith(b"#!python"):
                content = f"#!{self._python}\n".encode() + content.partition(b"\n")[2]
            if not target.exists():
                target.write_bytes(content)
                target.chmod(0o755)

    def _script(self, point: EntryPoint) -> None:
        target = self._work / "bin" / point.name
        if "/" in point.name or target.exists():
            return
        text = f"#!{self._python}\nimport sys\nfrom {point.module} import {point.attribute.partition('.')[0]}\n"
        target.write_text(f"{text}sys.exit({point.attribute}())\n")
        target.chmod(0o755)

    def requirements(self, system: BuildSystem) -> tuple[RequiresDist, ...]:
        """What the backend asks for beyond its declared requirements."""
        answer = self._run(system, "requires")
        if not isinstance(answer, list) or not all(isinstance(text, str) for text in answer):
            raise BuildFailed(self._project, "its backend does not answer with a list", log="")
        return tuple(parse_requires_dist(text) for text in answer)

    def build(self, system: BuildSystem) -> tuple[Path, WheelFilename]:
        """Make the wheel; it is there until `close`."""
        answer = self._run(system, "wheel")
        path = self._work / "out" / str(answer)
        if not isinstance(answer, str) or "/" in answer or path.is_symlink() or not path.is_file():
            raise BuildFailed(self._project, "its backend made no wheel", log="")
        try:
            filename = WheelFilename.parse(answer)
        except ValueError as error:
            raise BuildFailed(self._project, str(error), log="") from None
        return path, filename

    def _run(self, system: BuildSystem, hook: str) -> object:
        seen = self._work if self._isolation is Isolation.NONE else Path("/tmp")
        answer = self._work / "answer.json"
        answer.unlink(missing_ok=True)
        from venvship.tools import build_source

        shutil.copyfile(build_source.__file__, self._work / "build_source.py")
        sites = [
            str(seen / "tools" / str(n) / f"lib/python{self._python_version}/site-packages") for n in range(self._tools)
        ]
        request = {
            "source": str(seen / self._root.relative_to(self._work)),
            "output": str(seen / "out"),
            "site": sites,
            "backend": system.backend,
            "backend_path": list(system.backend_path),
            "hook": hook,
            "settings": self._settings,
            "answer": str(seen / "answer.json"),
            "memory": str(seen / "memory") if self._monitors_memory else "",
        }
        (self._work / "request.json").write_text(json.dumps(request))
        environment = {
            "PATH": f"{seen / 'bin'}:{SEARCH_PATH}",
            "HOME": str(seen / "home"),
            "TMPDIR": str(seen),
            "LC_ALL": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": ":".join(sites),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SOURCE_DATE_EPOCH": _EPOCH,
            **{name: text.replace(EXECUTION_ROOT, str(seen / "execroot")) for name, text in self._environment.items()},
        }
        argv = [str(self._python), "-I", "-S", "-B", str(seen / "build_source.py"), str(seen / "request.json")]
        confinement = Confinement(writable=(), temporary=str(self._work), visible=self._visible)
        log = self._base / "log"
        finished = self._children.run(
            confined(argv, confinement, cwd=str(seen), way=self._isolation),
            cwd=str(self._work),
            environment=environment,
            output=log,
        )
        if finished.interrupted:
            raise KeyboardInterrupt
        self._note_memory()
        if finished.exit_code != 0:
            text = read_tail(str(log), _LOG_TAIL).decode(errors="replace")
            raise BuildFailed(
                self._project, f"its backend `{system.backend}` ended with {finished.exit_code}", log=text
            )
        try:
            answered: object = json.loads(answer.read_bytes())
        except (OSError, ValueError):
            raise BuildFailed(self._project, "its backend did not answer", log="") from None
        return answered

    def _note_memory(self) -> None:
        try:
            peak = int((self._work / "memory").read_text())
        except (OSError, ValueError):
            return
        self.peak_memory = max(peak, self.peak_memory or 0)


class _TreeFiles:
    """The files of a source tree, for patches; none is read or written through a link."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, path: str) -> Path:
        target = self._root / path
        real = os.path.realpath(target.parent)
        if real != os.path.normpath(os.path.join(os.path.realpath(self._root), os.path.dirname(path))):
            raise UserError(f"`{path}` lies behind a symbolic link")
        return target

    def read(self, path: str) -> bytes | None:
        target = self._path(path)
        return target.read_bytes() if target.is_file() and not target.is_symlink() else None

    def write(self, path: str, content: bytes, *, executable: bool | None) -> None:
        target = self._path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if executable is not None:
            target.chmod(0o755 if executable else 0o644)

    def remove(self, path: str) -> None:
        self._path(path).unlink()
