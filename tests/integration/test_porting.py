"""What docs/porting.md tells people to write does what it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from fake_index import FakeIndex
from real_workspace import RealWorkspace
from wheel_building import wheel_bytes

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/porting.md"


def blocks(heading: str) -> list[str]:
    """The files that a section shows, for the Python that runs this test."""
    _, _, section = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")
    version = "{}.{}".format(*sys.version_info)
    shown = re.findall(r"^```starlark\n(.*?)^```", section.partition("\n## ")[0], re.DOTALL | re.MULTILINE)
    return [block.replace('"3.12"', f'"{version}"') for block in shown]


def test_a_script_and_its_requirements(workspace: RealWorkspace, index: FakeIndex) -> None:
    for name, requires in (("requests", ["idna"]), ("idna", [])):
        content = wheel_bytes(name, "2.0", {f"{name}.py": f"NAME = {name!r}\n"}, requires=requires)
        index.add(name, f"{name}-2.0-py3-none-any.whl", content)
    workspace.environment["UV_DEFAULT_INDEX"] = index.simple_url
    module, build = blocks("One script and a requirements.txt")
    workspace.write(
        {
            "MODULE.bazel": module,
            "BUILD.bazel": build,
            "requirements.in": "requests\n",
            "tool.py": "import idna, requests, sys\nprint(requests.NAME, idna.NAME, sys.argv[1:])\n",
        }
    )
    done = workspace.run("run", "//:tool")
    assert done.code == 1 and "hint: make it with `venvship lock`" in done.stderr, done.stderr
    assert workspace.run("lock").stdout == "requirements.txt is made anew\n"
    done = workspace.run("run", "//:tool", "--", "--name", "x")
    assert (done.code, done.stdout) == (0, "requests idna ['--name', 'x']\n"), done.stderr
