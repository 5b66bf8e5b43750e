from __future__ import annotations

import tempfile
from pathlib import Path

from build_bench import Bench
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from venvship.model.action import LinkArtifact
from venvship.model.artifact import Artifact
from venvship.model.label import Label, PackageId

OWNER = Label(PackageId("", "pkg"), "t")
SOURCES = 3

Graph = list[list[int]]
"""For each action the numbers of its inputs: sources first, then earlier actions."""

Edit = tuple[str, int, str]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    return [
        draw(st.lists(st.integers(0, SOURCES + number - 1), min_size=1, max_size=3, unique=True))
        for number in range(draw(st.integers(1, 5)))
    ]


EDITS = st.lists(
    st.tuples(st.sampled_from(["write", "delete", "overwrite"]), st.integers(0, 7), st.sampled_from("abc")),
    max_size=5,
)


def expected(graph: Graph, contents: list[str]) -> list[str]:
    """What every file holds, sources first."""
    texts = list(contents)
    for number, inputs in enumerate(graph):
        own = "" if len(inputs) == 1 else f"<{number}>"
        texts.append(own + "".join(texts[index] for index in inputs))
    return texts


def declare(bench: Bench, graph: Graph) -> list[Artifact]:
    """Actions of one input are links, the others are programs."""
    artifacts = [bench.source(f"s{number}") for number in range(SOURCES)]
    for number, inputs in enumerate(graph):
        output = bench.output(f"pkg/o{number}")
        used = tuple(artifacts[index] for index in inputs)
        if len(used) == 1:
            bench.add(LinkArtifact(OWNER, output, used[0]))
        else:
            names = " ".join(artifact.exec_path for artifact in used)
            bench.shell(f"(printf '<{number}>'; cat {names}) > {output.exec_path}", inputs=used, outputs=(output,))
        artifacts.append(output)
    return artifacts


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), EDITS)
def test_whatever_changes_a_build_ends_as_a_fresh_one_would(graph: Graph, edits: list[Edit]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(Path(directory))
        contents = ["a", "b", "c"]
        for number, text in enumerate(contents):
            bench.write(f"s{number}", text)
        artifacts = declare(bench, graph)
        for kind, index, text in [("write", 0, "a"), *edits]:
            target = artifacts[index % len(artifacts)]
            if target.is_source:
                contents[index % len(artifacts)] = text
                bench.write(target.path, text)
            elif bench.path(target).is_symlink() or kind == "delete":
                bench.path(target).unlink()
            else:
                bench.path(target).chmod(0o644)
                bench.path(target).write_text("something else")
            bench.build(*artifacts).raise_failures()
            assert [bench.read(a) for a in artifacts if not a.is_source] == expected(graph, contents)[SOURCES:]
            again = bench.build(*artifacts)
            assert (again.ran, again.cached) == (0, 0)
