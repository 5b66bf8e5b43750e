from __future__ import annotations

import pytest
from typer.testing import CliRunner

from shop_cli.commands import shop

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def test_the_table_shows_all_products() -> None:
    result = RUNNER.invoke(shop, ["table"])
    assert result.exit_code == 0
    assert "Carbon steel pan" in result.output
    assert "Sencha" in result.output


def test_the_table_of_a_category_shows_no_other() -> None:
    result = RUNNER.invoke(shop, ["table", "--category", "tea"])
    assert "Sencha" in result.output
    assert "Carbon steel pan" not in result.output


def test_a_basket_has_a_total() -> None:
    result = RUNNER.invoke(shop, ["price", "MUG-001=10", "COF-001"])
    assert result.exit_code == 0
    assert "12.00" in result.output
    assert "148.74" in result.output


@pytest.mark.parametrize("line", ["XXX-999=1", "MUG-001=none", "mug"])
def test_a_wrong_line_is_an_error_of_the_caller(line: str) -> None:
    result = RUNNER.invoke(shop, ["price", line])
    assert result.exit_code == 2
