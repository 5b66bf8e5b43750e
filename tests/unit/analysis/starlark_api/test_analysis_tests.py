"""Tests that analysis decides: verdicts, expected failures, actions under the eyes of a test."""

from __future__ import annotations

import pytest
from analysis_workspace import AnalysisWorkspace
from starlark_rules import ruled

from venvship.analysis.failures import AnalysisFailureInfo

_RULES = """
A = provider(fields = ['x'])
def _r(ctx):
    if ctx.attr.problem:
        fail(ctx.attr.problem)
    return [A(x = 1)]
r = rule(_r, attrs = {"problem": attr.string(), "deps": attr.label_list(providers = [A])})
expecting = analysis_test_transition(settings = {"//command_line_option:allow_analysis_failures": "True"})
def _failure_test(ctx):
    causes = ctx.attr.target[0][AnalysisFailureInfo].causes.to_list()
    print([(str(one.label), one.message) for one in causes])
    return [AnalysisTestResultInfo(success = True, message = "")]
failure_test = rule(_failure_test, analysis_test = True, attrs = {"target": attr.label(cfg = expecting)})
def _retrieve(target, ctx):
    return [Seen(actions = target.actions)]
Seen = provider(fields = ["actions"])
retrieve = aspect(_retrieve)
def _made(ctx):
    out = ctx.actions.declare_file("out")
    ctx.actions.write(out, "text")
    ran = ctx.actions.declare_file("ran")
    args = ctx.actions.args()
    args.add("-x", out)
    ctx.actions.run(outputs = [ran], inputs = [out], executable = "/bin/true", arguments = [args], env = {"K": "v"})
    return [DefaultInfo(files = depset([out, ran]))]
made = rule(_made)
def _look(ctx):
    for a in ctx.attr.target[Seen].actions:
        inputs = [f.path[-3:] for f in a.inputs.to_list()]
        print(a.mnemonic, a.argv, a.content, a.env, inputs, a.outputs, a.substitutions)
    return [AnalysisTestResultInfo(success = False, message = "it is wrong")]
look_test = rule(_look, analysis_test = True, attrs = {"target": attr.label(aspects = [retrieve])})
def plain(name, target):
    testing.analysis_test(
        name = name,
        implementation = lambda ctx: [AnalysisTestResultInfo(success = ctx.attr.t[A].x == 1, message = "m")],
        attrs = {"t": attr.label()},
        attr_values = {"t": target},
    )
"""


def workspace(build: str) -> AnalysisWorkspace:
    load = 'load(":x.bzl", "failure_test", "look_test", "made", "plain")\n'
    return ruled(_RULES, load + build)


def test_a_failure_of_analysis_is_a_value_where_it_is_allowed() -> None:
    made = workspace(
        'failure_test(name = "t_test", target = ":top")\n'
        'r(name = "top", deps = [":bad"])\nr(name = "bad", problem = "on purpose")\n'
    )
    made.one("//:t_test")
    assert made.printed == ['[("@@//:bad", "on purpose")]']


def test_the_same_target_fails_as_ever_where_it_is_not() -> None:
    made = workspace('r(name = "bad", problem = "on purpose")\n')
    assert "on purpose" in made.problems("//:bad")


def test_a_target_without_failures_has_none() -> None:
    made = workspace('failure_test(name = "t_test", target = ":good")\nr(name = "good")\n')
    assert "doesn't contain declared provider 'AnalysisFailureInfo'" in made.problems("//:t_test")
    assert all(AnalysisFailureInfo not in target.providers for target in made.analyzer.targets)


def test_actions_are_seen_through_an_aspect() -> None:
    made = workspace('look_test(name = "t_test", target = ":made")\nmade(name = "made")\n')
    made.one("//:t_test")
    written, ran = made.printed
    assert written.startswith("FileWrite None text {} [] depset([<generated file out>]) None")
    assert ran.startswith('Action ["/bin/true", "-x", ')
    assert '{"K": "v"} ["out"]' in ran


def test_a_verdict_is_a_program_that_says_it() -> None:
    made = workspace('look_test(name = "t_test", target = ":made")\nmade(name = "made")\n')
    [action] = made.one("//:t_test").actions
    assert b"it is wrong" in action.content  # type: ignore[union-attr,operator]
    assert b"exit 1" in action.content  # type: ignore[union-attr,operator]


def test_a_test_may_be_declared_without_a_rule() -> None:
    made = workspace('plain(name = "p", target = ":good")\nr(name = "good")\n')
    [action] = made.one("//:p").actions
    assert b"exit 0" in action.content  # type: ignore[union-attr,operator]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        ('plain(name = "p", target = ":none")\n', "no such target `//:none`"),
        ('failure_test(name = "t_test", target = ":none")\n', "no such target `//:none`"),
    ],
)
def test_what_is_missing_is_missing_all_the_same(build: str, message: str) -> None:
    assert message in workspace(build).problems("//:p", "//:t_test")
