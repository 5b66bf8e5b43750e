"""Rules written in `.bzl` files, built, run and tested with the real command."""

from __future__ import annotations

from real_workspace import RealWorkspace

BZL = r'''
def _tool(ctx):
    e = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(e, """#!/bin/sh
cat "$0.runfiles/_main/lib/data.txt"
for a in "$@"; do echo "[$a]"; case "$a" in @*) cat "${a#@}";; esac; done
""", is_executable = True)
    return [DefaultInfo(executable = e, runfiles = ctx.runfiles(files = ctx.files.data))]

tool = rule(_tool, executable = True, attrs = {"data": attr.label_list(allow_files = True)})

def _upper(f):
    return f.basename.upper()

def _relative(f):
    return f.tree_relative_path

def _gen(ctx):
    tree = ctx.actions.declare_directory(ctx.label.name + ".tree")
    ctx.actions.run_shell(
        outputs = [tree],
        command = "mkdir -p $1/sub; echo a > $1/a; echo b > $1/sub/b",
        arguments = [tree.path],
    )
    out = ctx.actions.declare_file(ctx.label.name + ".out")
    args = ctx.actions.args()
    args.add_all([tree], map_each = _relative)
    args.add_joined(ctx.files.srcs, join_with = ",", map_each = _upper)
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [tree] + ctx.files.srcs,
        tools = [ctx.executable.tool],
        command = "%s \"$@\" > %s" % (ctx.executable.tool.path, out.path),
        arguments = [args, "last"],
    )
    text = ctx.actions.declare_file(ctx.label.name + ".txt")
    computed = ctx.actions.template_dict()
    computed.add_joined("%FILES%", depset([tree]), join_with = ";", map_each = _relative)
    ctx.actions.expand_template(
        template = ctx.file.template,
        output = text,
        substitutions = {"%NAME%": ctx.label.name},
        computed_substitutions = computed,
    )
    link = ctx.actions.declare_file(ctx.label.name + ".link")
    ctx.actions.symlink(output = link, target_file = out)
    listing = ctx.actions.declare_file(ctx.label.name + ".list")
    listed = ctx.actions.args()
    listed.add_all([tree])
    ctx.actions.write(listing, listed)
    extra = ctx.actions.declare_file(ctx.label.name + ".extra")
    ctx.actions.write(extra, "extra")
    return [DefaultInfo(files = depset([out, text, link, listing])), OutputGroupInfo(extra = [extra])]

gen = rule(_gen, attrs = {
    "srcs": attr.label_list(allow_files = True),
    "template": attr.label(allow_single_file = True),
    "tool": attr.label(executable = True, cfg = "exec", default = ":tool"),
})

def _check(ctx):
    e = ctx.actions.declare_file(ctx.label.name)
    text = "#!/bin/sh\necho greeting $GREETING\ngrep -q last lib/g.out && exit %d\n" % ctx.attr.code
    ctx.actions.write(e, text, is_executable = True)
    return [
        DefaultInfo(executable = e, runfiles = ctx.runfiles(ctx.files.data)),
        RunEnvironmentInfo(environment = {"GREETING": "hello"}),
    ]

check_test = rule(_check, test = True, attrs = {"data": attr.label_list(allow_files = True), "code": attr.int()})

def _validated(ctx):
    verdict = ctx.actions.declare_file("verdict")
    ctx.actions.run_shell(outputs = [verdict], command = "echo not valid; exit 1")
    return [OutputGroupInfo(_validation = depset([verdict]))]

validated = rule(_validated)
'''
BUILD = """
load(":x.bzl", "check_test", "gen", "tool", "validated")
tool(name = "tool", data = ["data.txt"])
gen(name = "g", srcs = ["a.txt", "b.txt"], template = "t.txt")
check_test(name = "good_test", data = [":g"])
check_test(name = "bad_test", data = [":g"], code = 3, tags = ["manual"])
validated(name = "v", tags = ["manual"])
"""
FILES = {
    "MODULE.bazel": "",
    "lib/x.bzl": BZL,
    "lib/BUILD.bazel": BUILD,
    "lib/data.txt": "data\n",
    "lib/a.txt": "a",
    "lib/b.txt": "b",
    "lib/t.txt": "%NAME% has %FILES%\n",
}


def output(workspace: RealWorkspace, name: str) -> str:
    return (workspace.root / "venvship-bin" / "lib" / name).read_text()


def test_actions_of_rules_make_what_they_say(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    done = workspace.build("//lib:g")
    assert done.code == 0, done.stderr
    lines = output(workspace, "g.out").splitlines()
    assert lines[0] == "data" and lines[1].endswith("/g.out-0.params]")
    assert lines[2:] == ["a", "sub/b", "A.TXT,B.TXT", "[last]"]
    assert output(workspace, "g.txt") == "g has a;sub/b\n"
    assert output(workspace, "g.link") == output(workspace, "g.out")
    assert [line.rpartition("/lib/")[2] for line in output(workspace, "g.list").split()] == ["g.tree/a", "g.tree/sub/b"]
    assert not (workspace.root / "venvship-bin/lib/g.extra").exists()
    assert workspace.build("//lib:g", "--output_groups=+extra").code == 0
    assert output(workspace, "g.extra") == "extra"


def test_a_group_of_a_program_is_built_without_the_program(workspace: RealWorkspace) -> None:
    bzl = """
def _program(ctx):
    program, about = ctx.actions.declare_file(ctx.label.name), ctx.actions.declare_file(ctx.label.name + ".about")
    ctx.actions.write(program, "#!/bin/sh", is_executable = True)
    ctx.actions.write(about, "about")
    return [DefaultInfo(executable = program), OutputGroupInfo(about = depset([about]))]
program = rule(_program, executable = True)
"""
    workspace.write(
        {"MODULE.bazel": "", "lib/x.bzl": bzl, "lib/BUILD": 'load(":x.bzl", "program")\nprogram(name = "p")\n'}
    )
    done = workspace.build("//lib:p", "--output_groups=about")
    assert done.code == 0, done.stderr
    assert output(workspace, "p.about") == "about" and not (workspace.root / "venvship-bin/lib/p").exists()
    assert workspace.build("//lib:p").code == 0
    assert output(workspace, "p") == "#!/bin/sh"


def test_a_changed_source_changes_what_it_is_in_and_nothing_else(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    assert workspace.build("//lib:g").code == 0
    workspace.write({"lib/data.txt": "changed\n"})
    done = workspace.build("//lib:g")
    # The action that reads it through its tool, and the link to what that makes.
    assert done.actions()[0] == 2, done.stderr
    assert output(workspace, "g.out").startswith("changed\n")


def test_programs_and_tests_of_rules_run(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    ran = workspace.run("run", "//lib:tool", "--", "x", "y z")
    assert (ran.code, ran.stdout) == (0, "data\n[x]\n[y z]\n"), ran.stderr
    tested = workspace.run("test", "//lib:all", "--test_output=all")
    assert tested.code == 0 and "greeting hello" in tested.stdout + tested.stderr
    assert workspace.run("test", "//lib:bad_test").code == 3


def test_a_failing_validation_fails_the_build_unless_it_is_turned_off(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    done = workspace.build("//lib:v")
    assert done.code == 1 and "not valid" in done.stderr
    assert workspace.build("//lib:v", "--norun_validations").code == 0


def test_artifacts_are_listed_when_asked_for(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    done = workspace.build("//lib:g", "--experimental_show_artifacts", "--output_groups=extra")
    listed = [line[3:] for line in done.stderr.splitlines() if line.startswith(">>>")]
    assert [path.rpartition("/")[2] for path in listed] == ["g.extra"] and listed[0].startswith("/")


def test_a_mistake_in_an_implementation_is_shown_with_its_calls(workspace: RealWorkspace) -> None:
    workspace.write({**FILES, "lib/x.bzl": BZL.replace("ctx.file.template,", "_template(ctx),")})
    helper = "def _template(ctx):\n    return ctx.file.nope\n"
    workspace.write({"lib/x.bzl": helper + (workspace.root / "lib/x.bzl").read_text()})
    done = workspace.build("//lib:g")
    assert done.code == 1
    assert "lib/x.bzl:2:20: 'struct' value has no field or method 'nope'" in done.stderr
    assert "in _template" in done.stderr and "in _gen" in done.stderr
    assert "in target `//lib:g`, declared at lib/BUILD.bazel:4:4" in done.stderr


ALONG_TOOLCHAINS = """
Seen = provider(fields = ["names"])

def _chain_impl(ctx):
    return [platform_common.ToolchainInfo(word = ctx.attr.word)]

chain = rule(implementation = _chain_impl, attrs = {"word": attr.string(), "deps": attr.label_list()})

def _user_impl(ctx):
    return [DefaultInfo()]

user = rule(implementation = _user_impl, attrs = {"deps": attr.label_list()}, toolchains = ["//:kind", "//:other"])

def _names_impl(target, ctx):
    names = [target.label.name]
    for dep in getattr(ctx.rule.attr, "deps", []):
        names += dep[Seen].names
    if ctx.rule.kind == "user":
        chain = ctx.rule.toolchains["//:kind"]
        names += chain[Seen].names + [chain[platform_common.ToolchainInfo].word, ctx.rule.toolchains["//:other"].word]
    return [Seen(names = names)]

names = aspect(implementation = _names_impl, attr_aspects = ["deps"], toolchains_aspects = ["//:kind"])

def _show_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, " ".join([name for dep in ctx.attr.deps for name in dep[Seen].names]))
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _show_impl, attrs = {"deps": attr.label_list(aspects = [names])})
"""
TOOLCHAINS = """
load(":defs.bzl", "chain", "show", "user")
toolchain_type(name = "kind")
toolchain_type(name = "other")
chain(name = "below", word = "below")
chain(name = "impl", word = "hello", deps = [":below"])
chain(name = "unseen", word = "plain")
toolchain(name = "tc", toolchain = ":impl", toolchain_type = ":kind")
toolchain(name = "tc2", toolchain = ":unseen", toolchain_type = ":other")
user(name = "one")
show(name = "show", deps = [":one"])
"""


def test_an_aspect_goes_to_the_toolchains_of_the_types_that_it_names(workspace: RealWorkspace) -> None:
    module = 'module(name = "along")\nregister_toolchains("//:tc", "//:tc2")\n'
    workspace.write({"MODULE.bazel": module, "defs.bzl": ALONG_TOOLCHAINS, "BUILD.bazel": TOOLCHAINS})
    workspace.built("//:show")
    assert (workspace.root / "venvship-bin/show.txt").read_text() == "one impl below hello plain"


def test_scripts_that_name_no_interpreter_are_started_by_a_shell(workspace: RealWorkspace) -> None:
    rules = """
def _script(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, ctx.attr.text, is_executable = True)
    return [DefaultInfo(executable = script)]

script = rule(_script, executable = True, attrs = {"text": attr.string()})
script_test = rule(_script, test = True, attrs = {"text": attr.string()})

def _made(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run(
        outputs = [out],
        executable = ctx.executable.tool,
        arguments = [out.path],
        execution_requirements = {"no-sandbox": "1"} if ctx.attr.local else {},
    )
    return [DefaultInfo(files = depset([out]))]

made = rule(_made, attrs = {"tool": attr.label(executable = True, cfg = "exec"), "local": attr.bool()})
"""
    build = """
load(":rules.bzl", "made", "script", "script_test")
script(name = "writes", text = "echo written > $1")
script(name = "says", text = "set -o pipefail; words=(a b); echo said ${words[1]} $1 | cat")
script_test(name = "passes_test", text = "set -o pipefail; words=(a b); test ${words[1]} = b")
script_test(name = "fails_test", text = "set -o pipefail; false | cat")
made(name = "made", tool = ":writes")
made(name = "made_outside", tool = ":writes", local = True)
"""
    workspace.write({"MODULE.bazel": "", "rules.bzl": rules, "BUILD.bazel": build})
    workspace.built("//:made", "//:made_outside")
    for name in ("made", "made_outside"):
        assert (workspace.root / f"venvship-bin/{name}.txt").read_text() == "written\n"
    for _ in range(2):
        done = workspace.run("run", "//:says", "--", "it")
        assert (done.code, done.stdout) == (0, "said b it\n"), done.stderr
    for strategy in ("sandboxed", "local"):
        done = workspace.test("//:passes_test", "//:fails_test", f"--spawn_strategy={strategy}")
        said = done.stdout + done.stderr
        assert done.code == 3 and "1 test passes and 1 fails" in said, said
