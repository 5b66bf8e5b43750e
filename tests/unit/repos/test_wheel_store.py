from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from wheel_building import wheel_bytes

from venvship.repos.wheel_store import WheelStore
from venvship.wheels.archive import MalformedWheel
from venvship.wheels.filename import WheelFilename

NAME = WheelFilename.parse("a-1.0-py3-none-any.whl")


def stored(store: WheelStore, data: bytes) -> tuple[str, Path]:
    sha256 = hashlib.sha256(data).hexdigest()
    with store.partial(sha256) as partial:
        partial.write_bytes(data)
        return sha256, store.adopt(partial, sha256, NAME.text)


def test_an_adopted_file_is_read_only_and_found_by_its_hash(tmp_path: Path) -> None:
    store = WheelStore(tmp_path)
    sha256, path = stored(store, b"data")
    assert path == tmp_path / "wheels" / sha256 / NAME.text == store.path_of(sha256, NAME.text)
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert store.path_of("0" * 64, NAME.text) is None
    assert store.path_of(sha256, "b-1.0-py3-none-any.whl") is None


def test_what_an_attempt_leaves_is_there_for_the_next(tmp_path: Path) -> None:
    store = WheelStore(tmp_path)
    with store.partial("1" * 64) as partial:
        partial.write_bytes(b"half")
    with WheelStore(tmp_path).partial("1" * 64) as partial:
        assert partial.read_bytes() == b"half"


def test_a_manifest_is_kept_beside_its_wheel(tmp_path: Path) -> None:
    store = WheelStore(tmp_path)
    sha256, path = stored(store, wheel_bytes("a", files={"pkg/__init__.py": ""}))
    first = store.manifest(sha256, NAME)
    [kept] = path.parent.glob("manifest-*.json")
    path.unlink()
    assert WheelStore(tmp_path).manifest(sha256, NAME) == first
    assert kept.read_bytes() == first.to_json()


def test_a_damaged_manifest_is_read_anew(tmp_path: Path) -> None:
    store = WheelStore(tmp_path)
    sha256, path = stored(store, wheel_bytes("a"))
    first = store.manifest(sha256, NAME)
    [kept] = path.parent.glob("manifest-*.json")
    kept.write_bytes(b'{"format":1,')
    assert WheelStore(tmp_path).manifest(sha256, NAME) == first
    assert kept.read_bytes() == first.to_json()


def test_a_broken_wheel_is_refused_each_time(tmp_path: Path) -> None:
    store = WheelStore(tmp_path)
    sha256, _ = stored(store, b"no wheel")
    for _ in range(2):
        with pytest.raises(MalformedWheel):
            store.manifest(sha256, NAME)
