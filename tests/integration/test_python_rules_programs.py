"""Programs of both dialects, built and started by the real command in one small repository."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fake_index import FakeIndex
from real_workspace import HUB, MODULE, RealWorkspace, locked
from wheel_building import wheel_bytes

RULES_PYTHON = '\nbazel_dep(name = "rules_python", version = "2.2.0")\n'
ASPECT_LOAD = """
load("@aspect_rules_py//py:defs.bzl", "py_binary", "py_library", "py_test", "py_pex_binary", "py_unittest_test",
     "py_unpacked_wheel", "py_venv", "py_venv_link", "py_wheel", "py_package")
load("@aspect_rules_py//uv:defs.bzl", "py_console_script_binary", "py_entrypoint_binary")
"""
LIBRARY = """
import json, os

def facts():
    return json.load(open(os.path.join(os.path.dirname(__file__), "d.json")))
"""
PROGRAM = """
import os, sys
import tool
from app.lib import facts
print(facts()["name"], tool.VERSION, sys.flags.isolated, os.environ.get("MODE"), os.path.basename(sys.prefix))
"""
TABLE = """
py_library(name = "lib", srcs = ["lib.py"], data = ["d.json"])
py_binary(name = "main", srcs = ["main.py"], deps = [":lib", "@pypi//tool"], env = {"MODE": "$(COMPILATION_MODE)"})
"""


@pytest.fixture
def repository(workspace: RealWorkspace, index: FakeIndex) -> RealWorkspace:
    """The same program twice, written for either rule set."""
    workspace.write(
        {
            "MODULE.bazel": MODULE + RULES_PYTHON + HUB,
            "uv.lock": locked(index, ("tool", "1.0")),
            **{
                f"{directory}/{name}": text.replace("app.lib", f"{directory}.lib")
                for directory in ("aspect", "rules_python")
                for name, text in {"lib.py": LIBRARY, "d.json": '{"name": "fact"}', "main.py": PROGRAM}.items()
            },
            "aspect/BUILD.bazel": ASPECT_LOAD + TABLE,
            "rules_python/BUILD.bazel": 'load("@rules_python//python:defs.bzl", "py_binary", "py_library")\n' + TABLE,
        }
    )
    return workspace


def run(repository: RealWorkspace, *argv: str) -> str:
    done = repository.run("run", "--index_override=https://packages.example/simple=@default", *argv)
    assert done.code == 0, done.stderr
    return done.stdout


def started(argv: list[str | Path], *, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, env=dict(environment or {}), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_program_in_two_dialects(repository: RealWorkspace) -> None:
    assert run(repository, "//aspect:main") == "fact 1.0 1 fastbuild ._main.venv\n"
    assert run(repository, "//rules_python:main") == "fact 1.0 0 fastbuild _main.venv\n"


SEEN = """
import importlib, os, site, sys
for name in ("mine", "package.inner", "injected", "of_the_user"):
    try:
        module = importlib.import_module(name)
        print(name, module.NUMBER, os.path.exists(module.__cached__))
    except ImportError as error:
        print(error)
"""
SEEING = """
load("@rules_python//python:defs.bzl", "py_binary")
py_binary(name = "seen", srcs = ["seen.py", "mine.py"{inner}], imports = ["."])
py_binary(name = "opened", srcs = ["seen.py"], main = "seen.py", imports = ["."],
          include_system_site_packages = True, include_user_site_packages = True)
"""


def test_programs_of_rules_python_see_what_they_are_given_and_keep_bytecode(
    repository: RealWorkspace, tmp_path: Path
) -> None:
    inner = ', "package/inner.py"'
    site = f"home/.local/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    repository.write(
        {
            "seen/BUILD.bazel": SEEING.format(inner=inner),
            "seen/seen.py": SEEN,
            "seen/mine.py": "NUMBER = 1\n",
            "seen/package/inner.py": "NUMBER = 1\n",
        }
    )
    for path in ("injected/injected.py", f"{site}/of_the_user.py"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("NUMBER = 1\n")
    program = repository.root / "venvship-bin" / "seen"
    environment = {"HOME": str(tmp_path / "home"), "PYTHONPATH": str(tmp_path / "injected")}

    def seen(name: str) -> list[str]:
        return started([program / name], cwd=tmp_path, environment=environment).splitlines()

    repository.built("//seen:all")
    no_user = "No module named 'of_the_user'"
    assert seen("seen") == ["mine 1 True", "package.inner 1 True", "injected 1 True", no_user]
    assert seen("opened")[-2:] == ["injected 1 True", "of_the_user 1 True"]
    assert not list((repository.root / "seen").rglob("__pycache__"))

    # Neither stale bytecode, nor a directory of it that would be a namespace package.
    repository.write({"seen/BUILD.bazel": SEEING.format(inner=""), "seen/mine.py": "NUMBER = 2\n"})
    os.utime(repository.root / "seen/mine.py", (1, 1))
    repository.built("//seen:seen")
    assert seen("seen")[:2] == ["mine 2 True", "No module named 'package'"]


def test_a_program_runs_from_everywhere(repository: RealWorkspace, tmp_path: Path) -> None:
    repository.built("//aspect:main")
    program = repository.root / "venvship-bin" / "aspect" / "main"
    expected = "fact 1.0 1 fastbuild ._main.venv\n"
    # As cron starts it: with nothing in its environment, from the root.
    assert started([program], cwd=Path("/")) == expected
    # Through a link, and through another name of the workspace.
    link = tmp_path / "bin" / "program"
    link.parent.mkdir()
    link.symlink_to(program)
    assert started([link], cwd=tmp_path) == expected
    checkout = tmp_path / "checkout"
    checkout.symlink_to(repository.root)
    assert started([checkout / "venvship-bin" / "aspect" / "main"], cwd=checkout) == expected
    # From a copy of its runfiles in a place with spaces that nobody may write.
    place = tmp_path / "a read only place"
    place.mkdir()
    shutil.copy2(program, place / "main")
    tree = place / "main.runfiles"
    shutil.copytree(f"{program}.runfiles", tree, symlinks=True)
    for entry in [*tree.rglob("*"), tree]:
        if entry.is_symlink() and os.path.isabs(os.readlink(entry)):
            real = Path(os.path.realpath(entry))
            entry.unlink()
            (shutil.copytree if real.is_dir() else shutil.copy2)(real, entry)
    try:
        for directory in [place, *(d for d in place.rglob("*") if d.is_dir() and not d.is_symlink())]:
            directory.chmod(0o555)
        assert started([place / "main"], cwd=Path("/")) == expected
        [python] = tree.glob("_main/aspect/*.venv/bin/python")
        prefix = started([python, "-I", "-c", "import sys; print(sys.base_prefix)"], cwd=Path("/"))
        assert Path(prefix.strip()).parent == tree / "python_interpreters"
    finally:
        for directory in [place, *(d for d in place.rglob("*") if d.is_dir() and not d.is_symlink())]:
            directory.chmod(0o755)


def test_no_output_names_the_machine(repository: RealWorkspace) -> None:
    build = """
load("@rules_python//python:defs.bzl", "py_binary", "py_library")
py_library(name = "compiled", srcs = ["lib.py"], precompile = "enabled")
py_binary(name = "collected", srcs = ["main.py"], main = "main.py", deps = [":lib"], pyc_collection = "include_pyc")
"""
    repository.write({"rules_python/BUILD.bazel": build + TABLE})
    repository.built("//aspect:main", "//rules_python:all")
    out = Path(os.path.realpath(repository.root / "venvship-bin"))
    names = [str(repository.root).encode(), str(repository.cache).encode()]
    for path in files_below(out):
        if ".runfiles/" in str(path) or path.name.endswith(".runfiles_manifest"):
            continue  # laid out for this machine, and never shipped
        if path.is_symlink():
            text = os.readlink(path)
            assert not os.path.isabs(text) or ".." not in text, path
            continue
        content = path.read_bytes()
        assert not any(name in content for name in names), path


def files_below(directory: Path) -> Iterator[Path]:
    for where, names, files in os.walk(directory):
        for name in [*names, *files]:
            path = Path(where, name)
            if path.is_symlink() or path.is_file():
                yield path


def test_a_venv_makes_venvs_and_starts_scripts_without_a_shell(workspace: RealWorkspace, index: FakeIndex) -> None:
    content = wheel_bytes(
        "greet", "1.0", {"greet.py": "import sys\ndef main():\n    print('hello', sys.argv[1:])\n"},
        console_scripts={"greet": "greet:main"},
    )  # fmt: skip
    lock = locked(index, ("greet", "1.0"))
    sha256 = index.add("greet", "greet-1.0-py3-none-any.whl", content)
    lock = lock[: lock.index('hash = "sha256:')] + f'hash = "sha256:{sha256}" }}]\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB,
            "uv.lock": lock,
            "app/BUILD.bazel": ASPECT_LOAD
            + 'py_venv(name = "v", deps = ["@pypi//greet"])\n'
            + 'py_console_script_binary(name = "greet", pkg = "@pypi//greet")\n'
            + 'py_console_script_binary(name = "wrong", pkg = "@pypi//greet")\n'
            + 'py_entrypoint_binary(name = "again", entrypoint = "greet:main", pkg = "@pypi//greet")\n'
            + 'py_venv_link(name = "link", venv = ":v")\n',
        }
    )
    assert run(workspace, "//app:greet", "--", "you") == "hello ['you']\n"
    assert run(workspace, "//app:again", "--", "me") == "hello ['me']\n"
    wrong = workspace.build("//app:wrong")
    assert wrong.code == 1 and "has no console script `wrong`; it has `greet`" in wrong.stderr

    link = Path(run(workspace, "//app:link").strip())
    assert link == workspace.root / ".app+v" / "_main" / "app" / ".v" and (workspace.root / ".app+v").is_symlink()
    nobody = {"PATH": "/nowhere"}
    assert started([link / "bin" / "greet", "x"], cwd=workspace.root, environment=nobody) == "hello ['x']\n"
    nested = workspace.root / "nested"
    bases = started([link / "bin" / "python", "-c", "import sys; print(sys.base_prefix)"], cwd=workspace.root)
    # The interpreter itself, not a link to it: what is made of this venv outlives the venv.
    assert Path(bases.strip()).parent == workspace.cache / "venvship" / "trees"
    started([link / "bin" / "python", "-m", "venv", "--without-pip", nested], cwd=workspace.root)
    where = started([nested / "bin" / "python", "-c", "import sys; print(sys.prefix)"], cwd=workspace.root)
    assert where == f"{nested}\n"


def test_programs_are_packed_into_one_file(repository: RealWorkspace, tmp_path: Path) -> None:
    build = """
load("@rules_python//python/zipapp:py_zipapp_binary.bzl", "py_zipapp_binary")
py_zipapp_binary(name = "whole", binary = ":main", compression = "1")
py_pex_binary(name = "small", binary = ":main", inject_env = {"MODE": "x"})
"""
    repository.write({"aspect/BUILD.bazel": ASPECT_LOAD + TABLE + build})
    repository.built("//aspect:whole", "//aspect:small")
    program = repository.root / "venvship-bin" / "aspect" / "._main.venv" / "bin" / "python"
    python = started([program, "-c", "import sys; print(sys.version_info[:2])"], cwd=tmp_path).strip()
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache of programs"), "PATH": os.environ["PATH"]}
    for name in ("whole.pyz", "small.pex"):
        archive = tmp_path / name
        shutil.copy2(repository.root / "venvship-bin" / "aspect" / name, archive)
        if name == "small.pex" and python != str(sys.version_info[:2]):
            continue
        for _ in range(2):
            output = started([sys.executable, archive], cwd=tmp_path, environment=environment)
            assert output == "fact 1.0 1 fastbuild ._main.venv\n"
    assert (tmp_path / "whole.pyz").stat().st_size > (tmp_path / "small.pex").stat().st_size


def test_a_packed_program_runs_where_only_temporary_files_can_be_written(
    repository: RealWorkspace, tmp_path: Path
) -> None:
    build = """
load("@rules_python//python/zipapp:py_zipapp_binary.bzl", "py_zipapp_binary")
py_zipapp_binary(name = "whole", binary = ":main")
genrule(name = "use", outs = ["said.txt"], tools = [":whole"], cmd = "HOME=/nowhere $(location :whole) > $@")
"""
    repository.write({"aspect/BUILD.bazel": ASPECT_LOAD + TABLE + build})
    repository.built("//aspect:use")
    out = repository.root / "venvship-bin" / "aspect"
    assert (out / "said.txt").read_text() == "fact 1.0 1 fastbuild ._main.venv\n"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    # A file, in which no directory can be made.
    environment = {"XDG_CACHE_HOME": str(out / "said.txt"), "PATH": os.environ["PATH"], "TMPDIR": str(temporary)}
    for _ in range(2):
        assert started([out / "whole.pyz"], cwd=tmp_path, environment=environment).startswith("fact 1.0")
    [private] = temporary.iterdir()
    assert private.name == f"venvship-programs-{os.getuid()}" and stat.S_IMODE(private.stat().st_mode) == 0o700
    private.chmod(0o777)
    argv = [out / "whole.pyz"]
    refused = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and refused.stderr.startswith(
        f"can't unpack into {out}/said.txt/venvship-programs: "
    )
    assert refused.stderr.endswith("; RULES_PYTHON_EXTRACT_ROOT can name another directory\n")


def test_a_flag_makes_one_file_of_each_program(repository: RealWorkspace, tmp_path: Path) -> None:
    build = 'load("@rules_python//python:defs.bzl", "py_binary", "py_library", "py_test")\n'
    test = 'py_test(name = "main_test", srcs = ["main.py"], main = "main.py", deps = [":lib", "@pypi//tool"])\n'
    repository.write({"rules_python/BUILD.bazel": build + TABLE + test})
    repository.built("--build_python_zip", "//rules_python:main")
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": os.environ["PATH"]}
    for name in ("main", "main.zip"):
        shutil.copy(repository.root / "venvship-bin" / "rules_python" / name, tmp_path / name)
    commands: list[list[str | Path]] = [[tmp_path / "main"], [sys.executable, tmp_path / "main.zip"]]
    for argv in commands:
        assert started(argv, cwd=tmp_path, environment=environment) == "fact 1.0 0 fastbuild _main.venv\n"
    done = repository.test("--build_python_zip", "//rules_python:main_test")
    assert done.code == 0, done.stdout + done.stderr
    assert run(repository, "--nobuild_python_zip", "//rules_python:main") == "fact 1.0 0 fastbuild _main.venv\n"
    assert (repository.root / "venvship-bin" / "rules_python" / "main").stat().st_size < 100_000


def test_packed_programs_are_tests(repository: RealWorkspace) -> None:
    build = """
load("@rules_python//python/zipapp:py_zipapp_test.bzl", "py_zipapp_test")
py_zipapp_test(name = "passes", binary = ":main", size = "small")
py_binary(name = "broken", srcs = ["broken.py"])
py_zipapp_test(name = "fails", binary = ":broken", size = "small", args = ["3"], env = {"WHY": "because"})
"""
    broken = "import os, sys\nprint(os.environ['WHY'])\nsys.exit(int(sys.argv[1]))\n"
    repository.write({"aspect/BUILD.bazel": ASPECT_LOAD + TABLE + build, "aspect/broken.py": broken})
    override = "--index_override=https://packages.example/simple=@default"
    done = repository.test("//aspect:passes", override)
    assert done.code == 0, done.stderr
    failed = repository.test("//aspect:fails", override, "--test_output=errors")
    assert failed.code == 3 and "because" in failed.stdout + failed.stderr


def test_libraries_become_wheels_and_wheels_become_libraries(repository: RealWorkspace) -> None:
    build = """
py_package(name = "package", deps = [":lib"], packages = ["aspect"])
py_wheel(name = "wheel", distribution = "aspect-lib", version = "1.5", deps = [":package"], requires = ["six>=1"],
    entry_points = {"console_scripts": ["facts = aspect.lib:facts"]}, python_requires = ">=3.11",
    twine_binary = ":client", publish_args = ["--repository", "ours"])
py_binary(name = "client", srcs = ["client.py"])
py_unpacked_wheel(name = "unpacked", src = ":wheel")
py_binary(name = "user", srcs = ["user.py"], deps = [":unpacked"])
"""
    user = "import importlib.metadata as m, aspect.lib\nprint(m.version('aspect-lib'), aspect.lib.__file__)\n"
    client = "import glob, os, sys\nprint(*sys.argv[1:-1], *map(os.path.basename, glob.glob(sys.argv[-1])))\n"
    repository.write(
        {"aspect/BUILD.bazel": ASPECT_LOAD + TABLE + build, "aspect/user.py": user, "aspect/client.py": client}
    )
    output = run(repository, "//aspect:user")
    assert output.startswith("1.5 ")
    repository.built("//aspect:wheel.dist")
    [wheel] = (repository.root / "venvship-bin" / "aspect").glob("*.whl")
    assert wheel.name == "aspect_lib-1.5-py3-none-any.whl"
    assert run(repository, "//aspect:wheel.publish") == f"upload --repository ours {wheel.name}\n"


def test_unittest_runs_modules_and_fails_without_tests(workspace: RealWorkspace) -> None:
    good = "import unittest\n\nclass A(unittest.TestCase):\n    def test_a(self): pass\n    def test_b(self): pass\n"
    build = 'py_unittest_test(name = "good", srcs = ["good_test.py"], shard_count = 2, size = "small", args = ["-v"])\n'
    build += 'py_unittest_test(name = "empty", srcs = ["empty_test.py"], size = "small")\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "t/BUILD.bazel": ASPECT_LOAD + build,
            "t/good_test.py": good,
            "t/empty_test.py": "",
        }
    )
    assert workspace.test("//t:good").code == 0
    assert workspace.test("//t:good", "--test_filter=test_a").code == 0
    empty = workspace.test("//t:empty", "--test_output=errors")
    assert empty.code == 3 and "no test was found" in empty.stdout + empty.stderr


def test_members_of_the_workspace_are_distributions(workspace: RealWorkspace) -> None:
    main = (
        "import importlib.metadata as m, subprocess, sys\nprint(m.version('our-lib'), m.entry_points(group='plug'))\n"
    )
    main += "import os\nprint(subprocess.run(['our-tool'], capture_output=True, text=True).stdout)\n"
    project = (
        '[project]\nname = "our-lib"\nversion = "2.1"\n[project.scripts]\nour-tool = "our_lib:main"\n'
        '[project.entry-points.plug]\nx = "our_lib:main"\n'
    )
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "lib/BUILD.bazel": ASPECT_LOAD
            + 'py_library(name = "lib", srcs = ["src/our_lib.py"], imports = ["src"], '
            + 'visibility = ["//visibility:public"])',
            "lib/pyproject.toml": project,
            "lib/src/our_lib.py": "def main():\n    print('from the script')\n",
            "app/BUILD.bazel": ASPECT_LOAD + 'py_binary(name = "app", srcs = ["app.py"], deps = ["//lib"])',
            "app/app.py": main,
        }
    )
    output = run(workspace, "//app:app")
    assert "2.1" in output and "EntryPoint(name='x', value='our_lib:main', group='plug')" in output
    assert "from the script" in output
    workspace.write({"lib/pyproject.toml": project.replace("2.1", "2.2")})
    assert "2.2" in run(workspace, "//app:app")
    workspace.write({"lib/pyproject.toml": "[project"})
    broken = workspace.build("//app:app")
    assert broken.code == 1 and "`lib/pyproject.toml` is no TOML" in broken.stderr


def test_a_program_reads_its_build_data(repository: RealWorkspace) -> None:
    main = "import bazel_binary_info as b\nprint(b.get_build_data())\n"
    repository.write({"aspect/main.py": main})
    output = run(repository, "//aspect:main")
    assert "TARGET //aspect:main\n" in output and "STAMPED FALSE\n" in output


def test_a_program_with_a_configuration_of_its_own_runs_and_its_data_is_the_callers(repository: RealWorkspace) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    build = f"""
py_binary(name = "own", srcs = ["own.py"], deps = ["@pypi//tool"], data = [":main"], python_version = "{version}",
    env = {{"OTHER": "$(rlocationpath :main)"}})
"""
    own = """
import os, subprocess, tool
print(tool.VERSION)
runfiles = os.environ["RUNFILES_DIR"]
print(subprocess.run([os.path.join(runfiles, os.environ["OTHER"])], capture_output=True, text=True).stdout)
"""
    repository.write({"aspect/BUILD.bazel": ASPECT_LOAD + TABLE + build, "aspect/own.py": own})
    output = run(repository, "//aspect:own")
    assert output == "1.0\nfact 1.0 1 fastbuild ._main.venv\n\n"


def test_actions_run_the_interpreter_of_the_toolchain(workspace: RealWorkspace) -> None:
    rules = """
TYPE = "@rules_python//python:toolchain_type"
TOOLS = "@rules_python//python:exec_tools_toolchain_type"

def _say(ctx):
    runtime = ctx.toolchains[TYPE].py3_runtime
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    code = "import sys, email; open(sys.argv[1], 'w').write('%d' % sys.version_info[0])"
    ctx.actions.run(executable = runtime.interpreter, tools = runtime.files, outputs = [out],
        arguments = ["-c", code, out.path])
    program = ctx.toolchains[TOOLS].exec_tools.exec_interpreter[DefaultInfo].files_to_run
    more = ctx.actions.declare_file(ctx.label.name + ".more.txt")
    ctx.actions.run(executable = program, outputs = [more], arguments = ["-c", code, more.path])
    return [DefaultInfo(files = depset([out, more]))]

say = rule(_say, toolchains = [TYPE, TOOLS])
"""
    workspace.write(
        {
            "MODULE.bazel": MODULE + RULES_PYTHON,
            "t/rules.bzl": rules,
            "t/BUILD.bazel": 'load(":rules.bzl", "say")\nsay(name = "x")\n',
        }
    )
    workspace.built("//t:x")
    out = workspace.root / "venvship-bin" / "t"
    assert ((out / "x.txt").read_text(), (out / "x.more.txt").read_text()) == ("3", "3")


def test_stamped_outputs_tell_about_the_build(workspace: RealWorkspace) -> None:
    asking = "import bazel_binary_info as b\nprint(b.get_build_data())\n"
    rules = """
load("@bazel_lib//lib:stamping.bzl", "STAMP_ATTRS", "maybe_stamp")

def _commit(ctx):
    stamp = maybe_stamp(ctx)
    out = ctx.actions.declare_file(ctx.label.name)
    if stamp:
        ctx.actions.run_shell(inputs = [stamp.stable_status_file, stamp.volatile_status_file], outputs = [out],
            command = "cat %s %s > %s" % (stamp.stable_status_file.path, stamp.volatile_status_file.path, out.path))
    else:
        ctx.actions.write(out, "nothing")
    return [DefaultInfo(files = depset([out]))]

commit = rule(_commit, attrs = STAMP_ATTRS)
"""
    build = """
load("@rules_python//python:defs.bzl", "py_binary")
load("@rules_python//python:packaging.bzl", "py_wheel")
load(":rules.bzl", "commit")
py_binary(name = "always", srcs = ["ask.py"], main = "ask.py", stamp = 1)
py_binary(name = "never", srcs = ["ask.py"], main = "ask.py", stamp = 0)
py_binary(name = "perhaps", srcs = ["ask.py"], main = "ask.py")
py_binary(name = "chosen", srcs = ["ask.py"], main = "ask.py", config_settings = {"//command_line_option:stamp": "1"})
py_wheel(name = "wheel", distribution = "w", version = "1.{BUILD_TIMESTAMP}+{STABLE_COMMIT}")
commit(name = "yes", stamp = 1)
commit(name = "no", stamp = 0)
config_setting(name = "stamped", values = {"stamp": "1"})
genrule(name = "asks", outs = ["asks.txt"],
    cmd = select({":stamped": "echo stamped > $@", "//conditions:default": "echo plain > $@"}))
"""
    module = MODULE + RULES_PYTHON + 'bazel_dep(name = "bazel_lib", version = "3.0.0")\n'
    workspace.write({"MODULE.bazel": module, "s/BUILD.bazel": build, "s/rules.bzl": rules, "s/ask.py": asking})
    workspace.write(
        {"commit": "a1", ".bazelrc": "build --workspace_status_command='echo STABLE_COMMIT $(cat commit)'\n"}
    )

    def said(target: str, *flags: str) -> str:
        return run(workspace, f"//s:{target}", *flags)

    for target, flags in (("always", ()), ("chosen", ()), ("perhaps", ("--stamp",))):
        output = said(target, *flags, "--embed_label=v7")
        assert "STAMPED TRUE\n" in output and "STABLE_COMMIT a1\n" in output and "BUILD_EMBED_LABEL v7\n" in output
        assert "BUILD_TIMESTAMP 0\n" not in output
    for target, flags in (("perhaps", ()), ("never", ("--stamp",))):
        output = said(target, *flags)
        assert "STAMPED FALSE\n" in output and "BUILD_TIMESTAMP 0\n" in output and "a1" not in output

    # Nothing but what the command prints has changed.
    workspace.write({"commit": "b2"})
    assert "STABLE_COMMIT b2\n" in said("always")

    # A new time alone makes nothing anew.
    workspace.environment["SOURCE_DATE_EPOCH"] = "5"
    workspace.write({"commit": "c3"})
    assert "BUILD_TIMESTAMP 5\n" in said("always")
    workspace.environment["SOURCE_DATE_EPOCH"] = "9"
    assert "BUILD_TIMESTAMP 5\n" in said("always")
    workspace.write({"commit": "b2"})
    workspace.built("//s:wheel", "//s:yes", "//s:no", "//s:asks", "--stamp")
    out = workspace.root / "venvship-bin" / "s"
    assert (out / "w-1.9+b2-py3-none-any.whl").exists()
    assert "STABLE_COMMIT b2\nBUILD_TIMESTAMP 9\n" in (out / "yes").read_text()
    assert (out / "no").read_text() == "nothing" and (out / "asks.txt").read_text() == "stamped\n"
    workspace.built("//s:wheel")
    assert (out / "w-1.0+0.1.build.timestamp.stable.commit-py3-none-any.whl").exists()
    failed = workspace.build("//s:always", "--workspace_status_command=false")
    assert failed.code == 1 and "`--workspace_status_command=false` ended with exit code 1" in failed.stderr


def test_bytecode_is_found_beside_sources_and_in_their_place(workspace: RealWorkspace) -> None:
    build = """
load("@rules_python//python:defs.bzl", "py_binary", "py_library")
py_library(name = "kept", srcs = ["kept.py"], precompile = "enabled")
py_library(name = "gone", srcs = ["gone.py"], precompile = "enabled", precompile_source_retention = "omit_source",
    precompile_optimize_level = 2)
py_library(name = "plain", srcs = ["plain.py"])
py_binary(name = "app", srcs = ["app.py"], deps = [":kept", ":gone", ":plain"])
py_binary(name = "all", srcs = ["app.py"], main = "app.py", deps = [":kept", ":gone", ":plain"],
    pyc_collection = "include_pyc")
py_library(name = "broken", srcs = ["broken.py"], precompile = "enabled")
"""
    app = """
import os
from b import gone, kept, plain
for m in (kept, gone, plain):
    where = m.__file__ if m.__file__.endswith("pyc") else m.__cached__
    print(os.path.basename(m.__file__), os.path.exists(where), m.f.__doc__)
"""
    module = 'def f():\n    "documented"\n'
    sources = {f"b/{name}.py": module for name in ("kept", "gone", "plain")}
    broken = {"b/broken.py": "x = 1\ndef:\n"}
    own = {"MODULE.bazel": MODULE + RULES_PYTHON, "b/BUILD.bazel": build, "b/app.py": app}
    workspace.write({**own, **sources, **broken})
    # What programs would keep themselves is told apart by not letting them.
    workspace.environment["PYTHONDONTWRITEBYTECODE"] = "1"
    common = "kept.py True documented\ngone.pyc True None\n"
    assert run(workspace, "//b:app") == common + "plain.py False documented\n"
    assert run(workspace, "//b:all") == common + "plain.py True documented\n"
    flag = "--@rules_python//python/config_settings:precompile=enabled"
    assert run(workspace, "//b:app", flag) == common + "plain.py True documented\n"
    failed = workspace.build("//b:broken")
    assert failed.code == 1 and "can't compile:\n  _main/b/broken.py:2: invalid syntax" in failed.stderr


def test_nothing_is_run_from_the_directory_for_temporary_files(repository: RealWorkspace, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()

    def with_mount(*argv: str | Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command where `mounted` is a file system from which nothing can be run."""
        mount = 'mount -t tmpfs -o noexec none "$TMPDIR" && exec "$@"'
        return subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c", mount, "sh", *argv],
            env={"PATH": os.environ["PATH"], "TMPDIR": str(mounted), **environment},
            cwd=repository.root,
            capture_output=True,
            text=True,
            check=False,
        )

    if shutil.which("unshare") is None or with_mount("/bin/true", environment={}).returncode != 0:
        pytest.skip("file systems can't be mounted here")
    build = """
load("@rules_python//python/zipapp:py_zipapp_binary.bzl", "py_zipapp_binary")
py_zipapp_binary(name = "whole", binary = ":main")
py_unittest_test(name = "test", srcs = ["test.py"])
"""
    tests = "import unittest\n\nclass A(unittest.TestCase):\n    def test_a(self): pass\n"
    repository.write({"aspect/BUILD.bazel": ASPECT_LOAD + TABLE + build, "aspect/test.py": tests})
    ours = {
        "HOME": str(repository.cache / "home"),
        "XDG_CACHE_HOME": str(repository.cache),
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
        "PIP_INDEX_URL": repository.index,
    }
    override = "--index_override=https://packages.example/simple=@default"
    done = with_mount(sys.executable, "-m", "venvship", "test", override, "//aspect:all", environment=ours)
    assert done.returncode == 0, done.stderr
    expected = "fact 1.0 1 fastbuild ._main.venv\n"
    out = repository.root / "venvship-bin" / "aspect"
    assert with_mount(out / "main", environment={}).stdout == expected
    archive = out / "whole.pyz"
    elsewhere = {"XDG_CACHE_HOME": str(tmp_path / "programs")}
    assert with_mount(archive, environment=elsewhere).stdout == expected
    refused = with_mount(archive, environment={"XDG_CACHE_HOME": str(mounted)})
    assert refused.returncode == 1 and refused.stderr == (
        f"programs can't be run from {mounted}/venvship-programs, perhaps since it is mounted noexec; "
        "RULES_PYTHON_EXTRACT_ROOT can name another directory\n"
    )
    blocked = with_mount(archive, environment={"RULES_PYTHON_EXTRACT_ROOT": str(archive)})
    assert blocked.returncode == 1 and "can't unpack into" in blocked.stderr and "Traceback" not in blocked.stderr


def test_programs_find_their_data_by_the_names_of_repositories(repository: RealWorkspace, tmp_path: Path) -> None:
    build = """
py_binary(
    name = "finds",
    srcs = ["finds.py"],
    data = ["d.json"],
    deps = ["@bazel_tools//tools/python/runfiles", "@rules_python//python/runfiles"],
)
"""
    finds = """
from bazel_tools.tools.python.runfiles import runfiles as first
from python.runfiles import Runfiles, runfiles
found = Runfiles.CreateOrRaise()
print(open(found.Rlocation("shop/aspect/d.json")).read())
print(open(runfiles.Create().Rlocation("_main/aspect/d.json")).read())
print(open(first.Create().Rlocation("_main/aspect/d.json")).read() == (found.root() / "shop/aspect/d.json").read_text())
print(repr(found.CurrentRepository()))
"""
    repository.write({"aspect/BUILD.bazel": ASPECT_LOAD + TABLE + build, "aspect/finds.py": finds})
    expected = '{"name": "fact"}\n{"name": "fact"}\nTrue\n\'\'\n'
    assert run(repository, "//aspect:finds") == expected
    assert started([repository.root / "venvship-bin" / "aspect" / "finds"], cwd=tmp_path) == expected


REGISTERED = """
load("@aspect_rules_py//py:defs.bzl", "py_pex_binary")
load("@rules_python//python/zipapp:py_zipapp_binary.bzl", "py_zipapp_binary")
load("@rules_python//python:defs.bzl", "py_binary", "py_runtime", "py_runtime_pair", "py_test")
py_runtime(name = "system_runtime", interpreter_path = "@PYTHON@")
py_runtime(name = "inside_runtime", interpreter = "python", files = ["lib.py"])
py_runtime(
    name = "other_runtime",
    interpreter_path = "@PYTHON@",
    interpreter_version_info = {"major": "3", "minor": "99"},
)
[
    (
        py_runtime_pair(name = name + "_pair", py3_runtime = name + "_runtime"),
        toolchain(
            name = name,
            toolchain = name + "_pair",
            toolchain_type = "@rules_python//python:toolchain_type",
        ),
    )
    for name in ["system", "inside", "other"]
]
py_binary(name = "main", srcs = ["main.py"], deps = ["@pypi//tool"])
py_test(name = "main_test", srcs = ["main_test.py"], deps = ["@pypi//tool"])
py_zipapp_binary(name = "whole", binary = ":main")
py_pex_binary(name = "small", binary = ":main")
"""
WHERE = """
import os, sys, subprocess
import tool
child = subprocess.run([sys.executable, "-c", "import tool; print(tool.VERSION)"], capture_output=True, text=True)
print(tool.VERSION, child.stdout.strip(), os.path.realpath(sys.executable), sys.prefix != sys.base_prefix)
print(sys.flags.isolated, os.path.basename(sys.prefix), os.path.isdir(os.path.dirname(os.__file__)))
"""


def test_programs_run_with_the_interpreter_that_a_workspace_registers(repository: RealWorkspace) -> None:
    python = os.path.realpath(sys.executable)
    repository.write(
        {
            "own/BUILD.bazel": REGISTERED.replace("@PYTHON@", python),
            "own/main.py": WHERE,
            "own/main_test.py": WHERE,
            "own/lib.py": "",
        }
    )
    (repository.root / "own" / "python").symlink_to(python)
    for name in ("system", "inside"):
        said = f"1.0 1.0 {python} True\n0 _main.venv True\n"
        assert run(repository, f"--extra_toolchains=//own:{name}", "//own:main") == said
        flags = ["--index_override=https://packages.example/simple=@default", "--test_output=all"]
        tested = repository.run("test", *flags, f"--extra_toolchains=//own:{name}", "//own:main_test")
        assert tested.code == 0, tested.stderr
        assert f"1.0 1.0 {python} True\n0 _main_test.venv True\n" in tested.stdout + tested.stderr
        repository.built(f"--extra_toolchains=//own:{name}", "//own:whole", "//own:small")
        for packed in ("whole.pyz", "small.pex"):
            cache = repository.cache / f"{name} {packed}"
            archive = repository.root / "venvship-bin/own" / packed
            output = started([sys.executable, archive], cwd=Path("/"), environment={"XDG_CACHE_HOME": str(cache)})
            carried = [path for path in cache.rglob("own/python") if not path.is_symlink()]
            assert len(carried) == (name == "inside" and packed == "whole.pyz")
            assert output == said.replace(python, str(carried[0]) if carried else python)
    refused = repository.run("build", "--extra_toolchains=//own:other", "//own:main")
    assert (
        "the registered toolchain `//own:other_pair` is of Python 3.99, and wheels are for Python 3." in refused.stderr
    )
    assert "is_python_3.99" in refused.stderr


def test_an_interpreter_can_be_run_by_hand(repository: RealWorkspace) -> None:
    code = "import sys; print(sys.version_info[:2])"
    said = f"({sys.version_info[0]}, {sys.version_info[1]})\n"
    assert run(repository, "@rules_python//python/bin:python", "--", "-c", code) == said
    dep = "--@rules_python//python/bin:repl_dep=//rules_python:lib"
    imported = "import rules_python.lib; print(rules_python.lib.facts())"
    assert run(repository, dep, "@rules_python//python/bin:repl", "--", "-c", imported) == "{'name': 'fact'}\n"
    # The interpreter of a program, which may be a registered one, and a file that is run before one types.
    python = os.path.realpath(sys.executable)
    stub = "import sys\nimport rules_python.lib\nprint(rules_python.lib.facts(), sys.argv[1:])\n"
    build = REGISTERED.replace("@PYTHON@", python) + 'exports_files(["stub.py"])\n'
    sources = {f"own/{name}.py": "" for name in ("main", "main_test", "lib")}
    repository.write({"own/BUILD.bazel": build, "own/stub.py": stub, **sources})
    src = "--@rules_python//python/bin:python_src=//own:main"
    where = "import os, sys; print(os.path.realpath(sys.executable))"
    for extra, expected in [(["--extra_toolchains=//own:system"], f"{python}\n"), ([], None)]:
        started_by = run(repository, src, *extra, "@rules_python//python/bin:python", "--", "-c", where)
        assert (started_by == f"{python}\n") == (expected is not None)
    started_with = "--@rules_python//python/bin:repl_stub=//own:stub.py"
    assert run(repository, dep, started_with, "@rules_python//python/bin:repl", "--", "x") == "{'name': 'fact'} ['x']\n"


def test_the_interpreter_of_each_machine_may_be_registered(repository: RealWorkspace) -> None:
    module = (repository.root / "MODULE.bazel").read_text()
    registered = 'register_toolchains("@rules_python//python/runtime_env_toolchains:all")\n'
    repository.write({"MODULE.bazel": module + registered})
    assert run(repository, "//rules_python:main") == "fact 1.0 0 fastbuild _main.venv\n"


def test_sources_of_other_repositories_are_imported_from_their_roots_and_bring_what_they_need(
    workspace: RealWorkspace,
) -> None:
    rule = """
def _script(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "from steps.private.runner import main\\nmain(%r)\\n" % ctx.files.data[0].short_path)
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles(files = ctx.files.data))]

script = rule(implementation = _script, attrs = {"data": attr.label_list(allow_files = True)})
"""
    macro = """
load("@rules_python//python:defs.bzl", "py_binary")
load("//steps/private:script.bzl", "script")

def step(name, data):
    script(name = name + "_main.py", data = data)
    py_binary(
        name = name,
        srcs = [name + "_main.py", Label("//steps/private:runner.py")],
        main = name + "_main.py",
    )
"""
    runner = """
import pathlib

def main(path):
    [root] = [above for above in pathlib.Path(__file__).parents if above.name.endswith(".runfiles")]
    print((root / "_main" / path).read_text())
"""
    python = 'bazel_dep(name = "rules_python", version = "1.7.0")\n'
    workspace.write(
        {
            "MODULE.bazel": python
            + 'bazel_dep(name = "steps")\nlocal_path_override(module_name = "steps", path = "third_party/steps")\n',
            "BUILD.bazel": 'load("@steps//steps:defs.bzl", "step")\nstep(name = "app", data = ["note.txt"])\n',
            "note.txt": "noted",
            "third_party/steps/MODULE.bazel": 'module(name = "steps")\n' + python,
            "third_party/steps/steps/BUILD.bazel": "",
            "third_party/steps/steps/defs.bzl": macro,
            "third_party/steps/steps/private/BUILD.bazel": 'exports_files(["runner.py"])',
            "third_party/steps/steps/private/script.bzl": rule,
            "third_party/steps/steps/private/runner.py": runner,
        }
    )
    run = workspace.run("run", "//:app")
    assert (run.code, run.stdout) == (0, "noted\n"), run.stderr
