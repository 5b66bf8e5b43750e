"""The activation scripts, sourced by the shells of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from venvship.venvs.activation import activation_scripts

TARGET: Final = "//app:it's $HOME `x` \\ !boo"

_POSIX: Final = """
PS1='$ '
before="$PATH"
. "{script}"
echo "$VIRTUAL_ENV|$BAZEL_TARGET|$(command -v tool)|${{PYTHONHOME-unset}}|$PS1"
cd "$(dirname "{script}")"
. ./activate
echo "$VIRTUAL_ENV"
deactivate
echo "${{VIRTUAL_ENV-unset}}|${{BAZEL_TARGET-unset}}|$PYTHONHOME|$PS1"
[ "$PATH" = "$before" ] && echo same path
"""
_FISH: Final = """
set before $PATH
source "{script}"
set -q PYTHONHOME; and set home $PYTHONHOME; or set home unset
echo "$VIRTUAL_ENV|$BAZEL_TARGET|"(command -v tool)"|$home|$PS1"
cd (dirname "{script}")
source activate.fish
echo $VIRTUAL_ENV
deactivate
set -q VIRTUAL_ENV; and set root set; or set root unset
set -q BAZEL_TARGET; and set target set; or set target unset
echo "$root|$target|$PYTHONHOME|$PS1"
test "$PATH" = (string join : $before); and echo same path
"""
_CSH: Final = """
set before = "$PATH"
set _venv_activate = "{script}"
source "{script}"
set python_home = unset
if ( $?PYTHONHOME ) set python_home = set
echo "$VIRTUAL_ENV|$BAZEL_TARGET|`which tool`|$python_home|$PS1"
cd "$VIRTUAL_ENV/bin"
set _venv_activate = activate.csh
source activate.csh
echo "$VIRTUAL_ENV"
deactivate
set root = unset
if ( $?VIRTUAL_ENV ) set root = set
set target = unset
if ( $?BAZEL_TARGET ) set target = set
echo "$root|$target|$PYTHONHOME|$PS1"
if ( "$PATH" == "$before" ) echo same path
"""
_SHELLS: Final = {
    "bash": (["bash", "--norc", "-eu"], "activate", _POSIX),
    "zsh": (["zsh", "-f", "-eu"], "activate", _POSIX),
    "fish": (["fish", "--no-config"], "activate.fish", _FISH),
    "tcsh": (["tcsh", "-f"], "activate.csh", _CSH),
}


@pytest.mark.parametrize("shell", [name for name in _SHELLS if shutil.which(name)])
def test_activation_changes_the_shell_and_deactivation_takes_it_back(shell: str, tmp_path: Path) -> None:
    command, name, program = _SHELLS[shell]
    bin_directory = tmp_path / "some where" / ".app.venv" / "bin"
    bin_directory.mkdir(parents=True)
    for script, content in activation_scripts("app", {"BAZEL_TARGET": TARGET}).items():
        (bin_directory / script).write_bytes(content)
    (bin_directory / "tool").write_text("#!/bin/sh\n")
    (bin_directory / "tool").chmod(0o755)
    source = tmp_path / "program"
    source.write_text(program.format(script=bin_directory / name))
    done = subprocess.run(
        [*command, str(source)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONHOME": "/old", "PS1": "$ ", "HOME": str(tmp_path)},
    )
    assert not done.stderr
    root = str(bin_directory.parent)
    prompt = "(app) $ " if name == "activate" else "$ "
    assert done.stdout.splitlines() == [
        f"{root}|{TARGET}|{bin_directory}/tool|unset|{prompt}",
        root,
        "unset|unset|/old|$ ",
        "same path",
    ]


def test_a_shell_that_does_not_tell_where_the_script_lies_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "activate"
    script.write_bytes(activation_scripts("app", {})["activate"])
    done = subprocess.run(
        ["sh", "-c", f"(unset BASH_VERSION; . {script}) || echo refused; echo ${{VIRTUAL_ENV-unset}}"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath},
    )
    assert done.stdout.splitlines() == ["refused", "unset"]
    assert "only bash and zsh" in done.stderr
