from __future__ import annotations

import pytest
from starlark_rules import ruled

from venvship.session.output_groups import OutputGroups

BZL = """
def _impl(ctx):
    made = {}
    for name in ["main", "extra", "other", "check", "e"]:
        made[name] = ctx.actions.declare_file(name)
        ctx.actions.write(made[name], name)
    return [
        DefaultInfo(files = depset([made["main"]]), executable = made["e"]),
        OutputGroupInfo(extra = [made["extra"]], other = [made["other"]], _validation = [made["check"]]),
    ]
r = rule(_impl, executable = True)
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ["main"]),
        ("extra", ["extra"]),
        ("+extra", ["main", "extra"]),
        ("-default,extra", ["extra"]),
        ("extra,other", ["extra", "other"]),
        ("+extra,-extra", ["main"]),
        ("nope", []),
    ],
)
def test_groups_replace_the_default_outputs_or_join_them(text: str, shown: list[str]) -> None:
    target = ruled(BZL, 'r(name = "t")').one("//:t")
    groups = OutputGroups.parse([part for part in text.split(",") if part])
    assert [file.path for file in groups.shown(target)] == shown


def test_validations_and_what_programs_need_are_made_beside_what_is_shown() -> None:
    target = ruled(BZL, 'r(name = "t")').one("//:t")
    assert {file.path for file in OutputGroups.parse([]).requested(target).to_tuple()} == {"main", "e", "check"}
    extra = OutputGroups.parse(["extra"], validate=False).requested(target)
    assert [file.path for file in extra.to_tuple()] == ["extra"]


def test_what_dependants_need_at_run_time_is_made_with_a_target_that_is_no_program() -> None:
    bzl = BZL.replace('executable = made["e"]', 'runfiles = ctx.runfiles([made["e"]])').replace(
        ", executable = True", ""
    )
    target = ruled(bzl, 'r(name = "t")').one("//:t")
    assert {file.path for file in OutputGroups.parse([]).requested(target).to_tuple()} == {"main", "e", "check"}
