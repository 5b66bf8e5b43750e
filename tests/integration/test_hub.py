"""What a hub offers, through the real command: parts of wheels, scripts, groups, errors."""

from __future__ import annotations

from fake_index import FakeIndex
from hub_building import INDEX, USE_HUB, lock, member_lock, wheel
from real_workspace import DEFS, MODULE, ORIGIN, RealWorkspace
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


def test_stubs_are_listed_for_gazelle_by_their_own_names(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = {
        **wheel("direct", "X = 1\n"),
        "types_direct-1.0-py3-none-any.whl": wheel_bytes("types_direct", "1.0", {"direct-stubs/__init__.pyi": ""}),
        "other_stubs-1.0-py3-none-any.whl": wheel_bytes(
            "other_stubs", "1.0", {"other-stubs/x.pyi": "", "helps.py": ""}
        ),
    }
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB + 'bazel_dep(name = "rules_python_gazelle_plugin", version = "1.0.0")\n',
            "uv.lock": lock(index, files),
            "BUILD.bazel": """
load("@aspect_rules_py//uv:defs.bzl", "gazelle_python_manifest")
load("@pypi//:requirements.bzl", "all_whl_requirements")
load("@rules_python_gazelle_plugin//manifest:defs.bzl", plugins_manifest = "gazelle_python_manifest")
load("@rules_python_gazelle_plugin//modules_mapping:def.bzl", "modules_mapping")
gazelle_python_manifest(name = "plain", hub = "pypi")
gazelle_python_manifest(name = "stubs", hub = "pypi", include_stub_packages = True)
modules_mapping(
    name = "map",
    wheels = all_whl_requirements,
    exclude_patterns = ["^dir"],
    include_stub_packages = True,
)
plugins_manifest(name = "mapped", modules_mapping = ":map", pip_repository_name = "pypi")
modules_mapping(name = "wrong_map", exclude_patterns = ["(", "a", "[z-a]"])
plugins_manifest(name = "wrong", modules_mapping = ":wrong_map", pip_repository_name = "pypi")
""",
        }
    )
    stubs = "    other_stubs: other_stubs\n    types_direct: types_direct\n"
    for name, listed in {
        "plain": "    direct: direct\n    helps: other_stubs\n",
        "stubs": f"    direct: direct\n{stubs}",
        "mapped": stubs,
    }.items():
        done = workspace.run("run", INDEX, f"//:{name}.update")
        assert done.code == 0, done.stderr
        text = (workspace.root / "gazelle_python.yaml").read_text()
        assert text.partition("modules_mapping:\n")[2] == f"{listed}  pip_repository:\n    name: pypi\n"
    done = workspace.build("//:wrong")
    assert done.code == 1 and "`(`: missing )" in done.stderr and "`[z-a]`: bad character range" in done.stderr
