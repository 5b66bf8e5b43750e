"""An image made of this machine's libraries, an imported interpreter and a program, started by other tools."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from image_building import engines_can_unpack

from venvship.repos.host_interpreters import find_interpreters
from venvship.repos.interpreter import import_interpreter
from venvship.repos.runtime_libraries import runtime_base, write_base
from venvship.tools import assemble_image, write_layer

pytestmark = pytest.mark.peers

Peer = Callable[..., str]

PROGRAM = """\
import os, ssl, socket, sqlite3, ctypes, zoneinfo, pwd, tempfile
assert not os.path.exists("/bin/sh")
assert socket.getaddrinfo("127.0.0.1", 80)
assert str(zoneinfo.ZoneInfo("UTC")) == "UTC"
tempfile.TemporaryFile().write(b"x")
cafile = ssl.get_default_verify_paths().cafile
assert cafile is None or ssl.create_default_context().cert_store_stats()["x509_ca"] > 0
print(pwd.getpwuid(os.getuid()).pw_name)
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("image")
    (directory / "python").mkdir()
    [host, *_] = find_interpreters(None)
    import_interpreter(host, directory / "python")
    base = runtime_base([directory / "python"])
    write_base(base, directory / "base")
    special = [
        {"directory": str(one.path), "mode": one.mode, "uid": one.uid, "gid": one.gid} for one in base.directories
    ]
    rows: list[list[dict[str, Any]]] = [
        [{"tree": str(directory / "base")}, *special],
        [{"tree": str(directory / "python"), "at": "app.runfiles/python", "exclude": ["include/**"]}],
        [
            {"text": base64.b64encode(PROGRAM.encode()).decode(), "at": "app/main.py"},
            {"link": "../app.runfiles/python/bin/python3", "at": "app/python"},
        ],
    ]
    layers = []
    for number, layer_rows in enumerate(rows):
        layer = {"blob": str(directory / f"{number}"), "descriptor": str(directory / f"{number}.json")}
        layer_request = {"output": layer["blob"], "descriptor": layer["descriptor"], "compression": "none"}
        write_layer.run({**layer_request, "rows": layer_rows})
        layers.append(layer)
    assemble_image.run(
        {
            "output": str(directory / "layout"),
            "layers": layers,
            "platform": {"os": "linux", "architecture": "amd64"},
            "config": {"entrypoint": ["/app/python", "-I", "/app/main.py"], "user": "65532:65532"},
        }
    )
    return directory / "layout"


def test_bubblewrap_starts_the_program(image: Path, tmp_path: Path, peer: Peer) -> None:
    peer("umoci", "unpack", "--rootless", "--image", f"{image}:latest", tmp_path / "bundle")
    options = "--proc /proc --dev /dev --tmpfs /tmp --unshare-all --uid 65532 --gid 65532 --clearenv --die-with-parent"
    root = tmp_path / "bundle/rootfs"
    output = peer("bwrap", "--ro-bind", root, "/", *options.split(), "/app/python", "-I", "/app/main.py")
    assert output == "nonroot\n"


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Podman takes no long paths."""
    with tempfile.TemporaryDirectory(prefix="vs", dir="/tmp") as directory:
        yield Path(directory)


@pytest.mark.slow
@pytest.mark.skipif(not engines_can_unpack(), reason="podman has no ids for the users of an image")
def test_podman_runs_the_image(image: Path, short_path: Path, peer: Peer) -> None:
    podman = f"--root {short_path}/r --runroot {short_path}/rr --tmpdir {short_path}/t --storage-driver=vfs"
    podman += " --cgroup-manager=cgroupfs --runtime runc"
    pulled = peer("podman", *podman.split(), "pull", "-q", f"oci:{image}:latest").strip()
    limits = "--network=none --ulimit nofile=1024:1024 --ulimit nproc=1000:1000"
    assert peer("podman", *podman.split(), "run", "--rm", *limits.split(), pulled) == "nonroot\n"
