"""A web server on the loopback interface for the files of a directory."""

from __future__ import annotations

import contextlib
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

    With `together`, answers wait until so many are asked for at the same time; 503 is the one to who asks alone.
    """

    root: Path
    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: int = 0
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
                    state.together.wait(20)
                except threading.BrokenBarrierError:
                    self.send_error(503)
                    return
            data = file.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

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
