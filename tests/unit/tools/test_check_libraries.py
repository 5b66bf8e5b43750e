from __future__ import annotations

from pathlib import Path

import pytest
from elf_files import elf

from venvship.tools.check_libraries import UnfitBase, run

NEEDED, SONAME = 1, 14


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    root = tmp_path / "base"
    write(
        root / "libc6/usr/lib/libc.so.6",
        elf((SONAME, "libc.so.6"), has=("libc.so.6", "GLIBC_2.4", "GLIBC_2.36", "GLIBC_PRIVATE")),
    )
    write(root / "zlib1g/usr/lib/libz.so.1.2.13", elf((SONAME, "libz.so.1")))
    (root / "zlib1g/usr/lib/libz.so.1").symlink_to("libz.so.1.2.13")
    return root


def checked(base: Path, tree: Path) -> str:
    output = base.parent / "output"
    try:
        run({"base": str(base), "programs": [{"tree": str(tree), "name": "Python"}], "output": str(output)})
    except UnfitBase as error:
        assert not output.exists()
        return str(error)
    assert output.read_bytes() == b""
    return ""


def test_what_the_base_has_may_be_needed(base: Path, tmp_path: Path) -> None:
    tree = tmp_path / "python"
    program = elf(
        (NEEDED, "libc.so.6"),
        (NEEDED, "libz.so.1"),
        (NEEDED, "libpython3.12.so.1.0"),
        needs={"libc.so.6": ("GLIBC_2.36",), "libz.so.1": ("ZLIB_1.2",)},
    )
    write(tree / "bin/python3.12", program)
    write(tree / "lib/libpython3.12.so.1.0", elf((NEEDED, "libc.so.6"), (SONAME, "libpython3.12.so.1.0")))
    write(tree / "lib/python3.12/lib-dynload/_tkinter.so", elf((NEEDED, "libtk8.6.so")))
    assert checked(base, tree) == ""


def test_versions_of_symbols_that_the_base_does_not_have_are_named(base: Path, tmp_path: Path) -> None:
    newer = {"libc.so.6": ("GLIBC_2.4", "GLIBC_2.38", "GLIBC_2.40")}
    write(tmp_path / "python/bin/python3.12", elf((NEEDED, "libc.so.6"), needs=newer))
    write(tmp_path / "python/lib/any.so", elf((NEEDED, "libc.so.6"), needs={"libc.so.6": ("GLIBC_2.37",)}))
    assert checked(base, tmp_path / "python").splitlines()[1:3] == [
        "  bin/python3.12 of Python needs GLIBC_2.38, GLIBC_2.40 of libc.so.6, which libc6 has up to GLIBC_2.36",
        "  lib/any.so of Python needs GLIBC_2.37 of libc.so.6, which libc6 has up to GLIBC_2.36",
    ]


@pytest.mark.parametrize(
    "path", ["bin/python3", "lib/libpython3.12.so.1.0", "lib/python3.12/lib-dynload/_ssl.cpython.so"]
)
def test_a_library_that_python_itself_needs_must_be_there(base: Path, tmp_path: Path, path: str) -> None:
    write(tmp_path / "python" / path, elf((NEEDED, "libssl.so.3")))
    assert f"{path} of Python needs libssl.so.3, which no package has" in checked(base, tmp_path / "python")


def test_files_for_other_machines_and_damaged_ones_do_not_count(base: Path, tmp_path: Path) -> None:
    newer = {"libc.so.6": ("GLIBC_2.38",)}
    write(tmp_path / "w/x.so", elf((NEEDED, "libc.so.6"), needs=newer, machine=183))
    write(tmp_path / "w/y.so", elf((NEEDED, "libc.so.6"), needs=newer)[:200])
    write(tmp_path / "w/z.so", b"")
    assert checked(base, tmp_path / "w") == ""


def test_a_long_list_is_cut(base: Path, tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / f"w/{number}.so", elf((NEEDED, "libc.so.6"), needs={"libc.so.6": ("GLIBC_2.38",)}))
    lines = checked(base, tmp_path / "w").splitlines()
    assert len(lines) == 15 and lines[13] == "  and 18 more"
