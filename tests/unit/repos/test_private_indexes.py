"""Credentials reach the index they are meant for, and nothing else."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from fake_index import FakeIndex, running_index
from fake_proxy import behind_tls

from venvship.errors import VenvshipError
from venvship.events.build_events import Event
from venvship.repos.download import Downloads, NothingFetched, WantedFile
from venvship.repos.index_settings import IndexOverride, IndexSettings
from venvship.repos.network import Network
from venvship.repos.package_index import Indexes
from venvship.repos.wheel_store import WheelStore

WHEEL = "a-1.0-py3-none-any.whl"
ORIGIN = "https://packages.example/simple"
SECRET = "hunter2"


class Heard:
    """Everything that events say."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def server() -> Iterator[FakeIndex]:
    with running_index() as index:
        yield index


def wanted(server: FakeIndex, content: bytes = b"content") -> WantedFile:
    sha256 = server.add("a", WHEEL, content)
    return WantedFile("a", WHEEL, f"{ORIGIN}/a/{WHEEL}", sha256, origin=ORIGIN)


def test_a_password_of_the_keyring_is_used_and_kept_nowhere(
    server: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin/keyring"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = get ] && [ "$3" = robot ] && echo {SECRET}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    server.credentials = ("robot", SECRET)
    address = server.simple_url.replace("http://", "http://robot@")
    indexes = Indexes(IndexSettings((address,), timeout=600), [IndexOverride.parse(f"{ORIGIN}=@default")])
    heard = Heard()
    store = tmp_path / "store"
    file = wanted(server)
    Downloads(WheelStore(store), indexes=indexes, events=heard).fetch([file])
    assert SECRET not in repr(heard.events)
    kept = [
        path
        for path in store.rglob("*")
        if SECRET in str(path) or (path.is_file() and SECRET.encode() in path.read_bytes())
    ]
    assert kept == []


def test_a_refusal_does_not_repeat_what_was_refused(server: FakeIndex, tmp_path: Path) -> None:
    server.credentials = ("robot", "another")
    address = server.simple_url.replace("http://", f"http://robot:{SECRET}@")
    indexes = Indexes(IndexSettings((address,), timeout=600), [IndexOverride.parse(f"{ORIGIN}=@default")])
    with pytest.raises(VenvshipError) as caught:
        Downloads(WheelStore(tmp_path), indexes=indexes, events=Heard(), attempts=1).fetch([wanted(server)])
    assert SECRET not in str(caught.value) and "401" in str(caught.value)


def test_files_of_a_directory_come_before_every_index(server: FakeIndex, tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / WHEEL).write_bytes(b"content")
    sha256 = hashlib.sha256(b"content").hexdigest()
    file = WantedFile("a", WHEEL, f"{ORIGIN}/a/{WHEEL}", sha256, origin=ORIGIN)
    indexes = Indexes(IndexSettings((server.simple_url,), timeout=600), links=[str(links)])
    downloads = Downloads(WheelStore(tmp_path / "store"), indexes=indexes, events=Heard(), offline=True)
    assert downloads.fetch([file])[file].read_bytes() == b"content"
    assert not server.requests


def test_offline_everything_that_is_missing_is_named(server: FakeIndex, tmp_path: Path) -> None:
    files = [WantedFile("a", f"{name}-1-py3-none-any.whl", f"{ORIGIN}/{name}", name * 64) for name in "ab"]
    indexes = Indexes(IndexSettings((server.simple_url,), timeout=600))
    with pytest.raises(NothingFetched) as caught:
        Downloads(WheelStore(tmp_path), indexes=indexes, events=Heard(), offline=True).fetch(files)
    assert "a-1-py3-none-any.whl" in str(caught.value) and "b-1-py3-none-any.whl" in str(caught.value)
    assert not server.requests


@pytest.mark.parametrize(
    ("path", "user"),
    [
        ("/projects/1/simple/a/", "one"),
        ("/projects/1/files/a-1.0-py3-none-any.whl", "one"),
        ("/projects/2/simple/a/", "two"),
        ("/elsewhere", "one"),
    ],
)
def test_indexes_of_one_host_have_users_of_their_own(path: str, user: str) -> None:
    addresses = [
        f"https://{user}:{SECRET}@packages.example/projects/{n}/simple" for n, user in ((1, "one"), (2, "two"))
    ]
    session = Network(IndexSettings(tuple(addresses))).session()
    prepared = session.prepare_request(requests.Request("GET", f"https://packages.example{path}"))
    assert prepared.headers["Authorization"] == "Basic " + base64.b64encode(f"{user}:{SECRET}".encode()).decode()


def test_other_hosts_learn_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRC", os.devnull)
    session = Network(IndexSettings((f"https://robot:{SECRET}@packages.example/simple",))).session()
    for url in ("https://files.example/simple/a", "http://packages.example/simple/a", "https://packages.example:444/"):
        assert "Authorization" not in session.prepare_request(requests.Request("GET", url)).headers


def test_netrc_completes_an_address_with_a_name_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine packages.example login robot password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session = Network(IndexSettings(("https://robot@packages.example/simple",))).session()
    prepared = session.prepare_request(requests.Request("GET", "https://packages.example/simple/a/"))
    assert prepared.headers["Authorization"] == "Basic " + base64.b64encode(f"robot:{SECRET}".encode()).decode()


def test_an_address_that_leads_elsewhere_takes_the_credentials_of_that_place(server: FakeIndex, tmp_path: Path) -> None:
    server.credentials = ("robot", SECRET)
    target = server.simple_url.replace("http://", f"http://robot:{SECRET}@").replace("127.0.0.1", "localhost")
    with running_index() as first:
        first.credentials = ("first", "other")
        first.moved = server.url.replace("127.0.0.1", "localhost")
        file = wanted(server)
        first.add("a", WHEEL, b"content")
        address = first.simple_url.replace("http://", "http://first:other@")
        indexes = Indexes(IndexSettings((address, target), timeout=600), [IndexOverride.parse(f"{ORIGIN}=@default")])
        downloads = Downloads(WheelStore(tmp_path), indexes=indexes, events=Heard(), attempts=1)
        assert downloads.fetch([file])[file].read_bytes() == b"content"
        assert server.requests[f"/files/{WHEEL}"] == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with openssl")
def test_a_host_that_is_trusted_without_a_certificate_vouches_for_no_other(
    server: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    file = wanted(server)
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    with (
        behind_tls(server.url, tmp_path / "here") as (here, _),
        running_index() as elsewhere,
        behind_tls(elsewhere.url, tmp_path / "there") as (there, _),
    ):
        elsewhere.add("a", WHEEL, b"content")
        settings = IndexSettings((), trusted_hosts=frozenset({here.removeprefix("https://")}), timeout=600)

        def fetch() -> None:
            located = dataclasses.replace(file, location=f"{here}/files/{WHEEL}")
            Downloads(WheelStore(tmp_path), indexes=Indexes(settings), events=Heard()).fetch([located])

        server.moved = there
        with pytest.raises(VenvshipError, match="has a certificate that is not trusted"):
            fetch()
        assert not elsewhere.requests
        server.moved = ""
        fetch()
