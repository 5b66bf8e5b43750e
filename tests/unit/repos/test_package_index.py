from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_index import FakeIndex, refusing_address, running_index

from venvship.repos.index_settings import IndexOverride, IndexSettings
from venvship.repos.network import Network, TooLarge
from venvship.repos.package_index import Indexes, IndexUnreachable, PackageIndex
from venvship.repos.simple_page import IndexFile

WHEEL = "a-1.0-py3-none-any.whl"


@pytest.fixture
def server() -> Iterator[FakeIndex]:
    with running_index() as index:
        yield index


def index_of(*locations: str, find_links: tuple[str, ...] = ()) -> PackageIndex:
    settings = IndexSettings(locations, find_links, timeout=600)
    return PackageIndex(Network(settings, sleep=lambda seconds: None), indexes=locations, find_links=find_links)


@pytest.mark.parametrize("html", [False, True])
def test_a_file_is_found_on_json_and_html_pages(server: FakeIndex, html: bool) -> None:
    server.html_only = html
    sha256 = server.add("a", WHEEL, b"content")
    file = index_of(server.simple_url).find("a", WHEEL)
    assert file == IndexFile(server.file_url(WHEEL), sha256, None if html else 7)


def test_the_page_of_a_project_is_read_once(server: FakeIndex) -> None:
    server.add("a", WHEEL, b"content")
    index = index_of(server.simple_url)
    for _ in range(3):
        assert index.find("a", WHEEL) is not None
        assert index.find("b", "b-1-py3-none-any.whl") is None
    assert server.requests["/simple/a/"] == server.requests["/simple/b/"] == 1


def test_directories_are_indexes_and_those_that_are_missing_have_nothing(tmp_path: Path) -> None:
    page = tmp_path / "simple/a/index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="../../files/{WHEEL}#sha256={"0" * 64}">{WHEEL}</a>')
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat/b-1.tar.gz").write_bytes(b"12")
    missing = (tmp_path / "missing").as_uri()
    index = index_of(missing, (tmp_path / "simple").as_uri(), find_links=(str(tmp_path / "flat"), missing))
    assert index.find("a", WHEEL) == IndexFile((tmp_path / "files" / WHEEL).as_uri(), "0" * 64, None)
    assert index.find("b", "b-1.tar.gz") == IndexFile(str(tmp_path / "flat/b-1.tar.gz"), None, 2)
    assert index.find("c", "c-1.tar.gz") is None


def test_a_file_with_the_wanted_hash_is_preferred_over_another_of_the_same_name(server: FakeIndex) -> None:
    with running_index() as second:
        wrong, right = server.add("a", WHEEL, b"wrong"), second.add("a", WHEEL, b"right")
        index = index_of(server.simple_url, second.simple_url)
        found = index.find("a", WHEEL, sha256=right)
        assert found is not None
        assert found.sha256 == right
        other = index.find("a", WHEEL, sha256=hashlib.sha256(b"third").hexdigest())
        assert other is not None
        assert other.sha256 == wrong


def test_an_index_that_does_not_answer_is_passed_over_if_another_has_the_file(server: FakeIndex) -> None:
    server.add("a", WHEEL, b"content")
    with refusing_address() as dead:
        assert index_of(f"{dead}/simple/", server.simple_url).find("a", WHEEL) is not None
        with pytest.raises(IndexUnreachable, match="does not answer: ConnectionError"):
            index_of(f"{dead}/simple/", server.simple_url).find("a", "other-1-py3-none-any.whl")


def test_an_index_that_refuses_us_says_where_credentials_belong(server: FakeIndex) -> None:
    server.credentials = ("me", "secret")
    server.add("a", WHEEL, b"content")
    with pytest.raises(IndexUnreachable) as caught:
        index_of(server.simple_url.replace("//", "//me:wrong@")).find("a", WHEEL)
    assert "refuses us: HTTP 401" in str(caught.value)
    assert "netrc" in str(caught.value)
    assert "wrong" not in str(caught.value)
    assert index_of(server.simple_url.replace("//", "//me:secret@")).find("a", WHEEL) is not None


def test_credentials_of_netrc_are_used(server: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.credentials = ("me", "secret")
    server.add("a", WHEEL, b"content")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert index_of(server.simple_url).find("a", WHEEL) is not None


def test_a_server_error_is_not_an_empty_index(server: FakeIndex) -> None:
    server.add("a", WHEEL, b"content")
    server.failures["a"] = (500, 3)
    with pytest.raises(IndexUnreachable, match="answers with HTTP 500"):
        index_of(server.simple_url).find("a", WHEEL)


def test_a_page_of_links_may_lie_on_a_disk(tmp_path: Path) -> None:
    page = tmp_path / "links.html"
    page.write_text(f'<a href="files/{WHEEL}">{WHEEL}</a> <a href="https://packages.example/b-1.zip">b-1.zip</a>')
    for location in (str(page), page.as_uri()):
        index = index_of(find_links=(location,))
        assert index.find("a", WHEEL) == IndexFile((tmp_path / "files" / WHEEL).as_uri(), None, None)
        assert index.find("b", "b-1.zip") == IndexFile("https://packages.example/b-1.zip", None, None)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_overloaded_index_is_asked_again(server: FakeIndex, status: int) -> None:
    server.add("a", WHEEL, b"content")
    server.failures["a"] = (status, 2)
    assert index_of(server.simple_url).find("a", WHEEL) is not None


def test_an_index_that_nobody_reaches_is_waited_for_once() -> None:
    waits: list[float] = []
    silent = "http://127.0.0.1:9/simple"
    index = PackageIndex(Network(IndexSettings((silent,)), sleep=waits.append), indexes=[silent])
    for project in "abc":
        with pytest.raises(IndexUnreachable, match="does not answer"):
            index.find(project, WHEEL)
    assert len(waits) == 2


def test_a_page_that_is_too_large_is_not_read_to_the_end(server: FakeIndex) -> None:
    server.add("a", WHEEL, b"content")
    with pytest.raises(TooLarge):
        Network(IndexSettings(())).answer(f"{server.simple_url}a/", headers={}, most=10)


def test_overrides_map_an_origin_to_an_index_or_to_the_configured_one(server: FakeIndex) -> None:
    server.add("a", WHEEL, b"content")
    settings = IndexSettings(("file:///nowhere",))
    overrides = [IndexOverride.parse(f"https://packages.example/simple/={server.simple_url}"), IndexOverride("b", None)]
    indexes = Indexes(settings, overrides)
    mapped, default = indexes.override_of("https://packages.example/simple"), indexes.override_of("b")
    assert mapped is not None
    assert mapped.find("a", WHEEL) is not None
    assert default is not None
    assert default.locations == ("file:///nowhere",)
    assert indexes.override_of("https://other.example/simple") is None
