from __future__ import annotations

import shlex
import shutil
import sys

import pytest
from build_bench import PACKAGE, Bench

from venvship.archives.tree import Tree, TreeDirectory, TreeFile, TreeLink
from venvship.errors import InternalError
from venvship.execution.collecting import tree_of_rows
from venvship.execution.scheduler import Scheduler
from venvship.execution.tools_ahead import run_ahead
from venvship.model.action import RequestValue, RunTool
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.digest import Digest
from venvship.model.label import Label
from venvship.model.paths import TreePath

OWNER = Label(PACKAGE, "t")


def expansion(bench: Bench, template: Artifact, **substitutions: str) -> Artifact:
    output = bench.output("pkg/out")
    bench.add(
        RunTool(
            OWNER,
            "expand_template",
            {"template": template, "output": output, "substitutions": substitutions, "executable": True},
            Depset([template]),
            (output,),
            "TemplateExpand",
            "expanding a template",
        )
    )
    return output


def test_a_tool_reads_inputs_and_makes_outputs(bench: Bench) -> None:
    output = expansion(bench, bench.source("in", "hello NAME"), NAME="world")
    bench.build(output).raise_failures()
    assert bench.read(output) == "hello world"
    assert bench.path(output).stat().st_mode & 0o777 == 0o555
    assert bench.build(output).up_to_date == 1
    shutil.rmtree(bench.layout.output_base)
    assert bench.build(output).cached == 1


def test_another_request_is_another_action(bench: Bench) -> None:
    source = bench.source("in", "hello NAME")
    bench.build(expansion(bench, source, NAME="one"))
    output = expansion(bench, source, NAME="two")
    assert bench.build(output).ran == 1
    assert bench.read(output) == "hello two"


def test_equal_tools_share_a_result_where_paths_do_not_matter(bench: Bench) -> None:
    template = bench.source("in", "hello")

    def made(path: str, *, placeless: bool) -> Artifact:
        output = bench.output(path)
        request: dict[str, RequestValue] = {
            "template": template,
            "output": output,
            "substitutions": {},
            "executable": False,
        }
        inputs = Depset([template])
        bench.add(RunTool(OWNER, "expand_template", request, inputs, (output,), "Tool", "x", placeless=placeless))
        return output

    assert bench.build(made("pkg/one", placeless=True)).ran == 1
    other = made("elsewhere/two", placeless=True)
    assert bench.build(other).cached == 1
    assert bench.read(other) == "hello"
    assert bench.build(made("pkg/three", placeless=False)).ran == 1
    assert bench.build(made("pkg/four", placeless=False)).ran == 1


def test_a_tool_runs_under_the_interpreter_of_the_target(bench: Bench) -> None:
    interpreter = bench.output("python", ArtifactKind.DIRECTORY)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    script = (
        f"mkdir {interpreter.exec_path}/bin; ln -s {shlex.quote(sys.executable)} {interpreter.exec_path}/bin/python3"
    )
    bench.shell(script, outputs=(interpreter,))
    template = bench.source("in", "VERSION")
    output = bench.output("pkg/out")
    action = RunTool(
        OWNER,
        "expand_template",
        {"template": template, "output": output, "substitutions": {"VERSION": version}},
        Depset([template]),
        (output,),
        "Tool",
        "x",
        interpreter=interpreter,
    )
    bench.add(action)
    bench.build(output).raise_failures()
    assert bench.read(output) == version
    bench.shell(script.replace(sys.executable, "/no/such/python"), outputs=(interpreter,))
    [failure] = bench.build(output).failures
    assert "can't start" in str(failure) and "needed by Tool of `//pkg:t`" in str(failure)


def test_a_tool_that_fails_says_how(bench: Bench) -> None:
    output = bench.output("pkg/out")
    bench.tool("expand_template", {}, outputs=(output,))
    [failure] = bench.build(output).failures
    assert "KeyError" in str(failure) and "Traceback" in str(failure) and "`//pkg:t`" in str(failure)


def test_an_artifact_that_is_no_input_is_refused(bench: Bench) -> None:
    output = bench.output("pkg/out")
    bench.tool("expand_template", {"template": bench.source("in", "")}, outputs=(output,))
    [failure] = bench.build(output).failures
    assert isinstance(failure, InternalError)
    assert "`in`, which is no input of it" in str(failure)


def test_rows_of_a_tool_become_a_tree() -> None:
    digest = Digest.of(b"x")
    rows = [["b", "link", "a"], ["a", digest.sha256, 1, True], ["c", "directory"]]
    assert tree_of_rows(rows) == Tree.of(
        [
            TreeFile(TreePath("a"), digest, executable=True),
            TreeLink(TreePath("b"), "a"),
            TreeDirectory(TreePath("c")),
        ]
    )


@pytest.mark.parametrize(
    "rows", [None, {}, [[]], [["a"]], [["a", "x", 1, True]], [["a", "0" * 64, -1, True]], [["../a", "directory"]]]
)
def test_rows_that_make_no_sense_are_refused(rows: object) -> None:
    with pytest.raises(InternalError, match="described a directory"):
        tree_of_rows(rows)


def test_a_tool_that_ran_ahead_is_told_as_run_and_its_action_takes_the_result(bench: Bench) -> None:
    template, output = bench.source("in", "hello"), bench.output("pkg/out")

    def action(output: Artifact, template: Artifact = template) -> RunTool:
        request: dict[str, RequestValue] = {"template": template, "output": output, "substitutions": {}}
        request["executable"] = False
        return RunTool(OWNER, "expand_template", request, Depset([template]), (output,), "M", "p", placeless=True)

    def fingerprint(artifact: Artifact) -> str:
        return str(machinery.exec_root.sources.output_of(artifact))

    machinery = bench.machinery()
    with machinery.workers:
        run_ahead(action(bench.output("early")), machinery, machinery.workers, fingerprint)
        absent = bench.source("absent")
        run_ahead(action(bench.output("early"), absent), machinery, machinery.workers, lambda artifact: "a file")
        assert len(machinery.made_ahead) == 1 and not bench.path(output).exists()
        bench.add(action(output))
        result = Scheduler(machinery, jobs=1).execute([output], bench.actions.get)
    assert (result.ran, result.cached, bench.read(output)) == (1, 0, "hello")
    shutil.rmtree(bench.layout.output_base)
    assert bench.build(output).cached == 1
