"""`config_setting`, constraints and platforms: what `select()` asks about."""

from __future__ import annotations

from venvship.analysis import native_options
from venvship.analysis.build_settings import BuildSettingValueInfo, InvalidSetting, is_written
from venvship.analysis.conditions import ConditionInfo
from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.native_options import PLATFORMS
from venvship.analysis.platforms import CONSTRAINT, HOST, MODULE
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.providers import FEATURE_FLAG_INFO
from venvship.dataclass import dataclass
from venvship.errors import SeveralErrors, UserError, VenvshipError
from venvship.loading.attributes import NO_EDGE, AttributeSpec, AttributeType
from venvship.loading.provider_values import ProviderInstance
from venvship.loading.rule_class import RuleClass
from venvship.model.label import Label
from venvship.model.provider import DefaultInfo
from venvship.rules import attributes


@dataclass(frozen=True, slots=True)
class ConstraintSettingInfo:
    """A constraint setting, and the value that a platform has when it says nothing."""

    label: Label
    default: Label | None


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
    return [DefaultInfo(), ConstraintSettingInfo(ctx.label, next(iter(ctx.labels("default_constraint_value")), None))]


CONSTRAINT_SETTING = RuleClass(
    "constraint_setting",
    # Only a name: the value depends on its setting.
    (attributes.label("default_constraint_value", transition=NO_EDGE),),
    _constraint_setting,
)


def _constraint_value(ctx: RuleContext) -> list[object]:
    [setting] = ctx.provided("constraint_setting", ConstraintSettingInfo)
    said = ctx.configuration.get(f"{CONSTRAINT}{setting.label.canonical}")
    if said:
        holds = said == ctx.label.canonical
    elif ctx.label.repository == MODULE and not ctx.configuration.get(PLATFORMS):
        platform = ctx.configuration.platform
        names = {"os": platform.os.value, "cpu": platform.cpu.value}
        name = {"osx": "macos", "arm64": "aarch64"}.get(ctx.label.name, ctx.label.name)
        holds = names.get(ctx.label.package.path) == name
    else:
        holds = setting.default == ctx.label
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


def _constraints(ctx: RuleContext) -> tuple[ConstraintValueInfo, ...]:
    """What `constraint_values` holds, of each setting one value."""
    found = ctx.provided("constraint_values", ConstraintValueInfo)
    values: dict[Label, ConstraintValueInfo] = {}
    for one in found:
        other = values.setdefault(one.setting, one)
        if other.label != one.label:
            raise ctx.error(
                f"`constraint_values` of `{ctx.label}` has two of one setting: `{other.label}` and `{one.label}`"
            )
    return found


def _platform(ctx: RuleContext) -> list[object]:
    if len(ctx.labels("parents")) > 1:
        raise ctx.error(f"`{ctx.label}` has several parents; a platform has at most one")
    inherited = [label for info in ctx.provided("parents", PlatformInfo) for label in info.constraints]
    own = [info.label for info in _constraints(ctx)]
    return [DefaultInfo(), PlatformInfo(ctx.label, tuple(dict.fromkeys([*own, *inherited])))]


PLATFORM = RuleClass(
    "platform",
    (
        attributes.labels("parents", providers=(PlatformInfo,)),
        attributes.labels("constraint_values", providers=(ConstraintValueInfo,)),
        attributes.strings("flags"),
        # Toolchains are chosen by constraints alone, so that nothing is left for these to decide.
        attributes.labels("required_settings", transition=NO_EDGE),
        attributes.boolean("check_toolchain_types"),
        attributes.labels("allowed_toolchain_types", transition=NO_EDGE),
        attributes.string("missing_toolchain_error"),
    ),
    _platform,
)


def _config_setting(ctx: RuleContext) -> list[object]:
    facts: set[tuple[str, str]] = set()
    problems: list[VenvshipError] = []
    matches = True
    for name, value in ctx.string_dict("values").items():
        if name == "define":
            # The same fact as in `define_values`, so that one condition can be more special than the other.
            name, _, value = value.partition("=")
            facts.add((f"define:{name}", value))
            matches &= ctx.configuration.get(f"define:{name}") == value
        else:
            facts.add((name, value))
            try:
                matches &= _option_is(ctx, name, value)
            except UserError as error:
                problems.append(ctx.error(f"in `values` of `{ctx.label}`: {error.message}", hint=error.hint))
    if problems:
        raise SeveralErrors(problems)
    for name, value in ctx.string_dict("define_values").items():
        facts.add((f"define:{name}", value))
        matches &= ctx.configuration.get(f"define:{name}") == value
    for constraint in _constraints(ctx):
        facts.add((str(constraint.setting), str(constraint.label)))
        matches &= constraint.holds
    for (label, wanted), target in zip(ctx.label_dict("flag_values").items(), ctx.targets("flag_values"), strict=True):
        facts.add((label.canonical, wanted))
        try:
            matches &= _flag_matches(ctx, label, wanted, target)
        except InvalidSetting as error:
            problems.append(ctx.error(f"in `flag_values` of `{ctx.label}`, for `{label}`: {error.message}"))
    if problems:
        raise SeveralErrors(problems)
    if not facts:
        raise ctx.error(
            "a config_setting must ask for something: set values, define_values, flag_values or constraint_values"
        )
    return [DefaultInfo(), ConditionInfo(matches, frozenset(facts))]


def _flag_matches(ctx: RuleContext, label: Label, wanted: str, target: ConfiguredTarget) -> bool:
    if target.label != label and wanted.startswith(("//", "@", ":")):
        # A label flag: the target that it stands for is its value, even where that is a setting itself.
        home, mapping = ctx.label.package, ctx.target.mapping
        return Label.parse(wanted, relative_to=home, repository_mapping=mapping) == target.label
    info = target.get(BuildSettingValueInfo)
    if info is not None:
        return is_written(info, wanted)
    feature = target.providers.get(FEATURE_FLAG_INFO)
    if isinstance(feature, ProviderInstance):
        return str(feature.fields.get("value", "")) == wanted
    if target.label != label or target.kind.startswith("label_"):
        # A label flag: the target that it stands for is its value.
        home = ctx.label.package
        return Label.parse(wanted, relative_to=home) == target.label
    raise ctx.error(f"`flag_values` names `{label}`, which is no build setting")


def _option_is(ctx: RuleContext, name: str, value: str) -> bool:
    if name == PLATFORMS:
        wanted = Label.parse(value, relative_to=ctx.label.package, repository_mapping=ctx.target.mapping)
        return ctx.configuration.get(PLATFORMS, HOST.canonical) == wanted.canonical
    return native_options.holds(name, value, ctx.configuration)


CONFIG_SETTING = RuleClass(
    "config_setting",
    (
        attributes.string_dict("values"),
        attributes.string_dict("define_values"),
        AttributeSpec("flag_values", AttributeType.LABEL_KEYED_STRING_DICT, allow_files=True),
        attributes.labels("constraint_values", providers=(ConstraintValueInfo,)),
    ),
    _config_setting,
)
