"""Programs that are measured, run by every interpreter of this machine: they differ in how lines are noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from venvship.tools import measured_program

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


def interpreters() -> list[Path]:
    """One of each minor version that is installed beside the tests' own."""
    own = Path(sys.base_prefix)
    found = {sys.version_info[1]: Path(sys.executable)}
    for minor in range(11, 16):
        for place in sorted(own.parent.glob(f"*/bin/python3.{minor}")):
            found.setdefault(minor, place)
    return list(found.values())


@pytest.fixture(params=interpreters(), ids=lambda path: path.name)
def python(request: pytest.FixtureRequest) -> Path:
    path = request.param
    assert isinstance(path, Path)
    return path


@pytest.fixture
def runfiles(tmp_path: Path) -> Path:
    files = {
        "_main/lib/library.py": LIBRARY,
        "_main/lib/never.py": "X = 1\n",
        "_main/lib/broken.py": "def\n",
        "_main/app/main.py": PROGRAM,
        "_main/app/beside.py": "X = 1\n",
        "other/made.py": "X = 1\n",
        "manifest": "lib/library.py\nlib/never.py\nlib/broken.py\nlib/data.txt\nlib/gone.py\n"
        "app/beside.py\nvenvship-out/x-fastbuild/bin/external/other/made.py\n",
    }
    for name, text in files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return tmp_path


def run(python: Path, runfiles: Path, *arguments: str, measured: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": f"{runfiles}/_main", "RUNFILES_DIR": str(runfiles)}
    if measured:
        environment |= {
            "COVERAGE_DIR": str(runfiles),
            "COVERAGE_MANIFEST": f"{runfiles}/manifest",
            "COVERAGE_OUTPUT_FILE": f"{runfiles}/report",
        }
    argv = [str(python), "-B", measured_program.__file__, *arguments]
    return subprocess.run(argv, env=environment, cwd=runfiles / "_main", capture_output=True, text=True, check=False)


REPORT = """SF:app/beside.py
DA:1,1
LF:1
LH:1
end_of_record
SF:lib/library.py
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


def test_a_program_that_is_measured_behaves_as_before_and_leaves_a_report(python: Path, runfiles: Path) -> None:
    main = f"{runfiles}/_main/app/main.py"
    done = run(python, runfiles, main, "a", "b")
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == f"__main__ ['{main}', 'a', 'b'] {main} app True\n"
    assert (runfiles / "report").read_text() == REPORT


def test_a_module_is_measured_as_well(python: Path, runfiles: Path) -> None:
    (runfiles / "_main/beside.py").write_text("")
    done = run(python, runfiles, "-m", "app.main", "a")
    assert done.returncode == 7, done.stderr
    assert "'a'" in done.stdout
    assert "SF:lib/library.py\nDA:1,1\n" in (runfiles / "report").read_text()


def test_without_coverage_a_program_just_starts(runfiles: Path) -> None:
    done = run(Path(sys.executable), runfiles, f"{runfiles}/_main/app/main.py", measured=False)
    assert done.returncode == 7, done.stderr
    assert not (runfiles / "report").exists()


def test_a_program_that_fails_says_so_and_leaves_a_report(runfiles: Path) -> None:
    (runfiles / "_main/app/main.py").write_text("from lib import never\nraise ValueError('gone')\n")
    done = run(Path(sys.executable), runfiles, f"{runfiles}/_main/app/main.py")
    assert done.returncode == 1
    assert done.stderr.endswith("ValueError: gone\n")
    assert "SF:lib/never.py\nDA:1,1\n" in (runfiles / "report").read_text()
