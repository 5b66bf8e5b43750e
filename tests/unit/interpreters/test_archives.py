from __future__ import annotations

import pytest

from venvship.interpreters.archives import choose_archive, known_archives, parse_archives, triple_of
from venvship.model.platform import Cpu, Libc, Os, Platform

SHA = "a" * 64
SUMS = f"""
{SHA}  cpython-3.12.9+20990101-x86_64-unknown-linux-gnu-install_only.tar.gz
{SHA}  cpython-3.12.10+20990101-x86_64-unknown-linux-gnu-install_only.tar.gz
{SHA}  cpython-3.13.1+20990101-x86_64-unknown-linux-gnu-freethreaded-install_only.tar.gz
{SHA}  cpython-3.15.0a1+20990101-x86_64-unknown-linux-gnu-install_only.tar.gz
{SHA}  cpython-3.12.10+20990101-x86_64-unknown-linux-gnu-debug-full.tar.zst
"""
LINUX = Platform.parse("linux_x86_64")


def test_the_newest_archive_that_a_version_names_is_taken() -> None:
    archives = parse_archives(SUMS, release="20990101")
    assert len(archives) == 3
    found = choose_archive(archives, "3.12", LINUX)
    assert found is not None and (found.full_version, found.path.partition("/")[0]) == ("3.12.10", "20990101")
    exact = choose_archive(archives, "3.12.9", LINUX)
    assert exact is not None and exact.full_version == "3.12.9"
    free = choose_archive(archives, "3.13t", LINUX)
    assert free is not None and free.freethreaded
    assert choose_archive(archives, "3.13", LINUX) is None
    assert choose_archive(archives, "3.12", Platform.parse("macos_arm64")) is None


@pytest.mark.parametrize(
    ("platform", "triple"),
    [
        (LINUX, "x86_64-unknown-linux-gnu"),
        (Platform.parse("macos_arm64"), "aarch64-apple-darwin"),
        (Platform(Os.LINUX, Cpu.AARCH64, Libc.MUSL, (1, 2)), "aarch64-unknown-linux-musl"),
    ],
)
def test_platforms_have_the_names_of_archives(platform: Platform, triple: str) -> None:
    assert triple_of(platform) == triple


def test_the_table_has_every_version_for_every_platform() -> None:
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t"):
        for platform in ("linux_x86_64", "linux_aarch64", "macos_x86_64", "macos_arm64"):
            found = choose_archive(known_archives(), version, Platform.parse(platform))
            assert found is not None and len(found.sha256) == 64, (version, platform)
