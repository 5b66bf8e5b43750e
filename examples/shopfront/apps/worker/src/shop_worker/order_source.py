"""Where the orders of a job come from."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import numpy as np
from sqlalchemy.exc import OperationalError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from shop_models.catalogue import Catalogue
from shop_models.order import BasketLine, Order, OrderLine
from shop_models.order_store import OrderStore
from shop_pricing.basket import Tariff, price_basket
from shop_worker.job import SampleOrders

CUSTOMERS = ("ada", "bob", "cleo", "dan", "eve", "fay")


# The API may hold the database's lock for a moment.
@retry(
    retry=retry_if_exception_type(OperationalError),
    stop=stop_after_attempt(4),
    wait=wait_exponential(multiplier=0.05),
    reraise=True,
)
def stored_orders(url: str) -> tuple[Order, ...]:
    store = OrderStore.open(url)
    try:
        return store.orders()
    finally:
        store.close()


def sample_orders(sample: SampleOrders, *, catalogue: Catalogue, tariff: Tariff) -> tuple[Order, ...]:
    """Invent orders: cheap products are bought more often, and in larger numbers."""
    random = np.random.default_rng(sample.seed)
    skus = list(catalogue)
    weights = 1 / np.sqrt([float(catalogue[sku].price) for sku in skus])
    weights /= weights.sum()
    days = np.sort(random.integers(0, sample.days, sample.orders))
    midnight = datetime.combine(sample.first_day, time(), UTC)

    orders = []
    for number, day in enumerate(days, start=1):
        picks = random.choice(len(skus), size=int(random.integers(1, 5)), replace=False, p=weights)
        lines = [BasketLine(sku=skus[pick], quantity=1 + int(random.poisson(1.5))) for pick in picks]
        priced = price_basket(lines, catalogue=catalogue, tariff=tariff)
        orders.append(
            Order(
                number=number,
                customer=CUSTOMERS[int(random.integers(len(CUSTOMERS)))],
                placed_at=midnight + timedelta(days=int(day), minutes=int(random.integers(24 * 60))),
                lines=tuple(
                    OrderLine(
                        sku=line.product.sku,
                        title=line.product.title,
                        quantity=line.quantity,
                        net=line.net,
                        vat=line.vat,
                    )
                    for line in priced.lines
                ),
                shipping=priced.shipping,
                total=priced.total,
            )
        )
    return tuple(orders)
