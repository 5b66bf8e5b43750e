"""The reference registry as a process of its own, where it is installed."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    yield port


@contextlib.contextmanager
def real_registry(directory: Path) -> Iterator[str]:
    """A registry of its own process; the context ends it."""
    with free_port() as port:
        config = directory / "registry.yml"
        storage = f"{{filesystem: {{rootdirectory: '{directory}/registry'}}}}"
        config.write_text(f"version: 0.1\nstorage: {storage}\nhttp: {{addr: '127.0.0.1:{port}'}}\n")
        process = subprocess.Popen(
            ["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)
