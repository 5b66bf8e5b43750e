from __future__ import annotations

from dataclasses import replace

import pytest

from venvship.errors import Place
from venvship.modules.module_file import BazelDep, ExtensionUsage, ModuleFile, Registration, RepoRuleUsage, Tag
from venvship.modules.module_graph import Module, ModuleExtensionUsage, ModuleGraph, ModuleRepoRuleUsage
from venvship.modules.module_sources import AbsentSource, BuiltinSource, RootSource
from venvship.session.module_record import ModuleRecord

HERE, THERE = Place("MODULE.bazel", 1, 1), Place("MODULE.bazel", 7, 1)
TAG = Tag("hub", {"name": "pypi", "list": ("a", "b")}, HERE)
USAGE = ExtensionUsage("@py//:e.bzl", "uv", (TAG,), {"pypi": "pypi"}, HERE)
CALL = RepoRuleUsage("//:r.bzl", "r", "made", {"x": 1}, HERE)
ROOT = Module("", RootSource(), ModuleFile("us", "1", toolchains=(Registration("//t", HERE),)), {"": "", "py": "py"})
PY = Module("py", BuiltinSource("py"), ModuleFile("py", "0"), {"py": "py"})
NEW = Module("new", AbsentSource("new", "is not there"), ModuleFile("new"), {"new": "new"})


def graph(*modules: Module, usage: ExtensionUsage = USAGE, call: RepoRuleUsage = CALL) -> ModuleGraph:
    return ModuleGraph(
        {one.canonical_name: one for one in modules},
        (ModuleExtensionUsage("", "@@py//:e.bzl%uv", usage),),
        (ModuleRepoRuleUsage("", call, "+r+made", "@@//:r.bzl"),),
    )


OLD = graph(ROOT, PY)


def root(**changes: object) -> Module:
    return Module("", ROOT.source, replace(ROOT.file, **changes), ROOT.mapping)  # type: ignore[arg-type]


def seeing(module: Module, **names: str) -> Module:
    return Module(module.canonical_name, module.source, module.file, {**module.mapping, **names})


@pytest.mark.parametrize(
    "now",
    [
        graph(ROOT, PY, NEW),
        graph(ROOT, NEW, PY),
        graph(seeing(ROOT, new="new", other="new"), PY, NEW),
        graph(root(deps=(BazelDep("py", "9", "py", False, THERE),)), PY),
        graph(root(toolchains=(Registration("//t", THERE),)), PY),
        graph(ROOT, PY, usage=replace(USAGE, place=THERE, tags=(replace(TAG, place=THERE),))),
    ],
)
def test_what_comes_to_the_same_is_allowed(now: ModuleGraph) -> None:
    assert ModuleRecord.unpacked(ModuleRecord.of(OLD).packed()).allows(ModuleRecord.of(now))


@pytest.mark.parametrize(
    "now",
    [
        graph(ROOT),
        graph(PY, ROOT),
        graph(seeing(ROOT, second="py"), PY),
        graph(seeing(ROOT, py="new"), PY, NEW),
        graph(seeing(ROOT, new=""), PY, NEW),
        graph(ROOT, seeing(PY, second="py")),
        graph(ROOT, Module("py", AbsentSource("py", "gone"), PY.file, PY.mapping)),
        graph(ROOT, Module("py", PY.source, ModuleFile("py", "1"), PY.mapping)),
        graph(root(version="2"), PY),
        graph(root(toolchains=()), PY),
        graph(root(execution_platforms=(Registration("//p", HERE),)), PY),
        graph(ROOT, PY, Module("new", NEW.source, ModuleFile(toolchains=(Registration("//t", HERE),)), NEW.mapping)),
        graph(ROOT, PY, usage=replace(USAGE, tags=())),
        graph(ROOT, PY, usage=replace(USAGE, tags=(replace(TAG, arguments={"name": "pypi", "list": ("b", "a")}),))),
        graph(ROOT, PY, usage=replace(USAGE, imports={"pypi": "other"})),
        graph(ROOT, PY, call=replace(CALL, arguments={"x": True})),
        replace(OLD, repo_rule_usages=()),
    ],
)
def test_what_a_build_may_see_is_not(now: ModuleGraph) -> None:
    assert not ModuleRecord.of(OLD).allows(ModuleRecord.of(now))
