from __future__ import annotations

import json

import grpc
import opentelemetry.exporter
import opentelemetry.sdk
import pytest
import structlog
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shop_telemetry.errors import status_of
from shop_telemetry.logs import configure_logs, get_log
from shop_telemetry.metrics import ShopMetrics
from shop_telemetry.traces import tracer_provider


def test_spans_carry_the_name_of_the_service() -> None:
    exporter = InMemorySpanExporter()
    provider = tracer_provider("till", otlp_endpoint=None)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("sell"):
        pass
    [span] = exporter.get_finished_spans()
    assert span.name == "sell"
    assert span.resource.attributes["service.name"] == "till"


def test_a_collector_may_be_down() -> None:
    provider = tracer_provider("till", otlp_endpoint="http://127.0.0.1:9")
    assert provider.get_tracer("test") is not None


def test_log_lines_are_json_and_name_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("INFO")
    log = get_log("till")
    with tracer_provider("till", otlp_endpoint=None).get_tracer("test").start_as_current_span("sell") as span:
        log.info("sold", sku="MUG-001")
        log.debug("too fine")
    [line] = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert (record["event"], record["program"], record["sku"]) == ("sold", "till", "MUG-001")
    assert int(record["trace"], 16) == span.get_span_context().trace_id
    structlog.reset_defaults()


def test_two_programs_count_for_themselves() -> None:
    mine, yours = ShopMetrics(), ShopMetrics()
    mine.orders.inc()
    assert b"shop_orders_total 1.0" in mine.text()
    assert b"shop_orders_total 0.0" in yours.text()


def test_an_error_survives_the_wire() -> None:
    status = status_of(grpc.StatusCode.NOT_FOUND, "PRODUCT_UNKNOWN", domain="shop.example", metadata={"sku": "MUG-009"})
    read = Status.FromString(status.SerializeToString())
    info = ErrorInfo()
    assert read.details[0].Unpack(info)
    assert (read.code, read.message, info.metadata["sku"]) == (5, "product unknown", "MUG-009")


def test_namespace_packages_of_several_distributions_meet() -> None:
    """`opentelemetry` is filled by six distributions and belongs to none."""
    assert opentelemetry.__file__ is None
    assert opentelemetry.sdk.__name__ == "opentelemetry.sdk"
    assert len(list(opentelemetry.exporter.__path__)) == 1
