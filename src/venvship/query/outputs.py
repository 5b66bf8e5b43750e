"""The forms in which an answer is printed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.loading.targets import PackageGroup, RuleTarget, Target
from venvship.model.label import Label
from venvship.query.attribute_texts import build_text
from venvship.query.label_names import LabelNames
from venvship.query.order import dependants_first, longest_ranks, shortest_ranks
from venvship.query.target_graph import TargetGraph

ORDERED_BY_DEPENDENCY = frozenset({"graph", "minrank", "maxrank"})


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """`root` is the directory that places are shown in, empty for places relative to the workspace."""

    form: str = "label"
    order: str = "auto"
    keep_order: bool = False
    root: str = ""
    factored: bool = True
    node_limit: int = 512


def printed(labels: Iterable[Label], graph: TargetGraph, names: LabelNames, options: OutputOptions) -> list[str]:
    """The lines of an answer."""
    targets = [target for label in _ordered(labels, graph, names, options) if (target := graph.target(label))]
    match options.form:
        case "label_kind":
            return [f"{target.kind} {names.name(target.label)}" for target in targets]
        case "location":
            return [f"{_place(target.place, options)}: {target.kind} {names.name(target.label)}" for target in targets]
        case "package":
            return sorted({names.package(target.label.package) for target in targets})
        case "build":
            return [_as_build_file(target, names, options) for target in targets if isinstance(target, RuleTarget)]
        case "json":
            return [json.dumps([_record(target, graph, names) for target in targets], indent=2)]
        case "graph":
            return _dot([target.label for target in targets], graph, names, options)
        case "minrank" | "maxrank":
            compute = shortest_ranks if options.form == "minrank" else longest_ranks
            ranks = compute([target.label for target in targets], graph.successors)
            ranked = sorted(ranks.items(), key=lambda pair: (pair[1], names.name(pair[0])))
            return [f"{rank} {names.name(label)}" for label, rank in ranked]
        case _:
            return [names.name(target.label) for target in targets]


def _ordered(labels: Iterable[Label], graph: TargetGraph, names: LabelNames, options: OutputOptions) -> Sequence[Label]:
    given = list(labels)
    match options.order:
        case "no":
            return given
        case "deps" | "full":
            return dependants_first(given, graph.successors)
        case _:
            if options.keep_order:
                return given
            if options.form in ORDERED_BY_DEPENDENCY:
                return dependants_first(given, graph.successors)
            return sorted(given, key=names.name)


def _place(place: Place, options: OutputOptions) -> Place:
    if options.root and not place.path.startswith(("/", "@")):
        return Place(f"{options.root}/{place.path}", place.line, place.column)
    return place


def _as_build_file(target: RuleTarget, names: LabelNames, options: OutputOptions) -> str:
    lines = [f"# {_place(target.place, options)}", f"{target.rule_class.name}("]
    lines.append(f'  name = "{target.label.name}",')
    if not target.visibility.is_public or "visibility" in target.attributes:
        spelling = ", ".join(f'"{one}"' for one in target.visibility.spelling)
        lines.append(f"  visibility = [{spelling}],")
    for name, value in target.attributes.items():
        if name not in ("name", "visibility"):
            lines.append(f"  {name} = {build_text(value, names)},")
    if target.generator is not None:
        lines.append(f'  generator_function = "{target.generator.function}",')
    return "\n".join([*lines, ")", ""])


def _record(target: Target, graph: TargetGraph, names: LabelNames) -> dict[str, object]:
    record: dict[str, object] = {
        "label": names.name(target.label),
        "kind": target.kind,
        "location": str(target.place),
        "dependencies": [names.name(label) for label in graph.successors(target.label)],
    }
    if not isinstance(target, PackageGroup):
        record["visibility"] = list(target.visibility.spelling)
    return record


def _dot(labels: Sequence[Label], graph: TargetGraph, names: LabelNames, options: OutputOptions) -> list[str]:
    """A graph in the language of Graphviz; nodes with the same neighbours are drawn as one if `factored`."""
    inside = set(labels)
    edges = {label: frozenset(one for one in graph.successors(label) if one in inside) for label in labels}
    incoming: dict[Label, set[Label]] = {label: set() for label in labels}
    for label, successors in edges.items():
        for one in successors:
            incoming[one].add(label)
    groups: dict[object, list[Label]] = {}
    for label in labels:
        same = (edges[label], frozenset(incoming[label])) if options.factored else label
        groups.setdefault(same, []).append(label)
    node_of = {label: members[0] for members in groups.values() for label in members}
    title = {members[0]: _node_title(members, names, options.node_limit) for members in groups.values()}
    lines = ["digraph mygraph {", "  node [shape=box];"]
    for first in title:
        lines.append(f"  {title[first]}")
        others = dict.fromkeys(node_of[one] for one in sorted(edges[first], key=names.name))
        lines.extend(f"  {title[first]} -> {title[other]}" for other in others)
    return [*lines, "}"]


def _node_title(members: Sequence[Label], names: LabelNames, limit: int) -> str:
    texts = [names.name(label).replace("\\", "\\\\").replace('"', '\\"') for label in members]
    shown: list[str] = []
    for index, text in enumerate(texts):
        if limit and shown and sum(len(one) + 2 for one in shown) + len(text) > limit:
            shown.append(f"...and {len(texts) - index} more items")
            break
        shown.append(text)
    return '"' + "\\n".join(shown) + '"'
