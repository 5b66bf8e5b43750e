"""A receipt is the order as canonical JSON and an Ed25519 signature over it, both base64url, joined by a dot."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shop_models.order import Order


class ForgedReceipt(ValueError):
    """The text is not a receipt that this key signed."""


class ReceiptSigner:
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def from_seed(cls, seed: str | None) -> ReceiptSigner:
        """Sign with the key made from 64 hexadecimal digits, or with a fresh one."""
        if seed is None:
            return cls(Ed25519PrivateKey.generate())
        return cls(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))

    @property
    def public_key(self) -> Ed25519PublicKey:
        return self._key.public_key()

    def sign(self, order: Order) -> str:
        payload = orjson.dumps(order.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
        return f"{_encode(payload)}.{_encode(self._key.sign(payload))}"


def read_receipt(receipt: str, *, key: Ed25519PublicKey) -> Order:
    """Check a receipt and give back its order."""
    payload, dot, signature = receipt.partition(".")
    if not dot:
        raise ForgedReceipt("a receipt has two parts")
    try:
        content = urlsafe_b64decode(payload)
        key.verify(urlsafe_b64decode(signature), content)
    except (Base64Error, InvalidSignature) as error:
        raise ForgedReceipt("the signature does not fit the order") from error
    return Order.model_validate_json(content)


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii")
