from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.repos.simple_page import JSON_TYPE, IndexFile, MalformedPage, parse_page

URL = "https://packages.example/simple/a/"
SHA = "0" * 64
NAME = "a-1.0+cpu-py3-none-any.whl"


def page_of(*files: dict[str, object], version: object = "1.4") -> bytes:
    return json.dumps({"meta": {"api-version": version}, "name": "a", "files": files}).encode()


def files(content: bytes, content_type: str = "text/html", name: str = NAME) -> list[IndexFile]:
    return parse_page(content, content_type=content_type, url=URL).files(name)


def test_a_json_page_has_addresses_hashes_and_sizes() -> None:
    content = page_of(
        {"filename": NAME, "url": "../../files/a.whl", "hashes": {"sha256": SHA, "md5": "x"}, "size": 5},
        {"filename": NAME, "url": "https://other.example/a.whl", "hashes": {}},
    )
    assert files(content, JSON_TYPE) == [
        IndexFile("https://packages.example/files/a.whl", SHA, 5),
        IndexFile("https://other.example/a.whl", None, None),
    ]
    assert files(content, JSON_TYPE, "b.whl") == []


def test_an_html_page_has_addresses_and_hashes() -> None:
    content = f"""<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0">
      <base href="https://base.example/x/"></head><body>
      <a href="a%2Bcpu.whl#sha256={SHA}" data-yanked>a-1.0&#43;cpu-py3-none-any.whl</a>
      <A HREF='/b.whl#md5=abc'> {NAME} </A><a>no address</a><a href="c">other</a>"""
    assert files(content.encode(), 'text/html; charset="utf-8"') == [
        IndexFile("https://base.example/x/a%2Bcpu.whl", SHA, None),
        IndexFile("https://base.example/b.whl", None, None),
    ]


@pytest.mark.parametrize("text", ["a-1.0+cpu-py3-no..&gt;", "cpu/a-1.0%2Bcpu-py3-none-any.whl", "", "Download"])
def test_a_listing_may_show_something_else_than_the_name(text: str) -> None:
    address = "https://other.example/cpu/a-1.0%2Bcpu-py3-none-any.whl"
    content = f'<a href="{address}?x=1/y.whl#egg=a&sha256={SHA}">{text}</a><a href="?C=M;O=A">Last modified</a>'
    assert files(content.encode()) == [IndexFile(f"{address}?x=1/y.whl", SHA, None)]


@pytest.mark.parametrize(
    ("content", "content_type", "reason"),
    [
        (b"<html>", "application/pdf", "is of the type `application/pdf`"),
        (b"<html>", "text/html; charset=klingon", "character set is not known"),
        (b'<meta name="pypi:repository-version" content="2.0">', "text/html", "API has the version '2.0'"),
        (page_of(version="2.0"), JSON_TYPE, "API has the version '2.0'"),
        (page_of(version=1), JSON_TYPE, "API has the version 1"),
        (page_of({"filename": NAME}), JSON_TYPE, "not what the simple API says"),
        (page_of({"filename": 1, "url": 2}), JSON_TYPE, "no name or no address"),
        (b"[]", JSON_TYPE, "not what the simple API says"),
        (b"{", JSON_TYPE, "not what the simple API says"),
        (b"[" * 100_000, JSON_TYPE, "not what the simple API says"),
    ],
)
def test_what_is_no_page_is_refused(content: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(MalformedPage, match=reason):
        parse_page(content, content_type=content_type, url=URL)


@given(st.text(alphabet="<a href='#sha256=0\">/! -&;", max_size=60))
def test_any_text_is_a_page_of_html(text: str) -> None:
    parse_page(text.encode(), content_type="text/html", url=URL)
