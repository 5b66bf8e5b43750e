"""Options of configurations that no rule defines, as conditions, transitions and platforms see them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from analysis_workspace import LINUX, AnalysisWorkspace

from venvship.analysis.native_options import (
    NATIVE_OPTIONS,
    InvalidOptionValue,
    NativeValue,
    UnknownOption,
    cpu_word,
    holds,
    option_text,
    value_of,
)
from venvship.analysis.platforms import PlatformTargets
from venvship.model.configuration import Configuration
from venvship.model.label import Label, PackageId
from venvship.model.platform import Platform


def having(name: str, value: NativeValue) -> Configuration:
    return LINUX.with_options({name: option_text(name, value)})


@pytest.mark.parametrize(
    ("name", "value", "held", "others"),
    [
        ("compilation_mode", "opt", ["opt"], ["fastbuild", "dbg"]),
        ("stamp", True, ["1", "true", "Yes"], ["0", "no"]),
        ("stamp", "yes", ["1"], ["0"]),
        ("build_runfile_links", False, ["false"], ["true"]),
        ("build_python_zip", "auto", ["auto"], ["true", "false"]),
        ("build_python_zip", True, ["true"], ["auto", "false"]),
        ("copt", ("-O2", "-g"), ["-O2", "-g"], ["-O3"]),
        ("copt", "-O2", ["-O2"], ["-g"]),
        ("python_version", "PY3", ["PY3"], ["PY2"]),
        ("experimental_thing", True, ["true"], ["false"]),
        ("experimental_thing", "fast", ["fast"], ["slow"]),
        ("analysis_testing_deps_limit", 5, ["5"], ["2000"]),
    ],
)
def test_conditions_compare_what_a_value_means(
    name: str, value: NativeValue, held: Sequence[str], others: Sequence[str]
) -> None:
    configuration = having(name, value)
    assert [text for text in held if not holds(name, text, configuration)] == []
    assert [text for text in others if holds(name, text, configuration)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("stamp", False), ("build_runfile_links", True), ("copt", ()), ("strip", "sometimes"), ("cpu", "")],
)
def test_a_default_leaves_the_configuration_as_it_is(name: str, value: NativeValue) -> None:
    assert having(name, value) == LINUX


def test_what_an_option_holds_is_read_as_it_was_given() -> None:
    for name, value in (("stamp", True), ("copt", ("a", "b")), ("compilation_mode", "dbg"), ("cpu", "ppc")):
        assert value_of(name, having(name, value)) == value


@pytest.mark.parametrize(
    ("platform", "word"),
    [
        ("linux_x86_64", "k8"),
        ("linux_aarch64", "aarch64"),
        ("macos_x86_64", "darwin_x86_64"),
        ("macos_aarch64", "darwin_arm64"),
    ],
)
def test_the_processor_has_the_word_that_conditions_ask_for(platform: str, word: str) -> None:
    configuration = Configuration(Platform.parse(platform))
    assert cpu_word(configuration.platform) == word
    assert holds("cpu", word, configuration)
    assert not holds("cpu", "x86_64", configuration)


def test_the_defaults_of_options_are_values_that_they_can_have() -> None:
    for name, option in NATIVE_OPTIONS.items():
        assert value_of(name, LINUX) == option.default or name in ("cpu", "host_cpu")
        if isinstance(option.default, str | bool):
            assert name == "platforms" or holds(name, str(value_of(name, LINUX)), LINUX), name


def test_an_unknown_option_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownOption) as caught:
        holds("compilaton_mode", "opt", LINUX)
    assert caught.value.message == "unknown option: `compilaton_mode`"
    assert caught.value.hint is not None and "`compilation_mode`" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("stamp", "perhaps", "not a boolean"), ("compilation_mode", "fast", "one of fastbuild, dbg, opt, not `fast`")],
)
def test_a_value_that_an_option_never_has_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(InvalidOptionValue) as caught:
        holds(name, text, LINUX)
    assert message in caught.value.message


DEFS = """
def _to(settings, attr):
    print(settings)
    return {
        "//command_line_option:copt": settings["//command_line_option:copt"] + ["-g"],
        "//command_line_option:stamp": True,
        "//command_line_option:python_version": "PY3",
    }
_NAMES = ["//command_line_option:copt", "//command_line_option:stamp", "//command_line_option:python_version"]
to = transition(implementation = _to, inputs = _NAMES, outputs = _NAMES)
def _leaf(ctx):
    print(ctx.label.name, ctx.attr.seen, ctx.features, ctx.disabled_features)
leaf = rule(_leaf, attrs = {"seen": attr.string_list()})
moved = rule(_leaf, attrs = {"seen": attr.string_list()}, cfg = to)
user = rule(lambda ctx: [], attrs = {"tool": attr.label(cfg = "exec"), "dep": attr.label()})
"""
BUILD = """
load(":defs.bzl", "leaf", "moved", "user")
config_setting(name = "g", values = {"copt": "-g"})
config_setting(name = "stamped", values = {"stamp": "1"})
config_setting(name = "three", values = {"python_version": "PY3"})
config_setting(name = "host", values = {"platforms": "@platforms//host"})
config_setting(name = "quick", values = {"platforms": ":fast"})
_CHOICES = [
    {":g": ["g"], "//conditions:default": []},
    {":stamped": ["stamped"], "//conditions:default": []},
    {":three": ["three"], "//conditions:default": []},
    {":host": ["host"], ":quick": ["quick"], "//conditions:default": []},
]
_SEEN = select(_CHOICES[0]) + select(_CHOICES[1]) + select(_CHOICES[2]) + select(_CHOICES[3])
leaf(name = "leaf", seen = _SEEN)
moved(name = "moved", seen = _SEEN)
user(name = "user", tool = ":leaf", dep = ":leaf")
platform(name = "fast", flags = ["--features=fast", "--stamp", "--nobuild_runfile_links", "--features=-slow"])
config_setting(name = "typos", values = {"stmp": "1", "copts": "-g"})
leaf(name = "mistaken", seen = select({":typos": []}))
"""


def workspace() -> AnalysisWorkspace:
    return AnalysisWorkspace({"defs.bzl": DEFS, "BUILD": BUILD})


def test_conditions_see_what_transitions_set() -> None:
    made = workspace()
    made.analyze("//:leaf", "//:moved")
    assert made.printed[0] == "{" + (
        '"//command_line_option:copt": [], "//command_line_option:stamp": False, '
        '"//command_line_option:python_version": ""}'
    )
    assert 'leaf ["host"] [] []' in made.printed
    assert 'moved ["g", "stamped", "three", "host"] [] []' in made.printed


def test_conditions_see_what_platforms_set() -> None:
    made = workspace()
    fast = PlatformTargets(made.loader.target, LINUX.platform).with_platform(LINUX, Label(PackageId("", ""), "fast"))
    assert value_of("build_runfile_links", fast) is False
    made.analyze("//:leaf", configuration=fast)
    assert made.printed == ['leaf ["stamped", "quick"] ["fast"] ["slow"]']


def test_programs_that_actions_run_have_features_of_their_own() -> None:
    made = workspace()
    configuration = LINUX.with_options(
        {
            "features": option_text("features", ("target", "-no")),
            "host_features": option_text("host_features", ("tool",)),
        }
    )
    made.analyze("//:user", configuration=configuration)
    assert sorted(made.printed) == ['leaf ["host"] ["target"] ["no"]', 'leaf ["host"] ["tool"] []']


def test_all_unknown_options_of_a_condition_are_told() -> None:
    problems = workspace().problems("//:mistaken")
    assert "in `values` of `//:typos`: unknown option: `stmp`" in problems
    assert "did you mean `stamp`" in problems
    assert "unknown option: `copts`" in problems
