"""Projects of the workspace in the hub of their lock, through the real command."""

from __future__ import annotations

import pytest
from fake_index import FakeIndex
from hub_building import INDEX, USE_HUB, lock, member_lock, wheel
from real_workspace import DEFS, MODULE, ORIGIN, RealWorkspace, locked
from wheel_building import wheel_bytes


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
    workspace.write(
        {"libs/late/pyproject.toml": '[project]\nname = "late"\nversion = "1"\n[tool.uv]\nmanaged = false\n'}
    )
    assert "not up to date" not in workspace.built("//:app").stderr


def test_members_and_directories_are_those_of_the_lock(workspace: RealWorkspace) -> None:
    root = '[project]\nname = "shop"\nversion = "1"\ndependencies = []\n'
    members = '[tool.uv.workspace]\nmembers = ["libs/*"]\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": 'version = 1\nrevision = 5\nrequires-python = ">=3.11"\n'
            '[manifest]\nmembers = ["lib", "shop"]\n'
            '[[package]]\nname = "lib"\nversion = "1"\nsource = { virtual = "libs/lib" }\n'
            '[[package]]\nname = "near"\nversion = "1"\nsource = { directory = "near" }\n'
            '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n',
            "pyproject.toml": root + members,
            "libs/lib/pyproject.toml": '[project]\nname = "lib"\nversion = "1"\n',
            "near/pyproject.toml": '[project]\nname = "near"\nversion = "1"\n',
            "BUILD.bazel": DEFS
            + 'load("@pypi//:requirements.bzl", "all_requirements")\n'
            + 'py_library(name = "lib", data = [] if all_requirements else [])\n',
        }
    )
    assert "not up to date" not in workspace.built("//:lib").stderr
    workspace.write({"pyproject.toml": f'{root}{members}exclude = ["libs/lib"]\n'})
    done = workspace.build("//:lib")
    assert done.code == 1 and "`lib` at `libs/lib` is locked and not a member of the workspace any more" in done.stderr
    workspace.write(
        {
            "pyproject.toml": f"{root}{members}",
            "near/pyproject.toml": '[project]\nname = "near"\nversion = "1"\ndependencies = ["six"]\n',
        }
    )
    done = workspace.build("//:lib")
    assert done.code == 1 and "near/pyproject.toml: `uv.lock` is older than this file" in done.stderr
    assert "`six` is asked for and not locked" in done.stderr
    default = "[tool.uv]\ndefault-groups = []\n"
    workspace.write({"pyproject.toml": root + members + default, "near/pyproject.toml": '[project]\nname = "near"\n'})
    assert "`default-groups` of `shop` are others than when the lock was made" in workspace.built("//:lib").stderr


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
