"""Registered execution platforms, through the command: what is chosen, and what this machine refuses to run."""

from __future__ import annotations

from real_workspace import RealWorkspace

MODULE = """
module(name = "placed")
bazel_dep(name = "platforms", version = "1.0.0")
register_execution_platforms("//machines:all", dev_dependency = True)
register_toolchains("//chains/...")
"""
MACHINES = """
package(default_visibility = ["//visibility:public"])
constraint_setting(name = "name")
constraint_value(name = "is_here", constraint_setting = ":name")
platform(name = "z_here", parents = ["@platforms//host"], constraint_values = [":is_here"])
platform(name = "a_window", constraint_values = ["@platforms//os:windows"])
"""
DEFS = """
def _say(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, ctx.toolchains["//:kind"].name)
    return [DefaultInfo(files = depset([out]))]
say = rule(_say, toolchains = ["//:kind"])
impl = rule(lambda ctx: [platform_common.ToolchainInfo(name = str(ctx.label))])
def _checked(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(program, "#!/bin/sh\\n", is_executable = True)
    return [DefaultInfo(executable = program)]
checked_test = rule(_checked, test = True)
"""
BUILD = """
load(":defs.bzl", "checked_test", "say")
toolchain_type(name = "kind", visibility = ["//visibility:public"])
genrule(name = "made", srcs = ["in"], outs = ["out"], cmd = "cat $< > $@")
say(name = "said")
checked_test(name = "here_test")
checked_test(name = "window_test", exec_group_compatible_with = {"test": ["@platforms//os:windows"]})
"""
CHAIN = """
load("//:defs.bzl", "impl")
[impl(name = name + "_impl", visibility = ["//visibility:public"]) for name in ["a", "b"]]
[toolchain(name = name, toolchain = name + "_impl", toolchain_type = "//:kind") for name in ["b", "a"]]
"""
FILES = {
    "MODULE.bazel": MODULE,
    "machines/BUILD": MACHINES,
    "defs.bzl": DEFS,
    "BUILD": BUILD,
    "chains/BUILD": CHAIN,
    "chains/inner/BUILD": CHAIN,
    "in": "one",
}


def test_actions_for_another_machine_are_refused_when_they_would_have_to_run(workspace: RealWorkspace) -> None:
    # Made by no other test: what was made before is taken wherever it was made.
    workspace.write({**FILES, "in": "never made"})
    assert workspace.build("--nobuild", "//...").code == 0
    refused = workspace.build("//:made")
    assert refused.code == 1
    assert "BUILD:4:8: Genrule of `//:made` failed: it runs on execution platform" in refused.stderr
    assert "`//machines:a_window`, which is not this machine" in refused.stderr
    assert "it has `@platforms//os:windows`, and this machine has `@platforms//os:" in refused.stderr
    assert "it is the first execution platform" in refused.stderr
    assert "hint: name a platform that this machine is in `--extra_execution_platforms`" in refused.stderr


def test_what_was_made_where_it_may_be_made_is_there_for_all(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    workspace.built("//:made", "--extra_execution_platforms=//machines:z_here")
    workspace.built("//:made")
    workspace.write({"in": "two"})
    assert workspace.build("//:made").code == 1
    workspace.built("//:made", "--extra_execution_platforms=//machines:z_here")
    assert (workspace.root / "venvship-bin/out").read_text() == "two"
    workspace.built("//:made", "--ignore_dev_dependency")


def test_each_toolchain_type_may_have_its_own_platform(workspace: RealWorkspace) -> None:
    both = """
both = rule(lambda ctx: print(ctx.toolchains["//:mine"].name), toolchains = ["//:mine", "//:other"])
both_run_by = rule(lambda ctx: [], attrs = {"tool": attr.label(cfg = "exec")})
"""
    targets = """
load(":defs.bzl", "both", "both_run_by", "impl")
toolchain_type(name = "mine")
toolchain_type(name = "other")
impl(name = "impl")
toolchain(name = "t1", toolchain = ":impl", toolchain_type = ":mine", exec_compatible_with = ["//machines:is_here"])
toolchain(
    name = "t2",
    toolchain = ":impl",
    toolchain_type = ":other",
    exec_compatible_with = ["@platforms//os:windows"],
)
both(name = "both")
both_run_by(name = "user", tool = ":both")
"""
    workspace.write({**FILES, "defs.bzl": DEFS + both, "BUILD": BUILD + targets})
    flags = ("--extra_toolchains=//:t1,//:t2", "//:both", "//:user")
    refused = workspace.build(*flags)
    assert refused.code == 1 and "no execution platform" in refused.stderr
    workspace.built("--incompatible_auto_exec_groups", *flags)


def test_tests_for_another_machine_are_built_and_not_run(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    assert workspace.test("//:here_test").code == 0
    ran = workspace.test("//:here_test", "//:window_test", "--keep_going")
    assert ran.code == 1
    assert "the test `//:window_test` is built and can't be run: it runs on execution platform" in ran.stderr
    assert "//:here_test" in ran.stdout + ran.stderr


def test_patterns_of_registrations_stand_for_targets_by_name_and_inner_packages_first(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    here = "--extra_execution_platforms=//machines:z_here"

    def said(*flags: str) -> str:
        workspace.built("//:said", here, *flags)
        return (workspace.root / "venvship-bin/said.txt").read_text()

    assert said() == "@@//chains/inner:a_impl"
    assert said("--extra_toolchains=//chains:b,//chains:a") == "@@//chains:b_impl"


def test_a_platform_that_describes_this_machine_is_what_is_built_for_and_run_on(workspace: RealWorkspace) -> None:
    chosen = 'cmd = select({"//machines:is_here": "echo here > $@", "//conditions:default": "echo elsewhere > $@"})'
    workspace.write({**FILES, "BUILD": f'genrule(name = "made", outs = ["out"], {chosen})\n'})
    workspace.built("//:made", "--host_platform=//machines:z_here", "--ignore_dev_dependency")
    assert (workspace.root / "venvship-bin/out").read_text() == "here\n"
    workspace.built("//:made", "--ignore_dev_dependency")
    assert (workspace.root / "venvship-bin/out").read_text() == "elsewhere\n"
    refused = workspace.build("//:made", "--host_platform=//machines:a_window", "--ignore_dev_dependency")
    assert refused.code == 1 and "which is not this machine" in refused.stderr
