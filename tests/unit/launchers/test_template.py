from __future__ import annotations

import hashlib
import struct

import pytest

from venvship.launchers.config import Argument, LauncherConfig
from venvship.launchers.errors import DamagedLauncherTemplate, LauncherTooLarge, UnsupportedLauncherPlatform
from venvship.launchers.macho import is_signed, signature_problems
from venvship.launchers.template import SUPPORTED, finalise, template, verify
from venvship.model.platform import Cpu, Libc, Os, Platform

CONFIG = LauncherConfig((Argument.runfile("_main/app/.venv/bin/python"), Argument("-I")))
LONG = LauncherConfig((Argument("/bin/true"), *[Argument("x" * 1000)] * 100))
LINUX = [name for name in SUPPORTED if name.startswith("linux")]
MACOS = [name for name in SUPPORTED if name.startswith("macos")]


def of(name: str) -> bytes:
    return template(Platform.parse(name))


def segments(program: bytes) -> list[tuple[int, ...]]:
    (table,) = struct.unpack_from("<Q", program, 32)
    (count,) = struct.unpack_from("<H", program, 56)
    return [struct.unpack_from("<IIQQQQQQ", program, table + i * 56) for i in range(count)]


@pytest.mark.parametrize("name", SUPPORTED)
def test_there_is_a_template_for_every_platform_whatever_its_c_library(name: str) -> None:
    platform = Platform.parse(name)
    assert template(platform) == template(Platform(platform.os, platform.cpu, Libc.MUSL, (1, 2)))


def test_templates_are_made_for_their_machine() -> None:
    machines = {name: of(name)[18:20] if name in LINUX else of(name)[4:8] for name in SUPPORTED}
    assert machines == {
        "linux_aarch64": struct.pack("<H", 183),
        "linux_x86_64": struct.pack("<H", 62),
        "macos_aarch64": struct.pack("<I", 0x0100000C),
        "macos_x86_64": struct.pack("<I", 0x01000007),
    }


@pytest.mark.parametrize("name", SUPPORTED)
@pytest.mark.parametrize("config", [CONFIG, LauncherConfig((Argument("/bin/true"),), export_runfiles=False)])
def test_the_same_input_gives_the_same_bytes_and_they_hold_the_config_once(name: str, config: LauncherConfig) -> None:
    program = finalise(of(name), config)
    assert program == finalise(of(name), config)
    assert program.count(config.encode()) == 1
    assert program.count(b"VSLAUNC1") == 1


@pytest.mark.parametrize("name", LINUX)
def test_on_linux_the_config_is_the_last_segment_of_whatever_size(name: str) -> None:
    for config in (CONFIG, LONG):
        program = finalise(of(name), config)
        *_, (_, flags, offset, address, _, file_size, memory_size, align) = [s for s in segments(program) if s[0] == 1]
        assert program[offset:] == config.encode()
        assert file_size == memory_size == len(config.encode())
        assert flags == 4
        assert offset % align == address % align


@pytest.mark.parametrize("name", LINUX)
def test_on_linux_nothing_is_writable_and_executable(name: str) -> None:
    assert all(flags & 3 != 3 for _, flags, *_ in segments(of(name)))
    assert any(kind == 0x6474E551 for kind, *_ in segments(of(name)))


@pytest.mark.parametrize("name", LINUX)
def test_on_linux_no_loader_and_no_library_is_asked_for(name: str) -> None:
    assert {kind for kind, *_ in segments(of(name))} == {1, 0x6474E551}


@pytest.mark.parametrize("name", LINUX)
def test_linux_launchers_are_small(name: str) -> None:
    assert len(finalise(of(name), CONFIG)) < 16 * 1024


@pytest.mark.parametrize("name", MACOS)
def test_on_macos_the_size_of_the_file_does_not_change_and_the_signature_still_fits(name: str) -> None:
    program = finalise(of(name), CONFIG)
    assert len(program) == len(of(name))
    assert signature_problems(program) == ()


def test_what_the_linker_signed_is_signed_again() -> None:
    unsigned, signed = of("macos_x86_64"), of("macos_aarch64")
    assert (is_signed(unsigned), is_signed(signed)) == (False, True)
    assert signature_problems(signed) == ()
    broken = signed.replace(b"VSLAUNC1", b"VSLAUNC2")
    assert signature_problems(broken) != ()


@pytest.mark.parametrize("name", MACOS)
def test_on_macos_the_config_has_a_limit(name: str) -> None:
    with pytest.raises(LauncherTooLarge, match="and 32768 is the most that fits"):
        finalise(of(name), LONG)


def test_a_platform_without_launcher_is_refused_by_name() -> None:
    class OtherPlatform(Platform):
        __slots__ = ()

        def __str__(self) -> str:
            return "windows_x86_64"

    with pytest.raises(UnsupportedLauncherPlatform) as caught:
        template(OtherPlatform(Os.LINUX, Cpu.X86_64, Libc.GLIBC, (2, 36)))
    assert str(caught.value) == (
        "there is no launcher for the platform `windows_x86_64`\n"
        "\n"
        "hint: programs can be built for linux_aarch64, linux_x86_64, macos_aarch64, macos_x86_64"
    )


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_template_that_is_cut_off_is_refused(name: str) -> None:
    whole = of(name)
    for size in (0, 4, 40, 70, 200, 1000, 3000):
        with pytest.raises(DamagedLauncherTemplate, match="is damaged"):
            finalise(whole[:size] + b"VSLAUNC1", CONFIG)


def _changed(program: bytes, layout: str, offset: int, value: int) -> bytes:
    changed = bytearray(program)
    struct.pack_into(layout, changed, offset, value)
    return bytes(changed)


def _without_loaded_segments(program: bytes) -> bytes:
    (table,) = struct.unpack_from("<Q", program, 32)
    changed = bytearray(program)
    for i, (kind, *_) in enumerate(segments(program)):
        if kind == 1:
            struct.pack_into("<I", changed, table + i * 56, 0)
    return bytes(changed)


@pytest.mark.parametrize("name", LINUX)
def test_a_program_of_another_shape_is_no_template(name: str) -> None:
    whole = of(name)
    for changed, reason in (
        (whole[:4] + b"\x01" + whole[5:], "no little-endian 64-bit ELF file"),
        (_without_loaded_segments(whole), "it loads nothing"),
        (whole + b"\0", "its last segment does not end the file"),
        (_changed(whole, "<H", 54, 32), "its program headers are not where they should be"),
        (_changed(whole, "<Q", 32, len(whole)), "its program headers are not where they should be"),
    ):
        with pytest.raises(DamagedLauncherTemplate, match=reason):
            finalise(changed, CONFIG)


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(DamagedLauncherTemplate, match="no place for a command line"):
        finalise(b"#!/bin/sh\n", CONFIG)


def test_a_template_that_is_not_the_released_one_is_refused() -> None:
    checksums = f"{hashlib.sha256(b'good').hexdigest()}  linux_x86_64\n{hashlib.sha256(b'bad').hexdigest()}  other\n"
    verify("linux_x86_64", b"good", checksums)
    with pytest.raises(DamagedLauncherTemplate) as caught:
        verify("linux_x86_64", b"bad", checksums)
    assert str(caught.value) == (
        "the launcher template `linux_x86_64` is damaged: its hash is not the one it was released with\n"
        "\n"
        "hint: install venvship again"
    )
