"""`Args`: arguments of actions that are remembered as they were added and become strings much later.

A depset stays one reference here. What an action takes is a `snapshot`: adding more afterwards changes only the
actions declared after that.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import TypeAlias

from venvship.analysis.starlark_api.command_lines import (
    PLACEHOLDER,
    Arguments,
    Named,
    ParameterFileFormat,
    ParameterFileUse,
    Vector,
    formatted,
)
from venvship.loading.evaluation import Evaluator
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import MISSING, HostType, Value, register, type_name
from venvship.starlark.iteration import sequence
from venvship.starlark.printer import str_of
from venvship.starlark.values import DICTS, LISTS, SETS

Item: TypeAlias = "str | Named | Vector"

_VECTORS = LISTS | DICTS | SETS | {tuple, Depset}


class Args:
    """What `ctx.actions.args()` makes. `closures` collects functions that freeze when the rule is done."""

    __slots__ = ("_evaluator", "_format", "_items", "_use", "closures")

    def __init__(self, evaluator: Evaluator, closures: list[FunctionType]) -> None:
        self._evaluator = evaluator
        self.closures = closures
        self._items: list[Item] = []
        self._use: ParameterFileUse | None = None
        self._format = ParameterFileFormat.SHELL

    def snapshot(self) -> Arguments:
        """The arguments added so far."""
        return Arguments(tuple(self._items), self._use, self._format, self._evaluator)

    def add(self, arg_name: Value, value: Value, format: str | None) -> None:  # noqa: A002
        if value is MISSING:
            self._items.append(_scalar(arg_name, format))
        else:
            self._items.append(Named(_flag(arg_name), _scalar(value, format)))

    def add_vector(self, arg_name: Value, values: Value, make: Callable[[str | None, Value], Vector]) -> None:
        if values is MISSING:
            arg_name, values = None, arg_name
        if not isinstance(values, Depset):
            if type(values) not in LISTS and type(values) is not tuple:
                raise EvaluationError(f"expected value of type 'sequence or depset', got {type_name(values)}")
            values = tuple(sequence(values))
        self._items.append(make(None if arg_name is None else _flag(arg_name), values))

    def use_parameter_file(self, param_file_arg: str, use_always: bool) -> None:
        check_format("param_file_arg", param_file_arg)
        self._use = ParameterFileUse(param_file_arg, use_always)

    def set_format(self, name: str) -> None:
        try:
            self._format = ParameterFileFormat(name)
        except ValueError:
            raise EvaluationError(
                f'Invalid value for parameter "format": Expected one of "shell", "multiline", "flag_per_line", '
                f'got "{name}"'
            ) from None


def check_map_each(function: Value, allow_closure: bool, closures: list[FunctionType]) -> None:
    """Refuse a `map_each` that could keep state of the rule alive; `closures` gets those that are allowed."""
    if function is None:
        return
    if type(function) is not FunctionType:
        raise EvaluationError(f"map_each must be a function, not {type_name(function)}")
    if "<locals>" in function.__qualname__:
        if not allow_closure:
            raise EvaluationError(
                "to avoid unintended retention of analysis data structures, the map_each function (declared at line "
                f"{function.__code__.co_firstlineno}) must be declared by a top-level def statement",
                hint="move the function to the top level, or set `allow_closure = True`",
            )
        closures.append(function)
    if not 1 <= len(inspect.signature(function).parameters) <= 2:
        raise EvaluationError("map_each functions take one parameter, or two: the value and a directory expander")


def check_format(parameter: str, text: str | None) -> None:
    """Refuse a template that does not hold exactly one `%s`."""
    if text is None:
        return
    found = PLACEHOLDER.findall(text)
    if "%" in found or found.count("%s") != 1:
        raise EvaluationError(
            f'Invalid value for parameter "{parameter}": Expected string with a single "%s", got "{text}"'
        )


def _flag(arg_name: Value) -> str:
    if type(arg_name) is not str:
        raise EvaluationError(f"expected value of type 'string' for arg name, got {type_name(arg_name)}")
    return arg_name


def _scalar(value: Value, template: str | None) -> str:
    check_format("format", template)
    if type(value) in _VECTORS:
        raise EvaluationError(
            f"Args.add() doesn't accept vectorized arguments (got {type_name(value)}); use Args.add_all() or "
            "Args.add_joined()"
        )
    if isinstance(value, Artifact):
        if value.kind is ArtifactKind.DIRECTORY:
            raise EvaluationError(
                "Cannot add directories to Args#add since they may expand to multiple values. Either use "
                "Args#add_all (if you want expansion) or args.add(directory.path) (if you want the path)"
            )
        text: str = value.exec_path
    elif isinstance(value, Label):
        text = str(value)
    else:
        text = str_of(value)
    return text if template is None else formatted(template, text)


def _add(
    args: Args,
    arg_name_or_value: Value,
    value: Value = MISSING,
    /,
    *,
    format: str | None = None,  # noqa: A002
) -> Args:
    args.add(arg_name_or_value, value, format)
    return args


def _add_all(
    args: Args,
    arg_name_or_values: Value,
    values: Value = MISSING,
    /,
    *,
    map_each: Value = None,
    format_each: str | None = None,
    before_each: str | None = None,
    omit_if_empty: bool = True,
    uniquify: bool = False,
    expand_directories: bool = True,
    terminate_with: str | None = None,
    allow_closure: bool = False,
) -> Args:
    check_format("format_each", format_each)
    check_map_each(map_each, allow_closure, args.closures)

    def make(name: str | None, elements: Value) -> Vector:
        return Vector(
            name,
            elements,
            map_each=map_each,
            format_each=format_each,
            before_each=before_each,
            omit_if_empty=omit_if_empty,
            uniquify=uniquify,
            expand_directories=expand_directories,
            terminate_with=terminate_with,
        )

    args.add_vector(arg_name_or_values, values, make)
    return args


def _add_joined(
    args: Args,
    arg_name_or_values: Value,
    values: Value = MISSING,
    /,
    *,
    join_with: str,
    map_each: Value = None,
    format_each: str | None = None,
    format_joined: str | None = None,
    omit_if_empty: bool = True,
    uniquify: bool = False,
    expand_directories: bool = True,
    allow_closure: bool = False,
) -> Args:
    check_format("format_each", format_each)
    check_format("format_joined", format_joined)
    check_map_each(map_each, allow_closure, args.closures)

    def make(name: str | None, elements: Value) -> Vector:
        return Vector(
            name,
            elements,
            map_each=map_each,
            format_each=format_each,
            join_with=join_with,
            format_joined=format_joined,
            omit_if_empty=omit_if_empty,
            uniquify=uniquify,
            expand_directories=expand_directories,
        )

    args.add_vector(arg_name_or_values, values, make)
    return args


def _use_param_file(args: Args, param_file_arg: str, *, use_always: bool = False) -> Args:
    args.use_parameter_file(param_file_arg, use_always)
    return args


def _set_param_file_format(args: Args, format: str) -> Args:  # noqa: A002
    args.set_format(format)
    return args


register(
    Args,
    HostType(
        name="Args",
        methods={
            "add": _add,
            "add_all": _add_all,
            "add_joined": _add_joined,
            "set_param_file_format": _set_param_file_format,
            "use_param_file": _use_param_file,
        },
    ),
)
