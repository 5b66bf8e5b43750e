from __future__ import annotations

import sys

import pytest

from venvship.model.platform import Cpu, Libc, Os, Platform, PythonVersion


def test_bytecode_has_the_name_that_the_import_system_looks_for() -> None:
    assert PythonVersion(*sys.version_info[:2]).bytecode_tag == sys.implementation.cache_tag


def test_a_platform_has_a_customary_version_of_its_c_library() -> None:
    assert Platform.parse("linux-amd64") == Platform(Os.LINUX, Cpu.X86_64, Libc.GLIBC, (2, 36))
    assert Platform.parse("macos_arm64") == Platform(Os.MACOS, Cpu.AARCH64, Libc.LIBSYSTEM, (11, 0))
    assert Platform.parse("darwin_x86_64") == Platform(Os.MACOS, Cpu.X86_64, Libc.LIBSYSTEM, (10, 13))
    for text in ("windows_x86_64", "linux_riscv64", "linux", ""):
        with pytest.raises(ValueError, match="is not a valid"):
            Platform.parse(text)


def test_both_builds_of_a_version_share_names_of_bytecode_and_not_of_extensions() -> None:
    default, free = PythonVersion.parse("3.13"), PythonVersion.parse("3.13t")
    assert free.bytecode_tag == default.bytecode_tag == "cpython-313"
    assert (default.soabi_tag, free.soabi_tag) == ("313", "313t")
