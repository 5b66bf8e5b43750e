"""Makes small wheels for tests, byte for byte the same each time."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)


def make_wheel(
    directory: Path,
    name: str,
    version: str = "1.0",
    files: Mapping[str, str | bytes] | None = None,
    *,
    tag: str = "py3-none-any",
    console_scripts: Mapping[str, str] | None = None,
    requires: Iterable[str] = (),
    executable: Iterable[str] = (),
) -> Path:
    """Write a wheel below `directory` and return its path.

    Without `files` it holds one empty module named after the distribution. `console_scripts` maps names to
    `module:function`; `executable` lists paths that get the x bit.
    """
    path = directory / f"{_escaped(name)}-{version}-{tag}.whl"
    directory.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        wheel_bytes(
            name,
            version,
            files,
            tag=tag,
            console_scripts=console_scripts,
            requires=requires,
            executable=executable,
        )
    )
    return path


def wheel_bytes(
    name: str,
    version: str = "1.0",
    files: Mapping[str, str | bytes] | None = None,
    *,
    tag: str = "py3-none-any",
    console_scripts: Mapping[str, str] | None = None,
    requires: Iterable[str] = (),
    executable: Iterable[str] = (),
) -> bytes:
    """The content of the wheel that `make_wheel` writes."""
    dist_info = f"{_escaped(name)}-{version}.dist-info"
    members: dict[str, bytes] = {
        path: content.encode() if isinstance(content, str) else content
        for path, content in (files if files is not None else {f"{_escaped(name)}.py": ""}).items()
    }
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    metadata += [f"Requires-Dist: {requirement}\n" for requirement in requires]
    members.setdefault(f"{dist_info}/METADATA", "".join(metadata).encode())
    members.setdefault(f"{dist_info}/WHEEL", _wheel_file(tag))
    if console_scripts:
        lines = ["[console_scripts]", *(f"{script} = {target}" for script, target in sorted(console_scripts.items()))]
        members.setdefault(f"{dist_info}/entry_points.txt", ("\n".join(lines) + "\n").encode())
    members.setdefault(f"{dist_info}/RECORD", record_of(members, f"{dist_info}/RECORD"))
    return zip_bytes(members, executable=executable)


def record_of(members: Mapping[str, bytes], record: str) -> bytes:
    """A RECORD that lists `members` and itself."""
    lines = []
    for path in sorted(members):
        digest = base64.urlsafe_b64encode(hashlib.sha256(members[path]).digest()).rstrip(b"=").decode()
        shown = f'"{path}"' if "," in path else path
        lines.append(f"{shown},sha256={digest},{len(members[path])}\n")
    return ("".join(lines) + f"{record},,\n").encode()


def zip_bytes(members: Mapping[str, bytes], *, executable: Iterable[str] = ()) -> bytes:
    """A deterministic archive of `members` in their own order."""
    buffer = io.BytesIO()
    with_x = frozenset(executable)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            info = zip_info(path, mode=0o100755 if path in with_x else 0o100644)
            archive.writestr(info, content, compresslevel=6)
    return buffer.getvalue()


def zip_info(path: str, *, mode: int = 0o100644) -> zipfile.ZipInfo:
    """A member as a Unix archiver writes it; `mode` has the kind of file too."""
    info = zipfile.ZipInfo(path, _EPOCH)
    info.create_system = 3
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _escaped(name: str) -> str:
    return name.replace("-", "_")


def _wheel_file(tag: str) -> bytes:
    pythons, abis, platforms = tag.split("-")
    tags = [f"Tag: {p}-{a}-{f}\n" for p in pythons.split(".") for a in abis.split(".") for f in platforms.split(".")]
    purelib = "true" if platforms == "any" else "false"
    return (f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {purelib}\n" + "".join(tags)).encode()
