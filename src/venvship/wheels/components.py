"""Which nodes of a graph need each other in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


def strongly_connected(graph: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Tarjan's algorithm. Each component is sorted, and comes after the components that it needs."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    components: list[tuple[str, ...]] = []
    for start in sorted(graph):
        if start in order:
            continue
        # An explicit stack: dependency chains outgrow Python's.
        work: list[tuple[str, Iterator[str]]] = []
        _enter(start, graph, work, order, lowest, stack, on_stack)
        while work:
            name, successors = work[-1]
            for successor in successors:
                if successor not in order:
                    _enter(successor, graph, work, order, lowest, stack, on_stack)
                    break
                if successor in on_stack:
                    lowest[name] = min(lowest[name], order[successor])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[name])
                if lowest[name] == order[name]:
                    component = [stack.pop()]
                    while component[-1] != name:
                        component.append(stack.pop())
                    on_stack.difference_update(component)
                    components.append(tuple(sorted(component)))
    return tuple(components)


def _enter(
    name: str,
    graph: Mapping[str, Iterable[str]],
    work: list[tuple[str, Iterator[str]]],
    order: dict[str, int],
    lowest: dict[str, int],
    stack: list[str],
    on_stack: set[str],
) -> None:
    order[name] = lowest[name] = len(order)
    stack.append(name)
    on_stack.add(name)
    work.append((name, iter(sorted(graph[name]))))
