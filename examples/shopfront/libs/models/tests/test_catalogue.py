from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from shop_models.catalogue import Catalogue, UnknownProduct, seed_catalogue
from shop_models.product import Product, VatClass


def test_the_seed_is_read_from_the_package() -> None:
    catalogue = seed_catalogue()
    assert len(catalogue) == 12
    assert catalogue["COF-001"].price == Decimal("18.90")
    assert catalogue["GRD-001"].vat is VatClass.STANDARD


def test_products_come_in_the_order_of_their_sku() -> None:
    seed = seed_catalogue()
    assert list(Catalogue(reversed(list(seed.values())))) == sorted(seed)


def test_a_category_selects() -> None:
    assert [product.sku for product in seed_catalogue().in_category("coffee")] == ["COF-001", "COF-002"]


def test_an_unknown_sku_is_named() -> None:
    with pytest.raises(UnknownProduct, match="`XXX-999`"):
        seed_catalogue()["XXX-999"]


@pytest.mark.parametrize(
    "change", [{"sku": "x"}, {"price": "-1.00"}, {"price": "1.001"}, {"weight_grams": 0}, {"vat": "none"}]
)
def test_a_wrong_product_is_refused(change: dict[str, object]) -> None:
    record = seed_catalogue()["MUG-001"].model_dump() | change
    with pytest.raises(ValidationError):
        Product.model_validate(record)
