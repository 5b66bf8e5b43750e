from __future__ import annotations

import pytest
from starlark_rules import actions_of, implemented, printed, problem, ruled, written

from venvship.model.action import LinkArtifact, MakeSymlink, RunTool, Spawn, WriteFile
from venvship.model.artifact import ArtifactKind

OUT = 'o = ctx.actions.declare_file("o")\n'
FILE_ATTRS = '"s": attr.label(allow_single_file = True), "t": attr.label(executable = True, cfg = "exec")'


def test_outputs_of_every_kind_can_be_declared_also_beside_others() -> None:
    actions = actions_of(
        """
        d = ctx.actions.declare_directory("d")
        l = ctx.actions.declare_symlink("sub/l")
        f = ctx.actions.declare_file("f", sibling = l)
        print(d.is_directory, l.is_symlink, f.path == f.root.path + "/sub/f", f.short_path)
        ctx.actions.run_shell(outputs = [d], command = "x")
        ctx.actions.symlink(output = l, target_path = "../nowhere")
        ctx.actions.write(f, "text", is_executable = True)
        """
    )
    kinds = {path: action.outputs[0].kind for path, action in actions.items()}
    assert kinds == {"d": ArtifactKind.DIRECTORY, "sub/l": ArtifactKind.SYMLINK, "sub/f": ArtifactKind.FILE}
    assert written(actions["sub/f"]) == "text" and getattr(actions["sub/f"], "executable")  # noqa: B009


def test_the_text_of_an_unresolved_link_is_kept_as_it_is() -> None:
    actions = actions_of(
        'l = ctx.actions.declare_symlink("l")\nctx.actions.symlink(output = l, target_path = "../a//b/..")'
    )
    action = actions["l"]
    assert isinstance(action, MakeSymlink) and action.text == "../a//b/.."


def test_a_link_to_a_file_stands_for_it() -> None:
    actions = actions_of(
        OUT + "ctx.actions.symlink(output = o, target_file = ctx.file.s, is_executable = True)",
        FILE_ATTRS,
        target='s = "a.txt"',
    )
    action = actions["o"]
    assert isinstance(action, LinkArtifact) and action.target.path == "a.txt" and action.executable


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("symlink(output = o)", 'Exactly one of "target_file" or "target_path" is required'),
        ('symlink(output = o, target_file = o, target_path = "x")', "Exactly one of"),
        ('symlink(output = o, target_path = "x")', 'requires that "output" be declared as a symlink'),
        ("symlink(output = l, target_file = o)", "declared as a file or directory, not a symlink"),
        ('symlink(output = l, target_path = "")', '"target_path" must be a path'),
        ('symlink(output = l, target_path = "x", is_executable = True)', '"is_executable" cannot be True'),
        ("symlink(output = d, target_file = o, is_executable = True)", "directory param cannot be executable"),
        ('write(d, "x")', "write() makes a file, but `d` is a directory"),
        ("write(o, 1)", "parameter 'content' got value of type 'int'"),
        ('run(outputs = [], executable = "x")', "param 'outputs' may not be empty"),
        ('run(outputs = [o], executable = "x", inputs = ["y"])', "at index 0 of inputs, got element of type string"),
        ('run(outputs = [o], executable = "x", tools = ["y"])', "for a member of parameter 'tools' but got string"),
        ('run(outputs = [o], executable = "x", env = {"a": 1})', "env: got dict<string, int>"),
        ('run(outputs = [o], executable = "x", shadowed_action = 1)', "got value of type 'int', want 'Action'"),
        ("run(outputs = [o], executable = 1)", "parameter 'executable' got value of type 'int'"),
        ("run_shell(outputs = [o])", "missing 1 required named argument: command"),
        ("nope()", "has no field or method 'nope'"),
    ],
)
def test_mistaken_actions_are_refused_where_they_are_declared(call: str, message: str) -> None:
    found = problem(
        OUT + 'd = ctx.actions.declare_directory("d")\nl = ctx.actions.declare_symlink("l")\n' + f"ctx.actions.{call}\n"
    )
    assert message in found and found.startswith("x.bzl:7:")


def test_a_shell_command_gets_its_arguments_from_one_on() -> None:
    actions = actions_of(
        OUT
        + """
ctx.actions.run_shell(
    outputs = [o], inputs = [ctx.file.s], command = "echo $1", arguments = ["a"], mnemonic = "Echo",
    progress_message = "Saying %{input} of %{label} to %{output}", env = {"A": "b"}, use_default_shell_env = True,
)
""",
        FILE_ATTRS,
        target='s = "a.txt"',
    )
    action = actions["o"]
    assert isinstance(action, Spawn)
    assert action.argv == ("/bin/bash", "-c", "echo $1", "", "a")
    assert action.mnemonic == "Echo" and action.environment["A"] == "b" and "PATH" in action.environment
    assert action.progress == "Saying a.txt of //:t to venvship-out/linux_x86_64-fastbuild/bin/o"
    assert [file.path for file in action.inputs.to_tuple()] == ["a.txt"]


TOOL = """
def _tool(ctx):
    e = ctx.actions.declare_file(ctx.label.name + ".exe")
    ctx.actions.write(e, "", is_executable = True)
    return [DefaultInfo(executable = e, runfiles = ctx.runfiles(files = ctx.files.data))]
tool = rule(_tool, executable = True, attrs = {"data": attr.label_list(allow_files = True)})
def _impl(ctx):
    o = ctx.actions.declare_file(ctx.label.name + ".o")
    if ctx.attr.how == "file":
        ctx.actions.run(outputs = [o], executable = ctx.executable.tool)
    elif ctx.attr.how == "files_to_run":
        ctx.actions.run(outputs = [o], executable = ctx.attr.tool[DefaultInfo].files_to_run)
    elif ctx.attr.how == "tools":
        ctx.actions.run_shell(outputs = [o], command = "x", tools = [ctx.executable.tool])
    elif ctx.attr.how == "tools_to_run":
        ctx.actions.run_shell(outputs = [o], command = "x", tools = [ctx.attr.tool.files_to_run])
    elif ctx.attr.how == "depset":
        ctx.actions.run_shell(outputs = [o], command = "x", tools = depset([ctx.executable.tool]))
    return DefaultInfo(files = depset([o]))
r = rule(_impl, attrs = {"how": attr.string(), "tool": attr.label(
    executable = True, cfg = "exec", allow_files = True, default = ":tool")})
"""


@pytest.mark.parametrize("how", ["file", "files_to_run", "tools", "tools_to_run", "depset"])
def test_programs_bring_their_runfiles_however_they_are_named(how: str) -> None:
    workspace = ruled(
        TOOL + "t = tool\n",
        f'load(":x.bzl", "tool")\ntool(name = "tool", data = ["a.txt"])\nr(name = "t", how = "{how}")',
        a_txt="",
    )
    [action] = workspace.one("//:t").actions
    assert isinstance(action, Spawn)
    [program] = action.programs
    assert program.executable.path == "tool.exe"
    assert {file.path for file in program.runfiles.files.to_tuple()} == {"a.txt", "tool.exe"}


def test_a_script_of_the_sources_can_be_run() -> None:
    workspace = ruled(TOOL, 'r(name = "t", how = "file", tool = "a.sh")', a_sh="")
    [action] = workspace.one("//:t").actions
    assert isinstance(action, Spawn) and action.argv == ("a.sh",) and not action.programs
    assert [file.path for file in action.inputs.to_tuple()] == ["a.sh"]


def test_a_template_is_expanded_by_a_tool() -> None:
    actions = actions_of(
        OUT + 'ctx.actions.expand_template(template = ctx.file.s, output = o, substitutions = {"a": "b"})',
        FILE_ATTRS,
        target='s = "a.txt"',
    )
    action = actions["o"]
    assert isinstance(action, RunTool) and action.tool == "expand_template"
    assert action.request["substitutions"] == {"a": "b"}


def test_files_tell_where_they_are() -> None:
    lines = printed(
        OUT
        + """
ctx.actions.write(o, "")
s = ctx.file.s
print(s, s.path, s.short_path, s.basename, s.dirname, s.extension, s.is_source, s.owner.name, s.root.path)
print(o, o.path, o.dirname, o.is_source, o.owner, o.root.path, o == o, {o: 1}[o])
print(type(s), type(ctx), type(ctx.attr.s), ctx)
""",
        FILE_ATTRS,
        target='s = "a.txt"',
    )
    root = "venvship-out/linux_x86_64-fastbuild/bin"
    assert lines == [
        "<source file a.txt> a.txt a.txt a.txt  txt True a.txt ",
        f"<generated file o> {root}/o {root} False @@//:t {root} True 1",
        "File ctx Target <rule context for //:t>",
    ]


def test_files_about_the_build_are_made_once_for_all_targets() -> None:
    workspace = ruled(
        """
        def _impl(ctx):
            o = ctx.actions.declare_file(ctx.label.name)
            ctx.actions.run_shell(outputs = [o], inputs = [ctx.info_file, ctx.version_file], command = "x")
        r = rule(_impl)
        """,
        'r(name = "a")\nr(name = "t")',
    )
    workspace.analyze("//:a", "//:t")
    graph = workspace.graph()
    assert graph is not None
    [stable, volatile] = [a for a in workspace.one("//:t").actions if isinstance(a, WriteFile)]
    assert stable.output.exec_path == "venvship-out/stable-status.txt"
    assert volatile.output.exec_path == "venvship-out/volatile-status.txt"


def test_tree_paths_are_for_files_of_directories() -> None:
    assert "tree_relative_path not allowed" in problem(
        "print(ctx.file.s.tree_relative_path)", FILE_ATTRS, target='s = "a.txt"'
    )


def test_doing_nothing_declares_nothing() -> None:
    assert implemented('ctx.actions.do_nothing(mnemonic = "N", inputs = [])').one("//:t").actions == ()


def test_an_action_may_take_over_what_another_one_needs() -> None:
    made = ruled(
        """
        A = provider()
        def _made(ctx):
            out = ctx.actions.declare_file("made")
            ctx.actions.run_shell(outputs = [out], inputs = ctx.files.srcs, command = "x", env = {"K": "v", "L": "1"})
            return [DefaultInfo(files = depset([out]))]
        made = rule(_made, attrs = {"srcs": attr.label_list(allow_files = True)})
        def _a(target, ctx):
            out = ctx.actions.declare_file("checked")
            ctx.actions.run_shell(
                outputs = [out], command = "y", inputs = [ctx.file._own], env = {"L": "2"},
                shadowed_action = target.actions[0],
            )
            return [A(out = out)]
        a = aspect(_a, attrs = {"_own": attr.label(default = ":b.txt", allow_single_file = True)})
        r = rule(
            lambda ctx: [DefaultInfo(files = depset([ctx.attr.dep[A].out]))],
            attrs = {"dep": attr.label(aspects = [a])},
        )
        """,
        """
        load(":x.bzl", "made")
        exports_files(["b.txt"])
        made(name = "m", srcs = ["a.txt"])
        r(name = "t", dep = ":m")
        """,
        a_txt="",
        b_txt="",
    )
    made.one("//:t")
    [action] = [one for target in made.analyzer.targets for one in target.actions if one.outputs[0].path == "checked"]
    assert isinstance(action, Spawn)
    assert sorted(file.path for file in action.inputs.to_tuple()) == ["a.txt", "b.txt"]
    assert action.environment == {"K": "v", "L": "2"}
