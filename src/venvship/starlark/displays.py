"""Dictionaries that expressions write out."""

from __future__ import annotations

from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value
from venvship.starlark.keys import key_of
from venvship.starlark.printer import repr_of
from venvship.starlark.values import Dict


def make_dict(*keys_and_values: Value) -> Dict:
    """A dictionary display; a repeated key is an error."""
    result = Dict()
    entries = iter(keys_and_values)
    for key in entries:
        stored = key_of(key)
        if stored in result:
            raise EvaluationError(f"dictionary expression has duplicate key: {repr_of(key)}")
        result[stored] = next(entries)
    return result


def comprehend_dict(entries: list[tuple[Value, Value]]) -> Dict:
    """A dictionary comprehension; of a repeated key the last value stays."""
    return Dict([(key_of(key), value) for key, value in entries])
