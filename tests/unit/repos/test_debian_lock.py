from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from debian_mirror import Mirror, make_key

from venvship.errors import UserError
from venvship.repos.debian_archive import Signers, UntrustedArchive, UnusableArchive
from venvship.repos.debian_lock import (
    AbsentPackages,
    BadRequest,
    DebianLock,
    DebianRequest,
    UnreadableLock,
    decode_lock,
    encode_lock,
    make_lock,
)
from venvship.repos.debian_mirrors import BadMirror, DebianMirrors, NoMirror
from venvship.repos.debian_version import version_key

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRUSTED = Signers(trusted=True)
REQUEST = DebianRequest(("stable",), ("libc6", "tzdata"), ("amd64", "arm64"))


def read(address: str) -> bytes | None:
    path = Path(unquote(urlsplit(address).path))
    return path.read_bytes() if path.is_file() else None


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    made = Mirror(tmp_path / "mirror")
    for architecture in ("amd64", "arm64"):
        made.add("libc6", {"lib/libc.so.6": architecture.encode()}, architecture=architecture)
    made.add("tzdata", {}, version="2026a-1", architecture="all", listed_for=("amd64", "arm64"))
    made.publish()
    return made


def locked(mirror: Mirror, request: DebianRequest = REQUEST, *, keep: DebianLock | None = None) -> DebianLock:
    return make_lock(request, [mirror.address], read, signers=TRUSTED, now=NOW, keep=keep)


def test_a_lock_has_each_package_by_hash_for_each_architecture_and_names_no_host(mirror: Mirror) -> None:
    lock = locked(mirror)
    assert {architecture: [p.name for p in packages] for architecture, packages in lock.packages.items()} == {
        "amd64": ["libc6", "tzdata"],
        "arm64": ["libc6", "tzdata"],
    }
    libc = lock.packages["arm64"][0]
    data = (mirror.root / libc.path).read_bytes()
    assert (libc.sha256, libc.size) == (hashlib.sha256(data).hexdigest(), len(data))
    text = encode_lock(lock)
    assert "://" not in text and str(mirror.root) not in text
    assert encode_lock(decode_lock(text, "lock")) == text


def test_the_newest_version_of_all_suites_is_taken_and_a_locked_one_stays(mirror: Mirror) -> None:
    before = locked(mirror)
    security = Mirror(mirror.root, "security")
    for architecture in ("amd64", "arm64"):
        security.add("libc6", {}, version="1.0-10", architecture=architecture)
        security.add("libc6", {}, version="1.0-9", architecture=architecture)
    security.publish()
    wider = replace(REQUEST, suites=("stable", "security"))
    assert locked(mirror, wider).packages["amd64"][0].version == "1.0-10"
    kept = locked(mirror, wider, keep=before)
    assert kept.packages["amd64"][0].version == "1.0-1"
    assert kept.request == wider


def test_the_first_alternative_that_there_is_is_taken(mirror: Mirror) -> None:
    lock = locked(mirror, replace(REQUEST, packages=("libc6t64 | libc6",)))
    assert [package.name for package in lock.packages["amd64"]] == ["libc6"]


def test_all_packages_that_are_absent_are_told_at_once(mirror: Mirror) -> None:
    with pytest.raises(AbsentPackages) as caught:
        locked(mirror, DebianRequest(("stable",), ("libd1", "libe1"), ("amd64",)))
    assert "libd1 (amd64)" in caught.value.message and "libe1 (amd64)" in caught.value.message


@pytest.mark.parametrize("name", ["", "-o=x", "a b", "A", "../x"])
def test_a_name_that_no_package_can_have_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="name of a Debian package"):
        DebianRequest(("stable",), (name,))


@pytest.mark.parametrize("suite", ["", "../x", "a b", "/x"])
def test_a_suite_that_leaves_the_archive_is_refused(suite: str) -> None:
    with pytest.raises(BadRequest, match="can't be a name in a Debian archive"):
        DebianRequest((suite,))


def test_an_index_that_is_not_what_the_release_says_is_refused(mirror: Mirror) -> None:
    index = mirror.root / "dists/stable/main/binary-amd64/Packages.xz"
    index.write_bytes(index.read_bytes() + b"x")
    with pytest.raises(UnusableArchive, match=r"has another main/binary-amd64/Packages\.xz than its release"):
        locked(mirror)
    index.unlink()
    with pytest.raises(UnusableArchive, match="lacks main/binary-amd64"):
        locked(mirror)


@pytest.mark.parametrize(
    ("before", "after"),
    [("pool/", "/etc/"), ("pool/", "pool/../../"), ("Size: ", "Size: x"), ("SHA256: ", "SHA256: x")],
)
def test_an_entry_that_leaves_the_archive_or_makes_no_sense_is_refused(mirror: Mirror, before: str, after: str) -> None:
    mirror._rows = {name: [row.replace(before, after) for row in rows] for name, rows in mirror._rows.items()}
    mirror.publish()
    with pytest.raises(UnusableArchive, match="has a malformed entry for libc6"):
        locked(mirror)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "packages": {"amd64": [1]}}'])
def test_a_file_that_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(UnreadableLock, match="`x` is no lock of Debian packages"):
        decode_lock(text, "x")


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, Path]:
    """A gpg home and the keyring of its key."""
    if shutil.which("gpg") is None or shutil.which("gpgv") is None:
        pytest.skip("gpg is not installed")
    home, keyring = tmp_path / "g", tmp_path / "keys.gpg"
    make_key(home, keyring)
    return home, keyring


def test_a_release_must_be_signed_by_a_key_that_is_known(
    mirror: Mirror, key: tuple[Path, Path], tmp_path: Path
) -> None:
    home, keyring = key
    mirror.publish(key_home=home)
    signers = Signers((keyring,))
    assert make_lock(REQUEST, [mirror.address], read, signers=signers, now=NOW).packages
    other = tmp_path / "other.gpg"
    make_key(tmp_path / "h", other)
    with pytest.raises(UntrustedArchive, match="nothing vouches for the release `stable`"):
        make_lock(REQUEST, [mirror.address], read, signers=Signers((other,)), now=NOW)


def test_a_release_that_was_changed_or_is_unsigned_is_refused(mirror: Mirror, key: tuple[Path, Path]) -> None:
    home, keyring = key
    mirror.publish(key_home=home)
    release = mirror.root / "dists/stable/InRelease"
    signed = release.read_text()
    release.write_text(signed.replace("Origin: Test", "Origin: Best"))
    with pytest.raises(UntrustedArchive):
        make_lock(REQUEST, [mirror.address], read, signers=Signers((keyring,)), now=NOW)
    release.write_text((mirror.root / "dists/stable/Release").read_text())
    with pytest.raises(UntrustedArchive):
        make_lock(REQUEST, [mirror.address], read, signers=Signers((keyring,)), now=NOW)
    # What stands before the signed text is not signed.
    release.write_text("SHA256:\n " + "0" * 64 + " 1 main/binary-amd64/Packages\n" + signed)
    with pytest.raises(UserError):
        make_lock(replace(REQUEST, packages=("evil",)), [mirror.address], read, signers=Signers((keyring,)), now=NOW)


def test_a_release_whose_time_is_over_is_refused(mirror: Mirror, key: tuple[Path, Path]) -> None:
    home, keyring = key
    mirror.publish(head="Valid-Until: Thu, 01 Jan 2025 00:00:00 UTC\n", key_home=home)
    with pytest.raises(UnusableArchive, match="was valid until"):
        make_lock(REQUEST, [mirror.address], read, signers=Signers((keyring,)), now=NOW)


def test_an_archive_without_the_suite_is_passed_over(mirror: Mirror, tmp_path: Path) -> None:
    empty = (tmp_path / "empty").as_uri() + "/"
    assert make_lock(REQUEST, [empty, mirror.address], read, signers=TRUSTED, now=NOW).packages
    with pytest.raises(BadRequest, match="no mirror has the suite `stable`"):
        make_lock(REQUEST, [empty], read, signers=TRUSTED, now=NOW)


def test_versions_are_ordered_as_dpkg_does() -> None:
    ordered = ["0~~", "0~a", "0", "0a", "0+", "1.0~rc1-1", "1.0", "1.0-1", "1.0-1+b1", "1.9", "1.10", "1:0", "2:0~"]
    shuffled = ordered[::-1]
    assert sorted(shuffled, key=version_key) == ordered


@pytest.mark.peers
def test_versions_are_ordered_as_the_real_dpkg_does() -> None:
    if shutil.which("dpkg") is None:
        pytest.skip("dpkg is not installed")
    texts = [
        "1.0",
        "1.0-1",
        "1.0~a",
        "1.0+b1",
        "1.0a",
        "1:0.1",
        "1.0.1",
        "1.10",
        "1.9",
        "1.0-1.1",
        "1.0-1~",
        "1.0-0",
        "0",
        "0-0",
    ]
    for left in texts:
        for right in texts:
            done = subprocess.run(["dpkg", "--compare-versions", left, "lt", right], check=False)
            assert (version_key(left) < version_key(right)) == (done.returncode == 0), (left, right)


def test_an_address_in_a_lock_is_spelled_with_every_mirror_in_order(tmp_path: Path) -> None:
    mirrors = DebianMirrors(["https://one.example/debian", "file:///two/"])
    assert mirrors.spelled("debian:pool/x.deb") == ("https://one.example/debian/pool/x.deb", "file:///two/pool/x.deb")
    assert mirrors.spelled("https://x.example/y") == ("https://x.example/y",)


@pytest.mark.parametrize("text", ["", "mirror", "ftp://x.example/", "debian:pool"])
def test_a_mirror_must_be_an_address(text: str) -> None:
    with pytest.raises(BadMirror):
        DebianMirrors([text])


def test_apt_is_asked_where_no_mirror_is_given(tmp_path: Path) -> None:
    with pytest.raises(NoMirror, match="there is no `apt-get`"):
        DebianMirrors(environment={"PATH": str(tmp_path)}).addresses()
    program = tmp_path / "apt-get"
    program.write_text(
        "#!/bin/sh\necho https://one.example/debian\necho tor+http://x/\necho https://one.example/debian/\n"
    )
    program.chmod(0o755)
    assert DebianMirrors(environment={"PATH": str(tmp_path)}).addresses() == ("https://one.example/debian/",)
    program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    with pytest.raises(NoMirror, match="`apt-get` fails: broken"):
        DebianMirrors(environment={"PATH": str(tmp_path)}).addresses()


@pytest.mark.peers
def test_the_real_apt_tells_its_archives_before_an_update(tmp_path: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("apt is not installed")
    (tmp_path / "lists/partial").mkdir(parents=True)
    (tmp_path / "parts").mkdir()
    (tmp_path / "sources.list").write_text("deb https://one.example/debian stable main\n")
    settings = {"State::Lists": "lists", "Etc::SourceList": "sources.list", "Etc::SourceParts": "parts"}
    text = "".join(f'Dir::{name} "{tmp_path / path}";\n' for name, path in settings.items())
    (tmp_path / "apt.conf").write_text(text)
    environment = {**os.environ, "APT_CONFIG": str(tmp_path / "apt.conf")}
    assert DebianMirrors(environment=environment).addresses() == ("https://one.example/debian/",)
