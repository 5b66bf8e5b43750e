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
_INTERPRETER: Final = "@@aspect_rules_py//py/private/interpreter:"
_PYC: Final = "@@aspect_rules_py//uv/private/pyc:"
_VENV: Final = "@@aspect_rules_py//py/private/py_venv:"
PYTHON_ZIP: Final = "build_python_zip"
PLATFORM_LIBC: Final = f"{_PLATFORM}platform_libc"
PLATFORM_VERSION: Final = f"{_PLATFORM}platform_version"
_CUSTOMARY_MUSL: Final = (1, 2)
_LIBC_VERSION: Final = re.compile(r"(\d{1,4})[._](\d{1,4})", re.ASCII)
_SWITCH: Final = ("false", "true")
_VALUES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    _PACKAGE: {
        "bootstrap_impl": ("system_python", "script"),
        "venvs_site_packages": ("no", "yes"),
        "venvs_use_declare_symlink": ("no", "yes"),
        "precompile": ("auto", "enabled", "disabled", "force_enabled", "force_disabled"),
        "precompile_source_retention": ("auto", "keep_source", "omit_source"),
        "add_srcs_to_runfiles": ("auto", "enabled", "disabled"),
        "exec_tools_toolchain": ("enabled", "disabled"),
        "py_freethreaded": ("no", "yes"),
        "py_linux_libc": ("glibc", "musl"),
        "validate_test_main": ("auto", "enabled", "disabled"),
        "incompatible_default_to_explicit_init_py": _SWITCH,
        "experimental_python_import_all_repositories": _SWITCH,
    },
    _PLATFORM: {"platform_libc": ("glibc", "musl", "libsystem", "msvc")},
    _INTERPRETER: {"freethreaded": _SWITCH, "pydebug": _SWITCH, "pymalloc": _SWITCH, "wide_unicode": _SWITCH},
    _PYC: {
        "precompile": _SWITCH,
        "whl_install_pyc_invalidation_mode": ("unchecked-hash", "checked-hash", "timestamp"),
    },
    _VENV: {"debug_venv": _SWITCH},
}
_NO_T: Final = "set the Python version to one like 3.14t"
_ONE_ABI: Final = "a Python version has one ABI, apart from `t`; leave the setting out"
_BELIEVED: Final = "bytecode of wheels is never out of date, because wheels don't change; leave the setting out"
_NOT_FOLLOWED: Final[Mapping[tuple[str, str], str]] = {
    (f"{_PACKAGE}py_freethreaded", "yes"): _NO_T,
    (f"{_PLATFORM}platform_libc", "msvc"): "there are no programs for Windows",
    (f"{_PACKAGE}validate_test_main", "enabled"): "py_pytest_test and py_unittest_test fail when nothing is run",
    (f"{_PACKAGE}experimental_python_import_all_repositories", "false"): (
        "the roots of all repositories can be imported from"
    ),
    (f"{_INTERPRETER}freethreaded", "true"): _NO_T,
    (f"{_INTERPRETER}pydebug", "true"): _ONE_ABI,
    (f"{_INTERPRETER}pymalloc", "true"): _ONE_ABI,
    (f"{_INTERPRETER}wide_unicode", "true"): _ONE_ABI,
    (f"{_PYC}precompile", "false"): "what runs or is shipped has the bytecode of its wheels; leave the setting out",
    (f"{_PYC}whl_install_pyc_invalidation_mode", "checked-hash"): _BELIEVED,
    (f"{_PYC}whl_install_pyc_invalidation_mode", "timestamp"): _BELIEVED,
    (f"{_VENV}debug_venv", "true"): "no shell starts a virtualenv; `--sandbox_debug` keeps what actions saw",
}


_NEVER_FOLLOWED: Final[Mapping[str, str]] = {
    f"{_PACKAGE}venv": "let labels in `deps` name the hub that is meant",
    f"{_INTERPRETER}exclude_feature": "interpreters are taken whole; leave the setting out",
}
_NOTHING: Final = ("", "auto")


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
        values = _VALUES.get(package + colon, {}).get(name)
        if values is None and option not in _NEVER_FOLLOWED:
            continue
        setting = f"the setting `{name}` of {'rules_python' if package + colon == _PACKAGE else 'rules_py'}"
        value = _text(text)
        if values is not None and value.lower() not in values:
            raise ctx.error(f"{setting} is one of {', '.join(values)}, not `{value}`")
        hint = _NOT_FOLLOWED.get((option, value.lower()))
        if value not in _NOTHING:
            hint = hint or _NEVER_FOLLOWED.get(option)
        if hint is not None:
            raise ctx.error(f"{setting} can't be `{value}`", hint=hint)


def _text(written: str) -> str:
    value = str(json.loads(written)) if written else ""
    return value.lower() if value in ("True", "False") else value
