"""What starting a program through its launcher costs, beside bare Python.

Builds three programs of the example's workspace: its command line, one that does nothing, and one that imports what
its servers and reports import. Each is started in turns through its launcher and as `python -B -I main.py`, by default
with the interpreter of the same virtualenv.

With `--copied` it is compared with a virtualenv that uv has made of the same versions by copying and compiling, as most
people have it, with the machine's interpreter. Where the same bytes lie in memory makes a difference, so that one is
there three times: as uv has made it; with the files of the wheels that the launcher's program has, by other names, so
that both lie at the same places; and with the files of its interpreter too. Limits are for the second, which differs
from ours by the launcher, the interpreter and the way to the files.
Several pairs are made one after the other, each with new stores, a new copy of the machine's interpreter and a new
virtualenv, and who is written first alternates; and of each pair all files are read into memory anew several times. A
ratio is the median, over all these places, of the medians of the ratios of starts that followed one another; behind it
are the smallest and the largest. The exit code is 1 when a ratio is above its limit.

    .venv/bin/python benchmarks/startup.py --copied --runs 40
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from directories import forget_contents
from measuring import Row, report
from startup_programs import (
    SCENARIOS,
    Scenario,
    build,
    copied_interpreter,
    copied_venv,
    copied_workspace,
    distributions_of,
    environment,
    python_of,
    with_files_of,
    with_interpreter,
)

COPIED = "copied virtualenv"
SAME_WHEELS = f"{COPIED}, same files of wheels"
SAME_FILES = f"{COPIED}, same files of wheels and interpreter"
BARE = "python -B -I"


@dataclass(frozen=True, slots=True)
class Life:
    """How long a process lived and how long it computed, in milliseconds."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Pair:
    """A workspace that is built, and the interpreters that its programs are started with instead."""

    workspace: Path
    peers: Mapping[str, Path]


Starts = Mapping[str, Sequence[Life]]
"""By the name of who started: `""` is the launcher. Those with the same number followed one another."""


def life_of(command: Sequence[str], variables: Mapping[str, str], output: int) -> Life:
    """Start a process and wait for its end. `posix_spawn` costs the same however large this process is."""
    actions = [(os.POSIX_SPAWN_DUP2, output, 1)]
    begin = time.perf_counter_ns()
    process = os.posix_spawn(command[0], list(command), variables, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    end = time.perf_counter_ns()
    if status != 0:
        raise SystemExit(f"`{' '.join(command)}` ended with {os.waitstatus_to_exitcode(status)}")
    return Life((end - begin) / 1e6, (usage.ru_utime + usage.ru_stime) * 1e3)


def starts_of(scenario: Scenario, pair: Pair, *, rounds: int) -> Starts:
    """Start a program in turns, `rounds` times in each way."""
    program = pair.workspace / "venvship-bin" / scenario.package / scenario.name
    main = pair.workspace / scenario.package / scenario.main
    commands = {"": [str(program), *scenario.arguments]}
    for name, python in pair.peers.items():
        commands[name] = [str(python), "-B", "-I", str(main), *scenario.arguments]
    variables = environment()
    lives: dict[str, list[Life]] = {name: [] for name in commands}
    with open(os.devnull, "wb") as nothing:
        for command in [*commands.values()] * 2:
            life_of(command, variables, nothing.fileno())
        turns = list(commands)
        for _ in range(rounds):
            for name in turns:
                lives[name].append(life_of(commands[name], variables, nothing.fileno()))
            # Whoever follows another finds the caches as that one left them, so they take turns at that, too.
            turns = turns[1:] + turns[:1] if len(turns) > 2 else turns[::-1]
    return lives


def rows_of(scenario: Scenario, pairs: Sequence[Starts]) -> Iterator[Row]:
    """What the starts of a program in several pairs come to: time and processor time beside each peer."""
    what = f"start of `{scenario}`"
    count = sum(len(starts[""]) for starts in pairs)
    ours = round(statistics.median(life.wall for starts in pairs for life in starts[""]), 2)
    for peer in (name for name in pairs[0] if name):
        theirs = round(statistics.median(life.wall for starts in pairs for life in starts[peer]), 2)
        times = [_ratio([(a.wall, b.wall) for a, b in zip(one[""], one[peer], strict=True)]) for one in pairs]
        cpu = [_ratio([(a.cpu, b.cpu) for a, b in zip(one[""], one[peer], strict=True)]) for one in pairs]
        limit = scenario.limit if peer in (SAME_WHEELS, BARE) else None
        yield Row(what, count, ours, peer, theirs, _median(times), ratio_limit=limit, least=min(times), most=max(times))
        yield Row(f"{what}, processor time", count, None, peer, ratio=_median(cpu), least=min(cpu), most=max(cpu))


def _ratio(lives: Sequence[tuple[float, float]]) -> float:
    return _median([one / other for one, other in lives])


def _median(ratios: Sequence[float]) -> float:
    return round(statistics.median(ratios), 4)


def fresh_pair(directory: Path, *, distributions: Sequence[str]) -> Pair:
    """Built into stores of its own, after the virtualenv when it is known what `distributions` that has."""
    workspace = copied_workspace(directory)
    venv, store = workspace / ".venv", directory / "store"
    if not distributions:
        build(workspace, SCENARIOS, user_root=store)
    known = distributions or distributions_of(workspace)
    machine = copied_venv(workspace, venv, known, python=copied_interpreter(directory / "machine"))
    if distributions:
        build(workspace, SCENARIOS, user_root=store)
    planned = python_of(workspace, SCENARIOS[2])
    wheels = with_files_of(planned.parent.parent, venv, directory / "wheels")
    tree = Path(os.path.realpath(planned)).parent.parent
    files = with_interpreter(tree, directory / "wheels", directory / "files")
    return Pair(workspace, {COPIED: machine, SAME_WHEELS: wheels, SAME_FILES: files})


def usual_starts(directory: Path, *, runs: int) -> Iterator[tuple[Scenario, Starts]]:
    """Starts of every program from the stores of the user, beside the interpreter of the program's own virtualenv."""
    workspace = copied_workspace(directory)
    build(workspace, SCENARIOS)
    made = Pair(workspace, {BARE: python_of(workspace, SCENARIOS[1])})
    for scenario in SCENARIOS:
        yield scenario, starts_of(scenario, made, rounds=runs * scenario.weight)


def paired_starts(directory: Path, *, runs: int, pairs: int, places: int) -> Iterator[tuple[Scenario, Starts]]:
    """Starts of every program from several pairs, each with its files in several places of memory."""
    distributions: tuple[str, ...] = ()
    for number in range(pairs):
        beside = directory / str(number)
        beside.mkdir()
        made = fresh_pair(beside, distributions=distributions if number % 2 else ())
        distributions = distributions or distributions_of(made.workspace)
        for _ in range(places):
            forget_contents(beside)
            for scenario in SCENARIOS:
                yield scenario, starts_of(scenario, made, rounds=-(-runs * scenario.weight // (pairs * places)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40, help="starts of each program, of the one that does nothing ten")
    parser.add_argument("--pairs", type=int, default=4, help="how many pairs share them, with --copied")
    parser.add_argument("--places", type=int, default=4, help="how often files of a pair are read into memory anew")
    parser.add_argument("--copied", action="store_true", help="compare with copied virtualenvs; needs an index")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()

    starts: dict[Scenario, list[Starts]] = {scenario: [] for scenario in SCENARIOS}
    with tempfile.TemporaryDirectory(prefix="startup-") as name:
        if options.copied:
            all_starts = paired_starts(Path(name), runs=options.runs, pairs=options.pairs, places=options.places)
        else:
            all_starts = usual_starts(Path(name), runs=options.runs)
        for scenario, found in all_starts:
            starts[scenario].append(found)
    rows = [row for scenario, found in starts.items() for row in rows_of(scenario, found)]
    return report(rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
