from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop_models.catalogue import UnknownProduct, seed_catalogue
from shop_models.order import BasketLine
from shop_pricing.basket import Tariff, price_basket
from shop_pricing.rules import CategoryDiscount, QuantityDiscount

CATALOGUE = seed_catalogue()
PLAIN = Tariff(
    vat={"standard": Decimal("0.19"), "reduced": Decimal("0.07")},
    shipping=Decimal("4.90"),
    free_shipping_from=Decimal("60.00"),
)
baskets = st.lists(
    st.builds(BasketLine, sku=st.sampled_from(sorted(CATALOGUE)), quantity=st.integers(1, 40)), max_size=8
)


def basket(**quantities: int) -> list[BasketLine]:
    return [BasketLine(sku=sku.replace("_", "-"), quantity=quantity) for sku, quantity in quantities.items()]


def test_each_line_pays_the_vat_of_its_class() -> None:
    priced = price_basket(basket(COF_001=1, MUG_001=2), catalogue=CATALOGUE, tariff=PLAIN)
    assert [line.vat for line in priced.lines] == [Decimal("1.32"), Decimal("4.56")]
    assert priced.total == Decimal("18.90") + Decimal("24.00") + Decimal("5.88") + Decimal("4.90")


def test_shipping_is_free_from_the_limit_on() -> None:
    assert price_basket(basket(GRD_001=1), catalogue=CATALOGUE, tariff=PLAIN).shipping == 0
    assert price_basket(basket(MUG_001=1), catalogue=CATALOGUE, tariff=PLAIN).shipping == Decimal("4.90")


def test_the_best_discount_wins_and_they_do_not_add_up() -> None:
    tariff = PLAIN.model_copy(
        update={
            "discounts": (
                QuantityDiscount(quantity=10, rate=Decimal("0.10")),
                CategoryDiscount(category="table", rate=Decimal("0.05")),
            )
        }
    )
    few = price_basket(basket(MUG_001=2), catalogue=CATALOGUE, tariff=tariff)
    many = price_basket(basket(MUG_001=10), catalogue=CATALOGUE, tariff=tariff)
    assert (few.lines[0].discount, many.lines[0].discount) == (Decimal("1.20"), Decimal("12.00"))


def test_discounts_are_read_by_their_kind() -> None:
    tariff = Tariff.model_validate(
        {
            "vat": {"standard": "0.2"},
            "shipping": 0,
            "free_shipping_from": 0,
            "discounts": [{"kind": "category", "category": "tea", "rate": "0.1"}],
        }
    )
    assert tariff.discounts == (CategoryDiscount(category="tea", rate=Decimal("0.1")),)


def test_an_unknown_product_has_no_price() -> None:
    with pytest.raises(UnknownProduct):
        price_basket(basket(XXX_999=1), catalogue=CATALOGUE, tariff=PLAIN)


@settings(deadline=None)  # a busy machine takes its time
@given(baskets)
def test_the_total_is_the_sum_of_the_lines(lines: list[BasketLine]) -> None:
    priced = price_basket(lines, catalogue=CATALOGUE, tariff=PLAIN)
    assert priced.total == sum((line.net + line.vat for line in priced.lines), priced.shipping)


@settings(deadline=None)  # a busy machine takes its time
@given(baskets)
def test_splitting_a_line_does_not_change_the_price(lines: list[BasketLine]) -> None:
    pieces = [BasketLine(sku=line.sku, quantity=1) for line in lines for _ in range(line.quantity)]
    assert price_basket(pieces, catalogue=CATALOGUE, tariff=PLAIN) == price_basket(
        lines, catalogue=CATALOGUE, tariff=PLAIN
    )
