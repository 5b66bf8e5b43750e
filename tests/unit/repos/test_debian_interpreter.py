from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from debian_mirror import Content, deb

from venvship.model.platform import Platform, PythonVersion
from venvship.repos.archived_interpreter import MalformedRuntime
from venvship.repos.debian_archive import ArchivePackage
from venvship.repos.debian_interpreter import unpack_debian_interpreter
from venvship.repos.debian_lock import DebianLock, DebianRequest
from venvship.repos.web_files import CheckedFile
from venvship.session.debian_interpreters import DebianInterpreters
from venvship.session.debian_locks import LockedPython

VERSION = PythonVersion(3, 11)


def unpacked(tmp_path: Path, *packages: Mapping[str, Content]) -> Path:
    files = []
    for number, content in enumerate(packages):
        files.append(tmp_path / f"{number}.deb")
        files[-1].write_bytes(deb(f"python-{number}", content))
    unpack_debian_interpreter(files, tmp_path / "tree", version=VERSION)
    return tmp_path / "tree"


def test_the_prefix_of_the_packages_becomes_a_tree_without_what_belongs_to_the_system(tmp_path: Path) -> None:
    tree = unpacked(
        tmp_path,
        {"usr/bin/python3.11": b"program", "usr/share/doc/python3.11/copyright": b"text", "etc/python3.11/x": b""},
        {
            "usr/lib/python3.11/os.py": b"import sys",
            "usr/lib/python3.11/sitecustomize.py": "/etc/python3.11/sitecustomize.py",
            "usr/lib/python3.11/config-3.11/Makefile": b"",
            "usr/lib/python3.11/lib-dynload/_ssl.so": b"module",
            "usr/lib/python3.11/alias.py": "os.py",
        },
    )
    found = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir())
    assert found == [
        "bin/python",
        "bin/python3",
        "bin/python3.11",
        "lib/python3.11/alias.py",
        "lib/python3.11/lib-dynload/_ssl.so",
        "lib/python3.11/os.py",
    ]
    assert os.readlink(tree / "bin/python3") == "python3.11" and os.access(tree / "bin/python3.11", os.X_OK)


def test_packages_without_the_program_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedRuntime, match=r"no `bin/python3\.11` is in Debian packages"):
        unpacked(tmp_path, {"usr/lib/python3.11/os.py": b""})
    assert not (tmp_path / "tree").exists()


def test_no_link_leads_a_file_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(MalformedRuntime, match="lies below a link"):
        unpacked(tmp_path, {"usr/lib/python3.11/x": "y"}, {"usr/lib/python3.11/x/z.py": b""})


def locked(python: str, *names: str, version: str = "3.11.2-6+deb12u9") -> LockedPython:
    packages = tuple(ArchivePackage(name, version, "arm64", f"pool/{name}.deb", "a" * 64, 1) for name in names)
    request = DebianRequest(("stable",), ("libc6",), ("arm64",))
    return LockedPython(python, DebianLock(request, {"arm64": packages}), ("https://mirror.example/",))


PYTHON = ("libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-minimal")


@pytest.mark.parametrize(
    ("wanted", "platform", "found"),
    [
        ("3.11", "linux_aarch64", True),
        ("3.11.2", "linux_aarch64", True),
        ("3.11.3", "linux_aarch64", False),
        ("3.1", "linux_aarch64", False),
        ("3.11t", "linux_aarch64", False),
        ("3.11", "linux_x86_64", False),
        ("3.11", "macos_aarch64", False),
    ],
)
def test_a_lock_has_an_interpreter_for_its_architectures_and_its_version(
    wanted: str, platform: str, found: bool
) -> None:
    interpreters = DebianInterpreters(lambda: [locked("3.11", "libc6", *PYTHON)], lambda files: [])
    chosen = interpreters.find(wanted, Platform.parse(platform))
    assert (chosen is not None) == found
    if chosen is not None:
        assert (chosen.full_version, chosen.architecture) == ("3.11.2", "arm64")
        assert [package.name for package in chosen.packages] == list(PYTHON)


def test_packages_of_another_version_than_their_name_are_passed_over() -> None:
    odd = [locked("3.11", *PYTHON, version="3.12.0-1"), locked("3.11", *PYTHON, version="x"), locked("3.11", "libc6")]
    interpreters = DebianInterpreters(lambda: odd, lambda files: [])
    assert interpreters.find("3.11", Platform.parse("linux_aarch64")) is None


def test_packages_come_from_the_mirrors_of_the_tag_and_then_from_those_of_the_machine() -> None:
    asked: list[tuple[str, ...]] = []

    def fetch(files: Sequence[CheckedFile]) -> Sequence[Path]:
        assert all(file.checksum.hexadecimal == "a" * 64 for file in files)
        asked.extend(file.urls for file in files)
        return [Path(file.urls[-1]) for file in files]

    interpreters = DebianInterpreters(lambda: [locked("3.11", *PYTHON)], fetch)
    chosen = interpreters.find("3.11", Platform.parse("linux_aarch64"))
    assert chosen is not None and len(interpreters.fetch(chosen)) == 3
    name = "pool/libpython3.11-minimal.deb"
    assert asked[0] == (f"https://mirror.example/{name}", f"debian:{name}")
