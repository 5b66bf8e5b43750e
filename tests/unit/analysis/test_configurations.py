"""Build settings, transitions, platforms and toolchains, through rules of `.bzl` files."""

from __future__ import annotations

import pytest
from analysis_workspace import LINUX, AnalysisWorkspace

from venvship.analysis.build_settings import option_name, option_text, parsed
from venvship.analysis.platforms import PlatformTargets
from venvship.loading.targets import RuleTarget
from venvship.model.configuration import Configuration
from venvship.model.label import Label, PackageId

DEFS = """
Value = provider(fields = ["v"])
string_flag = rule(lambda ctx: [Value(v = ctx.build_setting_value)], build_setting = config.string(flag = True))
bool_flag = rule(lambda ctx: [Value(v = ctx.build_setting_value)], build_setting = config.bool(flag = True))
list_flag = rule(lambda ctx: [Value(v = ctx.build_setting_value)], build_setting = config.string_list(flag = True))
def _fast(settings, attr):
    return {"//:mode": settings["//:mode"] + "+" + attr.name}
fast = transition(implementation = _fast, inputs = ["//:mode"], outputs = ["//:mode"])
def _both(settings, attr):
    return {"left": {"//:mode": "l"}, "right": {"//:mode": "r"}}
both = transition(implementation = _both, inputs = [], outputs = ["//:mode"])
def _wrong(settings, attr):
    return {"//:other": "x"}
wrong = transition(implementation = _wrong, inputs = [], outputs = ["//:mode"])
def _leaf(ctx):
    print(ctx.label.name, ctx.attr._mode[Value].v, ctx.attr.chosen)
    return []
_leaf_attrs = {"_mode": attr.label(default = "//:mode"), "chosen": attr.string()}
leaf = rule(_leaf, attrs = _leaf_attrs)
moved = rule(_leaf, attrs = _leaf_attrs, cfg = fast)
mistaken = rule(_leaf, attrs = _leaf_attrs, cfg = wrong)
def _top(ctx):
    print([d.label.name for d in ctx.attr.deps], {k: len(v) for k, v in ctx.split_attr.deps.items()})
    return []
top = rule(_top, attrs = {"deps": attr.label_list(cfg = both)})
"""
BUILD = """
load(":defs.bzl", "bool_flag", "leaf", "list_flag", "mistaken", "moved", "string_flag", "top")
string_flag(name = "mode", build_setting_default = "slow")
bool_flag(name = "loud", build_setting_default = False)
list_flag(name = "words", build_setting_default = ["a", "b"])
config_setting(name = "is_loud", flag_values = {":loud": "true"})
config_setting(name = "has_b", flag_values = {":words": "b"})
leaf(name = "leaf", chosen = select({":is_loud": "loud", "//conditions:default": "quiet"}))
leaf(name = "wordy", chosen = select({":has_b": "b", "//conditions:default": "none"}))
moved(name = "moved")
mistaken(name = "mistaken")
top(name = "top", deps = [":leaf"])
"""


def workspace(extra: str = "", defs: str = "") -> AnalysisWorkspace:
    return AnalysisWorkspace({"defs.bzl": DEFS + defs, "BUILD": BUILD + extra})


def with_flag(made: AnalysisWorkspace, name: str, text: str) -> Configuration:
    target = made.loader.target(Label(PackageId("", ""), name))
    assert isinstance(target, RuleTarget)
    return LINUX.with_options({option_name(target): option_text(target, parsed(target, text))})


def test_a_setting_has_its_default_or_the_value_of_its_flag() -> None:
    made = workspace()
    made.one("//:leaf")
    made.one("//:leaf", with_flag(made, "mode", "quick"))
    assert made.printed == ["leaf slow quiet", "leaf quick quiet"]


def test_a_flag_with_its_default_value_changes_nothing() -> None:
    made = workspace()
    assert with_flag(made, "mode", "slow") == LINUX
    assert with_flag(made, "loud", "no") == LINUX
    assert with_flag(made, "words", "a,b") == LINUX


def test_conditions_ask_for_values_of_flags() -> None:
    made = workspace()
    made.one("//:leaf", with_flag(made, "loud", "yes"))
    made.one("//:wordy")
    made.one("//:wordy", with_flag(made, "words", "x"))
    assert made.printed == ["leaf slow loud", "wordy slow b", "wordy slow none"]


def test_a_target_may_change_its_own_configuration() -> None:
    made = workspace()
    target = made.one("//:moved")
    assert made.printed == ["moved slow+moved "]
    assert target.key.configuration != LINUX


def test_a_split_transition_gives_each_dependency_once_for_each_configuration() -> None:
    made = workspace()
    made.one("//:top")
    assert made.printed == ["leaf l quiet", "leaf r quiet", '["leaf", "leaf"] {"left": 1, "right": 1}']


@pytest.mark.parametrize("names", ['inputs = ["{}"], outputs = []', 'inputs = [], outputs = ["{}"]'])
def test_a_transition_names_options_that_there_are(names: str) -> None:
    defs = """
t = transition(implementation = lambda settings, attr: {}, NAMES)
r = rule(lambda ctx: [], cfg = t)
""".replace("NAMES", names.format("//command_line_option:compilaton_mode"))
    said = AnalysisWorkspace({"defs.bzl": defs, "BUILD": 'load(":defs.bzl", "r")\nr(name = "r")\n'}).problems("//:r")
    assert "defs.bzl:2" in said
    assert "the transition names options that there are not: `compilaton_mode`" in said
    assert "did you mean `compilation_mode`" in said


def test_a_transition_may_only_set_what_it_promised() -> None:
    problem = workspace().problems("//:mistaken")
    assert "returned `//:other`, which is not among its outputs" in problem
    assert "did not return `//:mode`" in problem and "defs.bzl" in problem


def test_a_value_of_the_wrong_type_is_refused() -> None:
    made = workspace()
    try:
        with_flag(made, "loud", "maybe")
    except Exception as error:
        assert "not a bool" in str(error)
    else:
        raise AssertionError("a bool was `maybe`")


TOOLS = """
load(":defs.bzl", "with_first", "tool", "user")
toolchain_type(name = "kind", no_match_error = "get one")
tool(name = "mac_tool", path = "/mac")
tool(name = "linux_tool", path = "/linux")
tool(name = "special_tool", path = "/special")
constraint_setting(name = "size")
constraint_value(name = "tiny", constraint_setting = ":size")
platform(name = "tiny_linux", constraint_values = [":tiny", "@platforms//os:linux", "@platforms//cpu:x86_64"])
toolchain(
    name = "mac",
    toolchain = ":mac_tool",
    toolchain_type = ":kind",
    target_compatible_with = ["@platforms//os:macos"],
)
toolchain(name = "special", toolchain = ":special_tool", toolchain_type = ":kind", target_compatible_with = [":tiny"])
toolchain(
    name = "linux",
    toolchain = ":linux_tool",
    toolchain_type = ":kind",
    target_compatible_with = ["@platforms//os:linux"],
)
toolchain(name = "first", toolchain = ":special_tool", toolchain_type = ":kind")
user(name = "user")
with_first(name = "with_first")
user(name = "on_mac", exec_compatible_with = ["@platforms//os:linux", "@platforms//os:macos"])
"""
TOOL_DEFS = """
def _tool(ctx):
    variables = platform_common.TemplateVariableInfo({"TOOL": ctx.attr.path})
    return [platform_common.ToolchainInfo(path = ctx.attr.path), variables]
tool = rule(_tool, attrs = {"path": attr.string()})
def _user(ctx):
    if ctx.var["TOOL"] != ctx.toolchains["//:kind"].path:
        fail("variables of the toolchain")
    print(ctx.toolchains["//:kind"].path)
    return []
user = rule(_user, toolchains = ["//:kind"])
def _tried_first(settings, attr):
    print(settings["//command_line_option:extra_toolchains"], settings["//command_line_option:stamp"])
    return {"//command_line_option:extra_toolchains": settings["//command_line_option:extra_toolchains"] + ["//:first"]}
tried_first = transition(
    implementation = _tried_first,
    inputs = ["//command_line_option:extra_toolchains", "//command_line_option:stamp"],
    outputs = ["//command_line_option:extra_toolchains"],
)
with_first = rule(_user, toolchains = ["//:kind"], cfg = tried_first)
"""


def tools(*registered: str) -> AnalysisWorkspace:
    labels = [Label(PackageId("", ""), name) for name in registered]
    return AnalysisWorkspace({"defs.bzl": DEFS + TOOL_DEFS, "BUILD": BUILD + TOOLS}, toolchains=labels)


def test_the_first_registered_toolchain_that_fits_is_taken() -> None:
    made = tools("mac", "special", "linux")
    made.one("//:user")
    platforms = PlatformTargets(made.loader.target, LINUX.platform)
    made.one("//:user", platforms.with_platform(LINUX, Label(PackageId("", ""), "tiny_linux")))
    assert made.printed == ["/linux", "/special"]


def test_a_rule_without_a_toolchain_says_how_many_were_tried() -> None:
    problem = tools("mac").problems("//:user")
    assert "no matching toolchains found for `//:kind`" in problem
    assert "1 toolchains are registered" in problem and "hint: get one" in problem


def test_a_transition_may_have_toolchains_tried_first() -> None:
    made = tools("linux")
    made.one("//:with_first")
    assert made.printed == ["[] False", "/special"]


def test_actions_are_not_run_on_another_machine_than_they_ask_for() -> None:
    problem = tools("linux").problems("//:on_mac")
    assert "no execution platform is fit for the actions of `//:on_mac`" in problem
    assert "`@@platforms//host:host`: has not `@@platforms//os:macos`, which the target asks for" in problem


@pytest.mark.parametrize(
    "said",
    ['exec_compatible_with = ["//:tiny"]', 'exec_groups = {"g": exec_group(exec_compatible_with = ["//:tiny"])}'],
)
def test_rules_say_which_machine_their_actions_need(said: str) -> None:
    defs = f"r = rule(lambda ctx: [], {said})\n"
    build = 'load(":defs.bzl", "r")\nr(name = "r")\n'
    constraints = 'constraint_setting(name = "size")\nconstraint_value(name = "tiny", constraint_setting = ":size")\n'
    made = AnalysisWorkspace({"defs.bzl": defs, "BUILD": build + constraints})
    assert "`@@platforms//host:host`: has not `//:tiny`, which the" in made.problems("//:r")


def test_dicts_of_labels_hold_every_configuration_of_a_split() -> None:
    defs = """
def _two(settings, attr):
    return [{"//command_line_option:compilation_mode": one} for one in ["opt", "dbg"]]
two = transition(implementation = _two, inputs = [], outputs = ["//command_line_option:compilation_mode"])
def _r(ctx):
    print([(k.label.name, v) for k, v in ctx.attr.by_label.items()], {k: len(v) for k, v in ctx.attr.lists.items()})
r = rule(_r, attrs = {"by_label": attr.label_keyed_string_dict(cfg = two), "lists": attr.label_list_dict(cfg = two)})
leaf = rule(lambda ctx: [])
"""
    build = (
        'load(":defs.bzl", "leaf", "r")\nleaf(name = "a")\nr(name = "r", by_label = {":a": "x"}, lists = {"k": ["a"]})'
    )
    made = AnalysisWorkspace({"defs.bzl": defs, "BUILD": build})
    made.one("//:r")
    assert made.printed == ['[("a", "x"), ("a", "x")] {"k": 2}']
