from __future__ import annotations

from pathlib import Path

import pytest
from fake_session import CommandLine

FILES = {
    "app/BUILD.bazel": """
py_binary(name = "server", srcs = ["server.py"], deps = ["//lib"])
py_test(name = "server_test", size = "small")
py_test(name = "slow_test", tags = ["slow"])
py_binary(name = "tool", tags = ["manual"])
""",
    "app/server.py": "",
    "lib/BUILD.bazel": 'py_library(name = "lib", visibility = ["//visibility:public"])',
}


@pytest.fixture
def venvship(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "ws", FILES)
