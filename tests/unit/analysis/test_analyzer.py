from __future__ import annotations

import pytest
from analysis_workspace import DEFS, LINUX, AnalysisWorkspace, Dist, ValueHub

from venvship.analysis.action_graph import ActionGraph
from venvship.analysis.rule_context import RuleContext
from venvship.errors import EnvironmentProblem, SeveralErrors, VenvshipError
from venvship.loading.rule_class import RuleClass
from venvship.model.configuration import DEP_GROUP, PYTHON_VERSION, Configuration
from venvship.model.platform import Platform
from venvship.rules.python.providers import PyInfo, PyWheelsInfo, VirtualenvInfo


def files_of(workspace: AnalysisWorkspace, label: str, configuration: Configuration = LINUX) -> list[str]:
    return [file.exec_path for file in workspace.one(label, configuration).default_info.files.to_tuple()]


def test_a_select_takes_the_branch_of_the_target_platform() -> None:
    build = """
filegroup(name = "f", srcs = select({
    "@platforms//os:linux": ["linux.txt"],
    "@platforms//os:macos": ["macos.txt"],
}) + ["both.txt"])
"""
    workspace = AnalysisWorkspace({"BUILD": build, "linux.txt": "", "macos.txt": "", "both.txt": ""})
    assert files_of(workspace, "//:f") == ["linux.txt", "both.txt"]
    mac = Configuration(Platform.parse("macos_arm64"))
    assert files_of(workspace, "//:f", mac) == ["macos.txt", "both.txt"]


def test_the_more_special_condition_wins() -> None:
    build = """
config_setting(name = "opt", values = {"compilation_mode": "opt"})
config_setting(name = "opt_linux", values = {"compilation_mode": "opt"}, constraint_values = ["@platforms//os:linux"])
filegroup(name = "f", srcs = select({":opt": ["a"], ":opt_linux": ["b"], "//conditions:default": ["c"]}))
"""
    workspace = AnalysisWorkspace({"BUILD": build, "a": "", "b": "", "c": ""})
    assert files_of(workspace, "//:f") == ["c"]
    assert files_of(workspace, "//:f", LINUX.with_options({"compilation_mode": "opt"})) == ["b"]


def test_a_condition_may_be_asked_for_by_itself_in_any_order() -> None:
    build = """
config_setting(name = "opt", values = {"compilation_mode": "opt"})
filegroup(name = "f", srcs = select({":opt": ["a"], "//conditions:default": ["b"]}))
"""
    for order in (["//:opt", "//:f"], ["//:f", "//:opt"]):
        workspace = AnalysisWorkspace({"BUILD": build, "a": "", "b": ""})
        assert [str(target.label) for target in workspace.analyze(*order)] == order


def test_conditions_that_do_not_decide_are_named() -> None:
    build = """
config_setting(name = "x", define_values = {"x": "1"})
config_setting(name = "y", define_values = {"y": "1"})
filegroup(name = "f", srcs = select({":x": ["a"], ":y": ["b"]}))
"""
    workspace = AnalysisWorkspace({"BUILD": build, "a": "", "b": ""})
    problem = workspace.problems("//:f")
    assert "no condition holds" in problem and "//:x" in problem and "BUILD:4" in problem
    both = LINUX.with_options({"define:x": "1", "define:y": "1"})
    try:
        workspace.analyze("//:f", configuration=both)
    except Exception as error:
        assert "several conditions hold" in str(error)
    else:
        raise AssertionError("ambiguous conditions were accepted")


def test_a_condition_may_be_asked_for_beside_what_depends_on_it() -> None:
    build = """
config_setting(name = "opt", values = {"compilation_mode": "opt"}, constraint_values = ["@platforms//os:linux"])
filegroup(name = "f", srcs = select({":opt": ["a"], "//conditions:default": ["b"]}))
"""
    for labels in (("//:opt", "//:f"), ("//:f", "//:opt")):
        workspace = AnalysisWorkspace({"BUILD": build, "a": "", "b": ""})
        assert [str(target.label) for target in workspace.analyze(*labels)] == list(labels)


def test_a_missing_target_is_reported_with_the_chain_that_leads_to_it() -> None:
    workspace = AnalysisWorkspace(
        {
            "BUILD": 'filegroup(name = "top", srcs = ["//a:mid"])',
            "a/BUILD": 'filegroup(name = "mid", srcs = ["//b:nope"], visibility = ["//visibility:public"])',
            "b/BUILD": 'filegroup(name = "none")',
        }
    )
    problem = workspace.problems("//:top")
    assert "`//b:nope`" in problem
    assert "needed by `//a:mid` (attribute `srcs`)" in problem
    assert "needed by `//:top` (attribute `srcs`)" in problem
    assert "none" in problem


def test_all_problems_are_reported_at_once_and_keep_going_analyses_the_rest() -> None:
    workspace = AnalysisWorkspace(
        {
            "a/BUILD": 'filegroup(name = "a", srcs = ["//x:x"])\n'
            'filegroup(name = "b", srcs = ["//y:y"])\nfilegroup(name = "c")',
        }
    )
    problem = workspace.problems("//a:a", "//a:b", "//a:c")
    assert "//x" in problem and "//y" in problem
    assert [str(target.label) for target in workspace.analyze("//a:a", "//a:c", keep_going=True)] == ["//a:c"]
    assert len(workspace.analyzer.errors) == 1


def test_a_cycle_is_shown_as_a_path() -> None:
    build = "\n".join(f'filegroup(name = "{name}", srcs = [":{other}"])' for name, other in ("ab", "bc", "ca"))
    circle = "BUILD:1:10: cycle in the dependency graph:\n.-> //:a\n|   //:b\n|   //:c\n`-- //:a\n"
    assert f"{circle}\nhint" in AnalysisWorkspace({"BUILD": build}).problems("//:a")
    user = AnalysisWorkspace({"BUILD": build + '\nfilegroup(name = "user", srcs = [":a"])'}).problems("//:user")
    assert f"{circle}  needed by `//:user` (attribute `srcs`)\n" in user and "needed by `//:c`" not in user


def test_a_private_target_is_not_visible_elsewhere() -> None:
    workspace = AnalysisWorkspace(
        {
            "a/BUILD": 'filegroup(name = "a", srcs = ["//b:hidden", "//b:shown"])',
            "b/BUILD": 'filegroup(name = "hidden")\nfilegroup(name = "shown", visibility = ["//a:__pkg__"])',
        }
    )
    problem = workspace.problems("//a:a")
    assert "`//b:hidden` is not visible from package `//a`" in problem and "a/BUILD:1" in problem
    assert "shown" not in problem.replace("is shown", "")


def test_a_source_file_that_is_not_visible_is_to_be_exported() -> None:
    workspace = AnalysisWorkspace(
        {
            "a/BUILD": 'filegroup(name = "a", srcs = ["//b:used.txt", "//b:hidden"])',
            "b/BUILD": 'filegroup(name = "hidden", srcs = ["used.txt"])',
            "b/used.txt": "",
        }
    )
    problem = workspace.problems("//a:a")
    assert 'say `exports_files(["used.txt"], visibility = ["//a:__pkg__"])` in the BUILD file of `//b`' in problem
    assert 'add "//a:__pkg__" to the visibility of `//b:hidden`' in problem


def test_what_is_not_visible_hides_nothing_else() -> None:
    workspace = AnalysisWorkspace(
        {
            "top/BUILD": 'filegroup(name = "top", srcs = ["//a:a"])',
            "a/BUILD": 'filegroup(name = "a", srcs = ["//b:hidden", ":lost", "//b:gone"], '
            'visibility = ["//visibility:public"])',
            "b/BUILD": 'filegroup(name = "hidden")',
        }
    )
    problem = workspace.problems("//top:top")
    assert "a/BUILD:1:10: target `//b:hidden` is not visible from package `//a`" in problem
    chain = "  needed by `//a:a` (attribute `srcs`)\n  needed by `//top:top` (attribute `srcs`)\n"
    assert f"is [//visibility:private]\n{chain}" in problem
    assert "no such target `//a:lost`" in problem and "no such target `//b:gone`" in problem
    assert problem.count("is not visible") == 1


def test_all_conditions_of_a_choice_are_told_apart() -> None:
    workspace = AnalysisWorkspace(
        {
            "BUILD": 'filegroup(name = "a", srcs = select({":one": [], ":two": [], "//conditions:defualt": []}))\n'
            'config_setting(name = "ones", values = {"cpu": "x"})',
        }
    )
    problem = workspace.problems("//:a")
    assert "BUILD:1:10: no such target `//:one`" in problem and "did you mean `ones`?" in problem
    assert "BUILD:1:10: no such target `//:two`" in problem and "did you mean `//conditions:default`?" in problem
    assert problem.count("needed by `//:a` (attribute `srcs`)") == 3


def test_conditions_are_hidden_only_by_a_visibility_of_their_own() -> None:
    setting = 'config_setting(name = "{}", values = {{"compilation_mode": "fastbuild"}}{})\n'
    workspace = AnalysisWorkspace(
        {
            "a/BUILD": 'filegroup(name = "shown", srcs = select({"//b:shown": []}))\n'
            'filegroup(name = "hidden", srcs = select({"//b:hidden": []}))',
            "b/BUILD": 'package(default_visibility = ["//visibility:private"])\n'
            + setting.format("shown", "")
            + setting.format("hidden", ', visibility = ["//visibility:private"]'),
        }
    )
    assert workspace.problems("//a:shown") == ""
    assert "target `//b:hidden` is not visible from package `//a`" in workspace.problems("//a:hidden")


def test_package_groups_let_their_packages_in() -> None:
    workspace = AnalysisWorkspace(
        {
            "a/BUILD": 'filegroup(name = "a", srcs = ["//b:b"])',
            "b/BUILD": 'package_group(name = "friends", packages = ["//a/..."])\n'
            'filegroup(name = "b", visibility = [":friends"])',
        }
    )
    assert workspace.problems("//a:a") == ""


def test_groups_of_a_visibility_must_be_there() -> None:
    workspace = AnalysisWorkspace(
        {
            "a/BUILD": 'filegroup(name = "a", srcs = ["//b:lost", "//b:file", "//b:deep"])',
            "b/BUILD": 'package_group(name = "friends", includes = [":gone"])\n'
            'filegroup(name = "lost", visibility = [":friend", ":fiends"])\n'
            'filegroup(name = "file", visibility = [":lost", "//nowhere:__pkg__"])\n'
            'filegroup(name = "deep", visibility = [":friends"])',
        }
    )
    problem = workspace.problems("//a:a")
    assert "`//b:lost` names the package group `//b:friend`: " in problem
    assert "`//b:lost` names the package group `//b:fiends`: " in problem
    assert "b/BUILD:3:10: `//b:file` names the package group `//b:lost`: it is a filegroup rule" in problem
    assert "b/BUILD:1:14: `//b:friends` names the package group `//b:gone`: " in problem
    assert "nowhere" not in problem


def test_a_dependency_without_the_needed_provider_is_refused() -> None:
    workspace = AnalysisWorkspace({"BUILD": DEFS + 'filegroup(name = "f")\npy_library(name = "l", deps = [":f"])'})
    problem = workspace.problems("//:l")
    assert "`//:f` does not have the provider PyInfo" in problem and "BUILD:3" in problem


def test_a_file_of_the_wrong_kind_is_refused() -> None:
    workspace = AnalysisWorkspace({"BUILD": DEFS + 'py_library(name = "l", srcs = ["a.txt"])', "a.txt": ""})
    assert "`//:a.txt` is a file of the wrong kind (expected .py" in workspace.problems("//:l")


def test_only_tests_may_use_what_is_testonly() -> None:
    build = 'filegroup(name = "t", testonly = True)\nfilegroup(name = "f", srcs = [":t"])'
    assert "is testonly" in AnalysisWorkspace({"BUILD": build}).problems("//:f")


def test_two_targets_that_make_one_file_are_both_named() -> None:
    workspace = AnalysisWorkspace(
        {
            "BUILD": 'load(":x.bzl", "made")\nmade(name = "a", out = "x")\nmade(name = "b", out = "x/y")\n'
            'made(name = "c", tree = "t")\nmade(name = "d", out = "t/f")',
            "x.bzl": """
def _made(ctx):
    if ctx.attr.tree:
        o = ctx.actions.declare_directory(ctx.attr.tree)
        ctx.actions.run_shell(outputs = [o], command = "")
    else:
        o = ctx.actions.declare_file(ctx.attr.out)
        ctx.actions.write(o, "")
    return [DefaultInfo(files = depset([o]))]
made = rule(_made, attrs = {"out": attr.string(), "tree": attr.string()})
""",
        }
    )
    workspace.analyze("//:a", "//:b", "//:c", "//:d")
    with pytest.raises(SeveralErrors) as caught:
        workspace.graph()
    first, second = map(str, caught.value.errors)
    assert "BUILD:3:5: output `" in first and "x`, which is no directory" in first
    assert "FileWrite action of `//:a`, declared at BUILD:2:5" in first
    assert "FileWrite action of `//:b`, declared at BUILD:3:5" in first
    assert "t/f` lies below output `" in second and "t`, which one action fills" in second
    assert "  action of `//:c`, declared at BUILD:4:5" in second and "FileWrite action of `//:d`" in second


def test_an_alias_is_the_target_behind_it() -> None:
    workspace = AnalysisWorkspace(
        {"BUILD": 'alias(name = "other", actual = ":f")\nfilegroup(name = "f", srcs = ["a"])', "a": ""}
    )
    assert str(workspace.one("//:other").label) == "//:f"


def test_an_incompatible_target_says_so_and_passes_it_on() -> None:
    build = """
filegroup(name = "mac", target_compatible_with = ["@platforms//os:macos"])
filegroup(name = "above", srcs = [":mac"])
"""
    target = AnalysisWorkspace({"BUILD": build}).one("//:above")
    assert target.incompatible == ("`//:mac` is only compatible with `@@platforms//os:macos`",)


def test_a_target_is_analysed_once_for_each_configuration() -> None:
    workspace = AnalysisWorkspace({"BUILD": DEFS + 'py_library(name = "l", srcs = ["l.py"])', "l.py": ""})
    assert workspace.one("//:l") is workspace.one("//:l")
    assert workspace.one("//:l") is not workspace.one("//:l", LINUX.with_options({"define:x": "1"}))


def test_a_version_of_python_is_chosen_for_a_venv_and_all_below_it() -> None:
    hub = ValueHub([Dist("six")])
    build = DEFS + 'py_venv(name = "v", deps = ["@pypi//six"], python_version = "3.13")'
    venv = AnalysisWorkspace({"BUILD": build}, hub=hub).one("//:v")[VirtualenvInfo]
    assert venv.runtime.full_version == "3.13.4"
    [wheel] = venv.wheels.to_tuple()
    assert wheel.layout.site_packages.endswith("lib/python3.13/site-packages")


def test_a_dependency_group_chooses_other_versions() -> None:
    hub = ValueHub([Dist("six", "1.0")], groups={"new": [Dist("six", "2.0")]})
    workspace = AnalysisWorkspace({"BUILD": DEFS + 'py_library(name = "l", deps = ["@pypi//six"])'}, hub=hub)
    plain = workspace.one("//:l")[PyWheelsInfo].wheels.to_tuple()
    new = workspace.one("//:l", LINUX.with_options({DEP_GROUP: "new"}))[PyWheelsInfo].wheels.to_tuple()
    assert [f"{wheel.project} {wheel.version}" for wheel in (*plain, *new)] == ["six 1.0", "six 2.0"]


def test_distributions_that_need_each_other_come_together_and_once() -> None:
    hub = ValueHub([Dist("a", needs=("b",)), Dist("b", needs=("a", "c")), Dist("c")])
    workspace = AnalysisWorkspace({"BUILD": DEFS + 'py_library(name = "l", deps = ["@pypi//b"])'}, hub=hub)
    wheels = workspace.one("//:l")[PyWheelsInfo].wheels.to_tuple()
    assert [wheel.project for wheel in wheels] == ["c", "a", "b"]


def test_sources_and_imports_travel_upward_in_depsets() -> None:
    workspace = AnalysisWorkspace(
        {
            "a/BUILD": DEFS + 'py_library(name = "a", srcs = ["src/a.py"], imports = ["src"], deps = ["//b:b"])',
            "a/src/a.py": "",
            "b/BUILD": DEFS + 'py_library(name = "b", srcs = ["b.py"], visibility = ["//visibility:public"])',
            "b/b.py": "",
        }
    )
    target = workspace.one("//a:a")
    assert [file.exec_path for file in target[PyInfo].transitive_sources.to_tuple()] == ["b/b.py", "a/src/a.py"]
    assert target[PyInfo].imports.to_tuple() == ("_main", "_main/a/src")
    assert [file.exec_path for file in target.default_info.files.to_tuple()] == ["a/src/a.py"]
    assert PYTHON_VERSION.startswith("@")


_WRITING = """
def _w(ctx):
    out = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.write(out, ctx.label.name)
    return [DefaultInfo(files = depset([out]))]
w = rule(_w, attrs = {"out": attr.string()})
"""


@pytest.mark.parametrize(("first", "second"), [("x", "x"), ("x", "x/y")])
def test_outputs_in_conflict_are_told_with_the_places_of_both_targets(first: str, second: str) -> None:
    workspace = AnalysisWorkspace(
        {
            "x.bzl": _WRITING,
            "BUILD": f'load(":x.bzl", "w")\nw(name = "a", out = "{first}")\nw(name = "b", out = "{second}")\n'
            'w(name = "c", out = "z")\n',
        }
    )
    made = workspace.analyze("//:a", "//:b", "//:c")
    with pytest.raises(VenvshipError) as caught:
        workspace.graph()
    text = str(caught.value)
    assert text.startswith("BUILD:3:2: output ")
    assert "`//:a`, declared at BUILD:2:2" in text and "`//:b`, declared at BUILD:3:2" in text
    graph = ActionGraph.collected(made)
    assert sorted(map(str, graph.conflicting)) == ["//:a", "//:b"]
    assert [str(graph.place_of(action)) for action in made[2].actions] == ["BUILD:4:2"]


def test_files_that_load_each_other_are_told_with_the_statement_that_closes_the_circle() -> None:
    workspace = AnalysisWorkspace(
        {
            "a.bzl": 'load(":b.bzl", "b")\na = 1\n',
            "b.bzl": '"""Text."""\nload(":a.bzl", "a")\nb = 1\n',
            "BUILD": 'load(":a.bzl", "a")\n',
        }
    )
    problem = workspace.problems("//:t")
    assert problem.startswith("b.bzl:2:")
    assert "//:a.bzl" in problem and "//:b.bzl" in problem


def test_a_rule_with_the_name_of_its_output_is_built_with_a_warning() -> None:
    build = 'genrule(name = "{0}", outs = ["o.txt"], cmd = "")\n'
    told = AnalysisWorkspace({"BUILD": build.format("o.txt")}).one("//:o.txt").warnings
    assert told == (
        "BUILD:1:8: `//:o.txt`: is both a rule and a file, and means the rule; choose another name for one of them",
    )
    assert AnalysisWorkspace({"BUILD": build.format("o")}).one("//:o").warnings == ()


def test_what_a_rule_says_without_a_place_has_that_of_its_target_or_of_who_asked() -> None:
    def missing(ctx: RuleContext) -> list[object]:
        raise EnvironmentProblem(f"the compiler of {ctx.label.name} is missing")

    rule = RuleClass("compiled", implementation=missing)
    build = 'compiled(name = "a")\ncompiled(name = "b")\nfilegroup(name = "user", srcs = [":b"])\n'
    made = AnalysisWorkspace({"BUILD": build}, more_rules=[rule])
    with pytest.raises(SeveralErrors) as caught:
        made.analyze("//:a", "//:user")
    assert sorted(f"{error.place}: {error.message}" for error in caught.value.errors) == [
        "BUILD:1:9: the compiler of a is missing",
        "BUILD:3:10: the compiler of b is missing",
    ]
