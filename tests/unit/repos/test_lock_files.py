from __future__ import annotations

from pathlib import Path

import pytest

from venvship.repos.index_settings import IndexSettings
from venvship.repos.lock_files import read_lock
from venvship.repos.network import Network
from venvship.repos.package_index import PackageIndex
from venvship.wheels.lock import MalformedLock

PROJECTS = """# generated

version = 1
requires-python = ">=3.11"

[[package]]
name = "app"
version = "1.0"
source = { virtual = "." }
"""
REQUIREMENTS = f"""# generated

tool @ https://packages.example/tool-1-py3-none-any.whl?x=1 --hash=sha256:{"b" * 64}
"""


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("uv.lock", PROJECTS, ["app"]),
        ("requirements.txt", REQUIREMENTS, ["tool"]),
        ("app.lock", PROJECTS, ["app"]),
        ("app.lock", "\ufeff" + REQUIREMENTS, ["tool"]),
        ("requirements.lock", "--index-url=https://packages.example/simple\n" + REQUIREMENTS, ["tool"]),
        ("requirements.lock", "# nothing yet\n", []),
    ],
)
def test_a_lock_is_read_as_it_begins_where_its_name_does_not_tell(
    tmp_path: Path, name: str, text: str, found: list[str]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    lock = read_lock(tmp_path / name, shown=name, index=lambda: PackageIndex(Network(IndexSettings(())), indexes=()))
    assert [package.name for package in lock.packages if package.name] == found


def test_a_uv_lock_is_never_taken_for_requirements(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(REQUIREMENTS)
    with pytest.raises(MalformedLock, match=r"uv\.lock"):
        read_lock(tmp_path / "uv.lock", shown="uv.lock")
