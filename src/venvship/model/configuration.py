"""Build configurations: what a target is built for and with which options."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from venvship.dataclass import dataclass
from venvship.model.platform import Platform

COMPILATION_MODE = "compilation_mode"
PYTHON_VERSION = "@aspect_rules_py//py:python_version"
DEP_GROUP = "dep_group"


_KNOWN: dict[tuple[Platform, tuple[tuple[str, str], ...]], Any] = {}


@dataclass(frozen=True)
class Configuration:
    """A platform and the options that differ from their defaults, sorted by name.

    Option names are those of flags (`compilation_mode`, `define:NAME`) or labels of build settings. An option that
    is set to its default is left out, so that equal configurations are equal values, and one object.
    """

    platform: Platform
    options: tuple[tuple[str, str], ...] = ()

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __new__(cls, platform: Platform, options: tuple[tuple[str, str], ...] = ()) -> Self:
        key = (platform, options)
        known: Self | None = _KNOWN.get(key)
        return _KNOWN.setdefault(key, object.__new__(cls)) if known is None else known

    def get(self, name: str, default: str = "") -> str:
        return self._lookup.get(name, default)

    def with_options(self, changes: Mapping[str, str]) -> Configuration:
        """A configuration with `changes` applied; an empty value takes an option back to its default."""
        merged = {**self._lookup, **changes}
        options = tuple(sorted((name, value) for name, value in merged.items() if value))
        return self if options == self.options else Configuration(self.platform, options)

    @cached_property
    def _lookup(self) -> dict[str, str]:
        return dict(self.options)

    @cached_property
    def directory(self) -> str:
        """The directory of this configuration's outputs: readable, with a hash of unusual options."""
        mode = self.get(COMPILATION_MODE, "fastbuild")
        rest = [option for option in self.options if option[0] != COMPILATION_MODE]
        name = f"{self.platform}-{mode}"
        if not rest:
            return name
        text = "\n".join(f"{key}={value}" for key, value in rest)
        return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
