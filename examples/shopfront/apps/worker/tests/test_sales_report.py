from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pandas as pd
import pytest
from pydantic import ValidationError

from shop_models.catalogue import seed_catalogue
from shop_models.order import Order, OrderLine
from shop_pricing.tariff import tariff_of
from shop_settings.settings import load_settings
from shop_worker.job import SampleOrders
from shop_worker.order_source import sample_orders
from shop_worker.sales_report import sales_report

CATALOGUE = seed_catalogue()


def order(number: int, sku: str, net: str, *, week: int = 1) -> Order:
    return Order(
        number=number,
        customer="ada",
        placed_at=datetime.fromisocalendar(2026, week, 3).replace(tzinfo=UTC),
        lines=(OrderLine(sku=sku, title=sku, quantity=2, net=Decimal(net), vat=Decimal("1.00")),),
        shipping=Decimal(0),
        total=Decimal(net) + 1,
    )


def test_sales_are_summed_by_category() -> None:
    report = sales_report(
        [order(1, "MUG-001", "24.00"), order(2, "MUG-002", "33.60"), order(3, "TEA-001", "19.20")], catalogue=CATALOGUE
    )
    assert report.by_category["net"].to_dict() == {"table": 5760, "tea": 1920}
    assert report.by_category["orders"].to_dict() == {"table": 2, "tea": 1}
    assert report.by_category["share"].sum() == pytest.approx(100)


def test_the_csv_has_a_line_for_each_week() -> None:
    report = sales_report(
        [order(1, "MUG-001", "24.00", week=9), order(2, "TEA-001", "19.20", week=11)], catalogue=CATALOGUE
    )
    assert report.csv().decode() == "week,table,tea\n2026-W09,24.00,0.00\n2026-W11,0.00,19.20\n"


def test_a_workbook_can_be_read_again() -> None:
    report = sales_report([order(1, "MUG-001", "24.00")], catalogue=CATALOGUE)
    sheet = pd.read_excel(BytesIO(report.xlsx()), sheet_name="Categories", index_col=0)
    assert sheet.loc["table", "net"] == 24.0


def test_a_period_without_orders_has_an_empty_report() -> None:
    report = sales_report([], catalogue=CATALOGUE)
    assert report.by_category.empty
    assert report.basket_quartiles == (0.0, 0.0, 0.0)


def test_the_same_seed_invents_the_same_orders() -> None:
    sample = SampleOrders(kind="sample", orders=20, first_day=date(2026, 3, 2), days=14, seed=7)
    tariff = tariff_of(load_settings())
    first, second = (sample_orders(sample, catalogue=CATALOGUE, tariff=tariff) for _ in range(2))
    assert first == second
    assert len({made.number for made in first}) == 20


def test_a_sample_has_a_limit() -> None:
    with pytest.raises(ValidationError):
        SampleOrders(kind="sample", orders=10**9, first_day=date(2026, 3, 2), days=14, seed=7)
