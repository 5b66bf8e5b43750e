"""Whether the shared virtualenv of a program holds everything that the program needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.model.configuration import PYTHON_VERSION
from venvship.model.label import Label
from venvship.model.platform import PythonVersion
from venvship.rules.python import origins
from venvship.rules.python.library import Closure as RunClosure
from venvship.rules.python.providers import PyInfo, PyWheelsInfo, VirtualenvInfo, WheelRecord
from venvship.rules.python.virtual import virtual_bringer
from venvship.venvs.coverage import Closure, CoverageChecker, UncoveredProgram, WheelKey


def check_coverage(
    ctx: RuleContext,
    checker: CoverageChecker,
    venv: VirtualenvInfo,
    needed: RunClosure,
    virtuals: Mapping[str, ConfiguredTarget],
) -> None:
    """Raise UncoveredProgram when `venv` lacks a wheel or an import root of what the program needs.

    `virtuals` are the targets in it that stand for virtual dependencies, by name. Refuses a venv that is for another
    Python, too.
    """
    _check_version(ctx, venv)
    wheels = needed.wheels
    coverage = checker.coverage(Closure(wheels.wheels, needed.code.imports), Closure(venv.wheels, venv.imports))
    if coverage:
        return

    missing = {wheel.label for wheel in coverage.missing if isinstance(wheel, WheelRecord)}

    def required_by(needed: WheelKey | str) -> str:
        if isinstance(needed, str):
            bringer = _bringer(needed, ctx.targets("deps"))
            return str(bringer) if bringer is not None else _as_virtual(ctx, needed, virtuals) or str(ctx.label)
        found = origins.required_by(wheels, lambda record: record == needed)
        return found or _as_virtual(ctx, needed, virtuals) or str(ctx.label)

    def label_of(needed: WheelKey | str) -> str | None:
        if isinstance(needed, WheelRecord):
            found = origins.origin_of(wheels, lambda record: record == needed)
            # What another missing one brings need not be named.
            brings = found[0].distribution if found is not None else needed.label
            return origins.spelled(brings if brings in missing else needed.label)
        if isinstance(needed, WheelKey):
            return needed.project
        bringer = _bringer(needed, (*ctx.targets("deps"), *virtuals.values()))
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


def _as_virtual(ctx: RuleContext, needed: WheelKey | str, virtuals: Mapping[str, ConfiguredTarget]) -> str | None:
    """The dependency for whose virtual one a wheel or an import root is there, and what that is called."""
    for name, target in virtuals.items():
        if isinstance(needed, str):
            stands = _bringer(needed, [target]) is not None
        else:
            info = target.get(PyWheelsInfo)
            stands = info is not None and needed in info.wheels.to_tuple()
        if stands:
            return f"{virtual_bringer(ctx, name) or ctx.label} as `{name}`"
    return None


def _bringer(root: str, targets: Iterable[ConfiguredTarget]) -> Label | None:
    """The one of the targets through which an import root came."""
    for target in targets:
        info = target.get(PyInfo)
        if info is not None and root in info.imports.to_tuple():
            return target.label
    return None


def _check_version(ctx: RuleContext, venv: VirtualenvInfo) -> None:
    # Where there are no wheels, nothing else would show it.
    [target] = ctx.targets("external_venv")
    wanted = ctx.configuration.get(PYTHON_VERSION)
    held = target.key.configuration.get(PYTHON_VERSION) if target.key.configuration is not None else ""
    if wanted and held and PythonVersion.parse(wanted) != PythonVersion.parse(held):
        raise ctx.error(
            f"`{ctx.label}` is built for Python {wanted}, and `{venv.label}` for Python {held}",
            hint="let one of them leave `python_version` out, or say the same in both",
        )
