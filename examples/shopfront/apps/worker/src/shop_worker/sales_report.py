"""What was sold, by category; and how large the baskets were.

Money is counted in cents here, as integers: sums stay exact and columns stay fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO

import numpy as np
import pandas as pd
from tabulate import tabulate

from shop_models.catalogue import Catalogue
from shop_models.order import Order


@dataclass(frozen=True, slots=True, eq=False)
class SalesReport:
    by_category: pd.DataFrame
    by_week: pd.DataFrame
    basket_quartiles: tuple[float, float, float]

    def table(self) -> str:
        """The report as text for a terminal."""
        low, middle, high = self.basket_quartiles
        table = tabulate(_euros(self.by_category).reset_index().to_dict("list"), headers="keys", floatfmt=".2f")
        return f"{table}\n\nbaskets: quarter {low:.2f}, half {middle:.2f}, three quarters {high:.2f}"

    def csv(self) -> bytes:
        text: str = _euros(self.by_week).to_csv(lineterminator="\n", float_format="%.2f")
        return text.encode("utf-8")

    def xlsx(self) -> bytes:
        workbook = BytesIO()
        with pd.ExcelWriter(workbook, engine="openpyxl") as writer:
            _euros(self.by_category).to_excel(writer, sheet_name="Categories")
            _euros(self.by_week).to_excel(writer, sheet_name="Weeks")
        return workbook.getvalue()


def sales_report(orders: Sequence[Order], *, catalogue: Catalogue) -> SalesReport:
    lines = pd.DataFrame.from_records(
        [
            (
                order.number,
                order.placed_at.date(),
                catalogue[line.sku].category,
                line.quantity,
                _cents(line.net),
                _cents(line.vat),
            )
            for order in orders
            for line in order.lines
        ],
        columns=["order", "day", "category", "pieces", "net", "vat"],
    )
    by_category = (
        lines.groupby("category")
        .agg(orders=("order", "nunique"), pieces=("pieces", "sum"), net=("net", "sum"), vat=("vat", "sum"))
        .sort_values(["net", "pieces"], ascending=False)
    )
    by_category["share"] = (100 * by_category["net"] / max(int(by_category["net"].sum()), 1)).round(1)
    week = pd.to_datetime(lines["day"]).dt.strftime("%G-W%V").rename("week")
    by_week = lines.pivot_table(index=week, columns="category", values="net", aggfunc="sum", fill_value=0)
    totals = np.array([float(order.total) for order in orders] or [0.0])
    low, middle, high = (float(value) for value in np.quantile(totals, [0.25, 0.5, 0.75]))
    return SalesReport(by_category=by_category, by_week=by_week, basket_quartiles=(low, middle, high))


def _cents(amount: Decimal) -> int:
    return int(100 * amount)


def _euros(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns in cents into currency."""
    money = frame.columns.difference(["orders", "pieces", "share"])
    return frame.assign(**{column: frame[column] / 100 for column in money})
