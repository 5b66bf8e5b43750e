from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.repos.urls import credentials_of, local_path, origin_of, same_index, shown_url, without_credentials

SECRET = "https://me:p%40ss@files.example:8443/simple/a.whl?token=t#f"


def test_what_is_shown_holds_no_secret() -> None:
    assert shown_url(SECRET) == "https://files.example:8443/simple/a.whl"
    assert shown_url("https://[broken") == "(an address that can't be read)"


@given(st.from_regex(r"\A[a-z0-9]{1,8}:[a-z0-9]{6,8}\Z"))
def test_no_password_is_ever_shown(credentials: str) -> None:
    password = credentials.partition(":")[2]
    assert password not in shown_url(f"https://{credentials}@HOST/PATH?{password}#{password}")


def test_credentials_and_address_come_apart() -> None:
    assert without_credentials(SECRET) == "https://files.example:8443/simple/a.whl?token=t#f"
    assert credentials_of(SECRET) == ("me", "p@ss")
    assert credentials_of("https://token@files.example") == ("token", "")
    assert credentials_of("https://files.example") is None
    assert origin_of(SECRET) == "https://files.example:8443"


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("file:///opt/a%20b", Path("/opt/a b")),
        ("/opt/wheels", Path("/opt/wheels")),
        ("wheels", Path("wheels")),
        ("https://x.example/a", None),
    ],
)
def test_a_location_is_local_or_not(location: str, path: Path | None) -> None:
    assert local_path(location) == path


def test_a_slash_and_credentials_do_not_make_another_index() -> None:
    assert same_index("https://packages.example/simple", "https://u:p@packages.example/simple/")
    assert not same_index("https://packages.example/simple", "https://packages.example/other")
