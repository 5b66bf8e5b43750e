"""Which configuration Python targets and their data are built under.

A program with a `python_version` or `dep_group` of its own has its closure built for these. What it only carries along
as `data` is built as if the program had not been there: the configuration remembers what the caller had.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from venvship.analysis.toolchains import EXTRA_TOOLCHAINS
from venvship.errors import UserError
from venvship.loading.attributes import PlainValue
from venvship.model.configuration import COMPILATION_MODE, DEP_GROUP, PYTHON_VERSION, Configuration
from venvship.model.platform import Libc, Platform, PythonVersion
from venvship.model.workspace_status import STAMP, means_yes
from venvship.rules.python.settings import PYTHON_ZIP

CALLER: Final = "python_caller"
"""The option that remembers, as JSON, the values that options had before Python targets changed them."""

_UNCHANGED: Final = "INHERIT"
_COMMAND_LINE: Final = "command_line_option"
_COMMAND_LINE_FLAGS: Final = {"compilation_mode": COMPILATION_MODE}
_EXPLICIT_INIT: Final = "incompatible_default_to_explicit_init_py"
_SWITCHES: Final = {
    PYTHON_ZIP: (PYTHON_ZIP, False),
    _EXPLICIT_INIT: (f"@@rules_python//python/config_settings:{_EXPLICIT_INIT}", True),
}
"""Flags that are settings of rules_python, with their options and defaults."""
_WITHOUT_EFFECT: Final = frozenset({"build_runfile_links", "enable_runfiles"})


class UnsupportedSetting(UserError):
    """An entry of `config_settings` that asks for something that can't be changed for one target."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"`config_settings` can't set `{label}`",
            hint="of the flags of the command line, `platforms`, `compilation_mode`, `stamp`, `extra_toolchains`, "
            f"{' and '.join(f'`{name}`' for name in _SWITCHES)} can be set for one target",
        )


class NoPythonVersion(UserError):
    """A `python_version` that is none."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"`python_version` is `{text}`, which is no version of Python",
            hint="write it like `3.12`, `3.12.4` or `3.14t`",
        )


def python_transition(
    values: Mapping[str, PlainValue], configuration: Configuration, setting: Callable[[str, str], tuple[str, str]]
) -> Configuration:
    """Build a target and all below it with its own `python_version`, `dep_group` and `config_settings`.

    `setting` tells the option behind a build setting as the target names it, and its value. Raises what that raises,
    UnsupportedSetting and NoPythonVersion.
    """
    platform = configuration.platform
    version, group = (str(values.get(name) or "") for name in ("python_version", "dep_group"))
    changes = {PYTHON_VERSION: _version(version), DEP_GROUP: group}
    changes = {name: value for name, value in changes.items() if value}
    settings = values.get("config_settings")
    for key, value in settings.items() if isinstance(settings, Mapping) else ():
        if value == _UNCHANGED:
            continue
        package, _, name = str(key).rpartition(":")
        if package.endswith(f"//{_COMMAND_LINE}"):
            if name == "platforms":
                platform = _platform(str(value), platform)
            elif name == EXTRA_TOOLCHAINS:
                changes[EXTRA_TOOLCHAINS] = json.dumps([text for text in str(value).split(",") if text])
            elif name == STAMP:
                changes[STAMP] = "true" if means_yes(str(value)) else ""
            elif name in _COMMAND_LINE_FLAGS:
                changes[_COMMAND_LINE_FLAGS[name]] = str(value)
            elif name in _SWITCHES:
                said = means_yes(str(value))
                option, default = _SWITCHES[name]
                changes[option] = "" if said is default else json.dumps(said)
            elif name not in _WITHOUT_EFFECT:
                raise UnsupportedSetting(f"//{_COMMAND_LINE}:{name}")
        else:
            option, text = setting(str(key), str(value))
            changes[option] = _version(text) if option == PYTHON_VERSION else text
    if not changes and platform == configuration.platform:
        return configuration
    changed = Configuration(platform, configuration.options).with_options(changes)
    if changed == configuration or configuration.get(CALLER):
        return changed
    before = {name: configuration.get(name) for name in sorted(changes)}
    before["platform"] = _described(configuration.platform)
    return changed.with_options({CALLER: json.dumps(before)})


def callers_configuration(configuration: Configuration) -> Configuration:
    """What a target in `data` is built under: the configuration that the first Python target above it was asked in."""
    remembered = configuration.get(CALLER)
    if not remembered:
        return configuration
    before = json.loads(remembered)
    platform = _remembered(before.pop("platform"))
    return Configuration(platform, configuration.options).with_options({**before, CALLER: ""})


def without_caller(configuration: Configuration) -> Configuration:
    """The configuration as far as it matters to what has no data: who asked for it does not.

    Nothing is built under it. A venv and what its links lead to must lie in one configuration's output directory.
    """
    return configuration.with_options({CALLER: ""})


def built_for(configuration: Configuration, python: PythonVersion) -> str:
    """What users say of the configuration that a wheel is installed for."""
    group = configuration.get(DEP_GROUP)
    version = python.directory.removeprefix("python")
    return f"Python {version} on {configuration.platform}" + (f" with dep_group `{group}`" if group else "")


def _version(version: str) -> str:
    if version in ("", "PY3"):
        return ""
    try:
        PythonVersion.parse(version)
    except ValueError:
        raise NoPythonVersion(version) from None
    return version


def _described(platform: Platform) -> str:
    major, minor = platform.libc_version
    return f"{platform} {platform.libc.value} {major} {minor}"


def _remembered(text: str) -> Platform:
    name, libc, major, minor = text.split(" ")
    plain = Platform.parse(name)
    return Platform(plain.os, plain.cpu, Libc(libc), (int(major), int(minor)))


def _platform(text: str, now: Platform) -> Platform:
    """The platform of a name or a label; the one of now, with its C library, when that is only another word for it."""
    try:
        platform = Platform.parse(text.rpartition(":")[2].rpartition("/")[2])
    except ValueError as error:
        raise UserError(f"`{text}` is no platform that is built for") from error
    return now if (platform.os, platform.cpu) == (now.os, now.cpu) else platform
