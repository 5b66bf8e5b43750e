"""Which outputs of a target are wanted: the default ones, those of named groups, and what validates it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.model.artifact import Artifact
from venvship.model.provider import OutputGroupInfo

_DEFAULT = "default"
_VALIDATION = "_validation"


@dataclass(frozen=True, slots=True)
class OutputGroups:
    """The names of the wanted groups, in order; `validate` adds outputs that exist only to fail."""

    names: tuple[str, ...] = (_DEFAULT,)
    validate: bool = True

    @classmethod
    def parse(cls, texts: Iterable[str], *, validate: bool = True) -> OutputGroups:
        """Read `--output_groups`: names replace the default group, `+name` adds one and `-name` takes one away.

        >>> OutputGroups.parse(["+a", "-default", "b"]).names
        ('a', 'b')
        """
        every = list(texts)
        signed = all(text.startswith(("+", "-")) for text in every)
        wanted = dict.fromkeys([_DEFAULT] if signed else [])
        for text in every:
            if text.startswith("-"):
                wanted.pop(text[1:], None)
            else:
                wanted[text.removeprefix("+")] = None
        return cls(tuple(wanted), validate)

    def shown(self, target: ConfiguredTarget) -> list[Artifact]:
        """The wanted outputs of `target`, each once; a group that it does not have is empty."""
        groups = target.get(OutputGroupInfo)
        found: dict[Artifact, None] = {}
        for name in self.names:
            if name == _DEFAULT:
                found.update(dict.fromkeys(target.default_info.files.to_tuple()))
            elif groups is not None and name in groups.groups:
                found.update(dict.fromkeys(groups.groups[name].to_tuple()))
        return list(found)

    def requested(self, target: ConfiguredTarget) -> list[Artifact]:
        """Everything that must exist: the wanted outputs, what programs need to run, validations."""
        found = dict.fromkeys(self.shown(target))
        info = target.default_info
        if _DEFAULT in self.names and info.executable is not None:
            found[info.executable] = None
            found.update(dict.fromkeys(info.default_runfiles.artifacts.to_tuple()))
        groups = target.get(OutputGroupInfo)
        if self.validate and groups is not None and _VALIDATION in groups.groups:
            found.update(dict.fromkeys(groups.groups[_VALIDATION].to_tuple()))
        return list(found)


DEFAULT_OUTPUTS = OutputGroups()
