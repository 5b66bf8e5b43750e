from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from venvship.errors import InternalError
from venvship.execution.action_key import KeyWriter, action_key
from venvship.execution.outputs import Output, OutputFile, OutputLink, OutputTree
from venvship.execution.tool_source import tool_source_digest
from venvship.model.action import (
    Action,
    ExpandedCommand,
    FilesIn,
    ForestFile,
    ForestLink,
    ImportTree,
    LinkArtifact,
    MakeForest,
    MakeSymlink,
    Program,
    RequestValue,
    RunTool,
    Spawn,
    WriteFile,
)
from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.depset import Depset
from venvship.model.digest import Digest
from venvship.model.label import Label, PackageId
from venvship.model.paths import ExecPath, TreePath
from venvship.model.runfiles import Runfiles, RunfilesLink

OWNER = Label(PackageId("", "pkg"), "t")
ROOT = Root.of_outputs("cfg", "")
ONE, TWO = OutputFile(Digest.of(b"1")), OutputFile(Digest.of(b"2"))


def output(path: str, kind: ArtifactKind = ArtifactKind.FILE) -> Artifact:
    return Artifact(ROOT, path, OWNER, kind)


A, B = output("a"), output("b")
OUT = output("out")
DIRECTORY = output("dir", ArtifactKind.DIRECTORY)


def key(action: Action, content: Callable[[Artifact], Output] = lambda _: ONE, platform: str = "p") -> str:
    return action_key(action, lambda artifact: str(content(artifact)), platform=platform, files_in=lambda _: ())


def spawn(**changes: object) -> Spawn:
    base = Spawn(OWNER, ("x", "y"), Depset([A, B]), (OUT,), "M", "p", {"E": "1"}, frozenset({"local"}))
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True)
class Words:
    """A command line with the arguments of `spawn` and one parameter file."""

    path: str
    content: bytes

    def expand(self, files_in: FilesIn) -> ExpandedCommand:
        return ExpandedCommand(("x", "y"), ((ExecPath(self.path), self.content),))


def tool(request: dict[str, RequestValue], **changes: object) -> RunTool:
    base = RunTool(OWNER, "expand_template", request, Depset([A, B]), (OUT,), "M", "p")
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


VARIANTS: list[Action] = [
    WriteFile(OWNER, OUT, b"x"),
    WriteFile(OWNER, OUT, b"y"),
    WriteFile(OWNER, A, b"x"),
    WriteFile(OWNER, OUT, b"x", executable=True),
    MakeSymlink(OWNER, OUT, "x"),
    MakeSymlink(OWNER, OUT, "y"),
    LinkArtifact(OWNER, OUT, A),
    LinkArtifact(OWNER, OUT, B),
    LinkArtifact(OWNER, OUT, A, executable=True),
    ImportTree(OWNER, DIRECTORY, Digest.of(b"1")),
    ImportTree(OWNER, DIRECTORY, Digest.of(b"2")),
    MakeForest(OWNER, ExecPath("d"), (ForestLink(A, "x"),)),
    MakeForest(OWNER, ExecPath("d"), (ForestLink(A, "x"), ForestLink(B, "x"))),
    MakeForest(OWNER, ExecPath("d"), (ForestLink(A, "y"),)),
    MakeForest(OWNER, ExecPath("d"), (ForestFile(A, b"x"),)),
    MakeForest(OWNER, ExecPath("d"), (ForestFile(A, b"x", executable=True),)),
    MakeForest(OWNER, ExecPath("e"), (ForestLink(A, "x"),)),
    spawn(),
    spawn(argv=("x y",)),
    spawn(argv=("x", "y", "")),
    spawn(inputs=Depset([A])),
    spawn(outputs=(OUT, output("more"))),
    spawn(outputs=(output("out", ArtifactKind.DIRECTORY),)),
    spawn(environment={"E": "2"}),
    spawn(environment={"E1": ""}),
    spawn(requirements=frozenset()),
    spawn(properties={"E": "1"}),
    spawn(argv=Words("f", b"1")),
    spawn(argv=Words("f", b"2")),
    spawn(argv=Words("g", b"1")),
    spawn(programs=(Program(A, Runfiles(files=Depset([B]))),)),
    spawn(programs=(Program(A, Runfiles(symlinks=Depset([RunfilesLink(TreePath("x"), B)]))),)),
    spawn(programs=(Program(A, Runfiles(symlinks=Depset([RunfilesLink(TreePath("y"), B)]))),)),
    spawn(programs=(Program(A, Runfiles(root_symlinks=Depset([RunfilesLink(TreePath("x"), B)]))),)),
    spawn(programs=(Program(A, Runfiles(empty_filenames=Depset([TreePath("x")]))),)),
    spawn(programs=(Program(B, Runfiles(files=Depset([B]))),)),
    tool({}),
    tool({"a": 1}),
    tool({"a": True}),
    tool({"a": "1"}),
    tool({"a": None}),
    tool({"a": A}),
    tool({"a": B}),
    tool({"a": (A, B)}),
    tool({"a": (A, (B,))}),
    tool({"a": {"b": A}}),
    tool({"a": A, "b": A}),
    tool({}, interpreter=A),
    tool({}, tool="worker"),
]


def test_every_difference_that_an_action_can_see_is_in_its_key() -> None:
    keys = [key(action) for action in VARIANTS]
    assert len(set(keys)) == len(VARIANTS)


def test_what_an_action_cannot_see_is_not_in_its_key() -> None:
    owner = Label(PackageId("elsewhere", "x"), "y")
    assert key(spawn(owner=owner, mnemonic="N", progress="q")) == key(spawn())
    assert key(spawn(inputs=Depset([B, A, B]))) == key(spawn())
    assert key(spawn(inputs=Depset([B], [Depset([A])]))) == key(spawn())
    assert key(WriteFile(OWNER, OUT, b"x"), platform="q") == key(WriteFile(OWNER, OUT, b"x"))
    one, other = {"A": "1", "B": "2"}, {"B": "2", "A": "1"}
    assert key(spawn(environment=one, properties=one)) == key(spawn(environment=other, properties=other))
    assert key(spawn(requirements=frozenset("ab"))) == key(spawn(requirements=frozenset("ba")))
    assert key(tool({"b": 1, "a": 2})) == key(tool({"a": 2, "b": 1}))


def test_content_of_inputs_and_platform_are_in_the_key() -> None:
    for action in (spawn(), tool({}), LinkArtifact(OWNER, OUT, A)):
        seen = {
            key(action, lambda _, made=made: made)  # type: ignore[misc]
            for made in (
                ONE,
                TWO,
                OutputFile(ONE.digest, executable=True),
                OutputLink("x"),
                OutputTree(ONE.digest),
            )
        }
        assert len(seen) == 5
    assert key(spawn(), platform="q") != key(spawn())


def test_texts_that_join_alike_are_hashed_apart() -> None:
    def written(*parts: list[str]) -> str:
        writer = KeyWriter()
        for part in parts:
            writer.add_list(part)
        return writer.key()

    keys = {
        written(["ab", "c"]),
        written(["a", "bc"]),
        written(["ab"], ["c"]),
        written(["abc"]),
        written(["ab", "c"], []),
    }
    assert len(keys) == 5


def test_a_request_that_is_too_deep_is_refused() -> None:
    value: RequestValue = None
    for _ in range(1000):
        value = (value,)
    with pytest.raises(InternalError, match="levels deep"):
        key(tool({"a": value}))


def test_the_source_of_a_tool_covers_what_it_imports() -> None:
    digests = {tool_source_digest(name) for name in ("expand_template", "write_layer", "layer_stream", "tar_format")}
    assert len(digests) == 4
    with pytest.raises(InternalError, match="there is no tool `nope`"):
        tool_source_digest("nope")
    with pytest.raises(InternalError):
        tool_source_digest("../errors")
