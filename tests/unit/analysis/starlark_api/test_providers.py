from __future__ import annotations

from analysis_workspace import DEFS, LINUX, AnalysisWorkspace
from starlark_rules import printed, problem, ruled

from venvship.rules.python.providers import PyInfo

GEN = """
load(":more.bzl", "MoreInfo")
def _gen(ctx):
    o = ctx.actions.declare_file(ctx.label.name + ".py")
    ctx.actions.write(o, "x = 1\\n")
    return [
        DefaultInfo(files = depset([o])),
        PyInfo(
            transitive_sources = depset([o], transitive = [d[PyInfo].transitive_sources for d in ctx.attr.deps]),
            imports = depset(transitive = [d[PyInfo].imports for d in ctx.attr.deps]),
        ),
        MoreInfo(word = "w"),
    ]
gen = rule(_gen, attrs = {"deps": attr.label_list(providers = [PyInfo])})
def _look(ctx):
    for d in ctx.attr.deps:
        print(d.label.name, [f.path for f in d[PyInfo].transitive_sources.to_list()], MoreInfo in d, PyInfo in d)
        if MoreInfo in d:
            print(d[MoreInfo].word, d[MoreInfo])
look = rule(_look, attrs = {"deps": attr.label_list()})
"""


def test_built_in_rules_and_rules_of_bzl_files_share_providers() -> None:
    workspace = AnalysisWorkspace(
        {
            "more.bzl": 'MoreInfo = provider(fields = ["word"])',
            "x.bzl": GEN,
            "BUILD": DEFS
            + 'load(":x.bzl", "gen", "look")\n'
            + 'py_library(name = "lib", srcs = ["lib.py"])\ngen(name = "g", deps = [":lib"])\n'
            + 'py_library(name = "top", srcs = ["top.py"], deps = [":g"])\nlook(name = "t", deps = [":g", ":top"])\n',
            "lib.py": "",
            "top.py": "",
        }
    )
    info = workspace.one("//:g").get(PyInfo)
    assert info is not None
    workspace.one("//:t")
    root = "venvship-out/linux_x86_64-fastbuild/bin"
    assert workspace.printed == [
        f'g ["lib.py", "{root}/g.py"] True True',
        'w struct(word = "w")',
        f'top ["lib.py", "{root}/g.py", "top.py"] False True',
    ]


def test_built_in_providers_refuse_what_they_do_not_know() -> None:
    assert "PyInfo() got unexpected keyword argument 'import' (did you mean 'imports'?)" in problem(
        'PyInfo(**{"import": depset()})'
    )
    assert "parameter 'imports' got value of type 'list', want 'depset'" in problem("PyInfo(imports = [])")
    assert "parameter 'transitive_sources', got a depset of 'string', expected a depset of 'File'" in problem(
        'PyInfo(transitive_sources = depset(transitive = [depset(["x"])]))'
    )
    assert "parameter 'imports', got a depset of 'int', expected a depset of 'string'" in problem(
        "PyInfo(imports = depset([1]))"
    )
    assert "parameter 'venv_symlinks', got a depset of 'Label'" in problem(
        'PyInfo(transitive_sources = depset(), venv_symlinks = depset([Label("//:x")]))'
    )
    runtime = "PyRuntimeInfo(interpreter = ctx.actions.declare_file('i'), python_version = 'PY3', files = {})"
    for call in ("ctx.runfiles(transitive_files = {})", runtime):
        told = problem(call.format('depset(["x"])'))
        assert "files', got a depset of 'string', expected a depset of 'File'" in told
    assert "PyWheelsInfo can't be made in .bzl files" in problem("PyWheelsInfo()")
    assert "CcInfo is not supported" in problem("CcInfo()")


def test_providers_of_other_languages_can_be_asked_for_in_vain() -> None:
    assert printed("print(CcInfo in ctx.attr.d, JavaInfo in ctx.attr.d)", '"d": attr.label()', target='d = ":f"') == [
        "False False"
    ]


def test_toolchain_info_holds_anything() -> None:
    assert printed("t = platform_common.ToolchainInfo(a = 1)\nprint(t.a, t)") == ["1 struct(a = 1)"]


def test_a_provider_with_init_makes_values_through_it() -> None:
    workspace = ruled(
        """
        def _init(x):
            return {"x": x * 2}
        I, _raw = provider(fields = ["x"], init = _init)
        def _impl(ctx):
            print(I(4).x, _raw(x = 4).x)
            return [I(1)]
        r = rule(_impl)
        """,
        'r(name = "t")',
    )
    workspace.one("//:t")
    assert workspace.printed == ["8 4"]


def test_returned_values_freeze() -> None:
    workspace = ruled(
        """
        I = provider()
        def _impl(ctx):
            if ctx.attr.d:
                ctx.attr.d[I].l.append(1)
            return [I(l = [])]
        r = rule(_impl, attrs = {"d": attr.label()})
        """,
        'r(name = "a")\nr(name = "t", d = ":a")',
    )
    assert "trying to mutate a frozen list" in workspace.problems("//:t")


def test_sources_are_measured_when_coverage_is_collected() -> None:
    workspace = ruled(
        """
        def _impl(ctx):
            print(ctx.configuration.coverage_enabled, ctx.coverage_instrumented())
            info = coverage_common.instrumented_files_info(
                ctx, source_attributes = ["srcs", "nope"], dependency_attributes = ["deps"], extensions = ["py"])
            print([file.basename for file in info.instrumented_files.to_list()], info.metadata_files)
            return [info]
        r = rule(_impl, attrs = {"srcs": attr.label_list(allow_files = True), "deps": attr.label_list()})
        """,
        'r(name = "low", srcs = ["a.py", "a.txt"])\nr(name = "t", srcs = ["b.py"], deps = [":low"])',
        a_py="",
        b_py="",
        a_txt="",
    )
    workspace.one("//:t")
    workspace.one("//:t", LINUX.with_options({"collect_code_coverage": "true"}))
    assert workspace.printed == [
        *("False False", "[] depset([])") * 2,
        *("True True", '["a.py"] depset([])', "True True", '["a.py", "b.py"] depset([])'),
    ]


def test_default_info_tells_files_runfiles_and_the_program() -> None:
    lines = printed(
        """
        i = ctx.attr.d[DefaultInfo]
        print(i.files.to_list(), i.files_to_run.executable, i.default_runfiles.files.to_list())
        print(ctx.attr.d.files.to_list(), ctx.attr.d.files_to_run.executable, DefaultInfo in ctx.attr.d)
        print(ctx.attr.s.files_to_run.executable, ctx.attr.s[DefaultInfo].files_to_run.executable)
        print(DefaultInfo().files, DefaultInfo, testing.ExecutionInfo({"a": "b"}).requirements)
        print(coverage_common.instrumented_files_info(ctx, source_attributes = ["srcs"]).instrumented_files)
        """,
        '"d": attr.label(), "s": attr.label(allow_files = True)',
        target='d = ":f", s = "b.txt"',
    )
    assert lines == [
        "[<source file a.txt>] <source file a.txt> []",
        "[<source file a.txt>] <source file a.txt> True",
        "<source file b.txt> <source file b.txt>",
        'None <provider DefaultInfo> {"a": "b"}',
        "depset([])",
    ]


def test_a_package_group_says_which_packages_it_holds() -> None:
    made = ruled(
        """
        def _r(ctx):
            groups = ctx.attr.group[PackageSpecificationInfo]
            print([groups.contains(one) for one in ["//a:x", Label("//a/b:x"), "//c:x", "//d"]])
        r = rule(_r, attrs = {"group": attr.label(providers = [PackageSpecificationInfo])})
        """,
        """
        package_group(name = "inner", packages = ["//c"])
        package_group(name = "outer", packages = ["//a/...", "-//a/b"], includes = [":inner"])
        r(name = "t", group = ":outer")
        """,
    )
    made.one("//:t")
    assert made.printed == ["[True, False, True, False]"]
