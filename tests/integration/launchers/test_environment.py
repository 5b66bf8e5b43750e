from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from venvship.launchers.config import Argument, Variable, VariableMode

if TYPE_CHECKING:
    from integration.launchers.conftest import World

VENV = "_main/app/.venv"


def environment_of(world: World, *variables: Variable, outside: dict[str, str] | None = None) -> dict[str, str]:
    world.tree("app.runfiles")
    program = world.launcher("app", world.command(environment=variables))
    return world.run(program, environment=outside or {}).seen.environment


def test_a_program_started_with_an_empty_environment_has_all_that_the_build_gave_it(world: World) -> None:
    seen = environment_of(
        world,
        Variable("VIRTUAL_ENV", Argument.runfile(VENV)),
        Variable("PATH", Argument.runfile(f"{VENV}/bin"), VariableMode.PREPEND_PATH),
        Variable.of("BAZEL_TARGET", "//app:app"),
        Variable.of("BAZEL_WORKSPACE", "_main"),
        Variable.of("BAZEL_TARGET_NAME", "app"),
        Variable.of("GREETING", "hello = world"),
    )
    tree = world.path("app.runfiles")
    assert {name: seen[name] for name in seen if name not in ("LC_CTYPE", "__CF_USER_TEXT_ENCODING")} == {
        "VIRTUAL_ENV": f"{tree}/{VENV}",
        "PATH": f"{tree}/{VENV}/bin",
        "BAZEL_TARGET": "//app:app",
        "BAZEL_WORKSPACE": "_main",
        "BAZEL_TARGET_NAME": "app",
        "GREETING": "hello = world",
        "RUNFILES_DIR": tree,
        "JAVA_RUNFILES": tree,
    }


def test_the_environment_from_outside_stays(world: World) -> None:
    outside = {f"OUTSIDE_{i}": str(i) for i in range(300)}
    assert outside.items() <= environment_of(world, outside=outside).items()


@pytest.mark.parametrize(
    ("mode", "outside", "expected"),
    [
        (VariableMode.SET, None, "inside"),
        (VariableMode.SET, "outside", "inside"),
        (VariableMode.DEFAULT, None, "inside"),
        (VariableMode.DEFAULT, "outside", "outside"),
        (VariableMode.DEFAULT, "", ""),
        (VariableMode.PREPEND_PATH, None, "inside"),
        (VariableMode.PREPEND_PATH, "", "inside"),
        (VariableMode.PREPEND_PATH, "/a:/b", "inside:/a:/b"),
        (VariableMode.UNSET, None, None),
        (VariableMode.UNSET, "outside", None),
    ],
)
def test_modes(world: World, mode: VariableMode, outside: str | None, expected: str | None) -> None:
    before = {} if outside is None else {"NAME": outside}
    before |= {"NAMES": "longer", "NAM": "shorter"}
    seen = environment_of(world, Variable.of("NAME", "inside", mode), outside=before)
    assert seen.get("NAME") == expected
    assert (seen["NAMES"], seen["NAM"]) == ("longer", "shorter")


def test_changes_are_made_in_order(world: World) -> None:
    seen = environment_of(
        world,
        Variable.unset("A"),
        Variable.of("A", "default", VariableMode.DEFAULT),
        Variable.of("B", "two", VariableMode.PREPEND_PATH),
        Variable.of("B", "one", VariableMode.PREPEND_PATH),
        outside={"A": "outside", "B": "three"},
    )
    assert (seen["A"], seen["B"]) == ("default", "one:two:three")


def test_a_variable_of_the_build_wins_over_the_exported_runfiles(world: World) -> None:
    assert environment_of(world, Variable.of("JAVA_RUNFILES", "mine"))["JAVA_RUNFILES"] == "mine"


def test_runfiles_variables_of_the_caller_are_kept_when_nothing_is_exported(world: World) -> None:
    world.tree("app.runfiles")
    program = world.launcher("app", world.command(export_runfiles=False))
    outside = {"RUNFILES_DIR": world.path("others"), "RUNFILES_MANIFEST_FILE": world.path("manifest")}
    seen = world.run(program, environment=outside).seen
    assert outside.items() <= seen.environment.items()
    assert "JAVA_RUNFILES" not in seen.environment


def test_values_that_are_not_text_pass_through(world: World) -> None:
    world.tree("app.runfiles")
    odd = os.fsdecode(b"\xff\xfe/\x80")
    config = world.command(odd, environment=[Variable.of("INSIDE", odd)])
    run = world.run(world.launcher("app", config), b"\xc3\x28", environment={b"OUTSIDE\xff": b"\x80"})
    assert run.seen.argv[-2:] == [odd, os.fsdecode(b"\xc3\x28")]
    assert run.seen.environment["INSIDE"] == odd
    assert run.seen.environment[os.fsdecode(b"OUTSIDE\xff")] == os.fsdecode(b"\x80")


def test_arguments_of_the_user_follow_those_of_the_build_unchanged(world: World) -> None:
    world.tree("app.runfiles")
    program = world.launcher("app", world.command("-v", "", "a b"))
    user = ["--flag=x y", "", "*", "$HOME", "'\"\\", "\n"]
    assert world.run(program, *user).seen.argv[3:] == ["-v", "", "a b", *user]


def test_there_is_no_fixed_number_of_arguments_and_no_fixed_size(world: World) -> None:
    world.tree("app.runfiles")
    arguments = [f"argument {i}" for i in range(5000)] + ["x" * 100_000]
    variables = [Variable.of(f"NAME_{i}", "y" * 1000) for i in range(50)] + [Variable.of("LONG", "z" * 100_000)]
    if not world.machine.emulator and str(world.machine.platform).startswith("macos"):
        arguments, variables = arguments[:500], variables[:5]
    program = world.launcher("app", world.command(*arguments, environment=variables))
    user = ["u" * 50_000] * 8
    outside = {f"OUTSIDE_{i}": "o" * 10_000 for i in range(20)}
    seen = world.run(program, *user, environment=outside).seen
    assert seen.argv[3:] == [*arguments, *user]
    assert {v.name: v.value.text for v in variables}.items() <= seen.environment.items()
    assert outside.items() <= seen.environment.items()
