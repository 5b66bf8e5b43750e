"""Hubs that requirements files fill, and the targets and commands that make such files."""

from __future__ import annotations

import sys

import pytest
from fake_index import FakeIndex
from hub_building import INDEX, USE_HUB, lock, sdist
from real_workspace import DEFS, MODULE, ORIGIN, RealWorkspace
from wheel_building import wheel_bytes


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


def test_requirements_of_included_files_count_and_so_do_their_options(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    """An included file that has changed is noticed, variables are those of the environment, sources may be forced."""
    hashes = {
        name: index.add(name.partition("-")[0], name, content)
        for name, content in {
            "tool-1.0-py3-none-any.whl": wheel_bytes("tool", "1.0", {"tool.py": "X = 'first'\n"}),
            "tool-2.0-py3-none-any.whl": wheel_bytes("tool", "2.0", {"tool.py": "X = 'second'\n"}),
            "made-1.0-py3-none-any.whl": wheel_bytes("made", "1.0", {"made.py": "SAYS = 'wheel'\n"}),
            "made-1.0.tar.gz": sdist("made", index),
            "direct-1.0-py3-none-any.whl": wheel_bytes("direct", "1.0", {"direct.py": "X = 'direct'\n"}),
        }.items()
    }
    made = " ".join(f"--hash=sha256:{sha256}" for name, sha256 in hashes.items() if name.startswith("made"))
    direct = "direct-1.0-py3-none-any.whl"

    def more(version: str, *options: str) -> str:
        sha256 = hashes[f"tool-{version}-py3-none-any.whl"]
        return "\n".join([*options, f"tool=={version} --hash=sha256:{sha256}", f"made==1.0 {made}\n"])

    workspace.write(
        {
            "MODULE.bazel": MODULE
            + """
bazel_dep(name = "rules_python", version = "1.0.0")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(hub_name = "pypi", requirements_lock = "//:requirements.txt")
use_repo(pip, "pypi")
""",
            "requirements.txt": "-r locks/more.txt\n"
            f"direct @ ${{FILES_OF_TEST}}/{direct} --hash=sha256:{hashes[direct]}\n",
            "locks/more.txt": more("1.0"),
            "BUILD.bazel": DEFS
            + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//direct", "@pypi//made", "@pypi//tool"])\n',
            "app.py": "import direct, made, tool\nprint(direct.X, made.SAYS, tool.X)\n",
        }
    )
    workspace.environment["FILES_OF_TEST"] = f"{index.url}/files"
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "direct wheel first\n"), done.stderr
    workspace.write({"locks/more.txt": more("2.0")})
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "direct wheel second\n"), done.stderr
    workspace.write({"locks/more.txt": more("2.0", "--no-binary made")})
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "direct before second\n"), done.stderr
    workspace.write({"locks/more.txt": more("2.0", "--no-binary=:all:", "--only-binary=made,direct")})
    done = workspace.build("//:app")
    assert done.code == 1
    assert "tool-2.0-py3-none-any.whl: `locks/more.txt` allows no wheel of it" in done.stderr, done.stderr
    workspace.write({"locks/more.txt": "-r none.txt\n"})
    done = workspace.build("//:app")
    assert done.code == 1 and "locks/more.txt:1: can't read `none.txt`" in done.stderr


def test_what_a_source_archive_needs_comes_with_it(workspace: RealWorkspace, index: FakeIndex) -> None:
    """Requirements files name no edges, and there is no wheel yet that could tell."""
    hashes = {
        "made": index.add("made", "made-1.0.tar.gz", sdist("made", index, needs=("dep>=1",))),
        "dep": index.add("dep", "dep-1.0-py3-none-any.whl", wheel_bytes("dep", "1.0", {"dep.py": "X = 'dep'\n"})),
    }
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB.replace("uv.lock", "requirements.txt"),
            "requirements.txt": "".join(f"{name}==1.0 --hash=sha256:{hashes[name]}\n" for name in hashes),
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//made"])\n',
            "app.py": "import dep, made\nprint(made.SAYS, dep.X)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "before dep\n"), done.stderr
    shown = workspace.run(
        "lock", "show", "--lock", "requirements.txt", "--python", "3.12", "--platform", "linux-x86_64"
    )
    assert shown.code == 0 and "made" in shown.stdout, shown.stderr


def test_metadata_that_can_not_be_read_is_told_with_its_file(workspace: RealWorkspace, index: FakeIndex) -> None:
    lines = []
    for name, requires in {"one": ["@@@"], "two": ["dep>="], "right": []}.items():
        content = wheel_bytes(name, "1.0", {f"{name}.py": ""}, requires=requires)
        sha256 = index.add(name, f"{name}-1.0-py3-none-any.whl", content)
        lines.append(f"{name}==1.0 --hash=sha256:{sha256}\n")
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB.replace("uv.lock", "requirements.txt"),
            "requirements.txt": "".join(lines),
            "BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//right"])\n',
        }
    )
    done = workspace.build("//:lib")
    assert done.code == 1 and "`one-1.0-py3-none-any.whl` does not tell what it needs: `@@@`" in done.stderr
    assert "`two-1.0-py3-none-any.whl` does not tell" in done.stderr and "requirements.txt" in done.stderr, done.stderr


def test_settings_of_uv_say_what_is_built_from_source(workspace: RealWorkspace, index: FakeIndex) -> None:
    text = lock(index, {"made-1.0.tar.gz": sdist("made", index)})
    content = wheel_bytes("made", "1.0", {"made.py": "SAYS = 'wheel'\n"})
    name = "made-1.0-py3-none-any.whl"
    entry = f'{{ url = "{ORIGIN}/made/{name}", hash = "sha256:{index.add("made", name, content)}" }}'
    project = '[project]\nname = "shop"\nversion = "0"\ndependencies = ["made"]\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": f"{text}wheels = [{entry}]\n",
            "pyproject.toml": project,
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//made"])\n',
            "app.py": "import made\nprint(made.SAYS)\n",
        }
    )
    assert workspace.run("run", INDEX, "//:app").stdout == "wheel\n"
    built = f'{project}[tool.uv]\nno-binary-package = ["made"]\n'
    workspace.write({"pyproject.toml": built})
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "before\n"), done.stderr
    words = ("--lock", "uv.lock", "--root", "shop", "--python", "3.12", "--platform", "linux-x86_64")
    assert "made-1.0.tar.gz" in workspace.run("lock", "show", *words).stdout
    workspace.write({"pyproject.toml": f'{built}no-build-package = ["made"]\n'})
    done = workspace.build("//:app")
    assert done.code == 1 and f"{name}: `tool.uv` of `pyproject.toml` allows no wheel of it" in done.stderr, done.stderr


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
