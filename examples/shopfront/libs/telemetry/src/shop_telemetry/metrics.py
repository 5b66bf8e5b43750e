"""The counters of a shop. A registry of its own for each program, so that tests do not share them."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest


@dataclass(frozen=True, slots=True)
class ShopMetrics:
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    orders: Counter = field(init=False)
    order_total: Histogram = field(init=False)

    def __post_init__(self) -> None:
        orders = Counter("shop_orders", "Orders placed", registry=self.registry)
        totals = Histogram(
            "shop_order_total", "Totals of orders", buckets=(10, 25, 50, 100, 250, 1000), registry=self.registry
        )
        object.__setattr__(self, "orders", orders)
        object.__setattr__(self, "order_total", totals)

    def text(self) -> bytes:
        """All metrics in the text format that a collector scrapes."""
        return generate_latest(self.registry)
