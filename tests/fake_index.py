"""A small package index on the loopback interface, with faults on request.

It serves the simple API (JSON and HTML) and the files with range requests, from memory.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

JSON_TYPE = "application/vnd.pypi.simple.v1+json"


@dataclass
class FakeIndex:
    """What the server offers and what it was asked.

    `failures` counts how many more times a file is answered with a status; `cut` maps a file name to the number of
    bytes after which its connection is closed, once; `pieces` the same for every connection; `stalls` the same, after
    which nothing comes until the name is taken out, and then the end; `replaced` serves other bytes than the index page
    hashes. `parts` has the sizes of the parts of files that were asked for. `query` is what pages add to the addresses
    of files, and `moved` is the server that has the files. `authorisation` is a header that it wants, as it is.
    """

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    html_only: bool = False
    ranges: bool = True
    credentials: tuple[str, str] | None = None
    authorisation: str = ""
    failures: dict[str, tuple[int, int]] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, int] = field(default_factory=dict)
    stalls: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, bytes] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    range_starts: list[tuple[str, int]] = field(default_factory=list)
    parts: list[tuple[str, int]] = field(default_factory=list)
    url: str = ""
    query: str = ""
    moved: str = ""

    def add(self, project: str, filename: str, content: bytes) -> str:
        """Offer a file; return its SHA-256."""
        self.files.setdefault(project, {})[filename] = content
        return hashlib.sha256(content).hexdigest()

    @property
    def simple_url(self) -> str:
        return f"{self.url}/simple/"

    def file_url(self, filename: str) -> str:
        return f"{self.url}/files/{quote(filename)}"


@contextlib.contextmanager
def running_index() -> Iterator[FakeIndex]:
    """Serve a new index until the block ends."""
    index = FakeIndex()
    lock = threading.Lock()

    class Handler(_Handler):
        offered = index
        guard = lock

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    index.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def refusing_address() -> Iterator[str]:
    """An address whose port is taken until the block ends, by one that does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    offered: FakeIndex
    guard: threading.Lock

    def do_GET(self) -> None:
        index = self.offered
        path = unquote(self.path.partition("?")[0])
        with self.guard:
            index.requests[path] += 1
            failure = self._failure(path)
        if index.authorisation and self.headers.get("Authorization") != index.authorisation:
            self._answer(401, b"", "text/plain")
        elif index.credentials is not None and self._credentials() != index.credentials:
            self._answer(401, b"", "text/plain", {"WWW-Authenticate": 'Basic realm="index"'})
        elif failure:
            self._answer(failure, b"", "text/plain")
        elif path.startswith("/simple/"):
            self._project(path.removeprefix("/simple/").strip("/"))
        elif path.startswith("/files/") and index.moved:
            self._answer(302, b"", "text/plain", {"Location": index.moved + self.path})
        elif path.startswith("/files/"):
            self._file(path.removeprefix("/files/"))
        else:
            self._answer(404, b"", "text/plain")

    def do_HEAD(self) -> None:
        """What uv asks before it reads parts of a file."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests have nothing to say on stderr."""

    def _failure(self, path: str) -> int:
        name = path.strip("/").rpartition("/")[2]
        status, times = self.offered.failures.get(name, (0, 0))
        if times:
            self.offered.failures[name] = (status, times - 1)
        return status if times else 0

    def _credentials(self) -> tuple[str, str] | None:
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return None
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        return user, password

    def _project(self, project: str) -> None:
        index = self.offered
        files = index.files.get(project)
        if files is None:
            self._answer(404, b"", "text/plain")
        elif index.html_only or JSON_TYPE not in self.headers.get("Accept", ""):
            links = [
                f'<a href="../../files/{quote(name)}#sha256={hashlib.sha256(content).hexdigest()}">{name}</a><br>'
                for name, content in files.items()
            ]
            self._answer(200, ("<!DOCTYPE html><html><body>" + "".join(links) + "</body></html>").encode(), "text/html")
        else:
            document = {
                "meta": {"api-version": "1.1"},
                "name": project,
                "versions": [],
                "files": [
                    {
                        "filename": name,
                        "url": index.file_url(name) + index.query,
                        "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                        "size": len(content),
                    }
                    for name, content in files.items()
                ],
            }
            self._answer(200, json.dumps(document).encode(), JSON_TYPE)

    def _file(self, filename: str) -> None:
        index = self.offered
        content = next((files[filename] for files in index.files.values() if filename in files), None)
        if content is None:
            self._answer(404, b"", "text/plain")
            return
        content = index.replaced.get(filename, content)
        wanted = self.headers.get("Range", "")
        headers = {"Accept-Ranges": "bytes"} if index.ranges else {}
        status, start = 200, 0
        if index.ranges and wanted.startswith("bytes=") and wanted.endswith("-"):
            start = int(wanted[len("bytes=") : -1])
            if start >= len(content):
                self._answer(416, b"", "text/plain", {"Content-Range": f"bytes */{len(content)}"})
                return
            with self.guard:
                index.range_starts.append((filename, start))
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        elif index.ranges and wanted.startswith("bytes="):
            low, _, high = wanted[len("bytes=") :].partition("-")
            start = int(low) if low else max(len(content) - int(high), 0)
            end = int(high) + 1 if low else len(content)
            with self.guard:
                index.parts.append((filename, end - start))
            part = {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}
            self._answer(206, content[start:end], "application/octet-stream", part)
            return
        with self.guard:
            cut = index.cut.pop(filename, index.pieces.get(filename))
            stall = index.stalls.get(filename)
        if stall is not None:
            cut = stall
        self._answer(status, content[start:], "application/octet-stream", headers, cut=cut)
        while filename in index.stalls:
            time.sleep(0.01)

    def _answer(
        self,
        status: int,
        body: bytes,
        content_type: str,
        headers: dict[str, str] | None = None,
        *,
        cut: int | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True
