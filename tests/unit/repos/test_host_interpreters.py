from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from venvship.repos.host_interpreters import (
    HostInterpreter,
    NoInterpreter,
    choose_interpreter,
    find_interpreters,
)


def found(tmp_path: Path) -> tuple[HostInterpreter, ...]:
    return find_interpreters(tmp_path / "cache.json", {"PATH": "", "HOME": str(tmp_path)})


def test_the_running_interpreter_is_found_first(tmp_path: Path) -> None:
    [first, *_] = found(tmp_path)
    assert first.facts.full_version == sys.version_info[:3]
    assert os.path.samefile(first.facts.prefix, sys.base_prefix)


def test_an_answer_is_kept_and_a_damaged_one_is_asked_again(tmp_path: Path) -> None:
    first = found(tmp_path)
    kept = (tmp_path / "cache.json").read_bytes()
    assert found(tmp_path) == first
    assert (tmp_path / "cache.json").read_bytes() == kept
    for damage in (b"", b"[]", kept.replace(b'"prefix"', b'"pre"'), kept.replace(b'"cpython"', b"7")):
        (tmp_path / "cache.json").write_bytes(damage)
        assert found(tmp_path) == first


def test_who_was_too_slow_is_asked_again(tmp_path: Path) -> None:
    cache, environment = tmp_path / "cache.json", {"PATH": "", "HOME": str(tmp_path)}
    assert find_interpreters(cache, environment, timeout=0) == ()
    assert find_interpreters(cache, environment) == found(tmp_path) != ()


def test_scripts_and_other_programs_with_the_name_are_passed_over(tmp_path: Path) -> None:
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "python3.8").write_text("#!/bin/sh\ntouch started\n")
    (directory / "python3.9").write_bytes(b"\x7fELF not really")
    (directory / "python3.7").symlink_to("/nowhere")
    for path in directory.iterdir():
        if not path.is_symlink():
            path.chmod(0o755)
    interpreters = find_interpreters(None, {"PATH": f"relative:{directory}", "HOME": str(tmp_path)})
    assert not any(str(one.path).startswith(str(tmp_path)) for one in interpreters)
    assert not (tmp_path / "started").exists()


def interpreter(version: str, name: str = "", *, freethreaded: bool = False, release: str = "final") -> HostInterpreter:
    [some, *_] = find_interpreters(None, {"PATH": "", "HOME": "/nonexistent"})
    facts = replace(some.facts, version=version, freethreaded=freethreaded, release=release)
    return HostInterpreter(Path(name or version), facts)


def test_the_first_of_the_newest_that_fit_is_chosen() -> None:
    every = [
        interpreter("3.11.2"),
        interpreter("3.12.1", "ours"),
        interpreter("3.12.1", "other"),
        interpreter("3.13.0", freethreaded=True),
        interpreter("3.13.1", release="rc1"),
    ]
    assert choose_interpreter(every, "3.12").path == Path("ours")
    assert choose_interpreter(every, "3.11.2").path == Path("3.11.2")
    assert choose_interpreter(every, "3.13t").facts.freethreaded
    for absent in ("3.11.3", "3.13", "3.14", "3.1"):
        with pytest.raises(NoInterpreter, match=f"no CPython {absent}"):
            choose_interpreter(every, absent)
