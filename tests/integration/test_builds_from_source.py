"""What `uv.override_package` says of builds from source, through the real command."""

from __future__ import annotations

import re

from fake_index import FakeIndex
from hub_building import INDEX, USE_HUB, lock, sdist, wheel
from real_workspace import DEFS, MODULE, RealWorkspace

# Modules of the built wheel say what the backend saw.
LOOK = """
import os
SEEN = {name: value for name, value in os.environ.items() if name.startswith("SEEN_")}
for name, value in list(SEEN.items()):
    if name.startswith("SEEN_FILE"):
        with open(value) as file:
            SEEN[name] = file.read()
with open("module.py", "a") as file:
    print("SEEN = %r" % SEEN, file=file)
"""
APP = 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//made"])\n'
SHOW = "import made\nfor name in sorted(made.SEEN):\n    print(name, made.SEEN[name].strip())\n"
TOOLCHAIN = """
def _tool(ctx):
    header = ctx.file.header
    values = {"DEP_INC": header.dirname, "DEP_HEADER": header.path, "CARGO": header.path}
    return [DefaultInfo(files = depset([header])), platform_common.TemplateVariableInfo(values)]

tool = rule(_tool, attrs = {"header": attr.label(allow_single_file = True), "deps": attr.label_list()})
"""


def write(workspace: RealWorkspace, index: FakeIndex, override: str, *, first: str = LOOK, build: str = "") -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB + f'uv.override_package(name = "made", {override})\n',
            "uv.lock": lock(index, {"made-1.0.tar.gz": sdist("made", index, first=first), **wheel("other", "")}),
            "BUILD.bazel": DEFS + build + APP,
            "app.py": SHOW,
            "tool.bzl": TOOLCHAIN,
        }
    )


def seen(workspace: RealWorkspace, *flags: str) -> dict[str, str]:
    done = workspace.run("run", INDEX, *flags, "//:app")
    assert done.code == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def refusal(workspace: RealWorkspace) -> str:
    done = workspace.build(INDEX, "//:app")
    assert done.code == 1, done.stderr
    return done.stderr


def test_values_of_a_build_have_make_variables(workspace: RealWorkspace, index: FakeIndex) -> None:
    environment = {
        "SEEN_PLAIN": "a$$b",
        "SEEN_MODE": "$(COMPILATION_MODE)-$(TARGET_CPU)",
        "SEEN_DEFINED": "$(COLOUR)",
        "SEEN_ROOT": "-L$(EXECROOT)/lib",
        "SEEN_BIN": "$(BINDIR)",
        "SEEN_LITERAL": "$$(EXECROOT)",
    }
    write(workspace, index, f"env = {environment!r}")
    found = seen(workspace, "--define=COLOUR=green")
    assert found["SEEN_PLAIN"] == "a$b" and found["SEEN_DEFINED"] == "green"
    assert found["SEEN_MODE"].startswith("fastbuild-") and found["SEEN_BIN"].endswith("/bin")
    assert found["SEEN_LITERAL"] == "$(EXECROOT)" and re.fullmatch(r"-L/.+/lib", found["SEEN_ROOT"])
    assert seen(workspace, "--define=COLOUR=blue")["SEEN_DEFINED"] == "blue"
    write(workspace, index, 'env = {"SEEN": "$(COLOR)"}')
    said = refusal(workspace)
    assert "`SEEN` in `env` of the override of `made`: `$(COLOR)` is not defined" in said and "MODULE.bazel:" in said
    assert all(f"`{name}`" in said for name in ("BINDIR", "COMPILATION_MODE", "EXECROOT", "GENDIR", "TARGET_CPU"))
    assert "needed by `//:app`" in said or "required by" in said


def test_a_toolchain_brings_variables_and_files_to_a_build(workspace: RealWorkspace, index: FakeIndex) -> None:
    environment = {"SEEN_FILE": "$(EXECROOT)/$(DEP_HEADER)", "SEEN_INC": "$(DEP_INC)", "SEEN_PYTHON": "$(PYTHON3)"}
    toolchains = '["//:tool", "@aspect_rules_py//py:current_py_toolchain"]'
    build = 'load("//:tool.bzl", "tool")\ntool(name = "tool", header = "include/dep.h")\n'
    write(workspace, index, f"toolchains = {toolchains}, env = {environment!r}", build=build)
    workspace.write({"include/dep.h": "#define ONE\n"})
    found = seen(workspace)
    assert (found["SEEN_FILE"], found["SEEN_INC"]) == ("#define ONE", "include")
    assert "from source" not in workspace.built("//:app").stderr
    # Nothing but the toolchain reads the file.
    workspace.write({"include/dep.h": "#define TWO\n"})
    assert seen(workspace)["SEEN_FILE"] == "#define TWO"
    workspace.write({"tool.bzl": TOOLCHAIN.replace("header.dirname", '"elsewhere"')})
    assert seen(workspace)["SEEN_INC"] == "elsewhere"
    # Nor does another reader hide that it has changed.
    workspace.write({"BUILD.bazel": DEFS + build + APP.replace("srcs =", 'data = ["include/dep.h"], srcs =')})
    assert seen(workspace)["SEEN_FILE"] == "#define TWO"
    workspace.write({"include/dep.h": "#define THREE\n"})
    assert seen(workspace)["SEEN_FILE"] == "#define THREE"


def test_a_build_finds_the_interpreter_of_the_toolchain(workspace: RealWorkspace, index: FakeIndex) -> None:
    first = LOOK + (
        "import subprocess\nargv = [os.environ['PYTHON'], '-c', 'import sys; print(sys.version_info.major)']\n"
        "assert subprocess.run(argv, capture_output=True, check=True).stdout == b'3\\n'\n"
        "assert os.environ['CARGO'].endswith('/include/dep.h') and os.path.isfile(os.environ['CARGO'])\n"
    )
    toolchains = '["//:tool", "@aspect_rules_py//py:current_py_toolchain"]'
    build = 'load("//:tool.bzl", "tool")\ntool(name = "tool", header = "include/dep.h")\n'
    override = f'toolchains = {toolchains}, env = {{"PYTHON": "$(EXECROOT)/$(PYTHON3)"}}'
    write(workspace, index, override, first=first, build=build)
    workspace.write({"include/dep.h": ""})
    workspace.built("//:app")


def test_toolchains_of_builds_from_source_may_not_be_built(workspace: RealWorkspace, index: FakeIndex) -> None:
    build = (
        'load("//:tool.bzl", "tool")\ngenrule(name = "made_header", outs = ["dep.h"], cmd = "echo > $@")\n'
        'tool(name = "tool", header = "dep.h", deps = [])\n'
    )
    write(workspace, index, 'toolchains = ["//:tool"], env = {"SEEN": "$(EXECROOT)/$(DEP_HEADER)"}', build=build)
    said = refusal(workspace)
    assert "/bin/dep.h`, which a build makes" in said and "`SEEN` in `env` of the override of `made`" in said
    workspace.write({"BUILD.bazel": DEFS + build.replace("deps = []", 'deps = ["@pypi//other"]') + APP})
    said = refusal(workspace)
    assert "`//:tool` is a toolchain for the build of `made` from source, and needs `@pypi//other:whl`" in said


def test_a_missing_toolchain_is_named(workspace: RealWorkspace, index: FakeIndex) -> None:
    write(workspace, index, 'toolchains = ["//:nothing"]')
    said = refusal(workspace)
    assert "`//:nothing`" in said and "(attribute `toolchains`)" in said


def test_a_backend_is_given_its_settings(workspace: RealWorkspace, index: FakeIndex) -> None:
    first = (
        LOOK + "def build_wheel(directory, settings, metadata):\n"
        "    with open('module.py', 'a') as file:\n"
        "        print('SEEN = dict(SEEN_SETTINGS=%r)' % repr(settings), file=file)\n"
        "    return make_wheel(directory, settings, metadata)\n"
    )
    settings = '{"one": ["-Da=b"], "two": ["x", "y"]}'
    write(workspace, index, f"config_settings = {settings}", first=first)
    archive = sdist("made", index, first=first, renamed=True)
    workspace.write({"uv.lock": lock(index, {"made-1.0.tar.gz": archive})})
    assert seen(workspace)["SEEN_SETTINGS"] == "{'one': '-Da=b', 'two': ['x', 'y']}"


def test_the_memory_that_a_build_takes_is_told(workspace: RealWorkspace, index: FakeIndex) -> None:
    first = LOOK + "import time\nfilled = bytearray(b'x' * (300 << 20))\ntime.sleep(0.5)\n"
    write(workspace, index, 'monitor_memory = True, resource_set = "mem_512m"', first=first)
    done = workspace.built("//:app")
    told = re.search(r"the most memory that building `made 1.0` took was (\d+) MiB", done.stderr)
    assert told is not None and 300 <= int(told[1]) < 1000, done.stderr
    assert "memory" not in workspace.built("//:app").stderr
    write(workspace, index, "monitor_memory = True", first=first + "raise SystemExit(3)\n")
    said = refusal(workspace)
    assert "memory in use: " in said


def test_what_only_builds_heed_is_told_where_there_is_no_source(workspace: RealWorkspace, index: FakeIndex) -> None:
    write(workspace, index, 'env = {"A": "b"}, monitor_memory = True')
    workspace.write({"uv.lock": lock(index, wheel("made", "SEEN = {}\n"))})
    done = workspace.built("//:app")
    assert "`env`, `monitor_memory` of the override of `made` have no effect: `uv.lock` has no source of it" in (
        done.stderr
    )


def test_a_version_of_a_project_that_is_not_locked_is_told(workspace: RealWorkspace, index: FakeIndex) -> None:
    write(workspace, index, 'env = {"A": "b"}')
    module = (workspace.root / "MODULE.bazel").read_text()
    for version, told in (("0", False), ("2.0", True)):
        tagged = module.replace('lock = "//:uv.lock",', f'lock = "//:uv.lock", version = "{version}",')
        workspace.write({"MODULE.bazel": tagged})
        said = workspace.built("//:app").stderr
        assert ("`version` of `uv.project` is `2.0` and has no effect: `uv.lock` has `shop 0`" in said) is told


def test_what_builds_every_distribution_may_be_a_requirement(workspace: RealWorkspace, index: FakeIndex) -> None:
    first = "import helper\n" + LOOK
    write(workspace, index, 'env = {"SEEN_A": "b"}', first=first)
    files = {"made-1.0.tar.gz": sdist("made", index, first=first), **wheel("helper", "")}
    module = (workspace.root / "MODULE.bazel").read_text()
    project = 'lock = "//:uv.lock", default_build_dependencies = ["build", "{}"],'
    tagged = module.replace('lock = "//:uv.lock",', project)
    workspace.write({"uv.lock": lock(index, files), "MODULE.bazel": tagged.replace("{}", "Helper >= 0.5")})
    assert seen(workspace) == {"SEEN_A": "b"}
    workspace.write({"MODULE.bazel": tagged.replace("{}", "helper >")})
    said = refusal(workspace)
    assert "MODULE.bazel:" in said and "`default_build_dependencies`: `helper >` is not a requirement" in said
