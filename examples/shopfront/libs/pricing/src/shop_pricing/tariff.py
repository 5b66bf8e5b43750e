"""The tariff of this shop."""

from __future__ import annotations

from decimal import Decimal

from shop_pricing.basket import Tariff
from shop_pricing.rules import CategoryDiscount, Discount, QuantityDiscount
from shop_settings.settings import Settings

HOUSE_DISCOUNTS: tuple[Discount, ...] = (
    QuantityDiscount(quantity=10, rate=Decimal("0.10")),
    CategoryDiscount(category="tea", rate=Decimal("0.05")),
)


def tariff_of(settings: Settings) -> Tariff:
    return Tariff(
        vat=settings.vat,
        shipping=settings.shipping,
        free_shipping_from=settings.free_shipping_from,
        discounts=HOUSE_DISCOUNTS,
    )
