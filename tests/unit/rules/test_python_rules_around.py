"""Rules beside programs and libraries: mains of test frameworks, wheels of the workspace, packed programs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from analysis_workspace import AnalysisWorkspace, Dist, ValueHub, outputs

from venvship.model.action import ForestFile, ForestLink, RunTool, WriteFile
from venvship.model.artifact import ArtifactKind
from venvship.rules.python.providers import PyExecutableInfo, PyWheelsInfo, VirtualenvInfo

NAMES = (
    "py_binary", "py_library", "py_package", "py_pex_binary", "py_pytest_main", "py_test", "py_unittest_test",
    "py_unpacked_wheel", "py_venv", "py_wheel", "whl_filegroup",
)  # fmt: skip
LOAD = 'load("@aspect_rules_py//py:defs.bzl", ' + ", ".join(f'"{name}"' for name in NAMES) + ")\n"
BIN = "venvship-out/linux_x86_64-fastbuild/bin"
HUB = ValueHub(
    [
        Dist("pytest"),
        Dist("tool", "1.0", {"tool.py": ""}, scripts={"tool": "tool:main", "other": "tool:x"}),
        Dist("native", "1.0", {"native-1.0.data/scripts/native": "\x7fELF"}),
    ]
)


MISTAKES = {
    'requires = ["not a (requirement"]': "`requires` has `not a (requirement`, which is no requirement: Expected",
    'extra_requires = {"x": ["six>>1"]}': "`extra_requires` has `six>>1`, which is no requirement",
    'entry_points = {"console_scripts": ["broken"]}': "has `broken` for `console_scripts`, which is no script",
    'entry_points = {"console_scripts": ["a = b"], "x": ["y = z"], "q": ["r"]}': "has `a = b` for `console_scripts`, "
    "which is no script\n  `entry_points` has `r` for `q`, which is no entry point\n",
    'entry_points = {"a]b": ["y = z:f"]}': "has `y = z:f` for `a]b`, which is no entry point",
    'console_scripts = {"../x": "a:b"}': "has `../x = a:b` for `console_scripts`, which is no script",
    'console_scripts = {"x": "a b:c"}': "has `x = a b:c` for `console_scripts`, which is no script",
    'classifiers = ["a\\nRequires-Dist: b"]': "`classifiers` has a value of more than one line",
    'platform = "linux-x86_64"': "`platform` is `linux-x86_64`, which is no tag of wheels",
    'python_tag = "../py3"': "`python_tag` is `../py3`, which is no tag of wheels",
    'extra_requires = {"a\\nb": ["six"]}': "is no name of an extra",
    'deps = ["r.txt"], add_path_prefix = "../.."': "`add_path_prefix` has the path `../../app/r.txt`",
    'summary = "a\\nb"': "`summary` has a value of more than one line",
    'extra_distinfo_files = {"r.txt": "../../r.txt"}': "has the path `../../r.txt`, which leads out of its place",
    'version = "1.x"': "`version` is `1.x`, which is no version",
    'version = "1.{NOBODY}", stamp = 1': "no value of the build has this name",
    'python_requires = "3"': "`python_requires` is `3`, which is no set of versions",
    'project_urls = {"%s": "x"}' % ("x" * 33): "which is longer than 32 characters",
    'extra_distinfo_files = {":two": "x"}': "`extra_distinfo_files` needs one file of each target, and",
    'extra_requires_files = {":two": "x"}': "needs one file of each target, and `//app:two` has 2",
    'data_files = {"r.txt": "scripts/../../r.txt"}': "has the path `scripts/../../r.txt`, which leads out of its place",
}


def workspace(build: str, *files: str) -> AnalysisWorkspace:
    return AnalysisWorkspace({"app/BUILD": LOAD + build, **{f"app/{file}": "" for file in files}}, hub=HUB)


def test_a_main_for_pytest_is_a_library_with_a_file_of_its_name() -> None:
    build = """
py_pytest_main(name = "__test__", deps = ["@pypi//pytest"], args = ["-q"], chdir = "app")
py_test(name = "t", srcs = ["t_test.py", ":__test__"], main = ":__test__.py", deps = [":__test__"])
"""
    made = workspace(build, "t_test.py")
    program = made.one("//app:t")[PyExecutableInfo]
    assert program.main is not None and program.main.path == "app/__test__.py"
    assert [wheel.project for wheel in program.wheels.to_tuple()] == ["pytest"]
    action = outputs(made.one("//app:__test__").actions)[f"{BIN}/app/__test__.py"]
    assert isinstance(action, WriteFile) and isinstance(action.content, bytes)
    assert b'"-q"' in action.content and b'"modules": []' in action.content


def test_a_main_for_pytest_may_be_called_as_newer_releases_call_it() -> None:
    build = """
py_pytest_main(name = "main", deps = ["@pypi//pytest"])
py_test(name = "t", srcs = ["t_test.py"], main = ":__test__main__.py", deps = [":main"])
"""
    program = workspace(build, "t_test.py").one("//app:t")[PyExecutableInfo]
    assert program.main is not None and program.main.path == "app/__test__main__.py"


def test_a_unittest_target_takes_no_main() -> None:
    made = workspace('py_unittest_test(name = "t", srcs = ["t_test.py"], main = "t_test.py")', "t_test.py")
    assert "py_unittest_test writes its own main" in made.problems("//app:t")


@pytest.mark.parametrize("macro", ["py_pytest_test", "py_unittest_test"])
def test_a_test_without_modules_is_refused(macro: str) -> None:
    load = f'load("@aspect_rules_py//py:defs.bzl", "{macro}")\n'
    for srcs in ([], ["conftest.py"]):
        made = AnalysisWorkspace({"app/BUILD": f'{load}{macro}(name = "t", srcs = {srcs})', "app/conftest.py": ""})
        problems = made.problems("//app:t")
        assert "no test module in `srcs`" in problems and "app/BUILD:2" in problems


def test_a_console_script_that_is_not_there_names_those_that_are() -> None:
    load = 'load("@rules_python//python/entry_points:py_console_script_binary.bzl", "py_console_script_binary")\n'
    build = load + 'py_console_script_binary(name = "tol", pkg = "@pypi//tool")\n'
    build += 'py_console_script_binary(name = "named", pkg = "@pypi//tool", script = "other")\n'
    made = workspace(build)
    assert (
        made.problems("//app:tol")
        .splitlines()[0]
        .endswith("`@@pypi//tool:tool` has no console script `tol`; it has `other`, `tool`")
    )
    action = outputs(made.one("//app:_named_main").actions)[f"{BIN}/app/_named_main.py"]
    assert isinstance(action, WriteFile) and b"from tool import x" in action.content  # type: ignore[operator]
    assert made.one("//app:named")[PyExecutableInfo].venv.directory == "_main/app/_named.venv"


def test_a_program_that_a_wheel_brings_is_named_where_it_is_no_console_script() -> None:
    load = 'load("@rules_python//python/entry_points:py_console_script_binary.bzl", "py_console_script_binary")\n'
    said = workspace(load + 'py_console_script_binary(name = "native", pkg = "@pypi//native")\n').problems(
        "//app:native"
    )
    assert "`native` of `@@pypi//native:native` is a program of its own, and no console script" in said
    assert "name `@@pypi//native:bin/native` in place of this target" in said


def test_the_file_that_calls_a_console_script_is_called_as_main_says() -> None:
    load = 'load("@rules_python//python/entry_points:py_console_script_binary.bzl", "py_console_script_binary")\n'
    build = load + 'py_console_script_binary(name = "tool", pkg = "@pypi//tool", main = "begin.py")\n'
    build += 'py_console_script_binary(name = "other", pkg = "@pypi//tool")\n'
    made = workspace(build)
    for name, file in (("tool", "begin.py"), ("other", "_other_main.py")):
        main = made.one(f"//app:{name}")[PyExecutableInfo].main
        assert main is not None and main.path == f"app/{file}"


def test_a_console_script_may_be_told_by_a_file_and_begin_with_a_shebang() -> None:
    load = 'load("@rules_python//python/entry_points:py_console_script_binary.bzl", "py_console_script_binary")\n'
    build = load + 'py_console_script_binary(name = "tool", pkg = "@pypi//tool", shebang = "/usr/bin/python3")\n'
    build += 'py_console_script_binary(name = "two", pkg = "@pypi//tool", script = "tool", shebang = "a\\nb")\n'
    build += 'py_console_script_binary(name = "said", pkg = "@pypi//tool", entry_points_txt = "entry_points.txt")\n'
    made = workspace(build, "entry_points.txt")
    action = outputs(made.one("//app:_tool_main").actions)[f"{BIN}/app/_tool_main.py"]
    assert isinstance(action, WriteFile) and isinstance(action.content, bytes)
    assert action.content.startswith(b"#!/usr/bin/python3\nimport sys\n")
    assert "`shebang` has several lines" in made.problems("//app:two")
    asked = outputs(made.one("//app:_said_main").actions)[f"{BIN}/app/_said_main.py"]
    assert isinstance(asked, RunTool)
    assert [artifact.path for artifact in asked.inputs.to_tuple()] == ["app/entry_points.txt"]
    assert asked.request["script"] == "said"


def test_an_entry_point_is_a_function_of_a_module() -> None:
    load = 'load("@aspect_rules_py//uv:defs.bzl", "py_entrypoint_binary")\n'
    made = workspace(load + 'py_entrypoint_binary(name = "x", entrypoint = "tool", pkg = "@pypi//tool")\n')
    assert "`entrypoint` is `tool`, which is no `module:function`" in made.problems("//app:x")


def test_a_library_has_no_console_scripts_and_the_error_says_where_to_name_one() -> None:
    build = (
        'load("@rules_python//python/entry_points:py_console_script_binary.bzl", "py_console_script_binary")\n'
        'load("@rules_python//python:defs.bzl", "py_library")\n'
        'py_library(name = "lib", srcs = ["a.py"])\n'
        'py_console_script_binary(name = "run", pkg = ":lib")\n'
    )
    said = AnalysisWorkspace({"BUILD": build, "a.py": ""}).problems("//:run")
    assert "`//:lib` has no console script `run`; it has none" in said
    assert "`top_levels` and `console_scripts` of `py_unpacked_wheel`, or `py_entrypoint_binary(" in said


def test_a_wheel_is_built_from_what_a_package_takes_of_libraries() -> None:
    build = """
py_library(name = "lib", srcs = ["lib.py"], data = ["lib.json"])
py_package(name = "package", deps = [":lib"], packages = ["app"])
py_package(name = "nothing", deps = [":lib"], packages = ["other"])
py_wheel(name = "wheel", distribution = "Our.Lib", version = "1+$(COMPILATION_MODE)", deps = [":package"],
    strip_path_prefixes = ["app"], extra_requires = {"x": ["six"]}, data_files = {"lib.json": "data/etc/"})
"""
    made = workspace(build, "lib.py", "lib.json")
    [action] = [action for action in made.one("//app:wheel").actions if isinstance(action, RunTool)]
    assert action.outputs[0].path == "app/our_lib-1+fastbuild-py3-none-any.whl"
    rows = action.request["files"]
    assert isinstance(rows, tuple)
    assert {row["path"] for row in rows} == {"lib.py", "lib.json", "{data}/data/etc/lib.json"}  # type: ignore[call-overload, index]
    metadata = action.request["metadata"]
    assert isinstance(metadata, tuple) and "Requires-Dist: six ; extra == 'x'" in metadata
    assert made.one("//app:nothing").default_info.files.to_tuple() == ()


@pytest.mark.parametrize(
    ("version", "spelt"),
    [
        ("v1.0-RC1", "1.0rc1"),
        ("1.{BUILD_TIMESTAMP}", "1.0+1.build.timestamp"),
        ("1+{STABLE_COMMIT}", "1+0.1.stable.commit"),
        ("{STABLE_VERSION}", "0+stable.version"),
    ],
)
def test_a_wheel_has_a_version_as_installers_spell_it_with_and_without_a_stamp(version: str, spelt: str) -> None:
    made = workspace(f'py_wheel(name = "w", distribution = "a", version = "{version}")')
    [file] = made.one("//app:w").default_info.files.to_tuple()
    assert file.path == f"app/a-{spelt}-py3-none-any.whl"


def test_a_wheel_has_the_interfaces_of_its_libraries() -> None:
    build = """
rules_library(name = "low", srcs = ["lib.py"], pyi_srcs = ["lib.pyi"])
rules_library(name = "lib", srcs = ["lib.py"], deps = [":low"])
py_package(name = "package", deps = [":lib"], packages = ["app"])
py_wheel(name = "direct", distribution = "a", version = "1", deps = [":low"], description_content_type = "text/plain")
py_wheel(name = "wheel", distribution = "a", version = "1", deps = [":package"])
"""
    load = 'load("@rules_python//python:defs.bzl", rules_library = "py_library")\n'
    made = workspace(load + build, "lib.py", "lib.pyi")
    for wheel in ("direct", "wheel"):
        [action] = [action for action in made.one(f"//app:{wheel}").actions if isinstance(action, RunTool)]
        rows = action.request["files"]
        assert isinstance(rows, tuple)
        assert {row["path"] for row in rows} == {"app/lib.py", "app/lib.pyi"}  # type: ignore[call-overload, index]
        metadata = action.request["metadata"]
        assert isinstance(metadata, tuple)
        assert ("Description-Content-Type: text/plain" in metadata) is (wheel == "direct")


def test_the_directory_of_a_wheel_has_the_name_that_is_asked_for() -> None:
    made = workspace('py_wheel(name = "w", distribution = "a", version = "1", dist_folder = "out")')
    [directory] = made.one("//app:w.dist").default_info.files.to_tuple()
    assert directory.path == "app/out"


def test_a_wheel_that_nothing_uploads_says_what_would() -> None:
    build = """
py_wheel(name = "w", distribution = "a", version = "1")
py_wheel(name = "known", distribution = "a", version = "1", twine_binary = ":client")
py_binary(name = "client", srcs = ["client.py"])
"""
    made = workspace(build, "client.py")
    made.one("//app:w")
    problems = made.problems("//app:w.publish")
    assert "`py_wheel` can't be built: nothing is named that uploads it" in problems
    assert 'set `twine = "@pypi//twine"` of `w`' in problems
    assert made.one("//app:known.publish").default_info.executable is not None


def test_mistaken_wheels_are_refused() -> None:
    build = """
py_wheel(name = "stamped", distribution = "{BUILD_USER}", version = "1")
py_wheel(name = "both", distribution = "a", version = "1", requires = ["x"], requires_file = "r.txt")
py_wheel(name = "where", distribution = "a", version = "1", data_files = {"r.txt": "somewhere/r.txt"})
"""
    made = workspace(build, "r.txt")
    for attribute, told in MISTAKES.items():
        version = "" if attribute.startswith("version") else 'version = "1", '
        two = 'filegroup(name = "two", srcs = ["r.txt", "BUILD"])\n'
        wrong = workspace(f'{two}py_wheel(name = "w", distribution = "a", {version}{attribute})', "r.txt")
        assert told in wrong.problems("//app:w")
    assert "such as {BUILD_USER}, are there with --stamp" in made.problems("//app:stamped")
    assert "`requires` and `requires_file` are both set" in made.problems("//app:both")
    assert "paths begin with one of purelib/" in made.problems("//app:where")


def test_a_wheel_file_is_a_distribution_as_far_as_its_layout_is_declared() -> None:
    build = """
py_unpacked_wheel(name = "known", src = "a.whl", top_levels = ["a", "b.py"], console_scripts = ["run=a:main"])
py_unpacked_wheel(name = "unknown", src = "a.whl")
py_venv(name = "v", deps = [":known", ":unknown"])
"""
    made = workspace(build, "a.whl")
    venv = made.one("//app:v")[VirtualenvInfo]
    links = {str(link.runfiles_path).rpartition("site-packages/")[2] for link in venv.links.to_tuple()}
    assert {"a", "b.py"} <= links
    assert "_main/app/unknown.install/lib/python3.12/site-packages" in venv.imports.to_tuple()
    installs = made.one("//app:v")[PyWheelsInfo].installs.to_tuple()
    assert {install.kind for install in installs} == {ArtifactKind.DIRECTORY} and len(installs) == 2


@pytest.mark.parametrize("script", ["bad", "../x=a:b", "x=a", "=a:b", "x=a b:c"])
def test_mistaken_console_scripts_of_a_wheel_file_are_refused(script: str) -> None:
    build = f'py_unpacked_wheel(name = "w", src = "a.whl", top_levels = ["x"], console_scripts = ["{script}"])'
    problems = workspace(build, "a.whl").problems("//app:w")
    assert f"`console_scripts` has `{script}`, which is no console script" in problems and "app/BUILD:2" in problems


def test_scripts_and_data_of_a_wheel_file_may_be_declared_without_its_modules() -> None:
    build = """
py_unpacked_wheel(name = "w", src = "a.whl", console_scripts = ["run=a:main"], data_files = ["share/x"])
py_venv(name = "v", deps = [":w"])
"""
    made = workspace(build, "a.whl")
    entries = {str(entry.artifact.runfiles_path): entry for entry in made.one("//app:v")[VirtualenvInfo].forest}
    share, pth = entries["_main/app/.v/share"], entries["_main/app/.v/lib/python3.12/site-packages/v.pth"]
    assert isinstance(share, ForestLink) and share.text.endswith("w.install/share")
    assert "_main/app/.v/bin/run" in entries
    assert isinstance(pth, ForestFile) and b"/w.install/lib/python3.12/site-packages\n" in pth.content


def test_mistaken_paths_of_a_wheel_file_are_all_told_with_their_attributes() -> None:
    build = 'py_unpacked_wheel(name = "w", src = "a.whl", top_levels = ["../x"], data_files = ["/y", "a//b", "z"])'
    found = workspace(build, "a.whl").problems("//app:w")
    assert "`top_levels` has `../x`, `data_files` has `/y`, `data_files` has `a//b`, which is no path" in found


def test_a_shebang_is_one_line() -> None:
    build = '''
py_binary(name = "app", srcs = ["app.py"])
py_pex_binary(name = "p", binary = ":app", python_shebang = """a
b""")
'''
    assert "`python_shebang` has several lines" in workspace(build, "app.py").problems("//app:p")


def test_wheel_files_are_told_by_their_names_and_by_who_needs_them() -> None:
    build = """
py_unpacked_wheel(name = "first", src = "cv-1.5-py3-none-any.whl", top_levels = ["cv2"])
py_unpacked_wheel(name = "second", src = "a.whl", top_levels = ["cv2"])
py_library(name = "lib", deps = [":first"])
py_binary(name = "clash", srcs = ["app.py"], deps = [":lib", ":second"], package_collisions = "error")
py_venv(name = "empty")
py_binary(name = "lacks", srcs = ["app.py"], deps = [":lib"], external_venv = ":empty")
"""
    made = workspace(build, "a.whl", "cv-1.5-py3-none-any.whl", "app.py")
    problems = made.problems("//app:clash")
    assert "\n    cv 1.5 (_main/app/first.install/lib/python3.12/site-packages), required by //app:lib\n" in problems
    assert (
        "\n    second 0 (_main/app/second.install/lib/python3.12/site-packages), required by //app:clash\n" in problems
    )
    problems = made.problems("//app:lacks")
    assert "cv 1.5, required by //app:lib" in problems and '        "//app:first",\n' in problems


def test_a_packed_program_that_is_not_executable_is_a_zip_file_and_no_program() -> None:
    build = """
load("@rules_python//python/zipapp:py_zipapp_binary.bzl", "py_zipapp_binary")
load("@rules_python//python/zipapp:py_zipapp_test.bzl", "py_zipapp_test")
py_binary(name = "app", srcs = ["app.py"])
py_zipapp_binary(name = "started", binary = ":app")
py_zipapp_binary(name = "read", binary = ":app", executable = False)
py_zipapp_test(name = "tested", binary = ":app", executable = False)
"""
    made = workspace(build, "app.py")
    for name, file, is_program in (("started", "started.pyz", True), ("read", "read.zip", False)):
        info = made.one(f"//app:{name}").default_info
        assert [output.path for output in info.files.to_tuple()] == [f"app/{file}"]
        assert (info.executable is not None) is is_program
    assert "`executable` is False, and a test is started" in made.problems("//app:tested")


def test_packed_programs_hold_links_as_links_and_refuse_what_they_can_not_do() -> None:
    build = """
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//tool"])
py_pex_binary(name = "pex", binary = ":app")
py_pex_binary(name = "leaky", binary = ":app", inherit_path = "prefer")
py_pex_binary(name = "other", binary = ":app", python_interpreter_constraints = ["PyPy"])
"""
    made = workspace(build, "app.py")
    [action] = made.one("//app:pex").actions
    assert isinstance(action, RunTool) and isinstance(action.request["rows"], tuple)
    rows = {str(row["at"]): row for row in action.request["rows"]}  # type: ignore[call-overload, index]
    tool = rows["_main/app/._app.venv/lib/python3.12/site-packages/tool.py"]
    assert isinstance(tool, Mapping) and "link" in tool
    assert not any(path.startswith("python_interpreters/") for path in rows)
    assert "programs here see nothing of their surroundings" in made.problems("//app:leaky")
    assert "set `python_version` of the program" in made.problems("//app:other")
