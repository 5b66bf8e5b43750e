"""Where files come from, through the real command: private indexes, directories, transfers that end early, nothing."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from fake_index import FakeIndex
from private_index import SECRET, USER, assert_kept_nowhere, write
from real_workspace import DEFS, HUB, MODULE, RealWorkspace
from wheel_building import wheel_bytes


@pytest.fixture
def private(index: FakeIndex) -> FakeIndex:
    index.credentials = (USER, SECRET)
    return index


@pytest.fixture
def own(tmp_path: Path, workspace: RealWorkspace) -> RealWorkspace:
    """A workspace with outputs and stores of its own, so that all of them can be searched."""
    return RealWorkspace(workspace.root, tmp_path / "cache", workspace.index)


def test_a_password_by_the_name_that_the_project_gives_its_index(own: RealWorkspace, private: FakeIndex) -> None:
    write(own, private, "named")
    table = f'[[tool.uv.index]]\nname = "our-index"\nurl = "{private.simple_url}"\n'
    own.write({"pyproject.toml": f'[project]\nname = "shop"\nversion = "0"\ndependencies = ["named"]\n{table}'})
    refused = own.run("build", "//:app")
    assert refused.code == 36 and "refuses us: HTTP 401" in refused.stderr, refused.stderr
    own.environment |= {"UV_INDEX_OUR_INDEX_USERNAME": USER, "UV_INDEX_OUR_INDEX_PASSWORD": SECRET}
    done = own.run("run", "//:app")
    assert (done.code, done.stdout) == (0, "named\n"), done.stderr
    # A command that finds nothing changed leaves a stamp.
    settled = own.settle("build", "//:app")
    assert list(own.cache.rglob("stamps/*"))
    assert SECRET not in done.stderr + refused.stderr + settled.stderr
    assert_kept_nowhere(own.root, own.cache)


def test_a_password_of_netrc(own: RealWorkspace, private: FakeIndex) -> None:
    write(own, private, "netted")
    netrc = own.cache / "home/.netrc"
    netrc.parent.mkdir(parents=True)
    netrc.write_text(f"machine {urlsplit(private.url).hostname} login {USER} password {SECRET}\n")
    netrc.chmod(0o600)
    done = own.run("run", "//:app")
    assert (done.code, done.stdout) == (0, "netted\n"), done.stderr
    assert SECRET not in done.stderr
    assert_kept_nowhere(own.root, own.cache, besides=frozenset({netrc}))


@pytest.mark.parametrize("kept_under", ["{index}", "{origin}", "{host}"])
def test_a_password_of_the_keyring(own: RealWorkspace, private: FakeIndex, tmp_path: Path, kept_under: str) -> None:
    write(own, private, "ringed")
    asked = tmp_path / "asked"
    service = kept_under.format(index=private.simple_url, origin=private.url, host=urlsplit(private.url).netloc)
    program = tmp_path / "bin/keyring"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >> {asked}\n[ "$1 $2 $3" = "get {service} {USER}" ] && echo {SECRET}\n')
    program.chmod(0o755)
    own.environment |= {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "UV_DEFAULT_INDEX": private.simple_url.replace("http://", f"http://{USER}@"),
    }
    done = own.run("run", "//:app")
    assert (done.code, done.stdout) == (0, "ringed\n"), done.stderr
    assert asked.read_text().splitlines()[-1] == f"get {service} {USER}"
    assert len(asked.read_text().splitlines()) == ["{index}", "{origin}", "{host}"].index(kept_under) + 1
    assert SECRET not in done.stderr
    assert_kept_nowhere(own.root, own.cache)


def test_a_password_in_an_address_of_the_command_line(own: RealWorkspace, private: FakeIndex) -> None:
    write(own, private, "given")
    address = private.simple_url.replace("http://", f"http://{USER}:{SECRET}@")
    override = f"--index_override={private.simple_url}={address}"
    done = own.run("build", override, "--execution_log_json_file=log.json", "//:app")
    assert done.code == 0, done.stderr
    again = own.run("run", override, "//:app")
    assert (again.code, again.stdout) == (0, "given\n"), again.stderr
    assert SECRET not in done.stderr + again.stderr
    assert_kept_nowhere(own.root, own.cache)


def test_a_password_in_the_address_of_a_requirement(own: RealWorkspace, private: FakeIndex) -> None:
    write_requirements(own, private, "addressed")
    [filename] = private.files["addressed"]
    address = private.file_url(filename).replace("http://", f"http://{USER}:{SECRET}@")
    requirements = own.root / "requirements.txt"
    requirements.write_text(requirements.read_text().replace("addressed==1.0", f"addressed @ {address}"))
    done = [own.run("run", "//:app"), own.run("build", "//:app"), own.settle("build", "//:app")]
    assert (done[0].code, done[0].stdout) == (0, "addressed\n"), done[0].stderr
    assert list(own.cache.rglob("stamps/*"))
    assert not any(SECRET in one.stderr for one in done)
    assert_kept_nowhere(own.root, own.cache, besides=frozenset({requirements}))


def test_a_password_of_a_project_is_in_no_record(own: RealWorkspace, private: FakeIndex) -> None:
    write(own, private, "recorded")
    project = own.root / "pyproject.toml"
    url = private.simple_url.replace("http://", f"http://{USER}:{SECRET}@")
    table = f'[[tool.uv.index]]\nname = "own"\nurl = "{url}"\n'
    project.write_text(f'[project]\nname = "shop"\nversion = "0"\ndependencies = ["recorded"]\n{table}')
    own.settle("build", "//:app")
    assert list(own.cache.rglob("records/*"))
    assert_kept_nowhere(own.root, own.cache, besides=frozenset({project}))
    project.write_text(project.read_text().replace('version = "0"', 'version = "1"'))
    changed = own.run("run", "//:app")
    assert (changed.code, changed.stdout) == (0, "recorded\n"), changed.stderr


def test_what_an_index_adds_to_addresses_is_kept_nowhere(own: RealWorkspace, index: FakeIndex) -> None:
    write_requirements(own, index, "signed")
    index.query = f"?token={SECRET}"
    done = own.run("run", "//:app")
    assert (done.code, done.stdout) == (0, "signed\n"), done.stderr
    own.settle("build", "//:app")
    assert_kept_nowhere(own.root, own.cache)


@pytest.mark.parametrize(
    "words",
    [
        ["build", "--index_override=http://{secret}@127.0.0.1:9/simple", "//:app"],
        ["build", "--override_module=http://{secret}@127.0.0.1:9/", "//:app"],
        ["build", "--registry=http://{secret}@127.0.0.1:9/", "//other:other"],
    ],
    ids=lambda words: words[1].partition("=")[0],
)
def test_what_is_said_of_mistaken_addresses_has_no_password(
    own: RealWorkspace, private: FakeIndex, words: list[str]
) -> None:
    write(own, private, "mistaken")
    module = (own.root / "MODULE.bazel").read_text() + 'bazel_dep(name = "foreign", version = "1")\n'
    own.write({"MODULE.bazel": module, "other/BUILD.bazel": 'alias(name = "other", actual = "@foreign//:x")\n'})
    done = own.run(*(word.format(secret=f"{USER}:{SECRET}") for word in words))
    assert done.code != 0 and SECRET not in done.stderr and "127.0.0.1:9" in done.stderr, done.stderr
    assert_kept_nowhere(own.root, own.cache)


def test_a_wheel_that_lies_in_a_repository(own: RealWorkspace, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "dist").mkdir(parents=True)
    wheel = wheel_bytes("committed", "1.0", {"committed.py": "X = 'committed'\n"})
    (repository / "dist/committed-1.0-py3-none-any.whl").write_bytes(wheel)
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=wheel"]):
        user = ("-c", "user.name=a", "-c", "user.email=a@b.example")
        subprocess.run(["git", *user, *words], cwd=repository, check=True)
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=repository, text=True).strip()
    path = quote("dist/committed-1.0-py3-none-any.whl", safe="")
    lock = f"""version = 1
revision = 5
requires-python = ">=3.9"
[[package]]
name = "shop"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "committed" }}]
[[package]]
name = "committed"
version = "1.0"
source = {{ git = "{repository.as_uri()}?path={path}&rev=main#{commit}" }}
wheels = [{{ filename = "committed-1.0-py3-none-any.whl", hash = "sha256:{hashlib.sha256(wheel).hexdigest()}" }}]
"""
    own.write(
        {
            "MODULE.bazel": MODULE + HUB,
            "uv.lock": lock,
            "BUILD.bazel": DEFS + 'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//committed"])\n',
            "app.py": "import committed\nprint(committed.X)\n",
        }
    )
    done = own.run("run", "//:app")
    assert (done.code, done.stdout) == (0, "committed\n"), done.stderr
    shown = own.run("lock", "show", "--lock", "uv.lock", "--python", "3.12.4", "--platform", "linux-x86_64")
    assert f"@{commit}#path=dist/committed-1.0-py3-none-any.whl" in shown.stdout, shown.stderr
    own.write(
        {"uv.lock": lock.replace("?path=dist", "?path=lost").replace(hashlib.sha256(wheel).hexdigest(), "0" * 64)}
    )
    lost = own.run("build", "//:app")
    assert lost.code == 1 and "is not offered by" in lost.stderr and commit in lost.stderr, lost.stderr


def test_what_git_says_has_no_password(own: RealWorkspace, private: FakeIndex) -> None:
    remote = private.url.replace("http://", f"http://{USER}:{SECRET}@")
    commit = "0123456789" * 4
    lock = f"""version = 1
requires-python = ">=3.9"
[[package]]
name = "shop"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "told" }}]
[[package]]
name = "told"
version = "1.0"
source = {{ git = "{remote}/told.git?rev=main#{commit}" }}
"""
    rule = f"""
git_repository = use_repo_rule("@bazel_tools//tools/build_defs/repo:git.bzl", "git_repository")
git_repository(name = "made", commit = "{commit}", remote = "{remote}/made.git")
"""
    own.write(
        {
            "MODULE.bazel": MODULE + HUB + rule,
            "uv.lock": lock,
            "BUILD.bazel": DEFS + 'py_library(name = "lib", deps = ["@pypi//told"])\n',
            "made/BUILD.bazel": 'alias(name = "made", actual = "@made//:x")\n',
        }
    )
    for target in ("//:lib", "//made"):
        done = own.run("build", target)
        assert done.code != 0 and "git" in done.stderr and SECRET not in done.stderr, done.stderr
    assert_kept_nowhere(own.cache)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_transfer_that_was_killed_is_finished_by_the_next_command(
    own: RealWorkspace, index: FakeIndex, ranges: bool
) -> None:
    noise = random.Random(6).randbytes(6 << 20)
    content = wheel_bytes("large", "1.0", {"large.py": "X = 'large'\n", "large.bin": noise})
    write(own, index, "large", content=content)
    name = "large-1.0-py3-none-any.whl"
    index.ranges = ranges
    index.stalls[name] = 4 << 20
    command = own.started("build", "//:app")
    while not any(path.stat().st_size >= 1 << 20 for path in own.cache.glob("venvship/partial/*")):
        assert command.poll() is None
        time.sleep(0.02)
    command.send_signal(signal.SIGKILL)
    command.wait()
    index.stalls.clear()
    done = own.run("run", "//:app")
    assert (done.code, done.stdout) == (0, "large\n"), done.stderr
    resumed = [start for file, start in index.range_starts if file == name]
    assert (len(resumed) == 1 and resumed[0] >= 1 << 20) if ranges else resumed == []


PIP = f"""
bazel_dep(name = "rules_python", version = "1.0.0")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(
    hub_name = "pypi",
    python_version = "{sys.version_info[0]}.{sys.version_info[1]}",
    requirements_lock = "//:requirements.txt",
)
use_repo(pip, "pypi")
"""


def write_requirements(workspace: RealWorkspace, index: FakeIndex, *names: str) -> dict[str, bytes]:
    """A workspace whose lock names hashes only; the wheels by file name."""
    files = {f"{n}-1.0-py3-none-any.whl": wheel_bytes(n, "1.0", {f"{n}.py": f"X = {n!r}\n"}) for n in names}
    pins = [
        f"{n}==1.0 --hash=sha256:{index.add(n, f, content)}\n"
        for n, (f, content) in zip(names, files.items(), strict=True)
    ]
    workspace.write(
        {
            "MODULE.bazel": MODULE + PIP,
            "requirements.txt": "".join(pins),
            "BUILD.bazel": DEFS + f'py_binary(name = "app", srcs = ["app.py"], deps = ["@pypi//{names[0]}"])\n',
            "app.py": f"import {names[0]}\nprint({names[0]}.X)\n",
        }
    )
    return files


def test_without_fetching_no_index_is_asked_and_what_is_missing_is_named(
    workspace: RealWorkspace, index: FakeIndex
) -> None:
    write_requirements(workspace, index, "unasked", "unknown")
    done = workspace.run("run", "--nofetch", "//:app")
    assert done.code == 1 and not index.requests
    assert "no index may be asked:\n  unasked\n  unknown\n" in done.stderr
    assert workspace.run("run", "//:app").code == 0
    again = workspace.run("run", "--nofetch", "//:app")
    assert (again.code, again.stdout) == (0, "unasked\n"), again.stderr


def test_requirements_are_met_by_a_directory_of_files(workspace: RealWorkspace, index: FakeIndex) -> None:
    files = write_requirements(workspace, index, "carried", "carried_too")
    for name, content in files.items():
        path = workspace.root / "wheels" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    done = workspace.run("run", "--nofetch", "--find_links=wheels", "//:app")
    assert (done.code, done.stdout) == (0, "carried\n"), done.stderr
    assert not index.requests


def test_requirements_may_have_another_version_for_each_python(workspace: RealWorkspace, index: FakeIndex) -> None:
    write_requirements(workspace, index, "forked")
    newer = wheel_bytes("forked", "2.0", {"forked.py": "X = 'newer'\n"})
    sha256 = index.add("forked", "forked-2.0-py3-none-any.whl", newer)
    requirements = workspace.root / "requirements.txt"
    older = requirements.read_text().replace("==1.0", "==1.0 ; python_version >= '3.9'")
    requirements.write_text(f"{older}forked==2.0 ; python_version < '3.9' --hash=sha256:{sha256}\n")
    done = workspace.run("run", "//:app")
    assert (done.code, done.stdout) == (0, "forked\n"), done.stderr


def test_an_index_that_lacked_a_project_is_asked_again(workspace: RealWorkspace, index: FakeIndex) -> None:
    write_requirements(workspace, index, "coming")
    [(project, files)] = index.files.items()
    index.files.clear()
    assert workspace.run("build", "//:app").code == 1
    index.files[project] = files
    done = workspace.run("run", "//:app")
    assert (done.code, done.stdout) == (0, "coming\n"), done.stderr
