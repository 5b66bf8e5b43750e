"""The real command answers from its stamp exactly when nothing changed; it never asks for the workspace's lock then."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from real_workspace import DEFS, MODULE, Ran, RealWorkspace

import venvship.cli.main

LOCK_HELD = 9
BUILD = """
filegroup(name = "texts", srcs = glob(["**/*.txt"]))
genrule(name = "cat", srcs = [":texts"], outs = ["cat.out"], cmd = "cat $(SRCS) > $@")
genrule(name = "raw", outs = ["raw.out"], cmd = "echo raw > $@")
"""


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program, so that nobody who works on it changes it meanwhile."""
    copy = tmp_path_factory.mktemp("program")
    source = Path(venvship.cli.main.__file__).parent.parent
    shutil.copytree(source, copy / "venvship", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def built(workspace: RealWorkspace, program: Path) -> RealWorkspace:
    """A workspace in which `build //...` ran and left a stamp, as it does once the program is two seconds old."""
    workspace.environment["PYTHONPATH"] = str(program)
    workspace.write({"MODULE.bazel": MODULE, "pkg/BUILD.bazel": BUILD, "pkg/a.txt": "a\n", "pkg/sub/b.txt": "b\n"})
    for _ in range(20):
        done = build(workspace)
        assert done.code == 0, done.stderr
        if stamps(workspace):
            return workspace
        time.sleep(0.2)
    raise AssertionError("there is no stamp")


def build(workspace: RealWorkspace, *argv: str) -> Ran:
    return workspace.run("--noblock_for_lock", "build", *argv, "//...")


def output_base(workspace: RealWorkspace) -> Path:
    return Path(os.readlink(workspace.root / "venvship-out")).parent.parent.parent


def stamps(workspace: RealWorkspace) -> list[Path]:
    return list(output_base(workspace).glob("stamps/*"))


@contextmanager
def locked(workspace: RealWorkspace) -> Iterator[None]:
    descriptor = os.open(output_base(workspace) / "lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def answer(workspace: RealWorkspace, *argv: str) -> Ran | None:
    """What the stamp says; None when the command went the ordinary way."""
    with locked(workspace):
        done = build(workspace, *argv)
    assert done.code in (0, LOCK_HELD), done.stderr
    return done if done.code == 0 else None


def without_times(text: str) -> list[str]:
    return [re.sub(r"[0-9.]+s\b", "TIME", line) for line in text.splitlines() if not line.startswith("[")]


def test_the_answer_is_what_the_ordinary_way_says(built: RealWorkspace) -> None:
    found = answer(built)
    assert found is not None
    for stamp in stamps(built):
        stamp.unlink()
    ordinary = build(built)
    assert without_times(found.stderr) == without_times(ordinary.stderr)
    assert (found.code, found.stdout) == (ordinary.code, ordinary.stdout)
    assert found.actions() == (0, 0, 2)


def test_another_command_line_or_environment_goes_the_ordinary_way(built: RealWorkspace) -> None:
    assert answer(built, "-k") is None
    assert answer(built, "--define=a=b") is None
    before = dict(built.environment)
    built.environment["PIP_INDEX_URL"] = "http://127.0.0.1:9/other"
    assert answer(built) is None
    built.environment = before
    assert answer(built) is not None


def test_an_rc_file_that_appears_or_changes_counts(built: RealWorkspace) -> None:
    built.write({".bazelrc": "build --define=a=b\n"})
    assert answer(built) is None


def test_another_version_of_the_program_goes_the_ordinary_way(built: RealWorkspace, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(built.environment["PYTHONPATH"], other)
    built.environment["PYTHONPATH"] = str(other)
    assert answer(built) is None


def replaced_by_a_copy(root: Path) -> None:
    shutil.copy2(root / "pkg/a.txt", root / "copy")
    (root / "copy").rename(root / "pkg/a.txt")


def edited_with_its_old_time(root: Path) -> None:
    status = (root / "pkg/a.txt").stat()
    (root / "pkg/a.txt").write_text("A\n")
    os.utime(root / "pkg/a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))


def made_a_link(root: Path) -> None:
    (root / "pkg/a.txt").rename(root / "a.txt")
    (root / "pkg/a.txt").symlink_to("../a.txt")


CHANGES: tuple[Callable[[Path], object], ...] = (
    replaced_by_a_copy,
    edited_with_its_old_time,
    made_a_link,
    lambda root: (root / "pkg/a.txt").unlink(),
    lambda root: (root / "pkg/a.txt").chmod(0o755),
    lambda root: (root / "pkg/sub/new.txt").write_text(""),
    lambda root: (root / "pkg/sub/BUILD").write_text(""),
    lambda root: (root / "pkg/BUILD.bazel").write_text(BUILD + "# a comment\n"),
    lambda root: (root / "MODULE.bazel").write_text(MODULE + "# a comment\n"),
    lambda root: (root / "other").mkdir(),
    lambda root: (root / "REPO.bazel").write_text(""),
    lambda root: (root / "venvship-bin").unlink(),
    lambda root: (root / "venvship-bin/pkg/raw.out").unlink(),
    lambda root: shutil.rmtree(root / "venvship-bin/pkg"),
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_goes_the_ordinary_way(built: RealWorkspace, change: Callable[[Path], object]) -> None:
    assert answer(built) is not None
    change(built.root)
    assert answer(built) is None


def test_sources_that_come_and_go_never_leave_old_outputs(built: RealWorkspace) -> None:
    output = built.root / "venvship-bin/pkg/cat.out"
    for text in ("x\n", "y\n", "x\n", "y\n", "x\n"):
        built.write({"pkg/a.txt": text})
        assert build(built).code == 0
        assert output.read_text() == f"{text}b\n"


def test_a_git_checkout_back_and_forth_is_followed(built: RealWorkspace) -> None:
    def git(*argv: str) -> None:
        name = ("-c", "user.name=n", "-c", "user.email=e")
        subprocess.run(["git", *name, *argv], cwd=built.root, check=True, capture_output=True)

    git("init", "-q", "-b", "one")
    git("add", "pkg", "MODULE.bazel")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "two")
    built.write({"pkg/a.txt": "2\n"})
    git("commit", "-qam", "two")
    output = built.root / "venvship-bin/pkg/cat.out"
    for branch, text in (("one", "a\n"), ("two", "2\n"), ("one", "a\n"), ("two", "2\n")):
        git("checkout", "-q", branch)
        assert build(built).code == 0
        assert output.read_text() == f"{text}b\n"


def test_a_workspace_behind_a_link_is_the_same_workspace(built: RealWorkspace, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(built.root)
    with locked(built):
        assert built.run("--noblock_for_lock", "build", "//...", cwd=tmp_path / "link").code == 0


def retarget(link: Path, target: str) -> None:
    """Let a link lead elsewhere; the directory that holds it keeps its time of modification."""
    status = link.parent.stat()
    link.unlink()
    link.symlink_to(target)
    os.utime(link.parent, ns=(status.st_atime_ns, status.st_mtime_ns))


def answers_again(workspace: RealWorkspace) -> None:
    """Build until there is an answer from the stamp."""
    for _ in range(20):
        done = build(workspace)
        assert done.code == 0, done.stderr
        if answer(workspace) is not None:
            return
        time.sleep(0.2)
    raise AssertionError("no stamp answers")


def cat(workspace: RealWorkspace, package: str = "pkg") -> str:
    done = build(workspace)
    assert done.code == 0, done.stderr
    return (workspace.root / "venvship-bin" / package / "cat.out").read_text()


@pytest.fixture
def ignored(built: RealWorkspace) -> Path:
    """A directory in which no packages are looked for."""
    built.write({".bazelignore": "ignored\n"})
    (built.root / "ignored").mkdir()
    return built.root / "ignored"


@pytest.mark.parametrize("is_direct", [True, False])
def test_a_link_that_led_back_and_leads_elsewhere_is_looked_through(
    built: RealWorkspace, ignored: Path, is_direct: bool
) -> None:
    # Not to the package, below which no other is looked into anyhow; and the other directory lists the same names.
    directory, way = built.root / "pkg/sub", ignored / "way"
    built.write({"ignored/elsewhere/b.txt": "c\n"})
    (ignored / "elsewhere/loop").symlink_to(".")
    way.symlink_to(directory)
    (directory / "loop").symlink_to("../sub" if is_direct else way)
    answers_again(built)
    assert cat(built) == "a\nb\n"
    retarget(directory / "loop" if is_direct else way, str(ignored / "elsewhere"))
    assert cat(built) == "a\nb\nc\n"
    answers_again(built)
    retarget(directory / "loop" if is_direct else way, str(directory))
    assert cat(built) == "a\nb\n"


def test_a_package_behind_a_link_that_leads_to_another_directory_is_that_directory(
    built: RealWorkspace, ignored: Path
) -> None:
    for name in ("one", "two"):
        shutil.copytree(built.root / "pkg", ignored / name)
        (ignored / name / "a.txt").write_text(f"{name}\n")
        for path in (*(ignored / name).rglob("*"), ignored / name):
            os.utime(path, ns=(10**18, 10**18))
    (built.root / "lib").symlink_to("ignored/one")
    answers_again(built)
    assert cat(built, "lib") == "one\nb\n"
    retarget(built.root / "lib", "ignored/two")
    assert cat(built, "lib") == "two\nb\n"


def test_patterns_start_where_the_command_does(built: RealWorkspace) -> None:
    done = built.run("build", ":raw", cwd=built.root / "pkg")
    assert done.code == 0
    assert built.run("build", ":raw").code == 1


def test_errors_and_failures_are_never_answered_from_a_stamp(built: RealWorkspace) -> None:
    built.write({"pkg/BUILD.bazel": BUILD + 'genrule(name = "bad", outs = ["bad.out"], cmd = "exit 1")\n'})
    for _ in range(2):
        done = build(built, "-k")
        assert (done.code, done.stderr.count("ERROR: ")) == (1, 2), done.stderr


def test_a_print_is_repeated(built: RealWorkspace) -> None:
    built.write({"pkg/defs.bzl": 'print("a word")\n', "pkg/BUILD.bazel": 'load(":defs.bzl")\n'})
    built.write({"pkg/defs.bzl": 'print("a word")\nX = 1\n', "pkg/BUILD.bazel": 'load(":defs.bzl", "X")\n' + BUILD})
    assert "DEBUG: pkg/defs.bzl:1:6: a word" in build(built).stderr
    answers_again(built)
    found = answer(built)
    assert found is not None and "DEBUG: pkg/defs.bzl:1:6: a word" in found.stderr


@pytest.mark.parametrize("gone", ["tree", "link"])
def test_runfiles_that_are_gone_come_back(built: RealWorkspace, gone: str) -> None:
    built.write({"app/BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"])\n', "app/app.py": "print(1)\n"})
    answers_again(built)
    link = built.root / "venvship-bin/app/app.runfiles"
    tree = Path(os.readlink(link))
    if gone == "tree":
        shutil.rmtree(tree)
    else:
        link.unlink()
    assert answer(built) is None
    assert build(built).code == 0
    assert (link / "_main/app/app.py").read_text() == "print(1)\n" and Path(os.readlink(link)) == tree


def test_tests_that_passed_are_answered_with_their_results(built: RealWorkspace) -> None:
    built.write(
        {"app/BUILD.bazel": DEFS + 'py_test(name = "good", srcs = ["good.py"])\n', "app/good.py": "assert True\n"}
    )
    argv = ("--noblock_for_lock", "test", "--test_env=WORD", "//app:good")
    said = [built.run(*argv), built.run(*argv)]
    assert [done.code for done in said] == [0, 0], said[0].stderr
    built.settle(*argv)
    with locked(built):
        found = built.run(*argv)
        assert found.code == 0
        assert "(cached) PASSED" in found.stdout
        assert without_times(found.stdout) == without_times(said[1].stdout)
        built.environment["WORD"] = "other"
        assert built.run(*argv).code == LOCK_HELD
    del built.environment["WORD"]
    for log in (built.root / "venvship-testlogs").rglob("test.log"):
        log.unlink()
    with locked(built):
        assert built.run(*argv).code == LOCK_HELD
