"""Settings with several values, and which settings reach the programs that actions run."""

from __future__ import annotations

import pytest
from analysis_workspace import LINUX, AnalysisWorkspace

from venvship.analysis.build_settings import InvalidSetting, option_of_setting
from venvship.model.configuration import Configuration
from venvship.model.label import Label, PackageId

ROOT = PackageId("", "")
DEFS = """
Value = provider(fields = ["v"])
def _setting(ctx):
    return [Value(v = ctx.build_setting_value)]
flag = rule(_setting, build_setting = config.string(flag = True), attrs = {"scope": attr.string(default = "universal")})
often = rule(_setting, build_setting = config.string(flag = True, allow_multiple = True))
repeated = rule(_setting, build_setting = config.string_list(flag = True, repeatable = True))
words = rule(_setting, build_setting = config.string_set(flag = True))
def _more(settings, attr):
    found = settings["//:words"]
    print(type(found), sorted(found))
    return {"//:words": found | set(["z"])}
more = transition(implementation = _more, inputs = ["//:words"], outputs = ["//:words"])
def _shown(ctx):
    print(ctx.label.name, [type(d[Value].v) + " " + str(d[Value].v) for d in ctx.attr.of])
shown = rule(_shown, attrs = {"of": attr.label_list()})
with_more = rule(_shown, attrs = {"of": attr.label_list()}, cfg = more)
user = rule(lambda ctx: [], attrs = {"tool": attr.label(cfg = "exec")})
lists = rule(
    lambda ctx: print({k: [one.label.name for one in v] for k, v in ctx.attr.of.items()}, type(ctx.attr.of["b"])),
    attrs = {"of": attr.label_list_dict(allow_files = True)},
)
"""
BUILD = """
load(":defs.bzl", "flag", "lists", "often", "repeated", "shown", "user", "with_more", "words")
flag(name = "everywhere", build_setting_default = "d")
flag(name = "here", build_setting_default = "d", scope = "target")
often(name = "often", build_setting_default = "d")
repeated(name = "repeated", build_setting_default = ["d"])
words(name = "words", build_setting_default = set(["b", "a", "b"]))
shown(name = "every", of = [":often", ":repeated", ":words"])
with_more(name = "more", of = [":words"])
config_setting(name = "has_z", flag_values = {":words": "z"})
shown(name = "flags", of = [":everywhere", ":here"])
user(name = "user", tool = ":flags")
lists(name = "lists", of = {"a": [":words", "x.txt"], "b": [":often"]})
"""


@pytest.fixture
def made() -> AnalysisWorkspace:
    return AnalysisWorkspace({"defs.bzl": DEFS, "BUILD": BUILD, "x.txt": ""})


def given(made: AnalysisWorkspace, **values: tuple[str, ...]) -> Configuration:
    found = [
        option_of_setting(made.loader.target(Label(ROOT, name)), texts, ROOT, None) for name, texts in values.items()
    ]
    return LINUX.with_options(dict(found))


def test_some_settings_take_every_value_that_is_given(made: AnalysisWorkspace) -> None:
    made.one("//:every")
    made.one("//:every", given(made, often=("x", "y"), repeated=("1,2", "3"), words=("q,p,q",)))
    assert made.printed == [
        'every ["list [\\"d\\"]", "list [\\"d\\"]", "set set([\\"b\\", \\"a\\"])"]',
        'every ["list [\\"x\\", \\"y\\"]", "list [\\"1,2\\", \\"3\\"]", "set set([\\"q\\", \\"p\\"])"]',
    ]


def test_the_last_value_counts_for_the_others(made: AnalysisWorkspace) -> None:
    assert given(made, everywhere=("x", "d")) == LINUX


def test_transitions_see_sets_as_sets(made: AnalysisWorkspace) -> None:
    made.one("//:more")
    assert made.printed == ['set ["a", "b"]', 'more ["set set([\\"b\\", \\"a\\", \\"z\\"])"]']


def test_settings_reach_tools_unless_their_scope_is_the_target(made: AnalysisWorkspace) -> None:
    others = {"define:x": "1", "other": "2", "@@nowhere//:flag": '"3"'}
    configuration = given(made, everywhere=("new",), here=("new",)).with_options(others)
    made.one("//:user", configuration)
    assert made.printed == ['flags ["string new", "string d"]']
    [tool] = [one for one in made.analyzer.targets if one.label.name == "flags"]
    assert tool.key.configuration is not None
    assert dict(tool.key.configuration.options) == {"@@//:everywhere": '"new"', "define:x": "1"}


def test_a_dict_of_lists_of_labels_gives_targets(made: AnalysisWorkspace) -> None:
    made.one("//:lists")
    assert made.printed == ['{"a": ["words", "x.txt"], "b": ["often"]} list']


def test_what_is_no_setting_takes_no_value(made: AnalysisWorkspace) -> None:
    with pytest.raises(InvalidSetting, match="not a build setting"):
        given(made, every=("x",))
