"""What a hub offers, through the real command: parts of wheels, scripts, overrides, groups, builds from source."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from fake_index import FakeIndex
from hub_building import BACKEND, INDEX, PYPROJECT, USE_HUB, lock, sdist, source_tree, wheel
from real_workspace import DEFS, MODULE, ORIGIN, RealWorkspace, locked
from wheel_building import wheel_bytes


def test_parts_of_a_wheel_and_its_scripts_are_targets(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = wheel("tool", "def main():\n    print('tool runs')\n", tool="tool:main")
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, files),
            "BUILD.bazel": 'PARTS = ["@pypi//tool:dist_info", "@pypi//tool:data", "@pypi//tool:whl"]\n'
            'genrule(name = "seen", srcs = PARTS, outs = ["seen.txt"], cmd = "find -L $(SRCS) -type f > $@")\n',
        }
    )
    workspace.built("//:seen")
    names = {line.rpartition("/")[2] for line in (workspace.root / "venvship-bin/seen.txt").read_text().splitlines()}
    assert "words.txt" in names and "METADATA" in names and "tool-1.0-py3-none-any.whl" in names
    assert "__init__.py" not in names
    done = workspace.run("run", INDEX, "@pypi//tool:bin/tool")
    assert (done.code, done.stdout) == (0, "tool runs\n"), done.stderr


def test_scripts_of_a_wheel_need_no_declaration(workspace: RealWorkspace, index: FakeIndex) -> None:
    text = "import sys\ndef one():\n    print('one', *sys.argv[1:])\ndef two():\n    print('two')\n"
    files = {
        "tool-1.0-py3-none-any.whl": wheel_bytes(
            "tool", "1.0", {"tool.py": text}, console_scripts={"first": "tool:one", "second.py": "tool:two"}
        )
    }
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, files),
            "BUILD.bazel": 'genrule(name = "made", tools = ["@pypi//tool:bin/first"], outs = ["made.txt"], '
            'cmd = "$(location @pypi//tool:bin/first) by an action > $@")\n',
        }
    )
    done = workspace.run("run", INDEX, "@pypi//tool:bin/first", "--", "word")
    assert (done.code, done.stdout) == (0, "one word\n"), done.stderr
    done = workspace.run("run", INDEX, "@pypi//tool:bin/second.py")
    assert (done.code, done.stdout) == (0, "two\n"), done.stderr
    workspace.built("//:made")
    assert (workspace.root / "venvship-bin/made.txt").read_text() == "one by an action\n"
    workspace.write({"BUILD.bazel": (workspace.root / "BUILD.bazel").read_text().replace("an action", "another")})
    workspace.built("//:made")
    assert (workspace.root / "venvship-bin/made.txt").read_text() == "one by another\n"
    done = workspace.build("@pypi//tool:bin/frist")
    assert done.code == 1 and "`tool` brings no script `frist`" in done.stderr
    assert "did you mean `first`" in done.stderr and "`console_scripts`" in done.stderr, done.stderr
    renamed = wheel_bytes("tool", "1.0", {"tool.py": text}, console_scripts={"other": "tool:one"})
    workspace.write({"uv.lock": lock(index, {"tool-1.0-py3-none-any.whl": renamed})})
    done = workspace.build("//:made")
    assert done.code == 1 and "there are `bin/other`" in done.stderr, done.stderr
    workspace.write({"uv.lock": lock(index, files)})
    workspace.built("//:made")
    done = workspace.build("@pypi//tool:bni/first")
    assert done.code == 1 and "bni/first" in done.stderr


def test_bzl_files_of_a_hub_name_its_distributions(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = {**wheel("one_tool", "X = 1\n"), **wheel("two", "X = 2\n")}
    group = '[package.dev-dependencies]\ntest = [{ name = "two" }]'
    text = lock(index, files, groups=group).replace('name = "one_tool"', 'name = "one-tool"')
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": text,
            "BUILD.bazel": DEFS
            + """
load("@pypi//:requirements.bzl", "all_requirements", "requirement")
load("@pypi//:defs.bzl", "compatible_with", "group_deps", "group_deps_for", "incompatible_with")
py_binary(name = "a", srcs = ["a.py"], deps = [requirement("One.Tool")])
py_binary(name = "b", srcs = ["b.py"], deps = all_requirements)
py_binary(name = "c", srcs = ["c.py"], deps = group_deps_for("test"))
py_binary(name = "d", srcs = ["c.py"], main = "c.py", deps = group_deps(), dep_group = "test")
py_library(name = "only", target_compatible_with = compatible_with(["test"]))
py_library(name = "never", target_compatible_with = incompatible_with(["test"]))
py_binary(name = "e", srcs = ["c.py"], main = "c.py", deps = ["@pypi//two", ":only"], dep_group = "test")
py_binary(name = "f", srcs = ["c.py"], main = "c.py", deps = ["@pypi//two", ":never"], dep_group = "test")
""",
            "a.py": "import one_tool\nprint(one_tool.X)\n",
            "b.py": "import one_tool, two\nprint(one_tool.X, two.X)\n",
            "c.py": "import two\nprint(two.X)\n",
        }
    )
    for name, said in {"a": "1\n", "b": "1 2\n", "c": "2\n", "d": "2\n", "e": "2\n"}.items():
        done = workspace.run("run", INDEX, f"//:{name}")
        assert (done.code, done.stdout) == (0, said), done.stderr
    for flag in ("@pypi//dep_group", "@pypi//dep_group:dep_group", "@pypi//venv"):
        done = workspace.run("run", INDEX, f"--{flag}=test", "//:c")
        assert (done.code, done.stdout) == (0, "2\n"), done.stderr
        done = workspace.build(f"--{flag}=tests", "//:c")
        assert done.code == 1 and "did you mean `test`?" in done.stderr
    assert workspace.build("//:only").code == 1 and workspace.build("//:never").code == 0
    done = workspace.build("//:f")
    assert done.code == 1 and "`//:never`" in done.stderr and "incompatible" in done.stderr


def test_macros_see_what_a_group_needs_at_any_depth(workspace: RealWorkspace, index: FakeIndex) -> None:
    """Each group alone, also one that conflicts with another; a project is called by its name."""
    files = {name: content for one in "abcd" for name, content in wheel(f"dist_{one}", "").items()}
    groups = '[package.dev-dependencies]\ntest = [{ name = "dist_b" }]\nlint = [{ name = "dist_c" }]'
    conflicts = 'conflicts = [[{ package = "shop", group = "test" }, { package = "shop", group = "lint" }]]\n'
    text = lock(index, files, groups=groups, needs={"dist_b": "dist_d"})
    shown = "[label.package for group in VIRTUALENVS for label in group_deps_for(group)]"
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": text.replace("requires-python", f"{conflicts}requires-python", 1).replace("dist_", "dist-"),
            "BUILD.bazel": DEFS
            + f"""
load("@pypi//:requirements.bzl", "all_requirements", "requirement")
load("@pypi//:defs.bzl", "VIRTUALENVS", "compatible_with", "group_deps_for")
print("%s: %s" % (VIRTUALENVS, {shown}))
print([one.partition("//")[2] for one in [requirement("Dist.A"), all_requirements[0]]])
py_library(name = "shop", target_compatible_with = compatible_with(["shop"]))
""",
        }
    )
    done = workspace.run("query", INDEX, "//:all")
    assert done.code == 0, done.stderr
    # What only a conflicting group has is no part of the project.
    shop = '"dist_a", "dist_d"'
    assert f'["lint", "shop", "test"]: ["dist_c", {shop}, "dist_b", "dist_d"]' in done.stderr, done.stderr
    assert '["dist_a:pkg", "dist_a:pkg"]' in done.stderr
    assert workspace.build("//:shop", "--@pypi//dep_group=shop").code == 0


def test_all_wheels_are_those_that_this_target_has(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = {**wheel("here", ""), **wheel("elsewhere", ""), **wheel("replaced", "")}
    marker = '{ name = "elsewhere", marker = "sys_platform == \'win32\'" }'
    listed = "[str(label) for label in all_whl_requirements + all_data_requirements]"
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB + 'uv.override_package(name = "replaced", target = "//:own")\n',
            "uv.lock": lock(index, files).replace('{ name = "elsewhere" }', marker),
            "BUILD.bazel": DEFS
            + f"""
load("@pypi//:requirements.bzl", "all_data_requirements", "all_whl_requirements")
py_library(name = "own", visibility = ["//visibility:public"])
filegroup(name = "all", srcs = all_whl_requirements)
filegroup(name = "data", srcs = {listed})
""",
        }
    )
    done = workspace.built("//:all", "//:data")
    assert "here-1.0-py3-none-any.whl" in done.stderr
    assert "elsewhere" not in done.stderr and "replaced" not in done.stderr
    absent = workspace.build("@pypi//elsewhere:whl")
    assert absent.code == 0 and ".whl" not in absent.stderr, absent.stderr


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


def test_a_source_archive_is_built_once_without_network(workspace: RealWorkspace, index: FakeIndex) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, {"made-1.0.tar.gz": sdist("made", index)}),
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//made"])\n',
            "app.py": "import made\nprint(made.SAYS, made.NETWORK)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "before closed\n"), done.stderr
    assert "made 1.0 from source" in done.stderr
    again = workspace.build("//:app")
    assert again.code == 0 and "from source" not in again.stderr
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + USE_HUB
            + 'uv.override_package(name = "made", pre_build_patches = ["//:made.patch"], pre_build_patch_strip = 1)\n',
            "made.patch": "--- a/module.py\n+++ b/module.py\n@@ -1 +1 @@\n-SAYS = 'before'\n+SAYS = 'after'\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "after closed\n"), done.stderr


def test_of_a_lock_only_what_builds_a_source_archive_builds_it_again(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    files = {"kept-1.0.tar.gz": sdist("kept", index, requires='"maker"'), **wheel("maker", "X = 1\n")}
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, files),
            "BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//kept"])\n',
        }
    )
    done = workspace.built("//:lib")
    assert "kept 1.0 from source" in done.stderr
    workspace.write({"uv.lock": lock(index, {**files, **wheel("unrelated", "X = 1\n")})})
    assert "from source" not in workspace.built("//:lib").stderr
    workspace.write({"uv.lock": lock(index, {**files, **wheel("maker", "X = 2\n")})})
    assert "kept 1.0 from source" in workspace.built("//:lib").stderr


def test_source_archives_are_built_at_the_same_time(workspace: RealWorkspace, index: FakeIndex) -> None:
    meet = f"""
import glob, os, time
met = os.environ["TMPDIR"] + "/met"
for _ in range(600):
    if os.path.exists(met) or len(glob.glob({f"{workspace.cache}/venvship/builds/build-*/work/source/met_*"!r})) == 2:
        break
    time.sleep(0.1)
else:
    raise SystemExit("nobody else is built")
if not os.path.exists(met):
    open(met, "w").close()
    # The other one should have looked, too.
    time.sleep(1)
"""
    names = ("met_one", "met_two")
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, {f"{name}-1.0.tar.gz": sdist(name, index, first=meet) for name in names}),
            "BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//met_one", "@pypi//met_two"])\n',
        }
    )
    workspace.built("//:lib")


def test_a_source_of_git_is_told_the_version_that_is_locked(workspace: RealWorkspace, index: FakeIndex) -> None:
    repository = workspace.root.parent / "repository"
    for path, text in source_tree("gitted", index).items():
        (repository / "inner").mkdir(parents=True, exist_ok=True)
        (repository / "inner" / path).write_text(text)

    def git(*arguments: str) -> str:
        argv = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments]
        return subprocess.run(argv, cwd=repository, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "1")
    source = f"{repository.as_uri()}?subdirectory=inner&rev=main#{git('rev-parse', 'HEAD')}"
    locked = f'[[package]]\nname = "gitted"\nversion = "1.0"\nsource = {{ git = "{source}" }}\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, wheel("other", "")).replace('"other" }]', '"other" }, { name = "gitted" }]')
            + locked,
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//gitted"])\n',
            "app.py": "import gitted\nprint(gitted.SAYS, gitted.TOLD)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "before 1.0\n"), done.stderr


def test_what_builds_a_distribution_can_be_annotated(workspace: RealWorkspace, index: FakeIndex) -> None:
    """The backend imports something that its own pyproject.toml does not ask for."""
    source = sdist("annotated", index)
    files = {"annotated-1.0.tar.gz": source, **wheel("helper", "TEXT = 'helped'\n")}
    patch = "--- a/module.py\n+++ b/module.py\n@@ -1 +1 @@\n-SAYS = 'before'\n+SAYS = 'patched'\n"
    hook = (
        "--- a/backend.py\n+++ b/backend.py\n@@ -1,2 +1,3 @@\n \n+import helper\n import base64, hashlib, os, zipfile\n"
    )
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + USE_HUB
            + 'uv.override_package(name = "annotated", pre_build_patches = ["//:a.patch", "//:b.patch"], '
            + "pre_build_patch_strip = 1)\n",
            "uv.lock": lock(index, files),
            "a.patch": patch,
            "b.patch": hook,
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//annotated"])\n',
            "app.py": "import annotated\nprint(annotated.SAYS)\n",
        }
    )
    done = workspace.build("//:app")
    assert done.code == 1 and "`uv add --group build helper`" in done.stderr
    module = (workspace.root / "MODULE.bazel").read_text()
    workspace.write(
        {
            "MODULE.bazel": module + 'uv.annotate_packages(lock = "//:uv.lock", src = "//:needs.toml")\n',
            "needs.toml": '[[package]]\nname = "annotated"\nversion = "2.0"\nbuild-dependencies = ["helper"]\n',
        }
    )
    done = workspace.build("//:app")
    assert done.code == 1 and "`uv add --group build helper`" in done.stderr
    workspace.write(
        {"needs.toml": '[[package]]\nname = "annotated"\nversion = "1.0"\nbuild-dependencies = [{ name = "helper" }]\n'}
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "patched\n"), done.stderr


def test_a_failed_build_shows_the_end_of_its_log_and_the_fix(workspace: RealWorkspace, index: FakeIndex) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, {"bad-1.0.tar.gz": sdist("bad", index, fail=True)}),
            "BUILD.bazel": DEFS + 'py_library(name = "app", deps = ["@pypi//bad"])\n',
        }
    )
    done = workspace.build("//:app")
    assert done.code == 1
    assert "`bad 1.0` can't be built from source" in done.stderr and "building bad" in done.stderr
    assert "`uv add --group build cython`" in done.stderr
    assert "needed by `//:app`" in done.stderr


def test_requirements_with_hashes_fill_a_hub(workspace: RealWorkspace, index: FakeIndex) -> None:
    lib = wheel_bytes(
        "lib", "1.0", {"lib.py": "X = 'lib'\n", "lib.txt": ""}, requires=["dep>=1", "never; python_version < '3'"]
    )
    hashes = {
        "lib": index.add("lib", "lib-1.0-py3-none-any.whl", lib),
        "dep": index.add("dep", "dep-1.0-py3-none-any.whl", wheel_bytes("dep", "1.0", {"dep.py": "X = 'dep'\n"})),
        "unused": "0" * 64,
    }
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + """
bazel_dep(name = "rules_python", version = "1.0.0")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.whl_mods(
    hub_name = "mods",
    whl_name = "lib",
    data = ["//:words.txt"],
    data_exclude_glob = ["site-packages/lib.txt"],
)
pip.parse(
    hub_name = "pypi",
    requirements_darwin = "//:other.txt",
    requirements_linux = "//:requirements.txt",
    whl_modifications = {"@mods//:lib.json": "lib"},
)
use_repo(pip, "mods", "pypi", "pypi_lib")
""",
            "other.txt": "",
            "words.txt": "",
            "requirements.txt": f"lib==1.0 --hash=sha256:{hashes['lib']}\n"
            f"dep==1.0 \\\n    --hash=sha256:{hashes['dep']}\n",
            "BUILD.bazel": 'load("@rules_python//python:defs.bzl", "py_binary")\nexports_files(["words.txt"])\n'
            'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi_lib//:pkg"])\n',
            "app.py": "import dep, lib, os\n"
            "beside = os.path.join(os.path.dirname(lib.__file__), 'lib.txt')\n"
            "print(lib.X, dep.X, os.path.exists(beside), os.path.exists('words.txt'))\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "lib dep False True\n"), done.stderr


def test_a_lock_for_another_python_or_platform_is_told(workspace: RealWorkspace, index: FakeIndex) -> None:
    sha256 = index.add("dep", "dep-1.0-py3-none-any.whl", wheel_bytes("dep", "1.0", {"dep.py": ""}))
    module = (
        MODULE
        + """
bazel_dep(name = "rules_python", version = "1.0.0")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(hub_name = "pypi", python_version = "3.9", requirements_lock = "//:requirements.txt")
pip.parse(hub_name = "macs", requirements_darwin = "//:macs.txt")
use_repo(pip, "macs", "pypi")
"""
    )
    workspace.write(
        {
            "MODULE.bazel": module,
            "requirements.txt": f"dep==1.0 --hash=sha256:{sha256}\n",
            "macs.txt": f"dep==1.0 --hash=sha256:{sha256}\n",
            "BUILD.bazel": DEFS
            + 'py_library(name = "lib", deps = ["@pypi//dep"])\npy_library(name = "mac", deps = ["@macs//dep"])\n',
        }
    )
    done = workspace.build("//:lib")
    assert done.code == 1 and "`dep` is not locked for Python 3." in done.stderr, done.stderr
    assert "\n  `requirements.txt` is for Python 3.9\n  needed by `//:lib` (attribute `deps`)\n" in done.stderr
    assert "hint: choose what to build for with `is_default = True` of a Python toolchain" in done.stderr
    done = workspace.build("//:mac")
    assert done.code == 1 and "\n  `macs.txt` is for macos_*\n" in done.stderr, done.stderr


def test_what_is_not_locked_names_the_lock(workspace: RealWorkspace, index: FakeIndex) -> None:
    sha256 = index.add("dep", "dep-1.0-py3-none-any.whl", wheel_bytes("dep", "1.0", {"dep.py": ""}))
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": member_lock(
                "",
                '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n'
                'dependencies = [{ name = "dep" }]',
                f'[[package]]\nname = "dep"\nversion = "1.0"\nsource = {{ registry = "{ORIGIN}" }}\n'
                f'wheels = [{{ url = "{ORIGIN}/dep/dep-1.0-py3-none-any.whl", hash = "sha256:{sha256}" }}]',
            ),
            "BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//numpy"])\n',
        }
    )
    done = workspace.build("//:lib")
    assert done.code == 1 and "no such package `@pypi//numpy`: it is not locked in `uv.lock`" in done.stderr
    assert "hint: add it to what the lock is made from, and lock again with `venvship lock`" in done.stderr
    workspace.write({"BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//depp"])\n'})
    done = workspace.build("//:lib")
    assert done.code == 1 and "hint: did you mean `dep`" in done.stderr, done.stderr


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


def test_without_fetching_everything_that_is_missing_is_named(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = {**wheel("offline_a", "X = 'a'\n"), **wheel("offline_b", "X = 'b'\n")}
    text = lock(index, files).replace('"offline_', '"offline-')
    deps = '["@pypi//offline_a", "@pypi//offline_b"]'
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": text,
            "BUILD.bazel": DEFS + f'py_library(name = "app", deps = {deps})\n',
        }
    )
    done = workspace.build("--nofetch", "//:app")
    assert done.code == 1
    assert "offline_a-1.0-py3-none-any.whl" in done.stderr and "offline_b-1.0-py3-none-any.whl" in done.stderr
    assert workspace.build("//:app").code == 0
    assert workspace.build("--nofetch", "//:app").code == 0


def member_lock(*packages: str) -> str:
    return "\n".join(["version = 1", 'requires-python = ">=3.9"', *packages]) + "\n"


def test_projects_of_the_workspace_are_their_own_libraries(workspace: RealWorkspace, index: FakeIndex) -> None:
    content = wheel_bytes("tool", "1.0", {"tool.py": "import shop_lib\nX = shop_lib.X\n"})
    sha256 = index.add("tool", "tool-1.0-py3-none-any.whl", content)
    url = f"{ORIGIN}/tool/tool-1.0-py3-none-any.whl"
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": member_lock(
                '[manifest]\nmembers = ["app", "shop-lib", "lost"]',
                '[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\n'
                'dependencies = [{ name = "tool" }, { name = "lost" }]',
                '[[package]]\nname = "shop-lib"\nversion = "1"\nsource = { editable = "libs/lib" }',
                '[[package]]\nname = "lost"\nversion = "1"\nsource = { editable = "libs/lost" }',
                f'[[package]]\nname = "tool"\nversion = "1.0"\nsource = {{ registry = "{ORIGIN}" }}\n'
                f'dependencies = [{{ name = "shop-lib" }}]\nwheels = [{{ url = "{url}", hash = "sha256:{sha256}" }}]',
            ),
            "libs/lib/BUILD.bazel": DEFS
            + 'VISIBLE = ["//visibility:public"]\n'
            + 'py_library(name = "lib", srcs = ["shop_lib.py"], imports = ["."], visibility = VISIBLE)\n',
            "libs/lib/shop_lib.py": "X = 'from the workspace'\n",
            "libs/lost/BUILD.bazel": "",
            "BUILD.bazel": DEFS
            + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//tool", "@pypi//shop_lib"])\n'
            + 'py_library(name = "lost", deps = ["@pypi//lost"])\n',
            "app.py": "import tool\nprint(tool.X)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "from the workspace\n"), done.stderr
    done = workspace.build("//:lost")
    assert done.code == 1 and "`lost` is a project of the workspace at `libs/lost`" in done.stderr
    assert "no code is found" in done.stderr and "add a py_library named `lost`" in done.stderr


def test_projects_without_targets_are_libraries_of_what_an_installer_would_take(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    """The project and a wheel need each other; the root has dependencies and no code."""
    content = wheel_bytes("tool", "1.0", {"tool.py": "import shop_lib\n"})
    sha256 = index.add("tool", "tool-1.0-py3-none-any.whl", content)
    url = f"{ORIGIN}/tool/tool-1.0-py3-none-any.whl"
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": member_lock(
                '[manifest]\nmembers = ["all", "shop-lib", "serve", "even"]',
                '[[package]]\nname = "all"\nversion = "1"\nsource = { virtual = "." }\n'
                'dependencies = [{ name = "shop-lib" }, { name = "serve" }, { name = "even" }]',
                '[[package]]\nname = "shop-lib"\nversion = "1.2"\nsource = { editable = "libs/lib" }\n'
                'dependencies = [{ name = "tool" }]',
                '[[package]]\nname = "serve"\nversion = "1"\nsource = { editable = "libs/serve" }',
                '[[package]]\nname = "even"\nversion = "1"\nsource = { editable = "libs/even" }',
                f'[[package]]\nname = "tool"\nversion = "1.0"\nsource = {{ registry = "{ORIGIN}" }}\n'
                f'dependencies = [{{ name = "shop-lib" }}]\nwheels = [{{ url = "{url}", hash = "sha256:{sha256}" }}]',
            ),
            "libs/lib/pyproject.toml": '[project]\nname = "shop-lib"\nversion = "1.2"\n',
            "libs/lib/src/shop_lib/__init__.py": "X = 'before'\n",
            "libs/serve/src/serve/__init__.py": "",
            "libs/serve/src/serve/__main__.py": "import sys\ndef main():\n    print('serve', *sys.argv[1:])\nmain()\n",
            "libs/serve/pyproject.toml": '[project]\nname = "serve"\nversion = "1"\n'
            '[project.scripts]\nserve = "serve.__main__:main"\n',
            # A program is called like its directory, and is not what others mean by the project.
            "libs/serve/BUILD.bazel": DEFS
            + 'py_binary(name = "serve", main_module = "serve", deps = ["@pypi//serve"])\n',
            "libs/even/even/__init__.py": "",
            "libs/even/tests/test_even.py": "",
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//all"])\n',
            "app.py": "import importlib.metadata, importlib.util, os, even, shop_lib, tool\n"
            "found = sorted(os.listdir(os.path.dirname(shop_lib.__file__)))\n"
            "print(shop_lib.X, found, importlib.metadata.version('shop-lib'), importlib.util.find_spec('tests'))\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "before ['__init__.py'] 1.2 None\n"), done.stderr
    for program in ("//libs/serve", "@pypi//serve:bin/serve"):
        done = workspace.run("run", INDEX, program, "--", "x")
        assert (done.code, done.stdout.splitlines()[:1]) == (0, ["serve x"]), done.stderr
    workspace.write({"libs/lib/src/shop_lib/__init__.py": "X = 'after'\n", "libs/lib/src/shop_lib/words.txt": ""})
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "after ['__init__.py', 'words.txt'] 1.2 None\n"), done.stderr


@pytest.mark.parametrize("has_target", [True, False])
def test_scripts_of_a_project_are_programs_whatever_its_directory_is_called(
    workspace: RealWorkspace, index: FakeIndex, has_target: bool
) -> None:
    """The distribution, its directory, its module and its script have names of their own."""
    files = lock(index, wheel("other", "X = 1\n"))
    member = '[[package]]\nname = "acme-tools"\nversion = "1.0"\nsource = { editable = "libs/inner" }\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": files.replace('[{ name = "other" }]', '[{ name = "acme-tools" }, { name = "other" }]')
            + member
            + 'dependencies = [{ name = "other" }]\n',
            "libs/inner/pyproject.toml": '[project]\nname = "Acme.Tools"\nversion = "1.0"\ndependencies = ["other"]\n'
            '[project.scripts]\nhammer = "acme_tools.main:run"\n',
            "libs/inner/acme_tools/__init__.py": "",
            "libs/inner/acme_tools/main.py": "import sys, other\n"
            "def run():\n    print('hits', other.X, sys.argv[1:])\n",
            **(
                {
                    "libs/inner/BUILD.bazel": DEFS
                    + 'py_library(name = "inner", srcs = glob(["**/*.py"]), imports = ["."], '
                    'deps = ["@pypi//other"], visibility = ["//visibility:public"])\n'
                }
                if has_target
                else {}
            ),
            "BUILD.bazel": DEFS,
        }
    )
    done = workspace.run("run", INDEX, "@pypi//acme_tools:bin/hammer", "--", "nail")
    assert (done.code, done.stdout) == (0, "hits 1 ['nail']\n"), done.stderr
    assert workspace.run("build", INDEX, "@pypi//acme_tools:bin/saw").code == 1


def test_a_project_outside_of_the_workspace_is_built(workspace: RealWorkspace, index: FakeIndex) -> None:
    backend = BACKEND.format(name="made", fail=False, port=9)
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": member_lock(
                '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n'
                'dependencies = [{ name = "made" }]',
                '[[package]]\nname = "made"\nversion = "1.0"\nsource = { editable = "../made" }',
            ),
            "../made/pyproject.toml": PYPROJECT.format(requires=""),
            "../made/backend.py": backend,
            "../made/module.py": "SAYS = 'from beside'\n",
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//made"])\n',
            "app.py": "import made\nprint(made.SAYS)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "from beside\n"), done.stderr


def test_a_group_chooses_among_the_locks_of_a_hub(workspace: RealWorkspace, index: FakeIndex) -> None:
    locks: dict[str, str] = {}
    for name, says in {"old": "1", "new": "2"}.items():
        filename = f"tool-{says}.0-py3-none-any.whl"
        sha256 = index.add("tool", filename, wheel_bytes("tool", f"{says}.0", {"tool.py": f"X = {says}\n"}))
        wheel_entry = f'{{ url = "{ORIGIN}/tool/{filename}", hash = "sha256:{sha256}" }}'
        locks[f"{name}/uv.lock"] = member_lock(
            f'[[package]]\nname = "{name}"\nversion = "1"\nsource = {{ virtual = "." }}\n'
            'dependencies = [{ name = "tool" }]',
            f'[[package]]\nname = "tool"\nversion = "{says}.0"\nsource = {{ registry = "{ORIGIN}" }}\n'
            f"wheels = [{wheel_entry}]",
        )
    projects = "".join(
        f'uv.project(hub_name = "pypi", lock = "//{name}:uv.lock", pyproject = "//{name}:pyproject.toml"{said})\n'
        for name, said in (("old", ""), ("new", ', name = "new"'))
    )
    use = 'uv = use_extension("@aspect_rules_py//uv:extensions.bzl", "uv")\nuv.declare_hub(hub_name = "pypi")\n'
    workspace.write(
        {
            **locks,
            "MODULE.bazel": MODULE + use + projects + 'use_repo(uv, "pypi")\n',
            "BUILD.bazel": DEFS
            + 'py_library(name = "any", deps = ["@pypi//tool"])\n'
            + 'py_venv(name = "new", deps = ["@pypi//tool"], dep_group = "new")\n'
            + 'py_venv(name = "none", deps = ["@pypi//tool"], dep_group = "newest")\n'
            + 'py_binary(name = "says", srcs = ["says.py"], deps = ["@pypi//tool"], dep_group = "old")\n',
            "says.py": "import tool\nprint(tool.X)\n",
        }
    )
    done = workspace.build("//:any")
    assert done.code == 1 and "`tool` is in several locks of the hub `pypi`" in done.stderr
    workspace.built("//:new")
    assert "tool-2.0" in " ".join(str(path) for path in (workspace.cache / "venvship/wheels").glob("*/tool-2.0*"))
    # A project without a name in its tag has the one in its pyproject.toml.
    done = workspace.run("run", INDEX, "//:says")
    assert (done.code, done.stdout) == (0, "1\n"), done.stderr
    done = workspace.build("//:none")
    assert done.code != 0 and "has the dependency group `newest`" in done.stderr
    assert "hint: did you mean `new`?" in done.stderr


def test_a_group_that_conflicts_with_its_project_stands_without_it(workspace: RealWorkspace, index: FakeIndex) -> None:
    entries = []
    for says in ("1", "2"):
        filename = f"tool-{says}.0-py3-none-any.whl"
        sha256 = index.add("tool", filename, wheel_bytes("tool", f"{says}.0", {"tool.py": f"X = {says}\n"}))
        entries.append(
            f'[[package]]\nname = "tool"\nversion = "{says}.0"\nsource = {{ registry = "{ORIGIN}" }}\n'
            f'wheels = [{{ url = "{ORIGIN}/tool/{filename}", hash = "sha256:{sha256}" }}]'
        )
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": member_lock(
                'conflicts = [[{ package = "shop", group = "old" }, { package = "shop" }]]',
                '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n'
                'dependencies = [{ name = "tool", version = "2.0", marker = "extra == \'project-4-shop\'" }]\n'
                "[package.dev-dependencies]\n"
                'old = [{ name = "tool", version = "1.0", marker = "extra == \'group-4-shop-old\'" }]',
                *entries,
            ),
            "BUILD.bazel": DEFS
            + 'py_binary(name = "ours", srcs = ["says.py"], deps = ["@pypi//tool"])\n'
            + 'py_binary(name = "old", srcs = ["says.py"], deps = ["@pypi//tool"], dep_group = "old")\n',
            "says.py": "import tool\nprint(tool.X)\n",
        }
    )
    for name, said in {"ours": "2\n", "old": "1\n"}.items():
        done = workspace.run("run", INDEX, f"//:{name}")
        assert (done.code, done.stdout) == (0, said), done.stderr


def test_what_only_a_group_needs_names_the_group(workspace: RealWorkspace, index: FakeIndex) -> None:
    sha256 = index.add("tool", "tool-1.0-py3-none-any.whl", wheel_bytes("tool", "1.0", {"tool.py": ""}))
    url = f"{ORIGIN}/tool/tool-1.0-py3-none-any.whl"
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": member_lock(
                'conflicts = [[{ package = "shop", group = "old" }, { package = "shop", group = "new" }]]',
                '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n'
                '[package.dev-dependencies]\nold = [{ name = "tool" }]\nnew = []',
                f'[[package]]\nname = "tool"\nversion = "1.0"\nsource = {{ registry = "{ORIGIN}" }}\n'
                f'wheels = [{{ url = "{url}", hash = "sha256:{sha256}" }}]',
            ),
            "BUILD.bazel": DEFS
            + 'py_library(name = "lib", deps = ["@pypi//tool"])\n'
            + 'py_venv(name = "none", deps = ["@pypi//tool"], dep_group = "testing")\n',
        }
    )
    done = workspace.build("//:lib")
    assert done.code == 1 and "`tool` is not needed by the chosen projects" in done.stderr
    assert "needed by `//:lib` (attribute `deps`)" in done.stderr
    assert "hint: it is there with `dep_group` set to one of `old`" in done.stderr
    done = workspace.build("//:none")
    assert done.code == 1 and "hint: there are `new`, `old`, `shop`" in done.stderr


def test_a_changed_project_names_the_command_that_locks_it(workspace: RealWorkspace, index: FakeIndex) -> None:
    text = lock(index, wheel("tool", "X = 1\n"))
    text = text.replace('source = { virtual = "." }', 'source = { virtual = "." }', 1)
    head, dependencies, rest = text.partition("dependencies = ")
    metadata = '\n[package.metadata]\nrequires-dist = [{ name = "tool" }]\n'
    line, newline, after = rest.partition("\n")
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": head + dependencies + line + newline + metadata + after,
            "pyproject.toml": '[project]\nname = "shop"\nversion = "0"\ndependencies = ["tool"]\n',
            "BUILD.bazel": DEFS + 'py_library(name = "app", deps = ["@pypi//tool"])\n',
        }
    )
    workspace.built("//:app")
    workspace.write({"pyproject.toml": '[project]\nname = "shop"\nversion = "0"\ndependencies = ["tool>=2", "six"]\n'})
    done = workspace.build("//:app")
    assert done.code == 1
    assert "`six` is asked for and not locked" in done.stderr and "`venvship lock`" in done.stderr
    assert "`tool` is asked for as >=2 and locked as any version" in done.stderr
    workspace.write(
        {
            "pyproject.toml": '[project]\nname = "shop"\nversion = "0"\ndependencies = ["tool"]\n'
            '[tool.uv.workspace]\nmembers = ["libs/*"]\nexclude = ["libs/left"]\n',
            "libs/left/pyproject.toml": '[project]\nname = "left"\n',
            "libs/late/pyproject.toml": '[project]\nname = "late"\n',
        }
    )
    done = workspace.build("//:app")
    assert done.code == 1 and "`late` at `libs/late` is a member of the workspace and not locked" in done.stderr
    assert "libs/left" not in done.stderr and "`venvship lock`" in done.stderr


def test_a_changed_version_of_a_project_is_told_by_builds_that_make_something(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    project = '[project]\nname = "shop"\nversion = "{}"\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": locked(index, ("tool", "1.0"), salt="changed version"),
            "pyproject.toml": project.format("0"),
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//tool"])\n',
            "app.py": "",
        }
    )
    assert "WARNING" not in workspace.built("//:app").stderr
    workspace.write({"pyproject.toml": project.format("1.1")})
    told = workspace.built("//:app").stderr
    assert told.count("the version of `shop` is 1.1 and was 0 when the lock was made") == 1
    assert "`venvship lock` mends it" in told
    for _ in range(2):
        assert "WARNING" not in workspace.built("//:app").stderr
    workspace.write({"uv.lock": locked(index, ("tool", "1.1"), salt="changed version")})
    assert workspace.built("//:app").stderr.count("the version of `shop` is 1.1") == 1


def test_requirements_files_are_made_by_targets_and_by_the_lock_command(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    index.add("tool", "tool-1.0-py3-none-any.whl", wheel_bytes("tool", "1.0", {"tool.py": ""}, requires=["dep"]))
    for name in ("dep", "late"):
        index.add(name, f"{name}-1.0-py3-none-any.whl", wheel_bytes(name, "1.0", {f"{name}.py": ""}))
    workspace.environment["UV_DEFAULT_INDEX"] = index.simple_url
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + """
bazel_dep(name = "bazel_skylib", version = "1.0.0")
bazel_dep(name = "rules_python", version = "1.0.0")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(hub_name = "pypi", requirements_lock = "//:requirements.txt")
use_repo(pip, "pypi")
""",
            "requirements.in": "tool\n",
            "BUILD.bazel": """
load("@rules_python//python:defs.bzl", "py_library")
load("@rules_python//python:pip.bzl", "compile_pip_requirements")
load("@bazel_skylib//rules:native_binary.bzl", "native_test")
load("@rules_python//python/uv:lock.bzl", "lock")
lock(name = "all", srcs = ["requirements.in"], out = "requirements.txt")
native_test(name = "all_test", src = ":all.update", tags = ["no-sandbox"])
native_test(name = "confined_test", src = ":all.update", tags = ["requires-network"])
compile_pip_requirements(
    name = "old", src = "requirements.in", requirements_txt = "old.txt", extra_args = ["--allow-unsafe"]
)
py_library(name = "app", deps = ["@pypi//tool"])
""",
        }
    )
    for name, made in (("all.update", "requirements.txt"), ("old.update", "old.txt")):
        done = workspace.run("run", f"//:{name}")
        assert done.code == 0, done.stderr
        text = (workspace.root / made).read_text()
        assert "dep==1.0 \\\n    --hash=sha256:" in text and f"venvship run //:{name}" in text
    workspace.built("//:app")
    # Comments are of whoever made it, and another name of a test is no second test.
    text = (workspace.root / "old.txt").read_text()
    workspace.write({"old.txt": "# by pip-compile\n" + text.replace("    # via tool", "\t# via tool (-r x)\n\n")})
    done = workspace.test("//:all.test", "//:old_test", "//:old.test", "--test_output=errors")
    assert done.code == 0, done.stderr + done.stdout
    assert "Executed 2 out of 2 tests" in done.stdout + done.stderr
    # A test that others make of the program compares as well.
    ours = ("--test_env=UV_DEFAULT_INDEX", "--test_output=errors")
    own = ("//:all_test", *ours)
    done = workspace.test(*own)
    assert done.code == 0, done.stderr + done.stdout
    # Below a directory that the sandbox leaves out, too.
    done = workspace.test("//:confined_test", *ours)
    assert done.code == 0, done.stderr + done.stdout
    workspace.write({"requirements.in": "tool\nlate\n"})
    done = workspace.test(*own)
    assert done.code == 3 and "`venvship run //:all.update` makes it anew" in done.stdout + done.stderr
    done = workspace.test("//:all.test", "//:old.test", "--test_output=errors")
    assert done.code == 3 and "`venvship run //:all.update` makes it anew" in done.stdout + done.stderr
    done = workspace.run("lock", "--check")
    assert done.code == 1 and "`requirements.txt` is not up to date" in done.stderr
    assert "\n  +late==1.0\n\nhint: make it again with `venvship lock`" in done.stderr, done.stderr
    assert workspace.run("lock").stdout == "requirements.txt is made anew\n"
    assert workspace.run("lock", "--check").stdout == "requirements.txt is up to date\n"
    assert "late==1.0" in (workspace.root / "requirements.txt").read_text()


def test_a_lock_is_made_where_flags_set_what_it_will_declare(workspace: RealWorkspace, index: FakeIndex) -> None:
    workspace.environment["UV_DEFAULT_INDEX"] = index.simple_url
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "BUILD.bazel": "",
            ".bazelrc": "common --@pypi//venv=dev\n",
            "pyproject.toml": '[project]\nname = "app"\nversion = "1.0"\n\n[dependency-groups]\ndev = []\n',
        }
    )
    missing = workspace.build("//...")
    assert missing.code != 0 and "make it with `venvship lock`" in missing.stderr
    made = workspace.run("lock")
    assert (made.code, made.stdout) == (0, "uv.lock is made anew\n"), made.stderr
    workspace.built("//...")


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements.lock"])
def test_a_lock_whose_maker_loads_from_its_hub_begins_empty(
    workspace: RealWorkspace, index: FakeIndex, lock: str
) -> None:
    index.add("tool", "tool-1.0-py3-none-any.whl", wheel_bytes("tool", "1.0", {"tool.py": ""}))
    workspace.environment["UV_DEFAULT_INDEX"] = index.simple_url
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + 'bazel_dep(name = "rules_python", version = "1.0.0")\n'
            + 'pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")\n'
            + f'pip.parse(hub_name = "pypi", requirements_lock = "//:{lock}")\nuse_repo(pip, "pypi")\n',
            "requirements.in": "tool\n",
            "BUILD.bazel": DEFS
            + 'load("@pypi//:requirements.bzl", "requirement")\n'
            + 'load("@rules_python//python:pip.bzl", "compile_pip_requirements")\n'
            + f'compile_pip_requirements(name = "all", src = "requirements.in", requirements_txt = "{lock}")\n'
            + 'py_library(name = "lib", deps = [requirement("tool")])\n',
        }
    )
    done = workspace.run("lock")
    assert done.code == 1 and "hint: make it with `venvship lock`, from an empty file if" in done.stderr, done.stderr
    workspace.write({lock: ""})
    assert workspace.run("lock").stdout == f"{lock} is made anew\n"
    workspace.built("//:lib")


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


def test_locks_and_manifests_are_made_by_the_names_of_other_rule_sets(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    for name in ("tool", "late"):
        index.add(name, f"{name}-1.0-py3-none-any.whl", wheel_bytes(name, "1.0", {f"{name}_module.py": ""}))
    workspace.environment["UV_DEFAULT_INDEX"] = index.simple_url
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + """
bazel_dep(name = "rules_python", version = "1.0.0")
bazel_dep(name = "rules_python_gazelle_plugin", version = "1.0.0")
bazel_dep(name = "rules_uv", version = "0.80.0")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(hub_name = "pypi", requirements_lock = "//locks:requirements.txt")
use_repo(pip, "pypi")
""",
            "locks/requirements.in": "-r more.in\n",
            "locks/more.in": "tool\n",
            "locks/BUILD.bazel": """
load("@rules_uv//uv:pip.bzl", "pip_compile")
load("@rules_uv//uv:venv.bzl", "create_venv")
pip_compile(
    name = "pins",
    requirements_in = "requirements.in",
    requirements_txt = "//locks:requirements.txt",
    data = ["more.in"],
    extra_args = ["--generate-hashes"],
)
create_venv(name = "venv", requirements_txt = "requirements.txt")
""",
            "wrong/BUILD.bazel": 'load("@rules_uv//uv:pip.bzl", "pip_compile")\n'
            'pip_compile(name = "pins", py3_runtime = "//:runtime")',
            "BUILD.bazel": """
load("@pypi//:requirements.bzl", "all_whl_requirements")
load("@rules_python_gazelle_plugin//:def.bzl", "GAZELLE_PYTHON_RUNTIME_DEPS")
load("@rules_python_gazelle_plugin//manifest:defs.bzl", "gazelle_python_manifest")
load("@rules_python_gazelle_plugin//modules_mapping:def.bzl", "modules_mapping")
modules_mapping(name = "modules_map", exclude_patterns = ["^_"], wheels = all_whl_requirements)
gazelle_python_manifest(name = "manifest", modules_mapping = ":modules_map", pip_repository_name = "pypi")
""",
        }
    )
    done = workspace.run("run", "//locks:pins")
    assert done.code == 0, done.stderr
    assert "tool==1.0 \\\n    --hash=sha256:" in (workspace.root / "locks/requirements.txt").read_text()
    done = workspace.run("run", "//:manifest.update")
    assert done.code == 0 and "does not come with venvship" not in done.stderr, done.stderr
    text = (workspace.root / "gazelle_python.yaml").read_text()
    assert text.endswith("    tool_module: tool\n  pip_repository:\n    name: pypi\n")
    done = workspace.test("//:manifest.test", "//locks:pins_test")
    assert done.code == 0, done.stdout + done.stderr
    workspace.write({"locks/more.in": "tool\nlate\n"})
    # A manifest that the plugin's own program has written need not be the same, so wildcards leave its test out.
    done = workspace.test("//:all", "//locks:all", "--test_output=errors")
    assert done.code == 3 and "`venvship run //locks:pins` makes it anew" in done.stdout + done.stderr
    assert "manifest.test" not in done.stdout + done.stderr
    assert "`venvship sync` makes `.venv`" in workspace.run("run", "//locks:venv").stderr
    assert "py3_runtime names no version" in workspace.run("query", "//wrong:all").stderr


def test_locks_and_manifests_may_be_in_other_packages_than_what_makes_them(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    for name in ("tool", "late"):
        index.add(name, f"{name}-1.0-py3-none-any.whl", wheel_bytes(name, "1.0", {f"{name}_module.py": ""}))
    workspace.environment["UV_DEFAULT_INDEX"] = index.simple_url
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + """
bazel_dep(name = "rules_python", version = "1.0.0")
bazel_dep(name = "rules_python_gazelle_plugin", version = "1.0.0")
bazel_dep(name = "rules_uv", version = "0.80.0")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(hub_name = "pypi", requirements_lock = "//:requirements.txt")
use_repo(pip, "pypi")
""",
            "BUILD.bazel": 'exports_files(["old.in", "other.txt", "requirements.txt", "modules.yaml"])',
            "old.in": "tool\nlate; python_version < '3.9'\n",
            "requirements.txt": "",
            "other.txt": "",
            "modules.yaml": "",
            "tools/BUILD.bazel": """
load("@rules_python//python:pip.bzl", "compile_pip_requirements")
load("@rules_python_gazelle_plugin//manifest:defs.bzl", "gazelle_python_manifest")
load("@rules_uv//uv:pip.bzl", "pip_compile")
pip_compile(
    name = "pins",
    requirements_in = "//:old.in",
    py3_runtime = "@python_3_8_x86_64-unknown-linux-gnu//:py3_runtime",
)
compile_pip_requirements(
    name = "other", src = "//:old.in", requirements_txt = "//:other.txt", extra_args = ["--python-version=3.11"]
)
gazelle_python_manifest(name = "manifest", manifest = "//:modules.yaml", pip_repository_name = "pypi")
""",
        }
    )
    for name in ("pins", "other.update", "manifest.update"):
        done = workspace.run("run", f"//tools:{name}")
        assert done.code == 0, done.stderr
    pins, other = ((workspace.root / name).read_text() for name in ("requirements.txt", "other.txt"))
    assert "tool==1.0" in pins and "late==1.0" in pins
    assert "tool==1.0" in other and "late" not in other
    assert "tool_module: tool" in (workspace.root / "modules.yaml").read_text()
    ours = ("--test_env=UV_DEFAULT_INDEX", "--test_output=errors")
    done = workspace.test("//tools:pins_test", "//tools:other.test", "//tools:manifest.test", *ours)
    assert done.code == 0, done.stdout + done.stderr
    workspace.write({"modules.yaml": "", "other.txt": ""})
    done = workspace.test("//tools:pins_test", "//tools:other.test", "//tools:manifest.test", *ours)
    said = done.stdout + done.stderr
    assert "`other.txt` is not up to date: `venvship run //tools:other.update` makes it anew" in said
    assert "`modules.yaml` is not up to date: `venvship run //tools:manifest.update` makes it anew" in said


def test_what_is_damaged_in_the_stores_is_found_and_made_anew(workspace: RealWorkspace, index: FakeIndex) -> None:
    workspace.cache = workspace.root.parent / "own cache"
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, wheel("tool", "SAYS = 'right'\n")),
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//tool"])\n',
            "app.py": "import tool\nprint(tool.SAYS)\n",
        }
    )
    assert workspace.run("run", INDEX, "//:app").stdout == "right\n"
    done = workspace.run("clean", "--verify")
    assert done.code == 0 and ", 0 of them damaged" in done.stderr
    trees = workspace.cache / "venvship/trees"
    [bytecode] = trees.glob("*/lib/python*/site-packages/tool/__pycache__/*")
    source = bytecode.parents[1] / "__init__.py"
    whole = bytecode.read_bytes()

    # The directories with and without bytecode have the file in common; bytecode is in one of them.
    bytecode.parent.chmod(0o755)
    bytecode.unlink()
    source.chmod(0o644)
    source.write_text("SAYS = 'wrong'\n")
    assert workspace.run("run", INDEX, "//:app").stdout == "wrong\n"
    done = workspace.run("clean", "--verify")
    assert done.code == 0 and ", 2 of them damaged" in done.stderr and "is damaged; it is removed" in done.stderr
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "right\n"), done.stderr

    assert bytecode.read_bytes() == whole
    bytecode.chmod(0o644)
    bytecode.write_bytes(whole[:-1] + b"x")
    done = workspace.run("clean", "--verify")
    assert done.code == 0 and ", 1 of them damaged" in done.stderr
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "right\n"), done.stderr
    assert bytecode.read_bytes() == whole


def test_what_programs_run_from_is_put_back_when_it_was_taken_out(workspace: RealWorkspace, index: FakeIndex) -> None:
    workspace.cache = workspace.root.parent / "own cache"
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, wheel("tool", "SAYS = 'right'\n")),
            "BUILD.bazel": DEFS
            + 'py_venv(name = "venv", deps = ["@pypi//tool"])\n'
            + 'py_binary(name = "shared", srcs = ["app.py"], main = "app.py", external_venv = ":venv")\n'
            + 'py_binary(name = "own", srcs = ["app.py"], main = "app.py", deps = ["@pypi//tool"])\n',
            "app.py": "import tool\nprint(tool.SAYS)\n",
        }
    )
    state = workspace.cache / "venvship/workspaces"

    def damage(pattern: str) -> str:
        [link] = state.glob(f"*/{pattern}/lib/*/site-packages/tool")
        link.unlink()
        return str(link.relative_to(state.parent)).partition("/lib/")[0]

    commands = ["//:shared", "//:own"]
    assert [workspace.run("run", INDEX, name).stdout for name in commands] == ["right\n"] * 2
    # Shortly after a change of the tool there is no stamp, and with one it is looked at as well.
    for _ in range(3):
        workspace.run("run", INDEX, "//:shared")
    damage("links/*")
    done = workspace.run("run", INDEX, "//:shared")
    assert (done.code, done.stdout) == (0, "right\n"), done.stderr

    assert ", 0 of them damaged" in workspace.run("clean", "--verify").stderr
    damaged = {damage("links/*"), damage("r/*own.runfiles/_main/*venv").partition("/_main/")[0]}
    done = workspace.run("clean", "--verify")
    assert ", 2 of them damaged" in done.stderr and all(f"`{path}` is damaged" in done.stderr for path in damaged)
    assert [workspace.run("run", INDEX, name).stdout for name in commands] == ["right\n"] * 2


def test_modules_are_listed_for_gazelle(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = {**wheel("direct", "X = 1\n"), **wheel("no", "X = 1\n"), **wheel("grouped", "X = 1\n")}
    group = '[package.dev-dependencies]\ntest = [{ name = "grouped" }]'
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, files, groups=group, needs={"direct": "no"}),
            "BUILD.bazel": """
load("@aspect_rules_py//uv:defs.bzl", "gazelle_python_manifest")
gazelle_python_manifest(name = "all", hub = "pypi")
gazelle_python_manifest(name = "test_only", hub = "@pypi", venvs = ["test"], platform_parents = ["@platforms//host"])
""",
        }
    )
    done = workspace.run("run", INDEX, "//:all.update")
    assert done.code == 0, done.stderr
    text = (workspace.root / "gazelle_python.yaml").read_text()
    assert "#   venvship run //:all.update\n" in text
    assert text.endswith(
        "manifest:\n  modules_mapping:\n    direct: direct\n    grouped: grouped\n"
        '    "no": "no"\n  pip_repository:\n    name: pypi\n'
    )
    assert workspace.test("//:all.test").code == 0
    done = workspace.test("//:test_only.test", "--test_output=errors")
    assert done.code == 3 and "`venvship run //:test_only.update` makes it anew" in done.stdout + done.stderr
    assert workspace.run("run", INDEX, "//:test_only.update").code == 0
    assert "    grouped: grouped\n" in (workspace.root / "gazelle_python.yaml").read_text()
    done = workspace.built("@pypi//:gazelle_index_whls")
    listed = {line.rpartition("/")[2] for line in done.stderr.splitlines() if line.endswith(".whl")}
    assert listed == files.keys()


def test_a_lock_is_made_with_a_python_that_only_builds_would_find(workspace: RealWorkspace, index: FakeIndex) -> None:
    home, empty = workspace.cache / "home", workspace.cache / "empty"
    empty.mkdir(parents=True)
    workspace.environment.update(
        {"UV_DEFAULT_INDEX": index.simple_url, "HOME": str(home), "PATH": str(empty), "UV_PYTHON_DOWNLOADS": "never"}
    )
    version = "{}.{}".format(*sys.version_info)
    project = f'[project]\nname = "app"\nversion = "1.0"\nrequires-python = "=={version}.*"\n'
    workspace.write({"MODULE.bazel": MODULE + USE_HUB, "BUILD.bazel": "", "pyproject.toml": project})
    made = workspace.run("lock")
    assert (made.code, made.stdout) == (0, "uv.lock is made anew\n"), made.stderr
