from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shop_models.order import Order, OrderLine
from shop_receipts.receipt import ForgedReceipt, ReceiptSigner, read_receipt

SEED = "07" * 32
ORDER = Order(
    number=1,
    customer="ada",
    placed_at=datetime(2026, 3, 1, tzinfo=UTC),
    lines=(OrderLine(sku="MUG-001", title="Mug", quantity=1, net=Decimal("12.00"), vat=Decimal("2.28")),),
    shipping=Decimal("4.90"),
    total=Decimal("19.18"),
)


def test_a_receipt_gives_the_order_back() -> None:
    signer = ReceiptSigner.from_seed(SEED)
    assert read_receipt(signer.sign(ORDER), key=signer.public_key) == ORDER


def test_the_same_order_has_the_same_receipt() -> None:
    assert ReceiptSigner.from_seed(SEED).sign(ORDER) == ReceiptSigner.from_seed(SEED).sign(ORDER)


def test_another_key_did_not_sign_it() -> None:
    with pytest.raises(ForgedReceipt):
        read_receipt(ReceiptSigner.from_seed(SEED).sign(ORDER), key=ReceiptSigner.from_seed(None).public_key)


@pytest.mark.parametrize("text", ["", "abc", "abc.def", "YWJj.YWJj"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ForgedReceipt):
        read_receipt(text, key=ReceiptSigner.from_seed(SEED).public_key)
