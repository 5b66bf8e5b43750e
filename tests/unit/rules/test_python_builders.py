"""Rules that workspaces make of those of Python programs."""

from __future__ import annotations

from analysis_workspace import DEFS, AnalysisWorkspace, Dist, ValueHub

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.model.provider import ArgumentsInfo, OutputGroupInfo, RunEnvironmentInfo
from venvship.rules.python.providers import PyExecutableInfo, PyInfo

LOADS = """
load("@rules_python//python/api:attr_builders.bzl", "attrb")
load("@rules_python//python/api:executables.bzl", "executables")
load("@rules_python//python/api:libraries.bzl", "libraries")
load("@rules_python//python/api:rule_builders.bzl", "ruleb")
"""
PROGRAMS = """
VERSION = "@rules_python//python/config_settings:python_version"

def _program():
    builder = executables.py_binary_rule_builder()
    base = builder.cfg.implementation()

    def change(settings, attr):
        return base(settings, attr) | {VERSION: attr.wanted or settings[VERSION]}

    builder.cfg.set_implementation(change)
    builder.cfg.update_inputs([VERSION])
    builder.cfg.add_outputs(VERSION)
    builder.attrs.put("wanted", attrb.String())
    return builder.build()

program = _program()
checked_test = executables.py_test_rule_builder().build()
"""


def workspace(build: str, rules: str) -> AnalysisWorkspace:
    files = {f"app/{name}": "" for name in ("app.py", "check_test.py", "fast.txt", "lib.py")}
    return AnalysisWorkspace({"app/BUILD": build, "app/defs.bzl": LOADS + rules, **files})


def version(target: ConfiguredTarget) -> str:
    return str(target[PyExecutableInfo].venv.runtime.version)


def test_a_program_may_have_a_transition_of_its_own() -> None:
    build = """
load(":defs.bzl", "checked_test", "program")
program(name = "plain", srcs = ["app.py"], main = "app.py")
program(name = "new", srcs = ["app.py"], main = "app.py", wanted = "3.13")
program(name = "own", srcs = ["app.py"], main = "app.py", wanted = "3.11", python_version = "3.13")
checked_test(name = "check_test", srcs = ["check_test.py"], args = ["x"], size = "small")
"""
    made = workspace(build, PROGRAMS)
    assert {name: version(made.one(f"//app:{name}")) for name in ("plain", "new", "own", "check_test")} == {
        "plain": "3.12",
        "new": "3.13",
        "own": "3.13",
        "check_test": "3.12",
    }
    program = made.one("//app:new")
    assert program.kind == "program rule" and program[PyExecutableInfo].venv.label.name == "_new.venv"
    assert program[OutputGroupInfo] is not None
    assert made.one("//app:check_test")[ArgumentsInfo].arguments == ("x",)


def test_a_library_may_provide_more() -> None:
    build = """
load(":defs.bzl", "described")
described(name = "lib", srcs = ["lib.py"], imports = ["."], note = "for all", namespace_package_files = [])
"""
    rules = """
NoteInfo = provider(fields = ["note"])

def _described():
    builder = libraries.py_library_rule_builder()
    base = builder.implementation()

    def implementation(ctx):
        providers = base(ctx)
        print(providers[1].imports.to_list(), ctx.attr.note)
        return providers + [NoteInfo(note = ctx.attr.note)]

    builder.set_implementation(implementation)
    builder.attrs.update({"note": lambda: attrb.String(mandatory = True)})
    return builder.build()

described = _described()
"""
    made = workspace(build, rules)
    target = made.one("//app:lib")
    assert made.printed == ['["_main", "_main/app"] for all']
    assert [file.path for file in target[PyInfo].transitive_sources.to_tuple()] == ["app/lib.py"]


def test_a_rule_of_ours_can_be_extended_where_it_is_loaded_from() -> None:
    rules = """
load("@aspect_rules_py//py:defs.bzl", "py_library")
NoteInfo = provider(fields = ["note"])
noted = rule(lambda ctx: ctx.super() + [NoteInfo(note = ctx.attr.note)], attrs = {"note": attr.string()},
    parent = py_library)
silent = rule(lambda ctx: [], parent = py_library)
show = rule(lambda ctx: print(ctx.attr.lib[NoteInfo].note), attrs = {"lib": attr.label()})
"""
    build = """
load(":defs.bzl", "noted", "show", "silent")
noted(name = "lib", srcs = ["lib.py"], note = "x")
silent(name = "silent")
show(name = "show", lib = ":lib")
"""
    made = workspace(build, rules)
    sources = made.one("//app:lib")[PyInfo].transitive_sources
    assert [file.path for file in sources.to_tuple()] == ["app/lib.py"]
    made.one("//app:show")
    assert made.printed == ["x"]
    assert "'super' was not called" in made.problems("//app:silent")


def test_other_rules_of_ours_are_no_rules_to_extend() -> None:
    made = workspace('load(":defs.bzl", "x")', "x = rule(lambda ctx: ctx.super(), parent = native.genrule)\n")
    assert "parent must be a rule of a .bzl file" in made.problems("//app:x")


def test_rules_are_built_from_nothing_too() -> None:
    rules = """
rules = ruleb.Rule(implementation = lambda ctx: print(ctx.attr.number), doc = "d")
rules.attrs.put("number", attrb.Int(default = 3))
counted = rules.build()
"""
    made = workspace('load(":defs.bzl", "counted")\ncounted(name = "three")', rules)
    made.one("//app:three")
    assert made.printed == ["3"]


def test_what_a_builder_can_not_change_is_told() -> None:
    rules = 'executables.py_binary_rule_builder().attrs.get("deps").set_default([])\nx = 1\n'
    problems = workspace('load(":defs.bzl", "x")', rules).problems("//app:x")
    assert "`deps` is no attribute that this builder was given, and those of py_binary can't be read here" in problems
    rules = """
builder = executables.py_binary_rule_builder()
builder.attrs.put("env", attrb.StringDict())
x = builder.build()
"""
    problems = workspace('load(":defs.bzl", "x")', rules).problems("//app:x")
    assert "`env` is one of the extended rule" in problems and "in an `initializer`" in problems


def test_attributes_are_made_in_steps_and_defaults_of_a_rule_by_its_initializer() -> None:
    rules = """
def _initial(name, env = {}, **others):
    return {"env": {"MODE": "fast"} | env, "imports": ["."]}

def _changed():
    builder = executables.py_binary_rule_builder()
    files = attrb.LabelList(allow_files = [".csv"])
    files.set_allow_files([".txt"])
    builder.attrs.put("data", files)
    note = attrb.String()
    note.set_default("none")
    builder.attrs.update({"note": lambda: note})
    return builder.build(initializer = _initial)

changed = _changed()
"""
    build = """
load(":defs.bzl", "changed")
changed(name = "app", srcs = ["app.py"], data = ["fast.txt"], main = "app.py", note = "x")
"""
    made = workspace(build, rules)
    info = made.one("//app:app")[PyExecutableInfo]
    assert made.one("//app:app")[RunEnvironmentInfo].environment["MODE"] == "fast"
    # The virtualenv has what the program is given.
    assert "_main/app" in info.venv.imports.to_tuple()
    assert "app/fast.txt" in [file.path for file in info.first_party_runfiles.files.to_tuple()]
    problems = workspace(build.replace("fast.txt", "lib.py"), rules).problems("//app:app")
    assert "in attribute `data` of `//app:app`: `//app:lib.py` is a file of the wrong kind" in problems


INFOS = """
load("@rules_python//python:py_info.bzl", "PyInfo")
load("@rules_python//python/api:api.bzl", "py_common")

def _generated(ctx):
    api = py_common.get(ctx)
    output = ctx.actions.declare_file(ctx.label.name + ".py")
    ctx.actions.write(output, "")
    own = api.PyInfoBuilder()
    own.transitive_sources.add(output)
    own.direct_original_sources.add([output]).add(depset([output]))
    own.imports.add("_main/app/made", ["_main/app/more"]).set_order("default")
    own.set_uses_shared_libraries(True).merge_has_py3_only_sources(False)
    joined = api.PyInfoBuilder().merge_targets(ctx.attr.deps).merge(direct = [own.build()])
    if not joined.get_uses_shared_libraries() or joined.get_has_py3_only_sources() or joined.build_builtin_py_info():
        fail("a truth was lost")
    info = joined.build()
    again = api.merge_py_infos([dep[PyInfo] for dep in ctx.attr.deps if PyInfo in dep], direct = [own.build()])
    paths = [sorted([file.path for file in one.transitive_sources.to_list()]) for one in [info, again]]
    if paths[0] != paths[1]:
        fail("two ways, two results")
    return [DefaultInfo(files = depset([output])), info]

generated = rule(_generated, attrs = {"deps": attr.label_list(allow_files = True)} | py_common.API_ATTRS)
"""


def test_rules_join_what_python_targets_tell_with_the_builder_of_rules_python() -> None:
    build = """
load(":infos.bzl", "generated")
py_library(name = "low", srcs = ["low.py"], imports = ["low"], virtual_deps = ["six"], deps = ["@pypi//attrs"])
generated(name = "made", deps = [":low", "low.py"])
py_binary(name = "app", srcs = ["app.py"], deps = [":made"], resolutions = {"six": "@pypi//six"})
py_binary(name = "lacking", srcs = ["app.py"], deps = [":made"])
"""
    files = {"app/BUILD": DEFS + build, "app/infos.bzl": INFOS, "app/low.py": "", "app/app.py": ""}
    made = AnalysisWorkspace(files, hub=ValueHub([Dist("six"), Dist("attrs")]))
    info = made.one("//app:made")[PyInfo]
    assert [file.path for file in info.direct_original_sources.to_tuple()] == ["app/made.py"]
    assert {file.path for file in info.transitive_sources.to_tuple()} == {"app/low.py", "app/made.py"}
    assert {"_main/app/low", "_main/app/made", "_main/app/more"} <= set(info.imports.to_tuple())
    assert info.uses_shared_libraries
    program = made.one("//app:app")[PyExecutableInfo]
    assert sorted(wheel.project for wheel in program.wheels.to_tuple()) == ["attrs", "six"]
    assert "six" in made.problems("//app:lacking")
