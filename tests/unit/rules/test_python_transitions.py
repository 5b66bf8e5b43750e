from __future__ import annotations

from collections.abc import Mapping

import pytest
from analysis_workspace import DEFS, LINUX, AnalysisWorkspace, Dist, ValueHub

from venvship.loading.attributes import PlainValue
from venvship.model.action import RunTool
from venvship.model.configuration import DEP_GROUP, PYTHON_VERSION, Configuration
from venvship.model.platform import Platform
from venvship.model.provider import DefaultInfo
from venvship.rules.python.providers import PyExecutableInfo, PyInfo
from venvship.rules.python.transitions import (
    CALLER,
    callers_configuration,
    python_transition,
    without_caller,
)

RULES_OF_FLAGS = """
string_flag = rule(implementation = lambda ctx: [], build_setting = config.string(flag = True))
bool_flag = rule(implementation = lambda ctx: [], build_setting = config.bool(flag = True))
int_setting = rule(implementation = lambda ctx: [], build_setting = config.int())
"""
FLAGS = """
load(":defs.bzl", "bool_flag", "int_setting", "string_flag")
string_flag(name = "colour", build_setting_default = "blue")
bool_flag(name = "fast", build_setting_default = False)
int_setting(name = "number", build_setting_default = 1)
label_flag(name = "file", build_setting_default = ":a.txt")
alias(name = "hue", actual = ":colour")
filegroup(name = "files")
exports_files(["a.txt", "b.txt"])
"""
GROUP = "@aspect_rules_py//uv/private/constraints/dep_group:dep_group"
VERSION = "@rules_python//python/config_settings:python_version"
HUB = ValueHub([Dist("six", "1.0")], groups={"new": [Dist("six", "2.0")]})


def workspace(build: str) -> AnalysisWorkspace:
    files = {f"app/{name}": "" for name in ("app.py", "tool.py", "lib.py")}
    files |= {"flags/BUILD": FLAGS, "flags/defs.bzl": RULES_OF_FLAGS}
    return AnalysisWorkspace({"app/BUILD": DEFS + build, **files}, hub=HUB)


def changed_by(values: Mapping[str, PlainValue], configuration: Configuration) -> Configuration:
    """What becomes of a configuration where no setting is asked for."""
    return python_transition(values, configuration, lambda setting, text: pytest.fail(f"{setting} {text}"))


def test_a_version_and_a_group_hold_for_all_that_is_below() -> None:
    build = """
py_library(name = "lib", srcs = ["lib.py"], deps = ["@pypi//six"])
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"], python_version = "3.13", dep_group = "new")
py_binary(name = "same", srcs = ["app.py"], deps = [":lib"], python_version = "3.13", venv = "new")
"""
    made = workspace(build)
    for label in ("//app:app", "//app:same"):
        venv = made.one(label)[PyExecutableInfo].venv
        assert [wheel.version for wheel in venv.wheels.to_tuple()] == ["2.0"]
        assert str(venv.runtime.version) == "3.13"


def test_settings_of_what_packs_hold_for_what_is_packed() -> None:
    build = """
load("@rules_python//python:packaging.bzl", "py_wheel")
load("@rules_python//python/zipapp:py_zipapp_binary.bzl", "py_zipapp_binary")
NEW = {"@rules_python//python/config_settings:python_version": "3.13"}
py_binary(name = "app", srcs = ["app.py"])
py_zipapp_binary(name = "packed", binary = ":app", config_settings = NEW)
py_wheel(name = "wheel", distribution = "x", version = "1", deps = [":app"], config_settings = NEW)
"""
    made = workspace(build)
    for label in ("//app:packed", "//app:wheel"):
        configuration = made.one(label).key.configuration
        assert configuration is not None and configuration.get(PYTHON_VERSION) == "3.13"
    [action] = made.one("//app:packed").actions
    assert isinstance(action, RunTool)
    assert "._app.venv/bin/python3.13'" in str(action.request)


def test_data_is_built_as_whoever_asked_for_the_program_is() -> None:
    build = """
py_library(name = "lib", srcs = ["lib.py"], data = [":tool"])
py_binary(name = "tool", srcs = ["tool.py"], deps = ["@pypi//six"])
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"], data = [":tool"], python_version = "3.13",
    dep_group = "new", env = {"TOOL": "$(rootpath :tool)"})
"""
    made = workspace(build)
    [tool] = [target for target in made.analyze("//app:app", "//app:tool") if target.label.name == "tool"]
    runfiles = made.one("//app:app")[PyExecutableInfo].first_party_runfiles.entries()
    wheels = {str(path) for path in runfiles if str(path).startswith("pypi/")}
    assert tool.key.configuration == LINUX and wheels == {"pypi/six/1.0"}


def test_the_configuration_of_the_outermost_caller_is_kept() -> None:
    outer = changed_by({"python_version": "3.13"}, LINUX)
    inner = changed_by({"python_version": "3.11", "dep_group": "new"}, outer)
    assert inner.get(PYTHON_VERSION) == "3.11"
    assert callers_configuration(outer) == LINUX
    assert callers_configuration(inner).get(PYTHON_VERSION) == ""


def test_nothing_changes_where_nothing_is_asked() -> None:
    assert changed_by({}, LINUX) is LINUX
    assert callers_configuration(LINUX) is LINUX
    asked = changed_by({"python_version": "3.13"}, LINUX)
    assert changed_by({"python_version": "3.13"}, asked) == asked


def test_who_asked_does_not_matter_to_what_has_no_data() -> None:
    by_flag = LINUX.with_options({PYTHON_VERSION: "3.13"})
    by_attribute = changed_by({"python_version": "3.13"}, LINUX)
    assert by_attribute.get(CALLER) and by_attribute != by_flag
    assert without_caller(by_attribute) == by_flag


def test_another_platform_is_taken_back_with_its_c_library() -> None:
    settings = {"@@//command_line_option:platforms": "//platforms:linux_aarch64"}
    moved = changed_by({"config_settings": settings}, LINUX)
    assert moved.platform == Platform.parse("linux_aarch64")
    assert callers_configuration(moved) == LINUX
    with pytest.raises(Exception, match="is no platform that is built for"):
        changed_by({"config_settings": {"//command_line_option:platforms": "//:plan9"}}, LINUX)


def test_settings_are_named_as_the_package_names_them() -> None:
    build = """
load("//flags:defs.bzl", "string_flag")
string_flag(name = "own", build_setting_default = "a")
py_binary(name = "app", srcs = ["app.py"], config_settings = {":own": "b"} | select({
    "//conditions:default": {"own": "c", "//flags:colour": "red"}}))
"""
    configuration = workspace(build).one("//app:app").key.configuration
    assert configuration is not None
    assert (configuration.get("@@//app:own"), configuration.get("@@//flags:colour")) == ('"c"', '"red"')


@pytest.mark.parametrize(
    ("setting", "text", "option", "value"),
    [
        ("//flags:colour", "red", "@@//flags:colour", '"red"'),
        ("//flags:hue", "red", "@@//flags:colour", '"red"'),
        ("//flags:colour", "blue", "@@//flags:colour", ""),
        ("//flags:fast", "True", "@@//flags:fast", "true"),
        ("//flags:number", "0x10", "@@//flags:number", "16"),
        ("//flags:file", "//flags:b.txt", "@@//flags:file", "@@//flags:b.txt"),
        (GROUP, "new", DEP_GROUP, "new"),
        (VERSION, "3.13", PYTHON_VERSION, "3.13"),
        (VERSION, "PY3", PYTHON_VERSION, ""),
    ],
)
def test_settings_of_a_program_have_the_values_of_their_types(setting: str, text: str, option: str, value: str) -> None:
    build = f'py_binary(name = "app", srcs = ["app.py"], config_settings = {{"{setting}": "{text}"}})'
    configuration = workspace(build).one("//app:app").key.configuration
    assert configuration is not None and configuration.get(option) == value


@pytest.mark.parametrize(
    ("attribute", "told"),
    [
        ('config_settings = {"//flags:nope": "x"}', "no such target `//flags:nope`"),
        ('config_settings = {"//flags:fast": "maybe"}', "not a bool"),
        ('config_settings = {"//flags:files": "x"}', "`//flags:files` is a filegroup rule, not a build setting"),
        ('config_settings = {"//flags:a.txt": "x"}', "`//flags:a.txt` is a source file, not a build setting"),
        ('config_settings = {"//command_line_option:cpu": "k8"}', "can't set `//command_line_option:cpu`"),
        ('config_settings = {"@rules_python//python/config_settings:python_version": "x"}', "is no version of Python"),
        ('python_version = "three"', "`python_version` is `three`, which is no version of Python"),
    ],
)
def test_mistaken_settings_of_a_program_are_refused_where_it_stands(attribute: str, told: str) -> None:
    problems = workspace(f'py_binary(name = "app", srcs = ["app.py"], {attribute})').problems("//app:app")
    assert told in problems and "app/BUILD:2" in problems and "in target `//app:app`" in problems


@pytest.mark.parametrize("version", [VERSION, "@aspect_rules_py//py:python_version"])
def test_transitions_of_a_workspace_choose_the_version_and_the_group(version: str) -> None:
    build = """
load(":defs.bzl", "moved")
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//six"])
moved(name = "moved", target = ":app")
moved(name = "kept", target = ":app", keeps = True)
"""
    rule = f"""
VERSION, GROUP = "{version}", "{GROUP}"
def _change(settings, attr):
    return settings if attr.keeps else {{VERSION: "3.13", GROUP: settings[GROUP] + "new"}}
change = transition(implementation = _change, inputs = [VERSION, GROUP], outputs = [VERSION, GROUP])
def _moved(ctx):
    return [ctx.attr.target[0][DefaultInfo]]
moved = rule(_moved, attrs = {{"target": attr.label(cfg = change), "keeps": attr.bool()}})
"""
    files = {"app/BUILD": DEFS + build, "app/defs.bzl": rule, "app/app.py": ""}
    made = AnalysisWorkspace(files, hub=HUB)

    def wheels(label: str) -> list[str]:
        runfiles = made.one(label)[DefaultInfo].default_runfiles.entries()
        return [str(path) for path in runfiles if str(path).startswith("pypi/")]

    assert wheels("//app:moved") == ["pypi/six/2.0-python3.13"]
    # What a transition answers as it was given it, it does not change.
    assert wheels("//app:kept") == wheels("//app:app") == ["pypi/six/1.0"]


def test_conditions_below_a_program_see_its_settings() -> None:
    build = """
load("@rules_python//python:defs.bzl", rules_python_binary = "py_binary")
config_setting(
    name = "script",
    flag_values = {"@rules_python//python/config_settings:bootstrap_impl": "script"},
)
py_library(name = "lib", srcs = select({":script": ["tool.py"], "//conditions:default": ["lib.py"]}))
rules_python_binary(name = "app", srcs = ["app.py"], deps = [":lib"], config_settings = {
    "@rules_python//python/config_settings:bootstrap_impl": "script"})
rules_python_binary(name = "tool", srcs = ["tool.py"], deps = [":lib"])
"""
    made = workspace(build)
    names = [
        sorted(source.path for source in made.one(label)[PyInfo].transitive_sources.to_tuple())
        for label in ("//app:app", "//app:tool")
    ]
    assert names == [["app/app.py", "app/tool.py"], ["app/lib.py", "app/tool.py"]]


def test_a_venv_lies_beside_what_its_links_lead_to() -> None:
    build = """
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//six"], python_version = "3.13")
"""
    program = workspace(build).one("//app:app")[PyExecutableInfo]
    [wheel] = program.wheels.to_tuple()
    [interpreter] = program.venv.runtime.files.to_tuple()
    directories = {
        artifact.exec_path.split("/")[1] for artifact in (program.venv_python_exe, wheel.install, interpreter)
    }
    assert len(directories) == 1


def test_a_venv_for_a_version_is_the_same_however_the_version_was_asked_for() -> None:
    build = """
py_venv(name = "v", deps = ["@pypi//six"], python_version = "3.13")
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//six"], external_venv = ":v", python_version = "3.13")
"""
    made = workspace(build)
    assert made.one("//app:app")[PyExecutableInfo].venv.label.name == "v"
    by_flag = LINUX.with_options({PYTHON_VERSION: "3.13"})
    assert made.one("//app:app", by_flag)[PyExecutableInfo].venv.label.name == "v"


def test_conditions_on_the_version_hold_for_the_version_that_is_used() -> None:
    build = """
py_library(name = "lib", srcs = select({
    "@rules_python//python/config_settings:is_python_3.13": ["tool.py"],
    "@rules_python//python/config_settings:is_python_3.12": ["lib.py"],
}))
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"], python_version = "3.13")
"""
    made = workspace(build)
    assert [source.path for source in made.one("//app:lib")[PyInfo].transitive_sources.to_tuple()] == ["app/lib.py"]
    below = made.one("//app:app")[PyInfo].transitive_sources.to_tuple()
    assert sorted(source.path for source in below) == ["app/app.py", "app/tool.py"]


def test_conditions_may_ask_for_a_release() -> None:
    build = """
py_library(name = "lib", srcs = select({
    "@rules_python//python/config_settings:is_python_3.12.3": ["tool.py"],
    "@rules_python//python/config_settings:is_python_3.12.4": ["lib.py"],
}))
"""
    made = workspace(build)
    assert [source.path for source in made.one("//app:lib")[PyInfo].transitive_sources.to_tuple()] == ["app/lib.py"]
