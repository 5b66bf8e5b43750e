from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from build_bench import Bench

from venvship.errors import VenvshipError
from venvship.execution.failures import ActionFailed
from venvship.execution.making import Placement
from venvship.execution.output_state import Trace, trace_of
from venvship.execution.outputs import OutputFile, OutputLink
from venvship.execution.placing import Placer
from venvship.execution.result import ExecutionResult
from venvship.host import placements
from venvship.host.placements import Replaced, placed, receive, send
from venvship.host.processes import Children
from venvship.model.action import LinkArtifact, MakeSymlink
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.digest import Digest
from venvship.model.label import Label, PackageId
from venvship.model.paths import ExecPath

if TYPE_CHECKING:
    from venvship.host.placements import Row

MANY = 900  # more than are placed before a process has started
OWNER = Label(PackageId("", "pkg"), "t")


def counts(result: ExecutionResult) -> tuple[int, int, int]:
    return result.ran, result.cached, result.up_to_date


def declare(bench: Bench, word: str) -> list[Artifact]:
    """Many files, and for some of them a link and one that leads nowhere."""
    files = [bench.text(f"pkg/d{n % 7}/f{n}", f"{word} {n}", executable=n % 5 == 0) for n in range(MANY)]
    links = [bench.add(LinkArtifact(OWNER, bench.output(f"pkg/l{n}"), files[n])) for n in range(0, MANY, 3)]
    raw = [
        bench.add(MakeSymlink(OWNER, bench.output(f"pkg/r{n}", ArtifactKind.SYMLINK), f"../{word}/{n}"))
        for n in range(0, MANY, 3)
    ]
    return [*files, *links, *raw]


def test_many_outputs_are_as_few_would_be(bench: Bench) -> None:
    every = declare(bench, "one")
    assert counts(bench.build(*every)) == (len(every), 0, 0)
    assert counts(bench.build(*every)) == (0, 0, len(every))
    every = declare(bench, "two")
    assert counts(bench.build(*every)) == (len(every), 0, 0)
    assert counts(bench.build(*every)) == (0, 0, len(every))
    for number in range(MANY):
        path = bench.path(every[number])
        assert path.read_text() == f"two {number}"
        assert path.stat().st_mode & 0o777 == (0o555 if number % 5 == 0 else 0o444)
    assert bench.read(every[MANY + 1]) == "two 3"
    assert os.readlink(bench.path(every[-1])) == f"../two/{MANY - 3}"
    assert list(bench.layout.temporary.iterdir()) == []


def test_a_program_reads_what_was_placed_before(bench: Bench) -> None:
    files = declare(bench, "one")[:MANY]
    final = bench.output("pkg/final")
    bench.shell(f"cat pkg/x {' '.join(one.exec_path for one in files)} | wc -c > {final.exec_path}",
                inputs=(*files, bench.source("pkg/x", "")), outputs=(final,))  # fmt: skip
    bench.build(final).raise_failures()
    assert int(bench.read(final)) == sum(len(f"one {number}") for number in range(MANY))


def test_what_is_in_the_way_of_some_makes_no_difference(bench: Bench) -> None:
    every = declare(bench, "one")
    for number, artifact in enumerate(every):
        path = bench.path(artifact)
        path.parent.mkdir(parents=True, exist_ok=True)
        match number % 4:
            case 0:
                (path / "below").mkdir(parents=True)
            case 1:
                path.symlink_to("/nowhere")
            case 2:
                path.write_text("old")
    bench.build(*every).raise_failures()
    assert all(bench.path(every[number]).read_text() == f"one {number}" for number in range(MANY))
    assert os.readlink(bench.path(every[-2])) == f"../one/{MANY - 6}"
    assert counts(bench.build(*every)) == (0, 0, len(every))


def test_each_problem_is_that_of_its_action(bench: Bench) -> None:
    every = declare(bench, "one")
    wrong = bench.add(LinkArtifact(OWNER, bench.output("pkg/wrong", ArtifactKind.DIRECTORY), every[0]))
    bench.keep_going = True
    result = bench.build(*every, wrong)
    [failure] = result.failures
    assert isinstance(failure, ActionFailed) and "pkg/wrong" in str(failure)
    assert counts(result) == (len(every), 0, 0)


def test_the_end_of_the_process_loses_nothing(bench: Bench) -> None:
    exec_root, children = bench.machinery().exec_root, Children()
    exec_root.prepare_parent(ExecPath("o/x"))
    placer: Placer[int] = Placer(exec_root, children)
    told: dict[int, Trace | VenvshipError] = {}
    for number in range(MANY):
        if number == MANY // 2:
            children.kill_all()
        data = b"%d" % number
        if number % 2:
            content, output = data, OutputFile(Digest.of(data))
            placer.add(number, Placement(ExecPath(f"o/{number}"), content, output, 0o444))
        else:
            placer.add(number, Placement(ExecPath(f"o/{number}"), f"to{number}", OutputLink(f"to{number}")))
        told |= {ticket: ended for ticket, _, ended in placer.arrived()}
    placer.finish()
    told |= {ticket: ended for ticket, _, ended in placer.arrived()}
    assert not placer.is_busy
    placer.close()
    for number in range(MANY):
        path = exec_root.output_path(ExecPath(f"o/{number}"))
        assert told[number] == trace_of(path)
        assert Path(path).read_bytes() == b"%d" % number if number % 2 else os.readlink(path) == f"to{number}"


def ask(directory: Path, rows: list[Row], *, parent: int) -> object:
    argv = [sys.executable, "-I", "-S", "-B", placements.__file__, str(directory), str(parent)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        send(process.stdin, rows)
        return receive(process.stdout)


def test_the_process_answers_what_files_look_like(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    rows: list[Row] = [
        (f"{tmp_path}/file", b"text", 0o555),
        (f"{tmp_path}/link", "\udcff", 0),
        (f"{tmp_path}/taken", b"", 0o444),
        (f"{tmp_path}/none/x", b"", 0o444),
    ]
    answers = ask(tmp_path, rows, parent=os.getpid())
    status = (tmp_path / "file").stat()
    seen = (status.st_mtime_ns, 4, status.st_ino, status.st_mode)
    assert answers == [seen, (), None, None]
    assert (tmp_path / "file").read_bytes() == b"text"
    assert os.readlink(f"{tmp_path}/link") == "\udcff"
    assert sorted(os.listdir(tmp_path)) == ["file", "link", "taken"]


def test_the_process_makes_nothing_for_one_that_is_gone(tmp_path: Path) -> None:
    assert ask(tmp_path, [(f"{tmp_path}/file", b"", 0o444)], parent=1 << 30) == []
    assert os.listdir(tmp_path) == []


def test_modes_do_not_depend_on_the_mask_of_the_user(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        [answer] = placed([(f"{tmp_path}/file", b"", 0o555)], str(tmp_path), Replaced())
    finally:
        os.umask(before)
    assert answer and answer[3] & 0o777 == 0o555
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o555


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs a list of open files")
def test_what_was_replaced_is_held_for_a_while_and_then_no_more(tmp_path: Path) -> None:
    paths = [f"{tmp_path}/{number}" for number in range(MANY)]
    replaced = Replaced()
    for word in (b"one", b"two"):
        assert all(placed([(path, word, 0o444) for path in paths], str(tmp_path), replaced))
    replaced.hold(f"{tmp_path}/not there")
    replaced.hold(paths[0])
    os.unlink(paths[0])
    assert any(name.endswith("/0 (deleted)") for name in opened())
    replaced.close()
    assert not any(str(tmp_path) in name for name in opened())
    assert all(Path(path).read_bytes() == b"two" for path in paths[1:])


def opened() -> list[str]:
    """What this process has open, by name."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return found
