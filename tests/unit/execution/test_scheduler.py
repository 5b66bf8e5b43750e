from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import pytest
from build_bench import PACKAGE, Bench

from venvship.blobs.disk import DiskBlobStore
from venvship.errors import VenvshipError
from venvship.execution.failures import ActionFailed, DependencyCycle, MissingOutputs
from venvship.execution.outputs import OutputFile, OutputTree
from venvship.execution.result import ExecutionResult
from venvship.execution.scheduler import Scheduler
from venvship.execution.source_state import MissingSource
from venvship.execution.trees import TreeStore, tree_name
from venvship.host.sandbox import Isolation
from venvship.model.action import (
    ForestFile,
    ForestLink,
    ImportTree,
    LinkArtifact,
    MakeForest,
    MakeSymlink,
    WriteFile,
)
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.label import Label
from venvship.model.paths import ExecPath

OWNER = Label(PACKAGE, "t")


def counts(result: ExecutionResult) -> tuple[int, int, int]:
    return result.ran, result.cached, result.up_to_date


def failure(bench: Bench, *requested: Artifact) -> VenvshipError:
    with pytest.raises(VenvshipError) as caught:
        bench.build(*requested).raise_failures()
    return caught.value


def test_a_written_file_holds_its_content_and_is_read_only(bench: Bench) -> None:
    artifact = bench.text("pkg/a.txt", "hello")
    assert counts(bench.build(artifact)) == (1, 0, 0)
    assert bench.read(artifact) == "hello"
    assert bench.path(artifact).stat().st_mode & 0o777 == 0o444
    script = bench.text("pkg/run", "#!/bin/sh\n", executable=True)
    bench.build(script)
    assert bench.path(script).stat().st_mode & 0o777 == 0o555


def test_nothing_runs_when_nothing_changed(bench: Bench) -> None:
    source = bench.source("in.txt", "one")
    middle = bench.output("pkg/middle")
    final = bench.output("pkg/final")
    bench.shell("cat in.txt > venvship-out/cfg/bin/pkg/middle", inputs=(source,), outputs=(middle,))
    bench.shell(f"cat {middle.exec_path} {middle.exec_path} > {final.exec_path}", inputs=(middle,), outputs=(final,))
    assert counts(bench.build(final)) == (2, 0, 0)
    assert bench.read(final) == "oneone"
    assert counts(bench.build(final)) == (0, 0, 2)


def test_a_change_runs_dependants_only_and_a_change_back_hits_the_cache(bench: Bench) -> None:
    left, right = bench.source("left", "1"), bench.source("right", "2")
    outputs = [bench.output("pkg/left"), bench.output("pkg/right"), bench.output("pkg/both")]
    bench.shell(f"cat left > {outputs[0].exec_path}", inputs=(left,), outputs=(outputs[0],))
    bench.shell(f"cat right > {outputs[1].exec_path}", inputs=(right,), outputs=(outputs[1],))
    both = outputs[2]
    bench.shell(
        f"cat {outputs[0].exec_path} {outputs[1].exec_path} > {both.exec_path}",
        inputs=(outputs[0], outputs[1]),
        outputs=(both,),
    )
    assert counts(bench.build(both)) == (3, 0, 0)
    bench.write("left", "7")
    assert counts(bench.build(both)) == (2, 0, 1)
    assert bench.read(both) == "72"
    bench.write("left", "1")
    assert counts(bench.build(both)) == (0, 2, 1)
    assert bench.read(both) == "12"


def test_an_input_that_changes_without_effect_stops_there(bench: Bench) -> None:
    source = bench.source("in", "a")
    first, second = bench.output("pkg/constant"), bench.output("pkg/after")
    bench.shell(f"cat in >/dev/null; echo same > {first.exec_path}", inputs=(source,), outputs=(first,))
    bench.shell(f"cat {first.exec_path} > {second.exec_path}", inputs=(first,), outputs=(second,))
    bench.build(second)
    bench.write("in", "b")
    assert counts(bench.build(second)) == (1, 0, 1)


def test_a_touched_source_with_the_same_content_runs_nothing(bench: Bench) -> None:
    source = bench.source("in", "a")
    output = bench.output("pkg/out")
    bench.shell(f"cat in > {output.exec_path}", inputs=(source,), outputs=(output,))
    bench.build(output)
    os.utime(bench.workspace / "in")
    assert counts(bench.build(output)) == (0, 0, 1)


@pytest.mark.parametrize("harm", ["delete", "overwrite", "replace", "directory", "all"])
def test_outputs_that_were_harmed_are_restored(bench: Bench, harm: str) -> None:
    output = bench.output("pkg/out")
    bench.shell(f"echo good > {output.exec_path}", outputs=(output,))
    bench.build(output)
    path = bench.path(output)
    match harm:
        case "delete":
            path.unlink()
        case "overwrite":
            path.chmod(0o644)
            path.write_text("evil\n")
        case "replace":
            path.unlink()
            path.write_text("evil\n")
        case "directory":
            path.unlink()
            (path / "below").mkdir(parents=True)
        case "all":
            shutil.rmtree(bench.layout.exec_root)
    result = bench.build(output)
    assert bench.read(output) == "good\n"
    assert result.up_to_date == 0


def test_a_blob_overwritten_through_an_output_is_made_again(bench: Bench) -> None:
    output = bench.output("pkg/out")
    bench.shell(f"echo good > {output.exec_path}", outputs=(output,))
    bench.build(output)
    path = bench.path(output)
    path.chmod(0o644)
    path.write_text("evil\n")
    assert counts(bench.build(output)) == (1, 0, 0)


def test_a_broken_action_cache_entry_is_a_miss(bench: Bench) -> None:
    output = bench.output("pkg/out")
    bench.shell(f"echo good > {output.exec_path}", outputs=(output,))
    bench.build(output)
    shutil.rmtree(bench.layout.output_base)
    [entry] = [path for path in bench.layout.actions.rglob("*") if path.is_file()]
    entry.chmod(0o644)
    for content in (b"", b"{", b"[]", b'{"format":1,"outputs":{"x":"f 12"},"facts":{}}', b"\xff\xfe"):
        entry.write_bytes(content)
        shutil.rmtree(bench.layout.output_base, ignore_errors=True)
        assert counts(bench.build(output)) == (1, 0, 0)
        assert bench.read(output) == "good\n"
        entry.chmod(0o644)


def test_lost_blobs_are_made_again(bench: Bench) -> None:
    output = bench.output("pkg/out")
    bench.shell(f"echo good > {output.exec_path}", outputs=(output,))
    bench.build(output)
    shutil.rmtree(bench.layout.blobs)
    shutil.rmtree(bench.layout.output_base)
    assert counts(bench.build(output)) == (1, 0, 0)


def test_two_workspaces_share_the_cache(bench: Bench, tmp_path: Path) -> None:
    source = bench.source("in", "same")
    output = bench.output("pkg/out")
    bench.shell(f"cat in > {output.exec_path}", inputs=(source,), outputs=(output,))
    bench.build(output)
    bench.workspace = tmp_path / "elsewhere"
    bench.source("in", "same")
    assert counts(bench.build(output)) == (0, 1, 0)
    assert bench.read(output) == "same"


def test_all_missing_outputs_are_named_in_one_error(bench: Bench) -> None:
    outputs = tuple(bench.output(f"pkg/{name}") for name in "abc")
    bench.shell(f"touch {outputs[1].exec_path}", outputs=outputs)
    error = failure(bench, outputs[0])
    assert isinstance(error, MissingOutputs)
    assert [artifact.path for artifact in error.missing] == ["pkg/a", "pkg/c"]
    assert "pkg/a" in str(error) and "pkg/c" in str(error) and "pkg/b\n" not in str(error)
    assert not bench.path(outputs[1]).exists()


def test_a_failed_action_says_who_what_and_why(bench: Bench) -> None:
    output = bench.output("pkg/out")
    bench.shell("echo some words; exit 7", outputs=(output,))
    error = failure(bench, output)
    assert isinstance(error, ActionFailed)
    assert "`//pkg:t`" in str(error) and "Shell" in str(error)
    assert "exit code 7" in str(error)
    assert "some words" in str(error)
    assert "/bin/sh -c" in str(error)
    assert not os.path.lexists(bench.path(output))


def test_a_failed_action_takes_its_old_output_away(bench: Bench) -> None:
    source = bench.source("in", "true")
    output = bench.output("pkg/out")
    bench.shell(f"echo > {output.exec_path}; sh in", inputs=(source,), outputs=(output,))
    bench.build(output).raise_failures()
    bench.write("in", "false")
    failure(bench, output)
    assert not os.path.lexists(bench.path(output))


def test_building_stops_at_the_first_failure_unless_told_to_keep_going(bench: Bench) -> None:
    bench.jobs = 1
    bad = [bench.output(f"pkg/bad{n}") for n in range(2)]
    good = bench.output("pkg/good")
    after = bench.output("pkg/after")
    for output in bad:
        bench.shell("false", outputs=(output,))
    bench.shell(f"echo > {good.exec_path}", outputs=(good,))
    bench.shell(f"echo > {after.exec_path}", inputs=(bad[0],), outputs=(after,))
    result = bench.build(bad[0], bad[1], good, after)
    assert len(result.failures) == 1 and good not in result.outputs
    bench.keep_going = True
    result = bench.build(bad[0], bad[1], good, after)
    assert len(result.failures) == 2
    assert good in result.outputs and after not in result.outputs


def test_a_missing_source_is_named_with_its_target(bench: Bench) -> None:
    output = bench.output("pkg/out")
    bench.shell("true", inputs=(bench.source("pkg/not-there.txt"),), outputs=(output,))
    error = failure(bench, output)
    assert isinstance(error, MissingSource)
    assert "pkg/not-there.txt" in str(error)
    assert "needed by Shell of `//pkg:t`" in str(error)
    assert isinstance(failure(bench, bench.source("nor-this")), MissingSource)


def test_only_declared_inputs_are_there(bench: Bench) -> None:
    bench.write("secret", "x")
    declared = bench.source("pkg/open", "y")
    output = bench.output("pkg/out")
    bench.shell(f"find . -type l | sort > {output.exec_path}; cat secret", inputs=(declared,), outputs=(output,))
    error = failure(bench, output)
    assert "secret" in str(error)
    bench.shell(f"find . -type l | sort > {output.exec_path}", inputs=(declared,), outputs=(output,))
    bench.build(output).raise_failures()
    assert bench.read(output) == "./pkg/open\n"


def test_an_action_sees_nothing_of_the_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAK", "1")
    output = bench.output("pkg/out")
    bench.shell(f'echo "$LEAK$GIVEN" > {output.exec_path}', outputs=(output,), environment={"GIVEN": "2"})
    bench.build(output).raise_failures()
    assert bench.read(output) == "2\n"


def test_directories_go_to_the_tree_store_and_are_linked(bench: Bench) -> None:
    tree = bench.output("pkg/tree", ArtifactKind.DIRECTORY)
    other = bench.output("pkg/other", ArtifactKind.DIRECTORY)
    for output in (tree, other):
        path = output.exec_path
        bench.shell(f"mkdir {path}/sub; echo 1 > {path}/sub/f; ln -s sub/f {path}/l", outputs=(output,))
    result = bench.build(tree, other)
    result.raise_failures()
    assert os.readlink(bench.path(tree)) == os.readlink(bench.path(other))
    assert (bench.path(tree) / "l").read_text() == "1\n"
    assert (bench.path(tree) / "sub" / "f").stat().st_mode & 0o777 == 0o444
    assert isinstance(result.outputs[tree], OutputTree)
    reader = bench.output("pkg/reader")
    bench.shell(f"cat {tree.exec_path}/sub/f > {reader.exec_path}", inputs=(tree,), outputs=(reader,))
    bench.build(reader).raise_failures()
    assert bench.read(reader) == "1\n"
    shutil.rmtree(bench.layout.output_base)
    assert counts(bench.build(tree)) == (0, 1, 0)


def test_a_lost_tree_is_made_again(bench: Bench) -> None:
    tree = bench.output("pkg/tree", ArtifactKind.DIRECTORY)
    bench.shell(f"echo 1 > {tree.exec_path}/f", outputs=(tree,))
    result = bench.build(tree)
    output = result.outputs[tree]
    assert isinstance(output, OutputTree)
    store = TreeStore(bench.layout.trees, DiskBlobStore(bench.layout.blobs))
    store.remove(output.digest)
    assert counts(bench.build(tree)) == (1, 0, 0)
    assert (bench.path(tree) / "f").read_text() == "1\n"


def test_trees_are_imported_by_a_link(bench: Bench, tmp_path: Path) -> None:
    store = TreeStore(bench.layout.trees, DiskBlobStore(bench.layout.blobs))
    directory = store.temporary / "d"
    directory.mkdir()
    (directory / "f").write_text("x")
    digest = store.adopt(directory)
    tree = bench.add(ImportTree(OWNER, bench.output("pkg/tree", ArtifactKind.DIRECTORY), digest))
    assert counts(bench.build(tree)) == (1, 0, 0)
    assert (bench.path(tree) / "f").read_text() == "x"
    assert counts(bench.build(tree)) == (0, 0, 1)


def test_a_linked_artifact_stands_for_its_target(bench: Bench) -> None:
    source = bench.source("in", "text")
    alias = bench.add(LinkArtifact(OWNER, bench.output("pkg/alias"), source))
    copy = bench.output("pkg/copy")
    bench.shell(f"cat {alias.exec_path} > {copy.exec_path}", inputs=(alias,), outputs=(copy,))
    result = bench.build(copy)
    result.raise_failures()
    assert bench.read(copy) == "text"
    assert result.outputs[alias] == result.outputs[source]
    assert os.readlink(bench.path(alias)) == str(bench.layout.workspace / "in")
    tool = bench.add(LinkArtifact(OWNER, bench.output("pkg/tool"), source, executable=True))
    assert "is not executable" in str(failure(bench, tool))
    folder = bench.add(LinkArtifact(OWNER, bench.output("pkg/dir", ArtifactKind.DIRECTORY), source))
    assert "declared as a directory" in str(failure(bench, folder))


def test_text_that_an_action_made_is_executable_under_the_name_of_a_program(bench: Bench) -> None:
    text = bench.add(WriteFile(OWNER, bench.output("pkg/text.sh"), b"#!/bin/sh\n"))
    tool = bench.add(LinkArtifact(OWNER, bench.output("pkg/tool"), text, executable=True))
    bench.build(tool).raise_failures()
    assert bench.read(tool) == "#!/bin/sh\n"
    assert os.access(bench.path(tool), os.X_OK) and not os.access(bench.path(text), os.X_OK)
    assert counts(bench.build(tool)) == (0, 0, 2)
    os.chmod(bench.path(tool).parent, 0o755)
    bench.path(tool).unlink()
    assert counts(bench.build(tool)) == (1, 0, 1)


def test_link_texts_are_kept_and_never_followed(bench: Bench) -> None:
    link = bench.add(MakeSymlink(OWNER, bench.output("pkg/link", ArtifactKind.SYMLINK), "../no/where"))
    listing = bench.output("pkg/listing")
    bench.shell(f"readlink {link.exec_path} > {listing.exec_path}", inputs=(link,), outputs=(listing,))
    bench.build(listing).raise_failures()
    assert os.readlink(bench.path(link)) == "../no/where"
    assert bench.read(listing) == "../no/where\n"


def forest(bench: Bench, *names: str) -> MakeForest:
    return MakeForest(
        OWNER,
        ExecPath("venvship-out/cfg/bin/pkg/.venv"),
        (
            *(ForestLink(bench.output(f"pkg/.venv/lib/{name}", ArtifactKind.SYMLINK), f"../{name}") for name in names),
            ForestFile(bench.output("pkg/.venv/pyvenv.cfg"), b"home = x\n"),
        ),
    )


def test_a_forest_appears_whole_and_is_left_alone_when_unchanged(bench: Bench) -> None:
    first = bench.add(forest(bench, "a", "b"))
    assert counts(bench.build(first)) == (1, 0, 0)
    root = bench.path(first).parents[1]
    inode = root.stat().st_ino
    assert sorted(path.name for path in root.rglob("*")) == ["a", "b", "lib", "pyvenv.cfg"]
    assert counts(bench.build(first)) == (0, 0, 1)
    assert root.stat().st_ino == inode
    bench.actions.clear()
    second = bench.add(forest(bench, "c"))
    assert counts(bench.build(second)) == (1, 0, 0)
    assert sorted(path.name for path in root.rglob("*")) == ["c", "lib", "pyvenv.cfg"]
    os.unlink(bench.path(second))
    assert counts(bench.build(second)) == (1, 0, 0)
    assert os.readlink(bench.path(second)) == "../c"


def test_stale_outputs_in_the_way_are_replaced(bench: Bench) -> None:
    tree = bench.output("pkg/x", ArtifactKind.DIRECTORY)
    bench.shell(f"echo 1 > {tree.exec_path}/f", outputs=(tree,))
    result = bench.build(tree)
    digest = result.outputs[tree]
    bench.actions.clear()
    nested = bench.text("pkg/x/f", "2")
    bench.build(nested).raise_failures()
    assert bench.read(nested) == "2"
    assert isinstance(digest, OutputTree)
    stored = bench.layout.trees / tree_name(digest.digest) / "f"
    assert stored.read_text() == "1\n"
    bench.actions.clear()
    flat = bench.text("pkg/x", "3")
    bench.build(flat).raise_failures()
    assert bench.read(flat) == "3"
    bench.actions.clear()
    bench.add(WriteFile(OWNER, nested, b"4"))
    bench.build(nested).raise_failures()
    assert bench.read(nested) == "4"


def test_long_chains_of_actions_need_no_recursion(bench: Bench) -> None:
    last = bench.text("pkg/0", "x")
    for number in range(1, 3000):
        last = bench.add(LinkArtifact(OWNER, bench.output(f"pkg/{number}"), last))
    result = bench.build(last)
    result.raise_failures()
    assert result.ran == 3000


def test_only_what_is_asked_for_is_made(bench: Bench) -> None:
    wanted, other = bench.text("pkg/wanted", ""), bench.text("pkg/other", "")
    bench.build(wanted)
    assert bench.path(wanted).exists() and not bench.path(other).exists()


def test_a_cycle_of_actions_is_refused(bench: Bench) -> None:
    one, two = bench.output("pkg/one"), bench.output("pkg/two")
    bench.shell("true", inputs=(two,), outputs=(one,))
    bench.shell("true", inputs=(one,), outputs=(two,))
    with pytest.raises(DependencyCycle) as caught:
        bench.build(one)
    assert "`//pkg:t`" in str(caught.value)


def test_an_output_of_another_kind_is_refused(bench: Bench) -> None:
    file = bench.output("pkg/file")
    bench.shell(f"mkdir {file.exec_path}", outputs=(file,))
    assert "declared as a file" in str(failure(bench, file))
    link = bench.output("pkg/link", ArtifactKind.SYMLINK)
    bench.shell(f"echo > {link.exec_path}", outputs=(link,))
    assert "declared as a symlink" in str(failure(bench, link))


def test_a_hard_link_to_a_source_as_output_leaves_the_source_alone(bench: Bench) -> None:
    source = bench.source("in", "precious")
    before = (bench.workspace / "in").stat()
    output = bench.output("pkg/out")
    bench.shell(f"ln -L in {output.exec_path} || cp -l in {output.exec_path}", inputs=(source,), outputs=(output,))
    result = bench.build(output)
    result.raise_failures()
    after = (bench.workspace / "in").stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert bench.read(output) == "precious"
    assert isinstance(result.outputs[output], OutputFile)


def test_source_directories_are_inputs(bench: Bench) -> None:
    bench.write("data/a", "1")
    bench.write("data/sub/b", "2")
    data = bench.source("data")
    output = bench.output("pkg/out")
    bench.shell(f"cat data/a data/sub/b > {output.exec_path}", inputs=(data,), outputs=(output,))
    bench.build(output).raise_failures()
    assert bench.read(output) == "12"
    bench.write("data/sub/b", "3")
    assert counts(bench.build(output)) == (1, 0, 0)
    bench.source("data/a")
    bench.shell(f"cat data/a data/sub/b > {output.exec_path}", inputs=(data, bench.source("data/a")), outputs=(output,))
    bench.build(output).raise_failures()
    assert not (bench.workspace / "data" / "a").is_symlink()


def test_what_is_there_beside_the_wanted_is_known_and_what_is_not_is_not_made(bench: Bench) -> None:
    first, second = bench.output("pkg/first"), bench.output("pkg/second")
    bench.shell(f"cat source > {first.exec_path}", outputs=(first,), inputs=(bench.source("source", "1"),))
    bench.shell(f"cat {first.exec_path} > {second.exec_path}", outputs=(second,), inputs=(first,))

    def is_known() -> bool:
        machinery = bench.machinery()
        with machinery.workers:
            result = Scheduler(machinery, jobs=1).execute([first], bench.actions.get, if_made=[second])
        result.raise_failures()
        assert result.ran <= 1
        return second in result.outputs

    assert not is_known()
    bench.build(second).raise_failures()
    assert is_known()
    bench.write("source", "2")
    assert not is_known() and bench.read(second) == "1"


def test_how_programs_are_confined_is_found_out_when_one_is_to_run(bench: Bench) -> None:
    asked: list[bool] = []

    def isolation() -> Isolation:
        asked.append(True)
        return Isolation.NONE

    written = bench.text("pkg/written", "x")
    made = bench.output("pkg/made")
    bench.shell(f"cat {written.exec_path} > {made.exec_path}", inputs=(written,), outputs=(made,))
    machinery = dataclasses.replace(bench.machinery(), isolation=isolation)
    with machinery.workers:
        scheduler = Scheduler(machinery, jobs=1)
        scheduler.execute([written], bench.actions.get).raise_failures()
        assert not asked
        scheduler.execute([made], bench.actions.get).raise_failures()
        assert asked
