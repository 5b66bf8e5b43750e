"""Programs that are measured, run by every interpreter of this machine: they differ in how lines are noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from venvship.model.lcov import CoveredSource, summed
from venvship.tools import measurement

LIBRARY = '''"""A library."""

def one(x):
    if x:
        return 1
    return [
        y for y in (1, 2)
    ]

class A:
    def method(self):
        return 3
'''
PROGRAM = """
import os, sys, threading
from lib import library
import beside

def main():
    if os.fork() == 0:
        sys.exit(0)
    os.wait()
    started = threading.Thread(target=library.A().method)
    started.start()
    started.join()
    assert library.one(1) == 1
    print(__name__, sys.argv, __file__, os.path.basename(sys.path[0]), "main" in globals())
    sys.exit(7)

if __name__ == "__main__":
    main()
"""
BEGIN = "import measurement; measurement.begin('../../../../..'{tool})\n"


def interpreters() -> list[Path]:
    """One of each minor version that is installed beside the tests' own."""
    own = Path(sys.base_prefix)
    found = {sys.version_info[1]: Path(sys.executable).resolve()}
    for minor in range(11, 16):
        for place in sorted(own.parent.glob(f"*/bin/python3.{minor}")):
            found.setdefault(minor, place)
    return list(found.values())


class Runfiles:
    """A runfiles tree with a virtualenv that is measured, and what was measured in it."""

    def __init__(self, root: Path, python: Path) -> None:
        self.root = root
        made = [str(python), "-m", "venv", "--without-pip", "--symlinks", str(root / "_main/venv")]
        subprocess.run(made, check=True)
        [self.site_packages] = (root / "_main/venv/lib").glob("*/site-packages")
        module = Path(measurement.__file__).read_text()
        self.write({"measurement.py": module, "measurement.pth": BEGIN.format(tool="")}, below=self.site_packages)
        self.coverage = root / "coverage"
        self.coverage.mkdir()

    def write(self, files: dict[str, str], *, below: Path | None = None) -> None:
        for name, text in files.items():
            place = (below or self.root) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PYTHONPATH": f"{self.root}/_main",
            "COVERAGE_DIR": str(self.coverage),
            "COVERAGE_MANIFEST": f"{self.root}/manifest",
            **more,
        }
        argv = [f"{self.root}/_main/venv/bin/python", "-B", *arguments]
        cwd = self.root / "_main"
        return subprocess.run(argv, env=environment, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)

    def reports(self) -> list[str]:
        return sorted((path.read_text() for path in self.coverage.glob("*.dat")), key=len)

    def measured(self, name: str) -> CoveredSource:
        return summed(("report", text) for text in self.reports())[name]


@pytest.fixture(params=interpreters(), ids=lambda path: path.name)
def runfiles(request: pytest.FixtureRequest, tmp_path: Path) -> Runfiles:
    path = request.param
    assert isinstance(path, Path)
    made = Runfiles(tmp_path / "run files", path)
    made.write(
        {
            "_main/lib/library.py": LIBRARY,
            "_main/lib/never.py": "X = 1\n",
            "_main/lib/broken.py": "def\n",
            "_main/app/main.py": PROGRAM,
            "_main/app/beside.py": "X = 1\n",
            "other/made.py": "X = 1\n",
            "manifest": "lib/library.py\nlib/never.py\nlib/broken.py\nlib/data.txt\nlib/gone.py\n"
            "app/beside.py\nvenvship-out/x-fastbuild/bin/external/other/made.py\n",
        }
    )
    return made


REPORT = """SF:app/beside.py
DA:1,1
LF:1
LH:1
end_of_record
SF:lib/library.py
BRDA:4,0,0,1
BRDA:4,0,1,0
BRF:2
BRH:1
DA:1,1
DA:3,1
DA:4,1
DA:5,1
DA:6,0
DA:7,0
DA:10,1
DA:11,1
DA:12,1
LF:9
LH:7
end_of_record
SF:lib/never.py
DA:1,0
LF:1
LH:0
end_of_record
SF:venvship-out/x-fastbuild/bin/external/other/made.py
DA:1,0
LF:1
LH:0
end_of_record
"""


def test_a_program_that_is_measured_behaves_as_before_and_leaves_a_report(runfiles: Runfiles) -> None:
    main = f"{runfiles.root}/_main/app/main.py"
    done = runfiles.run(main, "a", "b")
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == f"__main__ ['{main}', 'a', 'b'] {main} app True\n"
    sources = summed([("joined", "".join(runfiles.reports()))])
    assert sources == summed([("expected", REPORT)])


def test_the_first_process_that_ends_reports_what_never_ran(runfiles: Runfiles) -> None:
    runfiles.run("-c", "import app.beside")
    runfiles.run("-c", "import app.beside")
    short, complete = runfiles.reports()
    assert short == "SF:app/beside.py\nDA:1,1\nLF:1\nLH:1\nend_of_record\n"
    assert complete.count("SF:") == 4


def test_an_empty_module_has_no_lines(runfiles: Runfiles) -> None:
    runfiles.write({"_main/app/beside.py": ""})
    runfiles.run("-c", "import app.beside")
    assert runfiles.measured("app/beside.py").lines == {}


def test_a_module_is_measured_as_well(runfiles: Runfiles) -> None:
    runfiles.write({"_main/beside.py": ""})
    done = runfiles.run("-m", "app.main", "a")
    assert done.returncode == 7, done.stderr
    assert runfiles.measured("lib/library.py").lines[1] == 1


def test_without_coverage_a_program_just_starts(runfiles: Runfiles) -> None:
    main = f"{runfiles.root}/_main/app/main.py"
    for more in ({"COVERAGE_DIR": ""}, {"COVERAGE_MANIFEST": ""}, {"COVERAGE_MANIFEST": "/gone"}):
        assert runfiles.run(main, **more).returncode == 7
    assert list(runfiles.coverage.iterdir()) == []


def test_a_program_that_fails_says_so_and_leaves_a_report(runfiles: Runfiles) -> None:
    runfiles.write({"_main/app/main.py": "from lib import never\nraise ValueError('gone')\n"})
    done = runfiles.run(f"{runfiles.root}/_main/app/main.py")
    assert done.returncode == 1
    assert done.stderr.endswith("ValueError: gone\n")
    assert runfiles.measured("lib/never.py").lines == {1: 1}


def test_a_program_that_outlives_its_test_ends_without_a_word(runfiles: Runfiles) -> None:
    done = runfiles.run("-c", "import os, shutil; shutil.rmtree(os.environ['COVERAGE_DIR'])")
    assert (done.returncode, done.stderr) == (0, "")


BRANCHES = """import contextlib

def last(x):
    if x:
        len("")

def loop(items):
    for item in items:
        if item and item > 1:
            continue
        with contextlib.suppress(ValueError):
            int("x")
    while items:
        items.pop()
    try:
        int("y")
    except ValueError:
        pass
    finally:
        if items:
            pass
    assert items is not None
    return 1 if items else [
        item for item in items if item
    ]

def given(value):
    match value:
        case 1:
            return 1
        case _:
            return 2

def generated(count):
    for number in range(count):
        if number:
            yield number
"""


@pytest.mark.parametrize(
    ("call", "taken"),
    [
        ("", {}),
        ("last(1)", {4: [0, 1]}),
        ("last(0)", {4: [1, 0]}),
        ("loop([])", {8: [0, 1], 13: [0, 1], 20: [0, 1]}),
        ("loop([2])", {8: [1, 1], 9: [1, 0], 13: [1, 1], 20: [0, 1]}),
        ("loop([1, 0])", {8: [1, 1], 9: [0, 1], 13: [1, 1], 20: [0, 1]}),
        ("given(1)", {29: [1, 0]}),
        ("given(2)", {29: [0, 1]}),
        ("list(generated(1))", {35: [1, 1], 36: [1, 0]}),
        ("list(generated(2))", {35: [1, 1], 36: [1, 1]}),
    ],
)
def test_branches_are_the_lines_that_a_line_goes_on_at(
    runfiles: Runfiles, call: str, taken: dict[int, list[int]]
) -> None:
    runfiles.write({"_main/lib/branches.py": BRANCHES, "manifest": "lib/branches.py\n"})
    done = runfiles.run("-c", f"from lib.branches import *\n{call}")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[int, list[int | None]] = {}
    for (line, _, _), count in sorted(runfiles.measured("lib/branches.py").branches.items()):
        found.setdefault(line, []).append(count)
    assert {line: counts for line, counts in found.items() if counts[0] is not None} == taken
    assert found.keys() == {4, 8, 9, 13, 20, 29, 35, 36}


CHILDREN = """
def child(number):
    return number + 1

def other(number):
    return number + 2
"""
STARTS = {
    "subprocess": "subprocess.run([sys.executable, '-I', '-c', PATH + 'children.child(1)'], check=True)",
    "fork": "multiprocess('fork')",
    "spawn": "multiprocess('spawn')",
    "forkserver": "multiprocess('forkserver')",
    "pool": "pool()",
    "os.fork": "os.wait() if os.fork() else children.child(1)",
    "terminated": "terminated()",
}
PARENT = """
import multiprocessing, os, signal, subprocess, sys
from lib import children

PATH = f"import sys; sys.path.append({sys.path[1]!r}); from lib import children; "

def multiprocess(method):
    process = multiprocessing.get_context(method).Process(target=children.child, args=(1,))
    process.start()
    process.join()
    assert process.exitcode == 0

def pool():
    with multiprocessing.get_context("fork").Pool(2) as workers:
        workers.map(children.child, [1, 2])
        workers.close()
        workers.join()

def terminated():
    waiting = PATH + "children.child(1); print(flush=True); import time\\nwhile True: time.sleep(0.01)"
    with subprocess.Popen([sys.executable, "-c", waiting], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.terminate()
    assert process.returncode == -signal.SIGTERM

if __name__ == "__main__":
    children.other(1)
    {start}
"""


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_child_processes_are_measured(runfiles: Runfiles, start: str) -> None:
    parent = PARENT.replace("{start}", start)
    runfiles.write({"_main/lib/children.py": CHILDREN, "_main/parent.py": parent, "manifest": "lib/children.py\n"})
    done = runfiles.run("parent.py")
    assert (done.returncode, done.stderr) == (0, "")
    lines = runfiles.measured("lib/children.py").lines
    assert lines[3] > 0 and lines[6] == 1


COVERAGE_TOOL = """
import sys

class Coverage:
    def __init__(self, *, data_file, config_file, branch, include):
        assert data_file is None and config_file is False and branch is True
        self.include, self.ran = include, {}

    def set_option(self, name, value):
        assert name == "run:disable_warnings"

    def start(self):
        sys.settrace(self.trace)

    def trace(self, frame, event, argument):
        if frame.f_code.co_filename in self.include:
            self.ran.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)

    def stop(self):
        sys.settrace(None)

    def get_data(self):
        return self

    def measured_files(self):
        return set(self.ran)

    def lcov_report(self, *, morfs, outfile, ignore_errors):
        assert ignore_errors
        with open(outfile, "w") as file:
            for name in morfs:
                hits = "".join(f"DA:{line},1\\n" for line in self.ran.get(name, ()))
                file.write(f"SF:{name}\\n{hits}BRDA:1,0,jump to the function exit,-\\nend_of_record\\n")
"""


@pytest.mark.parametrize("way", ["runtime", "environment"])
def test_the_tool_of_a_runtime_measures_instead(runfiles: Runfiles, way: str) -> None:
    runfiles.write(
        {
            "tool/coverage/__init__.py": COVERAGE_TOOL,
            "tool/coverage/__main__.py": "",
            "_main/lib/children.py": CHILDREN,
            "manifest": "lib/children.py\nlib/never.py\n",
        }
    )
    more = {"PYTHON_COVERAGE": f"{runfiles.root}/tool/coverage/__main__.py"} if way == "environment" else {}
    if not more:
        tool = ", '../../../../../tool/coverage/__main__.py'"
        runfiles.write({"measurement.pth": BEGIN.format(tool=tool)}, below=runfiles.site_packages)
    program = "import os\nfrom lib import children\nif not os.fork(): children.child(1)\nelse: os.wait()"
    done = runfiles.run("-c", program, **more)
    assert (done.returncode, done.stderr) == (0, "")
    children = runfiles.measured("lib/children.py")
    assert children.lines[2] == 1
    assert children.branches == {(1, "0", "jump to the function exit"): None}
    assert runfiles.measured("lib/never.py").lines == {}
