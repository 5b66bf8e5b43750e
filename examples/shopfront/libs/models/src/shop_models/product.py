"""What the shop sells."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sku = Annotated[str, Field(pattern=r"^[A-Z]{3}-\d{3}$")]
Money = Annotated[Decimal, Field(ge=0, decimal_places=2)]


class VatClass(StrEnum):
    STANDARD = "standard"
    REDUCED = "reduced"


class Product(BaseModel):
    """One line of the catalogue; `price` is net, for one piece."""

    model_config = ConfigDict(frozen=True)

    sku: Sku
    title: str
    category: str
    price: Money
    vat: VatClass = VatClass.STANDARD
    weight_grams: int = Field(gt=0)
