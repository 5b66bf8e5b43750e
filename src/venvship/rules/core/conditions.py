"""`config_setting`, constraints and platforms: what `select()` asks about."""

from __future__ import annotations

from dataclasses import dataclass

from venvship.analysis.conditions import ConditionInfo
from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.label import Label
from venvship.model.provider import DefaultInfo
from venvship.rules import attributes

_PLATFORMS = "platforms"


@dataclass(frozen=True, slots=True)
class ConstraintSettingInfo:
    label: Label


@dataclass(frozen=True, slots=True)
class ConstraintValueInfo:
    """One value of a constraint setting, and whether the target platform has it."""

    label: Label
    setting: Label
    holds: bool


@dataclass(frozen=True, slots=True)
class PlatformInfo:
    label: Label
    constraints: tuple[Label, ...]


def _constraint_setting(ctx: RuleContext) -> list[object]:
    return [DefaultInfo(), ConstraintSettingInfo(ctx.label)]


CONSTRAINT_SETTING = RuleClass(
    "constraint_setting",
    (attributes.label("default_constraint_value"),),
    _constraint_setting,
)


def _constraint_value(ctx: RuleContext) -> list[object]:
    [setting] = ctx.provided("constraint_setting", ConstraintSettingInfo)
    platform = ctx.configuration.platform
    # Only the constraints of the `platforms` module say something about the platforms that are built for.
    names = {"os": platform.os.value, "cpu": platform.cpu.value}
    aliases = {"osx": "macos", "arm64": "aarch64"}
    name = aliases.get(ctx.label.name, ctx.label.name)
    holds = ctx.label.repository == _PLATFORMS and names.get(ctx.label.package.path) == name
    return [
        DefaultInfo(),
        ConstraintValueInfo(ctx.label, setting.label, holds),
        ConditionInfo(holds, frozenset({(str(setting.label), str(ctx.label))})),
    ]


CONSTRAINT_VALUE = RuleClass(
    "constraint_value",
    (attributes.label("constraint_setting", providers=(ConstraintSettingInfo,), mandatory=True),),
    _constraint_value,
)


def _platform(ctx: RuleContext) -> list[object]:
    inherited = [label for info in ctx.provided("parents", PlatformInfo) for label in info.constraints]
    own = [info.label for info in ctx.provided("constraint_values", ConstraintValueInfo)]
    return [DefaultInfo(), PlatformInfo(ctx.label, tuple(dict.fromkeys([*own, *inherited])))]


PLATFORM = RuleClass(
    "platform",
    (
        attributes.labels("parents", providers=(PlatformInfo,)),
        attributes.labels("constraint_values", providers=(ConstraintValueInfo,)),
        attributes.strings("flags"),
    ),
    _platform,
)


def _config_setting(ctx: RuleContext) -> list[object]:
    facts: set[tuple[str, str]] = set()
    matches = True
    for name, value in ctx.string_dict("values").items():
        facts.add((name, value))
        if name == "define":
            name, _, value = value.partition("=")
            matches &= ctx.configuration.get(f"define:{name}") == value
        else:
            matches &= _option(ctx, name) == value
    for name, value in ctx.string_dict("define_values").items():
        facts.add((f"define:{name}", value))
        matches &= ctx.configuration.get(f"define:{name}") == value
    for constraint in ctx.provided("constraint_values", ConstraintValueInfo):
        facts.add((str(constraint.setting), str(constraint.label)))
        matches &= constraint.holds
    if not facts:
        raise ctx.error("a config_setting must ask for something: set values, define_values or constraint_values")
    return [DefaultInfo(), ConditionInfo(matches, frozenset(facts))]


def _option(ctx: RuleContext, name: str) -> str:
    defaults = {"compilation_mode": "fastbuild", "cpu": ctx.configuration.platform.cpu.value}
    return ctx.configuration.get(name, defaults.get(name, ""))


CONFIG_SETTING = RuleClass(
    "config_setting",
    (
        attributes.string_dict("values"),
        attributes.string_dict("define_values"),
        attributes.labels("constraint_values", providers=(ConstraintValueInfo,)),
    ),
    _config_setting,
)
