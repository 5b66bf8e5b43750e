from __future__ import annotations

import pytest

from venvship.errors import Place
from venvship.modules.module_evaluation import evaluate_module_file
from venvship.modules.module_file import LocalPathOverride, ModuleFile
from venvship.modules.module_graph import ModuleGraph, NameTaken, build_module_graph
from venvship.modules.module_sources import BuiltinSource, ModuleSource, RegistrySource, RootSource, UnknownModule
from venvship.modules.version_selection import MismatchedModule


class TextModules:
    """Modules by name; those with a path are overridden, the others built in."""

    def __init__(self, root: str, builtin: dict[str, str], local: dict[str, str] | None = None) -> None:
        self.root = root
        self.builtin = builtin
        self.local = local or {}

    def builtin_names(self) -> frozenset[str]:
        return frozenset(self.builtin)

    def module_file(self, source: ModuleSource, name: str) -> ModuleFile:
        match source:
            case RootSource():
                text = self.root
            case BuiltinSource():
                text = self.builtin[name]
            case LocalPathOverride():
                text = self.local[source.path]
            case _:
                raise AssertionError(source)
        return evaluate_module_file(text.encode(), filename=f"{name}MODULE.bazel")

    def registries(self) -> tuple[str, ...]:
        return ()

    def holds(self, registry: str, name: str, version: str) -> bool:
        return False

    def yanked(self, source: RegistrySource) -> str | None:
        return None


def graph(root: str, *, local: dict[str, str] | None = None, **builtin: str) -> ModuleGraph:
    return build_module_graph(TextModules(root, {"venvship": "", **builtin}, local))


def test_a_workspace_without_dependencies_sees_itself_and_what_everybody_sees() -> None:
    assert graph("").root.mapping == {"": "", "venvship": "venvship"}


def test_the_root_is_seen_by_its_own_name() -> None:
    assert graph('module(name = "shop")').root.mapping["shop"] == ""
    assert graph('module(name = "shop", repo_name = "me")').root.mapping["me"] == ""


def test_each_module_has_its_own_names_for_others() -> None:
    result = graph(
        'bazel_dep(name = "rules", repo_name = "my_rules")',
        rules='bazel_dep(name = "lib", repo_name = "base")',
        lib="",
        unused="",
    )
    assert result.root.mapping["my_rules"] == "rules"
    assert "lib" not in result.root.mapping
    assert result.modules["rules"].mapping == {"rules": "rules", "base": "lib", "venvship": "venvship"}
    assert list(result.modules) == ["", "venvship", "rules", "lib"]


def test_an_override_of_a_built_in_module_has_no_effect_and_is_told_of() -> None:
    root = (
        'bazel_dep(name = "rules")\nbazel_dep(name = "others")\n'
        'git_override(module_name = "rules", remote = "../rules", commit = "1")\n'
        'single_version_override(module_name = "others", version = "1", patches = ["//:a.patch"])\n'
        'single_version_override(module_name = "venvship", version = "2")\n'
    )
    result = graph(root, rules="", others="")
    assert isinstance(result.modules["rules"].source, BuiltinSource)
    assert result.warnings == (
        "MODULE.bazel:3:13: the override of `rules` has no effect: the module is built in",
        "MODULE.bazel:4:24: the override of `others` has no effect: the module is built in",
    )


def test_an_override_of_functions_only_wins_and_so_does_one_of_the_command() -> None:
    root = (
        'bazel_dep(name = "bazel_skylib")\nlocal_path_override(module_name = "bazel_skylib", path = "x")\n'
        'bazel_dep(name = "rules")'
    )
    files = TextModules(root, {"bazel_skylib": "", "rules": ""}, {"x": 'module(name = "bazel_skylib")', "y": ""})
    result = build_module_graph(files, overrides=[LocalPathOverride("rules", "y", Place("--override_module"))])
    assert isinstance(result.modules["bazel_skylib"].source, LocalPathOverride)
    assert isinstance(result.modules["rules"].source, LocalPathOverride)
    assert result.warnings == ()


def test_an_override_must_lead_to_the_module_it_names() -> None:
    root = 'bazel_dep(name = "rules")\nlocal_path_override(module_name = "rules", path = "x")'
    with pytest.raises(MismatchedModule, match="calls itself `other`"):
        graph(root, local={"x": 'module(name = "other")'})


def test_modules_that_nobody_has_are_absent_with_all_that_they_would_make() -> None:
    result = graph(
        'bazel_dep(name = "a")\nbazel_dep(name = "rules")\n'
        'use_repo(use_extension("@a//:extensions.bzl", "e"), "made")\n'
        'use_repo(use_extension("//:extensions.bzl", "e"), "own")\n'
        'archive = use_repo_rule("@a//:rules.bzl", "archive")\narchive(name = "x")',
        rules='bazel_dep(name = "c")',
    )
    assert {name for name in result.modules if result.absence(name)} == {"a", "c"}
    mapping = result.root.mapping
    assert {name for name in ("a", "rules", "made", "own", "x") if result.absence(mapping[name])} == {"a", "made", "x"}
    assert result.absence("nobody") is None


def test_an_absent_module_says_what_is_built_in_and_how_to_add_it() -> None:
    absent = graph('bazel_dep(name = "rules_go")', rules_python="").absence("rules_go")
    assert absent is not None
    assert str(UnknownModule(absent)) == (
        "MODULE.bazel:1:10: module `rules_go` is neither built in nor overridden, and no registry is given\n\n"
        "hint: built in are rules_python, venvship; for another one, name a registry with `--registry=`, or check it "
        "out and add "
        '`local_path_override(module_name = "rules_go", path = "...")` to MODULE.bazel'
    )


def test_an_absent_module_that_many_have_says_what_does_the_same() -> None:
    absent = graph('bazel_dep(name = "protobuf")').absence("protobuf")
    assert absent is not None
    assert absent.hint.startswith(
        "make the modules in a genrule, with `protoc` of the distribution `grpcio-tools`; built"
    )


def test_dev_dependencies_count_in_the_root_only() -> None:
    result = graph(
        'bazel_dep(name = "a", dev_dependency = True)', a='bazel_dep(name = "nowhere", dev_dependency = True)'
    )
    assert "a" in result.modules
    ignored = build_module_graph(
        TextModules('bazel_dep(name = "a", dev_dependency = True)', {"a": ""}), ignore_dev_dependencies=True
    )
    assert "a" not in ignored.modules


def test_a_dependency_without_a_name_is_only_a_wish() -> None:
    assert "a" not in graph('bazel_dep(name = "a", repo_name = None)').modules


def test_modules_may_depend_on_each_other_and_on_the_root() -> None:
    result = graph(
        'module(name = "shop")\nbazel_dep(name = "a")',
        a='bazel_dep(name = "b")\nbazel_dep(name = "shop")',
        b='bazel_dep(name = "a")',
    )
    assert result.modules["a"].mapping["shop"] == ""
    assert result.modules["b"].mapping["a"] == "a"


def test_repositories_of_extensions_are_named_as_they_are_imported() -> None:
    result = graph(
        'bazel_dep(name = "rules_python", repo_name = "r")\n'
        'uv = use_extension("@r//uv:extension.bzl", "uv")\n'
        'uv.hub(name = "pypi")\n'
        'use_repo(uv, "pypi", tools = "pypi_tools")\n',
        rules_python='uv = use_extension("//uv:extension.bzl", "uv")\nuse_repo(uv, own = "pypi")',
    )
    assert (result.root.mapping["pypi"], result.root.mapping["tools"]) == ("pypi", "pypi_tools")
    assert result.modules["rules_python"].mapping["own"] == "pypi"
    assert {usage.extension for usage in result.extension_usages} == {"@@rules_python//uv:extension.bzl%uv"}
    repositories = result.extension_repositories()
    assert [usage.module for usage in repositories["pypi"]] == ["", "rules_python"]
    assert [usage.module for usage in repositories["pypi_tools"]] == [""]
    assert result.mapping_of("pypi") is result.root.mapping


def test_extensions_of_other_built_in_modules_are_written_in_their_files() -> None:
    result = graph(
        'bazel_dep(name = "images")\noci = use_extension("@images//:oci.bzl", "oci")\nuse_repo(oci, "base")\n',
        images="",
    )
    assert result.root.mapping["base"] == "images++oci+base"
    assert list(result.written_extensions()) == ["images++oci+"]
    assert not result.of_builtin_extensions().extension_usages


def test_one_name_for_two_repositories_is_refused() -> None:
    with pytest.raises(NameTaken) as caught:
        graph('bazel_dep(name = "a", repo_name = "x")\nbazel_dep(name = "b", repo_name = "x")', a="", b="")
    assert str(caught.value).startswith(
        "MODULE.bazel:2:10: repository name `x` is used for module `b`, but it already means module `a`"
    )


def test_written_extensions_have_repositories_with_names_of_their_own() -> None:
    text = "".join(
        f'e{name} = use_extension("//:{name}.bzl", "e")\nuse_repo(e{name}, r{name} = "pypi")\n' for name in "ab"
    )
    result = build_module_graph(
        TextModules(
            text + 'bazel_dep(name = "lib")\nlocal_path_override(module_name = "lib", path = "lib")\n',
            {},
            {"lib": 'e = use_extension("//:e.bzl", "e")\nuse_repo(e, "pypi")'},
        )
    )
    assert result.root.mapping["ra"] == "+e+pypi"
    assert result.root.mapping["rb"] == "+e2+pypi"
    assert result.modules["lib"].mapping["pypi"] == "lib++e+pypi"
    assert list(result.written_extensions()) == ["+e+", "+e2+", "lib++e+"]


def test_an_isolated_usage_is_an_extension_of_its_own() -> None:
    result = graph(
        'e = use_extension("//:e.bzl", "e", isolate = True)\nuse_repo(e, "a")\n'
        'f = use_extension("//:e.bzl", "e")\nuse_repo(f, b = "a")\n'
    )
    assert result.root.mapping["a"] != result.root.mapping["b"]
    assert {usage.label for usage in result.extension_usages} == {"@@//:e.bzl"}


def test_repositories_of_rules_are_named_after_the_rule() -> None:
    result = graph('http = use_repo_rule("//:http.bzl", "http")\nhttp(name = "data")')
    assert result.root.mapping["data"] == "+http+data"
    assert [(one.canonical_name, one.label) for one in result.repo_rule_usages] == [("+http+data", "@@//:http.bzl")]


def test_registrations_of_the_root_come_first() -> None:
    result = graph(
        'bazel_dep(name = "rules")\nregister_toolchains("//mine:all")', rules='register_toolchains("//theirs:all")'
    )
    assert [(module, one.pattern) for module, one in result.toolchains()] == [
        ("", "//mine:all"),
        ("rules", "//theirs:all"),
    ]
