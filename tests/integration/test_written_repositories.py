"""Repository rules and module extensions of `.bzl` files, through the real command."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from module_registry import integrity, tar_bytes, zip_bytes
from real_workspace import RealWorkspace

TEXT = 'filegroup(name = "text", srcs = ["text.txt"], visibility = ["//visibility:public"])\n'
HTTP = "@bazel_tools//tools/build_defs/repo:http.bzl"
RULES = r'''
_BUILD = """
filegroup(name = "text", srcs = ["text.txt"], visibility = ["//visibility:public"])
exports_files(["text.txt"])
"""

def _text(ctx):
    print("making", ctx.original_name)
    ctx.file("BUILD.bazel", _BUILD)
    more = ctx.read(ctx.attr.file) if ctx.attr.file else ""
    ctx.file("text.txt", ctx.attr.text + (ctx.getenv("FLAVOUR") or "") + more)

text_repository = repository_rule(
    implementation = _text,
    attrs = {"text": attr.string(mandatory = True), "file": attr.label()},
)

def _texts(ctx):
    print("extension", [(m.name, m.version, m.is_root) for m in ctx.modules])
    for module in ctx.modules:
        for tag in module.tags.text:
            text_repository(name = tag.name, text = tag.text, file = tag.file)
    return ctx.extension_metadata(reproducible = True)

texts = module_extension(
    implementation = _texts,
    tag_classes = {
        "text": tag_class(attrs = {"name": attr.string(mandatory = True), "text": attr.string(), "file": attr.label()}),
    },
)
'''


def copying(*repositories: str) -> str:
    return "\n".join(
        f'genrule(name = "copy_{name}", srcs = ["@{name}//:text"], outs = ["{name}.txt"], cmd = "cat $(SRCS) > $@")'
        for name in repositories
    )


def copied(workspace: RealWorkspace, name: str) -> str:
    return (workspace.root / f"venvship-bin/{name}.txt").read_text()


def test_an_extension_makes_what_is_needed_and_keeps_it(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": 'module(name = "shop", version = "3")\n'
            't = use_extension("//tools:rules.bzl", "texts")\n'
            't.text(name = "a", text = "A")\nt.text(name = "b", text = "B", file = "//:more.txt")\n'
            'use_repo(t, "b", first = "a")\n',
            "tools/BUILD.bazel": "",
            "tools/rules.bzl": RULES,
            "more.txt": "!",
            "BUILD.bazel": copying("first", "b"),
        }
    )
    one = workspace.run("build", "//:copy_first")
    assert one.code == 0, one.stderr
    assert copied(workspace, "first") == "A"
    assert 'extension [("shop", "3", True)]' in one.stderr
    assert "making a" in one.stderr and "making b" not in one.stderr
    both = workspace.run("build", "//...")
    assert both.code == 0, both.stderr
    assert copied(workspace, "b") == "B!"
    assert "making a" not in both.stderr and "making b" in both.stderr
    assert "extension" not in both.stderr
    assert "making" not in workspace.run("build", "//...").stderr
    workspace.write({"MODULE.bazel": (workspace.root / "MODULE.bazel").read_text().replace('"B"', '"BB"')})
    changed = workspace.run("build", "//...")
    assert "extension" in changed.stderr and "making b" in changed.stderr and "making a" not in changed.stderr
    assert copied(workspace, "b") == "BB!"


def test_a_repository_is_made_again_when_what_it_read_changes(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": 'text = use_repo_rule("//:rules.bzl", "text_repository")\n'
            'text(name = "a", text = "A", file = "//:more.txt")\n',
            "rules.bzl": RULES,
            "more.txt": "1",
            "BUILD.bazel": copying("a"),
        }
    )
    assert workspace.run("build", "//:copy_a").code == 0
    assert copied(workspace, "a") == "A1"
    workspace.write({"more.txt": "2"})
    assert "making a" in workspace.run("build", "//:copy_a").stderr
    assert copied(workspace, "a") == "A2"
    assert "making a" in workspace.run("build", "--repo_env=FLAVOUR=x", "//:copy_a").stderr
    assert copied(workspace, "a") == "Ax2"
    assert "making a" not in workspace.run("build", "--repo_env=FLAVOUR=x", "//:copy_a").stderr
    workspace.write({"rules.bzl": RULES.replace('print("making"', 'print("anew"')})
    assert "anew a" in workspace.run("build", "--repo_env=FLAVOUR=x", "//:copy_a").stderr


def test_rules_of_bazel_fetch_archives_and_files(workspace: RealWorkspace, tmp_path: Path) -> None:
    archive, tool = tmp_path / "data.tar.gz", tmp_path / "tool.sh"
    archive.write_bytes(tar_bytes({"data-1/text.txt": "old\n"}))
    tool.write_text("#!/bin/sh\necho tool\n")
    packed = tmp_path / "z.zip"
    packed.write_bytes(zip_bytes({"text.txt": "zip"}))
    workspace.write(
        {
            "MODULE.bazel": f'http_archive = use_repo_rule("{HTTP}", "http_archive")\n'
            f'http_file = use_repo_rule("{HTTP}", "http_file")\n'
            f'http_jar = use_repo_rule("{HTTP}", "http_jar")\n'
            f'http_archive(name = "data", urls = ["file:///nowhere/x.tar.gz", "{archive.as_uri()}"], '
            f'integrity = "{integrity(archive.read_bytes(), "sha384")}", strip_prefix = "data-1", '
            'build_file = "//:data.BUILD", patches = ["//:data.patch"], patch_args = ["-p1"], '
            'patch_cmds = ["echo more >> text.txt"])\n'
            f'http_archive(name = "packed", url = "{packed.as_uri()}", '
            f'build_file_content = "filegroup(name = \\"text\\", srcs = [\\"text.txt\\"], '
            'visibility = [\\"//visibility:public\\"])")\n'
            f'http_file(name = "tool", url = "{tool.as_uri()}", executable = True, '
            f'sha256 = "{hashlib.sha256(tool.read_bytes()).hexdigest()}")\n'
            f'http_jar(name = "jar", url = "{packed.as_uri()}")\n',
            "data.BUILD": TEXT,
            "data.patch": "--- a/text.txt\n+++ b/text.txt\n@@ -1 +1 @@\n-old\n+new\n",
            "BUILD.bazel": copying("data", "packed")
            + '\ngenrule(name = "run", tools = ["@tool//file"], outs = ["run.txt"], '
            'cmd = "$(location @tool//file) > $@")\n'
            'genrule(name = "jar", srcs = ["@jar//jar:file"], outs = ["a.jar"], cmd = "cp $< $@")\n',
        }
    )
    done = workspace.run("build", "//...")
    assert done.code == 0, done.stderr
    assert copied(workspace, "data") == "new\nmore\n"
    assert copied(workspace, "packed") == "zip"
    assert copied(workspace, "run") == "tool\n"
    assert (workspace.root / "venvship-bin/a.jar").read_bytes() == packed.read_bytes()


def test_local_and_git_repositories(workspace: RealWorkspace, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.mkdir()
    (local / "BUILD.bazel").write_text(TEXT)
    (local / "text.txt").write_text("one")
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "text.txt").write_text("bare")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "x")):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.invalid")
        subprocess.run(["git", *identity, *arguments], cwd=local, check=True)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=local, check=True, capture_output=True, text=True
    ).stdout.strip()
    where = "@bazel_tools//tools/build_defs/repo"
    workspace.write(
        {
            "MODULE.bazel": f'local = use_repo_rule("{where}:local.bzl", "local_repository")\n'
            f'bare = use_repo_rule("{where}:local.bzl", "new_local_repository")\n'
            f'git = use_repo_rule("{where}:git.bzl", "git_repository")\n'
            f'local(name = "local", path = "../local")\n'
            f'bare(name = "bare", path = "{bare}", build_file = "//:bare.BUILD")\n'
            f'new_git = use_repo_rule("{where}:git.bzl", "new_git_repository")\n'
            f'git(name = "commit", remote = "{local.as_uri()}", commit = "{commit}")\n'
            f'new_git(name = "new", remote = "{local.as_uri()}", commit = "{commit}", build_file = "//:new.BUILD")\n',
            "bare.BUILD": TEXT,
            "new.BUILD": TEXT.replace('"text"', '"other"'),
            "BUILD.bazel": copying("local", "bare", "commit")
            + '\ngenrule(name = "copy_new", srcs = ["@new//:other"], outs = ["new.txt"], cmd = "cat $(SRCS) > $@")\n',
        }
    )
    done = workspace.run("build", "//...")
    assert done.code == 0, done.stderr
    assert [copied(workspace, name) for name in ("local", "bare", "commit", "new")] == ["one", "bare", "one", "one"]
    (local / "text.txt").write_text("two")
    assert workspace.run("build", "//...").code == 0
    assert [copied(workspace, name) for name in ("local", "bare", "commit")] == ["two", "bare", "one"]


def test_a_wrong_checksum_is_an_error_of_the_repository(workspace: RealWorkspace, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    workspace.write(
        {
            "MODULE.bazel": f'http_file = use_repo_rule("{HTTP}", "http_file")\n'
            f'http_file(name = "f", url = "{(tmp_path / "f").as_uri()}", sha256 = "{"0" * 64}")\n',
            "BUILD.bazel": 'genrule(name = "g", srcs = ["@f//file"], outs = ["o"], cmd = "cp $< $@")',
        }
    )
    done = workspace.run("build", "//:g")
    assert done.code == 1
    assert "is not the file that was asked for" in done.stderr
    assert "while making repository `@@+http_file+f`, asked for at MODULE.bazel:2:10" in done.stderr


OPERATIONS = r"""
def _check(what, condition):
    if not condition:
        fail(what)

def _operations(ctx):
    _check("os", ctx.os.name in ("linux", "mac os x") and "PATH" in ctx.os.environ)
    ctx.file("BUILD.bazel", 'filegroup(name = "text", srcs = ["kept/link.txt"], visibility = ["//visibility:public"])')
    ctx.template("text.txt", Label("//:t.tpl"), substitutions = {"%{x}": "y"}, executable = False)
    path = ctx.path("text.txt")
    _check("path", path.basename == "text.txt" and path.exists and not path.is_dir and path.dirname == ctx.path("."))
    _check("readdir", sorted([p.basename for p in ctx.path(".").readdir()]) == ["BUILD.bazel", "text.txt"])
    _check("child", str(ctx.path("a").get_child("b", "c")) == str(ctx.path("a/b/c")))
    ctx.symlink("text.txt", "deep/link.txt")
    _check("link", ctx.path("deep/link.txt").realpath == path.realpath)
    _check("read", ctx.read("deep/link.txt") == ctx.read(path))
    _check("delete", ctx.delete("deep") and not ctx.delete("deep"))
    ctx.symlink("text.txt", "kept/link.txt")
    sh = ctx.which("sh")
    _check("which", sh != None and ctx.which("no-such-program-at-all") == None)
    script = "echo out; echo err >&2; echo $V; pwd; exit 3"
    result = ctx.execute([sh, "-c", script], environment = {"V": "v"}, working_directory = ".")
    _check("execute", result.return_code == 3 and result.stderr == "err\n" and result.stdout.startswith("out\nv\n"))
    _check("timeout", ctx.execute(["sleep", "60"], timeout = 1).return_code == 256)
    _check("missing", ctx.execute(["/no/such/program"]).return_code == 127)
    got = ctx.download(ctx.attr.url, "got.txt", allow_fail = True)
    _check("download", got.success and len(got.sha256) == 64 and got.integrity.startswith("sha256-"))
    _check("fail", not ctx.download("file:///no/such/file", "x", allow_fail = True).success)
    pending = ctx.download(ctx.attr.url, "later.txt", block = False)
    _check("wait", pending.wait().success)
    ctx.rename("got.txt", "moved/got.txt")
    ctx.file("p.patch", "--- a/moved/got.txt\n+++ b/moved/got.txt\n@@ -1 +1 @@\n-hello\n+patched\n")
    ctx.patch("p.patch", strip = 1)
    _check("patch", ctx.read("moved/got.txt") == "patched\n")
    ctx.watch(ctx.workspace_root.get_child("t.tpl"))
    ctx.watch_tree(ctx.workspace_root.get_child("sub"))
    ctx.report_progress("nearly done")
    _check("names", ctx.name == "+operations+o" and ctx.original_name == "o" and ctx.attr.name == ctx.name)
    _check("label", ctx.attr.names == {"k": ["v"]} and ctx.attr.others == [Label("//:t.tpl")])
    return ctx.repo_metadata(reproducible = True)

operations = repository_rule(
    implementation = _operations,
    attrs = {"url": attr.string(), "names": attr.string_list_dict(), "others": attr.label_list()},
)

def _bad(ctx):
    ctx.file(ctx.attr.path, "x")

bad = repository_rule(implementation = _bad, attrs = {"path": attr.string()})
"""


def test_the_operations_of_repository_rules(workspace: RealWorkspace, tmp_path: Path) -> None:
    (tmp_path / "hello").write_text("hello\n")
    workspace.write(
        {
            "MODULE.bazel": 'operations = use_repo_rule("//:rules.bzl", "operations")\n'
            f'operations(name = "o", url = "{(tmp_path / "hello").as_uri()}", names = {{"k": ["v"]}}, '
            'others = ["//:t.tpl"])\n',
            "rules.bzl": OPERATIONS,
            "t.tpl": "x is %{x}",
            "sub/f": "",
            "BUILD.bazel": copying("o"),
        }
    )
    done = workspace.run("build", "//:copy_o")
    assert done.code == 0, done.stderr
    assert copied(workspace, "o") == "x is y"
    again = workspace.run("build", "//:copy_o")
    assert "nearly done" not in again.stderr
    workspace.write({"sub/g": ""})
    assert workspace.run("build", "//:copy_o").code == 0


@pytest.mark.parametrize("path", ["../escape", "/tmp/escape-venvship", "BUILD.bazel/../../x"])
def test_nothing_is_written_outside_of_the_repository(workspace: RealWorkspace, path: str) -> None:
    workspace.write(
        {
            "MODULE.bazel": f'bad = use_repo_rule("//:rules.bzl", "bad")\nbad(name = "b", path = "{path}")\n',
            "rules.bzl": OPERATIONS,
            "BUILD.bazel": copying("b"),
        }
    )
    done = workspace.run("build", "//:copy_b")
    assert done.code == 1
    assert "cannot write outside of the repository directory" in done.stderr
    assert not Path("/tmp/escape-venvship").exists()


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            't.text(name = "a")\nuse_repo(t, "z")',
            "MODULE.bazel:1:18: extension `//:rules.bzl%texts` makes no repository `z`",
        ),
        ('t.text(nam = "a")', "MODULE.bazel:2:7: tag `text` of `//:rules.bzl%texts` has no attribute `nam`"),
        ('t.txt(name = "a")', "MODULE.bazel:2:6: extension `//:rules.bzl%texts` has no tag `txt`"),
        (
            't.text(name = "a", text = 3)',
            "MODULE.bazel:2:7: expected value of type 'string' for attribute 'text' in tag `text` of ",
        ),
        (
            't.text(name = "a")\nt.text(name = "a")',
            "rules.bzl:22:28: a repository named 'a' is already made by this extension",
        ),
        (
            'u = use_extension("//:rules.bzl", "nope")\nuse_repo(u, "z")',
            "MODULE.bazel:2:18: `//:rules.bzl` does not define `nope`",
        ),
        (
            'u = use_extension("//:rules.bzl", "text_repository")\nuse_repo(u, "z")',
            "MODULE.bazel:2:18: `text_repository` of `//:rules.bzl` is no module extension",
        ),
    ],
)
def test_mistakes_are_told_where_they_stand(workspace: RealWorkspace, module: str, message: str) -> None:
    start = 't = use_extension("//:rules.bzl", "texts")\n'
    use = "" if "use_repo" in module else '\nuse_repo(t, z = "a")'
    workspace.write({"MODULE.bazel": start + module + use, "rules.bzl": RULES, "BUILD.bazel": copying("z")})
    done = workspace.run("build", "//:copy_z")
    assert done.code == 1
    assert message in done.stderr


def test_what_fails_in_a_rule_shows_the_way_there(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": 'r = use_repo_rule("//:rules.bzl", "r")\nr(name = "x")\n',
            "rules.bzl": 'def _deep():\n    fail("no way")\n\ndef _impl(ctx):\n    _deep()\n\n'
            "r = repository_rule(implementation = _impl)\n",
            "BUILD.bazel": copying("x"),
        }
    )
    done = workspace.run("build", "//:copy_x")
    assert done.code == 1
    assert "rules.bzl:2:9: no way\n  in _deep\n  called from rules.bzl:5:10 in _impl" in done.stderr
    assert "while making repository `@@+r+x`, asked for at MODULE.bazel:2:2" in done.stderr


def test_paths_of_a_repository_stay_true_in_its_files_and_in_what_fails(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": 'known = use_repo_rule("//:defs.bzl", "known")\nknown(name = "one")\n'
            'known(name = "two", fails = True)\n',
            "BUILD.bazel": 'genrule(name = "copy", srcs = ["@one//:where"], outs = ["copy.txt"], cmd = "cat $< > $@")\n'
            'filegroup(name = "fails", srcs = ["@two//:where"])\n',
            "defs.bzl": """
def _known(ctx):
    ctx.file("known.txt", "here")
    ctx.file("where", str(ctx.path("known.txt")))
    ctx.file("BUILD.bazel", "exports_files(['where'])")
    if ctx.attr.fails:
        fail("look at", ctx.path("known.txt"))
known = repository_rule(_known, attrs = {"fails": attr.bool()})
""",
        }
    )
    workspace.built("//:copy")
    assert Path((workspace.root / "venvship-bin/copy.txt").read_text()).read_text() == "here"
    done = workspace.run("build", "//:fails")
    assert "look at " in done.stderr and "/external/+known+two/known.txt" in done.stderr
    assert "@tmp" not in done.stderr
