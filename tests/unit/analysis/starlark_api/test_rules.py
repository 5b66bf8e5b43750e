from __future__ import annotations

import gc

import pytest
from analysis_workspace import AnalysisWorkspace
from starlark_rules import actions_of, implemented, names, printed, problem, ruled

from venvship.analysis.starlark_api.context import StarlarkContext
from venvship.model.action import WriteFile
from venvship.model.provider import DefaultInfo, OutputGroupInfo
from venvship.model.provider import TestInfo as InfoOfTest


def test_a_rule_sees_its_label_attributes_and_dependencies() -> None:
    lines = printed(
        "print(ctx.label.name, ctx.attr.words, ctx.attr.d.label.name, ctx.files.srcs, ctx.file.one.basename)",
        '"words": attr.string_list(default = ["q"]), "d": attr.label(), '
        '"srcs": attr.label_list(allow_files = True), "one": attr.label(allow_single_file = [".txt"])',
        target='d = ":f", srcs = ["a.txt", ":f"], one = "b.txt"',
    )
    assert lines == ['t ["q"] f [<source file a.txt>] b.txt']


def test_every_kind_of_attribute_has_its_kind_of_value() -> None:
    lines = printed(
        """
        a = ctx.attr
        print(a.s, a.i, a.b, a.sl, a.il, a.sd, a.sld)
        print([(t.label.name, v) for t, v in a.lkd.items()], [(k, t.label.name) for k, t in a.skd.items()])
        print(a.o.name, a.os[0].name, ctx.outputs.o.basename, [f.basename for f in ctx.outputs.os])
        print(a.name, a.tags, a.testonly, a.missing_label)
        for f in [ctx.outputs.o] + ctx.outputs.os:
            ctx.actions.write(f, "")
        """,
        '"s": attr.string(), "i": attr.int(default = 3), "b": attr.bool(default = True), '
        '"sl": attr.string_list(), "il": attr.int_list(), "sd": attr.string_dict(), "sld": attr.string_list_dict(), '
        '"lkd": attr.label_keyed_string_dict(), "skd": attr.string_keyed_label_dict(), "o": attr.output(), '
        '"os": attr.output_list(), "missing_label": attr.label()',
        target='s = "x", sl = ["y"], il = [1], sd = {"k": "v"}, sld = {"k": ["v"]}, lkd = {":f": "w"}, '
        'skd = {"k": ":f"}, o = "o.out", os = ["p.out"], tags = ["g"]',
    )
    assert lines == [
        'x 3 True ["y"] [1] {"k": "v"} {"k": ["v"]}',
        '[("f", "w")] [("k", "f")]',
        'o.out p.out o.out ["p.out"]',
        't ["g"] False None',
    ]


def test_attributes_that_nobody_gives_a_value_are_empty() -> None:
    kinds = ("string", "int", "bool", "string_list", "int_list", "string_dict", "label", "label_list", "output")
    lines = printed(
        f"print([getattr(ctx.attr, kind) for kind in {list(kinds)}])",
        ", ".join(f'"{kind}": attr.{kind}()' for kind in kinds),
    )
    assert lines == ['["", 0, False, [], [], {}, None, [], None]']


def test_only_attributes_with_a_transition_are_split() -> None:
    assert "has no field or method 'plain'" in problem("ctx.split_attr.plain", '"plain": attr.label()')


def test_values_of_attributes_never_change() -> None:
    assert "trying to mutate a frozen list" in problem(
        'ctx.attr.l.append("x")', '"l": attr.string_list()', target='l = ["y"]'
    )
    for values in ("ctx.configuration.default_shell_env", "ctx.configuration.test_env"):
        assert "trying to mutate a frozen dict" in problem(f'{values}["x"] = "y"')


def test_private_attributes_have_defaults_relative_to_the_file_of_the_rule() -> None:
    workspace = AnalysisWorkspace(
        {
            "lib/x.bzl": "def _impl(ctx):\n    print(ctx.file._tool.path)\n"
            'r = rule(_impl, attrs = {"_tool": attr.label(default = ":tool.sh", allow_single_file = True)})\n',
            "lib/BUILD": 'exports_files(["tool.sh"], visibility = ["//visibility:private"])',
            "lib/tool.sh": "",
            "app/BUILD": 'load("//lib:x.bzl", "r")\nr(name = "t")\nr(name = "u", _tool = "x")',
        }
    )
    assert "no such attribute '_tool'" in workspace.problems("//app:t")
    workspace = AnalysisWorkspace(
        {
            "lib/x.bzl": "def _impl(ctx):\n    print(ctx.file._tool.path)\n"
            'r = rule(_impl, attrs = {"_tool": attr.label(default = ":tool.sh", allow_single_file = True)})\n',
            "lib/BUILD": 'exports_files(["tool.sh"], visibility = ["//visibility:private"])',
            "lib/tool.sh": "",
            "app/BUILD": 'load("//lib:x.bzl", "r")\nr(name = "t")',
        }
    )
    workspace.one("//app:t")
    assert workspace.printed == ["lib/tool.sh"]


def test_a_default_can_be_computed_from_other_attributes() -> None:
    bzl = """
    def _default(kind):
        return "//:f" if kind == "f" else None
    def _impl(ctx):
        print(ctx.attr._d and ctx.attr._d.label.name)
    r = rule(_impl, attrs = {"kind": attr.string(), "_d": attr.label(default = _default)})
    """
    build = 'filegroup(name = "f")\nr(name = "t", kind = "f")\nr(name = "u")'
    workspace = ruled(bzl, build)
    workspace.analyze("//:t", "//:u")
    assert workspace.printed == ["f", "None"]
    wrong = ruled(bzl.replace("_default(kind)", "_default(sort)").replace("kind ==", "sort =="), build)
    assert "computed from 'sort', and the rule has no such attribute" in wrong.problems("//:t")


def test_outputs_that_a_rule_promises_can_be_named_by_others() -> None:
    workspace = ruled(
        """
        def _impl(ctx):
            ctx.actions.write(ctx.outputs.out, "o")
            ctx.actions.write(ctx.outputs.log, "l")
        r = rule(_impl, attrs = {"src": attr.string()}, outputs = {"out": "%{name}.out", "log": "logs/%{src}.log"})
        """,
        'r(name = "t", src = "z")\nfilegroup(name = "u", srcs = [":t.out", "logs/z.log"])',
    )
    assert names(workspace.one("//:u")) == ["t.out", "logs/z.log"]
    assert names(workspace.one("//:t")) == ["t.out", "logs/z.log"]


def test_the_program_of_a_rule_is_among_its_outputs_and_runfiles() -> None:
    body = 'e = ctx.actions.declare_file("e")\nctx.actions.write(e, "", is_executable = True)\n'
    workspace = implemented(body + "return [DefaultInfo(executable = e)]", more="executable = True")
    info = workspace.one("//:t")[DefaultInfo]
    assert info.executable is not None and info.executable.path == "e"
    assert names(workspace.one("//:t")) == ["e"]
    assert [file.path for file in info.default_runfiles.files.to_tuple()] == ["e"]
    implicit = implemented('ctx.actions.write(ctx.outputs.executable, "")', more="executable = True")
    assert implicit.one("//:t")[DefaultInfo].executable is not None


def test_a_program_must_be_given_and_be_made_by_its_rule() -> None:
    assert "needs to create an executable File" in problem("return []", more="executable = True")
    assert "should be created by the same rule" in problem(
        "return [DefaultInfo(executable = ctx.file.s)]",
        '"s": attr.label(allow_single_file = True)',
        more="executable = True",
        target='s = "a.txt"',
    )
    assert "provides a different executable" in problem(
        'ctx.actions.write(ctx.outputs.executable, "")\ne = ctx.actions.declare_file("e")\n'
        'ctx.actions.write(e, "")\nreturn [DefaultInfo(executable = e)]',
        more="executable = True",
    )


def test_a_test_rule_is_called_so_and_says_how_it_runs() -> None:
    bzl = """
    def _impl(ctx):
        e = ctx.actions.declare_file(ctx.label.name)
        ctx.actions.write(e, "", is_executable = True)
        return [DefaultInfo(executable = e), testing.TestEnvironment({"A": "b"})]
    r_test = rule(_impl, test = True)
    r = r_test
    """
    workspace = ruled(bzl, 'r(name = "t", size = "small", flaky = True)')
    info = workspace.one("//:t").get(InfoOfTest)
    assert info is not None and info.timeout == 60 and info.flaky
    assert workspace.one("//:t").kind == "r_test rule"
    wrong = ruled(bzl.replace("r_test = rule", "r = rule").replace("r = r_test", ""), 'r(name = "t")')
    message = wrong.problems("//:t")
    assert "test rule class names must end with '_test'" in message and "x.bzl:6:9" in message
    plain = ruled("def _impl(ctx):\n    pass\nr_test = rule(_impl)\nr = r_test\n", "")
    assert "must not" in plain.problems("//:x")


def test_a_rule_is_named_by_its_first_global_even_a_private_one() -> None:
    workspace = ruled(
        "def _impl(ctx):\n    pass\n_foo = rule(_impl)\ndef r(name):\n    _foo(name = name)\n", 'r(name = "t")'
    )
    assert workspace.one("//:t").kind == "_foo rule"


def test_a_rule_without_a_global_name_can_not_be_called() -> None:
    workspace = ruled("def _impl(ctx):\n    pass\ns = struct(r = rule(_impl))\nr = s.r\n", 'r(name = "t")')
    assert workspace.one("//:t").kind == "r rule"
    hidden = ruled("def _impl(ctx):\n    pass\ns = struct(r = rule(_impl))\nr = s\n", 'r.r(name = "t")')
    assert "hasn't been exported" in hidden.problems("//:t")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("rule(1)", "parameter 'implementation' got value of type 'int', want 'function'"),
        ("rule(_impl, attrs = {'a': 1})", "got int for value of 'a', want Attribute"),
        ("rule(_impl, attrs = {'a b': attr.int()})", "is not a valid identifier"),
        ("rule(_impl, attrs = {'visibility': attr.int()})", "built-in attribute 'visibility' can't be overridden"),
        ("rule(_impl, provides = ['x'])", "element in 'provides' is string, not a provider"),
        ("rule(_impl, outputs = ['x'])", "outputs must be a dict"),
        ("rule(_impl, outputs = {'x': 1})", "outputs must be a dict of strings to strings"),
        ("rule(_impl, toolchains = [1])", "a toolchain type is a label, not int"),
        ("rule(_impl, test = True, executable = False)", "may not be said of a test rule"),
        ("rule(_impl, cfg = 'nope')", "cfg must be either 'target', 'exec' or a transition"),
        ("rule(_impl, nope = 1)", "unexpected keyword argument 'nope'"),
        ("rule(_impl, parent = 1)", "parent must be a rule of a .bzl file, not int"),
        ("rule(_impl, exec_groups = {'a': 1})", "got int for 'a', want exec_group"),
    ],
)
def test_mistaken_rules_are_refused(call: str, message: str) -> None:
    workspace = ruled(f"def _impl(ctx):\n    pass\nr = {call}\n", "")
    found = workspace.problems("//:t")
    assert message in found and "x.bzl:3:9" in found


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("attr.label(executable = True)", "cfg parameter is mandatory when executable=True"),
        ("attr.label(allow_files = True, allow_single_file = True)", "cannot both be set"),
        ("attr.label(allow_files = 'x')", "allow_files should be a boolean or a string list"),
        ("attr.label(default = 1)", "expected value of type 'label'"),
        ("attr.label_list(providers = [1])", "should be a provider, but got int"),
        ("attr.label_list(providers = [[DefaultInfo], DefaultInfo])", "either all are lists or none is"),
        ("attr.string(values = [1])", "got element of type int, want string"),
        ("attr.int(default = 'x')", "expected value of type 'int'"),
        ("attr.string_list(default = ['a', 1])", "element 1 of attribute 'default'"),
        ("attr.nope()", "has no field or method 'nope'"),
    ],
)
def test_mistaken_attributes_are_refused(call: str, message: str) -> None:
    assert message in ruled(f"def _i(ctx):\n    pass\nr = rule(_i, attrs = {{'a': {call}}})\n", "").problems("//:t")


def test_an_initializer_changes_what_a_target_is_given() -> None:
    bzl = """
    def _impl(ctx):
        print(ctx.attr.words)
    def _init(name, words = [], extra = None):
        return {"words": words + [extra or "none"]}
    r = rule(_impl, attrs = {"words": attr.string_list(), "extra": attr.string()}, initializer = _init)
    """
    workspace = ruled(bzl, 'r(name = "t", words = ["a"], extra = "b")')
    workspace.one("//:t")
    assert workspace.printed == ['["a", "b"]']
    renaming = ruled(bzl.replace('return {"words"', 'return {"name": "x", "words"'), 'r(name = "t")')
    assert "can't change the name" in renaming.problems("//:t")
    wrong = ruled(bzl.replace("return {", "return 1 #{"), 'r(name = "t")')
    assert "must return a dict or None, not int" in wrong.problems("//:t")


def test_what_a_rule_says_it_provides_must_be_there() -> None:
    assert "doesn't contain declared provider 'A'" in problem("return [B()]", more="provides = [A]")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return [1]", "at index 0 of the list that rule 'r' returned, got element of type int"),
        ("return 1", "should return a struct or a list, but got int"),
        ("return struct(a = 1)", "returned a struct; return a list of providers"),
        ("return [A(x = 1), A(x = 2)]", "multiple conflicting returned providers with key A"),
        ("return [A(z = 1)]", "unexpected keyword z in call to instantiate provider A"),
        ("return [A(1)]", "unexpected positional arguments"),
        ("return [ctx.attr.d[A]]", "<target //:f> (rule 'filegroup') doesn't contain declared provider 'A'"),
        ('return ctx.attr.d["A"]', "only supports indexing by providers, got string"),
        ("return [DefaultInfo(files = 1)]", "parameter 'files' got value of type 'int', want"),
        ("return [DefaultInfo(files = depset([1]))]", "expected a depset of 'File'"),
        ("r = ctx.runfiles()\nreturn [DefaultInfo(runfiles = r, data_runfiles = r)]", "together with"),
        ('return [OutputGroupInfo(g = ["x"])]', "output group 'g' holds a string, want File"),
        ("return [ctx.attr.nope]", "has no field or method 'nope'"),
    ],
)
def test_mistaken_results_are_refused(body: str, message: str) -> None:
    found = problem(body, '"d": attr.label()', target='d = ":f"')
    assert message in found
    assert "BUILD:3:2" in found and "`//:t`" in found


def test_an_error_has_the_calls_that_led_to_it() -> None:
    workspace = ruled(
        "def _g(x):\n    return x.nope\ndef _impl(ctx):\n    return _g(ctx)\nr = rule(_impl)\n", 'r(name = "t")'
    )
    message = workspace.problems("//:t")
    assert message.splitlines()[0].startswith("x.bzl:2:13: 'ctx' value has no field or method 'nope'")
    assert "in _g" in message and "called from x.bzl:4:14 in _impl" in message
    assert "in target `//:t`, declared at BUILD:2:2" in message


def test_a_single_provider_or_nothing_may_be_returned() -> None:
    assert implemented("return A(x = 1)").one("//:t").providers
    assert implemented("return").one("//:t").default_info.files.to_tuple() == ()


def test_providers_of_dependencies_are_checked_by_the_attribute() -> None:
    bzl = """
    A = provider()
    B = provider()
    C = provider()
    def _impl(ctx):
        return [k[n]() for k in [{"A": A, "B": B, "C": C}] for n in ctx.attr.gives]
    r = rule(_impl, attrs = {"gives": attr.string_list(), "deps": attr.label_list(providers = [[A, B], [C]])})
    """
    workspace = ruled(
        bzl,
        """
        r(name = "ab", gives = ["A", "B"])
        r(name = "a", gives = ["A"])
        r(name = "c", gives = ["C"])
        r(name = "good", deps = [":ab", ":c"])
        r(name = "bad", deps = [":a"])
        """,
    )
    workspace.one("//:good")
    assert "`//:a` does not have the provider A and B or C" in workspace.problems("//:bad")


def test_files_of_dependencies_are_checked_by_the_attribute() -> None:
    attrs = '"f": attr.label(allow_files = [".py"]), "s": attr.label(allow_single_file = True), "n": attr.label()'
    assert "is a file of the wrong kind (expected .py)" in problem("pass", attrs, target='f = "a.txt"')
    assert "does not produce any files of the right kind" in problem("pass", attrs, target='f = ":f"')
    assert "is a file, and files are not allowed here" in problem("pass", attrs, target='n = "a.txt"')
    two = ruled(
        'def _i(ctx):\n    pass\nr = rule(_i, attrs = {"s": attr.label(allow_single_file = True)})\n',
        'filegroup(name = "g", srcs = ["a.txt", "b.txt"])\nr(name = "t", s = ":g")',
        a_txt="",
        b_txt="",
    )
    assert "must produce a single file, and produces 2" in two.problems("//:t")


def test_a_program_that_is_none_is_missed_after_the_implementation_ran() -> None:
    workspace = ruled(
        """
        def _impl(ctx):
            print(ctx.executable.d)
        r = rule(_impl, attrs = {"d": attr.label(executable = True, cfg = "exec")})
        """,
        'filegroup(name = "two", srcs = ["a.txt", "b.txt"])\nfilegroup(name = "one", srcs = ["a.txt"])\n'
        'r(name = "t", d = ":two")\nr(name = "u", d = ":one")',
        a_txt="",
        b_txt="",
    )
    assert "`//:two` does not refer to a valid executable target" in workspace.problems("//:t")
    workspace.one("//:u")
    assert workspace.printed == ["None", "<source file a.txt>"]


def test_an_output_without_an_action_is_an_error() -> None:
    message = problem('ctx.actions.declare_file("x")\nctx.actions.declare_directory("y")')
    assert "no generating action:\n  x\n  y" in message


def test_an_output_can_not_lie_outside_of_the_package() -> None:
    workspace = AnalysisWorkspace(
        {
            "p/x.bzl": 'def _i(ctx):\n    ctx.actions.declare_file("../q")\nr = rule(_i)\n',
            "p/BUILD": 'load(":x.bzl", "r")\nr(name = "t")',
        }
    )
    message = workspace.problems("//p:t")
    assert "is not under the directory of the package `//p`" in message and "p/x.bzl:2:29" in message


def test_only_the_rule_that_declared_an_output_can_make_it() -> None:
    workspace = ruled(
        """
        def _impl(ctx):
            if ctx.attr.d:
                ctx.actions.write(ctx.attr.d.files.to_list()[0], "x")
            o = ctx.actions.declare_file(ctx.label.name + ".o")
            ctx.actions.write(o, "x")
            return DefaultInfo(files = depset([o]))
        r = rule(_impl, attrs = {"d": attr.label()})
        """,
        'r(name = "a")\nr(name = "t", d = ":a")',
    )
    assert "was declared by `//:a`, and only its own rule can make it" in workspace.problems("//:t")
    source = problem(
        'ctx.actions.write(ctx.file.s, "")', '"s": attr.label(allow_single_file = True)', target='s = "a.txt"'
    )
    assert "`a.txt`" in source


def test_one_file_made_in_two_ways_is_an_error_and_made_twice_alike_is_not() -> None:
    twice = 'f = ctx.actions.declare_file("x")\nctx.actions.write(f, "1")\nctx.actions.write(f, "{}")'
    same = implemented(twice.format(1))
    same.one("//:t")
    assert len([a for a in same.one("//:t").actions if isinstance(a, WriteFile)]) == 2
    same.graph()
    other = implemented(twice.format(2))
    other.one("//:t")
    with pytest.raises(Exception, match="is made twice, in different ways"):
        other.graph()


def test_output_groups_are_read_by_name() -> None:
    workspace = ruled(
        """
        def _impl(ctx):
            if ctx.attr.d:
                g = ctx.attr.d[OutputGroupInfo]
                print(g.extra.to_list(), dir(g), "extra" in g, "zz" in g, g["extra"].to_list())
                return
            f = ctx.actions.declare_file("e")
            ctx.actions.write(f, "")
            return [OutputGroupInfo(extra = depset([f]), _hidden = [f])]
        r = rule(_impl, attrs = {"d": attr.label()})
        """,
        'r(name = "a")\nr(name = "t", d = ":a")',
    )
    workspace.one("//:t")
    file = "<generated file e>"
    assert workspace.printed == [f'[{file}] ["_hidden", "_hidden_top_level_INTERNAL_", "extra"] True False [{file}]']
    info = workspace.one("//:a").get(OutputGroupInfo)
    assert info is not None and {"extra", "_hidden"} < info.groups.keys()


def test_an_analysis_test_passes_or_fails_by_its_result() -> None:
    body = 'return [AnalysisTestResultInfo(success = {}, message = "it\'s so")]'
    bzl = "def _impl(ctx):\n    {}\nr_test = rule(_impl, analysis_test = True)\nr = r_test\n"
    workspace = ruled(bzl.format(body.format("False")), 'r(name = "t_test")')
    [action] = workspace.one("//:t_test").actions
    assert isinstance(action, WriteFile) and isinstance(action.content, bytes)
    assert action.content.endswith(b"exit 1\n") and action.executable
    nothing = ruled(bzl.format("pass"), 'r(name = "t_test")')
    assert "must return an AnalysisTestResultInfo" in nothing.problems("//:t_test")


def test_actions_of_rules_have_the_rules_tags_as_requirements() -> None:
    actions = actions_of(
        'o = ctx.actions.declare_file("o")\n'
        'ctx.actions.run_shell(outputs = [o], command = "x", execution_requirements = {"block-network": "1"})',
        target='tags = ["no-cache", "mine"]',
    )
    assert getattr(actions["o"], "requirements") == {"no-cache", "block-network"}  # noqa: B009


def test_contexts_go_with_the_call_of_their_rule_and_wait_for_no_collector() -> None:
    workspace = ruled(
        """
        def _impl(ctx):
            print(ctx.attr.name, ctx.files.srcs, ctx.file.one, ctx.executable, ctx.split_attr, ctx.outputs, ctx.var)
            print(ctx.toolchains, ctx.exec_groups, ctx.actions == ctx.actions)
            ctx.actions.write(ctx.actions.declare_file("out"), ctx.actions.args())
        r = rule(_impl, attrs = {"srcs": attr.label_list(), "one": attr.label(allow_single_file = True)})
        """,
        'r(name = "t")',
    )

    def contexts() -> int:
        return sum(isinstance(one, StarlarkContext) for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = contexts()
        target = workspace.one("//:t")
        after = contexts()
    finally:
        gc.enable()
    assert target.actions
    assert workspace.printed[-1].endswith(" True")
    assert after == before
