"""One small repository in both dialects, attribute by attribute."""

from __future__ import annotations

import importlib.resources

import pytest
from analysis_workspace import LINUX, AnalysisWorkspace, Dist, ValueHub, outputs

from venvship.analysis.build_settings import option_of_setting
from venvship.errors import VenvshipError
from venvship.model.action import ForestLink, LinkArtifact, RunTool, WriteFile
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.provider import ArgumentsInfo, DefaultInfo
from venvship.rules.python.providers import PyExecutableInfo, PyInfo, VirtualenvInfo

ASPECT = "@aspect_rules_py//py:defs.bzl"
RULES_PYTHON = "@rules_python//python:defs.bzl"
BIN = "venvship-out/linux_x86_64-fastbuild/bin"
CLASHING = ValueHub([Dist("one", files={"cv2/__init__.py": "1"}), Dist("two", files={"cv2/__init__.py": "2"})])


def workspace(dialect: str, build: str, *files: str, hub: ValueHub | None = None) -> AnalysisWorkspace:
    names = '"py_binary", "py_library", "py_test"'
    return AnalysisWorkspace(
        {"app/BUILD": f'load("{dialect}", {names})\n{build}', **{f"app/{file}": "" for file in files}}, hub=hub
    )


def launcher(made: AnalysisWorkspace, name: str = "app") -> bytes:
    action = outputs(made.one(f"//app:{name}").actions)[f"{BIN}/app/{name}"]
    assert isinstance(action, WriteFile) and isinstance(action.content, bytes)
    return action.content


def executable(made: AnalysisWorkspace, label: str = "//app:app") -> PyExecutableInfo:
    return made.one(label)[PyExecutableInfo]


def test_the_only_source_is_the_program_in_one_dialect_and_has_to_be_named_in_the_other() -> None:
    build = 'py_binary(name = "app", srcs = ["other.py"])'
    main = executable(workspace(ASPECT, build, "other.py")).main
    assert main is not None and main.path == "app/other.py"
    problem = workspace(RULES_PYTHON, build, "other.py").problems("//app:app")
    assert "which of the 1 source is the program? None is called `app.py`" in problem and "app/BUILD:2" in problem


def test_main_may_lie_outside_of_srcs_in_one_dialect() -> None:
    build = 'py_binary(name = "app", main = "start.py")'
    main = executable(workspace(ASPECT, build, "start.py")).main
    assert main is not None and main.path == "app/start.py"
    assert "`main` is `//app:start.py`, which is not in `srcs`" in workspace(RULES_PYTHON, build, "start.py").problems(
        "//app:app"
    )


def test_main_is_a_source_that_is_called_so_where_no_target_is() -> None:
    build = """
genrule(name = "made", outs = ["made/__main__.py"], cmd = "echo > $@")
genrule(name = "more", outs = ["more/__main__.py"], cmd = "echo > $@")
py_binary(name = "app", srcs = [":made", "other.py"], main = "__main__.py")
py_binary(name = "exact", srcs = [":made", "__main__.py"], main = "__main__.py")
py_binary(name = "wrong", srcs = [":made", ":more"], main = "__main__.py")
"""
    main = executable(workspace(RULES_PYTHON, build, "other.py")).main
    assert main is not None and main.path == "app/made/__main__.py"
    made = workspace(RULES_PYTHON, build, "other.py", "__main__.py")
    main = executable(made, "//app:exact").main
    assert main is not None and main.path == "app/__main__.py"
    assert "`main` is `//app:__main__.py`, which is not in `srcs`" in made.problems("//app:wrong")


def test_main_is_a_source_of_another_package_that_alone_is_called_so() -> None:
    build = """
py_test(name = "app", srcs = ["a_test.py", "//tools:wrapper.py"], main = "wrapper.py")
py_test(name = "two", srcs = ["a_test.py", "//tools:wrapper.py", "//more:wrapper.py"], main = ":wrapper.py")
"""
    files = {"tools/BUILD": 'exports_files(["wrapper.py"])', "more/BUILD": 'exports_files(["wrapper.py"])'}
    files |= {"app/a_test.py": "", "tools/wrapper.py": "", "more/wrapper.py": ""}
    files["app/BUILD"] = f'load("{ASPECT}", "py_test")\n{build}'
    main = executable(AnalysisWorkspace(files)).main
    assert main is not None and main.path == "tools/wrapper.py"
    assert "no such target `//app:wrapper.py`" in AnalysisWorkspace(files).problems("//app:two")
    main = executable(AnalysisWorkspace({**files, "app/wrapper.py": ""})).main
    assert main is not None and main.path == "app/wrapper.py"


@pytest.mark.parametrize("dialect", [ASPECT, RULES_PYTHON])
def test_tests_may_need_what_is_for_tests_only(dialect: str) -> None:
    build = """
py_library(name = "conftest", srcs = ["conftest.py"], testonly = True)
py_test(name = "app", srcs = ["app.py"], deps = [":conftest"])
py_binary(name = "program", srcs = ["program.py"], deps = [":conftest"])
"""
    made = workspace(dialect, build, "conftest.py", "app.py", "program.py")
    made.one("//app:app")
    assert "`//app:conftest` is testonly, and this target is not" in made.problems("//app:program")


def test_main_may_be_a_target_that_makes_one_source() -> None:
    build = """
genrule(name = "made", outs = ["made.py"], cmd = "echo > $@")
genrule(name = "text", outs = ["made.txt"], cmd = "echo > $@")
py_binary(name = "app", main = ":made")
py_binary(name = "wrong", main = ":text")
"""
    made = workspace(ASPECT, build)
    main = executable(made).main
    assert main is not None and main.path == "app/made.py"
    assert "`main` must be one .py file; `//app:text` gives 0" in made.problems("//app:wrong")


@pytest.mark.parametrize("dialect", [ASPECT, RULES_PYTHON])
def test_a_module_can_be_started_instead_of_a_file(dialect: str) -> None:
    made = workspace(dialect, 'py_binary(name = "app", srcs = ["lib.py"], main_module = "app.lib")', "lib.py")
    info = executable(made)
    assert (info.main, info.main_module) == (None, "app.lib")
    assert b"-m\0lapp.lib\0" in launcher(made)
    build = 'py_binary(name = "app", srcs = ["lib.py"], main = "lib.py", main_module = "lib")'
    assert "`main` and `main_module` are both set" in workspace(dialect, build, "lib.py").problems("//app:app")
    build = 'py_binary(name = "app", main_module = "not a module")'
    assert "`not a module`, which is no name of a module" in workspace(dialect, build).problems("//app:app")


@pytest.mark.parametrize("dialect", [ASPECT, RULES_PYTHON])
def test_import_roots_may_have_make_variables(dialect: str) -> None:
    made = workspace(dialect, 'py_library(name = "lib", imports = ["$(COMPILATION_MODE)/src"])')
    assert made.one("//app:lib")[PyInfo].imports.to_tuple() == ("_main", "_main/app/fastbuild/src")


@pytest.mark.parametrize("dialect", [ASPECT, RULES_PYTHON])
def test_make_variables_of_a_programs_toolchains_hold_for_its_venv(dialect: str) -> None:
    build = """
load(":defs.bzl", "variables")
variables(name = "vars")
py_binary(name = "app", srcs = ["app.py"], imports = ["$(ROOT)"], toolchains = [":vars"], expose_venv = True,
    env = {"ROOT": "$(ROOT)"})
"""
    rule = 'variables = rule(lambda ctx: [platform_common.TemplateVariableInfo({"ROOT": "src"})])\n'
    text = f'load("{dialect}", "py_binary")\n{build}'
    made = AnalysisWorkspace({"app/BUILD": text, "app/app.py": "", "app/defs.bzl": rule})
    venv = executable(made).venv
    assert "_main/app/src" in venv.imports.to_tuple() and dict(venv.environment) == {"ROOT": "src"}


def test_absolute_import_roots_are_left_out_in_one_dialect_and_refused_in_the_other() -> None:
    build = 'py_library(name = "lib", imports = ["/opt"])'
    assert workspace(RULES_PYTHON, build).one("//app:lib")[PyInfo].imports.to_tuple() == ("_main",)
    assert "`imports` entry `/opt` is an absolute path" in workspace(ASPECT, build).problems("//app:lib")


def test_sources_are_runfiles_of_a_library_in_one_dialect() -> None:
    build = 'py_library(name = "lib", srcs = ["lib.py"])'

    def runfiles(dialect: str) -> list[str]:
        info = workspace(dialect, build, "lib.py").one("//app:lib")[DefaultInfo]
        return [str(path) for path in info.default_runfiles.entries()]

    assert runfiles(RULES_PYTHON) == ["_main/app/lib.py"]
    assert runfiles(ASPECT) == []


def test_default_outputs_of_a_program_are_its_main_or_its_sources() -> None:
    build = 'py_binary(name = "app", srcs = ["app.py", "lib.py"])'

    def names(dialect: str) -> list[str]:
        files = workspace(dialect, build, "app.py", "lib.py").one("//app:app")[DefaultInfo].files
        return sorted(file.path for file in files.to_tuple())

    assert names(ASPECT) == ["app/app", "app/app.py"]
    assert names(RULES_PYTHON) == ["app/app", "app/app.py", "app/lib.py"]


def test_programs_are_isolated_in_one_dialect() -> None:
    build = 'py_binary(name = "app", srcs = ["app.py"])'
    isolated, open_to_all = (
        launcher(workspace(ASPECT, build, "app.py")),
        launcher(workspace(RULES_PYTHON, build, "app.py")),
    )
    assert b"l-B\0" in isolated and b"l-B\0" not in open_to_all
    assert b"l-I\0" in isolated and b"PYTHONSAFEPATH" not in isolated
    assert b"l-I\0" not in open_to_all and b"?lPYTHONSAFEPATH=1\0" in open_to_all
    opened = launcher(workspace(ASPECT, 'py_binary(name = "app", srcs = ["app.py"], isolated = False)', "app.py"))
    assert b"l-I\0" not in opened and b"PYTHONSAFEPATH" not in opened


def test_data_brings_its_outputs_in_one_dialect_and_what_it_has_for_data_in_the_other() -> None:
    rule = """
def _made(ctx):
    files = {name: ctx.actions.declare_file(name) for name in ("output", "always", "as_data")}
    for file in files.values():
        ctx.actions.write(file, "")
    return [DefaultInfo(
        files = depset([files["output"]]),
        default_runfiles = ctx.runfiles([files["always"]]),
        data_runfiles = ctx.runfiles([files["as_data"]]),
    )]
made = rule(_made)
"""
    build = 'load(":made.bzl", "made")\nmade(name = "made")\npy_library(name = "lib", data = [":made", "plain"])\n'

    def runfiles(dialect: str) -> set[str]:
        text = f'load("{dialect}", "py_library")\n{build}'
        made = AnalysisWorkspace({"app/BUILD": text, "app/made.bzl": rule, "app/plain": ""})
        return set(made.one("//app:lib")[DefaultInfo].default_runfiles.entries())

    assert runfiles(ASPECT) == {"_main/app/output", "_main/app/always", "_main/app/plain"}
    assert runfiles(RULES_PYTHON) == {"_main/app/as_data", "_main/app/plain"}


@pytest.mark.parametrize(
    ("dialect", "attribute"),
    [(ASPECT, "interpreter_args"), (ASPECT, "interpreter_options"), (RULES_PYTHON, "interpreter_args")],
)
def test_options_of_the_interpreter_have_two_names(dialect: str, attribute: str) -> None:
    made = workspace(dialect, f'py_binary(name = "app", srcs = ["app.py"], {attribute} = ["-O"])', "app.py")
    assert b"l-O\0" in launcher(made)
    assert executable(made).interpreter_args[-1] == "-O"


def test_the_first_or_the_last_of_several_wheels_gets_a_name() -> None:
    build = 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//one", "@pypi//two"])'

    def owner(dialect: str) -> str:
        venv = workspace(dialect, build, "app.py", hub=CLASHING).one("//app:app")[VirtualenvInfo]
        [text] = [
            e.text for e in venv.forest if isinstance(e, ForestLink) and e.artifact.path.endswith("/cv2/__init__.py")
        ]
        return text.split("/pypi/")[1].partition("/")[0]

    assert (owner(ASPECT), owner(RULES_PYTHON)) == ("two", "one")


def test_venvs_lie_where_the_rule_sets_put_them() -> None:
    build = 'py_binary(name = "app", srcs = ["app.py"])'
    assert executable(workspace(ASPECT, build, "app.py")).venv.directory == "_main/app/._app.venv"
    assert executable(workspace(RULES_PYTHON, build, "app.py")).venv.directory == "_main/app/_app.venv"
    nested = workspace(RULES_PYTHON, 'py_binary(name = "a/b", srcs = ["a/b.py"])', "a/b.py")
    assert executable(nested, "//app:a/b").venv.directory == "_main/app/a/_b.venv"


def test_empty_package_files_are_made_on_request_only() -> None:
    def empty(value: str) -> list[str]:
        build = f'py_binary(name = "app", srcs = ["app.py"], legacy_create_init = {value})'
        runfiles = executable(workspace(RULES_PYTHON, build, "app.py")).first_party_runfiles
        return [str(path) for path in runfiles.empty_filenames.to_tuple()]

    assert (empty("-1"), empty("False"), empty("0")) == ([], [], [])
    assert empty("True") == empty("1") == ["_main/app/__init__.py"]


def test_attributes_without_effect_are_taken() -> None:
    build = """
py_library(
    name = "lib", srcs = ["lib.py"], srcs_version = "PY3", distribs = [], precompile = "enabled",
    precompile_optimize_level = 2, precompile_source_retention = "keep_source",
    precompile_invalidation_mode = "checked_hash", namespace_package_files = [], pyi_srcs = ["lib.pyi"],
    experimental_venvs_site_packages = None)
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"], stamp = 1, pyc_collection = "include_pyc",
    python_version = "PY3", licenses = ["notice"], config_settings = {
        "@rules_python//python/config_settings:bootstrap_impl": "script",
        "@rules_python//python/config_settings:python_version": "INHERIT"})
"""
    made = workspace(RULES_PYTHON, build, "lib.py", "app.py", "lib.pyi")
    made.one("//app:app")
    stubs = made.one("//app:lib")[PyInfo].transitive_pyi_files
    assert [file.path for file in stubs.to_tuple()] == ["app/lib.pyi"]


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ('py_binary(name = "x.py", srcs = ["app.py"])', "a program may not be called `x.py`"),
        ('py_binary(name = "app", srcs = ["app.py"], python_version = "PY2")', "Python 2 is not supported"),
        ('py_library(name = "app", srcs_version = "PY2ONLY")', "`srcs_version` asks for Python 2"),
        (
            'py_binary(name = "app", srcs = ["app.py"], config_settings = {"//command_line_option:cpu": "k8"})',
            "`config_settings` can't set",
        ),
        (
            'py_binary(name = "app", srcs = ["app.py"], config_settings = '
            '{"@aspect_rules_py//uv/private/constraints/platform:platform_libc": "msvc"})',
            "the setting `platform_libc` of rules_py can't be `msvc`",
        ),
        (
            'py_binary(name = "app", srcs = ["app.py"], interpreter_args = ["-O"], interpreter_options = ["-B"])',
            "are two names of one attribute",
        ),
        ('py_binary(name = "app", srcs = ["app.py"], stamp = 2)', "in 'stamp' attribute: has to be one of"),
        (
            'py_test(name = "app", srcs = ["app.py"], legacy_create_init = 5)',
            "has to be one of -1, 0 or 1 instead of 5",
        ),
    ],
)
def test_mistakes_are_told(build: str, told: str) -> None:
    label = "//app:x.py" if "x.py" in build else "//app:app"
    assert told in workspace(RULES_PYTHON, build, "app.py").problems(label)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (
            'load("@rules_python//python/uv:lock.bzl", "lock")\nlock(name = "l", srcs = ["r.in"], out = "uv.lock")',
            "`out` is `app/uv.lock`, and what is made here are requirements files",
        ),
        (
            'load("@rules_python//python/uv:lock.bzl", "lock")\n'
            'lock(name = "l", srcs = ["r.in"], out = "r.txt", generate_hash = False)',
            "no such attribute 'generate_hash'",
        ),
        (
            'load("@rules_python//python:pip.bzl", "compile_pip_requirements")\n'
            'compile_pip_requirements(name = "l", src = "r.in", requirements_txt = "r.txt", extra_arg = ["-v"])',
            "no such attribute 'extra_arg'",
        ),
        (
            'load("@aspect_rules_py//uv:defs.bzl", "gazelle_python_manifest")\n'
            'gazelle_python_manifest(name = "l", hub = "pypi", venv = "x")',
            "unexpected keyword argument",
        ),
    ],
)
def test_what_the_macros_of_locks_do_not_know_is_refused(build: str, told: str) -> None:
    made = AnalysisWorkspace({"app/BUILD": build, "app/r.in": "", "app/r.txt": ""})
    assert told in made.problems("//app:l.update")


def test_settings_of_rules_python_choose_the_version() -> None:
    flag = "@rules_python//python/config_settings:python_version"
    build = f'py_binary(name = "app", srcs = ["app.py"], config_settings = {{"{flag}": "3.13"}})'
    venv = executable(workspace(RULES_PYTHON, build, "app.py")).venv
    assert str(venv.runtime.version) == "3.13"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("precompile", "enable", "`precompile` of rules_python is one of auto, enabled, disabled, force_enabled, "),
        (
            "py_freethreaded",
            "yes",
            "can't be `yes`\n  in target `//app:app`\n\nhint: set the Python version to one like",
        ),
        ("experimental_python_import_all_repositories", "False", "the roots of all repositories can be imported from"),
        ("validate_test_main", "enabled", "fail when nothing is run"),
        ("bootstrap_impl", "script", ""),
        ("venvs_site_packages", "no", ""),
        ("build_python_zip", "false", ""),
        ("venv", "other", "`venv` of rules_python can't be `other`"),
        ("venv", "auto", ""),
    ],
)
def test_settings_that_ask_for_what_is_not_done_are_refused(name: str, value: str, told: str) -> None:
    flag = f"@rules_python//python/config_settings:{name}"
    build = f'py_binary(name = "app", srcs = ["app.py"], config_settings = {{"{flag}": "{value}"}})'
    found = workspace(RULES_PYTHON, build, "app.py").problems("//app:app")
    assert told in found and bool(told) == bool(found)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("py/private/interpreter:freethreaded", "true", "hint: set the Python version to one like 3.14t"),
        ("py/private/interpreter:freethreaded", "false", ""),
        ("py/private/interpreter:pydebug", "true", "leave the setting out"),
        ("uv/private/pyc:precompile", "enabled", "precompile=enabled`: not a bool"),
        ("py:emit_rules_python_providers", "True", ""),
        ("uv/private/pyc:precompile", "true", ""),
        ("uv/private/pyc:whl_install_pyc_invalidation_mode", "timestamp", "never out of date"),
        ("py/private/interpreter:exclude_feature", "tkinter", "interpreters are taken whole"),
        ("py/private/py_venv:debug_venv", "true", "no shell starts a virtualenv"),
    ],
)
def test_settings_of_rules_py_are_taken_where_they_say_what_is_so(name: str, value: str, told: str) -> None:
    flag = f"@@aspect_rules_py//{name}"
    build = f'py_test(name = "app", srcs = ["app.py"], config_settings = {{"{flag}": "{value}"}})'
    made = workspace(RULES_PYTHON, build, "app.py")
    found = made.problems("//app:app")
    assert told in found and bool(told) == bool(found)
    package, _, target = name.partition(":")
    assert target in made.loader.load(PackageId("aspect_rules_py", package)).targets


def test_settings_are_looked_at_for_a_virtualenv_by_itself_and_once_for_a_program() -> None:
    configuration = LINUX.with_options({"@@rules_python//python/config_settings:py_freethreaded": '"yes"'})
    build = """
load("@aspect_rules_py//py:defs.bzl", "py_venv")
py_venv(name = "v")
py_binary(name = "app", srcs = ["app.py"])
"""
    made = workspace(RULES_PYTHON, build, "app.py")
    for name in ("v", "app"):
        with pytest.raises(VenvshipError) as refused:
            made.one(f"//app:{name}", configuration)
        found = str(refused.value)
        assert found.count("can't be `yes`") == 1 and f"in target `//app:{name}`" in found


@pytest.mark.parametrize("written", ["false", "False"])
def test_package_files_are_made_where_the_flag_says_so(written: str) -> None:
    flag = "@@rules_python//python/config_settings:incompatible_default_to_explicit_init_py"
    configuration = LINUX.with_options({flag: f'"{written}"'})
    for attribute, made in (("", True), ("legacy_create_init = 0", False)):
        build = f'py_binary(name = "app", srcs = ["app.py"], {attribute})'
        target = workspace(RULES_PYTHON, build, "app.py").one("//app:app", configuration)
        assert ("_main/app/__init__.py" in target[DefaultInfo].default_runfiles.entries()) is made


@pytest.mark.parametrize(
    "label", ["@rules_python//python/config_settings:build_python_zip", "//command_line_option:build_python_zip"]
)
def test_programs_of_rules_python_become_one_file_where_the_setting_says_so(label: str) -> None:
    load = 'load("@rules_python//python/zipapp:py_zipapp_binary.bzl", "py_zipapp_binary")\n'
    settings = f'config_settings = {{"{label}": "True"}}'
    build = f"""{load}
py_binary(name = "app", srcs = ["app.py"], {settings})
filegroup(name = "zip", srcs = [":app"], output_group = "python_zip_file")
py_zipapp_binary(name = "packed", binary = ":app")
"""
    made = workspace(RULES_PYTHON, build, "app.py")
    target = made.one("//app:app")
    info = target[DefaultInfo]
    assert info.executable is not None
    files = {file.path: file for file in info.files.to_tuple()}
    assert set(files) == {"app/app", "app/app.zip", "app/app.py"}
    packing = outputs(target.actions)[info.executable.exec_path]
    assert isinstance(packing, RunTool) and packing.request["shebang"]
    link = outputs(target.actions)[files["app/app.zip"].exec_path]
    assert isinstance(link, LinkArtifact) and link.target == info.executable
    assert [file.path for file in made.one("//app:zip")[DefaultInfo].files.to_tuple()] == ["app/app.zip"]
    # What starts in it is the launcher; the file is not in itself, nor in what is packed once more.
    again = outputs(made.one("//app:packed").actions)
    for action in (packing, *again.values()):
        assert isinstance(action, RunTool) and isinstance(action.request["rows"], tuple)
        places = {row["at"] for row in action.request["rows"]}  # type: ignore[call-overload, index]
        assert "_main/app/app_zip_start" in places and "_main/app/app" not in places

    plain = workspace(ASPECT, f'py_binary(name = "app", srcs = ["app.py"], {settings})', "app.py").one("//app:app")
    assert {file.path for file in plain[DefaultInfo].files.to_tuple()} == {"app/app", "app/app.py"}


def test_whether_programs_become_one_file_is_the_same_option_for_all_that_ask() -> None:
    load = 'load("@rules_python//python:defs.bzl", "py_binary")'
    files = {
        "app/BUILD": f"""{load}
load(":t.bzl", "shown", "zipped")
shown(name = "f", src = "app.py")
py_binary(name = "app", srcs = ["app.py"])
zipped(name = "z", dep = ":app")
config_setting(name = "setting", flag_values = {{"@rules_python//python/config_settings:build_python_zip": "1"}})
config_setting(name = "native", values = {{"build_python_zip": "true"}})
filegroup(name = "s", srcs = select({{":setting": ["app.py"], "//conditions:default": []}}))
filegroup(name = "n", srcs = select({{":native": ["app.py"], "//conditions:default": []}}))
""",
        "app/t.bzl": """
NAME = "//command_line_option:build_python_zip"
t = transition(implementation = lambda settings, attr: {NAME: True}, inputs = [], outputs = [NAME])
def _zipped(ctx):
    return [DefaultInfo(files = ctx.attr.dep[0][DefaultInfo].files)]
zipped = rule(implementation = _zipped, attrs = {"dep": attr.label(cfg = t)})
def _shown(ctx):
    return [DefaultInfo(files = depset(ctx.files.src if ctx.fragments.py.build_python_zip else []))]
shown = rule(implementation = _shown, attrs = {"src": attr.label(allow_single_file = True)}, fragments = ["py"])
""",
        "app/app.py": "",
    }
    made = AnalysisWorkspace(files)
    assert "app/app.zip" in {file.path for file in made.one("//app:z")[DefaultInfo].files.to_tuple()}
    setting = made.loader.target(
        Label.parse(
            "@@rules_python//python/config_settings:build_python_zip", relative_to=PackageId(MAIN_REPOSITORY, "")
        )
    )
    option, value = option_of_setting(setting, [True], setting.label.package, {})
    for configuration, count in ((LINUX, 0), (LINUX.with_options({option: value}), 1)):
        for name in ("s", "n", "f"):
            assert len(made.one(f"//app:{name}", configuration)[DefaultInfo].files.to_tuple()) == count


def test_flags_of_the_command_line_that_one_target_can_not_have_are_named() -> None:
    build = 'py_binary(name = "app", srcs = ["app.py"], config_settings = {"//command_line_option:jobs": "3"})'
    found = workspace(RULES_PYTHON, build, "app.py").problems("//app:app")
    assert "`config_settings` can't set `//command_line_option:jobs`" in found and "`build_python_zip`" in found


def test_settings_of_the_rule_sets_are_targets() -> None:
    made = AnalysisWorkspace({})
    names = set(made.loader.load(PackageId("rules_python", "python/config_settings")).targets)
    assert {"bootstrap_impl", "venvs_site_packages", "python_version", "precompile", "py_freethreaded"} <= names
    assert "python_version" in made.loader.load(PackageId("aspect_rules_py", "py")).targets


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("@rules_python//python:py_binary.bzl", "py_binary"),
        ("@rules_python//python:py_test.bzl", "py_test"),
        ("@rules_python//python:py_library.bzl", "py_library"),
        ("@rules_python//python:py_info.bzl", "PyInfo"),
        ("@rules_python//python:py_runtime_info.bzl", "PyRuntimeInfo"),
        ("@rules_python//python:py_executable_info.bzl", "PyExecutableInfo"),
        ("@rules_python//python:py_runtime.bzl", "py_runtime"),
        ("@rules_python//python:py_runtime_pair.bzl", "py_runtime_pair"),
        ("@rules_python//python:py_exec_tools_toolchain.bzl", "py_exec_tools_toolchain"),
        ("@rules_python//python:current_py_toolchain.bzl", "current_py_toolchain"),
        ("@rules_python//python:packaging.bzl", "py_wheel"),
        ("@rules_python//python:pip.bzl", "whl_filegroup"),
        ("@rules_python//python:features.bzl", "features"),
        ("@rules_python//python/entry_points:py_console_script_binary.bzl", "py_console_script_binary"),
        ("@rules_python//python/zipapp:py_zipapp_binary.bzl", "py_zipapp_binary"),
        (ASPECT, "PyInfo"),
        (ASPECT, "PyWheelsInfo"),
        (ASPECT, "PyLayerTierInfo"),
        (ASPECT, "py_unpacked_wheel"),
        (ASPECT, "resolutions"),
        ("@aspect_rules_py//uv:defs.bzl", "py_entrypoint_binary"),
        ("@rules_python//python:py_exec_tools_info.bzl", "PyExecToolsInfo"),
        ("@rules_python//python/config_settings:transition.bzl", "py_test"),
        ("@rules_python//python:packaging.bzl", "PyWheelInfo"),
        ("@rules_python//python:repositories.bzl", "py_repositories"),
    ],
)
def test_names_are_where_build_files_load_them_from(path: str, name: str) -> None:
    made = AnalysisWorkspace({"BUILD": f'load("{path}", "{name}")\nfilegroup(name = "x")'})
    made.one("//:x")


def test_removed_places_name_what_replaced_them() -> None:
    unstable = AnalysisWorkspace({"BUILD": 'load("@aspect_rules_py//py/unstable:defs.bzl", "py_venv")'})
    assert "load py_venv and py_venv_link from @aspect_rules_py//py:defs.bzl" in unstable.problems("//:x")
    hubs = AnalysisWorkspace({"BUILD": 'load("@aspect_rules_py//uv/unstable:defs.bzl", "gazelle_python_manifest")'})
    assert "load the same names from @aspect_rules_py//uv:defs.bzl" in hubs.problems("//:x")
    inner = AnalysisWorkspace({"BUILD": 'load("@rules_python//third_party/x:wheel_library.bzl", "py_wheel_library")'})
    assert "the module comes with venvship, with what is public of it" in inner.problems("//:x")
    own = AnalysisWorkspace({"BUILD": 'load("@aspect_rules_py//py/private/py_venv:defs.bzl", "py_venv_binary")'})
    assert "py_binary and py_test in the place of py_venv_binary and py_venv_test" in own.problems("//:x")


@pytest.mark.parametrize(
    ("path", "call", "told"),
    [
        ("repositories", 'python_register_toolchains(name = "p")', "`python.toolchain(python_version = "),
        ("repositories", 'python_register_multi_toolchains(name = "p")', "`python.toolchain(python_version = "),
        ("pip", 'pip_parse(name = "p", x = 1)', "write `pip.parse` of @rules_python//python/extensions:pip.bzl"),
        (
            "pip",
            "package_annotation(data = [])",
            "package_annotation(data) is for WORKSPACE files: write `pip.whl_mods`",
        ),
    ],
)
def test_functions_of_workspace_files_say_what_modules_have_in_their_place(path: str, call: str, told: str) -> None:
    build = f'load("@rules_python//python:{path}.bzl", "{call.partition("(")[0]}")\n{call}\n'
    assert told in AnalysisWorkspace({"BUILD": build}).problems("//:x")


def test_names_of_distributions_are_spelt_as_hubs_do() -> None:
    build = """
load("@rules_python//python:pip.bzl", "pip_utils")
[print(pip_utils.normalize_name(name)) for name in ["Jaraco.Text", "a-_.b", "six"]]
"""
    made = AnalysisWorkspace({"BUILD": build})
    made.problems("//:x")
    assert made.printed == ["jaraco_text", "a_b", "six"]


def test_arguments_and_interpreter_paths_reach_those_that_name_the_toolchain() -> None:
    build = """
load("@rules_python//python:current_py_toolchain.bzl", "current_py_toolchain")
current_py_toolchain(name = "python")
py_test(name = "app", srcs = ["app.py"], args = ["$(PYTHON3)"], toolchains = [":python"])
"""
    names = f'load("{RULES_PYTHON}", "py_test")\n'
    made = AnalysisWorkspace({"app/BUILD": names + build, "app/app.py": ""})
    [path] = made.one("//app:app")[ArgumentsInfo].arguments
    assert path.endswith("/python_interpreters/3.12.4/bin/python3.12")
    assert made.one("//app:app").key.configuration == LINUX


def test_a_debugger_that_the_command_line_names_is_in_every_program() -> None:
    build = """
py_library(name = "debugger", srcs = ["debug.py"], imports = ["tools"], deps = ["@pypi//six"])
py_binary(name = "app", srcs = ["app.py"])
"""
    six = ValueHub([Dist("six", files={"six.py": ""})])
    made = workspace(RULES_PYTHON, build, "app.py", "debug.py", hub=six)
    plain = executable(made)
    assert not plain.wheels.to_tuple()
    assert plain.venv.imports.to_tuple() == ("_main",)
    flagged = LINUX.with_options({"@@rules_python//python/config_settings:debugger": "@@//app:debugger"})
    program = made.one("//app:app", flagged)[PyExecutableInfo]
    assert [wheel.project for wheel in program.wheels.to_tuple()] == ["six"]
    assert [root for root in program.venv.imports.to_tuple() if root.startswith("_main")] == [
        "_main",
        "_main/app/tools",
    ]
    assert "_main/app/debug.py" in program.first_party_runfiles.entries()


def test_the_features_of_rules_python_name_what_there_is() -> None:
    asked = """
load("@rules_python//python:features.bzl", "features")
[print(name) for name in features.targets]
[print(file, name) for file, names in features.loadable_symbols.items() for name in names]
"""
    made = AnalysisWorkspace({"BUILD": asked})
    made.problems("//:nothing")
    targets = [name for name in made.printed if " " not in name]
    assert "//python/cc:py_cc_toolchain" in targets and "//python:py_binary" in targets
    builtin = importlib.resources.files("venvship.modules.builtin") / "rules_python"
    for target in targets:
        package, _, name = target.removeprefix("//").partition(":")
        if package.startswith("python") and target != "//python/config_settings:venv":
            assert (builtin / package / f"{name}.bzl").is_file(), target
    symbols = [name.split() for name in made.printed if " " in name]
    loads = [f'load("@rules_python{file}", name{number} = "{name}")' for number, (file, name) in enumerate(symbols)]
    assert len(loads) == 3
    build = "\n".join([*loads, 'filegroup(name = "all")'])
    AnalysisWorkspace({"BUILD": build}).one("//:all")


def test_what_no_variable_can_be_called_is_told_with_its_attribute() -> None:
    build = 'py_binary(name = "app", srcs = ["app.py"], env = {"A=B": "x", "": "y", "C": "z"})'
    found = workspace(ASPECT, build, "app.py").problems("//app:app")
    assert "`env` has `''`, `'A=B'`: no variable can be called so" in found


def test_a_virtualenv_that_shall_show_commands_of_a_shell_is_refused() -> None:
    build = f'load("{ASPECT}", "py_venv")\npy_venv(name = "shown", debug = True)\npy_venv(name = "not", debug = False)'
    made = workspace(ASPECT, build)
    assert "`debug` can't be True: no shell starts" in made.problems("//app:shown")
    assert not made.problems("//app:not")
