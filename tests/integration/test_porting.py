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
    _, _, section = PAGE.read_text("utf-8").partition(f"# {heading}\n")
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


COMPILER = """
import pathlib, sys

def main():
    places = dict(word.split("=") for word in sys.argv[1:] if "=" in word)
    [proto] = [word for word in sys.argv[1:] if not word.startswith("-")]
    text = pathlib.Path(proto).read_text()
    for option, end in (("--python_out", "_pb2.py"), ("--grpc_python_out", "_pb2_grpc.py")):
        made = pathlib.Path(places[option], proto.removesuffix(".proto") + end)
        made.write_text(f"PROTO = {text!r}\\n")
"""


def test_modules_of_proto_files_are_made_with_a_script_of_the_lock(workspace: RealWorkspace, index: FakeIndex) -> None:
    compiler = {"python-grpc-tools-protoc": "compiler:main"}
    for name, files in (("grpcio-tools", {"compiler.py": COMPILER}), ("grpcio", {}), ("protobuf", {})):
        stem = name.replace("-", "_")
        content = wheel_bytes(name, "2.0", files or None, console_scripts=compiler if files else None)
        index.add(name, f"{stem}-2.0-py3-none-any.whl", content)
    workspace.environment["UV_DEFAULT_INDEX"] = index.simple_url
    module, _ = blocks("One script and a requirements.txt")
    [build] = blocks("Modules of proto files")
    loads = 'load("@rules_python//python:defs.bzl", "py_binary", "py_library")\n'
    workspace.write(
        {
            "MODULE.bazel": module,
            "BUILD.bazel": 'load("@rules_python//python:pip.bzl", "compile_pip_requirements")\n'
            'compile_pip_requirements(name = "r", src = "requirements.in", requirements_txt = "requirements.txt")\n',
            "requirements.in": "grpcio\ngrpcio-tools\nprotobuf\n",
            "talk/BUILD.bazel": loads + build + 'py_binary(name = "app", srcs = ["app.py"], deps = [":greeter"])\n',
            "talk/greeter.proto": "message Hello {}",
            "talk/app.py": "from talk import greeter_pb2, greeter_pb2_grpc\nprint(greeter_pb2.PROTO)\n",
        }
    )
    assert workspace.run("lock").stdout == "requirements.txt is made anew\n"
    done = workspace.run("run", "//talk:app")
    assert (done.code, done.stdout) == (0, "message Hello {}\n"), done.stderr
