from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from shop_models.order import OrderLine
from shop_models.order_store import OrderStore
from shop_worker.job import EXAMPLE, read_job
from shop_worker.run import main


def test_the_example_writes_three_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--output", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["spring.csv", "spring.xlsx", "spring.xml"]
    assert "category" in capsys.readouterr().out


def test_orders_of_a_database_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'orders.db'}"
    store = OrderStore.open(url)
    mug = OrderLine(sku="MUG-001", title="Mug", quantity=3, net=Decimal("36.00"), vat=Decimal("6.84"))
    store.add(
        customer="ada",
        placed_at=datetime(2026, 3, 1, tzinfo=UTC),
        lines=[mug],
        shipping=Decimal("4.90"),
        total=Decimal("47.74"),
    )
    store.close()
    job = tmp_path / "job.json"
    job.write_text(json.dumps({"name": "today", "source": {"kind": "database", "url": url}}), encoding="utf-8")
    assert main([str(job)]) == 0
    out = capsys.readouterr().out
    assert "36.00" in out
    assert "half 47.74" in out


def test_an_unknown_word_in_a_job_is_refused(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text(json.dumps(json.loads(EXAMPLE.read_text("utf-8")) | {"colour": "red"}), encoding="utf-8")
    with pytest.raises(ValidationError):
        read_job(job)
