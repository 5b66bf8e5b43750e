"""What a command asks for, after flags and rc files have been read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.errors import UserError


class UnsupportedPlatform(UserError):
    """`--platforms` names a platform that nothing is built for."""


class UnusableSetting(UserError):
    """A flag of the form `--//package:setting` can't be followed."""

    def __init__(self, flag: str, error: UserError) -> None:
        super().__init__(error.message, place=error.place, chain=(*error.chain, f"set by `{flag}`"), hint=error.hint)


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Options of every command that opens a workspace.

    A session that is `read_only` works beside others, and waits for them only when it must bring a repository.
    `settings` are Starlark flags by label (`--//p:flag=v`, a bool where there is no `=`) and `define:NAME`, with every
    value in order; `index_overrides` are the texts `ORIGIN=TARGET`, `output_groups` those of `--output_groups`.
    `output_user_root` of None means the user's cache directory.
    """

    output_user_root: Path | None = None
    index_overrides: tuple[str, ...] = ()
    debian_mirrors: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    stamp: bool = False
    auto_exec_groups: bool = False
    coverage: bool = False
    instrumentation_filter: str = ""
    instrument_tests: bool = False
    embed_label: str = ""
    workspace_status_command: str = ""
    symlink_prefix: str = "venvship-"
    platform: str = ""
    host_platform: str = ""
    compilation_mode: str = "fastbuild"
    features: tuple[str, ...] = ()
    host_features: tuple[str, ...] = ()
    settings: Mapping[str, tuple[str | bool, ...]] = field(default_factory=dict)
    extra_toolchains: tuple[str, ...] = ()
    extra_execution_platforms: tuple[str, ...] = ()
    toolchain_resolution_debug: str = ""
    jobs: int = 0
    keep_going: bool = False
    offline: bool = False
    sandbox: bool = True
    sandbox_debug: bool = False
    block_for_lock: bool = True
    read_only: bool = False
    verbose_failures: bool = False
    output_groups: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()
    aspect_parameters: Mapping[str, str] = field(default_factory=dict)
    run_validations: bool = True
    registries: tuple[str, ...] = ()
    module_overrides: Mapping[str, str] = field(default_factory=dict)
    repository_overrides: Mapping[str, str] = field(default_factory=dict)
    ignore_dev_dependencies: bool = False
    allowed_yanked: tuple[str, ...] = ()
    repository_environment: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TestOptions:
    """Options of `test`.

    `output` is summary, errors, all or streamed; `timeout` is in seconds, 0 for the targets' own.
    """

    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    filter: str = ""
    output: str = "summary"
    cache_results: bool = True
    runs_per_test: int = 1
    flaky_attempts: int = 0
    timeout: int = 0
    jobs: int = 0
    keep_going: bool = True
    combined_report: bool = True
