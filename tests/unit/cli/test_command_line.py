from __future__ import annotations

import pytest
from fake_session import CommandLine
from hypothesis import given
from hypothesis import strategies as st

from venvship.cli.command_line import (
    BadFlagValue,
    CommandLineError,
    SplitWords,
    parse_command,
    parse_startup,
    setting_name,
    split_words,
)
from venvship.cli.commands import command_names
from venvship.cli.flag_table import COMMAND_FLAGS, STARTUP_FLAGS, flags_of
from venvship.cli.flags import STARTUP, Effect
from venvship.errors import Place, SeveralErrors, UserError
from venvship.loading.bazelrc import RcOption

ON_DAY_ONE = frozenset(
    """
    config jobs keep_going test_output test_summary test_filter test_arg test_env action_env test_timeout
    test_tag_filters build_tag_filters test_sharding_strategy runs_per_test flaky_test_attempts
    cache_test_results test_keep_going local_test_jobs test_strategy run_under build platforms stamp
    workspace_status_command output_groups show_result symlink_prefix subcommands explain verbose_failures
    sandbox_debug profile build_event_json_file build_event_text_file disk_cache remote_cache remote_executor
    combined_report instrumentation_filter color curses show_progress
    """.split()  # noqa: SIM905
)


def given_words(*words: str) -> list[RcOption]:
    return [RcOption(word) for word in words]


def from_rc(*words: str, section: str = "build", line: int = 1) -> list[RcOption]:
    return [RcOption(word, Place(".bazelrc", line), section) for word in words]


def problems(command: str, options: list[RcOption]) -> list[str]:
    try:
        parse_command(command, options)
    except SeveralErrors as several:
        return [str(error) for error in several.errors]
    except UserError as error:
        return [str(error)]
    return []


def test_every_flag_that_people_use_is_known() -> None:
    assert set(flags_of("test")) >= ON_DAY_ONE


def test_every_flag_is_listed_once_and_defaults_are_possible() -> None:
    for table in (STARTUP_FLAGS, COMMAND_FLAGS):
        names = [flag.name for flag in table]
        assert sorted(names) == sorted(set(names))
        for flag in table:
            assert not flag.values or flag.default in flag.values
            assert flag.effect is not Effect.REFUSED or flag.reason
            assert flag.effect is not Effect.WORKS or flag.help
            assert set(flag.commands) <= {STARTUP, *command_names()}


@pytest.mark.parametrize(
    ("words", "name", "text"),
    [
        (["--jobs=3"], "jobs", "3"),
        (["--jobs", "3"], "jobs", "3"),
        (["-j", "3"], "jobs", "3"),
        (["--jobs=3", "--jobs=4"], "jobs", "4"),
        (["-k"], "keep_going", "yes"),
        (["--keep_going"], "keep_going", "yes"),
        (["--nokeep_going"], "keep_going", "no"),
        (["--keep_going=0"], "keep_going", "0"),
        (["-k", "--nokeep_going"], "keep_going", "no"),
        (["-c", "opt"], "compilation_mode", "opt"),
        (["--nobuild"], "build", "no"),
        (["--nocache_test_results"], "cache_test_results", "no"),
        (["--test_filter="], "test_filter", ""),
        (["--test_filter=-x"], "test_filter", "-x"),
        (["--test_filter", "-x"], "test_filter", "-x"),
        (["--disk_cache="], "disk_cache", ""),
        (["--nostamp"], "stamp", "no"),
        ([], "compilation_mode", "fastbuild"),
    ],
)
def test_a_flag_may_be_written_in_several_ways(words: list[str], name: str, text: str) -> None:
    assert parse_command("build", given_words(*words)).flags.text(name) == text


def test_flags_and_targets_may_be_mixed() -> None:
    line = parse_command("build", given_words("//a", "-k", "//b", "--jobs", "2", "//c", "--", "-//d", "--jobs=3"))
    assert line.words == ("//a", "//b", "//c", "-//d", "--jobs=3")
    assert line.flags.text("jobs") == "2"


def test_repeated_flags_add_up_where_they_are_lists() -> None:
    flags = parse_command("test", given_words("--test_arg=a", "--test_arg=b", "--test_tag_filters=a,b,-c")).flags
    assert flags.texts("test_arg") == ("a", "b")
    assert flags.texts("test_tag_filters") == ("a", "b", "-c")


def test_a_flag_may_be_short_for_a_setting_wherever_the_alias_is_given() -> None:
    line = parse_command(
        "build", given_words("--mode=fast", "--flag_alias=mode=@r//:mode", "--nowide", "--flag_alias", "wide=//a:w")
    )
    assert line.settings == {"@r//:mode": ("fast",), "//a:w": (False,)}
    with pytest.raises(BadFlagValue, match="`--flag_alias` is `NAME=//package:setting`, not `mode=fast`"):
        parse_command("build", given_words("--flag_alias=mode=fast"))


def test_flags_of_bazel_that_rules_python_has_made_settings_are_these_settings() -> None:
    package = "@@rules_python//python/config_settings"
    words = given_words("--build_python_zip=1", "--noincompatible_default_to_explicit_init_py")
    line = parse_command("build", [*from_rc("--nobuild_python_zip"), *words])
    assert line.settings == {
        f"{package}:build_python_zip": (True,),
        f"{package}:incompatible_default_to_explicit_init_py": (False,),
    }
    assert parse_command("build", given_words("--build_python_zip=auto")).settings == {}
    assert problems("build", given_words("--build_python_zip=x")) == [
        "`--build_python_zip` is yes, no or auto, not `x`"
    ]


def test_a_setting_has_every_value_that_it_was_given() -> None:
    line = parse_command("build", given_words("--//a:f=1", "--//a:f=2", "--@r//b=x=y", "--//a:g", "--no//a:h"))
    assert line.settings == {"//a:f": ("1", "2"), "@r//b:b": ("x=y",), "//a:g": (True,), "//a:h": (False,)}
    assert setting_name("@@r//:f") == "@@r//:f"


def test_a_flag_for_the_program_is_told_where_to_stand() -> None:
    with pytest.raises(CommandLineError, match="`venvship help run` lists all flags; what comes after `--` is for the"):
        parse_command("run", given_words("//:a", "--zzz"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--keep_goin"], "did you mean `--keep_going`?"),
        (["--nokeep_goin"], "did you mean `--keep_going`?"),
        (["--zzz"], "`venvship help build` lists all flags"),
        (["-x"], "`-x` is not a flag"),
        (["-//a/..."], "write `--` before the targets"),
        (["--jobs"], "`--jobs` needs a value"),
        (["--nokeep_going=1"], "takes no value"),
        (["--keep_going=maybe"], "is yes or no, not `maybe`"),
        (["--compilation_mode=optt"], "did you mean `opt`?"),
        (["--show_result=many"], "is a number, not `many`"),
        (["--define=x=1", "--define==1"], "looks like NAME=VALUE"),
        (["--define=x"], "looks like NAME=VALUE, not `x`"),
        (["--output=label"], "`--output` is not a flag of `build`: it is for `query`"),
        (["--output_user_root=/x"], "it stands before the command"),
        (["--remote_executor=grpc://x"], "`--remote_executor` is not supported"),
        (["--disk_cache=/x"], "`--disk_cache` is not supported"),
        (["--//a:b:c=1"], "invalid label"),
        (["--no//a:b=1"], "takes no value"),
    ],
)
def test_a_mistake_on_the_command_line_is_an_error(words: list[str], message: str) -> None:
    [problem] = problems("build", given_words(*words))
    assert message in problem


def test_all_mistakes_are_reported_at_once() -> None:
    assert len(problems("build", given_words("--nope", "--jobs", "x", "--disk_cache=x", "--color=blue"))) == 3


def test_rc_files_may_have_flags_that_nobody_knows() -> None:
    options = [
        *from_rc("--unknown_flag", "value", "--unknown_flag=1", line=1),
        *from_rc("--incompatible_x", "--experimental_y=1", "--noincompatible_z", line=2),
        *from_rc("--remote_cache=grpc://x", "--action_env=A", "--jobs=7", line=3),
        *from_rc("--output=label", "--test_output=errors", section="common", line=4),
    ]
    line = parse_command("build", options)
    assert line.flags.text("jobs") == "7"
    assert line.words == ()
    assert line.warnings == (
        ".bazelrc:1: `--unknown_flag` is not a flag and is ignored",
        ".bazelrc:3: `--remote_cache` is ignored: there is no client for it yet",
        ".bazelrc:3: `--action_env` is ignored: actions see a fixed environment",
    )


def test_the_value_of_a_flag_without_effect_is_not_looked_at() -> None:
    assert problems("build", given_words("--subcommands=pretty_print", "--logging=all")) == []


def test_a_file_that_is_asked_for_and_not_written_is_told_unless_an_rc_file_asks() -> None:
    words = ("--build_event_json_file=bep.json", "--profile=", "--subcommands")
    line = parse_command("test", [*given_words(*words), *from_rc("--explain=why.txt", line=1)])
    assert line.warnings == ("`--build_event_json_file` has no effect: the file is not written",)


def test_refused_startup_options_of_rc_files_are_told(venvship: CommandLine) -> None:
    (venvship.root / ".bazelrc").write_text("startup --output_base=/x --nope\n")
    done = venvship("build", "//lib")
    assert done.code == 0
    assert done.stderr.count("WARNING: ") == 2
    assert "`--output_base` is ignored: the output base follows from" in done.stderr


def test_a_rate_is_a_number(venvship: CommandLine) -> None:
    assert venvship("build", "//lib", "--show_progress_rate_limit=often").code == 2


def test_a_value_does_not_come_from_another_line() -> None:
    [problem] = problems("build", [*from_rc("--jobs", line=1), *from_rc("3", line=2)])
    assert ".bazelrc:1: `--jobs` needs a value" in problem


def test_wrong_values_in_rc_files_are_errors_with_their_place() -> None:
    [problem] = problems("build", from_rc("--color=blue", line=9))
    assert problem.startswith(".bazelrc:9: `--color` is one of yes, no, auto")


@pytest.mark.parametrize(
    ("argv", "split"),
    [
        (["build", "//a"], SplitWords((), "build", ("//a",))),
        (["--bazelrc=x", "build"], SplitWords(("--bazelrc=x",), "build", ())),
        (["--bazelrc", "x", "--nohome_rc", "test"], SplitWords(("--bazelrc", "x", "--nohome_rc"), "test", ())),
        (["--bazelrc"], SplitWords(("--bazelrc",), "", ())),
        ([], SplitWords((), "", ())),
    ],
)
def test_the_command_is_the_first_word_that_is_no_option(argv: list[str], split: SplitWords) -> None:
    assert split_words(argv) == split


def test_startup_options_are_parsed_by_their_own_table() -> None:
    flags = parse_startup(
        from_rc("--output_user_root=/rc"), ["--noworkspace_rc", "--bazelrc", "a", "--bazelrc=b"]
    ).flags
    assert flags.text("output_user_root") == "/rc"
    assert not flags.boolean("workspace_rc")
    assert flags.texts("bazelrc") == ("a", "b")
    for words in (["--output_base=/x"], ["--jobs=3"], ["--bazelrc"]):
        with pytest.raises(CommandLineError):
            parse_startup((), words)


WORDS = st.lists(
    st.sampled_from(
        ["--", "-k", "//a", "--jobs", "--jobs=1", "--nope", "-c", "--//a:b=1", "--no//", "-//x", "", "-", "--=", "--no"]
    ),
    max_size=6,
)


@given(WORDS, st.booleans())
def test_any_words_are_a_command_or_the_users_error(words: list[str], in_rc: bool) -> None:
    try:
        line = parse_command("build", from_rc(*words) if in_rc else given_words(*words))
    except UserError:
        return
    rest = iter(words)
    assert all(word in rest for word in line.words)
    assert not (in_rc and "--" not in words and line.words)


def test_rc_files_are_read_in_their_order(venvship: CommandLine) -> None:
    home = venvship.root.parent / "home"
    home.mkdir()
    (venvship.root / ".bazelrc").write_text("build --jobs=1\nbuild:ci --jobs=9\ntest --test_output=bad\n")
    assert venvship("build", "//lib").code == 0
    assert venvship.options[-1].jobs == 1
    (home / ".bazelrc").write_text("build --jobs=2")
    venvship("build", "//lib")
    assert venvship.options[-1].jobs == 2
    (venvship.root / "own.rc").write_text("build --jobs=3\nstartup --output_user_root=/from-rc\n")
    venvship("--bazelrc=own.rc", "build", "//lib")
    assert venvship.options[-1].jobs == 3
    assert str(venvship.options[-1].output_user_root) == "/from-rc"
    venvship("build", "--config=ci", "//lib")
    assert venvship.options[-1].jobs == 9
    venvship("--nohome_rc", "build", "//lib")
    assert venvship.options[-1].jobs == 1
    venvship("--nohome_rc", "--noworkspace_rc", "build", "//lib")
    assert venvship.options[-1].jobs == 0
    venvship("--ignore_all_rc_files", "build", "//lib")
    assert venvship.options[-1].jobs == 0
    venvship("--bazelrc=/dev/null", "--bazelrc=own.rc", "build", "//lib")
    assert venvship.options[-1].jobs == 2
    venvship.environment["BAZELRC"] = "own.rc"
    venvship("build", "//lib")
    assert venvship.options[-1].jobs == 3


def test_mistakes_in_rc_files_are_mistakes_of_the_command(venvship: CommandLine) -> None:
    (venvship.root / ".bazelrc").write_text("import %workspace%/gone.rc\n")
    assert venvship("build", "//lib").code == 2
    (venvship.root / ".bazelrc").write_text("")
    assert venvship("build", "--config=none", "//lib").code == 2
    assert venvship("--bazelrc=gone.rc", "build", "//lib").code == 2


@pytest.mark.parametrize(
    ("line", "command", "problem"),
    [
        ("build --jobs=nonsense", "build", "`--jobs` is a number, not `nonsense`"),
        ("build --platforms=a,b", "build", "`--platforms` is one platform; several are built one after the other"),
        ("test --runs_per_test=many", "test", "`--runs_per_test` is a number, not `many`"),
        ("test --test_env==x", "test", "`--test_env` names no variable: `=x`"),
        ("build --show_progress_rate_limit=x", "build", "`--show_progress_rate_limit` is a number of seconds, not `x`"),
    ],
)
def test_a_value_that_is_understood_late_has_its_place_too(
    venvship: CommandLine, line: str, command: str, problem: str
) -> None:
    rc = venvship.root / ".bazelrc"
    rc.write_text(f"# first\n{line}\n")
    refused = venvship(command, "//app:server_test")
    assert (refused.code, refused.stderr) == (2, f"ERROR: {rc}:2: {problem}\n")


def test_lines_of_rc_files_that_reach_nobody_are_warned_of(venvship: CommandLine) -> None:
    rc = venvship.root / ".bazelrc"
    rc.write_text("buidl --jobs=2\nmobile-install --x\nlock --check\nbuidl:ci --jobs=3\nbuild '--define=a=b c\n")
    done = venvship("build", "//lib")
    assert done.code == 0
    assert [line for line in done.stderr.splitlines() if line.startswith("WARNING")] == [
        f"WARNING: {rc}:5: a quote is not closed on its line",
        f"WARNING: {rc}:1: `buidl` is not a command, so its options have no effect; did you mean `build`?",
    ]


def test_one_dash_before_a_long_flag_is_told() -> None:
    with pytest.raises(CommandLineError, match="`-copt` is not a flag") as caught:
        parse_command("build", [RcOption("-copt")])
    assert caught.value.hint == "did you mean `--copt`?"


def test_warnings_about_rc_files_are_shown_once(venvship: CommandLine) -> None:
    (venvship.root / ".bazelrc").write_text("build --frobnicate\nbuild --frobnicate=2\n")
    done = venvship("build", "//lib")
    assert done.code == 0
    assert done.stderr.count("frobnicate") == 1
    assert done.stderr.startswith("WARNING: ")
