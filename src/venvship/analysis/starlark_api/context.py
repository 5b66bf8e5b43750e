"""`ctx`: what the implementation of a rule is called with."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from types import FunctionType
from typing import Protocol, runtime_checkable

from venvship.analysis import native_options
from venvship.analysis.build_settings import value_of
from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.instrumented_files import is_measured
from venvship.analysis.location import Located, expand_locations, expand_variables
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.attribute_views import (
    AttributesView,
    ExecutableView,
    FilesView,
    FileView,
    OutputsView,
    SplitView,
    programs,
)
from venvship.analysis.starlark_api.configuration_values import ConfigurationValue, FragmentsValue
from venvship.analysis.starlark_api.runfiles_values import read_links
from venvship.analysis.starlark_api.toolchain_values import exec_groups_value, toolchains_value
from venvship.analysis.status_files import stable_status, volatile_status
from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.attributes import AttributeType
from venvship.loading.depset_values import check_elements
from venvship.loading.evaluation import Evaluator
from venvship.loading.features import Features
from venvship.loading.label_values import read_label
from venvship.loading.subrule_definition import SubruleDefinition
from venvship.model.artifact import Artifact, Root
from venvship.model.depset import Depset, union
from venvship.model.label import MAIN_RUNFILES_DIRECTORY, Label
from venvship.model.provider import TestInfo
from venvship.model.runfiles import EMPTY_RUNFILES, Runfiles
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import MISSING, HostType, Value, register
from venvship.starlark.printer import Printer
from venvship.starlark.values import Dict, FrozenList, FrozenSet, List

LOCATION_ATTRIBUTES = ("srcs", "deps", "data", "tools", "hdrs", "implementation_deps", "exports")


@dataclass(frozen=True, slots=True)
class AspectSide:
    """What only contexts of aspects have: the rule it runs on, and the ids of the aspects that travel together."""

    rule: RuleContext
    ids: tuple[str, ...]


class RuleBeneath:
    """`ctx.rule` of an aspect: the rule of the target it runs on."""

    __slots__ = ("rule",)

    def __init__(self, rule: RuleContext) -> None:
        self.rule = rule


class StarlarkContext:
    """One target under one configuration, as a program sees it. `closures` freeze when the rule is done.

    `subrules` are those that the implementation in progress may call, `subrule` is the one that it is of, and
    `run_parent` calls that of the extended rule, and `unseen` is what it provides that programs don't see.
    """

    __slots__ = ("_memo", "aspect", "closures", "evaluator", "rule", "run_parent", "subrule", "subrules", "unseen")

    def __init__(self, rule: RuleContext, evaluator: Evaluator, aspect: AspectSide | None = None) -> None:
        self.rule = rule
        self.aspect = aspect
        self.evaluator = evaluator
        self.closures: list[FunctionType] = []
        self.subrules: tuple[SubruleDefinition, ...] = ()
        self.subrule: SubruleDefinition | None = None
        self.run_parent: Callable[[], Value] | None = None
        self.unseen: list[object] = []
        self._memo: dict[str, Value] = {}

    def once(self, name: str, make: Callable[[RuleContext], Value]) -> Value:
        """A part that is made of the rule when it is first asked for."""
        found = self._memo.get(name, MISSING)
        if found is MISSING:
            found = self._memo[name] = make(self.rule)
        return found

    @property
    def outputs(self) -> OutputsView:
        found: OutputsView = self.once("outputs", OutputsView)
        return found

    @property
    def programs(self) -> Mapping[Artifact, ConfiguredTarget]:
        """The targets whose programs attributes with `executable` name."""
        found: Mapping[Artifact, ConfiguredTarget] = self.once("programs", programs)
        return found

    @property
    def variables(self) -> dict[str, str]:
        found: dict[str, str] = self.once("variables", RuleContext.make_variables)
        return found


def _runfiles(
    ctx: StarlarkContext,
    files: Sequence[Artifact] = (),
    transitive_files: Depset | None = None,  # type: ignore[type-arg]  # built-ins check exact classes
    collect_data: bool = False,
    collect_default: bool = False,
    symlinks: Value = None,
    root_symlinks: Value = None,
    *,
    skip_conflict_checking: bool = False,
) -> Runfiles:
    if transitive_files is not None:
        check_elements(transitive_files, "File", "transitive_files")
    own = Runfiles(
        files=union([transitive_files] if transitive_files is not None else (), direct=files),
        symlinks=read_links(symlinks, "symlinks", below=MAIN_RUNFILES_DIRECTORY),
        root_symlinks=read_links(root_symlinks, "root_symlinks", below=""),
        empty_filenames=EMPTY_RUNFILES.empty_filenames,
    )
    if not collect_data and not collect_default:
        return own
    around = [target.default_info for name in ("srcs", "deps") for target in ctx.rule.targets(name)]
    parts = [ctx.rule.runfiles_of_data()]
    parts += [info.shown_data_runfiles for info in around] if collect_data else []
    parts += [info.shown_default_runfiles for info in around] if collect_default else []
    return Runfiles.merged([*parts, own])


def _expand_location(
    ctx: StarlarkContext,
    input: str,  # noqa: A002
    targets: Sequence[ConfiguredTarget] = (),
    *,
    short_paths: bool = False,
) -> str:
    given = [Located(target.label, target) for target in targets]
    if targets:
        every = ctx.rule.located(ctx.rule.target.rule_class.attributes)
        given += [Located(one.label, one.target) for one in every if one.target in targets]
    try:
        return expand_locations(
            input,
            [*given, *ctx.rule.located(LOCATION_ATTRIBUTES)],
            ctx.rule.label.package,
            mapping=ctx.rule.target.mapping,
            own=ctx.rule.own_output,
            location="rootpath" if short_paths else "execpath",
        )
    except UserError as error:
        raise EvaluationError(error.message, hint=error.hint) from error


def _expand_make_variables(
    ctx: StarlarkContext, attribute_name: str, command: str, additional_substitutions: Mapping[str, str], /
) -> str:
    extra = dict(entries(Dict(additional_substitutions)))
    try:
        return expand_variables(command, {**ctx.variables, **extra})
    except UserError as error:
        raise EvaluationError(f"in attribute '{attribute_name}': {error.message}", hint=error.hint) from error


@runtime_checkable
class PlatformConstraint(Protocol):
    """What a `constraint_value` provides."""

    @property
    def holds(self) -> bool:
        """Whether the target platform has it."""
        ...


def _has_constraint(ctx: StarlarkContext, constraintValue: Value, /) -> bool:
    if not isinstance(constraintValue, PlatformConstraint):
        raise EvaluationError("target_platform_has_constraint() takes a ConstraintValueInfo")
    return constraintValue.holds


def _coverage_instrumented(ctx: StarlarkContext, target: ConfiguredTarget | None = None) -> bool:
    if target is None:
        return is_measured(ctx.rule.label, ctx.rule.configuration, is_test=ctx.rule.target.rule_class.is_test)
    return is_measured(target.label, ctx.rule.configuration, is_test=target.get(TestInfo) is not None)


def _resolve_tools(ctx: StarlarkContext, *, tools: Sequence[ConfiguredTarget] = ()) -> tuple[Value, Value]:
    """What actions need that run the tools; there are no manifests, for runfiles trees are always laid out."""
    infos = [tool.default_info for tool in tools]
    programs = [info.program for info in infos if info.program is not None]
    needed = [*(info.files for info in infos), *(info.default_runfiles.artifacts for info in infos)]
    return union(needed, direct=programs), List()


def _super(ctx: StarlarkContext) -> Value:
    if ctx.run_parent is None:
        raise EvaluationError("can't use 'super' call, the rule has no parent")
    return ctx.run_parent()


def _package_relative_label(ctx: StarlarkContext, input: str | Label, /) -> Label:  # noqa: A002
    label = ctx.rule.label
    return input if isinstance(input, Label) else read_label(input, label.package, ctx.rule.target.mapping)


def _tokenize(ctx: StarlarkContext, option: str) -> List:
    try:
        return List(shlex.split(option))
    except ValueError as error:
        raise EvaluationError(f"{error} while tokenizing '{option}'") from error


def _build_setting_value(ctx: StarlarkContext) -> Value:
    rule = ctx.rule
    setting = rule.target.rule_class.build_setting
    if setting is None:
        raise EvaluationError(
            f"attempting to access 'build_setting_value' of non-build setting {rule.label}",
            hint="pass `build_setting = config.string()` or the like to `rule`",
        )
    value = value_of(rule.target, rule.configuration)
    if setting.type is AttributeType.STRING_SET and isinstance(value, tuple):
        return FrozenSet(dict.fromkeys(value))
    return FrozenList(value) if isinstance(value, tuple) else value


def _variables(rule: RuleContext) -> Value:
    """What programs see of the make variables."""
    variables = Dict(sorted(rule.make_variables().items()))
    freeze(variables)
    return variables


def _features_of(ctx: StarlarkContext) -> Features:
    own = ctx.rule.target.package_features.overridden_by(Features.parse(ctx.rule.strings("features")))
    said = native_options.value_of(native_options.FEATURES, ctx.rule.configuration)
    return own.with_command(Features.parse(said if isinstance(said, tuple) else ()))


def _features(ctx: StarlarkContext) -> list[str]:
    return FrozenList(_features_of(ctx).asked)


def _disabled_features(ctx: StarlarkContext) -> list[str]:
    return FrozenList(_features_of(ctx).refused)


def _output_root(ctx: StarlarkContext) -> Root:
    return Root.of_outputs(ctx.rule.configuration.directory, ctx.rule.label.repository)


def _repr(ctx: StarlarkContext, printer: Printer) -> None:
    printer.write(f"<rule context for {ctx.rule.label}>")


def register_context(actions: Callable[[StarlarkContext], Value]) -> None:
    """Make contexts values of the language; `actions` makes `ctx.actions`, which a context doesn't keep."""
    register(
        StarlarkContext,
        HostType(
            name="ctx",
            fields={
                "actions": actions,
                "attr": lambda ctx: ctx.once("attr", AttributesView),
                "bin_dir": _output_root,
                "build_file_path": lambda ctx: ctx.rule.place.path,
                "build_setting_value": _build_setting_value,
                "configuration": lambda ctx: ConfigurationValue(ctx.rule.configuration),
                "disabled_features": _disabled_features,
                "exec_groups": lambda ctx: ctx.once("exec_groups", exec_groups_value),
                "executable": lambda ctx: ctx.once("executable", ExecutableView),
                "features": _features,
                "file": lambda ctx: ctx.once("file", FileView),
                "files": lambda ctx: ctx.once("files", FilesView),
                "fragments": lambda ctx: FragmentsValue(ctx.rule.configuration),
                "genfiles_dir": _output_root,
                "host_fragments": lambda ctx: FragmentsValue(ctx.rule.configuration),
                "info_file": lambda ctx: ctx.once("info_file", stable_status),
                "label": attrgetter("rule.label"),
                "outputs": lambda ctx: ctx.outputs,
                "split_attr": lambda ctx: ctx.once("split_attr", SplitView),
                "toolchains": lambda ctx: ctx.once("toolchains", toolchains_value),
                "var": lambda ctx: ctx.once("var", _variables),
                "version_file": lambda ctx: ctx.once("version_file", volatile_status),
                "workspace_name": lambda ctx: MAIN_RUNFILES_DIRECTORY,
            },
            methods={
                "coverage_instrumented": _coverage_instrumented,
                "expand_location": _expand_location,
                "expand_make_variables": _expand_make_variables,
                "package_relative_label": _package_relative_label,
                "runfiles": _runfiles,
                "resolve_tools": _resolve_tools,
                "super": _super,
                "target_platform_has_constraint": _has_constraint,
                "tokenize": _tokenize,
            },
            dynamic_attr=_of_aspect,
            dynamic_dir=lambda ctx: () if ctx.aspect is None else ("aspect_ids", "rule"),
            repr=_repr,
        ),
    )


def _of_aspect(ctx: StarlarkContext, name: str) -> object:
    side = ctx.aspect
    if side is None:
        return MISSING
    if name == "rule":
        return ctx.once("rule", lambda _: RuleBeneath(side.rule))
    return FrozenList(side.ids) if name == "aspect_ids" else MISSING


register(
    RuleBeneath,
    HostType(
        name="rule_attributes",
        fields={
            "attr": lambda beneath: AttributesView(beneath.rule),
            "exec_groups": lambda beneath: exec_groups_value(beneath.rule),
            "executable": lambda beneath: ExecutableView(beneath.rule),
            "file": lambda beneath: FileView(beneath.rule),
            "files": lambda beneath: FilesView(beneath.rule),
            "kind": lambda beneath: beneath.rule.target.rule_class.name,
            "toolchains": lambda beneath: toolchains_value(beneath.rule),
            "var": lambda beneath: _variables(beneath.rule),
        },
    ),
)
