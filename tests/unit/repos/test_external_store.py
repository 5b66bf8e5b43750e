"""External repositories between commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from venvship.errors import UserError
from venvship.memo.computation import Memo
from venvship.repos.external_store import ExternalStore, Input, Making, Observer


class Commands:
    """Each call of `obtain` is a command of its own; `made` counts how often the repository was made."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment: dict[str, str] = {}
        self.made = 0

    def obtain(
        self, key: str = "k", *inputs: Input, keep: bool = True, then: Callable[[Path], None] | None = None
    ) -> Path:
        def make(making: Making) -> None:
            self.made += 1
            making.inputs.update(dict.fromkeys(inputs))
            making.keep = keep
            (making.directory / "f").write_text(str(self.made))
            if then is not None:
                then(making.directory)

        observer = Observer(Memo(), self.environment)
        return ExternalStore(self.root / "external", observer).obtain("r", key, make)


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def test_a_repository_is_made_once_for_a_key(commands: Commands) -> None:
    assert commands.obtain().name == "r"
    commands.obtain()
    assert commands.made == 1
    assert (commands.obtain("other") / "f").read_text() == "2"


@pytest.mark.parametrize("kind", ["file", "directory", "tree"])
def test_it_is_made_again_when_what_was_read_changes(commands: Commands, tmp_path: Path, kind: str) -> None:
    (tmp_path / "d/e").mkdir(parents=True)
    (tmp_path / "d/file").write_text("1")
    one = (kind, str(tmp_path / ("d/file" if kind == "file" else "d")))
    commands.obtain("k", one)
    commands.obtain("k", one)
    assert commands.made == 1
    if kind == "file":
        (tmp_path / "d/file").write_text("2")
    else:
        (tmp_path / ("d/new" if kind == "directory" else "d/e/new")).write_text("")
    commands.obtain("k", one)
    assert commands.made == 2


def test_variables_count(commands: Commands) -> None:
    commands.obtain("k", ("variable", "V"))
    commands.environment["V"] = ""
    commands.obtain("k", ("variable", "V"))
    assert commands.made == 2
    commands.obtain("k", ("variable", "V"))
    assert commands.made == 2


def test_what_is_local_is_made_by_every_command(commands: Commands) -> None:
    commands.obtain(keep=False)
    commands.obtain(keep=False)
    assert commands.made == 2


def test_a_repository_is_made_in_its_place(commands: Commands, tmp_path: Path) -> None:
    seen: list[Path] = []
    commands.obtain(then=seen.append)
    assert commands.obtain("other", then=seen.append) == seen[0] == seen[1] == tmp_path / "external/r"
    assert sorted(one.name for one in seen[0].iterdir()) == ["f"]


def test_a_failure_leaves_nothing_half_made(commands: Commands, tmp_path: Path) -> None:
    def fail(directory: Path) -> None:
        raise UserError("no")

    commands.obtain("a")
    with pytest.raises(UserError):
        commands.obtain("b", then=fail)
    assert list((tmp_path / "external/@tmp").iterdir()) == []
    assert not (tmp_path / "external/r").exists()
    commands.obtain("a")
    assert commands.made == 3


def test_a_damaged_marker_is_no_marker(commands: Commands, tmp_path: Path) -> None:
    commands.obtain()
    for text in ("", "[]", '{"key": 1}', "{"):
        (tmp_path / "external/@markers/r.json").write_text(text)
        commands.obtain()
    assert commands.made == 5


def test_a_repository_may_be_a_link(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()

    def link(directory: Path) -> None:
        (directory / "f").unlink()
        directory.rmdir()
        directory.symlink_to(tmp_path / "elsewhere")

    assert commands.obtain(then=link) == (tmp_path / "elsewhere").resolve()
    assert (commands.obtain("other") / "f").is_file()
    assert (tmp_path / "elsewhere").is_dir() and not list((tmp_path / "elsewhere").iterdir())
