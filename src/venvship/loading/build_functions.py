"""The functions of BUILD files beside the rules: `glob`, `package`, `exports_files` and their like.

Macros find them in `native`. They act on the package whose BUILD file is running.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venvship.errors import UserError
from venvship.loading.attributes import AttributeValue, Choice, PlainValue, Select
from venvship.loading.bazel_version import BAZEL_VERSION
from venvship.loading.features import Features
from venvship.loading.label_values import read_label
from venvship.loading.package_builder import PackageBuilder
from venvship.loading.rule_functions import package_in_progress
from venvship.loading.select_values import SelectChoice, SelectExpression, make_select
from venvship.loading.targets import RuleTarget
from venvship.loading.visibility_values import read_visibility
from venvship.model.label import Label
from venvship.starlark.builtin import builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value
from venvship.starlark.structs import Struct
from venvship.starlark.thread import current_thread
from venvship.starlark.values import Dict, List

_STEPS_OF_RULE = 100


@builtin("package")
def _package(
    *,
    default_visibility: Value = None,
    default_testonly: bool | None = None,
    default_deprecation: str | None = None,
    default_applicable_licenses: Value = None,
    default_package_metadata: Value = None,
    features: Sequence[str] | None = None,
) -> None:
    builder = package_in_progress("package")
    place = current_thread().caller_place()
    given = (
        default_visibility,
        default_testonly,
        default_deprecation,
        default_applicable_licenses,
        default_package_metadata,
        features,
    )
    if builder.package_place is not None:
        raise EvaluationError("'package' can only be used once per BUILD file")
    if not any(value is not None for value in given):
        raise EvaluationError("at least one argument must be given to the 'package' function")
    builder.package_place = place
    if default_visibility is not None:
        try:
            builder.default_visibility = read_visibility(default_visibility, builder.labels)
        except UserError as error:
            builder.report(error, place)
    if default_testonly is not None:
        builder.default_testonly = default_testonly
    if default_deprecation is not None:
        builder.default_deprecation = default_deprecation
    builder.features = builder.features.overridden_by(Features.parse(features or ()))


@builtin("glob")
def _glob(
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    exclude_directories: int | bool = 1,
    allow_empty: bool | None = None,
) -> List:
    builder = package_in_progress("glob")
    if builder.files is None:
        return _nothing(builder, "glob")
    try:
        found = builder.files.glob(include, exclude, directories=not exclude_directories, allow_empty=bool(allow_empty))
    except UserError as error:
        builder.report(error, current_thread().caller_place())
        return List()
    return List(found)


def _nothing(builder: PackageBuilder, function: str) -> List:
    """The answer of a package that has no directory."""
    if builder.build_file:
        error = UserError(
            f"{function}() finds nothing: `{builder.id}` has no files, only targets",
            hint="files of a distribution are in its targets `:whl`, `:data` and `:dist_info`",
        )
        builder.report(error, current_thread().caller_place())
    return List()


@builtin("subpackages")
def _subpackages(*, include: Sequence[str], exclude: Sequence[str] = (), allow_empty: bool = False) -> List:
    builder = package_in_progress("subpackages")
    if builder.files is None:
        return _nothing(builder, "subpackages")
    try:
        return List(builder.files.subpackages(include, exclude, allow_empty=allow_empty))
    except UserError as error:
        builder.report(error, current_thread().caller_place())
        return List()


@builtin("exports_files")
def _exports_files(srcs: Sequence[str], visibility: Value = None, licenses: Value = None) -> None:
    builder = package_in_progress("exports_files")
    builder.export_files(list(srcs), visibility, current_thread().caller_place())


@builtin("package_group")
def _package_group(*, name: str, packages: Sequence[str] = (), includes: Sequence[str | Label] = ()) -> None:
    builder = package_in_progress("package_group")
    builder.add_package_group(name, tuple(packages), tuple(includes), current_thread().caller_place())


@builtin("licenses")
def _licenses(license_strings: Sequence[str], /) -> None:
    package_in_progress("licenses")


@builtin("package_name")
def _package_name() -> str:
    return package_in_progress("package_name").id.path


@builtin("repository_name")
def _repository_name() -> str:
    return f"@{package_in_progress('repository_name').id.repository}"


@builtin("repo_name")
def _repo_name() -> str:
    return package_in_progress("repo_name").id.repository


@builtin("module_name")
def _module_name() -> str | None:
    return package_in_progress("module_name").module_name


@builtin("module_version")
def _module_version() -> str | None:
    return package_in_progress("module_version").module_version()


@builtin("package_relative_label")
def _package_relative_label(input: str | Label, /) -> Label:  # noqa: A002
    builder = package_in_progress("package_relative_label")
    return input if isinstance(input, Label) else read_label(input, builder.id, builder.repository.mapping)


@builtin("package_default_visibility")
def _package_default_visibility() -> List:
    builder = package_in_progress("package_default_visibility")
    return List(builder.labels.read(text) for text in builder.default_visibility.spelling)


@builtin("existing_rule")
def _existing_rule(name: str) -> Dict | None:
    builder = package_in_progress("existing_rule")
    rule = builder.rule(name)
    return None if rule is None else _described(rule, builder)


@builtin("existing_rules")
def _existing_rules() -> Dict:
    builder = package_in_progress("existing_rules")
    rules = list(builder.rules)
    current_thread().use_steps(_STEPS_OF_RULE * len(rules))
    return Dict({rule.label.name: _described(rule, builder) for rule in rules})


FUNCTIONS: Mapping[str, Value] = {
    function.name: function
    for function in (
        _existing_rule,
        _existing_rules,
        _exports_files,
        _glob,
        _licenses,
        _module_name,
        _module_version,
        _package_default_visibility,
        _package_group,
        _package_name,
        _package_relative_label,
        _repo_name,
        _repository_name,
        _subpackages,
    )
}
"""What BUILD files and `native` share."""


def build_names(rules: Mapping[str, Value]) -> dict[str, Value]:
    """The names of BUILD files."""
    return {**FUNCTIONS, "package": _package, "select": make_select, **rules}


def native_module(rules: Mapping[str, Value]) -> Struct:
    """The value of `native` in `.bzl` files."""
    return Struct({**FUNCTIONS, "bazel_version": BAZEL_VERSION, **rules})


_UNSAID = frozenset({"deprecation", "name", "testonly", "visibility"})
"""Attributes that are shown when they are set, or apart from the others."""


def _described(rule: RuleTarget, builder: PackageBuilder) -> Dict:
    """What a rule was given, as `existing_rule` shows it."""
    described = Dict({"name": rule.label.name, "kind": rule.rule_class.name})
    for name, spec in rule.rule_class.attributes.items():
        given = rule.attributes.get(name)
        if given is None and (name in _UNSAID or spec.computed_default is not None):
            continue
        value = rule.value(name)
        if value is not None and not spec.is_private:
            described[name] = _shown_value(value, builder)
    described["visibility"] = tuple(rule.visibility.spelling)
    if rule.generator is not None:
        described["generator_function"] = rule.generator.function
        described["generator_name"] = rule.label.name
        described["generator_location"] = str(rule.place)
    return described


def _shown_value(value: AttributeValue, builder: PackageBuilder) -> Value:
    if isinstance(value, Select):
        return SelectExpression(
            tuple(
                SelectChoice(
                    Dict(
                        {_shown_label(key, builder): _shown_plain(one, builder) for key, one in part.branches.items()}
                    ),
                    part.no_match_error,
                )
                if isinstance(part, Choice)
                else _shown_plain(part, builder)
                for part in value.parts
            )
        )
    return _shown_plain(value, builder)


def _shown_plain(value: PlainValue, builder: PackageBuilder) -> Value:
    if isinstance(value, Label):
        return _shown_label(value, builder)
    if isinstance(value, tuple):
        return tuple(_shown_plain(element, builder) for element in value)
    if isinstance(value, Mapping):
        return Dict({_shown_plain(key, builder): _shown_plain(item, builder) for key, item in value.items()})
    return value


def _shown_label(label: Label, builder: PackageBuilder) -> str:
    return f":{label.name}" if label.package == builder.id else str(label)
