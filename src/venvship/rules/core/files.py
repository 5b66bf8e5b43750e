"""`filegroup`, `alias` and `test_suite`: names for other targets."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.depset import union
from venvship.model.provider import DefaultInfo, OutputGroupInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes


def _filegroup(ctx: RuleContext) -> list[object]:
    group = ctx.string("output_group")
    srcs = ctx.targets("srcs")
    if group:
        found = [
            info.groups[group] for target in srcs if (info := target.get(OutputGroupInfo)) and group in info.groups
        ]
        files = union(found)
    else:
        files = union(target.default_info.files for target in srcs)
    data = ctx.runfiles_of_data()
    return [
        DefaultInfo(
            files,
            Runfiles.merged([data, *(target.default_info.default_runfiles for target in srcs)]),
            Runfiles.merged([Runfiles(files=files), data]),
            lone_file=files.lone,
        )
    ]


FILEGROUP = RuleClass(
    "filegroup",
    (
        attributes.labels("srcs", files=True),
        attributes.labels("data", files=True),
        attributes.string("output_group"),
        attributes.string("path"),
    ),
    _filegroup,
)

ALIAS = RuleClass(
    "alias",
    (attributes.label("actual", files=True, mandatory=True),),
    # The analyser forwards the configured target itself: an alias has no providers of its own.
    None,
    doc="Another name for `actual`.",
)


def _test_suite(ctx: RuleContext) -> list[object]:
    return [DefaultInfo(files=union(target.default_info.files for target in ctx.targets("tests")))]


TEST_SUITE = RuleClass(
    "test_suite",
    (attributes.labels("tests"),),
    _test_suite,
    doc="A set of tests; without `tests` it stands for every test of its package that its tags admit.",
)
