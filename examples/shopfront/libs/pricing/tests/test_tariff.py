from __future__ import annotations

from decimal import Decimal

import pytest

from shop_models.catalogue import seed_catalogue
from shop_models.order import BasketLine
from shop_pricing.basket import price_basket
from shop_pricing.tariff import tariff_of
from shop_settings.settings import load_settings


def test_the_tariff_follows_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SHIPPING", "1.50")
    priced = price_basket(
        [BasketLine(sku="TEA-001", quantity=2)], catalogue=seed_catalogue(), tariff=tariff_of(load_settings())
    )
    assert priced.lines[0].discount == Decimal("0.96")
    assert priced.shipping == Decimal("1.50")
