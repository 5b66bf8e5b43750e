from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlark_rules import actions_of, argv, problem, ruled, written

from venvship.analysis.starlark_api.command_lines import UndeclaredDirectory, shell_quoted
from venvship.model.action import Action, Spawn, WriteFile
from venvship.model.depset import Depset

ATTRS = '"srcs": attr.label_list(allow_files = True)'
TARGET = 'srcs = ["a.txt", "b.txt"]'
MAP = """
def _m(f):
    return ["--f", f.basename] if f.extension == "txt" else None
def _s(x):
    return x.upper() if x != "drop" else None
def _e(d, expander):
    return [f.tree_relative_path for f in expander.expand(d)]
def _bad(x):
    return [1]
"""


def content(*lines: str, how: str = "multiline", files: tuple[str, ...] = ()) -> list[str]:
    """The lines of a file that these calls fill."""
    calls = "\n".join(f"    args.{line}" for line in lines)
    workspace = ruled(
        f"{MAP}\ndef _impl(ctx):\n    args = ctx.actions.args()\n"
        f'    tree = ctx.actions.declare_directory("tree")\n'
        f'    ctx.actions.run_shell(outputs = [tree], command = "x")\n'
        f'    o = ctx.actions.declare_file("o")\n    args.set_param_file_format("{how}")\n{calls}\n'
        f"    ctx.actions.write(o, args)\nr = rule(_impl, attrs = {{{ATTRS}}})\n",
        f'r(name = "t", {TARGET})',
        a_txt="",
        b_txt="",
    )
    made = {output.path: action for action in workspace.one("//:t").actions for output in action.outputs}
    return written(made["o"], files).splitlines()


@pytest.mark.parametrize(
    ("call", "lines"),
    [
        ('add("plain")', ["plain"]),
        ('add("--opt", "value")', ["--opt", "value"]),
        ('add("--fmt", 7, format = "<%s>")', ["--fmt", "<7>"]),
        ('add("x", format = "100%% %s")', ["100% x"]),
        ("add(ctx.files.srcs[0])", ["a.txt"]),
        ('add(Label("//a:x"))', ["//a:x"]),
        ('add_all(["a", "b", "a"], uniquify = True)', ["a", "b"]),
        ('add_all(["a", "b"], before_each = "-I")', ["-I", "a", "-I", "b"]),
        (
            'add_all("--l", ["p", "q"], format_each = "[%s]", terminate_with = "--end")',
            ["--l", "[p]", "[q]", "--end"],
        ),
        ('add_all("--empty", [])', []),
        ('add_all("--kept", [], omit_if_empty = False)', ["--kept"]),
        ("add_all(ctx.files.srcs, map_each = _m)", ["--f", "a.txt", "--f", "b.txt"]),
        ('add_all(["keep", "drop"], map_each = _s)', ["KEEP"]),
        ('add_all(depset(["d1"], transitive = [depset(["d2"])]))', ["d2", "d1"]),
        ('add_joined(["a", "b"], join_with = ":")', ["a:b"]),
        (
            'add_joined("--j", ["a", "b", "a"], join_with = ",", format_each = "<%s>", format_joined = "J(%s)", '
            "uniquify = True)",
            ["--j", "J(<a>,<b>)"],
        ),
        ('add_joined("--e", [], join_with = ",")', []),
        ('add_joined("--k", [], join_with = ",", omit_if_empty = False)', ["--k", ""]),
        ('add_all([1, True, Label("//a")])', ["1", "True", "//a:a"]),
    ],
)
def test_arguments_become_strings_as_they_were_added(call: str, lines: list[str]) -> None:
    assert content(call) == lines


def test_parameter_files_of_a_shell_are_quoted() -> None:
    lines = content('add_all(["a b", "it\'s", "", "$x", "a=b", "plain/-_.:@"])', how="shell")
    assert lines == ["'a b'", "'it'\\''s'", "''", "'$x'", "'a=b'", "plain/-_.:@"]


def test_flags_with_their_values_stand_on_one_line() -> None:
    calls = ('add("--a", "1")', 'add("--b=2")', 'add("pos")', 'add_all("--c", ["x", "y"])')
    assert content(*calls, how="flag_per_line") == ["--a=1", "--b=2", "--c=x y", "pos"]


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_a_shell_reads_a_quoted_text_back(text: str) -> None:
    quoted = shell_quoted(text)
    assert quoted == text or quoted == "'" + text.replace("'", "'\\''") + "'"
    assert quoted.startswith("'") or not set(quoted) & set(" \t\n'\"\\$`!*?[]{}()<>|;&~#=")


def test_directories_are_opened_once_they_are_made() -> None:
    base = "venvship-out/linux_x86_64-fastbuild/bin/tree"
    assert content("add_all([tree])", files=("x", "y/z")) == [f"{base}/x", f"{base}/y/z"]
    assert content("add_all([tree], expand_directories = False)", files=("x",)) == [base]
    assert content("add_all([tree], map_each = _e, expand_directories = False)", files=("x", "y/z")) == ["x", "y/z"]
    assert content("add_all([tree], map_each = _m)", files=("a.txt", "b")) == ["--f", "a.txt"]


def test_what_an_action_took_does_not_change_any_more() -> None:
    actions = actions_of(
        """
        args = ctx.actions.args()
        args.add("a")
        for name in ["one", "two"]:
            o = ctx.actions.declare_file(name)
            ctx.actions.write(o, args)
            args.add("b")
        """
    )
    assert [written(actions[name]) for name in ("one", "two")] == ["a\n", "a\nb\n"]


CHAIN = """
I = provider()
def _impl(ctx):
    o = ctx.actions.declare_file(ctx.label.name + ".o")
    files = depset([o], transitive = [d[I].files for d in ctx.attr.deps])
    args = ctx.actions.args()
    args.add_all(files)
    args.add_joined(files, join_with = ":", map_each = _b)
    ctx.actions.write(o, args)
    p = ctx.actions.declare_file(ctx.label.name + ".p")
    ctx.actions.run_shell(outputs = [p], inputs = files, command = "x", arguments = [args, "y"])
    return [I(files = files), DefaultInfo(files = depset([o, p]))]
def _b(f):
    return f.basename
r = rule(_impl, attrs = {"deps": attr.label_list()})
"""


def test_no_depset_is_listed_while_rules_run() -> None:
    workspace = ruled(
        CHAIN, "\n".join(f'r(name = "t{n}", deps = [":t{n - 1}"])' if n else 'r(name = "t0")' for n in range(30))
    )
    target = workspace.one("//:t29")
    write, spawn = target.actions
    assert isinstance(spawn, Spawn) and spawn.inputs._flat is None
    assert all(node._flat is None for node in spawn.inputs.nodes() if node.transitive)
    assert written(write).splitlines()[-1].startswith("t0.o:t1.o:")
    assert argv(spawn)[:4] == ("/bin/bash", "-c", "x", "") and argv(spawn)[-1] == "y"


def spawned(*lines: str, run: str = "inputs = [tree]") -> Action:
    calls = "\n".join(f"args.{line}" for line in lines)
    return actions_of(
        f"""
tree = ctx.actions.declare_directory("tree")
ctx.actions.run_shell(outputs = [tree], command = "x")
o = ctx.actions.declare_file("o")
args = ctx.actions.args()
{calls}
ctx.actions.run(outputs = [o], executable = "/bin/x", arguments = ["first", args, "last"], {run})
"""
    )["o"]


def test_a_parameter_file_holds_what_is_too_long_or_asked_to() -> None:
    action = spawned(
        'add_all(["x", "y z"])', 'use_param_file("@%s", use_always = True)', 'set_param_file_format("multiline")'
    )
    assert isinstance(action, Spawn) and not isinstance(action.argv, tuple)
    expanded = action.argv.expand(lambda directory: ())
    path = "venvship-out/linux_x86_64-fastbuild/bin/o-0.params"
    assert expanded.argv == ("/bin/x", "first", f"@{path}", "last")
    assert expanded.parameter_files == ((path, b"x\ny z\n"),)
    short = spawned('add("x")', 'use_param_file("@%s")')
    assert argv(short) == ("/bin/x", "first", "x", "last")
    long = spawned('add_all(["x" * 1000] * 100)', 'use_param_file("@%s")')
    assert argv(long) == ("/bin/x", "first", f"@{path}", "last")


def test_arguments_that_are_no_flags_stay_on_a_command_line_with_flags_per_line() -> None:
    action = spawned(
        'add("--a", "1")',
        'add("pos")',
        'use_param_file("--flagfile=%s", use_always = True)',
        'set_param_file_format("flag_per_line")',
    )
    assert argv(action)[2:] == ("--flagfile=venvship-out/linux_x86_64-fastbuild/bin/o-0.params", "pos", "last")


def test_a_directory_that_arguments_open_must_be_an_input() -> None:
    assert argv(spawned("add_all([tree])"), ("a",))[2].endswith("/tree/a")
    with pytest.raises(UndeclaredDirectory, match="which is no input of their action"):
        argv(spawned("add_all([tree])", run=""), ("a",))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('add("a", format = "no-percent")', 'Expected string with a single "%s", got "no-percent"'),
        ('add("a", format = "%s%s")', 'Expected string with a single "%s"'),
        ('add("a", format = "%d")', 'Expected string with a single "%s"'),
        ('add(["a"])', "doesn't accept vectorized arguments (got list)"),
        ('add(ctx.actions.declare_directory("d"))', "Cannot add directories to Args#add"),
        ('add(1, "a")', "expected value of type 'string' for arg name, got int"),
        ('add_all("abc")', "expected value of type 'sequence or depset', got string"),
        ("add_all([], map_each = 1)", "map_each must be a function, not int"),
        ("add_all([], map_each = lambda x: x)", "must be declared by a top-level def statement"),
        ("add_all([], map_each = _none)", "take one parameter, or two"),
        ('use_param_file("x")', 'Expected string with a single "%s", got "x"'),
        ('set_param_file_format("x")', 'Expected one of "shell", "multiline", "flag_per_line"'),
        ("add_joined([])", "join_with"),
    ],
)
def test_mistaken_arguments_are_refused_where_they_are_added(call: str, message: str) -> None:
    workspace = ruled(
        f"def _none():\n    pass\ndef _impl(ctx):\n    args = ctx.actions.args()\n    args.{call}\nr = rule(_impl)\n",
        'r(name = "t")',
    )
    found = workspace.problems("//:t")
    assert message in found and found.startswith("x.bzl:5:")


def test_a_closure_may_be_allowed_and_then_freezes_with_its_rule() -> None:
    actions = actions_of(
        """
        seen = []
        def each(x):
            seen.append(x)
            return x
        o = ctx.actions.declare_file("o")
        args = ctx.actions.args()
        args.add_all(["a"], map_each = each, allow_closure = True)
        args.add_all(["b"], map_each = lambda x: x + "!", allow_closure = True)
        ctx.actions.write(o, args)
        """
    )
    with pytest.raises(Exception, match="trying to mutate a frozen list"):
        written(actions["o"])


def test_a_fault_in_a_map_function_has_its_place() -> None:
    with pytest.raises(Exception, match="expected map_each function `_bad` to return string, list of strings"):
        content('add_all(["a"], map_each = _bad)')
    with pytest.raises(Exception, match=r"x\.bzl:3:\d+: 'string' value has no field or method 'extension'\n  in _m"):
        content('add_all(["a"], map_each = _m)')


def test_substitutions_can_be_computed_when_a_template_is_expanded() -> None:
    workspace = ruled(
        """
        def _b(f):
            return f.basename
        def _impl(ctx):
            o = ctx.actions.declare_file("o")
            computed = ctx.actions.template_dict()
            computed.add("{a}", "1")
            computed.add_joined("{f}", depset(ctx.files.srcs), join_with = ",", map_each = _b, format_joined = "<%s>")
            computed.add_joined("{e}", depset(), join_with = ",", map_each = _b)
            ctx.actions.expand_template(
                template = ctx.files.srcs[0], output = o, substitutions = {"x": "y"}, computed_substitutions = computed)
        r = rule(_impl, attrs = {"srcs": attr.label_list(allow_files = True)})
        """,
        f'r(name = "t", {TARGET})',
        a_txt="",
        b_txt="",
    )
    substitutions, expand = workspace.one("//:t").actions
    assert isinstance(substitutions, WriteFile)
    assert written(substitutions) == '{"{a}": "1", "{f}": "<a.txt,b.txt>", "{e}": ""}'
    assert expand.outputs[0].path == "o" and expand.mnemonic == "TemplateExpand"


def test_arguments_of_actions_must_be_strings_or_args() -> None:
    body = 'o = ctx.actions.declare_file("o")\nctx.actions.run(outputs = [o], executable = "/bin/x", arguments = [1])'
    assert "expected list of strings or ctx.actions.args() for arguments, but got int" in problem(body)


def test_directories_among_arguments_are_waited_for() -> None:
    actions = actions_of(
        """
        tree = ctx.actions.declare_directory("tree")
        ctx.actions.run_shell(outputs = [tree], command = "x")
        plain = ctx.actions.declare_file("plain")
        ctx.actions.write(plain, "")
        o = ctx.actions.declare_file("o")
        args = ctx.actions.args()
        args.add_all(depset([tree, plain]))
        ctx.actions.write(o, args)
        """
    )
    action = actions["o"]
    assert isinstance(action, WriteFile) and not isinstance(action.content, bytes)
    assert [one.path for one in action.content.directories.to_tuple()] == ["tree"]
    assert isinstance(action.content.directories, Depset)
