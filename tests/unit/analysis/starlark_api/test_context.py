from __future__ import annotations

import pytest
from analysis_workspace import LINUX
from starlark_rules import implemented, printed, problem, ruled

from venvship.model.provider import DefaultInfo, RunEnvironmentInfo

DATA = '"data": attr.label_list(allow_files = True)'


def test_locations_are_expanded_among_dependencies_and_given_targets() -> None:
    lines = printed(
        """
        print(ctx.expand_location("$(location a.txt) $(rlocationpath a.txt) $(locations :f)"))
        print(ctx.expand_location("$(location :f)", ctx.attr.data), ctx.expand_location("x"))
        """,
        DATA,
        target='data = ["a.txt", ":f"]',
    )
    assert lines == ["a.txt _main/a.txt a.txt", "a.txt x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$(location :g", "unterminated `$(location`"),
        ("$(location :g)", "`$(location :g)` needs exactly one file"),
        ("$(location :nope)", "is not a dependency of this target"),
    ],
)
def test_locations_that_mean_nothing_are_refused(text: str, message: str) -> None:
    workspace = ruled(
        f'def _i(ctx):\n    ctx.expand_location("{text}", ctx.attr.data)\nr = rule(_i, attrs = {{{DATA}}})\n',
        'filegroup(name = "g", srcs = ["a.txt", "b.txt"])\nr(name = "t", data = [":g"])',
        a_txt="",
        b_txt="",
    )
    found = workspace.problems("//:t")
    assert message in found and "x.bzl:2:24" in found


def test_make_variables_come_from_the_command_line_and_from_toolchains() -> None:
    workspace = ruled(
        """
        def _vars(ctx):
            return [platform_common.TemplateVariableInfo({"V": "lent"})]
        lender = rule(_vars)
        def _impl(ctx):
            print(ctx.var["D"], ctx.var["COMPILATION_MODE"], ctx.var["V"])
            print(ctx.expand_make_variables("cmd", "$(D) $(V) $$x $(E)", {"E": "extra"}))
        r = rule(_impl)
        """,
        'load(":x.bzl", "lender")\nlender(name = "l")\nr(name = "t", toolchains = [":l"])',
    )
    workspace.one("//:t", LINUX.with_options({"define:D": "1", "compilation_mode": "opt"}))
    assert workspace.printed == ["1 opt lent", "1 lent $x extra"]
    assert "in attribute 'cmd': `$(NO)` is not defined" in problem('ctx.expand_make_variables("cmd", "$(NO)", {})')


def test_the_rest_of_the_context_is_there() -> None:
    lines = printed(
        """
        print(ctx.workspace_name, ctx.build_file_path, ctx.bin_dir.path == ctx.genfiles_dir.path, ctx.features)
        print(ctx.configuration.coverage_enabled, ctx.configuration.host_path_separator, ctx.coverage_instrumented())
        print(ctx.configuration.stamp_binaries())
        print(ctx.toolchains, ctx.tokenize("a 'b c'"), hasattr(ctx.file, "nope"), dir(ctx.executable))
        print(sorted(ctx.configuration.default_shell_env), ctx.configuration.test_env)
        """,
        target='features = ["a", "-b"]',
    )
    assert lines == [
        '_main BUILD True ["a"]',
        "False : False",
        "False",
        '<toolchain_context.resolved_labels: > ["a", "b c"] False []',
        '["PATH"] {}',
    ]


def test_toolchains_are_asked_for_by_type() -> None:
    bzl = """
    def _impl(ctx):
        print(ctx.toolchains["//:optional"], "//:optional" in ctx.toolchains, "//:other" in ctx.toolchains)
        ctx.toolchains["//:other"]
    r = rule(_impl, toolchains = [config_common.toolchain_type("//:optional", mandatory = False)])
    """
    workspace = ruled(bzl, 'toolchain_type(name = "optional")\nr(name = "t")')
    assert "toolchain type //:other was requested but only types [//:optional] are configured" in workspace.problems(
        "//:t"
    )
    assert workspace.printed == ["None True False"]


def test_a_constraint_is_asked_of_the_target_platform() -> None:
    workspace = ruled(
        """
        def _impl(ctx):
            for c in ctx.attr.cs:
                print(ctx.target_platform_has_constraint(c[platform_common.ConstraintValueInfo]))
        r = rule(_impl, attrs = {"cs": attr.label_list()})
        """,
        'r(name = "t", cs = ["@platforms//os:linux", "@platforms//os:macos"])',
    )
    workspace.one("//:t")
    assert workspace.printed == ["True", "False"]
    assert "takes a ConstraintValueInfo" in problem("ctx.target_platform_has_constraint(1)")


def test_a_build_setting_has_the_value_of_its_flag_or_its_default() -> None:
    bzl = """
    def _impl(ctx):
        print(ctx.build_setting_value)
    r = rule(_impl, build_setting = config.{}(flag = True))
    """
    text = ruled(bzl.format("string"), 'r(name = "t", build_setting_default = "d")')
    text.one("//:t")
    text.one("//:t", LINUX.with_options({"@@//:t": '"v"'}))
    assert text.printed == ["d", "v"]
    number = ruled(bzl.format("int"), 'r(name = "t", build_setting_default = 1)')
    number.one("//:t", LINUX.with_options({"@@//:t": "7"}))
    assert number.printed == ["7"]
    assert "of non-build setting //:t" in problem("print(ctx.build_setting_value)")
    missing = ruled(bzl.format("bool"), 'r(name = "t")').problems("//:t")
    assert "missing value for mandatory attribute 'build_setting_default'" in missing


def test_runfiles_are_joined_from_files_links_and_dependencies() -> None:
    workspace = ruled(
        """
        def _impl(ctx):
            own = ctx.runfiles(
                files = ctx.files.data, symlinks = {"l": ctx.files.data[0]} if ctx.files.data else {},
                root_symlinks = {"r": f for f in ctx.files.data}, collect_default = True)
            more = ctx.runfiles(transitive_files = depset(ctx.files.data)).merge(ctx.runfiles()).merge_all([own])
            print(own.files.to_list(), [(e.path, e.target_file.path) for e in more.symlinks.to_list()])
            print([e.path for e in more.root_symlinks.to_list()], more.empty_filenames.to_list())
            return [DefaultInfo(runfiles = more)]
        r = rule(_impl, attrs = {"data": attr.label_list(allow_files = True), "deps": attr.label_list()})
        """,
        'r(name = "d", data = ["b.txt"])\nr(name = "t", data = ["a.txt"], deps = [":d"])',
        a_txt="",
        b_txt="",
    )
    info = workspace.one("//:t")[DefaultInfo]
    assert [file.path for file in info.default_runfiles.files.to_tuple()] == ["a.txt", "b.txt"]
    assert workspace.printed[-2:] == [
        "[<source file a.txt>, <source file b.txt>]" + ' [("l", "b.txt"), ("l", "a.txt")]',
        '["r", "r"] []',
    ]
    for path in ("../../l", "/l", ""):
        told = problem(
            f'ctx.runfiles(symlinks = {{"{path}": ctx.file.s}})',
            '"s": attr.label(allow_single_file = True)',
            target='s = "a.txt"',
        )
        assert f"symlinks: `{path}` is no path of a runfiles tree" in told and "in target `//:t`" in told
    assert "symlinks: got dict<string, string>, want dict<string, File>" in problem(
        'ctx.runfiles(symlinks = {"a": "b"})'
    )
    assert "symlinks: got list, want dict or depset" in problem("ctx.runfiles(symlinks = [1])")


def test_the_environment_of_a_program_comes_from_its_rule() -> None:
    workspace = implemented('return [RunEnvironmentInfo(environment = {"A": "b"}, inherited_environment = ["HOME"])]')
    info = workspace.one("//:t").get(RunEnvironmentInfo)
    assert info is not None and info.environment == {"A": "b"} and info.inherited == ("HOME",)


def test_fragments_that_are_not_supported_are_refused_by_name() -> None:
    assert "configuration fragment 'java' is not supported" in problem("ctx.fragments.java")


def test_a_printed_line_of_an_implementation_is_passed_on() -> None:
    assert printed('print("hello", ctx.label)') == ["hello @@//:t"]


def test_aliases_show_the_target_they_stand_for() -> None:
    workspace = ruled(
        "def _impl(ctx):\n    print(ctx.attr.d.label, ctx.attr.d)\nr = rule(_impl, attrs = {'d': attr.label()})\n",
        'filegroup(name = "f")\nalias(name = "al", actual = ":f")\nr(name = "t", d = ":al")',
    )
    workspace.one("//:t")
    assert workspace.printed == ["@@//:f <target //:f>"]


def test_tools_bring_what_actions_need_that_run_them() -> None:
    made = ruled(
        """
def _tool(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(program, "", is_executable = True)
    return [DefaultInfo(executable = program, runfiles = ctx.runfiles(files = ctx.files.srcs))]
tool = rule(_tool, executable = True, attrs = {"srcs": attr.label_list(allow_files = True)})
def _r(ctx):
    inputs, manifests = ctx.resolve_tools(tools = [ctx.attr.tool, ctx.attr.plain])
    print(sorted([one.basename for one in inputs.to_list()]), manifests)
r = rule(_r, attrs = {"tool": attr.label(cfg = "exec"), "plain": attr.label(allow_files = True)})
""",
        'load(":x.bzl", "tool")\ntool(name = "p", srcs = ["a.txt"])\nr(name = "t", tool = ":p", plain = "b.txt")\n',
        a_txt="",
        b_txt="",
    )
    made.one("//:t")
    assert made.printed == ['["a.txt", "b.txt", "p"] []']


def test_the_platform_is_told_by_its_label() -> None:
    workspace = implemented("print(ctx.fragments.platform.platform, ctx.fragments.platform.host_platform)")
    workspace.one("//:t")
    workspace.one("//:t", LINUX.with_options({"platforms": "@@//p:mine"}))
    assert workspace.printed == ["@@platforms//host:host @@platforms//host:host", "@@//p:mine @@platforms//host:host"]


def test_what_older_rules_say_about_toolchains_and_aspects_is_accepted() -> None:
    made = ruled(
        "r = rule(lambda ctx: [], incompatible_use_toolchain_transition = True)\n",
        'r(name = "t", aspect_hints = [":g"])\nfilegroup(name = "g")\n',
    )
    assert made.one("//:t").label.name == "t"
