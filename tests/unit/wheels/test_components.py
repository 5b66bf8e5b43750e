from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from venvship.wheels.components import strongly_connected


@given(st.dictionaries(st.integers(0, 8), st.sets(st.integers(0, 8), max_size=4), max_size=9))
def test_components_partition_a_graph_in_the_order_of_need(edges: dict[int, set[int]]) -> None:
    graph = {str(n): [str(m) for m in edges.get(n, ())] for n in range(9)}

    def reachable(start: str) -> set[str]:
        seen, pending = set(), [start]
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending.extend(graph[name])
        return seen

    components = strongly_connected(graph)
    assert sorted(name for component in components for name in component) == sorted(graph)
    position = {name: n for n, component in enumerate(components) for name in component}
    for name in graph:
        for other in graph:
            mutual = other in reachable(name) and name in reachable(other)
            assert (position[name] == position[other]) is mutual
        assert all(position[needed] <= position[name] for needed in graph[name])
