"""Files about the build as a whole. Every target that reads one declares it alike, and it is made once."""

from __future__ import annotations

from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.model.artifact import OUTPUT_DIRECTORY, Artifact, Root

_ROOT: Final = Root(OUTPUT_DIRECTORY, "", False)


def stable_status(ctx: RuleContext) -> Artifact:
    """What tells which state of the sources was built."""
    return _file(ctx, "stable-status.txt", ctx.status.stable_text)


def volatile_status(ctx: RuleContext) -> Artifact:
    """What differs from build to build."""
    return _file(ctx, "volatile-status.txt", ctx.status.volatile_text)


def _file(ctx: RuleContext, name: str, content: str) -> Artifact:
    file = Artifact(_ROOT, f"stamped/{name}" if ctx.is_stamped else name, ctx.label)
    ctx.write(file, content.encode())
    return file
