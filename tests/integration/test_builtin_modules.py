"""The built-in modules of bazel_skylib, bazel_lib and their like, through the real command."""

from __future__ import annotations

from real_workspace import RealWorkspace

MODULE = "".join(
    f'bazel_dep(name = "{name}", version = "999")\n'
    for name in (
        "aspect_bazel_lib",
        "bazel_features",
        "bazel_lib",
        "bazel_skylib",
        "rules_cc",
        "rules_java",
        "rules_proto",
        "rules_shell",
    )
)

TESTS_BZL = """
load("@bazel_skylib//lib:new_sets.bzl", "sets")
load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "loadingtest", "unittest")
load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")

def _good(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, 1, 1)
    asserts.set_equals(env, sets.make([1, 2]), sets.make([2, 1]))
    return unittest.end(env)

good_test = unittest.make(_good)

def _bad(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, 1, 2, "it's wrong")
    asserts.true(env, True)
    return unittest.end(env)

bad_test = unittest.make(_bad)

def _value(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, ctx.attr.expected, target[BuildSettingInfo].value)
    return analysistest.end(env)

value_test = analysistest.make(_value, attrs = {"expected": attr.string()})
changed_test = analysistest.make(
    _value,
    attrs = {"expected": attr.string()},
    config_settings = {str(Label("//:flag")): "low"},
)

def _broken(ctx):
    fail("this never works")

broken = rule(implementation = _broken)

def _expects(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "never works")
    return analysistest.end(env)

expects_test = analysistest.make(_expects, expect_failure = True)

def _actions(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_actions(env)
    asserts.equals(env, 1, len(actions))
    asserts.equals(env, "a\\nb\\n", actions[0].content)
    path = actions[0].outputs.to_list()[0].path
    asserts.true(env, path.startswith(analysistest.target_bin_dir_path(env)))
    return analysistest.end(env)

actions_test = analysistest.make(_actions)

def suite():
    unittest.suite("suite", good_test, good_test)
    env = loadingtest.make("loading")
    loadingtest.equals(env, "one", 1, 1)
"""

SKYLIB = """
load("@bazel_skylib//:bzl_library.bzl", "bzl_library")
load("@bazel_skylib//rules:analysis_test.bzl", "analysis_test")
load("@bazel_skylib//rules:build_test.bzl", "build_test")
load("@bazel_skylib//rules:common_settings.bzl", "bool_flag", "int_flag", "string_flag", "string_list_flag")
load("@bazel_skylib//rules:copy_directory.bzl", "copy_directory")
load("@bazel_skylib//rules:copy_file.bzl", "copy_file")
load("@bazel_skylib//rules:diff_test.bzl", "diff_test")
load("@bazel_skylib//rules:expand_template.bzl", "expand_template")
load("@bazel_skylib//rules:native_binary.bzl", "native_binary", "native_test")
load("@bazel_skylib//rules:run_binary.bzl", "run_binary")
load("@bazel_skylib//rules:select_file.bzl", "select_file")
load("@bazel_skylib//rules:write_file.bzl", "write_file")
load(
    ":tests.bzl",
    "actions_test",
    "bad_test",
    "broken",
    "changed_test",
    "expects_test",
    "suite",
    "value_test",
)

suite()
bad_test(name = "bad_test")
broken(name = "broken", tags = ["manual"])
expects_test(name = "expects_test", target_under_test = ":broken")
actions_test(name = "actions_test", target_under_test = ":text")
string_flag(name = "flag", build_setting_default = "high", values = ["high", "low"])
bool_flag(name = "switch", build_setting_default = True)
int_flag(name = "number", build_setting_default = 3)
string_list_flag(name = "words", build_setting_default = ["a"])
value_test(name = "value_test", target_under_test = ":flag", expected = "high")
changed_test(name = "changed_test", target_under_test = ":flag", expected = "low")
write_file(name = "text", out = "text.txt", content = ["a", "b", ""])
write_file(
    name = "tool",
    out = "tool.sh",
    content = ["#!/bin/sh", "cat $1 > $2"],
    is_executable = True,
)
write_file(name = "ok", out = "ok.sh", content = ["#!/bin/sh"], is_executable = True)
copy_file(name = "copy", src = "text.txt", out = "copy.txt")
copy_file(name = "link", src = "text.txt", out = "link.txt", allow_symlink = True)
diff_test(name = "same_test", file1 = "text.txt", file2 = "copy.txt")
diff_test(name = "differ_test", file1 = "text.txt", file2 = "filled.txt", failure_message = "make it anew")
build_test(name = "built", targets = [":text", ":copy"])
analysis_test(name = "analysed_test", targets = [":text"])
run_binary(
    name = "run",
    srcs = ["text.txt"],
    outs = ["out/ran.txt"],
    args = ["$(execpath text.txt)", "$(execpath out/ran.txt)"],
    tool = ":tool",
)
expand_template(name = "fill", template = "text.txt", out = "filled.txt", substitutions = {"a": "Z"})
filegroup(name = "two", srcs = ["copy.txt", "text.txt"])
select_file(name = "chosen", srcs = ":two", subpath = "text.txt")
native_binary(name = "program", src = ":ok", out = "program.exe")
native_test(name = "program_test", src = ":ok")
bzl_library(name = "library", srcs = ["tests.bzl"])
"""

LIB = """
load("@aspect_bazel_lib//lib:copy_to_directory.bzl", "copy_to_directory")
load("@aspect_bazel_lib//lib:glob_match.bzl", "glob_match")
load("@aspect_bazel_lib//lib:write_source_files.bzl", "write_source_file", "write_source_files")
load("@bazel_features//:features.bzl", "bazel_features")
load("@bazel_lib//lib:copy_to_bin.bzl", "copy_to_bin")
load("@bazel_lib//lib:diff_test.bzl", "diff_test")
load("@bazel_lib//lib:directory_path.bzl", "directory_path")
load("@bazel_lib//lib:expand_template.bzl", "expand_template")
load("@bazel_lib//lib:output_files.bzl", "output_files")
load("@bazel_lib//lib:params_file.bzl", "params_file")
load("@bazel_lib//lib:paths.bzl", "relative_file")
load("@bazel_lib//lib:run_binary.bzl", "run_binary")
load("@bazel_lib//lib:testing.bzl", "assert_archive_contains", "assert_contains", "assert_outputs")
load("@bazel_lib//lib:transitions.bzl", "platform_transition_filegroup")
load("@bazel_lib//lib:utils.bzl", "utils")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("@rules_cc//cc:defs.bzl", "cc_library")
load("@rules_java//java:defs.bzl", "java_library")
load("@rules_proto//proto:defs.bzl", "proto_library")
load("@rules_shell//shell:sh_binary.bzl", "sh_binary")
load("@rules_shell//shell:sh_test.bzl", "sh_test")

print(relative_file("a/b/c", "a/d/e"), glob_match("**/x*.py", "a/b/xy.py"), glob_match("*.py", "a/x.py"))
print(utils.file_exists("old.txt"), utils.file_exists("no.txt"))
print(bazel_features.external_deps.is_bzlmod_enabled)
genrule(name = "new", outs = ["new.txt"], cmd = "echo new > $(location new.txt)")
genrule(name = "same", outs = ["same.txt"], cmd = "echo b > $@")
write_source_files(name = "update", files = {"old.txt": ":new", "other.txt": ":same"})
copy_to_directory(
    name = "directory",
    srcs = [":new", "old.txt", "//sub:f.txt"],
    exclude_srcs_patterns = ["other*"],
    replace_prefixes = {"sub": "moved"},
)
copy_to_bin(name = "in_bin", srcs = ["old.txt"])
expand_template(
    name = "greeting",
    data = [":new"],
    out = "greeting.txt",
    substitutions = {"{n}": "world", "{p}": "$(rootpath :new)"},
    template = ["hello {n} {p}"],
)
assert_contains(name = "contains_test", actual = ":greeting", expected = "hello world new.txt")
assert_outputs(name = "outputs_test", actual = ":new", expected = ["new.txt"])
genrule(name = "packed", srcs = ["old.txt"], outs = ["packed.tar"], cmd = "tar -chf $@ $<")
assert_archive_contains(name = "archive_test", archive = "packed.tar", expected = ["old.txt"])
sh_binary(name = "tool", srcs = ["tool.sh"])
sh_test(name = "shell_test", srcs = ["ok.sh"])
run_binary(name = "file", srcs = ["old.txt"], outs = ["file.txt"], args = ["$(execpath old.txt)", "$@"], tool = ":tool")
run_binary(
    name = "tree",
    srcs = ["old.txt"],
    args = ["$(execpath old.txt)", "$(RULEDIR)/made/x"],
    out_dirs = ["made"],
    tool = ":tool",
)
directory_path(name = "in_tree", directory = ":tree", path = "x")
write_source_file(
    name = "from_tree",
    check_that_out_file_exists = False,
    diff_test = False,
    in_file = ":in_tree",
    out_file = "from_tree.txt",
)
output_files(name = "picked", paths = ["new.txt"], target = ":new")
params_file(name = "parameters", out = "parameters.txt", args = ["a", "$(rootpath :new)"], data = [":new"])
diff_test(name = "picked_test", file1 = ":new", file2 = ":picked")
cc_library(name = "library", srcs = ["x.cc"], copts = select({"//conditions:default": []}), deps = ["//nowhere:x"])
cc_test(name = "c_test", srcs = ["x.cc"])
java_library(name = "j", srcs = ["J.java"])
proto_library(name = "p", srcs = ["p.proto"])
genrule(name = "needs_c", srcs = [":library"], outs = ["c.txt"], cmd = "touch $@", tags = ["manual"])
platform(name = "arm", constraint_values = ["@platforms//os:linux", "@platforms//cpu:aarch64"])
platform_transition_filegroup(name = "for_arm", srcs = [":new"], target_platform = ":arm")
"""


def verdicts(output: str) -> dict[str, str]:
    lines = [line.split() for line in output.splitlines() if line.startswith("//")]
    return {words[0]: "PASSED" if "PASSED" in words else "FAILED" for words in lines}


def test_rules_and_test_helpers_of_skylib(workspace: RealWorkspace) -> None:
    workspace.write({"MODULE.bazel": MODULE, "tests.bzl": TESTS_BZL, "BUILD.bazel": SKYLIB})
    tested = workspace.run("test", "--test_output=errors", "//...")
    assert tested.code == 3, tested.stderr
    said = verdicts(tested.stdout + tested.stderr)
    assert {name for name, verdict in said.items() if verdict == "FAILED"} == {"//:bad_test", "//:differ_test"}
    assert {name for name, verdict in said.items() if verdict == "PASSED"} == {
        "//:actions_test",
        "//:analysed_test",
        "//:built",
        "//:changed_test",
        "//:expects_test",
        "//:loading_one",
        "//:program_test",
        "//:same_test",
        "//:suite_test_0",
        "//:suite_test_1",
        "//:value_test",
    }
    output = tested.stdout + tested.stderr
    assert 'In test _bad from @@//:bad_test: it\'s wrong (Expected "1", but got "2")' in output
    assert "make it anew" in output
    built = workspace.run("build", "//...")
    assert built.code == 0, built.stderr
    made = workspace.root / "venvship-bin"
    assert [(made / name).read_text() for name in ("filled.txt", "link.txt", "out/ran.txt")] == [
        "Z\nb\n",
        "a\nb\n",
        "a\nb\n",
    ]


def test_rules_of_bazel_lib_and_of_foreign_languages(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "BUILD.bazel": LIB,
            "old.txt": "old\n",
            "other.txt": "b\n",
            "sub/f.txt": "f\n",
            "sub/BUILD.bazel": 'exports_files(["f.txt"], visibility = ["//visibility:public"])',
            "tool.sh": "#!/bin/sh\ncp $1 $2\n",
            "ok.sh": "#!/bin/sh\n",
        }
    )
    for script in ("tool.sh", "ok.sh"):
        (workspace.root / script).chmod(0o755)
    tested = workspace.run("test", "//...")
    assert tested.code == 3, tested.stderr
    assert "../b/c True False\n" in tested.stderr
    assert "True False\n" in tested.stderr
    said = verdicts(tested.stdout + tested.stderr)
    assert [name for name, verdict in said.items() if verdict == "FAILED"] == ["//:update_0_test"]
    assert len(said) == 7
    built = workspace.run("build", "//...")
    assert built.code == 0, built.stderr
    made = workspace.root / "venvship-bin"
    copied = {str(path.relative_to(made / "directory")) for path in (made / "directory").rglob("*") if path.is_file()}
    assert copied == {"moved/f.txt", "new.txt", "old.txt"}
    assert (made / "parameters.txt").read_text() == "a\nnew.txt"
    assert (made / "file.txt").read_text() == (made / "made/x").read_text() == "old\n"

    assert workspace.run("run", "//:update").code == 0
    assert (workspace.root / "old.txt").read_text() == "new\n"
    assert workspace.run("run", "//:from_tree").code == 0
    assert (workspace.root / "from_tree.txt").read_text() == "new\n"
    assert workspace.run("test", "//:update_tests").code == 0

    needed = workspace.run("build", "//:needs_c")
    assert needed.code == 1
    assert "`cc_library` can't be built: it is for a language that is not built here" in needed.stderr


def test_templates_hold_build_information_where_it_is_asked_for(workspace: RealWorkspace) -> None:
    build = """
load("@bazel_lib//lib:expand_template.bzl", "expand_template")
load("@bazel_lib//lib:run_binary.bzl", "run_binary")
load("@rules_shell//shell:sh_binary.bzl", "sh_binary")
[expand_template(
    name = name,
    out = name + ".txt",
    template = ["{TAG} {TAG} $1 & by {WHO}", "{{STABLE_TAG}} {OTHER}"],
    substitutions = {"{TAG}": "none", "{WHO}": "nobody", "{OTHER}": "same"},
    stamp_substitutions = {"{TAG}": "v{{STABLE_TAG}}-{{STABLE_TAG}}", "{WHO}": "{{STABLE_WHO}}"},
    stamp = stamp,
) for name, stamp in {"always": 1, "never": 0, "asked": -1}.items()]
expand_template(name = "program", template = ["#!/bin/sh", "echo '{TAG}'"], is_executable = True, stamp = 1,
    stamp_substitutions = {"{TAG}": "{{STABLE_TAG}}"})
sh_binary(name = "tell", srcs = ["tell.sh"])
[run_binary(
    name = "tells_" + name,
    outs = ["tells_%s.txt" % name],
    args = ["$@"],
    stamp = stamp,
    tool = ":tell",
) for name, stamp in {"always": 1, "never": 0}.items()]
"""
    tell = (
        '#!/bin/sh\ngrep -h TAG ${BAZEL_STABLE_STATUS_FILE-} ${BAZEL_VOLATILE_STATUS_FILE-} < /dev/null > "$1"; true\n'
    )
    status = "#!/bin/sh\necho STABLE_TAG '1&2'\nprintf '%s\\n' 'STABLE_WHO a b\\c'\n"
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": build, "status.sh": status, "tell.sh": tell})
    (workspace.root / "tell.sh").chmod(0o755)
    command = "--workspace_status_command=sh status.sh"
    plain = "none none $1 & by nobody\n{{STABLE_TAG}} same\n"
    stamped = "v1&2-1&2 v1&2-1&2 $1 & by a b\\c\n{{STABLE_TAG}} same\n"
    for flag, asked in (("--nostamp", plain), ("--stamp", stamped)):
        built = workspace.run("build", command, flag, "//...")
        assert built.code == 0, built.stderr
        made = [(workspace.root / f"venvship-bin/{name}.txt").read_text() for name in ("always", "never", "asked")]
        assert made == [stamped, plain, asked]
        told = [(workspace.root / f"venvship-bin/tells_{name}.txt").read_text() for name in ("always", "never")]
        assert told == ["STABLE_TAG 1&2\n", ""]
    assert workspace.run("run", command, "//:program").stdout == "1&2\n"


def test_scripts_find_their_files_with_the_runfiles_library(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "BUILD.bazel": 'sh_test(name = "find_test", srcs = ["find.sh"], data = ["//sub:f.txt"], '
            'deps = ["@bazel_tools//tools/bash/runfiles"])\n'
            'sh_test(name = "other_test", srcs = ["find.sh"], data = ["//sub:f.txt"], '
            'deps = ["@rules_shell//shell/runfiles"])\n',
            "sub/f.txt": "found",
            "sub/BUILD.bazel": 'exports_files(["f.txt"], visibility = ["//visibility:public"])',
            "find.sh": "#!/bin/bash\nset -euo pipefail\nf=bazel_tools/tools/bash/runfiles/runfiles.bash\n"
            'source "${RUNFILES_DIR:-/dev/null}/$f" 2>/dev/null || source "$0.runfiles/$f"\n'
            'cd /\n[[ "$(cat "$(rlocation _main/sub/f.txt)")" == found ]]\n'
            "! rlocation _main/nothing\n! rlocation ../escape 2>/dev/null\n",
        }
    )
    (workspace.root / "find.sh").chmod(0o755)
    done = workspace.run("test", "--test_output=errors", "//...")
    assert done.code == 0, done.stdout + done.stderr


CC = """
load("@aspect_rules_py//py:defs.bzl", "py_binary")
load("@rules_python//python:py_cc_link_params_info.bzl", "PyCcLinkParamsInfo")
load("@rules_python//python/cc:py_cc_toolchain.bzl", "py_cc_toolchain")
load("@rules_python//python/cc:py_cc_toolchain_info.bzl", "PyCcToolchainInfo")
load("@rules_python//python/cc:py_extension.bzl", "py_extension")
py_extension(name = "extension", srcs = ["x.c"])
cc_library(name = "library", deps = ["@rules_python//python/cc:current_py_cc_headers"])
py_cc_toolchain(name = "for_cc", headers = ":library", python_version = "3.11")
toolchain(name = "cc", toolchain = ":for_cc", toolchain_type = "@aspect_rules_py//py:py_cc_toolchain_type")
py_binary(name = "app", srcs = ["app.py"])
filegroup(name = "headers", srcs = ["@rules_python//python/cc:current_py_cc_headers"], tags = ["manual"])
filegroup(name = "libs", srcs = ["@aspect_rules_py//py:current_py_cc_libs"], tags = ["manual"])
"""


def test_what_is_for_extension_modules_is_refused_where_it_is_needed(workspace: RealWorkspace) -> None:
    modules = (
        'bazel_dep(name = "aspect_rules_py", version = "2.0.0")\nbazel_dep(name = "rules_python", version = "2.3.0")\n'
    )
    workspace.write({"MODULE.bazel": modules, "BUILD.bazel": CC, "app.py": "", "x.c": ""})
    built = workspace.run("build", "//...")
    assert built.code == 0, built.stderr
    for target, named in [("headers", "current_py_cc_headers"), ("libs", "current_py_cc_libs")]:
        needed = workspace.run("build", f"//:{target}")
        assert needed.code == 1
        assert f"`{named}` can't be built: it is for C++, which is not built here" in needed.stderr
        assert f"needed by `//:{target}` (attribute `srcs`)" in needed.stderr
        assert "hint: let the lock have wheels of extension modules" in needed.stderr
