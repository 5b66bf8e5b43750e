from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import marshal
import os
import shutil
import subprocess
import sys
import types
import zipfile
from pathlib import Path
from typing import Any, cast

import pytest

from venvship.tools import compile_wheel
from venvship.tools.compile_wheel import BadRequest

RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"lib/python{RUNNING}/site-packages"
TAG = sys.implementation.cache_tag


def unpacked(root: Path, files: dict[str, str | bytes]) -> Path:
    """A directory as unpacked wheels are; paths are those of site-packages, but for those that begin with `/`."""
    for path, content in files.items():
        file = root / (path[1:] if path.startswith("/") else f"{SITE}/{path}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(0o444)
    return root


def compiled(tree: Path, output: Path) -> dict[str, Any]:
    return compile_wheel.run({"tree": str(tree), "output": str(output), "python_version": RUNNING})


def files_of(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def said(result: dict[str, Any], output: Path) -> dict[str, tuple[str, str, int]]:
    """What a result says that is new."""
    return {path: (kind, sha256, size) for path, kind, sha256, size in result["grown"][str(output)][1]}


def test_bytecode_is_never_checked_and_does_not_know_where_it_was_made(tmp_path: Path) -> None:
    source = "def f():\n    'doc'\n    return {'a b': (1, 2.5), 'c': f'{1:>2}'}\nassert f()\n"
    tree = unpacked(tmp_path / "tree", {"pkg/__init__.py": source, "pkg/deep/m.py": "", "/data-scripts/x.py": ""})
    first = compiled(tree, tmp_path / "first")
    second = compiled(tree, tmp_path / "a longer/second")
    assert said(first, tmp_path / "first") == said(second, tmp_path / "a longer/second")
    assert files_of(tmp_path / "first") == files_of(tmp_path / "a longer/second")
    pyc = f"{SITE}/pkg/__pycache__/__init__.{TAG}.pyc"
    data = (tmp_path / "first" / pyc).read_bytes()
    assert said(first, tmp_path / "first").keys() == {pyc, f"{SITE}/pkg/deep/__pycache__/m.{TAG}.pyc"}
    assert said(first, tmp_path / "first")[pyc] == ("f", hashlib.sha256(data).hexdigest(), len(data))
    assert data[:8] == importlib.util.MAGIC_NUMBER + b"\x01\0\0\0"
    assert data[8:16] == importlib.util.source_hash(source.encode())
    assert cast("types.CodeType", marshal.loads(data[16:])).co_filename == "pkg/__init__.py"


def test_everything_else_is_the_same_file_as_in_the_wheel(tmp_path: Path) -> None:
    tree = unpacked(tmp_path / "tree", {"m.py": "x = 1", "m.so": b"elf", "/data-scripts/run": "#!", "/etc/x": ""})
    (tree / "data-scripts/run").chmod(0o555)
    (tree / "link").symlink_to("nowhere")
    before = files_of(tree)
    output = tmp_path / "output"
    result = compiled(tree, output)
    assert result["grown"][str(output)][0] == str(tree)
    assert {path.stat().st_mode & 0o777 for path in output.rglob("*") if path.is_dir()} == {0o555}
    assert {path: data for path, data in files_of(output).items() if "__pycache__" not in path} == before
    assert all((output / path).samefile(tree / path) for path in before)
    assert os.readlink(output / "link") == "nowhere"
    assert files_of(tree) == before


def test_files_are_copied_where_links_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "another device")

    tree = unpacked(tmp_path / "tree", {"m.py": "x = 1", "/data-scripts/run": "#!"})
    (tree / "data-scripts/run").chmod(0o555)
    monkeypatch.setattr(os, "link", refuse)
    compiled(tree, tmp_path / "output")
    copy = tmp_path / "output/data-scripts/run"
    assert (copy.read_text(), copy.stat().st_mode & 0o777, copy.stat().st_nlink) == ("#!", 0o555, 1)
    assert (tmp_path / "output" / SITE / "m.py").read_text() == "x = 1"


def test_bytecode_is_the_same_in_a_warm_and_in_a_fresh_interpreter(tmp_path: Path) -> None:
    # Modules whose constants and names a running program has many references to already.
    files: dict[str, str | bytes] = {
        f"pkg/{module.__name__.replace('.', '_')}.py": Path(str(module.__file__)).read_bytes()
        for module in (json, zipfile, shutil, subprocess, hashlib, compile_wheel)
    }
    tree = unpacked(tmp_path / "tree", files)
    warm = said(compiled(tree, tmp_path / "warm"), tmp_path / "warm")
    # The file alone, as on a remote machine.
    program = tmp_path / "alone.py"
    shutil.copy(str(compile_wheel.__file__), program)
    request = {"tree": str(tree), "output": str(tmp_path / "fresh"), "python_version": RUNNING}
    (tmp_path / "request.json").write_text(json.dumps(request))
    command = [sys.executable, "-I", "-S", "-B", str(program), str(tmp_path / "request.json")]
    fresh = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert said(fresh, tmp_path / "fresh") == warm
    assert files_of(tmp_path / "fresh") == files_of(tmp_path / "warm")


def test_no_two_constants_of_bytecode_are_one_set() -> None:
    source = b"".join(b"def f%d(x): return x in {'a', 'b', 'c'}\n" % n for n in range(2))
    code = cast("types.CodeType", marshal.loads(compile_wheel.compiled(source, "m.py")[16:]))
    functions = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    first, second = (next(c for c in f.co_consts if isinstance(c, frozenset)) for f in functions)
    assert first == second
    assert first is not second


def test_files_that_are_not_python_are_left_uncompiled_and_reported(tmp_path: Path) -> None:
    files = {"good.py": "", "py2.py": "print 'x'\n", "template.py": "{{ x }} = \0", "odd.py": b"# coding: nonsense\n"}
    result = compiled(unpacked(tmp_path / "tree", cast("dict[str, str | bytes]", files)), tmp_path / "out")
    assert [path for path, _ in result["not_compiled"]] == ["odd.py", "py2.py", "template.py"]
    assert "SyntaxError: Missing parentheses" in result["not_compiled"][1][1]
    assert len(list((tmp_path / "out" / SITE / "__pycache__").iterdir())) == 1


def test_bytecode_that_is_there_is_replaced_and_the_wheel_keeps_its_own(tmp_path: Path) -> None:
    pyc = f"__pycache__/m.{TAG}.pyc"
    tree = unpacked(tmp_path / "tree", {"m.py": "x = 1", pyc: "stale", "__pycache__/m.cpython-20.pyc": "other"})
    result = compiled(tree, tmp_path / "out")
    assert (tmp_path / "out" / SITE / pyc).read_bytes()[:4] == importlib.util.MAGIC_NUMBER
    assert (tree / SITE / pyc).read_text() == "stale"
    assert said(result, tmp_path / "out").keys() == {f"{SITE}/{pyc}"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"python_version": "3.99"}, "bytecode of Python 3.99 can't be made"),
        ({"tree": None}, "the request needs"),
        ({"output": "."}, "is not empty"),
    ],
)
def test_a_bad_request_is_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    request: dict[str, object] = {"tree": "x", "output": str(tmp_path / "out"), "python_version": RUNNING}
    with pytest.raises(BadRequest, match=reason):
        compile_wheel.run(request | change)
