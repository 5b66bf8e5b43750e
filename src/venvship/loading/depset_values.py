"""`depset` as a value of the language: its constructor checks what the shared graph takes for granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venvship.model.depset import Depset, IncompatibleOrders, Order
from venvship.starlark.builtin import builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.iteration import sequence
from venvship.starlark.keys import key_of
from venvship.starlark.printer import Printer
from venvship.starlark.sizes import new_elements
from venvship.starlark.thread import current_thread
from venvship.starlark.values import DICTS, LISTS, SETS, List

EMPTY: Mapping[Order, Depset[Value]] = {order: Depset(order=order) for order in Order}
"""Depsets without elements are one object for each order."""

_MUTABLE = LISTS | DICTS | SETS


@builtin("depset")
def make_depset(
    direct: Value = None,
    order: str = "default",
    *,
    transitive: Sequence[Depset] | None = None,  # type: ignore[type-arg]
) -> Depset[Value]:
    """The depset of `direct` elements and those of `transitive`; elements must be of one type and unchangeable."""
    try:
        wanted = Order(order)
    except ValueError:
        raise EvaluationError(f"Invalid order: {order}") from None
    if isinstance(direct, Depset):
        raise EvaluationError("parameter 'direct' must contain a list of elements, and may no longer accept a depset")
    elements = () if direct is None else tuple(sequence(direct))
    return joined(elements, tuple(transitive or ()), wanted)


def joined(elements: tuple[Value, ...], transitive: tuple[Depset[Value], ...], order: Order) -> Depset[Value]:
    """A depset with the checks of the language."""
    children = [child for child in transitive if child]
    kind: str | None = None
    known: type | None = None
    for element in elements:
        if type(element) is not known:
            if type(element) in _MUTABLE:
                raise EvaluationError(f"depset elements must not be mutable values, not {type_name(element)}")
            known = type(element)
            kind = _same_kind(kind, type_name(element))
        key_of(element)
    for child in children:
        kind = _same_kind(kind, _element_kind(child))
    for child in transitive:
        if child.order is not order and Order.DEFAULT not in (order, child.order):
            raise _incompatible(order, child.order)
    if not elements:
        if not children:
            return EMPTY[order]
        if len(children) == 1 and children[0].order is order:
            return children[0]
    try:
        return Depset(elements, children, order=order)
    except IncompatibleOrders as error:
        raise EvaluationError(str(error)) from None


def _incompatible(outer: Order, inner: Order) -> EvaluationError:
    return EvaluationError(f"Order '{outer.value}' is incompatible with order '{inner.value}'")


def _same_kind(known: str | None, found: str) -> str:
    if known is not None and known != found:
        raise EvaluationError(f"cannot add an item of type '{found}' to a depset of '{known}'")
    return found


def check_elements(depset: Depset[Value], wanted: str, parameter: str) -> None:
    """Refuse a depset of anything but `wanted`; without a look at all elements, as they are of one type."""
    if depset and _element_kind(depset) != wanted:
        raise EvaluationError(
            f"for parameter '{parameter}', got a depset of '{_element_kind(depset)}', expected a depset of '{wanted}'"
        )


def _element_kind(depset: Depset[Value]) -> str:
    node = depset
    while not node.direct:
        node = node.transitive[0]
    return type_name(node.direct[0])


def _to_list(depset: Depset[Value], /) -> List:
    return List(_elements(depset))


def _elements(depset: Depset[Value]) -> tuple[Value, ...]:
    """All elements, paid for; before they are known, so is the way to them, on which there may be few."""
    thread = current_thread()
    if depset.transitive and not depset.is_flat:
        thread.use_steps(4 * sum(1 for _ in depset.nodes()))
    elements = depset.to_tuple()
    thread.use_steps(len(elements))
    new_elements(len(elements))
    return elements


def _repr(depset: Depset[Value], printer: Printer) -> None:
    printer.write("depset([")
    for position, element in enumerate(_elements(depset)):
        if position:
            printer.write(", ")
        printer.repr(element)
    printer.write("]")
    if depset.order is not Order.DEFAULT:
        printer.write(f', order = "{depset.order.value}"')
    printer.write(")")


def _identical(left: Depset[Value], right: Depset[Value]) -> bool:
    return left is right


register(
    Depset,
    HostType(name="depset", methods={"to_list": _to_list}, equal=_identical, hashable=True, repr=_repr),
)
