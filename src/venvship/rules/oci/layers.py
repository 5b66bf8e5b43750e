"""`py_image_layer`: programs as image layers, from what changes least to what changes most.

The interpreter and every large wheel are layers that their own targets make, with the same bytes in every image. The
other wheels share layers; then come the venv's links, the launcher, and the first-party code.
Which path lies in which layer follows from `PyExecutableInfo`, whose parts are never mixed, and from the settings of a
`py_layer_tier`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.archives.layer import LayerEntry, LayerFile, LayerLink, LayerPlan, LayerTree
from venvship.dataclass import dataclass
from venvship.images.layers import LayerGroup, layer_request, plan_layers
from venvship.images.tiers import MOST_LAYERS, GroupKeys, Tier, TierWheel, plan_tiers
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.label import MAIN_RUNFILES_DIRECTORY
from venvship.model.paths import TreePath, join, relative_link
from venvship.model.provider import DefaultInfo, OutputGroupInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.oci.compression import DEFAULT, Compression
from venvship.rules.oci.placement import PROGRAM_IN_IMAGE, RUNFILES_IN_IMAGE
from venvship.rules.oci.platforms import platform_transition
from venvship.rules.oci.runfiles_entries import artifact_entry, forest_entries, runfiles_entries
from venvship.rules.oci.tier import GroupedFiles, LayerTierInfo
from venvship.rules.python.providers import LayerRecord, PyExecutableInfo, WheelRecord

APP, LAUNCHER, VENV = "app", "launcher", "venv"
_MANY_BINARIES = "/app/bin"


@dataclass(frozen=True, slots=True)
class LayerReason:
    """Why a layer is what it is, and what it holds in a few words."""

    layer: str
    reason: str
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ImageLayersInfo:
    """Layers for an image, lowest first, and a reason for each; `programs` are trees with machine code, by name.

    `launchers` are the names of the programs with the paths that start them.
    """

    layers: tuple[LayerRecord, ...]
    reasons: tuple[LayerReason, ...] = ()
    programs: tuple[tuple[str, Artifact], ...] = ()
    launchers: tuple[tuple[str, TreePath], ...] = ()


@dataclass(slots=True)
class _Group:
    """What shall be one layer. `made` is the layer that a wheel or the interpreter makes of the same entry itself."""

    name: str
    reason: str
    entries: list[LayerEntry]
    holds: tuple[str, ...] = ()
    made: LayerRecord | None = None
    shared: bool = False
    size: int = 0


def _py_image_layer(ctx: RuleContext) -> list[object]:
    programs = _programs(ctx)
    [tier] = ctx.provided("layer_tier", LayerTierInfo) or (LayerTierInfo(),)
    compression = {**tier.compression, **_levels(ctx)}
    groups = [
        *_first_party_groups(_rule_groups(ctx), programs, "`groups` of this target names it"),
        *_first_party_groups(tier.first_party, programs, "`groups` of the tier names it"),
        *_interpreters(programs, tier),
        *_wheels(programs, tier),
        _venvs(programs),
        _launchers(ctx, programs, tier),
        _app(programs, tier),
    ]
    merged = _merged(groups)
    _check_names(ctx, compression, merged)
    plans = {
        plan.name: plan
        for plan in plan_layers(LayerGroup(group.name, tuple(group.entries), group.shared) for group in merged)
    }
    layers: list[LayerRecord] = []
    reasons: list[LayerReason] = []
    for group in merged:
        if group.name not in plans:
            continue
        layers.append(_layer(ctx, group, plans[group.name], tier, compression.get(group.name, DEFAULT)))
        reasons.append(LayerReason(layers[-1].name, group.reason, group.holds))
    _check_counts(ctx, merged, len(layers))
    explanation = ctx.declare_file(f"{ctx.label.name}_layers.json")
    ctx.write(explanation, _explained(reasons))
    blobs = Depset([layer.blob for layer in layers])
    sources = Depset([layer.blob for layer in layers if layer.name == APP])
    below = Depset([layer.blob for layer in layers if layer.name != APP])
    return [
        DefaultInfo(files=blobs, default_runfiles=Runfiles(files=blobs)),
        OutputGroupInfo({"deps": below, "sources": sources, "_validation": Depset([explanation])}),
        ImageLayersInfo(tuple(layers), tuple(reasons), _trees(programs), _places(ctx, programs, tier)),
    ]


def _trees(programs: Sequence[tuple[str, PyExecutableInfo]]) -> tuple[tuple[str, Artifact], ...]:
    """The interpreters and the wheels."""
    found: dict[Artifact, str] = {}
    for _, program in programs:
        runtime = program.venv.runtime
        if runtime.directory is not None:
            found.setdefault(runtime.directory, f"Python {runtime.full_version}")
        for record in program.wheels.to_tuple():
            found.setdefault(record.install, _named(record))
    return tuple((name, tree) for tree, name in found.items())


def _programs(ctx: RuleContext) -> tuple[tuple[str, PyExecutableInfo], ...]:
    """Names and programs of `binary` or `binaries`."""
    targets: list[ConfiguredTarget] = [*ctx.targets("binary"), *ctx.targets("binaries")]
    if not targets or (ctx.targets("binary") and ctx.targets("binaries")):
        raise ctx.error("give either `binary` or `binaries`")
    programs = tuple((target.label.name.rpartition("/")[2], target[PyExecutableInfo]) for target in targets)
    names = [name for name, _ in programs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ctx.error(f"several binaries are called {', '.join(f'`{name}`' for name in twice)}")
    return programs


def _levels(ctx: RuleContext) -> Mapping[str, Compression]:
    found: dict[str, Compression] = {}
    for group, level in ctx.string_dict("group_compress_levels").items():
        if not level.isdigit() or not 1 <= int(level) <= 9:
            raise ctx.error(f"`group_compress_levels` of `{group}` must be 1 to 9, and is `{level}`")
        found[group] = Compression("gzip", int(level))
    return found


def _rule_groups(ctx: RuleContext) -> list[GroupedFiles]:
    """The files of the targets that the rule's own `groups` names."""
    return [
        GroupedFiles(group, str(target.label), target.default_info.files.to_tuple())
        for target, group in zip(ctx.targets("groups"), ctx.label_dict("groups").values(), strict=True)
    ]


def _first_party_groups(
    grouped: Iterable[GroupedFiles], programs: Sequence[tuple[str, PyExecutableInfo]], reason: str
) -> list[_Group]:
    """Groups of those files that a program has at run time: a tier may name more than one program needs."""
    needed: set[Artifact] = set()
    for _, program in programs:
        needed.update(artifact for artifact in program.first_party_runfiles.entries().values() if artifact is not None)
    groups = []
    for group, label, files in sorted(grouped, key=lambda row: row[:2]):
        entries = [
            artifact_entry(file, join(RUNFILES_IN_IMAGE, file.runfiles_path), origin=label)
            for file in files
            if file in needed
        ]
        if entries:
            groups.append(_Group(group, reason, entries, (label,)))
    return groups


def _interpreters(programs: Sequence[tuple[str, PyExecutableInfo]], tier: LayerTierInfo) -> list[_Group]:
    groups = []
    runtimes = {program.venv.runtime.files.to_tuple(): program.venv.runtime for _, program in programs}
    for files, runtime in runtimes.items():
        name = f"Python {runtime.full_version}"
        entries = [
            artifact_entry(file, join(RUNFILES_IN_IMAGE, file.runfiles_path), origin="interpreter") for file in files
        ]
        # One of the machine that the image is for is a matter of its base.
        if entries:
            reason = (
                "`interpreter_group` names it" if tier.interpreter_group else "the interpreter, equal in all images"
            )
            groups.append(_Group(tier.interpreter_group or name, reason, entries, (name,), runtime.layer, shared=True))
    return groups


def _wheels(programs: Sequence[tuple[str, PyExecutableInfo]], tier: LayerTierInfo) -> list[_Group]:
    records = list(dict.fromkeys(record for _, program in programs for record in program.wheels.to_tuple()))
    by_wheel = {
        # By where it lies as well: there may be one for each of several Pythons.
        TierWheel(
            _key_in(tier.keys, record), f"{record.version} {record.install.runfiles_path}", record.unpacked_size
        ): record
        for record in records
    }
    return [_wheel_group(tier_, by_wheel) for tier_ in plan_tiers(tuple(by_wheel), tier.keys)]


def _key_in(keys: GroupKeys, record: WheelRecord) -> str:
    """How `groups` names a distribution: by its hub or, as for rules_py, by `@pip` whatever its hub is called."""
    own = f"@{record.label.repository}//{record.label.package.path}"
    of_any_hub = f"@pip//{record.label.package.path}"
    named = {*keys.wheels, *keys.globs}
    return of_any_hub if of_any_hub in named and own not in named else own


def _wheel_group(tier: Tier, records: Mapping[TierWheel, WheelRecord]) -> _Group:
    entries: list[LayerEntry] = []
    for part in tier.parts:
        record = records[part.wheel]
        entries.append(
            LayerTree(
                TreePath(join(RUNFILES_IN_IMAGE, record.install.runfiles_path)),
                record.install,
                record.archive,
                include=part.include,
                exclude=part.exclude,
                origin=_named(record),
            )
        )
    holds = tuple(_named(records[part.wheel]) for part in tier.parts)
    alone = len(tier.parts) == 1 and tier.parts[0].is_whole
    record = records[tier.parts[0].wheel]
    # A wheel that nobody grouped is called as its own layer is.
    name = record.layer.name if tier.name == tier.parts[0].wheel.key else tier.name
    return _Group(name, tier.reason, entries, holds, record.layer if alone else None, shared=True, size=tier.size)


def _named(record: WheelRecord) -> str:
    return f"{record.project} {record.version}"


def _venvs(programs: Sequence[tuple[str, PyExecutableInfo]]) -> _Group:
    """The venvs themselves: link texts are known from the plan, so nothing is read to find them."""
    entries: list[LayerEntry] = []
    venvs = dict.fromkeys(program.venv for _, program in programs)
    for venv in venvs:
        entries += forest_entries(venv.forest, RUNFILES_IN_IMAGE, origin=str(venv.label))
    return _Group(VENV, "links of the venv, which change with the set of wheels", entries, tuple(map(_label, venvs)))


def _label(venv: object) -> str:
    return str(getattr(venv, "label", ""))


def _launchers(ctx: RuleContext, programs: Sequence[tuple[str, PyExecutableInfo]], tier: LayerTierInfo) -> _Group:
    """The native programs, and beside each one the name under which it looks for its runfiles."""
    entries: list[LayerEntry] = []
    for (name, program), (_, place) in zip(programs, _places(ctx, programs, tier), strict=True):
        if not place:
            raise ctx.error("`root` must be the path of a file, such as `/app`")
        entries.append(LayerFile(place, program.launcher, executable=True, origin=name))
        # What the program may ask about its build: with a stamp it differs each time, so it lies with what is small.
        entries += runfiles_entries(program.stage2_runfiles, RUNFILES_IN_IMAGE, origin=name)
        if place != PROGRAM_IN_IMAGE:
            runfiles = TreePath(f"{place}.runfiles")
            entries.append(LayerLink(runfiles, relative_link(runfiles, TreePath(RUNFILES_IN_IMAGE)), origin=name))
    return _Group(
        LAUNCHER, "what starts the program; it changes with its arguments", entries, tuple(name for name, _ in programs)
    )


def _places(
    ctx: RuleContext, programs: Sequence[tuple[str, PyExecutableInfo]], tier: LayerTierInfo
) -> tuple[tuple[str, TreePath], ...]:
    """Where each program is started."""
    directory = ctx.string("launcher_dir") or (_MANY_BINARIES if len(programs) > 1 else "")
    if directory:
        return tuple((name, TreePath(join(directory, name).strip("/"))) for name, _ in programs)
    root = TreePath(tier.root.strip("/"))
    return tuple((name, tier.place(program.launcher.short_path) or root) for name, program in programs)


def _app(programs: Sequence[tuple[str, PyExecutableInfo]], tier: LayerTierInfo) -> _Group:
    entries: list[LayerEntry] = []
    # Of all programs: one may carry another of them as data.
    taken: set[Artifact] = set()
    for _, program in programs:
        taken.update(program.venv.entries.to_tuple())
        taken.update(record.install for record in program.wheels.to_tuple())
        taken.update(program.venv.runtime.files.to_tuple())
        taken.update(one for one in program.stage2_runfiles.entries().values() if one is not None)
    for name, program in programs:
        entries += runfiles_entries(program.first_party_runfiles, RUNFILES_IN_IMAGE, without=taken, origin=name)
    # The program finds its files by their runfiles paths, so what `strip_prefix` moves is a second name.
    main = join(RUNFILES_IN_IMAGE, MAIN_RUNFILES_DIRECTORY) + "/"
    for entry in tuple(entries):
        place = tier.place(entry.path.removeprefix(main)) if entry.path.startswith(main) else None
        if place is not None:
            entries.append(LayerLink(place, relative_link(place, entry.path), origin=entry.origin))
    return _Group(APP, "first-party code and data", entries, tuple(name for name, _ in programs))


def _merged(groups: Iterable[_Group]) -> list[_Group]:
    """Groups of one name become one, at the place of the first."""
    found: dict[str, _Group] = {}
    for group in groups:
        present = found.get(group.name)
        if present is None:
            found[group.name] = group
            continue
        present.entries = [*present.entries, *group.entries]
        present.holds = (*present.holds, *group.holds)
        present.made = None
        present.size += group.size
        present.shared = present.shared and group.shared
    return list(found.values())


def _layer(
    ctx: RuleContext, group: _Group, plan: LayerPlan, tier: LayerTierInfo, compression: Compression
) -> LayerRecord:
    plain = compression == DEFAULT and tier.uid == tier.gid == 0
    if group.made is not None and plain and len(plan.entries) == len(group.entries):
        return LayerRecord(group.name, group.made.blob, group.made.descriptor)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", group.name)
    blob = ctx.declare_file(f"{ctx.label.name}_{name}{compression.suffix}")
    descriptor = ctx.declare_file(f"{ctx.label.name}_{name}.json")
    ctx.run_tool(
        "write_layer",
        layer_request(
            plan,
            blob=blob,
            descriptor=descriptor,
            compression=compression.algorithm,
            compressor=compression.compressor,
            level=compression.level,
            uid=tier.uid,
            gid=tier.gid,
        ),
        inputs=plan.artifacts,
        outputs=[blob, descriptor],
        mnemonic="ImageLayer",
        progress=f"Writing layer `{group.name}` of {ctx.label}",
        placeless=True,
    )
    return LayerRecord(group.name, blob, descriptor)


def _check_names(ctx: RuleContext, compression: Mapping[str, Compression], groups: Sequence[_Group]) -> None:
    requirements = ctx.target.value("group_execution_requirements")
    asked = {*compression, *(requirements if isinstance(requirements, Mapping) else ())}
    # The names that the interpreter and the large wheels have of themselves are not what anybody would write.
    aliases = {"packages", "default"}
    unknown = sorted(str(name) for name in asked if name not in {group.name for group in groups} | aliases)
    if unknown:
        ctx.warn(f"no layer is called {', '.join(f'`{name}`' for name in unknown)}; there are {_names(groups)}")


def _names(groups: Iterable[_Group]) -> str:
    return ", ".join(f"`{group.name}`" for group in groups)


def _check_counts(ctx: RuleContext, groups: Iterable[_Group], count: int) -> None:
    if count > MOST_LAYERS:
        raise ctx.error(
            f"the image gets {count} layers; container engines take {MOST_LAYERS}", hint="name fewer groups"
        )
    most = ctx.integer("warn_layer_count")
    if most and count > most:
        ctx.warn(f"{count} layers, and container engines take {MOST_LAYERS}; a base brings its own")
    threshold = ctx.integer("warn_remote_cache_threshold_mb")
    for group in groups:
        if threshold and group.made is None and group.size > threshold << 20:
            held = ", ".join(group.holds)
            ctx.warn(f"layer `{group.name}` unpacks to {group.size >> 20} MiB, more than {threshold}: {held}")


def _explained(reasons: Iterable[LayerReason]) -> bytes:
    rows = [{"layer": row.layer, "reason": row.reason, "holds": list(row.holds)} for row in reasons]
    return json.dumps(rows, indent=1, ensure_ascii=False).encode() + b"\n"


PY_IMAGE_LAYER = RuleClass(
    "py_image_layer",
    (
        attributes.label("binary", providers=(PyExecutableInfo,)),
        attributes.labels("binaries", providers=(PyExecutableInfo,)),
        AttributeSpec("groups", AttributeType.LABEL_KEYED_STRING_DICT, allow_files=True),
        AttributeSpec("group_execution_requirements", AttributeType.STRING_LIST_DICT, configurable=False),
        attributes.string_dict("group_compress_levels"),
        attributes.integer("warn_remote_cache_threshold_mb", 200),
        attributes.integer("warn_layer_count", 90),
        attributes.string("platform"),
        attributes.label("layer_tier", providers=(LayerTierInfo,)),
        attributes.string("launcher_dir"),
    ),
    _py_image_layer,
    transition=platform_transition,
)
