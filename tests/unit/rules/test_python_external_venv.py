"""The whole of what is said when a shared venv does not hold what a program needs."""

from __future__ import annotations

import pytest
from analysis_workspace import DEFS, AnalysisWorkspace, Dist, ValueHub

from venvship.rules.python.providers import PyExecutableInfo

HUB = ValueHub(
    [
        Dist("redis", "5.0.4", needs=("async-timeout",)),
        Dist("async-timeout", "4.0.3"),
        Dist("httpx", "0.27.0"),
    ],
    groups={"next": [Dist("httpx", "0.28.0")]},
)
CACHE = """
py_library(name = "cache", srcs = ["cache.py"], deps = ["@pypi//redis"], visibility = ["//visibility:public"])
"""


def workspace(build: str, cache: str = CACHE) -> AnalysisWorkspace:
    return AnalysisWorkspace(
        {
            "app/BUILD": DEFS + build,
            "app/server.py": "",
            "app/other.py": "",
            "libs/cache/BUILD": DEFS + cache,
            "libs/cache/cache.py": "",
            "libs/cache/src/deep.py": "",
        },
        hub=HUB,
    )


def test_missing_wheels_come_with_versions_with_who_needs_them_and_with_an_edit() -> None:
    build = """
py_venv(name = "shared", deps = ["@pypi//async_timeout"])
py_binary(
    name = "server", srcs = ["server.py"], deps = ["//libs/cache", "@pypi//httpx"], external_venv = ":shared")
"""
    assert workspace(build).problems("//app:server") == (
        "app/BUILD:4:10: py_binary `//app:server` needs wheels that `//app:shared` does not hold:\n"
        "  httpx 0.27.0, required by //app:server\n"
        "  redis 5.0.4, required by //libs/cache:cache\n"
        "\n"
        "hint: add them to the deps of `//app:shared`, or remove external_venv:\n"
        "    deps = [\n"
        '        "@pypi//httpx",\n'
        '        "@pypi//redis",\n'
        "    ],"
    )


def test_a_wheel_that_another_brings_names_the_one_that_is_asked_for_and_only_that_is_added() -> None:
    build = """
py_venv(name = "shared")
py_test(name = "server", srcs = ["server.py"], deps = ["//libs/cache"], external_venv = ":shared")
"""
    assert workspace(build).problems("//app:server") == (
        "app/BUILD:4:8: py_test `//app:server` needs wheels that `//app:shared` does not hold:\n"
        "  async-timeout 4.0.3, required by //libs/cache:cache (through @pypi//redis)\n"
        "  redis 5.0.4, required by //libs/cache:cache\n"
        "\n"
        "hint: add them to the deps of `//app:shared`, or remove external_venv:\n"
        "    deps = [\n"
        '        "@pypi//redis",\n'
        "    ],"
    )


def test_another_version_is_told_apart_from_an_absence() -> None:
    build = """
py_venv(name = "shared", deps = ["@pypi//httpx"], dep_group = "next")
py_binary(name = "server", srcs = ["server.py"], deps = ["@pypi//httpx"], external_venv = ":shared")
"""
    assert workspace(build).problems("//app:server") == (
        "app/BUILD:4:10: py_binary `//app:server` needs other versions of wheels than `//app:shared` holds:\n"
        "  httpx 0.27.0 (the venv holds 0.28.0), required by //app:server\n"
        "\n"
        "hint: a venv holds one version of a distribution: let both resolve to the same one, with the same dep_group "
        "and Python version, or remove external_venv"
    )


def test_another_group_with_the_same_version_is_another_build() -> None:
    build = """
py_venv(name = "shared", deps = ["@pypi//redis"], dep_group = "next")
py_binary(name = "server", srcs = ["server.py"], deps = ["@pypi//async_timeout"], external_venv = ":shared")
"""
    problem = workspace(build).problems("//app:server")
    assert problem.startswith(
        "app/BUILD:4:10: py_binary `//app:server` needs other versions of wheels than `//app:shared` holds:\n"
        "  async-timeout 4.0.3 for Python 3.12 on linux_x86_64 (the venv holds that for Python 3.12 on linux_x86_64 "
        "with dep_group `next`), required by //app:server\n"
        "\n"
        "hint: a venv holds one version of a distribution: let both resolve to the same one, with the same dep_group "
        "and Python version, or remove external_venv"
    )


def test_an_import_root_of_the_workspace_names_the_library_that_brings_it() -> None:
    cache = """
py_library(name = "cache", srcs = ["src/deep.py"], imports = ["src"], visibility = ["//visibility:public"])
"""
    build = """
py_venv(name = "shared")
py_binary(name = "server", srcs = ["server.py"], deps = ["//libs/cache"], external_venv = ":shared")
"""
    assert workspace(build, cache).problems("//app:server") == (
        "app/BUILD:4:10: py_binary `//app:server` imports first-party code that `//app:shared` does not hold:\n"
        "  _main/libs/cache/src, required by //libs/cache:cache\n"
        "\n"
        "hint: add them to the deps of `//app:shared`, or remove external_venv:\n"
        "    deps = [\n"
        '        "//libs/cache:cache",\n'
        "    ],"
    )


def test_an_import_root_of_the_program_itself_has_to_move_to_a_library() -> None:
    build = """
py_venv(name = "shared")
py_binary(name = "server", srcs = ["server.py"], imports = ["."], external_venv = ":shared")
"""
    assert workspace(build).problems("//app:server") == (
        "app/BUILD:4:10: py_binary `//app:server` imports first-party code that `//app:shared` does not hold:\n"
        "  _main/app, required by //app:server\n"
        "\n"
        "hint: `imports` of the program itself reach no shared venv: let a py_library name them, and have it in the "
        "deps of both"
    )


def test_the_same_closure_is_held_without_a_look_at_it() -> None:
    build = """
py_library(name = "lib", srcs = ["other.py"], deps = ["//libs/cache"])
py_venv(name = "shared", deps = [":lib"])
py_binary(name = "server", srcs = ["server.py"], deps = [":lib"], external_venv = ":shared")
"""
    program = workspace(build).one("//app:server")[PyExecutableInfo]
    assert program.venv.directory == "_main/app/.shared"


def test_what_belongs_to_the_venv_can_not_be_said_by_its_programs() -> None:
    build = 'py_binary(name = "server", srcs = ["server.py"], external_venv = ":v", package_collisions = "error")'
    assert "package_collisions belongs to the shared virtualenv, set it there" in workspace(build).problems(
        "//app:server"
    )
    build = 'py_binary(name = "server", srcs = ["server.py"], external_venv = ":v", expose_venv = True)'
    assert "expose_venv needs a virtualenv of the program's own" in workspace(build).problems("//app:server")
    build = 'py_binary(name = "server", srcs = ["server.py"], venv = ":v")'
    assert "use external_venv for a py_venv target" in workspace(build).problems("//app:server")


def test_an_exposed_venv_can_be_run_and_linked() -> None:
    build = """
py_binary(name = "server", srcs = ["server.py"], expose_venv_link = True, interpreter_options = ["-O"])
py_binary(name = "other", srcs = ["other.py"], external_venv = ":server.venv")
"""
    made = workspace(build)
    assert made.one("//app:server.venv").default_info.executable is not None
    link = made.one("//app:server.venv_link")
    assert link.default_info.executable is not None
    assert made.one("//app:other")[PyExecutableInfo].venv.label.name == "server.venv"
    build = 'py_binary(name = "server", srcs = ["server.py"], expose_venv = False, expose_venv_link = True)'
    assert "expose_venv_link needs expose_venv" in workspace(build).problems("//app:server")


def test_user_sites_are_admitted_only_with_those_of_the_system() -> None:
    build = """
py_binary(name = "server", srcs = ["server.py"], include_user_site_packages = True)
py_binary(name = "other", srcs = ["other.py"], include_user_site_packages = True,
    include_system_site_packages = True)
"""
    made = workspace(build)
    assert "needs `include_system_site_packages`" in made.problems("//app:server")
    assert made.one("//app:other")[PyExecutableInfo].interpreter_args == ("-B", "-E", "-P")
    build = """
py_venv(name = "shared")
py_binary(name = "server", srcs = ["server.py"], include_user_site_packages = True, external_venv = ":shared")
"""
    problems = workspace(build).problems("//app:server")
    assert "`include_user_site_packages` needs `include_system_site_packages` of `//app:shared`" in problems


@pytest.mark.parametrize("attribute", ["expose_venv", "expose_venv_link"])
@pytest.mark.parametrize(
    ("value", "told"), [('"yes"', "of type string"), ('select({"//conditions:default": True})', "of type select")]
)
def test_whether_a_virtualenv_is_exposed_is_said_plainly(attribute: str, value: str, told: str) -> None:
    build = f'py_binary(name = "server", srcs = ["server.py"], {attribute} = {value})'
    assert f"`server`: {attribute} is {told}, and must be True or False" in workspace(build).problems("//app:server")


@pytest.mark.parametrize("name", ["", "A=B"])
def test_what_is_no_name_of_a_variable_can_not_be_inherited(name: str) -> None:
    for rule in ('py_binary(name = "x", srcs = ["server.py"], ', 'py_venv(name = "x", '):
        assert f"`env_inherit` has `'{name}'`" in workspace(f'{rule}env_inherit = ["{name}"])').problems("//app:x")


def test_what_is_no_virtualenv_is_named() -> None:
    build = """
py_library(name = "shared")
py_binary(name = "server", srcs = ["server.py"], external_venv = ":shared")
"""
    assert workspace(build).problems("//app:server") == (
        "app/BUILD:4:10: `external_venv` is `//app:shared`, a py_library rule, and no virtualenv\n"
        "  in target `//app:server`\n"
        "\n"
        "hint: name a py_venv, or remove external_venv"
    )


def test_a_shared_venv_for_another_python_is_refused_even_without_wheels() -> None:
    build = """
py_venv(name = "shared", python_version = "3.13")
py_binary(name = "server", srcs = ["server.py"], python_version = "3.12", external_venv = ":shared")
py_binary(name = "other", srcs = ["other.py"], python_version = "3.13", external_venv = ":shared")
py_binary(name = "any", srcs = ["other.py"], main = "other.py", external_venv = ":shared")
"""
    made = workspace(build)
    assert made.problems("//app:server") == (
        "app/BUILD:4:10: `//app:server` is built for Python 3.12, and `//app:shared` for Python 3.13\n"
        "  in target `//app:server`\n"
        "\n"
        "hint: let one of them leave `python_version` out, or say the same in both"
    )
    for name in ("other", "any"):
        assert str(made.one(f"//app:{name}")[PyExecutableInfo].venv.runtime.version) == "3.13"


def test_a_wheel_that_only_settings_set_apart_names_the_settings() -> None:
    build = """
py_venv(name = "shared", deps = ["@pypi//httpx"], python_version = "3.12")
py_binary(name = "server", srcs = ["server.py"], deps = ["@pypi//httpx"], external_venv = ":shared")
"""
    assert workspace(build).problems("//app:server") == (
        "app/BUILD:4:10: py_binary `//app:server` needs other versions of wheels than `//app:shared` holds:\n"
        "  httpx 0.27.0 (the venv holds that of another configuration), required by //app:server\n"
        "\n"
        "hint: say `python_version`, `dep_group` and `config_settings` of `//app:shared` and of the program alike: "
        "what only one of them says counts, also where it is the default"
    )


def test_a_wheel_that_stands_for_a_virtual_dependency_names_who_wants_it_and_as_what() -> None:
    cache = CACHE.replace("deps =", "virtual_deps = ['store'], visibility = ['//visibility:public'])  #")
    build = """
py_venv(name = "shared")
py_library(name = "lib", srcs = ["other.py"], deps = ["//libs/cache"], resolutions = {"store": "@pypi//httpx"})
py_binary(name = "server", srcs = ["server.py"], deps = [":lib"], external_venv = ":shared")
py_binary(name = "own", srcs = ["server.py"], virtual_deps = ["x"], resolutions = {"x": "@pypi//httpx"},
    external_venv = ":shared")
"""
    made = workspace(build, cache)
    assert made.problems("//app:server") == (
        "app/BUILD:5:10: py_binary `//app:server` needs wheels that `//app:shared` does not hold:\n"
        "  httpx 0.27.0, required by //app:lib as `store`\n"
        "\n"
        "hint: add them to the deps of `//app:shared`, or remove external_venv:\n"
        "    deps = [\n"
        '        "@pypi//httpx",\n'
        "    ],"
    )
    assert "  httpx 0.27.0, required by //app:own as `x`\n" in made.problems("//app:own")


def test_an_import_root_that_stands_for_a_virtual_dependency_is_brought_by_the_library_that_has_it() -> None:
    build = """
py_venv(name = "shared")
py_library(name = "ours", srcs = ["other.py"], imports = ["inner"])
py_library(name = "lib", virtual_deps = ["store"])
py_binary(name = "server", srcs = ["server.py"], deps = [":lib"], resolutions = {"store": ":ours"},
    external_venv = ":shared")
"""
    found = workspace(build).problems("//app:server")
    assert "  _main/app/inner, required by //app:lib as `store`\n" in found
    assert '    deps = [\n        "//app:ours",\n    ],' in found and "the program itself" not in found


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('":nowhere"', "needed by `//app:server` (attribute `external_venv`)"),
        ('"server.py"', "in attribute `external_venv` of `//app:server`: `//app:server.py` is a file"),
        ('[":shared"]', "expected value of type 'label' for attribute 'external_venv'"),
        ('"//libs/cache"', "`external_venv` is `//libs/cache:cache`, a py_library rule, and no virtualenv"),
        ('select({"//conditions:default": None})', "`external_venv` is None, by a condition"),
    ],
)
def test_what_is_no_shared_venv_is_called_as_it_was_written(value: str, told: str) -> None:
    found = workspace(f'py_binary(name = "server", srcs = ["server.py"], external_venv = {value})').problems(
        "//app:server"
    )
    assert told in found and "`venv`" not in found
