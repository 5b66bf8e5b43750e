"""Real wheels in planned venvs, beside a venv that uv has copied together from the same lock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from real_workspace import DEFS, HUB, MODULE

_DISTRIBUTIONS_TEXT: Final = """
aiohttp alembic anyio attrs azure-core azure-core-tracing-opentelemetry azure-identity bcrypt beautifulsoup4 black
boto3 celery certifi cffi charset-normalizer click cryptography django fastapi flask google-api-core
google-cloud-storage greenlet grpcio httpx idna ipython itsdangerous jaraco-collections jaraco-functools jaraco-text
jinja2 jupyter-server kombu lxml mako markupsafe matplotlib msgpack networkx numpy openpyxl opentelemetry-api
opentelemetry-exporter-otlp-proto-grpc opentelemetry-exporter-otlp-proto-http opentelemetry-sdk orjson packaging
pandas paramiko pillow protobuf psutil psycopg2-binary pyarrow pydantic pydantic-settings pyjwt pytest
python-dateutil pytz pyyaml pyzmq redis requests rich ruamel-yaml scikit-learn scipy setuptools six sqlalchemy
starlette sympy tornado tqdm typing-extensions urllib3 uvicorn uvloop werkzeug zope-component zope-event
zope-interface
"""
DISTRIBUTIONS: Final = tuple(_DISTRIBUTIONS_TEXT.split())
_MODULES_TEXT: Final = """
aiohttp alembic anyio attrs azure.core.tracing.ext.opentelemetry_span azure.identity bcrypt bs4 black boto3 celery
certifi cffi charset_normalizer click cryptography.hazmat.primitives.ciphers.aead cryptography.x509 django.http
fastapi flask google.api_core.retry google.cloud.storage google.protobuf.message greenlet grpc httpx idna IPython
itsdangerous jaraco.collections jaraco.functools jaraco.text jinja2 jupyter_server.serverapp kombu lxml.etree
mako.template markupsafe matplotlib.figure msgpack networkx numpy.linalg openpyxl opentelemetry.sdk.trace
opentelemetry.exporter.otlp.proto.grpc.trace_exporter opentelemetry.exporter.otlp.proto.http.trace_exporter orjson
packaging.version pandas paramiko PIL.Image google.protobuf.descriptor_pb2 psutil psycopg2 pyarrow.parquet pydantic
pydantic_settings jwt pytest dateutil.parser pytz yaml zmq redis requests rich.console ruamel.yaml
sklearn.linear_model scipy.linalg scipy.stats setuptools pkg_resources six sqlalchemy.orm starlette.applications
sympy tornado.web tqdm typing_extensions urllib3 uvicorn uvloop werkzeug zope.component zope.event zope.interface
no.such.module
"""
MODULES: Final = tuple(_MODULES_TEXT.split())
PROBE: Final = f"""
import importlib, importlib.metadata as metadata, json, os, sys

def outcome(name):
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        return type(error).__name__ + ": " + str(error).replace(sys.prefix, "PREFIX")
    return str(getattr(module, "__version__", "imported"))

def facts(distribution):
    files = [str(file) for file in distribution.files or () if not str(file).endswith((".pyc", "direct_url.json"))]
    inside = sorted(file for file in files if not file.startswith("../") and os.path.basename(file) not in GENERATED)
    # Path files that are programs are not carried over: every start of Python would run them.
    looked_for = [file for file in inside if not file.endswith(".pth")]
    missing = [file for file in looked_for if not os.path.exists(distribution.locate_file(file))]
    return [
        distribution.version,
        sorted([point.group, point.name, point.value] for point in distribution.entry_points),
        sorted(distribution.requires or ()),
        sorted(distribution.metadata.get_all("Classifier") or ()),
        len(inside),
        missing,
    ]

def below(directory):
    top = os.path.join(sys.prefix, directory)
    return sorted(
        os.path.relpath(os.path.join(where, name), top)
        for where, _, names in os.walk(top, followlinks=True)
        for name in names
    )

GENERATED = ("INSTALLER", "REQUESTED", "RECORD", "uv_cache.json", "direct_url.json")
print(json.dumps({{
    "modules": {{name: outcome(name) for name in {MODULES!r}}},
    "distributions": {{d.metadata["Name"]: facts(d) for d in metadata.distributions()}},
    "share": below("share"),
    "etc": below("etc"),
    "scripts": sorted(
        name
        for name in os.listdir(os.path.join(sys.prefix, "bin"))
        if not name.startswith(("python", "pydoc")) and not name.lower().startswith(("activate", "deactivate"))
    ),
}}))
"""


def run(argv: list[str | Path], cwd: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(argv, cwd=cwd, env=dict(environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.mark.index
@pytest.mark.slow
def test_real_wheels_are_what_they_are_in_a_copied_venv(tmp_path: Path, shared_cache: Path) -> None:
    """Every module imports or fails alike; every distribution has the same metadata; the same data files are there."""
    assert len(DISTRIBUTIONS) >= 60
    names = ", ".join(f'"{name}"' for name in DISTRIBUTIONS)
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    deps = ", ".join(f'"@pypi//{name.replace("-", "_")}"' for name in DISTRIBUTIONS)
    root = tmp_path / "workspace"
    (root / "app").mkdir(parents=True)
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "shop"\nversion = "0"\nrequires-python = "=={here}.*"\ndependencies = [{names}]\n'
    )
    (root / "MODULE.bazel").write_text(MODULE + HUB)
    (root / "app" / "BUILD.bazel").write_text(
        DEFS + f'py_binary(name = "probe", srcs = ["probe.py"], deps = [{deps}])\n'
    )
    (root / "app" / "probe.py").write_text(PROBE)
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    run([sys.executable, "-m", "uv", "lock", "--quiet"], root, environment)

    copied = tmp_path / "copied"
    locked = {**environment, "UV_PROJECT_ENVIRONMENT": str(copied), "UV_LINK_MODE": "copy"}
    run([sys.executable, "-m", "uv", "sync", "--frozen", "--quiet", "--python", sys.executable], root, locked)
    source = os.environ.get("PYTHONPATH", "")
    ours = {**environment, "XDG_CACHE_HOME": str(shared_cache), "PYTHONPATH": source}
    command: list[str | Path] = [sys.executable, "-m", "venvship", "run", "--noshow_progress", "//app:probe"]
    planned = json.loads(run(command, root, ours).splitlines()[-1])
    expected = json.loads(run([copied / "bin" / "python", "-I", "-B", root / "app" / "probe.py"], root, environment))

    expected["distributions"].pop("shop", None)
    planned["distributions"].pop("shop", None)
    assert planned["modules"] == expected["modules"]
    failures = {name: text for name, text in expected["modules"].items() if "Error" in text}
    assert set(failures) <= {"no.such.module", "pkg_resources"}
    differing = {
        name: (planned["distributions"].get(name), facts)
        for name, facts in expected["distributions"].items()
        if planned["distributions"].get(name) != facts
    }
    assert not differing and len(planned["distributions"]) == len(expected["distributions"])
    for kind in ("share", "etc", "scripts"):
        assert planned[kind] == expected[kind], kind
