from __future__ import annotations

import pytest

from venvship.errors import Place, VenvshipError
from venvship.modules.module_evaluation import evaluate_module_file
from venvship.modules.module_file import (
    ArchiveOverride,
    BazelDep,
    ExtensionUsage,
    FlagAlias,
    GitOverride,
    LocalPathOverride,
    ModuleFile,
    MultipleVersionOverride,
    Registration,
    RepoRuleUsage,
    SingleVersionOverride,
    Tag,
)


def evaluate(text: str, **included: str) -> ModuleFile:
    def read(path: str) -> bytes | None:
        return included[path].encode() if path in included else None

    return evaluate_module_file(text.encode(), filename="MODULE.bazel", read_include=read)


def at(line: int, column: int) -> Place:
    return Place("MODULE.bazel", line, column)


def test_an_empty_file_asks_for_nothing() -> None:
    assert evaluate("") == ModuleFile()


def test_the_module_and_its_dependencies_are_read() -> None:
    file = evaluate("""\
module(name = "shop", version = "1.0", compatibility_level = 2, repo_name = "my_shop")
bazel_dep(name = "aspect_rules_py", version = "1.8.4")
bazel_dep(name = "rules_python", version = "1.0", repo_name = "py", dev_dependency = True)
bazel_dep(name = "wish", version = "2", repo_name = None)
""")
    assert (file.name, file.version, file.compatibility_level, file.repo_name) == ("shop", "1.0", 2, "my_shop")
    assert file.deps == (
        BazelDep("aspect_rules_py", "1.8.4", "aspect_rules_py", False, at(2, 10)),
        BazelDep("rules_python", "1.0", "py", True, at(3, 10)),
        BazelDep("wish", "2", None, False, at(4, 10)),
    )


def test_tags_and_imports_of_an_extension_are_recorded_in_order() -> None:
    file = evaluate("""\
uv = use_extension("@aspect_rules_py//uv/unstable:extension.bzl", "uv")
uv.declare_hub(hub_name = "pypi")
uv.project(
    hub_name = "pypi",
    lock = "//:uv.lock",
    groups = ["dev"],
    extra = {"a": [1, True]},
    unset = None,
)
use_repo(uv, "pypi", wheels = "pypi_wheels")
""")
    assert file.extensions == (
        ExtensionUsage(
            "@aspect_rules_py//uv/unstable:extension.bzl",
            "uv",
            (
                Tag("declare_hub", {"hub_name": "pypi"}, at(2, 15)),
                Tag(
                    "project",
                    {"hub_name": "pypi", "lock": "//:uv.lock", "groups": ("dev",), "extra": {"a": (1, True)}},
                    at(3, 11),
                ),
            ),
            {"pypi": "pypi", "wheels": "pypi_wheels"},
            at(1, 19),
        ),
    )


def test_overrides_are_kept_by_module() -> None:
    file = evaluate("""\
local_path_override(module_name = "a", path = "../a")
archive_override(module_name = "b", urls = "https://files.example/b.zip", strip_prefix = "b-1")
git_override(module_name = "c", remote = "https://git.example/c", commit = "abc", patches = ["//:c.patch"])
single_version_override(module_name = "d", version = "2.0")
multiple_version_override(module_name = "e", versions = ["1", "2"])
""")
    assert list(file.overrides.values()) == [
        LocalPathOverride("a", "../a", at(1, 20)),
        ArchiveOverride("b", ("https://files.example/b.zip",), "", "b-1", (), 0, at(2, 17)),
        GitOverride("c", "https://git.example/c", "abc", "", ("//:c.patch",), 0, at(3, 13)),
        SingleVersionOverride("d", "2.0", "", (), 0, at(4, 24)),
        MultipleVersionOverride("e", ("1", "2"), "", at(5, 26)),
    ]


def test_registrations_repository_rules_and_flag_aliases_are_read() -> None:
    file = evaluate("""\
register_toolchains("//tools:all", "@py//:toolchain", dev_dependency = True)
register_execution_platforms("//platforms:linux")
http_file = use_repo_rule("@bazel_tools//tools/build_defs/repo:http.bzl", "http_file")
http_file(name = "tini", urls = ["https://files.example/tini"], executable = True)
flag_alias(name = "fast", starlark_flag = "//:fast")
""")
    assert [one.pattern for one in file.toolchains] == ["//tools:all", "@py//:toolchain"]
    assert all(one.dev_dependency for one in file.toolchains)
    assert file.execution_platforms == (Registration("//platforms:linux", at(2, 29)),)
    assert file.repo_rules == (
        RepoRuleUsage(
            "@bazel_tools//tools/build_defs/repo:http.bzl",
            "http_file",
            "tini",
            {"urls": ("https://files.example/tini",), "executable": True},
            at(4, 10),
        ),
    )
    assert file.flag_aliases == (FlagAlias("fast", "//:fast", at(5, 11)),)


def test_included_files_speak_for_the_module() -> None:
    file = evaluate(
        'include("//tools:deps.MODULE.bazel")\nbazel_dep(name = "b")',
        **{"tools/deps.MODULE.bazel": 'bazel_dep(name = "a")'},
    )
    assert [(dep.name, dep.place.path) for dep in file.deps] == [
        ("a", "tools/deps.MODULE.bazel"),
        ("b", "MODULE.bazel"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('bazel_dep(name = "a")\nmodule()', "must be called before any other functions"),
        ("module()\nmodule()", "can only be called once"),
        ('module(name = "Shop")', "invalid module name 'Shop'"),
        ('bazel_dep(nam = "a")', "unexpected keyword argument 'nam'"),
        ('local_path_override(module_name = "a", path = "x")\n' * 2, "overridden twice, first at MODULE.bazel:1:20"),
        ('use_repo("pypi")', "'extension_proxy' got value of type 'string'"),
        ('e = use_extension("//:e.bzl", "e")\nuse_repo(e, "a")\nuse_repo(e, "a")', "already imported"),
        ('e = use_extension("//:e.bzl", "e")\ne.tag("x")', "takes named arguments only"),
        ('e = use_extension("//:e.bzl", "e")\ne.tag(x = [e])', "can't be of type module_extension_proxy"),
        (
            'e = use_extension("//:e.bzl", "e")\noverride_repo(e, "a")\ninject_repo(e, "a")',
            "names repository 'a', which is replaced already",
        ),
        ('git_override(module_name = "a", remote = "r")', "needs exactly one of `commit`, `tag` and `branch`"),
        ('load("//:x.bzl", "x")', "load"),
        ("def f():\n    pass", "function"),
        ('include("//:gone.MODULE.bazel")', "no such file `gone.MODULE.bazel`"),
        ('include("//../x:a.MODULE.bazel")', "invalid include label"),
        ('include("a.bzl")', "invalid include label"),
        ('include("//:self.MODULE.bazel")', "`self.MODULE.bazel` includes itself"),
        ('py_binary(name = "x")', "'py_binary' is not defined"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(text: str, message: str) -> None:
    with pytest.raises(VenvshipError, match=message):
        evaluate(text, **{"self.MODULE.bazel": 'include("//:self.MODULE.bazel")'})


def test_only_the_root_module_includes_files() -> None:
    with pytest.raises(VenvshipError, match="only be used in the root module"):
        evaluate_module_file(b'include("//:a.MODULE.bazel")', filename="@dep/MODULE.bazel")
