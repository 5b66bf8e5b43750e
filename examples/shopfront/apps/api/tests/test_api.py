from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from freezegun import freeze_time

from shop_api.app import create_app
from shop_api.rehearsal import rehearse
from shop_settings.settings import load_settings

MUGS = {"customer": "ada", "lines": [{"sku": "MUG-001", "quantity": 2}]}


pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(load_settings())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.example") as client,
    ):
        yield client


async def test_products_are_listed_by_category(client: httpx.AsyncClient) -> None:
    products = (await client.get("/products", params={"category": "tea"})).json()
    assert [(product["sku"], product["price"]) for product in products] == [("TEA-001", "9.60")]


async def test_an_unknown_product_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get("/products/XXX-999")
    assert (answer.status_code, answer.json()) == (404, {"detail": "no product `XXX-999`"})


async def test_a_basket_is_priced_without_being_sold(client: httpx.AsyncClient) -> None:
    priced = (await client.post("/baskets/price", json=MUGS)).json()
    assert (priced["net"], priced["vat"], priced["shipping"], priced["total"]) == ("24.00", "4.56", "4.90", "33.46")
    assert (await client.get("/orders")).json() == []


async def test_an_order_is_kept_with_its_time(client: httpx.AsyncClient) -> None:
    with freeze_time("2026-03-01 12:00:00", real_asyncio=True):
        placed = await client.post("/orders", json=MUGS)
    assert placed.status_code == 201
    order = (await client.get("/orders/1")).json()
    assert order == placed.json()
    assert order["placed_at"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize("quantity", [0, -1, 1001, "two"])
async def test_a_wrong_quantity_is_refused(client: httpx.AsyncClient, quantity: object) -> None:
    answer = await client.post("/baskets/price", json={"lines": [{"sku": "MUG-001", "quantity": quantity}]})
    assert answer.status_code == 422


async def test_a_receipt_is_printed_and_can_be_proved(client: httpx.AsyncClient) -> None:
    await client.post("/orders", json=MUGS | {"customer": "<ada>"})
    page = (await client.get("/orders/1/receipt.html")).text
    assert "Order 1 of &lt;ada&gt;" in page
    assert "33.46 EUR" in page
    text = (await client.get("/orders/1/receipt")).text
    assert (await client.post("/orders/receipts/check", params={"text": text})).json()["total"] == "33.46"
    assert (await client.post("/orders/receipts/check", params={"text": text[:-4]})).status_code == 422


async def test_orders_are_counted(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await client.post("/orders", json=MUGS)
    assert (await client.get("/healthz")).json() == {"status": "ok", "products": 12, "orders": 3}
    assert "shop_orders_total 3.0" in (await client.get("/metrics")).text


async def test_the_rehearsal_visits_every_corner() -> None:
    answers = await rehearse(create_app(load_settings()))
    statuses = [int(answer.split()[0]) for answer in answers]
    assert statuses == [200, 200, 404, 200, 201, 200, 200, 200, 200, 200]
