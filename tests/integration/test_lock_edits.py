"""Another lock concerns the targets that get something else from it, and builds after it are what clean builds are."""

from __future__ import annotations

import os

import pytest
from edited_workspace import Edited
from fake_index import FakeIndex
from real_workspace import HUB, MODULE, ORIGIN, RealWorkspace, locked

DEFS = 'load("@aspect_rules_py//py:defs.bzl", "py_binary", "py_library")\n'
FILES = {
    "MODULE.bazel": MODULE + HUB,
    "BUILD.bazel": 'exports_files(["uv.lock"])\n',
    "pyproject.toml": "",
    "app/BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//six"])\n',
    "app/app.py": "import six\n",
    "other/BUILD.bazel": DEFS + 'py_binary(name = "other", srcs = ["other.py"], deps = ["@pypi//attrs"])\n',
    "other/other.py": "import attrs\n",
    "plain/BUILD.bazel": 'genrule(name = "plain", outs = ["plain.out"], cmd = "echo > $@")\n',
}
_END = f'wheels = [{{ url = "{ORIGIN}/six/'


@pytest.fixture
def edited(workspace: RealWorkspace, index: FakeIndex) -> Edited:
    workspace.write({**FILES, "uv.lock": locked(index, ("six", "1.0"), ("attrs", "1.0"))})
    return Edited(workspace, f"--index_override={ORIGIN}=@default")


def lock_of(index: FakeIndex, six: str = "1.0", attrs: str = "1.0") -> str:
    return locked(index, ("six", six), ("attrs", attrs))


def installed(edited: Edited, package: str) -> set[str]:
    found = (edited.workspace.root / "venvship-bin" / package).rglob("*.dist-info")
    return {path.name.removesuffix(".dist-info") for path in found if path.exists()}


def test_a_new_version_concerns_those_who_need_it(edited: Edited, index: FakeIndex) -> None:
    assert edited.short("uv.lock", None, lock_of(index, six="1.1")) > 0
    assert (installed(edited, "app"), installed(edited, "other")) == ({"six-1.1"}, {"attrs-1.0"})
    assert edited.short("uv.lock", None, lock_of(index, six="1.1", attrs="1.1")) > 0
    assert installed(edited, "other") == {"attrs-1.1"}
    assert edited.short("uv.lock", None, lock_of(index, six="1.1", attrs="1.1") + "\n# so\n") == 0
    edited.replace("app/app.py", "import six", "import six  # so")
    assert edited.short("uv.lock", None, lock_of(index, six="1.2", attrs="1.0")) > 0
    assert (installed(edited, "app"), installed(edited, "other")) == ({"six-1.2"}, {"attrs-1.0"})


def test_new_dependencies_and_new_distributions_are_seen(edited: Edited, index: FakeIndex) -> None:
    needing = lock_of(index).replace(_END, 'dependencies = [{ name = "attrs" }]\n' + _END)
    assert edited.short("uv.lock", None, needing) > 0
    assert (installed(edited, "app"), installed(edited, "other")) == ({"six-1.0", "attrs-1.0"}, {"attrs-1.0"})
    assert edited.short("uv.lock", None, lock_of(index)) > 0
    assert installed(edited, "app") == {"six-1.0"}
    cmd = "echo $(SRCS) | wc -w > $@"
    every = f'genrule(name = "e", srcs = ["@pypi//:gazelle_index_whls"], outs = ["e.out"], cmd = "{cmd}")\n'
    edited.workspace.write({"plain/BUILD.bazel": every})
    edited.settle()
    more = locked(index, ("six", "1.0"), ("attrs", "1.0"), ("zope", "1.0"))
    assert edited.short("uv.lock", None, more) == 1
    assert (edited.workspace.root / "venvship-bin/plain/e.out").read_text().strip() == "3"
    assert edited.short("other/BUILD.bazel", '"@pypi//attrs"', '"@pypi//attrs", "@pypi//zope"') > 0
    assert installed(edited, "other") == {"attrs-1.0", "zope-1.0"}
    edited.fails("uv.lock", None, lock_of(index), "zope")
    edited.fails("uv.lock", None, more.replace("version = 1", "version = 99", 1), "99")


def test_who_reads_the_file_itself_sees_another_one(edited: Edited, index: FakeIndex) -> None:
    copy = 'genrule(name = "copy", srcs = ["//:uv.lock"], outs = ["copy.out"], cmd = "cp $< $@")\n'
    edited.workspace.write({"plain/BUILD.bazel": copy})
    edited.settle()
    assert edited.short("uv.lock", None, lock_of(index, six="1.1")) > 0
    copied = edited.workspace.root / "venvship-bin/plain/copy.out"
    assert copied.read_text() == lock_of(index, six="1.1")
    names = 'load("@pypi//:requirements.bzl", "all_requirements")\n'
    use = 'genrule(name = "names", outs = ["names.out"], cmd = "echo %s > $@" % " ".join(all_requirements))\n'
    edited.workspace.write({"plain/BUILD.bazel": names + copy + use})
    edited.settle()
    edited.long("uv.lock", None, locked(index, ("six", "1.0"), ("attrs", "1.0"), ("zope", "1.0")))
    assert "zope" in (edited.workspace.root / "venvship-bin/plain/names.out").read_text()


def test_a_repository_rule_may_read_a_lock(workspace: RealWorkspace, index: FakeIndex) -> None:
    rule = """
def _copied_impl(ctx):
    ctx.file("BUILD.bazel", 'exports_files(["text"], visibility = ["//visibility:public"])')
    ctx.file("text", ctx.read(ctx.path(Label("//:uv.lock"))))

copied = repository_rule(implementation = _copied_impl)
"""
    use = 'copied = use_repo_rule("//:copied.bzl", "copied")\ncopied(name = "copied")\n'
    workspace.write(
        {
            **FILES,
            "MODULE.bazel": MODULE + HUB + use,
            "copied.bzl": rule,
            "plain/BUILD.bazel": 'genrule(name = "c", srcs = ["@copied//:text"], outs = ["c.out"], cmd = "cp $< $@")',
            "uv.lock": lock_of(index),
        }
    )
    edited = Edited(workspace, f"--index_override={ORIGIN}=@default")
    edited.long("uv.lock", None, lock_of(index, six="1.1"))
    assert (workspace.root / "venvship-bin/plain/c.out").read_text() == lock_of(index, six="1.1")


def test_modules_and_projects_are_compared_by_what_is_read_in_them(edited: Edited, index: FakeIndex) -> None:
    edited.nothing("pyproject.toml", None, "# so\n[tool.ruff]\nline-length = 100\n")
    edited.nothing("MODULE.bazel", None, f"# so\n{MODULE}\n{HUB}# so\n")
    edited.nothing("pyproject.toml", "100", "120")
    assert edited.short("uv.lock", None, lock_of(index, six="1.1")) > 0
    edited.nothing("pyproject.toml", "120", "100")
    edited.long("pyproject.toml", "[tool.ruff]", "[tool.uv]\ndev-dependencies = []\n[tool.ruff]")


SKYLIB = 'bazel_dep(name = "bazel_skylib", version = "1.8.1")\n'
PATHS = 'load("@bazel_skylib//lib:paths.bzl", "paths")\n'
USE = 'genrule(name = "plain", outs = ["plain.out"], cmd = "echo %s > $@" % paths.basename("a/b"))\n'


def test_a_module_that_nobody_uses_concerns_nobody(edited: Edited, index: FakeIndex) -> None:
    assert edited.short("MODULE.bazel", None, MODULE + HUB + SKYLIB) == 0
    assert edited.short("MODULE.bazel", None, MODULE + HUB + SKYLIB.replace("1.8.1", "1.7.0")) == 0
    assert edited.short("plain/BUILD.bazel", None, PATHS + USE) == 1
    assert (edited.workspace.root / "venvship-bin/plain/plain.out").read_text() == "b\n"
    edited.fails("MODULE.bazel", None, MODULE + HUB, "bazel_skylib")
    edited.replace("MODULE.bazel", None, MODULE + HUB + SKYLIB + "# so\n")
    assert edited.short("uv.lock", None, lock_of(index, six="1.1")) > 0
    # Known by another name, gone, or with something to say.
    edited.long("MODULE.bazel", None, MODULE + HUB + SKYLIB.replace(")", ', repo_name = "skylib")') + SKYLIB)
    edited.replace("plain/BUILD.bazel", None, FILES["plain/BUILD.bazel"])
    edited.settle()
    edited.long("MODULE.bazel", None, MODULE + HUB)
    new = 'platform(name = "p")\n'
    edited.workspace.write({"plain/BUILD.bazel": FILES["plain/BUILD.bazel"] + new})
    edited.settle()
    edited.long("MODULE.bazel", HUB, HUB + 'register_execution_platforms("//plain:p")\n')


VERSION = 'genrule(name = "plain", outs = ["plain.out"], cmd = "echo %s > $@")\n'
MACRO = "def version():\n    return native.module_version()\n"
MADE = """
def _made_impl(ctx):
    ctx.file("BUILD.bazel", "")
    ctx.file("version.bzl", "VERSION = %r" % ctx.attr.version)

made = repository_rule(implementation = _made_impl, attrs = {"version": attr.string()})

def _extension_impl(ctx):
    made(name = "made", version = ctx.modules[0].version)

extension = module_extension(implementation = _extension_impl)
"""


def test_the_version_of_the_module_concerns_who_asks_for_it(edited: Edited) -> None:
    assert edited.short("MODULE.bazel", 'name = "shop"', 'name = "shop", version = "2"') == 0
    assert edited.short("MODULE.bazel", 'version = "2"', 'version = "3"') == 0
    said = edited.workspace.root / "venvship-bin/plain/plain.out"
    edited.workspace.write({"plain/version.bzl": MACRO})
    for text in ("module_version()", "version()"):
        load = 'load(":version.bzl", "version")\n'
        edited.workspace.write({"plain/BUILD.bazel": load + VERSION.replace('")', f'" % {text})')})
        edited.settle()
        assert edited.short("MODULE.bazel", 'version = "3"', 'version = "4"') == 1
        assert said.read_text() == "4\n"
        assert edited.short("MODULE.bazel", 'version = "4"', 'version = "3"') > 0
        assert said.read_text() == "3\n"
    edited.long("MODULE.bazel", 'name = "shop"', 'name = "store"')
    edited.long("MODULE.bazel", 'version = "3"', 'version = "3", compatibility_level = 1')
    extension = 'made = use_extension("//:made.bzl", "extension")\nuse_repo(made, "made")\n'
    edited.workspace.write(
        {
            "MODULE.bazel": MODULE.replace('"shop"', '"shop", version = "3"') + HUB + extension,
            "made.bzl": MADE,
            "plain/BUILD.bazel": 'load("@made//:version.bzl", "VERSION")\n' + VERSION.replace('")', '" % VERSION)'),
        }
    )
    edited.settle()
    edited.long("MODULE.bazel", 'version = "3"', 'version = "4"')
    assert said.read_text() == "4\n"


OVERRIDE = 'uv.override_package(lock = "//:uv.lock", name = "six", {})\n'


def test_an_override_concerns_those_who_need_the_distribution(edited: Edited, index: FakeIndex) -> None:
    def has_module(package: str, name: str) -> bool:
        found = os.walk(edited.workspace.root / "venvship-bin" / package, followlinks=True)
        return any(path.endswith(f"/{name}") and "__init__.py" in files for path, _, files in found)

    assert has_module("app", "six") and has_module("other", "attrs")
    without = OVERRIDE.format('exclude_glob = ["six/*.py"]')
    assert edited.short("MODULE.bazel", None, MODULE + HUB + without) > 0
    assert not has_module("app", "six") and has_module("other", "attrs")
    edited.workspace.write({"uv.lock": lock_of(index, six="1.1")})
    edited.settle()
    assert edited.short("MODULE.bazel", "six/*.py", "seven/*.py") > 0
    assert has_module("app", "six")
    assert edited.short("MODULE.bazel", None, MODULE + HUB + OVERRIDE.format('extra_deps = ["@pypi//attrs"]')) > 0
    assert installed(edited, "app") == {"six-1.1", "attrs-1.0"}
    edited.fails("MODULE.bazel", "@pypi//attrs", "//:nope", "nope")
    own = 'py_library(name = "six", srcs = ["six.py"], visibility = ["//visibility:public"])\n'
    edited.workspace.write({"own/BUILD.bazel": DEFS + own, "own/six.py": ""})
    edited.settle()
    edited.long("MODULE.bazel", None, MODULE + HUB + OVERRIDE.format('target = "//own:six"'))
    assert installed(edited, "app") == set()
    edited.long("MODULE.bazel", None, MODULE + HUB)
    assert installed(edited, "app") == {"six-1.1"}


MORE = """
uv.declare_hub(hub_name = "more")
uv.project(hub_name = "more", lock = "//:uv.lock", pyproject = "//:pyproject.toml")
use_repo(uv, "more")
"""


def test_another_hub_concerns_nobody(edited: Edited, index: FakeIndex) -> None:
    assert edited.short("MODULE.bazel", None, MODULE + HUB + MORE) == 0
    edited.long("other/BUILD.bazel", "@pypi//attrs", "@more//attrs")
    assert installed(edited, "other") == {"attrs-1.0"}
    assert edited.short("uv.lock", None, lock_of(index, attrs="1.1")) > 0
    assert installed(edited, "other") == {"attrs-1.1"}
    edited.fails("MODULE.bazel", None, MODULE + HUB, "more")
    python = 'python = use_extension("@rules_python//python/extensions:python.bzl", "python")\n'
    edited.long("MODULE.bazel", HUB, HUB + python + 'python.toolchain(python_version = "3.11", is_default = True)\n')


def test_what_a_project_is_installed_as_concerns_its_package(workspace: RealWorkspace, index: FakeIndex) -> None:
    user = 'py_binary(name = "{}", srcs = ["u.py"], main = "u.py", deps = ["//own:lib"])\n'
    workspace.write(
        {
            **FILES,
            "uv.lock": locked(index, ("six", "1.0"), ("attrs", "1.0")),
            "own/BUILD.bazel": DEFS
            + 'py_library(name = "lib", srcs = ["lib.py"], visibility = ["//visibility:public"])\n'
            + 'py_binary(name = "run", srcs = ["run.py"], deps = [":lib"])\n',
            "own/lib.py": "",
            "own/run.py": "",
            "own/pyproject.toml": '[project]\nname = "ours"\nversion = "1.0"\n',
            "user/BUILD.bazel": DEFS + user.format("u"),
            "user/u.py": "",
        }
    )
    edited = Edited(workspace, f"--index_override={ORIGIN}=@default")
    edited.nothing("own/pyproject.toml", "[project]", '[project]\ndescription = "this"\nlicense = "MIT"')
    assert edited.short("own/pyproject.toml", '"1.0"', '"1.1"') > 0
    assert (installed(edited, "user"), installed(edited, "app")) == ({"ours-1.1"}, {"six-1.0"})
    edited.nothing("own/pyproject.toml", "MIT", "BSD")
    edited.replace("user/BUILD.bazel", None, DEFS + user.format("w"))
    assert edited.short("own/pyproject.toml", '"1.1"', '"1.2"\nscripts = { go = "lib:main" }') > 0
    assert "ours-1.2" in installed(edited, "user")
    edited.fails("own/pyproject.toml", '"lib:main"', "1", "scripts")
    edited.nothing("pyproject.toml", None, "# so\n")
    edited.long("own/pyproject.toml", 'name = "ours"', 'name = "theirs"')
    assert "theirs-1.2" in installed(edited, "user")
