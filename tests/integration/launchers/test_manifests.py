from __future__ import annotations

import os
import platform
import posixpath
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venvship.launchers.config import Argument, LauncherConfig, Variable
from venvship.launchers.template import finalise, template
from venvship.model.platform import Platform

if TYPE_CHECKING:
    from integration.launchers.conftest import Run, World

PYTHON = "_main/app/.venv/bin/python"
MARKER = "_main/app/.venv/pyvenv.cfg"
MAIN = "_main/app/main.py"
DATA = "_main/data/file.txt"


HOST = Platform.parse(f"{sys.platform}_{platform.machine()}")
NAMES = st.sampled_from(["a", "b", "c d", "e\\s", "f\ng", "é"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.one_of(
    PATHS.map(lambda path: f"/{path}"),
    st.tuples(st.integers(0, 2), PATHS).map(lambda link: "../" * link[0] + link[1]),
    PATHS.map(lambda path: f"./{path}"),
)


def line_of(path: str, target: str) -> str:
    if " " not in path and "\n" not in path + target:
        return f"{path} {target}"
    path, target = (text.replace("\\", "\\b").replace("\n", "\\n") for text in (path, target))
    return f" {path.replace(' ', chr(92) + 's')} {target}"


def expected(entries: dict[str, str], path: str) -> str | None:
    """What a manifest means, in the plainest words; links that go around give None."""
    for _ in range(40):
        covers = [entry for entry in entries if path == entry or path.startswith(f"{entry}/")]
        if not covers:
            return None
        longest = max(covers, key=len)
        target, rest = entries[longest], path[len(longest) :]
        if target.startswith("/"):
            return target + rest
        seen = posixpath.normpath(posixpath.join(posixpath.dirname(longest), target))
        if seen.startswith(".."):
            return None
        path = seen + rest
    return None


def run_with(world: World, *lines: str, data: str = DATA) -> Run:
    """Start a program that is given the runfile `data`, with a manifest of these lines after that of the program."""
    world.tree("physical")
    physical = world.path("physical")
    program = [f"{path} {physical}/{path}\n" for path in (PYTHON, MARKER, MAIN)]
    manifest = world.write("MANIFEST", "".join(program) + "\n".join(lines))
    argv = (Argument.runfile(PYTHON), Argument.runfile(MAIN), Argument.runfile(data))
    return world.run(world.launcher("app", LauncherConfig(argv)), environment={"RUNFILES_MANIFEST_FILE": manifest})


def found(run: Run) -> str:
    return run.seen.argv[-1]


def test_a_manifest_from_outside_is_used_and_passed_on(world: World) -> None:
    run = run_with(world, f"{DATA} {world.write('data')}")
    assert found(run) == world.path("data")
    assert run.seen.environment["RUNFILES_MANIFEST_FILE"] == world.path("MANIFEST")
    assert not {"RUNFILES_DIR", "JAVA_RUNFILES"} & run.seen.environment.keys()


def test_a_relative_manifest_path_becomes_absolute(world: World) -> None:
    world.tree("physical")
    lines = [f"{path} {world.path('physical')}/{path}" for path in (PYTHON, MARKER, MAIN)]
    world.write("files/MANIFEST", "\n".join(lines))
    program = world.launcher("app")
    seen = world.run(program, environment={"RUNFILES_MANIFEST_FILE": "files/MANIFEST"}).seen
    assert seen.environment["RUNFILES_MANIFEST_FILE"] == world.path("files/MANIFEST")


def test_a_file_in_a_listed_directory_is_found_by_the_longest_directory(world: World) -> None:
    world.write("one/data/file.txt")
    world.write("two/file.txt")
    run = run_with(world, f"_main/data {world.path('two')}", f"_main {world.path('one')}")
    assert found(run) == world.path("two/file.txt")


def test_directories_match_whole_names_only(world: World) -> None:
    world.write("right/data/file.txt")
    run = run_with(world, f"_main/dat {world.path('wrong')}", f"_main {world.path('right')}")
    assert found(run) == world.path("right/data/file.txt")


def test_a_longer_name_is_not_taken_for_the_file(world: World) -> None:
    run = run_with(world, f"{DATA}.bak {world.write('wrong')}", f"{DATA} {world.write('right')}")
    assert found(run) == world.path("right")


def test_targets_may_have_spaces(world: World) -> None:
    assert found(run_with(world, f"{DATA} {world.write('a b  c')}")) == world.path("a b  c")


def test_relative_targets_are_links_seen_from_their_entry(world: World) -> None:
    run = run_with(world, f"{DATA} ../../other/./real.txt", f"other/real.txt {world.write('real')}")
    assert found(run) == world.path("real")


def test_relative_targets_of_directories_are_followed_too(world: World) -> None:
    world.write("real/file.txt")
    run = run_with(world, "_main/data ../other/link", "other/link ./end", f"other/end {world.path('real')}")
    assert found(run) == world.path("real/file.txt")


def test_links_in_a_circle_come_to_an_end(world: World) -> None:
    run = run_with(world, f"{DATA} other.txt", "_main/data/other.txt file.txt")
    assert run.status == 127
    assert "too many levels of links" in run.errors


def test_a_link_out_of_the_runfiles_is_refused(world: World) -> None:
    run = run_with(world, f"{DATA} ../../../etc/passwd")
    assert run.status == 127
    assert "leads out of the runfiles" in run.errors


def test_escaped_entries_are_read(world: World) -> None:
    # A space, a backslash and a newline in the path; the last two in the target.
    world.write("real\\dir/new\nline")
    target = f"{world.root}/real\\bdir/new\\nline"
    run = run_with(world, f" _main/a\\sb\\bc\\nd {target}", data="_main/a b\\c\nd")
    assert found(run) == world.path("real\\dir/new\nline")


def test_backslashes_of_plain_entries_are_themselves(world: World) -> None:
    target = world.write("back\\bslash")
    run = run_with(world, f"_main/a\\sb {target}", data="_main/a\\sb")
    assert found(run) == target


def test_an_escaped_directory_is_a_prefix_too(world: World) -> None:
    world.write("real/file.txt")
    assert found(run_with(world, f" _main/my\\sdata {world.path('real')}", data="_main/my data/file.txt")) == (
        world.path("real/file.txt")
    )


@pytest.mark.parametrize("line", [DATA, f"{DATA} "])
def test_an_entry_without_target_is_refused(world: World, line: str) -> None:
    run = run_with(world, line, "")
    assert run.status == 127
    assert "listed as an empty file" in run.errors


def test_a_file_that_is_not_listed_is_named_in_the_message(world: World) -> None:
    run = run_with(world)
    assert run.status == 127
    assert f"cannot find the runfile {DATA}:" in run.errors
    assert f"{world.path('MANIFEST')}, {DATA}: not listed" in run.errors


def test_large_manifests_are_read_whole(world: World) -> None:
    filler = [f"_main/filler/{i:06}/{'x' * 60} /nowhere/{i}" for i in range(40_000)]
    assert found(run_with(world, *filler, f"{DATA} {world.write('data')}")) == world.path("data")


def test_a_directory_without_entry_is_found_by_what_lies_in_it(world: World) -> None:
    world.tree("physical")
    lines = [f"{path} {world.path('physical')}/{path}" for path in (PYTHON, MARKER, MAIN)]
    environment = {"RUNFILES_MANIFEST_FILE": world.write("MANIFEST", "\n".join(lines))}
    config = world.command(environment=[Variable("VIRTUAL_ENV", Argument.runfile("_main/app/.venv"))])
    seen = world.run(world.launcher("app", config), environment=environment).seen
    assert seen.environment["VIRTUAL_ENV"] == world.path("physical/_main/app/.venv")


def test_the_manifest_beside_the_program_is_used_when_there_is_no_tree(world: World) -> None:
    world.tree("physical")
    lines = [f"{path} {world.path('physical')}/{path}" for path in (PYTHON, MARKER, MAIN)]
    world.write("bin/app.runfiles_manifest", "\n".join(lines))
    seen = world.run(world.launcher("bin/app")).seen
    assert seen.argv[-1] == f"{world.path('physical')}/{MAIN}"
    assert seen.environment["RUNFILES_MANIFEST_FILE"] == world.path("bin/app.runfiles_manifest")


@pytest.mark.parametrize("manifest", ["elsewhere.runfiles_manifest", "elsewhere.runfiles/MANIFEST"])
def test_the_tree_that_a_manifest_belongs_to_is_preferred(world: World, manifest: str) -> None:
    world.tree("physical")
    world.tree("elsewhere.runfiles")
    lines = [f"{path} {world.path('physical')}/{path}" for path in (PYTHON, MARKER, MAIN)]
    environment = {"RUNFILES_MANIFEST_FILE": world.write(manifest, "\n".join(lines))}
    seen = world.run(world.launcher("app"), environment=environment).seen
    assert seen.argv[-1] == f"{world.path('elsewhere.runfiles')}/{MAIN}"
    assert seen.environment["RUNFILES_DIR"] == world.path("elsewhere.runfiles")
    assert seen.environment["RUNFILES_MANIFEST_FILE"] == world.path(manifest)


def test_a_manifest_of_another_program_is_not_used(world: World) -> None:
    world.tree("bin/app.runfiles")
    environment = {"RUNFILES_MANIFEST_FILE": world.write("MANIFEST", f"{DATA} /nowhere\n")}
    seen = world.run(world.launcher("bin/app"), environment=environment).seen
    assert seen.argv[-1] == f"{world.path('bin/app.runfiles')}/{MAIN}"
    assert "RUNFILES_MANIFEST_FILE" not in seen.environment


def test_an_interpreter_listed_as_a_link_is_started_in_its_virtualenv(world: World) -> None:
    # The text of the link leads to the base interpreter; started there, Python would know of no virtualenv.
    world.tree("physical")
    base = world.interpreter("base/bin/python3")
    lines = [
        f"{PYTHON} ../../../../base/bin/python3",
        f"base/bin/python3 {base}",
        f"{MARKER} {world.path('physical')}/{MARKER}",
        f"{MAIN} {world.path('physical')}/{MAIN}",
    ]
    environment = {"RUNFILES_MANIFEST_FILE": world.write("MANIFEST", "\n".join(lines))}
    seen = world.run(world.launcher("app"), environment=environment).seen
    assert seen.argv[0] == f"{world.path('physical')}/{PYTHON}"
    assert seen.prefix == world.path("physical/_main/app/.venv")


def test_a_virtualenv_listed_as_one_directory_is_found(world: World) -> None:
    world.tree("physical")
    lines = [
        f"_main/app/.venv {world.path('physical')}/_main/app/.venv",
        f"{MAIN} {world.path('physical')}/{MAIN}",
    ]
    environment = {"RUNFILES_MANIFEST_FILE": world.write("MANIFEST", "\n".join(lines))}
    seen = world.run(world.launcher("app"), environment=environment).seen
    assert seen.prefix == world.path("physical/_main/app/.venv")


def test_a_virtualenv_whose_files_do_not_lie_together_is_refused(world: World) -> None:
    world.tree("physical")
    base = world.interpreter("base/bin/python3")
    lines = [
        f"{PYTHON} {base}",
        f"{MARKER} {world.write('elsewhere/pyvenv.cfg')}",
        f"{MAIN} {world.path('physical')}/{MAIN}",
    ]
    environment = {"RUNFILES_MANIFEST_FILE": world.write("MANIFEST", "\n".join(lines))}
    run = world.run(world.launcher("app"), environment=environment)
    assert (run.status, run.output) == (127, "")
    assert "its files do not lie together; set RUNFILES_DIR" in run.errors
    assert f"{PYTHON}: expected at {world.path('elsewhere/bin/python')}, which is not there" in run.errors


@settings(max_examples=150, deadline=None)
@given(entries=st.dictionaries(PATHS, TARGETS, max_size=8), path=PATHS, below=st.sampled_from(["", "/a", "/a/b"]))
def test_any_manifest_means_what_it_says(entries: dict[str, str], path: str, below: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        # Absolute targets of the strategy lie below the scratch directory, and all of them exist.
        entries = {entry: scratch + target if target[0] == "/" else target for entry, target in entries.items()}
        wanted = expected(entries, path + below)
        if wanted is not None:
            Path(wanted).mkdir(parents=True)
        manifest = Path(scratch, "MANIFEST")
        manifest.write_text("".join(f"{line_of(*entry)}\n" for entry in entries.items()), "utf-8")
        say = (Argument("/bin/sh"), Argument("-c"), Argument('printf %s "$0"'), Argument.runfile(path + below))
        program = Path(scratch, "app")
        program.write_bytes(finalise(template(HOST), LauncherConfig(say)))
        program.chmod(0o755)
        environment = {"RUNFILES_MANIFEST_FILE": str(manifest)}
        run = subprocess.run([program], env=environment, capture_output=True, check=False, timeout=600)
    if wanted is not None:
        assert (run.returncode, os.fsdecode(run.stdout)) == (0, wanted), run.stderr
    else:
        assert run.returncode == 127 or os.path.commonpath([scratch, os.fsdecode(run.stdout)]) == scratch
