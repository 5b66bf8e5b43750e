"""Wheels are unpacked while others are on their way, and only where somebody will want them unpacked."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, ORIGIN, RealWorkspace
from wheel_building import record_of, wheel_bytes, zip_bytes

# More than are read without a process of their own.
COUNT = 14
MAPPED = f"--index_override={ORIGIN}=@default"


def filename(name: str) -> str:
    return f"{name}-1.0-py3-none-any.whl"


def wheel(name: str) -> bytes:
    return wheel_bytes(name, "1.0", {f"{name}.py": f"NAME = {name!r}\n"})


def names(salt: str) -> list[str]:
    """Distributions that no other test has brought into the shared cache."""
    return [f"{salt}{number}" for number in range(COUNT)]


def write(workspace: RealWorkspace, index: FakeIndex, salt: str, *, instead: Mapping[str, bytes] | None = None) -> None:
    """`instead` has other wheels in the place of the usual ones."""
    chosen = names(salt)
    lines = [
        'version = 1\nrequires-python = ">=3.9"\n',
        '[[package]]\nname = "shop"\nversion = "0"\nsource = { virtual = "." }',
        "dependencies = [" + ", ".join(f'{{ name = "{name}" }}' for name in chosen) + "]",
    ]
    for name in chosen:
        sha256 = index.add(name, filename(name), (instead or {}).get(name) or wheel(name))
        lines += [
            f'\n[[package]]\nname = "{name}"\nversion = "1.0"\nsource = {{ registry = "{ORIGIN}" }}',
            f'wheels = [{{ url = "{ORIGIN}/{name}/{filename(name)}", hash = "sha256:{sha256}" }}]',
        ]
    deps = "deps = [" + ", ".join(f'"@pypi//{name}"' for name in chosen) + "]"
    files = ", ".join(f'"@pypi//{name}:whl"' for name in chosen)
    build = (
        f'py_venv(name = "env", {deps})\npy_library(name = "lib", {deps})\n'
        f'py_binary(name = "app", srcs = ["app.py"], {deps})\nfilegroup(name = "files", srcs = [{files}])\n'
    )
    app = f"for name in {chosen!r}:\n    assert __import__(name).NAME == name\nprint('whole')\n"
    text = "\n".join(lines) + "\n"
    workspace.write({"MODULE.bazel": MODULE + HUB, "uv.lock": text, "BUILD.bazel": DEFS + build, "app.py": app})


def unpacked(workspace: RealWorkspace, salt: str) -> list[str]:
    """The wheels that the store has unpacked, without those that are still being written."""
    found = workspace.cache.glob(f"venvship/trees/*/lib/python*/site-packages/{salt}*.py")
    return sorted(path.stem for path in found)


def noted(workspace: RealWorkspace) -> list[Path]:
    """The actions in the cache, without those that are still being written."""
    return [path for path in workspace.cache.glob("venvship/actions/*/*") if "-" not in path.name]


def unfinished(workspace: RealWorkspace) -> set[Path]:
    """What is being made in all workspaces of the cache; builds that other tests have killed have left some."""
    return {path for path in workspace.cache.glob("venvship/workspaces/*/tmp/*") if path.is_dir()}


def test_what_has_arrived_is_unpacked_before_the_last_one_is_here_and_outlives_a_kill(
    tmp_path: Path, workspace: RealWorkspace, index: FakeIndex
) -> None:
    own = RealWorkspace(workspace.root, tmp_path / "cache", workspace.index)
    write(own, index, "killed")
    last, *others = names("killed")
    index.stalls[filename(last)] = 100
    command = own.started("build", MAPPED, "//:env")
    # Each is in the store, and noted.
    while unpacked(own, "killed") != sorted(others) or len(noted(own)) < len(others):
        assert command.poll() is None
        time.sleep(0.02)
    os.killpg(command.pid, signal.SIGKILL)
    command.wait()
    index.stalls.clear()
    done = own.run("run", MAPPED, "//:app")
    assert (done.code, done.stdout) == (0, "whole\n"), done.stderr
    assert done.actions()[1] == len(others)
    assert unpacked(own, "killed") == sorted([last, *others] * 2)  # without bytecode, and with it
    assert own.run("clean", "--verify").code == 0


def test_actions_that_ran_early_are_told_as_run_and_come_from_the_cache_for_others(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    write(workspace, index, "told")
    left = unfinished(workspace)
    first = workspace.built("//:env")
    other = RealWorkspace(tmp_path / "other", workspace.cache, workspace.index)
    write(other, index, "told")
    second = other.built("//:env")
    assert first.actions()[1] == 0
    assert first.actions()[0] == sum(second.actions()[:2]) and second.actions()[1] == COUNT
    assert unpacked(workspace, "told") == sorted(names("told")) and unfinished(workspace) <= left


@pytest.mark.parametrize("words", ["build --nobuild //:env", "build //:lib", "build //:files", "query deps(//:env)"])
def test_nothing_is_unpacked_that_nobody_wants_unpacked(workspace: RealWorkspace, index: FakeIndex, words: str) -> None:
    salt = f"unasked{sum(words.encode())}x"
    write(workspace, index, salt)
    left = unfinished(workspace)
    verb, *others = words.split()
    done = workspace.run(verb, MAPPED, *others)
    assert done.code == 0, done.stderr
    fetched = list(workspace.cache.glob(f"venvship/wheels/*/{salt}*.whl"))
    assert len(fetched) == (0 if verb == "query" else COUNT)
    assert unpacked(workspace, salt) == [] and unfinished(workspace) <= left


def other_hash(name: str) -> bytes:
    """A wheel with a module that is not the one in its RECORD."""
    members = {
        f"{name}.py": b"NAME = 'other'\n",
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{name}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{name}-1.0.dist-info/RECORD"
    return zip_bytes({**members, record: record_of({**members, f"{name}.py": b"NAME = 'this'\n"}, record)})


@pytest.mark.parametrize(
    ("salt", "content", "said"),
    [
        ("hash", other_hash("hash3"), "`hash3.py` does not have the hash that RECORD lists"),
        ("way", wheel_bytes("way3", "1.0", {"../way3.py": ""}), "`../way3.py` leaves its directory"),
        ("name", wheel_bytes("another", "1.0", {"name3.py": ""}), "its metadata is in `another-1.0.dist-info`"),
        ("zip", b"no wheel", "it is not a readable zip archive"),
    ],
)
def test_a_wheel_that_is_refused_leaves_nothing(
    workspace: RealWorkspace, index: FakeIndex, salt: str, content: bytes, said: str
) -> None:
    bad = f"{salt}3"
    write(workspace, index, salt, instead={bad: content})
    left = unfinished(workspace)
    done = workspace.build("//:env")
    assert done.code == 1 and said in done.stderr, done.stderr
    assert unpacked(workspace, salt) == sorted(set(names(salt)) - {bad}) and unfinished(workspace) <= left
    write(workspace, index, salt)
    again = workspace.run("run", MAPPED, "//:app")
    assert (again.code, again.stdout) == (0, "whole\n"), again.stderr


def test_a_wheel_that_an_override_changes_is_unpacked_once(workspace: RealWorkspace, index: FakeIndex) -> None:
    changed = wheel_bytes("changed5", "1.0", {"changed5.py": "", "changed5_tests.py": ""})
    write(workspace, index, "changed", instead={"changed5": changed})
    override = 'uv.override_package(name = "changed5", lock = "//:uv.lock", exclude_glob = ["changed5_tests.py"])\n'
    workspace.write({"MODULE.bazel": MODULE + HUB.replace("use_repo", override + "use_repo")})
    workspace.built("//:env")
    assert unpacked(workspace, "changed") == sorted(names("changed"))
    assert not list(workspace.cache.rglob("changed5_tests.py"))
