"""Figures of benchmarks: pairs, rows, and what is kept between runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Behind everything else: a benchmark may be called like a module of the standard library.
sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

import kept_figures
from directories import removed, space_of
from kept_figures import Measured
from locked_wheels import FakeIndex
from measuring import Peer, Row, compared, counted, left_out, table
from python_workspace import Shape, make_workspace


def takes(seen: list[str], name: str, *seconds: float) -> Callable[[], float]:
    times = iter(seconds)

    def run() -> float:
        seen.append(name)
        return next(times)

    return run


def test_a_ratio_is_the_median_of_pairs_and_not_of_medians() -> None:
    seen: list[str] = []
    ours, theirs = takes(seen, "ours", 1.0, 8.0, 3.0), takes(seen, "peer", 2.0, 4.0, 30.0)
    [row] = compared("it", ours, [Peer("peer", theirs, ratio_limit=0.4)], pairs=3)
    assert (row.ours, row.peer, row.ratio) == (3000.0, 4000.0, 0.5)
    assert not row.is_kept


def test_who_is_first_changes_and_each_round_is_prepared_once() -> None:
    seen: list[str] = []
    ours, one, two = (takes(seen, name, 1.0, 1.0) for name in ("ours", "one", "two"))
    rows = compared(
        "it", ours, [Peer("one", one), Peer("two", two)], pairs=2, before=lambda n: seen.append(f"round {n}")
    )
    assert [row.peer_name for row in rows] == ["one", "two"]
    assert seen == ["round 0", "ours", "one", "two", "round 1", "two", "one", "ours"]


def test_without_peers_the_time_alone_counts() -> None:
    [row] = compared("it", takes([], "ours", 0.2), [], pairs=1, limit=100.0)
    assert (row.ours, row.ratio, row.is_kept) == (200.0, None, False)


def test_the_table_has_units_limits_and_who_was_left_out() -> None:
    rows = [
        counted("files", 5, 1000, unit="inodes", peer_name="copies", ratio_limit=0.05),
        left_out("start", peer_name="pex", why="not on this machine"),
    ]
    assert table(rows).splitlines()[2:] == [
        "| files | 1 | 5 inodes | copies | 1,000 inodes | 0.005 | ratio 0.05 | yes |",
        "| start | 0 |  | pex | not on this machine |  |  |  |",
    ]


def test_figures_are_read_as_they_were_kept(tmp_path: Path) -> None:
    figures = {
        "venv": [Measured("python venv.py", "a machine", "v1", 3, rows=(Row("it", 1, 2.0, limit=4.0),))],
        "layers": [Measured("python images.py", "a machine", "v1", 3, text="10 wheels")],
    }
    path = tmp_path / "build" / "figures.json"
    assert kept_figures.load(path) == {}
    kept_figures.save(figures, path)
    assert kept_figures.load(path) == figures
    assert json.loads(path.read_text())["benchmarks"]["venv"][0]["rows"][0]["limit"] == 4.0


def test_a_file_with_two_names_takes_its_place_once(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(b"x" * 5000)
    alone = space_of(tree)
    (tree / "again").hardlink_to(tree / "file")
    assert space_of(tree) == alone
    (tree / "link").symlink_to("file")
    assert space_of(tree).inodes == alone.inodes + 1
    tree.chmod(0o500)
    removed(tree)
    assert not tree.exists()


@pytest.mark.parametrize("shape", [Shape(6, 0, 10), Shape(6, 2, 10)], ids=str)
def test_a_shape_always_gives_the_same_workspace(tmp_path: Path, shape: Shape) -> None:
    made: list[dict[str, bytes]] = []
    for name in ("one", "two"):
        root = tmp_path / name
        make_workspace(root, FakeIndex(), shape)
        made.append({str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()})
    assert made[0] == made[1]
    builds = b"".join(content for path, content in made[0].items() if path.endswith("BUILD.bazel"))
    assert builds.count(b"py_library(") == shape.packages
    assert builds.count(b"oci_image(") == shape.images
    assert builds.count(b"py_binary(") == (shape.images or shape.packages)
