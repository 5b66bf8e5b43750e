"""Distributions of a hub that are built from their sources, through the real command."""

from __future__ import annotations

import subprocess

import pytest
from fake_index import FakeIndex
from hub_building import BACKEND, INDEX, PYPROJECT, USE_HUB, lock, member_lock, sdist, source_tree, wheel
from real_workspace import DEFS, MODULE, RealWorkspace

from venvship.host.machine import cpu_count


def test_a_source_archive_is_built_once_without_network(workspace: RealWorkspace, index: FakeIndex) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, {"made-1.0.tar.gz": sdist("made", index)}),
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//made"])\n',
            "app.py": "import made\nprint(made.SAYS, made.NETWORK)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "before closed\n"), done.stderr
    assert "made 1.0 from source" in done.stderr
    again = workspace.build("//:app")
    assert again.code == 0 and "from source" not in again.stderr
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + USE_HUB
            + 'uv.override_package(name = "made", pre_build_patches = ["//:made.patch"], pre_build_patch_strip = 1)\n',
            "made.patch": "--- a/module.py\n+++ b/module.py\n@@ -1 +1 @@\n-SAYS = 'before'\n+SAYS = 'after'\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "after closed\n"), done.stderr


def test_of_a_lock_only_what_builds_a_source_archive_builds_it_again(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    files = {"kept-1.0.tar.gz": sdist("kept", index, requires='"maker"'), **wheel("maker", "X = 1\n")}
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, files),
            "BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//kept"])\n',
        }
    )
    done = workspace.built("//:lib")
    assert "kept 1.0 from source" in done.stderr
    workspace.write({"uv.lock": lock(index, {**files, **wheel("unrelated", "X = 1\n")})})
    assert "from source" not in workspace.built("//:lib").stderr
    workspace.write({"uv.lock": lock(index, {**files, **wheel("maker", "X = 2\n")})})
    assert "kept 1.0 from source" in workspace.built("//:lib").stderr


@pytest.mark.skipif(cpu_count() == 1, reason="each build takes a processor")
def test_source_archives_are_built_at_the_same_time(workspace: RealWorkspace, index: FakeIndex) -> None:
    meet = f"""
import glob, os, time
met = os.environ["TMPDIR"] + "/met"
builds = {f"{workspace.cache}/venvship/builds/build-*/work"!r}

def both(path):
    return len(glob.glob(builds + path)) == 2

if not os.path.exists(met):
    deadline = time.monotonic() + 500
    while not both("/source/met_*"):
        if time.monotonic() > deadline:
            raise SystemExit("nobody else is built")
        time.sleep(0.02)
    open(met, "w").close()
    # Until the other one has looked, too, or has even ended since.
    while both("/source/met_*") and not both("/met"):
        time.sleep(0.02)
"""
    names = ("met_one", "met_two")
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, {f"{name}-1.0.tar.gz": sdist(name, index, first=meet) for name in names}),
            "BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//met_one", "@pypi//met_two"])\n',
        }
    )
    workspace.built("//:lib")


def test_a_source_of_git_is_told_the_version_that_is_locked(workspace: RealWorkspace, index: FakeIndex) -> None:
    repository = workspace.root.parent / "repository"
    for path, text in source_tree("gitted", index).items():
        (repository / "inner").mkdir(parents=True, exist_ok=True)
        (repository / "inner" / path).write_text(text)

    def git(*arguments: str) -> str:
        argv = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments]
        return subprocess.run(argv, cwd=repository, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "1")
    source = f"{repository.as_uri()}?subdirectory=inner&rev=main#{git('rev-parse', 'HEAD')}"
    locked = f'[[package]]\nname = "gitted"\nversion = "1.0"\nsource = {{ git = "{source}" }}\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, wheel("other", "")).replace('"other" }]', '"other" }, { name = "gitted" }]')
            + locked,
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//gitted"])\n',
            "app.py": "import gitted\nprint(gitted.SAYS, gitted.TOLD)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "before 1.0\n"), done.stderr


def test_what_builds_a_distribution_can_be_annotated(workspace: RealWorkspace, index: FakeIndex) -> None:
    """The backend imports something that its own pyproject.toml does not ask for."""
    source = sdist("annotated", index)
    files = {"annotated-1.0.tar.gz": source, **wheel("helper", "TEXT = 'helped'\n")}
    patch = "--- a/module.py\n+++ b/module.py\n@@ -1 +1 @@\n-SAYS = 'before'\n+SAYS = 'patched'\n"
    hook = (
        "--- a/backend.py\n+++ b/backend.py\n@@ -1,2 +1,3 @@\n \n+import helper\n import base64, hashlib, os, zipfile\n"
    )
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + USE_HUB
            + 'uv.override_package(name = "annotated", pre_build_patches = ["//:a.patch", "//:b.patch"], '
            + "pre_build_patch_strip = 1)\n",
            "uv.lock": lock(index, files),
            "a.patch": patch,
            "b.patch": hook,
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//annotated"])\n',
            "app.py": "import annotated\nprint(annotated.SAYS)\n",
        }
    )
    done = workspace.build("//:app")
    assert done.code == 1 and "`uv add --group build helper`" in done.stderr
    module = (workspace.root / "MODULE.bazel").read_text()
    workspace.write(
        {
            "MODULE.bazel": module + 'uv.annotate_packages(lock = "//:uv.lock", src = "//:needs.toml")\n',
            "needs.toml": '[[package]]\nname = "annotated"\nversion = "2.0"\nbuild-dependencies = ["helper"]\n',
        }
    )
    done = workspace.build("//:app")
    assert done.code == 1 and "`uv add --group build helper`" in done.stderr
    workspace.write(
        {"needs.toml": '[[package]]\nname = "annotated"\nversion = "1.0"\nbuild-dependencies = [{ name = "helper" }]\n'}
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "patched\n"), done.stderr


def test_a_failed_build_shows_the_end_of_its_log_and_the_fix(workspace: RealWorkspace, index: FakeIndex) -> None:
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": lock(index, {"bad-1.0.tar.gz": sdist("bad", index, fail=True)}),
            "BUILD.bazel": DEFS + 'py_library(name = "app", deps = ["@pypi//bad"])\n',
        }
    )
    done = workspace.build("//:app")
    assert done.code == 1
    assert "`bad 1.0` can't be built from source" in done.stderr and "building bad" in done.stderr
    assert "`uv add --group build cython`" in done.stderr
    assert "needed by `//:app`" in done.stderr


def test_a_project_outside_of_the_workspace_is_built(workspace: RealWorkspace, index: FakeIndex) -> None:
    backend = BACKEND.format(name="made", fail=False, port=9)
    workspace.write(
        {
            "MODULE.bazel": MODULE + USE_HUB,
            "uv.lock": member_lock(
                '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n'
                'dependencies = [{ name = "made" }]',
                '[[package]]\nname = "made"\nversion = "1.0"\nsource = { editable = "../made" }',
            ),
            "../made/pyproject.toml": PYPROJECT.format(requires=""),
            "../made/backend.py": backend,
            "../made/module.py": "SAYS = 'from beside'\n",
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//made"])\n',
            "app.py": "import made\nprint(made.SAYS)\n",
        }
    )
    done = workspace.run("run", INDEX, "//:app")
    assert (done.code, done.stdout) == (0, "from beside\n"), done.stderr
