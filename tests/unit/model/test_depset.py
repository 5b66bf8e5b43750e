from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.model.depset import Depset, IncompatibleOrders, Order, union

ORDERS = list(Order)


def dag(order: Order) -> Depset[str]:
    d = Depset(["d1", "d2"], order=order)
    b = Depset(["b1"], [d], order=order)
    c = Depset(["c1", "d1"], [d], order=order)
    return Depset(["a1", "a2"], [b, c], order=order)


def chain(order: Order) -> Depset[str]:
    last = Depset(["z"], order=order)
    for number in range(4):
        last = Depset([f"n{number}"], [last], order=order)
    return last


def wide(order: Order) -> Depset[str]:
    return Depset((), [Depset([str(number), "same"], order=order) for number in range(3)], order=order)


def shared(order: Order) -> Depset[str]:
    x = Depset(["x"], order=order)
    y = Depset(["y"], [x], order=order)
    z = Depset(["z"], [x, y], order=order)
    return Depset(["w"], [z, y, x], order=order)


def repeated(order: Order) -> Depset[str]:
    return Depset(["a", "b", "a"], [Depset(["b", "c"], order=order)], order=order)


# What Bazel answers (the case `depset_orders`), for dag, chain, wide, shared and repeated.
ANSWERS = {
    Order.DEFAULT: ["d1 d2 b1 c1 a1 a2", "z n0 n1 n2 n3", "0 same 1 2", "x y z w", "b c a"],
    Order.POSTORDER: ["d1 d2 b1 c1 a1 a2", "z n0 n1 n2 n3", "0 same 1 2", "x y z w", "b c a"],
    Order.PREORDER: ["a1 a2 b1 d1 d2 c1", "n3 n2 n1 n0 z", "0 same 1 2", "w z x y", "a b c"],
    Order.TOPOLOGICAL: ["a1 a2 b1 c1 d1 d2", "n3 n2 n1 n0 z", "0 1 2 same", "w z y x", "a b c"],
}


@pytest.mark.parametrize("order", ORDERS)
def test_orders_are_those_of_bazel(order: Order) -> None:
    depsets = [dag(order), chain(order), wide(order), shared(order), repeated(order)]
    assert [" ".join(depset.to_tuple()) for depset in depsets] == ANSWERS[order]


def test_a_repeated_element_counts_where_it_comes_first() -> None:
    for order in ORDERS:
        assert Depset(["a", "b", "a"], order=order).to_tuple() == ("a", "b")
        assert Depset(["a", "b", "a"], [Depset(["c"], order=order)], order=order).to_tuple()[-3:] in (
            ("c", "a", "b"),
            ("a", "b", "c"),
        )


def test_orders_that_differ_do_not_mix_unless_one_is_the_default() -> None:
    inner = Depset(["q"], order=Order.PREORDER)
    assert Depset(["p"], [inner]).to_tuple() == ("q", "p")
    assert Depset(["p"], [Depset(["q"])], order=Order.TOPOLOGICAL).to_tuple() == ("p", "q")
    with pytest.raises(IncompatibleOrders, match="order 'postorder' is incompatible with order 'preorder'"):
        Depset(["p"], [inner], order=Order.POSTORDER)


def test_an_empty_depset_is_false_and_is_dropped_from_unions() -> None:
    empty: Depset[str] = Depset()
    assert not empty
    assert not Depset((), [empty, Depset((), [empty])])
    assert Depset(["a"], [empty]).transitive == ()


def test_a_union_of_one_depset_is_that_depset() -> None:
    only = Depset(["a"])
    assert union([only, only, Depset()]) is only
    assert union([only], direct=["b"]).to_tuple() == ("a", "b")
    assert union([only], order=Order.PREORDER) is only
    assert union([Depset(["p"], order=Order.PREORDER)]).order is Order.DEFAULT


def test_depth_is_limited_by_memory_alone() -> None:
    for order in ORDERS:
        last = Depset([0], order=order)
        for number in range(1, 20_000):
            last = Depset([number], [last], order=order)
        assert len(last.to_tuple()) == 20_000
        assert sum(1 for _ in last.nodes()) == 20_000


def test_a_closure_with_exponentially_many_paths_is_flattened_once() -> None:
    for order in ORDERS:
        last = Depset(["leaf"], order=order)
        for number in range(200):
            last = Depset([str(number)], [last, Depset((), [last], order=order), last], order=order)
        assert len(last.to_tuple()) == 201


# A naive model: recursion over the definition, on graphs given as lists of earlier nodes.

Graph = list[tuple[list[int], list[int]]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 8))
    return [
        (
            draw(st.lists(st.integers(0, 6), max_size=3)),
            draw(st.lists(st.integers(0, index - 1), max_size=3)) if index else [],
        )
        for index in range(size)
    ]


def built(graph: Graph, order: Order) -> Depset[int]:
    nodes: list[Depset[int]] = []
    for direct, children in graph:
        nodes.append(Depset(direct, [nodes[child] for child in children], order=order))
    return nodes[-1]


def unique(elements: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(elements))


def postorder(graph: Graph, node: int) -> list[int]:
    direct, children = graph[node]
    return [element for child in children for element in postorder(graph, child)] + direct


def preorder(graph: Graph, node: int) -> list[int]:
    direct, children = graph[node]
    return direct + [element for child in children for element in preorder(graph, child)]


def topological(graph: Graph, node: int) -> list[int]:
    """Mirror every list, take the postorder, and read it backwards."""
    mirrored = [(unique(direct)[::-1], children[::-1]) for direct, children in graph]
    return unique(postorder(mirrored, node))[::-1]


@given(graphs())
def test_every_order_is_that_of_a_naive_model(graph: Graph) -> None:
    last = len(graph) - 1
    assert list(built(graph, Order.DEFAULT).to_tuple()) == unique(postorder(graph, last))
    assert list(built(graph, Order.POSTORDER).to_tuple()) == unique(postorder(graph, last))
    assert list(built(graph, Order.PREORDER).to_tuple()) == unique(preorder(graph, last))
    assert list(built(graph, Order.TOPOLOGICAL).to_tuple()) == topological(graph, last)


@pytest.mark.parametrize("order", ORDERS)
def test_a_child_that_was_listed_in_its_own_order_changes_nothing(order: Order) -> None:
    child = Depset([2], [Depset([1]), Depset([4], [Depset([5])])], order=order)
    before = Depset([3], [child]).to_tuple()
    child.to_tuple()
    assert Depset([3], [child]).to_tuple() == before == (1, 5, 4, 2, 3)


@given(graphs(), st.sets(st.integers(0, 7)))
def test_what_was_listed_before_changes_nothing(graph: Graph, listed: set[int]) -> None:
    nodes: list[Depset[int]] = []
    for number, (direct, children) in enumerate(graph):
        nodes.append(Depset(direct, [nodes[child] for child in children]))
        if number in listed:
            nodes[-1].to_tuple()
    assert list(nodes[-1].to_tuple()) == unique(postorder(graph, len(graph) - 1))


def test_closures_of_a_long_chain_are_listed_one_after_the_other() -> None:
    chain = Depset([0])
    for number in range(1, 1500):
        chain = Depset([number], [chain])
        assert chain.to_tuple()[-1] == number
    assert chain.to_tuple() == tuple(range(1500))


@given(graphs())
def test_nodes_come_children_first_and_once(graph: Graph) -> None:
    root = built(graph, Order.DEFAULT)
    nodes = list(root.nodes())
    position = {id(node): index for index, node in enumerate(nodes)}
    assert len(position) == len(nodes)
    assert nodes[-1] is root
    for node in nodes:
        assert all(position[id(child)] < position[id(node)] for child in node.transitive)
