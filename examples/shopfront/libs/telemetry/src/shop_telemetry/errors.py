"""The error model of the shop's gRPC neighbours: a `google.rpc.Status` with details."""

from __future__ import annotations

import grpc
from google.protobuf.any_pb2 import Any as PackedMessage
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status


def status_of(code: grpc.StatusCode, reason: str, *, domain: str, metadata: dict[str, str]) -> Status:
    """Say what went wrong in a way that every client library of a neighbour can read."""
    info = PackedMessage()
    info.Pack(ErrorInfo(reason=reason, domain=domain, metadata=metadata))
    number: int = code.value[0]
    return Status(code=number, message=reason.replace("_", " ").lower(), details=[info])
