"""On which platform actions run, what their tools are built for, and which toolchains they get there."""

from __future__ import annotations

import re

import pytest
from analysis_workspace import LINUX, AnalysisWorkspace

from venvship.analysis.platforms import PlatformTargets
from venvship.analysis.toolchains import Debugging
from venvship.errors import SeveralErrors
from venvship.model.action import Spawn
from venvship.model.label import Label, PackageId
from venvship.model.provider import TestInfo as HowTested

DEFS = """
Where = provider()
tool = rule(lambda ctx: [Where(at = ctx.attr.at)], attrs = {"at": attr.string()})
_TOOL = attr.label(default = "//:tool", cfg = "exec")
def _toolchain(ctx):
    return [platform_common.ToolchainInfo(name = ctx.label.name, tool = ctx.attr._tool[Where].at)]
impl = rule(_toolchain, attrs = {"_tool": _TOOL})
def _user(ctx):
    kinds = [kind for kind in ["//:kind", "//:other"] if kind in ctx.toolchains and ctx.toolchains[kind]]
    print(ctx.label.name, ctx.attr._tool[Where].at, [ctx.toolchains[kind].name for kind in kinds])
user = rule(_user, attrs = {"_tool": _TOOL})
kind_user = rule(_user, attrs = {"_tool": _TOOL}, toolchains = ["//:kind"])
user_of_tools = rule(lambda ctx: print(ctx.toolchains["//:kind"].tool), toolchains = ["//:kind"])
_MAYBE = config_common.toolchain_type("//:other", mandatory = False)
maybe_user = rule(_user, attrs = {"_tool": _TOOL}, toolchains = [_MAYBE])
blue_user = rule(_user, attrs = {"_tool": _TOOL}, exec_compatible_with = ["//:blue"])
def _grouped(ctx):
    print(ctx.attr._tool[Where].at, ctx.attr._two[Where].at, ctx.exec_groups["two"].toolchains["//:kind"].tool)
    for group in [None, "two", "three"]:
        out = ctx.actions.declare_file(str(group))
        ctx.actions.run_shell(outputs = [out], command = "true", exec_group = group)
grouped = rule(
    _grouped,
    attrs = {"_tool": _TOOL, "_two": attr.label(default = "//:tool", cfg = config.exec("two"))},
    exec_groups = {
        "two": exec_group(toolchains = ["//:kind"]),
        "three": exec_group(exec_compatible_with = ["//:blue"]),
    },
)
mistaken = rule(lambda ctx: None, attrs = {"_tool": attr.label(default = "//:tool", cfg = config.exec("nope"))})
def _lost(ctx):
    ctx.actions.run_shell(outputs = [ctx.actions.declare_file("lost")], command = "true", exec_group = "nope")
lost = rule(_lost)
def _asker(target, ctx):
    print("aspect", ctx.attr._tool[Where].at)
    return []
asker = aspect(_asker, attrs = {"_tool": _TOOL}, exec_compatible_with = ["//:blue"])
asked = rule(lambda ctx: None, attrs = {"deps": attr.label_list(aspects = [asker])})
_PLATFORMS = "//command_line_option:extra_execution_platforms"
blue_first = transition(
    implementation = lambda settings, attr: {_PLATFORMS: settings[_PLATFORMS] + ["//:on_blue"]},
    inputs = [_PLATFORMS],
    outputs = [_PLATFORMS],
)
moved = rule(_user, attrs = {"_tool": _TOOL}, cfg = blue_first)
def _run_test(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(program, "", is_executable = True)
    return [DefaultInfo(executable = program)]
run_test = rule(_run_test, test = True)
flag = rule(lambda ctx: [], build_setting = config.string(flag = True))
running_flag = rule(lambda ctx: [], build_setting = config.string(flag = True), attrs = {"_tool": _TOOL})
"""
BUILD = """
load(":defs.bzl", "asked", "blue_user", "flag", "grouped", "impl", "kind_user", "lost", "maybe_user", "mistaken")
load(":defs.bzl", "moved", "run_test", "running_flag", "tool", "user", "user_of_tools")
constraint_setting(name = "colour")
constraint_value(name = "red", constraint_setting = ":colour")
constraint_value(name = "blue", constraint_setting = ":colour")
HERE = ["@platforms//os:linux", "@platforms//cpu:x86_64"]
platform(name = "on_red", constraint_values = HERE + [":red"], exec_properties = {"pool": "red", "two.cores": "2"})
platform(name = "on_blue", parents = [":on_red"], constraint_values = [":blue"], exec_properties = {"pool": ""})
platform(name = "on_mac", constraint_values = ["@platforms//os:macos", "@platforms//cpu:arm64", ":blue"])
toolchain_type(name = "kind")
toolchain_type(name = "other")
toolchain(name = "red_tc", toolchain = ":red_impl", toolchain_type = ":kind", exec_compatible_with = [":red"])
toolchain(name = "blue_tc", toolchain = ":blue_impl", toolchain_type = ":kind", exec_compatible_with = [":blue"])
toolchain(name = "other_tc", toolchain = ":other_impl", toolchain_type = ":other", exec_compatible_with = [":blue"])
[impl(name = name) for name in ["red_impl", "blue_impl", "other_impl"]]
tool(name = "tool", at = select({":red": "red", ":blue": "blue", "//conditions:default": "here"}))
user(name = "user")
user(name = "wants_blue", exec_compatible_with = [":blue"])
user(name = "wants_both", exec_compatible_with = [":red", ":blue"])
kind_user(name = "kind_user")
kind_user(name = "blue_kind", exec_compatible_with = [":blue"])
user_of_tools(name = "user_of_tools")
maybe_user(name = "maybe_user")
blue_user(name = "blue_user")
moved(name = "moved")
grouped(name = "grouped", exec_properties = {"memory": "1", "three.memory": "3"})
"""


def label(name: str) -> Label:
    return Label(PackageId("", ""), name)


def workspace(
    *platforms: str, toolchains: str = "", more: str = "", defs: str = "", debugging: Debugging | None = None
) -> AnalysisWorkspace:
    return AnalysisWorkspace(
        {"defs.bzl": DEFS + defs, "BUILD": BUILD + more},
        toolchains=[label(name) for name in toolchains.split()],
        execution_platforms=[label(name) for name in platforms],
        debugging=debugging,
    )


def spawns(made: AnalysisWorkspace, name: str) -> dict[str, Spawn]:
    actions = [one for one in made.one(name).actions if isinstance(one, Spawn)]
    return {action.outputs[0].path: action for action in actions}


def test_actions_run_on_the_first_platform_and_their_tools_are_built_for_it() -> None:
    for platforms, expected in {(): "here", ("on_red", "on_blue"): "red", ("on_blue", "on_red"): "blue"}.items():
        made = workspace(*platforms)
        made.one("//:user")
        assert made.printed == [f"user {expected} []"]


def test_target_and_rule_may_ask_for_a_platform() -> None:
    made = workspace("on_red", "on_blue")
    made.analyze("//:wants_blue", "//:blue_user")
    assert made.printed == ["wants_blue blue []", "blue_user blue []"]


def test_tools_for_the_machine_itself_are_shared_with_what_is_built_for_it() -> None:
    made = workspace()
    made.analyze("//:user", "//:tool")
    assert {one.key.configuration for one in made.analyzer.targets if one.label.name == "tool"} == {LINUX}


def test_the_platform_must_have_a_toolchain_of_each_mandatory_type() -> None:
    made = workspace("on_red", "on_blue", toolchains="blue_tc")
    made.one("//:kind_user")
    assert made.printed == ['kind_user blue ["blue_impl"]']


def test_each_platform_has_its_own_toolchain_whatever_is_registered_first() -> None:
    made = workspace("on_red", "on_blue", toolchains="blue_tc red_tc")
    made.analyze("//:kind_user", "//:blue_kind")
    assert made.printed == ['kind_user red ["red_impl"]', 'blue_kind blue ["blue_impl"]']


def test_a_platform_with_more_optional_toolchains_is_taken_before_others() -> None:
    made = workspace("on_red", "on_blue", toolchains="other_tc")
    made.one("//:maybe_user")
    workspace("on_red", toolchains="").one("//:maybe_user")
    assert made.printed == ['maybe_user blue ["other_impl"]']


def test_tools_of_a_toolchain_run_where_its_user_runs() -> None:
    made = workspace("on_red", "on_blue", toolchains="blue_tc")
    made.analyze("//:user_of_tools", "//:blue_impl")
    assert made.printed == ["blue"]
    made = workspace("on_blue", "on_red", toolchains="blue_tc")
    _, alone = made.analyze("//:user_of_tools", "//:blue_impl")
    assert made.printed == ["blue"]
    # The toolchain would run there anyway, so that it is analysed once.
    assert [one for one in made.analyzer.targets if one.label.name == "blue_impl"] == [alone]


def test_groups_of_actions_have_platforms_tools_toolchains_and_properties_of_their_own() -> None:
    made = workspace("on_red", "on_blue", toolchains="blue_tc")
    found = spawns(made, "//:grouped")
    assert made.printed == ["red blue blue"]
    assert {path: dict(action.properties) for path, action in found.items()} == {
        "None": {"pool": "red", "memory": "1"},
        "two": {"memory": "1", "cores": "2"},
        "three": {"memory": "3"},
    }


def test_a_target_may_ask_for_the_platform_of_a_group() -> None:
    more = 'grouped(name = "g", exec_group_compatible_with = {"two": [":red"]})\n'
    made = workspace("on_blue", "on_red", toolchains="red_tc blue_tc", more=more)
    made.one("//:g")
    assert made.printed == ["blue red red"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ('grouped(name = "t", exec_group_compatible_with = {"tow": [":red"]})', "did you mean `two`?"),
        ('grouped(name = "t", exec_properties = {"tow.cores": "1"})', "speaks of exec group `tow`"),
        ('mistaken(name = "t")', "`_tool` of `//:t` speaks of exec group `nope`; the rule mistaken has none"),
        ('lost(name = "t")', "Action declared for non-existent exec group 'nope'"),
    ],
)
def test_groups_that_the_rule_has_not_are_refused(target: str, said: str) -> None:
    assert said in workspace("on_blue", toolchains="blue_tc", more=target + "\n").problems("//:t")


AUTOMATIC = """
_KIND, _OTHER = "//:kind", "//:other"
def _automatic(ctx):
    print(ctx.attr._tool[Where].at, [ctx.toolchains[kind].tool for kind in [_KIND, _OTHER]])
    for kind in [None, _KIND, Label(_OTHER)]:
        out = ctx.actions.declare_file(str(kind)[-5:])
        ctx.actions.run_shell(outputs = [out], command = "true", toolchain = kind)
def _automatic_rule(run, on = True):
    return rule(
        run,
        attrs = {"_tool": _TOOL, "_use_auto_exec_groups": attr.bool(default = on)},
        toolchains = [_KIND, _OTHER],
        exec_groups = {"own": exec_group(toolchains = [_KIND])},
    )
automatic = _automatic_rule(_automatic)
not_automatic = _automatic_rule(_automatic, on = False)
def _run(ctx, **given):
    tool = depset([ctx.actions.declare_file("tool")])
    ctx.actions.write(tool.to_list()[0], "")
    ctx.actions.run(outputs = [ctx.actions.declare_file("out")], executable = tool.to_list()[0], **given)
told_nothing = _automatic_rule(lambda ctx: _run(ctx))
told_wrong = _automatic_rule(lambda ctx: _run(ctx, toolchain = "//:third"))
told_both = _automatic_rule(lambda ctx: _run(ctx, toolchain = _OTHER, exec_group = "own"))
told_by_label = _automatic_rule(lambda ctx: _run(ctx, exec_group = "@@//:kind"))
told_none = _automatic_rule(lambda ctx: _run(ctx, toolchain = None))
_part = subrule(implementation = lambda ctx: _run(ctx), toolchains = [_OTHER])
_deaf_part = subrule(implementation = lambda ctx: _run(ctx, toolchain = _OTHER), toolchains = [_OTHER])
_ATTRIBUTES = {"_use_auto_exec_groups": attr.bool(default = True)}
in_part = rule(lambda ctx: _part(), attrs = _ATTRIBUTES, subrules = [_part])
in_deaf_part = rule(lambda ctx: _deaf_part(), attrs = _ATTRIBUTES, subrules = [_deaf_part])
"""
AUTOMATIC_TARGETS = """
load(":defs.bzl", "automatic", "in_deaf_part", "in_part", "not_automatic")
load(":defs.bzl", "told_both", "told_by_label", "told_none", "told_nothing", "told_wrong")
toolchain_type(name = "third")
automatic(name = "automatic")
automatic(name = "constrained", exec_group_compatible_with = {"//:kind": [":blue"]})
automatic(name = "misspelt", exec_group_compatible_with = {"//:kinds": [":blue"]})
automatic(name = "wholly_blue", exec_compatible_with = [":blue"])
not_automatic(name = "not_automatic")
[kind(name = name) for name, kind in {
    "in_part": in_part, "in_deaf_part": in_deaf_part, "told_both": told_both, "told_by_label": told_by_label,
    "told_none": told_none, "told_nothing": told_nothing, "told_wrong": told_wrong,
}.items()]
"""


def automatic(*platforms: str, toolchains: str = "red_tc blue_tc other_tc") -> AnalysisWorkspace:
    return workspace(*platforms, toolchains=toolchains, defs=AUTOMATIC, more=AUTOMATIC_TARGETS)


def pools(made: AnalysisWorkspace, name: str) -> dict[str, str]:
    """Where the actions of a target run, as the properties of platforms tell."""
    return {path: dict(action.properties).get("pool", "") for path, action in spawns(made, name).items()}


def test_each_toolchain_type_may_have_a_group_of_its_own() -> None:
    made = automatic("on_red", "on_blue")
    # Only on the blue platform there are toolchains of the other type.
    assert pools(made, "//:automatic") == {"None": "red", ":kind": "red", "other": ""}
    assert made.printed == ['red ["red", "blue"]']


def test_without_such_groups_all_actions_run_where_all_toolchains_are() -> None:
    made = automatic("on_red", "on_blue")
    assert pools(made, "//:not_automatic") == {"None": "", ":kind": "", "other": ""}
    assert made.printed == ['blue ["blue", "blue"]']


def test_a_target_may_ask_for_the_platform_of_a_toolchain_type_or_of_all() -> None:
    made = automatic("on_red", "on_blue")
    assert pools(made, "//:constrained") == {"None": "red", ":kind": "", "other": ""}
    assert pools(made, "//:wholly_blue") == {"None": "", ":kind": "", "other": ""}


def test_an_action_of_a_subrule_uses_its_toolchain() -> None:
    assert pools(automatic("on_red", "on_blue"), "//:in_part") == {"out": ""}


def test_an_action_may_say_that_its_program_is_of_no_toolchain() -> None:
    assert pools(automatic("on_red", "on_blue"), "//:told_none") == {"out": "red"}


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("told_nothing", "Please set the toolchain parameter"),
        ("told_wrong", "Action declared for non-existent toolchain '//:third'"),
        ("told_both", "exec group 'own' has no toolchain of type '//:other'"),
        ("told_by_label", "Action declared for non-existent exec group '@@//:kind'"),
        ("misspelt", "speaks of exec group `@@//:kinds`"),
        ("in_deaf_part", "'toolchain' may not be specified in subrules"),
    ],
)
def test_an_action_must_say_which_toolchain_its_program_is_from(target: str, said: str) -> None:
    assert said in automatic("on_red", "on_blue").problems(f"//:{target}")


def test_the_toolchain_of_a_group_of_its_own_must_be_there_all_the_same() -> None:
    assert "//:other" in automatic("on_red", toolchains="red_tc").problems("//:automatic")


def test_an_aspect_may_have_a_group_for_each_toolchain_type() -> None:
    more = """
def _look(target, ctx):
    out = ctx.actions.declare_file("seen")
    ctx.actions.run_shell(outputs = [out], command = "true", toolchain = _KIND)
    print(ctx.toolchains[_KIND].tool, ctx.toolchains[_OTHER].tool)
    return []
look = aspect(_look, attrs = {"_use_auto_exec_groups": attr.bool(default = True)}, toolchains = [_KIND, _OTHER])
looked_at = rule(lambda ctx: [], attrs = {"deps": attr.label_list(aspects = [look])})
"""
    targets = AUTOMATIC_TARGETS + 'load(":defs.bzl", "looked_at")\nlooked_at(name = "looked_at", deps = [":tool"])\n'
    made = workspace("on_red", "on_blue", toolchains="red_tc blue_tc other_tc", defs=AUTOMATIC + more, more=targets)
    made.one("//:looked_at")
    [spawn] = [one for target in made.analyzer.targets for one in target.actions if isinstance(one, Spawn)]
    assert made.printed == ["red blue"]
    assert dict(spawn.properties)["pool"] == "red"


def test_a_transition_may_make_groups_of_all_toolchain_types() -> None:
    more = """
_AUTO = "//command_line_option:incompatible_auto_exec_groups"
on = transition(implementation = lambda settings, attr: {_AUTO: True}, inputs = [], outputs = [_AUTO])
switched = rule(_automatic, attrs = {"_tool": _TOOL}, toolchains = [_KIND, _OTHER], cfg = on)
"""
    targets = AUTOMATIC_TARGETS + 'load(":defs.bzl", "switched")\nswitched(name = "switched")\n'
    made = workspace("on_red", "on_blue", toolchains="red_tc other_tc", defs=AUTOMATIC + more, more=targets)
    assert pools(made, "//:switched") == {"None": "red", ":kind": "red", "other": ""}


def test_no_fit_platform_is_refused_with_the_reason_against_each() -> None:
    problem = workspace("on_red", "on_blue").problems("//:wants_both")
    assert "no execution platform is fit for the actions of `//:wants_both`" in problem
    assert "  `//:on_red`: has not `//:blue`, which the target asks for\n" in problem
    assert "  `//:on_blue`: has not `//:red`, which the target asks for\n" in problem
    assert "  `@@platforms//host:host`: has not `//:red`" in problem
    assert "--extra_execution_platforms" in problem and "BUILD:" in problem


def test_no_platform_with_all_toolchains_is_refused_with_what_each_lacks() -> None:
    more = 'kind_user(name = "t", exec_compatible_with = [":red"])\n'
    made = workspace("on_red", "on_blue", toolchains="blue_tc", more=more)
    problem = made.problems("//:t")
    assert "no matching toolchains found for `//:kind`" in problem
    assert "`//:blue_tc` needs `//:blue`, which `//:on_red` has not" in problem


def test_platforms_may_require_settings_of_the_target() -> None:
    more = """
flag(name = "flag", build_setting_default = "off")
config_setting(name = "is_on", flag_values = {":flag": "on"})
platform(name = "when_on", constraint_values = [":blue"], required_settings = [":is_on"])
"""
    made = workspace("when_on", "on_red", more=more)
    made.one("//:user")
    made.one("//:user", LINUX.with_options({"@@//:flag": '"on"'}))
    assert made.printed == ["user red []", "user blue []"]
    assert "`//:when_on`: requires `//:is_on`, which does not hold for the target" in made.problems("//:wants_blue")


def test_platforms_may_be_there_for_some_types_of_toolchains_only() -> None:
    more = """
platform(
    name = "choosy",
    constraint_values = [":blue"],
    check_toolchain_types = True,
    allowed_toolchain_types = [":kind"],
)
"""
    made = workspace("choosy", "on_red", toolchains="other_tc blue_tc", more=more)
    made.analyze("//:user", "//:kind_user", "//:maybe_user")
    assert made.printed == ["user red []", 'kind_user blue ["blue_impl"]', "maybe_user blue []"]


def test_a_toolchain_may_be_for_machines_like_the_target_platform() -> None:
    more = """
toolchain(name = "like", toolchain = ":red_impl", toolchain_type = ":kind", use_target_platform_constraints = True)
toolchain(
    name = "torn",
    toolchain = ":red_impl",
    toolchain_type = ":kind",
    use_target_platform_constraints = True,
    exec_compatible_with = [":red"],
)
"""
    made = workspace("on_mac", "on_red", toolchains="like", more=more)
    made.one("//:kind_user")
    assert made.printed == ['kind_user red ["red_impl"]']
    problem = workspace("on_red", toolchains="torn", more=more).problems("//:kind_user")
    assert "`//:torn` takes its constraints from the target platform and has some of its own" in problem


def test_a_transition_may_have_platforms_tried_first() -> None:
    made = workspace("on_red")
    made.one("//:moved")
    assert made.printed == ["moved blue []"]


def test_what_a_transition_has_tried_first_is_tried_first_for_programs_too() -> None:
    defs = """
outer = rule(lambda ctx: print(ctx.attr._tool[Where].at), attrs = {
    "_tool": attr.label(default = "//:runs", cfg = "exec"),
}, cfg = blue_first)
runs = rule(lambda ctx: [Where(at = "on " + ctx.attr._tool[Where].at)], attrs = {"_tool": _TOOL})
"""
    made = workspace(
        "on_red", more='load(":defs.bzl", "outer", "runs")\nruns(name = "runs")\nouter(name = "outer")\n', defs=defs
    )
    made.one("//:outer")
    assert made.printed == ["on blue"]


def test_a_platform_may_say_what_to_do_where_no_toolchain_is_for_it() -> None:
    more = 'platform(name = "bare", missing_toolchain_error = "get one for bare")\n'
    made = workspace(more=more)
    bare = PlatformTargets(made.loader.target, LINUX.platform).with_platform(LINUX, label("bare"))
    with pytest.raises(SeveralErrors, match="get one for bare"):
        made.one("//:kind_user", bare)


def test_aspects_ask_for_platforms_of_their_own() -> None:
    made = workspace("on_red", "on_blue", more='asked(name = "a", deps = [":user"])\n')
    made.one("//:a")
    assert made.printed == ["user red []", "aspect blue"]


def test_actions_for_another_machine_are_declared_and_know_why_they_are() -> None:
    made = workspace("on_red", "on_mac", toolchains="blue_tc")
    found = spawns(made, "//:grouped")
    assert found["None"].elsewhere is None
    elsewhere = found["two"].elsewhere
    assert elsewhere is not None and elsewhere.platform == label("on_mac")
    assert [(value.name, here.name) for value, here in elsewhere.contradictions] == [
        ("macos", "linux"),
        ("aarch64", "x86_64"),
    ]
    assert elsewhere.reason == "it is the first execution platform with a toolchain of type `//:kind`"


def test_defaults_of_constraints_hold_for_this_machine() -> None:
    more = """
constraint_setting(name = "gpu", default_constraint_value = ":no_gpu")
constraint_value(name = "no_gpu", constraint_setting = ":gpu")
constraint_value(name = "some_gpu", constraint_setting = ":gpu")
platform(name = "plain", constraint_values = [":no_gpu"])
platform(name = "with_gpu", constraint_values = [":some_gpu"])
genrule(name = "g", outs = ["o"], cmd = "true")
"""
    [here] = spawns(workspace("plain", more=more), "//:g").values()
    [there] = spawns(workspace("with_gpu", more=more), "//:g").values()
    assert here.elsewhere is None
    assert there.elsewhere is not None and there.elsewhere.reason == "it is the first execution platform"


def test_tests_run_on_a_platform_like_the_one_they_are_built_for() -> None:
    more = """
run_test(name = "t_test")
run_test(name = "mac_test", exec_group_compatible_with = {"test": ["@platforms//os:macos"]})
"""
    made = workspace("on_mac", "on_red", more=more)
    plain, mac = made.analyze("//:t_test", "//:mac_test")
    assert plain[HowTested].elsewhere is None
    elsewhere = mac[HowTested].elsewhere
    assert elsewhere is not None and elsewhere.platform == label("on_mac")


@pytest.mark.parametrize("name", ["//:user", "//:asking", "//:itself", "//:served"])
def test_what_a_choice_depends_on_may_not_depend_on_the_choice(name: str) -> None:
    more = """
running_flag(name = "flag", build_setting_default = "x")
config_setting(name = "is_x", flag_values = {":flag": "x"})
platform(name = "picky", required_settings = [":is_x"])
constraint_value(name = "itself", constraint_setting = ":colour", exec_compatible_with = [":itself"])
user(name = "asking", exec_compatible_with = [":itself"])
kind_user(name = "served")
toolchain(name = "circular", toolchain = ":served", toolchain_type = ":kind")
"""
    made = workspace(*(["picky"] if name == "//:user" else []), toolchains="circular", more=more)
    problem = made.problems(name)
    assert "cycle in the dependency graph" in problem
    assert name in ("//:itself", "//:served") or "to choose where actions run" in problem


def test_a_choice_is_explained_to_whoever_asks() -> None:
    said: list[str] = []
    made = workspace(
        "on_red", "on_blue", toolchains="blue_tc", debugging=Debugging(re.compile("kind_user"), said.append)
    )
    made.analyze("//:kind_user", "//:user")
    assert said == [
        "ToolchainResolution: `//:kind_user` for target platform `@@platforms//host:host`:\n"
        "  execution platform `//:on_red` is not fit: has no toolchain of type `//:kind` "
        "(`//:blue_tc` needs `//:blue`, which `//:on_red` has not)\n"
        "  execution platform `@@platforms//host:host` is not fit: has no toolchain of type `//:kind` "
        "(`//:blue_tc` needs `//:blue`, which `@@platforms//host:host` has not)\n"
        "  `//:blue_tc` needs `//:blue`, which `//:on_red` has not\n"
        "  `//:blue_tc` needs `//:blue`, which `@@platforms//host:host` has not\n"
        "  `//:blue_tc` serves `//:kind` on `//:on_blue`\n"
        "  chosen: `//:on_blue`"
    ]


def test_what_is_registered_must_be_a_platform() -> None:
    assert "`//:tool` is a tool rule, not a platform" in workspace("tool").problems("//:user")
