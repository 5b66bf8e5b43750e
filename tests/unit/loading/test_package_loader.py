from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from loading_workspace import LoadingWorkspace, package

from venvship.errors import Place
from venvship.loading.attributes import AttributeSpec, AttributeType, Select, labels_in
from venvship.loading.code_cache import MemoryCodeCache
from venvship.loading.implicit_outputs import OutputTemplates
from venvship.loading.label_values import InvisibleRepository
from venvship.loading.package import NoSuchTarget
from venvship.loading.package_builder import CrossesPackageBoundary
from venvship.loading.package_loader import NoSuchPackage, PackageKey
from venvship.loading.repositories import NoSuchRepository, Repository, TargetSpec
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import Generator, OutputFileTarget, PackageGroup, SourceFileTarget
from venvship.loading.visibility import PRIVATE, PUBLIC
from venvship.memo.computation import Cycle
from venvship.memo.keys import DirectoryEntries, FileContent
from venvship.model.label import Label, PackageId

P = PackageId("", "p")


def test_rules_become_targets_in_the_order_of_the_file() -> None:
    loaded = package('files(name = "b")\nfiles(name = "a", srcs = [":b"])').load("p")
    assert [(t.label.name, t.kind, t.place) for t in loaded.targets.values()] == [
        ("b", "files rule", Place("p/BUILD.bazel", 1, 6)),
        ("a", "files rule", Place("p/BUILD.bazel", 2, 6)),
    ]
    assert loaded.build_file == "p/BUILD.bazel"


def test_build_bazel_wins_over_build() -> None:
    workspace = LoadingWorkspace({"p/BUILD": 'files(name = "old")', "p/BUILD.bazel": 'files(name = "new")'})
    assert list(workspace.load("p").targets) == ["new"]


def test_a_file_named_by_a_rule_is_a_target_if_it_exists() -> None:
    workspace = package('files(name = "a", srcs = ["x.py", "gone.py", "d/y.py"])', {"x.py": "", "d/y.py": ""})
    files = [t for t in workspace.load("p").targets.values() if isinstance(t, SourceFileTarget)]
    assert [one.label.name for one in files] == ["x.py", "d/y.py"]


def test_a_file_that_a_default_names_is_a_target_where_the_default_counts() -> None:
    named = Label(P, "x.txt")
    rule = RuleClass("one", (AttributeSpec("src", AttributeType.LABEL, default=named, allow_files=True),))
    files = {"p/x.txt": "", "p/y.txt": ""}
    for given, found in (("", {"a", "x.txt"}), (', src = "y.txt"', {"a", "y.txt"})):
        workspace = LoadingWorkspace({"p/BUILD": f'one(name = "a"{given})', **files}, rules={"one": rule})
        assert set(workspace.load("p").targets) == found


def test_outputs_are_targets_that_know_their_rule() -> None:
    loaded = package('make(name = "m", outs = ["o", "d/o2"], visibility = ["//visibility:public"])').load("p")
    output = loaded.targets["d/o2"]
    assert isinstance(output, OutputFileTarget)
    assert (output.generating_rule, output.visibility) == (Label(P, "m"), PUBLIC)


def test_a_rule_may_bear_the_name_of_its_output() -> None:
    assert [t.kind for t in package('make(name = "o", outs = ["o"])').load("p").targets.values()] == ["make rule"]


def test_implicit_outputs_follow_their_templates() -> None:
    rule = RuleClass(
        "pair", implicit_outputs=OutputTemplates({"zip": "%{name}.zip", "text": "%{name}-%{deprecation}.txt"})
    )
    workspace = LoadingWorkspace({"p/BUILD": 'pair(name = "x", deprecation = "old")'}, rules={"pair": rule})
    assert list(workspace.load("p").targets) == ["x", "x.zip", "x-old.txt"]


def test_a_macro_declares_targets_at_the_place_of_its_call() -> None:
    workspace = package(
        'load(":defs.bzl", "both")\nboth(name = "n")',
        {"defs.bzl": 'def _one(name):\n    native.files(name = name)\n\ndef both(name):\n    _one(name + "1")\n'},
    )
    target = workspace.rule("p", "n1")
    assert target.place == Place("p/BUILD.bazel", 2, 5)
    assert target.generator == Generator("both", Place("p/defs.bzl", 2, 17))


def test_values_are_converted_and_none_means_the_default() -> None:
    target = package('values(name = "v", text = None, texts = ["x"], flag = 0, label = "//q")').rule("p", "v")
    assert dict(target.attributes) == {"texts": ("x",), "flag": False, "label": Label(PackageId("", "q"), "q")}
    assert (target.value("text"), target.value("number"), target.value("labels")) == ("a", 5, ())


def test_every_problem_of_a_file_is_reported_with_its_place() -> None:
    workspace = package(
        """\
files(name = "a", scrs = [])
files(name = "b", srcs = "x")
make(name = "c")
files(name = "d", srcs = ["//x:y:z"])
files(name = "d")
files(name = "d2", srcs = glob(["../*"]))
files(srcs = [])
files(name = "d2")
make(name = "e", outs = ["d2"])
values(name = "f", text = "z")
files(name = "g", visibility = ["//visibility:nobody"])
fail("no", 1)
"""
    )
    lines = [line for line in workspace.problems("p").splitlines() if line.startswith("p/")]
    assert lines == [
        "p/BUILD.bazel:1:6: //p:a: no such attribute 'scrs' in 'files' rule",
        "p/BUILD.bazel:2:6: //p:b: expected value of type 'list(label)' for attribute 'srcs' in 'files' rule, "
        'but got "x" (string)',
        "p/BUILD.bazel:3:5: //p:c: missing value for mandatory attribute 'outs' in 'make' rule",
        "p/BUILD.bazel:4:6: //p:d: invalid label `//x:y:z`: target name `y:z` contains a character that is not "
        "allowed (in element 0 of attribute 'srcs' in 'files' rule)",
        "p/BUILD.bazel:6:31: invalid glob pattern '../*': segment '..' not permitted",
        "p/BUILD.bazel:7:6: missing value for mandatory attribute 'name' in 'files' rule",
        "p/BUILD.bazel:8:6: files rule `//p:d2` conflicts with the files rule of the same name, declared at "
        "p/BUILD.bazel:6:6",
        "p/BUILD.bazel:9:5: generated file `//p:d2` conflicts with the files rule of the same name, declared at "
        "p/BUILD.bazel:6:6",
        "p/BUILD.bazel:10:7: //p:f: invalid value in 'text' attribute: has to be one of 'a' or 'b' instead of 'z'",
        "p/BUILD.bazel:11:6: //p:g: invalid visibility label '//visibility:nobody'",
        "p/BUILD.bazel:12:5: no 1",
    ]


def test_a_misspelt_attribute_gets_a_hint() -> None:
    assert "hint: did you mean `srcs`?" in package('files(name = "a", scrs = [])').problems("p")


def test_a_private_attribute_cannot_be_set() -> None:
    problems = package('make(name = "a", outs = ["o"], _tool = "x")').problems("p")
    assert "no such attribute '_tool' in 'make' rule" in problems


def test_positional_arguments_of_rules_are_refused() -> None:
    assert "unexpected positional arguments" in package('files("a")').problems("p")


def test_labels_may_not_reach_into_other_packages() -> None:
    workspace = package('files(name = "a", srcs = ["sub/f.txt"])', {"sub/BUILD": "", "sub/f.txt": ""})
    with pytest.raises(CrossesPackageBoundary) as caught:
        workspace.load("p")
    assert str(caught.value) == (
        "p/BUILD.bazel:1:6: label `//p:sub/f.txt` crosses the boundary of the package `//p/sub`\n\n"
        "hint: did you mean `//p/sub:f.txt`?"
    )


def test_a_target_of_a_label_is_found_or_explained() -> None:
    workspace = LoadingWorkspace(
        {
            "p/BUILD": 'files(name = "server"), files(name = "_server")',
            "p/f.txt": "",
            "p/s/BUILD": "",
            "p/s/g": "",
            "q/BUILD": "",
        }
    )
    assert workspace.loader.target(Label(P, "server")).kind == "files rule"
    with pytest.raises(NoSuchTarget) as caught:
        workspace.loader.target(Label(P, "sever"))
    assert str(caught.value) == (
        "no such target `//p:sever`: no rule or file `p/sever` of this name, declared in p/BUILD\n\n"
        "hint: did you mean `server`?"
    )
    for name, hint in {"_sever": "did you mean `_server` or `server`?", "x": "`venvship query //p:all` lists"}.items():
        with pytest.raises(NoSuchTarget) as caught:
            workspace.loader.target(Label(P, name))
        assert str(caught.value.hint).startswith(hint)
    with pytest.raises(NoSuchTarget) as caught:
        workspace.loader.target(Label(P, "f.txt"))
    assert 'hint: add `exports_files(["f.txt"])` to p/BUILD' in str(caught.value)
    with pytest.raises(CrossesPackageBoundary):
        workspace.loader.target(Label(P, "s/g"))


def test_a_missing_package_is_explained() -> None:
    workspace = LoadingWorkspace(
        {"libs/cache/BUILD": "", "libs/notes/readme": "", "skip/BUILD": "", ".bazelignore": "skip/\n"}
    )
    messages = {}
    for path in ("libs/cahce", "lib/cahce", "other/cache", "libs/notes", "skip"):
        with pytest.raises(NoSuchPackage) as caught:
            workspace.load(path)
        messages[path] = str(caught.value)
    assert messages == {
        "libs/cahce": "no such package `//libs/cahce`: there is no directory `libs/cahce`\n\n"
        "hint: did you mean `//libs/cache`?",
        "lib/cahce": "no such package `//lib/cahce`: there is no directory `lib/cahce`\n\n"
        "hint: did you mean `//libs/cache`?",
        "other/cache": "no such package `//other/cache`: there is no directory `other/cache`",
        "libs/notes": "no such package `//libs/notes`: there is no BUILD.bazel or BUILD file in `libs/notes`",
        "skip": "no such package `//skip`: `skip` is ignored by .bazelignore or REPO.bazel",
    }
    with pytest.raises(NoSuchRepository, match="no repository `@@gone`"):
        workspace.load("p", "gone")


def test_visibility_comes_from_the_target_or_the_package() -> None:
    workspace = package(
        """\
package(default_visibility = ["//app:__subpackages__"])
files(name = "a")
files(name = "b", visibility = ["//visibility:public"])
files(name = "c", visibility = ["//visibility:private"])
files(name = "d", visibility = [":group", "//x:__pkg__"])
exports_files(["e"])
exports_files(["f"], visibility = ["//visibility:private"])
package_group(name = "group", packages = ["//y/...", "-//y/z", "//w"], includes = ["//x:others"])
"""
    )
    targets = workspace.load("p").targets
    shown = {n: str(t.visibility) for n, t in targets.items() if not isinstance(t, PackageGroup)}
    assert shown == {
        "a": "[//app:__subpackages__]",
        "b": "[//visibility:public]",
        "c": "[//visibility:private]",
        "d": "[//x:__pkg__, //p:group]",
        "e": "[//visibility:public]",
        "f": "[//visibility:private]",
    }
    group = targets["group"]
    assert isinstance(group, PackageGroup)
    held = [path for path in ("y", "y/a", "y/z", "w", "w/a") if group.holds(PackageId("", path))]
    assert held == ["y", "y/a", "w"]
    assert group.includes == (Label(PackageId("", "x"), "others"),)


def test_nothing_is_visible_unless_somebody_says_so() -> None:
    assert package('files(name = "a")').rule("p", "a").visibility == PRIVATE


def test_defaults_of_the_package_reach_its_rules() -> None:
    target = package('package(default_testonly = True, default_deprecation = "old")\nfiles(name = "a")').rule("p", "a")
    assert (target.value("testonly"), target.value("deprecation")) == (True, "old")


def test_package_is_said_once() -> None:
    twice = "package(default_testonly = True)\n" * 2
    assert "'package' can only be used once" in package(twice).problems("p")


def test_existing_rules_show_what_was_declared() -> None:
    workspace = package(
        'files(name = "a", srcs = ["x", "//q:y"], tags = ["t"])\n'
        'r = existing_rule("a")\n'
        'print(r["kind"], r["srcs"], r["tags"], existing_rule("b"), existing_rules().keys())'
    )
    workspace.load("p")
    assert workspace.printed == ['p/BUILD.bazel:3:6: files (":x", "//q:y") ("t",) None ["a"]']


def test_the_package_tells_its_names() -> None:
    workspace = package("print(package_name(), repository_name(), repo_name(), module_name())")
    workspace.load("p")
    assert workspace.printed == ["p/BUILD.bazel:1:6: p @  None"]


def test_load_cycles_show_the_way_round() -> None:
    workspace = package('load(":x.bzl", "x")', {"x.bzl": 'load(":y.bzl", "y")', "y.bzl": 'load(":x.bzl", "x")'})
    with pytest.raises(Cycle) as caught:
        workspace.load("p")
    assert str(caught.value).splitlines()[1:] == ["    //p", ".-> //p:x.bzl", "|   //p:y.bzl", "`-- //p:x.bzl"]


@pytest.mark.parametrize(
    ("load", "message"),
    [
        ('load("x.bzl", "X")', "must start with `//`, `:` or `@`"),
        ('load(":x.txt", "X")', "must have the extension .bzl or .scl"),
        ('load(":gone.bzl", "X")', "no such file `p/gone.bzl`"),
        ('load("//q:x.bzl", "X")', "no such file `q/x.bzl`"),
        ('load("//r:x.bzl", "X")', "`r` is not a package"),
        ('load(":sub/x.bzl", "X")', "did you mean `//p/sub:x.bzl`"),
        ('load("@nowhere//:x.bzl", "X")', "no repository `@nowhere` is visible here"),
        ('load("@@nowhere//:x.bzl", "X")', "there is no repository `@@nowhere`"),
        ('load(":x.bzl", "_X")', "_X"),
        ('load(":x.bzl", "valeu")', "does not contain symbol 'valeu' (did you mean 'value'?)"),
    ],
)
def test_a_bad_load_is_refused_at_its_place(load: str, message: str) -> None:
    workspace = LoadingWorkspace(
        {"p/BUILD": load, "p/x.bzl": "value = 1\n_X = 2", "p/sub/BUILD": "", "p/sub/x.bzl": "X = 1", "r/x.bzl": "X = 1"}
    )
    problems = workspace.problems("p")
    assert message in problems
    assert problems.startswith("p/BUILD:1:")


def test_all_that_loads_miss_is_reported_at_once() -> None:
    workspace = package(
        'load(":x.bzl", "one", "value", "two")\nload(":gone.bzl", "three")\nload(":x.bzl", "four")\n'
        "files(name = three, srcs = fourr)",
        {"x.bzl": "value = 1"},
    )
    told = [line for line in workspace.problems("p").splitlines() if line.startswith("p/")]
    assert told == [
        "p/BUILD.bazel:1:6: file ':x.bzl' does not contain symbol 'one'",
        "p/BUILD.bazel:1:6: file ':x.bzl' does not contain symbol 'two'",
        "p/BUILD.bazel:2:6: cannot load `//p:gone.bzl`: no such file `p/gone.bzl`",
        "p/BUILD.bazel:3:6: file ':x.bzl' does not contain symbol 'four'",
        "p/BUILD.bazel:4:28: name 'fourr' is not defined (did you mean 'four'?)",
    ]


def test_problems_of_targets_that_macros_make_tell_the_macro() -> None:
    workspace = package(
        'load(":x.bzl", "outer")\nouter(name = "a")\nfiles(name = "b", scrs = [])',
        {"x.bzl": "def outer(name):\n    inner(name)\n\ndef inner(name):\n    native.files(name = name, scrs = [])\n"},
    )
    first, _, rest = workspace.problems("p").partition("\n\n")
    assert first == (
        "p/BUILD.bazel:2:6: //p:a: no such attribute 'scrs' in 'files' rule\n  in macro `outer`, at p/x.bzl:5:17"
    )
    assert "p/BUILD.bazel:3:6: //p:b: " in rest and "macro" not in rest


def test_no_output_lies_below_another_one() -> None:
    workspace = package(
        'make(name = "a", outs = ["x/y/z", "w"])\nmake(name = "b", outs = ["x"])\nmake(name = "c", outs = ["w/v"])'
    )
    told = [line for line in workspace.problems("p").splitlines() if line.startswith("p/")]
    assert told == [
        "p/BUILD.bazel:1:5: output `//p:x/y/z` of `//p:a` lies below output `//p:x` of `//p:b`, "
        "declared at p/BUILD.bazel:2:5",
        "p/BUILD.bazel:3:5: output `//p:w/v` of `//p:c` lies below output `//p:w` of `//p:a`, "
        "declared at p/BUILD.bazel:1:5",
    ]


def test_files_that_nobody_names_are_near_misses_too() -> None:
    workspace = package('files(name = "a")', {"main.py": "", "sub/other.py": ""})
    for name, meant in (("mian.py", "main.py"), ("sub/otter.py", "sub/other.py")):
        with pytest.raises(NoSuchTarget) as caught:
            workspace.loader.target(Label(PackageId("", "p"), name))
        assert caught.value.hint == f"did you mean `{meant}`?"


def test_a_broken_file_is_reported_once_with_the_way_to_it() -> None:
    workspace = package(
        'load(":x.bzl", "x")\nload(":y.bzl", "y")',
        {"x.bzl": 'load(":y.bzl", "y")\nx = y', "y.bzl": "y = 1 // 0"},
    )
    for _ in range(2):
        assert workspace.problems("p") == (
            "p/y.bzl:1:7: integer division by zero\n  loaded from p/x.bzl:1:6\n  loaded from p/BUILD.bazel:1:6"
        )


def test_all_broken_files_are_reported() -> None:
    workspace = package('load(":x.bzl", "x")\nload(":y.bzl", "y")', {"x.bzl": "x = 1 // 0", "y.bzl": "def"})
    places = [line.partition(" ")[0] for line in workspace.problems("p").splitlines() if line.startswith("p/")]
    assert places == ["p/x.bzl:1:7:", "p/y.bzl:1:4:"]


@pytest.mark.parametrize(
    ("visibility", "allowed"),
    [
        ('"public"', True),
        ('["//p"]', True),
        ('["//..."]', True),
        ('["//q/...", "//p/sub"]', False),
        ('"private"', False),
        ("[]", False),
    ],
)
def test_a_file_says_who_may_load_it(visibility: str, allowed: bool) -> None:
    workspace = LoadingWorkspace(
        {
            "p/BUILD": 'load("//q:x.bzl", "X")',
            "q/BUILD": 'load(":x.bzl", "X")',
            "q/x.bzl": f"visibility({visibility})\nX = 1",
        }
    )
    workspace.load("q")
    refusal = "p/BUILD:1:6: `//q:x.bzl` may not be loaded from package `//p`"
    assert workspace.problems("p").partition("\n")[0] == ("" if allowed else refusal)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("visibility([1])", "takes strings"),
        ('visibility("//p:x")', "it names a target"),
        ('visibility("-//p")', "does not take negative"),
        ('visibility("public")\nvisibility("public")', "only once, first at p/x.bzl:1:11"),
    ],
)
def test_a_wrong_load_visibility_is_refused(text: str, message: str) -> None:
    assert message in package('load(":x.bzl", "X")', {"x.bzl": f"{text}\nX = 1"}).problems("p")


def test_a_repository_that_nobody_sees_matters_only_to_those_who_need_it() -> None:
    workspace = package('files(name = "a", srcs = ["@pipy//six"])\nfiles(name = "b")')
    srcs = workspace.rule("p", "a").value("srcs")
    assert not isinstance(srcs, Select)
    [label] = labels_in(srcs)
    with pytest.raises(InvisibleRepository) as caught:
        workspace.loader.target(label)
    assert str(caught.value) == (
        "no repository `@pipy` is visible in this workspace\n\nhint: add a `bazel_dep` or `use_repo` to MODULE.bazel"
    )


def test_loaded_names_are_not_exported_again() -> None:
    workspace = package('load(":y.bzl", "a")', {"y.bzl": 'load(":z.bzl", "a")', "z.bzl": "a = 1"})
    assert "does not contain symbol 'a'" in workspace.problems("p")


def test_loaded_values_never_change() -> None:
    workspace = package('load(":x.bzl", "L")\nL.append(1)', {"x.bzl": "L = []"})
    assert "trying to mutate a frozen list value" in workspace.problems("p")


def test_a_file_is_evaluated_once_for_all_who_load_it() -> None:
    workspace = LoadingWorkspace(
        {
            "p/BUILD": 'load("//q:x.bzl", "X")',
            "q/BUILD": 'load(":x.bzl", "X")\nload(":y.bzl", "Y")',
            "q/x.bzl": 'print("once")\nX = 1',
            "q/y.bzl": 'load(":x.bzl", "X")\nY = X',
        }
    )
    assert workspace.load("p").loads == (Label(PackageId("", "q"), "x.bzl"),)
    assert [label.name for label in workspace.load("q").loads] == ["x.bzl", "y.bzl"]
    assert workspace.printed == ["q/x.bzl:1:6: once"]


def test_a_traceback_goes_through_macros() -> None:
    workspace = package('load(":x.bzl", "f")\nf(name = "a")', {"x.bzl": 'def f(name):\n    fail("boom", name)\n'})
    assert workspace.problems("p") == "p/x.bzl:2:9: boom a\n  in f\n  called from p/BUILD.bazel:2:2 in <toplevel>"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("R = rule(implementation = None)", "`rule()` is not supported yet"),
        ("A = attr.string()", "`attr.string` is not supported yet"),
        ("T = transition()", "`transition()` is not supported yet"),
        ("native.glob([])", "glob can only be used while a BUILD file is evaluated"),
    ],
)
def test_what_a_bzl_file_cannot_do_is_refused_by_name(text: str, problem: str) -> None:
    problems = package('load(":x.bzl", "X")', {"x.bzl": f"{text}\nX = 1"}).problems("p")
    assert problems.startswith("p/x.bzl:1:")
    assert problem in problems


def test_further_names_of_bzl_files_replace_those_that_are_refused() -> None:
    workspace = LoadingWorkspace(
        {"p/BUILD": 'load(":x.bzl", "X")', "p/x.bzl": "X = 1\nprint(attr)"}, bzl_names={"attr": "mine"}
    )
    workspace.load("p")
    assert workspace.printed == ["p/x.bzl:2:6: mine"]


class Wheels:
    """A hub of wheels: one package for each."""

    names: Sequence[str] = ("fastapi", "six")

    def package(self, path: str) -> Sequence[TargetSpec] | None:
        if path not in self.names:
            return None
        return [TargetSpec("files", path, {"srcs": ["//six:six"], "tags": ["wheel"]})]

    def package_paths(self) -> Iterable[str]:
        return self.names

    def source(self, path: str) -> bytes | None:
        return b'def requirement(name):\n    return Label("//" + name)\n' if path == "requirements.bzl" else None

    def source_paths(self) -> Iterable[str]:
        return ("requirements.bzl",)


def hub(text: str) -> LoadingWorkspace:
    wheels = Repository("hub", {"": "", "hub": "hub"}, generated=Wheels())
    return LoadingWorkspace({"p/BUILD": text}, mapping={"pypi": "hub"}, repositories=(wheels,))


def test_packages_may_come_without_files() -> None:
    workspace = hub("")
    target = workspace.load("fastapi", "hub").targets["fastapi"]
    assert str(target.label) == "@@hub//fastapi:fastapi"
    assert not isinstance(target, PackageGroup)
    assert target.visibility == PUBLIC
    assert [str(one) for one in workspace.loader.packages_below("hub")] == ["@@hub//fastapi", "@@hub//six"]
    with pytest.raises(NoSuchPackage) as caught:
        workspace.load("fastapj", "hub")
    assert str(caught.value).endswith("hint: did you mean `fastapi`?")


def test_made_repositories_may_have_bzl_files() -> None:
    workspace = hub('load("@pypi//:requirements.bzl", "requirement")\nfiles(name = "a", srcs = [requirement("six")])')
    assert workspace.rule("p", "a").value("srcs") == (Label(PackageId("hub", "six"), "six"),)


def test_built_in_modules_see_all_rules_and_others_do_not() -> None:
    files = {"p/BUILD": 'load("@rules//:defs.bzl", "lib")\nlib(name = "a")', "p/x.bzl": "X = _venvship"}
    rules = Repository("rules", {"": "", "rules": "rules"}, root="/w/.rules", is_builtin=True)
    workspace = LoadingWorkspace(
        {**files, ".rules/BUILD": "", ".rules/defs.bzl": "def lib(name):\n    _venvship.files(name = name)\n"},
        mapping={"rules": "rules"},
        repositories=(rules,),
    )
    assert workspace.rule("p", "a").kind == "files rule"
    refused = package('load(":x.bzl", "X")', {"x.bzl": "X = _venvship"})
    assert "'_venvship' is not defined" in refused.problems("p")


def test_a_misspelt_file_of_a_repository_without_files_names_the_nearest() -> None:
    refused = hub('load("@pypi//:requirement.bzl", "requirement")').problems("p")
    assert "no such file `@hub/requirement.bzl`" in refused and "did you mean `requirements.bzl`?" in refused


def test_packages_below_a_directory_are_sorted_and_skip_what_is_ignored() -> None:
    workspace = LoadingWorkspace(
        {
            "BUILD": "",
            ".bazelignore": "# generated\nnode_modules\n./third/party/\n",
            "node_modules/x/BUILD": "",
            "third/party/BUILD": "",
            "third/BUILD": "",
            "b/BUILD.bazel": "",
            "a/deep/er/BUILD": "",
            "a/deep/readme": "",
            "out/tree/BUILD": "",
        },
        links={"venvship-out": "out", "a/loop": "a", "a/up": "", "linked": "b"},
    )
    found = [one.path for one in workspace.loader.packages_below("")]
    assert found == ["", "a/deep/er", "b", "linked", "out/tree", "third"]
    assert [one.path for one in workspace.loader.packages_below("", "a")] == ["a/deep/er"]
    assert workspace.loader.packages_below("", "node_modules") == []


def test_a_package_exists_even_if_it_is_broken() -> None:
    loader = package("syntax error").loader
    assert loader.exists(P)
    assert not loader.exists(PackageId("", "q"))


def test_compiled_files_are_kept_and_give_the_same_targets() -> None:
    cache = MemoryCodeCache()
    files = {"p/BUILD": 'load(":x.bzl", "n")\nfiles(name = n)\nprint("here")', "p/x.bzl": 'n = "a"'}
    workspaces = [LoadingWorkspace(files, cache=cache) for _ in range(2)]
    assert [list(one.load("p").targets) for one in workspaces] == [["a"], ["a"]]
    assert [one.printed for one in workspaces] == [["p/BUILD:3:6: here"]] * 2


def test_what_a_package_was_made_from_is_recorded() -> None:
    workspace = package('load(":x.bzl", "X")\nfiles(name = "a", srcs = glob(["*.py"]))', {"x.bzl": "X = 1", "a.py": ""})
    workspace.load("p")
    keys = set(workspace.memo.record_of(PackageKey(P)).dependencies)
    assert {FileContent("/w/p/BUILD.bazel"), DirectoryEntries("/w/p")} <= keys
    observed = {key for key, _ in workspace.memo.observations()}
    assert FileContent("/w/p/x.bzl") in observed
    assert FileContent("/w/.bazelignore") in observed


def test_a_package_that_says_the_same_has_the_same_fingerprint() -> None:
    def fingerprint(text: str, bzl: str = "X = 1") -> str | None:
        workspace = package(f'load(":x.bzl", "X")\n{text}', {"x.bzl": bzl, "a.py": ""})
        workspace.load("p")
        return workspace.memo.record_of(PackageKey(P)).fingerprint

    base = fingerprint('make(name = "a", srcs = ["a.py"], outs = ["o"])')
    assert base is not None
    assert base == fingerprint('# moved\nmake(outs = ["o"], srcs = ["a.py"], name = "a")', "X = 2")
    assert base != fingerprint('make(name = "a", srcs = ["b.py"], outs = ["o"])')
    assert base != fingerprint('make(name = "a", srcs = ["a.py"], outs = ["p"])')
    assert base != fingerprint('make(name = "a", srcs = ["a.py"], outs = ["o"], visibility = [":__pkg__"])')


def test_a_package_depends_on_the_text_of_the_files_that_define_its_rules() -> None:
    file = Label(P, "rules.bzl")
    rule = RuleClass("mine", defined_in=file)

    def fingerprint(bzl: str) -> str | None:
        files = {
            "p/BUILD": 'load(":rules.bzl", "X")\nmine(name = "a")',
            "p/rules.bzl": 'load(":y.bzl", "Y")\nX = Y',
            "p/y.bzl": bzl,
        }
        workspace = LoadingWorkspace(files, rules={"mine": rule})
        workspace.load("p")
        return workspace.memo.record_of(PackageKey(P)).fingerprint

    assert fingerprint("Y = 1") == fingerprint("Y = 1")
    assert fingerprint("Y = 1") != fingerprint("Y = 2")


def test_files_that_load_each_other_without_end_are_refused() -> None:
    files = {f"p/f{n}.bzl": f'load(":f{n + 1}.bzl", _x = "x")\nx = _x' for n in range(500)}
    problems = LoadingWorkspace({"p/BUILD": 'load(":f0.bzl", "x")', **files}).problems("p")
    assert "files load each other more than 60 deep" in problems


def test_the_repository_gives_defaults_to_its_packages() -> None:
    workspace = LoadingWorkspace(
        {
            "REPO.bazel": "repo("
            'default_visibility = ["//:__subpackages__"], default_deprecation = "old", features = ["f"])',
            "p/BUILD": 'package(features = ["g"])\nfiles(name = "a")',
            "q/BUILD": 'package(default_visibility = ["//visibility:public"], default_deprecation = "")\n'
            'files(name = "a")',
        }
    )
    one, other = workspace.rule("p", "a"), workspace.rule("q", "a")
    assert (str(one.visibility), one.value("deprecation")) == ("[//:__subpackages__]", "old")
    assert (str(other.visibility), other.value("deprecation")) == ("[//visibility:public]", "")
    assert workspace.load("p").features.asked == ("f", "g")


def test_the_repository_ignores_directories_by_pattern() -> None:
    workspace = LoadingWorkspace(
        {
            "REPO.bazel": 'ignore_directories(["**/node_modules", "gen/*"])',
            "p/BUILD": 'print(glob(["**/*.js"]))',
            "p/a.js": "",
            "p/node_modules/x/b.js": "",
            "p/node_modules/x/BUILD": "",
            "gen/out/BUILD": "",
            "gen/BUILD": "",
        }
    )
    assert [one.path for one in workspace.loader.packages_below("")] == ["gen", "p"]
    workspace.load("p")
    assert workspace.printed == ['p/BUILD:1:6: ["a.js"]']
    assert "is ignored by" in workspace.problems("p/node_modules/x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("repo()\nrepo()", "can only be called once"),
        ('ignore_directories(["../x"])', "'..' not permitted"),
        ('repo(default_visibility = "x")', "expected value of type 'list(label)'"),
        ("files()", "'files' is not defined"),
    ],
)
def test_a_wrong_repo_file_is_refused(text: str, message: str) -> None:
    assert message in LoadingWorkspace({"REPO.bazel": text, "p/BUILD": ""}).problems("p")


def test_package_is_said_with_something() -> None:
    assert "at least one argument must be given to the 'package' function" in package("package()").problems("p")


def test_no_rule_makes_the_build_file() -> None:
    declared = 'make(name = "a", outs = ["BUILD.bazel"])'
    assert "generated file 'BUILD.bazel' in rule 'a' conflicts with the BUILD file" in package(declared).problems("p")
