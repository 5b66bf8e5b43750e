"""A proxy on the loopback interface that asks for a password, and a front with TLS for a server without it."""

from __future__ import annotations

import base64
import contextlib
import select
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_HEAD = 1 << 16


@dataclass
class FakeProxy:
    """Where the proxy listens, whom it serves, and what it was asked: the first line of each request."""

    credentials: tuple[str, str] | None = None
    port: int = 0
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        if self.credentials is None:
            return f"http://127.0.0.1:{self.port}"
        return f"http://{self.credentials[0]}:{self.credentials[1]}@127.0.0.1:{self.port}"


@contextlib.contextmanager
def running_proxy(credentials: tuple[str, str] | None = None) -> Iterator[FakeProxy]:
    """Serve `CONNECT` and plain requests until the block ends."""
    proxy = FakeProxy(credentials)

    def serve(client: socket.socket) -> None:
        head = _head(client)
        line, _, rest = head.partition(b"\r\n")
        words = line.decode().split()
        if len(words) != 3:
            return
        if credentials is not None and _authorization(rest) != credentials:
            proxy.refused.append(line.decode())
            client.sendall(
                b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="p"\r\n'
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return
        proxy.asked.append(line.decode())
        if words[0] == "CONNECT":
            host, _, port = words[1].rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                _joined(client, server)
            return
        parts = urlsplit(words[1])
        with socket.create_connection((parts.hostname or "", parts.port or 80)) as server:
            fields = [one for one in rest.split(b"\r\n") if not one.lower().startswith((b"proxy-", b"connection:"))]
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            server.sendall(f"{words[0]} {target} HTTP/1.1\r\nConnection: close\r\n".encode() + b"\r\n".join(fields))
            _joined(client, server)

    with _listening(serve) as proxy.port:
        yield proxy


@contextlib.contextmanager
def behind_tls(url: str, directory: Path) -> Iterator[tuple[str, Path]]:
    """An address with TLS that stands for `url` on this machine, and the certificate by which it is known."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    openssl = shutil.which("openssl")
    assert openssl is not None
    words = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(
        [openssl, *words, *names, "-keyout", str(key), "-out", str(certificate)], capture_output=True, check=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    parts = urlsplit(url)

    def serve(client: socket.socket) -> None:
        with (
            context.wrap_socket(client, server_side=True) as safe,
            socket.create_connection((parts.hostname or "", parts.port or 80)) as server,
        ):
            _joined(safe, server)

    with _listening(serve) as port:
        yield f"https://127.0.0.1:{port}", certificate


@contextlib.contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_one(client: socket.socket) -> None:
        # Clients may leave, and servers be gone.
        with client, contextlib.suppress(OSError):
            serve(client)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve_one, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _head(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data and len(data) < _HEAD:
        chunk = client.recv(4096)
        if not chunk:
            break
        data += chunk
    return data


def _authorization(fields: bytes) -> tuple[str, str] | None:
    for one in fields.split(b"\r\n"):
        name, _, value = one.partition(b":")
        if name.lower() == b"proxy-authorization" and value.strip().startswith(b"Basic "):
            user, _, password = base64.b64decode(value.strip()[6:]).decode().partition(":")
            return user, password
    return None


def _joined(left: socket.socket, right: socket.socket) -> None:
    """Pass bytes both ways until one side has no more."""
    while True:
        pending = isinstance(left, ssl.SSLSocket) and left.pending() > 0
        ready = [left] if pending else select.select([left, right], [], [], 600)[0]
        if not ready:
            return
        for one in ready:
            chunk = one.recv(1 << 16)
            if not chunk:
                return
            (right if one is left else left).sendall(chunk)
