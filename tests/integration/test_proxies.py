"""Indexes behind proxies, through the real command: variables and pip's settings, passwords, hosts without a proxy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fake_index import FakeIndex
from fake_proxy import behind_tls, running_proxy
from private_index import SECRET, USER, assert_kept_nowhere, write
from real_workspace import RealWorkspace

NOWHERE = "http://127.0.0.1:9"
"""Where nobody listens."""


@pytest.fixture
def own(tmp_path: Path, workspace: RealWorkspace) -> RealWorkspace:
    return RealWorkspace(workspace.root, tmp_path / "cache", workspace.index)


def assert_runs(own: RealWorkspace, name: str, *flags: str) -> str:
    done = own.run("run", *flags, "//:app")
    assert (done.code, done.stdout) == (0, f"{name}\n"), done.stderr
    assert SECRET not in done.stderr
    assert_kept_nowhere(own.root, own.cache)
    return done.stderr


@pytest.mark.parametrize("setting", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "PIP_PROXY"])
def test_an_index_is_asked_through_a_proxy_with_a_password(own: RealWorkspace, index: FakeIndex, setting: str) -> None:
    write(own, index, "proxied")
    with running_proxy((USER, SECRET)) as proxy:
        own.environment[setting] = proxy.url
        assert_runs(own, "proxied")
        assert proxy.asked and not proxy.refused


@pytest.mark.parametrize("setting", ["HTTPS_PROXY", "PIP_PROXY"])
@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with openssl")
def test_an_index_with_tls_is_asked_through_a_tunnel(
    own: RealWorkspace, index: FakeIndex, tmp_path: Path, setting: str
) -> None:
    write(own, index, "tunnelled")
    with running_proxy((USER, SECRET)) as proxy, behind_tls(index.url, tmp_path) as (url, certificate):
        own.environment |= {setting: proxy.url, "SSL_CERT_FILE": str(certificate)}
        lock = own.root / "uv.lock"
        lock.write_text(lock.read_text().replace(index.url, url))
        assert_runs(own, "tunnelled")
        assert {line.split()[0] for line in proxy.asked} == {"CONNECT"}


def test_hosts_that_need_no_proxy_are_asked_without_one(own: RealWorkspace, index: FakeIndex) -> None:
    write(own, index, "direct")
    own.environment |= {"HTTP_PROXY": NOWHERE, "NO_PROXY": "localhost,127.0.0.1"}
    assert_runs(own, "direct")


def test_a_proxy_that_refuses_or_is_not_there_is_named_without_its_password(
    own: RealWorkspace, index: FakeIndex
) -> None:
    write(own, index, "refused")
    with running_proxy((USER, "another")) as proxy:
        own.environment["HTTP_PROXY"] = proxy.url.replace("another", SECRET)
        done = own.run("build", "//:app")
        where = f"http://127.0.0.1:{proxy.port}"
    assert done.code == 36 and f"the proxy `{where}`" in done.stderr, done.stderr
    assert SECRET not in done.stderr
    gone = own.run("build", "//:app")
    assert gone.code == 36 and f"the proxy `{where}`" in gone.stderr, gone.stderr
    assert SECRET not in gone.stderr
    assert_kept_nowhere(own.root, own.cache)
