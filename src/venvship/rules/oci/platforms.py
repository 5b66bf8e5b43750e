"""Platforms that image rules name: a target's name says what it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from venvship.errors import UserError
from venvship.loading.attributes import PlainValue
from venvship.model.configuration import Configuration
from venvship.model.platform import Platform

_CPU = re.compile(r"(?<![a-z0-9])(x86_64|amd64|aarch64|arm64)(?![a-z0-9])")


class UnknownImagePlatform(UserError):
    """A platform whose name does not say which one it is."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"`{text}` does not say which platform it is",
            hint="its name must hold a processor: x86_64, amd64, aarch64 or arm64; images are for linux",
        )


def image_platform(text: str) -> Platform:
    """The platform that a label such as `//platforms:linux_arm64` names; raises UnknownImagePlatform.

    >>> str(image_platform("//platforms:linux_arm64"))
    'linux_aarch64'
    """
    name = text.rpartition(":")[2].rpartition("/")[2].lower()
    found = _CPU.search(name.replace("-", "_").replace("linux_", ""))
    if found is None or "macos" in name or "darwin" in name or "windows" in name:
        raise UnknownImagePlatform(text)
    return Platform.parse(f"linux_{found[1]}")


def platform_transition(
    values: Mapping[str, PlainValue], configuration: Configuration, _setting: object
) -> Configuration:
    """The configuration for the attribute `platform`, or the same one when there is none."""
    text = values["platform"]
    if not text:
        return configuration
    platform = image_platform(str(text))
    if (platform.os, platform.cpu) == (configuration.platform.os, configuration.platform.cpu):
        return configuration
    return Configuration(platform, configuration.options)
