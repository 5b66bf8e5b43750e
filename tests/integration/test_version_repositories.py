"""`@python_3_12` and its like, through the real command."""

from __future__ import annotations

import sys

from real_workspace import RealWorkspace

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
NAME = f"python_{VERSION.replace('.', '_')}"

MODULE = f"""
bazel_dep(name = "rules_python", version = "1.5.0")
bazel_dep(name = "bazel_skylib", version = "1.7.1")
local_path_override(module_name = "along", path = "along")
bazel_dep(name = "along")
python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.toolchain(python_version = "{VERSION}", is_default = True)
use_repo(python, "python_versions", "pythons_hub", py = "{NAME}", host = "{NAME}_host")
"""

# What a dependency takes for its default is no default of the workspace.
ALONG = """
module(name = "along")
bazel_dep(name = "rules_python", version = "1.0.0")
python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.toolchain(python_version = "3.8", is_default = True)
"""

BUILD = f"""
load("@py//:defs.bzl", "interpreter", "py_binary", "py_test")
load("@python_versions//{VERSION}:defs.bzl", another = "py_binary")
load("@pythons_hub//:versions.bzl", "DEFAULT_PYTHON_VERSION", "MINOR_MAPPING")
load("@bazel_skylib//rules:write_file.bzl", "write_file")

write_file(name = "said", out = "said.txt", content = [DEFAULT_PYTHON_VERSION, ",".join(MINOR_MAPPING)])
py_binary(name = "main", srcs = ["main.py"], deps = ["@rules_python//python/runfiles"])
another(
    name = "again",
    srcs = ["main.py"],
    main = "main.py",
    data = [":main"],
    deps = ["@rules_python//python/runfiles"],
)
py_test(name = "main_test", srcs = ["main.py"], main = "main.py", deps = ["@bazel_tools//tools/python/runfiles"])
genrule(
    name = "version",
    outs = ["version.txt"],
    cmd = "test -x $(location %s) && " % interpreter +
          "$(execpath @host//:python) -c 'import sys; print(sys.version_info[:2])' > $@",
    tools = ["@host//:python", interpreter, "@py//:files"],
)
"""


def test_rules_come_with_the_version_of_their_repository(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "along/MODULE.bazel": ALONG,
            "along/BUILD.bazel": "",
            "BUILD.bazel": BUILD,
            "main.py": "import sys\nfrom python.runfiles import Runfiles\n"
            "print(sys.version_info[:2], bool(Runfiles.Create()))\n",
        }
    )
    done = workspace.run("test", "//...")
    assert done.code == 0, done.stderr
    # One file of one target that is there for two configurations is no conflict.
    assert "claimed twice" not in done.stderr
    shown = str(sys.version_info[:2])
    assert (workspace.root / "venvship-bin/version.txt").read_text() == f"{shown}\n"
    assert (workspace.root / "venvship-bin/said.txt").read_text() == f"{VERSION}\n{VERSION},3.8"
    for name in ("main", "again"):
        done = workspace.run("run", f"//:{name}")
        assert (done.code, done.stdout) == (0, f"{shown} True\n"), done.stderr


def test_versions_and_archives_can_be_looked_up(workspace: RealWorkspace) -> None:
    names = ("DEFAULT_RELEASE_BASE_URL", "MINOR_MAPPING", "PLATFORMS", "TOOL_VERSIONS", "get_release_info")
    load = f'load("@rules_python//python:versions.bzl", {", ".join(map(repr, names))})\n'.replace("'", '"')
    workspace.write(
        {
            "MODULE.bazel": 'bazel_dep(name = "rules_python", version = "2.2.0")\n',
            "BUILD.bazel": load + 'tool = TOOL_VERSIONS["3.12.4"]\n'
            'name, [url], prefix, _, _ = get_release_info("x86_64-unknown-linux-gnu", "3.12.4")\n'
            'print(name, prefix, url == DEFAULT_RELEASE_BASE_URL + "/" + tool["url"]["x86_64-unknown-linux-gnu"])\n'
            'print(MINOR_MAPPING["3.10"] in TOOL_VERSIONS, len(tool["sha256"]["aarch64-apple-darwin"]))\n'
            'print(sorted(PLATFORMS)[0], PLATFORMS["x86_64-unknown-linux-gnu-freethreaded"].compatible_with)\n'
            'print(get_release_info("p", "1", "base", {"1": {"url": "{python_version}/{platform}"}})[1])\n'
            'filegroup(name = "x")\n',
        }
    )
    done = workspace.run("query", "//:x")
    assert done.code == 0, done.stderr
    said = [line.partition(": ")[2].partition(": ")[2] for line in done.stderr.splitlines() if "DEBUG" in line]
    assert said == [
        "cpython-3.12.4+20240726-x86_64-unknown-linux-gnu-install_only.tar.gz python True",
        "True 64",
        'aarch64-apple-darwin ["@platforms//os:linux", "@platforms//cpu:x86_64"]',
        '["base/1/p"]',
    ]


def test_platforms_are_conditions_of_a_package_that_asks_for_them(workspace: RealWorkspace) -> None:
    triples = (
        "aarch64-apple-darwin",
        "aarch64-unknown-linux-gnu",
        "x86_64-pc-windows-msvc",
        "x86_64-unknown-linux-gnu",
    )
    choice = {
        **{f":on-{triple}": triple for triple in triples},
        ":on-x86_64-unknown-linux-musl": "musl",
        ":on-x86_64-unknown-linux-gnu-freethreaded": "freethreaded",
    }
    workspace.write(
        {
            # `platforms` is no dependency of whoever calls the macro.
            "MODULE.bazel": 'bazel_dep(name = "rules_python", version = "1.5.0")\n',
            "BUILD.bazel": 'load("@rules_python//python:versions.bzl", "gen_python_config_settings")\n'
            'gen_python_config_settings(name = "on-")\n'
            f'genrule(name = "x", outs = ["x.txt"], cmd = "echo " + select({choice!r}) + " > $@")\n',
        }
    )
    package = "--@rules_python//python/config_settings:"
    for flags, expected in (
        ((), "x86_64-unknown-linux-gnu"),
        (("--platforms=linux_aarch64",), "aarch64-unknown-linux-gnu"),
        ((f"{package}py_linux_libc=musl",), "musl"),
        ((f"{package}py_freethreaded=yes",), "freethreaded"),
    ):
        workspace.built("//:x", "--platforms=linux_x86_64", *flags)
        assert (workspace.root / "venvship-bin/x.txt").read_text() == f"{expected}\n"
