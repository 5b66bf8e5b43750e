from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from venvship.repos.runtime_libraries import (
    BaseFile,
    BaseLink,
    RuntimeBase,
    elf_facts,
    loader_directories,
    runtime_base,
    write_base,
)

PROGRAM = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))


@pytest.fixture(scope="module")
def base() -> RuntimeBase:
    return runtime_base([PROGRAM])


def test_a_base_holds_the_loader_at_the_place_that_programs_name(base: RuntimeBase, tmp_path: Path) -> None:
    write_base(base, tmp_path)
    facts = elf_facts(PROGRAM)
    assert facts is not None and facts.interpreter is not None
    assert (tmp_path / facts.interpreter.lstrip("/")).resolve().is_relative_to(tmp_path.resolve())
    assert (tmp_path / facts.interpreter.lstrip("/")).is_file()


def test_links_of_libraries_stay_links_and_lead_to_a_file_of_the_base(base: RuntimeBase) -> None:
    paths = {entry.path: entry for entry in base.entries}
    links = [entry for entry in base.entries if isinstance(entry, BaseLink) and ".so" in entry.path]
    assert links
    for link in links:
        assert not link.text.startswith("/")
        assert os.path.normpath(os.path.join(os.path.dirname(link.path), link.text)) in paths


def test_every_needed_library_is_there_or_reported(base: RuntimeBase) -> None:
    names = {os.path.basename(entry.path) for entry in base.entries} | {name for name, _ in base.missing}
    for entry in base.entries:
        if isinstance(entry, BaseFile) and (facts := elf_facts(entry.source)) is not None:
            assert set(facts.needed) <= names


def test_there_is_no_shell_and_there_are_users(base: RuntimeBase, tmp_path: Path) -> None:
    write_base(base, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.name in ("sh", "bash", "dash", "busybox")]
    assert "nonroot:x:65532" in (tmp_path / "etc/passwd").read_text()
    assert {(d.path, oct(d.mode), d.uid) for d in base.directories} >= {
        ("tmp", "0o1777", 0),
        ("home/nonroot", "0o700", 65532),
    }


def test_a_tree_provides_its_own_libraries(tmp_path: Path) -> None:
    facts = elf_facts(PROGRAM)
    assert facts is not None
    own = next((name for name in facts.needed if name.startswith("libpython")), None)
    (tmp_path / "program").write_bytes(PROGRAM.read_bytes())
    (tmp_path / "program").chmod(0o755)
    missing = {name for name, _ in runtime_base([tmp_path]).missing}
    assert missing <= {own}
    if own is not None:
        (tmp_path / own).write_bytes(PROGRAM.read_bytes())
        assert not runtime_base([tmp_path]).missing


def test_what_is_no_elf_file_has_no_facts(tmp_path: Path) -> None:
    for content in (b"", b"#!/bin/sh\n", b"\x7fELF and then nothing"):
        (tmp_path / "x").write_bytes(content)
        assert elf_facts(tmp_path / "x") is None


def test_the_loader_configuration_is_read_with_its_includes(tmp_path: Path) -> None:
    for name in ("one", "two", "conf.d"):
        (tmp_path / name).mkdir()
    (tmp_path / "ld.so.conf").write_text(f"# comment\ninclude conf.d/*.conf\n{tmp_path}/one\n/nowhere\n")
    (tmp_path / "conf.d/a.conf").write_text(f"{tmp_path}/two # here\ninclude ../ld.so.conf\n")
    assert loader_directories(tmp_path / "ld.so.conf")[:2] == (tmp_path / "two", tmp_path / "one")
