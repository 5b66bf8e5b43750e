"""Runs the implementation of a rule written in Starlark, and holds its result to what the rule promised."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import cast

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.context import StarlarkContext
from venvship.analysis.starlark_api.providers import UNSET_FILES
from venvship.dataclass import dataclass
from venvship.errors import SeveralErrors, VenvshipError
from venvship.loading.evaluation import Evaluator
from venvship.loading.native_providers import is_provider, key_of_instance, provider_name
from venvship.loading.subrule_definition import SubruleDefinition
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import AnalysisTestResultInfo, DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.starlark.builtin import Builtin
from venvship.starlark.calling import invoke
from venvship.starlark.errors import EvaluationError
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.iteration import sequence
from venvship.starlark.structs import Struct
from venvship.starlark.values import LISTS, List

ProgramProviders = Callable[[RuleContext], Iterable[object]]
"""What every program, or every test, provides beside what its rule returns."""

FollowingProviders = Callable[[RuleContext, Mapping[Hashable, object]], Iterable[object]]
"""What a target provides because of what its rule returned, by key; it may be in place of that."""

ProvidersOfAspects = Callable[[RuleContext, RuleContext, ConfiguredTarget, Mapping[Hashable, object]], Iterable[object]]
"""What an aspect provides beside what it returned; it and the rule of the target where it is have a context each."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What implementations need beside their context; the two functions give what built-in programs provide too."""

    evaluator: Evaluator
    program_providers: ProgramProviders
    test_providers: ProgramProviders
    following_providers: FollowingProviders = lambda rule, returned: ()
    providers_of_aspects: ProvidersOfAspects = lambda aspect, rule, target, returned: ()


@dataclass(frozen=True, slots=True, eq=False)
class OurImplementation:
    """The implementation of a built-in rule, which a rule written in Starlark extends."""

    function: object

    def run(self, ctx: StarlarkContext) -> Value:
        """What the rule provides as far as programs can see it; the rest is kept for the end."""
        visible: list[Value] = []
        for provider in cast(ProgramProviders, self.function)(ctx.rule):
            (visible if is_provider(provider) else ctx.unseen).append(provider)
        return List(visible)


@dataclass(frozen=True, slots=True, eq=False)
class StarlarkImplementation:
    """What `RuleClass.implementation` holds for a rule written in Starlark."""

    function: Value
    environment: Environment
    subrules: tuple[SubruleDefinition, ...] = ()
    parent: StarlarkImplementation | OurImplementation | None = None

    def __call__(self, rule: RuleContext) -> list[object]:
        ctx = StarlarkContext(rule, self.environment.evaluator)
        problems = _not_executable(rule)
        try:
            returned = self.environment.evaluator.call(_RUN, (self, ctx), context=ctx)
            providers = [] if problems else self._finished(ctx, returned)
        except VenvshipError as error:
            if error.place is not rule.place:
                error.chain = (*error.chain, f"in target `{rule.label}`, declared at {rule.place}")
            if not problems:
                raise
            problems.append(error)
        if problems:
            raise SeveralErrors(problems)
        return providers

    def run(self, ctx: StarlarkContext) -> Value:
        """Call the function, with `ctx.super()` in the sense of this rule; answers what it returned."""
        outer = ctx.subrules, ctx.run_parent
        answers: list[Value] = []

        def run_parent() -> Value:
            assert self.parent is not None
            if answers:
                raise EvaluationError("'super' can only be called once in an implementation")
            answers.append(listed(self.parent.run(ctx)))
            return answers[0]

        ctx.subrules = self.subrules
        ctx.run_parent = None if self.parent is None else run_parent
        returned = invoke(self.function, ctx)
        ctx.subrules, ctx.run_parent = outer
        if self.parent is not None and not answers:
            raise EvaluationError("'super' was not called: the rule extends another one, whose providers it needs")
        return returned

    def _finished(self, ctx: StarlarkContext, returned: Value) -> list[object]:
        rule = ctx.rule
        providers = read_providers(rule, returned)
        for closure in ctx.closures:
            freeze(closure)
        if rule.target.rule_class.is_analysis_test:
            _write_verdict(ctx, providers)
        for name in ctx.outputs.promised:
            ctx.outputs.get(name)
        providers[DefaultInfo] = _default_info(ctx, providers.get(DefaultInfo))
        check_promise(rule, providers)
        check_outputs(rule)
        for provider in providers.values():
            freeze(provider)
        following = self.environment.following_providers(rule, providers)
        providers.update({key_of_instance(provider): provider for provider in following})
        result = [*ctx.unseen, *providers.values()]
        if rule.target.rule_class.is_executable:
            result += self.environment.program_providers(rule)
        if rule.target.rule_class.is_test:
            result += self.environment.test_providers(rule)
        return result


_RUN = Builtin("rule", StarlarkImplementation.run)


def listed(returned: Value) -> Value:
    """What an implementation returned, always as a list."""
    if returned is None:
        return List()
    if is_provider(returned):
        return List([returned])
    return List(sequence(returned))


def _not_executable(rule: RuleContext) -> list[VenvshipError]:
    """What stands in attributes with `executable` and is no program; the implementation sees None there."""
    problems: list[VenvshipError] = []
    for name in rule.target.rule_class.executable_attributes:
        target = rule.target_or_none(name)
        if target is not None and target.default_info.program is None:
            problems.append(
                rule.error(f"in attribute `{name}`: `{target.label}` does not refer to a valid executable target")
            )
    return problems


def check_promise(rule: RuleContext, providers: Mapping[Hashable, object]) -> None:
    """What `provides` lists must be there."""
    missing = [provider_name(key) for key in rule.target.rule_class.provides if key not in providers]
    if missing:
        raise rule.error(
            f"{rule.target.rule_class.noun} doesn't contain declared provider"
            f"{'s' if len(missing) > 1 else ''} {', '.join(repr(name) for name in sorted(missing))}: its "
            "implementation function must return what `provides` lists"
        )


def read_providers(rule: RuleContext, returned: Value) -> dict[Hashable, object]:
    """The providers that an implementation returned, by key."""
    if returned is None:
        return {}
    if is_provider(returned):
        returned = (returned,)
    if type(returned) is Struct:
        raise rule.error(
            f"{rule.target.rule_class.noun} returned a struct; return a list of providers",
            hint="define a provider() for the fields of the struct",
        )
    if type(returned) not in LISTS and type(returned) is not tuple and not isinstance(returned, Depset):
        raise rule.error(
            f"{rule.target.rule_class.noun} should return a struct or a list, but got {type_name(returned)}"
        )
    found: dict[Hashable, object] = {}
    for position, provider in enumerate(returned.to_tuple() if isinstance(returned, Depset) else returned):
        if not is_provider(provider):
            raise rule.error(
                f"at index {position} of the list that {rule.target.rule_class.noun} returned, got element of type "
                f"{type_name(provider)}, want Info (a provider)"
            )
        key = key_of_instance(provider)
        if key in found:
            raise rule.error(
                f"multiple conflicting returned providers with key {provider_name(key)}: a rule returns each provider "
                "once"
            )
        found[key] = provider
    return found


def _default_info(ctx: StarlarkContext, given: object) -> DefaultInfo:
    """What the rule returned, completed: its outputs, its program, and the program among its own runfiles."""
    rule = ctx.rule
    info = given if isinstance(given, DefaultInfo) else DefaultInfo(files=UNSET_FILES)
    executable = info.executable
    if rule.target.rule_class.is_executable:
        if executable is None and ctx.outputs.executable_used:
            executable = rule.declare_file(rule.label.name)
        if executable is None:
            raise rule.error(
                f"the rule '{rule.target.rule_class}' is executable. It needs to create an executable File and pass "
                "it as the 'executable' parameter to the DefaultInfo it returns"
            )
        if not rule.owns(executable):
            raise rule.error(
                f"'executable' provided by an executable rule '{rule.target.rule_class}' should be created by the "
                f"same rule, and `{executable.exec_path}` is not"
            )
        if ctx.outputs.executable_used and executable != rule.declare_file(rule.label.name):
            raise rule.error(
                f"the rule '{rule.target.rule_class}' both accesses 'ctx.outputs.executable' and provides a different "
                f"executable `{executable.exec_path}`"
            )
    files = info.files
    if files is UNSET_FILES:
        promised: list[Artifact] = []
        for name in ctx.outputs.promised:
            found = ctx.outputs.get(name)
            promised += found if isinstance(found, list) else [found] if isinstance(found, Artifact) else []
        files = Depset(dict.fromkeys([*promised, *([] if executable is None else [executable])]))
    if executable is None:
        if files is info.files:
            return info
        return dataclasses.replace(info, files=files)
    own = [executable]
    default_runfiles = Runfiles.merged([info.default_runfiles], files=own)
    if info.data_runfiles is info.default_runfiles:
        data_runfiles = default_runfiles
    else:
        data_runfiles = Runfiles.merged([info.data_runfiles], files=own)
    return DefaultInfo(files, default_runfiles, data_runfiles, executable)


def _write_verdict(ctx: StarlarkContext, providers: dict[Hashable, object]) -> None:
    """The program of a test that analysis decided: it says the message and exits accordingly."""
    rule = ctx.rule
    result = providers.get(AnalysisTestResultInfo)
    if not isinstance(result, AnalysisTestResultInfo):
        raise rule.error("an analysis test must return an AnalysisTestResultInfo")
    if not rule.target.rule_class.name.endswith("_test") or providers.get(DefaultInfo) is not None:
        raise rule.error("an analysis test may not return a DefaultInfo: its program is made from its result")
    program = rule.declare_file(rule.label.name)
    text = f"#!/bin/sh\nprintf '%s\\n' {shlex.quote(result.message)}\nexit {0 if result.success else 1}\n"
    rule.write(program, text.encode("utf-8", "surrogateescape"), executable=True)
    providers[DefaultInfo] = DefaultInfo(Depset([program]), executable=program)


def check_outputs(rule: RuleContext) -> None:
    """Every declared output must have an action."""
    if not rule.declared:
        return
    made = {output.path for action in rule.actions for output in action.outputs}
    missing = sorted(path for path in rule.declared if path not in made)
    if missing:
        raise rule.error(
            "the following files have no generating action:\n" + "\n".join(f"  {path}" for path in missing),
            hint="declare an action for each of them in the rule's implementation",
        )
