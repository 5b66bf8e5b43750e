"""Each kind of bad input gives one clear message and the right exit code, and the next correct run succeeds."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from fake_index import FakeIndex
from real_workspace import DEFS, HUB, MODULE, RealWorkspace, locked

APP = DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//six"])\n'
CODE = "import six\nprint('six', six.VERSION)\n"


def with_hub(workspace: RealWorkspace, lock: str, build: str = APP) -> None:
    workspace.write({"MODULE.bazel": MODULE + HUB, "uv.lock": lock, "app/BUILD.bazel": build, "app/app.py": CODE})


def succeeds(workspace: RealWorkspace) -> None:
    """The next correct run: the program is built and says what it should."""
    done = workspace.run("run", "--index_override=https://packages.example/simple=@default", "//app:app")
    assert (done.code, done.stdout) == (0, "six 1.0\n"), done.stderr


def test_a_missing_source_names_label_attribute_and_place(workspace: RealWorkspace) -> None:
    workspace.write({"MODULE.bazel": MODULE, "app/BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"])\n'})
    done = workspace.build("//app:app")
    assert done.code == 1
    assert "app/BUILD.bazel:2" in done.stderr and "app/app.py" in done.stderr
    workspace.write({"app/app.py": "print('six 1.0')\n"})
    succeeds(workspace)


def test_a_source_that_disappears_between_loading_and_execution_is_named(workspace: RealWorkspace) -> None:
    build = DEFS + 'exports_files(["gone.txt"])\npy_binary(name = "app", srcs = ["app.py"], data = ["gone.txt"])\n'
    workspace.write({"MODULE.bazel": MODULE, "app/BUILD.bazel": build, "app/app.py": "print('six 1.0')\n"})
    done = workspace.build("//app:app")
    assert done.code == 1 and "app/gone.txt" in done.stderr and "//app:gone.txt" in done.stderr
    workspace.write({"app/gone.txt": ""})
    succeeds(workspace)


def test_an_unknown_target_names_the_nearest_one(workspace: RealWorkspace) -> None:
    workspace.write({"MODULE.bazel": MODULE, "app/BUILD.bazel": DEFS + 'py_library(name = "server")\n'})
    done = workspace.build("//app:servr")
    assert done.code == 1
    assert "//app:servr" in done.stderr and "server" in done.stderr and "app/BUILD.bazel" in done.stderr
    assert workspace.build("//app:server").code == 0


@pytest.mark.parametrize("name", ["lib", "other_name"])
def test_what_is_no_program_is_not_run(workspace: RealWorkspace, name: str) -> None:
    build = DEFS + 'py_library(name = "lib")\nalias(name = "other_name", actual = ":lib")\n'
    workspace.write({"MODULE.bazel": MODULE, "app/BUILD.bazel": build})
    done = workspace.run("run", f"//app:{name}")
    assert done.code == 2, done.stderr
    assert f"app/BUILD.bazel:2:11: `//app:{name}` can't be run: it is no program (py_library rule)\n" in done.stderr
    assert "\nhint: name a py_binary or a test\n" in done.stderr


def test_an_unknown_package_is_named(workspace: RealWorkspace) -> None:
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": 'filegroup(name = "f", srcs = ["//nope:x"])\n'})
    done = workspace.build("//:f")
    assert done.code == 1
    assert "nope" in done.stderr and "needed by `//:f` (attribute `srcs`)" in done.stderr


def test_a_syntax_error_has_line_and_column(workspace: RealWorkspace) -> None:
    workspace.write({"MODULE.bazel": MODULE, "app/BUILD.bazel": 'filegroup(\n    name = "f"\n    srcs = [],\n)\n'})
    done = workspace.build("//app:f")
    assert done.code == 1
    assert "app/BUILD.bazel:" in done.stderr and "Traceback" not in done.stderr


def test_all_unknown_attributes_are_reported_at_once_with_the_nearest_name(workspace: RealWorkspace) -> None:
    build = DEFS + 'py_library(name = "a", sources = [])\npy_library(name = "b", dep = [])\n'
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": build})
    done = workspace.build("//:a")
    assert done.code == 1
    assert "sources" in done.stderr and "'dep'" in done.stderr and "`deps`" in done.stderr
    assert "BUILD.bazel:2" in done.stderr and "BUILD.bazel:3" in done.stderr


def test_a_wheel_that_is_not_the_locked_one_is_refused(workspace: RealWorkspace, index: FakeIndex) -> None:
    with_hub(workspace, locked(index, ("six", "1.0"), salt="replaced"))
    index.replaced["six-1.0-py3-none-any.whl"] = b"not the locked bytes"
    done = workspace.build("//app:app")
    assert done.code == 1
    assert "six-1.0-py3-none-any.whl" in done.stderr and "is not the file that was locked" in done.stderr
    assert "uv.lock" in done.stderr and "sha256" in done.stderr
    index.replaced.clear()
    succeeds(workspace)


def test_a_distribution_without_a_wheel_for_the_platform_lists_its_wheels(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    with_hub(workspace, locked(index, ("six", "1.0"), tag="cp39-cp39-win_amd64"))
    done = workspace.build("//app:app")
    assert done.code == 1
    assert "six-1.0-cp39-cp39-win_amd64.whl" in done.stderr and "is built for" in done.stderr
    assert "//app:app" in done.stderr
    with_hub(workspace, locked(index, ("six", "1.0")))
    succeeds(workspace)


def test_a_name_that_the_lock_does_not_have_is_refused(workspace: RealWorkspace, index: FakeIndex) -> None:
    with_hub(workspace, locked(index, ("six", "1.0")), APP.replace("six", "sxi"))
    done = workspace.build("//app:app")
    assert done.code == 1 and "@pypi//sxi" in done.stderr.replace("@@", "@")


def test_an_unreachable_index_says_what_to_do(workspace: RealWorkspace, index: FakeIndex) -> None:
    with_hub(workspace, locked(index, ("six", "1.0"), salt="unreachable"))
    reachable, workspace.index = workspace.index, "http://127.0.0.1:9/simple"
    done = workspace.build("//app:app")
    assert done.code == 36
    assert "127.0.0.1:9" in done.stderr and "does not answer" in done.stderr and "hint:" in done.stderr
    workspace.index = reachable
    succeeds(workspace)


def test_two_targets_that_write_one_output_are_both_named(workspace: RealWorkspace) -> None:
    build = (
        DEFS
        + """
py_binary(name = "app", srcs = ["app.py"])
genrule(name = "tool", outs = ["app/x"], cmd = "touch $@")
"""
    )
    workspace.write({"MODULE.bazel": MODULE, "app/BUILD.bazel": build, "app/app.py": "print('six 1.0')\n"})
    done = workspace.build("//app:all")
    assert done.code == 1
    assert "`//app:app`" in done.stderr and "`//app:tool`" in done.stderr and "app/app" in done.stderr
    workspace.write({"app/BUILD.bazel": build.replace("app/x", "x")})
    succeeds(workspace)


def test_a_program_that_fails_in_a_genrule_shows_its_output_and_keeps_the_rest(workspace: RealWorkspace) -> None:
    build = """
genrule(name = "bad", outs = ["bad.txt"], cmd = "echo went wrong >&2; exit 3")
genrule(name = "good", outs = ["good.txt"], cmd = "echo fine > $@")
"""
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": build})
    done = workspace.build("-k", "//:all")
    assert done.code == 1
    assert "went wrong" in done.stderr and "exit code 3" in done.stderr and "//:bad" in done.stderr
    assert (workspace.root / "venvship-bin" / "good.txt").read_text() == "fine\n"


def test_a_bad_flag_and_a_bad_command_are_refused_with_the_nearest_name(workspace: RealWorkspace) -> None:
    workspace.write({"MODULE.bazel": MODULE})
    done = workspace.run("build", "--keep_goign", "//:x")
    assert done.code == 2 and "--keep_going" in done.stderr
    done = workspace.run("biuld", "//:x")
    assert done.code == 2 and "build" in done.stderr


def test_outside_a_workspace_it_says_how_to_make_one(workspace: RealWorkspace) -> None:
    done = workspace.build("//:x")
    assert done.code == 2 and "MODULE.bazel" in done.stderr


def test_a_lock_that_is_no_lock_is_refused_with_its_place(workspace: RealWorkspace) -> None:
    with_hub(workspace, "version = 1\n[[package]\n")
    done = workspace.build("//app:app")
    assert done.code == 1 and "uv.lock:2" in done.stderr


@pytest.mark.peers
def test_a_full_disk_is_named_and_leaves_the_caches_usable(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)], check=True)
    try:
        build = 'genrule(name = "big", outs = ["big.bin"], cmd = "head -c 8000000 /dev/zero > $@")\n'
        build += 'genrule(name = "a", outs = ["x"], cmd = "echo > $@")\n'
        workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": build})
        flag = f"--output_user_root={small}"
        done = workspace.run(flag, "build", "//:big")
        assert done.code in (1, 36), done.stderr
        assert "no space left on the device that holds" in done.stderr
        assert "Traceback" not in done.stderr
        assert workspace.run(flag, "build", "//:a").code == 0
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_hidden_target_is_told_once_of_a_program_and_its_virtualenv(workspace: RealWorkspace) -> None:
    build = DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["//lib"])\n'
    lib = DEFS + 'py_library(name = "lib")\n'
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": build, "app.py": "", "lib/BUILD.bazel": lib})
    done = workspace.build("//:app")
    assert done.code == 1 and done.stderr.count("`//lib:lib` is not visible from package `//`") == 1, done.stderr
    assert "needed by `//:app` (attribute `deps`)\n  and 1 more target\n" in done.stderr, done.stderr
