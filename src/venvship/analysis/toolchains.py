"""How rules find their toolchains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from venvship.loading.rule_class import ToolchainRequirement
from venvship.model.configuration import Configuration
from venvship.model.label import Label


class ToolchainResolution(Protocol):
    """Chooses the toolchain of each type that a target asks for."""

    def resolve(
        self, requirements: Sequence[ToolchainRequirement], configuration: Configuration
    ) -> Mapping[Label, Label | None]:
        """The target that implements each toolchain type, None where none fits; raises a UserError when one must."""
        ...
