"""Interpreters from archives, through the real command; the archives are made by the test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from fake_index import FakeIndex
from interpreter_archives import VERSION, archive, interpreters
from real_workspace import DEFS, HUB, MODULE, ORIGIN, RealWorkspace, locked
from tar_members import extract_all
from wheel_building import wheel_bytes

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
PYTHON_3_14 = """
python_interpreters = use_extension("@aspect_rules_py//py:extensions.bzl", "python_interpreters")
python_interpreters.toolchain(python_version = "3.14")
use_repo(python_interpreters, "python_interpreters")
"""
MANY_FILES = """
load("@aspect_rules_py//py:defs.bzl", "py_binary", "py_image_layer")
py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//six"])
py_image_layer(name = "layers", binary = ":app")
"""


def imported_tree(workspace: RealWorkspace) -> Path:
    """The interpreter of this machine as an earlier build imported it."""
    trees = workspace.cache / "venvship/trees"
    # Other tests have left programs there that are no interpreters.
    programs = (path for path in trees.glob(f"*/bin/python{MINOR}") if path.stat().st_size > 1000)
    return next(path.parent.parent for path in programs)


def layer_of_six(configuration: Path) -> list[str]:
    """The names of the files of bytecode that an image gets."""
    with tarfile.open(configuration / "pypi/six/1.0.layer.tar.gz") as layer:
        return [os.path.basename(name) for name in layer.getnames() if name.endswith(".pyc")]


def test_an_archive_is_unpacked_where_the_machine_has_none_of_the_version(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"])\n'})
    workspace.write({"app.py": "import sys, json\nprint(sys.version_info[:2], sys.prefix != sys.base_prefix)\n"})
    workspace.built("//:app")
    # A version that no machine has; the program in the archive is the one of this machine all the same.
    exact = f"{MINOR}.99"
    base = tmp_path / "releases"
    archive(base / "20990101", f"{os.uname().machine}-unknown-linux-gnu", version=exact, tree=imported_tree(workspace))
    workspace.write({"MODULE.bazel": MODULE + interpreters(base, exact)})
    done = workspace.run("run", "//:app")
    assert (done.code, done.stdout) == (0, f"({sys.version_info[0]}, {sys.version_info[1]}) True\n"), done.stderr
    assert f"cpython-{exact}+20990101" in done.stderr


def test_a_minor_version_is_the_release_that_it_is_mapped_to(workspace: RealWorkspace, tmp_path: Path) -> None:
    build = DEFS + 'py_binary(name = "app", srcs = ["app.py"]{})\n'
    workspace.write(
        {"MODULE.bazel": MODULE, "BUILD.bazel": build.format(""), "app.py": "import mark\nprint(mark.HERE)\n"}
    )
    workspace.run("build", "//:app")
    tree = tmp_path / "tree"
    shutil.copytree(imported_tree(workspace), tree, symlinks=True)
    (tree / f"lib/python{MINOR}").chmod(0o755)
    (tree / f"lib/python{MINOR}/mark.py").write_text("HERE = 'mapped'\n")
    triple = f"{os.uname().machine}-unknown-linux-gnu"
    sha256 = archive(tmp_path / "second/there", triple, version=f"{MINOR}.98", tree=tree)
    name = f"cpython-{MINOR}.98+there-{triple}-install_only.tar.gz"
    urls = [f"{(tmp_path / place / 'there').as_uri()}/{name}" for place in ("first", "second")]
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + f"""
bazel_dep(name = "rules_python", version = "1.0.0")
python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.toolchain(python_version = "{MINOR}")
python.single_version_override(python_version = "{MINOR}.98", sha256 = {{"{triple}": "{sha256}"}}, urls = {urls})
python.override(minor_mapping = {{"{MINOR}": "{MINOR}.98"}})
""",
            "BUILD.bazel": build.format(f', python_version = "{MINOR}"'),
        }
    )
    done = workspace.run("run", "//:app")
    assert (done.code, done.stdout) == (0, "mapped\n"), done.stderr
    workspace.write({"MODULE.bazel": (workspace.root / "MODULE.bazel").read_text().replace("/there/", "/nowhere/")})
    workspace.cache = tmp_path / "another cache"
    done = workspace.run("run", "//:app")
    assert done.code == 36 and "/first/nowhere/" in done.stderr and "/second/nowhere/" in done.stderr, done.stderr


def test_an_archive_may_be_patched(workspace: RealWorkspace, tmp_path: Path) -> None:
    """Where the machine has an interpreter of the very release, that one is not taken for it."""
    workspace.write({"MODULE.bazel": MODULE, "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"])\n'})
    workspace.write({"app.py": "import this_release\nprint(this_release.SAYS)\n"})
    workspace.built("//:app")
    base = tmp_path / "releases"
    triple = f"{os.uname().machine}-unknown-linux-gnu"
    archive(base / "20990101", triple, tree=imported_tree(workspace))
    patch = "--- /dev/null\n+++ b/lib/python{minor}/this_release.py\n@@ -0,0 +1 @@\n+SAYS = {says!r}\n"
    tag = f'python_version = "{VERSION}", patches = ["//patches:says.patch"], patch_strip = 1'
    workspace.write(
        {
            "MODULE.bazel": MODULE
            + interpreters(base, MINOR)
            + 'python = use_extension("@rules_python//python/extensions:python.bzl", "python")\n'
            + f"python.single_version_override({tag})\n",
            "patches/BUILD.bazel": "",
        }
    )
    done = workspace.run("run", "//:app")
    assert done.code == 1 and "can't read the patch `//patches:says.patch`" in done.stderr
    for says in ("one", "two"):
        workspace.write({"patches/says.patch": patch.format(minor=MINOR, says=says)})
        done = workspace.run("run", "//:app")
        assert (done.code, done.stdout) == (0, f"{says}\n"), done.stderr
    workspace.write({"patches/says.patch": "--- a/lib/no.py\n+++ b/lib/no.py\n@@ -1 +1 @@\n-a\n+b\n"})
    done = workspace.run("run", "//:app")
    assert done.code == 1 and "patch `patches/says.patch` changes `lib/no.py`, which does not exist" in done.stderr


def test_a_venv_for_another_machine_is_built_with_its_interpreter(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    base = tmp_path / "releases"
    for triple in ("aarch64-unknown-linux-gnu", "aarch64-apple-darwin"):
        archive(base / "20990101", triple, version=f"{MINOR}.99")
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB + interpreters(base, MINOR),
            "uv.lock": locked(index, ("six", "1.0"), salt="foreign"),
            "BUILD.bazel": MANY_FILES,
            "app.py": "import six\n",
        }
    )
    for platform in ("linux_aarch64", "macos_aarch64"):
        workspace.built(f"--platforms={platform}", "//:layers")
        outputs = workspace.root / "venvship-out"
        [configuration] = [path for path in outputs.resolve().iterdir() if path.name.startswith(platform)]
        python = configuration / f"python_interpreters/{MINOR}.99/bin/python{MINOR}"
        assert python.read_bytes() == b"a program for another machine"
        # Compiled by the interpreter of this machine, whose bytecode is the same.
        assert len(layer_of_six(configuration)) == 1


def test_an_interpreter_that_does_not_run_here_is_one_for_images(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    base = tmp_path / "releases"
    # As one is that needs a newer C library.
    archive(base / "20990101", f"{os.uname().machine}-unknown-linux-gnu", version=f"{MINOR}.99")
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB + interpreters(base, f"{MINOR}.99"),
            "uv.lock": locked(index, ("six", "1.0"), salt="newer"),
            "BUILD.bazel": MANY_FILES,
            "app.py": "import six\n",
        }
    )
    for _ in range(2):
        workspace.built("//:app", "//:layers")
    [configuration] = (workspace.root / "venvship-out").resolve().iterdir()
    python = configuration / f"python_interpreters/{MINOR}.99/bin/python{MINOR}"
    assert python.read_bytes() == b"a program for another machine"
    assert len(layer_of_six(configuration)) == 1


def test_a_platform_without_an_archive_is_named(workspace: RealWorkspace, tmp_path: Path) -> None:
    base = tmp_path / "releases"
    archive(base / "20990101", "aarch64-apple-darwin")
    workspace.write({"MODULE.bazel": MODULE + interpreters(base, MINOR)})
    workspace.write({"BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"])\n', "app.py": ""})
    done = workspace.build("--platforms=linux_aarch64", "//:app")
    assert done.code == 1 and "aarch64-unknown-linux-gnu is known" in done.stderr


def test_a_free_threaded_interpreter_takes_wheels_of_its_own(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    tree, base = tmp_path / "tree", tmp_path / "releases"
    for path in (f"bin/python{MINOR}t", f"lib/python{MINOR}t/os.py"):
        (tree / path).parent.mkdir(parents=True)
        (tree / path).write_text("X = 1\n")
    archive(base / "20990101", "aarch64-unknown-linux-gnu-freethreaded", version=f"{MINOR}.99", tree=tree)
    short = MINOR.replace(".", "")
    lock = locked(index, ("six", "1.0"), tag=f"cp{short}-cp{short}t-manylinux_2_17_aarch64", salt="free")
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB + interpreters(base, f"{MINOR}t"),
            "uv.lock": lock,
            "BUILD.bazel": MANY_FILES,
            "app.py": "import six\n",
        }
    )
    workspace.built("--platforms=linux_aarch64", "//:app", "//:layers")
    outputs = workspace.root / "venvship-out"
    [configuration] = [path for path in outputs.resolve().iterdir() if path.name.startswith("linux_aarch64")]
    assert (configuration / f"bin/._app.venv/lib/python{MINOR}t/site-packages/six").is_dir()
    assert layer_of_six(configuration) == [f"__init__.cpython-{short}.pyc"]


def test_an_interpreter_that_cannot_be_fetched_is_named(workspace: RealWorkspace) -> None:
    workspace.write(
        {"MODULE.bazel": MODULE + PYTHON_3_14, "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"])\n'}
    )
    workspace.write({"app.py": ""})
    workspace.environment["UV_PYTHON_INSTALL_MIRROR"] = "http://127.0.0.1:9/releases"
    done = workspace.run("build", "--platforms=linux_aarch64", "//:app")
    assert done.code == 36
    assert "CPython 3.14." in done.stderr and "`http://127.0.0.1:9` does not answer" in done.stderr
    assert "uv python install 3.14" in done.stderr


def test_a_release_without_known_hashes_is_named(workspace: RealWorkspace) -> None:
    configure = 'i = use_extension("@aspect_rules_py//py:extensions.bzl", "python_interpreters")\n'
    configure += 'i.configure(releases = ["20990101"])\ni.toolchain(python_version = "3.12", is_default = True)\n'
    workspace.write(
        {
            "MODULE.bazel": MODULE + configure,
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"])\n',
            "app.py": "",
        }
    )
    done = workspace.build("--platforms=linux_aarch64", "//:app")
    assert done.code == 1 and "no hashes are known of release `20990101`, which MODULE.bazel names" in done.stderr
    assert "in which `20990101/SHA256SUMS` is" in done.stderr, done.stderr


def test_a_replaced_archive_is_refused(workspace: RealWorkspace, tmp_path: Path) -> None:
    base = tmp_path / "releases"
    archive(base / "20990101", "aarch64-apple-darwin", version=f"{MINOR}.98")
    [file] = (base / "20990101").glob("*.tar.gz")
    file.write_bytes(b"something else")
    workspace.write({"MODULE.bazel": MODULE + interpreters(base, MINOR)})
    workspace.write({"BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"])\n', "app.py": ""})
    done = workspace.build("--platforms=macos_aarch64", "//:app")
    assert done.code == 1 and "is not the file that was locked" in done.stderr


DESCRIBED = """
load("@rules_python//python:defs.bzl", "py_runtime", "py_runtime_pair")
load("@rules_python//python/zipapp:py_zipapp_binary.bzl", "py_zipapp_binary")
py_runtime(
    name = "runtime",
    files = glob(["prefix/**"]),
    interpreter = "prefix/bin/{python}",
    interpreter_version_info = {{"major": "{major}", "minor": "{minor}"}},
)
py_runtime_pair(name = "pair", py3_runtime = ":runtime")
toolchain(name = "own", toolchain = ":pair", toolchain_type = "@rules_python//python:toolchain_type")
py_binary(name = "app", srcs = ["app.py"])
py_image_layer(name = "layers", binary = ":app")
py_zipapp_binary(name = "packed", binary = ":app")
"""


def test_an_interpreter_that_the_workspace_has_is_shipped_with_its_programs(
    workspace: RealWorkspace, tmp_path: Path
) -> None:
    """The interpreter is the one that the build would use itself, which runs from wherever it lies."""
    workspace.write(
        {"MODULE.bazel": MODULE, "BUILD.bazel": DEFS + 'py_binary(name = "a", srcs = ["a.py"])', "a.py": ""}
    )
    workspace.built("//:a")
    tree = imported_tree(workspace)
    names = shutil.ignore_patterns("test", "__pycache__", "site-packages", "idlelib", "config-*")
    shutil.copytree(tree, workspace.root / "prefix", ignore=names)
    major, minor = sys.version_info[:2]
    build = DESCRIBED.format(python=f"python{major}.{minor}", major=major, minor=minor)
    app = "import sys\nprint(sys.base_prefix, sys.version_info[:2], sys.prefix == sys.base_prefix)\n"
    module = MODULE + 'bazel_dep(name = "rules_python", version = "2.2.0")\nregister_toolchains("//:own")\n'
    workspace.write({"MODULE.bazel": module, "BUILD.bazel": DEFS + build, "app.py": app})
    workspace.built("//:app", "//:packed", "//:layers")

    layers = sorted((workspace.root / "venvship-bin").glob("layers_*.tar.gz"))
    assert [layer.name for layer in layers if layer.name.startswith("layers_Python")]
    image = tmp_path / "an image"
    held: list[str] = []
    for layer in layers:
        with tarfile.open(layer) as archive:
            held += [member.name for member in archive if not member.isdir()]
            extract_all(archive, image)
    assert len(held) == len(set(held))
    cache = tmp_path / "cache"
    packed = workspace.root / "venvship-bin/packed.pyz"
    starts: list[tuple[list[str | Path], Path]] = [([image / "app"], image), ([sys.executable, packed], cache)]
    for argv, prefix in starts:
        started = subprocess.run(argv, env={"XDG_CACHE_HOME": str(cache)}, capture_output=True, text=True, check=False)
        assert started.stderr == ""
        assert started.stdout.startswith(f"{prefix}/")
        assert started.stdout.endswith(f"/_main/prefix ({major}, {minor}) False\n")


LOCAL = """
bazel_dep(name = "rules_python", version = "2.2.0")
runtime = use_repo_rule("@rules_python//python/local_toolchains:repos.bzl", "local_runtime_repo")
toolchains = use_repo_rule("@rules_python//python/local_toolchains:repos.bzl", "local_runtime_toolchains_repo")
runtime(name = "gone-python", interpreter_path = "no-such-python", on_failure = "{on_failure}")
runtime(name = "local.python", interpreter_path = "{python}")
toolchains(
    name = "local_toolchains",
    runtimes = ["gone-python", "local.python"],
    target_compatible_with = {{"local.python": ["HOST_CONSTRAINTS"]}},
)
register_toolchains("@local_toolchains//:all")
"""


def test_interpreters_of_the_machine_become_toolchains(workspace: RealWorkspace) -> None:
    python = os.path.realpath(sys.executable)
    build = DEFS + 'py_binary(name = "app", srcs = ["app.py"])\n'
    app = "import os, sys\nprint(os.path.realpath(sys.executable), sys.prefix != sys.base_prefix)\n"
    workspace.write({"BUILD.bazel": build, "app.py": app})
    workspace.write({"MODULE.bazel": MODULE + LOCAL.format(python=python, on_failure="warn")})
    done = workspace.run("run", "//:app")
    assert (done.code, done.stdout) == (0, f"{python} True\n"), done.stderr
    assert "`no-such-python` of `gone-python` is no interpreter of this machine" in done.stderr
    workspace.write({"MODULE.bazel": MODULE + LOCAL.format(python=python, on_failure="fail")})
    refused = workspace.run("run", "//:app")
    assert refused.code == 1
    assert "`no-such-python` of `gone-python` is no interpreter of this machine" in refused.stderr


def test_wheels_and_the_interpreter_are_those_of_a_c_library(
    workspace: RealWorkspace, index: FakeIndex, tmp_path: Path
) -> None:
    short = MINOR.replace(".", "")
    files = {"six/__init__.py": "X = 1\n"}
    tags = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "musllinux_1_2_aarch64")
    rows = []
    for tag in tags:
        name = f"six-1.0-cp{short}-cp{short}-{tag}.whl"
        content = wheel_bytes("six", "1.0", {**files, "six/tag.txt": tag}, tag=f"cp{short}-cp{short}-{tag}")
        rows.append(f'{{ url = "{ORIGIN}/six/{name}", hash = "sha256:{index.add("six", name, content)}" }}')
    lock = locked(index, ("six", "1.0"), salt="libc")
    base = tmp_path / "releases"
    for libc in ("gnu", "musl"):
        archive(base / "20990101", f"aarch64-unknown-linux-{libc}", version=f"{MINOR}.99")
    workspace.write(
        {
            "MODULE.bazel": MODULE + HUB + interpreters(base, MINOR),
            "uv.lock": re.sub(r"wheels = .*", f"wheels = [{', '.join(rows)}]", lock),
            "BUILD.bazel": MANY_FILES,
            "app.py": "import six\n",
        }
    )
    setting = "--@aspect_rules_py//uv/private/constraints/platform:platform"
    cases = {
        ("--platforms=linux_aarch64",): tags[0],
        ("--platforms=linux_aarch64-glibc2.20",): tags[1],
        ("--platforms=linux_aarch64", f"{setting}_version=2.27"): tags[1],
        ("--platforms=linux-aarch64-musl1.2",): tags[2],
        ("--platforms=linux_aarch64", f"{setting}_libc=musl"): tags[2],
    }
    for flags, tag in cases.items():
        workspace.built(*flags, "//:app")
        site = (workspace.root / f"venvship-bin/._app.venv/lib/python{MINOR}/site-packages").resolve()
        assert (site / "six/tag.txt").read_text() == tag
    refused = workspace.build("--platforms=linux-aarch64-musl1.0", "//:app")
    assert refused.code == 1 and "musllinux_1_2_aarch64" in refused.stderr, refused.stderr
    refused = workspace.build("--platforms=linux_aarch64", f"{setting}_version=new", "//:app")
    assert refused.code == 1 and "is a version like `2.28`, not `new`" in refused.stderr, refused.stderr
