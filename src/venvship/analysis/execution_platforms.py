"""Execution platforms: the machines that actions may run on, in the order in which they are tried.

Those that a transition or the command line names come first, then those that modules register, and the machine itself
comes last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from venvship.analysis.platforms import HOST, PlatformTargets, machine_constraints
from venvship.dataclass import dataclass
from venvship.model.configuration import Configuration
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId

EXTRA_EXECUTION_PLATFORMS: Final = "extra_execution_platforms"
"""The option that transitions set to have platforms tried first."""

_ROOT = PackageId(MAIN_REPOSITORY, "")


@dataclass(frozen=True, slots=True, eq=False)
class ExecutionPlatform:
    """A platform as toolchain resolution sees it.

    `configuration` is that of a target which is built for the platform and nothing else. `contradictions` are the
    constraint values that this machine has not, each with what it has instead. Toolchains of other types than
    `allowed_types` are not looked for on it; None allows all.
    """

    label: Label
    configuration: Configuration
    properties: Mapping[str, str]
    required_settings: tuple[Label, ...] = ()
    allowed_types: frozenset[Label] | None = None
    contradictions: tuple[tuple[Label, Label], ...] = ()


class ExecutionPlatforms:
    """Knows the execution platforms of a workspace, whose labels `registered` gives when they are first needed."""

    def __init__(
        self,
        platforms: PlatformTargets,
        host: Configuration,
        host_label: Label,
        registered: Callable[[], Sequence[Label]],
    ) -> None:
        """`host` is the configuration of programs that run on this machine, which `host_label` describes."""
        self._platforms = platforms
        self._host = host
        self._host_label = host_label
        self._registered = registered
        self._known: dict[Label, ExecutionPlatform] = {}
        self._ordinary: tuple[ExecutionPlatform, ...] | None = None

    def available(self, configuration: Configuration) -> tuple[ExecutionPlatform, ...]:
        """The platforms for targets of a configuration, in order; raises NotAPlatform."""
        if self._ordinary is None:
            labels = dict.fromkeys([*map(self._platforms.unaliased, self._registered()), self._host_label])
            self._ordinary = tuple(self.named(label) for label in labels)
        texts = json.loads(configuration.get(EXTRA_EXECUTION_PLATFORMS) or "[]")
        if not texts:
            return self._ordinary
        every = [texts] if isinstance(texts, str) else texts
        first = [self._platforms.unaliased(Label.parse(text, relative_to=_ROOT)) for text in every]
        return tuple(dict.fromkeys([*map(self.named, first), *self._ordinary]))

    def named(self, label: Label) -> ExecutionPlatform:
        """A platform by its label, behind aliases."""
        found = self._known.get(label)
        if found is None:
            found = self._known[label] = self._read(label)
        return found

    def for_tools(self, platform: ExecutionPlatform, options: Mapping[str, str]) -> Configuration:
        """The configuration of programs that run on a platform, with `options`; flags of the platform win."""
        plain = self._host.with_options(options)
        return plain if platform.label == HOST else self._platforms.with_platform(plain, platform.label)

    def _read(self, label: Label) -> ExecutionPlatform:
        if label == HOST:
            return ExecutionPlatform(label, self._host, {})
        platforms = self._platforms
        return ExecutionPlatform(
            label,
            platforms.with_platform(self._host, label),
            platforms.properties(label),
            platforms.required_settings(label),
            platforms.allowed_types(label),
            tuple(self._contradictions(label)),
        )

    def _contradictions(self, label: Label) -> list[tuple[Label, Label]]:
        here: dict[Label, Label] = {}
        if self._host_label != HOST:
            here.update(self._platforms.constraints(self._host_label))
        # Whatever is said of it, the machine has the system and the processor that it has.
        here.update(machine_constraints(self._host.platform))
        found: list[tuple[Label, Label]] = []
        for setting, value in self._platforms.constraints(label).items():
            has = here.get(setting) or self._platforms.default_value(setting)
            if has is not None and has != value:
                found.append((value, has))
        return found
