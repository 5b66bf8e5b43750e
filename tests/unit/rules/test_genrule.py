from __future__ import annotations

from analysis_workspace import LINUX, AnalysisWorkspace

from venvship.model.action import Spawn
from venvship.model.configuration import Configuration

BUILD = """
genrule(
    name = "made",
    outs = ["made.txt"],
    cmd = "cat bazel-out/stable-status.txt bazel-out/volatile-status.txt > $@",
    {stamp}
)
"""


def spawned(stamp: str, configuration: Configuration = LINUX) -> tuple[str, list[str]]:
    """The command, and what it reads."""
    actions = AnalysisWorkspace({"BUILD": BUILD.format(stamp=stamp)}).one("//:made", configuration).actions
    [spawn] = [action for action in actions if isinstance(action, Spawn)]
    assert isinstance(spawn.argv, tuple)
    return spawn.argv[-1], [file.exec_path for file in spawn.inputs.to_tuple()]


def test_a_stamped_command_reads_about_the_build() -> None:
    files = ["venvship-out/stamped/stable-status.txt", "venvship-out/stamped/volatile-status.txt"]
    command, inputs = spawned("stamp = 1")
    assert f"cat {' '.join(files)} >" in command
    assert inputs == files
    command, inputs = spawned("stamp = -1", LINUX.with_options({"stamp": "true"}))
    assert f"cat {' '.join(files)} >" in command
    assert inputs == files


def test_other_commands_do_not() -> None:
    for stamp in ("", "stamp = -1"):
        command, inputs = spawned(stamp)
        assert "cat bazel-out/stable-status.txt" in command
        assert inputs == []
    assert spawned("", LINUX.with_options({"stamp": "true"}))[1] == []


def test_a_command_finds_the_interpreter_that_a_variable_names() -> None:
    build = """
genrule(
    name = "made",
    outs = ["made.txt"],
    cmd = "$(PYTHON3) -V > $@",
    toolchains = ["@rules_python//python:current_py_toolchain"],
)
"""
    for mode in ("", "opt"):
        made = AnalysisWorkspace({"BUILD": build}).one("//:made", LINUX.with_options({"compilation_mode": mode}))
        [spawn] = [action for action in made.actions if isinstance(action, Spawn)]
        assert isinstance(spawn.argv, tuple)
        [directory] = [file.exec_path for file in spawn.inputs.to_tuple()]
        assert f"{directory}/bin/python3.12 -V" in spawn.argv[-1]
