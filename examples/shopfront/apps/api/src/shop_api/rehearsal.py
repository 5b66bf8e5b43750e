"""A short visit to the application without a network: `--check` shows that an image holds all that it needs."""

from __future__ import annotations

import httpx
from fastapi import FastAPI

BASKET = {"lines": [{"sku": "COF-001", "quantity": 2}, {"sku": "MUG-001", "quantity": 4}]}


async def rehearse(app: FastAPI) -> list[str]:
    """Make a few requests; give back a line for each answer."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client,
    ):
        answers = [
            await client.get("/healthz"),
            await client.get("/products", params={"category": "coffee"}),
            await client.get("/products/XXX-999"),
            await client.post("/baskets/price", json=BASKET),
            await client.post("/orders", json=BASKET | {"customer": "ada"}),
            await client.get("/orders/1"),
            await client.get("/orders/1/receipt.html"),
            signed := await client.get("/orders/1/receipt"),
            await client.post("/orders/receipts/check", params={"text": signed.text}),
            await client.get("/metrics"),
        ]
    return [
        f"{answer.status_code} {answer.request.method:4} {answer.request.url.path} ({len(answer.content)} bytes)"
        for answer in answers
    ]
