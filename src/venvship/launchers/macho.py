"""Templates for macOS: the config lies in a reserved section, and signed pages are hashed again.

Apple's arm64 machines execute signed programs only. The linker signs ad hoc, which means nothing but a list of page
hashes in the file; no key is involved.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from venvship.dataclass import dataclass
from venvship.launchers.errors import LauncherTooLarge

_MAGIC = 0xFEEDFACF
_HEADER_SIZE = 32
_LC_SEGMENT_64 = 0x19
_LC_CODE_SIGNATURE = 0x1D
_SEGMENT_SIZE, _SECTION_SIZE = 72, 80
_SECTION_NAME = b"__config"

# These numbers are big-endian in the file, unlike all others.
_EMBEDDED_SIGNATURE = 0xFADE0CC0
_CODE_DIRECTORY = 0xFADE0C02
_HASH_SHA256 = 2


class MalformedMachO(ValueError):
    """Not a Mach-O file of the shape that the build of templates makes."""


@dataclass(frozen=True, slots=True)
class _Range:
    offset: int
    size: int


def replace_config_section(template: bytes, content: bytes) -> bytes:
    """The program whose config section begins with `content`, signed again when it was signed."""
    section = _config_section(template)
    if len(content) > section.size:
        raise LauncherTooLarge("the launcher's command line and environment", size=len(content), limit=section.size)
    image = bytearray(template)
    image[section.offset : section.offset + section.size] = content.ljust(section.size, b"\0")
    signature = _signature(template)
    if signature is not None:
        _hash_pages(image, signature)
    return bytes(image)


def signature_problems(program: bytes) -> tuple[str, ...]:
    """Pages whose hash in the signature is not that of their bytes."""
    signature = _signature(program)
    if signature is None:
        return ()
    image = bytearray(program)
    _hash_pages(image, signature)
    return () if image == program else ("page hashes of the signature do not match",)


def is_signed(program: bytes) -> bool:
    return _signature(program) is not None


def _commands(program: bytes) -> Iterator[tuple[int, int]]:
    """Kind and offset of each load command."""
    if len(program) < _HEADER_SIZE or struct.unpack_from("<I", program)[0] != _MAGIC:
        raise MalformedMachO("it is no 64-bit Mach-O file")
    (count,) = struct.unpack_from("<I", program, 16)
    at = _HEADER_SIZE
    for _ in range(count):
        if at + 8 > len(program):
            raise MalformedMachO("its load commands are cut off")
        kind, size = struct.unpack_from("<II", program, at)
        if size < 8 or at + size > len(program):
            raise MalformedMachO("its load commands are cut off")
        yield kind, at
        at += size


def _config_section(program: bytes) -> _Range:
    for kind, at in _commands(program):
        if kind != _LC_SEGMENT_64:
            continue
        (count,) = struct.unpack_from("<I", program, at + 64)
        for i in range(count):
            name, _, _, size, offset = struct.unpack_from("<16s16sQQI", program, at + _SEGMENT_SIZE + i * _SECTION_SIZE)
            if name.rstrip(b"\0") == _SECTION_NAME and 0 < offset <= len(program) - size:
                return _Range(offset, size)
    raise MalformedMachO("it has no config section")


def _signature(program: bytes) -> _Range | None:
    for kind, at in _commands(program):
        if kind == _LC_CODE_SIGNATURE:
            offset, size = struct.unpack_from("<II", program, at + 8)
            if offset + size > len(program):
                raise MalformedMachO("its signature is cut off")
            return _Range(offset, size)
    return None


def _hash_pages(image: bytearray, signature: _Range) -> None:
    """Write the hash of each page into the code directory, which is not hashed itself."""
    magic, _, count = struct.unpack_from(">III", image, signature.offset)
    if magic != _EMBEDDED_SIGNATURE:
        raise MalformedMachO("its signature is of an unknown kind")
    for i in range(count):
        _, blob = struct.unpack_from(">II", image, signature.offset + 12 + i * 8)
        directory = signature.offset + blob
        if struct.unpack_from(">I", image, directory)[0] != _CODE_DIRECTORY:
            continue
        hashes, _, _, pages, limit, hash_size, hash_kind, _, page_log2 = struct.unpack_from(
            ">IIIIIBBBB", image, directory + 16
        )
        if hash_kind != _HASH_SHA256 or hash_size != 32:
            raise MalformedMachO("its pages are not hashed with SHA-256")
        for page in range(pages):
            start = page << page_log2
            digest = hashlib.sha256(image[start : min(start + (1 << page_log2), limit)]).digest()
            slot = directory + hashes + page * hash_size
            image[slot : slot + hash_size] = digest
