from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tar_members import extract_all

import venvship.tools.write_layer
from venvship.archives.tree import Tree, TreeDirectory, TreeEntry, TreeFile, TreeLink
from venvship.model.digest import Digest
from venvship.model.paths import TreePath
from venvship.tools.layer_entries import LayerProblem
from venvship.tools.layer_stream import MissingCompressor, isal_zlib
from venvship.tools.write_layer import run

Row = dict[str, Any]


class Layers:
    """Writes layers into one directory and reads them back."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._count = 0

    def write(self, *rows: Row, **request: Any) -> tuple[dict[str, Any], bytes]:
        self._count += 1
        output = self.directory / f"blob{self._count}"
        descriptor = run({"rows": list(rows), "output": str(output), **request})
        return descriptor, output.read_bytes()

    def members(self, *rows: Row, **request: Any) -> dict[str, tarfile.TarInfo]:
        _, blob = self.write(*rows, **request)
        with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
            return {member.name: member for member in archive.getmembers()}


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    return Layers(tmp_path)


def text(at: str, content: bytes = b"", **more: Any) -> Row:
    return {"text": base64.b64encode(content).decode(), "at": at, **more}


def bulky(size: int) -> bytes:
    """Bytes that compress to about half of their size, always the same."""
    source = random.Random(size)
    return bytes(source.choice(b"0123456789abcdef") for _ in range(size))


def installed_wheel(directory: Path) -> tuple[Path, Path]:
    """A wheel file and the directory it was unpacked to; `big.so` is patched there, and one file is new."""
    wheel, tree = directory / "demo-1-py3-none-any.whl", directory / "tree"
    files = {"demo/__init__.py": b"", "demo/big.txt": bulky(90_000), "demo/big.so": bulky(80_000)}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
            (tree / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / "lib" / name).write_bytes(content)
    (tree / "lib/demo/big.so").write_bytes(b"patched" + files["demo/big.so"][7:])
    (tree / "lib/demo/new").write_bytes(bulky(70_000))
    return wheel, tree


def test_every_kind_of_row_becomes_its_member_with_explicit_parents(layers: Layers, tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF")
    members = layers.members(
        {"file": str(tmp_path / "program"), "at": "app/bin/server", "executable": True},
        text("app/config.toml", b"debug = false\n"),
        {"link": "../lib", "at": "app/bin/lib"},
        {"directory": "tmp", "mode": 0o1777},
    )
    assert list(members) == ["app", "app/bin", "app/bin/lib", "app/bin/server", "app/config.toml", "tmp"]
    assert members["app/bin"].isdir() and members["app/bin"].mode == 0o755
    assert members["app/bin/server"].mode == 0o755
    assert members["app/config.toml"].mode == 0o644
    assert members["app/bin/lib"].linkname == "../lib"
    assert members["tmp"].mode == 0o1777
    assert {(m.uid, m.gid, m.mtime, m.uname) for m in members.values()} == {(0, 0, 0, "")}


def test_owner_and_time_are_those_of_the_request_unless_a_row_has_its_own(layers: Layers) -> None:
    members = layers.members(text("a/b"), text("a/c", uid=7, mtime=9, mode=0o600), uid=65532, gid=65533, mtime=1)
    facts = {name: (m.uid, m.gid, m.mtime, m.mode) for name, m in members.items()}
    assert facts == {"a": (65532, 65533, 1, 0o755), "a/b": (65532, 65533, 1, 0o644), "a/c": (7, 65533, 9, 0o600)}


def test_a_directory_tree_keeps_links_execute_bits_and_empty_directories(layers: Layers, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "pkg/empty").mkdir(parents=True)
    (tree / "pkg/run.sh").write_text("#!/bin/sh\n")
    (tree / "pkg/run.sh").chmod(0o700)
    (tree / "pkg/dangling").symlink_to("/nowhere/at/all")
    (tree / "pkg/up").symlink_to("..")
    members = layers.members({"tree": str(tree), "at": "app"})
    assert list(members) == ["app", "app/pkg", "app/pkg/dangling", "app/pkg/empty", "app/pkg/run.sh", "app/pkg/up"]
    assert members["app/pkg/dangling"].linkname == "/nowhere/at/all"
    assert members["app/pkg/up"].linkname == ".."
    assert members["app/pkg/run.sh"].mode == 0o755
    assert members["app/pkg/empty"].isdir()


def test_a_listed_tree_is_not_walked_and_gives_the_same_bytes(layers: Layers, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "empty").mkdir(parents=True)
    (tree / "a.py").write_bytes(b"a = 1\n")
    (tree / "b").symlink_to("a.py")
    walked = layers.write({"tree": str(tree), "at": "x"})
    (tree / "not-listed").write_bytes(b"")
    listing = tmp_path / "listing"
    entries: list[TreeEntry] = [
        TreeFile(TreePath("a.py"), Digest.of(b"a = 1\n")),
        TreeLink(TreePath("b"), "a.py"),
        TreeDirectory(TreePath("empty")),
    ]
    listing.write_bytes(Tree.of(entries).encode())
    assert layers.write({"tree": str(tree), "at": "x", "entries": str(listing)}) == walked


def test_a_file_of_another_size_than_listed_is_refused(layers: Layers, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/a").write_bytes(b"longer")
    (tmp_path / "listing").write_bytes(Tree.of([TreeFile(TreePath("a"), Digest.of(b"short"))]).encode())
    with pytest.raises(LayerProblem, match="another size than the 5 bytes"):
        layers.write({"tree": str(tmp_path / "tree"), "entries": str(tmp_path / "listing")})


def test_parts_of_a_tree_are_chosen_by_prefix_and_patterns(layers: Layers, tmp_path: Path) -> None:
    for name in ("lib/a.py", "lib/a.so", "lib/sub/b.py", "bin/c"):
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_bytes(b"")
    tree = str(tmp_path / "tree")
    assert list(layers.members({"tree": tree, "at": "x", "strip": "lib", "exclude": ["**/*.so"]})) == [
        "x", "x/a.py", "x/sub", "x/sub/b.py",
    ]  # fmt: skip
    assert list(layers.members({"tree": tree, "at": "x", "include": ["lib/*.py"]})) == ["x", "x/lib", "x/lib/a.py"]


@pytest.mark.parametrize("compressor", ["zlib", "isal"])
def test_unchanged_files_of_a_wheel_go_in_as_the_deflate_data_of_the_wheel(
    layers: Layers, tmp_path: Path, compressor: str
) -> None:
    if compressor == "isal" and isal_zlib() is None:
        compressor = "zlib"
    wheel, tree = installed_wheel(tmp_path)
    row = {"tree": str(tree), "at": "app"}
    plain, archive = layers.write(row, compression="none")
    reused, blob = layers.write({**row, "wheel": str(wheel)}, compressor=compressor)
    assert reused["reused"] == 1
    assert reused["diff_id"] == plain["diff_id"]
    assert gzip.decompress(blob) == archive
    with zipfile.ZipFile(wheel) as opened:
        info = opened.getinfo("demo/big.txt")
    start = info.header_offset + 30 + len(info.filename)
    assert wheel.read_bytes()[start : start + info.compress_size] in blob


def test_the_descriptor_tells_the_truth(layers: Layers, tmp_path: Path) -> None:
    wheel, tree = installed_wheel(tmp_path)
    document = tmp_path / "descriptor.json"
    descriptor, blob = layers.write({"tree": str(tree), "wheel": str(wheel)}, descriptor=str(document))
    assert json.loads(document.read_bytes()) == descriptor
    assert descriptor["digest"] == "sha256:" + hashlib.sha256(blob).hexdigest()
    assert descriptor["size"] == len(blob)
    unpacked = gzip.decompress(blob)
    assert descriptor["diff_id"] == "sha256:" + hashlib.sha256(unpacked).hexdigest()
    assert descriptor["uncompressed_size"] == len(unpacked)
    assert descriptor["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"


def test_the_order_of_rows_and_the_second_run_change_nothing(layers: Layers, tmp_path: Path) -> None:
    wheel, tree = installed_wheel(tmp_path)
    rows: list[Row] = [{"tree": str(tree), "at": "x", "wheel": str(wheel)}, text("a", bulky(3_000_000)), text("z")]
    assert layers.write(*rows) == layers.write(*reversed(rows)) == layers.write(*rows)


def test_one_path_with_one_content_is_stored_once(layers: Layers, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"same")
    assert list(layers.members(text("a", b"same"), {"file": str(tmp_path / "f"), "at": "a"})) == ["a"]


def test_a_layer_holds_the_same_bytes_for_the_same_owner_once(layers: Layers, tmp_path: Path) -> None:
    licence, tree = bulky(5000), tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    for name, content in (("a/LICENSE", licence), ("b", licence), ("c", bulky(5000)[::-1]), ("run", licence)):
        (tree / name).write_bytes(content)
    (tree / "run").chmod(0o755)
    rows: list[Row] = [{"tree": str(tree), "at": "t"}, text("z", licence), text("zz", licence, uid=7)]
    rows += [text("small", b"x" * 1024), text("small2", b"x" * 1024)]
    _, blob = layers.write(*rows, descriptor=str(tmp_path / "descriptor.json"))
    with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
        hard = {member.name: member.linkname for member in archive if member.islnk()}
        assert hard == {"t/b": "t/a/LICENSE", "z": "t/a/LICENSE"}
        extract_all(archive, tmp_path / "out")
    assert (tmp_path / "out/z").read_bytes() == (tmp_path / "out/t/b").read_bytes() == licence
    assert not any(member.islnk() for member in layers.members(*rows).values())  # an archive that is no layer


def test_all_conflicts_are_reported_at_once_with_both_origins(layers: Layers) -> None:
    with pytest.raises(LayerProblem) as caught:
        layers.write(
            text("a", b"1", origin="//x"),
            text("a", b"2", origin="//y"),
            {"link": "/etc", "at": "b", "origin": "//x"},
            text("b/passwd", origin="//z"),
        )
    assert "a: text of //x and text a of //y" in str(caught.value)
    assert "b: link of //x and text b/passwd of //z" in str(caught.value)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", "", "a\0b", "x" * 5000])
def test_a_path_that_leaves_the_layer_is_refused(layers: Layers, tmp_path: Path, path: str) -> None:
    (tmp_path / "f").write_bytes(b"")
    for row in (text(path), {"link": "x", "at": path}, {"file": str(tmp_path / "f"), "at": path}, {"directory": path}):
        with pytest.raises(LayerProblem):
            layers.write(row)


def test_a_listing_with_a_hostile_path_is_refused(layers: Layers, tmp_path: Path) -> None:
    for members in ([["../x", "f", "0" * 64, 0]], [["a", "l", "/etc"], ["a/b", "f", "0" * 64, 0]]):
        (tmp_path / "listing").write_bytes(b"venvship tree 1\n" + json.dumps(members).encode())
        with pytest.raises(LayerProblem, match="has the path"):
            layers.write({"tree": str(tmp_path), "entries": str(tmp_path / "listing")})


def test_directories_of_lower_layers_are_left_out(layers: Layers) -> None:
    assert list(layers.members(text("app/bin/x"), skip=["app"])) == ["app/bin", "app/bin/x"]
    assert list(layers.members({"directory": "app", "mode": 0o700}, skip=["app"])) == ["app"]


def test_a_pipe_in_a_tree_is_refused(layers: Layers, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    os.mkfifo(tmp_path / "tree/pipe")
    with pytest.raises(LayerProblem, match="neither file, link nor directory"):
        layers.write({"tree": str(tmp_path / "tree")})


def test_an_archive_is_written_to_an_mtree_specification(layers: Layers, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/inner").write_bytes(b"inner")
    (tmp_path / "program").write_bytes(b"program")
    contents = {"out/bin/program": str(tmp_path / "program"), "out/tree": str(tmp_path / "tree")}
    lines = [
        "x/bin/program mode=0555 uid=7 time=3 type=file content=out/bin/program",
        "x/data type=file content=out/tree/inner",
        "x/link type=link link=bin/program",
        "x/tmp type=dir mode=1777",
    ]
    row: Row = {"lines": lines, "contents": contents, "mutate": {"strip_prefix": "x", "package_dir": "opt"}}
    members = layers.members(row, mtime=1)
    assert list(members) == ["opt", "opt/bin", "opt/bin/program", "opt/data", "opt/link", "opt/tmp"]
    program = members["opt/bin/program"]
    assert (program.mode, program.uid, program.mtime, program.size) == (0o555, 7, 3, 7)
    assert members["opt/link"].linkname == "bin/program"
    assert members["opt/tmp"].mode == 0o1777
    (tmp_path / "spec").write_text("\n".join(lines))
    written = {**row, "mtree": str(tmp_path / "spec")}
    del written["lines"]
    assert layers.write(written) == layers.write(row)
    for name in ("out/other", "out/tree/../program", "/etc/passwd"):
        with pytest.raises(LayerProblem, match="no input of the archive"):
            layers.write({"lines": [f"a/b type=file content={name}"], "contents": contents})


def test_an_unknown_compressor_is_an_error_and_never_replaced(layers: Layers) -> None:
    with pytest.raises(MissingCompressor, match="pigz"):
        layers.write(text("a"), compressor="pigz")
    with pytest.raises(LayerProblem, match="lzma"):
        layers.write(text("a"), compression="lzma")


SEGMENT = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20).filter(
    lambda part: part not in (".", "..")
)


@given(
    st.dictionaries(
        st.lists(SEGMENT, min_size=1, max_size=9).map("/".join),
        st.one_of(st.binary(max_size=2000), st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)),
        max_size=8,
    )
)
def test_an_archive_holds_what_was_planned(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, bytes | str]
) -> None:
    plan = {
        path: value for path, value in content.items() if not any(other.startswith(path + "/") for other in content)
    }
    rows = [text(p, v) if isinstance(v, bytes) else {"link": v, "at": p} for p, v in plan.items()]
    output = tmp_path_factory.getbasetemp() / "planned"
    run({"rows": rows, "output": str(output)})
    found: dict[str, bytes | str] = {}
    with tarfile.open(output) as archive:
        for member in archive:
            if member.issym():
                found[member.name] = member.linkname
            elif member.isreg():
                body = archive.extractfile(member)
                assert body is not None
                found[member.name] = body.read()
    assert found == plan


def test_the_tool_runs_in_a_worker_without_site_packages(tmp_path: Path) -> None:
    request = {"rows": [text("a", b"1")], "output": str(tmp_path / "out")}
    worker = Path(venvship.tools.write_layer.__file__).with_name("worker.py")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", str(worker)],
        input=json.dumps({"tool": "write_layer", "request": request}).encode() + b"\n",
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"result": run({**request, "output": str(tmp_path / "again")})}


MEASURED = """\
import json, sys
from venvship.tools import write_layer
reused = write_layer.run(json.loads(sys.argv[1]))["reused"]
# Not `ru_maxrss`, which begins with what the parent had.
[peak] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print(reused, int(peak) >> 10)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of a process is read from /proc")
def test_a_large_file_takes_no_memory(tmp_path: Path) -> None:
    size = 200 << 20
    tree = tmp_path / "tree"
    tree.mkdir()
    with (tree / "big.so").open("wb") as file:
        file.truncate(size)
    wheel = tmp_path / "big.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(tree / "big.so", "big.so")
    for row, reused in (({"wheel": str(wheel)}, "1"), ({}, "0")):
        request = {
            "rows": [{"tree": str(tree), "at": "a", **row}],
            "output": str(tmp_path / "out"),
            "compressor": "zlib",
        }
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, json.dumps(request)], capture_output=True, text=True, check=True
        )
        found, mebibytes = done.stdout.split()
        assert found == reused
        assert int(mebibytes) < 120
