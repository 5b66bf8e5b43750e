"""Products and prices."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from shop_api.shop import CurrentShop
from shop_models.order import BasketLine
from shop_models.product import Product
from shop_pricing.basket import PricedBasket

router = APIRouter()


class Basket(BaseModel):
    lines: Annotated[list[BasketLine], Field(min_length=1, max_length=100)]


@router.get("/products")
async def list_products(shop: CurrentShop, category: str | None = None) -> list[Product]:
    return list(shop.catalogue.in_category(category))


@router.get("/products/{sku}")
async def show_product(shop: CurrentShop, sku: str) -> Product:
    return shop.catalogue[sku]


@router.post("/baskets/price")
async def price(shop: CurrentShop, basket: Basket) -> PricedBasket:
    return shop.price(basket.lines)
