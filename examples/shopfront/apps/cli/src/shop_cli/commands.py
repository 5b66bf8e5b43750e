"""`shop table`, `shop price SKU=QUANTITY...`"""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from shop_cli.tables import basket_table, product_table
from shop_models.catalogue import UnknownProduct, seed_catalogue
from shop_models.order import BasketLine
from shop_pricing.basket import price_basket
from shop_pricing.tariff import tariff_of
from shop_settings.settings import load_settings

shop = typer.Typer(help="The shop on the command line.", no_args_is_help=True, add_completion=False)


@shop.command()
def table(category: Annotated[str | None, typer.Option(help="Only this category.")] = None) -> None:
    """Print the catalogue."""
    Console().print(product_table(seed_catalogue().in_category(category), currency=load_settings().currency))


@shop.command()
def price(lines: Annotated[list[str], typer.Argument(metavar="SKU=QUANTITY...")]) -> None:
    """Print what a basket costs."""
    settings = load_settings()
    try:
        basket = price_basket(map(_line, lines), catalogue=seed_catalogue(), tariff=tariff_of(settings))
    except UnknownProduct as error:
        raise typer.BadParameter(str(error)) from error
    Console().print(basket_table(basket, currency=settings.currency))


def _line(text: str) -> BasketLine:
    sku, _, quantity = text.partition("=")
    try:
        return BasketLine.model_validate({"sku": sku, "quantity": quantity or 1})
    except ValidationError as error:
        raise typer.BadParameter(f"`{text}` is not SKU=QUANTITY") from error


def main() -> None:
    shop(prog_name="shop")
