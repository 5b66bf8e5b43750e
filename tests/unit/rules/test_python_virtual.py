from __future__ import annotations

from analysis_workspace import DEFS, AnalysisWorkspace, Dist, ValueHub

from venvship.rules.python.providers import PyExecutableInfo, PyWheelsInfo, VirtualenvInfo

HUB = ValueHub([Dist("django", "4.2"), Dist("django-lts", "3.2"), Dist("asgi", needs=())])
LIBRARY = 'py_library(name = "lib", srcs = ["lib.py"], virtual_deps = ["Django"])\n'


def workspace(build: str) -> AnalysisWorkspace:
    sources = {f"app/{name}.py": "" for name in ("lib", "app", "other")}
    return AnalysisWorkspace({"app/BUILD": DEFS + build, **sources}, hub=HUB)


def held(made: AnalysisWorkspace, label: str = "//app:app") -> list[str]:
    return [f"{r.project} {r.version}" for r in made.one(label)[PyExecutableInfo].venv.wheels.to_tuple()]


def test_a_program_says_what_stands_for_a_virtual_dependency() -> None:
    build = 'py_binary(name = "app", srcs = ["app.py"], deps = [":lib"], resolutions = {"django": "@pypi//django_lts"})'
    made = workspace(LIBRARY + build)
    assert held(made) == ["django-lts 3.2"]
    assert made.one("//app:lib")[PyWheelsInfo].wheels.to_tuple() == ()


def test_the_program_wins_over_libraries() -> None:
    build = """
py_library(name = "over", deps = [":lib"], resolutions = {"django": "@pypi//django"})
py_binary(name = "app", srcs = ["app.py"], deps = [":over"])
py_binary(name = "other", srcs = ["other.py"], deps = [":over"], resolutions = {"django": "@pypi//django_lts"})
"""
    made = workspace(LIBRARY + build)
    assert held(made) == ["django 4.2"]
    assert held(made, "//app:other") == ["django-lts 3.2"]


def test_what_stands_for_one_may_need_another() -> None:
    build = """
py_library(name = "ours", srcs = ["other.py"], virtual_deps = ["asgi"])
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"],
    resolutions = {"django": ":ours", "asgi": "@pypi//asgi"})
"""
    made = workspace(LIBRARY + build)
    assert held(made) == ["asgi 1.0"]
    runfiles = made.one("//app:app")[PyExecutableInfo].first_party_runfiles.entries()
    assert "_main/app/other.py" in runfiles


def test_all_that_nothing_stands_for_is_named_with_who_needs_it() -> None:
    build = """
py_library(name = "second", deps = [":lib"], virtual_deps = ["flask_login"])
py_binary(name = "app", srcs = ["app.py"], deps = [":second"])
"""
    assert workspace(LIBRARY + build).problems("//app:app") == (
        "app/BUILD:5:10: `//app:app` needs virtual dependencies that nothing stands for:\n"
        "  django, required by //app:second\n"
        "  flask-login, required by //app:second\n"
        "  needed by `//app:app` (attribute `venv`)\n"
        "\n"
        "hint: say what they are:\n"
        "    resolutions = {\n"
        '        "django": "@pypi//django",\n'
        '        "flask-login": "@pypi//flask_login",\n'
        "    },"
    )


def test_what_a_program_itself_needs_by_name_is_required_by_the_program() -> None:
    build = 'py_binary(name = "app", srcs = ["app.py"], virtual_deps = ["django"])'
    assert "  django, required by //app:app\n" in workspace(LIBRARY + build).problems("//app:app")


def test_a_shared_venv_may_resolve_for_its_programs() -> None:
    build = """
py_venv(name = "shared", deps = [":lib"], resolutions = {"django": "@pypi//django"})
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"], external_venv = ":shared")
py_venv(name = "empty")
py_binary(name = "other", srcs = ["other.py"], deps = [":lib"], external_venv = ":empty")
"""
    made = workspace(LIBRARY + build)
    assert set(made.one("//app:app")[VirtualenvInfo].virtuals) == {"django"}
    assert "django, required by //app:lib" in made.problems("//app:other")


def test_sources_that_a_shared_venv_resolves_to_travel_with_its_programs() -> None:
    build = """
py_library(name = "ours", srcs = ["other.py"])
py_venv(name = "shared", deps = [":lib"], resolutions = {"django": ":ours"})
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"], external_venv = ":shared")
"""
    program = workspace(LIBRARY + build).one("//app:app")[PyExecutableInfo]
    assert "_main/app/other.py" in program.first_party_runfiles.entries()


def test_values_for_resolutions_are_made_from_names() -> None:
    build = """
load("@aspect_rules_py//py:defs.bzl", "resolutions")
py_binary(name = "app", srcs = ["app.py"], deps = [":lib"], resolutions = resolutions.override(
    resolutions.from_requirements({"django": "4.2"}), {"django": "@pypi//django"}))
"""
    assert held(workspace(LIBRARY + build)) == ["django 4.2"]
