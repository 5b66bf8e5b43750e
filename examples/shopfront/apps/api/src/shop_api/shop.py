"""What the routes work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from fastapi import Depends, Request

from shop_models.catalogue import Catalogue, seed_catalogue
from shop_models.order import BasketLine, Order, OrderLine
from shop_models.order_store import OrderStore
from shop_pricing.basket import PricedBasket, Tariff, price_basket
from shop_pricing.tariff import tariff_of
from shop_receipts.receipt import ReceiptSigner
from shop_settings.settings import Settings
from shop_telemetry.metrics import ShopMetrics


@dataclass(frozen=True, slots=True)
class Shop:
    catalogue: Catalogue
    currency: str
    metrics: ShopMetrics
    orders: OrderStore
    signer: ReceiptSigner
    tariff: Tariff

    @classmethod
    def open(cls, settings: Settings) -> Self:
        return cls(
            catalogue=seed_catalogue(),
            currency=settings.currency,
            metrics=ShopMetrics(),
            orders=OrderStore.open(settings.database_url),
            signer=ReceiptSigner.from_seed(settings.receipt_key),
            tariff=tariff_of(settings),
        )

    def close(self) -> None:
        self.orders.close()

    def price(self, lines: Sequence[BasketLine]) -> PricedBasket:
        return price_basket(lines, catalogue=self.catalogue, tariff=self.tariff)

    def place(self, lines: Sequence[BasketLine], *, customer: str, placed_at: datetime) -> Order:
        """Sell a basket at today's prices."""
        priced = self.price(lines)
        order = self.orders.add(
            customer=customer,
            placed_at=placed_at,
            lines=[
                OrderLine(
                    sku=line.product.sku, title=line.product.title, quantity=line.quantity, net=line.net, vat=line.vat
                )
                for line in priced.lines
            ],
            shipping=priced.shipping,
            total=priced.total,
        )
        self.metrics.orders.inc()
        self.metrics.order_total.observe(float(order.total))
        return order


def _shop(request: Request) -> Shop:
    shop = request.app.state.shop
    assert isinstance(shop, Shop)
    return shop


CurrentShop = Annotated[Shop, Depends(_shop)]
