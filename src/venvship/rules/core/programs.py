"""What every executable rule and every test says beside its outputs."""

from __future__ import annotations

import shlex

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import TEST_GROUP
from venvship.model.provider import ArgumentsInfo, TestInfo

_TIMEOUTS = {"short": 60, "moderate": 300, "long": 900, "eternal": 3600}
_TIMEOUT_OF_SIZE = {"small": "short", "medium": "moderate", "large": "long", "enormous": "eternal"}
_MOST_SHARDS = 50


def arguments_info(ctx: RuleContext) -> ArgumentsInfo:
    """The `args` attribute, expanded and split into words as a shell does."""
    words: list[str] = []
    for text in ctx.strings("args"):
        try:
            words += shlex.split(ctx.expand(text))
        except ValueError as error:
            raise ctx.error(f"malformed entry of `args`: `{text}`: {error}") from error
    return ArgumentsInfo(tuple(words))


def test_info(ctx: RuleContext) -> TestInfo:
    """`size`, `timeout`, `shard_count` and `flaky`."""
    size = ctx.string("size")
    timeout = ctx.string("timeout") or _TIMEOUT_OF_SIZE[size]
    shards = ctx.integer("shard_count")
    if not -1 <= shards <= _MOST_SHARDS:
        raise ctx.error(f"`shard_count` must lie between 0 and {_MOST_SHARDS}, and is {shards}")
    elsewhere = None if ctx.groups is None else ctx.groups.elsewhere(TEST_GROUP)
    return TestInfo(size, _TIMEOUTS[timeout], max(shards, 0), ctx.boolean("flaky"), elsewhere)
