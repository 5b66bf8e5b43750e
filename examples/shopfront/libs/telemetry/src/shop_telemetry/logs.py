"""Log lines are JSON on stderr, with the trace that they belong to."""

from __future__ import annotations

import logging
import sys

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger


def add_trace(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Name the current span, if there is one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace"] = trace.format_trace_id(context.trace_id)
        event["span"] = trace.format_span_id(context.span_id)
    return event


def configure_logs(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_trace,
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def get_log(name: str) -> FilteringBoundLogger:
    log: FilteringBoundLogger = structlog.get_logger(program=name)
    return log
