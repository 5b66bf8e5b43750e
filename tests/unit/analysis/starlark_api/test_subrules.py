"""Subrules: parts of implementations with tools of their own."""

from __future__ import annotations

import pytest
from analysis_workspace import AnalysisWorkspace
from starlark_rules import names, ruled

_SUBRULE = """
def _inner(ctx, *, _one):
    return _one.label.name
inner = subrule(implementation = _inner, attrs = {"_one": attr.label(default = ":tool")})
def _part(ctx, name, *, suffix = "", _tool, _file, _several):
    out = ctx.actions.declare_file(name + suffix)
    ctx.actions.run(outputs = [out], executable = _tool, arguments = [out.path])
    print(ctx.label, type(_tool), _file.basename, [one.label.name for one in _several], inner())
    return out
part = subrule(implementation = _part, subrules = [inner], attrs = {
    "_tool": attr.label(default = ":tool", executable = True, cfg = "exec"),
    "_file": attr.label(default = ":a.txt", allow_single_file = True),
    "_several": attr.label_list(default = [":tool"]),
})
"""


def workspace(bzl: str) -> AnalysisWorkspace:
    build = 'exports_files(["a.txt"])\nsh_binary(name = "tool", srcs = ["b.sh"])\nr(name = "t")\n'
    return ruled(_SUBRULE + bzl, build, a_txt="", b_sh="")


def test_a_subrule_acts_for_the_rule_with_its_own_tools() -> None:
    made = workspace(
        """
def _r(ctx):
    return [DefaultInfo(files = depset([part("x", suffix = ".o"), part("y")]))]
r = rule(_r, subrules = [part])
"""
    )
    target = made.one("//:t")
    assert names(target) == ["x.o", "y"]
    assert made.printed == ['@@//:t FilesToRunProvider a.txt ["tool"] tool'] * 2


def test_an_aspect_may_call_one_too() -> None:
    made = workspace(
        """
A = provider()
def _a(target, ctx):
    return [A(out = part(target.label.name + ".o"))]
a = aspect(_a, subrules = [part])
r = rule(
    lambda ctx: print(ctx.attr._dep[A].out.basename),
    attrs = {"_dep": attr.label(default = ":tool", aspects = [a])},
)
"""
    )
    made.one("//:t")
    assert made.printed[-1] == "tool.o"


@pytest.mark.parametrize(
    ("bzl", "reason"),
    [
        ("r = rule(lambda ctx: [part('x')])", "rule 'r' must declare subrule `part` in 'subrules'"),
        ("r = rule(lambda ctx: [inner()], subrules = [part])", "must declare subrule `inner` in 'subrules'"),
        ("r = rule(lambda ctx: [part('x', _tool = 1)], subrules = [part])", "got invalid named argument: '_tool'"),
        ("part('x')", "an unnamed subrule can only be called from the implementation of a rule or an aspect"),
        ("subrule(implementation = _part, attrs = {'x': attr.label()})", "attributes of subrules must be private"),
        ("subrule(implementation = _part, attrs = {'_x': attr.label()})", "no default value specified"),
        ("subrule(implementation = _part, attrs = {'_x': attr.string(default = 'a')})", "only be label or label_list"),
        ("r = rule(lambda ctx: [], subrules = [1])", "at index 0 of subrules, got element of type int, want Subrule"),
    ],
)
def test_what_is_refused(bzl: str, reason: str) -> None:
    assert reason in workspace(bzl if bzl.startswith("r =") else f"{bzl}\nr = 1").problems("//:t")
