"""Toolchain resolution: which registered toolchain serves a rule on a platform.

Toolchains are tried in the order of registration, after those that a transition has set. One fits when it is of the
wanted type (behind aliases, too), when its `target_settings` and `target_compatible_with` hold for the target, and its
`exec_compatible_with` for the machine that actions run on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

from venvship.errors import UserError
from venvship.loading.attributes import PlainValue, Select, labels_in
from venvship.loading.rule_class import ToolchainRequirement
from venvship.loading.targets import RuleTarget, Target
from venvship.model.configuration import Configuration
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId

EXTRA_TOOLCHAINS: Final = "extra_toolchains"
"""The option that transitions set to have toolchains tried first."""

Holds = Callable[[Label, Configuration], bool]
"""Whether a `config_setting` or `constraint_value` holds in a configuration."""


class NotAToolchain(UserError):
    """A registered label is no `toolchain` target."""


class NoMatchingToolchain(UserError):
    """No registered toolchain serves a target."""

    def __init__(self, target: RuleTarget, missing: Sequence[Label], tried: int, said: str = "") -> None:
        """`said` is what the types have to say about it."""
        super().__init__(
            f"no matching toolchains found for {', '.join(f'`{label}`' for label in missing)}, "
            f"which `{target.label}` needs; {tried} toolchains are registered",
            place=target.place,
            hint=said or "register one in MODULE.bazel with register_toolchains(), or pass --extra_toolchains",
        )


class Toolchains:
    """Chooses among registered toolchains, whose labels `registered` gives when they are first needed."""

    def __init__(self, target: Callable[[Label], Target], registered: Callable[[], Sequence[Label]]) -> None:
        self._target = target
        self._registered = registered
        self._known: list[RuleTarget] | None = None

    def chosen(
        self,
        target: RuleTarget,
        requirements: Sequence[ToolchainRequirement],
        configuration: Configuration,
        *,
        host: Configuration,
        holds: Holds,
    ) -> dict[Label, Label]:
        """Toolchain implementations by type as the rule spells it; optional ones may be missing.

        Raises NoMatchingToolchain with all mandatory types that nothing serves.
        """
        found: dict[Label, Label] = {}
        missing: list[Label] = []
        candidates = [*self._set_by_transition(configuration), *self._toolchains()]
        for requirement in requirements:
            wanted = self._behind_aliases(requirement.type)
            for candidate in candidates:
                if self._fits(candidate, wanted, configuration, host, holds):
                    [found[requirement.type]] = _labels(candidate, "toolchain")
                    break
            else:
                if requirement.mandatory:
                    missing.append(requirement.type)
        if missing:
            raise NoMatchingToolchain(target, missing, len(candidates), self._said(missing))
        return found

    def _fits(
        self, candidate: RuleTarget, wanted: Label, configuration: Configuration, host: Configuration, holds: Holds
    ) -> bool:
        [kind] = _labels(candidate, "toolchain_type")
        return (
            self._behind_aliases(kind) == wanted
            and all(holds(label, configuration) for label in _labels(candidate, "target_compatible_with"))
            and all(holds(label, configuration) for label in _labels(candidate, "target_settings"))
            and all(holds(label, host) for label in _labels(candidate, "exec_compatible_with"))
        )

    def _toolchains(self) -> list[RuleTarget]:
        if self._known is None:
            self._known = [self._toolchain(label) for label in self._registered()]
        return self._known

    def _toolchain(self, label: Label) -> RuleTarget:
        target = self._target(label)
        if not isinstance(target, RuleTarget) or target.rule_class.name != "toolchain":
            raise NotAToolchain(f"`{label}` is registered as a toolchain, and is a {target.kind}")
        return target

    def _set_by_transition(self, configuration: Configuration) -> list[RuleTarget]:
        texts = json.loads(configuration.get(EXTRA_TOOLCHAINS) or "[]")
        root = PackageId(MAIN_REPOSITORY, "")
        every = [texts] if isinstance(texts, str) else texts
        return [self._toolchain(Label.parse(text, relative_to=root)) for text in every]

    def _said(self, types: Sequence[Label]) -> str:
        found = [self._target(self._behind_aliases(label)) for label in types]
        texts = [one.value("no_match_error") for one in found if isinstance(one, RuleTarget)]
        return "; ".join(text for text in texts if isinstance(text, str) and text)

    def _behind_aliases(self, label: Label) -> Label:
        for _ in range(20):
            target = self._target(label)
            if not isinstance(target, RuleTarget) or target.rule_class.name != "alias":
                break
            [label] = _labels(target, "actual")
        return label


def _labels(target: RuleTarget, name: str) -> tuple[Label, ...]:
    value = target.value(name)
    if isinstance(value, Select):
        raise NotAToolchain(f"`{name}` of `{target.label}` can't be a select()", place=target.place)
    plain: PlainValue = value
    return labels_in(plain)
