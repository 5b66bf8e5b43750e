"""What is asked without the HTTP client, and what is left to it."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_index import FakeIndex, running_index
from fake_proxy import behind_tls

from venvship.repos.attempts import CutOff
from venvship.repos.index_settings import IndexSettings
from venvship.repos.network import Network, TooLarge
from venvship.repos.plain_http import PlainHttp
from venvship.repos.urls import origin_of

WHEEL = "a-1.0-py3-none-any.whl"


@pytest.fixture
def server() -> Iterator[FakeIndex]:
    with running_index() as index:
        yield index


@pytest.fixture(autouse=True)
def nothing_special(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NETRC", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def plain_http(settings: IndexSettings | None = None, *private: str) -> PlainHttp:
    return PlainHttp(settings or IndexSettings(()), timeout=(10.0, 10.0), private=private)


def content(http: PlainHttp, url: str) -> bytes | None:
    with http.answer(url, headers={}) as answer:
        return None if answer is None else b"".join(bytes(piece) for piece in answer.pieces)


def test_files_of_any_size_come_over_one_connection(server: FakeIndex) -> None:
    files = {"a.whl": b"", "b.whl": b"b", "c.whl": bytes(range(256)) * 20_000}
    for name, data in files.items():
        server.add("a", name, data)
    http = plain_http()
    assert {name: content(http, server.file_url(name)) for name in files} == files


def test_what_breaks_off_is_said_and_the_client_asks_from_then_on(server: FakeIndex) -> None:
    server.add("a", WHEEL, b"content")
    server.cut[WHEEL] = 3
    http = plain_http()
    with pytest.raises(CutOff):
        content(http, server.file_url(WHEEL))
    assert content(http, server.file_url(WHEEL)) is None


def test_who_asks_for_a_password_or_leads_elsewhere_is_left_to_the_client(server: FakeIndex) -> None:
    server.add("a", WHEEL, b"content")
    server.credentials = ("robot", "secret")
    assert content(plain_http(), server.file_url(WHEEL)) is None
    server.credentials = None
    server.moved = "http://127.0.0.1:9"
    assert content(plain_http(), server.file_url(WHEEL)) is None


def test_certificates_are_those_of_the_settings(
    server: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add("a", WHEEL, b"content")
    with behind_tls(server.url, tmp_path) as (address, certificate):
        url = f"{address}/files/{WHEEL}"
        assert content(plain_http(), url) is None
        assert not server.requests
        trusting = IndexSettings((), certificates=str(certificate))
        assert content(plain_http(trusting), url) == b"content"
        assert content(plain_http(trusting), url.replace("127.0.0.1", "localhost")) is None
        assert content(plain_http(dataclasses.replace(trusting, trusted_hosts=frozenset({"other"}))), url) is None
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert content(plain_http(trusting), url) is None


def test_nobody_who_answers_is_left_to_the_client() -> None:
    assert content(plain_http(), "http://127.0.0.1:9/a") is None


@pytest.mark.parametrize(
    "special", [{"proxy": "http://127.0.0.1:9"}, {"netrc": ("/n",)}, {"patterns": {"h": "<login>"}}]
)
def test_settings_that_the_client_knows_are_left_to_it(server: FakeIndex, special: dict[str, Any]) -> None:
    server.add("a", WHEEL, b"content")
    settings = dataclasses.replace(IndexSettings(()), **special)
    assert content(plain_http(settings), server.file_url(WHEEL)) is None
    assert server.requests == {}


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY", "NETRC"])
def test_variables_that_the_client_knows_are_left_to_it(
    server: FakeIndex, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add("a", WHEEL, b"content")
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert content(plain_http(), server.file_url(WHEEL)) is None
    assert server.requests == {}


def test_passwords_are_left_to_the_client(server: FakeIndex, tmp_path: Path) -> None:
    server.add("a", WHEEL, b"content")
    url = server.file_url(WHEEL)
    assert content(plain_http(None, origin_of(url)), url) is None
    assert content(plain_http(), url.replace("http://", "http://robot:secret@")) is None
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login robot password secret\n")
    assert content(plain_http(), url) is None
    assert server.requests == {}


def test_addresses_that_have_to_be_spelled_differently_are_left_to_the_client(server: FakeIndex) -> None:
    for path in ("/files/ä", "/files/a b", "/files/a\nb"):
        assert content(plain_http(), server.url + path) is None
    for url in ("http://[::1", "http://127.0.0.1:port/", "http:///a", "ftp://127.0.0.1/a"):
        assert content(plain_http(), url) is None
    assert server.requests == {}


def test_pages_come_compressed_and_are_not_larger_than_anybody_wants(server: FakeIndex) -> None:
    page = b"page " * 1000
    server.add("a", "page", gzip.compress(page))
    server.headers = {"Content-Encoding": "gzip"}
    network = Network(IndexSettings(()))
    assert network.answer(server.file_url("page"), headers={}, most=len(page)).content == page
    with pytest.raises(TooLarge):
        network.answer(server.file_url("page"), headers={}, most=len(page) - 1)
    assert server.requests["/files/page"] == 2
