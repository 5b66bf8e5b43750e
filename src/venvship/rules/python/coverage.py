"""Whether the shared virtualenv of a program holds everything that the program needs."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.rules.python import origins
from venvship.rules.python.providers import PyInfo, PyWheelsInfo, VirtualenvInfo, WheelRecord
from venvship.venvs.coverage import Closure, CoverageChecker, UncoveredProgram, WheelKey


def check_coverage(
    ctx: RuleContext, checker: CoverageChecker, venv: VirtualenvInfo, *, wheels: PyWheelsInfo, imports: Depset[str]
) -> None:
    """Raise UncoveredProgram when `venv` lacks a wheel or an import root of the program."""
    coverage = checker.coverage(Closure(wheels.wheels, imports), Closure(venv.wheels, venv.imports))
    if coverage:
        return

    def required_by(needed: WheelKey | str) -> str:
        if isinstance(needed, str):
            return str(_bringer(ctx, needed) or ctx.label)
        return origins.required_by(wheels, lambda record: record == needed) or str(ctx.label)

    def label_of(needed: WheelKey | str) -> str | None:
        if isinstance(needed, WheelRecord):
            return origins.spelled(needed.label)
        if isinstance(needed, WheelKey):
            return needed.project
        bringer = _bringer(ctx, needed)
        return str(bringer) if bringer is not None else None

    raise UncoveredProgram(
        program=str(ctx.label),
        rule=ctx.target.rule_class.name,
        venv=str(venv.label),
        coverage=coverage,
        required_by=required_by,
        label_of=label_of,
        place=ctx.place,
    )


def _bringer(ctx: RuleContext, root: str) -> Label | None:
    """The dependency through which an import root came."""
    for target in ctx.targets("deps"):
        info = target.get(PyInfo)
        if info is not None and root in info.imports.to_tuple():
            return target.label
    return None
