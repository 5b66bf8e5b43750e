"""`--aspects`: what it names, and what it may not."""

from __future__ import annotations

import pytest
from analysis_workspace import AnalysisWorkspace

from venvship.session.command_aspects import NoSuchAspect, command_aspects

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
