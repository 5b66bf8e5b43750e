from __future__ import annotations

import contextlib
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from wheel_building import wheel_bytes

from venvship.execution.workers import ToolFailed
from venvship.repos.wheel_readers import WheelReader, WheelReaders
from venvship.repos.wheel_store import WheelStore
from venvship.wheels.archive import MalformedWheel
from venvship.wheels.filename import WheelFilename


def stored(store: WheelStore, name: str, content: bytes) -> tuple[str, WheelFilename]:
    filename = WheelFilename.parse(f"{name}-1.0-py3-none-any.whl")
    sha256 = hashlib.sha256(content).hexdigest()
    with store.partial(sha256) as partial:
        partial.write_bytes(content)
        store.adopt(partial, sha256, filename.text)
    return sha256, filename


def kept(store: WheelStore, sha256: str) -> list[Path]:
    return list((store.root / "wheels" / sha256).glob("manifest-*.json"))


def test_a_process_keeps_manifests_in_the_store_and_outlives_a_broken_wheel(tmp_path: Path) -> None:
    store = WheelStore(tmp_path)
    broken, whole = stored(store, "b", b"no wheel"), stored(store, "a", wheel_bytes("a"))
    reader = WheelReader(tmp_path)
    try:
        reader.read(*broken, {})
        reader.read(*whole, {})
    finally:
        reader.close()
    assert kept(store, broken[0]) == []
    [file] = kept(store, whole[0])
    assert file.read_bytes() == store.manifest(*whole).to_json()
    reader.read(*whole, {})  # It has ended, and nothing is said of it.


@pytest.mark.parametrize("wheels", [1, 100])
def test_all_manifests_are_known_afterwards(tmp_path: Path, wheels: int) -> None:
    store = WheelStore(tmp_path)
    names = [stored(store, f"a{number}", wheel_bytes(f"a{number}")) for number in range(20)]
    broken = stored(store, "b", b"no wheel")
    with WheelReaders(store, wheels=wheels) as readers, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: readers.read(*one), [*names, broken]))
    assert all(kept(store, sha256) for sha256, _ in names)
    with pytest.raises(MalformedWheel):
        store.manifest(*broken)


def test_a_process_that_unpacks_keeps_the_manifest_that_others_read_from_the_wheel(tmp_path: Path) -> None:
    store, other = WheelStore(tmp_path / "store"), WheelStore(tmp_path / "other")
    files: dict[str, str | bytes] = {
        "pkg/__init__.py": "",
        "ns/m.py": "",
        "pkg/m.so": b"\x7fELF",
        "a-1.0.data/scripts/tool": "",
    }
    content = wheel_bytes("a", files=files)
    whole = stored(store, "a", content)
    damaged = stored(store, "b", wheel_bytes("b", files={"b.py": "", "b-1.0.dist-info/RECORD": "b.py,,\n"}))
    with WheelReaders(store, wheels=100) as readers:
        for sha256, filename in (whole, damaged):
            request = {
                "wheel": str(store.path_of(sha256, filename.text)),
                "output": str(tmp_path / filename.distribution),
                "python_version": "3.12",
            }
            with contextlib.suppress(ToolFailed):
                readers.unpacker(sha256, filename).run("install_wheel", request)
    [file] = kept(store, whole[0])
    assert file.read_bytes() == other.manifest(*stored(other, "a", content)).to_json()
    assert (tmp_path / "a/lib/python3.12/site-packages/pkg/m.so").read_bytes() == b"\x7fELF"
    assert kept(store, damaged[0]) == []
