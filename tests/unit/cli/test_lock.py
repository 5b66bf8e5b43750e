from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from venvship.cli.main import main

SHA = "0" * 64
LOCK = f"""
version = 1
revision = 3
requires-python = ">=3.11"

[manifest]
members = ["api", "shop-lib"]

[[package]]
name = "api"
version = "1"
source = {{ editable = "apps/api" }}
dependencies = [{{ name = "shop-lib" }}, {{ name = "six", marker = "sys_platform == 'linux'" }}]
[package.optional-dependencies]
fast = [{{ name = "orjson" }}]
[package.dev-dependencies]
test = [{{ name = "pytest" }}]

[[package]]
name = "shop-lib"
version = "2"
source = {{ editable = "libs/lib" }}
dependencies = [{{ name = "attrs" }}]

[[package]]
name = "attrs"
version = "24.1"
source = {{ registry = "https://user:secret@packages.example/simple" }}
wheels = [{{ url = "https://packages.example/attrs-24.1-py3-none-any.whl", hash = "sha256:{SHA}" }}]

[[package]]
name = "six"
version = "1.0"
source = {{ registry = "https://packages.example/simple" }}
sdist = {{ url = "https://packages.example/six-1.0.tar.gz", hash = "sha256:{SHA}" }}

[[package]]
name = "orjson"
version = "3.0"
source = {{ registry = "https://packages.example/simple" }}
wheels = [
    {{ url = "https://packages.example/orjson-3.0-cp312-cp312-manylinux_2_17_x86_64.whl", hash = "sha256:{SHA}" }},
    {{ url = "https://packages.example/orjson-3.0-cp312-cp312-musllinux_1_2_x86_64.whl", hash = "sha256:{SHA}" }},
]

[[package]]
name = "pytest"
version = "8"
source = {{ git = "https://git.example/pytest?rev=8#{"a" * 40}" }}
"""


@dataclass
class LockFile:
    """A lock file in a directory that is no workspace."""

    directory: Path

    def show(self, *words: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        environment = {"HOME": str(self.directory), "PATH": os.environ["PATH"]}
        argv = ["lock", "show", "--lock", "uv.lock", *words]
        code = main(argv, cwd=self.directory, stdout=out, stderr=err, environment=environment)
        return code, out.getvalue(), err.getvalue()

    def shown(self, *words: str) -> list[dict[str, str | None]]:
        code, out, err = self.show("--json", *words)
        assert code == 0, err
        document: list[dict[str, str | None]] = json.loads(out)
        return document


@pytest.fixture
def lock(tmp_path: Path) -> LockFile:
    (tmp_path / "uv.lock").write_text(LOCK)
    return LockFile(tmp_path)


def test_what_a_target_gets_is_told_without_a_workspace(lock: LockFile) -> None:
    answer = lock.shown("--root", "api", "--python", "3.12.4", "--platform", "linux-x86_64")
    index = "https://packages.example/simple"
    assert answer == [
        {"name": "attrs", "version": "24.1", "source": index, "file": "attrs-24.1-py3-none-any.whl"},
        {"name": "shop-lib", "version": "2", "source": "editable libs/lib", "file": None},
        {"name": "six", "version": "1.0", "source": index, "file": "six-1.0.tar.gz"},
    ]


def test_extras_groups_and_platform_decide(lock: LockFile) -> None:
    words = ["--root=api", "--extra=fast", "--group=test", "--python=3.12.4"]
    files = {one["name"]: one["file"] for one in lock.shown(*words, "--platform", "linux-x86_64-musl1.2")}
    assert files["orjson"] == "orjson-3.0-cp312-cp312-musllinux_1_2_x86_64.whl"
    assert "pytest" in files
    [pytest_row] = [one for one in lock.shown(*words) if one["name"] == "pytest"]
    assert pytest_row["source"] == f"git+https://git.example/pytest@{'a' * 40}"
    names = {one["name"] for one in lock.shown("--root=api", "--python=3.12.4", "--platform=macos-arm64")}
    assert names == {"attrs", "shop-lib"}


def test_the_edges_that_led_to_a_distribution_are_told(lock: LockFile) -> None:
    code, out, _ = lock.show("--root", "api", "--python", "3.12.4", "--why", "attrs")
    assert (code, out.splitlines()) == (0, ["api -> shop-lib", "shop-lib -> attrs"])
    _, out, _ = lock.show("--root", "api", "--group=test", "--python", "3.12.4", "--why", "pytest")
    assert out == "api (group test) -> pytest\n"


def test_a_lock_without_edges_is_itself_the_reason(lock: LockFile) -> None:
    sha256 = "0" * 64
    (lock.directory / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "six"\nversion = "1.0"\n'
        'wheels = [{ url = "https://packages.example/six-1.0-py3-none-any.whl", '
        f'hashes = {{ sha256 = "{sha256}" }} }}]\n'
    )
    code, out, err = lock.show("--lock", "pylock.toml", "--python", "3.12.4", "--why", "six")
    assert (code, out) == (0, "the lock file -> six\n"), err


def test_a_table_is_for_readers_and_holds_no_credentials(lock: LockFile) -> None:
    code, out, _ = lock.show("--root", "api", "--python", "3.12.4")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [["attrs", "24.1"], ["shop-lib", "2"], ["six", "1.0"]]
    assert "secret" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "choose one with `--root`: `api`, `shop-lib`"),
        (("--root=appi",), "did you mean `api`?"),
        (("--root=api", "--extra=slow"), "no extra `slow` of `api`"),
        (("--root=api", "--group=lint"), "no group `lint` of `api`"),
        (("--root=api", "--python=3.10.1"), "requires Python >=3.11"),
        (("--root=api", "--python=three"), "not a Python version"),
        (("--root=api", "--platform=vax-vms"), "`vax-vms` is not a platform"),
        (("--root=api", "--extra=fast", "--python=3.13.0"), "orjson-3.0-cp312-cp312-manylinux_2_17_x86_64.whl: is bui"),
        (("--root=api", "--why=orjson", "--python=3.12.0"), "`orjson` is not needed"),
    ],
)
def test_a_question_without_an_answer_is_refused(lock: LockFile, words: tuple[str, ...], message: str) -> None:
    code, out, err = lock.show(*words)
    assert code != 0 and out == ""
    assert message in err and "Traceback" not in err


def test_a_lock_that_is_not_there_says_how_to_make_it(lock: LockFile) -> None:
    (lock.directory / "uv.lock").unlink()
    code, _, err = lock.show("--root=api")
    assert code == 1 and "`venvship lock`" in err


PYLOCK = f"""
lock-version = "1.0"
dependency-groups = ["test"]
[[packages]]
name = "six"
version = "1.0"
wheels = [{{ url = "https://packages.example/six-1.0-py3-none-any.whl", hashes = {{ sha256 = "{SHA}" }} }}]
[[packages]]
name = "pytest"
version = "8"
marker = "'test' in dependency_groups"
wheels = [{{ url = "https://packages.example/pytest-8-py3-none-any.whl", hashes = {{ sha256 = "{SHA}" }} }}]
"""


def test_a_lock_without_projects_is_shown_whole_or_by_group(lock: LockFile) -> None:
    (lock.directory / "pylock.toml").write_text(PYLOCK)
    assert [one["name"] for one in lock.shown("--lock=pylock.toml", "--python=3.12.4")] == ["six"]
    assert [one["name"] for one in lock.shown("--lock=pylock.toml", "--group=test", "--python=3.12.4")] == [
        "pytest",
        "six",
    ]
    code, _, err = lock.show("--lock=pylock.toml", "--root=shop", "--python=3.12.4")
    assert code == 1 and "has no project `shop`" in err and "hint: it is of no project: leave `--root` out" in err


def test_a_workspace_without_locks_is_told_what_would_be_made(tmp_path: Path) -> None:
    (tmp_path / "MODULE.bazel").touch()
    (tmp_path / "requirements.txt").write_text("six\n")
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for words, code, said in (
        ((), 0, "INFO: there is no lock to make\n\nhint: it makes what MODULE.bazel names: each `uv.lock`"),
        (("requirements.txt",), 2, "is no lock that `venvship lock` makes in this workspace\n\nhint: it makes what"),
    ):
        err = io.StringIO()
        assert main(["lock", *words], cwd=tmp_path, stdout=io.StringIO(), stderr=err, environment=environment) == code
        assert said in err.getvalue()
