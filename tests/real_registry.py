"""The reference registry as a process of its own, where it is installed."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def real_registry(directory: Path) -> Iterator[str]:
    """A registry of its own process, at a port that the system chooses; the context ends it."""
    config, log = directory / "registry.yml", directory / "registry.log"
    storage = f"{{filesystem: {{rootdirectory: '{directory}/registry'}}}}"
    config.write_text(f"version: 0.1\nstorage: {storage}\nhttp: {{addr: '127.0.0.1:0'}}\n")
    with log.open("wb") as output:
        process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=output, stderr=output)
    try:
        while (told := re.search(r"listening on (127\.0\.0\.1:\d+)", log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
        yield told[1]
    finally:
        process.terminate()
        process.wait()
