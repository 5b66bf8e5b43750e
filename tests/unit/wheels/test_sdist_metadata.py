from __future__ import annotations

from venvship.wheels.flat import parse_metadata
from venvship.wheels.sdist_metadata import sdist_metadata

INFO = b"Metadata-Version: 2.1\nName: a\nVersion: 1\n"


def named(pkg_info: bytes, requires: bytes | None = None) -> list[str]:
    # Releases of `packaging` write addresses differently.
    return [one.line.replace(" @", "@") for one in parse_metadata(sdist_metadata(pkg_info, requires))]


def test_what_the_metadata_needs_counts_before_what_setuptools_wrote() -> None:
    assert named(INFO + b"requires-dist: one>=1\r\n\r\nRequires-Dist: text\n", b"other\n") == ["one>=1"]
    assert named(INFO + b"\nRequires-Dist: text\n", b"other\n") == ["other"]
    assert named(INFO) == []


def test_sections_of_setuptools_are_markers_and_extras() -> None:
    requires = b"""
one
# a comment
two @ https://packages.example/two.zip

[:python_version < "3"]
three; os_name == "nt" or os_name == "posix"

[cli]
four[x]>=1
not a requirement

[cli:sys_platform == "linux" or sys_platform == "darwin"]
five
"""
    assert named(INFO, requires) == [
        "one",
        "two@ https://packages.example/two.zip",
        'three; (os_name == "nt" or os_name == "posix") and python_version < "3"',
        'four[x]>=1; extra == "cli"',
        'five; (sys_platform == "linux" or sys_platform == "darwin") and extra == "cli"',
    ]
