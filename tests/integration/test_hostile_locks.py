"""Wheels and locks that mean harm or nothing, through the real command: all are refused, and the stores stay clean."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, ORIGIN, RealWorkspace
from wheel_building import record_of, wheel_bytes, zip_bytes, zip_info

INFO = "a-1.0.dist-info"
VIRTUAL = 'version = 1\n[[package]]\nname = "a"\nsource = { virtual = "." }\n'
LOCKED = 'version = 1\n[[package]]\nname = "a"\nsource = { registry = "b" }\n'


def holding(path: str, *, mode: int = 0o100644, content: bytes = b"x") -> bytes:
    """A wheel with one more member."""
    members = {path: content, f"{INFO}/WHEEL": b"Wheel-Version: 1.0\n", f"{INFO}/METADATA": b"Name: a\n"}
    members["a-1.0.dist-info/RECORD"] = record_of(members, "a-1.0.dist-info/RECORD")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(zip_info(name, mode=mode if name == path else 0o100644), data)
    return buffer.getvalue()


def patched(data: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    start = data.rindex(signature) + offset
    return data[:start] + value + data[start + len(value) :]


def recorded(record: str, **others: bytes) -> bytes:
    members = {"a.py": b"x", "a-1.0.dist-info/WHEEL": b"", "a-1.0.dist-info/METADATA": b"", **others}
    return zip_bytes({**members, "a-1.0.dist-info/RECORD": record.encode()})


def hostile_wheels() -> Mapping[str, bytes]:
    good = wheel_bytes("a", files={"a.py": "X = 1\n"})
    paths = [
        *("../evil", "a/../../evil", "a/..", "..", "/etc/evil", "//evil", "a\\b", "..\\evil", "C:evil", "C:/evil"),
        *(
            "a//b",
            "./a",
            "a/./b",
            "a\nb",
            "a\x7fb",
            "x" * 300,
            "a/" * 600 + "b",
            "a-1.0.data/evil/x",
            "a-1.0.data/data",
        ),
        *("a-1.0.data/scripts/../x", "a-1.0.data/scripts/d/x", "a-1.0.data/purelib/../../x", "a-1.0.data/data/../x"),
        *(
            "a-1.0.data/purelib/a-1.0.dist-info/WHEEL",
            "a-1.0.DIST-INFO/x",
            "a-1.0.dist-info",
            "b-1.0.dist-info/METADATA",
        ),
        *("a-1.0.dist-info/metadata", "a-1.0.dist-info/record", "a-1.0.data/platlib/a-1.0.dist-info/RECORD"),
    ]
    modes = {"symlink": 0o120777, "character": 0o020644, "block": 0o060644, "fifo": 0o010644, "socket": 0o140644}
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        for name in ("a.py", "b.py"):
            archive.writestr(zip_info(name, mode=0o100644), b"x")
    return {
        **{f"path {path[:40]!r}": holding(path) for path in paths},
        **{name: holding("odd", mode=mode) for name, mode in modes.items()},
        "empty": b"",
        "no zip": b"no zip at all" * 10,
        "cut": good[: len(good) // 2],
        "duplicate": patched(twice.getvalue(), b"b.py", 0, b"a.py").replace(b"b.py", b"a.py"),
        "no metadata": zip_bytes({"a.py": b"x"}),
        "no record": zip_bytes({"a.py": b"x", "a-1.0.dist-info/WHEEL": b"", "a-1.0.dist-info/METADATA": b""}),
        "unlisted": recorded("a.py,,\n"),
        "listed and missing": recorded("a.py,sha256=x,1\nb.py,sha256=x,1\n"),
        "a lying size": patched(good, b"PK\x01\x02", 24, struct.pack("<I", 0xFFFFFFFF)),
        "a lying offset": patched(good, b"PK\x01\x02", 42, struct.pack("<I", 0xFFFFFF)),
        "encrypted": patched(good, b"PK\x01\x02", 8, struct.pack("<H", 1)),
        "an unknown method": patched(good, b"PK\x01\x02", 10, struct.pack("<H", 93)),
    }


def lock_of(index: FakeIndex, wheels: Mapping[str, bytes]) -> str:
    lines = ['version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "shop"\nversion = "0"']
    names = [f"w{number}" for number in range(len(wheels))]
    needed = ", ".join('{ name = "' + name + '" }' for name in names)
    lines += ['source = { virtual = "." }', f"dependencies = [{needed}]"]
    for name, content in zip(names, wheels.values(), strict=True):
        filename = f"{name}-1.0-py3-none-any.whl"
        sha256 = index.add(name, filename, content)
        lines += [f'[[package]]\nname = "{name}"\nversion = "1.0"\nsource = {{ registry = "{ORIGIN}" }}']
        lines += [f'wheels = [{{ url = "{ORIGIN}/{name}/{filename}", hash = "sha256:{sha256}" }}]']
    return "\n".join(lines) + "\n"


def test_hostile_wheels_are_refused_one_by_one_and_leave_nothing_behind(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    workspace.cache = workspace.root.parent / "own cache"
    wheels = hostile_wheels()
    assert len(wheels) >= 40
    names = [f"w{number}" for number in range(len(wheels))]
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB,
            "uv.lock": lock_of(index, wheels),
            "BUILD.bazel": DEFS + "".join(f'py_venv(name = "{name}", deps = ["@pypi//{name}"])\n' for name in names),
        }
    )
    done = workspace.build("--keep_going", "//...")
    assert done.code == 1 and "Traceback" not in done.stderr
    told = {name for name in names if f"`{name}-1.0-py3-none-any.whl`" in done.stderr}
    accepted = [what for name, what in zip(names, wheels, strict=True) if name not in told]
    assert accepted == []
    store = workspace.cache / "venvship"
    assert not list(store.glob("trees/*/lib/python*/site-packages/a*"))
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
