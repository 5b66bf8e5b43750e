from __future__ import annotations

import json

import pytest
from query_workspace import Query, workspace

from venvship.query.outputs import OutputOptions

CHAIN = workspace(
    {
        "a": """
py_binary(
    name = "a",
    srcs = ["a.py"],
    deps = [":b", ":c"] + select({":on": ["//x"], "//conditions:default": []}),
    imports = ['quote"d'],
    stamped = True,
)
py_library(name = "b", deps = [":d"])
py_library(name = "c", deps = [":d"])
py_library(name = "d", visibility = ["//x:__pkg__"])
condition(name = "on")
""",
        "a/a.py": "",
        "x": 'py_library(name = "x", deps = ["@pypi//y"])',
    },
    external={"y": 'py_library(name = "y")'},
)


@pytest.fixture
def query() -> Query:
    return Query(CHAIN.loader)


def shown(query: Query, text: str, form: str = "label", **more: object) -> list[str]:
    return query.printed(text, OutputOptions(form=form, **more))  # type: ignore[arg-type]


def test_labels_are_sorted_by_name(query: Query) -> None:
    assert shown(query, "deps(//x) + //a:all") == ["//a:a", "//a:b", "//a:c", "//a:d", "//a:on", "//x:x", "@pypi//y:y"]


def test_dependants_come_first_on_demand(query: Query) -> None:
    for order in ("deps", "full"):
        lines = shown(query, "deps(//a:b) + //a:a + //a:c", order=order)
        assert lines.index("//a:a") < lines.index("//a:b") < lines.index("//a:d")
        assert lines.index("//a:c") < lines.index("//a:d")


def test_order_no_is_the_order_of_discovery(query: Query) -> None:
    assert shown(query, "//a:d + //a:a", order="no") == ["//a:d", "//a:a"]


def test_kinds_and_places_are_told(query: Query) -> None:
    assert shown(query, "//a:b", "label_kind") == ["py_library rule //a:b"]
    assert shown(query, "//a:b", "location") == ["a/BUILD.bazel:9:11: py_library rule //a:b"]
    assert shown(query, "//a:b", "location", root="/w") == ["/w/a/BUILD.bazel:9:11: py_library rule //a:b"]


def test_packages_are_told_once(query: Query) -> None:
    assert shown(query, "deps(//a:a)", "package") == ["@pypi//y", "a", "x"]


def test_targets_are_printed_as_a_build_file_says_them(query: Query) -> None:
    [text] = shown(query, "//a:a + //a:a.py", "build")
    assert text.splitlines() == [
        "# a/BUILD.bazel:2:10",
        "py_binary(",
        '  name = "a",',
        '  visibility = ["//visibility:private"],',
        '  srcs = ["//a:a.py"],',
        '  deps = ["//a:b", "//a:c"] + select({"//a:on": ["//x:x"], "//conditions:default": []}),',
        '  imports = ["quote\\"d"],',
        "  stamped = True,",
        ")",
    ]


def test_ranks_are_distances_from_the_roots(query: Query) -> None:
    assert shown(query, "//a:a + //a:b + //a:d + //a:on", "minrank") == [
        "0 //a:a",
        "1 //a:b",
        "1 //a:on",
        "2 //a:d",
    ]
    assert shown(query, "deps(//a:a, 1) + //a:d + @pypi//y", "maxrank")[-2:] == ["2 //a:d", "2 @pypi//y:y"]


def test_a_graph_joins_nodes_with_the_same_neighbours(query: Query) -> None:
    assert shown(query, "//a:a + //a:b + //a:c + //a:d", "graph") == [
        "digraph mygraph {",
        "  node [shape=box];",
        '  "//a:a"',
        '  "//a:a" -> "//a:c\\n//a:b"',
        '  "//a:c\\n//a:b"',
        '  "//a:c\\n//a:b" -> "//a:d"',
        '  "//a:d"',
        "}",
    ]
    assert '  "//a:a" -> "//a:b"' in shown(query, "//a:a + //a:b + //a:c", "graph", factored=False)
    assert '  "//a:c\\n...and 1 more items"' in shown(query, "//a:b + //a:c", "graph", node_limit=8)


def test_json_tells_what_programs_want_to_know(query: Query) -> None:
    [text] = shown(query, "//a:d", "json")
    assert json.loads(text) == [
        {
            "label": "//a:d",
            "kind": "py_library rule",
            "location": "a/BUILD.bazel:11:11",
            "dependencies": [],
            "visibility": ["//x:__pkg__"],
        }
    ]
