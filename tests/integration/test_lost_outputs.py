"""Outputs that somebody took away are there again after the next command, which makes nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from real_workspace import DEFS, MODULE, Ran, RealWorkspace

from venvship.host.locks import FileLock

ANALYSIS = " venvship.analysis.analyzer\n"
RECORD = " venvship.session.build_record\n"
BUILD = (
    DEFS
    + """
load("@aspect_rules_py//py:defs.bzl", "py_venv")
py_library(name = "lib", srcs = ["lib.py"])
py_library(name = "other", srcs = ["other.py"])
py_venv(name = "venv", deps = [":lib"])
py_venv(name = "second", deps = [":lib"])
genrule(name = "copy", srcs = ["lib.py"], outs = ["made/copy"], cmd = "cp $< $@")
"""
)


@pytest.fixture
def built(workspace: RealWorkspace) -> RealWorkspace:
    """A workspace with two virtual environments that was built and left a stamp."""
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": BUILD, "lib.py": "A = 1\n", "other.py": "B = 1\n"})
    workspace.settle("build", "//...")
    return workspace


def build(workspace: RealWorkspace) -> Ran:
    done = workspace.run("build", "//...")
    assert done.code == 0, done.stderr
    return done


def at_once(done: Ran) -> bool:
    """Whether nothing was loaded: neither the workspace nor the record of the last build."""
    return ANALYSIS not in done.stderr and RECORD not in done.stderr


def output_base(workspace: RealWorkspace) -> Path:
    return (workspace.root / "venvship-out").resolve().parent.parent.parent


def venv(workspace: RealWorkspace, name: str = "venv") -> Path:
    return workspace.root / "venvship-bin" / f".{name}"


def contents(directory: Path) -> dict[str, tuple[int, str | bytes]]:
    """Modes and links' texts or files' bytes of everything in a directory."""
    found: dict[str, tuple[int, str | bytes]] = {}
    for path in sorted(directory.rglob("*")):
        what: str | bytes = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        found[str(path.relative_to(directory))] = (path.lstat().st_mode, what)
    return found


def test_a_virtual_environment_is_laid_out_again_at_once(built: RealWorkspace) -> None:
    before = contents(venv(built))
    shutil.rmtree(venv(built))
    done = build(built)
    assert at_once(done)
    assert (done.actions()[0], "1 total action\n" in done.stderr) == (1, True)
    assert contents(venv(built)) == before
    again = build(built)
    assert at_once(again)
    assert again.actions()[0] == 0
    assert sum(again.actions()) == sum(done.actions())


def test_several_at_once_and_again(built: RealWorkspace) -> None:
    before = contents(venv(built)), contents(venv(built, "second"))
    for names in (("venv", "second"), ("second",), ("venv",)):
        for name in names:
            shutil.rmtree(venv(built, name))
        done = build(built)
        assert at_once(done)
        assert done.actions()[0] == len(names)
        assert (contents(venv(built)), contents(venv(built, "second"))) == before


def test_one_that_is_only_half_gone_goes_the_longer_way(built: RealWorkspace) -> None:
    before = contents(venv(built))
    (venv(built) / "pyvenv.cfg").unlink()
    done = build(built)
    assert not at_once(done)
    assert contents(venv(built)) == before


def test_something_else_in_its_place_goes_the_longer_way(built: RealWorkspace) -> None:
    before = contents(venv(built))
    shutil.rmtree(venv(built))
    venv(built).write_text("not a directory\n")
    done = build(built)
    assert not at_once(done)
    assert contents(venv(built)) == before


def test_other_outputs_that_are_gone_go_the_longer_way(built: RealWorkspace) -> None:
    before = contents(venv(built))
    shutil.rmtree(venv(built))
    shutil.rmtree(built.root / "venvship-bin/made")
    done = build(built)
    assert not at_once(done)
    assert contents(venv(built)) == before
    assert (built.root / "venvship-bin/made/copy").read_text() == "A = 1\n"


def test_a_directory_that_is_gone_needs_no_analysis(built: RealWorkspace) -> None:
    shutil.rmtree(built.root / "venvship-bin/made")
    done = build(built)
    assert ANALYSIS not in done.stderr
    run, cached, _ = done.actions()
    assert run + cached == 1
    assert (built.root / "venvship-bin/made/copy").read_text() == "A = 1\n"
    assert at_once(build(built))


def test_what_changed_meanwhile_counts(built: RealWorkspace) -> None:
    shutil.rmtree(venv(built))
    built.write(
        {
            "BUILD.bazel": BUILD.replace(
                'name = "venv", deps = [":lib"]', 'name = "venv", include_system_site_packages = True'
            )
        }
    )
    done = build(built)
    assert not at_once(done)
    assert "include-system-site-packages = true" in (venv(built) / "pyvenv.cfg").read_text()
    before = contents(venv(built))
    shutil.rmtree(venv(built))
    build(built)
    assert contents(venv(built)) == before


def test_another_command_has_the_workspace(built: RealWorkspace) -> None:
    shutil.rmtree(venv(built))
    lock = FileLock(output_base(built) / "lock")
    with lock:
        done = built.run("--noblock_for_lock", "build", "//...")
    assert done.code == 9, done.stderr
    assert not venv(built).exists()
    assert at_once(build(built))


@pytest.mark.parametrize("damage", [b"", b"venvship-forests\nrubbish", None])
def test_without_what_is_kept_the_longer_way_does_it(built: RealWorkspace, damage: bytes | None) -> None:
    before = contents(venv(built))
    [kept] = output_base(built).glob("forests/*/index")
    kept.write_bytes(kept.read_bytes()[:-5] if damage is None else damage)
    shutil.rmtree(venv(built))
    assert not at_once(build(built))
    assert contents(venv(built)) == before


@pytest.mark.parametrize("damage", ["content", "mode", "gone"])
def test_files_that_were_changed_are_made_anew(built: RealWorkspace, damage: str) -> None:
    """What is kept is the very file: who writes into one changes the other."""
    before = contents(venv(built))
    file = venv(built) / "pyvenv.cfg"
    [kept] = [one for one in output_base(built).glob("forests/*/*") if one.samefile(file)]
    match damage:
        case "content":
            file.chmod(0o644)
            file.write_text("home = nowhere\n")
            file.chmod(0o444)
        case "mode":
            file.chmod(0o644)
        case _:
            kept.unlink()
    shutil.rmtree(venv(built))
    assert not at_once(build(built))
    assert contents(venv(built)) == before


def test_nothing_is_written_but_what_was_gone(built: RealWorkspace) -> None:
    def written() -> dict[Path, int]:
        return {
            path: path.stat().st_mtime_ns
            for name in ("forests", "stamps")
            for path in output_base(built).rglob(f"{name}/**/*")
        }

    before = written()
    shutil.rmtree(venv(built))
    assert at_once(build(built))
    assert written() == before


def test_what_another_command_line_laid_out_is_believed(built: RealWorkspace) -> None:
    """The stamp of the first knows other inodes then."""
    before = contents(venv(built))
    shutil.rmtree(venv(built))
    done = built.run("build", "//:venv")
    assert done.code == 0, done.stderr
    shutil.rmtree(venv(built, "second"))
    build(built)
    assert contents(venv(built)) == before
    assert venv(built, "second").is_dir()


def test_without_room_for_temporary_files_the_longer_way_tells(built: RealWorkspace) -> None:
    before = contents(venv(built))
    shutil.rmtree(output_base(built) / "tmp")
    shutil.rmtree(venv(built))
    assert not at_once(build(built))
    assert contents(venv(built)) == before


def test_a_virtual_environment_is_told_by_its_directory_and_its_interpreter(built: RealWorkspace) -> None:
    done = built.run("build", "//:venv")
    python = "venvship-bin/venv.runfiles/_main/.venv/bin/python"
    assert f"\n  venvship-bin/.venv\n  {python}\n" in done.stderr
    assert "activate" not in done.stderr
    subprocess.run([built.root / python, "-c", "import lib"], check=True)
    some = built.run("build", "//:venv", "--experimental_show_artifacts")
    assert "/.venv/bin/activate\n" in some.stderr
