"""Flags as the options of a session."""

from __future__ import annotations

import os
import re
from pathlib import Path

from venvship.cli.command_line import BadFlagValue, CommandLine
from venvship.cli.flag_values import FlagValues
from venvship.session.options import SessionOptions

_UNSANDBOXED = frozenset({"local", "standalone"})


def session_options(startup: FlagValues, line: CommandLine) -> SessionOptions:
    flags = line.flags
    defaults = SessionOptions()
    root = startup.text("output_user_root")
    defines = {f"define:{name}": (value,) for name, value in _pairs(flags, "define").items()}
    return SessionOptions(
        output_user_root=Path(os.path.expanduser(root)) if root else None,
        index_overrides=_texts(flags, "index_override"),
        debian_mirrors=_texts(flags, "debian_mirror"),
        find_links=_texts(flags, "find_links"),
        stamp=_boolean(flags, "stamp", defaults.stamp),
        auto_exec_groups=_boolean(flags, "incompatible_auto_exec_groups", defaults.auto_exec_groups),
        coverage=_boolean(flags, "collect_code_coverage", defaults.coverage),
        instrument_tests=_boolean(flags, "instrument_test_targets", defaults.instrument_tests),
        instrumentation_filter=_text(flags, "instrumentation_filter", defaults.instrumentation_filter),
        embed_label=_text(flags, "embed_label", defaults.embed_label),
        workspace_status_command=_text(flags, "workspace_status_command", defaults.workspace_status_command),
        symlink_prefix=_text(flags, "symlink_prefix", defaults.symlink_prefix),
        platform=_platform(_text(flags, "platforms", defaults.platform)),
        host_platform=_text(flags, "host_platform", defaults.host_platform),
        compilation_mode=_text(flags, "compilation_mode", defaults.compilation_mode),
        features=_texts(flags, "features"),
        host_features=_texts(flags, "host_features"),
        settings={**line.settings, **defines},
        extra_toolchains=tuple(name for text in _texts(flags, "extra_toolchains") for name in text.split(",") if name),
        extra_execution_platforms=_texts(flags, "extra_execution_platforms"),
        toolchain_resolution_debug=_expression(flags, "toolchain_resolution_debug"),
        jobs=count(flags, "jobs"),
        keep_going=_boolean(flags, "keep_going", defaults.keep_going),
        offline=not _boolean(flags, "fetch", not defaults.offline),
        sandbox=_sandbox(flags),
        sandbox_debug=_boolean(flags, "sandbox_debug", defaults.sandbox_debug),
        block_for_lock=startup.boolean("block_for_lock") and flags.boolean("block_for_lock"),
        verbose_failures=_boolean(flags, "verbose_failures", defaults.verbose_failures),
        registries=_texts(flags, "registry"),
        module_overrides=_pairs(flags, "override_module"),
        repository_overrides=_pairs(flags, "override_repository"),
        ignore_dev_dependencies=_boolean(flags, "ignore_dev_dependency", defaults.ignore_dev_dependencies),
        allowed_yanked=_texts(flags, "allow_yanked_versions"),
        repository_environment=_environment(_texts(flags, "repo_env")),
        output_groups=_texts(flags, "output_groups"),
        aspects=_texts(flags, "aspects"),
        aspect_parameters=_pairs(flags, "aspects_parameters"),
        run_validations=_boolean(flags, "run_validations", defaults.run_validations)
        and _boolean(flags, "experimental_run_validations", defaults.run_validations),
    )


def count(flags: FlagValues, name: str) -> int:
    """A number, or 0 for `auto`: as many as the machine can do."""
    text = _text(flags, name, "auto")
    if text == "auto" or text.startswith("HOST_CPUS"):
        return 0
    return whole_number(text, name)


def whole_number(text: str, flag: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadFlagValue(flag, f"is a number, not `{text}`")
    return int(text)


def _expression(flags: FlagValues, name: str) -> str:
    text = _text(flags, name, "")
    try:
        re.compile(text)
    except re.error as error:
        raise BadFlagValue(name, f"is no regular expression: {error}") from error
    return text


def _platform(text: str) -> str:
    if "," in text:
        raise BadFlagValue("platforms", "is one platform; several are built one after the other")
    return text


def _sandbox(flags: FlagValues) -> bool:
    first = next(iter(_texts(flags, "spawn_strategy")), "")
    return _boolean(flags, "sandbox", True) and first not in _UNSANDBOXED


def _text(flags: FlagValues, name: str, otherwise: str) -> str:
    """The value of a flag that some commands that open a session do not have."""
    return flags.text(name) if name in flags.table else otherwise


def _texts(flags: FlagValues, name: str) -> tuple[str, ...]:
    return flags.texts(name) if name in flags.table else ()


def _environment(texts: tuple[str, ...]) -> dict[str, str | None]:
    """`NAME=VALUE` sets a variable, `=NAME` takes it away; `NAME` is the caller's anyway."""
    found: dict[str, str | None] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name and value:
            found[value] = None
        elif equals:
            found[name] = value
    return found


def _pairs(flags: FlagValues, name: str) -> dict[str, str]:
    return flags.pairs(name) if name in flags.table else {}


def _boolean(flags: FlagValues, name: str, otherwise: bool) -> bool:
    return flags.boolean(name) if name in flags.table else otherwise
