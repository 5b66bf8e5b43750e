"""Programs without a command line, one for each platform, and how one is written into them."""

from __future__ import annotations

import functools
import hashlib
import struct
from importlib import resources

from venvship.launchers.config import MAGIC, LauncherConfig
from venvship.launchers.elf import MalformedElf, replace_last_segment
from venvship.launchers.errors import DamagedLauncherTemplate, UnsupportedLauncherPlatform
from venvship.launchers.macho import MalformedMachO, replace_config_section
from venvship.model.platform import Platform

SUPPORTED = ("linux_aarch64", "linux_x86_64", "macos_aarch64", "macos_x86_64")
"""The names of templates, which are those of platforms; the launcher uses no C library, so that does not matter."""

CHECKSUMS = "SHA256SUMS"


def template(platform: Platform) -> bytes:
    """The launcher for a platform, before a command line is written into it."""
    name = str(platform)
    if name not in SUPPORTED:
        raise UnsupportedLauncherPlatform(platform, SUPPORTED)
    return _template(name)


@functools.cache
def _template(name: str) -> bytes:
    directory = resources.files("venvship.launchers") / "templates"
    try:
        content = (directory / name).read_bytes()
        checksums = (directory / CHECKSUMS).read_text("ascii")
    except FileNotFoundError as missing:
        raise DamagedLauncherTemplate(name, "it is not there") from missing
    verify(name, content, checksums)
    return content


def verify(name: str, content: bytes, checksums: str) -> None:
    """Compare with the line for `name` in `checksums`, which is in the format of `sha256sum`."""
    line = f"{hashlib.sha256(content).hexdigest()}  {name}"
    if line not in checksums.splitlines():
        raise DamagedLauncherTemplate(name, "its hash is not the one it was released with")


def finalise(template: bytes, config: LauncherConfig) -> bytes:
    """The launcher that does what `config` says; the same input gives the same bytes."""
    content = config.encode()
    if MAGIC not in template:
        raise DamagedLauncherTemplate("unnamed", "it has no place for a command line")
    try:
        if template.startswith(b"\x7fELF"):
            return replace_last_segment(template, content)
        return replace_config_section(template, content)
    except (MalformedElf, MalformedMachO, struct.error) as malformed:
        raise DamagedLauncherTemplate("unnamed", str(malformed)) from malformed
