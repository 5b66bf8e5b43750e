from __future__ import annotations

import pytest
from lxml import etree

from shop_models.catalogue import Catalogue, seed_catalogue
from shop_worker.product_feed import NAMESPACE, InvalidFeed, product_feed


def test_every_product_is_in_the_feed() -> None:
    feed = etree.fromstring(product_feed(seed_catalogue(), currency="EUR"))
    names = {"f": NAMESPACE}
    assert feed.xpath("f:product/@sku", namespaces=names) == sorted(seed_catalogue())
    assert feed.xpath("string(f:product[@sku='MUG-001']/f:price)", namespaces=names) == "12.00"


def test_titles_are_escaped() -> None:
    assert b"Salt &amp; Smoke" in product_feed(seed_catalogue(), currency="EUR")


def test_a_feed_that_breaks_the_schema_is_refused() -> None:
    with pytest.raises(InvalidFeed, match="currency"):
        product_feed(seed_catalogue(), currency="euro")
    with pytest.raises(InvalidFeed, match="product"):
        product_feed(Catalogue([]), currency="EUR")
