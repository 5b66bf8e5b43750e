"""Rules that lower the price of a basket line."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shop_models.product import Product


class QuantityDiscount(BaseModel):
    """From `quantity` pieces of one product on, each costs less by `rate`."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["quantity"] = "quantity"
    quantity: int = Field(gt=1)
    rate: Decimal = Field(gt=0, lt=1)

    def reduction(self, product: Product, quantity: int) -> Decimal:
        return product.price * quantity * self.rate if quantity >= self.quantity else Decimal(0)


class CategoryDiscount(BaseModel):
    """Everything of one category costs less by `rate`."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["category"] = "category"
    category: str
    rate: Decimal = Field(gt=0, lt=1)

    def reduction(self, product: Product, quantity: int) -> Decimal:
        return product.price * quantity * self.rate if product.category == self.category else Decimal(0)


Discount = Annotated[QuantityDiscount | CategoryDiscount, Field(discriminator="kind")]
