from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker as ReferenceMarker

from venvship.model.platform import Platform
from venvship.wheels.markers import MarkerEnvironment, MarkerSyntaxError, parse_marker

LINUX_311 = MarkerEnvironment.of(Platform.parse("linux_x86_64"), "3.11.7")
MAC_313 = MarkerEnvironment.of(Platform.parse("macos_arm64"), "3.13.0rc1")


def holds(text: str, *active: str) -> bool:
    return LINUX_311.satisfies(parse_marker(text), frozenset(active))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python_version >= '3.10'", True),
        ("python_version < '3.9'", False),
        ("'3.12' > python_version", True),
        ("python_full_version == '3.11.*'", True),
        ("python_full_version != '3.12.*' and sys_platform == 'linux'", True),
        ("sys_platform == 'win32' or platform_machine == 'x86_64' and os_name == 'posix'", True),
        ("(sys_platform == 'win32' or platform_machine == 'x86_64') and os_name == 'nt'", False),
        ("'linux' in sys_platform", True),
        ("sys_platform not in 'win32 darwin'", True),
        ("platform_python_implementation == 'CPython'", True),
        ("python_implementation == 'PyPy'", False),
        ("os.name == 'posix'", True),
        ("platform_release == ''", True),
        ("python_version in '2.7 3.11'", True),
        ("sys_platform == 'never'", False),
    ],
)
def test_markers_hold_on_a_target(text: str, expected: bool) -> None:
    assert holds(text) is expected


def test_extra_is_a_set_whose_items_are_tested_one_by_one() -> None:
    text = "(extra == 'extra-3-api-cuda' and extra != 'extra-3-api-cpu') or extra == 'group-3-api-dev'"
    assert holds(text, "extra-3-api-cuda")
    assert not holds(text, "extra-3-api-cuda", "extra-3-api-cpu")
    assert holds(text, "extra-3-api-cuda", "extra-3-api-cpu", "group-3-api-dev")
    assert not holds(text)


def test_names_of_extras_are_normalised() -> None:
    assert holds("extra == 'Foo_Bar'", "foo-bar")


def test_sets_of_lock_files_are_asked_with_in() -> None:
    marker = parse_marker("'test' in dependency_groups and 'x' not in extras")
    assert LINUX_311.satisfies(marker, frozenset(), frozenset({"test"}))
    assert not LINUX_311.satisfies(marker, frozenset({"x"}), frozenset({"test"}))


def test_a_prerelease_interpreter_is_older_than_its_release() -> None:
    assert not MAC_313.satisfies(parse_marker("python_full_version >= '3.13.0'"))
    assert MAC_313.satisfies(parse_marker("python_version >= '3.13' and platform_machine == 'arm64'"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "python_version",
        "python_version >=",
        "python_version >= 3.10",
        "nonsense == 'x'",
        "'a' == 'b'",
        "os_name == sys_platform",
        "(os_name == 'x'",
        "os_name == 'x')",
        "os_name == 'x' and",
        "os_name == 'x' xor os_name == 'y'",
        "os_name == 'x",
        "extra > 'x'",
        "extras == 'x'",
        "os_name ~= 'x'",
        "extra == '../x'",
        "not os_name == 'x'",
        "(" * 100 + "os_name == 'x'" + ")" * 100,
        "os_name == '" + "x" * 70000 + "'",
    ],
)
def test_what_is_not_a_marker_is_refused(text: str) -> None:
    with pytest.raises(MarkerSyntaxError):
        parse_marker(text)


VARIABLES = st.sampled_from(["sys_platform", "os_name", "platform_machine", "platform_system", "implementation_name"])
TEXTS = st.sampled_from(["linux", "darwin", "posix", "nt", "x86_64", "Linux", "cpython", ""])
VERSIONS = st.sampled_from(["3", "3.9", "3.10", "3.11", "3.11.7", "3.12", "3.12.0rc1", "4"])
TESTS = st.one_of(
    st.builds("{} {} '{}'".format, VARIABLES, st.sampled_from(["==", "!=", "in", "not in"]), TEXTS),
    st.builds(
        "{} {} '{}'".format,
        st.sampled_from(["python_version", "python_full_version"]),
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        VERSIONS,
    ),
)
MARKERS = st.recursive(
    TESTS, lambda inner: st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner), max_leaves=8
)


@given(MARKERS)
def test_markers_mean_what_they_mean_to_other_tools(text: str) -> None:
    for environment in (LINUX_311, MAC_313):
        expected = ReferenceMarker(text).evaluate(dict(environment.variables))
        assert environment.satisfies(parse_marker(text)) is expected


@given(st.text(alphabet="()'\" <>=!~andor_pythversi3.1x", max_size=40))
def test_any_text_is_a_marker_or_refused(text: str) -> None:
    try:
        marker = parse_marker(text)
    except MarkerSyntaxError:
        return
    LINUX_311.satisfies(marker)
