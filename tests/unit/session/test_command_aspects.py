"""`--aspects`: what it names, and what it may not."""

from __future__ import annotations

import pytest
from analysis_workspace import LINUX, AnalysisWorkspace

from venvship.errors import VenvshipError
from venvship.model.label import Label, PackageId
from venvship.session.command_aspects import NoSuchAspect, NoSuchParameter, command_aspects, command_parameters

_FILES = {"BUILD": "", "x.bzl": "check = aspect(lambda target, ctx: [])\nother = 1\n"}


def test_aspects_are_found_by_file_and_name() -> None:
    workspace = AnalysisWorkspace(_FILES)
    [found] = command_aspects(["//:x.bzl%check"], workspace.loader, {"": ""})
    assert found.id == "//:x.bzl%check"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("//:x.bzl", "does not name an aspect"),
        ("//:x.bzl%chek", "did you mean `check`?"),
        ("//:x.bzl%other", "`//:x.bzl` defines no aspect `other`"),
    ],
)
def test_what_is_no_aspect_is_refused(text: str, message: str) -> None:
    with pytest.raises(NoSuchAspect) as caught:
        command_aspects([text], AnalysisWorkspace(_FILES).loader, {"": ""})
    assert message in str(caught.value)


_WITH_PARAMETERS = """
needed = aspect(lambda target, ctx: [], attrs = {"n": attr.int(default = 1, values = [1, 2])})
check = aspect(
    lambda target, ctx: print(ctx.attr.s, ctx.attr.b),
    attrs = {"s": attr.string(default = "d"), "b": attr.bool(), "_p": attr.string()},
    requires = [needed],
)
"""


def _checked(**texts: str) -> list[str]:
    made = AnalysisWorkspace({"BUILD": 'filegroup(name = "f")', "x.bzl": _WITH_PARAMETERS})
    aspects = command_aspects(["//:x.bzl%check"], made.loader, {"": ""})
    label = Label(PackageId("", ""), "f")
    made.analyzer.analyze([label], LINUX, aspects=aspects, parameters=command_parameters(aspects, texts))
    return made.printed


def test_the_command_line_gives_parameters() -> None:
    assert _checked() == ["d False"]
    assert _checked(s="x", b="true", n="2") == ["x True"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t", "1", "no aspect of `--aspects` has a parameter `t`"),
        ("_p", "1", "no aspect of `--aspects` has a parameter `_p`"),
        ("n", "one", "the parameter `n` is of type int and can't be `one`"),
        ("b", "maybe", "the parameter `b` is of type bool and can't be `maybe`"),
    ],
)
def test_mistaken_parameters_are_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(NoSuchParameter) as caught:
        _checked(**{name: text})
    assert message in str(caught.value)


def test_values_that_are_not_allowed_are_refused() -> None:
    with pytest.raises(VenvshipError, match="does not take 3, allowed are 1, 2"):
        _checked(n="3")
