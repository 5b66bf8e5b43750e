"""Coverage, through the real command."""

from __future__ import annotations

import sys
from pathlib import Path

from real_workspace import DEFS, MODULE, RealWorkspace

FILES = {
    "MODULE.bazel": MODULE + 'bazel_dep(name = "rules_python", version = "2.2.0")\n',
    "lib/BUILD.bazel": DEFS
    + """
py_library(name = "lib", srcs = ["lib.py"], visibility = ["//visibility:public"])
genrule(name = "make", outs = ["made.py"], cmd = "echo 'X = 1' > $@")
py_library(name = "made", srcs = ["made.py"], visibility = ["//visibility:public"])
""",
    "lib/lib.py": "def f(x):\n    if x:\n        return 1\n    return 2\n",
    "app/BUILD.bazel": DEFS
    + """
py_test(name = "one_test", srcs = ["one_test.py"], deps = ["//lib", "//lib:made"])
py_test(name = "two_test", srcs = ["two_test.py"], deps = ["//lib"])
""",
    "pack/BUILD.bazel": DEFS
    + """
load("@rules_python//python/zipapp:py_zipapp_test.bzl", "py_zipapp_test")
py_binary(name = "main", srcs = ["main.py"], deps = ["//lib"])
py_zipapp_test(name = "packed", binary = ":main")
""",
    "pack/main.py": "from lib.lib import f\nassert f(1) == 1\n",
    "app/one_test.py": "import lib.made\nfrom lib.lib import f\nassert f(1) == 1\n",
    "app/two_test.py": "from lib.lib import f\nassert f(0) == 2\n",
}


def test_coverage_is_reported_of_each_test_and_of_all(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    done = workspace.run("coverage", "//app/...")
    assert done.code == 0, done.stderr
    report = workspace.root / "venvship-out/_coverage/_coverage_report.dat"
    assert f"INFO: The report of coverage is `{report.resolve()}`\n" in done.stderr
    both = "BRDA:2,0,0,1\nBRDA:2,0,1,1\nBRF:2\nBRH:2\n"
    library, made = report.read_text().split("end_of_record\n")[:2]
    assert library == f"SF:lib/lib.py\n{both}DA:1,2\nDA:2,2\nDA:3,1\nDA:4,1\nLF:4\nLH:4\n"
    assert made.startswith("SF:venvship-out/") and made.endswith("/bin/lib/made.py\nDA:1,1\nLF:1\nLH:1\n")
    logs = workspace.root / "venvship-testlogs/app"
    assert "DA:3,1\nDA:4,0\n" in (logs / "one_test/coverage.dat").read_text()
    assert "DA:3,0\nDA:4,1\n" in (logs / "two_test/coverage.dat").read_text()
    # What is known is in the sum, too.
    report.unlink()
    again = workspace.run("coverage", "//app/...")
    assert "//app:one_test (cached) PASSED" in again.stdout
    assert report.read_text().startswith(f"SF:lib/lib.py\n{both}DA:1,2\n")
    # A test that is not measured is another test.
    plain = workspace.test("//app/...")
    assert "(cached)" not in plain.stdout
    assert not (logs / "one_test/coverage.dat").exists()


def test_labels_choose_what_is_measured(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    flags = ("--collect_code_coverage", "--instrumentation_filter=//lib,-:made$", "--combined_report=none")
    done = workspace.test(*flags, "//app:one_test")
    assert done.code == 0, done.stderr
    assert not (workspace.root / "venvship-out/_coverage").exists()
    one = (workspace.root / "venvship-testlogs/app/one_test/coverage.dat").read_text()
    assert [line for line in one.splitlines() if line.startswith("SF:")] == ["SF:lib/lib.py"]
    broken = workspace.run("coverage", "--instrumentation_filter=-(", "//...")
    assert "ERROR: `-(` of --instrumentation_filter is no regular expression: " in broken.stderr


def test_a_packed_program_is_measured(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    done = workspace.run("coverage", "//pack:packed")
    assert done.code == 0, done.stderr
    report = (workspace.root / "venvship-out/_coverage/_coverage_report.dat").read_text()
    assert "BRDA:2,0,0,1\nBRDA:2,0,1,0\nBRF:2\nBRH:1\nDA:1,1\nDA:2,1\nDA:3,1\nDA:4,0\n" in report
    assert "SF:pack/main.py\nDA:1,1\nDA:2,1\n" in report


def test_what_a_test_starts_is_measured_and_tests_themselves_when_asked_for(workspace: RealWorkspace) -> None:
    workspace.write(FILES)
    test = """
import os, subprocess, sys
subprocess.run([sys.executable, "-c", "import sys; sys.path[:] = sys.argv[1:]; import lib.lib", *sys.path], check=True)
subprocess.run([os.path.join(os.environ["TEST_SRCDIR"], "_main/pack/main")], check=True)
"""
    rows = 'py_test(name = "starts_test", srcs = ["starts_test.py"], data = ["//pack:main"], deps = ["//lib"])\n'
    visible = FILES["pack/BUILD.bazel"].replace("deps =", 'visibility = ["//visibility:public"], deps =')
    workspace.write(
        {"app/BUILD.bazel": FILES["app/BUILD.bazel"] + rows, "app/starts_test.py": test, "pack/BUILD.bazel": visible}
    )
    done = workspace.run("coverage", "//app:starts_test")
    assert done.code == 0, done.stdout + done.stderr
    report = workspace.root / "venvship-out/_coverage/_coverage_report.dat"
    assert "DA:1,2\nDA:2,1\nDA:3,1\nDA:4,0\n" in report.read_text()
    assert "SF:pack/main.py\nDA:1,1\nDA:2,1\n" in report.read_text()
    assert "SF:app/" not in report.read_text()
    assert workspace.run("coverage", "--instrument_test_targets", "//app:starts_test").code == 0
    assert "SF:app/starts_test.py\nDA:2,1\nDA:3,1\nDA:4,1\n" in report.read_text()
    # Nothing of that is there otherwise.
    workspace.built("//app:starts_test")
    assert not list((workspace.root / "venvship-bin/app").rglob("*measurement*"))


RUNTIME = """
load("@rules_python//python:defs.bzl", "py_runtime", "py_runtime_pair")
filegroup(name = "tool", srcs = ["coverage/__main__.py"], data = ["coverage/__init__.py"])
py_runtime(
    name = "runtime",
    coverage_tool = ":tool",
    interpreter_path = "{python}",
    interpreter_version_info = {{"major": "{major}", "minor": "{minor}"}},
)
py_runtime_pair(name = "pair", py3_runtime = ":runtime")
toolchain(name = "own", toolchain = ":pair", toolchain_type = "@rules_python//python:toolchain_type")
"""
TOOL = """
class Coverage:
    def __init__(self, **options):
        self.include = options["include"]

    def set_option(self, name, value):
        pass

    start = stop = lambda self: None

    def lcov_report(self, morfs, outfile, **options):
        with open(outfile, "w") as file:
            file.writelines(f"SF:{name}\\nDA:1,77\\nend_of_record\\n" for name in morfs)
"""


def test_the_coverage_tool_of_a_registered_runtime_measures(workspace: RealWorkspace) -> None:
    major, minor = sys.version_info[:2]
    runtime = RUNTIME.format(python=Path(sys.executable).resolve(), major=major, minor=minor)
    files = {"BUILD.bazel": runtime, "coverage/__main__.py": "", "coverage/__init__.py": TOOL}
    module = FILES["MODULE.bazel"] + 'register_toolchains("//tools/python:own")\n'
    workspace.write(FILES | {f"tools/python/{name}": text for name, text in files.items()} | {"MODULE.bazel": module})
    done = workspace.run("coverage", "//app:two_test")
    assert done.code == 0, done.stdout + done.stderr
    report = workspace.root / "venvship-out/_coverage/_coverage_report.dat"
    assert report.read_text() == "SF:lib/lib.py\nDA:1,77\nLF:1\nLH:1\nend_of_record\n"
