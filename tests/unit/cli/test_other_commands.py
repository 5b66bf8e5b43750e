from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from fake_session import CommandLine

from venvship.cli.main import main
from venvship.errors import UserError
from venvship.execution.layout import Layout


class ClosedPipe(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str, /) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


# run


def test_a_program_replaces_the_command(venvship: CommandLine) -> None:
    done = venvship("run", "//app:server", "one", "--", "--two", "--")
    assert done.code == 7
    [plan] = venvship.started
    assert plan.argv == (str(venvship.root / "venvship-bin/app/server"), "--own", "one", "--two", "--")
    assert plan.working_directory == venvship.root
    assert plan.environment["BUILD_WORKSPACE_DIRECTORY"] == str(venvship.root)
    assert venvship.closed == 1
    assert done.stdout == ""


def test_a_program_knows_where_it_was_called(venvship: CommandLine) -> None:
    venvship("run", ":server", cwd="app")
    assert venvship.started[0].environment["BUILD_WORKING_DIRECTORY"] == str(venvship.root / "app")


def test_a_program_may_run_under_another(venvship: CommandLine) -> None:
    venvship("run", "--run_under=env -i 'a b'", "//app:server")
    assert venvship.started[0].argv[1:4] == ("-i", "a b", str(venvship.root / "venvship-bin/app/server"))
    assert venvship.started[0].argv[0].endswith("/env")
    assert venvship("run", "--run_under=no-such-program", "//app:server").code == 2
    assert venvship("run", "--run_under=//app:tool", "//app:server").code == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "`run` needs a target"),
        (("//lib",), "`//lib:lib` can't be run: it is no program (py_library rule)"),
        (("//app:server.py",), "it is no program (source file)"),
        (("//app:all",), "`run` needs one target, and `//app:all` matches 3"),
    ],
)
def test_only_one_program_can_be_run(venvship: CommandLine, words: tuple[str, ...], message: str) -> None:
    done = venvship("run", *words)
    assert done.code == 2
    assert message in done.stderr
    assert venvship.started == []


def test_what_can_not_be_built_is_not_started(venvship: CommandLine) -> None:
    venvship.plan.failures = (UserError("x"),)
    assert venvship("run", "//app:server").code == 1
    assert venvship("run", "//app:nope").code == 1
    assert venvship.started == []


# query


def test_query_prints_labels(venvship: CommandLine) -> None:
    done = venvship("query", "deps(//app:server)", "--noimplicit_deps")
    assert (done.code, done.stdout, done.stderr) == (0, "//app:server\n//app:server.py\n//lib:lib\n", "")


def test_query_sees_manual_targets_and_relative_patterns(venvship: CommandLine) -> None:
    assert "//app:tool\n" in venvship("query", "...", cwd="app").stdout


def test_words_of_a_query_are_joined(venvship: CommandLine) -> None:
    done = venvship("query", "//app:all", "intersect", "//app:tool", "--output", "label_kind")
    assert done.stdout == "py_binary rule //app:tool\n"


def test_a_failed_query_prints_no_answer(venvship: CommandLine) -> None:
    done = venvship("query", "//app:nope + //lib")
    assert (done.code, done.stdout) == (7, "")
    assert "no such target `//app:nope`" in done.stderr


def test_a_partial_answer_has_a_code_of_its_own(venvship: CommandLine) -> None:
    done = venvship("query", "-k", "//app:nope + //lib")
    assert (done.code, done.stdout) == (3, "//lib:lib\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("deps(",), 2),
        (("nope(//lib)",), 2),
        ((), 2),
        (("some(//lib - //lib)",), 7),
        (("//lib", "--output=xml"), 2),
        (("//lib", "--test_output=all"), 2),
    ],
)
def test_a_query_that_can_not_be_asked_has_this_code(venvship: CommandLine, words: tuple[str, ...], code: int) -> None:
    assert venvship("query", *words).code == code


def test_a_query_may_come_from_a_file_and_end_lines_with_nothing(venvship: CommandLine) -> None:
    (venvship.root / "q.txt").write_text("# all of it\n//lib +\n//app:tool\n")
    assert venvship("query", "--query_file=q.txt", "--line_terminator_null").stdout == "//app:tool\0//lib:lib\0"
    assert venvship("query", "--query_file=nowhere").code == 2


def test_query_forms_reach_the_output(venvship: CommandLine) -> None:
    [record] = json.loads(venvship("query", "//lib", "--output=json", "--noimplicit_deps").stdout)
    assert record["label"] == "//lib:lib"
    place = venvship("query", "//lib", "--output=location").stdout
    assert place == f"{venvship.root}/lib/BUILD.bazel:1:11: py_library rule //lib:lib\n"
    assert venvship("query", "//lib", "--output=location", "--relative_locations").stdout.startswith(
        "lib/BUILD.bazel:1"
    )


# info, image, clean


def test_info_tells_one_thing_bare_and_several_with_names(venvship: CommandLine) -> None:
    assert venvship("info", "output_base").stdout == "/base\n"
    assert venvship("info", "bazel-bin").stdout == "/base/bin\n"
    everything = f"output_base: /base\nrelease: release 0.1.0\nvenvship-bin: /base/bin\nworkspace: {venvship.root}\n"
    assert venvship("info").stdout == everything
    unknown = venvship("info", "output_bass")
    assert unknown.code == 2
    assert "did you mean `output_base`?" in unknown.stderr


def test_an_image_is_shown_as_a_table(venvship: CommandLine) -> None:
    done = venvship("image", "show", "//app:server")
    assert done.code == 0
    assert "entrypoint  /app x\n" in done.stdout
    assert "wheels       12  1.5 kB  308.0 MB  sha256:ab\n" in done.stdout
    assert venvship("image", "shwo").code == 2
    assert venvship("image").code == 2


def test_clean_removes_outputs_and_their_links_only(venvship: CommandLine, tmp_path: Path) -> None:
    user_root = tmp_path / "cache"
    layout = Layout.of(venvship.root, user_root)
    (layout.exec_root / "out").mkdir(parents=True)
    (venvship.root / "venvship-bin").symlink_to(layout.exec_root / "out")
    (venvship.root / "venvship-notes").symlink_to(tmp_path)
    (venvship.root / ".venv").mkdir()
    venvship.root.joinpath("MODULE.bazel").write_text("this is (not right")
    assert venvship(f"--output_user_root={user_root}", "clean").code == 0
    assert not layout.exec_root.exists()
    assert not os.path.lexists(venvship.root / "venvship-bin")
    assert (venvship.root / "venvship-notes").is_symlink()
    assert (venvship.root / ".venv").is_dir()
    assert venvship(f"--output_user_root={user_root}", "clean", "--expunge").code == 0
    assert not layout.output_base.exists()
    assert venvship(f"--output_user_root={user_root}", "clean").code == 0


# version, help, streams


def test_version_and_help_need_no_workspace(venvship: CommandLine, tmp_path: Path) -> None:
    for words in (("--version",), ("version",), ("version", "--color=no"), ("--nohome_rc", "version")):
        assert venvship(*words, cwd=tmp_path).stdout.startswith("venvship ")
    for asked in ("", "help", "--help", "-h"):
        assert "Commands:" in venvship(*asked.split(), cwd=tmp_path).stdout
    for words in (("help", "test"), ("test", "--help"), ("test", "-h")):
        assert "--test_output=summary|errors|all|streamed" in venvship(*words, cwd=tmp_path).stdout
    assert "--output_user_root=TEXT" in venvship("help", "startup").stdout
    assert venvship("help", "tset").code == 2


def test_help_of_a_program_is_the_programs(venvship: CommandLine) -> None:
    assert venvship("run", "//app:server", "--", "--help").code == 7
    assert venvship.started[0].argv[-1] == "--help"


def test_unknown_commands_are_refused_with_a_hint(venvship: CommandLine) -> None:
    done = venvship("biuld", "//...")
    assert done.code == 2
    assert "did you mean `build`?" in done.stderr


def test_a_reader_that_leaves_early_does_not_change_the_code(venvship: CommandLine) -> None:
    def run(*argv: str) -> int:
        return main(
            argv,
            cwd=venvship.root,
            stdout=ClosedPipe(),
            stderr=ClosedPipe(),
            environment={},
            open_session=venvship.open_session,
        )

    assert run("query", "//...") == 0
    assert run("test", "//app/...") == 0
    assert run("query", "//nope") == 7
