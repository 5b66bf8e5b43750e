"""The whole way: wheels from an index, a program, its test, its image; and what must not happen twice."""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
from fake_index import FakeIndex
from oci_layouts import Entry, Layout, read_layout
from real_workspace import DEFS, HUB, MODULE, RealWorkspace, locked

LOADS = DEFS + 'load("@rules_oci//oci:defs.bzl", "oci_image")\n' + 'load("@venvship//oci:defs.bzl", "runtime_base")\n'
BUILD = """
py_library(name = "lib", srcs = ["src/greet.py"], imports = ["src"], deps = ["@pypi//six"], data = ["names.txt"])
py_binary(name = "app", srcs = ["app.py"], deps = [":lib", "@pypi//attrs"])
py_test(name = "lib_test", srcs = ["lib_test.py"], deps = [":lib"])
py_image_layer(name = "layers", binary = ":app")
runtime_base(name = "base")
oci_image(name = "image", base = ":base", tars = [":layers"], entrypoint = ["/app"], user = "65532")
"""
FILES = {
    "app/src/greet.py": "import six\n\n\ndef greet():\n    return f'hello from six {six.VERSION}'\n",
    "app/app.py": "import attrs\nimport greet\nimport sys\nprint(greet.greet(), attrs.VERSION, *sys.argv[1:])\n",
    "app/lib_test.py": "import greet\nassert greet.greet() == 'hello from six 1.0'\n",
    "app/names.txt": "one\n",
}
SAID = "hello from six 1.0 2.0\n"


def shop(workspace: RealWorkspace, index: FakeIndex) -> RealWorkspace:
    workspace.write({"MODULE.bazel": MODULE + HUB, "uv.lock": locked(index, ("six", "1.0"), ("attrs", "2.0"))})
    workspace.write({"app/BUILD.bazel": LOADS + BUILD, **FILES})
    return workspace


def image_of(workspace: RealWorkspace) -> Layout:
    return read_layout(workspace.root / "venvship-bin/app/image")


def test_a_program_is_built_tested_and_run(workspace: RealWorkspace, index: FakeIndex) -> None:
    shop(workspace, index)
    done = workspace.test("//...")
    assert done.code == 0, done.stderr
    assert re.search(r"//app:lib_test (\(cached\) )?PASSED", done.stdout)
    ran = workspace.run("run", "//app:app", "--", "x", "a b")
    assert (ran.code, ran.stdout) == (0, "hello from six 1.0 2.0 x a b\n"), ran.stderr
    program = workspace.root / "venvship-bin/app/app"
    bare = subprocess.run([program], cwd="/", env={}, capture_output=True, text=True, check=True)
    assert bare.stdout == SAID


def test_a_second_build_runs_nothing_and_an_edit_runs_only_what_depends_on_it(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    shop(workspace, index)
    workspace.built("//...")
    assert workspace.built("//...").actions()[:2] == (0, 0)
    before = image_of(workspace)
    source = workspace.root / "app/src/greet.py"
    text = source.read_text()
    source.write_text(text + "# changed\n")
    run, cached, _ = workspace.built("//...").actions()
    assert (run, cached) == (2, 0)  # the layer of first-party code, and the image
    after = image_of(workspace)
    assert after.layer_digests[:-1] == before.layer_digests[:-1] and after.digest != before.digest
    source.write_text(text)
    run, cached, _ = workspace.built("//...").actions()
    assert (run, cached) == (0, 2)
    assert image_of(workspace).digest == before.digest


def test_deleted_and_changed_outputs_are_made_again(workspace: RealWorkspace, index: FakeIndex) -> None:
    shop(workspace, index)
    workspace.built("//app:app")
    program = workspace.root / "venvship-bin/app/app"
    program.unlink()
    shutil.rmtree(workspace.root / "venvship-bin/app/._app.venv")
    workspace.built("//app:app")
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == SAID


def test_an_image_stores_nothing_twice_and_its_links_hold(workspace: RealWorkspace, index: FakeIndex) -> None:
    shop(workspace, index)
    workspace.built("//app:image")
    layout = image_of(workspace)
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for layer in layout.layers:
        for entry in layer:
            if entry.kind == "file" and entry.size > 1024:
                owners[entry.content].append(entry.path)
    assert {paths[0]: paths for paths in owners.values() if len(paths) > 1} == {}
    entries = layout.entries
    for entry in entries.values():
        above = posixpath.dirname(entry.path)
        assert not above or entries[above].kind == "directory", f"{entry.path} has no parent directory"
        if entry.kind == "link":
            assert _leads_somewhere(entry.path, entries), f"{entry.path} -> {entry.text} leads nowhere"
    names = {posixpath.basename(path) for path in entries}
    assert not names & {"sh", "bash", "dash", "busybox"}
    links = [entry for entry in entries.values() if entry.path.endswith("site-packages/six")]
    assert sorted(entry.kind for entry in links) == ["directory", "link"]
    assert layout.config["config"]["User"] == "65532"


def _leads_somewhere(path: str, entries: Mapping[str, Entry]) -> bool:
    """Follow links of the image by hand."""
    for _ in range(40):
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            prefix = "/".join(parts[:count])
            entry = entries.get(prefix)
            if entry is None:
                return False
            if entry.kind == "link":
                text = entry.text
                rest = "/".join(parts[count:])
                target = text if text.startswith("/") else posixpath.join(posixpath.dirname(prefix), text)
                path = posixpath.normpath(posixpath.join(target, rest)).lstrip("/")
                if path.startswith(".."):
                    return False
                break
        else:
            return True
    return False


def test_the_same_sources_give_the_same_image_wherever_and_whoever_builds(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    shop(workspace, index).built("//app:image")
    other = RealWorkspace(tmp_path / "elsewhere", tmp_path / "other cache", workspace.index)
    other.root.mkdir()
    other.environment.update({"TZ": "Asia/Tokyo", "LC_ALL": "C", "USER": "somebody"})
    shop(other, index).built("//app:image")
    assert image_of(other).digest == image_of(workspace).digest


@pytest.mark.parametrize("way", ["relative", "absolute", "link"])
def test_it_does_not_matter_how_the_workspace_is_reached(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path, way: str
) -> None:
    shop(workspace, index)
    link = tmp_path / "link"
    link.symlink_to(workspace.root)
    cwd = {"relative": workspace.root / "app", "absolute": workspace.root, "link": link}[way]
    pattern = {"relative": "...", "absolute": "//...", "link": "//..."}[way]
    done = workspace.run("test", "--index_override=https://packages.example/simple=@default", pattern, cwd=cwd)
    assert done.code == 0, done.stderr
    assert (workspace.root / "venvship-bin/app/app").is_file()


@pytest.mark.peers
def test_other_tools_accept_the_layout_and_the_program_runs_without_a_shell(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    for program in ("skopeo", "umoci", "bwrap"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    shop(workspace, index).built("//app:image")
    layout = workspace.root / "venvship-bin/app/image"
    plain = tmp_path / "layout"
    plain.symlink_to(layout)
    subprocess.run(["skopeo", "inspect", f"oci:{plain}:latest"], check=True, capture_output=True)
    subprocess.run(
        ["skopeo", "copy", f"oci:{plain}:latest", f"oci:{tmp_path}/copy:latest"], check=True, capture_output=True
    )
    bundle = tmp_path / "bundle"
    subprocess.run(["umoci", "unpack", "--image", f"{plain}:latest", str(bundle)], check=True, capture_output=True)
    confined = [
        "bwrap",
        "--ro-bind",
        str(bundle / "rootfs"),
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
    ]
    confined += ["--unshare-all", "--uid", "65532", "--gid", "65532", "--clearenv", "--die-with-parent", "/app", "x"]
    done = subprocess.run(confined, capture_output=True, text=True, check=True)
    assert done.stdout == "hello from six 1.0 2.0 x\n"
