"""The configuration that a command asks for with its flags."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Container, Mapping, Sequence

from venvship.analysis.build_settings import option_of_setting
from venvship.analysis.instrumented_files import (
    COVERAGE,
    INSTRUMENT_TESTS,
    INSTRUMENTATION_FILTER,
    checked_filter,
)
from venvship.analysis.native_options import AUTO_EXEC_GROUPS, FEATURES, HOST_FEATURES, option_text
from venvship.analysis.platforms import HOST, PlatformTargets
from venvship.errors import SeveralErrors, UserError, VenvshipError
from venvship.loading.package_loader import PackageLoader
from venvship.model.configuration import COMPILATION_MODE, Configuration
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.platform import Platform
from venvship.model.workspace_status import STAMP
from venvship.rules.python.settings import PLATFORM_LIBC, PLATFORM_VERSION
from venvship.session.options import SessionOptions, UnsupportedPlatform, UnusableSetting
from venvship.wheels.targets import parse_target_platform

_ROOT = PackageId(MAIN_REPOSITORY, "")


def command_configuration(
    options: SessionOptions, loader: PackageLoader, mapping: Mapping[str, str], host: Platform
) -> Configuration:
    """What targets that the command names are built under; raises everything that is wrong with its flags."""
    configuration = Configuration(host)
    platform = options.platform or options.host_platform
    if platform:
        configuration = _with_platform(platform, configuration, loader, mapping, host)
    changes: dict[str, str] = {}
    problems: list[VenvshipError] = []
    for name, texts in options.settings.items():
        if name.startswith("define:"):
            changes[name] = str(texts[-1])
            continue
        try:
            option, value = _setting(name, texts, loader, mapping)
        except UserError as error:
            if not _is_of_absent(name, loader, mapping):
                problems.append(UnusableSetting(_flag(name, texts[-1]), error))
        else:
            changes[option] = value
    if problems:
        raise SeveralErrors(problems)
    if options.compilation_mode != "fastbuild":
        changes[COMPILATION_MODE] = options.compilation_mode
    changes[FEATURES] = option_text(FEATURES, options.features)
    changes[HOST_FEATURES] = option_text(HOST_FEATURES, options.host_features)
    if options.coverage:
        changes[COVERAGE] = "true"
        changes[INSTRUMENTATION_FILTER] = checked_filter(options.instrumentation_filter)
        if options.instrument_tests:
            changes[INSTRUMENT_TESTS] = "true"
    if options.auto_exec_groups:
        changes[AUTO_EXEC_GROUPS] = option_text(AUTO_EXEC_GROUPS, True)
    if options.stamp:
        changes[STAMP] = "true"
    return configuration.with_options(changes)


def without_settings_of(
    repositories: Container[str], options: SessionOptions, mapping: Mapping[str, str]
) -> SessionOptions:
    """The options without flags that are settings of some repositories, which can't be read yet."""

    def is_kept(name: str) -> bool:
        if name.startswith("define:"):
            return True
        try:
            return Label.parse(name, relative_to=_ROOT, repository_mapping=mapping).repository not in repositories
        except UserError:
            return True

    kept = {name: texts for name, texts in options.settings.items() if is_kept(name)}
    return dataclasses.replace(options, settings=kept)


def label_of_host(options: SessionOptions, loader: PackageLoader, mapping: Mapping[str, str], host: Platform) -> Label:
    """The platform that describes this machine, where actions run that ask for nothing else."""
    if not options.host_platform:
        return HOST
    label = Label.parse(options.host_platform, relative_to=_ROOT, repository_mapping=mapping)
    return PlatformTargets(loader.target, host).unaliased(label)


def _with_platform(
    text: str, configuration: Configuration, loader: PackageLoader, mapping: Mapping[str, str], host: Platform
) -> Configuration:
    """A platform by the name of system and processor, or by the label of a platform target."""
    name = text.rpartition(":")[2].rpartition("/")[2]
    try:
        label = Label.parse(text, relative_to=_ROOT, repository_mapping=mapping)
        return PlatformTargets(loader.target, host).with_platform(configuration, label)
    except VenvshipError as error:
        try:
            platform = parse_target_platform(name)
        except ValueError:
            raise UnsupportedPlatform(
                f"`{text}` is no platform that is built for: {error.message}",
                place=error.place,
                hint="name a platform target, or linux_x86_64, linux_aarch64, macos_x86_64, macos_aarch64, "
                "with a C library where it matters: linux_x86_64-musl1.2",
            ) from error
    plain = Platform.parse(str(platform))
    same = (plain.os, plain.cpu) == (host.os, host.cpu)
    precise = Configuration(host if same else plain, configuration.options)
    if platform == plain:
        return precise
    version = ".".join(map(str, platform.libc_version))
    return precise.with_options({PLATFORM_LIBC: json.dumps(platform.libc.value), PLATFORM_VERSION: json.dumps(version)})


def _flag(name: str, text: str | bool) -> str:
    if isinstance(text, bool):
        return f"--{name}" if text else f"--no{name}"
    return f"--{name}={text}"


def _is_of_absent(name: str, loader: PackageLoader, mapping: Mapping[str, str]) -> bool:
    """Whether a flag is a setting of a module that can't be had, and which nothing can read therefore."""
    try:
        return loader.is_absent(Label.parse(name, relative_to=_ROOT, repository_mapping=mapping).repository)
    except UserError:
        return False


def _setting(
    name: str, texts: Sequence[str | bool], loader: PackageLoader, mapping: Mapping[str, str]
) -> tuple[str, str]:
    """The option behind a flag `--//package:name=text`, and its value."""
    label = Label.parse(name, relative_to=_ROOT, repository_mapping=mapping)
    return option_of_setting(loader.target(label), texts, _ROOT, mapping)
