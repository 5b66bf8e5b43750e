"""`run` and `sync` with nothing changed since do at once what the ordinary way would."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from real_workspace import DEFS, MODULE, Ran, RealWorkspace

from venvship.host.locks import FileLock

ANALYSIS = " venvship.analysis.analyzer\n"
ORDINARY = " venvship.session.workspace_session\n"
TOLD = """
import json, os, sys
from lib import WORD
names = ("BUILD_WORKSPACE_DIRECTORY", "BUILD_WORKING_DIRECTORY", "SET", "INHERITED", "OTHER")
print(json.dumps([WORD, sys.argv[1:], {name: os.environ.get(name) for name in names}, os.getcwd()]))
sys.exit(3 if "fail" in sys.argv else 0)
"""
BUILD = (
    DEFS
    + """
py_library(name = "lib", srcs = ["lib.py"])
py_binary(
    name = "told",
    srcs = ["told.py"],
    args = ["own"],
    deps = [":lib"],
    env = {"SET": "set", "INHERITED": "default"},
    env_inherit = ["INHERITED"],
)
"""
)


@pytest.fixture
def built(workspace: RealWorkspace) -> RealWorkspace:
    """A workspace whose program was run and left a stamp."""
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": BUILD, "told.py": TOLD, "lib.py": "WORD = 'first'\n"})
    workspace.settle("run", "//:told")
    return workspace


def output_base(workspace: RealWorkspace) -> Path:
    return (workspace.root / "venvship-out").resolve().parent.parent.parent


def at_once(done: Ran) -> bool:
    return ORDINARY not in done.stderr


def told(done: Ran) -> tuple[str, list[str], dict[str, str | None], str]:
    word, arguments, variables, directory = json.loads(done.stdout)
    return word, arguments, variables, directory


def without_stamps(workspace: RealWorkspace) -> None:
    shutil.rmtree(output_base(workspace) / "stamps")


def test_the_program_gets_what_the_ordinary_way_gives_it(built: RealWorkspace) -> None:
    words = ("run", "//:told", "--", "a b", "--", "-c", "")
    with FileLock(output_base(built) / "lock"):
        found = built.run(*words)
    assert (found.code, at_once(found)) == (0, True)
    without_stamps(built)
    ordinary = built.run(*words)
    assert not at_once(ordinary)
    assert told(found) == told(ordinary)
    word, arguments, variables, _ = told(found)
    assert (word, arguments) == ("first", ["own", "a b", "--", "-c", ""])
    assert variables["SET"] == "set"
    assert variables["BUILD_WORKSPACE_DIRECTORY"] == str(built.root)
    assert "Build completed successfully, 0 total actions\n" in found.stderr


def test_variables_and_exit_codes_are_those_of_the_moment(built: RealWorkspace) -> None:
    built.environment |= {"INHERITED": "outside", "OTHER": "other"}
    done = built.run("run", "//:told", "--", "fail")
    assert (done.code, at_once(done)) == (3, True)
    _, _, variables, _ = told(done)
    assert (variables["INHERITED"], variables["OTHER"], variables["SET"]) == ("outside", "other", "set")


def test_each_directory_is_told(built: RealWorkspace) -> None:
    (built.root / "sub").mkdir()
    for done in (
        built.run("run", "//:told", cwd=built.root / "sub"),
        built.settle("run", "//:told", cwd=built.root / "sub"),
    ):
        assert told(done)[2]["BUILD_WORKING_DIRECTORY"] == str(built.root / "sub")
    assert at_once(done)


def test_arguments_without_dashes_make_it_another_command(built: RealWorkspace) -> None:
    words = ("run", "//:told", "plain", "--", "more")
    for done in (built.run(*words), built.settle(*words)):
        assert told(done)[1] == ["own", "plain", "more"]
    assert at_once(done)
    assert told(built.run("run", "//:told", "other", "--", "more"))[1] == ["own", "other", "more"]


def test_another_source_needs_no_analysis(built: RealWorkspace) -> None:
    built.write({"lib.py": "WORD = 'second'\n"})
    done = built.run("run", "//:told", "--", "x")
    assert ANALYSIS not in done.stderr
    assert told(done)[:2] == ("second", ["own", "x"])
    assert told(built.settle("run", "//:told"))[0] == "second"
    done = built.run("run", "//:told", "--", "y")
    assert at_once(done)
    assert told(done)[:2] == ("second", ["own", "y"])


def test_another_build_file_counts(built: RealWorkspace) -> None:
    built.write({"BUILD.bazel": BUILD.replace('["own"]', '["changed"]').replace('"set"', '"new"')})
    for _ in range(2):
        _, arguments, variables, _ = told(built.run("run", "//:told"))
        assert (arguments, variables["SET"]) == (["changed"], "new")


def test_a_program_that_is_gone_is_built_again(built: RealWorkspace) -> None:
    (built.root / "venvship-bin/told").unlink()
    done = built.run("run", "//:told")
    assert not at_once(done)
    assert told(done)[0] == "first"


def test_what_breaks_is_told_and_nothing_is_started(built: RealWorkspace) -> None:
    built.write({"BUILD.bazel": BUILD + "nonsense(\n"})
    done = built.run("run", "//:told")
    assert (done.code != 0, done.stdout) == (True, "")


def test_a_program_that_runs_it_is_no_part_of_the_command(built: RealWorkspace) -> None:
    for _ in range(3):
        done = built.run("run", "--run_under=env SET=under", "//:told")
        assert done.code == 0, done.stderr
        assert not at_once(done)


@pytest.fixture
def synced(workspace: RealWorkspace) -> RealWorkspace:
    """A workspace with a virtualenv at its root, and a stamp of the command that made it."""
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": BUILD, "told.py": TOLD, "lib.py": "WORD = 'first'\n"})
    workspace.settle("sync")
    return workspace


def said(done: Ran) -> str:
    return "\n".join(line for line in done.stderr.splitlines() if not line.startswith("import time:"))


def test_a_virtualenv_that_is_up_to_date_is_told_at_once(synced: RealWorkspace) -> None:
    found = synced.run("sync")
    assert (found.code, at_once(found)) == (0, True)
    shutil.rmtree(Path(synced.run("info", "output_base").stdout.strip()) / "stamps")
    ordinary = synced.run("sync")
    assert not at_once(ordinary)
    assert said(found) == said(ordinary)
    assert said(found).endswith("`: up to date")


@pytest.mark.parametrize("change", ["file", "link", "gone", "sources", "BUILD"])
def test_a_virtualenv_that_is_stale_goes_the_ordinary_way(synced: RealWorkspace, change: str) -> None:
    venv = synced.root / ".venv"
    match change:
        case "file":
            (venv / "pyvenv.cfg").chmod(0o644)
            (venv / "pyvenv.cfg").write_text("home = nowhere\n")
        case "link":
            (venv / "bin/python").unlink()
            (venv / "bin/python").symlink_to("/nowhere")
        case "gone":
            shutil.rmtree(venv)
        case "sources":
            synced.write({"new/BUILD.bazel": DEFS + 'py_library(name = "new", srcs = ["new.py"], imports = ["."])\n'})
            synced.write({"new/new.py": ""})
        case _:
            synced.write({"BUILD.bazel": BUILD + 'py_library(name = "more", srcs = ["lib.py"], imports = ["sub"])\n'})
    done = synced.run("sync")
    assert (done.code, at_once(done)) == (0, False)
    assert "changed" in said(done).splitlines()[-1]
    assert said(synced.run("sync")).endswith("`: up to date")


def test_checking_a_virtualenv_has_a_stamp_of_its_own(synced: RealWorkspace) -> None:
    synced.settle("sync", "--check")
    (synced.root / ".venv/pyvenv.cfg").unlink()
    stale = synced.run("sync", "--check")
    assert (stale.code, at_once(stale)) == (1, False)
    assert "is stale in 1 entry" in said(stale)
