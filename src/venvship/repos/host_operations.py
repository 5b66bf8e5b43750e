"""What repository rules and module extensions do to this machine: `repository_ctx` and `module_ctx` share it.

Everything is written below the directory that is being made. What is read is noted, so that the result is made again
when it changes.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem, UserError, VenvshipError
from venvship.host.files import remove
from venvship.host.machine import this_machine
from venvship.host.processes import Children, ProgramNotStarted
from venvship.model.label import Label
from venvship.repos.disk_tree import DiskTree
from venvship.repos.external_store import Input, Observer
from venvship.repos.host_path import HostPath, check_watch
from venvship.repos.integrity import Checksum, wanted_checksum
from venvship.repos.patches import apply_patch
from venvship.repos.programs import run_program
from venvship.repos.unpacking import archive_kind, unpack
from venvship.repos.urls import shown_url
from venvship.repos.web_files import WebFiles
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.sizes import new_text
from venvship.starlark.structs import Struct
from venvship.starlark.values import Dict

PathLike: TypeAlias = str | Label | HostPath

_LARGEST_TEXT = 64 << 20
_SYSTEMS = {"linux": "linux", "macos": "mac os x", "windows": "windows"}
_ARCHITECTURES = {("linux", "x86_64"): "amd64"}


@dataclass(frozen=True, slots=True)
class Services:
    """What operations are done with."""

    files: WebFiles
    children: Children
    observer: Observer
    path_of_label: Callable[[Label], str]
    """Where the file of a label is; obtains its repository first."""
    report: Callable[[str], None]
    """Says how far the work is."""
    tell: Callable[[str], None]
    """Shows what a program wrote."""
    workspace: Path


class HostOperations:
    """The receiver of all methods; `directory` is where relative paths begin."""

    def __init__(self, directory: Path, services: Services, note: Callable[[Input], None]) -> None:
        self.directory = directory
        self.services = services
        self.note = note
        self.tree = DiskTree(directory)
        self.original_name = ""

    def host_path(self, path: PathLike, *, watch: bool = True) -> str:
        """The absolute path that a program means; labels are noted as read."""
        match path:
            case HostPath():
                return path.path
            case Label():
                try:
                    found = self.services.path_of_label(path)
                except VenvshipError as error:
                    raise _seen(error) from error
                if watch:
                    self.note(("file", found))
                return found
            case _:
                if "\0" in path:
                    raise EvaluationError("a path can't hold a null character")
                return os.path.normpath(os.path.join(self.directory, path))

    def output(self, path: PathLike) -> str:
        """Where something is written; refuses what is outside."""
        full = self.host_path(path, watch=False)
        try:
            return self.tree.place(os.path.relpath(full, self.directory) if full != str(self.directory) else ".")
        except UserError:
            raise EvaluationError(f"cannot write outside of the repository directory for path {full}") from None

    def read_input(self, path: PathLike, watch: str) -> bytes:
        check_watch(watch)
        full = self.host_path(path)
        inside = full.startswith(f"{self.directory}/")
        if watch != "no" and not inside:
            self.note(("file", full))
        try:
            if os.path.getsize(full) > _LARGEST_TEXT:
                raise EvaluationError(f"`{full}` is too large to be read")
            return Path(full).read_bytes()
        except OSError as error:
            raise EvaluationError(f"can't read `{full}`: {error.strerror}") from error

    def is_inside(self, full: str) -> bool:
        return full == str(self.directory) or full.startswith(f"{self.directory}/")


def _seen(error: VenvshipError) -> EvaluationError:
    return EvaluationError(error.message, hint=error.hint)


def os_value(environment: Mapping[str, str]) -> Struct:
    """The value of `os`."""
    machine = this_machine()
    system = _SYSTEMS.get(machine.system, machine.system)
    arch = _ARCHITECTURES.get((machine.system, machine.processor), machine.processor)
    return Struct({"name": system, "arch": arch, "environ": Dict(dict(environment))})


# Methods


def _path(it: HostOperations, path: PathLike, /) -> HostPath:
    return HostPath(it.host_path(path), it.note)


def _read(it: HostOperations, path: PathLike, *, watch: str = "auto") -> str:
    text = it.read_input(path, watch).decode("utf-8", "replace")
    new_text(len(text))
    return text


def _file(
    it: HostOperations, path: PathLike, content: str = "", executable: bool = True, legacy_utf8: bool = False
) -> None:
    _write(it, it.output(path), content.encode("utf-8", "surrogateescape"), executable=executable)


def _write(it: HostOperations, full: str, content: bytes, *, executable: bool) -> None:
    try:
        it.tree.write(os.path.relpath(full, it.directory), content, executable=executable)
    except OSError as error:
        raise EvaluationError(f"can't write `{full}`: {error.strerror}") from error


def _template(
    it: HostOperations,
    path: PathLike,
    template: PathLike,
    substitutions: Mapping[str, str] | None = None,
    executable: bool = True,
    *,
    watch_template: str = "auto",
) -> None:
    text = it.read_input(template, watch_template).decode("utf-8", "surrogateescape")
    for key, value in entries(Dict(substitutions or {})):
        if type(key) is not str or type(value) is not str:
            raise EvaluationError("substitutions must be a dict of strings to strings")
        text = text.replace(key, value)
    _write(it, it.output(path), text.encode("utf-8", "surrogateescape"), executable=executable)


def _symlink(it: HostOperations, target: PathLike, link_name: PathLike) -> None:
    full = it.output(link_name)
    source = it.host_path(target)
    if it.is_inside(source):
        # The directory moves when the repository is done.
        source = os.path.relpath(source, os.path.dirname(full))
    if full == str(it.directory):
        remove(full)
    else:
        os.makedirs(os.path.dirname(full), exist_ok=True)
    try:
        os.symlink(source, full)
    except FileExistsError as error:
        raise EvaluationError(f"can't make the link `{full}`: something is there already") from error


def _delete(it: HostOperations, path: PathLike, /) -> bool:
    full = it.output(path)
    existed = os.path.lexists(full)
    remove(full)
    return existed


def _rename(it: HostOperations, src: PathLike, dst: PathLike) -> None:
    source, target = it.output(src), it.output(dst)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.rename(source, target)
    except OSError as error:
        raise EvaluationError(f"can't rename `{source}` to `{target}`: {error.strerror}") from error


def _execute(
    it: HostOperations,
    arguments: Sequence[Value],
    timeout: int = 600,
    environment: Mapping[str, Value] | None = None,
    quiet: bool = True,
    working_directory: str = "",
) -> Struct:
    if not arguments:
        raise EvaluationError("execute() needs at least the name of a program")
    argv = [_argument(it, argument) for argument in arguments]
    variables = dict(it.services.observer.environment)
    for name, value in entries(Dict(environment or {})):
        if value is None:
            variables.pop(name, None)
        elif type(name) is not str or type(value) is not str:
            raise EvaluationError("environment must be a dict of strings to strings")
        else:
            variables[name] = value
    directory = Path(it.host_path(working_directory)) if working_directory else it.directory
    if not working_directory:
        directory.mkdir(parents=True, exist_ok=True)
    try:
        result = run_program(
            it.services.children, argv, directory=directory, environment=variables, timeout=float(timeout)
        )
    except ProgramNotStarted as error:
        return Struct({"return_code": 127, "stdout": "", "stderr": error.message})
    if not quiet:
        for text in (result.stdout, result.stderr):
            if text:
                it.services.tell(text.rstrip("\n"))
    return Struct({"return_code": result.return_code, "stdout": result.stdout, "stderr": result.stderr})


def _argument(it: HostOperations, argument: Value) -> str:
    if isinstance(argument, (str, HostPath)):
        text = argument if isinstance(argument, str) else argument.path
        if "\0" in text:
            raise EvaluationError("an argument can't hold a null character")
        return text
    if isinstance(argument, Label):
        return it.host_path(argument)
    raise EvaluationError(f"arguments are strings, paths and labels, not {type_name(argument)}")


def _which(it: HostOperations, program: str, /) -> HostPath | None:
    if not program or "/" in program:
        raise EvaluationError("program argument of which() may not contain a / or be empty")
    found = shutil.which(program, path=it.services.observer.variable("PATH") or "")
    it.note(("variable", "PATH"))
    return None if found is None else HostPath(found, it.note)


def _getenv(it: HostOperations, name: str, default: str | None = None) -> str | None:
    it.note(("variable", name))
    value = it.services.observer.variable(name)
    return default if value is None else value


def _watch(it: HostOperations, path: PathLike, /) -> None:
    full = it.host_path(path)
    if it.is_inside(full):
        raise EvaluationError("attempted to watch a path inside the repository that is being made")
    it.note(("directory" if os.path.isdir(full) else "file", full))


def _watch_tree(it: HostOperations, path: PathLike, /) -> None:
    full = it.host_path(path, watch=False)
    if it.is_inside(full):
        raise EvaluationError("attempted to watch a path inside the repository that is being made")
    if not os.path.isdir(full):
        raise EvaluationError(f"can't watch `{full}`: it is no directory")
    it.note(("tree", full))


def _report_progress(it: HostOperations, status: str = "", /) -> None:
    it.services.report(status)


def _download(
    it: HostOperations,
    url: str | Sequence[str],
    output: PathLike = "",
    sha256: str = "",
    executable: bool = False,
    allow_fail: bool = False,
    canonical_id: str = "",
    auth: Mapping[str, Value] | None = None,
    *,
    headers: Mapping[str, Value] | None = None,
    integrity: str = "",
    block: bool = True,
) -> Value:
    fetched = _fetch(it, url, sha256, integrity, auth, headers, allow_fail=allow_fail)
    if isinstance(fetched, Path):
        target = it.output(output or _name_of(url))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(target):
            remove(target)
        shutil.copyfile(fetched, target)
        os.chmod(target, 0o755 if executable else 0o644)
        fetched = _downloaded(fetched, integrity)
    return fetched if block else PendingDownload(fetched)


def _download_and_extract(
    it: HostOperations,
    url: str | Sequence[str],
    output: PathLike = "",
    sha256: str = "",
    type: str = "",  # noqa: A002
    strip_prefix: str = "",
    allow_fail: bool = False,
    canonical_id: str = "",
    auth: Mapping[str, Value] | None = None,
    *,
    stripPrefix: str = "",
    headers: Mapping[str, Value] | None = None,
    integrity: str = "",
    rename_files: Mapping[str, Value] | None = None,
) -> Struct:
    fetched = _fetch(it, url, sha256, integrity, auth, headers, allow_fail=allow_fail)
    if not isinstance(fetched, Path):
        return fetched
    name = _name_of(url)
    _unpack(it, fetched, name, output, archive_kind(name, type), strip_prefix or stripPrefix, rename_files)
    return _downloaded(fetched, integrity)


def _extract(
    it: HostOperations,
    archive: PathLike,
    output: PathLike = "",
    strip_prefix: str = "",
    *,
    stripPrefix: str = "",
    rename_files: Mapping[str, Value] | None = None,
    watch_archive: str = "auto",
    type: str = "",  # noqa: A002
) -> None:
    check_watch(watch_archive)
    full = it.host_path(archive, watch=watch_archive != "no")
    if not os.path.isfile(full):
        raise EvaluationError(f"archive `{full}` does not exist")
    name = os.path.basename(full)
    _unpack(it, Path(full), name, output, archive_kind(name, type), strip_prefix or stripPrefix, rename_files)


def _unpack(
    it: HostOperations,
    archive: Path,
    name: str,
    output: PathLike,
    kind: str,
    strip_prefix: str,
    rename_files: Mapping[str, Value] | None,
) -> None:
    target = Path(it.output(output or "."))
    target.mkdir(parents=True, exist_ok=True)
    renamed = {str(key): str(value) for key, value in entries(Dict(rename_files or {}))}
    try:
        unpack(archive, target, kind=kind, shown=name, strip_prefix=strip_prefix, renamed=renamed)
    except VenvshipError as error:
        raise _seen(error) from error


def _fetch(
    it: HostOperations,
    url: str | Sequence[str],
    sha256: str,
    integrity: str,
    auth: Mapping[str, Value] | None,
    headers: Mapping[str, Value] | None,
    *,
    allow_fail: bool,
) -> Path | Struct:
    urls = [url] if isinstance(url, str) else [str(one) for one in url]
    try:
        expected = wanted_checksum(sha256, integrity)
        credentials = {str(address): way for address, way in entries(Dict(auth or {}))}
        wanted = {**_header_fields(headers), **_authorization(urls, credentials)}
        return it.services.files.fetch(urls, expected, headers=wanted)
    except (EnvironmentProblem, UserError) as error:
        if allow_fail and isinstance(error, EnvironmentProblem):
            return Struct({"success": False})
        raise _seen(error) from error


def _header_fields(headers: Mapping[str, Value] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in entries(Dict(headers or {})):
        found[str(name)] = value if isinstance(value, str) else ", ".join(str(one) for one in value)
    return found


def _authorization(urls: Sequence[str], auth: Mapping[str, Value]) -> dict[str, str]:
    """The credentials for the first address; all mirrors of one file rarely share them."""
    way = next((auth[url] for url in urls if url in auth), None)
    if way is None:
        return {}
    fields = {str(key): str(value) for key, value in entries(Dict(way))}
    match fields.get("type"):
        case "basic":
            pair = f"{fields.get('login', '')}:{fields.get('password', '')}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        case "pattern":
            text = fields.get("pattern", "")
            for name in ("login", "password"):
                text = text.replace(f"<{name}>", fields.get(name, ""))
            return {"Authorization": text}
        case kind:
            raise EvaluationError(f"authentication of type '{kind}' is not known for {shown_url(urls[0])}")


def _name_of(url: str | Sequence[str]) -> str:
    first = url if isinstance(url, str) else str(next(iter(url), ""))
    return shown_url(first).rpartition("/")[2]


def _downloaded(file: Path, integrity: str) -> Struct:
    checksum = Checksum.of_file(file)
    return Struct({"success": True, "sha256": checksum.hexadecimal, "integrity": integrity or str(checksum)})


def _patch(it: HostOperations, patch_file: PathLike, strip: int = 0, *, watch_patch: str = "auto") -> None:
    text = it.read_input(patch_file, watch_patch)
    try:
        apply_patch(text, it.tree, strip=strip, shown=os.path.basename(it.host_path(patch_file)))
    except UserError as error:
        raise _seen(error) from error


class PendingDownload:
    """A download that a program may wait for later."""

    __slots__ = ("result",)

    def __init__(self, result: Value) -> None:
        self.result = result


def _wait(value: PendingDownload) -> Value:
    return value.result


register(PendingDownload, HostType(name="pending_download", methods={"wait": _wait}))

COMMON_METHODS: Mapping[str, Callable[..., object]] = {
    "download": _download,
    "download_and_extract": _download_and_extract,
    "execute": _execute,
    "extract": _extract,
    "file": _file,
    "getenv": _getenv,
    "path": _path,
    "read": _read,
    "report_progress": _report_progress,
    "watch": _watch,
    "which": _which,
}
REPOSITORY_METHODS: Mapping[str, Callable[..., object]] = {
    **COMMON_METHODS,
    "delete": _delete,
    "patch": _patch,
    "rename": _rename,
    "symlink": _symlink,
    "template": _template,
    "watch_tree": _watch_tree,
}
