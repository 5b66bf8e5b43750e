from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from build_bench import PACKAGE, Bench

from venvship.execution.failures import ActionFailed
from venvship.execution.sandbox import make_input_links, network_allowed
from venvship.host.sandbox import Confinement, Isolation, isolation, works
from venvship.host.sandbox import confined as confined_words
from venvship.model.action import MakeSymlink, Program, Spawn
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.runfiles import Runfiles

OWNER = Label(PACKAGE, "t")
WAYS = pytest.mark.parametrize("way", [Isolation.BUBBLEWRAP, Isolation.NAMESPACES])


def test_nothing_is_made_through_a_link(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    (outside / "sub").mkdir(parents=True)
    root.mkdir()
    make_input_links(
        str(root),
        [("d/sub/new", "x"), ("d", str(outside)), ("d/other/deep/new", "x"), ("d-e/f", "y"), ("a/b/c", "z")],
    )
    assert sorted(str(path.relative_to(outside)) for path in outside.rglob("*")) == ["sub"]
    assert os.readlink(root / "d") == str(outside)
    assert os.readlink(root / "d-e" / "f") == "y" and os.readlink(root / "a" / "b" / "c") == "z"


def test_the_network_is_a_matter_of_requirements_and_of_the_default() -> None:
    assert network_allowed(frozenset({"requires-network"}), False)
    assert not network_allowed(frozenset(), False)
    assert network_allowed(frozenset(), True)
    assert not network_allowed(frozenset({"block-network"}), True)


def test_a_program_runs_with_its_runfiles(bench: Bench) -> None:
    data = bench.source("pkg/data.txt", "from runfiles")
    tool = bench.text("pkg/tool", '#!/bin/sh\ncat "$0.runfiles/_main/pkg/data.txt" > "$1"\n', executable=True)
    output = bench.output("pkg/out")
    bench.add(
        Spawn(
            OWNER,
            (tool.exec_path, output.exec_path),
            Depset(),
            (output,),
            "Tool",
            "running a tool",
            {"PATH": "/usr/bin:/bin"},
            programs=(Program(tool, Runfiles(files=Depset([tool, data]))),),
        )
    )
    bench.build(output).raise_failures()
    assert bench.read(output) == "from runfiles"
    bench.write("pkg/data.txt", "changed")
    assert bench.build(output).ran == 1
    assert bench.read(output) == "changed"


@pytest.mark.parametrize(("names", "seen"), [(("compiled",), "compiled"), (("compiled", "plain"), "plain")])
def test_links_of_a_venv_find_a_directory_with_bytecode_where_the_other_one_would_lie(
    bench: Bench, names: tuple[str, ...], seen: str
) -> None:
    plain = bench.output("pkg/six", ArtifactKind.DIRECTORY)
    compiled = Artifact(plain.root.with_bytecode, plain.path, plain.owner, ArtifactKind.DIRECTORY)
    directories = {"plain": plain, "compiled": compiled}
    for name, directory in directories.items():
        bench.shell(f"echo {name} > {directory.exec_path}/m.py", outputs=(directory,))
    link = bench.add(MakeSymlink(plain.owner, bench.output("pkg/link", ArtifactKind.SYMLINK), "six/m.py"))
    output = bench.output("pkg/seen")
    inputs = (*(directories[name] for name in names), link)
    bench.shell(f"cat {link.exec_path} > {output.exec_path}", outputs=(output,), inputs=inputs)
    bench.build(output).raise_failures()
    assert bench.read(output) == f"{seen}\n"


def test_each_program_has_a_temporary_directory_of_its_own(bench: Bench) -> None:
    outputs = [bench.output(f"pkg/{name}") for name in "ab"]
    for output in outputs:
        bench.shell(f'ls -A "$TMPDIR" > {output.exec_path}; touch "$TMPDIR/left"', outputs=(output,))
    bench.build(*outputs).raise_failures()
    assert [bench.read(output) for output in outputs] == ["", ""]
    assert list(bench.layout.temporary.iterdir()) == []


def test_nothing_temporary_is_left_by_failures(bench: Bench) -> None:
    output = bench.output("pkg/out")
    bench.shell("mkdir -p d; chmod 000 d; false", outputs=(output,))
    assert len(bench.build(output).failures) == 1
    assert list(bench.layout.temporary.iterdir()) == []


def test_a_program_that_is_not_there_is_named(bench: Bench) -> None:
    output = bench.output("pkg/out")
    bench.add(Spawn(OWNER, ("pkg/nope",), Depset(), (output,), "Tool", "x"))
    [failure] = bench.build(output).failures
    assert isinstance(failure, ActionFailed)
    assert "can't start `pkg/nope`" in str(failure)


@pytest.fixture(params=[Isolation.BUBBLEWRAP, Isolation.NAMESPACES])
def confined(bench: Bench, request: pytest.FixtureRequest) -> Bench:
    bench.isolation = request.param
    assert works(bench.isolation)
    return bench


def test_the_best_way_of_confining_is_one_that_works() -> None:
    assert works(isolation())


@pytest.mark.peers
def test_only_bubblewrap_needs_its_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not works(Isolation.BUBBLEWRAP)
    assert works(Isolation.NAMESPACES)


@pytest.mark.peers
@WAYS
@pytest.mark.parametrize("above", ["/tmp", "/dev/shm"])
def test_a_confined_program_sees_a_state_in_memory_and_one_among_temporary_files(way: Isolation, above: str) -> None:
    with tempfile.TemporaryDirectory(dir=above) as state, tempfile.TemporaryDirectory() as temporary:
        Path(state, "file").write_text("read")
        words = ("/bin/sh", "-c", f"cat {state}/file")
        argv = confined_words(words, Confinement((), temporary, (state,)), cwd="/", way=way)
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("read", "")


def run_confined(way: Isolation, *words: str, writable: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as temporary:
        argv = confined_words(words, Confinement(writable, temporary, (sys.base_prefix,)), cwd="/", way=way)
        return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.mark.peers
@WAYS
@pytest.mark.parametrize("above", ["/tmp", "/var/tmp", "/dev/shm"])
def test_what_a_confined_program_may_write_it_writes_for_all_to_see(way: Isolation, above: str) -> None:
    with tempfile.TemporaryDirectory(dir=above) as writable:
        done = run_confined(way, "/bin/sh", "-c", f"echo seen > {writable}/file", writable=(writable,))
        assert done.stderr == ""
        assert Path(writable, "file").read_text() == "seen\n"


@pytest.mark.peers
@WAYS
def test_shared_memory_of_a_confined_program_is_its_own(way: Isolation) -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as ours:
        done = run_confined(way, "/bin/sh", "-c", f"echo new > {ours.name}.new; ls /dev/shm")
        assert (done.stdout, done.stderr) == (f"{Path(ours.name).name}.new\n", "")
        assert not os.path.exists(f"{ours.name}.new")


@pytest.mark.peers
@WAYS
def test_a_confined_program_shares_no_processes_messages_and_mounts(way: Isolation) -> None:
    kinds = ("ipc", "mnt", "net", "pid")
    done = run_confined(way, "/bin/sh", "-c", "for kind in ipc mnt net pid; do readlink /proc/self/ns/$kind; done")
    own = [os.readlink(f"/proc/self/ns/{kind}") for kind in kinds]
    assert len(done.stdout.split()) == len(kinds)
    assert not set(own) & set(done.stdout.split())


@pytest.mark.peers
@WAYS
def test_a_confined_program_reaches_itself_over_the_loopback_interface(way: Isolation) -> None:
    script = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())"
    done = run_confined(way, os.path.realpath(sys.executable), "-I", "-S", "-c", script)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.peers
@WAYS
@pytest.mark.parametrize(("command", "code"), [("exit 3", 3), ("kill -TERM $$", 128 + 15), ("kill -KILL $$", 128 + 9)])
def test_the_code_tells_how_a_confined_program_ended(way: Isolation, command: str, code: int) -> None:
    assert run_confined(way, "/bin/sh", "-c", command).returncode == code


@pytest.mark.peers
@WAYS
def test_a_confined_program_ends_with_what_confines_it(way: Isolation, tmp_path: Path) -> None:
    words = ("/bin/sh", "-c", "echo begun; exec sleep 1000")
    argv = confined_words(words, Confinement((), str(tmp_path)), cwd="/", way=way)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.kill()
        readable, _, _ = select.select([process.stdout], [], [], 600)
        assert readable and process.stdout.read() == ""


@pytest.mark.peers
def test_a_confined_program_writes_nothing_else(confined: Bench, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    source = confined.source("pkg/in", "kept")
    output = confined.output("pkg/out")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as lasting, tempfile.NamedTemporaryFile(dir="/tmp") as hidden:
        confined.shell(
            f"echo 1 > {output.exec_path}; echo 2 > {hidden.name}; echo 3 > {victim}; echo 4 > pkg/in;"
            f"echo 5 > {tmp_path}/new; echo 6 > {lasting}/new; true",
            inputs=(source,),
            outputs=(output,),
        )
        confined.build(output).raise_failures()
        assert os.listdir(lasting) == [] and hidden.read() == b""
    assert confined.read(output) == "1\n"
    assert victim.read_text() == "kept" and (confined.workspace / "pkg" / "in").read_text() == "kept"
    assert not (tmp_path / "new").exists()


@pytest.mark.peers
def test_a_confined_program_sees_its_own_network_only(confined: Bench) -> None:
    command = "(readlink /proc/self/ns/net; tail -n +3 /proc/net/dev | cut -d: -f1)"
    alone, shared = confined.output("pkg/alone"), confined.output("pkg/shared")
    confined.shell(f"{command} > {alone.exec_path}", outputs=(alone,))
    confined.shell(f"{command} > {shared.exec_path}", outputs=(shared,), requirements=frozenset({"requires-network"}))
    confined.build(alone, shared).raise_failures()
    ours = os.readlink("/proc/self/ns/net")
    [network, *names] = confined.read(alone).split()
    assert network != ours and names == ["lo"]
    assert confined.read(shared).split()[0] == ours


@pytest.mark.peers
def test_tags_take_a_program_out_of_confinement(confined: Bench, tmp_path: Path) -> None:
    for tag in ("no-sandbox", "local"):
        output = confined.output(f"pkg/{tag}")
        confined.shell(
            f"echo > {tmp_path}/{tag}; echo > {output.exec_path}", outputs=(output,), requirements=frozenset({tag})
        )
        confined.build(output).raise_failures()
        assert (tmp_path / tag).exists()


@pytest.mark.peers
def test_a_confined_program_does_all_an_unconfined_one_does(confined: Bench) -> None:
    tree = confined.output("pkg/tree", ArtifactKind.DIRECTORY)
    copy = confined.output("pkg/copy")
    confined.shell(f"echo x > {tree.exec_path}/f; echo y > /dev/shm/z; exit $((1 - 1))", outputs=(tree,))
    confined.shell(f"cat {tree.exec_path}/f > {copy.exec_path}", inputs=(tree,), outputs=(copy,))
    confined.build(copy).raise_failures()
    assert confined.read(copy) == "x\n"
    failing = confined.output("pkg/failing")
    confined.shell("echo words; exit 7", outputs=(failing,))
    [failure] = confined.build(failing).failures
    assert "exit code 7" in str(failure) and "words" in str(failure)
