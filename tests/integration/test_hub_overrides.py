"""What `uv.override_package` and `whl_mods` change of distributions, through the real command."""

from __future__ import annotations

import re

from fake_index import FakeIndex
from hub_building import INDEX, USE_HUB, lock, wheel
from real_workspace import DEFS, MODULE, ORIGIN, RealWorkspace
from wheel_building import wheel_bytes


def test_a_distribution_can_be_changed(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = {**wheel("tool", "SAYS = 'before'\n"), **wheel("more", "X = 1\n"), **wheel("other", "X = 1\n")}
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + USE_HUB
            + """
uv.override_package(
    name = "tool",
    post_install_patches = ["//:tool.patch"],
    exclude_glob = ["tool/*.txt"],
    extra_deps = ["@pypi//more"],
    extra_data = ["//:notes.txt"],
)
uv.override_package(name = "other", lock = "//:uv.lock", target = "//:ours")
""",
            "uv.lock": lock(index, files),
            "tool.patch": "--- a/tool/__init__.py\n+++ b/tool/__init__.py\n@@ -1 +1 @@\n-SAYS = 'before'\n"
            "+SAYS = 'after'\n",
            "notes.txt": "notes\n",
            "BUILD.bazel": DEFS
            + 'exports_files(["notes.txt"])\n'
            + 'py_library(name = "ours", srcs = ["other.py"], visibility = ["//visibility:public"])\n'
            + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//tool", "@pypi//other"])\n',
            "other.py": "X = 'ours'\n",
            "app.py": "import os, more, other, tool\n"
            "print(tool.SAYS, os.listdir(os.path.dirname(tool.__file__)), other.X)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert done.code == 0, done.stderr
    assert "after" in done.stdout and "words.txt" not in done.stdout and "ours" in done.stdout
    workspace.write({"tool.patch": "--- a/tool/__init__.py\n+++ b/tool/__init__.py\n@@ -1 +1 @@\n-X\n+Y\n"})
    done = workspace.build("//:app")
    assert done.code == 1 and "tool.patch:3" in done.stderr and "does not fit" in done.stderr


def test_everything_that_is_said_of_a_distribution_counts(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = {**wheel("tool", "SAYS = 'before'\n"), **wheel("more", "X = 1\n")}
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + """
bazel_dep(name = "rules_python", version = "1.0.0")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.whl_mods(hub_name = "mods", whl_name = "tool", data_exclude_glob = ["site-packages/tool/*.txt"])
pip.parse(hub_name = "pypi", uv_lock = "//:uv.lock", whl_modifications = {"@mods//:tool.json": "tool"})
pip.override(file = "tool-1.0-py3-none-any.whl", patches = ["//:tool.patch"], patch_strip = 1)
pip.override(file = "tool-1.0-cp311-cp311-linux_x86_64.whl", patches = ["//:fits_nothing.patch"])
use_repo(pip, "mods", "pypi")
uv = use_extension("@aspect_rules_py//uv:extensions.bzl", "uv")
uv.override_package(name = "tool", version = "1.0", extra_data = ["//:notes.txt"])
uv.override_package(name = "tool", version = "2.0", extra_deps = ["//:nowhere"])
uv.override_package(name = "none", exclude_glob = ["*"])
""",
            "uv.lock": lock(index, files),
            "tool.patch": "--- a/tool/__init__.py\n+++ b/tool/__init__.py\n@@ -1 +1 @@\n-SAYS = 'before'\n"
            "+SAYS = 'after'\n",
            "fits_nothing.patch": "--- a/tool/__init__.py\n+++ b/tool/__init__.py\n@@ -1 +1 @@\n-X\n+Y\n",
            "notes.txt": "notes\n",
            "BUILD.bazel": DEFS
            + 'exports_files(["notes.txt"])\n'
            + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//tool"])\n',
            "app.py": "import os, pathlib, sys, tool\n"
            "print(tool.SAYS, sorted(os.listdir(os.path.dirname(tool.__file__))))\n"
            "print(pathlib.Path(os.environ['RUNFILES_DIR'], '_main/notes.txt').read_text())\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert done.code == 0, done.stderr
    assert "after" in done.stdout and "words.txt" not in done.stdout and "notes\n" in done.stdout
    told = [line.partition(": ")[2] for line in done.stderr.splitlines() if line.startswith("WARNING")]
    assert [re.sub(r"^MODULE.bazel:\d+:\d+: ", "", line) for line in told] == [
        f"`uv.lock` has no `{name}`, so nothing is changed"
        for name in ("tool-1.0-cp311-cp311-linux_x86_64.whl", "tool 2.0", "none")
    ]


def test_what_is_added_to_one_version_is_not_added_to_another(workspace: RealWorkspace, index: FakeIndex) -> None:
    tables = []
    for version in ("1.0", "2.0"):
        filename = f"forked-{version}-py3-none-any.whl"
        content = wheel_bytes("forked", version, {"forked.py": f"X = {version!r}\n"})
        address = f"{ORIGIN}/forked/{filename}"
        tables.append(
            f'[[package]]\nname = "forked"\nversion = "{version}"\nsource = {{ registry = "{ORIGIN}" }}\nwheels = '
            f'[{{ url = "{address}", hash = "sha256:{index.add("forked", filename, content)}" }}]\n'
        )
    groups = (
        "[package.dev-dependencies]\n"
        'old = [{ name = "forked", version = "1.0" }]\nnew = [{ name = "forked", version = "2.0" }]\n'
    )
    conflicts = 'conflicts = [[{ package = "shop", group = "old" }, { package = "shop", group = "new" }]]\n'
    files = lock(index, wheel("more", "X = 1\n"), groups=groups)
    files = files.replace("requires-python", f"{conflicts}requires-python", 1) + "".join(tables)
    parts = 'srcs = ["app.py"], main = "app.py", deps = ["@pypi//forked"]'
    programs = "".join(f'py_binary(name = "{group}", dep_group = "{group}", {parts})\n' for group in ("old", "new"))
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + USE_HUB
            + 'uv.override_package(name = "forked", version = "1.0", extra_deps = ["@pypi//more"])\n'
            + 'uv.override_package(name = "forked", version = "2.0", extra_data = ["//:notes.txt"])\n',
            "uv.lock": files,
            "notes.txt": "notes\n",
            "BUILD.bazel": DEFS + 'exports_files(["notes.txt"])\n' + programs,
            "app.py": "import forked, importlib.util, os\n"
            "notes = os.path.exists(os.path.join(os.environ['RUNFILES_DIR'], '_main/notes.txt'))\n"
            "print(forked.X, importlib.util.find_spec('more') is not None, notes)\n",
        }
    )
    for group, said in (("old", "1.0 True False\n"), ("new", "2.0 False True\n")):
        done = workspace.run("run", INDEX, f"//:{group}")
        assert (done.code, done.stdout) == (0, said), done.stderr


def test_what_is_added_to_one_of_a_circle_is_there_with_the_others(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = {**wheel("one", ""), **wheel("two", ""), **wheel("more", "X = 1\n")}
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + USE_HUB
            + 'uv.override_package(name = "two", extra_deps = ["@pypi//more", "@pypi//one"])\n',
            "uv.lock": lock(index, files, needs={"one": "two", "two": "one"}),
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//one"])\n',
            "app.py": "import more, two\nprint(more.X)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "1\n"), done.stderr


def test_the_package_of_a_distribution_can_have_more_targets(workspace: RealWorkspace, index: FakeIndex) -> None:
    content = wheel_bytes("more", "1.0", {"more.py": "X = 'more'\n"})
    sha256 = index.add("more", "more-1.0-py3-none-any.whl", content)
    module = (
        MODULE
        + """
bazel_dep(name = "rules_python", version = "1.0.0")
bazel_dep(name = "bazel_skylib", version = "1.7.1")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.whl_mods(
    hub_name = "mods",
    whl_name = "more",
    additive_build_content_file = "//:more.BUILD",
    data = [":words"],
)
pip.parse(
    hub_name = "pypi",
    requirements_lock = "//:requirements.txt",
    whl_modifications = {"@mods//:more.json": "more"},
)
use_repo(pip, "mods", "pypi")
"""
    )
    text = """
load("@bazel_skylib//rules:write_file.bzl", "write_file")
write_file(name = "words", out = "words.txt", content = ["some words"])
alias(name = "again", actual = ":more")
"""
    app = "import more, pathlib\n[file] = pathlib.Path(__file__).parents[1].glob('*/more/words.txt')\n"
    workspace.write(
        {
            "MODULE.bazel": module,
            "more.BUILD": text,
            "requirements.txt": f"more==1.0 --hash=sha256:{sha256}\n",
            "BUILD.bazel": 'load("@rules_python//python:defs.bzl", "py_binary")\n'
            'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//more:again"])\n',
            "app.py": app + "print(more.X, file.read_text())\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "more some words\n"), done.stderr
    workspace.write({"more.BUILD": text.replace("some words", "other words")})
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "more other words\n"), done.stderr
    workspace.write({"more.BUILD": 'filegroup(name = "words", srcs = glob(["**"]))\n'})
    done = workspace.run("build", INDEX, "//:app")
    assert done.code == 1 and "more.BUILD:1:" in done.stderr and "has no files, only targets" in done.stderr, (
        done.stderr
    )
    inline = module.replace('content_file = "//:more.BUILD"', "content = 'nowhere(name = \"words\")'")
    workspace.write({"MODULE.bazel": inline})
    done = workspace.run("build", INDEX, "//:app")
    assert done.code == 1 and "@pypi/more/additive_build_content:1:1" in done.stderr, done.stderr


def test_what_another_lock_has_changed_is_told(workspace: RealWorkspace, index: FakeIndex) -> None:
    for name in ("tool", "late"):
        index.add(name, f"{name}-1.0-py3-none-any.whl", wheel_bytes(name, "1.0", {f"{name}.py": ""}))
    workspace.environment.update({"UV_DEFAULT_INDEX": index.simple_url, "FORCE_COLOR": "1"})
    project = '[project]\nname = "app"\nversion = "1.0"\nrequires-python = ">=3.11"\ndependencies = ["{}"]\n'
    workspace.write({"MODULE.bazel": MODULE + USE_HUB, "BUILD.bazel": "", "pyproject.toml": project.format("tool")})
    assert workspace.run("lock").stdout == "uv.lock is made anew\n"
    workspace.write({"pyproject.toml": project.format("late")})
    made = workspace.run("lock")
    assert made.stdout == "uv.lock is made anew\n  Added late v1.0\n  Removed tool v1.0\n", made.stderr
    assert workspace.run("lock").stdout == "uv.lock is up to date\n"


def test_console_scripts_take_the_place_of_those_that_a_wheel_brings(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    code = "def main():\n    print('main')\ndef other():\n    print('other')\n"
    plain = MODULE + USE_HUB
    workspace.write(
        {
            "MODULE.bazel": plain + 'uv.override_package(name = "tool", console_scripts = {"more": "tool:other"})\n',
            "uv.lock": lock(index, wheel("tool", code, tool="tool:main")),
            "BUILD.bazel": DEFS + 'py_venv(name = "venv", deps = ["@pypi//tool"])\n',
        }
    )

    def programs() -> set[str]:
        workspace.built("//:venv")
        return {path.name for path in (workspace.root / "venvship-bin/.venv/bin").iterdir()} & {"tool", "more"}

    done = workspace.run("run", INDEX, "@pypi//tool:bin/more")
    assert (done.code, done.stdout) == (0, "other\n"), done.stderr
    assert programs() == {"more"}
    done = workspace.build("@pypi//tool:bin/tool")
    assert done.code == 1 and "`tool` brings no script `tool`" in done.stderr and "there are `bin/more`" in done.stderr
    workspace.write({"MODULE.bazel": plain + 'uv.override_package(name = "tool", console_scripts = {})\n'})
    assert programs() == set()
    done = workspace.build("@pypi//tool:bin/tool")
    assert done.code == 1 and "`tool` brings no script `tool`" in done.stderr and "its wheel has none" in done.stderr
    workspace.write({"MODULE.bazel": plain})
    assert programs() == {"tool"}


def test_an_override_of_a_project_of_the_workspace_is_told_to_change_nothing(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    override = 'uv.override_package(name = "shop", extra_data = ["//:notes.txt"])\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB + override,
            "uv.lock": lock(index, wheel("tool", "")),
            "BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//tool"])\n',
        }
    )
    done = workspace.built("//:lib")
    assert "the override of `shop` has no effect: it is a project of the workspace" in done.stderr
