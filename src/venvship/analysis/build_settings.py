"""Build settings: values that a command or a transition sets, and targets read.

An option of a configuration is text. A setting's value is written so that it can be read again, and a setting that
has its default is left out of the configuration, so that equal configurations are equal values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from venvship.analysis import native_options
from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.attributes import AttributeType
from venvship.loading.rule_class import BuildSetting
from venvship.loading.targets import RuleTarget, Target
from venvship.model.configuration import Configuration
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId

SettingValue: TypeAlias = bool | int | str | tuple[str, ...]

DEFAULT_ATTRIBUTE = "build_setting_default"
LABEL_FLAG = "label_flag"
LABEL_SETTING = "label_setting"
LABEL_SETTINGS = frozenset({LABEL_FLAG, LABEL_SETTING})
"""Rules whose value is the label of another target."""
DEFINE = "define:"
"""What the options for `--define` start with."""
_SCOPE = "scope"
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]{1,99}|0[oO][0-7]{1,99}|0[bB][01]{1,99}|0|[1-9][0-9]{0,99})\Z")


@dataclass(frozen=True, slots=True)
class BuildSettingValueInfo:
    """The value of a build setting in the configuration that it is analysed in.

    With `parts`, a flag gives all of its value at once, in parts with commas between them.
    """

    label: Label
    value: SettingValue
    parts: bool = False


class InvalidSetting(UserError):
    """A build setting is given a value that it can't have, or a label is no build setting."""


class NoFlag(InvalidSetting):
    """A command sets something that only targets and transitions decide on."""

    def __init__(self, target: RuleTarget) -> None:
        super().__init__(
            f"`{target.label}` can't be set on the command line",
            place=target.place,
            hint="make it a flag: `flag = True` in the `build_setting` of its rule, or `label_flag`",
        )


def option_name(target: RuleTarget) -> str:
    """The name of a build setting among the options of a configuration."""
    setting = target.rule_class.build_setting
    return setting.option if setting is not None and setting.option else target.label.canonical


def reaches_tools(option: str, target: Callable[[Label], Target]) -> bool:
    """Whether an option is that of programs that actions run, too: defines, and settings whose `scope` admits it."""
    if option.startswith(DEFINE):
        return True
    if not option.startswith("@@"):
        return False
    try:
        setting = target(Label.parse(option, relative_to=PackageId(MAIN_REPOSITORY, "")))
    except UserError:
        return False  # what is no target can't be read by anybody
    if not isinstance(setting, RuleTarget) or _SCOPE not in setting.rule_class.attributes:
        return True
    return setting.value(_SCOPE) != "target"


def value_of(target: RuleTarget, configuration: Configuration) -> SettingValue:
    """The value of a build setting; raises InvalidSetting for a target that is none."""
    setting = _setting(target)
    text = configuration.get(option_name(target))
    if not text:
        return default_of(target)
    return text if _is_plain(setting) else _read(setting, text)


def default_of(target: RuleTarget) -> SettingValue:
    value = target.value(DEFAULT_ATTRIBUTE)
    if isinstance(value, str) and _setting(target).allow_multiple:
        return (value,)
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple):
        return tuple(element for element in value if isinstance(element, str))
    raise InvalidSetting(f"`{target.label}` has no default value", place=target.place)


def is_set(target: RuleTarget) -> bool:
    """Whether programs see the value as a set."""
    return _setting(target).type is AttributeType.STRING_SET


def option_text(target: RuleTarget, value: SettingValue) -> str:
    """How a configuration holds `value`; empty for the default. Raises InvalidSetting."""
    setting = _setting(target)
    if setting.type is AttributeType.BOOL and value in (0, 1):
        value = bool(value)
    if not _fits(setting, value):
        raise InvalidSetting(
            f"`{target.label}` is a setting of type {setting.type.value} and can't be {value!r}", place=target.place
        )
    if value == default_of(target):
        return ""
    return str(value) if _is_plain(setting) else json.dumps(value)


def parsed(target: RuleTarget, *texts: str | bool) -> SettingValue:
    """The value that a command line means by `texts`, in order; True or False for the bare name or `no` before it.

    Only some settings take several. Raises InvalidSetting.
    """
    if not _setting(target).is_flag:
        raise NoFlag(target)
    return meant(target, *texts)


def meant(target: RuleTarget, *texts: str | bool) -> SettingValue:
    """What `parsed` answers, also for a setting that no command may set. Raises InvalidSetting."""
    setting = _setting(target)
    text = texts[-1]
    if isinstance(text, bool):
        if setting.type is not AttributeType.BOOL:
            raise InvalidSetting(f"`{target.label}` needs a value of type {setting.type.value}", place=target.place)
        return text
    if setting.allow_multiple:
        every = [str(one) for one in texts]
        return tuple(every if setting.type is not AttributeType.STRING_SET else dict.fromkeys(every))
    match setting.type:
        case AttributeType.BOOL:
            said = native_options.BOOLEANS.get(text.lower() or "true")
            if said is not None:
                return said
        case AttributeType.INT:
            number = _integer(text)
            if number is not None:
                return number
        case AttributeType.STRING_LIST:
            return tuple(part for part in text.split(",") if part)
        case AttributeType.STRING_SET:
            return tuple(dict.fromkeys(part for part in text.split(",") if part))
        case _:
            return text
    raise InvalidSetting(f"`--{target.label}={text}`: not a {setting.type.value}")


def value_info(target: RuleTarget, configuration: Configuration) -> BuildSettingValueInfo:
    """What a target tells of its value; raises InvalidSetting for one that is no setting."""
    setting = _setting(target)
    parts = setting.type in (AttributeType.STRING_LIST, AttributeType.STRING_SET) and not setting.allow_multiple
    return BuildSettingValueInfo(target.label, value_of(target, configuration), parts)


def is_written(info: BuildSettingValueInfo, text: str) -> bool:
    """Whether a condition that asks for `text` asks for the value; raises InvalidSetting for what no such setting has.

    Of a list, a condition asks for one element.
    """
    value = info.value
    if isinstance(value, tuple):
        if info.parts and "," in text:
            raise InvalidSetting(f"`{text}` is several values; a condition asks for one")
        return text in value
    if isinstance(value, str):
        return text == value
    meant = native_options.BOOLEANS.get(text.lower()) if isinstance(value, bool) else _integer(text)
    if meant is None:
        raise InvalidSetting(f"`{text}` is not a {'bool' if isinstance(value, bool) else 'int'}")
    return value == meant


def _integer(text: str) -> int | None:
    """A number as the language writes it: `12`, `-0xC`, `0o14`."""
    return int(text, 0) if _INTEGER.match(text) else None


def option_of_flag(
    flag: str, target: Callable[[Label], Target], package: PackageId, mapping: Mapping[str, str] | None
) -> tuple[str, str]:
    """The option behind `--NAME=VALUE` as a file of `package` writes it, and its value; raises InvalidSetting."""
    name, equals, text = flag.removeprefix("--").partition("=")
    if not flag.startswith("--") or not name:
        raise InvalidSetting(f"`{flag}` is no flag", hint="flags are written as --NAME=VALUE")
    negated = name.startswith(("no//", "no@"))
    if negated or name.startswith(("//", "@")):
        if negated and equals:
            raise InvalidSetting(f"`{flag}` has a value, and `no` before its name")
        name = name.removeprefix("no") if negated else name
        label = Label.parse(name, relative_to=package, repository_mapping=mapping)
        return option_of_setting(target(label), (text if equals else not negated,), package, mapping)
    if name == "define":
        variable, _, value = text.partition("=")
        return DEFINE + variable, value
    return _native_option_of_flag(name, text if equals else None)


def _native_option_of_flag(name: str, text: str | None) -> tuple[str, str]:
    """The option behind `--NAME=TEXT`, `--NAME` or `--noNAME`."""
    known = native_options.native_option(name)
    if text is not None:
        try:
            return name, native_options.option_text(name, native_options.written_value(name, text))
        except UserError as error:
            raise InvalidSetting(error.message) from error
    positive = name.removeprefix("no")
    if known is None and native_options.native_option(positive) is not None:
        return positive, native_options.option_text(positive, False)
    return name, native_options.option_text(name, True)


def option_of_setting(
    target: Target, texts: Sequence[str | bool], package: PackageId, mapping: Mapping[str, str] | None
) -> tuple[str, str]:
    """The option of a flag that rules define, and the value that `texts` mean, or the bare name or `no` before it.

    Raises InvalidSetting.
    """
    if not isinstance(target, RuleTarget):
        raise InvalidSetting(f"`{target.label}` is a {target.kind}, not a build setting")
    if target.rule_class.name == LABEL_SETTING:
        raise NoFlag(target)
    if target.rule_class.name == LABEL_FLAG:
        label = Label.parse(str(texts[-1]), relative_to=package, repository_mapping=mapping)
        return option_name(target), "" if label == target.value(DEFAULT_ATTRIBUTE) else label.canonical
    return option_name(target), option_text(target, parsed(target, *texts))


def _setting(target: RuleTarget) -> BuildSetting:
    setting = target.rule_class.build_setting
    if setting is None:
        raise InvalidSetting(f"`{target.label}` is a {target.kind}, not a build setting", place=target.place)
    return setting


def _is_plain(setting: BuildSetting) -> bool:
    """Whether a configuration holds values as they are, not as JSON."""
    return bool(setting.option) and setting.type is AttributeType.STRING


def _read(setting: BuildSetting, text: str) -> SettingValue:
    value = json.loads(text)
    return tuple(value) if isinstance(value, list) else value if _fits(setting, value) else text


def _fits(setting: BuildSetting, value: object) -> bool:
    kind = AttributeType.STRING_LIST if setting.allow_multiple else setting.type
    match kind:
        case AttributeType.BOOL:
            return isinstance(value, bool)
        case AttributeType.INT:
            return isinstance(value, int) and not isinstance(value, bool)
        case AttributeType.STRING_LIST | AttributeType.STRING_SET:
            return isinstance(value, tuple) and all(isinstance(element, str) for element in value)
        case _:
            return isinstance(value, str)
