"""What starts of programs come to, and what they are compared with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

from measuring import table
from startup import COPIED, SAME_FILES, SAME_WHEELS, Life, Starts, rows_of
from startup_programs import SCENARIOS, copied_interpreter, with_files_of


def starts(launcher: list[float], wheels: list[float], files: list[float]) -> Starts:
    """Times, each with half of it as processor time."""
    times = {"": launcher, COPIED: wheels, SAME_WHEELS: wheels, SAME_FILES: files}
    return {name: [Life(wall, wall / 2) for wall in walls] for name, walls in times.items()}


def test_a_ratio_is_the_median_of_places_whose_smallest_and_largest_are_told() -> None:
    fast, slow = starts([1.0, 9.0, 1.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]), starts([3.0], [1.0], [1.0])
    middle = starts([2.0, 2.0], [1.0, 1.0], [4.0, 4.0])
    rows = [row for row in rows_of(SCENARIOS[1], [fast, slow, middle]) if "processor" not in row.what]
    assert [(row.peer_name, row.pairs, row.least, row.ratio, row.most) for row in rows] == [
        (COPIED, 6, 1.0, 2.0, 3.0),
        (SAME_WHEELS, 6, 1.0, 2.0, 3.0),
        (SAME_FILES, 6, 0.5, 0.5, 3.0),
    ]
    assert "| 2.000 (1.000 to 3.000) | ratio 1.02 | **no** |" in table(rows[1:2])


def test_the_limit_is_for_time_with_the_machines_interpreter_and_files_at_the_same_places() -> None:
    rows = list(rows_of(SCENARIOS[1], [starts([2.0], [2.0], [1.0])]))
    assert [(row.peer_name, row.ratio, row.ratio_limit) for row in rows] == [
        (COPIED, 1.0, None),
        (COPIED, 1.0, None),
        (SAME_WHEELS, 1.0, 1.02),
        (SAME_WHEELS, 1.0, None),
        (SAME_FILES, 2.0, None),
        (SAME_FILES, 2.0, None),
    ]


def test_a_virtualenv_has_the_files_of_another_where_both_have_the_same(tmp_path: Path) -> None:
    tree, planned, copied = tmp_path / "tree", tmp_path / "planned", tmp_path / "copied"
    for place, record in ((tree, "ours"), (copied / "lib/python3.11/site-packages/wheel", "theirs")):
        place.mkdir(parents=True)
        for name, text in (("module.py", "1"), ("module.pyc", record), ("RECORD", record)):
            (place / name).write_text(text)
    (planned / "lib/python3.11/site-packages").mkdir(parents=True)
    (planned / "lib/python3.11/site-packages/wheel").symlink_to(tree)
    (copied / "pyvenv.cfg").write_text("home = /usr/bin")
    made = with_files_of(planned, copied, tmp_path / "made").parent.parent
    wheel = made / "lib/python3.11/site-packages/wheel"
    assert {path.name for path in wheel.iterdir() if path.samefile(tree / path.name)} == {"module.py", "module.pyc"}
    assert (wheel / "RECORD").read_text() == "theirs"
    assert (made / "pyvenv.cfg").samefile(copied / "pyvenv.cfg")


def test_a_copied_interpreter_loads_nothing_of_the_one_that_it_was_copied_from(tmp_path: Path) -> None:
    python = copied_interpreter(tmp_path / "python")
    code = "import sys; print(sys.prefix, open('/proc/self/maps').read() if sys.platform == 'linux' else '')"
    shown = subprocess.run([python, "-I", "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.startswith(f"{tmp_path}/python ")
    loaded = {line.rpartition(" ")[2] for line in shown.splitlines() if " /" in line}
    own = {path for path in loaded if "python" in Path(path).name or "/lib-dynload/" in path}
    assert own == {path for path in own if path.startswith(f"{tmp_path}/")}
