"""What the commands print."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from shop_models.product import Product
from shop_pricing.basket import PricedBasket


def product_table(products: Iterable[Product], *, currency: str) -> Table:
    table = Table("SKU", "Product", "Category", title="Catalogue")
    table.add_column(f"Net {currency}", justify="right")
    for product in products:
        table.add_row(product.sku, product.title, product.category, str(product.price))
    return table


def basket_table(basket: PricedBasket, *, currency: str) -> Table:
    table = Table("Quantity", "Product", title="Basket", show_footer=True)
    table.columns[1].footer = "Total"
    table.add_column("Discount", justify="right")
    table.add_column(f"Gross {currency}", footer=str(basket.total), justify="right")
    for line in basket.lines:
        table.add_row(str(line.quantity), line.product.title, str(line.discount), str(line.net + line.vat))
    table.add_row("", "Shipping", "", str(basket.shipping))
    return table
