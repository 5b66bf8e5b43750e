"""Modules of registries and overrides, through the real command."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from directory_server import serving
from module_registry import ModuleRegistry, integrity, tar_bytes
from real_workspace import RealWorkspace

TEXT = 'filegroup(name = "text", srcs = ["text.txt"], visibility = ["//visibility:public"])\n'
COPY = 'genrule(name = "copy", srcs = ["@{}//:text"], outs = ["copy.txt"], cmd = "cp $< $@")\n'


@pytest.fixture
def registry(tmp_path: Path) -> ModuleRegistry:
    return ModuleRegistry(tmp_path / "registry")


def library(text: str) -> dict[str, str]:
    return {"BUILD.bazel": TEXT, "text.txt": text}


def copied(workspace: RealWorkspace) -> str:
    return (workspace.root / "venvship-bin/copy.txt").read_text()


def dep(name: str, version: str) -> str:
    return f'bazel_dep(name = "{name}", version = "{version}")\n'


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_selected_version_is_fetched_patched_and_built(workspace: RealWorkspace, registry: ModuleRegistry) -> None:
    patch = "--- a/text.txt\n+++ b/text.txt\n@@ -1 +1 @@\n-old\n+new\n"
    registry.add("lib", "1.9", library("unused\n"))
    registry.add(
        "lib",
        "1.10",
        {"BUILD.bazel": "", "text.txt": "old\n"},
        patches={"p.patch": patch},
        overlay={"BUILD.bazel": TEXT},
    )
    registry.add("other", "1", library("other\n"), deps=dep("lib", "1.10"), algorithm="sha512")
    workspace.write({"MODULE.bazel": dep("lib", "1.9") + dep("other", "1"), "BUILD.bazel": COPY.format("lib")})
    done = workspace.run("build", registry.flag, "//:copy")
    assert done.code == 0, done.stderr
    assert copied(workspace) == "new\n"
    # A module that nothing is loaded from is not fetched.
    [output_base] = (
        path.parent for path in (workspace.root / "venvship-out").resolve().parents if path.name == "execroot"
    )
    external = output_base / "external"
    assert [path.name for path in external.iterdir() if not path.name.startswith("@")] == ["lib"]


def test_the_workspace_can_hold_its_registry(workspace: RealWorkspace) -> None:
    registry = ModuleRegistry(workspace.root / "tools/registry")
    registry.add("lib", "1", library("here\n"))
    workspace.write(
        {
            "MODULE.bazel": dep("lib", "1"),
            "BUILD.bazel": COPY.format("lib"),
            ".bazelrc": "common --registry=file:///%workspace%/tools/registry\n",
            ".bazelignore": "tools\n",
        }
    )
    done = workspace.run("build", "//:copy")
    assert done.code == 0, done.stderr
    assert copied(workspace) == "here\n"


def test_an_archive_that_is_not_the_one_of_the_registry_is_refused(
    workspace: RealWorkspace, registry: ModuleRegistry
) -> None:
    archive = registry.add("lib", "1", library("a\n"))
    archive.write_bytes(tar_bytes({"lib-1/BUILD.bazel": TEXT, "lib-1/text.txt": "evil"}))
    workspace.write({"MODULE.bazel": dep("lib", "1"), "BUILD.bazel": COPY.format("lib")})
    done = workspace.run("build", registry.flag, "//:copy")
    assert done.code == 1
    assert "lib-1.tar.gz` is not the file that was asked for" in done.stderr
    assert "needed for module `lib`" in done.stderr


def test_a_withdrawn_version_needs_permission(workspace: RealWorkspace, registry: ModuleRegistry) -> None:
    registry.add("lib", "1", library("a\n"))
    registry.withdraw("lib", "1", "it is broken")
    workspace.write({"MODULE.bazel": dep("lib", "1"), "BUILD.bazel": COPY.format("lib")})
    refused = workspace.run("build", registry.flag, "//:copy")
    assert refused.code == 1
    assert "MODULE.bazel:1:10: version 1 of module `lib` was withdrawn: it is broken" in refused.stderr
    assert workspace.run("build", registry.flag, "--allow_yanked_versions=lib@1", "//:copy").code == 0


def test_the_root_patches_and_pins_a_module(workspace: RealWorkspace, registry: ModuleRegistry) -> None:
    registry.add("lib", "1", library("one\n"))
    registry.add("lib", "2", library("two\n"))
    override = (
        'single_version_override(module_name = "lib", version = "1", patches = ["//fix:a.patch"], patch_strip = 1)\n'
    )
    workspace.write(
        {
            "MODULE.bazel": dep("lib", "2") + override,
            "BUILD.bazel": COPY.format("lib"),
            "fix/a.patch": "--- a/text.txt\n+++ b/text.txt\n@@ -1 +1 @@\n-one\n+eins\n",
        }
    )
    done = workspace.run("build", registry.flag, "//:copy")
    assert done.code == 0, done.stderr
    assert copied(workspace) == "eins\n"
    workspace.write({"fix/a.patch": "--- a/text.txt\n+++ b/text.txt\n@@ -1 +1 @@\n-one\n+uno\n"})
    assert workspace.run("build", registry.flag, "//:copy").code == 0
    assert copied(workspace) == "uno\n"


def test_a_patch_that_does_not_fit_is_told_with_its_place(workspace: RealWorkspace, registry: ModuleRegistry) -> None:
    registry.add("lib", "1", library("one\n"))
    override = 'single_version_override(module_name = "lib", patches = ["//:a.patch"], patch_strip = 1)\n'
    workspace.write(
        {
            "MODULE.bazel": dep("lib", "1") + override,
            "BUILD.bazel": COPY.format("lib"),
            "a.patch": "--- a/text.txt\n+++ b/text.txt\n@@ -1 +1 @@\n-two\n+zwei\n",
        }
    )
    done = workspace.run("build", registry.flag, "//:copy")
    assert done.code == 1
    assert "MODULE.bazel:2:24: //:a.patch:3: a change of `text.txt` near line 1 does not fit its text" in done.stderr


def test_a_module_can_be_an_archive(workspace: RealWorkspace, tmp_path: Path) -> None:
    archive = tmp_path / "lib.tar.gz"
    archive.write_bytes(
        tar_bytes({"x/MODULE.bazel": 'module(name = "lib")', "x/BUILD.bazel": TEXT, "x/text.txt": "arch"})
    )
    override = (
        f'archive_override(module_name = "lib", urls = ["{archive.as_uri()}"], strip_prefix = "x", '
        f'integrity = "{integrity(archive.read_bytes())}")\n'
    )
    workspace.write({"MODULE.bazel": dep("lib", "9") + override, "BUILD.bazel": COPY.format("lib")})
    done = workspace.run("build", "//:copy")
    assert done.code == 0, done.stderr
    assert copied(workspace) == "arch"
    archive.unlink()
    assert workspace.run("build", "//:copy").code == 0


def test_a_module_can_be_a_commit(workspace: RealWorkspace, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "sub").mkdir(parents=True)
    (repository / "sub/MODULE.bazel").write_text('module(name = "lib")')
    (repository / "sub/BUILD.bazel").write_text(TEXT)
    (repository / "sub/text.txt").write_text("first")
    git(repository, "init", "-q")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "1")
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "sub/text.txt").write_text("second")
    git(repository, "commit", "-q", "-a", "-m", "2")
    git(repository, "tag", "v2")
    for reference, text in ((f'commit = "{commit}"', "first"), ('tag = "v2"', "second"), ('branch = "main"', "second")):
        override = (
            f'git_override(module_name = "lib", remote = "{repository.as_uri()}", {reference}, strip_prefix = "sub")\n'
        )
        workspace.write({"MODULE.bazel": dep("lib", "") + override, "BUILD.bazel": COPY.format("lib")})
        done = workspace.run("build", "//:copy")
        assert done.code == 0, done.stderr
        assert copied(workspace) == text


def test_flags_put_directories_in_the_place_of_modules_and_repositories(
    workspace: RealWorkspace, registry: ModuleRegistry, tmp_path: Path
) -> None:
    registry.add("lib", "1", library("registry"))
    for name in ("mine", "yours"):
        (tmp_path / name).mkdir()
        for path, text in library(name).items():
            (tmp_path / name / path).write_text(text)
    workspace.write({"MODULE.bazel": dep("lib", "1"), "BUILD.bazel": COPY.format("lib")})
    assert workspace.run("build", f"--override_module=lib={tmp_path / 'mine'}", "//:copy").code == 0
    assert copied(workspace) == "mine"
    done = workspace.run("build", registry.flag, f"--override_repository=lib={tmp_path / 'yours'}", "//:copy")
    assert done.code == 0, done.stderr
    assert copied(workspace) == "yours"


def test_incompatible_versions_name_who_needs_them(workspace: RealWorkspace, registry: ModuleRegistry) -> None:
    registry.add("lib", "1", library("1"), level=1)
    registry.add("lib", "2", library("2"), level=2)
    registry.add("user", "1", library("u"), deps=dep("lib", "1"))
    workspace.write({"MODULE.bazel": dep("lib", "2") + dep("user", "1"), "BUILD.bazel": COPY.format("lib")})
    done = workspace.run("build", registry.flag, "//:copy")
    assert done.code == 1
    assert "module `user` needs 1 (compatibility level 1)\n  the root module needs 2" in done.stderr


def test_the_lock_of_the_workspace_pins_its_registries(workspace: RealWorkspace, registry: ModuleRegistry) -> None:
    registry.add("lib", "1", library("a\n"))
    file = registry.root / "modules/lib/1/source.json"
    address = f"{registry.root.as_uri()}/modules/lib/1/source.json"
    lock = {"lockFileVersion": 24, "registryFileHashes": {address: hashlib.sha256(file.read_bytes()).hexdigest()}}
    workspace.write(
        {"MODULE.bazel": dep("lib", "1"), "BUILD.bazel": COPY.format("lib"), "MODULE.bazel.lock": json.dumps(lock)}
    )
    assert workspace.run("build", registry.flag, "//:copy").code == 0
    file.write_text(file.read_text() + " ")
    changed = workspace.run("build", registry.flag, "//:copy")
    assert changed.code == 1
    assert "source.json` is not the file that MODULE.bazel.lock names" in changed.stderr


def test_settings_have_the_short_names_that_the_workspace_gives_them(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": dep("bazel_skylib", "1") + 'include("//:more.MODULE.bazel")\n'
            'flag_alias(name = "mode", starlark_flag = "//:mode")\n',
            "more.MODULE.bazel": 'flag_alias(name = "fast", starlark_flag = "//:fast")\n',
            "BUILD.bazel": 'load("@bazel_skylib//rules:common_settings.bzl", "bool_flag", "string_flag")\n'
            'string_flag(name = "mode", build_setting_default = "high")\n'
            'bool_flag(name = "fast", build_setting_default = True)\n'
            'config_setting(name = "slow_low", flag_values = {":mode": "low", ":fast": "False"})\n'
            'genrule(name = "copy", outs = ["copy.txt"], cmd = select({":slow_low": "printf a > $@", '
            '"//conditions:default": "printf b > $@"}))\n',
        }
    )
    for flags, text in (((), "b"), (("--mode=low",), "b"), (("--mode=low", "--nofast"), "a")):
        done = workspace.run("build", *flags, "//:copy")
        assert done.code == 0, done.stderr
        assert copied(workspace) == text
    assert "`--mood=low` is not a flag" in workspace.run("build", "--mood=low", "//:copy").stderr


def test_a_registry_on_a_network_is_asked_once(workspace: RealWorkspace, tmp_path: Path) -> None:
    with serving(tmp_path / "served") as server:
        served = ModuleRegistry(tmp_path / "served", server.url)
        patch = "--- a/text.txt\n+++ b/text.txt\n@@ -1 +1 @@\n-old\n+new\n"
        served.add("lib", "1", library("old\n"), patches={"p.patch": patch})
        workspace.write({"MODULE.bazel": dep("lib", "1"), "BUILD.bazel": COPY.format("lib")})
        refused = workspace.run("build", "--nofetch", served.flag, "//:copy")
        assert refused.code != 0
        assert "`--nofetch` forbids to download it" in refused.stderr
        done = workspace.run("build", served.flag, "//:copy")
        assert done.code == 0, done.stderr
        assert copied(workspace) == "new\n"
        asked = server.requests.total()
        assert workspace.run("build", served.flag, "//:copy").code == 0
        assert server.requests.total() == asked
    assert workspace.run("build", "--nofetch", served.flag, "//:copy").code == 0


def test_versions_side_by_side_are_repositories_of_their_own(
    workspace: RealWorkspace, registry: ModuleRegistry
) -> None:
    rules = """
def _made(ctx):
    ctx.file("BUILD", 'exports_files(["made.txt"])')
    ctx.file("made.txt", ctx.attr.text)
made = repository_rule(_made, attrs = {"text": attr.string()})
def _ext(ctx):
    made(name = "out", text = "extension of %s\\n")
ext = module_extension(_ext)
"""
    uses = 'ext = use_extension("//:ext.bzl", "ext")\nuse_repo(ext, "out")\n'
    build = 'filegroup(name = "text", srcs = ["text.txt", "@out//:made.txt"], visibility = ["//visibility:public"])\n'
    for version in ("1", "2"):
        files = {"BUILD.bazel": build, "text.txt": f"lib {version}\n", "ext.bzl": rules % version}
        registry.add("lib", version, files, deps=uses)
    workspace.write(
        {
            "MODULE.bazel": dep("lib", "2")
            + 'bazel_dep(name = "lib", version = "1", repo_name = "old_lib")\n'
            + 'multiple_version_override(module_name = "lib", versions = ["1", "2"])\n',
            "BUILD.bazel": 'genrule(name = "copy", srcs = ["@lib//:text", "@old_lib//:text"], outs = ["copy.txt"], '
            'cmd = "cat $(SRCS) > $@")\n',
        }
    )
    done = workspace.run("build", registry.flag, "//:copy")
    assert done.code == 0, done.stderr
    assert copied(workspace).splitlines() == ["lib 2", "extension of 2", "lib 1", "extension of 1"]
