"""`api`: serve the shop until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
from collections.abc import Sequence

import uvicorn

from shop_api.app import create_app
from shop_api.rehearsal import rehearse
from shop_settings.settings import load_settings
from shop_telemetry.logs import configure_logs, get_log


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="api", description="The shop's HTTP API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one and prints it")
    parser.add_argument("--check", action="store_true", help="make a few requests without a network, and end")
    options = parser.parse_args(arguments)

    settings = load_settings()
    configure_logs(settings.log_level)
    app = create_app(settings)
    if options.check:
        answers = asyncio.run(rehearse(app))
        print(*answers, sep="\n")
        return int(any(answer.startswith("5") for answer in answers))

    with socket.create_server((options.host, options.port)) as listener:
        host, port = listener.getsockname()[:2]
        print(f"listening on http://{host}:{port}", flush=True)
        # uvicorn raises the signal again once it has shut down; an orderly end is a success.
        signal.signal(signal.SIGTERM, lambda number, frame: None)
        uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])
    get_log("api").info("closed")
    return 0
