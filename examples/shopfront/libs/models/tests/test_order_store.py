from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from shop_models.order import OrderLine
from shop_models.order_store import OrderStore

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MUGS = OrderLine(sku="MUG-001", title="Stoneware mug", quantity=2, net=Decimal("24.00"), vat=Decimal("4.56"))


@pytest.fixture
def store() -> Iterator[OrderStore]:
    store = OrderStore.open("sqlite://")
    yield store
    store.close()


def add(store: OrderStore, customer: str, placed_at: datetime = NOON) -> int:
    order = store.add(
        customer=customer, placed_at=placed_at, lines=[MUGS], shipping=Decimal("4.90"), total=Decimal("33.46")
    )
    return order.number


def test_an_order_comes_back_as_it_was_placed(store: OrderStore) -> None:
    order = store.get(add(store, "ada"))
    assert order is not None
    assert (order.number, order.customer, order.placed_at) == (1, "ada", NOON)
    assert order.lines == (MUGS,)
    assert order.total == Decimal("33.46")


def test_times_are_kept_in_utc(store: OrderStore) -> None:
    evening = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    order = store.get(add(store, "ada", evening))
    assert order is not None
    assert order.placed_at == NOON


def test_orders_are_listed_by_customer(store: OrderStore) -> None:
    for customer in ("ada", "bob", "ada"):
        add(store, customer)
    assert [order.number for order in store.orders(customer="ada")] == [1, 3]
    assert store.count() == 3


def test_a_missing_order_is_none(store: OrderStore) -> None:
    assert store.get(7) is None


def test_a_file_outlives_the_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'orders.db'}"
    first = OrderStore.open(url)
    add(first, "ada")
    first.close()
    again = OrderStore.open(url)
    assert again.count() == 1
    again.close()
