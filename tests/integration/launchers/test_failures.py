from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from venvship.launchers.config import Argument, LauncherConfig
from venvship.launchers.template import template

if TYPE_CHECKING:
    from integration.launchers.conftest import World

PYTHON = "_main/app/.venv/bin/python"
MAIN = "_main/app/main.py"


def test_runfiles_that_are_nowhere_are_reported_with_all_places(world: World) -> None:
    world.launcher("opt/app")
    link = world.link("bin/server", "../opt/app")
    manifest = world.write("MANIFEST", "_main/other /nowhere\n")
    environment = {"RUNFILES_DIR": world.path("outside"), "RUNFILES_MANIFEST_FILE": manifest}
    run = world.run(link, environment=environment)
    assert (run.status, run.output) == (127, "")
    assert run.errors.splitlines() == [
        f"{link}: cannot find the runfile {PYTHON}; these places were tried:",
        f"  {world.path('outside')}/{PYTHON}: not there",
        f"  {manifest}, {PYTHON}: not listed",
        f"  {world.path('bin/server.runfiles')}/{PYTHON}: not there",
        f"  {world.path('bin.runfiles')}/{PYTHON}: not there",
        f"  {world.path('bin/server.runfiles_manifest')}: no such file or directory",
        f"  {world.path('opt/app.runfiles')}/{PYTHON}: not there",
        f"  {world.path('opt.runfiles')}/{PYTHON}: not there",
        f"  {world.path('opt/app.runfiles_manifest')}: no such file or directory",
    ]


def test_a_link_that_leads_nowhere_is_reported_as_such(world: World) -> None:
    world.link(f"app.runfiles/{PYTHON}", "../../missing/python3")
    run = world.run(world.launcher("app"))
    assert run.status == 127
    place = world.path(f"app.runfiles/{PYTHON}")
    assert (
        f"{place}: a link to {world.path('app.runfiles/_main/app/missing/python3')}, which is not there" in run.errors
    )


def test_a_program_that_is_not_there_gives_127(world: World) -> None:
    program = world.launcher("app", LauncherConfig((Argument(world.path("missing")),)))
    run = world.run(program)
    assert (run.status, run.output) == (127, "")
    assert run.errors == f"{program}: cannot execute {world.path('missing')}: no such file or directory\n"


def test_a_program_that_may_not_be_executed_gives_126(world: World) -> None:
    text = world.write("text", mode=0o644)
    program = world.launcher("app", LauncherConfig((Argument(text),)))
    run = world.run(program)
    assert (run.status, run.errors) == (126, f"{program}: cannot execute {text}: permission denied\n")


def test_a_file_that_is_no_program_gives_126(world: World) -> None:
    text = world.write("text", "plain text", mode=0o755)
    program = world.launcher("app", LauncherConfig((Argument(text),)))
    run = world.run(program)
    assert (run.status, run.errors) == (126, f"{program}: cannot execute {text}: not a program for this machine\n")


def test_a_missing_interpreter_of_a_script_is_not_confused_with_a_missing_script(world: World) -> None:
    script = world.write("script", "#!/nowhere/sh\n", mode=0o755)
    run = world.run(world.launcher("app", LauncherConfig((Argument(script),))))
    assert run.status == 127
    assert f"cannot execute {script}: the interpreter or loader it names is not there" in run.errors


def test_a_command_line_that_grew_too_long_is_reported(world: World) -> None:
    if str(world.machine.platform).startswith("macos"):
        arguments, user = ["x" * 30_000], ["u" * 100_000] * 10
    else:
        arguments, user = ["x" * 100_000] * 10, ["u" * 100_000] * 16
    program = world.launcher("app", LauncherConfig(tuple(map(Argument, ["/bin/sh", *arguments]))))
    run = world.run(program, *user)
    assert run.status == 126
    assert "argument list too long" in run.errors


def test_a_template_says_what_it_is(world: World) -> None:
    program = world.write("template", template(world.machine.platform), mode=0o755)
    run = world.run(program)
    assert run.status == 126
    assert "this is the template of a launcher" in run.errors


@pytest.mark.parametrize("status", [0, 7, 255])
def test_the_status_is_that_of_the_program(world: World, status: int) -> None:
    argv = (Argument("/bin/sh"), Argument("-c"), Argument(f"exit {status}"))
    assert world.run(world.launcher("app", LauncherConfig(argv))).status == status


def test_the_launcher_becomes_the_program_instead_of_waiting_for_it(world: World) -> None:
    # A signal to the process reaches the program itself.
    argv = (Argument("/bin/sh"), Argument("-c"), Argument("kill -TERM $$"))
    assert world.run(world.launcher("app", LauncherConfig(argv))).status == -15
