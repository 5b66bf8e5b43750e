"""Macros that check their arguments as rules do."""

from __future__ import annotations

import textwrap

import pytest
from analysis_workspace import AnalysisWorkspace

from venvship.loading.targets import RuleTarget
from venvship.model.label import Label, PackageId


def workspace(bzl: str, build: str) -> AnalysisWorkspace:
    return AnalysisWorkspace({"x.bzl": textwrap.dedent(bzl), "p/BUILD": 'load("//:x.bzl", "m")\n' + build, "BUILD": ""})


def shown(attrs: str, build: str) -> list[str]:
    made = workspace(
        f"def _m(name, visibility, **kwargs):\n    print(name, visibility, kwargs)\n"
        f"m = macro(implementation = _m, attrs = {{{attrs}}})\n",
        build,
    )
    made.loader.load(PackageId("", "p"))
    return made.printed


def test_an_implementation_gets_resolved_labels_and_defaults() -> None:
    attrs = (
        '"dep": attr.label(), "deps": attr.label_list(), "n": attr.int(default = 3), '
        '"_tool": attr.label(default = "//t:tool")'
    )
    assert shown(attrs, 'm(name = "a", dep = ":x", deps = ["y", "//q:z"], visibility = ["//visibility:public"])\n') == [
        'a ["//visibility:public"] {"dep": Label("@@//p:x"), "deps": [Label("@@//p:y"), Label("@@//q:z")], "n": 3, '
        '"_tool": Label("@@//t:tool")}'
    ]


def test_what_is_not_given_is_the_default_and_the_visibility_that_of_the_package() -> None:
    build = 'package(default_visibility = ["//visibility:public"])\nm(name = "a")\n'
    assert shown('"dep": attr.label(), "s": attr.string()', build) == [
        'a ["//visibility:public"] {"dep": None, "s": ""}'
    ]


def test_choices_pass_through() -> None:
    [text] = shown('"s": attr.string()', 'm(name = "a", s = select({"//conditions:default": "x"}))\n')
    assert "select({" in text


def test_targets_of_a_macro_belong_to_the_package_that_calls_it() -> None:
    made = workspace(
        """
        def _m(name, visibility, srcs):
            native.filegroup(name = name, srcs = srcs, visibility = visibility)
        m = macro(implementation = _m, attrs = {"srcs": attr.label_list(configurable = False)})
        """,
        'm(name = "a", srcs = [":b"])\nfilegroup(name = "b")\n',
    )
    target = made.loader.target(Label(PackageId("", "p"), "a"))
    assert isinstance(target, RuleTarget)
    assert target.attributes["srcs"] == (Label(PackageId("", "p"), "b"),)
    assert target.generator is not None


def test_inherited_attributes_are_none_when_they_are_not_given() -> None:
    made = workspace(
        """
        r = rule(lambda ctx: [], attrs = {"x": attr.string(default = "d"), "y": attr.int(mandatory = True)})
        def _m(name, visibility, x, tags, **kwargs):
            print(x, tags, kwargs["y"])
            r(name = name, x = x, tags = tags, **kwargs)
        m = macro(implementation = _m, inherit_attrs = r)
        """,
        'm(name = "a", y = 1, tags = ["t"])\n',
    )
    made.loader.load(PackageId("", "p"))
    assert made.printed == ['None ["t"] 1']


@pytest.mark.parametrize(
    ("definition", "call", "message"),
    [
        ("m = macro(implementation = 1)", "", "want 'function'"),
        ("m = macro(implementation = _m, inherit_attrs = 1)", "", "inherit_attrs takes"),
        ("m = macro(implementation = _m)", "m()", "mandatory attribute 'name'"),
        ("m = macro(implementation = _m)", 'm("a")', "positional"),
        ("m = macro(implementation = _m)", 'm(name = "a", nope = 1)', "no such attribute 'nope' in 'm' macro"),
        ("m = macro(implementation = _m, attrs = {'s': attr.string()})", 'm(name = "a", s = 1)', "p/BUILD:2"),
        ("m = macro(implementation = _m, attrs = {'s': attr.string(mandatory = True)})", 'm(name = "a")', "'s'"),
        ("m = macro(implementation = lambda name, visibility: 1)", 'm(name = "a")', "macros return nothing"),
    ],
)
def test_wrong_macros_and_calls_are_refused(definition: str, call: str, message: str) -> None:
    made = workspace(f"def _m(name, visibility, **kwargs):\n    pass\n{definition}\n", call)
    assert message in made.problems("//p:none")


def test_finalizers_run_when_everything_else_is_declared() -> None:
    made = workspace(
        """
        def _m(name, visibility, prefix):
            print([prefix + rule for rule in native.existing_rules()])
            native.filegroup(name = name)
        m = macro(implementation = _m, finalizer = True, attrs = {"prefix": attr.string(configurable = False)})
        """,
        'm(name = "last", prefix = "+")\nfilegroup(name = "first")\n',
    )
    package = made.loader.load(PackageId("", "p"))
    assert made.printed == ['["+first"]'] and "last" in package.targets


def test_finalizers_do_not_call_finalizers() -> None:
    made = workspace(
        """
        def _inner(name, visibility):
            pass
        inner = macro(implementation = _inner, finalizer = True)
        def _m(name, visibility):
            inner(name = name + "_x")
        m = macro(implementation = _m, finalizer = True)
        """,
        'm(name = "a")\n',
    )
    assert "finalizer macro 'inner' can't be called by another one" in made.problems("//p:none")


def test_attributes_are_inherited_from_native_rules_too() -> None:
    made = workspace(
        """
        def _m(name, visibility, **kwargs):
            print(sorted([one for one in kwargs if kwargs[one] != None]), "srcs" in kwargs, "cmd" in kwargs)
        m = macro(implementation = _m, inherit_attrs = native.genrule)
        """,
        'm(name = "a", outs = ["x"], tags = ["t"])\n',
    )
    made.loader.load(PackageId("", "p"))
    assert made.printed == ['["outs", "tags"] True True']


def test_what_a_macro_declares_may_need_what_is_private_to_its_file() -> None:
    macro = """
def _m(name, visibility):
    native.filegroup(name = name, srcs = ["//lib:hidden"])
m = macro(implementation = _m)
def plain(name):
    native.filegroup(name = name, srcs = ["//lib:hidden"])
"""
    build = 'load("//lib:x.bzl", "m", "plain")\nm(name = "a")\nplain(name = "b")\n'
    hidden = 'filegroup(name = "hidden")\n'
    made = AnalysisWorkspace({"lib/x.bzl": macro, "lib/BUILD": hidden, "p/BUILD": build, "BUILD": ""})
    assert made.problems("//p:a") == ""
    assert "target `//lib:hidden` is not visible from package `//p`" in made.problems("//p:b")
