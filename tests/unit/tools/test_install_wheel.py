from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import shutil
import stat
import struct
import subprocess
import sys
import zipfile
from collections import UserDict
from collections.abc import KeysView
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wheel_building import make_wheel, record_of, wheel_bytes, zip_bytes, zip_info

from venvship.archives.tree import encoding_of
from venvship.execution.trees import scan_tree
from venvship.host.files import remove
from venvship.tools import install_wheel, worker
from venvship.tools.install_wheel import BadRequest, WheelRefused, install
from venvship.wheels.archive import BytesAccess
from venvship.wheels.filename import WheelFilename
from venvship.wheels.manifest import Scheme, read_manifest

RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"lib/python{RUNNING}/site-packages"


def installed(wheel: Path, output: Path, **options: object) -> dict[str, tuple[str, int, bool]]:
    """The entries of the result by path."""
    result = install({"wheel": str(wheel), "output": str(output), "python_version": RUNNING, **options})
    entries = cast("list[list[object]]", result["entries"])
    return {str(path): (str(sha256), cast("int", size), bool(x)) for path, sha256, size, x in entries}


def tree(root: Path) -> dict[str, tuple[str, int, bool]]:
    """What is on disk, in the form of a result."""
    return {
        path.relative_to(root).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_size,
            bool(path.stat().st_mode & 0o111),
        )
        for path in root.rglob("*")
        if path.is_file()
    }


def refusal(data: bytes, directory: Path) -> str:
    wheel = directory / "a-1.0-py3-none-any.whl"
    wheel.write_bytes(data)
    with pytest.raises(WheelRefused) as caught:
        installed(wheel, directory / "out")
    return str(caught.value)


ALL_SCHEMES: dict[str, str | bytes] = {
    "pkg/__init__.py": "x = 1\n",
    "pkg/data.bin": b"\0" * 100_000,
    "run.sh": "#!/bin/sh\n",
    "a-1.0.data/purelib/p.py": "",
    "a-1.0.data/platlib/q.so": "q",
    "a-1.0.data/scripts/tool": "#!python\nprint()\n",
    "a-1.0.data/data/share/doc.txt": "doc",
    "a-1.0.data/headers/sub/a.h": "",
}


def test_every_scheme_goes_to_its_place_and_the_result_tells_the_tree(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "a", files=ALL_SCHEMES, executable=["run.sh"])
    entries = installed(wheel, tmp_path / "out")
    assert entries == tree(tmp_path / "out")
    assert list(entries) == sorted(entries)
    assert {path for path in entries if not path.startswith(SITE)} == {
        "data-scripts/tool",
        "share/doc.txt",
        f"include/site/python{RUNNING}/a/sub/a.h",
    }
    assert {f"{SITE}/p.py", f"{SITE}/q.so", f"{SITE}/pkg/data.bin"} < entries.keys()
    assert (tmp_path / "out/data-scripts/tool").read_text() == "#!python\nprint()\n"
    assert {path for path, (_, _, executable) in entries.items() if executable} == {
        f"{SITE}/run.sh",
        "data-scripts/tool",
    }


def test_as_an_action_it_seals_the_tree_and_tells_what_a_look_at_it_would(tmp_path: Path) -> None:
    files = {**ALL_SCHEMES, "pkg/caf\xe9 \U0001f40d/x.py": "x", "pkg.d/x": "", 'odd/"': ""}
    wheel = make_wheel(tmp_path, "a", files=files, executable=["run.sh"])
    output = tmp_path / "out"
    answer = install_wheel.run({"wheel": str(wheel), "output": str(output), "python_version": RUNNING})
    [(place, rows)] = cast("dict[str, dict[str, str]]", answer)["sealed"].items()
    assert place == str(output)
    assert encoding_of(rows) == scan_tree(output).encode()
    assert {stat.S_IMODE(path.stat().st_mode) for path in output.rglob("*") if path.is_dir()} == {0o555}
    remove(output)


def test_modes_are_normalised_whatever_the_umask(tmp_path: Path) -> None:
    members = {path: content.encode() if isinstance(content, str) else content for path, content in ALL_SCHEMES.items()}
    members |= {
        "a-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\n",
        "a-1.0.dist-info/METADATA": b"Name: a\nVersion: 1.0\n",
    }
    members["a-1.0.dist-info/RECORD"] = record_of(members, "a-1.0.dist-info/RECORD")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in members.items():
            archive.writestr(zip_info(path, mode=0o106777 if path == "run.sh" else 0o100000), content)
    wheel = tmp_path / "a-1.0-py3-none-any.whl"
    wheel.write_bytes(buffer.getvalue())
    before = os.umask(0o077)
    try:
        installed(wheel, tmp_path / "out")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert modes.pop("run.sh") == modes.pop("tool") == 0o555
    assert set(modes.values()) == {0o444}


def test_record_lists_what_is_installed_where_it_is(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "a", files=ALL_SCHEMES)
    installed(wheel, tmp_path / "out")
    site = tmp_path / "out" / SITE
    distribution = PathDistribution(site / "a-1.0.dist-info")
    assert distribution.read_text("INSTALLER") == "venvship\n"
    # `files` of a distribution leaves out what is not there from Python 3.12 on: a script is in virtualenvs only.
    record = csv.reader((distribution.read_text("RECORD") or "").splitlines())
    files = {path: digest for path, digest, _ in record}
    assert files["../../../bin/tool"] == ""
    assert "../../../share/doc.txt" in files
    assert f"../../../include/site/python{RUNNING}/a/sub/a.h" in files
    assert "a-1.0.dist-info/INSTALLER" in files
    assert all((site / path).exists() for path in files if not path.startswith("../../../bin/"))


def test_the_manifest_of_a_wheel_foretells_its_tree(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "a", files=ALL_SCHEMES, executable=["run.sh"])
    manifest = read_manifest(BytesAccess(wheel.read_bytes()), filename=WheelFilename.parse(wheel.name))
    places = {
        Scheme.SITE: SITE,
        Scheme.SCRIPTS: "data-scripts",
        Scheme.DATA: "",
        Scheme.HEADERS: f"include/site/python{RUNNING}/a",
    }
    foretold = {f"{places[e.scheme]}/{e.path}".lstrip("/"): (e.size, e.executable) for e in manifest.entries}
    written = {path: (size, x) for path, (_, size, x) in installed(wheel, tmp_path / "out").items()}
    record = f"{SITE}/a-1.0.dist-info/RECORD"
    assert written.keys() - foretold.keys() == {f"{SITE}/a-1.0.dist-info/INSTALLER"}
    assert {path: written[path] for path in foretold if path != record} == {
        path: facts for path, facts in foretold.items() if path != record
    }


def test_it_runs_where_there_is_nothing_but_the_standard_library(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "a", files={"pkg/__init__.py": "x = 1"})
    (tmp_path / "bad.whl").write_bytes(hostile("../evil"))
    requests = [
        {"wheel": str(path), "output": str(tmp_path / path.stem), "python_version": RUNNING}
        for path in (wheel, tmp_path / "bad.whl")
    ]
    lines = "".join(json.dumps({"tool": "install_wheel", "request": request}) + "\n" for request in requests)
    command = [sys.executable, "-I", "-S", "-B", str(worker.__file__)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, input=lines)
    made, refused = (json.loads(line) for line in done.stdout.splitlines())
    output = tmp_path / wheel.stem
    assert encoding_of(made["result"]["sealed"][str(output)]) == scan_tree(output).encode()
    assert refused["error"]["message"] == "the wheel `bad.whl` is refused:\n  `../evil` leaves its directory"
    assert refused["error"]["user_error"]
    remove(output)


def test_bytecode_that_comes_later_replaces_that_of_a_wheel(tmp_path: Path) -> None:
    stale, other = f"__pycache__/m.cpython-{RUNNING.replace('.', '')}.pyc", "__pycache__/m.cpython-20.pyc"
    wheel = make_wheel(tmp_path, "a", files={"m.py": "x = 1", stale: "stale", other: "other"})
    kept = installed(wheel, tmp_path / "kept")
    without = installed(wheel, tmp_path / "without", compiled_later=True)
    assert kept.keys() - without.keys() == {f"{SITE}/{stale}"}
    assert stale not in (tmp_path / "without" / SITE / "a-1.0.dist-info/RECORD").read_text()


def test_a_file_in_the_way_of_bytecode_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "a", files={"m.py": "", "__pycache__": ""})
    assert installed(wheel, tmp_path / "out")
    with pytest.raises(WheelRefused, match="__pycache__` is a file and a directory"):
        installed(wheel, tmp_path / "other", compiled_later=True)


def test_excluded_files_are_neither_written_nor_recorded(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path, "a", files={"pkg/__init__.py": "", "pkg/tests/a/t.py": "", "pkg/x.txt": "", "x.txt": ""}
    )
    entries = installed(wheel, tmp_path / "out", exclude_globs=["**/tests/**", "*.txt"])
    names = {path.removeprefix(SITE + "/") for path in entries if "dist-info" not in path}
    assert names == {"pkg/__init__.py", "pkg/x.txt"}
    assert "tests" not in (tmp_path / "out" / SITE / "a-1.0.dist-info/RECORD").read_text()


def test_stronger_hashes_of_record_are_checked(tmp_path: Path) -> None:
    import base64

    def with_digest(content: bytes) -> bytes:
        digest = base64.urlsafe_b64encode(hashlib.sha512(content).digest()).rstrip(b"=").decode()
        members = {"m.py": b"x", "a-1.0.dist-info/WHEEL": b"", "a-1.0.dist-info/METADATA": b""}
        record = record_of({k: v for k, v in members.items() if k != "m.py"}, "a-1.0.dist-info/RECORD")
        return zip_bytes(members | {"a-1.0.dist-info/RECORD": record + f"m.py,sha512={digest},1\n".encode()})

    wheel = tmp_path / "b-1-py3-none-any.whl"
    wheel.write_bytes(with_digest(b"x"))
    assert installed(wheel, tmp_path / "good")
    assert "`m.py` does not have the hash that RECORD lists" in refusal(with_digest(b"y"), tmp_path)


def test_every_file_that_differs_from_record_is_named(tmp_path: Path) -> None:
    members = {"m.py": b"x", "n.py": b"y", "o.py": b"z", "a-1.0.dist-info/WHEEL": b"", "a-1.0.dist-info/METADATA": b""}
    record = record_of(members, "a-1.0.dist-info/RECORD").replace(b"o.py,", b"o.py,").decode()
    record = "".join(
        line.removesuffix(",1\n") + ",7\n" if line.startswith("o.py") else line for line in record.splitlines(True)
    )
    changed = members | {"m.py": b"!", "n.py": b"?", "a-1.0.dist-info/RECORD": record.encode()}
    text = refusal(zip_bytes(changed), tmp_path)
    assert "`m.py` does not have the hash" in text
    assert "`n.py` does not have the hash" in text
    assert "`o.py` has 1 bytes, RECORD lists 7" in text


def test_missing_unlisted_and_weakly_hashed_files_are_named_before_anything_is_written(tmp_path: Path) -> None:
    members = {"m.py": b"x", "a-1.0.dist-info/WHEEL": b"", "a-1.0.dist-info/METADATA": b""}
    record = record_of(members | {"gone.py": b""}, "a-1.0.dist-info/RECORD") + b"bare.py,,\nweak.py,md5=x,1\n"
    extra = {"bare.py": b"", "weak.py": b"1", "extra.py": b"", "a-1.0.dist-info/RECORD": record}
    text = refusal(zip_bytes(members | extra), tmp_path)
    assert "`extra.py` is not listed in RECORD" in text
    assert "`gone.py` is listed in RECORD and missing" in text
    assert "`bare.py` has no hash in RECORD" in text
    assert "`weak.py` has a hash of the kind `md5`" in text
    assert list((tmp_path / "out").iterdir()) == []


def hostile(path: str, *, mode: int = 0o100644) -> bytes:
    members = {path: b"x", "a-1.0.dist-info/WHEEL": b"", "a-1.0.dist-info/METADATA": b""}
    members["a-1.0.dist-info/RECORD"] = record_of(members, "a-1.0.dist-info/RECORD")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zip_info(name, mode=mode if name == path else 0o100644), content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("path", "mode", "reason"),
    [
        ("../evil", 0o100644, "leaves its directory"),
        ("/evil", 0o100644, "is an absolute path"),
        ("a\\b", 0o100644, "has a backslash"),
        ("C:/b", 0o100644, "names a drive"),
        ("a//b", 0o100644, "has an empty or `.` component"),
        ("link", 0o120777, "is a symbolic link"),
        ("device", 0o060644, "is neither a file nor a directory"),
        ("a-1.0.data/data/../../x", 0o100644, "leaves its directory"),
        ("a-1.0.data/other/x", 0o100644, "is in no known scheme"),
        ("a-1.0.data/scripts/a/b", 0o100644, "is in no known scheme"),
        ("a-1.0.data/platlib/a-1.0.dist-info/WHEEL", 0o100644, "appears twice"),
        (f"a-1.0.data/data/{SITE}/a-1.0.dist-info/METADATA", 0o100644, "appears twice"),
        (f"a-1.0.data/data/{SITE}", 0o100644, "is a file and a directory"),
        ("a-1.0.dist-info/installer", 0o100644, "differs from"),
        ("A-1.0.dist-info/x", 0o100644, "differs from"),
    ],
)
def test_a_hostile_member_is_refused_and_nothing_is_written(tmp_path: Path, path: str, mode: int, reason: str) -> None:
    assert reason in refusal(hostile(path, mode=mode), tmp_path)
    assert not [found for found in tmp_path.rglob("*") if found.is_file() and found.suffix != ".whl"]


def test_more_content_than_declared_is_refused(tmp_path: Path) -> None:
    data = wheel_bytes("a", files={"zeros": bytes(10 << 20)})
    start = data.rindex(b"PK\x01\x02", 0, data.rindex(b"zeros")) + 24
    lying = data[:start] + struct.pack("<I", 5000) + data[start + 4 :]
    assert "`zeros` is damaged: it is larger than it declares" in refusal(lying, tmp_path)
    assert max((path.stat().st_size for path in (tmp_path / "out").rglob("zeros")), default=0) <= 5001


def test_a_header_that_disagrees_with_the_directory_is_refused(tmp_path: Path) -> None:
    data = wheel_bytes("a", files={"abc.py": "x"})
    assert "disagree" in refusal(data.replace(b"abc.py", b"xyz.py", 1), tmp_path)


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all" * 10])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "is not a readable zip archive" in refusal(data, tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"python_version": "2.7"}, "is not a version of Python 3"),
        ({"python_version": "3.11/../.."}, "is not a version of Python 3"),
        ({"wheel": None}, "the request needs"),
        ({"exclude_globs": 3}, "the request needs"),
        ({"extra": 1}, "unknown keys in the request: extra"),
    ],
)
def test_a_bad_request_is_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    request: dict[str, object] = {"wheel": "x", "output": str(tmp_path / "out"), "python_version": RUNNING}
    with pytest.raises(BadRequest, match=reason):
        install(request | change)


def test_an_output_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "w", "a")
    with pytest.raises(BadRequest, match="is not empty"):
        installed(wheel, tmp_path)


WHOLE = wheel_bytes("a", files={"pkg/__init__.py": "x = 1\n" * 50, "b": bytes(2000)})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_wheel_is_installed_or_refused(tmp_path: Path, position: int, noise: bytes) -> None:
    wheel = tmp_path / "a.whl"
    wheel.write_bytes(WHOLE[:position] + noise + WHOLE[position + len(noise) :])
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    try:
        installed(wheel, tmp_path / "out")
    except WheelRefused:
        return
    assert (tmp_path / "out" / SITE / "pkg/__init__.py").read_text() == "x = 1\n" * 50


def test_files_can_have_new_content(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "tool", files={"tool.py": "X = 1\n", "note.txt": "old\n"}, executable=["note.txt"])
    new = {"tool.py": b"X = 2\n", "note.txt": b"new\n"}
    replaced = {path: base64.b64encode(content).decode() for path, content in new.items()}
    entries = installed(wheel, tmp_path / "out", replaced=replaced)
    for path, content in new.items():
        assert (tmp_path / "out" / SITE / path).read_bytes() == content
        assert entries[f"{SITE}/{path}"] == (hashlib.sha256(content).hexdigest(), len(content), path == "note.txt")
    record = (tmp_path / "out" / SITE / "tool-1.0.dist-info/RECORD").read_text()
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"X = 2\n").digest()).rstrip(b"=").decode()
    assert f"tool.py,sha256={digest},6" in record


def test_new_content_for_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "tool")
    with pytest.raises(WheelRefused, match=r"`x\.py` has new content and is not in the wheel"):
        installed(wheel, tmp_path / "out", replaced={"x.py": ""})


def test_a_wheel_that_gets_shorter_while_it_is_unpacked_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1.0-py3-none-any.whl"
    wheel.write_bytes(wheel_bytes("a", files={f"a/{number}.bin": os.urandom(100_000) for number in range(5)}))

    class CutsOff(UserDict[str, bytes]):
        """Is looked at once RECORD has been read."""

        def keys(self) -> KeysView[str]:
            os.truncate(wheel, 150_000)
            return super().keys()

    request = install_wheel.Request(str(wheel), str(tmp_path / "out"), RUNNING, True, (), CutsOff())
    with pytest.raises(WheelRefused, match=r"`a/4\.bin` is damaged: it is cut off"):
        install_wheel.install_wheel(request)
