"""The catalogue: products by their SKU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files

import orjson

from shop_models.product import Product


class UnknownProduct(LookupError):
    """Nothing in the catalogue has this SKU."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"no product `{sku}`")
        self.sku = sku


class Catalogue(Mapping[str, Product]):
    def __init__(self, products: Iterable[Product]) -> None:
        self._products = {product.sku: product for product in sorted(products, key=lambda product: product.sku)}

    def __getitem__(self, sku: str) -> Product:
        try:
            return self._products[sku]
        except KeyError:
            raise UnknownProduct(sku) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._products)

    def __len__(self) -> int:
        return len(self._products)

    def in_category(self, category: str | None) -> tuple[Product, ...]:
        """The products of one category, or all."""
        return tuple(product for product in self.values() if category in (None, product.category))


def seed_catalogue() -> Catalogue:
    """The catalogue that ships with the code."""
    records = orjson.loads(files("shop_models").joinpath("catalogue.json").read_bytes())
    return Catalogue(Product.model_validate(record) for record in records)
