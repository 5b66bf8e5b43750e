from __future__ import annotations

import re
import signal
import subprocess
import sys

import httpx
import pytest

from shop_api.server import main


def test_check_needs_no_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert "201 POST /orders (" in capsys.readouterr().out


def test_it_serves_on_a_free_port_and_ends_in_order() -> None:
    program = "import sys; from shop_api.server import main; sys.exit(main(['--port', '0']))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", server.stdout.readline())
        assert found is not None
        assert httpx.get(f"{found[1]}/healthz", trust_env=False, timeout=30).json()["status"] == "ok"
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
