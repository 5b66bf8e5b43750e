from __future__ import annotations

from venvship.execution.graph_record import GraphRecord, GraphWriter
from venvship.model.action import RunTool
from venvship.model.artifact import Artifact, Root
from venvship.model.depset import Depset
from venvship.model.label import Label, PackageId

OWNER = Label(PackageId("", "app"), "pull")
SOURCE = Artifact(Root.of_sources(""), "in.txt", OWNER)
OUTPUT = Artifact(Root.of_outputs("any", ""), "out.txt", OWNER)


def test_a_tool_comes_back_with_all_that_it_is_run_with() -> None:
    for user_environment in (True, False):
        action = RunTool(
            OWNER,
            "oci_pull",
            {"output": OUTPUT, "lazy": True},
            Depset([SOURCE]),
            (OUTPUT,),
            "OciPull",
            "Pulling",
            user_environment=user_environment,
        )
        writer = GraphWriter(lambda artifact: "text", lambda program: True)
        writer.add_action(action, "key")
        [(number, _)] = writer.sources
        record = GraphRecord(writer.record())
        found = [node.action for node in record.part([number]).nodes]
        [again] = [action for action in found if isinstance(action, RunTool)]
        assert (again.tool, again.mnemonic, again.user_environment) == ("oci_pull", "OciPull", user_environment)
        assert again.inputs.to_tuple() == (SOURCE,)
