"""Why the arguments of a call don't fit, in the language's words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping

from venvship.starlark.errors import did_you_mean
from venvship.starlark.host_types import Value

_TOO_MANY = re.compile(r"takes (?:from \d+ to )?(\d+) positional arguments? but (\d+)")


def call_problem(message: str) -> str:
    """The language's wording of what Python says about the arguments of a call."""
    message = re.sub(r"^[^(]*?([^.(]+)\(\)", lambda match: f"{match[1].replace('<lambda>', 'lambda')}()", message)
    if "missing" in message:
        head, _, names = message.partition(": ")
        return f"{head}: {', '.join(re.findall(chr(39) + '([^' + chr(39) + ']+)' + chr(39), names))}"
    match = _TOO_MANY.search(message)
    if match:
        plural = "" if match[1] == "1" else "s"
        name = message.partition("()")[0]
        if match[1] == "0":
            return f"{name}() does not accept positional arguments, but got {match[2]}"
        return f"{name}() accepts no more than {match[1]} positional argument{plural} but got {match[2]}"
    message = re.sub(r"got an unexpected keyword argument '([^']*)'.*", r"got unexpected keyword argument: \1", message)
    return re.sub(r"got multiple values for (?:keyword )?argument", "got multiple values for parameter", message)


def binding_problem(
    name: str,
    parameters: Iterable[inspect.Parameter],
    args: tuple[Value, ...],
    kwargs: Mapping[str, Value],
) -> str | None:
    """Why arguments don't fit parameters, None when they do."""
    parameters = list(parameters)
    kinds = inspect.Parameter
    positional = [p for p in parameters if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)]
    positional_only = {p.name for p in parameters if p.kind is kinds.POSITIONAL_ONLY}
    named = {p.name: p for p in parameters if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)}
    if len(args) > len(positional) and not any(p.kind is kinds.VAR_POSITIONAL for p in parameters):
        if not positional:
            return f"{name}() got unexpected positional argument"
        plural = "" if len(positional) == 1 else "s"
        return f"{name}() accepts no more than {len(positional)} positional argument{plural} but got {len(args)}"
    if not any(p.kind is kinds.VAR_KEYWORD for p in parameters):
        for keyword in kwargs:
            if keyword in positional_only:
                return f"{name}() got named argument for positional-only parameter '{keyword}'"
            if keyword not in named:
                return f"{name}() got unexpected keyword argument '{keyword}'{did_you_mean(keyword, named)}"
    for parameter in positional[: len(args)]:
        if parameter.name in kwargs and parameter.name in named:
            return f"{name}() got multiple values for parameter '{parameter.name}'"
    lacking = [p.name for p in positional[len(args) :] if p.default is p.empty and p.name not in kwargs]
    if lacking:
        plural = "" if len(lacking) == 1 else "s"
        return f"{name}() missing {len(lacking)} required positional argument{plural}: {', '.join(lacking)}"
    lacking = [
        p.name for p in parameters if p.kind is kinds.KEYWORD_ONLY and p.default is p.empty and p.name not in kwargs
    ]
    if lacking:
        plural = "" if len(lacking) == 1 else "s"
        return f"{name}() missing {len(lacking)} required named argument{plural}: {', '.join(lacking)}"
    return None
