"""The settings of rules_python and rules_py: which values they take, and which of these can be followed.

A setting that says what is so anyway is taken; one that asks for something that does not happen is refused by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.errors import UserError
from venvship.model.configuration import Configuration
from venvship.model.platform import Libc, Os, Platform

_PACKAGE: Final = "@@rules_python//python/config_settings:"
_PLATFORM: Final = "@@aspect_rules_py//uv/private/constraints/platform:"
PLATFORM_LIBC: Final = f"{_PLATFORM}platform_libc"
PLATFORM_VERSION: Final = f"{_PLATFORM}platform_version"
_CUSTOMARY_MUSL: Final = (1, 2)
_LIBC_VERSION: Final = re.compile(r"(\d{1,4})[._](\d{1,4})", re.ASCII)
_OWNERS: Final = {_PACKAGE: "rules_python", _PLATFORM: "rules_py"}
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "bootstrap_impl": ("system_python", "script"),
    "venvs_site_packages": ("no", "yes"),
    "venvs_use_declare_symlink": ("no", "yes"),
    "precompile": ("auto", "enabled", "disabled", "force_enabled", "force_disabled"),
    "precompile_source_retention": ("auto", "keep_source", "omit_source"),
    "add_srcs_to_runfiles": ("auto", "enabled", "disabled"),
    "exec_tools_toolchain": ("enabled", "disabled"),
    "py_freethreaded": ("no", "yes"),
    "py_linux_libc": ("glibc", "musl"),
    "platform_libc": ("glibc", "musl", "libsystem", "msvc"),
    "validate_test_main": ("auto", "enabled", "disabled"),
    "build_python_zip": ("false", "true"),
    "incompatible_default_to_explicit_init_py": ("false", "true"),
    "experimental_python_import_all_repositories": ("false", "true"),
}
_NOT_FOLLOWED: Final[Mapping[tuple[str, str], str]] = {
    ("py_freethreaded", "yes"): "set the Python version to one like 3.14t",
    ("platform_libc", "msvc"): "there are no programs for Windows",
    ("validate_test_main", "enabled"): "py_pytest_test and py_unittest_test fail when nothing is run",
    ("build_python_zip", "true"): "name the program in a py_zipapp_binary",
    ("experimental_python_import_all_repositories", "false"): "the roots of all repositories can be imported from",
}


def rules_python_setting(configuration: Configuration, name: str) -> str:
    """The value that the command line or a target sets; empty where none does."""
    return _text(configuration.get(f"{_PACKAGE}{name}"))


def target_platform(configuration: Configuration) -> Platform:
    """The platform with the C library that settings say, which wheels and interpreters are chosen for.

    Raises UserError for a version that is none.
    """
    platform = configuration.platform
    libc = _text(configuration.get(PLATFORM_LIBC)) or rules_python_setting(configuration, "py_linux_libc")
    version = _text(configuration.get(PLATFORM_VERSION))
    if platform.os is Os.LINUX and libc in (Libc.GLIBC.value, Libc.MUSL.value) and libc != platform.libc.value:
        platform = Platform(platform.os, platform.cpu, Libc(libc), _CUSTOMARY_MUSL)
    if not version:
        return platform
    match = _LIBC_VERSION.fullmatch(version)
    if match is None:
        raise UserError(f"the setting `platform_version` of rules_py is a version like `2.28`, not `{version}`")
    return Platform(platform.os, platform.cpu, platform.libc, (int(match[1]), int(match[2])))


def check_settings(ctx: RuleContext) -> None:
    """Refuse values that do not exist, or that ask for what is not done."""
    for option, text in ctx.configuration.options:
        package, colon, name = option.rpartition(":")
        owner = _OWNERS.get(package + colon)
        values = _VALUES.get(name)
        if owner is None or values is None:
            continue
        value = _text(text)
        if value.lower() not in values:
            raise ctx.error(f"the setting `{name}` of {owner} is one of {', '.join(values)}, not `{value}`")
        hint = _NOT_FOLLOWED.get((name, value.lower()))
        if hint is not None:
            raise ctx.error(f"the setting `{name}` of {owner} can't be `{value}`", hint=hint)


def _text(written: str) -> str:
    value = str(json.loads(written)) if written else ""
    return value.lower() if value in ("True", "False") else value
