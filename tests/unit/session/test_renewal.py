from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from venvship.session.footprint import Footprint
from venvship.session.renewal import renewed
from venvship.session.stamp import RACY_NANOSECONDS, Stamp, sha256_of

ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    for path in ("pkg/a.py", "pkg/b.py", "tree/x", "tree/sub/y", "out/made", "out/other"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    (root / "out/link").symlink_to("../pkg/a.py")
    return root


def stamp_of(root: Path, *paths: str, now: int | None = None) -> Stamp:
    footprint = Footprint(now=now)
    for path in paths:
        if path.endswith("/"):
            footprint.add_directory(f"{root}/{path[:-1]}")
        elif path == "out/link":
            footprint.add_link(f"{root}/{path}", os.readlink(root / path))
        elif path == "out":
            footprint.add_files_below(f"{root}/out")
        else:
            footprint.add_file(f"{root}/{path}", sha256_of(f"{root}/{path}"))
    return footprint.stamp(ENVIRONMENT)


def holds(stamp: Stamp) -> bool:
    again = Stamp.decode(stamp.encode())
    assert again is not None
    return again.changed_inputs(ENVIRONMENT) == [] and again.changed_outputs() == []


def retarget(link: Path) -> None:
    link.unlink()
    link.symlink_to("../pkg/b.py")


CHANGES: tuple[tuple[Callable[[Path], object], tuple[str, ...]], ...] = (
    (lambda root: (root / "pkg/a.py").write_text("new"), ("pkg/a.py",)),
    (lambda root: (root / "pkg/c.py").write_text("new"), ("pkg/", "pkg/c.py")),
    (lambda root: (root / "out/made").write_text("longer than it was"), ("out",)),
    (lambda root: retarget(root / "out/link"), ("out",)),
)


@pytest.mark.parametrize(("change", "fresh"), CHANGES)
def test_what_is_said_anew_counts_and_the_rest_stays(
    workspace: Path, change: Callable[[Path], object], fresh: tuple[str, ...]
) -> None:
    old = stamp_of(workspace, "pkg/", "pkg/a.py", "pkg/b.py", "tree/x", "out")
    now = (workspace / "pkg/a.py").stat().st_ctime_ns
    change(workspace)
    assert not holds(old)
    new = renewed(old, stamp_of(workspace, *fresh), without=[], now=now)
    assert holds(new)
    for path in ("pkg/b.py", "tree/x", "out/other"):
        before = (workspace / path).read_text()
        (workspace / path).write_text(before + " changed")
        assert not holds(new)
        (workspace / path).unlink()
        assert not holds(new)
        workspace.joinpath(path).write_text(before)


def test_nothing_is_left_of_what_is_gone(workspace: Path) -> None:
    old = stamp_of(workspace, "pkg/a.py", "tree/", "tree/x", "tree/sub/y", "out")
    now = (workspace / "pkg/a.py").stat().st_ctime_ns
    (workspace / "tree/sub/y").unlink()
    (workspace / "tree/sub").rmdir()
    new = renewed(old, stamp_of(workspace, "tree/", "tree/x"), without=[f"{workspace}/tree/sub"], now=now)
    assert holds(new)
    assert not holds(renewed(old, stamp_of(workspace, "tree/", "tree/x"), without=[], now=now))
    (workspace / "pkg/a.py").write_text("new")
    assert not holds(new)


def test_what_has_been_still_for_long_is_read_no_more(workspace: Path) -> None:
    times = [(workspace / path).stat().st_ctime_ns for path in ("pkg", "pkg/a.py", "pkg/b.py")]
    first, last = min(times), max(times)
    old = stamp_of(workspace, "pkg/", "pkg/a.py", "pkg/b.py", now=last)
    assert len(old.racy_files) == 2 and len(old.racy_directories) == 1
    soon = renewed(old, Stamp(), without=[], now=first + RACY_NANOSECONDS)
    assert (soon.racy_files, soon.racy_directories) == (old.racy_files, old.racy_directories)
    later = renewed(old, Stamp(), without=[], now=last + RACY_NANOSECONDS + 1)
    assert (later.racy_files, later.racy_directories) == ([], [])
    assert later.inputs == old.inputs
