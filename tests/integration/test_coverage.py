"""Coverage, through the real command."""

from __future__ import annotations

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
    library, made = report.read_text().split("end_of_record\n")[:2]
    assert library == "SF:lib/lib.py\nDA:1,2\nDA:2,2\nDA:3,1\nDA:4,1\nLF:4\nLH:4\n"
    assert made.startswith("SF:venvship-out/") and made.endswith("/bin/lib/made.py\nDA:1,1\nLF:1\nLH:1\n")
    logs = workspace.root / "venvship-testlogs/app"
    assert "DA:3,1\nDA:4,0\n" in (logs / "one_test/coverage.dat").read_text()
    assert "DA:3,0\nDA:4,1\n" in (logs / "two_test/coverage.dat").read_text()
    # What is known is in the sum, too.
    report.unlink()
    again = workspace.run("coverage", "//app/...")
    assert "//app:one_test (cached) PASSED" in again.stdout
    assert report.read_text().startswith("SF:lib/lib.py\nDA:1,2\n")
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
    assert "SF:lib/lib.py\nDA:1,1\nDA:2,1\nDA:3,1\nDA:4,0\n" in report
    assert "SF:pack/main.py\nDA:1,1\nDA:2,1\n" in report
