"""Wheels and locks that mean harm or nothing, through the real command: all are refused, and the stores stay clean."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, ORIGIN, RealWorkspace
from wheel_building import record_of, wheel_bytes, zip_bytes, zip_info

NO_HASH = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
"""What RECORD has for an empty file."""
VIRTUAL = 'version = 1\n[[package]]\nname = "a"\nsource = { virtual = "." }\n'
LOCKED = 'version = 1\n[[package]]\nname = "a"\nsource = { registry = "b" }\n'


def holding(project: str, path: str, *, mode: int = 0o100644) -> bytes:
    """A wheel with one more member."""
    info = f"{project}-1.0.dist-info"
    metadata = f"Name: {project}\nVersion: 1.0\n".encode()
    members = {path: b"x", f"{info}/WHEEL": b"Wheel-Version: 1.0\n", f"{info}/METADATA": metadata}
    members[f"{info}/RECORD"] = record_of(members, f"{info}/RECORD")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(zip_info(name, mode=mode if name == path else 0o100644), data)
    return buffer.getvalue()


def patched(data: bytes, offset: int, value: bytes) -> bytes:
    """Change the last entry of the directory of an archive."""
    start = data.rindex(b"PK\x01\x02") + offset
    return data[:start] + value + data[start + len(value) :]


def recorded(project: str, record: str) -> bytes:
    """A wheel whose RECORD says what it likes of `a.py`."""
    info = f"{project}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode()
    members = {f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n", f"{info}/METADATA": metadata}
    record_file = record.encode() + record_of(members, f"{info}/RECORD")
    return zip_bytes({"a.py": b"", **members, f"{info}/RECORD": record_file})


def hostile_wheels(project: str) -> Mapping[str, bytes]:
    """Wheels of a distribution that nobody may install, by what is wrong with them."""
    info, data = f"{project}-1.0.dist-info", f"{project}-1.0.data"
    good = wheel_bytes(project, "1.0", {"a.py": "X = 1\n"})
    paths = (
        *("../evil", "a/../../evil", "a/..", "..", "/etc/evil", "//evil", "a\\b", "..\\evil", "C:evil", "C:/evil"),
        *("a//b", "./a", "a/./b", "a\nb", "a\x7fb", "x" * 300, "a/" * 600 + "b", f"{data}/evil/x", f"{data}/data"),
        *(f"{data}/scripts/../x", f"{data}/scripts/d/x", f"{data}/purelib/../../x", f"{data}/data/../x"),
        *(f"{data}/purelib/{info}/WHEEL", f"{info.upper()}/x", info, "b-1.0.dist-info/METADATA"),
        *(f"{info}/metadata", f"{info}/record", f"{data}/platlib/{info}/METADATA"),
    )
    modes = {"symlink": 0o120777, "character": 0o020644, "block": 0o060644, "fifo": 0o010644, "socket": 0o140644}
    return {
        **{f"path {number}": holding(project, path) for number, path in enumerate(paths)},
        **{name: holding(project, "odd", mode=mode) for name, mode in modes.items()},
        "empty": b"",
        "no zip": b"no zip at all" * 10,
        "cut": good[: len(good) // 2],
        "another distribution": wheel_bytes("other", "1.0", {"a.py": "X = 1\n"}),
        "another version": wheel_bytes(project, "2.0", {"a.py": "X = 1\n"}),
        "no metadata": zip_bytes({"a.py": b"x"}),
        "no record": zip_bytes({"a.py": b"x", f"{info}/WHEEL": b"", f"{info}/METADATA": b""}),
        "unlisted": recorded(project, ""),
        "listed and missing": recorded(project, f"a.py,{NO_HASH},0\nb.py,{NO_HASH},0\n"),
        "a lying size": patched(good, 24, struct.pack("<I", 0xFFFFFFFF)),
        "a lying offset": patched(good, 42, struct.pack("<I", 0xFFFFFF)),
        "encrypted": patched(good, 8, struct.pack("<H", 1)),
        "an unknown method": patched(good, 10, struct.pack("<H", 93)),
    }


def lock_of(index: FakeIndex, wheels: Mapping[str, bytes]) -> str:
    """A lock of a project that needs all of `wheels`, which are given by names of distributions."""
    needed = ", ".join('{ name = "' + name + '" }' for name in wheels)
    lines = ['version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "shop"\nversion = "0"']
    lines += ['source = { virtual = "." }', f"dependencies = [{needed}]"]
    for name, content in wheels.items():
        filename = f"{name}-1.0-py3-none-any.whl"
        sha256 = index.add(name, filename, content)
        lines += [f'[[package]]\nname = "{name}"\nversion = "1.0"\nsource = {{ registry = "{ORIGIN}" }}']
        lines += [f'wheels = [{{ url = "{ORIGIN}/{name}/{filename}", hash = "sha256:{sha256}" }}]']
    return "\n".join(lines) + "\n"


def test_hostile_wheels_are_refused_one_by_one_and_leave_nothing_behind(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    workspace.cache = workspace.root.parent / "own cache"
    wrong = tuple(hostile_wheels("any"))
    assert len(wrong) >= 40
    wheels = {f"w{number}": hostile_wheels(f"w{number}")[what] for number, what in enumerate(wrong)}
    accepted = {
        "fine": wheel_bytes("fine", "1.0", {"fine.py": "X = 1\n"}),
        "plain": holding("plain", "plain.txt"),
        "listed": recorded("listed", f"a.py,{NO_HASH},0\n"),
    }
    wheels.update(accepted)
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB,
            "uv.lock": lock_of(index, wheels),
            "BUILD.bazel": DEFS + "".join(f'py_venv(name = "{name}", deps = ["@pypi//{name}"])\n' for name in wheels),
        }
    )
    done = workspace.build("--keep_going", "//...")
    assert done.code == 1 and "Traceback" not in done.stderr
    refused = {name for name in wheels if f"`{name}-1.0-py3-none-any.whl` is refused" in done.stderr}
    assert [what for number, what in enumerate(wrong) if f"w{number}" not in refused] == []
    assert not refused & accepted.keys(), done.stderr
    store = workspace.cache / "venvship"
    assert [path.name for path in store.glob("trees/*/lib/python*/site-packages/*.py")].count("fine.py") == 1
    assert not list(store.glob("trees/*/lib/python*/site-packages/w*.dist-info"))
    assert not list(store.glob("trees/tmp/*")) and not list(store.rglob("evil"))
    assert not [path for path in store.glob("partial/*") if path.suffix != ".lock"]


MALFORMED_LOCKS = (
    "",
    "version = 2\n",
    "version = '1'\n",
    "version = 1\npackage = 3\n",
    "version = 1\n[[package]]\n",
    "version = 1\n[[package]]\nname = 3\n",
    'version = 1\n[[package]]\nname = "a"\n',
    'version = 1\n[[package]]\nname = "../a"\nversion = "1"\nsource = { virtual = "." }\n',
    'version = 1\n[[package]]\nname = "a"\nversion = 1\nsource = { virtual = "." }\n',
    'version = 1\n[[package]]\nname = "a"\nsource = "b"\n',
    'version = 1\n[[package]]\nname = "a"\nsource = { other = "b" }\n',
    'version = 1\n[[package]]\nname = "a"\nsource = { git = "https://packages.example/a" }\n',
    VIRTUAL + "dependencies = 3\n",
    VIRTUAL + 'dependencies = [{ version = "1" }]\n',
    VIRTUAL + 'dependencies = [{ name = "b", marker = "x y" }]\n',
    VIRTUAL + 'dependencies = [{ name = "b", extra = 3 }]\n',
    LOCKED + 'wheels = [{ hash = "sha256:0" }]\n',
    LOCKED + 'wheels = [{ url = "https://p.example/a.whl" }]\n',
    LOCKED + "wheels = 3\n",
    LOCKED + "sdist = 3\n",
    "version = 1\nconflicts = 3\n",
    'version = 1\nsupported-markers = ["((("]\n',
    "version = 1\nmanifest = 3\n",
    "version = 1\n[",
    "version = 1\nx = " + "[" * 5000,
)


def test_malformed_locks_are_refused_with_the_place_and_the_command_that_makes_them(workspace: RealWorkspace) -> None:
    assert len(MALFORMED_LOCKS) >= 20
    workspace.write({"MODULE.bazel": MODULE + HUB, "BUILD.bazel": DEFS + 'py_venv(name = "v", deps = ["@pypi//a"])\n'})
    unclear = []
    for text in MALFORMED_LOCKS:
        workspace.write({"uv.lock": text})
        done = workspace.build("//:v")
        clear = "uv.lock" in done.stderr and "malformed lock file" in done.stderr and "uv lock" in done.stderr
        if done.code != 1 or not clear or "Traceback" in done.stderr:
            unclear.append((text[:100], done.code, done.stderr))
    assert unclear == []
