"""Tests of analysis: the transition of what they look at, and tests that need no rule of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from venvship.loading.absent_values import AbsentSymbol
from venvship.loading.evaluation import Evaluator
from venvship.loading.rule_definition import RuleDefinition
from venvship.loading.rule_functions import package_in_progress
from venvship.loading.transition_module import TransitionDefinition, read_setting
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.starlark.builtin import Builtin
from venvship.starlark.calling import invoke
from venvship.starlark.containers import entries
from venvship.starlark.conversion import from_host
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.thread import RECORD, current_thread
from venvship.starlark.values import DICTS, Dict


def analysis_test_transition_builtin(evaluator: Evaluator) -> Builtin:
    """`analysis_test_transition`: sets settings to values that are known beforehand."""

    def analysis_test_transition(*, settings: Value) -> TransitionDefinition:
        if type(settings) not in DICTS:
            raise EvaluationError(f"settings must be a dict, not {type_name(settings)}")
        values = dict(entries(settings))
        for name in values:
            if type(name) is not str:
                raise EvaluationError(f"settings: got key of type {type_name(name)}, want string")
        change = Builtin("analysis_test_transition", lambda settings, attr: from_host(values))
        outputs = tuple(read_setting(name) for name in values)
        return TransitionDefinition(change, (), outputs, current_thread().caller_place(), evaluator)

    return Builtin("analysis_test_transition", analysis_test_transition)


def analysis_test_builtin(rule: Builtin) -> Builtin:
    """`testing.analysis_test`: declares a test whose implementation answers an AnalysisTestResultInfo."""

    def analysis_test(
        name: str,
        implementation: Value,
        attrs: Mapping[str, Value] | None = None,
        fragments: Sequence[str] = (),
        toolchains: Sequence[Value] = (),
        attr_values: Mapping[str, Value] | None = None,
    ) -> None:
        builder = package_in_progress("analysis_test")
        values = dict(entries(Dict(attr_values or {})))
        if "name" in values:
            raise EvaluationError("`name` can't be set in attr_values")
        definition = rule(implementation, attrs=attrs, fragments=fragments, toolchains=toolchains, analysis_test=True)
        if isinstance(definition, AbsentSymbol):
            invoke(definition, name=name)
            return
        assert isinstance(definition, RuleDefinition)
        rule_class = dataclasses.replace(definition.unnamed, name=f"{name}_test", defined_in=_file_of(implementation))
        place = current_thread().caller_place()
        builder.add_rule(rule_class, {**values, "name": name}, place)

    return Builtin("analysis_test", analysis_test)


def _file_of(function: Value) -> Label:
    """The `.bzl` file in which a function stands."""
    return Label.parse(function.__globals__[RECORD].label, relative_to=PackageId(MAIN_REPOSITORY, ""))
