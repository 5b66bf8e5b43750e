"""Commands that only read, beside one that writes; and what is said where nothing can be written."""

from __future__ import annotations

from pathlib import Path

from real_workspace import DEFS, HUB, MODULE, RealWorkspace, locked

from venvship.execution.layout import Layout, default_user_root
from venvship.host.locks import FileLock

FILES = {
    "MODULE.bazel": MODULE,
    "BUILD.bazel": DEFS + 'py_binary(name = "b", srcs = ["b.py"], main = "b.py")\n',
    "b.py": "print('hello')\n",
}


def test_questions_do_not_wait_for_a_build(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    layout = Layout.of(workspace.root, default_user_root({"XDG_CACHE_HOME": str(workspace.cache)}))
    with FileLock(layout.lock):
        assert workspace.run("info", "workspace").stdout == f"{workspace.root}\n"
        assert workspace.run("query", "kind(py_binary, //...)").stdout == "//:b\n"
        assert workspace.run("--noblock_for_lock", "build", "//:b").code == 9


def test_what_is_remembered_can_be_removed_while_questions_are_answered(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    layout = Layout.of(workspace.root, default_user_root({"XDG_CACHE_HOME": str(workspace.cache)}))
    workspace.settle("build", "//:b")
    remembered = [layout.output_base / name for name in ("code", "records", "stamps")]
    assert all(list(directory.iterdir()) for directory in remembered)
    asking = [workspace.started("query", "kind(py_binary, //...)") for _ in range(3)]
    cleaned = workspace.run("clean", "--unused", "--max_size=0")
    assert (cleaned.code, [query.wait() for query in asking]) == (0, [0, 0, 0]), cleaned.stderr
    assert workspace.run("clean", "--unused", "--max_size=0").code == 0
    assert [list(directory.iterdir()) for directory in remembered] == [[], [], []]
    assert workspace.run("run", "//:b").stdout == "hello\n"


def test_questions_are_answered_where_nothing_can_be_written(workspace: RealWorkspace, tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    workspace.write(FILES | {"MODULE.bazel": MODULE + HUB, "uv.lock": locked(None, ("one", "1.0")) + "\n" * 100_000})
    workspace.write({"pyproject.toml": "[project]\nname = 'shop'\nversion = '0'\ndependencies = ['one']\n"})
    workspace.write({"lib/BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//one"])\n'})
    asked = workspace.run(f"--output_user_root={nowhere}/root", "query", "deps(//lib, 1)")
    assert (asked.code, asked.stdout) == (0, "//lib:lib\n@pypi//one:one\n"), asked.stderr
    assert workspace.run(f"--output_user_root={nowhere}/root", "info", "workspace").code == 0


def test_an_output_behind_a_directory_of_the_user_is_shown_where_it_is(workspace: RealWorkspace) -> None:
    workspace.write(FILES | {"venvship-bin/mine.txt": "mine", "venvship-out/mine.txt": "mine"})
    done = workspace.run("run", "//:b")
    assert (done.code, done.stdout) == (0, "hello\n")
    assert done.stderr.count("WARNING: can't make the convenience link") == 2
    shown = [line.strip() for line in done.stderr.splitlines() if line.endswith("/bin/b")]
    assert len(shown) == 1 and Path(shown[0]).is_file() and Path(shown[0]).is_absolute()


def test_a_workspace_of_a_lock_file_is_told_what_to_write(workspace: RealWorkspace) -> None:
    workspace.write({"uv.lock": locked(None, ("one", "1.0"))})
    workspace.write({"pyproject.toml": "[project]\nname = 'shop'\nversion = '0'\ndependencies = ['one']\n"})
    refused = workspace.run("build", "//...")
    assert refused.code == 2
    _, _, told = refused.stderr.partition("as `@pypi`:\n")
    workspace.write({"MODULE.bazel": "\n".join(line.strip() for line in told.splitlines())})
    workspace.write({"BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//one"])\n'})
    asked = workspace.run("query", "deps(//:lib, 1)")
    assert (asked.code, asked.stdout) == (0, "//:lib\n@pypi//one:one\n"), asked.stderr
