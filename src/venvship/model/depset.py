"""Depsets: immutable collections whose union costs the same for three elements or three million.

A depset is one node of a shared graph. Rules join, actions list. The four orders are those of Bazel's `depset`.
"""

from __future__ import annotations

import enum
from collections.abc import Container, Hashable, Iterable, Iterator
from typing import Any, Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Order(enum.Enum):
    DEFAULT = "default"
    POSTORDER = "postorder"
    PREORDER = "preorder"
    TOPOLOGICAL = "topological"

    # That of the standard library is a function in Python, and each union looks one up.
    __hash__ = object.__hash__


class IncompatibleOrders(ValueError):
    """Two depsets of different, non-default orders can't be joined."""

    def __init__(self, outer: Order, inner: Order) -> None:
        super().__init__(f"order '{outer.value}' is incompatible with order '{inner.value}'")


class Depset(Generic[T_co]):
    """Direct elements and other depsets; elements must be hashable and are yielded once each."""

    __slots__ = ("_flat", "direct", "order", "transitive")

    def __init__(
        self,
        direct: Iterable[T_co] = (),
        transitive: Iterable[Depset[T_co]] = (),
        *,
        order: Order = Order.DEFAULT,
    ) -> None:
        self.direct: tuple[T_co, ...] = tuple(direct)
        self.transitive: tuple[Depset[T_co], ...] = tuple([one for one in transitive if one.direct or one.transitive])
        self.order = order
        self._flat: tuple[T_co, ...] | None = None
        for child in self.transitive:
            if child.order is not order and Order.DEFAULT not in (order, child.order):
                raise IncompatibleOrders(order, child.order)

    def __bool__(self) -> bool:
        return bool(self.direct or self.transitive)

    def to_tuple(self) -> tuple[T_co, ...]:
        """All elements in this depset's order; kept after the first call."""
        if self._flat is None:
            if not self.transitive:
                self._flat = tuple(dict.fromkeys(self.direct))
            elif self.order is Order.PREORDER:
                self._flat = tuple(dict.fromkeys(_preorder(self)))
            elif self.order is Order.TOPOLOGICAL:
                self._flat = tuple(_topological(self))
            else:
                self._flat = tuple(dict.fromkeys(self._joined() or _postorder(self)))
        return self._flat

    def _joined(self) -> list[T_co] | None:
        """In postorder, with repetitions, where all children are known so and are short; None elsewhere."""
        found: list[T_co] = []
        for child in self.transitive:
            # Repetitions in long ones would cost more than going through each node once.
            if child._flat is None or child.order in _OTHER_ORDERS or len(found) > _SHORT:
                return None
            found += child._flat
        found += self.direct
        return found

    @property
    def is_flat(self) -> bool:
        """Whether `to_tuple` was called before."""
        return self._flat is not None

    @property
    def lone(self) -> T_co | None:
        """The only element, or None if there are none or several; costs no more than finding the second one."""
        found: dict[T_co, None] = {}
        for node in self.nodes():
            for element in node.direct:
                found[element] = None
                if len(found) > 1:
                    return None
        return next(iter(found), None)

    def nodes(self) -> Iterator[Depset[T_co]]:
        """Every distinct node of the graph below and including this one, children first."""
        seen: set[Depset[T_co]] = {self}
        stack: list[tuple[Depset[T_co], int]] = [(self, 0)]
        # An explicit stack: dependency chains in real workspaces outgrow Python's.
        while stack:
            node, position = stack.pop()
            if position < len(node.transitive):
                stack.append((node, position + 1))
                child = node.transitive[position]
                if child not in seen:
                    seen.add(child)
                    stack.append((child, 0))
            else:
                yield node


def union(children: Iterable[Depset[T]], *, direct: Iterable[T] = (), order: Order = Order.DEFAULT) -> Depset[T]:
    """Join depsets; returns a lone child itself when nothing is added, so that equal closures are one object."""
    own = tuple(direct)
    # By themselves, which they are equal to: calls of `id` are audited, and somebody may listen.
    unique = list(dict.fromkeys([child for child in children if child.direct or child.transitive]))
    if not own and not unique:
        return _NOTHING[order]
    if not own and len(unique) == 1 and unique[0].order in (order, Order.DEFAULT):
        return unique[0]
    return Depset(own, unique, order=order)


def without_nodes(root: Depset[T], unwanted: Container[Depset[T]], *, known: Container[Depset[T]]) -> Depset[T]:
    """`root` without those nodes of its graph that are `unwanted`; below `known` ones it is not looked for any."""
    if root in unwanted:
        return _NOTHING[root.order]
    pruned: dict[Depset[T], Depset[T]] = {}

    def pruned_children(node: Depset[T]) -> list[Depset[T]]:
        return [pruned.get(child, child) for child in node.transitive if child not in unwanted]

    stack: list[tuple[Depset[T], int]] = [(root, 0)]
    seen = {root}
    while stack:
        node, position = stack.pop()
        if position < len(node.transitive):
            stack.append((node, position + 1))
            child = node.transitive[position]
            if child not in seen and child not in unwanted and child not in known:
                seen.add(child)
                stack.append((child, 0))
            continue
        children = pruned_children(node)
        if len(children) != len(node.transitive) or any(
            new is not old for new, old in zip(children, node.transitive, strict=True)
        ):
            pruned[node] = Depset(node.direct, children, order=node.order)
    return pruned.get(root, root)


_OTHER_ORDERS = (Order.PREORDER, Order.TOPOLOGICAL)
_SHORT = 400
_NOTHING: dict[Order, Depset[Any]] = {order: Depset(order=order) for order in Order}


def _postorder(root: Depset[T]) -> Iterator[T]:
    for node in root.nodes():
        yield from node.direct


def _preorder(root: Depset[T]) -> Iterator[T]:
    seen = {id(root)}
    stack = [root]
    while stack:
        node = stack.pop()
        yield from node.direct
        stack.extend(child for child in reversed(node.transitive) if id(child) not in seen)
        while stack and id(stack[-1]) in seen:
            stack.pop()
        if stack:
            seen.add(id(stack[-1]))


def _topological(root: Depset[T]) -> list[T]:
    """Parents before children, shared leaves last: the reverse of a postorder that takes children from the right."""
    result: list[T] = []
    emitted: set[Hashable] = set()
    seen = {id(root)}
    stack: list[tuple[Depset[T], int]] = [(root, len(root.transitive) - 1)]
    while stack:
        node, position = stack.pop()
        if position >= 0:
            stack.append((node, position - 1))
            child = node.transitive[position]
            if id(child) not in seen:
                seen.add(id(child))
                stack.append((child, len(child.transitive) - 1))
        else:
            # Repetitions within one list count where they come first, as they do in the other orders.
            for element in reversed(dict.fromkeys(node.direct)):
                if element not in emitted:
                    emitted.add(element)
                    result.append(element)
    result.reverse()
    return result
