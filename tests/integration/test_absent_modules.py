"""Workspaces that depend on modules which nobody has, through the real command."""

from __future__ import annotations

import sys

from real_workspace import RealWorkspace

MODULE = f"""
module(name = "shop")
bazel_dep(name = "aspect_rules_py", version = "1.6.0")
bazel_dep(name = "boats", version = "3.1")
bazel_dep(name = "rules_cc", version = "0.2.0")
bazel_dep(name = "bazel_lib", version = "3.0.0")
bazel_dep(name = "rafts")
archive_override(module_name = "rafts", urls = ["http://127.0.0.1:9/rafts.tar.gz"], integrity = "")
archive_override(module_name = "aspect_rules_py", urls = ["http://127.0.0.1:9/rules.tar.gz"])
interpreters = use_extension("@aspect_rules_py//py:extensions.bzl", "python_interpreters")
interpreters.toolchain(python_version = "{sys.version_info.major}.{sys.version_info.minor}")
harbour = use_extension("@boats//:extensions.bzl", "harbour")
harbour.pier(length = 3)
use_repo(harbour, "pier")
fleet = use_repo_rule("@boats//:fleet.bzl", "fleet")
fleet(name = "fleet")
tools = use_extension("@bazel_lib//lib:extensions.bzl", "toolchains")
use_repo(tools, "oars")
register_toolchains("@boats//toolchains:all", "@pier//...", "//...", "@oars//:all")
register_execution_platforms("@boats//platforms:all")
"""

DEFS = """
load("@boats//:info.bzl", "BoatInfo")
load("@boats//lint:defs.bzl", "lint_aspect", boat_rules = "rules")
load("@fleet//:rules.bzl", "wrap")
load("@rules_cc//cc:find_cc_toolchain.bzl", "use_cc_toolchain")

lint = lint_aspect(config = Label("//:lint.toml"), mode = boat_rules.strict)

def _ship(ctx):
    found = [one for one in ctx.attr.deps if BoatInfo in one]
    ctx.actions.write(ctx.outputs.out, "boats: %d, %s" % (len(found), ctx.file._notes.basename))

ship = rule(
    implementation = _ship,
    attrs = {
        "deps": attr.label_list(),
        "out": attr.output(),
        "_notes": attr.label(default = ":notes.txt", allow_single_file = True),
    },
)

def boat(name, **kwargs):
    wrap(name, size = 3)
    boat_rules.boat(name = name + "_hull", visibility = ["//visibility:public"], **kwargs)
"""

BUILD = """
load("@aspect_rules_py//py:defs.bzl", "py_binary")
load("@boats//:defs.bzl", "boat_test", "moor")
load("@pier//:defs.bzl", "pier")
load("@rules_cc//cc/toolchains:tool.bzl", "cc_tool")
load("//tools:defs.bzl", "boat", "lint", "ship")

moor()
boat(name = "dinghy", sails = select({"//conditions:default": 1}))
boat_test(name = "float_test", boat = ":dinghy", size = "small")
pier("pier", [":dinghy"])
cc_tool(name = "gcc", src = ":dinghy")
ship(name = "ship", deps = [":app"], out = "ship.txt")
alias(name = "rowing", actual = "@oars//:oar")
alias(name = "jetty", actual = "@pier//:jetty")
alias(name = "boat", actual = ":dinghy")
alias(name = "programme", actual = ":app")
py_binary(name = "app", srcs = ["app.py"])
py_binary(name = "sailing", srcs = ["app.py"], main = "app.py", data = [":dinghy_hull"])
py_binary(name = "on_pier", srcs = ["app.py"], main = "app.py", data = ["@pier//:post"])
"""

FILES = {
    "MODULE.bazel": MODULE,
    ".bazelrc": "common --@boats//flags:speed=fast --@pier//:depth=3\n"
    "common --@rules_cc//cc/toolchains:use_libtool=false\n"
    "build --aspects=//tools:defs.bzl%lint\n",
    "tools/defs.bzl": DEFS,
    "tools/BUILD.bazel": 'exports_files(["notes.txt"])',
    "tools/notes.txt": "",
    "BUILD.bazel": BUILD,
    "app.py": "print('hello')\n",
}
NOT_THERE = "module `boats` is neither built in nor overridden, and no registry is given"


def test_what_needs_nothing_of_an_absent_module_is_built(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    listed = workspace.run("query", "//...")
    assert listed.code == 0, listed.stderr
    assert {"//:dinghy", "//:dinghy_hull", "//:float_test", "//:gcc", "//:pier"} <= set(listed.stdout.split())
    assert listed.stderr.count("these modules are not built in: `boats`;") == 1
    assert "the override of `aspect_rules_py` has no effect: the module is built in" in listed.stderr
    assert "MODULE.bazel:7:10: module `rafts` can't be obtained: can't download:" in listed.stderr

    run = workspace.run("run", "//:app")
    assert (run.code, run.stdout) == (0, "hello\n"), run.stderr
    # Wildcards pass over what they can't build.
    tested = workspace.run("test", "--", "//...", "-//:sailing", "-//:on_pier")
    assert tested.code == 4 and "No test targets were found" in tested.stderr, tested.stderr
    assert (workspace.root / "venvship-bin/ship.txt").read_text() == "boats: 0, notes.txt"


def test_what_needs_something_of_an_absent_module_is_told_so(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    for label, place, what in (
        ("//:sailing", "BUILD.bazel:9:5", "`rules.boat` can't be built: "),
        ("//:float_test", "BUILD.bazel:10:10", "`boat_test` can't be built: "),
        ("//:on_pier", "MODULE.bazel:4:10", ""),
    ):
        done = workspace.run("build", label)
        assert done.code == 1
        assert f"ERROR: {place}: {what}{NOT_THERE}" in done.stderr, done.stderr
        assert "\nhint: built in are " in done.stderr
        assert 'local_path_override(module_name = "boats", path = "...")' in done.stderr
    done = workspace.run("build", "//:rowing")
    assert done.code == 1
    assert (
        "the extension `@bazel_lib//lib:extensions.bzl%toolchains`, which would make it, does not come with"
        in done.stderr
    )
    done = workspace.run("build", "//:gcc")
    assert done.code == 1
    assert "`cc_tool` can't be built: it is for a language that is not built here" in done.stderr

    extra = "extra = [1] + lint.files\n"
    workspace.write({"tools/defs.bzl": DEFS.replace("    found = ", "    extra = [1] + lint.files\n    found = ")})
    done = workspace.run("build", "//:ship")
    assert done.code != 0
    assert f"tools/defs.bzl:10:17: `lint_aspect().files` can't be used with `+`: {NOT_THERE}" in done.stderr
    # What is only made where files are read, and not needed, is as unknown.
    workspace.write({"tools/defs.bzl": DEFS + extra + "count = len(extra)\n"})
    done = workspace.run("query", "//...")
    assert done.code != 0 and f"tools/defs.bzl:26:12: `lint_aspect().files` is not known: {NOT_THERE}" in done.stderr
    workspace.write({"tools/defs.bzl": DEFS + extra})
    assert workspace.run("query", "//...").code == 0


def test_a_target_that_is_given_something_of_an_absent_module_is_passed_over(workspace: RealWorkspace) -> None:
    build = """
load("@aspect_rules_py//py:defs.bzl", "py_binary", "py_library")
load("@boats//:defs.bzl", "OARS", "env", "requirement")
env(name = "env", tools = {"app": ":app"} | OARS)
py_library(name = "oars", srcs = ["app.py"], deps = OARS)
py_library(name = "sum", srcs = ["app.py"], deps = [":oars"] + OARS)
py_library(name = "sails", srcs = ["app.py"], deps = [requirement("oars"), requirement("sails"), requirement("sails")])
py_library(name = "chosen", srcs = ["app.py"], deps = select({"//conditions:default": [requirement("mast")]}))
py_library(name = "seen", srcs = ["app.py"], visibility = OARS)
genrule(name = "made", outs = ["made.txt"], cmd = "echo > $@", toolchains = [OARS.oar])
py_binary(name = "app", srcs = ["app.py"], imports = {".": None})
"""
    module = 'bazel_dep(name = "aspect_rules_py", version = "2.0.0")\nbazel_dep(name = "boats", version = "1")\n'
    workspace.write({"MODULE.bazel": module, "BUILD.bazel": build, "app.py": "print('hello')\n"})
    built = workspace.run("build", "//...")
    assert built.code == 0, built.stderr
    run = workspace.run("run", "//:app")
    assert (run.code, run.stdout) == (0, "hello\n"), run.stderr
    for name, unknown in (("sum", "OARS"), ("seen", "OARS"), ("chosen", "requirement()"), ("made", "OARS.oar")):
        done = workspace.run("build", f"//:{name}")
        assert done.code == 1
        kind = "genrule" if name == "made" else "py_library"
        assert f"`{kind}` can't be built: `{unknown}` is not known: {NOT_THERE}" in done.stderr, done.stderr
    done = workspace.run("run", "//:env")
    assert done.code == 1 and f"`env` can't be built: {NOT_THERE}" in done.stderr, done.stderr
    workspace.write({"BUILD.bazel": build + 'py_library(name = "wrong", deps = {"x": 1}, nonsense = 1)\n'})
    done = workspace.run("query", "//:all")
    assert "no such attribute 'nonsense'" in done.stderr
    workspace.write({"BUILD.bazel": build + "[print(oar) for oar in OARS]\n"})
    done = workspace.run("query", "//:all")
    assert f"`OARS` is not known: {NOT_THERE}" in done.stderr


def test_rules_that_are_made_of_an_absent_module_are_absent_too(workspace: RealWorkspace) -> None:
    rules = """
load("@boats//:defs.bzl", "boat_attrs", "boat_impl", "boat_toolchains", "hulls", "to_harbour")

def _impl(ctx):
    return []

built = rule(boat_impl, attrs = boat_attrs)
named = rule(_impl, attrs = dict(boat_attrs, sails = attr.int()))
joined = rule(_impl, attrs = {"sails": attr.int()} | boat_attrs)
sailing = rule(_impl, attrs = {"sails": boat_attrs.sails})
served = rule(_impl, toolchains = boat_toolchains + ["//:x"])
moved = rule(_impl, cfg = to_harbour)
child = rule(_impl, parent = built)
plain = rule(_impl)
dinghy = hulls["dinghy"]
"""
    kinds = ("built", "named", "joined", "sailing", "served", "moved", "child")
    build = f"""
load("@aspect_rules_py//py:defs.bzl", "py_binary")
load(":rules.bzl", "plain", {", ".join(f'"{kind}"' for kind in kinds)})
plain(name = "plain_one")
py_binary(name = "app", srcs = ["app.py"])
""" + "".join(f'{kind}(name = "{kind}_one", sails = 1)\n' for kind in kinds)
    module = 'bazel_dep(name = "aspect_rules_py", version = "2.0.0")\nbazel_dep(name = "boats", version = "1")\n'
    workspace.write({"MODULE.bazel": module, "BUILD.bazel": build, "rules.bzl": rules, "app.py": "print('hello')\n"})
    built = workspace.run("build", "//...")
    assert built.code == 0, built.stderr
    run = workspace.run("run", "//:app")
    assert (run.code, run.stdout) == (0, "hello\n"), run.stderr
    for name, made_of in (
        ("built", "rule(implementation = boat_impl)"),
        ("named", "rule(attrs = boat_attrs)"),
        ("joined", "rule(attrs = boat_attrs)"),
        ("sailing", "rule(attrs = boat_attrs.sails)"),
        ("served", "rule(toolchains = boat_toolchains)"),
        ("moved", "rule(cfg = to_harbour)"),
        ("child", "rule(parent = rule(implementation = boat_impl))"),
    ):
        done = workspace.run("build", f"//:{name}_one")
        assert done.code == 1
        assert f"`{made_of}` can't be built: {NOT_THERE}" in done.stderr, done.stderr


def test_what_a_macro_of_an_absent_module_makes_beside_its_target_is_absent_too(workspace: RealWorkspace) -> None:
    build = """
load("@boats//:defs.bzl", "boat")
load("@bazel_skylib//:bzl_library.bzl", "bzl_library")
boat(name = "dinghy")
alias(name = "check", actual = ":dinghy.check")
alias(name = "wrong", actual = ":dinghies", tags = ["manual"])
bzl_library(name = "defs", srcs = ["defs.bzl"], deps = ["@boats//:defs", "@bazel_skylib//lib:paths"])
bzl_library(name = "more", srcs = ["defs.bzl"], deps = [":defs"])
bzl_library(name = "own", srcs = ["defs.bzl"], deps = ["@bazel_skylib//lib:paths"])
"""
    module = 'bazel_dep(name = "bazel_skylib", version = "1.8.0")\nbazel_dep(name = "boats", version = "1")\n'
    workspace.write({"MODULE.bazel": module, "BUILD.bazel": build, "defs.bzl": ""})
    built = workspace.run("build", "//...")
    assert built.code == 0, built.stderr
    for label in ("//:check", "//:dinghy/part"):
        done = workspace.run("build", label)
        assert done.code == 1
        assert f"ERROR: BUILD.bazel:4:5: `boat` can't be built: {NOT_THERE}" in done.stderr, done.stderr
    done = workspace.run("build", "//:wrong")
    assert done.code == 1 and "no such target `//:dinghies`" in done.stderr
    done = workspace.run("build", "//:more")
    assert done.code == 1 and "needed by `//:defs` (attribute `deps`)" in done.stderr


def test_a_registry_out_of_reach_stops_nothing_that_is_built_in(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    done = workspace.run("run", "--registry=http://127.0.0.1:9/", "//:app")
    assert (done.code, done.stdout) == (0, "hello\n"), done.stderr
    assert "registry `http://127.0.0.1:9/` gives no answer" in done.stderr
    done = workspace.run("build", "--registry=http://127.0.0.1:9/", "//:float_test")
    assert "module `boats 3.1` can't be obtained" in done.stderr


def test_files_that_built_in_modules_lack_stop_nothing_that_does_without_them(workspace: RealWorkspace) -> None:
    module = """
bazel_dep(name = "aspect_rules_py", version = "1.6.0")
bazel_dep(name = "bazel_lib", version = "3.0.0")
bazel_dep(name = "rules_pkg", version = "1.0.0")
"""
    build = """
load("@aspect_rules_py//py:defs.bzl", "py_binary")
load("@bazel_lib//lib:presets_of_rc_files.bzl", "write_presets")
load("@bazel_tools//tools/cpp:unix_cc_toolchain_config.bzl", "cc_toolchain_config")
load("@rules_pkg//pkg:deb.bzl", "pkg_deb")
py_binary(name = "app", srcs = ["app.py"])
write_presets(name = "presets")
cc_toolchain_config(name = "config", cpu = "k8")
pkg_deb(name = "deb", data = ":app")
"""
    workspace.write({"MODULE.bazel": module, "BUILD.bazel": build, "app.py": "print('hello')\n"})
    built = workspace.run("build", "//...")
    assert built.code == 0, built.stderr
    assert built.stderr.count("`@rules_pkg//pkg:deb.bzl` does not come with venvship; `...` and `:all` pass over") == 1
    run = workspace.run("run", "//:app")
    assert (run.code, run.stdout) == (0, "hello\n"), run.stderr
    done = workspace.run("build", "//:deb")
    assert done.code == 1
    what = "`@rules_pkg//pkg:deb.bzl` does not come with venvship, which has a `rules_pkg` of its own"
    assert f"ERROR: BUILD.bazel:9:8: `pkg_deb` can't be built: {what}" in done.stderr, done.stderr
    assert "\nhint: `--override_module=rules_pkg=PATH` puts a copy" in done.stderr
    # What is misspelt is no file of another version.
    workspace.write({"BUILD.bazel": build.replace("py:defs.bzl", "py:def.bzl")})
    done = workspace.run("build", "//...")
    assert done.code == 1 and "no such file `@aspect_rules_py/py/def.bzl`\n" in done.stderr, done.stderr
    assert "hint: did you mean `defs.bzl`?" in done.stderr


def test_toolchains_that_nobody_here_can_ask_for_stop_nothing(workspace: RealWorkspace) -> None:
    module = """
bazel_dep(name = "aspect_rules_py", version = "1.6.0")
bazel_dep(name = "boats", version = "1")
bazel_dep(name = "rules_python", version = "1.0.0")
register_toolchains("//:made_toolchain", "//:foreign", "//:alias", "//:cc", "//:proto")
"""
    build = """
load("@aspect_rules_py//py:defs.bzl", "py_binary")
load("@boats//:defs.bzl", "boat_toolchain")
boat_toolchain(name = "made")
alias(name = "alias", actual = "@boats//:toolchain")
toolchain(name = "foreign", toolchain = ":made", toolchain_type = "@boats//:toolchain_type")
toolchain(name = "cc", toolchain = ":made", toolchain_type = "@bazel_tools//tools/cpp:toolchain_type")
toolchain(name = "proto", toolchain = ":made", toolchain_type = "@rules_python//python:cc_toolchain_type")
py_binary(name = "app", srcs = ["app.py"])
"""
    workspace.write({"MODULE.bazel": module, "BUILD.bazel": build, "app.py": "print('hello')\n"})
    run = workspace.run("run", "//:app")
    assert (run.code, run.stdout) == (0, "hello\n"), run.stderr
    built = workspace.run("build", "//...")
    assert built.code == 0, built.stderr
    workspace.write({"BUILD.bazel": build.replace("@boats//:toolchain_type", ":toolchain_typ")})
    run = workspace.run("run", "//:app")
    assert run.code == 1 and "no such target `//:toolchain_typ`" in run.stderr, run.stderr
