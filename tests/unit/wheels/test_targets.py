from __future__ import annotations

import pytest

from venvship.model.platform import Cpu, Libc, Os, Platform
from venvship.wheels.targets import parse_target_platform


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux-x86_64", Platform(Os.LINUX, Cpu.X86_64, Libc.GLIBC, (2, 36))),
        ("linux_amd64", Platform(Os.LINUX, Cpu.X86_64, Libc.GLIBC, (2, 36))),
        ("linux-aarch64-glibc2.28", Platform(Os.LINUX, Cpu.AARCH64, Libc.GLIBC, (2, 28))),
        ("linux-aarch64-musl1.2", Platform(Os.LINUX, Cpu.AARCH64, Libc.MUSL, (1, 2))),
        ("x86_64-manylinux_2_17", Platform(Os.LINUX, Cpu.X86_64, Libc.GLIBC, (2, 17))),
        ("x86_64-unknown-linux-musl", Platform(Os.LINUX, Cpu.X86_64, Libc.MUSL, (1, 2))),
        ("macos-arm64-14.0", Platform(Os.MACOS, Cpu.AARCH64, Libc.LIBSYSTEM, (14, 0))),
        ("aarch64-apple-darwin", Platform(Os.MACOS, Cpu.AARCH64, Libc.LIBSYSTEM, (11, 0))),
    ],
)
def test_a_platform_may_name_its_c_library(text: str, platform: Platform) -> None:
    assert parse_target_platform(text) == platform


@pytest.mark.parametrize(
    "text", ["", "windows-x86_64", "linux", "linux-x86_64-2.17", "macos-arm64-glibc2.1", "linux-vax"]
)
def test_what_nothing_is_built_for_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a platform"):
        parse_target_platform(text)
