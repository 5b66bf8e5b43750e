from __future__ import annotations

import pytest
from analysis_workspace import DEFS, AnalysisWorkspace, Dist, ValueHub, outputs, written

from venvship.model import provider
from venvship.model.action import ForestFile, ForestLink, MakeForest, RunTool, WriteFile
from venvship.model.paths import TreePath
from venvship.model.provider import ArgumentsInfo, RunEnvironmentInfo
from venvship.rules.python.providers import PyExecutableInfo, VirtualenvInfo

BIN = "venvship-out/linux_x86_64-fastbuild/bin"
HUB = ValueHub(
    [
        Dist("redis", "5.0.4", {"redis/__init__.py": ""}),
        Dist("httpx", "0.27.0", {"httpx/__init__.py": ""}, needs=("idna",), scripts={"httpx": "httpx:main"}),
        Dist("idna", "3.7", {"idna/__init__.py": ""}),
    ]
)


def workspace(build: str, **files: str) -> AnalysisWorkspace:
    named = {path.replace("__", "/").replace("_py", ".py"): text for path, text in files.items()}
    return AnalysisWorkspace({"app/BUILD": DEFS + build, **named}, hub=HUB)


def forest_of(venv: VirtualenvInfo) -> dict[str, str | bytes]:
    """Paths in a venv with link texts and contents."""
    found: dict[str, str | bytes] = {}
    for entry in venv.forest:
        path = entry.artifact.runfiles_path.removeprefix(venv.directory + "/")
        found[path] = entry.text if isinstance(entry, ForestLink) else entry.content
    return found


def test_a_program_gets_a_venv_of_its_own_made_in_one_step() -> None:
    made = workspace('py_binary(name = "server", srcs = ["server.py"], deps = ["@pypi//httpx"])', app__server_py="")
    program = made.one("//app:server")[PyExecutableInfo]
    assert program.venv.directory == "_main/app/._server.venv"
    forest = forest_of(program.venv)
    site = "lib/python3.12/site-packages"
    assert forest[f"{site}/httpx"] == "../../../../../../pypi/httpx/0.27.0/lib/python3.12/site-packages/httpx"
    assert forest[f"{site}/idna"] == "../../../../../../pypi/idna/3.7/lib/python3.12/site-packages/idna"
    assert forest["bin/python"] == "../../../../python_interpreters/3.12.4/bin/python3.12"
    assert isinstance(forest["bin/httpx"], bytes)
    actions = [action for target in made.analyzer.targets for action in target.actions]
    assert sum(isinstance(action, MakeForest) for action in actions) == 1


def test_the_launcher_holds_command_line_and_environment() -> None:
    build = """
py_binary(
    name = "server",
    srcs = ["server.py"],
    env = {"MODE": "$(COMPILATION_MODE)", "SEED": "$(location seed.json)"},
    data = ["seed.json"],
    interpreter_options = ["-O"],
)
"""
    made = workspace(build, app__server_py="", **{"app/seed.json": ""})
    target = made.one("//app:server")
    action = outputs(target.actions)[f"{BIN}/app/server"]
    assert isinstance(action, WriteFile) and action.executable
    for text in (
        b"_main/app/._server.venv/bin/python",
        b"_main/app/server.py",
        b"MODE=fastbuild",
        b"SEED=app/seed.json",
        b"BAZEL_TARGET=//app:server",
        b"VIRTUAL_ENV=",
        b"-I\0",
        b"-O\0",
    ):
        assert text in written(action)
    assert target[RunEnvironmentInfo].environment["MODE"] == "fastbuild"


def test_the_parts_of_a_program_stay_apart() -> None:
    made = workspace('py_binary(name = "server", srcs = ["server.py"], deps = ["@pypi//httpx"])', app__server_py="")
    program = made.one("//app:server")[PyExecutableInfo]

    def paths(part: object) -> set[str]:
        runfiles = getattr(program, f"{part}_runfiles")
        return {str(path) for path in runfiles.entries()}

    assert paths("interpreter") == {"python_interpreters/3.12.4"}
    assert paths("third_party") == {"pypi/httpx/0.27.0", "pypi/idna/3.7"}
    assert paths("first_party") == {"_main/app/server.py"}
    assert all(path.startswith("_main/app/._server.venv/") for path in paths("venv"))


@pytest.mark.parametrize(
    ("sources", "main", "started"),
    [
        (["only.py"], None, "only.py"),
        (["a.py", "prog.py"], None, "prog.py"),
        (["a.py", "b.py"], "b.py", "b.py"),
    ],
)
def test_the_program_is_found_among_the_sources(sources: list[str], main: str | None, started: str) -> None:
    extra = f', main = "{main}"' if main else ""
    made = AnalysisWorkspace(
        {
            "app/BUILD": DEFS + f'py_binary(name = "prog", srcs = {sources!r}{extra})'.replace("'", '"'),
            **{f"app/{source}": "" for source in sources},
        }
    )
    info = made.one("//app:prog")[PyExecutableInfo]
    assert info.main is not None and info.main.path == f"app/{started}"


def test_an_undecided_program_is_refused() -> None:
    made = workspace('py_binary(name = "prog", srcs = ["a.py", "b.py"])', app__a_py="", app__b_py="")
    problem = made.problems("//app:prog")
    assert "which of the 2 sources is the program?" in problem and "set `main`" in problem and "app/BUILD:2" in problem


def test_variables_of_the_rule_itself_may_not_be_set() -> None:
    made = workspace('py_binary(name = "p", srcs = ["p.py"], env = {"VIRTUAL_ENV": "x"})', app__p_py="")
    assert "`env` may not set VIRTUAL_ENV" in made.problems("//app:p")


def test_import_roots_may_not_leave_the_repository() -> None:
    made = workspace('py_library(name = "l", imports = ["../../x"])')
    assert "leads out of the repository" in made.problems("//app:l")


SHARED = """
py_venv(name = "shared", deps = ["@pypi//httpx"], env = {"A": "venv", "B": "venv"})
py_library(name = "cache", srcs = ["cache.py"], deps = ["@pypi//redis"])
py_binary(name = "fits", srcs = ["fits.py"], deps = ["@pypi//idna"], external_venv = ":shared", env = {"B": "own"})
py_binary(name = "server", srcs = ["server.py"], deps = [":cache"], external_venv = ":shared")
"""


def shared() -> AnalysisWorkspace:
    return workspace(SHARED, app__cache_py="", app__fits_py="", app__server_py="")


def test_a_program_may_use_a_venv_that_holds_what_it_needs() -> None:
    program = shared().one("//app:fits")
    assert program[PyExecutableInfo].venv.directory == "_main/app/.shared"
    environment = program[RunEnvironmentInfo].environment
    assert (environment["A"], environment["B"]) == ("venv", "own")


def test_a_program_that_its_venv_does_not_cover_is_refused_with_what_is_missing() -> None:
    problem = shared().problems("//app:server")
    assert "app/BUILD:6" in problem
    assert "`//app:server`" in problem and "`//app:shared`" in problem
    assert "redis 5.0.4, required by //app:cache" in problem
    assert "@pypi//redis" in problem


def test_a_venv_of_another_group_does_not_cover_a_program() -> None:
    hub = ValueHub([Dist("six", "1.0")], groups={"new": [Dist("six", "2.0")]})
    build = """
py_venv(name = "v", deps = ["@pypi//six"], dep_group = "new")
py_binary(name = "p", srcs = ["p.py"], deps = ["@pypi//six"], external_venv = ":v")
"""
    made = AnalysisWorkspace({"app/BUILD": DEFS + build, "app/p.py": ""}, hub=hub)
    problem = made.problems("//app:p")
    assert "six 1.0" in problem and "2.0" in problem


def test_first_party_import_roots_must_be_in_the_venv_too() -> None:
    build = """
py_venv(name = "v")
py_library(name = "lib", srcs = ["src/lib.py"], imports = ["src"])
py_binary(name = "p", srcs = ["p.py"], deps = [":lib"], external_venv = ":v")
"""
    made = AnalysisWorkspace({"app/BUILD": DEFS + build, "app/p.py": "", "app/src/lib.py": ""})
    assert "_main/app/src" in made.problems("//app:p")


def test_names_that_two_wheels_install_are_warned_of_or_refused() -> None:
    hub = ValueHub([Dist("one", files={"cv2/__init__.py": "1"}), Dist("two", files={"cv2/__init__.py": "2"})])
    build = """
py_venv(name = "lax", deps = ["@pypi//one", "@pypi//two"])
py_venv(name = "strict", deps = ["@pypi//one", "@pypi//two"], package_collisions = "error")
"""
    made = AnalysisWorkspace({"app/BUILD": DEFS + build}, hub=hub)
    assert any("cv2" in warning for warning in made.one("//app:lax").warnings)
    problem = made.problems("//app:strict")
    assert "cv2" in problem and "one 1.0" in problem and "two 1.0" in problem


def test_a_pytest_target_runs_its_modules_and_is_a_test() -> None:
    hub = ValueHub([Dist("pytest")])
    build = 'py_pytest_test(name = "t", srcs = ["t_test.py", "conftest.py"], deps = ["@pypi//pytest"], size = "small")'
    made = AnalysisWorkspace({"app/BUILD": DEFS + build, "app/t_test.py": "", "app/conftest.py": ""}, hub=hub)
    target = made.one("//app:t")
    info = target[provider.TestInfo]
    assert (info.size, info.timeout, info.shard_count, info.flaky) == ("small", 60, 0, False)
    assert target[ArgumentsInfo].arguments == ()
    main = made.one("//app:__test__t__")
    action, under_the_other_name = main.actions
    content = written(action)
    assert written(under_the_other_name) == content
    assert b"_main/app/t_test.py" in content and b"conftest.py" not in content.split(b"__main__")[1]


def test_removed_names_say_what_replaces_them() -> None:
    made = AnalysisWorkspace(
        {"BUILD": 'load("@aspect_rules_py//py:defs.bzl", "py_venv_binary")\npy_venv_binary(name = "x")'}
    )
    assert "use py_binary" in made.problems("//:x")
    made = AnalysisWorkspace({"BUILD": DEFS + 'py_test(name = "x", srcs = ["x.py"], pytest_main = True)', "x.py": ""})
    assert "use py_pytest_test" in made.problems("//:x")


def test_the_rules_python_dialect_is_not_isolated() -> None:
    build = 'load("@rules_python//python:defs.bzl", "py_binary")\npy_binary(name = "p", srcs = ["p.py"])'
    made = AnalysisWorkspace({"app/BUILD": build, "app/p.py": ""})
    action = outputs(made.one("//app:p").actions)[f"{BIN}/app/p"]
    assert b"-I\0" not in written(action)


def test_a_wheel_is_compiled_by_the_interpreter_that_will_run_it_and_unpacked_by_any() -> None:
    made = outputs(workspace("").one("@pypi//httpx:whl").actions)
    unpack = made["venvship-out/linux_x86_64-fastbuild/pypi/httpx/0.27.0"]
    compile_ = made["venvship-out/linux_x86_64-fastbuild/.bytecode/pypi/httpx/0.27.0"]
    assert isinstance(unpack, RunTool) and unpack.interpreter is None
    assert isinstance(compile_, RunTool) and compile_.interpreter is not None
    assert compile_.interpreter.runfiles_path == "python_interpreters/3.12.4"
    assert [one.runfiles_path for one in (*unpack.outputs, *compile_.outputs)] == ["pypi/httpx/0.27.0"] * 2
    assert compile_.inputs.to_tuple() == unpack.outputs


def test_a_distribution_as_data_is_the_directory_that_its_dependants_have() -> None:
    made = workspace(
        'py_binary(name = "p", srcs = ["app.py"], deps = ["@pypi//httpx"], data = ["@pypi//httpx"])', app__app_py=""
    )
    entries, conflicts = made.one("//app:p").default_info.default_runfiles.settled()
    httpx = entries[TreePath("pypi/httpx/0.27.0")]
    assert httpx is not None and httpx.without_bytecode is not None
    assert conflicts == ()


def test_links_of_a_venv_are_the_same_bytes_whatever_the_order_of_deps() -> None:
    made = workspace(
        'py_venv(name = "a", deps = ["@pypi//httpx", "@pypi//redis"])\n'
        'py_venv(name = "b", deps = ["@pypi//redis", "@pypi//httpx"])'
    )
    first, second = (forest_of(made.one(f"//app:{name}")[VirtualenvInfo]) for name in "ab")
    relevant = [path for path in first if "site-packages" in path and not path.endswith(".pth")]
    assert {path: first[path] for path in relevant} == {path: second[path] for path in relevant}
    assert all(isinstance(entry, ForestLink | ForestFile) for entry in made.one("//app:a")[VirtualenvInfo].forest)
