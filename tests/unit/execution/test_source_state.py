from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from file_clock import let_files_age

from venvship.execution.outputs import OutputFile, OutputTree
from venvship.execution.source_state import LazySource, MissingSource, SourceState, UnreadableSource
from venvship.host.marshalled import packed, unpacked
from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.digest import Digest
from venvship.model.label import Label, PackageId

OWNER = Label(PackageId("", "pkg"), "t")
MAGIC = b"venvship-sources 1\n"


def source(path: str, repository: str = "", kind: ArtifactKind = ArtifactKind.FILE) -> Artifact:
    return Artifact(Root.of_sources(repository), path, OWNER, kind)


class Bench:
    def __init__(self, directory: Path) -> None:
        self.workspace = directory / "workspace"
        self.workspace.mkdir()
        self.file = directory / "state" / "sources"
        self.now = time.time_ns

    def state(self) -> SourceState:
        return SourceState(
            self.workspace,
            repository_directory=lambda name: self.workspace.parent / "repositories" / name,
            state_file=self.file,
            clock=lambda: self.now(),
        )

    def digest(self, path: str) -> Digest:
        state = self.state()
        output = state.output_of(source(path))
        state.save()
        assert isinstance(output, OutputFile)
        return output.digest


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def later() -> int:
    return time.time_ns() + 60_000_000_000


def test_content_and_execute_bit_are_found(bench: Bench) -> None:
    (bench.workspace / "a").write_text("x")
    (bench.workspace / "b").write_text("x")
    (bench.workspace / "b").chmod(0o755)
    state = bench.state()
    assert state.output_of(source("a")) == OutputFile(Digest.of(b"x"))
    assert state.output_of(source("b")) == OutputFile(Digest.of(b"x"), executable=True)


def test_links_in_the_workspace_are_followed(bench: Bench) -> None:
    (bench.workspace / "a").write_text("x")
    (bench.workspace / "link").symlink_to("a")
    assert bench.digest("link") == Digest.of(b"x")
    (bench.workspace / "dangling").symlink_to("nowhere")
    with pytest.raises(MissingSource):
        bench.state().output_of(source("dangling"))


def test_other_repositories_lie_elsewhere(bench: Bench) -> None:
    directory = bench.workspace.parent / "repositories" / "rules"
    directory.mkdir(parents=True)
    (directory / "a").write_text("y")
    state = bench.state()
    assert state.output_of(source("a", "rules")) == OutputFile(Digest.of(b"y"))
    assert state.path_of(source("a", "rules")) == str(directory / "a")


def test_an_unchanged_file_is_not_read_again(bench: Bench) -> None:
    file = bench.workspace / "a"
    file.write_text("one")
    bench.now = later
    assert bench.digest("a") == Digest.of(b"one")
    # If the file is not read, what the state says is believed.
    known = unpacked(MAGIC, bench.file.read_bytes())
    assert isinstance(known, dict)
    [row] = known.values()
    bench.file.write_bytes(packed(MAGIC, {str(file): (*row[:4], "0" * 64)}))
    assert bench.digest("a") == Digest("0" * 64, 3)
    let_files_age(bench.workspace.parent)
    file.write_text("two")
    assert bench.digest("a") == Digest.of(b"two")


def test_a_file_changed_just_now_is_read_again_by_the_next_command(bench: Bench) -> None:
    file = bench.workspace / "a"
    file.write_text("one")
    status = file.stat()
    assert bench.digest("a") == Digest.of(b"one")
    # The same size, inode and times: only reading can tell.
    file.write_text("two")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert bench.digest("a") == Digest.of(b"two")
    assert not bench.file.exists()


def test_a_change_that_sets_its_time_back_is_found(bench: Bench) -> None:
    file = bench.workspace / "a"
    file.write_text("one")
    status = file.stat()
    bench.now = later
    bench.digest("a")
    let_files_age(bench.workspace.parent)
    file.write_text("two")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert bench.digest("a") == Digest.of(b"two")


@pytest.mark.parametrize("content", [b"", b"{", MAGIC, packed(MAGIC, {})[:-1], packed(MAGIC, [1]), b"[" * 100_000])
def test_a_broken_state_costs_hashing_and_nothing_else(bench: Bench, content: bytes) -> None:
    (bench.workspace / "a").write_text("x")
    bench.file.parent.mkdir()
    bench.file.write_bytes(content)
    assert bench.digest("a") == Digest.of(b"x")


def test_within_one_command_the_answer_stays(bench: Bench) -> None:
    (bench.workspace / "a").write_text("one")
    state = bench.state()
    first = state.output_of(source("a"))
    (bench.workspace / "a").write_text("three")
    assert state.output_of(source("a")) == first


def test_a_directory_is_a_tree_of_what_it_holds(bench: Bench) -> None:
    (bench.workspace / "d" / "sub").mkdir(parents=True)
    (bench.workspace / "d" / "sub" / "f").write_text("x")
    one = bench.state().output_of(source("d"))
    assert isinstance(one, OutputTree)
    (bench.workspace / "d" / "sub" / "f").chmod(0o755)
    two = bench.state().output_of(source("d"))
    (bench.workspace / "d" / "new").touch()
    three = bench.state().output_of(source("d"))
    assert len({one, two, three}) == 3
    (bench.workspace / "file").touch()
    with pytest.raises(MissingSource):
        bench.state().output_of(source("file", kind=ArtifactKind.DIRECTORY))


def test_a_path_through_a_file_is_missing(bench: Bench) -> None:
    (bench.workspace / "a").touch()
    with pytest.raises(MissingSource, match="`a/b`"):
        bench.state().output_of(source("a/b"))


def test_a_source_that_is_there_and_no_file_is_told_apart(bench: Bench) -> None:
    (bench.workspace / "loop").symlink_to("loop")
    with pytest.raises(UnreadableSource, match="symbolic links"):
        bench.state().output_of(source("loop"))
    os.mkfifo(bench.workspace / "pipe")
    with pytest.raises(UnreadableSource, match="neither a file nor a directory"):
        bench.state().output_of(source("pipe"))


def test_a_lazy_source_is_known_before_it_is_obtained(tmp_path: Path) -> None:
    fetched: list[str] = []

    def fetch() -> Path:
        fetched.append("six.whl")
        return tmp_path / "six.whl"

    lazy = LazySource(OutputFile(Digest.of(b"wheel")), fetch)
    state = SourceState(
        tmp_path,
        repository_directory=lambda name: tmp_path / name,
        lazy=lambda artifact: lazy if artifact.root.repository == "pypi" else None,
    )
    assert state.output_of(source("six.whl", "pypi")) == lazy.output
    assert fetched == []
    assert state.path_of(source("six.whl", "pypi")) == str(tmp_path / "six.whl")
    assert fetched == ["six.whl"]
