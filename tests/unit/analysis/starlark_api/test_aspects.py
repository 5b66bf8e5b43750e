"""Aspects of `.bzl` files: where they go, what they see, what becomes of what they return."""

from __future__ import annotations

import textwrap

import pytest
from analysis_workspace import LINUX, AnalysisWorkspace
from starlark_rules import ruled

from venvship.loading.aspects import AspectDefinition
from venvship.model.label import Label, PackageId
from venvship.model.provider import OutputGroupInfo

_CHAIN = """
r(name = "top", deps = [":mid"])
r(name = "mid", deps = [":leaf"], tool = ":tool")
r(name = "leaf")
r(name = "tool")
"""


def aspected(aspects: str, attached: str = "[a]", build: str = _CHAIN, rules: str = "") -> AnalysisWorkspace:
    """Rules `r` without aspects, and `t`, whose `deps` have the aspects `attached`; `//:t` stands on `//:top`."""
    bzl = (
        "A = provider(fields = ['x'])\nB = provider(fields = ['x'])\n"
        "def _r(ctx):\n    return []\n"
        + textwrap.dedent(aspects)
        + "\nr = rule(_r, attrs = {'deps': attr.label_list(allow_files = True), 'tool': attr.label(), "
        "'mode': attr.string()})\n"
        "def _t(ctx):\n    for d in ctx.attr.deps:\n        print('sees', d.label.name, d[A].x if A in d else None, "
        "d[B].x if B in d else None)\n    return []\n"
        f"t = rule(_t, attrs = {{'deps': attr.label_list(allow_files = True, aspects = {attached}), "
        "'mode': attr.string()})\n" + textwrap.dedent(rules)
    )
    return ruled(
        bzl,
        'load(":x.bzl", "t")\nt(name = "t", deps = [":top"])\n' + textwrap.dedent(build),
        a_txt="",
    )


def printed(workspace: AnalysisWorkspace, *labels: str) -> list[str]:
    workspace.analyze(*(labels or ("//:t",)))
    return workspace.printed


def test_an_aspect_runs_along_the_attributes_it_names_and_dependencies_come_first() -> None:
    workspace = aspected(
        """
        def _a(target, ctx):
            below = [d[A].x for d in ctx.rule.attr.deps]
            print(target.label.name, ctx.rule.kind, ctx.label == target.label)
            return [A(x = [ctx.label.name] + [x for b in below for x in b])]
        a = aspect(_a, attr_aspects = ["deps"])
        """
    )
    assert printed(workspace) == [
        "leaf r True",
        "mid r True",
        "top r True",
        'sees top ["top", "mid", "leaf"] None',
    ]


def test_an_aspect_of_all_attributes_goes_everywhere_and_runs_once_for_each_target() -> None:
    workspace = aspected(
        """
        def _a(target, ctx):
            print(target.label.name)
            return []
        a = aspect(_a, attr_aspects = ["*"])
        """,
        build=_CHAIN + 't(name = "t2", deps = [":top", ":leaf"])\n',
    )
    seen = printed(workspace, "//:t", "//:t2")
    assert sorted(one for one in seen if not one.startswith("sees")) == ["leaf", "mid", "tool", "top"]


def test_parameters_come_from_the_rule_that_asks_and_each_value_is_a_run_of_its_own() -> None:
    workspace = aspected(
        """
        def _a(target, ctx):
            print(ctx.attr.mode, ctx.attr._private, target.label.name)
            return []
        a = aspect(_a, attrs = {"mode": attr.string(values = ["", "x"]), "_private": attr.int(default = 3)})
        """,
        build=_CHAIN + 't(name = "t2", deps = [":top"], mode = "x")\n',
    )
    assert [one for one in printed(workspace, "//:t", "//:t2") if "sees" not in one] == [" 3 top", "x 3 top"]


def test_a_parameter_out_of_its_values_is_refused_at_the_target_that_gives_it() -> None:
    workspace = aspected(
        "a = aspect(lambda target, ctx: [], attrs = {'mode': attr.string(values = ['x'], default = 'x')})",
        build=_CHAIN + 't(name = "t2", deps = [":top"], mode = "y")\n',
    )
    problem = workspace.problems("//:t2")
    assert "does not take 'y', allowed are 'x'" in problem
    assert problem.startswith("BUILD:")


def test_private_labels_of_aspects_are_targets_and_files() -> None:
    workspace = aspected(
        """
        def _a(target, ctx):
            print(ctx.attr._f.label.name, ctx.file._f.path, [f.path for f in ctx.files._f])
            return []
        a = aspect(_a, attrs = {"_f": attr.label(default = "//:a.txt", allow_single_file = True)})
        """,
        build=_CHAIN + 'exports_files(["a.txt"])\n',
    )
    assert printed(workspace)[0] == 'a.txt a.txt ["a.txt"]'


def test_required_providers_limit_an_aspect_to_rules_that_promise_them() -> None:
    workspace = aspected(
        """
        def _p(ctx):
            return [B(x = 1)]
        p = rule(_p, provides = [B], attrs = {"deps": attr.label_list()})
        def _a(target, ctx):
            print(target.label.name)
            return []
        a = aspect(_a, attr_aspects = ["deps"], required_providers = [B])
        """,
        build='load(":x.bzl", "p")\np(name = "top", deps = [":mid"])\nr(name = "mid", deps = [":leaf"])\n'
        'p(name = "leaf")',
    )
    assert printed(workspace) == ["top", "sees top None 1"]


def test_an_aspect_sees_those_whose_providers_it_requires() -> None:
    workspace = aspected(
        """
        def _b(target, ctx):
            return [B(x = 'b of ' + ctx.label.name)]
        b = aspect(_b, attr_aspects = ["deps"], provides = [B])
        def _a(target, ctx):
            return [A(x = (target[B].x, [d[B].x for d in ctx.rule.attr.deps], ctx.aspect_ids))]
        a = aspect(_a, attr_aspects = ["deps"], required_aspect_providers = [B])
        """,
        attached="[b, a]",
    )
    ids = '["//:x.bzl%b", "//:x.bzl%a"]'
    assert printed(workspace) == [f'sees top ("b of top", ["b of mid"], {ids}) b of top']


def test_an_aspect_brings_those_it_requires_and_does_not_see_others() -> None:
    workspace = aspected(
        """
        def _b(target, ctx):
            return [B(x = 'b')]
        b = aspect(_b)
        def _a(target, ctx):
            return [A(x = [B in target] + [B in d for d in ctx.rule.attr.deps])]
        a = aspect(_a, attr_aspects = ["deps"], requires = [b])
        """,
    )
    assert printed(workspace) == ["sees top [True, True] b"]
    blind = aspected(
        """
        def _b(target, ctx):
            return [B(x = 'b')]
        b = aspect(_b)
        def _a(target, ctx):
            return [A(x = B in target)]
        a = aspect(_a)
        """,
        attached="[b, a]",
    )
    assert printed(blind) == ["sees top False b"]


def test_attributes_with_aspects_add_them_on_the_way() -> None:
    workspace = aspected(
        """
        def _b(target, ctx):
            return [B(x = 'b of ' + ctx.label.name)]
        b = aspect(_b)
        q = rule(_r, attrs = {"deps": attr.label_list(aspects = [b])})
        def _a(target, ctx):
            return [A(x = [d[B].x for d in ctx.rule.attr.deps])]
        a = aspect(_a, attr_aspects = ["deps"], required_aspect_providers = [B])
        """,
        build='load(":x.bzl", "q")\nq(name = "top", deps = [":leaf"])\nr(name = "leaf")',
    )
    assert printed(workspace) == ['sees top ["b of leaf"] None']


def test_a_provider_that_the_target_has_already_is_provided_twice() -> None:
    workspace = aspected(
        """
        def _p(ctx):
            return [A(x = 1)]
        p = rule(_p)
        def _a(target, ctx):
            return [A(x = 2)]
        a = aspect(_a)
        """,
        build='load(":x.bzl", "p")\np(name = "top")',
    )
    assert "Provider A provided twice" in workspace.problems("//:t")


def test_output_groups_of_aspects_join_those_of_the_target() -> None:
    workspace = aspected(
        """
        def _a(target, ctx):
            f = ctx.actions.declare_file(ctx.label.name + ".a")
            ctx.actions.write(f, "x")
            below = [d[OutputGroupInfo].made for d in ctx.rule.attr.deps]
            return [OutputGroupInfo(made = depset([f], transitive = below))]
        a = aspect(_a, attr_aspects = ["deps"])
        def _s(ctx):
            print([f.short_path for f in ctx.attr.dep[OutputGroupInfo].made.to_list()])
            return []
        s = rule(_s, attrs = {"dep": attr.label(aspects = [a])})
        """,
        build=_CHAIN + 'load(":x.bzl", "s")\ns(name = "s", dep = ":top")',
    )
    assert printed(workspace, "//:s") == ['["leaf.a", "mid.a", "top.a"]']


def test_actions_of_aspects_are_found_by_their_outputs() -> None:
    workspace = aspected(
        """
        def _a(target, ctx):
            f = ctx.actions.declare_file(ctx.label.name + ".a")
            ctx.actions.write(f, "of " + ctx.label.name)
            return [OutputGroupInfo(made = depset([f]))]
        a = aspect(_a)
        """
    )
    target = workspace.one("//:t")
    graph = workspace.graph()
    made = [action for one in workspace.analyzer.targets for action in one.actions]
    assert [str(action.owner) for action in made] == ["//:top"]
    assert all(graph.generating(output) is action for action in made for output in action.outputs)
    assert "made" not in target[OutputGroupInfo].groups


def test_the_command_line_runs_aspects_on_what_it_names() -> None:
    workspace = aspected(
        """
        def _a(target, ctx):
            f = ctx.actions.declare_file(ctx.label.name + ".a")
            ctx.actions.write(f, "x")
            return [A(x = 1), OutputGroupInfo(made = depset([f]))]
        a = aspect(_a)
        """
    )
    definition = workspace.loader.bzl.load(Label(PackageId("", ""), "x.bzl")).exports["a"]
    assert isinstance(definition, AspectDefinition)
    [target] = workspace.analyzer.analyze([Label(PackageId("", ""), "top")], LINUX, aspects=[definition])
    assert [file.path for file in target[OutputGroupInfo].groups["made"].to_tuple()] == ["top.a"]


def test_an_alias_passes_an_aspect_on_and_files_have_none() -> None:
    workspace = aspected(
        """
        def _a(target, ctx):
            return [A(x = ctx.label.name)]
        a = aspect(_a, attr_aspects = ["*"])
        """,
        build='alias(name = "top", actual = ":real")\nr(name = "real", deps = ["a.txt"])\n'
        't(name = "t3", deps = ["a.txt", ":top"])',
    )
    assert printed(workspace, "//:t", "//:t3") == [
        "sees real real None",
        "sees a.txt None None",
        "sees real real None",
    ]


def test_what_fails_in_an_aspect_is_told_with_its_calls_and_its_target() -> None:
    workspace = aspected(
        """
        def _deep():
            fail("no")
        def _a(target, ctx):
            _deep()
        a = aspect(_a, attr_aspects = ["deps"])
        """
    )
    problem = workspace.problems("//:t")
    assert "no" in problem and "in _deep" in problem
    assert "in aspect `a` on target `//:leaf`, declared at BUILD:" in problem
    assert "needed by `//:mid`" in problem


def test_toolchains_and_the_rule_beneath_are_seen() -> None:
    workspace = aspected(
        """
        def _a(target, ctx):
            print(hasattr(ctx, "rule"), hasattr(ctx.attr, "tags"), ctx.rule.attr.tags, ctx.rule.files.deps)
            return []
        a = aspect(_a)
        """,
        build='r(name = "top", tags = ["x"], deps = ["a.txt"])',
    )
    assert printed(workspace)[0] == 'True False ["x"] [<source file a.txt>]'


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("a = aspect(1)", "want 'function'"),
        ("a = aspect(_r, attrs = {'x': attr.label()})", "must start with '_'"),
        ("a = aspect(_r, attrs = {'_x': attr.label()})", "has no default value"),
        ("a = aspect(_r, requires = [1])", "want Aspect"),
        ("a = 1", "want Aspect"),
        ("a = aspect(lambda target, ctx: 1)", "aspect 'a' should return"),
        ("a = aspect(lambda target, ctx: [DefaultInfo()])", "returned a DefaultInfo"),
        ("a = aspect(lambda target, ctx: [], provides = [A])", "aspect 'a' doesn't contain declared provider 'A'"),
        ("a = aspect(lambda target, ctx: ctx.actions.declare_file('f') and [])", "no generating action"),
        ("a = aspect(lambda target, ctx: [], attrs = {'z': attr.string(mandatory = True)})", "specify attribute 'z'"),
    ],
)
def test_wrong_aspects_are_refused(code: str, message: str) -> None:
    assert message in aspected(code).problems("//:t")
