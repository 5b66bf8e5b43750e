from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.errors import Place
from venvship.loading.bazelrc import (
    ConfigCycle,
    ImportCycle,
    RcFileMissing,
    RcFiles,
    RcOption,
    RcSyntaxError,
    UnknownConfig,
    default_rc_files,
    read_rc_files,
    split_words,
)
from venvship.loading.files import MemoryFiles


def read(text: str, **others: str) -> RcFiles:
    files = {"/w/.bazelrc": text, **{f"/w/{name}": content for name, content in others.items()}}
    return read_rc_files(["/w/.bazelrc"], MemoryFiles(files), workspace="/w")


def texts(options: tuple[RcOption, ...]) -> list[str]:
    return [option.text for option in options]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  # only a comment", []),
        ("build --a --b=c", ["build", "--a", "--b=c"]),
        ("foo# bar", ["foo"]),
        ("a 'b # c' d", ["a", "b # c", "d"]),
        ('--x="a b"c', ["--x=a bc"]),
        (r"--x=a\ b \# \'", ["--x=a b", "#", "'"]),
        ("a '' b", ["a", "", "b"]),
        ("a 'open", ["a", "open"]),
    ],
)
def test_a_line_is_split_as_bazel_splits_it(line: str, words: list[str]) -> None:
    assert split_words(line) == words


@given(st.text(alphabet="ab '\"\\#\t", max_size=30))
def test_no_line_breaks_the_splitting(line: str) -> None:
    assert all("\t" not in word or "\\" in line or "'" in line or '"' in line for word in split_words(line))


def test_lines_of_the_more_specific_command_come_last() -> None:
    rc = read("coverage --c\ntest --t\nbuild --b\ncommon --all\nalways --ever\nquery --q")
    assert texts(rc.options_for("coverage")) == ["--ever", "--all", "--b", "--t", "--c"]
    assert texts(rc.options_for("run")) == ["--ever", "--all", "--b"]
    assert texts(rc.options_for("query")) == ["--ever", "--all", "--q"]


def test_options_of_the_command_line_come_after_those_of_files() -> None:
    assert texts(read("build --jobs=2").options_for("build", ["--jobs=4", "//..."])) == [
        "--jobs=2",
        "--jobs=4",
        "//...",
    ]


def test_an_option_knows_its_line_and_section() -> None:
    rc = read("# comment\\\n still a comment\nbuild --a \\\n  --b\n\ncommon --c")
    assert rc.options_for("build") == (
        RcOption("--c", Place("/w/.bazelrc", 6), "common"),
        RcOption("--a", Place("/w/.bazelrc", 3), "build"),
        RcOption("--b", Place("/w/.bazelrc", 3), "build"),
    )


def test_a_continued_line_joins_without_a_blank() -> None:
    assert texts(read("build --a=\\\nb").options_for("build")) == ["--a=b"]


def test_config_is_replaced_where_it_stands() -> None:
    rc = read("build --before --config=ci --after\nbuild:ci --jobs=1\ntest:ci --t\ncommon:ci --c")
    assert texts(rc.options_for("build")) == ["--before", "--c", "--jobs=1", "--after"]
    assert texts(rc.options_for("test", ["--x", "--config", "ci", "--y"])) == [
        "--before",
        "--c",
        "--jobs=1",
        "--t",
        "--after",
        "--x",
        "--c",
        "--jobs=1",
        "--t",
        "--y",
    ]


def test_configs_may_ask_for_configs() -> None:
    rc = read("build:ci --config=remote --ci\nbuild:remote --remote")
    assert texts(rc.options_for("build", ["--config=ci"])) == ["--remote", "--ci"]


def test_a_config_that_asks_for_itself_is_refused() -> None:
    rc = read("build:a --config=b\nbuild:b --config=a")
    with pytest.raises(ConfigCycle) as caught:
        rc.options_for("build", ["--config=a"])
    assert str(caught.value) == "/w/.bazelrc:2: `--config` expands to itself: a -> b -> a"


def test_an_unknown_config_is_refused_with_the_nearest_name() -> None:
    rc = read("build:remote --r\nquery:other --o")
    with pytest.raises(UnknownConfig) as caught:
        rc.options_for("build", ["--config=remot"])
    assert str(caught.value) == (
        "`--config=remot` is not defined in any rc file for `build`\n\nhint: did you mean `remote`?"
    )


def test_nothing_after_two_dashes_is_replaced() -> None:
    assert texts(read("build:a --x").options_for("run", ["//:p", "--", "--config=nope"])) == [
        "//:p",
        "--",
        "--config=nope",
    ]


def test_the_config_of_the_platform_is_used_when_asked_for_and_defined() -> None:
    rc = read("common --enable_platform_specific_config\nbuild:linux --l")
    assert texts(rc.options_for("build", host_config="linux")) == ["--enable_platform_specific_config", "--l"]
    assert texts(rc.options_for("build", host_config="macos")) == ["--enable_platform_specific_config"]


def test_imports_are_read_in_place() -> None:
    rc = read(
        "build --a\nimport %workspace%/ci.rc\ntry-import %workspace%/none.rc\nbuild --c", **{"ci.rc": "build --b"}
    )
    assert texts(rc.options_for("build")) == ["--a", "--b", "--c"]
    assert rc.paths == ("/w/.bazelrc", "/w/ci.rc")


def test_a_missing_import_is_refused_with_a_hint() -> None:
    with pytest.raises(RcFileMissing) as caught:
        read("\nimport gone.rc")
    assert str(caught.value) == (
        "/w/.bazelrc:2: there is no rc file `/w/gone.rc`\n\nhint: use `try-import` for a file that may be missing"
    )


def test_files_that_import_each_other_are_refused() -> None:
    with pytest.raises(ImportCycle) as caught:
        read("import a.rc", **{"a.rc": "import .bazelrc"})
    assert str(caught.value) == (
        "/w/a.rc:1: rc files import each other in a circle: /w/.bazelrc -> /w/a.rc -> /w/.bazelrc"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import", "takes one path"),
        ("try-import a b", "takes one path"),
        ("build: --x", "no name after the colon"),
        ("try-import-if-bazel-version 7", "takes a version condition and a path"),
        ("try-import-if-bazel-version seven a.rc", "is not a condition on a version"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(line: str, message: str) -> None:
    with pytest.raises(RcSyntaxError, match=message) as caught:
        read(line)
    assert caught.value.place == Place("/w/.bazelrc", 1)


@pytest.mark.parametrize(("condition", "holds"), [(">=7.0.0", True), ("<7", False), ("~8.0.0", False), (">=99", False)])
def test_a_file_is_imported_only_for_fitting_versions(condition: str, holds: bool) -> None:
    rc = read(f"try-import-if-bazel-version {condition} a.rc", **{"a.rc": "build --a"})
    assert texts(rc.options_for("build")) == (["--a"] if holds else [])


def test_startup_options_are_apart() -> None:
    rc = read("startup --output_user_root=/x\nbuild --b")
    assert texts(rc.startup_options()) == ["--output_user_root=/x"]
    assert texts(rc.options_for("build")) == ["--b"]


def test_files_that_are_optional_may_be_missing() -> None:
    files = MemoryFiles({"/home/.bazelrc": "build --h", "/w/.bazelrc": "build --w"})
    paths = default_rc_files("/w", "/home")
    assert texts(read_rc_files(paths, files, workspace="/w", optional=paths).options_for("build")) == ["--w", "--h"]
    with pytest.raises(RcFileMissing, match="`/gone`"):
        read_rc_files(["/gone"], files, workspace="/w")
    assert read_rc_files(["/dev/null"], files, workspace=None) == RcFiles()
