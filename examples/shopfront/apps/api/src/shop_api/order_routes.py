"""Orders and their receipts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, PlainTextResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import Field

from shop_api.catalogue_routes import Basket
from shop_api.shop import CurrentShop, Shop
from shop_models.order import Order
from shop_receipts.receipt import ForgedReceipt, read_receipt
from shop_telemetry.logs import get_log

router = APIRouter(prefix="/orders")
templates = Environment(loader=PackageLoader("shop_api"), autoescape=True, undefined=StrictUndefined)


class NewOrder(Basket):
    customer: Annotated[str, Field(min_length=1, max_length=80)]


@router.post("", status_code=201)
def place_order(shop: CurrentShop, new: NewOrder) -> Order:
    order = shop.place(new.lines, customer=new.customer, placed_at=datetime.now(UTC))
    get_log("api").info("order placed", number=order.number, total=str(order.total))
    return order


@router.get("")
def list_orders(shop: CurrentShop, customer: str | None = None) -> list[Order]:
    return list(shop.orders.orders(customer=customer))


@router.get("/{number}")
def show_order(shop: CurrentShop, number: int) -> Order:
    return _order(shop, number)


@router.get("/{number}/receipt")
def receipt(shop: CurrentShop, number: int) -> PlainTextResponse:
    return PlainTextResponse(shop.signer.sign(_order(shop, number)))


@router.get("/{number}/receipt.html")
def printed_receipt(shop: CurrentShop, number: int) -> HTMLResponse:
    page = templates.get_template("receipt.html").render(order=_order(shop, number), currency=shop.currency)
    return HTMLResponse(page)


@router.post("/receipts/check")
def check_receipt(shop: CurrentShop, text: str) -> Order:
    try:
        return read_receipt(text, key=shop.signer.public_key)
    except ForgedReceipt as error:
        raise HTTPException(422, str(error)) from error


def _order(shop: Shop, number: int) -> Order:
    order = shop.orders.get(number)
    if order is None:
        raise HTTPException(404, f"no order {number}")
    return order
