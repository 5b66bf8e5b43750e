from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from shop_settings.settings import load_settings


def test_the_defaults_ship_with_the_code() -> None:
    settings = load_settings()
    assert settings.currency == "EUR"
    assert settings.vat == {"standard": Decimal("0.19"), "reduced": Decimal("0.07")}


def test_a_file_wins_over_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_file = tmp_path / "shop.yaml"
    settings_file.write_text("currency: CHF\nshipping: '7.00'\n", encoding="utf-8")
    monkeypatch.setenv("SHOP_SETTINGS", str(settings_file))
    settings = load_settings()
    assert (settings.currency, settings.shipping) == ("CHF", Decimal("7.00"))
    assert settings.free_shipping_from == Decimal("60.00")


def test_the_environment_wins_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_file = tmp_path / "shop.yaml"
    settings_file.write_text("currency: CHF\n", encoding="utf-8")
    monkeypatch.setenv("SHOP_SETTINGS", str(settings_file))
    monkeypatch.setenv("SHOP_CURRENCY", "SEK")
    assert load_settings().currency == "SEK"


@pytest.mark.parametrize("text", ["currency: euro\n", "colour: red\n", "vat: {standard: 19}\n"])
def test_a_wrong_setting_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_file = tmp_path / "shop.yaml"
    settings_file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("SHOP_SETTINGS", str(settings_file))
    with pytest.raises(ValidationError):
        load_settings()
