"""Indexes that `pip.parse` or a requirements file names, through the real command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fake_index import FakeIndex, running_index
from private_index import SECRET, USER, assert_kept_nowhere
from real_workspace import DEFS, MODULE, RealWorkspace
from wheel_building import wheel_bytes

BEGIN = """
bazel_dep(name = "rules_python", version = "1.0.0")
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
"""
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def other() -> Iterator[FakeIndex]:
    with running_index() as index:
        yield index


@pytest.fixture
def own(workspace: RealWorkspace) -> RealWorkspace:
    """A workspace on a machine that is set up for no index."""
    workspace.environment["PIP_NO_INDEX"] = "1"
    return workspace


@pytest.fixture
def apart(tmp_path: Path, own: RealWorkspace) -> RealWorkspace:
    """The same with outputs and stores of its own, so that all of them can be searched."""
    return RealWorkspace(own.root, tmp_path / "cache", environment=own.environment)


def pin(index: FakeIndex, name: str) -> str:
    content = wheel_bytes(name, "1.0", {f"{name}.py": f"X = {name!r}\n"})
    return f"{name}==1.0 --hash=sha256:{index.add(name, f'{name}-1.0-py3-none-any.whl', content)}\n"


def write(workspace: RealWorkspace, pins: str, *names: str, tag: str = "", before: str = "") -> None:
    parse = f'pip.parse(hub_name = "pypi", python_version = "{VERSION}", requirements_lock = "//:requirements.txt", '
    deps = ", ".join(f'"@pypi//{name}"' for name in names)
    workspace.write(
        {
            "MODULE.bazel": f'{MODULE}{BEGIN}{before}{parse}{tag})\nuse_repo(pip, "pypi")\n',
            "requirements.txt": pins,
            "BUILD.bazel": DEFS + f'py_binary(name = "app", srcs = ["app.py"], deps = [{deps}])\n',
            "app.py": "".join(f"import {name}\nprint({name}.X)\n" for name in names),
        }
    )


def ran(workspace: RealWorkspace, *flags: str) -> str:
    done = workspace.run("run", *flags, "//:app")
    assert done.code == 0, done.stderr
    assert SECRET not in done.stderr
    return done.stdout


def netrc_line(index: FakeIndex) -> str:
    return f"machine {urlsplit(index.url).hostname} login {USER} password {SECRET}\n"


@pytest.mark.parametrize(
    "tag",
    [
        'experimental_index_url = "{first}", experimental_extra_index_urls = ["{second}"]',
        'extra_pip_args = ["--index-url={first}", "--extra-index-url", "{second}"]',
        'extra_pip_args = ["-i", "{first}", "--extra-index-url {second}"]',
        'experimental_index_url = "{first}", experimental_index_url_overrides = {{"More.One": "{second}"}}',
        'experimental_index_url = "$FIRST", experimental_extra_index_urls = ["${{SECOND:-{second}}}"], '
        'envsubst = ["FIRST", "SECOND"]',
    ],
)
def test_files_of_a_lock_come_from_the_indexes_that_its_tag_names(
    own: RealWorkspace, index: FakeIndex, other: FakeIndex, tag: str
) -> None:
    pins = pin(index, "mine") + pin(other, "more_one").replace("more_one==", "more-one==")
    other.files["more-one"] = other.files.pop("more_one")
    write(own, pins, "mine", "more_one", tag=tag.format(first=index.simple_url, second=other.simple_url))
    own.environment["FIRST"] = index.simple_url
    assert ran(own) == "mine\nmore_one\n"
    assert "no effect" not in own.run("build", "//:app").stderr


def test_what_is_usual_for_all_locks_may_be_said_once(own: RealWorkspace, index: FakeIndex) -> None:
    index.credentials = (USER, SECRET)
    before = f'pip.default(index_url = "{index.simple_url}", netrc = "passwords")\n'
    write(own, pin(index, "usual"), "usual", before=before)
    own.write({"passwords": netrc_line(index)})
    assert ran(own) == "usual\n"


def test_options_of_a_requirements_file_name_indexes_too(apart: RealWorkspace, index: FakeIndex) -> None:
    index.credentials = (USER, SECRET)
    address = index.simple_url.replace("//", "//${WHO}:${TOKEN}@")
    write(apart, f"--index-url {address}\n" + pin(index, "inside"), "inside")
    refused = apart.run("build", "//:app")
    assert refused.code != 0
    apart.environment |= {"WHO": USER, "TOKEN": SECRET}
    assert ran(apart) == "inside\n"
    assert_kept_nowhere(apart.root, apart.cache)


def test_a_password_of_a_file_that_the_tag_names(apart: RealWorkspace, index: FakeIndex) -> None:
    index.credentials = (USER, SECRET)
    tag = f'experimental_index_url = "{index.simple_url}", netrc = "secret/netrc"'
    write(apart, pin(index, "netted"), "netted", tag=tag)
    refused = apart.run("build", "//:app")
    assert refused.code == 36 and "secret/netrc" in refused.stderr and "No such file" in refused.stderr
    apart.write({"secret/netrc": f"passwords {SECRET}"})
    refused = apart.run("build", "//:app")
    assert refused.code == 36 and "it is not of the form of netrc" in refused.stderr and SECRET not in refused.stderr
    apart.write({"secret/netrc": netrc_line(index)})
    assert ran(apart) == "netted\n"
    assert_kept_nowhere(apart.root, apart.cache, besides=frozenset({apart.root / "secret/netrc"}))


def test_a_host_is_told_passwords_as_its_pattern_says(own: RealWorkspace, index: FakeIndex) -> None:
    index.authorisation = f"Bearer {SECRET}"
    host = urlsplit(index.url).hostname
    tag = f'experimental_index_url = "{index.simple_url}", netrc = "netrc", '
    write(own, pin(index, "borne"), "borne", tag=tag + f'auth_patterns = {{"{host}": "Bearer <password>"}}')
    own.write({"netrc": netrc_line(index)})
    assert ran(own) == "borne\n"


def test_an_index_of_a_tag_can_be_mapped(own: RealWorkspace, index: FakeIndex, other: FakeIndex) -> None:
    write(own, pin(other, "mapped"), "mapped", tag=f'experimental_index_url = "{index.simple_url}"')
    assert own.run("build", "//:app").code == 1
    assert ran(own, f"--index_override={index.simple_url}={other.simple_url}") == "mapped\n"


def test_indexes_of_this_machine_have_what_those_of_the_tag_lack(own: RealWorkspace, index: FakeIndex) -> None:
    own.environment |= {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": index.simple_url}
    write(own, pin(index, "here"), "here", tag='experimental_index_url = "http://127.0.0.1:9/simple"')
    assert ran(own) == "here\n"
    write(own, pin(index, "nowhere"), "nowhere", tag='extra_pip_args = ["--no-index"]')
    done = own.run("build", "//:app")
    assert done.code == 1 and "nowhere" in done.stderr


def test_a_directory_that_the_tag_names_is_one_of_the_workspace(own: RealWorkspace, index: FakeIndex) -> None:
    pins = pin(index, "carried")
    [(filename, content)] = index.files["carried"].items()
    write(own, pins, "carried", tag='extra_pip_args = ["--no-index", "--find-links=wheels"]')
    (own.root / "wheels").mkdir()
    (own.root / "wheels" / filename).write_bytes(content)
    assert ran(own, "--nofetch") == "carried\n"
    assert not index.requests


def test_words_for_pip_that_change_nothing_are_named(own: RealWorkspace, index: FakeIndex) -> None:
    words = f'extra_pip_args = ["--pre", "--index-url={index.simple_url}"], isolated = True'
    write(own, pin(index, "told"), "told", tag=words)
    done = own.run("build", "//:app")
    assert done.code == 0, done.stderr
    assert "`--pre` in `extra_pip_args` of `pip.parse` has no effect: " in done.stderr
    assert "`isolated` of `pip.parse` has no effect: indexes of the settings" in done.stderr
