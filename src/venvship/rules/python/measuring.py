"""What a program is started through when coverage is collected."""

from __future__ import annotations

import importlib.resources

from venvship.analysis.instrumented_files import collects_coverage
from venvship.analysis.rule_context import RuleContext
from venvship.model.artifact import Artifact


def measuring_program(ctx: RuleContext) -> Artifact | None:
    """A Python file that starts another and measures it; None when the configuration does not ask for it."""
    if not collects_coverage(ctx.configuration):
        return None
    output = ctx.declare_file(f"{ctx.label.name}.measured.py")
    ctx.write(output, importlib.resources.files("venvship.tools").joinpath("measured_program.py").read_bytes())
    return output
