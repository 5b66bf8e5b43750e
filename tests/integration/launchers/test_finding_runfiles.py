from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from venvship.launchers.config import Argument, LauncherConfig

if TYPE_CHECKING:
    from integration.launchers.conftest import World

PYTHON = "_main/app/.venv/bin/python"
MAIN = "_main/app/main.py"


def expect_tree(world: World, tree: str, argv: list[str]) -> None:
    assert argv == [f"{world.path(tree)}/{PYTHON}", "-I", f"{world.path(tree)}/{MAIN}"]


def test_the_tree_beside_the_program_is_found(world: World) -> None:
    world.tree("bin/app.runfiles")
    program = world.launcher("bin/app")
    expect_tree(world, "bin/app.runfiles", world.run(program).seen.argv)


def test_the_interpreter_is_started_by_its_path_in_the_tree_so_that_it_finds_its_virtualenv(world: World) -> None:
    world.tree("bin/app.runfiles")
    seen = world.run(world.launcher("bin/app")).seen
    assert seen.prefix == world.path("bin/app.runfiles/_main/app/.venv")


def test_a_relative_start_from_within_the_tree_works(world: World) -> None:
    world.tree("bin/app.runfiles")
    world.launcher("bin/app")
    expect_tree(world, "bin/app.runfiles", world.run("../../app", cwd="bin/app.runfiles/_main").seen.argv)


@pytest.mark.parametrize("spelling", ["./bin/app", "bin//app", "bin/./app", "bin/../bin/app", ".//bin/../bin//app"])
def test_paths_are_tidy_however_the_program_is_called(world: World, spelling: str) -> None:
    world.tree("bin/app.runfiles")
    world.launcher("bin/app")
    expect_tree(world, "bin/app.runfiles", world.run(spelling).seen.argv)
    expect_tree(world, "bin/app.runfiles", world.run(f"/{world.root}//{spelling}").seen.argv)


@pytest.mark.parametrize("lie", ["app", "/nowhere/app", "-app", " "])
def test_argv_0_is_not_believed(world: World, lie: str) -> None:
    world.tree("bin/app.runfiles")
    program = world.launcher("bin/app")
    expect_tree(world, "bin/app.runfiles", world.run(program, argv0=lie).seen.argv)


@pytest.mark.parametrize("relative", [True, False])
def test_argv_0_that_names_another_program_with_the_same_files_is_not_believed(world: World, relative: bool) -> None:
    world.tree("bin/app.runfiles")
    world.tree("other/app.runfiles")
    program = world.launcher("bin/app")
    lie = "other/app" if relative else world.launcher("other/app")
    expect_tree(world, "bin/app.runfiles", world.run(program, argv0=lie).seen.argv)


def test_a_link_to_the_program_finds_the_tree_of_the_program(world: World) -> None:
    world.tree("opt/app.runfiles")
    world.launcher("opt/app")
    world.link("usr/local/bin/one", "../../../opt/app")
    world.link("usr/local/bin/two", "one")
    world.link("three", world.path("usr/local/bin/two"))
    for link in ("usr/local/bin/one", "usr/local/bin/two", "three"):
        expect_tree(world, "opt/app.runfiles", world.run(world.path(link)).seen.argv)


def test_the_tree_beside_a_link_wins_over_the_tree_of_the_program(world: World) -> None:
    world.tree("opt/app.runfiles")
    world.tree("bin/server.runfiles")
    world.launcher("opt/app")
    link = world.link("bin/server", "../opt/app")
    expect_tree(world, "bin/server.runfiles", world.run(link).seen.argv)


def test_a_link_to_the_directory_of_the_program_stays_in_the_paths(world: World) -> None:
    world.tree("output/bin/app.runfiles")
    world.launcher("output/bin/app")
    world.link("venvship-bin", "output/bin")
    expect_tree(world, "venvship-bin/app.runfiles", world.run("venvship-bin/app").seen.argv)


def test_a_tree_that_is_a_link_is_called_by_where_it_leads(world: World) -> None:
    tree = world.tree("short.runfiles")
    world.launcher("output/bin/app")
    world.link("output/bin/app.runfiles", tree)
    world.link("venvship-bin", "output/bin")
    seen = world.run("venvship-bin/app").seen
    expect_tree(world, "short.runfiles", seen.argv)
    assert seen.prefix == f"{tree}/_main/app/.venv"
    assert (seen.environment["RUNFILES_DIR"], seen.environment["JAVA_RUNFILES"]) == (tree, tree)


def test_a_relative_link_to_a_tree_is_seen_from_where_it_lies(world: World) -> None:
    world.tree("app.runfiles")
    world.link("app/bin/job.runfiles", "../../app.runfiles")
    expect_tree(world, "app.runfiles", world.run(world.launcher("app/bin/job")).seen.argv)


def test_links_to_links_to_a_tree_are_followed_to_the_end(world: World) -> None:
    world.tree("short.runfiles")
    world.link("bin/app.runfiles", world.path("short.runfiles"))
    world.link("sandbox/app.runfiles", world.path("bin/app.runfiles"))
    expect_tree(world, "short.runfiles", world.run(world.launcher("sandbox/app")).seen.argv)


def test_a_tree_above_that_is_a_link_stays_in_the_paths(world: World) -> None:
    world.tree("far/short.runfiles")
    world.link("near", "far")
    world.link("bin/app.runfiles", world.path("near/short.runfiles"))
    expect_tree(world, "near/short.runfiles", world.run(world.launcher("bin/app")).seen.argv)


def test_the_directory_from_outside_is_called_by_where_it_leads(world: World) -> None:
    world.tree("short.runfiles")
    outside = world.link("outside.runfiles", "short.runfiles")
    program = world.launcher("bin/app")
    expect_tree(world, "short.runfiles", world.run(program, environment={"RUNFILES_DIR": outside}).seen.argv)


def test_a_link_to_a_tree_that_is_gone_is_named(world: World) -> None:
    world.link("bin/app.runfiles", world.path("gone"))
    run = world.run(world.launcher("bin/app"))
    assert run.status == 127
    assert f"{world.path('bin/app.runfiles')}/{PYTHON}: not there" in run.errors


def test_dots_after_a_link_to_a_directory_mean_what_the_kernel_means(world: World) -> None:
    world.tree("far/away/app.runfiles")
    world.launcher("far/away/app")
    world.write("far/links/deep/file")
    world.link("near", "far/links/deep")
    world.link("far/links/deep/server", "../../away/app")
    argv = world.run("near/server").seen.argv
    assert argv[0] == world.path(f"near/../../away/app.runfiles/{PYTHON}")


def test_a_program_in_the_tree_of_another_uses_that_tree(world: World) -> None:
    world.tree("bin/outer.runfiles")
    inner = world.launcher("bin/outer.runfiles/_main/tools/inner")
    expect_tree(world, "bin/outer.runfiles", world.run(inner).seen.argv)
    expect_tree(world, "bin/outer.runfiles", world.run("./inner", cwd="bin/outer.runfiles/_main/tools").seen.argv)


def test_a_program_linked_into_the_tree_of_another_uses_that_tree(world: World) -> None:
    world.tree("bin/outer.runfiles")
    world.tree("bin/inner.runfiles")
    world.launcher("bin/inner")
    link = world.link("bin/outer.runfiles/_main/inner", "../../inner")
    expect_tree(world, "bin/outer.runfiles", world.run(link).seen.argv)


def test_programs_of_one_directory_may_share_the_tree_beside_it(world: World) -> None:
    world.tree("app.runfiles")
    expect_tree(world, "app.runfiles", world.run(world.launcher("app/server")).seen.argv)
    world.launcher("app/worker")
    expect_tree(world, "app.runfiles", world.run("./worker", cwd="app").seen.argv)


def test_of_trees_within_trees_the_one_that_holds_the_files_is_used(world: World) -> None:
    world.tree("outer.runfiles")
    program = world.launcher("outer.runfiles/_main/data.runfiles/bin/app")
    expect_tree(world, "outer.runfiles", world.run(program).seen.argv)


def test_the_directory_from_outside_wins_over_the_one_beside_the_program(world: World) -> None:
    world.tree("bin/app.runfiles")
    outside = world.tree("outside")
    program = world.launcher("bin/app")
    expect_tree(world, "outside", world.run(program, environment={"RUNFILES_DIR": outside}).seen.argv)


@pytest.mark.parametrize("spelling", ["outside", "./outside/", "bin/..//outside//"])
def test_the_directory_from_outside_becomes_absolute_and_tidy(world: World, spelling: str) -> None:
    world.write("bin/file")
    world.tree("outside")
    program = world.launcher("app")
    seen = world.run(program, environment={"RUNFILES_DIR": spelling}).seen
    expect_tree(world, "outside", seen.argv)
    assert seen.environment["RUNFILES_DIR"] == world.path("outside")


def test_the_root_as_runfiles_directory_makes_no_double_slash(world: World) -> None:
    python = world.interpreter("python")
    main = f"{world.tree('tree')}/{MAIN}"
    argv = (Argument.runfile(python[1:]), Argument("-IS"), Argument.runfile(main[1:]))
    program = world.launcher("app", LauncherConfig(argv))
    assert world.run(program, environment={"RUNFILES_DIR": "/"}).seen.argv == [python, "-IS", main]


def test_an_empty_variable_from_outside_counts_as_unset(world: World) -> None:
    world.tree("bin/app.runfiles")
    program = world.launcher("bin/app")
    environment = {"RUNFILES_DIR": "", "RUNFILES_MANIFEST_FILE": ""}
    expect_tree(world, "bin/app.runfiles", world.run(program, environment=environment, cwd="bin").seen.argv)


def test_a_directory_from_outside_that_belongs_to_another_program_is_not_used(world: World) -> None:
    world.tree("bin/app.runfiles")
    world.write("other.runfiles/_main/other.txt")
    program = world.launcher("bin/app")
    environment = {
        "RUNFILES_DIR": world.path("other.runfiles"),
        "JAVA_RUNFILES": world.path("other.runfiles"),
        "RUNFILES_MANIFEST_FILE": world.path("other.runfiles_manifest"),
    }
    seen = world.run(program, environment=environment).seen
    expect_tree(world, "bin/app.runfiles", seen.argv)
    assert seen.environment["RUNFILES_DIR"] == world.path("bin/app.runfiles")
    assert seen.environment["JAVA_RUNFILES"] == world.path("bin/app.runfiles")
    assert "RUNFILES_MANIFEST_FILE" not in seen.environment


def test_another_program_that_shares_the_virtualenv_only_is_told_apart_by_the_main_module(world: World) -> None:
    world.tree("bin/app.runfiles")
    world.venv("other.runfiles/_main/app/.venv")
    program = world.launcher("bin/app")
    seen = world.run(program, environment={"RUNFILES_DIR": world.path("other.runfiles")}).seen
    expect_tree(world, "bin/app.runfiles", seen.argv)


def test_when_no_place_holds_everything_the_first_with_the_program_is_used(world: World) -> None:
    world.venv("bin/app.runfiles/_main/app/.venv")
    world.write("other.runfiles/file")
    program = world.launcher("bin/app")
    run = world.run(program, environment={"RUNFILES_DIR": world.path("other.runfiles")})
    assert run.status == 2
    assert "can't open file" in run.errors
    assert f"{world.path('bin/app.runfiles')}/{MAIN}" in run.errors


def test_with_both_variables_set_the_directory_wins(world: World) -> None:
    world.tree("physical")
    outside = world.tree("outside.runfiles")
    manifest = world.write(
        "MANIFEST", f"{PYTHON} {world.path('physical')}/{PYTHON}\n{MAIN} {world.path('physical')}/{MAIN}\n"
    )
    program = world.launcher("app")
    environment = {"RUNFILES_DIR": outside, "RUNFILES_MANIFEST_FILE": manifest}
    seen = world.run(program, environment=environment).seen
    expect_tree(world, "outside.runfiles", seen.argv)
    assert "RUNFILES_MANIFEST_FILE" not in seen.environment


def test_a_directory_that_does_not_exist_leaves_the_manifest(world: World) -> None:
    world.tree("physical")
    manifest = world.write(
        "MANIFEST", f"{PYTHON} {world.path('physical')}/{PYTHON}\n{MAIN} {world.path('physical')}/{MAIN}\n"
    )
    program = world.launcher("app")
    environment = {"RUNFILES_DIR": world.path("nowhere"), "RUNFILES_MANIFEST_FILE": manifest}
    seen = world.run(program, environment=environment).seen
    expect_tree(world, "physical", seen.argv)
    assert "RUNFILES_DIR" not in seen.environment


def test_a_program_that_needs_no_runfiles_starts_without_any(world: World) -> None:
    world.tree("tree")
    argv = (Argument(world.interpreter("python")), Argument("-IS"), Argument(f"{world.path('tree')}/{MAIN}"))
    seen = world.run(world.launcher("app", LauncherConfig(argv))).seen
    assert "RUNFILES_DIR" not in seen.environment


def test_a_program_that_needs_no_runfiles_still_exports_those_it_has(world: World) -> None:
    world.tree("app.runfiles")
    argv = (Argument(world.interpreter("python")), Argument("-IS"), Argument(f"{world.path('app.runfiles')}/{MAIN}"))
    seen = world.run(world.launcher("app", LauncherConfig(argv))).seen
    assert seen.environment["RUNFILES_DIR"] == world.path("app.runfiles")
