"""The price of a basket.

Money is rounded once per line, half up, before anything is summed: the total on a receipt equals the sum of its lines.
Of several discounts a line gets the one that lowers it most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from pydantic import BaseModel, ConfigDict

from shop_models.catalogue import Catalogue
from shop_models.order import BasketLine
from shop_models.product import Product
from shop_pricing.rules import Discount

CENT = Decimal("0.01")


class PricedLine(BaseModel):
    model_config = ConfigDict(frozen=True)

    product: Product
    quantity: int
    net: Decimal
    discount: Decimal
    vat: Decimal


class PricedBasket(BaseModel):
    model_config = ConfigDict(frozen=True)

    lines: tuple[PricedLine, ...]
    net: Decimal
    vat: Decimal
    shipping: Decimal
    total: Decimal


class Tariff(BaseModel):
    """What holds for every basket of a shop."""

    model_config = ConfigDict(frozen=True)

    vat: Mapping[str, Decimal]
    shipping: Decimal
    free_shipping_from: Decimal
    discounts: tuple[Discount, ...] = ()


def price_basket(lines: Iterable[BasketLine], *, catalogue: Catalogue, tariff: Tariff) -> PricedBasket:
    """Price a basket; lines of the same product are joined."""
    quantities: dict[str, int] = {}
    for line in lines:
        quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
    return _sum([_price(catalogue[sku], quantity, tariff) for sku, quantity in quantities.items()], tariff)


def _price(product: Product, quantity: int, tariff: Tariff) -> PricedLine:
    full = product.price * quantity
    reductions = [discount.reduction(product, quantity) for discount in tariff.discounts]
    discount = round_money(max(reductions, default=Decimal(0)))
    net = full - discount
    vat = round_money(net * tariff.vat[product.vat])
    return PricedLine(product=product, quantity=quantity, net=net, discount=discount, vat=vat)


def _sum(lines: Sequence[PricedLine], tariff: Tariff) -> PricedBasket:
    net = sum((line.net for line in lines), Decimal(0))
    vat = sum((line.vat for line in lines), Decimal(0))
    shipping = tariff.shipping if lines and net < tariff.free_shipping_from else Decimal("0.00")
    return PricedBasket(lines=tuple(lines), net=net, vat=vat, shipping=shipping, total=net + vat + shipping)


def round_money(amount: Decimal) -> Decimal:
    """Round to cents, half up.

    >>> round_money(Decimal("0.125"))
    Decimal('0.13')
    """
    return amount.quantize(CENT, ROUND_HALF_UP)
