"""Commands after small changes go on from the last one like them, and do what a command from nothing would do."""

from __future__ import annotations

import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from real_workspace import DEFS, MODULE, Ran, RealWorkspace

from venvship.host.locks import FileLock
from venvship.session.build_record import BuildRecord
from venvship.session.stamp import read_stamp

ANALYSIS = " venvship.analysis.analyzer\n"
RULES = """
def _tree_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        inputs = ctx.files.srcs,
        outputs = [out],
        arguments = [out.path] + [file.path for file in ctx.files.srcs],
        command = 'out="$1"; shift; cat "$@" > "$out/all"; cp "$1" "$out/$(cat "$1")"',
    )
    return [DefaultInfo(files = depset([out]))]

tree = rule(implementation = _tree_impl, attrs = {"srcs": attr.label_list(allow_files = True)})

def _names_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    args.add_all(ctx.files.srcs)
    ctx.actions.write(out, args)
    return [DefaultInfo(files = depset([out]))]

names = rule(implementation = _names_impl, attrs = {"srcs": attr.label_list(allow_files = True)})
"""
BUILD = """
load("//:defs.bzl", "names", "tree")
filegroup(name = "texts", srcs = glob(["**/*.txt"]))
genrule(name = "cat", srcs = [":texts"], outs = ["cat.out"], cmd = "cat $(SRCS) > $@")
genrule(name = "count", srcs = [":cat"], outs = ["count.out"], cmd = "wc -l < $< | tr -d ' ' > $@")
genrule(name = "last", srcs = [":count"], outs = ["last.out"], cmd = "cat $< > $@")
genrule(name = "raw", outs = ["raw.out"], cmd = "echo raw > $@")
"""
TREES = """
tree(name = "tree", srcs = ["a.txt"])
names(name = "names", srcs = [":tree"])
genrule(name = "list", srcs = [":tree"], outs = ["list.out"], cmd = "ls $< > $@")
"""
TESTS = DEFS + (
    'py_library(name = "lib", srcs = ["lib.py"])\n'
    'py_test(name = "one_test", srcs = ["one_test.py"], deps = [":lib"])\n'
    'py_test(name = "two_test", srcs = ["two_test.py"])\n'
)


@pytest.fixture
def built(workspace: RealWorkspace) -> RealWorkspace:
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "BUILD.bazel": "",
            "defs.bzl": RULES,
            "pkg/BUILD.bazel": BUILD,
            "pkg/a.txt": "a\n",
            "pkg/sub/b.txt": "b\n",
        }
    )
    workspace.settle("build", "//...")
    return workspace


def generation_of(stamp: Path) -> str:
    found = read_stamp(str(stamp))
    return "" if found is None else found.generation


def analysed(done: Ran) -> bool:
    return ANALYSIS in done.stderr


def made(done: Ran) -> tuple[int, int]:
    """How many actions were run or taken from the cache, which other tests fill too, and how many were up to date."""
    run, cached, up_to_date = done.actions()
    return run + cached, up_to_date


def out(workspace: RealWorkspace, name: str) -> str:
    return (workspace.root / "venvship-bin/pkg" / name).read_text()


def resumed(workspace: RealWorkspace, command: str = "build", *argv: str) -> Ran:
    done = workspace.run(command, *argv, "//...")
    assert done.code == 0, done.stderr
    assert not analysed(done)
    return done


def reloaded(workspace: RealWorkspace, command: str = "build", *argv: str) -> Ran:
    done = workspace.run(command, *argv, "//...")
    assert done.code == 0, done.stderr
    assert analysed(done) and " venvship.cli.build\n" not in done.stderr and " venvship.cli.test\n" not in done.stderr
    return done


def test_only_what_a_source_concerns_is_made_again(built: RealWorkspace) -> None:
    built.write({"pkg/a.txt": "A\nmore\n"})
    done = resumed(built)
    assert made(done) == (3, 1)
    assert (out(built, "cat.out"), out(built, "last.out")) == ("A\nmore\nb\n", "3\n")
    assert "Build completed successfully, 3 total actions" in done.stderr
    built.write({"pkg/a.txt": "B\nmore\n"})
    # The number of lines is what it was.
    assert made(resumed(built)) == (2, 2)
    assert made(resumed(built)) == (0, 4)
    built.write({"pkg/a.txt": "A\nmore\n"})
    assert made(resumed(built)) == (2, 2)
    assert out(built, "cat.out") == "A\nmore\nb\n"


def test_a_file_with_new_times_concerns_nothing(built: RealWorkspace) -> None:
    built.write({"pkg/a.txt": "a\n", "pkg/BUILD.bazel": BUILD})
    (built.root / "pkg/x").write_text("")
    (built.root / "pkg/x").unlink()
    assert made(resumed(built)) == (0, 4)
    assert made(resumed(built)) == (0, 4)


def test_a_mode_is_part_of_a_source(built: RealWorkspace) -> None:
    (built.root / "pkg/a.txt").chmod(0o755)
    assert made(resumed(built))[0] == 1


def test_comments_in_build_and_bzl_files_mean_nothing(built: RealWorkspace) -> None:
    built.write({"pkg/BUILD.bazel": f"# first\n{BUILD}\n\n# last", "defs.bzl": RULES.replace("\n\n", "\n# so\n\n")})
    assert made(resumed(built)) == (0, 4)
    built.write({"pkg/BUILD.bazel": f"{BUILD}# last", "pkg/a.txt": "x\n"})
    assert made(resumed(built)) == (2, 2)


@pytest.mark.parametrize(
    ("text", "ran"),
    [
        (BUILD.replace("echo raw", "echo RAW"), 1),
        (BUILD + 'genrule(name = "new", outs = ["new.out"], cmd = "echo RAW > $@")', 1),
        (BUILD.replace('["**/*.txt"]', '["*.txt"]'), 3),
        (BUILD.replace('name = "raw"', 'name = "war"'), 0),
        (BUILD.replace('genrule(name = "last", srcs = [":count"], outs = ["last.out"], cmd = "cat $< > $@")', ""), 0),
        (BUILD + "VALUE = 1\n", 0),
    ],
)
def test_only_what_a_build_file_concerns_is_looked_at(built: RealWorkspace, text: str, ran: int) -> None:
    before = built.run("build", "//...").actions()[2]
    built.write({"pkg/BUILD.bazel": text})
    done = reloaded(built)
    assert made(done)[0] == ran
    assert sum(done.actions()) == before + text.count("genrule(") - BUILD.count("genrule(")
    built.write({"pkg/a.txt": "A\n"})
    done = resumed(built)
    assert out(built, "cat.out") == ("A\n" if '["*.txt"]' in text else "A\nb\n")
    clean = built.run("--output_user_root=" + str(built.root.parent / "clean"), "build", "--symlink_prefix=/", "//...")
    assert sum(clean.actions()) == sum(done.actions())
    built.write({"pkg/BUILD.bazel": BUILD, "pkg/a.txt": "a\n"})
    assert reloaded(built).actions()[0] == 0
    assert (out(built, "cat.out"), out(built, "raw.out")) == ("a\nb\n", "raw\n")


def test_who_depends_on_a_changed_target_is_looked_at_too(built: RealWorkspace) -> None:
    public = 'package(default_visibility = ["//visibility:public"])\n' + BUILD
    other = 'genrule(name = "twice", srcs = ["//pkg:raw", "a.txt"], outs = ["twice.out"], cmd = "cat $(SRCS) > $@")\n'
    built.write({"pkg/BUILD.bazel": public, "other/BUILD.bazel": other, "other/a.txt": "a\n"})
    built.settle("build", "//...")
    built.write({"pkg/BUILD.bazel": public.replace("raw.out", "RAW.out")})
    assert made(reloaded(built))[0] == 2
    twice = built.root / "venvship-bin/other/twice.out"
    assert twice.read_text() == "raw\na\n"
    built.write({"other/a.txt": "A\n", "pkg/BUILD.bazel": public.replace("echo raw", "echo new")})
    reloaded(built)
    assert twice.read_text() == "new\nA\n"
    built.write({"pkg/BUILD.bazel": BUILD})
    done = built.run("build", "//...")
    assert done.code == 1 and "`//pkg:raw` is not visible from package `//other`" in done.stderr
    built.write({"pkg/BUILD.bazel": public.replace('name = "raw"', 'name = "war"')})
    done = built.run("build", "//...")
    assert done.code == 1 and "no such target `//pkg:raw`" in done.stderr
    built.write({"pkg/BUILD.bazel": public})
    assert built.run("build", "//...").code == 0
    assert twice.read_text() == "raw\nA\n"


def test_readers_of_a_source_are_found_when_another_one_was_looked_at_first(built: RealWorkspace) -> None:
    public = 'package(default_visibility = ["//visibility:public"])\n' + BUILD
    other = 'genrule(name = "{0}", srcs = ["//pkg:{1}"], outs = ["{0}.out"], cmd = "cat $(SRCS) > $@")\n'
    files = {
        "pkg/BUILD.bazel": public,
        "new/BUILD.bazel": other.format("new", "last"),
        "old/BUILD.bazel": other.format("made", "cat") + other.format("read", "texts"),
    }
    built.write(files)
    built.settle("build", "//...")
    built.write({"pkg/a.txt": "A\n", "new/BUILD.bazel": files["new/BUILD.bazel"].replace("cat $", "cat -u $")})
    # The action of the edited target needs what the source concerns, and so runs it first.
    assert made(reloaded(built))[0] == 5
    for name in ("made", "read"):
        assert (built.root / f"venvship-bin/old/{name}.out").read_text() == "A\nb\n"


def test_a_change_may_concern_every_target(built: RealWorkspace) -> None:
    rule = 'ctx.actions.write(ctx.outputs.out, "<WORD>")'
    text = f"def _impl(ctx):\n    {rule}\n\nunit = rule(_impl, attrs = {{'out': attr.output()}})\n"
    units = 'load("//:units.bzl", "unit")\n[unit(name = "u%d" % n, out = "u%d.out" % n) for n in range(400)]\n'
    built.write({"units.bzl": text.replace("<WORD>", "one"), "pkg/BUILD.bazel": units})
    built.settle("build", "//...")
    built.write({"units.bzl": text.replace("<WORD>", "two")})
    assert made(reloaded(built)) == (400, 0)
    assert out(built, "u399.out") == "two"
    built.settle("build", "//...")
    built.write({"pkg/BUILD.bazel": units.replace("400", "399")})
    assert made(reloaded(built)) == (0, 399)


def test_what_settings_say_reaches_further_than_edges(built: RealWorkspace) -> None:
    settings = 'config_setting(name = "fast", define_values = {"speed": "fast"})\n'
    chosen = (
        'genrule(name = "chosen", outs = ["chosen.out"], cmd = select({"//settings:fast": "echo fast > $@", '
        '"//conditions:default": "echo slow > $@"}))\n'
    )
    built.write({"settings/BUILD.bazel": settings, "pkg/BUILD.bazel": BUILD + chosen})
    built.settle("build", "--define=speed=slow", "//...")
    assert out(built, "chosen.out") == "slow\n"
    built.write({"settings/BUILD.bazel": settings.replace('": "fast"', '": "slow"')})
    assert built.run("build", "--define=speed=slow", "//...").code == 0
    assert out(built, "chosen.out") == "fast\n"


def test_outputs_of_one_package_may_not_be_made_twice(built: RealWorkspace) -> None:
    built.write({"pkg/BUILD.bazel": BUILD + 'genrule(name = "x", outs = ["raw.out"], cmd = "echo > $@")\n'})
    done = built.run("build", "//...")
    assert done.code == 1 and "raw.out" in done.stderr


@pytest.mark.parametrize(
    "text", [BUILD + "\n(", BUILD + "\nx = 1 is 2", BUILD.replace("outs", "out"), "\xff", BUILD + "\ndef f(): pass\n"]
)
def test_what_is_wrong_in_a_build_file_is_said(built: RealWorkspace, text: str) -> None:
    built.write({"pkg/BUILD.bazel": text})
    done = built.run("build", "//...")
    assert done.code == 1 and "ERROR: " in done.stderr
    built.write({"pkg/BUILD.bazel": BUILD})
    assert made(resumed(built)) == (0, 4)


def test_what_a_glob_finds_anew_is_loaded(built: RealWorkspace) -> None:
    built.write({"pkg/sub/c.txt": "c\n", "pkg/README.md": "to read\n"})
    reloaded(built)
    assert out(built, "cat.out") == "a\nb\nc\n"
    built.write({"pkg/sub/c.txt": "C\n"})
    resumed(built)
    assert out(built, "cat.out") == "a\nb\nC\n"
    built.write({"pkg/sub/BUILD.bazel": ""})
    assert built.run("build", "//...").code == 0
    assert out(built, "cat.out") == "a\n"
    (built.root / "pkg/sub/BUILD.bazel").unlink()
    assert built.run("build", "//...").code == 0
    assert out(built, "cat.out") == "a\nb\nC\n"
    (built.root / "pkg/sub/c.txt").unlink()
    (built.root / "pkg/a.txt").unlink()
    done = built.run("build", "//...")
    assert done.code == 0 and analysed(done)
    assert out(built, "cat.out") == "b\n"


def test_positions_that_were_said_are_said_right(built: RealWorkspace) -> None:
    built.write({"pkg/BUILD.bazel": f'{BUILD}print("here")\n'})
    assert "here" in reloaded(built).stderr
    assert "here" in resumed(built).stderr
    line = BUILD.count("\n") + 1
    built.write({"pkg/a.txt": "A\n"})
    assert f"BUILD.bazel:{line}:6: here" in resumed(built).stderr
    built.write({"pkg/BUILD.bazel": f'\n\n{BUILD}print("here")\n'})
    done = built.run("build", "//...")
    assert f"BUILD.bazel:{line + 2}:6: here" in done.stderr


def test_an_action_that_fails_is_said_as_ever(built: RealWorkspace) -> None:
    text = BUILD.replace("cat $(SRCS) > $@", "! grep -q bad $(SRCS) && cat $(SRCS) > $@")
    built.write({"pkg/BUILD.bazel": text})
    built.settle("build", "//...")
    built.write({"pkg/a.txt": "bad\n"})
    done = built.run("build", "//...")
    assert done.code == 1
    assert done.stderr.count("ERROR: ") == 2 and "BUILD.bazel:4:" in done.stderr
    assert not (built.root / "venvship-bin/pkg/cat.out").exists()
    built.write({"pkg/a.txt": "good\n"})
    assert made(resumed(built))[0] == 2
    assert out(built, "cat.out") == "good\nb\n"


def test_directories_that_actions_make_are_followed(built: RealWorkspace) -> None:
    built.write({"pkg/BUILD.bazel": BUILD + TREES, "pkg/a.txt": "a"})
    built.settle("build", "//...")
    for text in ("x", "y", "a"):
        built.write({"pkg/a.txt": text})
        done = built.run("build", "//...")
        assert done.code == 0, done.stderr
        assert out(built, "list.out").split() == sorted(["all", text])
        assert text in out(built, "names.txt")
        assert out(built, "cat.out") == f"{text}b\n"


def test_what_another_command_made_is_taken_over(built: RealWorkspace) -> None:
    built.write({"pkg/a.txt": "A\n"})
    assert built.run("build", "//pkg:count").code == 0
    assert resumed(built).actions()[0] == 0
    assert out(built, "cat.out") == "A\nb\n"
    built.write({"pkg/a.txt": "B\n"})
    assert built.run("build", "//pkg:cat").code == 0
    built.write({"pkg/a.txt": "A\n"})
    assert resumed(built).actions()[0] == 0
    assert out(built, "cat.out") == "A\nb\n"


def test_outputs_that_are_gone_come_back(built: RealWorkspace) -> None:
    for name in ("cat.out", "raw.out"):
        (built.root / "venvship-bin/pkg" / name).unlink()
        built.write({"pkg/a.txt": f"{name}\n"})
        assert built.run("build", "//...").code == 0
        assert out(built, "cat.out") == f"{name}\nb\n"
        assert out(built, "raw.out") == "raw\n"


def test_a_source_that_loading_reads_too_is_loaded(built: RealWorkspace) -> None:
    built.write(
        {
            "repo.bzl": """
def _impl(ctx):
    name = ctx.read(ctx.attr.file).strip()
    ctx.file("BUILD.bazel", 'filegroup(name = "%s", visibility = ["//visibility:public"])' % name)

made = repository_rule(implementation = _impl, attrs = {"file": attr.label()})
""",
            "MODULE.bazel": MODULE
            + 'made = use_repo_rule("//:repo.bzl", "made")\nmade(name = "made", file = "//pkg:a.txt")\n',
            "use/BUILD.bazel": 'filegroup(name = "use", srcs = ["@made//:a"])',
        }
    )
    built.settle("build", "//...")
    built.write({"pkg/a.txt": "z\n"})
    done = built.run("build", "//...")
    assert done.code == 1 and analysed(done)
    assert "`@made//:a`" in done.stderr


@pytest.mark.parametrize("noise", [b"", b"venvship-record\n", b"\xff" * 1000])
def test_a_damaged_record_costs_time_only(built: RealWorkspace, noise: bytes) -> None:
    base = Path((built.root / "venvship-out").resolve()).parent.parent.parent
    records = list(base.glob("records/*"))
    assert records
    for record in records:
        record.write_bytes(noise)
    built.write({"pkg/a.txt": "A\n"})
    done = built.run("build", "//...")
    assert done.code == 0 and analysed(done)
    assert out(built, "cat.out") == "A\nb\n"


def test_only_the_tests_that_a_change_concerns_run_again(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "BUILD.bazel": TESTS,
            "lib.py": "VALUE = 1\n",
            "one_test.py": "import lib\nassert lib.VALUE == 1\n",
            "two_test.py": "print('two')\n",
        }
    )
    workspace.settle("test", "//...")
    workspace.write({"lib.py": "VALUE = 1  # the same\n"})
    done = resumed(workspace, "test")
    assert "//:one_test PASSED" in done.stdout and "//:two_test (cached) PASSED" in done.stdout
    again = resumed(workspace, "test")
    assert "//:one_test (cached) PASSED" in again.stdout and "//:two_test (cached) PASSED" in again.stdout
    workspace.write({"lib.py": "VALUE = 2\n"})
    failed = workspace.run("test", "//...")
    assert failed.code == 3 and not analysed(failed)
    assert "//:one_test FAILED" in failed.stdout and "//:two_test (cached) PASSED" in failed.stdout
    # A test that failed is run again though nothing has changed.
    failed = workspace.run("test", "//...")
    assert failed.code == 3 and not analysed(failed)
    assert "//:one_test FAILED" in failed.stdout
    workspace.write({"lib.py": "VALUE = 1\n"})
    done = resumed(workspace, "test")
    assert "(cached) PASSED" in done.stdout and "FAILED" not in done.stdout
    assert "2 tests pass" in done.stdout
    workspace.write({"two_test.py": "raise SystemExit(1)\n", "lib.py": "VALUE = 3\n"})
    failed = workspace.run("test", "//...")
    assert failed.code == 3 and failed.stdout.count("FAILED in") == 2


def test_a_new_test_is_run_and_the_others_are_not(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "BUILD.bazel": TESTS,
            "lib.py": "VALUE = 1\n",
            "one_test.py": "import lib\nassert lib.VALUE == 1\n",
            "two_test.py": "print('two')\n",
            "three_test.py": "import lib\nprint(3, lib.VALUE)\n",
        }
    )
    workspace.settle("test", "//...")
    three = 'py_test(name = "three_test", srcs = ["three_test.py"], deps = [":lib"])\n'
    workspace.write({"BUILD.bazel": TESTS + three})
    done = reloaded(workspace, "test")
    assert "//:three_test PASSED" in done.stdout
    assert "//:one_test (cached) PASSED" in done.stdout and "//:two_test (cached) PASSED" in done.stdout
    workspace.write({"lib.py": "VALUE = 1  # of another test\n"})
    done = resumed(workspace, "test")
    assert "//:two_test (cached) PASSED" in done.stdout and done.stdout.count("(cached)") == 1
    workspace.write({"BUILD.bazel": TESTS.replace(', deps = [":lib"]', "") + three})
    done = workspace.run("test", "//...")
    assert done.code == 3 and "//:one_test FAILED" in done.stdout and "//:three_test (cached) PASSED" in done.stdout
    workspace.write({"BUILD.bazel": TESTS})
    done = reloaded(workspace, "test")
    assert "three" not in done.stdout and "2 tests pass" in done.stdout
    assert sorted(resumed(workspace, "test").stdout.split()) == sorted(
        done.stdout.replace("one_test PASSED", "one_test (cached) PASSED").split()
    )


def test_what_is_named_and_fits_no_platform_any_more_is_an_error(built: RealWorkspace) -> None:
    built.settle("build", "//pkg:raw")
    never = ', target_compatible_with = ["@platforms//:incompatible"])'
    built.write({"pkg/BUILD.bazel": BUILD.replace('"echo raw > $@")', '"echo raw > $@"' + never)})
    done = built.run("build", "//pkg:raw")
    assert done.code == 1 and "incompatible" in done.stderr
    done = built.run("build", "//...")
    assert done.code == 0 and "Target //pkg:raw was skipped" in done.stderr
    assert "Target //pkg:raw was skipped" in built.run("build", "//...").stderr


def test_when_the_last_test_is_gone_there_are_none(workspace: RealWorkspace) -> None:
    library = 'py_library(name = "lib", srcs = ["lib.py"])\n'
    test = 'py_test(name = "last_test", srcs = ["last_test.py"])\n'
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": DEFS + library + test, "lib.py": "", "last_test.py": ""})
    workspace.settle("test", "//...")
    workspace.write({"BUILD.bazel": DEFS + library})
    assert workspace.run("test", "//...").code == 4


def test_what_was_said_before_a_command_begins_anew_is_not_said_again(built: RealWorkspace) -> None:
    text = BUILD.replace("cat $(SRCS) > $@", "! grep -q bad $(SRCS) && cat $(SRCS) > $@")
    built.write({".bazelrc": "biuld --jobs=2\n", "pkg/BUILD.bazel": text})
    built.settle("build", "//...")
    built.write({"pkg/a.txt": "bad\n"})
    done = built.run("build", "//...")
    assert done.code == 1 and done.stderr.count("`biuld` is not a command") == 1
    built.write({"pkg/a.txt": "good\n"})
    built.settle("build", "//...")
    built.write({"pkg/a.txt": "bad\n", "pkg/BUILD.bazel": f'print("hi")\n{text}'})
    done = built.run("build", "//...")
    assert done.code == 1 and analysed(done)
    assert (done.stderr.count("`biuld` is not a command"), done.stderr.count(": hi\n")) == (1, 1)


def test_what_was_made_before_a_command_begins_anew_is_counted(built: RealWorkspace) -> None:
    bad = 'genrule(name = "bad", srcs = [":count"], outs = ["bad.out"], cmd = "! grep 3 $< && cat $< > $@")\n'
    built.write({"pkg/BUILD.bazel": BUILD + bad})
    built.settle("build", "//...")
    built.write({"pkg/a.txt": "A\nsecond\n"})
    done = built.run("build", "//...")
    assert done.code == 1 and made(done)[0] >= 2


def test_filters_count_for_targets_that_are_named(built: RealWorkspace) -> None:
    words = ("build", "--build_tag_filters=-slow", "//pkg:raw")
    assert "Target //pkg:raw up-to-date" in built.settle(*words).stderr
    built.write({"pkg/BUILD.bazel": BUILD.replace('name = "raw"', 'name = "raw", tags = ["slow"]')})
    done = built.run(*words)
    assert done.code == 0 and "//pkg:raw" not in done.stderr


def test_a_build_file_is_a_target_with_a_visibility(built: RealWorkspace) -> None:
    public = 'package(default_visibility = ["//visibility:public"])\n'
    use = 'genrule(name = "use", srcs = ["//open:BUILD.bazel"], outs = ["use.out"], cmd = "cat $< > $@")\n'
    built.write({"open/BUILD.bazel": public, "use/BUILD.bazel": use})
    built.settle("build", "//...")
    built.write({"open/BUILD.bazel": "# closed\n"})
    done = built.run("build", "//...")
    assert done.code == 1 and "`//open:BUILD.bazel` is not visible from package `//use`" in done.stderr


def test_actions_that_nothing_needs_any_more_are_not_counted(built: RealWorkspace) -> None:
    tags = 'tags = ["manual"], visibility = ["//visibility:public"]'
    manual = f'genrule(name = "manual", srcs = ["a.txt"], outs = ["m.out"], cmd = "cat $< > $@", {tags})\n'
    user = 'genrule(name = "user", srcs = ["{}"], outs = ["u.out"], cmd = "cat $< > $@")\n'
    built.write({"pkg/BUILD.bazel": BUILD + manual, "use/BUILD.bazel": user.format("//pkg:manual"), "use/b.txt": "b\n"})
    built.settle("build", "//...")
    before = sum(built.run("build", "//...").actions())
    built.write({"use/BUILD.bazel": user.format("b.txt")})
    done = built.run("build", "//...")
    assert done.code == 0 and sum(done.actions()) == before - 1


def test_tests_that_are_not_to_run_are_not_told(workspace: RealWorkspace) -> None:
    rule = 'genrule(name = "made", srcs = ["a.txt"], outs = ["made.out"], cmd = "! grep bad $< && cat $< > $@")\n'
    files = {
        "MODULE.bazel": MODULE,
        "BUILD.bazel": TESTS + rule,
        "a.txt": "good\n",
        "lib.py": "",
        "one_test.py": "print('one', 1)\n",
        "two_test.py": "print('two', 2)\n",
        "bad_test.py": "print('worse')\nraise SystemExit(1)\n",
    }
    workspace.write(files)
    words = ("test", "--test_output=errors", "//...")
    workspace.settle(*words)
    failing = 'py_test(name = "bad_test", srcs = ["bad_test.py"])\n'
    workspace.write({"BUILD.bazel": TESTS + rule + failing, "a.txt": "bad\n"})
    done = workspace.run(*words)
    # Nothing is tested when something can't be built.
    assert done.code == 1 and "worse" not in done.stdout and "bad_test (see" not in done.stderr


def test_what_the_first_failing_test_stops_is_not_run(workspace: RealWorkspace) -> None:
    files = {"lib.py": "VALUE = 1\n", "one_test.py": "import lib\nassert lib.VALUE == 1\n", "two_test.py": ""}
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": TESTS, **files})
    words = ("test", "--notest_keep_going", "--local_test_jobs=1", "//...")
    workspace.settle(*words)
    workspace.write({"lib.py": "VALUE = 2\n"})
    done = workspace.run(*words)
    assert done.code == 3 and "//:two_test NO STATUS" in done.stdout


def test_what_a_command_opened_that_began_anew_is_known(built: RealWorkspace) -> None:
    one, two = 'filegroup(name = "one")\n', 'filegroup(name = "two")\n'
    more = MODULE + 'include("//:more.MODULE.bazel")\n'
    built.write({"few/BUILD.bazel": one + two, "MODULE.bazel": more, "more.MODULE.bazel": ""})
    words = ("build", "//few/...")
    assert "Target //few:one" not in built.settle(*words).stderr
    # Fewer targets are told, and one of them needs files that only the whole command opens.
    built.write({"few/BUILD.bazel": one})
    assert "Target //few:one" in built.run(*words).stderr
    assert "Target //few:one" in built.settle(*words).stderr
    [record] = [
        found
        for path in Path((built.root / "venvship-out").resolve()).parent.parent.parent.glob("stamps/*")
        if (found := BuildRecord.read(str(path).replace("/stamps/", "/records/"), generation_of(path))) is not None
        and len(found.targets) == 1
    ]
    assert str(built.root / "more.MODULE.bazel") in record.opened


def test_what_changes_while_a_command_waits_for_another_one_is_seen(built: RealWorkspace) -> None:
    built.write({"pkg/a.txt": "A\n"})
    said = built.cache / "said"
    patient = replace(built, prefix=("/bin/sh", "-c", f'exec "$@" 2> {shlex.quote(str(said))}', "sh"))
    with ThreadPoolExecutor() as pool:
        with FileLock((built.root / "venvship-out").resolve().parent.parent.parent / "lock"):
            waiting = pool.submit(patient.run, "build", "//...")
            while not said.exists() or "waiting for it" not in said.read_text():
                time.sleep(0.01)
            built.write({"pkg/sub/b.txt": "B\n"})
        assert waiting.result().code == 0
    # Nothing that was made of one text may be taken for what is made of the other.
    assert out(built, "cat.out") == "A\nB\n"
    built.write({"pkg/sub/b.txt": "b\n"})
    assert built.run("build", "//...").code == 0
    assert out(built, "cat.out") == "A\nb\n"
    assert analysed(Ran(0, "", said.read_text()))
