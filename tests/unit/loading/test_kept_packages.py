"""Packages that are taken from a cache must be those that an evaluation would make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import pytest
from loading_workspace import RULES, LoadingWorkspace

from venvship.errors import VenvshipError
from venvship.loading.code_cache import MemoryCodeCache
from venvship.loading.package import Package, sketch_of
from venvship.loading.package_loader import PackageKey
from venvship.loading.packed_package import PackedTargets
from venvship.loading.repositories import Repository
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import RuleTarget
from venvship.model.label import PackageId
from venvship.rules.bzl_names import bzl_names
from venvship.session.value_digests import ValueDigests

MACROS = """
def _impl(ctx):
    pass

own = rule(implementation = _impl, attrs = {"deps": attr.label_list(), "text": attr.string()})

def pair(name, **kwargs):
    own(name = name + "_a", **kwargs)
    native.files(name = name + "_b", srcs = native.glob(["*.txt"]))

def _symbolic(name, visibility, deps):
    own(name = name, deps = deps, visibility = visibility)

symbolic = macro(implementation = _symbolic, attrs = {"deps": attr.label_list(configurable = False)})
"""
BUILD = """
load("//macros:defs.bzl", "pair", "symbolic")

package(default_visibility = ["//q:__subpackages__", ":friends"], features = ["fast", "-safe"])
exports_files(["exported.txt"], visibility = ["//visibility:private"])
package_group(name = "friends", packages = ["//r/...", "-//r/s"], includes = ["//q:more"])
files(name = "plain", srcs = ["a.txt", ":pair_a", "//q:x", "@other//:y", "@nobody//:z"], tags = ["t"], testonly = 1)
make(name = "made", outs = ["sub/out.txt", "out2"], cmd = "x", visibility = ["//visibility:public"])
values(
    name = "all", text = "b", texts = ["x", "y"], text_dict = {"k": "v"}, text_lists = {"k": ["v", "w"]},
    label = "a.txt", labels = [":plain"], label_values = {"k": ":plain"}, label_keys = {":plain": "v"},
    flag = 0, number = -7, numbers = [1, 2], out = "one", fixed = "f",
)
values(
    name = "chosen",
    texts = ["x"] + select({"//q:c": ["y"], "//conditions:default": None}, no_match_error = "no"),
    label_keys = select({"//q:c": {":plain": "v"}}),
    number = select({"//q:c": 1, "//conditions:default": 2}),
)
pair(name = "pair", deps = [":plain"], text = select({"//conditions:default": "t"}))
symbolic(name = "sym", deps = [":plain"])
"""
FILES = {
    "p/BUILD.bazel": BUILD,
    "p/a.txt": "",
    "p/b.txt": "",
    "p/exported.txt": "",
    "p/deep/c.txt": "",
    "macros/BUILD.bazel": "",
    "macros/defs.bzl": MACROS,
}
OTHER = Repository("other+", {"": "other+", "dep": "dep+"}, root="/other")


class Commands:
    """Commands one after the other, each in a process of its own, with one cache."""

    def __init__(self) -> None:
        self.cache = MemoryCodeCache()

    def workspace(
        self,
        files: Mapping[str, str],
        *,
        links: Mapping[str, str] | None = None,
        mapping: Mapping[str, str] | None = None,
        repositories: tuple[Repository, ...] = (OTHER,),
        rules: Mapping[str, RuleClass] = RULES,
        surroundings: str = "here",
    ) -> LoadingWorkspace:
        names = bzl_names(print_handler=lambda text, place: None, source_line=lambda file, line: None)
        made = LoadingWorkspace(
            files,
            links=links,
            mapping={"other": "other+", **(mapping or {})},
            repositories=repositories,
            rules=rules,
            bzl_names={**names},
            cache=self.cache,
            surroundings=surroundings,
            rule_digest=ValueDigests(without=frozenset({"implementation"})).of,
        )
        made.files.files["/other/BUILD.bazel"] = b""
        made.files.files["/other/m.bzl"] = b'def macro():\n    native.files(name = "x", srcs = [Label("@dep//:f")])\n'
        return made


def is_kept(package: Package) -> bool:
    return isinstance(package.targets, PackedTargets)


def shown(package: Package) -> dict[str, object]:
    """Everything that a package says; rule classes, which are others in each process, by file and name."""
    told: dict[str, object] = {}
    for field in fields(package):
        if field.name != "targets":
            told[field.name] = repr(getattr(package, field.name))
    told["sketches"] = [(name, one.fingerprint, one.is_group, str(one.rule)) for name, one in package.sketches()]
    for name, target in package.targets.items():
        assert sketch_of(target) == dict(package.sketches())[name]
        for field in fields(target):
            value = getattr(target, field.name)
            if isinstance(value, RuleClass):
                value = (value.defined_in, value.name)
            told[f"{name}.{field.name}"] = repr(value)
        told[f"{name}.kind"] = target.kind
    return told


def after(change: Mapping[str, str | None], before: Mapping[str, str]) -> dict[str, str]:
    merged: dict[str, str | None] = {**before, **change}
    return {path: text for path, text in merged.items() if text is not None}


def test_a_package_is_what_it_was() -> None:
    commands = Commands()
    evaluated = commands.workspace(FILES).load("p")
    again = commands.workspace(FILES)
    kept = again.load("p")
    assert not is_kept(evaluated)
    assert is_kept(kept)
    assert shown(kept) == shown(evaluated)
    assert list(kept.targets) == list(evaluated.targets)
    assert kept.fingerprint() == evaluated.fingerprint()
    for name, target in kept.targets.items():
        if isinstance(target, RuleTarget):
            known = again.loader.bzl.load(target.rule_class.defined_in).globals if target.rule_class.defined_in else {}
            value = known.get(target.rule_class.name)
            expected = RULES.get(target.rule_class.name) if value is None else value.rule_class
            assert target.rule_class is expected, name


def test_a_target_is_one_object() -> None:
    commands = Commands()
    commands.workspace(FILES).load("p")
    targets = commands.workspace(FILES).load("p").targets
    assert targets["plain"] is targets.get("plain")
    assert list(targets.values()) == [targets[name] for name in targets]
    assert "nobody" not in targets
    assert targets.get("nobody") is None
    with pytest.raises(KeyError):
        targets["nobody"]


def test_the_memo_knows_what_a_kept_package_depends_on() -> None:
    build = 'load("//macros:m.bzl", "m")\nm()'
    bzl = 'def m():\n    native.files(name = "f", srcs = native.glob(["*.txt"], allow_empty = True))'
    files = {"p/BUILD.bazel": build, "q/BUILD.bazel": build, "macros/BUILD.bazel": "", "macros/m.bzl": bzl}
    commands = Commands()
    records = []
    for _ in range(2):
        workspace = commands.workspace(files)
        workspace.load("q")
        workspace.load("p")
        records.append(workspace.memo.record_of(PackageKey(PackageId("", "p"))))
    assert records[0].fingerprint == records[1].fingerprint
    assert set(records[0].dependencies) == set(records[1].dependencies)


@pytest.mark.parametrize(
    "change",
    [
        {"p/BUILD.bazel": BUILD + 'files(name = "new")\n'},
        {"p/BUILD.bazel": "\n" + BUILD},
        {"macros/defs.bzl": MACROS.replace('"_b"', '"_c"')},
        {"p/c.txt": ""},
        {"p/b.txt": None},
        {"p/a.txt": None},
        {"p/exported.txt": None, "p/exported.txt/x": ""},
        {"REPO.bazel": 'repo(default_deprecation = "old")'},
        {"REPO.bazel": 'repo(default_testonly = True, features = ["more"])'},
    ],
    ids=["target", "line", "macro", "found", "not-found", "named", "exported", "deprecation", "testonly"],
)
def test_what_a_package_depends_on_makes_it_anew(change: Mapping[str, str | None]) -> None:
    commands = Commands()
    commands.workspace(FILES).load("p")
    changed = after(change, FILES)
    found = commands.workspace(changed).load("p")
    assert not is_kept(found)
    assert shown(found) == shown(Commands().workspace(changed).load("p"))
    assert is_kept(commands.workspace(changed).load("p"))


@pytest.mark.parametrize(
    "change",
    [
        {"p/unrelated/x.txt": ""},
        {"q/BUILD.bazel": ""},
        {"macros/more.bzl": "X = 1"},
    ],
    ids=["unlisted", "elsewhere", "not-loaded"],
)
def test_what_a_package_never_asked_for_does_not_matter(change: Mapping[str, str]) -> None:
    files = {**FILES, "p/unrelated/y.txt": ""}
    commands = Commands()
    commands.workspace(files).load("p")
    assert is_kept(commands.workspace({**files, **change}).load("p"))


def test_a_file_behind_a_loaded_one_counts() -> None:
    files = {
        "p/BUILD.bazel": 'load(":a.bzl", "m")\nm()',
        "p/a.bzl": 'load(":b.bzl", "NAME")\ndef m():\n    native.files(name = NAME)',
        "p/b.bzl": 'NAME = "one"',
    }
    commands = Commands()
    commands.workspace(files).load("p")
    assert list(commands.workspace({**files, "p/b.bzl": 'NAME = "two"'}).load("p").targets) == ["two"]


RULE = """
load(":more.bzl", "DEFAULT")
visibility("public")

def helper():
    return []

def _impl(ctx):
    return helper()

def _start(**kwargs):
    return kwargs

own = rule(implementation = _impl, attrs = {"text": attr.string(default = DEFAULT), "deps": attr.label_list()})
started = rule(implementation = _impl, initializer = _start)
WORD = "word"
"""
RULE_FILES = {
    "p/BUILD.bazel": 'load("//m:r.bzl", "own")\nown(name = "a", deps = [":b"])\nown(name = "b", text = "c")\n',
    "m/BUILD.bazel": "",
    "m/r.bzl": RULE,
    "m/more.bzl": 'DEFAULT = "d"',
}


@pytest.mark.parametrize(
    "rule",
    [
        RULE.replace("return []", "return [1][1:]"),
        RULE.replace("return helper()", "return []"),
        "# so\n\n" + RULE,
        RULE.replace('"word"', '"other"'),
        RULE + "def new():\n    pass\n",
        RULE.replace('DEFAULT = "d"', 'DEFAULT = str("d")'),
    ],
)
def test_functions_that_run_later_do_not_matter(rule: str) -> None:
    commands = Commands()
    commands.workspace(RULE_FILES).load("p")
    changed = {**RULE_FILES, "m/r.bzl": rule}
    workspace = commands.workspace(changed)
    found = workspace.load("p")
    assert is_kept(found)
    assert shown(found) == shown(Commands().workspace(changed).load("p"))
    fresh = Commands().workspace(changed)
    fresh.load("p")
    key = PackageKey(PackageId("", "p"))
    assert {*fresh.memo.record_of(key).dependencies} == {*workspace.memo.record_of(key).dependencies}


@pytest.mark.parametrize(
    "change",
    [
        {"m/more.bzl": 'DEFAULT = "e"'},
        {"m/r.bzl": RULE.replace("attr.label_list()", "attr.label_list(allow_files = True)")},
        {"m/r.bzl": RULE.replace("attr.label_list()", 'attr.label_list(), "new": attr.label(default = ":x")')},
        {"m/r.bzl": RULE.replace("own = rule(", "own = rule(provides = [DefaultInfo], ")},
        {"m/r.bzl": RULE.replace('"DEFAULT")', '"DEFAULT")\nload(":again.bzl", "X")'), "m/again.bzl": "X = 1"},
        {"m/r.bzl": RULE.replace('"public"', '["//p"]')},
    ],
    ids=["default", "files", "attribute", "provides", "loads", "visibility"],
)
def test_what_rules_say_of_their_targets_matters(change: Mapping[str, str]) -> None:
    commands = Commands()
    commands.workspace(RULE_FILES).load("p")
    changed = {**RULE_FILES, **change}
    found = commands.workspace(changed).load("p")
    assert not is_kept(found)
    assert shown(found) == shown(Commands().workspace(changed).load("p"))


@pytest.mark.parametrize(
    "build",
    [
        'load("//m:r.bzl", "own", "WORD")\nown(name = "a")\n',
        'load("//m:r.bzl", "started")\nstarted(name = "a")\n',
        'load("//m:r.bzl", "own")\nload("//m:r.bzl", "helper")\nown(name = "a")\n',
        'load("//m:through.bzl", "own")\nown(name = "a")\n',
    ],
    ids=["value", "initializer", "function", "through"],
)
def test_all_of_a_file_counts_of_which_more_is_named(build: str) -> None:
    through = 'load(":r.bzl", _own = "own")\nown = _own\n'
    files = {**RULE_FILES, "p/BUILD.bazel": build, "m/through.bzl": through}
    commands = Commands()
    commands.workspace(files).load("p")
    assert is_kept(commands.workspace(files).load("p"))
    assert not is_kept(commands.workspace({**files, "m/r.bzl": RULE.replace("[]", "[1]")}).load("p"))


def test_a_rule_that_is_gone_is_missed() -> None:
    commands = Commands()
    commands.workspace(RULE_FILES).load("p")
    with pytest.raises(VenvshipError, match="own"):
        commands.workspace({**RULE_FILES, "m/r.bzl": RULE.replace("own =", "other =")}).load("p")
    with pytest.raises(VenvshipError):
        commands.workspace({**RULE_FILES, "m/r.bzl": RULE.replace('"public"', '["//nobody"]')}).load("p")


def test_a_new_package_below_takes_its_files_out_of_globs() -> None:
    files = {"p/BUILD.bazel": 'files(name = "f", srcs = glob(["**/*.txt"]))', "p/d/e/x.txt": "", "p/y.txt": ""}
    commands = Commands()
    assert "d/e/x.txt" in commands.workspace(files).load("p").targets
    assert is_kept(commands.workspace(files).load("p"))
    assert "d/e/x.txt" not in commands.workspace({**files, "p/d/BUILD.bazel": ""}).load("p").targets
    assert "d/e/x.txt" not in commands.workspace({**files, ".bazelignore": "p/d"}).load("p").targets


def test_a_link_counts_by_where_it_leads() -> None:
    # Both directories have the same entries; a link that leads back to where it is is not looked through.
    build = 'files(name = "f", srcs = glob(["d/**/*.txt"]))'
    files = {"p/BUILD.bazel": build, "p/d/x.txt": "", "p/e/x.txt": ""}
    commands = Commands()
    for _ in range(2):
        found = commands.workspace(files, links={"p/d/link": "p/d", "p/e/link": "p/e"}).load("p")
        assert list(found.targets) == ["f", "d/x.txt"]
    assert is_kept(found)
    found = commands.workspace(files, links={"p/d/link": "p/e", "p/e/link": "p/e"}).load("p")
    assert list(found.targets) == ["f", "d/link/x.txt", "d/x.txt"]


def test_names_of_repositories_count_where_a_text_stands() -> None:
    files = {"p/BUILD.bazel": 'load("@other//:m.bzl", "macro")\nmacro()\nfiles(name = "y", srcs = ["@dep//:f"])'}

    def sources(commands: Commands, *, here: str, there: str) -> list[str]:
        other = Repository("other+", {"": "other+", "dep": there}, root="/other")
        loaded = commands.workspace(files, mapping={"dep": here}, repositories=(other,)).load("p")
        return [str(target.attributes["srcs"][0]) for target in loaded.rules()]  # type: ignore[index]

    commands = Commands()
    assert sources(commands, here="a", there="b") == ["@@b//:f", "@@a//:f"]
    assert sources(commands, here="a", there="c") == ["@@c//:f", "@@a//:f"]
    assert sources(commands, here="d", there="c") == ["@@c//:f", "@@d//:f"]


def test_another_program_of_ours_makes_packages_anew() -> None:
    commands = Commands()
    commands.workspace(FILES).load("p")
    assert not is_kept(commands.workspace(FILES, surroundings="elsewhere").load("p"))


def test_what_a_build_file_prints_is_said_each_time() -> None:
    files = {"p/BUILD.bazel": 'load(":m.bzl", "m")\nm()', "p/m.bzl": 'def m():\n    print("hello")'}
    commands = Commands()
    for _ in range(3):
        workspace = commands.workspace(files)
        workspace.load("p")
        assert workspace.printed == ["p/m.bzl:2:10: hello"]


def test_what_is_wrong_is_said_each_time() -> None:
    commands = Commands()
    broken = {"p/BUILD.bazel": 'files(name = "a", srcs = 1)'}
    assert {commands.workspace(broken).problems("p") for _ in range(3)} != {""}
    commands.workspace(FILES).load("p")
    lost = after({"macros/defs.bzl": "def pair():\n    x ="}, FILES)
    assert "macros/defs.bzl:2" in commands.workspace(lost).problems("p")


def test_a_rule_is_found_by_the_name_that_it_was_given_first() -> None:
    bzl = "def _impl(ctx):\n    pass\nfirst = rule(implementation = _impl)\nsecond = first\nboth = struct(one = second)"
    files = {
        "p/x.bzl": bzl,
        "p/BUILD.bazel": 'load(":x.bzl", "both", r = "second")\nr(name = "a")\nboth.one(name = "b")',
    }
    commands = Commands()
    once = commands.workspace(files).load("p")
    kept = commands.workspace(files).load("p")
    assert is_kept(kept)
    assert shown(kept) == shown(once)


def test_a_rule_that_no_global_names_is_not_kept() -> None:
    # Nor is it mistaken for the rule of ours that has its name.
    bzl = "def _impl(ctx):\n    pass\ndef t(name):\n    testing.analysis_test(name = name, implementation = _impl)"
    files = {"p/x.bzl": bzl, "p/BUILD.bazel": 'load(":x.bzl", "t")\nt(name = "check_test")'}
    commands = Commands()
    for _ in range(2):
        found = commands.workspace(files).load("p")
        assert list(found.targets) == ["check_test"]
        assert not is_kept(found)


def test_rules_of_ours_that_have_another_name_are_not_kept() -> None:
    commands = Commands()
    rules = {"alias_of_files": RULES["files"]}
    files = {"p/BUILD.bazel": 'alias_of_files(name = "a")'}
    for _ in range(2):
        assert not is_kept(commands.workspace(files, rules=rules).load("p"))
