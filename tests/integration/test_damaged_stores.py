"""What was damaged or taken out of the stores, and is made again."""

from __future__ import annotations

from fake_index import FakeIndex
from hub_building import INDEX, USE_HUB, lock, wheel
from real_workspace import DEFS, MODULE, RealWorkspace


def test_what_is_damaged_in_the_stores_is_found_and_made_anew(workspace: RealWorkspace, index: FakeIndex) -> None:
    workspace.cache = workspace.root.parent / "own cache"
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, wheel("tool", "SAYS = 'right'\n")),
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//tool"])\n',
            "app.py": "import tool\nprint(tool.SAYS)\n",
        }
    )
    assert workspace.run("run", INDEX, "//:app").stdout == "right\n"
    done = workspace.run("clean", "--verify")
    assert done.code == 0 and ", 0 of them damaged" in done.stderr
    trees = workspace.cache / "venvship/trees"
    [bytecode] = trees.glob("*/lib/python*/site-packages/tool/__pycache__/*")
    source = bytecode.parents[1] / "__init__.py"
    whole = bytecode.read_bytes()

    # The directories with and without bytecode have the file in common; bytecode is in one of them.
    bytecode.parent.chmod(0o755)
    bytecode.unlink()
    source.chmod(0o644)
    source.write_text("SAYS = 'wrong'\n")
    assert workspace.run("run", INDEX, "//:app").stdout == "wrong\n"
    done = workspace.run("clean", "--verify")
    assert done.code == 0 and ", 2 of them damaged" in done.stderr and "is damaged; it is removed" in done.stderr
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "right\n"), done.stderr

    assert bytecode.read_bytes() == whole
    bytecode.chmod(0o644)
    bytecode.write_bytes(whole[:-1] + b"x")
    done = workspace.run("clean", "--verify")
    assert done.code == 0 and ", 1 of them damaged" in done.stderr
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "right\n"), done.stderr
    assert bytecode.read_bytes() == whole


def test_what_programs_run_from_is_put_back_when_it_was_taken_out(workspace: RealWorkspace, index: FakeIndex) -> None:
    workspace.cache = workspace.root.parent / "own cache"
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, wheel("tool", "SAYS = 'right'\n")),
            "BUILD.bazel": DEFS
            + 'py_venv(name = "venv", deps = ["@pypi//tool"])\n'
            + 'py_binary(name = "shared", srcs = ["app.py"], main = "app.py", external_venv = ":venv")\n'
            + 'py_binary(name = "own", srcs = ["app.py"], main = "app.py", deps = ["@pypi//tool"])\n',
            "app.py": "import tool\nprint(tool.SAYS)\n",
        }
    )
    state = workspace.cache / "venvship/workspaces"

    def damage(pattern: str) -> str:
        [link] = state.glob(f"*/{pattern}/lib/*/site-packages/tool")
        link.unlink()
        return str(link.relative_to(state.parent)).partition("/lib/")[0]

    commands = ["//:shared", "//:own"]
    assert [workspace.run("run", INDEX, name).stdout for name in commands] == ["right\n"] * 2
    # Shortly after a change of the tool there is no stamp, and with one it is looked at as well.
    for _ in range(3):
        workspace.run("run", INDEX, "//:shared")
    damage("links/*")
    done = workspace.run("run", INDEX, "//:shared")
    assert (done.code, done.stdout) == (0, "right\n"), done.stderr

    assert ", 0 of them damaged" in workspace.run("clean", "--verify").stderr
    damaged = {damage("links/*"), damage("r/*own.runfiles/_main/*venv").partition("/_main/")[0]}
    done = workspace.run("clean", "--verify")
    assert ", 2 of them damaged" in done.stderr and all(f"`{path}` is damaged" in done.stderr for path in damaged)
    assert [workspace.run("run", INDEX, name).stdout for name in commands] == ["right\n"] * 2
