"""What analysis has found out so far, and what it could not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from venvship.analysis.aspects import AspectKey
from venvship.analysis.configured_target import ConfiguredTarget, TargetKey
from venvship.analysis.node import AspectNode, Node
from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.loading.targets import Target
from venvship.model.label import Label

_LONGEST_CHAIN = 20


class DependencyCycle(UserError):
    """Targets depend on each other in a circle."""

    def __init__(self, path: Sequence[Label], place: Place) -> None:
        shown = [f".-> {path[0]}", *(f"|   {label}" for label in path[1:]), f"`-- {path[0]}"]
        message = "cycle in the dependency graph:\n" + "\n".join(shown)
        super().__init__(message, place=place, hint="remove one of these edges")
        self.path = tuple(path)


class Findings:
    """What both passes of analysis know: nodes, results and errors, each under the key of what it really is about.

    `canonical` leads from a key that was asked for to that one, which has another configuration or none; `requester`
    tells who was the first to ask for a key, and in which attribute.
    """

    def __init__(self, target: Callable[[Label], Target]) -> None:
        self._target = target
        self.canonical: dict[TargetKey, TargetKey] = {}
        self.nodes: dict[TargetKey, Node] = {}
        self.aspects: dict[AspectKey, AspectNode] = {}
        self.requester: dict[TargetKey, tuple[TargetKey, str]] = {}
        self.results: dict[TargetKey | AspectKey, ConfiguredTarget | None] = {}
        self.errors: dict[TargetKey | AspectKey, VenvshipError] = {}
        self._chained: set[int] = set()

    def canonical_aspect(self, key: AspectKey) -> AspectKey:
        canonical = self.canonical.get(key.target, key.target)
        return key if canonical is key.target else AspectKey(canonical, key.aspect)

    def known(self, key: TargetKey | AspectKey) -> TargetKey | AspectKey:
        return self.canonical_aspect(key) if isinstance(key, AspectKey) else self.canonical.get(key, key)

    def result(self, key: TargetKey | AspectKey) -> ConfiguredTarget | None:
        return self.results.get(self.known(key))

    def error(self, key: TargetKey | AspectKey) -> VenvshipError | None:
        return self.errors.get(self.known(key))

    def fails_with(self, key: TargetKey | AspectKey, needs: Iterable[TargetKey | AspectKey]) -> bool:
        """Whether something that `key` needs has failed; its error is that of `key` then."""
        if not self.errors:
            return False
        broken = next((error for edge in needs if (error := self.error(edge)) is not None), None)
        if broken is not None:
            self.errors[key] = broken
        return broken is not None

    def fail_aspect(self, key: AspectKey, error: VenvshipError) -> None:
        """Remember `error` for an aspect on a target; the chain is that of the target."""
        self.errors[key] = error
        if not isinstance(error, SeveralErrors) and id(error) not in self._chained:
            self._chained.add(id(error))
            error.chain = (*error.chain, *self._requests(key.target, error))

    def fail(self, key: TargetKey, error: VenvshipError) -> None:
        """Remember `error` for `key`, with the place and the chain of targets that led there."""
        if key in self.errors:
            return
        self.errors[key] = error
        for one in error.errors if isinstance(error, SeveralErrors) else (error,):
            if id(one) not in self._chained:
                self._chained.add(id(one))
                one.chain = (*one.chain, *self._requests(key, one))

    def cycle_on(self, on_path: Iterable[TargetKey | AspectKey], key: TargetKey | AspectKey) -> DependencyCycle:
        steps = list(on_path)
        path = [step.label for step in steps[steps.index(key) :]]
        return DependencyCycle(path, self._target(path[0]).place)

    def _requests(self, key: TargetKey, error: VenvshipError) -> list[str]:
        """Who asked for a target, innermost first; an error without a place gets that of the first."""
        chain: list[str] = []
        seen: set[TargetKey] = set()
        shown = error.path if isinstance(error, DependencyCycle) else ()
        step = self.requester.get(key)
        while step is not None and step[0] not in seen and len(chain) < _LONGEST_CHAIN:
            requester, attribute = step
            seen.add(requester)
            if requester.label not in shown:
                chain.append(f"needed by `{requester.label}` (attribute `{attribute}`)")
            if error.place is None:
                error.place = self._target(requester.label).place
            step = self.requester.get(requester)
        return chain
