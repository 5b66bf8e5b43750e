"""The catalogue as XML for price comparison sites, checked against the schema that we promise them."""

from __future__ import annotations

from importlib.resources import files

from lxml import etree
from lxml.builder import ElementMaker

from shop_models.catalogue import Catalogue

NAMESPACE = "urn:shop:feed:1"
E = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE})


class InvalidFeed(ValueError):
    """The feed breaks the schema."""


def product_feed(catalogue: Catalogue, *, currency: str) -> bytes:
    products = [
        E.product(
            E.title(product.title),
            E.category(product.category),
            E.price(str(product.price), currency=currency),
            E.weight(str(product.weight_grams), unit="g"),
            sku=product.sku,
        )
        for product in catalogue.values()
    ]
    feed = E.feed(*products)
    check_feed(feed)
    text: bytes = etree.tostring(feed, encoding="utf-8", pretty_print=True, xml_declaration=True)
    return text


def check_feed(feed: etree._Element) -> None:
    schema = etree.XMLSchema(etree.fromstring(files("shop_worker").joinpath("schemas/feed.xsd").read_bytes()))
    if not schema.validate(feed):
        raise InvalidFeed("\n".join(f"line {entry.line}: {entry.message}" for entry in schema.error_log))
