"""Extensions that modules offer to others, and how their repositories see each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from module_registry import ModuleRegistry
from real_workspace import RealWorkspace

TEXT = 'filegroup(name = "text", srcs = ["text.txt"], visibility = ["//visibility:public"])'
EXTENSION = r'''
_BUILD = """
load("@{hub}//:names.bzl", "NAME")
filegroup(name = "text", srcs = ["text.txt"], visibility = ["//visibility:public"])
genrule(name = "named", outs = ["named.txt"], cmd = "echo " + NAME + " > $@", visibility = ["//visibility:public"])
"""

def _leaf(ctx):
    ctx.file("BUILD.bazel", _BUILD.format(hub = ctx.attr.hub))
    ctx.file("text.txt", ctx.attr.text)

leaf = repository_rule(implementation = _leaf, attrs = {"text": attr.string(), "hub": attr.string()})

def _hub(ctx):
    line = 'alias(name = "%s", actual = "@%s//:text", visibility = ["//visibility:public"])'
    ctx.file("BUILD.bazel", "\n".join([line % (name, name) for name in ctx.attr.names]))
    ctx.file("names.bzl", "NAME = %r" % ctx.original_name)

hub = repository_rule(implementation = _hub, attrs = {"names": attr.string_list()})

def _ext(ctx):
    names = {}
    ctx.file("scratch.txt", "scratch")
    if ctx.read("scratch.txt") != "scratch":
        fail("scratch")
    greeting = ctx.execute(["echo", "-n", "hi"]).stdout
    for module in ctx.modules:
        for tag in module.tags.leaf:
            dev = "dev " if ctx.is_dev_dependency(tag) else ""
            extra = ctx.read(tag.file) if tag.file else ""
            leaf(name = tag.name, text = greeting + " " + dev + (module.name or "root") + extra, hub = "hub")
            names[tag.name] = None
    hub(name = "hub", names = names.keys())

ext = module_extension(
    implementation = _ext,
    tag_classes = {"leaf": tag_class(attrs = {"name": attr.string(), "file": attr.label()})},
)
'''


@pytest.fixture
def registry(tmp_path: Path) -> ModuleRegistry:
    registry = ModuleRegistry(tmp_path / "registry")
    registry.add("maker", "1", {"BUILD.bazel": "", "ext.bzl": EXTENSION})
    registry.add(
        "user",
        "1",
        {
            "BUILD.bazel": 'alias(name = "mine", actual = "@u//:text", visibility = ["//visibility:public"])',
            "f.txt": "!",
        },
        deps='bazel_dep(name = "maker", version = "1", repo_name = "m")\n'
        'e = use_extension("@m//:ext.bzl", "ext")\ne.leaf(name = "u", file = "//:f.txt")\nuse_repo(e, "u")\n'
        'd = use_extension("@m//:ext.bzl", "ext", dev_dependency = True)\nd.leaf(name = "dev_of_user")\n',
    )
    return registry


def test_all_modules_share_one_run_of_an_extension(workspace: RealWorkspace, registry: ModuleRegistry) -> None:
    workspace.write(
        {
            "MODULE.bazel": 'bazel_dep(name = "maker", version = "1")\nbazel_dep(name = "user", version = "1")\n'
            'e = use_extension("@maker//:ext.bzl", "ext")\ne.leaf(name = "a")\nuse_repo(e, "a", "hub", theirs = "u")\n'
            'd = use_extension("@maker//:ext.bzl", "ext", dev_dependency = True)\n'
            'd.leaf(name = "d")\nuse_repo(d, "d")\n',
            "BUILD.bazel": 'genrule(name = "all", srcs = ["@a//:text", "@hub//:u", "@user//:mine", "@theirs//:text", '
            '"@d//:text", "@a//:named"], outs = ["all.txt"], '
            'cmd = "for f in $(SRCS); do cat $$f; echo; done > $@")',
        }
    )
    done = workspace.run("build", registry.flag, "//:all")
    assert done.code == 0, done.stderr
    text = (workspace.root / "venvship-bin/all.txt").read_text()
    assert text.split("\n") == ["hi root", "hi user!", "hi dev root", "hub", "", ""]
    query = workspace.run("query", registry.flag, "deps(//:all)")
    assert "@a//:text.txt" in query.stdout.splitlines()
    without = workspace.run("query", registry.flag, "--ignore_dev_dependency", "@d//:text")
    assert without.code != 0


def test_repositories_of_an_extension_can_be_replaced(workspace: RealWorkspace, registry: ModuleRegistry) -> None:
    workspace.write(
        {
            "MODULE.bazel": 'bazel_dep(name = "maker", version = "1")\n'
            'local = use_repo_rule("@bazel_tools//tools/build_defs/repo:local.bzl", "local_repository")\n'
            'local(name = "own", path = "own")\n'
            'e = use_extension("@maker//:ext.bzl", "ext")\ne.leaf(name = "a")\ne.leaf(name = "b")\n'
            'override_repo(e, a = "own")\nuse_repo(e, "a", "hub")\n',
            "own/MODULE.bazel": "",
            "own/BUILD.bazel": TEXT,
            "own/text.txt": "own",
            "BUILD.bazel": 'genrule(name = "all", srcs = ["@a//:text", "@hub//:a", "@hub//:b"], outs = ["all.txt"], '
            'cmd = "for f in $(SRCS); do cat $$f; echo; done > $@")',
        }
    )
    done = workspace.run("build", registry.flag, "//:all")
    assert done.code == 0, done.stderr
    assert (workspace.root / "venvship-bin/all.txt").read_text() == "own\nhi root\n"


def test_an_isolated_usage_has_repositories_of_its_own(workspace: RealWorkspace, registry: ModuleRegistry) -> None:
    workspace.write(
        {
            "MODULE.bazel": 'bazel_dep(name = "maker", version = "1")\n'
            'e = use_extension("@maker//:ext.bzl", "ext")\ne.leaf(name = "a")\nuse_repo(e, "a")\n'
            'i = use_extension("@maker//:ext.bzl", "ext", isolate = True)\n'
            'i.leaf(name = "a", file = "//:more.txt")\nuse_repo(i, b = "a")\n',
            "more.txt": " isolated",
            "BUILD.bazel": 'genrule(name = "all", srcs = ["@a//:text", "@b//:text"], outs = ["all.txt"], '
            'cmd = "for f in $(SRCS); do cat $$f; echo; done > $@")',
        }
    )
    done = workspace.run("build", registry.flag, "//:all")
    assert done.code == 0, done.stderr
    assert (workspace.root / "venvship-bin/all.txt").read_text() == "hi root\nhi root isolated\n"


def test_an_extension_that_needs_itself_is_a_cycle(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": 'e = use_extension("//:ext.bzl", "ext")\nuse_repo(e, "a")\n',
            "ext.bzl": 'load("@a//:x.bzl", "X")\ndef _impl(ctx):\n    pass\n'
            "ext = module_extension(implementation = _impl)\n",
            "BUILD.bazel": 'filegroup(name = "f", srcs = ["@a//:text"])',
        }
    )
    done = workspace.run("build", "//:f")
    assert done.code == 1
    assert "depend on each other in a cycle" in done.stderr
    assert "module extension //:ext.bzl%ext" in done.stderr


def test_what_is_not_needed_is_not_made(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": 'e = use_extension("//:ext.bzl", "ext")\nuse_repo(e, "a")\n',
            "ext.bzl": 'def _impl(ctx):\n    fail("never")\next = module_extension(implementation = _impl)\n',
            "BUILD.bazel": 'genrule(name = "f", outs = ["o"], cmd = "touch $@")',
        }
    )
    assert workspace.run("build", "//...").code == 0


FACTS = """
def _leaf(ctx):
    ctx.file("BUILD.bazel", 'exports_files(["seen.txt"])')
    ctx.file("seen.txt", ctx.attr.seen)
leaf = repository_rule(implementation = _leaf, attrs = {"seen": attr.string()})
def _ext(ctx):
    runs = ctx.facts.get("runs", 0) + 1
    leaf(name = "leaf", seen = "%d %s" % (runs, ctx.facts))
    return ctx.extension_metadata(reproducible = True, facts = FACTS)
ext = module_extension(implementation = _ext)
"""


def test_facts_of_an_extension_reach_its_next_run(workspace: RealWorkspace) -> None:
    def built(facts: str) -> str:
        workspace.write({"ext.bzl": FACTS.replace("FACTS", facts)})
        done = workspace.run("build", "//:copy")
        assert done.code == 0, done.stderr
        return (workspace.root / "venvship-bin/copy.txt").read_text()

    workspace.write(
        {
            "MODULE.bazel": 'ext = use_extension("//:ext.bzl", "ext")\nuse_repo(ext, "leaf")\n',
            "BUILD.bazel": 'genrule(name = "copy", srcs = ["@leaf//:seen.txt"], outs = ["copy.txt"], cmd = "cp $< $@")',
        }
    )
    first = '{"runs": runs, "list": [1, None, {"a": "b"}]}'
    assert built(first) == "1 {}"
    # Nothing asks for another run.
    assert built(first) == "1 {}"
    assert built("{}") == '2 {"runs": 1, "list": [1, None, {"a": "b"}]}'
    workspace.write({"ext.bzl": FACTS.replace("FACTS", '{"a": {1: 2}}')})
    refused = workspace.run("build", "//:copy")
    assert refused.code == 1 and "facts are dicts from strings, and one has the key 1" in refused.stderr
