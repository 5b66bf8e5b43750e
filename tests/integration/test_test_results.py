"""What `test` says, through the real command."""

from __future__ import annotations

from real_workspace import DEFS, MODULE, RealWorkspace

FLAKY = """
import os, sys
first = not os.path.exists({marker!r})
open({marker!r}, "a").close()
print("first" if first else "second")
sys.exit(first)
"""


def test_attempts_are_counted_and_only_tests_have_results(workspace: RealWorkspace) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "BUILD.bazel": DEFS
            + 'py_test(name = "flaky", srcs = ["flaky.py"], main = "flaky.py", flaky = True, tags = ["no-sandbox"])\n'
            + 'py_test(name = "broken_test", srcs = ["nowhere.py"])\n'
            + 'py_library(name = "broken", srcs = ["nowhere.py"])\n',
            "flaky.py": FLAKY.format(marker=str(workspace.root.parent / "marker")),
        }
    )
    done = workspace.test("-k", "//...", "--test_output=all")
    assert done.code == 1, done.stderr
    assert "Test output for //:flaky (attempt 1):\nfirst\n" in done.stdout
    assert "Test output for //:flaky (attempt 2):\nsecond\n" in done.stdout
    assert "//:flaky FLAKY, failed in 1 out of 2 in " in done.stdout
    assert "/test_attempts/attempt_1.log\n" in done.stdout
    assert "//:broken_test FAILED TO BUILD\n" in done.stdout
    assert "//:broken FAILED" not in done.stdout
    assert "Target //:broken failed to build" in done.stderr
    streamed = workspace.test("//:flaky", "--test_output=streamed", "--nocache_test_results")
    assert "Test output for //:flaky:\nsecond\n" in streamed.stdout
