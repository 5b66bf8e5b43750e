from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

from venvship.launchers.config import Argument, LauncherConfig, Variable
from venvship.launchers.console_script import console_script_config

if TYPE_CHECKING:
    from integration.launchers.conftest import Run, World

SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
TOOL = """
import json, os, sys
class Commands:
    def main():
        json.dump([sys.argv, sys.prefix, sys.executable, sys.path], sys.stdout)
        return 3
"""


def install(world: World, venv: str) -> str:
    world.venv(venv)
    world.write(f"{venv}/{SITE}/tool/__init__.py")
    world.write(f"{venv}/{SITE}/tool/cli.py", TOOL)
    config = console_script_config("tool", module="tool.cli", function="Commands.main")
    return world.launcher(f"{venv}/bin/tool", config)


def expect(run: Run, *, venv: str, arguments: tuple[str, ...] = ()) -> None:
    assert run.status == 3, run.errors
    argv, prefix, executable, path = json.loads(run.output)
    assert argv == [f"{venv}/bin/tool", *arguments]
    assert prefix == venv
    assert executable == f"{venv}/bin/python"
    assert "" not in path
    assert f"{venv}/{SITE}" in path


def test_a_console_script_runs_in_its_virtualenv_with_its_own_name_and_status(world: World) -> None:
    program = install(world, "app/.venv")
    expect(world.run(program, "-x", "a b"), venv=world.path("app/.venv"), arguments=("-x", "a b"))


def test_a_console_script_does_not_import_from_the_working_directory(world: World) -> None:
    program = install(world, ".venv")
    world.write("here/tool.py", "raise SystemExit('imported from the working directory')")
    world.write("here/json.py", "raise SystemExit('imported from the working directory')")
    expect(world.run(program, cwd="here"), venv=world.path(".venv"))


def test_a_console_script_works_after_its_virtualenv_was_moved(world: World) -> None:
    install(world, "old/.venv")
    shutil.move(world.path("old"), world.path("new"))
    expect(world.run(world.path("new/.venv/bin/tool")), venv=world.path("new/.venv"))


def test_a_console_script_works_by_a_relative_path(world: World) -> None:
    install(world, ".venv")
    expect(world.run("../.venv/bin/./tool", cwd=".venv"), venv=world.path(".venv"))
    expect(world.run("./tool", cwd=".venv/bin"), venv=world.path(".venv"))


def test_a_console_script_works_through_the_search_path(world: World) -> None:
    install(world, ".venv")
    # Some other program finds it; here the shell does.
    argv = (Argument("/bin/sh"), Argument("-c"), Argument("exec tool one"))
    program = world.launcher("caller", LauncherConfig(argv))
    run = world.run(program, environment={"PATH": world.path(".venv/bin")})
    if not world.machine.emulator:
        expect(run, venv=world.path(".venv"), arguments=("one",))


def test_a_console_script_works_through_a_link_from_elsewhere(world: World) -> None:
    install(world, "opt/.venv")
    link = world.link("usr/bin/renamed", "../../opt/.venv/bin/tool")
    expect(world.run(link), venv=world.path("opt/.venv"))


def test_a_console_script_that_is_a_link_stays_in_the_virtualenv_it_is_linked_into(world: World) -> None:
    install(world, "store/.venv")
    world.venv("app/.venv")
    world.link(f"app/.venv/{SITE}", world.path(f"store/.venv/{SITE}"))
    link = world.link("app/.venv/bin/tool", "../../../store/.venv/bin/tool")
    expect(world.run(link), venv=world.path("app/.venv"))


def test_a_link_to_the_virtualenv_stays_in_the_paths(world: World) -> None:
    install(world, "output/venv")
    world.link(".venv", "output/venv")
    expect(world.run(world.path(".venv/bin/tool")), venv=world.path(".venv"))


def test_siblings_may_lie_above_and_below_the_program(world: World) -> None:
    world.interpreter("opt/python/bin/python3")
    argv = (
        Argument.sibling("../python/bin/python3"),
        Argument("-ISc"),
        Argument("import json, os, sys; json.dump([sys.orig_argv[0], os.environ['HERE']], sys.stdout)"),
    )
    config = LauncherConfig(argv, (Variable("HERE", Argument.sibling("data/file")),))
    run = world.run(world.launcher("opt/bin/app", config))
    assert json.loads(run.output) == [world.path("opt/python/bin/python3"), world.path("opt/bin/data/file")]


def test_a_console_script_outside_of_a_virtualenv_says_what_is_missing(world: World) -> None:
    config = console_script_config("tool", module="tool", function="main")
    program = world.launcher("bin/tool", config)
    run = world.run(program)
    assert run.status == 127
    assert run.errors.startswith(
        f"{program}: cannot find python beside the program; these places were tried:\n"
        f"  {world.path('bin/python')}: not there\n"
    )


def test_runfiles_variables_of_the_caller_reach_a_console_script(world: World) -> None:
    install(world, ".venv")
    world.write(
        f".venv/{SITE}/tool/cli.py", "import os\nclass Commands:\n    main = lambda: os.environ['RUNFILES_DIR']"
    )
    run = world.run(world.path(".venv/bin/tool"), environment={"RUNFILES_DIR": "/given"})
    assert run.errors == "/given\n"
