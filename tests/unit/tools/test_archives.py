"""Archives that are no layers: zip files, other compressions, and specifications."""

from __future__ import annotations

import base64
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from venvship.tools import mtree, mtree_file, write_layer, write_zip
from venvship.tools.layer_entries import LayerProblem


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "bin").mkdir(parents=True)
    (root / "bin/run").write_bytes(b"#!/bin/true\n")
    (root / "bin/run").chmod(0o755)
    (root / "data").write_bytes(bytes(3_000_000))
    (root / "link").symlink_to("../outside")
    (root / "empty").mkdir()
    return root


def zipped(tree: Path, output: Path, **settings: object) -> Path:
    rows = [{"tree": str(tree), "at": "top"}]
    write_zip.run({"rows": rows, "output": str(output), "mtime": 315532800, "compression": "deflated", **settings})
    return output


@pytest.mark.parametrize("compression", ["deflated", "stored", "lzma", "bzip2"])
def test_a_zip_file_keeps_links_execute_bits_and_empty_directories(
    tree: Path, tmp_path: Path, compression: str
) -> None:
    with zipfile.ZipFile(zipped(tree, tmp_path / "a.zip", compression=compression)) as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
        assert archive.testzip() is None
        assert archive.read("top/link") == b"../outside"
        assert archive.read("top/data") == bytes(3_000_000)
    assert stat.S_ISLNK(modes["top/link"]) and modes["top/bin/run"] & 0o777 == 0o755
    assert {"top/", "top/bin/", "top/empty/"} <= set(modes)


def test_the_same_rows_give_the_same_zip_file(tree: Path, tmp_path: Path) -> None:
    first = zipped(tree, tmp_path / "a.zip").read_bytes()
    assert zipped(tree, tmp_path / "b.zip").read_bytes() == first
    assert zipped(tree, tmp_path / "c.zip", mtime=946684800).read_bytes() != first


@pytest.mark.parametrize("compression", ["xz", "bzip2", "gzip"])
def test_compressions_are_read_by_everybody(tree: Path, tmp_path: Path, compression: str) -> None:
    output = tmp_path / "a"
    request = {"rows": [{"tree": str(tree), "at": "top"}], "output": str(output), "compression": compression}
    write_layer.run(request)
    first = output.read_bytes()
    with tarfile.open(output) as archive:
        assert archive.getmember("top/data").size == 3_000_000
        assert archive.getmember("top/link").linkname == "../outside"
    write_layer.run(request)
    assert output.read_bytes() == first


@pytest.mark.parametrize("compression", ["lz4", "lzma", "", "gzip "])
def test_an_unknown_compression_is_refused(tree: Path, tmp_path: Path, compression: str) -> None:
    with pytest.raises(LayerProblem, match="there is no compression"):
        write_layer.run({"rows": [], "output": str(tmp_path / "a"), "compression": compression})


def test_a_specification_names_what_the_archive_is_made_of(tree: Path, tmp_path: Path) -> None:
    rows = [{"tree": str(tree), "at": "top"}, {"file": str(tree / "data"), "at": "a b"}]
    names = [{"host": str(tree), "exec": "out/tree"}, {"host": str(tree / "data"), "exec": "data"}]
    request = {"rows": rows, "names": names, "mtime": 5, "output": str(tmp_path / "spec")}
    mtree_file.run(request)
    found = {row.path: row for row in mtree.parse((tmp_path / "spec").read_text())}
    assert found["top/bin/run"].content == "out/tree/bin/run" and found["top/bin/run"].mode == 0o755
    assert found["a b"].content == "data"
    assert found["top/link"].content == "../outside" and found["top/empty"].kind == mtree.DIRECTORY
    assert {row.mtime for row in found.values()} == {5}

    mtree_file.run(
        {"mtree": str(tmp_path / "spec"), "mutate": {"strip_prefix": "top"}, "output": str(tmp_path / "cut")}
    )
    paths = [row.path for row in mtree.parse((tmp_path / "cut").read_text())]
    assert "bin/run" in paths and "a b" not in paths


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": base64.b64encode(b"x").decode(), "at": "a"}, "no specification can hold"),
        ({"file": "/dev/null", "at": "a"}, "is no file"),
        ({"text": "", "at": "../a"}, "can't be a path"),
    ],
)
def test_what_a_specification_can_not_say_is_refused(tmp_path: Path, row: dict[str, str], said: str) -> None:
    with pytest.raises(LayerProblem, match=said):
        mtree_file.run({"rows": [row], "names": [], "output": str(tmp_path / "spec")})
