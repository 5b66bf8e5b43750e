from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


neutral_lock = _load(ROOT / "tools" / "neutral_lock.py")

LOCK = """\
version = 1
revision = 5
requires-python = ">=3.11"

[manifest]
members = ["app"]

[[package]]
name = "app"
version = "1.0"
source = { editable = "apps/app" }
dependencies = [
    { name = "ruamel-yaml" },
    { name = "torch", version = "2.0+cpu", source = { registry = "https://mirror.example/cpu" }, marker = "extra" },
]

[package.metadata]
requires-dist = [{ name = "ruamel-yaml", specifier = ">=0.18" }]

[[package]]
name = "ruamel-yaml"
version = "0.18"
source = { registry = "https://mirror.example/simple" }
sdist = { url = "https://files.mirror.example/p/ab/ruamel.yaml-0.18.tar.gz", hash = "sha256:aa", size = 12 }
wheels = [
    { url = "https://files.mirror.example/p/cd/ruamel.yaml-0.18-py3-none-any.whl#sha256=bb", hash = "sha256:bb" },
]

[[package]]
name = "torch"
version = "2.0+cpu"
source = { registry = "https://mirror.example/cpu" }
wheels = [
    { url = "https://mirror.example/w/torch-2.0%2Bcpu-cp311-cp311-linux_x86_64.whl", hash = "sha256:cc" },
]
"""


def test_sources_and_addresses_become_neutral_and_nothing_else_changes() -> None:
    assert neutral_lock.neutral(LOCK) == LOCK.replace(
        "https://mirror.example/cpu", "https://packages.example/simple"
    ).replace("https://mirror.example/simple", "https://packages.example/simple").replace(
        "https://files.mirror.example/p/ab/", "https://packages.example/simple/ruamel-yaml/"
    ).replace("https://files.mirror.example/p/cd/", "https://packages.example/simple/ruamel-yaml/").replace(
        "#sha256=bb", ""
    ).replace("https://mirror.example/w/", "https://packages.example/simple/torch/")


def test_a_second_rewrite_finds_nothing_to_do() -> None:
    once = neutral_lock.neutral(LOCK)
    assert neutral_lock.neutral(once) == once


def test_file_names_stay_encoded_as_they_were() -> None:
    torch = tomllib.loads(neutral_lock.neutral(LOCK))["package"][2]
    assert torch["wheels"][0]["url"].endswith("/simple/torch/torch-2.0%2Bcpu-cp311-cp311-linux_x86_64.whl")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('{ editable = "apps/app" }', '{ git = "https://forge.example/app?rev=1#0" }', "app: it comes from `git`"),
        ('{ editable = "apps/app" }', '{ url = "https://forge.example/a.whl" }', "app: it comes from `url`"),
        ('{ editable = "apps/app" }', '{ editable = "../app" }', "app: `../app` is outside the workspace"),
        ('{ editable = "apps/app" }', '{ editable = "/srv/app" }', "app: `/srv/app` is outside the workspace"),
        ('"https://mirror.example/simple"', '"wheels"', "ruamel-yaml: its registry is a directory"),
        (', hash = "sha256:cc"', "", "torch: a file without address or hash"),
        ("version = 1\n", "version = 2\n", "version 2 of the format"),
        ('specifier = ">=0.18"', 'index = "https://mirror.example/x"', "requires-dist[0].index: an address remains"),
        (
            '{ url = "https://mirror.example/w/',
            '{url = "https://mirror.example/w/',
            "wheels[0].url: an address remains",
        ),
    ],
)
def test_what_has_no_neutral_form_is_refused(old: str, new: str, problem: str) -> None:
    assert old in LOCK
    with pytest.raises(neutral_lock.NotNeutral) as caught:
        neutral_lock.neutral(LOCK.replace(old, new, 1))
    assert problem in str(caught.value)


def test_check_reports_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "uv.lock"
    lock.write_text(LOCK, encoding="utf-8")
    assert neutral_lock.main(["--check", str(lock)]) == 1
    assert lock.read_text("utf-8") == LOCK
    assert "not neutral" in capsys.readouterr().err
    assert neutral_lock.main([str(lock)]) == 0
    assert neutral_lock.main(["--check", str(lock)]) == 0


def test_a_refused_lock_stays_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "uv.lock"
    refused = LOCK.replace("editable", "git")
    lock.write_text(refused, encoding="utf-8")
    assert neutral_lock.main([str(lock)]) == 2
    assert lock.read_text("utf-8") == refused
    assert "app: it comes from `git`" in capsys.readouterr().err


def test_the_locks_of_the_examples_are_neutral() -> None:
    locks = sorted((ROOT / "examples").glob("*/uv.lock"))
    assert [lock for lock in locks if neutral_lock.main(["--check", str(lock)])] == []
