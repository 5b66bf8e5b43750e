from __future__ import annotations

import pytest
from analysis_workspace import AnalysisWorkspace

from venvship.model.label import Label, PackageId
from venvship.session.value_digests import ValueDigests


def digest(text: str, **files: str) -> str | None:
    """The digest of `X` in a file with this text."""
    more = {f"{name}.bzl": one for name, one in files.items()}
    workspace = AnalysisWorkspace({"BUILD": "", "x.bzl": text, **more})
    module = workspace.loader.bzl.load(Label(PackageId("", ""), "x.bzl"))
    return ValueDigests().of(module.globals["X"])


RULE = 'def _f(ctx): return []\nX = rule(implementation = _f, attrs = {"a": attr.label(default = "//:b")})\n'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("X = 1", "# so\n\nX = 1"),
        ("X = [1, 2]", "Y = 3\nX = [\n    1,\n    2,\n]"),
        ("def X(a): return a", "# so\ndef X(a):\n    return a  # so"),
        ("def Y(): return 1\ndef X(): return Y()", "def X(): return Y()\n# so\ndef Y(): return 1"),
        ("X = [lambda a: a]", "\n\nX = [lambda a:   a]"),
        ("def Y(): return X\ndef X(): return Y", "\ndef Y(): return X\ndef X(): return Y"),
        (RULE, f"\n\n{RULE}\nZ = 1"),
        (
            "X = provider(fields = ['a'])\nY = 1",
            "Z = provider()\nX = provider(fields = [\n'a'])",
        ),
    ],
)
def test_layout_and_what_is_not_reached_do_not_count(one: str, other: str) -> None:
    assert digest(one) == digest(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("X = 1", "X = True"),
        ("X = 1", "X = 1.0"),
        ("X = '1'", "X = 1"),
        ("X = [1]", "X = (1,)"),
        ("X = {'a': 1, 'b': 2}", "X = {'b': 2, 'a': 1}"),
        ("X = {True: 1}", "X = {1: 1}"),
        ("X = [[1], 2]", "X = [[1, 2]]"),
        ("X = depset([1, 2])", "X = depset([2, 1])"),
        ("X = depset([1, 2])", "X = depset([1, 2], order = 'preorder')"),
        ("X = depset([1], transitive = [depset([2])])", "X = depset([1, 2])"),
        ("X = select({'//:a': 1})", "X = select({'//:b': 1})"),
        ("X = select({'//:a': 1})", "X = select({'//:a': 1}, no_match_error = 'no')"),
        ("X = struct(a = 1)", "X = struct(a = 2)"),
        ("X = Label('//:a')", "X = '@@//:a'"),
        ("def X(a): return a", "def X(b): return b"),
        ("def X(a = 1): return a", "def X(a = 2): return a"),
        ("def X(*, a = 1): return a", "def X(*, a = 2): return a"),
        ("def X(a): return a.b", "def X(a): return a.c"),
        ("def X(a): return a + 1", "def X(a): return a - 1"),
        ("def X(a): return [b for b in a]", "def X(a): return [b for b in a if b]"),
        ("def Y(): return 1\ndef X(): return Y()", "def Y(): return 2\ndef X(): return Y()"),
        ("Y = [1]\ndef X(): return [Y for a in [1]]", "Y = [2]\ndef X(): return [Y for a in [1]]"),
        ("Y = [1]\ndef X(): return lambda: Y", "Y = [2]\ndef X(): return lambda: Y"),
        ("def X(a): return len(a)", "len = 1\ndef X(a): return len(a)"),
        ("def m(a): return lambda: a\nX = m(1)", "def m(a): return lambda: a\nX = m(2)"),
        ("X = 'a'.upper", "X = 'b'.upper"),
        ("X = 'a'.upper", "X = 'a'.lower"),
        ("X = provider()", "X = provider(fields = ['a'])"),
        ("X = provider()", "Y = provider()\nX = Y"),
        ("def i(**k): return k\nX, n = provider(init = i)", "def i(**k): return {}\nX, n = provider(init = i)"),
        (RULE, RULE.replace("return []", "return None")),
        (RULE, RULE.replace("//:b", "//:c")),
        (RULE, RULE.replace("attr.label(", "attr.label(mandatory = True, ")),
        (RULE, RULE.replace("attr.label(", "attr.label(cfg = 'exec', ")),
        (RULE, RULE.replace("_f,", "_f, toolchains = ['//:t'],")),
        (RULE, RULE.replace("_f,", "_f, executable = True,")),
        (
            "def f(s, a): return {}\nX = transition(implementation = f, inputs = [], outputs = [])",
            "def f(s, a): return {1: 1}\nX = transition(implementation = f, inputs = [], outputs = [])",
        ),
        (
            "X = analysis_test_transition(settings = {'//command_line_option:compilation_mode': 'opt'})",
            "X = analysis_test_transition(settings = {'//command_line_option:compilation_mode': 'dbg'})",
        ),
        (
            "def f(t, c): return []\nX = aspect(implementation = f, attr_aspects = ['a'])",
            "def f(t, c): return []\nX = aspect(implementation = f, attr_aspects = ['b'])",
        ),
    ],
)
def test_what_can_be_told_apart_counts(one: str, other: str) -> None:
    first, second = digest(one), digest(other)
    assert first is not None and second is not None and first != second


@pytest.mark.parametrize(
    "value",
    [
        *("len", "[].append", "native.genrule", "native.glob", "attr.string", "rule", "aspect", "provider"),
        *("config", "attr", "testing.analysis_test", "macro", "select", "Label", "struct", "transition", "DefaultInfo"),
    ],
)
def test_names_of_the_language_have_digests(value: str) -> None:
    assert digest(f"X = {value}") is not None
    assert digest(f"X = {value}") != digest("X = fail")


_CALLS = "def f(*args, **kwargs): return []\nP = rule(implementation = f)\n"


@pytest.mark.parametrize(
    "statement",
    [
        "X = exec_group(toolchains = ['//:a'])",
        "X = configuration_field('apple', 'b')",
        "X = config.exec()",
        "X = config.string(flag = True)",
        "X = attr.label(default = lambda name: name)",
        "X = subrule(implementation = f, attrs = {'_a': attr.label(default = '//:a')})",
        "X = macro(implementation = f, inherit_attrs = 'common', attrs = {'a': attr.string()})",
        "X = rule(implementation = f, initializer = f, outputs = {'a': '%{name}.a'})",
        "X = rule(implementation = f, outputs = lambda name: {'a': name})",
        "X = rule(implementation = f, parent = P)",
        "X = rule(implementation = f, attrs = {'_a': attr.label(default = lambda name: None)})",
        "X = rule(implementation = f, exec_groups = {'a': exec_group()}, build_setting = config.int())",
        "X = rule(implementation = f, toolchains = [config_common.toolchain_type('//:a', mandatory = False)])",
        "X = aspect(implementation = f, requires = [], attrs = {'_a': attr.label(default = '//:a')})",
        "X = aspect(implementation = f, attr_aspects = lambda ctx: ['a'])",
        "Y, X = provider(init = f)",
        "X = platform_common.ToolchainInfo",
    ],
)
def test_what_files_make_has_digests(statement: str) -> None:
    assert digest(f"{_CALLS}{statement}") is not None


def test_a_function_knows_its_file() -> None:
    here = digest("load(':y.bzl', f = 'Y')\nX = [f]", y="def Y(): return Label(':a')")
    there = digest("load('//:z.bzl', f = 'Y')\nX = [f]", z="def Y(): return Label(':a')")
    assert here != there


def test_providers_of_two_files_differ() -> None:
    files = {"y": "A = provider()", "z": "A = provider()"}
    one = digest("load(':y.bzl', 'A')\ndef X(): return A()", **files)
    other = digest("load(':z.bzl', 'A')\ndef X(): return A()", **files)
    assert one is not None and one != other


@pytest.mark.parametrize(
    "text",
    [
        "X = [provider()]",
        "def f(c): pass\nX = [rule(implementation = f)]",
        "X = " + "[" * 100 + "provider()" + "]" * 100,
    ],
)
def test_what_has_no_name_has_no_digest(text: str) -> None:
    assert digest(text) is None


def test_circles_of_functions_take_no_time_without_end() -> None:
    names = [f"f{number}" for number in range(40)]
    text = "".join(f"def {name}(): return [{', '.join(names)}]\n" for name in names)
    assert digest(f"{text}X = f0") is None


def test_what_leads_to_a_circle_is_the_same_from_everywhere() -> None:
    circle = "def a(): return b\ndef b(): return a\n"
    assert digest(f"{circle}X = [a, b]") == digest(f"{circle}X = [a, b]")
    assert digest(f"{circle}X = [a, b]") != digest(f"{circle}X = [b, a]")
    assert digest(f"{circle}X = [a, b]") != digest(f"{circle.replace('return a', 'return [a]')}X = [a, b]")
