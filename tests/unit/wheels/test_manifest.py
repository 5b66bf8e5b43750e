from __future__ import annotations

import io
import struct
import warnings
import zipfile
from contextlib import AbstractContextManager, nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wheel_building import record_of, wheel_bytes, zip_bytes, zip_info

from venvship.wheels.archive import BytesAccess, MalformedWheel, RandomAccess, WheelArchive
from venvship.wheels.entry_points import EntryPoint
from venvship.wheels.filename import WheelFilename
from venvship.wheels.manifest import (
    Scheme,
    TopLevelKind,
    UnpackedWheel,
    WheelManifest,
    path_matcher,
    read_manifest,
    without,
)

NAME = WheelFilename.parse("a-1.0-py3-none-any.whl")
MACHINE = (  # a library with one rpath
    struct.pack("<4s7I", b"\xcf\xfa\xed\xfe", 12, 0, 6, 1, 32, 0, 0)
    + struct.pack("<3I", 0x8000001C, 32, 12)
    + b"@loader_path/../x\0\0\0"
)


def manifest(data: bytes) -> WheelManifest:
    return read_manifest(BytesAccess(data), filename=NAME)


def refusal(data: bytes) -> str:
    with pytest.raises(MalformedWheel) as caught:
        manifest(data)
    return str(caught.value)


def test_top_levels_have_kinds() -> None:
    found = manifest(
        wheel_bytes(
            "a",
            files={
                "pkg/__init__.py": "",
                "pkg/data/x.txt": "",
                "mod.py": "",
                "ext.cpython-311-x86_64-linux-gnu.so": "",
                "ns/inner/__init__.py": "",
                "old/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
                "older/__init__.py": "__import__('pkg_resources').declare_namespace(__name__)\n",
                "compiled/__init__.cpython-311-x86_64-linux-gnu.so": "",
                "a.libs/libx.so.1": "",
                "a-hook.pth": "import x",
                "LICENSE": "",
            },
        )
    )
    assert {top.name: top.kind for top in found.top_levels} == {
        "pkg": TopLevelKind.PACKAGE,
        "mod.py": TopLevelKind.MODULE,
        "ext.cpython-311-x86_64-linux-gnu.so": TopLevelKind.MODULE,
        "ns": TopLevelKind.NAMESPACE,
        "old": TopLevelKind.LEGACY_NAMESPACE,
        "older": TopLevelKind.LEGACY_NAMESPACE,
        "compiled": TopLevelKind.PACKAGE,
        "a.libs": TopLevelKind.LIBRARIES,
        "a-hook.pth": TopLevelKind.PATH_FILE,
        "LICENSE": TopLevelKind.OTHER,
        "a-1.0.dist-info": TopLevelKind.METADATA,
    }
    assert [top.name for top in found.top_levels] == sorted(top.name for top in found.top_levels)


def test_namespaces_are_followed_down_to_the_first_regular_package() -> None:
    found = manifest(
        wheel_bytes(
            "a",
            files={
                "google/cloud/storage/__init__.py": "",
                "google/cloud/storage/data/x": "",
                "google/old/__init__.py": "__path__ = extend_path(__path__, __name__)",
                "google/old/deep/m.py": "",
            },
        )
    )
    assert found.namespace_packages == {"google", "google/cloud", "google/old", "google/old/deep"}


def test_data_files_go_to_their_schemes() -> None:
    found = manifest(
        wheel_bytes(
            "a",
            files={
                "m.py": "x",
                "a-1.0.data/purelib/p.py": "",
                "a-1.0.data/platlib/q/__init__.py": "",
                "a-1.0.data/scripts/tool": "#!python\n",
                "a-1.0.data/data/share/doc.txt": "",
                "a-1.0.data/headers/a.h": "",
                "bin-tool": "",
            },
            executable=["bin-tool"],
        )
    )
    elsewhere = [(e.scheme, e.path, e.executable) for e in found.entries if e.scheme is not Scheme.SITE]
    assert elsewhere == [
        (Scheme.SCRIPTS, "tool", True),
        (Scheme.DATA, "share/doc.txt", False),
        (Scheme.HEADERS, "a.h", False),
    ]
    site = {entry.path: entry for entry in found.site_entries()}
    assert {"m.py", "p.py", "q/__init__.py", "bin-tool"} < site.keys()
    assert site["m.py"].size == 1
    assert site["bin-tool"].executable
    assert not site["m.py"].executable
    assert {top.name for top in found.top_levels} == {"m.py", "p.py", "q", "bin-tool", "a-1.0.dist-info"}


def test_scripts_and_facts_of_libraries_are_read() -> None:
    found = manifest(wheel_bytes("a", files={"pkg/m.so": MACHINE}, console_scripts={"run": "pkg.m:main"}))
    assert found.entry_points.console_scripts == (EntryPoint("run", "pkg.m", "main"),)
    assert found.libraries["pkg/m.so"].origin_directories == ("x",)


def test_libraries_of_a_wheel_that_is_unpacked_are_read_there() -> None:
    content = wheel_bytes("a", files={"pkg/m.so": b"", "a-1.0.data/platlib/pkg/n.so": b"", "pkg/m.py": ""})
    asked = []

    def opened(path: str) -> AbstractContextManager[RandomAccess]:
        asked.append(path)
        return nullcontext(BytesAccess(MACHINE))

    access = BytesAccess(content)
    unpacked = UnpackedWheel(WheelArchive(access, name=NAME.text).members, opened)
    found = read_manifest(access, filename=NAME, unpacked=unpacked)
    assert asked == ["pkg/m.so", "pkg/n.so"] and found.libraries.keys() == set(asked)


def test_a_manifest_survives_json() -> None:
    found = manifest(
        wheel_bytes(
            "a",
            files={"ns/m.py": "", "a-1.0.data/scripts/t": "", "pkg/__init__.py": ""},
            console_scripts={"run": "pkg:main [x]"},
        )
    )
    assert WheelManifest.from_json(found.to_json()) == found
    assert found.to_json() == WheelManifest.from_json(found.to_json()).to_json()


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 0}', b'{"format": 1}', b"\xff", b"[" * 100_000])
def test_other_json_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        WheelManifest.from_json(data)


def test_directories_odd_modes_and_the_case_of_metadata_are_accepted() -> None:
    members = {
        "odd./x.py": b"",
        "A-1.0.dist-info/METADATA": b"Name: A\nVersion: 1.0\n",
        "A-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\n",
    }
    members["A-1.0.dist-info/RECORD"] = record_of(members, "A-1.0.dist-info/RECORD")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zip_info("odd./", mode=0o40755), b"")
        for path, content in members.items():
            archive.writestr(zip_info(path, mode=0o100000 if path == "odd./x.py" else 0), content)
    assert manifest(buffer.getvalue()).dist_info == "A-1.0.dist-info"


def hostile(path: str, *, mode: int = 0o100644) -> bytes:
    """A wheel with one more member, which RECORD lists too."""
    dist_info = "a-1.0.dist-info"
    members = {
        path: b"x",
        f"{dist_info}/METADATA": b"Name: a\nVersion: 1.0\n",
        f"{dist_info}/WHEEL": b"Wheel-Version: 1.0\n",
    }
    members[f"{dist_info}/RECORD"] = record_of(members, f"{dist_info}/RECORD")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zip_info(name, mode=mode if name == path else 0o100644), content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../evil", "`../evil` leaves its directory"),
        ("a/../../evil", "leaves its directory"),
        ("/etc/evil", "is an absolute path"),
        ("a\\b", "has a backslash in its path"),
        ("C:evil", "names a drive"),
        ("a//b", "has an empty or `.` component"),
        ("./a", "has an empty or `.` component"),
        ("a\nb", "has a control character in its path"),
        ("x" * 300, "has too long a path"),
        ("a/" * 600 + "b", "has too long a path"),
        ("a-1.0.data/evil/x", "is in no known scheme"),
        ("a-1.0.data/data", "is in no known scheme"),
        ("a-1.0.data/scripts/../x", "leaves its directory"),
        ("a-1.0.data/scripts/d/x", "is a script in a directory of its own"),
        ("a-1.0.data/purelib/a-1.0.dist-info/WHEEL", "appears twice"),
        ("a-1.0.DIST-INFO/x", "differs from `a-1.0.DIST-INFO` by case only"),
        ("a-1.0.dist-info", "is a file and a directory"),
        ("b-1.0.dist-info/METADATA", "several: a-1.0.dist-info, b-1.0.dist-info"),
    ],
)
def test_a_member_that_would_be_written_elsewhere_is_refused(path: str, reason: str) -> None:
    assert reason in refusal(hostile(path))


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (0o120777, "is a symbolic link"),
        (0o020644, "is neither a file nor a directory"),
        (0o040755, "is neither a file"),
    ],
)
def test_a_member_that_is_no_file_is_refused(mode: int, reason: str) -> None:
    assert reason in refusal(hostile("link", mode=mode))


def test_all_problems_are_reported_at_once() -> None:
    members = {"../x": b"", "/y": b"", "z\\z": b""}
    text = refusal(zip_bytes(members))
    assert text.count("\n  `") == 3
    assert "the wheel `a-1.0-py3-none-any.whl` is refused" in text


def test_duplicate_members_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            archive.writestr(zip_info("m.py"), b"")
    assert "`m.py` appears twice" in refusal(buffer.getvalue())


def patched(data: bytes, *, signature: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite a field of the last record that begins with `signature`."""
    start = data.rindex(signature) + offset
    return data[:start] + value + data[start + len(value) :]


CENTRAL = b"PK\x01\x02"


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (8, b"\x01\x00", "is encrypted"),
        (10, struct.pack("<H", 12), "is compressed by the unknown method 12"),
        (24, struct.pack("<I", 0xFFFFFF00), "claims 4294967040 bytes"),
        (24, struct.pack("<I", 0xFFFFFFFF), "refused"),
        (42, struct.pack("<I", 0), "overlaps the member before it"),
        (42, struct.pack("<I", 0x7FFFFFFF), "reach beyond the end of the file"),
        (20, struct.pack("<I", 0x7FFFFFFF), "reach beyond the end of the file"),
    ],
)
def test_lies_in_the_directory_are_refused(offset: int, value: bytes, reason: str) -> None:
    data = wheel_bytes("a")
    assert reason in refusal(patched(data, signature=CENTRAL, offset=offset, value=value))


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    data = wheel_bytes("a", files={"zeros": bytes(50 << 20)})
    assert len(data) < 100_000
    assert manifest(data).entries  # A thousand to one is what deflate can do, and is bounded by what is declared.
    assert "claims" in refusal(
        patched(wheel_bytes("a"), signature=CENTRAL, offset=24, value=struct.pack("<I", 1 << 31))
    )


@pytest.mark.parametrize("claimed", [10, 5000])
def test_a_member_that_is_larger_than_declared_is_refused(claimed: int) -> None:
    data = wheel_bytes("a", files={"a-1.0.dist-info/WHEEL": bytes(40 << 20)})
    start = data.rindex(CENTRAL, 0, data.rindex(b"a-1.0.dist-info/WHEEL")) + 24
    lying = data[:start] + struct.pack("<I", claimed) + data[start + 4 :]
    assert "`a-1.0.dist-info/WHEEL` is damaged" in refusal(lying)


def test_record_must_list_what_there_is() -> None:
    dist_info = "a-1.0.dist-info"
    listed = {
        "m.py": b"",
        f"{dist_info}/METADATA": b"Name: a\nVersion: 1.0\n",
        f"{dist_info}/WHEEL": b"Wheel-Version: 1.0\n",
    }
    record = record_of(listed | {"gone.py": b""}, f"{dist_info}/RECORD") + b"bare.py,,\n"
    text = refusal(zip_bytes(listed | {"bare.py": b"", "extra.py": b"", f"{dist_info}/RECORD": record}))
    assert "`extra.py` is not listed in RECORD" in text
    assert "`gone.py` is listed in RECORD and missing" in text
    assert "`bare.py` has no hash in RECORD" in text


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a-1.0.dist-info/WHEEL": "Wheel-Version: 2.0\n"}, "its format has the version `2.0`"),
        ({"a-1.0.dist-info/METADATA": "Name: b\nVersion: 1.0\n"}, "its metadata names the distribution `b`"),
        ({"a-1.0.dist-info/METADATA": "Name: a\nVersion: 2\n"}, "its metadata has the version `2`"),
        ({"a-1.0.dist-info/METADATA": ""}, "its metadata has a wrong name"),
        ({"a-1.0.dist-info/RECORD": "a"}, "does not have the three fields"),
        ({"a-1.0.dist-info/entry_points.txt": "[console_scripts]\n../x = a:b"}, "can't be a file name"),
    ],
)
def test_wrong_metadata_is_refused(files: dict[str, str | bytes], reason: str) -> None:
    assert reason in refusal(wheel_bytes("a", files=files))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_headers_are_continued_and_end_with_an_empty_line(end: str) -> None:
    lines = ["Summary: one", "  Name: b", "\tVersion: 2", "NAME:a", "Version: 1.0 ", "Name: c", "", "Version: 3", ""]
    assert manifest(wheel_bytes("a", files={"a-1.0.dist-info/METADATA": end.join(lines)})).version == "1.0"
    late = ["Name: a", "no header", "Version: 1.0"]
    text = refusal(wheel_bytes("a", files={"a-1.0.dist-info/METADATA": end.join(late)}))
    assert "its metadata has the version ``" in text


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip" * 100, b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    assert "is not a readable zip archive" in refusal(data)


WHOLE = wheel_bytes("a", files={"pkg/__init__.py": "x = 1\n" * 50}, console_scripts={"r": "pkg:f"})


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_wheel_is_read_or_refused(position: int, noise: bytes) -> None:
    try:
        manifest(WHOLE[:position] + noise + WHOLE[position + len(noise) :])
    except MalformedWheel:
        return


@pytest.mark.parametrize(
    ("glob", "meant", "not_meant"),
    [
        ("pkg/*.txt", ["pkg/a.txt"], ["pkg/a.py", "pkg/in/a.txt", "a.txt"]),
        ("pkg/**", ["pkg/a.txt", "pkg/in/b"], ["pkg", "pkgs/a"]),
        ("**/tests/*", ["tests/a", "pkg/tests/a"], ["pkg/tests/in/a", "mytests/a"]),
        ("a?.py", ["ab.py"], ["a.py", "abc.py", "a/.py"]),
        ("a.py", ["a.py"], ["aXpy", "b/a.py"]),
    ],
)
def test_globs_mean_paths(glob: str, meant: list[str], not_meant: list[str]) -> None:
    is_meant = path_matcher([glob, "never"])
    assert [path for path in meant + not_meant if is_meant(path)] == meant


def test_no_globs_mean_nothing() -> None:
    assert not path_matcher([])("")


def test_files_can_be_left_out() -> None:
    files: dict[str, str | bytes] = {"pkg/a.py": "", "pkg/tests/b.py": "", "extra/c.so": MACHINE, "gone.pth": "gone\n"}
    found = manifest(wheel_bytes("a", files={**files, "a-1.0.data/data/extra/d": ""}))
    assert (list(found.libraries), list(found.path_files)) == (["extra/c.so"], ["gone.pth"])
    left = without(found, ["extra/**", "**/tests/*", "*.pth"])
    assert (dict(left.libraries), dict(left.path_files)) == ({}, {})
    assert {entry.path for entry in left.site_entries()} == {
        "pkg/a.py",
        "a-1.0.dist-info/METADATA",
        "a-1.0.dist-info/WHEEL",
        "a-1.0.dist-info/RECORD",
    }
    assert {top.name for top in left.top_levels} == {"pkg", "a-1.0.dist-info"}
    # What lies elsewhere has paths of its own.
    assert [entry.path for entry in left.entries if entry.scheme is Scheme.DATA] == ["extra/d"]
