"""A web server on the loopback interface for the files of a directory."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


@dataclass
class DirectoryServer:
    """What is served, and what was asked for; `broken` answers everything with that status.

    `cuts` has the numbers of bytes after which the next answers for a file break off, `busy` how many more times a file
    is answered with 503; with `tags`, files have an ETag and parts of them can be had. `encoding` is what the server
    calls the encoding of all files.
    With `together`, answers wait until so many are asked for at the same time; 503 is the one to who asks alone.
    """

    root: Path
    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: int = 0
    cuts: dict[str, list[int]] = field(default_factory=dict)
    busy: Counter[str] = field(default_factory=Counter)
    tags: bool = False
    encoding: str = ""
    together: threading.Barrier | None = None


@contextlib.contextmanager
def serving(root: Path) -> Iterator[DirectoryServer]:
    state = DirectoryServer(root)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path.lstrip("/"))
            state.requests[path] += 1
            state.headers[path] = {name.lower(): value for name, value in self.headers.items()}
            file = state.root / path
            if state.broken or not file.is_file():
                self.send_error(state.broken or 404)
                return
            if state.together is not None:
                try:
                    state.together.wait(600)
                except threading.BrokenBarrierError:
                    self.send_error(503)
                    return
            if state.busy[path]:
                state.busy[path] -= 1
                self.send_error(503)
                return
            data = file.read_bytes()
            tag = f'"{hashlib.sha256(data).hexdigest()}"'
            wanted, start = state.headers[path].get("range", ""), 0
            if state.tags and wanted and state.headers[path].get("if-range") == tag:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            if state.tags:
                self.send_header("ETag", tag)
            if state.encoding:
                self.send_header("Content-Encoding", state.encoding)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            cuts = state.cuts.get(path)
            self.wfile.write(data[start : start + cuts.pop(0)] if cuts else data[start:])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
