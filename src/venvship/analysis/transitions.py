"""Carries out transitions that `.bzl` files define.

A transition is given the settings it names and answers new values for the settings it promised, or several such
answers, by name: then what it stands on is configured once for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from venvship.analysis import native_options
from venvship.analysis.build_settings import (
    DEFAULT_ATTRIBUTE,
    LABEL_SETTINGS,
    SettingValue,
    is_set,
    meant,
    option_name,
    option_text,
    value_of,
)
from venvship.analysis.platforms import HOST
from venvship.errors import UserError
from venvship.loading.attributes import PlainValue
from venvship.loading.nearest import did_you_mean
from venvship.loading.targets import RuleTarget, Target
from venvship.loading.transition_module import NATIVE_OPTION, Setting, TransitionDefinition
from venvship.model.configuration import Configuration
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.starlark.containers import entries
from venvship.starlark.conversion import from_host
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.structs import Struct
from venvship.starlark.values import DICTS, LISTS, SETS, Set

SINGLE = ""
"""The name of the only configuration of a transition that does not split."""

_MOST_ALIASES = 20
_ROOT = PackageId(MAIN_REPOSITORY, "")


class InvalidTransition(UserError):
    """A transition answers something that it may not."""


class Platforms(Protocol):
    """Configurations for platform targets."""

    def with_platform(self, configuration: Configuration, platform: Label) -> Configuration: ...


def carried_out(
    definition: TransitionDefinition,
    configuration: Configuration,
    attributes: Mapping[str, PlainValue],
    *,
    target: Callable[[Label], Target],
    platforms: Platforms,
) -> Mapping[str, Configuration]:
    """The configurations that a transition leads to, by name; `SINGLE` is the name when there is but one.

    Raises InvalidTransition, and whatever the function fails with.
    """
    unknown = [
        setting.native
        for setting in (*definition.inputs, *definition.outputs)
        if setting.label is None and native_options.native_option(setting.native) is None
    ]
    if unknown:
        raise InvalidTransition(
            f"the transition names options that there are not: {', '.join(f'`{name}`' for name in unknown)}",
            place=definition.place,
            hint=did_you_mean(unknown[0], native_options.NATIVE_OPTIONS),
        )
    settings = {setting.text: _value(setting, configuration, target) for setting in definition.inputs}
    given = Struct({name: from_host(_shown(value)) for name, value in attributes.items()})
    answer = definition.evaluator.call(definition.implementation, (from_host(settings), given))
    changed: dict[str, Configuration] = {}
    for name, values in _answers(definition, answer).items():
        changed[name] = _changed(definition, configuration, values, target, platforms)
    return changed


def option_written(label: Label, text: str, *, target: Callable[[Label], Target]) -> tuple[str, str]:
    """The option of the setting `label`, and the value that an attribute means by `text`.

    Raises InvalidSetting for a value that the setting can't have, and InvalidTransition for what is no setting.
    """
    setting = _build_setting(target, label)
    value = text if setting.rule_class.name in LABEL_SETTINGS else meant(setting, text)
    return option_name(setting), _option_text(setting, value)


def _answers(definition: TransitionDefinition, answer: Value) -> dict[str, dict[str, Value]]:
    # None, and an empty dict or list, leave everything as it is.
    if answer is None or (type(answer) in LISTS and not answer):
        return {SINGLE: {}}
    if type(answer) in LISTS:
        return {str(number): _settings(definition, one) for number, one in enumerate(answer)}
    values = _settings(definition, answer)
    if values and all(type(value) in DICTS for value in values.values()):
        return {name: _settings(definition, one) for name, one in values.items()}
    return {SINGLE: values}


def _settings(definition: TransitionDefinition, answer: Value) -> dict[str, Value]:
    if type(answer) not in DICTS:
        raise InvalidTransition(
            f"a transition must return a dict, or a list or dict of dicts, not {type_name(answer)}",
            place=definition.place,
        )
    return {str(key): value for key, value in entries(answer)}


def _changed(
    definition: TransitionDefinition,
    configuration: Configuration,
    values: Mapping[str, Value],
    target: Callable[[Label], Target],
    platforms: Platforms,
) -> Configuration:
    promised = {setting.text: setting for setting in definition.outputs}
    unexpected = sorted(values.keys() - promised.keys())
    missing = sorted(promised.keys() - values.keys()) if values else []
    if unexpected or missing:
        parts = [f"returned `{name}`, which is not among its outputs" for name in unexpected]
        parts += [f"did not return `{name}`, which is among its outputs" for name in missing]
        raise InvalidTransition(f"the transition {'; '.join(parts)}", place=definition.place)
    options: dict[str, str] = {}
    platform: Label | None = None
    for name, value in values.items():
        setting = promised[name]
        if setting.label is not None:
            found = _build_setting(target, setting.label)
            options[option_name(found)] = _option_text(found, value)
        elif setting.native == native_options.PLATFORMS:
            platform = _platform(value)
        else:
            options[setting.native] = native_options.option_text(setting.native, _plain(value))
    if platform is not None:
        configuration = platforms.with_platform(configuration, platform)
    return configuration.with_options(options)


def _platform(value: Value) -> Label:
    """The first counts of several platforms, and the one of the machine where there is none."""
    every = list(value) if type(value) in LISTS else [value]
    one = every[0] if every else HOST
    return one if isinstance(one, Label) else Label.parse(str(one), relative_to=_ROOT)


def _value(setting: Setting, configuration: Configuration, target: Callable[[Label], Target]) -> object:
    if setting.label is not None:
        found = _build_setting(target, setting.label)
        if found.rule_class.name in LABEL_SETTINGS:
            text = configuration.get(option_name(found))
            return Label.parse(text, relative_to=_ROOT) if text else found.value(DEFAULT_ATTRIBUTE)
        setting_value = value_of(found, configuration)
        if is_set(found) and isinstance(setting_value, tuple):
            return Set(dict.fromkeys(setting_value))
        return _shown_setting(setting_value)
    if setting.native == native_options.PLATFORMS:
        label = configuration.get(native_options.PLATFORMS)
        return [Label.parse(label, relative_to=_ROOT) if label else HOST]
    return _shown_setting(native_options.value_of(setting.native, configuration))


def _build_setting(target: Callable[[Label], Target], label: Label) -> RuleTarget:
    found = target(label)
    for _ in range(_MOST_ALIASES):
        actual = found.value("actual") if isinstance(found, RuleTarget) and found.rule_class.name == "alias" else None
        if not isinstance(actual, Label):
            break
        found = target(actual)
    if not isinstance(found, RuleTarget):
        hint = f"options of the command are called `{NATIVE_OPTION}NAME`"
        raise InvalidTransition(f"`{label}` is a {found.kind}, not a build setting", hint=hint)
    return found


def _option_text(setting: RuleTarget, value: Value | SettingValue) -> str:
    if setting.rule_class.name not in LABEL_SETTINGS:
        return option_text(setting, _plain(value))
    label = value
    if not isinstance(label, Label):
        label = Label.parse(str(value), relative_to=setting.label.package, repository_mapping=setting.mapping)
    return "" if label == setting.value(DEFAULT_ATTRIBUTE) else label.canonical


def _plain(value: Value) -> SettingValue:
    if isinstance(value, bool | int | str):
        return value
    if type(value) in LISTS or type(value) in SETS:
        return tuple(str(element) for element in value)
    return str(value)


def _shown_setting(value: SettingValue) -> object:
    return list(value) if isinstance(value, tuple) else value


def _shown(value: PlainValue) -> object:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
