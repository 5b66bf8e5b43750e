"""`worker [JOB]`: do one job."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from shop_models.catalogue import Catalogue, seed_catalogue
from shop_models.order import Order
from shop_pricing.tariff import tariff_of
from shop_settings.settings import Settings, load_settings
from shop_telemetry.logs import configure_logs, get_log
from shop_telemetry.traces import tracer_provider
from shop_worker.job import EXAMPLE, Document, Job, SampleOrders, StoredOrders, read_job
from shop_worker.order_source import sample_orders, stored_orders
from shop_worker.product_feed import product_feed
from shop_worker.sales_report import SalesReport, sales_report


@dataclass(frozen=True, slots=True)
class Outcome:
    table: str
    documents: dict[str, bytes]


def do_job(job: Job, settings: Settings) -> Outcome:
    """Read the orders, make the report and its documents; write nothing."""
    catalogue = seed_catalogue()
    report = sales_report(_orders(job, catalogue, settings), catalogue=catalogue)
    documents = {
        f"{job.name}.{_suffix(document)}": _render(document, report, catalogue, settings) for document in job.documents
    }
    return Outcome(report.table(), documents)


def _orders(job: Job, catalogue: Catalogue, settings: Settings) -> tuple[Order, ...]:
    match job.source:
        case SampleOrders() as sample:
            return sample_orders(sample, catalogue=catalogue, tariff=tariff_of(settings))
        case StoredOrders(url=url):
            return stored_orders(url)
        case _:
            assert_never(job.source)


def _suffix(document: Document) -> str:
    return "xml" if document is Document.FEED else document.value


def _render(document: Document, report: SalesReport, catalogue: Catalogue, settings: Settings) -> bytes:
    match document:
        case Document.CSV:
            return report.csv()
        case Document.XLSX:
            return report.xlsx()
        case Document.FEED:
            return product_feed(catalogue, currency=settings.currency)
        case _:
            assert_never(document)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="worker", description="Do one job of the shop.")
    parser.add_argument("job", type=Path, nargs="?", default=EXAMPLE, help="a job file; an example if left out")
    parser.add_argument("--output", type=Path, help="write the documents into this directory")
    options = parser.parse_args(arguments)

    settings = load_settings()
    configure_logs(settings.log_level)
    job = read_job(options.job)
    traces = tracer_provider("shop-worker", otlp_endpoint=settings.otlp_endpoint)
    with traces.get_tracer("shop_worker").start_as_current_span("job", attributes={"job": job.name}):
        outcome = do_job(job, settings)
        get_log("worker").info("job done", job=job.name, documents=sorted(outcome.documents))
    traces.shutdown()

    print(outcome.table)
    print()
    for name, content in outcome.documents.items():
        print(f"{name}: {len(content)} bytes")
        if options.output is not None:
            options.output.mkdir(parents=True, exist_ok=True)
            (options.output / name).write_bytes(content)
    return 0
