"""`genquery`: the answer to a query over a few targets and what they need, as a file."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from typing import Protocol

from venvship.analysis.rule_context import RuleContext
from venvship.errors import UserError
from venvship.loading.attributes import NO_EDGE
from venvship.loading.rule_class import RuleClass
from venvship.model.depset import Depset
from venvship.model.label import Label, PackageId
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes

_NAME = "genquery"
GENQUERY_KIND = f"{_NAME} rule"
"""What targets of this rule are called."""


class Answer(Protocol):
    @property
    def lines(self) -> Sequence[str]: ...

    @property
    def skipped(self) -> Sequence[str]:
        """What was left out, in sentences."""
        ...


class Queries(Protocol):
    """Answers queries about loaded targets."""

    def answer(
        self,
        expression: str,
        scope: Sequence[Label],
        *,
        home: PackageId,
        mapping: Mapping[str, str],
        options: Sequence[str],
        strict: bool,
    ) -> Answer: ...


class NoQueries:
    """Where nobody asks: the rule can be named, and its targets can't be built."""

    def answer(
        self,
        expression: str,
        scope: Sequence[Label],
        *,
        home: PackageId,
        mapping: Mapping[str, str],
        options: Sequence[str],
        strict: bool,
    ) -> Answer:
        raise UserError("queries can't be asked here")


def genquery_rule(queries: Queries) -> RuleClass:
    """The rule class, whose targets ask `queries`."""

    def implementation(ctx: RuleContext) -> list[object]:
        try:
            answer = queries.answer(
                ctx.string("expression"),
                ctx.labels("scope"),
                home=ctx.label.package,
                mapping=ctx.target.mapping or {},
                options=ctx.strings("opts"),
                strict=ctx.boolean("strict"),
            )
        except UserError as error:
            if error.place is not None:
                error.chain = (*error.chain, f"in the query of `{ctx.label}`")
                raise
            raise ctx.error(error.message, hint=error.hint) from error
        for skipped in answer.skipped:
            ctx.warn(skipped)
        output = ctx.declare_file(ctx.label.name)
        data = "".join(f"{line}\n" for line in answer.lines).encode("utf-8", "surrogateescape")
        ctx.write(output, gzip.compress(data, mtime=0) if ctx.boolean("compressed_output") else data)
        files = Depset([output])
        runfiles = Runfiles(files=files)
        return [DefaultInfo(files, runfiles, runfiles)]

    return RuleClass(
        _NAME,
        (
            attributes.string("expression", mandatory=True),
            # Loaded, and neither configured nor built.
            attributes.labels("scope", files=True, mandatory=True, transition=NO_EDGE),
            attributes.boolean("strict", True),
            attributes.strings("opts"),
            attributes.boolean("compressed_output"),
        ),
        implementation,
        doc="The answer to a query over `scope` and what it needs.",
    )
