"""Functions that say where an aspect goes."""

from __future__ import annotations

import pytest
from analysis_workspace import AnalysisWorkspace
from starlark_rules import ruled

from venvship.model.label import Label, PackageId

_RULES = """
A = provider(fields = ["names"])
B = provider()

def _r(ctx):
    return []

r = rule(_r, attrs = {"deps": attr.label_list(), "more": attr.label_list(), "_tool": attr.label(default = "//:tool",
    cfg = "exec"), "mode": attr.string(default = "plain")})
tool = rule(_r)

def _a(target, ctx):
    attrs = ctx.rule.attr
    tools = [attrs._tool] if hasattr(attrs, "_tool") else []
    below = getattr(attrs, "deps", []) + getattr(attrs, "more", []) + tools
    return [A(names = [ctx.label.name] + [name for dep in below if A in dep for name in dep[A].names])]
"""
_TOP = """
def _t(ctx):
    for dep in ctx.attr.deps:
        print(dep[A].names if A in dep else "nothing")
    return []

t = rule(_t, attrs = {"deps": attr.label_list(aspects = [a]), "mode": attr.string(default = "plain")})
"""
_BUILD = """
load(":x.bzl", "t", "tool")
t(name = "t", deps = [":top"])
r(name = "top", deps = [":one"], more = [":two"])
r(name = "one", deps = [":three"], tags = ["quiet"], mode = "loud")
r(name = "two", deps = [":three"])
r(name = "three")
tool(name = "tool")
"""


def guided(functions: str, arguments: str, build: str = _BUILD) -> AnalysisWorkspace:
    """An aspect `a` that tells the targets it reaches, and a target `//:t` that has it on `//:top`."""
    return ruled(f"{_RULES}\n{functions}\na = aspect(_a, {arguments})\n{_TOP}", build)


def reached(functions: str, arguments: str, build: str = _BUILD) -> str:
    workspace = guided(functions, arguments, build)
    workspace.analyze("//:t")
    return workspace.printed[-1]


@pytest.mark.parametrize(
    ("function", "names"),
    [
        ("return ['deps', 'more']", '["top", "one", "three", "two", "three"]'),
        ("return ('more',) if ctx.rule.label.name == 'top' else []", '["top", "two"]'),
        ("return ['deps'] if ctx.rule.attr.mode.value == 'plain' else []", '["top", "one"]'),
        (
            "return [one for one in dir(ctx.rule.attr) if getattr(ctx.rule.attr, one).is_tool]",
            '["top", "tool"]',
        ),
        ("return ['more'] if ctx.rule.attr.deps.value == [Label('//:one')] else []", '["top", "two"]'),
        ("return ['deps'] if ctx.rule.attr._tool.value == Label('//:tool') else []", '["top", "one", "three"]'),
        (
            "return ['deps'] if ctx.rule.qualified_kind.rule_name == 'r' and "
            "ctx.rule.qualified_kind.file_label == Label('//:x.bzl') else []",
            '["top", "one", "three"]',
        ),
        ("return ['nope']", '["top"]'),
    ],
)
def test_a_function_names_the_attributes_of_each_target(function: str, names: str) -> None:
    assert reached(f"def _f(ctx):\n    {function}", "attr_aspects = _f") == names


def test_a_function_sees_what_a_select_comes_to() -> None:
    build = _BUILD.replace("more = [", "mode = select({'//conditions:default': 'chosen'}), more = [")
    function = "def _f(ctx):\n    return ['more'] if ctx.rule.attr.mode.value == 'chosen' else []"
    assert reached(function, "attr_aspects = _f", build) == '["top", "two"]'


@pytest.mark.parametrize(
    ("predicate", "names"),
    [
        ("return True", '["top", "one", "three", "two", "three"]'),
        ("return 'quiet' not in ctx.rule.attr.tags.value", '["top", "two", "three"]'),
        ("return ctx.rule.label != Label('//:two')", '["top", "one", "three"]'),
        ("return ctx.rule.qualified_kind.rule_name != 'r'", '"nothing"'),
    ],
)
def test_a_predicate_keeps_an_aspect_from_targets_and_from_what_lies_behind_them(predicate: str, names: str) -> None:
    arguments = "attr_aspects = ['*'], propagation_predicate = _p"
    predicate = f"def _p(ctx):\n    if ctx.rule.label.name == 'tool':\n        return False\n    {predicate}"
    assert reached(predicate, arguments) in (names, names.strip('"'))


def test_public_parameters_are_seen_and_private_ones_are_not() -> None:
    functions = "def _p(ctx):\n    print(dir(ctx.attr), ctx.attr.mode)\n    return True"
    arguments = (
        "propagation_predicate = _p, attrs = {'mode': attr.string(), '_x': attr.int(default = 1)}, attr_aspects = []"
    )
    workspace = guided(functions, arguments)
    workspace.analyze("//:t")
    assert workspace.printed[0] == '["mode"] plain'


def test_an_alias_is_asked_about_as_what_it_stands_for() -> None:
    build = _BUILD.replace('deps = [":one"]', 'deps = [":other"]') + 'alias(name = "other", actual = ":one")\n'
    functions = "def _p(ctx):\n    return ctx.rule.label.name in ('top', 'one')"
    assert reached(functions, "attr_aspects = ['deps'], propagation_predicate = _p", build) == '["top", "one"]'


def test_each_of_several_aspects_is_asked_for_itself() -> None:
    functions = """
def _b(target, ctx):
    return [B()]

def _not_two(ctx):
    return ctx.rule.label.name != "two"

b = aspect(_b, attr_aspects = ["deps", "more"], provides = [B], propagation_predicate = _not_two)

def _seen(target, ctx):
    print(ctx.label.name, B in target, len(ctx.aspect_ids))
    return []
"""
    bzl = f"{_RULES}\n{functions}\na = aspect(_seen, attr_aspects = ['*'], required_aspect_providers = [B])\n{_TOP}"
    workspace = ruled(bzl.replace("aspects = [a]", "aspects = [b, a]"), _BUILD)
    workspace.analyze("//:t")
    seen = set(workspace.printed)
    # What lies behind the refused target is reached with the other aspect along the way that was not refused.
    assert {"one True 2", "two False 1", "top True 2", "three True 2", "three False 1"} <= seen
    assert "two True 2" not in seen


def test_required_aspects_go_where_the_function_sends_the_one_that_requires_them() -> None:
    functions = """
def _b(target, ctx):
    return [B()]

b = aspect(_b)

def _f(ctx):
    return ["more"]

def _seen(target, ctx):
    print(ctx.label.name, B in target)
    return []
"""
    bzl = f"{_RULES}\n{functions}\na = aspect(_seen, attr_aspects = _f, requires = [b])\n{_TOP}"
    workspace = ruled(bzl, _BUILD)
    workspace.analyze("//:t")
    assert workspace.printed[:-1] == ["two True", "top True"]


_TOOLCHAINS = """
def _chain(ctx):
    return [platform_common.ToolchainInfo(word = ctx.label.name)]

chain = rule(_chain)
user = rule(_r, attrs = {"deps": attr.label_list()}, toolchains = ["//:kind", "//:other"])

def _seen(target, ctx):
    print(ctx.label.name)
    return []
"""
_TOOLCHAINS_BUILD = """
load(":x.bzl", "chain", "t", "tool", "user")
toolchain_type(name = "kind")
toolchain_type(name = "other")
chain(name = "impl")
chain(name = "more")
toolchain(name = "tc", toolchain = ":impl", toolchain_type = ":kind")
toolchain(name = "tc2", toolchain = ":more", toolchain_type = ":other")
tool(name = "tool")
user(name = "u")
t(name = "t", deps = [":u"])
"""


@pytest.mark.parametrize(
    ("functions", "argument", "names"),
    [
        ("", "['//:kind']", ["impl", "u"]),
        ("", "['*']", ["impl", "more", "u"]),
        ("def _f(ctx):\n    return ['//:other']", "_f", ["more", "u"]),
        ("def _f(ctx):\n    return [Label('//:kind')]", "_f", ["impl", "u"]),
        ("def _f(ctx):\n    return []", "_f", ["u"]),
    ],
)
def test_toolchains_are_named_by_lists_and_functions(functions: str, argument: str, names: list[str]) -> None:
    bzl = f"{_RULES}\n{_TOOLCHAINS}\n{functions}\na = aspect(_seen, toolchains_aspects = {argument})\n{_TOP}"
    registered = [Label(PackageId("", ""), name) for name in ("tc", "tc2")]
    workspace = AnalysisWorkspace({"x.bzl": bzl, "BUILD": _TOOLCHAINS_BUILD}, toolchains=registered)
    workspace.analyze("//:t")
    assert sorted(workspace.printed[:-1]) == names


@pytest.mark.parametrize(
    ("functions", "arguments", "message"),
    [
        ("def _f(ctx):\n    return ['*']", "attr_aspects = _f", "'*' is not allowed in 'attr_aspects' list"),
        ("def _f(ctx):\n    return [44]", "attr_aspects = _f", "at index 0 of attr_aspects, got element of type int"),
        ("def _f(ctx):\n    return 'deps'", "attr_aspects = _f", "attr_aspects must return a list, got string"),
        ("def _f(ctx):\n    return [1]", "toolchains_aspects = _f", "at index 0 of toolchains_aspects, got element of"),
        ("def _f(ctx):\n    return ['//:a:b']", "toolchains_aspects = _f", "at index 0 of toolchains_aspects: "),
        ("def _f(ctx):\n    return 1", "propagation_predicate = _f", "must return a bool, got int"),
        (
            "def _f(ctx):\n    return ctx.rule.attr.deps",
            "propagation_predicate = _f",
            "in propagation_predicate, which sees no attribute but `tags`, on target `//:top`, declared at BUILD:",
        ),
        ("def _f(ctx):\n    return ctx.attr._x", "attr_aspects = _f", "no field or method '_x'"),
        ("", "propagation_predicate = 1", "got value of type 'int', want 'function or NoneType'"),
        ("", "attr_aspects = 'deps'", "got value of type 'string', want 'sequence or function'"),
        ("", "attr_aspects = [1]", "at index 0 of attr_aspects, got element of type int, want string"),
        ("", "toolchains_aspects = None", "got value of type 'NoneType', want 'sequence or function'"),
    ],
)
def test_functions_that_do_not_answer_what_they_must_are_refused(functions: str, arguments: str, message: str) -> None:
    assert message in guided(functions, arguments).problems("//:t")
