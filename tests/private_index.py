"""A workspace that needs one wheel of an index with a password, and the look for that password afterwards."""

from __future__ import annotations

from pathlib import Path

from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, RealWorkspace
from wheel_building import wheel_bytes

USER, SECRET = "robot", "hunter2-and-more"


def private_lock(index: FakeIndex, name: str, *, content: bytes = b"") -> str:
    """A uv.lock as uv writes it for an index with a password: addresses without credentials."""
    filename = f"{name}-1.0-py3-none-any.whl"
    wheel = content or wheel_bytes(name, "1.0", {f"{name}.py": f"X = {name!r}\n"})
    sha256 = index.add(name, filename, wheel)
    origin = index.simple_url.rstrip("/")
    return f"""version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "shop"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "{name}" }}]

[[package]]
name = "{name}"
version = "1.0"
source = {{ registry = "{origin}" }}
wheels = [{{ url = "{index.file_url(filename)}", hash = "sha256:{sha256}", size = {len(wheel)} }}]
"""


def write(workspace: RealWorkspace, index: FakeIndex, name: str, *, content: bytes = b"") -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB,
            "uv.lock": private_lock(index, name, content=content),
            "BUILD.bazel": DEFS + f'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//{name}"])\n',
            "app.py": f"import {name}\nprint({name}.X)\n",
        }
    )


def assert_kept_nowhere(*roots: Path, besides: frozenset[Path] = frozenset()) -> None:
    found = [
        path
        for root in roots
        for path in root.rglob("*")
        if path not in besides and path.is_file() and not path.is_symlink() and SECRET.encode() in path.read_bytes()
    ]
    assert found == []
