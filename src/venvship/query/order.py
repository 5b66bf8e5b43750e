"""The order in which answers are printed, and how far targets are from the roots of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from venvship.model.label import Label

Neighbours = Callable[[Label], Iterable[Label]]


def dependants_first(labels: Iterable[Label], successors: Neighbours) -> list[Label]:
    """Every target before those that it depends on; where that leaves a choice, by name.

    Depth first from the targets in order, successors in order, and the reverse of the order in which they are left.
    """
    chosen = sorted(labels)
    inside = frozenset(chosen)
    seen: set[Label] = set()
    left: list[Label] = []
    for start in chosen:
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(sorted(one for one in successors(start) if one in inside)))]
        while stack:
            label, rest = stack[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                left.append(label)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(sorted(one for one in successors(following) if one in inside))))
    return left[::-1]


def shortest_ranks(labels: Iterable[Label], successors: Neighbours) -> Mapping[Label, int]:
    """How few steps lead to each target from one that nothing in the answer depends on."""
    inside = dict.fromkeys(labels)
    needed = {one for label in inside for one in successors(label) if one in inside and one != label}
    ranks: dict[Label, int] = {}
    border = [label for label in inside if label not in needed]
    rank = 0
    while border:
        ranks.update(dict.fromkeys(border, rank))
        rank += 1
        following = (one for label in border for one in successors(label) if one in inside and one not in ranks)
        border = list(dict.fromkeys(following))
    # A circle that nothing outside depends on has no root.
    return {label: ranks.get(label, 0) for label in inside}


def longest_ranks(labels: Iterable[Label], successors: Neighbours) -> Mapping[Label, int]:
    """How many steps the longest way to each target has; a step that closes a circle does not count."""
    order = dependants_first(labels, successors)
    position = {label: index for index, label in enumerate(order)}
    ranks = dict.fromkeys(order, 0)
    for label in order:
        for one in successors(label):
            if position.get(one, -1) > position[label]:
                ranks[one] = max(ranks[one], ranks[label] + 1)
    return ranks
