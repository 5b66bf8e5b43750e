from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from venvship.archives.elf import is_elf, read_elf
from venvship.interpreters.binding import bound
from venvship.repos.host_interpreters import HostInterpreter, find_interpreters
from venvship.repos.interpreter import ImportedInterpreter, import_interpreter

FOUND = [one for one in find_interpreters(None) if one.facts.full_version >= (3, 11)]
# The one that runs this test, the system's with its other layout, and the rest when there is time.
EVERY = [
    pytest.param(
        one,
        id=f"{one.facts.version} {one.facts.prefix}",
        marks=() if one is FOUND[0] or one.facts.prefix == "/usr" else pytest.mark.slow,
    )
    for one in FOUND
]


@pytest.fixture(scope="module", params=EVERY)
def host(request: pytest.FixtureRequest) -> HostInterpreter:
    found: HostInterpreter = request.param
    return found


@pytest.fixture(scope="module")
def tree(host: HostInterpreter, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ImportedInterpreter]:
    """An imported interpreter, moved after the import."""
    made = tmp_path_factory.mktemp("made") / "python"
    made.mkdir()
    imported = import_interpreter(host, made)
    moved = tmp_path_factory.mktemp("moved") / "another name"
    shutil.move(made, moved)
    return moved, imported


def python(program: Path, code: str, *options: str) -> str:
    done = subprocess.run([program, *options, "-c", code], capture_output=True, cwd="/", env={})
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_it_runs_at_another_place_and_sees_nothing_of_the_machine(tree: tuple[Path, ImportedInterpreter]) -> None:
    root, imported = tree
    for name in (imported.executable, "bin/python", "bin/python3"):
        assert python(root / name, "import sys; print(sys.prefix)") == str(root)
    path = python(root / imported.executable, "import sys; print('\\n'.join(sys.path[1:]))")
    assert all(line.startswith(str(root)) for line in path.splitlines())
    assert "site-packages" not in path and "dist-packages" not in path


def test_modules_with_libraries_of_the_system_import(tree: tuple[Path, ImportedInterpreter]) -> None:
    root, imported = tree
    for name in ("ssl", "sqlite3", "ctypes", "lzma", "bz2", "zlib", "decimal", "hashlib", "venv", "unittest.mock"):
        if not any(missing.startswith(name) for missing in imported.missing_modules):
            python(root / imported.executable, f"import {name}", "-I")


def test_the_standard_library_is_compiled_for_any_place(
    tree: tuple[Path, ImportedInterpreter], host: HostInterpreter
) -> None:
    root, imported = tree
    name = python(
        root / imported.executable,
        "import json.decoder as d; print(d.__cached__); print(d.JSONDecoder.decode.__code__.co_filename)",
    )
    cached, source = name.splitlines()
    data = Path(cached).read_bytes()
    assert data[4:8] == b"\x01\x00\x00\x00"
    assert source == f"{root}/lib/{host.facts.python.directory}/json/decoder.py"
    assert str(root.parent).encode() not in data


def test_a_virtual_environment_finds_it_through_a_link(
    tree: tuple[Path, ImportedInterpreter], host: HostInterpreter, tmp_path: Path
) -> None:
    root, imported = tree
    packages = tmp_path / f".venv/lib/{host.facts.python.directory}/site-packages"
    packages.mkdir(parents=True)
    (packages / "demo.py").write_text("")
    (tmp_path / ".venv/bin").mkdir()
    (tmp_path / ".venv/bin/python").symlink_to(root / imported.executable)
    (tmp_path / ".venv/pyvenv.cfg").write_text("home = \ninclude-system-site-packages = false\n")
    answer = python(
        tmp_path / ".venv/bin/python", "import sys, demo; print(sys.prefix, sys.base_prefix, sep='\\n')", "-I"
    )
    assert answer.splitlines() == [str(tmp_path / ".venv"), str(root)]


def test_its_library_does_not_ask_the_loader_for_what_it_has(
    host: HostInterpreter, tree: tuple[Path, ImportedInterpreter]
) -> None:
    root, _ = tree
    for library in root.glob(f"lib/{host.facts.shared_library or 'none'}"):
        assert bound(library.read_bytes()) == library.read_bytes()


def test_build_variables_name_the_place_where_it_is(
    tree: tuple[Path, ImportedInterpreter], host: HostInterpreter
) -> None:
    root, imported = tree
    assert python(root / imported.executable, "import sysconfig; print(sysconfig.get_config_var('prefix'))") == str(
        root
    )


def test_no_file_but_a_program_names_the_old_place(
    tree: tuple[Path, ImportedInterpreter], host: HostInterpreter
) -> None:
    root, _ = tree
    named = []
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink() and host.facts.prefix not in ("/usr", "/usr/local"):
            data = path.read_bytes()
            if is_elf(data):
                facts = read_elf(data)
                assert not [d for d in (*facts.runpaths, *facts.rpaths) if d.startswith("/")]
            elif host.facts.prefix.encode() in data:
                named.append(path)
    assert not named


def digest(root: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        found.update(str(path.relative_to(root)).encode())
        if path.is_symlink():
            found.update(os.readlink(path).encode())
        elif path.is_file():
            found.update(path.read_bytes() + bytes([path.stat().st_mode & 0o111 != 0]))
    return found.hexdigest()


def test_the_same_installation_gives_the_same_bytes(
    tree: tuple[Path, ImportedInterpreter], host: HostInterpreter, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    again.mkdir()
    import_interpreter(host, again)
    assert digest(again) == digest(tree[0])


def without_runpath(data: bytes) -> bytes:
    """An executable as makers build it who rely on the configuration of the loader."""
    edited = bytearray(data)
    table, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    for number in range(count):
        kind, _, offset, _, _, size, _, _ = struct.unpack_from("<IIQQQQQQ", data, table + number * 56)
        for at in range(offset, offset + size, 16) if kind == 2 else ():
            if struct.unpack_from("<q", data, at)[0] in (15, 29):
                struct.pack_into("<q", edited, at, 21)
    return bytes(edited)


@pytest.mark.slow
def test_an_executable_without_a_runpath_finds_its_library_in_the_tree(tmp_path: Path) -> None:
    shared = [one for one in FOUND if any(name.startswith("libpython") for name in _needed(one.path))]
    for host in shared[:1]:
        program = tmp_path / host.path.name
        program.write_bytes(without_runpath(host.path.read_bytes()))
        program.chmod(0o755)
        (tmp_path / "tree").mkdir()
        import_interpreter(HostInterpreter(program, host.facts), tmp_path / "tree")
        assert (tmp_path / "tree/lib/py").is_symlink()
        maps = python(tmp_path / "tree/bin/python", "print(open('/proc/self/maps').read())")
        assert f"{tmp_path}/tree/lib/libpython" in maps


def _needed(program: Path) -> tuple[str, ...]:
    data = program.read_bytes()
    return read_elf(data).needed if is_elf(data) else ()
