"""`ctx.actions.template_dict()`: substitutions whose values are computed when the template is expanded."""

from __future__ import annotations

import functools
import json
from types import FunctionType

from venvship.analysis.starlark_api.arguments import check_format, check_map_each
from venvship.analysis.starlark_api.command_lines import Vector
from venvship.dataclass import dataclass
from venvship.loading.evaluation import Evaluator
from venvship.model.action import FilesIn
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.starlark.host_types import HostType, Value, register


class TemplateDict:
    """Substitutions in the order they were added; `closures` collects functions that freeze with the rule."""

    __slots__ = ("closures", "evaluator", "values")

    def __init__(self, evaluator: Evaluator, closures: list[FunctionType]) -> None:
        self.evaluator = evaluator
        self.closures = closures
        self.values: dict[str, str | Vector] = {}

    def snapshot(self) -> SubstitutionsContent:
        """The substitutions added so far."""
        return SubstitutionsContent(tuple(self.values.items()), self.evaluator)


@dataclass(frozen=True, eq=False)
class SubstitutionsContent:
    """Substitutions as a JSON object."""

    values: tuple[tuple[str, str | Vector], ...]
    evaluator: Evaluator

    @functools.cached_property
    def directories(self) -> Depset[Artifact]:
        return Depset([one for _, value in self.values if isinstance(value, Vector) for one in value.directories])

    def expand(self, files_in: FilesIn) -> bytes:
        found = {
            key: value if isinstance(value, str) else "".join(value.expand(files_in, self.evaluator)[1])
            for key, value in self.values
        }
        return json.dumps(found).encode()


def _add(template: TemplateDict, key: str, value: str, /) -> TemplateDict:
    template.values[key] = value
    return template


def _add_joined(
    template: TemplateDict,
    key: str,
    values: Depset,  # type: ignore[type-arg]  # built-ins check exact classes
    /,
    *,
    join_with: str,
    map_each: Value,
    uniquify: bool = False,
    format_joined: str | None = None,
    allow_closure: bool = False,
) -> TemplateDict:
    check_format("format_joined", format_joined)
    check_map_each(map_each, allow_closure, template.closures)
    template.values[key] = Vector(
        None,
        values,
        map_each=map_each,
        join_with=join_with,
        format_joined=format_joined,
        uniquify=uniquify,
        omit_if_empty=False,
    )
    return template


register(TemplateDict, HostType(name="TemplateDict", methods={"add": _add, "add_joined": _add_joined}))
