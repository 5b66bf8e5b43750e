from __future__ import annotations

import struct
import sys
from typing import Any

import pytest

from venvship.archives.elf import read_elf
from venvship.interpreters.relocation import (
    NotRelocatable,
    needs_alias,
    origin_of_libraries,
    relocated,
    relocated_build_variables,
)
from venvship.model.paths import TreePath

LIBRARY = "libpython3.12.so.1.0"


def elf(*names: tuple[int, str], loader: str = "") -> bytes:
    """The smallest 64-bit ELF file with these dynamic entries, and with a loader that it names."""
    strings, tags = loader.encode() + b"\0", []
    for tag, text in names:
        tags.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    strings_at = 64 + 3 * 56
    dynamic_at = strings_at + len(strings)
    tags += [(5, strings_at), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in tags)
    total = dynamic_at + len(dynamic)
    header = (
        b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    )
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, total, total, 1)
    dynamic_segment = struct.pack("<IIQQQQQQ", 2, 4, dynamic_at, dynamic_at, dynamic_at, len(dynamic), len(dynamic), 1)
    kind = 3 if loader else 0
    interpreter = struct.pack(
        "<IIQQQQQQ", kind, 4, strings_at, strings_at, strings_at, len(loader) + 1, len(loader) + 1, 1
    )
    return header + load + dynamic_segment + interpreter + strings + dynamic


@pytest.mark.parametrize(
    ("path", "runpath"),
    [
        ("bin/python3.12", "$ORIGIN/../lib"),
        ("lib/libpython3.12.so.1.0", "$ORIGIN"),
        ("lib/python3.12/lib-dynload/_ssl.so", "$ORIGIN/../.."),
    ],
)
def test_an_absolute_runpath_becomes_one_relative_to_the_file(path: str, runpath: str) -> None:
    before = elf((1, LIBRARY), (1, "libssl.so.3"), (29, "/opt/some/python/lib"))
    after = relocated(before, TreePath(path), shared_library=LIBRARY, libraries={LIBRARY, "libssl.so.3"})
    facts = read_elf(after)
    assert facts.runpaths == (runpath,)
    assert facts.needed == (LIBRARY, "libssl.so.3")
    assert len(after) == len(before)
    assert b"/opt" not in after


def test_a_relative_runpath_is_left_alone() -> None:
    before = elf((1, LIBRARY), (29, "$ORIGIN/../lib"))
    assert relocated(before, TreePath("bin/python3.12"), shared_library=LIBRARY) == before


def test_an_executable_without_a_runpath_names_its_library_by_place() -> None:
    before = elf((1, LIBRARY), (1, "libc.so.6"))
    assert needs_alias(before, shared_library=LIBRARY)
    after = relocated(before, TreePath("bin/python3.12"), shared_library=LIBRARY)
    assert read_elf(after).needed == ("$ORIGIN/../lib/py", "libc.so.6")
    assert relocated(before, TreePath("lib/python3.12/lib-dynload/x.so"), shared_library=LIBRARY) == before
    assert not needs_alias(elf((1, "libc.so.6")), shared_library=LIBRARY)
    assert not needs_alias(before, shared_library="")


GLIBC = "/lib64/ld-linux-x86-64.so.2"


def test_under_glibc_an_executable_looks_for_its_library_in_one_place() -> None:
    before = elf((1, LIBRARY), (1, "libc.so.6"), (29, "/opt/some/python/lib"), loader=GLIBC)
    after = relocated(before, TreePath("bin/python3.12"), shared_library=LIBRARY, libraries={LIBRARY})
    facts = read_elf(after)
    assert (facts.needed, facts.runpaths) == (("$ORIGIN/../lib/py", "libc.so.6"), ())
    assert len(after) == len(before)
    assert b"/opt" not in after
    library = elf((1, "libc.so.6"), (29, "/opt/some/python/lib"))
    found = relocated(library, TreePath(f"lib/{LIBRARY}"), shared_library=LIBRARY, libraries={LIBRARY})
    assert read_elf(found).runpaths == ()


def test_a_runpath_stays_where_it_leads_to_other_libraries() -> None:
    before = elf((1, LIBRARY), (1, "libintl.so.8"), (29, "$ORIGIN/../lib"), loader=GLIBC)
    after = relocated(before, TreePath("bin/python3.12"), shared_library=LIBRARY, libraries={LIBRARY, "libintl.so.8"})
    facts = read_elf(after)
    assert (facts.needed, facts.runpaths) == (("$ORIGIN/../lib/py", "libintl.so.8"), ("$ORIGIN/../lib",))


@pytest.mark.parametrize(
    ("name", "tag", "loader"),
    [
        (LIBRARY, 29, "/lib/ld-musl-x86_64.so.1"),  # expands no names
        ("libpython3.so", 29, GLIBC),  # has no room for the path
        (LIBRARY, 15, GLIBC),  # an RPATH is for all that the program loads
    ],
)
def test_other_executables_keep_looking(name: str, tag: int, loader: str) -> None:
    before = elf((1, name), (tag, "$ORIGIN/../lib"), loader=loader)
    assert relocated(before, TreePath("bin/python3.12"), shared_library=name, libraries={name}) == before


def test_a_runpath_that_is_too_short_to_be_replaced_is_an_error() -> None:
    with pytest.raises(NotRelocatable, match=r"`\$ORIGIN/../lib` is longer than `/opt/py`"):
        relocated(elf((29, "/opt/py")), TreePath("bin/python3.12"), shared_library="")


def test_libraries_are_found_from_any_depth() -> None:
    assert origin_of_libraries(TreePath("bin/python3.12")) == "$ORIGIN/../lib"
    assert origin_of_libraries(TreePath("lib/a.so")) == "$ORIGIN"
    assert origin_of_libraries(TreePath("lib/a/b.so")) == "$ORIGIN/.."


def evaluated(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(text, "data", "exec"), names)
    found: dict[str, Any] = names["build_time_vars"]
    assert set(names) == {"build_time_vars", "__builtins__"}
    return found


def test_build_variables_follow_the_interpreter() -> None:
    text = """build_time_vars = {
        'prefix': '/home/me/py', 'LIBDIR': '/home/me/py/lib', 'CFLAGS': '-I/home/me/py/include -O2 -L/home/me/python',
        'CONFIG_ARGS': "'--prefix=/home/me/py' '-Wl,-rpath,/home/me/py/lib'", 'SIZEOF_INT': 4,
        'abs_srcdir': '/tmp/build-7', 'OBJECT': '/tmp/build-7/x.o', 'WASM_STDLIB': './home/me/py/x'}"""
    moved = relocated_build_variables(text, prefixes=("/home/me/py",), name="data")
    assert "/home/me/py'" not in moved and "/tmp/build-7" not in moved
    here = sys.base_prefix
    assert evaluated(moved) == {
        "prefix": here,
        "LIBDIR": f"{here}/lib",
        "CFLAGS": f"-I{here}/include -O2 -L/home/me/python",
        "CONFIG_ARGS": f"'--prefix={here}' '-Wl,-rpath,{here}/lib'",
        "SIZEOF_INT": 4,
        "abs_srcdir": "/build",
        "OBJECT": "/build/x.o",
    }


def test_a_prefix_of_the_whole_system_moves_for_pythons_own_directories_only() -> None:
    values = {"a": "/usr", "b": "/usr/lib/python3.11", "c": "/usr/lib/x86_64-linux-gnu", "d": "/usr/share"}
    text = f"build_time_vars = {values}"
    here = sys.base_prefix
    assert evaluated(relocated_build_variables(text, prefixes=("/usr", "/usr"), name="data")) == {
        "a": here,
        "b": f"{here}/lib/python3.11",
        "c": "/usr/lib/x86_64-linux-gnu",
        "d": "/usr/share",
    }


@pytest.mark.parametrize("text", ["", "build_time_vars = os.environ", "build_time_vars = ("])
def test_a_module_without_variables_is_refused(text: str) -> None:
    with pytest.raises(NotRelocatable, match="build"):
        relocated_build_variables(text, prefixes=("/x",), name="data")
