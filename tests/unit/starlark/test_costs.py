"""What programs pay for: as many steps as their work takes time, so that every budget ends within seconds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from venvship.starlark.builtin import Builtin
from venvship.starlark.execution import Module
from venvship.starlark.thread import STEP_BUDGET, Thread

Run = Callable[..., Module]


def cost(run: Run, body: str, before: str = "pass") -> int:
    """The steps of one turn of a loop with this body; `before` runs once."""

    def steps(turns: int) -> int:
        thread = Thread()
        source = f"def f():\n  {before}\n  for _ in [0] * {turns}:\n    {body}\nf()\n"
        run(source, thread=thread)
        return STEP_BUDGET - thread.steps_left

    return (steps(48) - steps(16)) // 32


def listed(text: str, times: int) -> str:
    return ", ".join([text] * times)


@pytest.mark.parametrize(
    ("body", "before", "least"),
    [
        ("x = " + " + ".join(["a"] * 500), "a = 1", 200),
        ("x = " + " + ".join(["a[0]"] * 500), "a = [1]", 400),
        ("; ".join(f"x{i} = a * 2" for i in range(300)), "a = 1", 100),
        ("x = [" + listed("a[1:]", 300) + "]", "a = [1] * 255", 2000),
        ("x = zip(" + listed("a", 250) + ")", "a = []", 300),
        ("x = [" + listed("a", 400) + "]", "a = 1", 20),
        ("x = {" + ", ".join(f"{i}: a" for i in range(200)) + "}", "a = 1", 90),
        (", ".join(f"x{i}" for i in range(200)) + " = a", "a = [1] * 200", 40),
        ("[" + " + ".join(["a"] * 100) + " for _ in b]", "a = 1; b = [1] * 20", 900),
        ("{a: " + " + ".join(["a"] * 100) + " for a in b}", "b = list(range(20))", 900),
        ("[x + y for x in a for y in a]", "a = list(range(20))", 400),
        ("(lambda: " + " + ".join(["a"] * 100) + ")()", "a = 1", 45),
        ("x = a * a // a", "a = (1 << 511) * (1 << 511) * (1 << 511) * (1 << 511) * (1 << 511) * (1 << 511)", 200),
        ("x = a % b", "b = (1 << 511) * (1 << 511); a = b * b * b", 40),
        ("x = str(a)", "a = (1 << 511) * (1 << 511) * (1 << 511) * (1 << 511)", 50),
        ("x = '%d' % a", "a = (1 << 511) * (1 << 511) * (1 << 511) * (1 << 511)", 50),
        ("x = int(a)", "a = '9' * 2400", 300),
        ("x = int(a, 16)", "a = 'f' * 2000", 200),
        ("x.update(a)", "a = {i: i for i in range(1000)}; x = {}", 500),
        ("x = a | a", "a = {i: i for i in range(1000)}", 900),
        ("x = struct(**a)", "a = {'a%d' % i: i for i in range(200)}", 200),
        ("x = a + struct(z = 1)", "a = struct(**{'a%d' % i: i for i in range(200)})", 100),
        ("x = dir(a)", "a = struct(**{'a%d' % i: i for i in range(200)})", 200),
        ("x = a.strip('abcdefgh')", "a = 'a' * 1000", 60),
        ("x = a.title()", "a = 'ab ' * 300", 100),
        ("x = a.upper()", "a = 'ä' * 900", 200),
        ("x = a.isalpha()", "a = 'a' * 900", 25),
        ("x = a.splitlines()", "a = 'a\\n' * 400", 400),
        ("x = a.split(',')", "a = 'a,' * 400", 100),
        ("x = a.count('a')", "a = 'a' * 900", 50),
        ("x = a.find('aab')", "a = 'a' * 900", 25),
        ("x = a.replace('b', 'c')", "a = 'a' * 900", 25),
        ("x = a.rpartition('b')", "a = 'a' * 900", 25),
        ("x = 'aab' in a", "a = 'a' * 900", 25),
        ("x = a.elems()", "a = 'a' * 200", 25),
        ("x = a[::-1]", "a = 'a' * 900", 25),
        ("x = repr(a)", "a = 'é' * 900", 50),
        ("x = a.format(*b)", "a = '{}' * 200; b = [1] * 200", 400),
        ("x = a % b", "a = '%f' * 20; b = tuple([1e300] * 20)", 200),
        ("x = json.decode(a)", "a = '[' * 100 + ']' * 100", 450),
        ("x = [] + a", "a = [1] * 250", 7),
        ("x = []; x += a", "a = [1] * 250", 7),
        ("x = {b: 1}", "b = (1,) * 64", 16),
        ("print(a)", "a = 1", 100),
        ("x = sorted(a)", "a = [(i, i) for i in range(256)]", 6000),
        ("x = sorted(a, key = str)", "a = list(range(256))", 6000),
        ("x = max(a)", "a = list(range(256))", 700),
    ],
)
def test_work_is_paid_for(run: Run, body: str, before: str, least: int) -> None:
    assert cost(run, body, before) >= least


@pytest.mark.parametrize(
    ("body", "before"),
    [
        ("pass", "pass"),
        ("x = a + 1", "a = 1"),
        ("x = a[0]", "a = [1]"),
        ("x = a.x", "a = struct(x = 1)"),
        ("if a: x = 1", "a = 1"),
        ("x = a * 3 // 2 % 5", "a = 7"),
        ("x = 'a' + a", "a = 'b'"),
        ("x = a in b", "a = 1; b = {1: 2}"),
    ],
)
def test_ordinary_turns_cost_little(run: Run, body: str, before: str) -> None:
    assert cost(run, body, before) <= 3


def test_only_the_dearest_branch_counts(run: Run) -> None:
    branches = "if a == 0: x = b + b + b + b\n" + "".join(
        f"    elif a == {i}: x = b + b + b + b\n" for i in range(1, 20)
    )
    alone = cost(run, "if a == 0: x = b + b + b + b", "a = 0; b = 1")
    assert cost(run, branches, "a = 0; b = 1") <= alone + 20


def test_what_a_function_holds_is_paid_by_its_calls(run: Run) -> None:
    dear = "def g(a):\n  return " + " + ".join(["a"] * 200) + "\n"
    thread = Thread()
    run(dear + "def f():\n  for _ in range(100):\n    g(1)\nf()\n", thread=thread)
    assert STEP_BUDGET - thread.steps_left >= 100 * 90


def test_calls_of_what_is_no_part_of_the_language_cost_more(run: Run) -> None:
    def spent(body: str) -> int:
        thread = Thread()
        run(f"x = [{body} for _ in range(10)]", predeclared={"mine": Builtin("mine", lambda: None)}, thread=thread)
        return STEP_BUDGET - thread.steps_left

    assert spent("mine()") >= spent("bool()") + 200
