from __future__ import annotations

from dataclasses import replace

import pytest

from venvship.errors import Place
from venvship.execution.unresumable import Unresumable
from venvship.model.label import Label, PackageId
from venvship.model.platform import PythonVersion
from venvship.modules.module_file import BazelDep, ExtensionUsage, ModuleFile, Registration, RepoRuleUsage, Tag
from venvship.modules.module_graph import Module, ModuleExtensionUsage, ModuleGraph, ModuleRepoRuleUsage
from venvship.modules.module_sources import AbsentSource, BuiltinSource, RootSource
from venvship.session.extensions import Extensions, LockProject, PackageOverride
from venvship.session.module_record import ModuleRecord

HERE, THERE = Place("MODULE.bazel", 1, 1), Place("MODULE.bazel", 7, 1)
TAG = Tag("hub", {"name": "pypi", "list": ("a", "b")}, HERE)
USAGE = ExtensionUsage("@py//:e.bzl", "uv", (TAG,), {"pypi": "pypi"}, HERE)
CALL = RepoRuleUsage("//:r.bzl", "r", "made", {"x": 1}, HERE)
ROOT = Module("", RootSource(), ModuleFile("us", "1", toolchains=(Registration("//t", HERE),)), {"": "", "py": "py"})
PY = Module("py", BuiltinSource("py"), ModuleFile("py", "0"), {"py": "py"})
NEW = Module("new", AbsentSource("new", "is not there"), ModuleFile("new"), {"new": "new"})


def graph(
    *modules: Module, usage: ExtensionUsage = USAGE, call: RepoRuleUsage = CALL, prefix: str | None = "py++uv+"
) -> ModuleGraph:
    return ModuleGraph(
        {one.canonical_name: one for one in modules},
        (ModuleExtensionUsage("", "@@py//:e.bzl%uv", usage, prefix),),
        (ModuleRepoRuleUsage("", call, "+r+made", "@@//:r.bzl"),),
    )


OLD = graph(ROOT, PY)


def record(now: ModuleGraph) -> ModuleRecord:
    return ModuleRecord.of(now, Extensions())


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
    assert ModuleRecord.unpacked(record(OLD).packed()).allows(record(now))


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
    assert not record(OLD).allows(record(now))


def test_extensions_that_are_built_in_count_for_what_they_come_to() -> None:
    old, now = (graph(one, PY, usage=replace(USAGE, tags=()), prefix=None) for one in (ROOT, root(version="2")))
    assert record(old).allows(record(now)) and record(old).version != record(now).version
    assert record(graph(ROOT, PY, prefix=None)).allows(record(now))
    assert not record(now).allows(record(graph(ROOT, PY)))
    more = graph(ROOT, PY, usage=replace(USAGE, imports={"pypi": "pypi", "else": "else"}), prefix=None)
    assert record(old).allows(record(more))


HUB = LockProject("pypi", Label.parse("//:uv.lock", relative_to=PackageId("", "")), HERE)
KNOWN = Extensions({"pypi": (HUB,)}, repositories=frozenset(["pypi", "pypi_six", "python_3_11"]))


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        (replace(KNOWN, hubs={"pypi": (replace(HUB, place=THERE),)}), True),
        (replace(KNOWN, hubs={"pypi": (HUB,), "more": (HUB,)}), True),
        (replace(KNOWN, repositories=frozenset(["pypi", "pypi_six", "python_3_11", "more"])), True),
        (replace(KNOWN, overrides=(PackageOverride("six", HERE, exclude_globs=("*",)),)), True),
        (replace(KNOWN, hubs={"pypi": (HUB,), "python_3_11": (HUB,)}), False),
        (replace(KNOWN, hubs={"pypi": (HUB,), "python": (HUB,)}), False),
        (replace(KNOWN, hubs={"pypi": (HUB, HUB)}), False),
        (replace(KNOWN, hubs={"pypi": (replace(HUB, build_dependencies=("x",)),)}), False),
        (replace(KNOWN, hubs={}), False),
        (replace(KNOWN, default_python=PythonVersion.parse("3.12")), False),
        (replace(KNOWN, tools=frozenset(["more"])), False),
    ],
)
def test_hubs_are_what_they_were_or_new(now: Extensions, allowed: bool) -> None:
    old = ModuleRecord.of(graph(ROOT, PY, prefix=None), KNOWN)
    assert old.allows(ModuleRecord.of(graph(ROOT, PY, prefix=None), now)) == allowed


def test_overrides_concern_their_distributions() -> None:
    def of(*overrides: PackageOverride) -> ModuleRecord:
        return ModuleRecord.of(OLD, replace(KNOWN, overrides=overrides))

    six, other = PackageOverride("six", HERE, exclude_globs=("*",)), PackageOverride("other", HERE, version="1")
    assert of(six, other).overridden(of(replace(six, place=THERE), other)) == []
    assert of(six, other).overridden(of(other)) == ["six"]
    assert of(six).overridden(of(replace(six, exclude_globs=()), other)) == ["other", "six"]
    assert of(six, replace(six, version="1")).overridden(of(replace(six, version="1"), six)) == ["six"]
    instead = replace(six, exclude_globs=(), target=HUB.lock)
    for old, now in ((of(six), of(instead)), (of(instead), of()), (of(instead), of(replace(instead, version="1")))):
        with pytest.raises(Unresumable):
            old.overridden(now)
