"""`ctx.attr`, `ctx.file`, `ctx.files`, `ctx.executable`, `ctx.outputs`: attributes and dependencies by name.

Each is a table that computes an entry when a program first asks for it; most rules ask for few.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.transitions import SINGLE
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.native_providers import shown_value
from venvship.loading.rule_class import EXEC_GROUP_COMPATIBLE_WITH
from venvship.loading.transition_module import TransitionDefinition
from venvship.model.artifact import Artifact
from venvship.model.label import Label
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import MISSING, HostType, Value, register
from venvship.starlark.keys import key_of
from venvship.starlark.printer import Printer
from venvship.starlark.structs import print_fields
from venvship.starlark.values import Dict, FrozenList

_EMPTY = FrozenList()
_DICTS = frozenset({AttributeType.LABEL_KEYED_STRING_DICT, AttributeType.STRING_KEYED_LABEL_DICT})


class View(ABC):
    """Named entries. It holds no function that knows it: circles of all targets would wait for the collector."""

    __slots__ = ("_known", "rule")

    def __init__(self, rule: RuleContext) -> None:
        self.rule = rule
        self._known: dict[str, Value] = {}

    def get(self, name: str) -> object:
        found = self._known.get(name, MISSING)
        if found is MISSING:
            found = self.compute(name)
            if found is not MISSING:
                self._known[name] = found
        return found

    @property
    def specs(self) -> Mapping[str, AttributeSpec]:
        return self.rule.target.rule_class.attributes

    @abstractmethod
    def compute(self, name: str) -> object:
        """An entry; MISSING for a name that has none."""

    @abstractmethod
    def names(self) -> Iterable[str]:
        """Those that have one."""


class AttributesView(View):
    """`ctx.attr`."""

    __slots__ = ()

    def compute(self, name: str) -> object:
        if name == "name":
            return self.rule.label.name
        if name == "visibility":
            return FrozenList(self.rule.target.visibility.spelling)
        spec = self.specs.get(name)
        return MISSING if spec is None or name == EXEC_GROUP_COMPATIBLE_WITH else attribute_value(self.rule, spec)

    def names(self) -> Iterable[str]:
        return self.specs.keys() - {EXEC_GROUP_COMPATIBLE_WITH}


def attribute_value(rule: RuleContext, spec: AttributeSpec) -> Value:
    """The value of an attribute with targets in the places of labels."""
    name = spec.name
    kind = spec.type
    if kind is AttributeType.LABEL_LIST:
        targets = rule.targets(name)
        return FrozenList(targets) if targets else _EMPTY
    if kind is AttributeType.LABEL:
        # With a transition of a `.bzl` file there is one target for each configuration, even where that is one.
        is_list = isinstance(spec.transition, TransitionDefinition)
        return FrozenList(rule.targets(name)) if is_list else rule.target_or_none(name)
    value = rule.value(name)
    if kind is AttributeType.LABEL_LIST_DICT and isinstance(value, Mapping):
        following = iter(rule.targets(name))
        lists = Dict((key_of(key), FrozenList()) for key in value)
        for _ in rule.splits.get(name, ("",)):
            for key, labels in value.items():
                assert isinstance(labels, tuple)
                lists[key_of(key)] = FrozenList([*lists[key_of(key)], *(next(following) for _ in labels)])
        freeze(lists)
        return lists
    if kind in _DICTS and isinstance(value, Mapping):
        targets = rule.targets(name)
        # With a split transition every key is there once for each configuration.
        pairs = list(value.items()) * (len(rule.splits.get(name, ())) or 1)
        if kind is AttributeType.LABEL_KEYED_STRING_DICT:
            made = Dict((target, text) for target, (_, text) in zip(targets, pairs, strict=True))
        else:
            made = Dict((key_of(key), target) for target, (key, _) in zip(targets, pairs, strict=True))
        freeze(made)
        return made
    return shown_value(value)


class SplitView(View):
    """`ctx.split_attr`: targets of attributes with a transition, by the name of the configuration.

    The only configuration of a transition that does not split has no name.
    """

    __slots__ = ()

    def compute(self, name: str) -> object:
        names = self.rule.splits.get(name)
        if names is None:
            return MISSING
        targets = self.rule.targets(name)
        count = len(targets) // len(names)
        is_list = self.specs[name].type is not AttributeType.LABEL
        made = Dict()
        for number, one in enumerate(names):
            part = targets[number * count : (number + 1) * count]
            made[key_of(None if one == SINGLE else one)] = FrozenList(part) if is_list else part[0]
        freeze(made)
        return made

    def names(self) -> Iterable[str]:
        return self.rule.splits


class FileView(View):
    """`ctx.file`: the only file of attributes with `allow_single_file`."""

    __slots__ = ()

    def compute(self, name: str) -> object:
        spec = self.specs.get(name)
        if spec is None or not spec.allow_single_file:
            return MISSING
        files = self.rule.files(name)
        return files[0] if files else None

    def names(self) -> Iterable[str]:
        return [name for name, spec in self.specs.items() if spec.allow_single_file]


class FilesView(View):
    """`ctx.files`: all files of attributes with labels."""

    __slots__ = ()

    def compute(self, name: str) -> object:
        spec = self.specs.get(name)
        return FrozenList(self.rule.files(name)) if spec is not None and spec.type.holds_dependencies else MISSING

    def names(self) -> Iterable[str]:
        return [name for name, spec in self.specs.items() if spec.type.holds_dependencies]


class ExecutableView(View):
    """`ctx.executable`: the programs of attributes with `executable`."""

    __slots__ = ()

    def compute(self, name: str) -> object:
        spec = self.specs.get(name)
        if spec is None or not spec.executable:
            return MISSING
        target = self.rule.target_or_none(name)
        return None if target is None else target.default_info.program

    def names(self) -> Iterable[str]:
        return [name for name, spec in self.specs.items() if spec.executable]


def programs(rule: RuleContext) -> dict[Artifact, ConfiguredTarget]:
    """The targets of attributes with `executable`, by the program that each is."""
    found: dict[Artifact, ConfiguredTarget] = {}
    for name in rule.target.rule_class.executable_attributes:
        for target in rule.targets(name):
            executable = target.default_info.program
            if executable is not None:
                found[executable] = target
    return found


def promised_outputs(rule: RuleContext) -> dict[str, Label | tuple[Label, ...] | None]:
    """The labels of the files that a target promises before its rule runs, by attribute or template."""
    found: dict[str, Label | tuple[Label, ...] | None] = {}
    for name, spec in rule.target.rule_class.output_attributes.items():
        labels = rule.labels(name)
        if spec.type is AttributeType.OUTPUT_LIST:
            found[name] = labels
        else:
            found[name] = labels[0] if labels else None
    for name, file in rule.target.implicit_outputs().items():
        found[name] = rule.label.sibling(file)
    return found


class OutputsView(View):
    """`ctx.outputs`; `executable_used` says whether a program asked for the default executable.

    `promised` are the names of the others, in the order of the rule's definition.
    """

    __slots__ = ("_promised", "executable_used")

    def __init__(self, rule: RuleContext) -> None:
        super().__init__(rule)
        self._promised = promised_outputs(rule)
        self.executable_used = False

    @property
    def promised(self) -> tuple[str, ...]:
        return tuple(self._promised)

    def compute(self, name: str) -> object:
        rule, promised = self.rule, self._promised
        if name == "executable" and rule.target.rule_class.is_executable and name not in promised:
            self.executable_used = True
            return rule.declare_file(rule.label.name)
        if name not in promised:
            return MISSING
        labels = promised[name]
        if isinstance(labels, tuple):
            return FrozenList([rule.declare_file(label.name) for label in labels])
        return None if labels is None else rule.declare_file(labels.name)

    def names(self) -> Iterable[str]:
        return self._promised


def _repr(view: View, printer: Printer) -> None:
    print_fields(printer, "struct", {name: view.get(name) for name in sorted(view.names())})


for _kind in (AttributesView, ExecutableView, FilesView, FileView, OutputsView, SplitView):
    register(_kind, HostType(name="struct", dynamic_attr=_kind.get, dynamic_dir=_kind.names, repr=_repr))
