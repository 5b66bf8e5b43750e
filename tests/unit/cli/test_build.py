from __future__ import annotations

import os

import pytest
from fake_session import CommandLine
from query_workspace import MAPPING

from venvship.errors import EnvironmentProblem, InternalError, Place, SeveralErrors, UserError
from venvship.events.build_events import ActionFinished, ActionSource, Message, PhaseProgress, Severity
from venvship.execution.failures import Interrupted
from venvship.host.locks import LockHeld


def test_a_build_says_what_scripts_look_for(venvship: CommandLine) -> None:
    done = venvship("build", "//app:server")
    assert (done.code, done.stdout) == (0, "")
    assert "Target //app:server up-to-date:\n  venvship-bin/app/server\n" in done.stderr
    assert "INFO: Build completed successfully, 2 total actions\n" in done.stderr
    assert "INFO: Elapsed time: " in done.stderr


def test_a_target_without_outputs_has_nothing_to_build(venvship: CommandLine) -> None:
    assert "Target //lib:lib up-to-date (nothing to build)\n" in venvship("build", "lib").stderr


def test_outputs_are_listed_for_as_many_targets_as_asked(venvship: CommandLine) -> None:
    assert "Target" not in venvship("build", "//app/...").stderr
    assert venvship("build", "//app/...", "--show_result=20").stderr.count("Target ") == 3


def test_analysis_alone_lists_no_outputs(venvship: CommandLine) -> None:
    done = venvship("build", "--nobuild", "//app:server")
    assert done.code == 0
    assert "Target" not in done.stderr


def test_patterns_are_relative_to_the_current_directory(venvship: CommandLine) -> None:
    for words in (("server",), (":server",), ("./server",), ("//app:server",), ("../app:server",)):
        assert "Target //app:server up-to-date" in venvship("build", *words, cwd="app").stderr
    assert "Target //lib:lib" in venvship("build", "...", cwd="lib").stderr


def test_a_link_to_the_workspace_is_the_workspace(venvship: CommandLine) -> None:
    link = venvship.root.parent / "link"
    link.symlink_to(venvship.root)
    assert "Target //app:server up-to-date" in venvship("build", ":server", cwd=link / "app").stderr
    os.symlink(venvship.root / "app", venvship.root.parent / "elsewhere")
    done = venvship("build", "//app:server", cwd=venvship.root.parent / "elsewhere")
    assert done.code == 2


def test_targets_are_subtracted_after_two_dashes_only(venvship: CommandLine) -> None:
    done = venvship("build", "--show_result=9", "--", "//app:all", "-//app:server_test", "-//app:slow_test")
    assert done.stderr.count("Target ") == 1
    refused = venvship("build", "//...", "-//app/...")
    assert refused.code == 2
    assert "`-//app/...` is not a flag" in refused.stderr
    assert "write `--` before the targets" in refused.stderr


def test_unknown_targets_are_all_reported_and_nothing_is_built(venvship: CommandLine) -> None:
    done = venvship("build", "//app:serve", "//lob", "//lib")
    assert done.code == 1
    assert "ERROR: no such target `//app:serve`" in done.stderr
    assert "did you mean `server`" in done.stderr
    assert "ERROR: no such package `//lob`" in done.stderr
    assert "Target" not in done.stderr
    assert "ERROR: Build did NOT complete successfully" in done.stderr


def test_keep_going_builds_what_there_is(venvship: CommandLine) -> None:
    done = venvship("build", "-k", "//app:serve", "//app:server")
    assert done.code == 1
    assert "Target //app:server up-to-date" in done.stderr
    assert venvship.options[-1].keep_going


def test_each_failure_is_shown_with_place_chain_and_hint(venvship: CommandLine) -> None:
    venvship.plan.failures = (
        UserError("bad", place=Place("app/BUILD.bazel", 3, 1), chain=["needed by //x"], hint="mend it"),
        UserError("worse"),
        UserError("worse"),
    )
    done = venvship("build", "//app:server")
    assert done.code == 1
    assert "ERROR: app/BUILD.bazel:3:1: bad\n  needed by //x\n\nhint: mend it\n" in done.stderr
    assert done.stderr.count("ERROR: worse") == 1
    assert "Target //app:server failed to build\n" in done.stderr


def test_the_exit_code_says_who_must_act(venvship: CommandLine) -> None:
    for error, code in (
        (UserError("x"), 1),
        (EnvironmentProblem("no network"), 36),
        (InternalError("broken"), 37),
        (LockHeld(12), 9),
        (SeveralErrors([UserError("x"), EnvironmentProblem("y")]), 36),
        (KeyError("surprise"), 37),
        (MemoryError(), 33),
        (KeyboardInterrupt(), 8),
        (Interrupted(), 8),
        (PermissionError(13, "Permission denied", "/x"), 36),
    ):
        venvship.plan.raised = error
        assert venvship("build", "//lib").code == code, error
        assert venvship.closed == len(venvship.options)


def test_our_own_faults_are_called_ours(venvship: CommandLine) -> None:
    venvship.plan.raised = InternalError("the sky fell")
    done = venvship("build", "//lib")
    assert "this is a fault of venvship" in done.stderr
    assert "Traceback" in done.stderr
    assert "the sky fell" in done.stderr


def test_an_interruption_is_one_line(venvship: CommandLine) -> None:
    venvship.plan.raised = KeyboardInterrupt()
    told = venvship("build", "//lib").stderr.splitlines()
    assert told[0] == "ERROR: interrupted"
    assert [line.partition(":")[2] for line in told[2:]] == [" Build did NOT complete successfully"]


@pytest.mark.parametrize("command", ["build", "test", "run"])
@pytest.mark.parametrize("keep_going", [(), ("-k",)])
@pytest.mark.parametrize("raised", [UserError("x"), SeveralErrors([UserError("x")]), EnvironmentProblem("x"), None])
def test_whatever_stops_a_build_the_end_is_told_in_one_way(
    venvship: CommandLine, command: str, keep_going: tuple[str, ...], raised: BaseException | None
) -> None:
    venvship.plan.raised = raised
    done = venvship(command, *keep_going, "//app:server_test" if raised else "//nope")
    assert done.code in (1, 36)
    told = done.stderr.splitlines()
    assert told[0].startswith("ERROR: ")
    assert any(line.startswith("INFO: Elapsed time: ") for line in told[1:])
    assert told[-1] == "ERROR: Build did NOT complete successfully"


def test_what_many_targets_meet_is_told_once(venvship: CommandLine) -> None:
    def missing(target: str, line: int) -> UserError:
        return UserError("no CPython", place=Place("BUILD", line), chain=[f"needed by `{target}`"], hint="get one")

    venvship.plan.failures = (missing("//:a", 1), missing("//:b", 1), missing("//:c", 9), missing("//:a", 1))
    told = venvship("build", "-k", "//lib").stderr
    assert told.startswith(
        "ERROR: BUILD:1: no CPython\n  needed by `//:a`\n  and 2 more targets, at BUILD:9\n\nhint: get one\n"
    )
    assert told.count("no CPython") == 1
    venvship.plan.failures = (UserError("bad", place=Place("BUILD", 1)), UserError("bad", place=Place("BUILD", 2)))
    assert venvship("build", "-k", "//lib").stderr.count("bad\n") == 2


def test_repositories_have_the_names_that_the_user_gave_them(venvship: CommandLine) -> None:
    canonical = f"@@{MAPPING['pypi']}//six:six"
    venvship.plan.happenings = (
        Message(Severity.WARNING, f"odd {canonical}"),
        Message(Severity.DEBUG, canonical),
        PhaseProgress(1, 2, f"Unpack {canonical}"),
        ActionFinished("Unpack", f"Unpack {canonical}", ActionSource.RUN, 0.1, "noise"),
    )
    venvship.plan.failures = (UserError(f"no {canonical}", chain=["needed by @@other//:x"]),)
    told = venvship("build", "-k", "//lib").stderr
    assert "WARNING: odd @pypi//six:six\n" in told
    assert f"DEBUG: {canonical}\n" in told
    assert "[1 / 2] Unpack @pypi//six:six\n" in told
    assert "INFO: From Unpack @pypi//six:six:\nnoise\n" in told
    assert "ERROR: no @pypi//six:six\n  needed by @@other//:x\n" in told


def test_messages_of_the_session_are_shown_as_they_come(venvship: CommandLine) -> None:
    venvship.plan.happenings = (Message(Severity.DEBUG, "defs.bzl:1:2: hello"), Message(Severity.WARNING, "odd"))
    assert venvship("build", "//lib").stderr.startswith("DEBUG: defs.bzl:1:2: hello\nWARNING: odd\n")


def test_targets_may_come_from_a_file(venvship: CommandLine) -> None:
    (venvship.root / "targets.txt").write_text("# those\n//app:server\n\n-//lib\n")
    assert "Target //app:server" in venvship("build", "--target_pattern_file=targets.txt").stderr
    assert venvship("build", "--target_pattern_file=targets.txt", "//lib").code == 2
    assert venvship("build", "--target_pattern_file=nowhere.txt").code == 2


def test_a_build_needs_targets_and_a_workspace(venvship: CommandLine) -> None:
    assert venvship("build").code == 2
    outside = venvship("build", "//...", cwd=venvship.root.parent)
    assert outside.code == 2
    assert "is not inside a workspace" in outside.stderr


def test_flags_become_options_of_the_session(venvship: CommandLine) -> None:
    venvship(
        "--output_user_root=/somewhere",
        "build",
        "--jobs=3",
        "-c",
        "opt",
        "--define=a=1",
        "--define",
        "b=x=y",
        "--//py:version=3.12",
        "--@rules//py/mode=zip",
        "--no//py:strict",
        "--index_override=https://packages.example/simple=@default",
        "--symlink_prefix=out-",
        "--nofetch",
        "--spawn_strategy=local",
        "--noblock_for_lock",
        "//lib",
    )
    [options] = venvship.options
    assert str(options.output_user_root) == "/somewhere"
    assert (options.jobs, options.compilation_mode, options.symlink_prefix) == (3, "opt", "out-")
    assert options.settings == {
        "define:a": ("1",),
        "define:b": ("x=y",),
        "//py:version": ("3.12",),
        "@rules//py/mode:mode": ("zip",),
        "//py:strict": (False,),
    }
    assert options.index_overrides == ("https://packages.example/simple=@default",)
    assert (options.offline, options.sandbox, options.block_for_lock) == (True, False, False)
