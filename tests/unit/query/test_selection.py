from __future__ import annotations

from collections.abc import Sequence

from loading_workspace import LoadingWorkspace
from query_workspace import HERE, MAPPING, workspace

from venvship.model.label import PackageId
from venvship.query.selection import Filters, Selection, select_targets
from venvship.query.tags import TagFilter

SHOP = workspace(
    {
        "": 'py_binary(name = "root")\nexports_files(["file.py"])',
        "file.py": "",
        "a": """
py_library(name = "a", srcs = ["a.py"])
py_test(name = "quick", size = "small", tags = ["fast"])
py_test(name = "slow", tags = ["db"])
py_test(name = "hand", tags = ["manual"])
py_binary(name = "deploy", tags = ["manual"])
test_suite(name = "suite")
""",
        "a/a.py": "",
        "a/b": 'sh_test(name = "b", timeout = "long")\ntest_suite(name = "both", tests = ["b", "//a:suite"])',
        "broken": "py_library()",
    }
)


def select(
    *texts: str, here: str = "", filters: Filters | None = None, for_tests: bool = False, of: LoadingWorkspace = SHOP
) -> Selection:
    package = PackageId("", here) if here else HERE
    return select_targets(texts, of.loader, relative_to=package, mapping=MAPPING, filters=filters, for_tests=for_tests)


def names(selection: Selection) -> Sequence[str]:
    assert selection.errors == ()
    return [str(label) for label in selection.labels]


def test_wildcards_match_rules_without_manual_ones() -> None:
    assert names(select("//a/...")) == ["//a:a", "//a:quick", "//a:slow", "//a/b:b"]


def test_a_manual_target_is_built_when_it_is_named() -> None:
    assert names(select("//a:deploy", "//a:hand")) == ["//a:deploy", "//a:hand"]


def test_a_star_matches_files_too() -> None:
    assert "//a:a.py" in names(select("//a:*"))


def test_patterns_are_added_and_subtracted_in_their_order() -> None:
    assert names(select("//a:all", "-//a:quick", "-//a:slow")) == ["//a:a"]
    assert names(select("//a:all", "-//a:all", "//a:quick")) == ["//a:quick"]


def test_a_subtracted_package_need_not_be_right() -> None:
    assert "//a:a" in names(select("//...", "-//broken/..."))
    assert "//a:a" in names(select("//...", "-//broken:all"))


def test_a_path_is_a_package_or_a_file_of_the_nearest_package_above() -> None:
    assert names(select("a")) == ["//a:a"]
    assert names(select("a/b")) == ["//a/b:b"]
    assert names(select("a/a.py")) == ["//a:a.py"]
    assert names(select("file.py")) == ["//:file.py"]
    assert names(select("quick", here="a")) == ["//a:quick"]
    assert names(select("b", here="a")) == ["//a/b:b"]


def test_all_problems_are_reported_at_once_with_near_names() -> None:
    selection = select("//a:quik", "//nope:x", "//a/...:b", "//a:a", "//x/...")
    assert [error.message for error in selection.errors] == [
        "invalid target pattern `//a/...:b`: `...` names many packages, so only `:all` and `:*` can follow",
        "no such target `//a:quik`: no rule or file `a/quik` of this name, declared in a/BUILD.bazel",
        "no such package `//nope`: there is no directory `nope`",
        "`//x/...` matches nothing: there is no package below it",
    ]
    assert selection.errors[1].hint == "did you mean `quick`?"
    assert selection.errors[3].hint == "a package is a directory with a file `BUILD.bazel` in it"
    assert [str(label) for label in selection.labels] == ["//a:a"]


def test_a_misspelt_directory_of_a_wildcard_names_the_near_one() -> None:
    [error] = select("//aa/...").errors
    assert str(error).splitlines()[-1] == "hint: did you mean `//a`?"


def test_a_broken_package_does_not_hide_the_others() -> None:
    selection = select("//...")
    assert len(selection.errors) == 1
    assert "missing value for mandatory attribute 'name'" in str(selection.errors[0])
    assert "//a:a" in [str(label) for label in selection.labels]


def test_suites_are_replaced_by_their_tests() -> None:
    assert names(select("//a:suite")) == ["//a:quick", "//a:slow"]
    assert names(select("//a/b:both")) == ["//a:quick", "//a:slow", "//a/b:b"]


def test_a_suite_chooses_by_tags() -> None:
    suites = workspace(
        {
            "": """
py_test(name = "x", tags = ["fast"])
py_test(name = "y", tags = ["fast", "db"])
test_suite(name = "fast", tags = ["fast", "-db", "manual"])
test_suite(name = "both", tests = ["fast", "x", "again"])
test_suite(name = "again", tests = ["fast"])
test_suite(name = "self", tests = ["self", "x"])
test_suite(name = "round", tests = ["trip", "x"])
test_suite(name = "trip", tests = ["round"])
test_suite(name = "gone", tests = ["x", "lost", "lost2"])
"""
        }
    )
    assert names(select("//:fast", of=suites)) == ["//:x"]
    assert names(select("//:both", of=suites)) == ["//:x"]
    [problem] = map(str, select("//:self", of=suites).errors)
    assert "BUILD.bazel:7:11: test suites hold each other:\n.-> //:self\n`-- //:self" in problem
    [problem] = map(str, select("//:trip", "//:round", of=suites).errors)
    assert ".-> //:round\n|   //:trip\n`-- //:round" in problem
    selection = select("//:gone", of=suites)
    assert [str(label) for label in selection.labels] == ["//:x"]
    assert len(selection.errors) == 2


def test_a_suite_knows_the_sizes_of_tests() -> None:
    suites = workspace(
        {
            "": """
py_test(name = "x", size = "small")
py_test(name = "y")
test_suite(name = "quick", tags = ["small"])
test_suite(name = "slow", tags = ["-small"])
test_suite(name = "moderate", tags = ["moderate"])
"""
        }
    )
    assert names(select("//:quick", of=suites)) == ["//:x"]
    assert names(select("//:slow", of=suites)) == ["//:y"]
    assert names(select("//:moderate", of=suites)) == []


def test_a_target_that_is_called_like_a_wildcard_is_meant_by_it() -> None:
    named = workspace({"a": 'py_library(name = "all", tags = ["manual"])\npy_library(name = "other")'})
    assert names(select("//a:all", of=named)) == ["//a:all"]
    assert names(select("//a:*", "-//a:all", of=named)) == ["//a:BUILD.bazel"]
    assert names(select("//a/...", of=named)) == ["//a:other"]


def test_filters_of_tests_leave_other_targets_alone() -> None:
    fast = Filters(test_tags=TagFilter.parse(["fast"]))
    assert names(select("//a/...", filters=fast, for_tests=True)) == ["//a:a", "//a:quick"]
    assert names(select("//a/...", filters=fast)) == ["//a:a", "//a:quick", "//a:slow", "//a/b:b"]


def test_tests_are_chosen_by_size_timeout_and_language() -> None:
    def tests(filters: Filters) -> list[str]:
        return [str(label) for label in select("//a/...", filters=filters, for_tests=True).tests]

    assert tests(Filters(test_sizes=TagFilter.parse(["small"]))) == ["//a:quick"]
    assert tests(Filters(test_timeouts=TagFilter.parse(["-long", "-short"]))) == ["//a:slow"]
    assert tests(Filters(test_languages=TagFilter.parse(["sh"]))) == ["//a/b:b"]


def test_build_filters_concern_everything() -> None:
    assert names(select("//a/...", filters=Filters(build_tags=TagFilter.parse(["db"])))) == ["//a:slow"]
    assert names(select("//a/...", filters=Filters(tests_only=True))) == ["//a:quick", "//a:slow", "//a/b:b"]
    assert "//a:hand" in names(select("//a/...", filters=Filters(manual_tests=True)))


def test_named_targets_are_told_from_those_that_wildcards_and_suites_match() -> None:
    assert sorted(map(str, select("//a:a", "//a/...", "-//a:quick").named)) == ["//a:a"]
    assert select("//a:suite").named == frozenset()
    assert select("//a/...").named == frozenset()
