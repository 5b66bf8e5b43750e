"""`py_layer_tier`: how programs are cut into layers, said once for many images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import NamedTuple

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.images.tiers import GroupKeys
from venvship.loading.attributes import AttributeSpec, AttributeType, PlainValue
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.configuration import Configuration
from venvship.model.label import Label
from venvship.model.paths import TreePath
from venvship.model.provider import DefaultInfo
from venvship.rules import attributes
from venvship.rules.oci.compression import Compression

ROOT = "/app"


class GroupedFiles(NamedTuple):
    """Files of one target that shall be in a group's layer."""

    group: str
    label: str
    files: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LayerTierInfo:
    """The settings of a `py_layer_tier`; `first_party` are the files of targets that `groups` names, by group."""

    keys: GroupKeys = field(default_factory=GroupKeys)
    first_party: tuple[GroupedFiles, ...] = ()
    compression: Mapping[str, Compression] = field(default_factory=dict)
    interpreter_group: str = ""
    root: str = ROOT
    strip_prefix: str = ""
    uid: int = 0
    gid: int = 0

    def place(self, short_path: str) -> TreePath | None:
        """Where `root` and `strip_prefix` want a path of the main repository; None is that they say nothing of it."""
        prefix = self.strip_prefix.strip("/")
        if not prefix or not (short_path == prefix or short_path.startswith(f"{prefix}/")):
            return None
        return TreePath((self.root + short_path[len(prefix) :]).strip("/"))

    @property
    def multi_member_groups(self) -> tuple[str, ...]:
        """Groups that more than one distribution is in, or parts of more than one."""
        globs = [(wheel, group) for wheel, parts in self.keys.globs.items() for _, group in parts]
        members = Counter(group for _, group in {*self.keys.wheels.items(), *globs})
        return tuple(sorted(group for group, count in members.items() if count > 1))


def _first_party(
    label: Label, values: Mapping[str, PlainValue], configuration: Configuration
) -> Mapping[str, Sequence[Label]]:
    return {"first_party": [target for target, _ in _targets(label, values["groups"])]}


def _targets(label: Label, groups: PlainValue) -> list[tuple[Label, str]]:
    found = []
    if isinstance(groups, Mapping):
        for key, group in GroupKeys.of({str(key): str(group) for key, group in groups.items()}).targets.items():
            found.append((Label.parse(key.lstrip("@"), relative_to=label.package), group))
    return found


def _py_layer_tier(ctx: RuleContext) -> list[object]:
    keys = GroupKeys.of(ctx.string_dict("groups"))
    groups = [group for _, group in _targets(ctx.label, ctx.string_dict("groups"))]
    first_party = []
    for target, group in zip(ctx.targets("first_party"), groups, strict=True):
        info = target.default_info
        own = dict.fromkeys([*info.files.to_tuple(), *info.data_runfiles.files.to_tuple()])
        first_party.append(GroupedFiles(group, str(target.label), tuple(own)))
    return [
        DefaultInfo(),
        LayerTierInfo(
            keys,
            tuple(first_party),
            _compression(ctx),
            ctx.string("interpreter_group"),
            ctx.string("root"),
            ctx.string("strip_prefix"),
            _number(ctx, "owner"),
            _number(ctx, "group"),
        ),
    ]


def _compression(ctx: RuleContext) -> Mapping[str, Compression]:
    found: dict[str, Compression] = {}
    for group, words in ctx.string_list_dict("compression").items():
        try:
            found[group] = Compression.parse(words)
        except UserError as error:
            raise ctx.error(f"`compression` of group `{group}`: {error.message}", hint=error.hint) from error
    return found


def _number(ctx: RuleContext, name: str) -> int:
    text = ctx.string(name)
    if not text.isascii() or not text.isdigit() or int(text) > 0xFFFFFFFF:
        raise ctx.error(f"`{name}` must be a number, and is `{text}`", hint="images know users by number only")
    return int(text)


PY_LAYER_TIER = RuleClass(
    "py_layer_tier",
    (
        attributes.string_dict("groups"),
        AttributeSpec("compression", AttributeType.STRING_LIST_DICT, configurable=False),
        attributes.string("interpreter_group"),
        attributes.string("root", ROOT),
        attributes.string("strip_prefix"),
        attributes.string("owner", "0"),
        attributes.string("group", "0"),
    ),
    _py_layer_tier,
    computed_dependencies=_first_party,
)
