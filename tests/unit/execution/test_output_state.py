from __future__ import annotations

import os
from pathlib import Path

import pytest
from build_bench import Bench

from venvship.execution.output_state import _MAGIC, OutputState, Rows, trace_of
from venvship.execution.outputs import BrokenRecord, OutputFile, Outputs
from venvship.host.marshalled import packed, unpacked
from venvship.model.digest import Digest
from venvship.model.paths import ExecPath


def test_a_record_is_kept_for_its_key_only(tmp_path: Path) -> None:
    state = OutputState(tmp_path / "dir" / "state.json")
    state.put(ExecPath("a"), "k1", {"a": ("l x", "lx")})
    state.save()
    again = OutputState(tmp_path / "dir" / "state.json")
    rows = again.get(ExecPath("a"), "k1")
    assert rows is not None and list(rows["a"]) == ["l x", "lx"]
    assert again.get(ExecPath("a"), "k2") is None
    again.forget(ExecPath("a"))
    again.save()
    assert OutputState(tmp_path / "dir" / "state.json").get(ExecPath("a"), "k1") is None


def test_few_changes_are_written_beside_the_file(tmp_path: Path) -> None:
    file, journal = tmp_path / "state.json", tmp_path / "state.json.journal"
    state = OutputState(file)
    for number in range(600):
        state.put(ExecPath(str(number)), "k", {})
    state.save()
    written = file.read_bytes()
    state.put(ExecPath("1"), "new", {})
    state.forget(ExecPath("2"))
    state.save()
    assert file.read_bytes() == written and journal.exists()
    with journal.open("ab") as lines:
        lines.write(b'["3", nu')
    again = OutputState(file)
    again.put(ExecPath("4"), "new", {})
    assert again.get(ExecPath("1"), "new") is not None and again.get(ExecPath("1"), "k") is None
    assert again.get(ExecPath("2"), "k") is None and again.get(ExecPath("3"), "k") is not None
    again.save()
    for number in range(600):
        again.put(ExecPath(str(number)), "last", {})
    assert OutputState(file).get(ExecPath("4"), "new") is not None
    again.save()
    assert not journal.exists()
    last = OutputState(file)
    assert all(last.get(ExecPath(str(number)), "last") is not None for number in range(600))


def test_a_trace_is_the_same_in_the_file_and_beside_it(tmp_path: Path) -> None:
    (tmp_path / "made").write_text("1")
    trace = trace_of(str(tmp_path / "made"))
    assert trace is not None
    rows: Rows = {"made": ("f x", trace), "link": ("l y", "y")}
    state = OutputState(tmp_path / "state.json")
    state.put(ExecPath("made"), "k", rows)
    state.save()
    state.put(ExecPath("again"), "k", rows)
    state.save()
    assert (tmp_path / "state.json.journal").exists()
    with (tmp_path / "state.json.journal").open("ab") as lines:
        lines.write(b'\n["made", ["k", {"made": 1}]]\n["made", ["k", 1]]\n["made", 1]\n["made"]\n')
    known = OutputState(tmp_path / "state.json")
    assert known.get(ExecPath("made"), "k") == known.get(ExecPath("again"), "k") == rows


def test_every_change_of_an_output_leaves_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "x"
    seen = {trace_of(str(path))}
    path.write_text("1")
    seen.add(trace_of(str(path)))
    path.chmod(0o755)
    seen.add(trace_of(str(path)))
    os.utime(path, (1, 1))
    seen.add(trace_of(str(path)))
    path.unlink()
    path.symlink_to("y")
    seen.add(trace_of(str(path)))
    assert len(seen) == 5
    path.unlink()
    path.write_text("x")
    before = trace_of(str(path))
    os.link(path, tmp_path / "other")
    assert trace_of(str(path)) == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        packed(_MAGIC, []),
        packed(_MAGIC, {"venvship-out/cfg/bin/pkg/a.txt": []}),
        packed(_MAGIC, {"venvship-out/cfg/bin/pkg/a.txt": 1}),
        packed(b"venvship-outputs 0\n", {}),
        packed(_MAGIC, {})[:-1],
    ],
)
def test_a_broken_record_costs_work_and_nothing_else(bench: Bench, content: bytes) -> None:
    artifact = bench.text("pkg/a.txt", "x")
    bench.build(artifact)
    (bench.layout.output_base / "outputs").write_bytes(content)
    assert bench.build(artifact).ran == 1
    assert bench.build(artifact).up_to_date == 1


def test_rows_of_a_broken_record_are_not_believed(bench: Bench) -> None:
    artifact = bench.text("pkg/a.txt", "x")
    bench.build(artifact)
    file = bench.layout.output_base / "outputs"
    known = unpacked(_MAGIC, file.read_bytes())
    assert isinstance(known, dict)
    [(primary, [key, row])] = known.items()
    text, trace = row[artifact.exec_path]
    for rows in ((1, text, trace), ((text,), trace), (1, trace), (text, 1), text):
        file.write_bytes(packed(_MAGIC, {primary: [key, {artifact.exec_path: rows}]}))
        (bench.layout.output_base / "outputs.journal").unlink(missing_ok=True)
        assert bench.build(artifact).ran == 1


def test_outputs_are_read_when_they_are_asked_for(bench: Bench) -> None:
    outputs = Outputs()
    a, b, c = (bench.output(name) for name in "abc")
    digest = Digest.of(b"x")
    outputs.add_text(a, f"f {digest}")
    outputs.add(b, OutputFile(digest))
    assert outputs[a] == outputs[b] and outputs.text(b) == outputs.text(a)
    assert len(outputs) == 2 and set(outputs) == {a, b} and c not in outputs
    with pytest.raises(KeyError):
        outputs[c]
    outputs.add_text(c, "nonsense")
    with pytest.raises(BrokenRecord, match="nonsense"):
        outputs[c]
