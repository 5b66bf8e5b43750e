"""What rules and aspects of a workspace return for Python, in the terms of the built-in ones.

They are written for rules_python: they join import roots and files of `PyInfo`, and know nothing of `PyWheelsInfo`.
The wheels of what such a target needs follow from what its attributes name; what the files that it joined hold of them
is taken out again, so that programs have wheels and first-party code apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.loading.config_module import EXEC
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, without_nodes
from venvship.model.provider import DefaultInfo
from venvship.rules.python.library import wheels_of
from venvship.rules.python.providers import PyExecutableInfo, PyInfo, PyWheelsInfo, WheelsOfAspects


def with_wheels(ctx: RuleContext, returned: Mapping[Hashable, object]) -> list[object]:
    """The wheels of a target whose rule joins PyInfo only, and what it returned without them."""
    code, default, said = returned.get(PyInfo), returned.get(DefaultInfo), returned.get(PyWheelsInfo)
    if not isinstance(code, PyInfo):
        return []
    targets = _needed(ctx)
    wheels = said if isinstance(said, PyWheelsInfo) else wheels_of(targets, ctx.label)
    if not wheels.installs:
        return [wheels]
    apart = set(wheels.installs.nodes())
    known = {info.transitive_sources for target in targets if (info := target.get(PyInfo)) is not None}
    sources = without_nodes(code.transitive_sources, apart, known=known)
    result: list[object] = [wheels, replace(code, transitive_sources=sources, wheel_trees=wheels.installs)]
    if isinstance(default, DefaultInfo):
        result.append(_with_wheels_apart(default, targets, apart, wheels))
    return result


def wheels_of_aspect(
    aspect: RuleContext, rule: RuleContext, target: ConfiguredTarget, returned: Mapping[Hashable, object]
) -> list[object]:
    """The wheels that an aspect meets at `target` and below, unless `target` or the aspect itself says so."""
    if PyWheelsInfo in returned:
        return []
    knows = target.get(PyWheelsInfo) is not None
    wheels = wheels_of([*_needed(aspect), *([] if knows else _needed(rule))], rule.label)
    return [WheelsOfAspects(wheels)] if wheels.installs else []


def _needed(ctx: RuleContext) -> list[ConfiguredTarget]:
    """What the code of a target needs: programs among its dependencies, tools and data are no part of it."""
    specs = ctx.target.rule_class.dependency_attributes.values()
    names = [spec.name for spec in specs if spec.name != "data" and not spec.executable and spec.transition != EXEC]
    return [target for name in names for target in ctx.targets(name) if target.get(PyExecutableInfo) is None]


def _with_wheels_apart(
    info: DefaultInfo, targets: Iterable[ConfiguredTarget], apart: set[Depset[Artifact]], wheels: PyWheelsInfo
) -> DefaultInfo:
    """The same with the wheels apart from its runfiles; a program keeps them, for it is started with these."""
    if info.executable is not None:
        return info
    known = {files for one in targets for files in _runfiles_at(one.default_info)}
    default, data = (
        replace(runfiles, files=without_nodes(runfiles.files, apart, known=known))
        for runfiles in (info.default_runfiles, info.data_runfiles)
    )
    return replace(info, default_runfiles=default, data_runfiles=data, apart=wheels.installs)


def _runfiles_at(info: DefaultInfo) -> Iterable[Depset[Artifact]]:
    return info.default_runfiles.files, info.data_runfiles.files
