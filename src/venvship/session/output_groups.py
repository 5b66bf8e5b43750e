"""Which outputs of a target are wanted: the default ones, those of named groups, and what validates it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.dataclass import dataclass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.provider import HIDDEN_OUTPUTS, OutputGroupInfo

_DEFAULT = "default"
_VALIDATION = "_validation"


@dataclass(frozen=True, slots=True)
class OutputGroups:
    """The names of the wanted groups, in order.

    `validate` adds outputs that exist only to fail, and `run` what a program is started with.
    """

    names: tuple[str, ...] = (_DEFAULT,)
    validate: bool = True
    run: bool = False

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

    @property
    def with_programs(self) -> bool:
        """Whether what programs need to run is among what is wanted."""
        return _DEFAULT in self.names

    def shown(self, target: ConfiguredTarget) -> list[Artifact]:
        """The wanted outputs of `target`, each once; a group that it does not have is empty."""
        return list(dict.fromkeys(file for group in self._named(target) for file in group.to_tuple()))

    def requested(self, target: ConfiguredTarget) -> Depset[Artifact]:
        """Everything that must exist: the wanted outputs, what is needed to use the target, validations."""
        found = self._named(target)
        groups = _groups(target)
        executable = target.default_info.executable
        if self.with_programs:
            found.append(groups.get(HIDDEN_OUTPUTS, Depset()))
            found.append(Depset([] if executable is None else [executable]))
        if self.run:
            found.append(target.default_info.default_runfiles.artifacts)
        if self.validate:
            found.append(groups.get(_VALIDATION, Depset()))
        return union(found)

    def _named(self, target: ConfiguredTarget) -> list[Depset[Artifact]]:
        groups = {**_groups(target), _DEFAULT: target.default_info.files}
        return [groups[name] for name in self.names if name in groups]


def _groups(target: ConfiguredTarget) -> Mapping[str, Depset[Artifact]]:
    info = target.get(OutputGroupInfo)
    return {} if info is None else info.groups


DEFAULT_OUTPUTS = OutputGroups()
OUTPUTS_TO_RUN = OutputGroups(run=True)
