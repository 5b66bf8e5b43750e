"""A container registry in this process that can be told to fail: busy, broken, forgetful, lying, or closed."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Fault = Callable[["Handler"], bool]
"""Called before a request is answered; True if it answered itself."""


@dataclass
class FakeRegistry:
    """What the registry holds and what was asked of it. `faults` are tried in order, each until it is used up."""

    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    mounts: bool = True
    password: str = ""
    tokens: bool = False
    lifetime: int = 1_000_000
    issued: dict[str, int] = field(default_factory=dict)
    referrers: bool = True
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def fail(self, pattern: str, status: int, *, times: int = 1, headers: dict[str, str] | None = None) -> None:
        """Answer the next `times` requests that match `METHOD path` with a status."""

        def refuse(handler: Handler) -> None:
            handler.answer(status, json.dumps({"errors": [{"code": "TEST", "message": "told to"}]}).encode(), headers)

        self.intercept(pattern, refuse, times=times)

    def drop(self, pattern: str, *, times: int = 1, after: int = 0) -> None:
        """Close the connection instead of an answer; of an upload, keep the first `after` bytes."""

        def close(handler: Handler) -> None:
            session = handler.path.rpartition("/")[2].partition("?")[0]
            if after and session in self.uploads:
                self.uploads[session] += handler.rfile.read(after)
            handler.hang_up()

        self.intercept(pattern, close, times=times, reads=False)

    def intercept(self, pattern: str, act: Callable[[Handler], None], *, times: int = 1, reads: bool = True) -> None:
        """Let `act` answer the next `times` requests that match; with `reads`, their bodies are gone by then."""
        left = [times]

        def fault(handler: Handler) -> bool:
            if left[0] <= 0 or not re.search(pattern, f"{handler.command} {handler.path}"):
                return False
            left[0] -= 1
            if reads:
                handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
            act(handler)
            return True

        self.faults.append(fault)

    def count(self, pattern: str) -> int:
        return sum(1 for line in self.requests if re.search(pattern, line))


class Handler(http.server.BaseHTTPRequestHandler):
    registry: FakeRegistry
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name in headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang_up(self) -> None:
        """End the connection at once, whoever still holds it."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def handle_any(self) -> None:
        registry = self.registry
        with registry.lock:
            registry.requests.append(f"{self.command} {self.path}")
            fault = next((fault for fault in registry.faults if fault(self)), None)
        if fault is not None:
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with registry.lock:
            if self.path.startswith("/token"):
                self.token()
            elif self.allowed():
                self.dispatch(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def token(self) -> None:
        wanted = "Basic " + base64.b64encode(f"user:{self.registry.password}".encode()).decode()
        if self.registry.password and self.headers.get("Authorization") != wanted:
            return self.answer(401)
        token = f"token{len(self.registry.issued)}"
        self.registry.issued[token] = self.registry.lifetime
        self.answer(200, json.dumps({"token": token}).encode())
        return None

    def allowed(self) -> bool:
        registry = self.registry
        given = self.headers.get("Authorization", "")
        if registry.tokens:
            token = given.removeprefix("Bearer ")
            if registry.issued.get(token, 0) > 0:
                registry.issued[token] -= 1
                return True
            challenge = f'Bearer realm="{registry.url}/token",service="test",scope="repository:a:pull,push"'
            self.answer(401, headers={"WWW-Authenticate": challenge})
            return False
        if registry.password:
            if given == "Basic " + base64.b64encode(f"user:{registry.password}".encode()).decode():
                return True
            self.answer(401, headers={"WWW-Authenticate": 'Basic realm="test"'})
            return False
        return True

    def dispatch(self, body: bytes) -> None:
        parts = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parts.query)
        if parts.path == "/v2/":
            return self.answer(200)
        found = re.fullmatch(r"/v2/(.+)/(blobs|manifests)/(uploads/)?(.*)", parts.path)
        if found is None:
            return self.answer(404)
        name, kind, uploads, rest = found.groups()
        if uploads:
            self.upload(name, rest, query, body)
        elif kind == "blobs":
            self.blob(name, rest)
        else:
            self.manifest(name, rest, body)
        return None

    def blob(self, name: str, digest: str) -> None:
        data = self.registry.blobs.get((name, digest))
        if data is None:
            return self.answer(404)
        found = re.fullmatch(r"bytes=([0-9]+)-([0-9]*)", self.headers.get("Range", ""))
        if found:
            return self.answer(206, data[int(found[1]) :])
        self.answer(200, data if self.command == "GET" else b"", {"Content-Length": str(len(data))})
        return None

    def manifest(self, name: str, reference: str, body: bytes) -> None:
        registry = self.registry
        if self.command == "PUT":
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
            kept = (self.headers.get("Content-Type", ""), body)
            missing = [
                d for d in self.named(json.loads(body)) if (name, d) not in {**registry.blobs, **registry.manifests}
            ]
            if missing:
                return self.answer(
                    400, json.dumps({"errors": [{"code": "BLOB_UNKNOWN", "message": missing[0]}]}).encode()
                )
            registry.manifests[name, reference] = registry.manifests[name, digest] = kept
            headers = {"Docker-Content-Digest": digest}
            if registry.referrers and "subject" in json.loads(body):
                headers["OCI-Subject"] = json.loads(body)["subject"]["digest"]
            return self.answer(201, headers=headers)
        if (name, reference) not in registry.manifests:
            return self.answer(404)
        media_type, data = registry.manifests[name, reference]
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest, "Content-Length": str(len(data))}
        self.answer(200, data, headers)
        return None

    def named(self, document: dict[str, object]) -> list[str]:
        rows = [document.get("config"), *list_of(document.get("layers")), *list_of(document.get("manifests"))]
        return [str(row["digest"]) for row in rows if isinstance(row, dict)]

    def upload(self, name: str, session: str, query: dict[str, list[str]], body: bytes) -> None:
        registry = self.registry
        if self.command == "POST":
            if "mount" in query:
                blob = registry.blobs.get((query["from"][0], query["mount"][0]))
                if registry.mounts and blob is not None:
                    registry.blobs[name, query["mount"][0]] = blob
                    return self.answer(201, headers={"Location": "/", "Docker-Content-Digest": query["mount"][0]})
            session = f"s{len(registry.requests)}"
            registry.uploads[session] = bytearray()
            return self.answer(202, headers={"Location": f"/v2/{name}/blobs/uploads/{session}?state=1"})
        if session not in registry.uploads:
            return self.answer(404)
        kept = registry.uploads[session]
        here = {"Location": f"/v2/{name}/blobs/uploads/{session}?state=1", "Range": f"0-{max(len(kept) - 1, 0)}"}
        if self.command == "DELETE":
            del registry.uploads[session]
            return self.answer(204)
        if self.command == "GET":
            return self.answer(204, headers=here)
        if self.command == "PATCH":
            start = int(self.headers.get("Content-Range", "0-").partition("-")[0])
            if start != len(kept):
                return self.answer(416, headers=here)
            kept += body
            return self.answer(202, headers={**here, "Range": f"0-{len(kept) - 1}"})
        kept += body
        digest = query["digest"][0]
        if "sha256:" + hashlib.sha256(kept).hexdigest() != digest:
            return self.answer(
                400, json.dumps({"errors": [{"code": "DIGEST_INVALID", "message": "other bytes"}]}).encode()
            )
        registry.blobs[name, digest] = bytes(kept)
        del registry.uploads[session]
        self.answer(201, headers={"Docker-Content-Digest": digest})
        return None


def list_of(value: object) -> list[object]:
    return value if isinstance(value, list) else []


@contextmanager
def running_registry(tls: ssl.SSLContext | None = None) -> Iterator[FakeRegistry]:
    """A registry on a port of this machine, until the context ends; with `tls` it speaks nothing else."""
    registry = FakeRegistry()
    handler = type("BoundHandler", (Handler,), {"registry": registry})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    registry.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
