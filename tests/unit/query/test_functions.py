from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from query_workspace import Query, Unreachable, workspace

from venvship.model.label import PackageId
from venvship.query.functions import QueryError

SHOP = workspace(
    {
        "app": """
load("//build:defs.bzl", "service")
py_binary(name = "server", srcs = ["server.py"], deps = [":lib", "//libs/db"], imports = ["src", "gen"])
py_library(
    name = "lib",
    deps = select({"//build:fast": ["//libs/quick"], "//conditions:default": ["//libs/slow"]}),
    visibility = ["//visibility:private"],
)
service(name = "worker")
make(name = "gen", outs = ["made.py"], srcs = ["server.py"])
py_test(name = "test", srcs = ["made.py"], deps = [":lib"], tags = ["db"])
test_suite(name = "suite")
""",
        "app/server.py": "",
        "build": 'condition(name = "fast")',
        "build/defs.bzl": 'load(":more.bzl", "x")\ndef service(name):\n    native.py_binary(name = name)\n',
        "build/more.bzl": "x = 1",
        "libs": 'package_group(name = "users", packages = ["//app/..."])',
        "libs/db": 'py_library(name = "db", deps = ["@pypi//driver"], visibility = ["//libs:users"])',
        "libs/quick": 'py_library(name = "quick", deps = ["//libs/base"])',
        "libs/slow": 'py_library(name = "slow", deps = ["//libs/base"], compiler = "//build:fast")',
        "libs/base": """
py_library(name = "base", visibility = ["//visibility:public"])
py_library(name = "near", deps = [":base"])
""",
    },
    external={"driver": 'py_library(name = "driver", visibility = ["//visibility:public"])'},
)


@pytest.fixture
def query() -> Query:
    return Query(SHOP.loader, universe=("//...",))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("//app:server + //app:lib", ["//app:lib", "//app:server"]),
        ("//app:all - //app:lib - //app:suite", ["//app:gen", "//app:server", "//app:test", "//app:worker"]),
        ("set(//app:lib //app:gen) ^ //app:lib", ["//app:lib"]),
        ("let v = //app:lib + //app:gen in $v - //app:gen", ["//app:lib"]),
        ("deps(//app:lib, 0)", ["//app:lib"]),
        ("deps(//app:lib, 1)", ["//app:lib", "//build:fast", "//libs/quick:quick", "//libs/slow:slow"]),
        ("deps(//libs/db)", ["//libs/db:db", "@pypi//driver:driver"]),
        ("deps(//app:made.py)", ["//app:gen", "//app:made.py", "//app:server.py"]),
        ("rdeps(//..., //libs/base)", None),
        (
            "rdeps(//..., //libs/base, 1)",
            ["//libs/base:base", "//libs/base:near", "//libs/quick:quick", "//libs/slow:slow"],
        ),
        ("rdeps(//libs/quick, //app:lib)", []),
        ("allrdeps(@pypi//driver)", ["//app:server", "//libs/db:db", "@pypi//driver:driver"]),
        ("allpaths(//app:server, @pypi//driver)", ["//app:server", "//libs/db:db", "@pypi//driver:driver"]),
        ("somepath(//libs/base, //app:server)", []),
        ("kind(py_test, //app:all)", ["//app:test"]),
        ("kind('source file', deps(//app:server))", ["//app:server.py"]),
        ("kind('generated file', //app:*)", ["//app:made.py"]),
        ("filter('^//libs/(q|s)', //...)", ["//libs/quick:quick", "//libs/slow:slow"]),
        ("attr(imports, '\\[src, gen\\]', //app:all)", ["//app:server"]),
        ("attr(main, main.py, //app:server)", ["//app:server"]),
        ("attr(deps, libs/slow, //app:all)", ["//app:lib"]),
        ("attr(stamped, 0, //libs/quick)", ["//libs/quick:quick"]),
        ("attr(visibility, private, //app:lib)", ["//app:lib"]),
        ("attr(nothing, '', //app:all)", []),
        ("attr(generator_function, service, //app:all)", ["//app:worker"]),
        ("labels(deps, //app:lib)", ["//libs/quick:quick", "//libs/slow:slow"]),
        ("labels(outs, //app:gen)", ["//app:made.py"]),
        ("tests(//app:suite)", ["//app:test"]),
        ("tests(//app:all)", ["//app:test"]),
        ("siblings(//libs/base)", ["//libs/base:BUILD.bazel", "//libs/base:base", "//libs/base:near"]),
        ("same_pkg_direct_rdeps(//libs/base)", ["//libs/base:near"]),
        ("buildfiles(//app:lib)", ["//app:BUILD.bazel", "//build:BUILD.bazel", "//build:defs.bzl", "//build:more.bzl"]),
        ("loadfiles(//app:lib)", ["//build:defs.bzl", "//build:more.bzl"]),
        ("rbuildfiles(build/more.bzl)", ["//app:BUILD.bazel"]),
        ("rbuildfiles(libs/db/BUILD.bazel)", ["//libs/db:BUILD.bazel"]),
        ("visible(//app:server, //libs/db + //libs/quick)", ["//libs/db:db"]),
        ("visible(//libs/quick, //libs/db + //libs/base)", ["//libs/base:base"]),
        ("visible(//app:gen, //app:lib)", ["//app:lib"]),
    ],
)
def test_an_expression_has_this_answer(query: Query, text: str, answer: list[str] | None) -> None:
    found = sorted(query(text))
    assert query.problems() == []
    if answer is None:
        assert {"//app:server", "//app:lib", "//app:test", "//libs/base:base"} <= set(found)
        assert "//libs/db:db" not in found
    else:
        assert found == answer


def test_a_way_is_told_from_its_start_to_its_end(query: Query) -> None:
    assert query("somepath(//app:server, //libs/base)") in (
        ["//app:server", "//app:lib", "//libs/quick:quick", "//libs/base:base"],
        ["//app:server", "//app:lib", "//libs/slow:slow", "//libs/base:base"],
    )


def test_some_takes_one_or_as_many_as_asked(query: Query) -> None:
    assert len(query("some(//app:all)")) == 1
    assert len(query("some(//app:all, 3)")) == 3
    with pytest.raises(QueryError, match="the argument of `some` is empty"):
        query("some(//app:lib - //app:lib)")


def test_relative_patterns_start_at_the_current_directory() -> None:
    query = Query(SHOP.loader, here=PackageId("", "libs"))
    assert query("quick + base:near") == ["//libs/quick:quick", "//libs/base:near"]


def test_implicit_dependencies_are_left_out_on_demand() -> None:
    assert "//tools:runtime" in Query(SHOP.loader, implicit=True)("deps(//libs/base)")
    assert Query(SHOP.loader, implicit=False)("deps(//libs/base)") == ["//libs/base:base"]


def test_tools_are_left_out_on_demand() -> None:
    assert "//build:fast" in Query(SHOP.loader)("deps(//libs/slow)")
    assert "//build:fast" not in Query(SHOP.loader, tools=False)("deps(//libs/slow)")


def test_all_missing_targets_are_reported_and_the_rest_is_answered() -> None:
    broken = workspace({"": 'py_library(name = "a", deps = [":b", "//c", ":d"])\npy_library(name = "d")'})
    query = Query(broken.loader)
    assert query("deps(//:a) + //:e") == ["//:a", "//:d"]
    assert sorted(message.partition(":")[0] for message in query.problems()) == [
        "no such package `//c`",
        "no such target `//",
        "no such target `//",
    ]


def test_a_repository_out_of_reach_is_a_leaf() -> None:
    query = Query(Unreachable(SHOP.loader, "pip_hub"))
    assert query("deps(//libs/db)") == ["//libs/db:db", "@pypi//driver:driver"]
    assert query.problems() == []
    assert [str(label) for label in query.graph.unknown] == ["@@pip_hub//driver:driver"]


def test_what_the_query_asks_wrongly_is_said() -> None:
    query = Query(SHOP.loader)
    for text, reason in (
        ("$v", "there is no variable `\\$v`"),
        ("kind('(', //...)", "is not a regular expression"),
        ("allrdeps(//app:lib)", "needs `--universe_scope`"),
    ):
        with pytest.raises(QueryError, match=reason):
            query(text)


def test_long_chains_do_not_outgrow_the_stack() -> None:
    size = 3000
    lines = [f'py_library(name = "t{n}", deps = [":t{n + 1}"])' for n in range(size)]
    query = Query(workspace({"": "\n".join([*lines, f'py_library(name = "t{size}")'])}).loader)
    assert len(query("deps(//:t0)")) == size + 1
    assert len(query(f"somepath(//:t0, //:t{size})")) == size + 1
    assert len(query(f"allpaths(//:t0, //:t{size})")) == size + 1


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14))
def test_who_depends_on_whom_reads_both_ways(edges: list[tuple[int, int]]) -> None:
    lines = [
        f'py_library(name = "t{n}", deps = {[f":t{to}" for to in sorted({b for a, b in edges if a == n})]})'
        for n in range(7)
    ]
    query = Query(workspace({"": "\n".join(lines)}).loader)
    for n in range(7):
        forward = {m for m in range(7) if f"//:t{n}" in query(f"deps(//:t{m})")}
        assert {f"//:t{m}" for m in forward} == set(query(f"rdeps(//..., //:t{n})"))
        way = query(f"somepath(//:t0, //:t{n})")
        assert bool(way) == (f"//:t{n}" in query("deps(//:t0)"))
        assert set(way) <= set(query(f"allpaths(//:t0, //:t{n})"))
