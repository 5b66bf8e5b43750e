"""Runs the implementation of an aspect, and holds its result to what the aspect promised."""

from __future__ import annotations

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.context import AspectSide, StarlarkContext
from venvship.analysis.starlark_api.rule_function import Environment, check_outputs, check_promise, read_providers
from venvship.dataclass import dataclass
from venvship.errors import VenvshipError
from venvship.loading.native_providers import provider_name
from venvship.loading.subrule_definition import SubruleDefinition
from venvship.model.provider import DefaultInfo
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import Value


@dataclass(frozen=True, slots=True, eq=False)
class StarlarkAspect:
    """What `AspectTerms.implementation` holds for an aspect written in Starlark."""

    function: Value
    environment: Environment
    subrules: tuple[SubruleDefinition, ...] = ()

    def __call__(
        self, aspect: RuleContext, rule: RuleContext, target: ConfiguredTarget, ids: tuple[str, ...]
    ) -> list[object]:
        """Providers of the aspect on `target`, whose rule has the context `rule`."""
        ctx = StarlarkContext(aspect, self.environment.evaluator, AspectSide(rule, ids))
        ctx.subrules = self.subrules
        name = aspect.target.rule_class.name
        try:
            returned = self.environment.evaluator.call(self.function, (target, ctx), context=ctx)
            providers = read_providers(aspect, returned)
            for closure in ctx.closures:
                freeze(closure)
            if DefaultInfo in providers:
                raise aspect.error(f"the aspect '{name}' returned a {provider_name(DefaultInfo)}, which targets have")
            check_promise(aspect, providers)
            check_outputs(aspect)
        except VenvshipError as error:
            error.chain = (*error.chain, f"in aspect `{name}` on target `{rule.label}`, declared at {rule.place}")
            raise
        for provider in providers.values():
            freeze(provider)
        return [*self.environment.providers_of_aspects(aspect, rule, target, providers), *providers.values()]
