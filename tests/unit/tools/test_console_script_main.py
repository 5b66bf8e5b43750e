from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from venvship.tools.console_script_main import UnknownScript, run

TEXT = "[console_scripts]\nname = posixpath:basename\nhello = pack.mod:cls.call [extra]\n[gui_scripts]\nwindow = a:b\n"


def written(directory: Path, *, script: str, shebang: str = "", text: str = TEXT) -> str:
    """What is written for a script that the file of a directory tells of."""
    inside = directory / "x-1.dist-info"
    inside.mkdir(exist_ok=True)
    (inside / "entry_points.txt").write_text(text)
    output = directory / f"{script}.py"
    run({"entry_points": [str(directory)], "script": script, "shebang": shebang, "output": str(output)})
    return output.read_text()


def test_the_program_calls_what_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "mod.py").write_text("class cls:\n    call = staticmethod(lambda: 7)\n")
    text = written(tmp_path, script="hello", shebang="#!/usr/bin/python3")
    assert text.splitlines()[0] == "#!/usr/bin/python3"
    assert subprocess.run([sys.executable, tmp_path / "hello.py"], cwd=tmp_path, check=False).returncode == 7
    assert written(tmp_path, script="name").startswith("import sys\n")


@pytest.mark.parametrize(
    ("text", "script", "told"),
    [
        (TEXT, "window", "has no console script `window`; it has `hello`, `name`: set `script`"),
        ("", "x", "has no console script `x`; it has none"),
        ("[console_scripts]\nx = a", "x", "line 2 is not of the form"),
        ("[console_scripts]\nx = a.1:b", "x", "says `x = a.1:b`, which is no `module:function`"),
        ("#" * (1 << 20) + "\n", "x", "is larger than a mebibyte"),
    ],
)
def test_what_can_not_be_called_is_refused(tmp_path: Path, text: str, script: str, told: str) -> None:
    with pytest.raises(UnknownScript) as refused:
        written(tmp_path, script=script, text=text)
    assert told in str(refused.value)
    assert refused.value.user_error


def test_one_file_is_needed(tmp_path: Path) -> None:
    other = tmp_path / "setup.cfg"
    other.write_text(TEXT)
    files = [tmp_path / "one" / "entry_points.txt", tmp_path / "two" / "entry_points.txt"]
    for file in files:
        file.parent.mkdir()
        file.write_text(TEXT)
    for paths, count in (([other], 0), (files, 2)):
        request = {"entry_points": [str(path) for path in paths], "script": "name", "shebang": ""}
        with pytest.raises(UnknownScript, match=f"gives {count} files `entry_points.txt`, and one is needed"):
            run({**request, "output": str(tmp_path / "out.py")})
