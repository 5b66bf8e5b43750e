"""What programs tell those that package them, and that nobody has to list anything for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from analysis_workspace import DEFS, LINUX, AnalysisWorkspace, Dist, ValueHub

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model import depset
from venvship.model.action import ForestFile, ForestLink
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.provider import DefaultInfo, InstrumentedFilesInfo, OutputGroupInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import PyExecutableInfo, PyInfo, PyRuntimeInfo, PyWheelsInfo, VirtualenvInfo

HUB = ValueHub(
    [
        Dist("numpy", "2.0", {"numpy/__init__.py": ""}, needs=("six",)),
        Dist("six", "1.16", {"six.py": ""}, scripts={"six": "six:main"}),
    ]
)
BUILD = """
py_library(name = "lib", srcs = ["lib.py"], data = ["lib.json"], deps = ["@pypi//numpy"])
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"])
"""
FILES = {"app/lib.py": "", "app/lib.json": "", "app/app.py": ""}
PARTS = ("bootstrap", "stage2", "venv", "interpreter", "third_party", "first_party")


def _split(ctx: RuleContext) -> list[object]:
    [program] = ctx.provided("binary", PyExecutableInfo)
    groups = {
        "interpreter": union([program.interpreter_runfiles.files, program.bootstrap_runfiles.files]),
        "third_party": union([program.third_party_runfiles.files, program.venv_runfiles.files]),
        "first_party": union([program.first_party_runfiles.files, program.stage2_runfiles.files]),
    }
    groups.update({f"wheel_{name}": files for name, files in program.third_party.items()})
    return [DefaultInfo(), OutputGroupInfo(groups)]


SPLIT = RuleClass("split", (attributes.label("binary", providers=(PyExecutableInfo,)),), _split)


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Grows with every depset that is listed."""
    counted: list[int] = []
    original = depset.Depset.to_tuple

    def counting(self: Depset[object]) -> tuple[object, ...]:
        counted.append(len(self.transitive))
        return original(self)

    monkeypatch.setattr(depset.Depset, "to_tuple", counting)
    yield counted


def workspace(build: str = BUILD) -> AnalysisWorkspace:
    return AnalysisWorkspace({"app/BUILD": DEFS + build, **FILES}, hub=HUB, more_rules=[SPLIT])


def paths(files: Depset[Artifact]) -> set[str]:
    return {str(file.runfiles_path) for file in files.to_tuple()}


def test_a_rule_splits_a_program_into_output_groups_without_listing_anything(listings: list[int]) -> None:
    made = workspace(BUILD + 'split(name = "parts", binary = ":app")')
    made.one("//app:app")
    before = len(listings)
    groups = made.one("//app:parts")[OutputGroupInfo].groups
    assert len(listings) == before
    assert "python_interpreters/3.12.4" in paths(groups["interpreter"])
    assert {"pypi/numpy/2.0", "pypi/six/1.16"} <= paths(groups["third_party"])
    assert paths(groups["first_party"]) >= {"_main/app/app.py", "_main/app/lib.py", "_main/app/lib.json"}
    assert paths(groups["wheel_six"]) == {"pypi/six/1.16"}


def test_a_bzl_rule_splits_a_program_the_same_way() -> None:
    rule = """
load("@rules_python//python:py_executable_info.bzl", "PyExecutableInfo")
load("@aspect_rules_py//py:defs.bzl", "PyInfo")

def _split(ctx):
    program = ctx.attr.binary[PyExecutableInfo]
    return [OutputGroupInfo(
        interpreter = program.interpreter_runfiles.files,
        third_party = program.third_party_runfiles.files,
        first_party = program.first_party_runfiles.files,
        six = program.third_party["six"],
        sources = ctx.attr.binary[PyInfo].transitive_sources,
    )]

bzl_split = rule(implementation = _split, attrs = {"binary": attr.label(providers = [PyExecutableInfo])})
"""
    build = f'load(":split.bzl", "bzl_split")\n{BUILD}bzl_split(name = "parts", binary = ":app")'
    made = AnalysisWorkspace({"app/BUILD": DEFS + build, "app/split.bzl": rule, **FILES}, hub=HUB)
    groups = made.one("//app:parts")[OutputGroupInfo].groups
    assert paths(groups["interpreter"]) == {"python_interpreters/3.12.4"}
    assert paths(groups["third_party"]) == {"pypi/numpy/2.0", "pypi/six/1.16"}
    assert paths(groups["six"]) == {"pypi/six/1.16"}
    assert paths(groups["first_party"]) == {"_main/app/app.py", "_main/app/lib.py", "_main/app/lib.json"}
    # As rules of others know it, the files of wheels among them.
    assert paths(groups["sources"]) == {"_main/app/app.py", "_main/app/lib.py", "pypi/numpy/2.0", "pypi/six/1.16"}


def test_the_parts_are_disjoint_and_together_everything() -> None:
    target = workspace().one("//app:app")
    program = target[PyExecutableInfo]
    parts = [{str(path) for path in getattr(program, f"{part}_runfiles").entries()} for part in PARTS]
    together = set().union(*parts)
    assert sum(map(len, parts)) == len(together)
    assert together == {str(path) for path in target[DefaultInfo].default_runfiles.entries()}


def test_links_and_files_of_a_venv_are_told_apart() -> None:
    program = workspace().one("//app:app")[PyExecutableInfo]
    site = "_main/app/._app.venv/lib/python3.12/site-packages"
    links = {str(path) for path in program.venv_runfiles.entries()}
    names = ("numpy", "numpy-2.0.dist-info", "six.py", "six-1.16.dist-info", "__pycache__/six.cpython-312.pyc")
    assert links == {f"{site}/{name}" for name in names}
    bootstrap = {str(path).removeprefix("_main/app/._app.venv/") for path in program.bootstrap_runfiles.entries()}
    assert {"_main/app/app", "pyvenv.cfg", "bin/python", "bin/python3.12", "bin/six", "bin/activate"} <= bootstrap


def test_all_fields_that_packagers_know_are_there() -> None:
    target = workspace().one("//app:app")
    program = target[PyExecutableInfo]
    assert program.main is not None and program.main.path == "app/app.py"
    assert program.build_data_file is not None and program.build_data_file.path == "app/app.build_data.txt"
    assert program.interpreter_path == "python_interpreters/3.12.4/bin/python3.12"
    assert program.interpreter_args == ("-B", "-I")
    assert program.venv_python_exe.path == "app/._app.venv/bin/python"
    assert program.stage2_bootstrap is None
    without = {str(path) for path in program.runfiles_without_exe.entries()}
    assert "python_interpreters/3.12.4" in without and "_main/app/app" not in without
    own = {str(path) for path in program.app_runfiles.entries()}
    assert without - own == {"python_interpreters/3.12.4"}
    assert paths(program.venv_interpreter_runfiles.files) == {"_main/app/._app.venv/bin/python"}
    assert (program.venv_interpreter_symlinks, program.venv_app_symlinks) == (None, None)
    runtime = target[PyRuntimeInfo]
    version = runtime.interpreter_version_info
    assert version is not None and (version.minor, runtime.implementation_name) == (12, "cpython")
    assert runtime.pyc_tag == "cpython-312"


ASK = """
load("@aspect_rules_py//py:defs.bzl", "PyRuntimeInfo", "PyWheelsInfo", "VirtualenvInfo")

def _ask(ctx):
    to_run = ctx.attr.program[PyRuntimeInfo].interpreter_files_to_run
    print(to_run.executable.short_path)
    [numpy, six] = sorted(ctx.attr.program[PyWheelsInfo].wheels.to_list(), key = lambda wheel: wheel.top_levels)
    for wheel in [numpy, six]:
        print(wheel.site_packages_rfpath, wheel.install_tree.short_path)
        print(wheel.top_levels, wheel.top_level_dirs, wheel.console_scripts)
    print("pyvenv.cfg" in [file.basename for file in ctx.attr.program[VirtualenvInfo].runtime_files.to_list()])

ask = rule(_ask, attrs = {"program": attr.label()})
"""


def test_records_have_the_fields_that_other_rule_sets_know() -> None:
    build = DEFS + 'load(":ask.bzl", "ask")\nask(name = "asks", program = ":app")\n' + BUILD
    made = AnalysisWorkspace({**FILES, "app/BUILD": build, "app/ask.bzl": ASK}, hub=HUB)
    made.one("//app:asks")
    site = "lib/python3.12/site-packages"
    assert made.printed == [
        "../python_interpreters/start-3.12.4/python3",
        f"pypi/numpy/2.0/{site} ../pypi/numpy/2.0",
        '["numpy-2.0.dist-info", "numpy"] ["numpy-2.0.dist-info", "numpy"] []',
        f"pypi/six/1.16/{site} ../pypi/six/1.16",
        '["six-1.16.dist-info", "six.py"] ["six-1.16.dist-info"] ["six=six:main"]',
        "True",
    ]


def test_sources_are_measured_when_coverage_is_collected() -> None:
    names = """
load("@rules_python//python:defs.bzl", rp_library = "py_library", rp_test = "py_test")
rp_library(name = "rp", srcs = ["lib.py"], data = [":lib"])
rp_test(name = "rp_test", srcs = ["app.py"], main = "app.py", deps = [":rp"])
"""
    made = workspace(BUILD + names)
    coverage = LINUX.with_options({"collect_code_coverage": "true"})
    measured = {"app": {"app.py", "lib.py"}, "lib": {"lib.py"}, "rp": {"lib.py"}, "rp_test": {"lib.py"}}
    for name, files in measured.items():
        label = f"//app:{name}"
        info = made.one(label, coverage)[InstrumentedFilesInfo]
        assert paths(info.instrumented_files) == {f"_main/app/{file}" for file in files}
        assert not made.one(label)[InstrumentedFilesInfo].instrumented_files


def test_programs_that_share_a_venv_share_its_parts() -> None:
    build = """
py_venv(name = "shared", deps = ["@pypi//numpy"])
py_binary(name = "one", srcs = ["app.py"], deps = ["@pypi//six"], external_venv = ":shared")
py_binary(name = "two", srcs = ["lib.py"], deps = ["@pypi//numpy"], external_venv = ":shared")
"""
    one, two = (target[PyExecutableInfo] for target in workspace(build).analyze("//app:one", "//app:two"))
    assert one.venv_runfiles.files is two.venv_runfiles.files
    assert one.third_party_runfiles.files is two.third_party_runfiles.files


def test_wheels_say_which_names_they_bring_into_venvs() -> None:
    entries = workspace().one("//app:lib")[PyInfo].venv_symlinks.to_tuple()
    assert {(entry.kind, entry.venv_path, entry.package) for entry in entries} >= {
        ("LIB", "numpy", "numpy"),
        ("LIB", "six.py", "six"),
    }
    [numpy] = [entry for entry in entries if entry.venv_path == "numpy"]
    assert numpy.link_to_path == "pypi/numpy/2.0/lib/python3.12/site-packages/numpy"


def test_directories_of_wheels_travel_beside_their_records() -> None:
    info = workspace().one("//app:lib")[PyWheelsInfo]
    assert [record.install for record in info.wheels.to_tuple()] == list(info.installs.to_tuple())


def test_a_program_can_ask_about_its_build() -> None:
    program = workspace().one("//app:app")[PyExecutableInfo]
    assert [str(path) for path in program.stage2_runfiles.entries()] == ["_main/app/app.build_data.txt"]
    assert Runfiles() is not program.stage2_runfiles


def test_headers_and_data_of_wheels_lie_in_the_venv_as_installers_put_them() -> None:
    files = {"six.py": "", "six-1.0.data/headers/six.h": "", "six-1.0.data/data/share/man/six.1": ""}
    made = AnalysisWorkspace(
        {"app/BUILD": DEFS + 'py_venv(name = "v", deps = ["@pypi//six"])'}, hub=ValueHub([Dist("six", "1.0", files)])
    )
    links = {str(link.runfiles_path) for link in made.one("//app:v")[VirtualenvInfo].links.to_tuple()}
    assert {"_main/app/.v/include", "_main/app/.v/share"} <= links


def test_wheels_pass_through_rules_that_join_what_rules_python_has() -> None:
    rules = """
load("@rules_python//python:py_info.bzl", "PyInfo")
load("@aspect_rules_py//py:defs.bzl", "PyWheelsInfo")

def _generated(ctx):
    output = ctx.actions.declare_file(ctx.label.name + ".py")
    ctx.actions.write(output, "import six")
    infos = [dep[PyInfo] for dep in ctx.attr.deps + [ctx.attr._runtime]]
    info = PyInfo(
        imports = depset(transitive = [info.imports for info in infos]),
        transitive_sources = depset([output], transitive = [info.transitive_sources for info in infos]),
    )
    own = [ctx.attr._runtime[PyWheelsInfo]] if ctx.attr.knows else []
    return [DefaultInfo(files = depset([output])), info] + own

generated = rule(_generated, attrs = {
    "data": attr.label_list(),
    "deps": attr.label_list(providers = [PyInfo]),
    "knows": attr.bool(),
    "tool": attr.label(cfg = "exec"),
    "helper": attr.label(),
    "_runtime": attr.label(default = "@pypi//runtime"),
})
"""
    build = """
load(":defs.bzl", "generated")
py_library(name = "lib", deps = ["@pypi//six"])
py_library(name = "other", deps = ["@pypi//other"])
py_binary(name = "program", srcs = ["p.py"], deps = [":other"])
generated(name = "made", deps = [":lib"], data = [":other"], tool = ":other", helper = ":program")
generated(name = "knowing", deps = [":lib"], knows = True)
py_binary(name = "app", srcs = ["p.py"], deps = [":made"], package_collisions = "error")
py_venv(name = "empty")
py_binary(name = "lacks", srcs = ["p.py"], deps = [":made"], external_venv = ":empty")
"""
    hub = ValueHub([Dist("six", "1.5"), Dist("runtime"), Dist("other")])
    files = {"app/BUILD": DEFS + build, "app/defs.bzl": rules, "app/p.py": ""}
    made = AnalysisWorkspace(files, hub=hub)

    def wheels(name: str) -> list[str]:
        return sorted(wheel.project for wheel in made.one(f"//app:{name}")[PyWheelsInfo].wheels.to_tuple())

    assert wheels("made") == wheels("app") == ["runtime", "six"]
    assert wheels("knowing") == ["runtime"]
    problems = made.problems("//app:lacks")
    assert "six 1.5, required by //app:lib" in problems and "required by //app:made" in problems


JOINING = """
load("@rules_python//python:py_info.bzl", "PyInfo")

def _joined(ctx):
    infos = [dep[PyInfo] for dep in ctx.attr.deps]
    sources = depset(transitive = [info.transitive_sources for info in infos])
    runfiles = ctx.runfiles(transitive_files = sources)
    for dep in ctx.attr.deps:
        runfiles = runfiles.merge(dep[DefaultInfo].default_runfiles).merge(dep.data_runfiles)
    return [
        DefaultInfo(files = runfiles.files, runfiles = runfiles),
        PyInfo(imports = depset(transitive = [info.imports for info in infos]), transitive_sources = sources),
    ]

joined = rule(_joined, attrs = {"deps": attr.label_list(providers = [PyInfo])})
"""


def test_rules_of_others_find_wheels_as_import_roots_and_files_of_pyinfo() -> None:
    build = """
load(":defs.bzl", "joined")
joined(name = "inner", deps = [":lib"])
joined(name = "outer", deps = [":inner", "@pypi//six"])
py_binary(name = "joining", srcs = ["app.py"], deps = [":outer"])
"""
    made = AnalysisWorkspace({"app/BUILD": DEFS + BUILD + build, "app/defs.bzl": JOINING, **FILES}, hub=HUB)
    outer = made.one("//app:outer")
    roots = {f"pypi/{wheel}/lib/python3.12/site-packages" for wheel in ("numpy/2.0", "six/1.16")}
    assert set(outer[PyInfo].imports.to_tuple()) == {"_main", *roots}
    trees = {"pypi/numpy/2.0", "pypi/six/1.16"}
    assert paths(outer[DefaultInfo].files) == {*trees, "_main/app/lib.py", "_main/app/lib.json"}
    assert paths(outer[PyInfo].every_source) == {*trees, "_main/app/lib.py"}
    # What is built in takes wheels from where they are records, and has them once.
    assert paths(outer[PyInfo].transitive_sources) == {"_main/app/lib.py"}
    assert paths(outer[DefaultInfo].default_runfiles.files) == {"_main/app/lib.py", "_main/app/lib.json"}
    program = made.one("//app:joining")[PyExecutableInfo]
    assert paths(program.third_party_runfiles.files) == trees
    assert paths(program.first_party_runfiles.files) == {"_main/app/app.py", "_main/app/lib.py", "_main/app/lib.json"}


def test_import_roots_of_wheels_are_no_lines_of_the_path_file() -> None:
    venv = workspace().one("//app:app")[VirtualenvInfo]
    [lines] = [
        entry.content.decode()
        for entry in venv.forest
        if isinstance(entry, ForestFile) and entry.artifact.path.endswith(".pth")
    ]
    assert lines.splitlines() == ["../../../../../..", "../../../../.."]


ASPECTS = """
load("@rules_python//python:py_info.bzl", "PyInfo")

Found = provider(fields = ["imports", "sources"])

def _found(target, ctx):
    below = [dep[Found] for dep in ctx.rule.attr.deps if Found in dep]
    runtime = ctx.attr._runtime[PyInfo]
    return [Found(
        imports = depset(transitive = [runtime.imports] + [one.imports for one in below]),
        sources = depset(transitive = [runtime.transitive_sources] + [one.sources for one in below]),
    )]

found = aspect(_found, attr_aspects = ["deps"], attrs = {"_runtime": attr.label(default = "@pypi//numpy")})

def _nothing(ctx):
    return []

message = rule(_nothing, attrs = {"deps": attr.label_list()})

def _messages(ctx):
    found = [dep[Found] for dep in ctx.attr.deps]
    return [PyInfo(
        imports = depset(transitive = [one.imports for one in found]),
        transitive_sources = depset(transitive = [one.sources for one in found]),
    )]

messages = rule(_messages, attrs = {"deps": attr.label_list(aspects = [found])})

def _plain(target, ctx):
    return []

plain = aspect(_plain, attr_aspects = ["deps"], attrs = {"_runtime": attr.label(default = "@pypi//six")})
both = rule(_messages, attrs = {"deps": attr.label_list(aspects = [found, plain])})
"""


@pytest.mark.parametrize(("rule", "wheels"), [("messages", ["numpy", "six"]), ("both", ["numpy", "six"])])
def test_wheels_that_aspects_meet_belong_to_what_rules_make_of_it(rule: str, wheels: list[str]) -> None:
    build = f"""
load(":defs.bzl", "message", "{rule}")
message(name = "inner")
message(name = "outer", deps = [":inner"])
{rule}(name = "made", deps = [":outer"])
py_binary(name = "app", srcs = ["app.py"], deps = [":made"])
"""
    made = AnalysisWorkspace({"app/BUILD": DEFS + build, "app/defs.bzl": ASPECTS, "app/app.py": ""}, hub=HUB)
    app = made.one("//app:app")
    assert sorted(record.project for record in app[PyWheelsInfo].wheels.to_tuple()) == wheels
    program = app[PyExecutableInfo]
    assert paths(program.third_party_runfiles.files) == {"pypi/numpy/2.0", "pypi/six/1.16"}
    assert paths(program.first_party_runfiles.files) == {"_main/app/app.py"}


GIVEN = """
load("@rules_python//python:py_info.bzl", "PyInfo", "VenvSymlinkEntry", "VenvSymlinkKind")

def _linked(ctx):
    infos = [dep[PyInfo] for dep in ctx.attr.deps]
    files = depset(ctx.files.srcs)
    own = VenvSymlinkEntry(
        kind = getattr(VenvSymlinkKind, ctx.attr.kind, ctx.attr.kind),
        venv_path = ctx.attr.path,
        link_to_path = "_main/app/vendored/foo",
        package = "foo",
        version = "1",
        files = files,
    )
    none = VenvSymlinkEntry(kind = VenvSymlinkKind.LIB, venv_path = "nothing", link_to_path = None)
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files)), PyInfo(
        transitive_sources = depset(transitive = [files] + [info.transitive_sources for info in infos]),
        imports = depset(transitive = [info.imports for info in infos]),
        venv_symlinks = depset([own, none], transitive = [info.venv_symlinks for info in infos]),
    )]

linked = rule(_linked, attrs = {
    "srcs": attr.label_list(allow_files = True),
    "deps": attr.label_list(),
    "kind": attr.string(default = "LIB"),
    "path": attr.string(default = "foo"),
})
"""


def given(build: str) -> AnalysisWorkspace:
    files = {"app/vendored/foo/__init__.py": "", "app/app.py": "", "app/defs.bzl": GIVEN}
    text = """
load(":defs.bzl", "linked")
linked(name = "foo", srcs = ["vendored/foo/__init__.py"], deps = ["@pypi//six"])
"""
    return AnalysisWorkspace({"app/BUILD": DEFS + text + build, **files}, hub=HUB)


def test_names_that_a_rule_asks_for_are_in_the_virtualenvs_of_programs_that_need_it() -> None:
    build = """
py_library(name = "lib", deps = [":foo"])
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"])
linked(name = "tool", path = "foo", kind = "BIN")
linked(name = "header", path = "sub/foo.h", kind = "INCLUDE")
linked(name = "data", path = "share/foo", kind = "DATA")
py_venv(name = "all", deps = [":foo", ":tool", ":header", ":data"])
py_binary(name = "shares", srcs = ["app.py"], deps = [":foo"], external_venv = ":all")
"""
    made = given(build)
    sites = "lib/python3.12/site-packages"

    def links(name: str) -> dict[str, str]:
        venv = made.one(f"//app:{name}")[VirtualenvInfo]
        return {
            link.artifact.runfiles_path.removeprefix(f"{venv.directory}/"): link.text
            for link in venv.forest
            if isinstance(link, ForestLink)
        }

    own = links("app")
    assert own[f"{sites}/foo"] == "../../../../vendored/foo"
    # Wheels that came along in the depset are there once, and None makes nothing.
    assert f"{sites}/six.py" in own and f"{sites}/nothing" not in own
    every = links("all")
    assert every["bin/foo"] == "../../vendored/foo" and every["share/foo"] == every["bin/foo"]
    assert every["include/sub/foo.h"] == "../../../vendored/foo"
    assert made.one("//app:shares")[PyExecutableInfo].venv.label.name == "all"


@pytest.mark.parametrize(
    ("attributes_of_it", "told"),
    [
        ('path = "six.py"', "puts something at `lib/python3.12/site-packages/six.py`, where the virtualenv has"),
        ('path = "six.py/x"', "puts something at `lib/python3.12/site-packages/six.py/x`, where"),
        ('path = "python3", kind = "BIN"', "puts something at `bin/python3`, where the virtualenv has something else"),
        ('path = "lib", kind = "DATA"', "puts something at `lib`, where the virtualenv has something else"),
        ('path = "foo/inner"', "puts something at `lib/python3.12/site-packages/foo/inner`, where"),
        ('path = "../x"', "has the path `../x`, which leads out of the virtualenv"),
        ('kind = "ELSEWHERE"', "has the kind `ELSEWHERE`; kinds are LIB, BIN, INCLUDE, DATA"),
    ],
)
def test_names_that_a_virtualenv_can_not_have_are_refused(attributes_of_it: str, told: str) -> None:
    build = f"""
linked(name = "wrong", {attributes_of_it})
py_binary(name = "app", srcs = ["app.py"], deps = [":foo", ":wrong"])
"""
    assert told in given(build).problems("//app:app")


def test_a_shared_virtualenv_without_a_name_that_a_rule_asks_for_is_refused() -> None:
    build = """
py_venv(name = "shared", deps = ["@pypi//six"])
py_binary(name = "app", srcs = ["app.py"], deps = [":foo"], external_venv = ":shared")
"""
    assert "ask for `lib/python3.12/site-packages/foo`, which `//app:shared` does not hold" in given(build).problems(
        "//app:app"
    )
