"""Workspaces whose rules are written in Starlark, for tests of what such rules can do."""

from __future__ import annotations

import textwrap

from analysis_workspace import AnalysisWorkspace, outputs

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.model.action import Action, Spawn, WriteFile
from venvship.model.paths import TreePath


def ruled(bzl: str, build: str, **files: str) -> AnalysisWorkspace:
    """A workspace with `x.bzl` and a BUILD file that loads `r` from it; further files by name, `_` for `.`."""
    load = 'load(":x.bzl", "r")\n'
    more = {name.replace("_", "."): text for name, text in files.items()}
    return AnalysisWorkspace({"x.bzl": textwrap.dedent(bzl), "BUILD": load + textwrap.dedent(build), **more})


def implemented(body: str, attrs: str = "", more: str = "", target: str = "") -> AnalysisWorkspace:
    """A target `//:t` of a rule whose implementation has this body."""
    code = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return ruled(
        f"A = provider(fields = ['x'])\nB = provider()\ndef _impl(ctx):\n{code}\n"
        f"r = rule(_impl, attrs = {{{attrs}}}{', ' + more if more else ''})\n",
        f'filegroup(name = "f", srcs = ["a.txt"])\nr(name = "t"{", " + target if target else ""})\n',
        a_txt="",
        b_txt="",
    )


def printed(body: str, attrs: str = "", more: str = "", target: str = "") -> list[str]:
    """What an implementation with this body prints."""
    workspace = implemented(body, attrs, more, target)
    workspace.one("//:t")
    return workspace.printed


def problem(body: str, attrs: str = "", more: str = "", target: str = "") -> str:
    """What is said about a target of a rule whose implementation has this body."""
    return implemented(body, attrs, more, target).problems("//:t")


def actions_of(body: str, attrs: str = "", more: str = "", target: str = "") -> dict[str, Action]:
    """The actions that an implementation declares, by the name of each output."""
    workspace = implemented(body, attrs, more, target)
    made = outputs(workspace.one("//:t").actions)
    return {path.rpartition("/bin/")[2]: action for path, action in made.items()}


def written(action: Action, files: tuple[str, ...] = ()) -> str:
    """The text that an action writes, when every directory holds `files`."""
    assert isinstance(action, WriteFile)
    if isinstance(action.content, bytes):
        return action.content.decode()
    return action.content.expand(lambda directory: tuple(map(TreePath, files))).decode()


def argv(action: Action, files: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The arguments of an action, when every directory holds `files`."""
    assert isinstance(action, Spawn)
    if isinstance(action.argv, tuple):
        return action.argv
    return action.argv.expand(lambda directory: tuple(map(TreePath, files))).argv


def names(target: ConfiguredTarget) -> list[str]:
    """The names of the default outputs."""
    return [file.path for file in target.default_info.files.to_tuple()]
