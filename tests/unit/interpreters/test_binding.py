from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from elf_files import elf

from venvship.archives.elf import MalformedElf, read_elf
from venvship.interpreters.binding import bound

LIBRARY = """
__attribute__((noinline)) int one(void) { __asm__ volatile(""); return 1; }
__attribute__((weak, noinline)) int other(void) { return 5; }
int two(void) { return one() + other(); }
"""
PROGRAM = {
    "x86_64": 'int two(void); void _start(void) { int code = two(); __asm__("syscall" : : "a"(231), "D"(code)); }',
    "aarch64": 'int two(void); void _start(void) { register long code __asm__("x0") = two(); '
    'register long number __asm__("x8") = 94; __asm__("svc #0" : : "r"(number), "r"(code)); }',
}
FLAGS = ("-nostdlib", "-fPIC", "-fno-sanitize=all", "-O1", "-Wl,-z,lazy")


def test_only_slots_of_own_functions_change() -> None:
    data = elf((1, "libc.so.6"), calls=[(0x12, 0, 0), (0x12, 9, 0x1234), (0x22, 9, 0x5678)])
    after = bound(data)
    assert after[:-24] == data[:-24]
    assert after[-24:] == bytes(8) + (0x1234).to_bytes(8, "little") + bytes(8)
    assert bound(after) == after


def test_a_slot_that_the_file_ends_in_stays() -> None:
    data = elf(calls=[(0x12, 9, 0x1234)])[:-1]
    assert bound(data) == data


def test_what_is_no_library_is_malformed() -> None:
    with pytest.raises(MalformedElf):
        bound(b"no library")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that needs `liba.so`, which lies beside it and calls two functions of its own."""
    loader = read_elf(Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable))).read_bytes()).interpreter
    if platform.machine() not in PROGRAM or "ld-linux" not in (loader or ""):
        pytest.skip("needs the loader of glibc")
    (tmp_path / "library.c").write_text(LIBRARY)
    (tmp_path / "main.c").write_text(PROGRAM[platform.machine()])
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(tmp_path), "ZIG_LOCAL_CACHE_DIR": str(tmp_path)}
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", f"{platform.machine()}-linux-gnu", *FLAGS]
    for words in (
        ["-shared", "library.c", "-o", "liba.so"],
        ["-pie", "main.c", "./liba.so", "-o", "main", f"-Wl,--dynamic-linker={loader}"],
    ):
        subprocess.run([*compiler, *words], cwd=tmp_path, env=environment, check=True)
    return tmp_path / "main"


def own_bindings(program: Path, **variables: str) -> list[str]:
    """The functions of the library that the loader looks up for the library itself."""
    environment = {"LD_DEBUG": "bindings", **variables}
    done = subprocess.run(["./main"], cwd=program.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 6
    rows = [line.split() for line in done.stderr.splitlines() if "normal symbol" in line]
    return [row[-1].strip("`'") for row in rows if row[3].endswith("liba.so") and row[6].endswith("liba.so")]


def test_the_loader_does_not_look_for_functions_that_are_bound(program: Path) -> None:
    assert own_bindings(program) == ["one", "other"]
    library = program.parent / "liba.so"
    library.write_bytes(bound(library.read_bytes()))
    # Something else may take the place of a weak function.
    assert own_bindings(program) == ["other"]
    assert own_bindings(program, LD_BIND_NOW="1") == ["one", "other"]
