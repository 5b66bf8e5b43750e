"""Edits of `.bzl` files concern what their values reach, and builds after them are what clean builds are."""

from __future__ import annotations

import pytest
from edited_workspace import Edited
from real_workspace import MODULE, RealWorkspace

HELPERS = """
WORDS = ["one", "two"]
_QUIET = {"low": "lower"}

def shout(text):
    return text.upper()

def quiet(text):
    return getattr(text, _QUIET["low"])()

def unused(text):
    return text
"""
PROVIDERS = """
WordInfo, new_word = provider(fields = ["word"], init = lambda word: {"word": word + "."})
ToolInfo = provider(fields = ["sign"])
"""
RULES = """
load(":helpers.bzl", "quiet", "shout")
load(":providers.bzl", "ToolInfo", "WordInfo")

def _write(ctx, text):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, text + "\\n")
    return [DefaultInfo(files = depset([out])), WordInfo(word = text)]

def _say_impl(ctx):
    return _write(ctx, shout(ctx.label.name))

say = rule(implementation = _say_impl)

def _whisper_impl(ctx):
    return _write(ctx, quiet(ctx.label.name) + " ".join([dep[WordInfo].word for dep in ctx.attr.deps]))

whisper = rule(implementation = _whisper_impl, attrs = {"deps": attr.label_list(providers = [WordInfo])})

def _mode_impl(settings, attr):
    return {"//command_line_option:compilation_mode": "opt"}

mode = transition(
    implementation = _mode_impl, inputs = [], outputs = ["//command_line_option:compilation_mode"],
)

def _moved_impl(ctx):
    return _write(ctx, "%s %s" % (ctx.files.dep[0].path, ctx.attr.extra))

moved = rule(
    implementation = _moved_impl,
    attrs = {"dep": attr.label(cfg = mode), "extra": attr.string(default = "none")},
)

def _count_impl(target, ctx):
    return [OutputGroupInfo(count = depset())] + ([] if WordInfo in target else [WordInfo(word = "counted")])

count = aspect(implementation = _count_impl, attr_aspects = ["deps"])

def _counter_impl(ctx):
    return _write(ctx, "+".join([dep[WordInfo].word for dep in ctx.attr.deps]))

counter = rule(implementation = _counter_impl, attrs = {"deps": attr.label_list(aspects = [count])})

def _tool_impl(ctx):
    return [platform_common.ToolchainInfo(tool = ToolInfo(sign = "!"))]

tool = rule(implementation = _tool_impl)

def _user_impl(ctx):
    return _write(ctx, ctx.toolchains["//lib:kind"].tool.sign)

user = rule(implementation = _user_impl, toolchains = ["//lib:kind"])

def _greet_impl(ctx):
    return _write(ctx, ctx.attr.greeting + ctx.attr.tone + ctx.file._tail.basename)

def _greeting(name, **kwargs):
    return {"name": name, "greeting": "hello"}

greet = rule(
    implementation = _greet_impl,
    initializer = _greeting,
    attrs = {
        "greeting": attr.string(),
        "tone": attr.string(),
        "_tail": attr.label(default = "//lib:tail1", allow_single_file = True),
    },
)

def _part_impl(ctx, *, _tail):
    return _tail.basename

part = subrule(
    implementation = _part_impl, attrs = {"_tail": attr.label(default = "//lib:tail1", allow_single_file = True)},
)

def _whole_impl(ctx):
    return _write(ctx, part())

whole = rule(implementation = _whole_impl, subrules = [part])

def _listed_impl(ctx):
    every = depset(["c"], transitive = [depset(["b"], transitive = [depset(["a"])])], order = "postorder")
    return _write(ctx, "".join(every.to_list()) + ctx.file._tail.basename)

def _tail_of(which):
    return Label("//lib:tail" + which)

listed = rule(
    implementation = _listed_impl,
    attrs = {
        "which": attr.string(default = "1"),
        "_tail": attr.label(default = _tail_of, allow_single_file = True),
    },
)
"""
MACROS = """
load(":helpers.bzl", "WORDS")
load(":rules.bzl", "say", "whisper")

def several(name):
    for word in WORDS:
        say(name = name + "_" + word)

def rest(name):
    rules = sorted(native.existing_rules().keys())
    whisper(name = name + str(len(rules)))

def chosen(name):
    native.genrule(
        name = name,
        outs = [name + ".out"],
        cmd = select({"//lib:fast": "echo fast > $@", "//conditions:default": "echo slow > $@"}),
    )

def _symbolic_impl(name, visibility, word):
    native.genrule(name = name, outs = [name + ".out"], cmd = "echo %s > $@" % word)

symbolic = macro(implementation = _symbolic_impl, attrs = {"word": attr.string(default = "plain")})
"""
SETTINGS = """
def _flag_impl(ctx):
    return []

flag = rule(implementation = _flag_impl, build_setting = config.string(flag = True))
"""
REPOSITORY = """
load("//lib:repository_text.bzl", "TEXT")

def _repository_impl(ctx):
    ctx.file("BUILD.bazel", 'exports_files(["text"], visibility = ["//visibility:public"])')
    ctx.file("text", TEXT)

repository = repository_rule(implementation = _repository_impl)
"""
LIB = """
load(":settings.bzl", "flag")
load(":rules.bzl", "tool")
package(default_visibility = ["//visibility:public"])
exports_files(["tail1", "tail2"])
config_setting(name = "fast", define_values = {"speed": "fast"})
config_setting(name = "slow", define_values = {"speed": "slow"})
toolchain_type(name = "kind")
tool(name = "hammer")
toolchain(name = "toolchain", toolchain = ":hammer", toolchain_type = ":kind")
flag(name = "flag", build_setting_default = "a")
config_setting(name = "is_b", flag_values = {":flag": "b"})
"""
WORDS = """
load("//lib:macros.bzl", "chosen", "rest", "several", "symbolic")
load("//lib:rules.bzl", "counter", "greet", "listed", "moved", "say", "user", "whisper", "whole")
several(name = "macro")
say(name = "Loud")
whisper(name = "Soft", deps = [":Loud"])
moved(name = "moved", dep = ":Soft")
counter(name = "counter", deps = [":Soft", ":plain"])
genrule(name = "plain", outs = ["plain.out"], cmd = "echo > $@")
user(name = "user")
greet(name = "greet")
whole(name = "whole")
listed(name = "listed")
rest(name = "rest")
chosen(name = "chosen")
symbolic(name = "symbolic")
"""
ALONE = """
genrule(name = "alone", outs = ["alone.out"], cmd = select({"//lib:is_b": "echo b > $@", "//conditions:default":
    "echo other > $@"}))
genrule(name = "copied", srcs = ["@made//:text"], outs = ["copied.out"], cmd = "cp $< $@")
genquery(name = "needed", expression = "deps(//words:Soft)", scope = ["//words:Soft"])
"""
FILES = {
    "MODULE.bazel": MODULE
    + 'register_toolchains("//lib:toolchain")\n'
    + 'repository = use_repo_rule("//lib:repository.bzl", "repository")\nrepository(name = "made")\n',
    "BUILD.bazel": "",
    "lib/BUILD.bazel": LIB,
    "lib/tail1": "",
    "lib/tail2": "",
    "lib/helpers.bzl": HELPERS,
    "lib/providers.bzl": PROVIDERS,
    "lib/rules.bzl": RULES,
    "lib/macros.bzl": MACROS,
    "lib/settings.bzl": SETTINGS,
    "lib/repository.bzl": REPOSITORY,
    "lib/repository_text.bzl": 'TEXT = "text"\n',
    "words/BUILD.bazel": WORDS,
}


@pytest.fixture
def edited(workspace: RealWorkspace) -> Edited:
    workspace.write(FILES)
    return Edited(workspace)


def test_only_rules_that_reach_a_helper_are_concerned(edited: Edited) -> None:
    assert edited.short("lib/helpers.bzl", "return text\n", "return text + text\n") == 0
    # Three targets say something, one repeats it, and two of the rest name what it made.
    assert edited.short("lib/helpers.bzl", "return text.upper()", "return text.upper() + '!'") == 5
    assert edited.text("Loud.txt") == "LOUD!"
    assert edited.short("lib/helpers.bzl", '"low": "lower"', '"low": "title"') == 3
    assert edited.text("Soft.txt") == "SoftLOUD!."
    assert edited.short("lib/helpers.bzl", '["one", "two"]', '["one", "three"]') == 1
    assert edited.text("macro_three.txt") == "MACRO_THREE!"
    assert edited.short("lib/helpers.bzl", "def unused", "ANSWER = 42\n\ndef unused") == 0
    edited.replace("lib/helpers.bzl", "ANSWER = 42", "# Nobody asks for the answer.")
    edited.replace("lib/helpers.bzl", "+ '!'", "+ '!'  # as one does")
    assert edited.short("words/BUILD.bazel", 'say(name = "Loud")', 'say(name = "Loud")\nsay(name = "More")') == 2
    assert edited.text("More.txt") == "MORE!"


def test_functions_attributes_and_defaults_of_rules_are_followed(edited: Edited) -> None:
    assert edited.short("lib/rules.bzl", 'default = "none"', 'default = "some"') == 1
    assert edited.text("moved.txt").endswith("Soft.txt some")
    assert edited.short("lib/rules.bzl", 'compilation_mode": "opt"', 'compilation_mode": "dbg"') == 1
    assert "dbg" in edited.text("moved.txt")
    assert edited.short("lib/rules.bzl", 'word = "counted"', 'word = "COUNTED"') == 1
    assert edited.text("counter.txt") == "softLOUD..+COUNTED."
    assert edited.short("lib/rules.bzl", 'sign = "!"', 'sign = "#"') == 1
    assert edited.text("user.txt") == "#"
    assert edited.short("lib/rules.bzl", '"greeting": "hello"', '"greeting": "hi"') == 1
    assert edited.short("lib/rules.bzl", '"tone": attr.string()', '"tone": attr.string(default = "!")') == 1
    assert edited.text("greet.txt") == "hi!tail1"
    assert edited.short("lib/rules.bzl", 'order = "postorder"', 'order = "preorder"') == 1
    assert edited.text("listed.txt") == "cbatail1"
    assert edited.short("lib/rules.bzl", '"//lib:tail" + which', '"//lib:tail2"') == 1
    assert edited.text("listed.txt") == "cbatail2"


def test_labels_that_files_name_are_followed(edited: Edited) -> None:
    tail = '"_tail": attr.label(default = "//lib:{}", allow_single_file = True),\n    }},\n)\n\ndef _part'
    assert edited.short("lib/rules.bzl", tail.format("tail1"), tail.format("tail2")) == 1
    assert edited.text("greet.txt") == "hellotail2"
    other = '{{"_tail": attr.label(default = "//lib:{}", allow_single_file = True)}},\n)\n\ndef _whole'
    assert edited.short("lib/rules.bzl", other.format("tail1"), other.format("tail2")) == 1
    assert edited.text("whole.txt") == "tail2"
    assert edited.short("lib/macros.bzl", '"//lib:fast": "echo fast', '"//lib:slow": "echo slower') == 0


def test_providers_are_those_of_their_files(edited: Edited) -> None:
    assert edited.short("lib/providers.bzl", 'word + "."', 'word + ","') == 2
    assert edited.text("Soft.txt") == "softLOUD,"
    # The targets that one of these rules needs are not all of the other.
    assert edited.short("lib/providers.bzl", 'fields = ["sign"]', 'fields = ["sign", "more"]') == 0
    edited.fails("lib/providers.bzl", 'fields = ["word"]', 'fields = ["name"]', "unexpected keyword word")
    edited.fails("lib/providers.bzl", "ToolInfo = ", "Tool = ", "does not contain symbol 'ToolInfo'")


def test_macros_see_what_they_saw(edited: Edited) -> None:
    assert edited.text("rest11.txt") == "rest11"
    assert edited.short("lib/helpers.bzl", '["one", "two"]', '["one", "two", "six"]') == 2
    assert edited.text("rest12.txt") == "rest12"
    assert edited.short("lib/macros.bzl", 'default = "plain"', 'default = "fancy"') == 1
    assert edited.text("symbolic.out") == "fancy"


def test_what_reaches_further_than_packages_begins_anew(edited: Edited) -> None:
    edited.workspace.write({"alone/BUILD.bazel": ALONE})
    edited.settle()
    edited.long("lib/settings.bzl", "return []", "return [DefaultInfo()]")
    edited.long("lib/repository_text.bzl", '"text"', '"TEXT"')
    assert (edited.workspace.root / "venvship-bin/alone/copied.out").read_text() == "TEXT"
    edited.long("words/BUILD.bazel", 'deps = [":Loud"]', 'deps = [":Loud", ":greet"]')
    assert "//words:greet" in (edited.workspace.root / "venvship-bin/alone/needed").read_text()


def test_files_that_are_wrong_are_told(edited: Edited) -> None:
    edited.fails("lib/helpers.bzl", "WORDS =", "WORDS = (\nX =", "syntax error")
    edited.fails("lib/helpers.bzl", "WORDS =", 'load(":macros.bzl", "several")\nWORDS =', "cycle")
    edited.fails("lib/macros.bzl", "def several", 'visibility("private")\ndef several', "may not be loaded")
    edited.fails("lib/rules.bzl", '"extra": attr', '"other": attr', "extra")


def test_what_files_print_is_said(edited: Edited) -> None:
    edited.short("lib/helpers.bzl", "WORDS =", 'print("so many words")\nWORDS =')
    assert "so many words" in edited.build().stderr
    # The place of what was said may be another one.
    edited.long("lib/helpers.bzl", "def unused", "\n\ndef unused")
    assert "lib/helpers.bzl:2:6: so many words" in edited.build().stderr


def test_tests_of_analysis_see_other_settings(edited: Edited) -> None:
    checks = """
def _check_impl(env_ctx):
    found = env_ctx.attr.target[0] if type(env_ctx.attr.target) == "list" else env_ctx.attr.target
    return [AnalysisTestResultInfo(success = True, message = found[DefaultInfo].files.to_list()[0].path)]

_check_test = rule(
    implementation = _check_impl,
    attrs = {"target": attr.label(cfg = analysis_test_transition(
        settings = {"//command_line_option:compilation_mode": "opt"},
    ))},
    analysis_test = True,
)

def check(name, target):
    _check_test(name = name + "_test", target = target)
"""
    build = 'load(":check.bzl", "check")\ncheck(name = "c", target = "//words:Soft")\n'
    edited.workspace.write({"checks/check.bzl": checks, "checks/BUILD.bazel": build})
    edited.replace(
        "words/BUILD.bazel", 'several(name = "macro")', 'package(default_visibility = ["//visibility:public"])'
    )
    edited.settle()
    verdict = edited.workspace.root / "venvship-bin/checks/c_test"
    assert "-opt/" in verdict.read_text()
    assert edited.short("checks/check.bzl", 'mode": "opt"', 'mode": "dbg"') == 1
    assert "-dbg/" in verdict.read_text()


def test_what_aspects_make_of_others_is_theirs(edited: Edited) -> None:
    rules = """
SizeInfo = provider(fields = ["files"])

def _size_impl(target, ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".size")
    ctx.actions.run_shell(
        inputs = ctx.rule.files.srcs, outputs = [out],
        arguments = [out.path] + [file.path for file in ctx.rule.files.srcs],
        command = "out=$1; shift; (echo size; cat $@) > $out",
    )
    below = [dep[SizeInfo].files for dep in ctx.rule.attr.deps if SizeInfo in dep]
    return [SizeInfo(files = depset([out], transitive = below))]

size = aspect(implementation = _size_impl, attr_aspects = ["deps"])

def _sizes_impl(ctx):
    return [DefaultInfo(files = depset(transitive = [dep[SizeInfo].files for dep in ctx.attr.deps]))]

sizes = rule(implementation = _sizes_impl, attrs = {"deps": attr.label_list(aspects = [size])})

def _part_impl(ctx):
    return [DefaultInfo(files = depset(ctx.files.srcs))]

part = rule(
    implementation = _part_impl, attrs = {"srcs": attr.label_list(allow_files = True), "deps": attr.label_list()},
)
"""
    parts = """
load(":rules.bzl", "part")
package(default_visibility = ["//visibility:public"])
part(name = "one", srcs = ["one.txt"], deps = [":two"])
part(name = "two", srcs = ["two.txt"])
"""
    files = {"parts/rules.bzl": rules, "parts/BUILD.bazel": parts, "parts/one.txt": "1\n", "parts/two.txt": "2\n"}
    all_sizes = 'load("//parts:rules.bzl", "sizes")\nsizes(name = "all", deps = ["//parts:one"])\n'
    edited.workspace.write({**files, "sizes/BUILD.bazel": all_sizes})
    edited.settle()
    found = edited.workspace.root / "venvship-bin/parts/two.size"
    assert found.read_text() == "size\n2\n"
    assert edited.short("parts/rules.bzl", "echo size", "echo SIZE") == 2
    assert found.read_text() == "SIZE\n2\n"
    # The part that was looked at again knows other actions than before.
    edited.nothing("parts/two.txt", None, "3\n")
    assert found.read_text() == "SIZE\n3\n"
    # Without inputs nothing is known of an action, and what was known is forgotten.
    edited.replace("parts/rules.bzl", "[out.path] + [file.path for file in ctx.rule.files.srcs]", "[out.path]")
    edited.short("parts/rules.bzl", "inputs = ctx.rule.files.srcs, outputs", "outputs")
    assert found.read_text() == "SIZE\n"
    edited.nothing("parts/two.txt", None, "4\n")
    assert found.read_text() == "SIZE\n"
