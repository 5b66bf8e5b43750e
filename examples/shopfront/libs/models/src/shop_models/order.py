"""What a customer bought, and what it cost on that day."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from shop_models.product import Sku


class BasketLine(BaseModel):
    model_config = ConfigDict(frozen=True)

    sku: Sku
    quantity: int = Field(gt=0, le=1000)


class OrderLine(BaseModel):
    model_config = ConfigDict(frozen=True)

    sku: Sku
    title: str
    quantity: int
    net: Decimal
    vat: Decimal


class Order(BaseModel):
    model_config = ConfigDict(frozen=True)

    number: int
    customer: str
    placed_at: datetime
    lines: tuple[OrderLine, ...]
    shipping: Decimal
    total: Decimal
