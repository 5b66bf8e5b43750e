"""What benchmarks have in common: processes timed in turns, medians, ratios of pairs, the machine, tables."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENVSHIP = str(PROJECT / ".venv" / "bin" / "venvship")


@dataclass(frozen=True, slots=True)
class Command:
    """A process that is timed: its words, where it runs, and its environment."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]

    def run(self) -> float:
        """Seconds that the process lives; ends the benchmark when it fails."""
        begin = time.perf_counter()
        done = subprocess.run(
            self.argv,
            cwd=self.cwd,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        seconds = time.perf_counter() - begin
        if done.returncode:
            raise SystemExit(f"`{' '.join(self.argv)}` failed:\n{done.stderr.decode(errors='replace')[-4000:]}")
        return seconds


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured: medians in `unit`s, ours and the peer's, and the median ratio of the pairs.

    `limit` is what ours may be; None where only the ratio counts, and `ratio_limit` what it may be. Where a peer can't
    take part, `note` says why, and nothing is measured.
    """

    what: str
    pairs: int
    ours: float | None
    peer_name: str = ""
    peer: float | None = None
    ratio: float | None = None
    limit: float | None = None
    ratio_limit: float | None = None
    unit: str = "ms"
    note: str = ""
    least: float | None = None
    most: float | None = None
    """The smallest and the largest ratio, where it was measured in several places."""

    @property
    def is_kept(self) -> bool:
        in_time = self.limit is None or self.ours is None or self.ours <= self.limit
        return in_time and (self.ratio_limit is None or self.ratio is None or self.ratio <= self.ratio_limit)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another way to the same end; `run` gives the seconds it took, and `ratio_limit` is what ours may be to it."""

    name: str
    run: Callable[[], float]
    ratio_limit: float | None = None


def compared(
    what: str,
    ours: Callable[[], float],
    peers: Sequence[Peer],
    *,
    pairs: int,
    before: Callable[[int], object] = lambda _: None,
    limit: float | None = None,
) -> Iterator[Row]:
    """Measure all in turns, changing who is first; `before` is called once for each round and is not measured."""
    runs = [ours, *(peer.run for peer in peers)]
    taken: list[list[float]] = [[] for _ in runs]
    for number in range(pairs):
        before(number)
        turns = list(zip(runs, taken, strict=True))
        for run, times in reversed(turns) if number % 2 else turns:
            times.append(run() * 1000)
    middle = [round(statistics.median(times), 1) for times in taken]
    if not peers:
        yield Row(what, pairs, middle[0], limit=limit)
    for peer, times, median in zip(peers, taken[1:], middle[1:], strict=True):
        ratio = round(statistics.median(one / other for one, other in zip(taken[0], times, strict=True)), 3)
        yield Row(what, pairs, middle[0], peer.name, median, ratio, limit, peer.ratio_limit)


def paired(
    what: str,
    ours: Callable[[], float],
    peer: Callable[[], float] | None,
    *,
    pairs: int,
    peer_name: str = "",
    before: Callable[[int], object] = lambda _: None,
    limit: float | None = None,
    ratio_limit: float | None = None,
) -> Row:
    """The same with one peer at most."""
    peers = [] if peer is None else [Peer(peer_name, peer, ratio_limit)]
    [row] = compared(what, ours, peers, pairs=pairs, before=before, limit=limit)
    return row


def counted(what: str, ours: float, peer: float, *, unit: str, peer_name: str, ratio_limit: float | None = None) -> Row:
    """What is the same however often it is looked at: files, bytes."""
    return Row(what, 1, ours, peer_name, peer, round(ours / peer, 3), ratio_limit=ratio_limit, unit=unit)


def left_out(what: str, *, peer_name: str, why: str) -> Row:
    """A line for a peer that can't take part here."""
    return Row(what, 0, None, peer_name, note=why)


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what | pairs | ours | peer | the peer's | ratio | limit | kept |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        limits = [f"{row.limit:g} {row.unit}"] if row.limit is not None else []
        limits += [f"ratio {row.ratio_limit:.3g}"] if row.ratio_limit is not None else []
        cells = (
            row.what,
            str(row.pairs),
            _shown(row.ours, row.unit),
            row.peer_name,
            row.note or _shown(row.peer, row.unit),
            "" if row.ratio is None else f"{row.ratio:.3f}{_spread(row)}",
            ", ".join(limits),
            "" if not limits else "yes" if row.is_kept else "**no**",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(row: Row) -> str:
    return "" if row.least is None or row.most is None else f" ({row.least:.3f} to {row.most:.3f})"


def _shown(amount: float | None, unit: str) -> str:
    if amount is None:
        return ""
    return f"{amount:,.1f} {unit}" if unit in ("ms", "MB") else f"{amount:,.0f} {unit}"


def machine() -> str:
    """Processor, system and interpreter, and the kind of file system that benchmarks use."""
    model = platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    system = f"{platform.system()} {platform.release()}, {model}, {os.cpu_count()} CPUs"
    files = version_of("findmnt", "--noheadings", "--output=FSTYPE", "--target", tempfile.gettempdir())
    return f"{system}, Python {platform.python_version()}, files on {files or 'a disk'}, load {load}"


def version_of(*argv: str) -> str:
    """What a tool says it is; nothing where it is not installed."""
    if shutil.which(argv[0]) is None:
        return ""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else ""


def report(rows: Sequence[Row], *, as_json: bool) -> int:
    """Print the rows; the exit code is 1 when a limit is missed."""
    if as_json:
        print(json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]}, indent=4))
    else:
        print(machine(), file=sys.stderr)
        print(table(rows))
    return int(not all(row.is_kept for row in rows))
