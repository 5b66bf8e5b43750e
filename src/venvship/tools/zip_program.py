"""Puts a program and everything that it needs into one file that Python, or the file itself, can start.

The request has `output`, `shebang` (text, or empty), `compression` (0 for none to 9), `settings` (an object for the
program in the archive), and `rows`: `{"at", "file", "executable"}`, `{"at", "link"}`, `{"at", "link_of"}` or
`{"at", "tree"}`. The archive holds links as links; when it is started first, it is unpacked into the user's cache
directory under a name made of its content, and what is there is what runs. Where that can't be written, a directory of
the user's own among the temporary files takes its place.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

_EPOCH = (1980, 1, 1, 0, 0, 0)

Member: TypeAlias = "tuple[str, int, str | bytes]"
"""Path, mode, and either the path of the content or the content itself."""

_MAIN = '''\
"""Unpacks this archive once, and becomes the program in it."""

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import zipfile

SETTINGS = {settings!r}
ELSEWHERE = "; RULES_PYTHON_EXTRACT_ROOT can name another directory"


def main():
    wanted = SETTINGS["python"]
    if wanted and ("%d.%d" % sys.version_info[:2] != wanted or sys.implementation.name != "cpython"):
        sys.exit("this program needs CPython " + wanted + ", and was started with " + sys.version.split()[0])
    archive = __file__
    while not os.path.isfile(archive):
        archive = os.path.dirname(archive)
    name = SETTINGS["digest"]
    if wanted:
        name += "-" + sys.base_prefix.strip(os.sep).replace(os.sep, "-")
    problems = []
    for root in roots():
        directory = os.path.join(root, name)
        try:
            if not os.path.isdir(directory):
                unpack(archive, root, directory)
            break
        except OSError as error:
            problems.append("can't unpack into " + root + ": " + str(error.strerror))
    else:
        sys.exit("\\n".join(problems) + ELSEWHERE)
    runfiles = os.path.join(directory, "runfiles")
    launcher = os.path.join(directory, "runfiles", SETTINGS["launcher"])
    environment = dict(os.environ)
    environment.update(SETTINGS["environment"])
    environment["RUNFILES_DIR"] = runfiles
    environment.pop("RUNFILES_MANIFEST_FILE", None)
    try:
        os.execve(launcher, [launcher, *sys.argv[1:]], environment)
    except PermissionError:
        sys.exit("programs can't be run from " + root + ", perhaps since it is mounted noexec" + ELSEWHERE)


def roots():
    """Directories to unpack in; the last is for where nothing else can be written, as in a sandbox or a container."""
    named = os.environ.get("RULES_PYTHON_EXTRACT_ROOT")
    if named:
        yield named
        return
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    yield os.path.join(cache, "venvship-programs")
    # Others may write there too: what they have put in its place is not run.
    private = os.path.join(tempfile.gettempdir(), "venvship-programs-" + str(os.getuid()))
    with contextlib.suppress(OSError):
        os.mkdir(private, 0o700)
    with contextlib.suppress(OSError):
        status = os.lstat(private)
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077:
            yield private


def unpack(archive, root, directory):
    os.makedirs(root, exist_ok=True)
    fresh = tempfile.mkdtemp(dir=root)
    try:
        with zipfile.ZipFile(archive) as members:
            for info in members.infolist():
                if info.is_dir() or not info.filename.startswith("runfiles/"):
                    continue
                path = os.path.join(fresh, info.filename)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                mode = info.external_attr >> 16
                if stat.S_ISLNK(mode):
                    os.symlink(members.read(info).decode(), path)
                    continue
                with members.open(info) as source, open(path, "xb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                os.chmod(path, stat.S_IMODE(mode))
        if SETTINGS["python"]:
            link, leads_to = SETTINGS["prefix"], sys.base_prefix
            if SETTINGS["relinked"]:
                link, leads_to = SETTINGS["relinked"], os.path.realpath(sys._base_executable)
            link = os.path.join(fresh, "runfiles", link)
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(leads_to, link)
        # Whoever is first wins, and the others use what it made.
        with contextlib.suppress(OSError):
            os.rename(fresh, directory)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


if __name__ == "__main__":
    main()
'''


def run(request: Mapping[str, Any]) -> None:
    members = sorted(member for row in request["rows"] for member in _members(row))
    digest = hashlib.sha256()
    for path, mode, content in members:
        data = content if isinstance(content, bytes) else _read(content)
        digest.update(f"{path}\0{mode}\0{len(data)}\0".encode())
        digest.update(data)
    settings = {**request["settings"], "digest": digest.hexdigest()[:32]}
    level = int(request["compression"])
    with open(request["output"], "xb") as file:
        if request["shebang"]:
            file.write(f"#!{request['shebang']}\n".encode())
        with zipfile.ZipFile(file, "w") as archive:
            text = _MAIN.replace("{settings!r}", repr(json.loads(json.dumps(settings))))
            _write(archive, ("__main__.py", stat.S_IFREG | 0o644, text.encode()), level)
            for member in members:
                _write(archive, member, level)
    os.chmod(request["output"], 0o755)


def _members(row: Mapping[str, Any]) -> Iterator[Member]:
    at = f"runfiles/{row['at']}"
    if "link" in row:
        yield at, stat.S_IFLNK | 0o777, row["link"].encode()
    elif "link_of" in row:
        yield at, stat.S_IFLNK | 0o777, os.readlink(row["link_of"]).encode()
    elif "file" in row:
        executable = row.get("executable", False) or os.access(row["file"], os.X_OK)
        yield at, stat.S_IFREG | (0o755 if executable else 0o644), row["file"]
    elif "text" in row:
        yield at, stat.S_IFREG | 0o644, row["text"].encode()
    else:
        for directory, names, files in os.walk(row["tree"]):
            links = [name for name in names if os.path.islink(os.path.join(directory, name))]
            for name in (*files, *links):
                path = os.path.join(directory, name)
                inside = f"{at}/{os.path.relpath(path, row['tree'])}"
                if os.path.islink(path):
                    yield inside, stat.S_IFLNK | 0o777, os.readlink(path).encode()
                else:
                    executable = os.access(path, os.X_OK)
                    yield inside, stat.S_IFREG | (0o755 if executable else 0o644), path


def _write(archive: zipfile.ZipFile, member: Member, level: int) -> None:
    path, mode, content = member
    info = zipfile.ZipInfo(path, _EPOCH)
    info.create_system = 3
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
    data = content if isinstance(content, bytes) else _read(content)
    archive.writestr(info, data, compresslevel=level or None)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
