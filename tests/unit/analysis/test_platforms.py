"""Platforms that set flags, the platform of the machine, and what conditions ask of flags that are no settings."""

from __future__ import annotations

from analysis_workspace import LINUX, AnalysisWorkspace

from venvship.analysis.platforms import HOST, PlatformTargets

DEFS = """
Value = provider()
string_flag = rule(lambda ctx: [Value(v = ctx.build_setting_value)], build_setting = config.string(flag = True))
bool_flag = rule(lambda ctx: [Value(v = ctx.build_setting_value)], build_setting = config.bool(flag = True))
def _to(settings, attr):
    was = settings["//command_line_option:platforms"]
    print("from", was)
    return {"//command_line_option:platforms": attr.platform or was}
to = transition(
    implementation = _to,
    inputs = ["//command_line_option:platforms"],
    outputs = ["//command_line_option:platforms"],
)
def _leaf(ctx):
    print(ctx.attr._mode[Value].v, ctx.attr._loud[Value].v, ctx.var["COMPILATION_MODE"], ctx.var.get("KIND"))
leaf = rule(_leaf, attrs = {
    "_mode": attr.label(default = "//:mode"),
    "_loud": attr.label(default = "//:loud"),
})
def _top(ctx):
    print(type(ctx.attr.dep), ctx.split_attr.dep.keys(), ctx.attr.dep[0].label, ctx.attr.plain.label)
top = rule(_top, attrs = {
    "dep": attr.label(cfg = to),
    "plain": attr.label(),
    "platform": attr.string(),
})
feature = rule(lambda ctx: [config_common.FeatureFlagInfo(value = "on")])
def _pointed(settings, attr):
    return {"//:pointer": attr.to} if attr.to else settings
pointed = transition(implementation = _pointed, inputs = ["//:pointer"], outputs = ["//:pointer"])
reader = rule(
    lambda ctx: print(ctx.attr._pointer.label),
    attrs = {"to": attr.string(), "_pointer": attr.label(default = "//:pointer")},
    cfg = pointed,
)
"""
BUILD = """
load(":defs.bzl", "bool_flag", "feature", "leaf", "reader", "string_flag", "top")
string_flag(name = "mode", build_setting_default = "slow")
bool_flag(name = "loud", build_setting_default = False)
platform(name = "base", constraint_values = ["@platforms//os:linux"], flags = ["--//:mode=base", "--define=KIND=b"])
platform(name = "quick", parents = [":base"], flags = ["--//:mode=quick", "--//:loud", "--compilation_mode=opt"])
platform(name = "wrong", flags = ["mode=quick"])
leaf(name = "leaf")
top(name = "stays", dep = ":leaf", plain = ":leaf")
top(name = "quickly", dep = ":leaf", plain = ":leaf", platform = "//:quick")
top(name = "wrongly", dep = ":leaf", plain = ":leaf", platform = "//:wrong")
feature(name = "feature")
config_setting(name = "on", flag_values = {":feature": "on"})
genrule(name = "asked", outs = ["o"], cmd = select({":on": "on", "//conditions:default": "off"}))
filegroup(name = "one")
filegroup(name = "other")
label_flag(name = "pointer", build_setting_default = ":one")
reader(name = "same")
reader(name = "moved", to = "//:other")
reader(name = "unmoved", to = "//:one")
"""


def workspace() -> AnalysisWorkspace:
    return AnalysisWorkspace({"defs.bzl": DEFS, "BUILD": BUILD})


def test_a_platform_sets_flags_and_those_of_its_parents_count_less() -> None:
    made = workspace()
    made.one("//:quickly")
    assert "quick True opt b" in made.printed
    assert "slow False fastbuild None" in made.printed


def test_what_is_no_flag_is_refused_where_the_platform_stands() -> None:
    problem = workspace().problems("//:wrongly")
    assert "`mode=quick` is no flag" in problem and "platform `//:wrong`" in problem and "BUILD:7" in problem


def test_an_edge_with_a_transition_holds_a_list_even_where_it_does_not_split() -> None:
    made = workspace()
    made.one("//:stays")
    assert made.printed[-1] == "list [None] @@//:leaf @@//:leaf"


def test_the_platform_of_the_machine_is_the_one_from_the_start() -> None:
    made = workspace()
    made.one("//:stays")
    assert made.printed[0] == 'from [Label("@@platforms//host:host")]'
    platforms = PlatformTargets(made.loader.target, LINUX.platform)
    assert platforms.with_platform(LINUX, HOST) == LINUX
    assert made.printed.count("slow False fastbuild None") == 1


def test_a_condition_may_ask_what_a_feature_flag_says() -> None:
    made = workspace()
    [action] = made.one("//:asked").actions
    assert "on" in str(action)


def test_a_condition_may_lead_to_what_waits_for_its_turn() -> None:
    build = """
platform(name = "arm", constraint_values = ["@platforms//cpu:aarch64"])
filegroup(name = "chosen", srcs = select({"@platforms//cpu:arm64": ["arm"], "//conditions:default": ["other"]}))
"""
    made = AnalysisWorkspace({"BUILD": build, "arm": "", "other": ""})
    # The platform is known and not evaluated yet when the condition, another name of its value, is asked.
    _, chosen = made.analyze("//:arm", "//:chosen")
    assert [file.exec_path for file in chosen.default_info.files.to_tuple()] == ["other"]


def test_a_transition_reads_and_sets_label_flags() -> None:
    made = workspace()
    same, moved, unmoved = made.analyze("//:same", "//:moved", "//:unmoved")
    assert made.printed == ["@@//:one", "@@//:other", "@@//:one"]
    assert same.key.configuration == unmoved.key.configuration == LINUX != moved.key.configuration
