"""The program of the processes that `wheel_readers` starts: reads manifests, and runs the tool that installs wheels.

A line of JSON on stdin, `[sha256, filename, request]`, is answered by one on stdout: what the tool answers, or nothing
when there is no request or when something is wrong with the wheel.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from venvship.repos.wheel_store import WheelStore, file_access
from venvship.tools import install_wheel
from venvship.wheels.archive import MalformedWheel
from venvship.wheels.filename import WheelFilename
from venvship.wheels.manifest import UnpackedWheel


def main() -> None:
    store = WheelStore(Path(sys.argv[1]))
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        for line in sys.stdin.buffer:
            sha256, filename, request = json.loads(line)
            answer = b""
            with contextlib.suppress(
                MalformedWheel, install_wheel.WheelRefused, install_wheel.BadRequest, OSError, MemoryError
            ):
                answer = _answer(store, sha256, WheelFilename.parse(filename), request)
            sys.stdout.buffer.write(answer + b"\n")
            sys.stdout.buffer.flush()


def _answer(store: WheelStore, sha256: str, filename: WheelFilename, request: Mapping[str, Any]) -> bytes:
    if not request:
        store.keep_manifest(sha256, filename)
        return b""
    wanted = install_wheel.Request.parse(request)
    installed = install_wheel.install_wheel(wanted)
    result = installed.sealed()
    site = wanted.site_packages_path
    # A wheel that is not what it should be has no manifest, and then nobody is told that it was unpacked.
    store.keep_manifest(
        sha256, filename, unpacked=UnpackedWheel(installed.members, lambda path: file_access(Path(site, path)))
    )
    return json.dumps(result).encode()
