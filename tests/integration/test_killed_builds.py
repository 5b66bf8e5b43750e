"""A build that is killed while it downloads and installs leaves nothing that makes the next one wrong."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, ORIGIN, RealWorkspace
from wheel_building import wheel_bytes

ROUNDS = 10
KILLS = 5
WHEELS = 14  # more than are read without a process of their own


def wheels_of_round(index: FakeIndex, number: int) -> str:
    """Offer some wheels that no earlier round had, and a lock that names them."""
    names = [f"part{position}" for position in range(WHEELS)]
    lines = [
        'version = 1\nrequires-python = ">=3.9"\n',
        '[[package]]\nname = "shop"\nversion = "0"\nsource = { virtual = "." }',
        "dependencies = [" + ", ".join(f'{{ name = "{name}" }}' for name in names) + "]",
    ]
    for name in names:
        noise = random.Random(f"{name} {number}").randbytes(200_000)
        files: dict[str, str | bytes] = {f"{name}/data.bin": noise, f"{name}/__init__.py": f"ROUND = {number}\n"}
        files |= {f"{name}/m{n}.py": f"X = {n * number}\n" for n in range(16)}
        filename = f"{name}-1.{number}-py3-none-any.whl"
        sha256 = index.add(name, filename, wheel_bytes(name, f"1.{number}", files))
        lines += [
            f'\n[[package]]\nname = "{name}"\nversion = "1.{number}"\nsource = {{ registry = "{ORIGIN}" }}',
            f'wheels = [{{ url = "{ORIGIN}/{name}/{filename}", hash = "sha256:{sha256}" }}]',
        ]
    return "\n".join(lines) + "\n"


APP = f"""
import hashlib, importlib, os, random, sys
number = int(sys.argv[1])
for position in range({WHEELS}):
    name = "part%d" % position
    part = importlib.import_module(name)
    assert part.ROUND == number, (name, part.ROUND)
    with open(os.path.join(os.path.dirname(part.__file__), "data.bin"), "rb") as file:
        assert file.read() == random.Random("%s %d" % (name, number)).randbytes(200_000), name
    for n in range(16):
        module = importlib.import_module("%s.m%d" % (name, n))
        assert module.X == n * number and module.__cached__ and os.path.exists(module.__cached__), module
print("whole")
"""


@pytest.mark.slow
def test_no_kill_during_download_and_install_makes_the_next_build_wrong(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    deps = ", ".join(f'"@pypi//part{position}"' for position in range(WHEELS))
    build = DEFS + f'py_binary(name = "app", srcs = ["app.py"], deps = [{deps}])\n'
    workspace.write({"MODULE.bazel": MODULE + HUB, "BUILD.bazel": build, "app.py": APP})
    chance = random.Random(7)
    longest = 1.0
    for number in range(ROUNDS):
        workspace.write({"uv.lock": wheels_of_round(index, number)})
        for _ in range(KILLS):
            process = workspace.started("build", f"--index_override={ORIGIN}=@default", "//:app")
            time.sleep(chance.uniform(0.1, longest))
            # The tools that a build started are in groups of their own; they end when nobody feeds them any more.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        begin = time.monotonic()
        done = workspace.run("run", f"--index_override={ORIGIN}=@default", "//:app", str(number))
        longest = max(0.3, time.monotonic() - begin)
        assert (done.code, done.stdout) == (0, "whole\n"), done.stderr
    assert leftovers(workspace.cache / "venvship") == []


@pytest.mark.slow
def test_two_workspaces_that_bring_the_same_wheels_at_once_do_not_hurt_each_other(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    deps = ", ".join(f'"@pypi//part{position}"' for position in range(WHEELS))
    build = DEFS + f'py_binary(name = "app", srcs = ["app.py"], deps = [{deps}])\n'
    other = RealWorkspace(tmp_path / "other", workspace.cache, workspace.index)
    mapped = f"--index_override={ORIGIN}=@default"
    chance = random.Random(8)
    for number in range(100, 104):
        lock = wheels_of_round(index, number)
        for one in (workspace, other):
            one.write({"MODULE.bazel": MODULE + HUB, "BUILD.bazel": build, "app.py": APP, "uv.lock": lock})
        first, second = (one.started("build", mapped, "//:app") for one in (workspace, other))
        if number % 2:
            time.sleep(chance.uniform(0.3, 1.5))
            os.killpg(first.pid, signal.SIGKILL)
        assert (first.wait() == 0 or number % 2) and second.wait() == 0
        for one in (workspace, other):
            done = one.run("run", mapped, "//:app", str(number))
            assert (done.code, done.stdout) == (0, "whole\n"), done.stderr
    assert leftovers(workspace.cache / "venvship") == []
    assert workspace.run("clean", "--verify").code == 0


def leftovers(user_root: Path) -> list[Path]:
    """Wheels whose content is not what their name says."""
    import hashlib

    return [
        path
        for path in user_root.glob("wheels/*/*.whl")
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.parent.name
    ]


def test_a_damaged_wheel_and_a_damaged_tree_are_noticed_and_made_anew(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    deps = ", ".join(f'"@pypi//part{position}"' for position in range(WHEELS))
    build = DEFS + f'py_binary(name = "app", srcs = ["app.py"], deps = [{deps}])\n'
    workspace.write({"MODULE.bazel": MODULE + HUB, "BUILD.bazel": build, "app.py": APP})
    workspace.write({"uv.lock": wheels_of_round(index, 99)})
    workspace.built("//:app")
    user_root = workspace.cache / "venvship"
    for wheel in user_root.glob("wheels/*/part0-1.99-*.whl"):
        wheel.chmod(0o644)
        wheel.write_bytes(wheel.read_bytes()[:1000])
    [tree] = {
        (workspace.root / "venvship-out").resolve() / name
        for name in (path.parent for path in (workspace.root / "venvship-out").resolve().glob("*/pypi/part0/1.99/lib"))
    }
    stored = tree.resolve()
    stored.chmod(0o755)
    os.rename(stored, stored.with_name("lost"))
    done = workspace.run("run", f"--index_override={ORIGIN}=@default", "//:app", "99")
    assert (done.code, done.stdout) == (0, "whole\n"), done.stderr
