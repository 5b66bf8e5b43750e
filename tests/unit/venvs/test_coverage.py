from __future__ import annotations

from venvship.errors import Place
from venvship.model.depset import Depset
from venvship.venvs.coverage import FULL, Closure, Conflict, Coverage, CoverageChecker, UncoveredProgram, WheelKey

SIX = WheelKey("six", "1.16")
REDIS_4 = WheelKey("redis", "4.0.0")
REDIS_5 = WheelKey("redis", "5.0.4")
HTTPX = WheelKey("httpx", "0.27.0")


def closure(*wheels: WheelKey, roots: tuple[str, ...] = ()) -> Closure:
    return Closure(Depset(wheels), Depset(roots))


class Unlistable(Depset[WheelKey]):
    """A depset that must be recognised without being listed."""

    def to_tuple(self) -> tuple[WheelKey, ...]:
        raise AssertionError("listed")


def test_a_venv_that_holds_more_covers_the_program() -> None:
    checker = CoverageChecker()
    assert checker.coverage(closure(SIX, roots=("_main",)), closure(HTTPX, SIX, roots=("_main/x", "_main"))) is FULL
    assert checker.coverage(closure(), closure()) is FULL


def test_what_is_missing_is_told_apart_from_what_differs() -> None:
    found = CoverageChecker().coverage(
        closure(REDIS_5, SIX, HTTPX, roots=("_main/b", "_main/a")), closure(REDIS_4, SIX)
    )
    assert found == Coverage(
        missing=(HTTPX,), conflicts=(Conflict(REDIS_5, REDIS_4),), import_roots=("_main/a", "_main/b")
    )
    assert not found


def test_a_wheel_of_another_configuration_is_a_conflict() -> None:
    test_build = WheelKey("six", "1.16", "dep_group=test")
    found = CoverageChecker().coverage(closure(test_build), closure(SIX))
    assert found.conflicts == (Conflict(test_build, SIX),)
    assert str(found.conflicts[0]) == "six 1.16 (the venv holds that of another configuration)"


def test_the_same_depset_or_a_direct_part_of_the_venvs_is_covered_without_listing() -> None:
    wheels = Unlistable([SIX])
    roots = Depset(["_main"])
    checker = CoverageChecker()
    assert checker.coverage(Closure(wheels, roots), Closure(wheels, roots)) is FULL
    larger = Unlistable([HTTPX], [wheels])
    assert checker.coverage(Closure(wheels, roots), Closure(larger, Depset((), [roots]))) is FULL


def test_a_pair_is_compared_once() -> None:
    checker = CoverageChecker()
    program, venv = closure(REDIS_5), closure(SIX)
    first = checker.coverage(program, venv)
    assert checker.coverage(Closure(program.wheels, program.import_roots), venv) is first


def test_the_error_names_program_venv_wheels_and_the_edit() -> None:
    coverage = CoverageChecker().coverage(closure(REDIS_5, HTTPX, SIX, roots=("_main/libs/cache",)), closure(REDIS_4))
    needed_by = {HTTPX: "//app:server", SIX: "//libs:compat", REDIS_5: "//libs/cache:cache"}
    error = UncoveredProgram(
        coverage,
        rule="py_binary",
        program="//app:server",
        venv="//app:shared_venv",
        required_by=lambda needed: needed_by[needed] if isinstance(needed, WheelKey) else "//app:server",
        label_of=lambda needed: f"@pypi//{needed.project}" if isinstance(needed, WheelKey) else "//libs/cache",
        place=Place("app/BUILD.bazel", 14, 1),
    )
    assert str(error) == (
        "app/BUILD.bazel:14:1: py_binary `//app:server` needs wheels that `//app:shared_venv` does not hold:\n"
        "  httpx 0.27.0, required by //app:server\n"
        "  six 1.16, required by //libs:compat\n"
        "py_binary `//app:server` needs other versions of wheels than `//app:shared_venv` holds:\n"
        "  redis 5.0.4 (the venv holds 4.0.0), required by //libs/cache:cache\n"
        "py_binary `//app:server` imports first-party code that `//app:shared_venv` does not hold:\n"
        "  _main/libs/cache, required by //app:server\n"
        "\n"
        "hint: add them to the deps of `//app:shared_venv`, or remove external_venv:\n"
        "    deps = [\n"
        '        "//libs/cache",\n'
        '        "@pypi//httpx",\n'
        '        "@pypi//six",\n'
        "    ],\n"
        "a venv holds one version of a distribution: let both resolve to the same one, with the same dep_group and "
        "Python version, or remove external_venv"
    )
