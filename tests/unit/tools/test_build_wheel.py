from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from venvship.tools.build_wheel import DoubleEntry, NoRequirement, run, with_extra


def request(tmp_path: Path, output: str, **changes: Any) -> dict[str, Any]:
    files = {"greet/__init__.py": "def hello():\n    print('hello')\n", "README.md": "# Greet\n", "extra.txt": "x\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return {
        "output": str(tmp_path / output),
        "distribution": "Greet.er",
        "version": "1.2",
        "tag": "py3-none-any",
        "purelib": True,
        "compress": True,
        "files": [
            {"path": "greet/__init__.py", "file": str(tmp_path / "greet/__init__.py")},
            {"path": "{data}/data/share/extra.txt", "file": str(tmp_path / "extra.txt")},
        ],
        "metadata": ["Metadata-Version: 2.1", "Name: Greet.er", "Version: 1.2"],
        "requires_files": [],
        "description": str(tmp_path / "README.md"),
        "entry_points": "[console_scripts]\ngreet = greet:hello\n",
        "extra_dist_info": [{"path": "licenses/LICENSE", "file": str(tmp_path / "extra.txt")}],
        **changes,
    }


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    run(request(tmp_path, "a.whl"))
    (tmp_path / "greet/__init__.py").touch()
    run(request(tmp_path, "b.whl"))
    assert (tmp_path / "a.whl").read_bytes() == (tmp_path / "b.whl").read_bytes()


def test_installers_take_it(tmp_path: Path) -> None:
    wheel = tmp_path / "greet_er-1.2-py3-none-any.whl"
    run(request(tmp_path, wheel.name))
    target = tmp_path / "installed"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--offline",
        "--no-config",
        "--target",
        target,
        wheel,
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert (target / "greet" / "__init__.py").exists()
    assert (target / "greet_er-1.2.dist-info" / "licenses" / "LICENSE").read_text() == "x\n"
    done = subprocess.run([target / "bin" / "greet"], env={"PYTHONPATH": str(target)}, capture_output=True, check=True)
    assert done.stdout == b"hello\n"


def test_the_record_is_last_and_the_metadata_before_it(tmp_path: Path) -> None:
    run(request(tmp_path, "a.whl"))
    with zipfile.ZipFile(tmp_path / "a.whl") as archive:
        names = archive.namelist()
        assert archive.read("greet_er-1.2.dist-info/METADATA").decode().endswith("Version: 1.2\n\n# Greet\n")
        assert b"Root-Is-Purelib: true\nTag: py3-none-any\n" in archive.read("greet_er-1.2.dist-info/WHEEL")
    assert names[-1] == "greet_er-1.2.dist-info/RECORD"
    assert "greet_er-1.2.data/data/share/extra.txt" in names


def test_requirements_come_from_files_too(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "# pinned\nsix>=1 # why\n\n--hash=x\nidna; python_version < '4'\n"
        "rich==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
    )
    rows = [{"file": str(tmp_path / "requirements.txt"), "extra": "net"}]
    run(request(tmp_path, "a.whl", requires_files=rows))
    with zipfile.ZipFile(tmp_path / "a.whl") as archive:
        text = archive.read("greet_er-1.2.dist-info/METADATA").decode()
    assert "Requires-Dist: six>=1 ; extra == 'net'\n" in text
    assert "Requires-Dist: rich==1.0 ; extra == 'net'\n" in text
    assert "Requires-Dist: idna ; (python_version < '4') and extra == 'net'\n" in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("-r other.txt", "names another file, which is not read"),
        ("--editable .", "names another file, which is not read"),
        ("six and more", "is no requirement"),
        ("./six", "is no requirement"),
    ],
)
def test_lines_that_no_metadata_can_say_are_refused(tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"--index-url x\nsix \\\n  --hash=sha256:00\n{line}\n")
    with pytest.raises(NoRequirement) as refused:
        run(request(tmp_path, "a.whl", requires_files=[{"file": str(tmp_path / "requirements.txt"), "extra": ""}]))
    assert str(refused.value) == f"requirements.txt:4: `{line}` {told}"


def test_a_requirement_without_an_extra_stays_as_it_is() -> None:
    assert with_extra("six>=1", "") == "six>=1"


def test_two_files_for_one_path_are_refused(tmp_path: Path) -> None:
    row = {"path": "x.py", "file": str(tmp_path / "extra.txt")}
    with pytest.raises(DoubleEntry, match=r"two files want to be `x\.py`"):
        run(request(tmp_path, "a.whl", files=[row, row]))


def test_compressed_tags_are_written_out(tmp_path: Path) -> None:
    run(request(tmp_path, "a.whl", tag="py2.py3-none-any", compress=False))
    with zipfile.ZipFile(tmp_path / "a.whl") as archive:
        wheel = archive.read("greet_er-1.2.dist-info/WHEEL")
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
    assert b"Tag: py2-none-any\nTag: py3-none-any\n" in wheel
