"""Rules that extend others, functions that change what targets are given, and outputs that a function names."""

from __future__ import annotations

import pytest
from analysis_workspace import AnalysisWorkspace
from starlark_rules import names, ruled

_PARENT = """
I = provider()
def _parent(ctx):
    ctx.actions.write(ctx.outputs.o, "x") if ctx.outputs.o else None
    return [I(said = ctx.attr.a), DefaultInfo(files = depset([ctx.file._seen]))]
parent = rule(_parent, provides = [I], attrs = {
    "a": attr.string(mandatory = True),
    "deps": attr.label_list(),
    "o": attr.output(),
    "_seen": attr.label(default = ":f", allow_single_file = True),
})
"""


def workspace(bzl: str, build: str = 'r(name = "t", a = "1")\n') -> AnalysisWorkspace:
    return ruled(_PARENT + bzl, 'filegroup(name = "f", srcs = ["a.txt"])\n' + build, a_txt="")


def test_a_rule_returns_what_the_one_that_it_extends_returned() -> None:
    made = workspace(
        """
def _r(ctx):
    found = ctx.super()
    print(type(found), len(found), found[0].said, ctx.attr.b, ctx.file._seen.basename)
    return found
r = rule(_r, parent = parent, attrs = {"b": attr.string(default = "own")})
"""
    )
    target = made.one("//:t")
    assert made.printed == ["list 2 1 own a.txt"]
    assert names(target) == ["a.txt"] and target.kind == "r rule"


def test_rules_extend_rules_that_extend_rules() -> None:
    made = workspace(
        """
def _middle(ctx):
    return ctx.super() + [M(doubled = ctx.attr.a * 2)]
M = provider()
middle = rule(_middle, parent = parent)
def _r(ctx):
    print(ctx.super()[2].doubled)
    return []
r = rule(_r, parent = middle)
"""
    )
    assert "doesn't contain declared provider 'I'" in made.problems("//:t")
    assert made.printed == ["11"]


@pytest.mark.parametrize(
    ("bzl", "reason"),
    [
        ("r = rule(lambda ctx: [I()], parent = parent)", "'super' was not called"),
        ("r = rule(lambda ctx: ctx.super() + ctx.super(), parent = parent)", "'super' can only be called once"),
        ("r = rule(lambda ctx: ctx.super(), attrs = {'a': attr.string()})", "the rule has no parent"),
        ("r = rule(lambda ctx: ctx.super(), parent = 1)", "parent must be a rule of a .bzl file, not int"),
        (
            "closed = rule(lambda ctx: [], extendable = False)\nr = rule(lambda ctx: [], parent = closed)",
            "the rule 'rule' is not extendable",
        ),
        (
            "r = rule(lambda ctx: ctx.super(), parent = parent, attrs = {'a': attr.int()})",
            "attribute `a` is one of the extended rule",
        ),
        (
            "p = rule(lambda ctx: [], executable = True)\nr = rule(lambda ctx: [], parent = p, executable = False)",
            "a rule that extends an executable rule is executable",
        ),
    ],
)
def test_what_an_extending_rule_must_not_do(bzl: str, reason: str) -> None:
    assert reason in workspace(bzl).problems("//:t")


def test_an_attribute_of_labels_may_get_another_default() -> None:
    made = workspace(
        """
def _r(ctx):
    print([d.label.name for d in ctx.attr.deps])
    return ctx.super()
r = rule(_r, parent = parent, attrs = {"deps": attr.label_list(default = [":f"])})
"""
    )
    made.one("//:t")
    assert made.printed == ['["f"]']


def test_initializers_run_from_the_child_to_its_ancestors() -> None:
    made = workspace(
        """
def _first(name, a, b, **others):
    return {"a": a + b}
def _second(name, a, deps = None):
    return {"a": a + "!", "deps": deps + [":f"]}
def _impl(ctx):
    print(ctx.attr.a, ctx.attr.b if hasattr(ctx.attr, "b") else None, [d.label.name for d in ctx.attr.deps])
    return [I()]
base = rule(_impl, initializer = _second, attrs = {"a": attr.string(), "deps": attr.label_list()})
def _child(ctx):
    return ctx.super()
r = rule(_child, parent = base, initializer = _first, attrs = {"b": attr.string()})
""",
        'r(name = "t", a = "1", b = "2", deps = [":g"], tags = ["x"])\nfilegroup(name = "g")\n',
    )
    made.one("//:t")
    assert made.printed == ['12! 2 ["g", "f"]']


def test_an_initializer_sees_labels_and_choices() -> None:
    made = workspace(
        """
def _init(name, a, deps):
    print(type(deps), deps)
    return {"a": a}
r = rule(lambda ctx: print(ctx.attr.deps), initializer = _init, attrs = {"a": attr.string(), "deps": attr.label_list()})
""",
        'r(name = "t", a = "1", deps = select({"//conditions:default": [":f"]}))\n',
    )
    made.one("//:t")
    assert made.printed == [
        'select select({Label("@@//conditions:default"): [Label("@@//:f")]})',
        "[<target //:f>]",
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("{'nope': 1}", "it set 'nope', and 'r' has no such attribute"),
        ("{'tags': ['x']}", "it set 'tags', which every rule has"),
        ("{'_p': 'x'}", "it set '_p', which is private"),
        ("{'name': 'other'}", "can't change the name of a target"),
        ("{'a': 1}", "expected value of type 'string' for attribute 'a' in 'r' rule"),
        ("[]", "must return a dict or None, not list"),
    ],
)
def test_what_an_initializer_must_not_answer(answer: str, reason: str) -> None:
    made = workspace(
        f"r = rule(lambda ctx: [], initializer = lambda name, a: {answer}, "
        "attrs = {'a': attr.string(), '_p': attr.string()})\n"
    )
    assert reason in made.problems("//:t")


def test_a_function_may_name_the_outputs() -> None:
    made = workspace(
        """
def _outputs(name, a, deps):
    return {"first": name + "." + a, "second": "%{name}-%{a}.txt"}
def _r(ctx):
    ctx.actions.write(ctx.outputs.first, "")
    ctx.actions.write(ctx.outputs.second, "")
r = rule(_r, outputs = _outputs, attrs = {"a": attr.string(), "deps": attr.label_list()})
"""
    )
    assert names(made.one("//:t")) == ["t.1", "t-1.txt"]
    assert made.one("//:t-1.txt").kind == "generated file"


def test_a_function_that_names_outputs_knows_no_configuration() -> None:
    made = workspace(
        """
r = rule(lambda ctx: [], outputs = lambda a: {"x": a}, attrs = {"a": attr.string()})
""",
        'r(name = "t", a = select({"//conditions:default": "1"}))\n',
    )
    assert "'a' decides about names of outputs and can't be a select()" in made.problems("//:t")
