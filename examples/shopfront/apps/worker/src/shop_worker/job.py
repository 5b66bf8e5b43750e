"""A job file says which orders to read and what to make of them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE = Path(__file__).parent / "jobs" / "example.json"


class Document(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    FEED = "feed"


class SampleOrders(BaseModel):
    """Orders invented for trying things out; the same seed invents the same orders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["sample"]
    orders: int = Field(gt=0, le=100_000)
    first_day: date
    days: int = Field(gt=0, le=3660)
    seed: int


class StoredOrders(BaseModel):
    """The orders of a database."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["database"]
    url: str


class Job(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    source: Annotated[SampleOrders | StoredOrders, Field(discriminator="kind")]
    documents: tuple[Document, ...] = ()


def read_job(path: Path) -> Job:
    return Job.model_validate_json(path.read_bytes())
