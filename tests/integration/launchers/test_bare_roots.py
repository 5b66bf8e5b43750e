"""Images without a shell, a C library or `/proc`."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from venvship.launchers.config import Argument, LauncherConfig
from venvship.launchers.template import template

if TYPE_CHECKING:
    from integration.launchers.conftest import World

pytestmark = pytest.mark.peers


def run_in(world: World, *command: str) -> subprocess.CompletedProcess[str]:
    assert not world.machine.emulator
    sandbox = ["bwrap", "--unshare-all", "--ro-bind", world.path("image"), "/", *command]
    return subprocess.run(sandbox, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize("world", ["host"], indirect=True)
def test_launchers_start_each_other_where_there_is_nothing_else(world: World) -> None:
    # The template is a static program that says by which path it was started.
    world.write("image/app.runfiles/_main/bin/end", template(world.machine.platform), mode=0o755)
    runfile = LauncherConfig((Argument.runfile("_main/bin/end"),))
    world.launcher("image/app.runfiles/_main/bin/middle", runfile)
    world.launcher("image/usr/bin/server", LauncherConfig((Argument.runfile("_main/bin/middle"),)))
    world.link("image/usr/bin/server.runfiles", "../../app.runfiles")
    done = run_in(world, "--chdir", "/usr/bin", "./server")
    assert done.returncode == 126
    assert done.stderr.startswith("/app.runfiles/_main/bin/end: this is the template of a launcher")


@pytest.mark.parametrize("world", ["host"], indirect=True)
def test_failures_are_reported_where_there_is_nothing_else(world: World) -> None:
    world.launcher("image/server", LauncherConfig((Argument.runfile("_main/bin/end"),)))
    done = run_in(world, "/server")
    assert done.returncode == 127
    assert done.stderr.splitlines()[1:] == [
        "  /server.runfiles/_main/bin/end: not there",
        "  /server.runfiles_manifest: no such file or directory",
    ]
