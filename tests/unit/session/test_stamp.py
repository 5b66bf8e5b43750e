from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from build_bench import Bench
from file_clock import let_files_age
from hypothesis import given
from hypothesis import strategies as st

from venvship.execution.output_state import file_trace
from venvship.loading.disk_files import DiskFiles
from venvship.loading.files import RecordedFiles
from venvship.memo.computation import Memo
from venvship.model.action import MakeSymlink
from venvship.model.artifact import ArtifactKind
from venvship.session.footprint import Changed, Footprint
from venvship.session.opened_paths import OpenedPath, OpenedPaths
from venvship.session.stamp import Stamp, read_stamp, sha256_of, signature, trace

HOUR = 3600 * 1_000_000_000
ENVIRONMENT = {"PATH": "/usr/bin", "SHLVL": "1"}


@pytest.fixture(params=["just now", "long ago"])
def now(request: pytest.FixtureRequest, tmp_path: Path) -> int:
    """A time of looking by which everything in the test changed just now, or long ago."""
    return tmp_path.stat().st_ctime_ns + (HOUR if request.param == "long ago" else 0)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "BUILD").write_text("one")
    (root / "pkg" / "link.py").symlink_to("real.py")
    (root / "pkg" / "real.py").write_text("1")
    (root / "pkg" / "dangling").symlink_to("../later")
    (root / "out").mkdir()
    (root / "out" / "made").write_text("made")
    (root / "out" / "raw").symlink_to("../nowhere")
    return root


def stamp_of(root: Path, now: int) -> Stamp:
    memo = Memo()
    files = RecordedFiles(DiskFiles(), memo)
    files.read(f"{root}/pkg/BUILD")
    files.list_directory(f"{root}/pkg")
    files.kind(f"{root}/pkg/BUILD.bazel")
    files.read(f"{root}/missing.bzl")
    files.kind(f"{root}/pkg/dangling")
    footprint = Footprint(now=now)
    footprint.add_observations(memo)
    footprint.add_file(f"{root}/pkg/real.py", hashlib.sha256(b"1").hexdigest())
    footprint.add_link(f"{root}/out/raw", "../nowhere")
    footprint.add_files_below(f"{root}/out")
    footprint.add_variable("WANTED", None)
    decoded = Stamp.decode(footprint.stamp(ENVIRONMENT).encode())
    assert decoded is not None
    return decoded


def holds(stamp: Stamp, environment: Mapping[str, str]) -> bool:
    return stamp.changed_inputs(environment) == [] and stamp.changed_outputs() == []


def test_a_stamp_holds_while_nothing_changes(workspace: Path, now: int) -> None:
    stamp = stamp_of(workspace, now)
    here = Path.cwd()
    assert holds(stamp, ENVIRONMENT)
    assert holds(stamp, {**ENVIRONMENT, "SHLVL": "2"})
    assert Path.cwd() == here


def edit(root: Path) -> None:
    (root / "pkg/real.py").write_text("2")


def edit_and_keep_the_time(root: Path) -> None:
    before = (root / "pkg/real.py").stat()
    (root / "pkg/real.py").write_text("2")
    os.utime(root / "pkg/real.py", ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_and_keep_the_time(root: Path) -> None:
    (root / "new").write_text("2")
    shutil.copystat(root / "pkg/real.py", root / "new")
    (root / "new").rename(root / "pkg/real.py")


def replace_by_an_equal_copy_behind_a_link(root: Path) -> None:
    (root / "elsewhere").write_text("1")
    (root / "pkg/real.py").unlink()
    (root / "pkg/real.py").symlink_to("../elsewhere")


def edit_and_date_into_the_future(root: Path) -> None:
    (root / "pkg/real.py").write_text("2")
    os.utime(root / "pkg/real.py", ns=(0, 4_000_000_000 * 1_000_000_000))


def replace_the_directory_by_a_copy(root: Path) -> None:
    shutil.copytree(root / "pkg", root / "twin", symlinks=True)
    (root / "pkg").rename(root / "old")
    (root / "twin").rename(root / "pkg")


CHANGES: tuple[Callable[[Path], object], ...] = (
    edit,
    edit_and_keep_the_time,
    edit_and_date_into_the_future,
    replace_and_keep_the_time,
    replace_by_an_equal_copy_behind_a_link,
    lambda root: (root / "pkg/BUILD").write_text("two"),
    lambda root: (root / "pkg/BUILD").chmod(0o755),
    lambda root: (root / "pkg/BUILD").unlink(),
    lambda root: (root / "pkg/new.py").write_text(""),
    lambda root: (root / "pkg/link.py").unlink(),
    lambda root: (root / "pkg/BUILD.bazel").write_text(""),
    lambda root: (root / "missing.bzl").write_text(""),
    lambda root: (root / "missing.bzl").mkdir(),
    lambda root: (root / "later").write_text(""),
    lambda root: (root / "pkg").rename(root / "gone"),
    replace_the_directory_by_a_copy,
    lambda root: (root / "out/made").unlink(),
    lambda root: (root / "out/made").write_text("longer than it was"),
    lambda root: (root / "out/made").chmod(0o755),
    lambda root: (root / "out/raw").unlink(),
    lambda root: shutil.rmtree(root / "out"),
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_stamp_does_not_hold_after_a_change(workspace: Path, now: int, change: Callable[[Path], object]) -> None:
    stamp = stamp_of(workspace, now)
    let_files_age(workspace.parent)
    change(workspace)
    assert not holds(stamp, ENVIRONMENT)


def test_a_link_with_another_text_is_a_change(workspace: Path, now: int) -> None:
    stamp = stamp_of(workspace, now)
    let_files_age(workspace.parent)
    (workspace / "out/raw").unlink()
    (workspace / "out/raw").symlink_to("../elsewhere")
    assert not holds(stamp, ENVIRONMENT)


def test_a_link_that_was_made_anew_with_its_text_is_none(workspace: Path, now: int) -> None:
    stamp = stamp_of(workspace, now)
    (workspace / "out/raw").unlink()
    (workspace / "out/raw").symlink_to("../nowhere")
    assert holds(stamp, ENVIRONMENT)


def test_another_environment_is_a_change(workspace: Path, now: int) -> None:
    stamp = stamp_of(workspace, now)
    assert not holds(stamp, {**ENVIRONMENT, "PATH": "/bin"})
    assert not holds(stamp, {**ENVIRONMENT, "WANTED": ""})
    assert not holds(stamp, {**ENVIRONMENT, "UV_INDEX": "x"})
    assert not holds(stamp, {})


def test_a_recent_file_whose_times_do_not_show_its_change_is_read(workspace: Path) -> None:
    path = workspace / "pkg/real.py"
    footprint = Footprint(now=path.stat().st_ctime_ns)
    footprint.add_file(str(path), sha256_of(str(path)))
    stamp = footprint.stamp(ENVIRONMENT)
    path.write_text("2")
    # As if both had happened within one tick of the clock.
    stamp.inputs = [(str(path.parent), [path.name], [signature(path.stat())])]
    assert not holds(stamp, ENVIRONMENT)


def test_a_recent_directory_whose_times_do_not_show_its_change_is_listed(workspace: Path) -> None:
    path = workspace / "pkg"
    footprint = Footprint(now=path.stat().st_ctime_ns)
    footprint.add_directory(str(path))
    stamp = footprint.stamp(ENVIRONMENT)
    (path / "new").mkdir()
    stamp.inputs = [(str(path.parent), [path.name], [signature(path.stat())])]
    assert not holds(stamp, ENVIRONMENT)


def test_a_file_dated_into_the_future_is_always_read(workspace: Path) -> None:
    path = workspace / "pkg/real.py"
    os.utime(path, ns=(0, path.stat().st_ctime_ns + 2 * HOUR))
    footprint = Footprint(now=path.stat().st_ctime_ns + HOUR)
    footprint.add_file(str(path), sha256_of(str(path)))
    assert footprint.stamp(ENVIRONMENT).racy_files == [(str(path), sha256_of(str(path)))]


def test_what_changed_since_it_was_read_gives_no_stamp(workspace: Path) -> None:
    memo = Memo()
    files = RecordedFiles(DiskFiles(), memo)
    files.read(f"{workspace}/pkg/BUILD")
    files.list_directory(f"{workspace}/pkg")
    files.read(f"{workspace}/missing.bzl")
    (workspace / "pkg/BUILD").write_text("two")
    with pytest.raises(Changed):
        Footprint().add_observations(memo)
    (workspace / "pkg/BUILD").write_text("one")
    Footprint().add_observations(memo)
    (workspace / "pkg/new").write_text("")
    with pytest.raises(Changed):
        Footprint().add_observations(memo)
    (workspace / "pkg/new").unlink()
    (workspace / "missing.bzl").write_text("")
    with pytest.raises(Changed):
        Footprint().add_observations(memo)


def test_links_to_outputs_that_a_first_build_makes_are_no_change(workspace: Path) -> None:
    memo = Memo()
    RecordedFiles(DiskFiles(), memo).list_directory(str(workspace))
    (workspace / "venvship-bin").symlink_to("out")
    footprint = Footprint()
    footprint.add_observations(memo)
    assert holds(footprint.stamp(ENVIRONMENT), ENVIRONMENT)
    (workspace / "other-bin").symlink_to("out")
    with pytest.raises(Changed):
        Footprint().add_observations(memo)


def test_a_file_that_was_opened_by_anybody_counts(workspace: Path) -> None:
    opened = OpenedPaths(ignored=str(workspace / "out"))
    (workspace / "pkg/real.py").read_text()
    (workspace / "out/made").read_text()
    (workspace / "new").write_text("")
    os.listdir(workspace / "pkg")
    with pytest.raises(FileNotFoundError):
        (workspace / "settings").read_text()
    opened.stop()
    (workspace / "pkg/BUILD").read_text()
    found = {path: one for path, one in opened.paths().items() if path.startswith(str(workspace))}
    assert {os.path.relpath(path, workspace) for path in found} == {"pkg/real.py", "pkg", "settings"}
    long_ago = {path: OpenedPath(one.signature, one.seen + HOUR) for path, one in found.items()}
    footprint = Footprint()
    footprint.add_opened(long_ago, workspace=str(workspace), started=0)
    stamp = footprint.stamp(ENVIRONMENT)
    assert holds(stamp, ENVIRONMENT)
    (workspace / "settings").write_text("")
    assert not holds(stamp, ENVIRONMENT)


def test_an_opened_file_that_changed_just_before_gives_no_stamp(workspace: Path) -> None:
    path = workspace / "pkg/real.py"
    just_now = OpenedPath(signature(path.stat()), path.stat().st_ctime_ns)
    with pytest.raises(Changed):
        Footprint().add_opened({str(path): just_now}, workspace=str(workspace), started=0)
    gone = OpenedPath(signature(path.stat()), path.stat().st_ctime_ns + HOUR)
    path.unlink()
    with pytest.raises((Changed, OSError)):
        Footprint().add_opened({str(path): gone}, workspace=str(workspace), started=0)
    Footprint().add_opened({str(path): gone}, workspace="/elsewhere", started=0)


def test_external_repositories_that_every_command_makes_anew_give_no_stamp(tmp_path: Path) -> None:
    Footprint().add_external(str(tmp_path / "none"))
    (tmp_path / "@markers").mkdir()
    (tmp_path / "@markers/kept.json").write_text("{}")
    (tmp_path / "kept").mkdir()
    Footprint().add_external(str(tmp_path))
    (tmp_path / "local").mkdir()
    with pytest.raises(Changed):
        Footprint().add_external(str(tmp_path))


def test_our_own_code_may_not_have_changed_since_the_command_began() -> None:
    with pytest.raises(Changed):
        Footprint().add_program(started=0)


@given(st.integers(0, 3000), st.binary(min_size=1, max_size=3))
def test_a_damaged_stamp_is_none(at: int, noise: bytes) -> None:
    stamp = Stamp()
    stamp.errors = ("before", "after")
    stamp.absent = [f"/some/where/{number}" for number in range(100)]
    data = stamp.encode()
    at %= len(data)
    damaged = data[:at] + noise + data[at + len(noise) :]
    assert damaged == data or Stamp.decode(damaged) is None
    assert Stamp.decode(data[:at]) is None


def test_a_stamp_that_others_could_write_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "stamp"
    file.write_bytes(Stamp().encode())
    file.chmod(0o600)
    assert read_stamp(str(file)) is not None
    file.chmod(0o622)
    assert read_stamp(str(file)) is None
    assert read_stamp(str(tmp_path / "none")) is None


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="no file system in memory")
def test_files_in_memory_are_remembered_and_devices_are_not(tmp_path: Path) -> None:
    opened = OpenedPaths(ignored=str(tmp_path))
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file, open(file.name, "rb"), open(os.devnull, "rb"):
        opened.stop()
        assert file.name in opened.paths() and os.devnull not in opened.paths()


def taken(bench: Bench, change: Callable[[Path], object], *, looked: int) -> Stamp:
    """A stamp of a file and a link that were built, and changed before it was taken."""
    file, link = bench.text("p/file", "1"), bench.output("p/link", ArtifactKind.SYMLINK)
    bench.add(MakeSymlink(link.owner, link, "somewhere"))
    result = bench.build(file, link)
    footprint = Footprint(looked=looked)
    footprint.add_outputs(result.outputs.texts(), bench.machinery().exec_root, result.traces)
    change(bench.path(file).parent)
    return footprint.stamp(ENVIRONMENT)


def replace_link(directory: Path) -> None:
    (directory / "link").unlink()
    (directory / "link").symlink_to("elsewhere")


def test_outputs_are_known_as_they_were_when_they_were_made(tmp_path: Path) -> None:
    stamp = taken(Bench(tmp_path), lambda directory: None, looked=0)
    assert stamp.changed_outputs() == []
    [[directory, _, links, [name], [seen]]] = stamp.outputs
    assert seen == trace(os.lstat(f"{directory}/{name}")) == file_trace(os.lstat(f"{directory}/{name}"))
    assert links == [("link", "somewhere")]


def test_a_file_that_changes_before_a_stamp_is_taken_is_noticed_by_the_stamp(tmp_path: Path) -> None:
    def rewrite(directory: Path) -> None:
        (directory / "file").unlink()
        (directory / "file").write_text("2")

    [changed] = taken(Bench(tmp_path), rewrite, looked=0).changed_outputs() or []
    assert changed.endswith("/p/file")


def test_a_link_that_is_replaced_after_it_was_looked_at_gives_no_stamp(tmp_path: Path) -> None:
    with pytest.raises(Changed, match="p/link"):
        taken(Bench(tmp_path), replace_link, looked=0)


def test_links_are_looked_at_once_where_their_directory_is_older(tmp_path: Path) -> None:
    # What is replaced by then can't be in a directory that has not changed since.
    stamp = taken(Bench(tmp_path), replace_link, looked=time.time_ns() + HOUR)
    assert [links for _, _, links, _, _ in stamp.outputs] == [[("link", "somewhere")]]
